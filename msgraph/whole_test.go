package msgraph_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/msgraph"
)

const memberOf = "/v1.0/users/u1/memberOf/microsoft.graph.group"

// lists reads each kind of list and forgets what it holds.
var lists = map[string]struct {
	path string
	read func(context.Context, *msgraph.Client) error
	// least is an item that has no more than its key.
	least string
}{
	"UsersByDisplayName": {"/v1.0/users", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.UsersByDisplayName(ctx, "u")
		return err
	}, `{"id":"1"}`},
	"Methods": {"/v1.0/users/u1/authentication/methods", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.Methods(ctx, "u1")
		return err
	}, `{"@odata.type":"#microsoft.graph.passwordAuthenticationMethod"}`},
	"MemberOf": {memberOf, func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.MemberOf(ctx, "u1")
		return err
	}, `{"id":"1"}`},
	"Policies": {betaPolicies, func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.Policies(ctx)
		return err
	}, `{"id":"1"}`},
	"NamedLocations": {locations, func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.NamedLocations(ctx)
		return err
	}, `{"id":"1"}`},
	"AuthenticationStrengths": {"/v1.0/policies/authenticationStrengthPolicies", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.AuthenticationStrengths(ctx)
		return err
	}, `{"id":"1"}`},
	"SubscribedSKUs": {"/v1.0/subscribedSkus", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.SubscribedSKUs(ctx)
		return err
	}, `{"id":"1"}`},
	"Registrations": {registrationsURI, func(ctx context.Context, c *msgraph.Client) error {
		for _, err := range c.Registrations(ctx) {
			if err != nil {
				return err
			}
		}
		return nil
	}, `{"id":"1"}`},
	"Organization": {"/v1.0/organization", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.Organization(ctx)
		return err
	}, `{"id":"1"}`},
	"ObjectsByID": {"/v1.0/directoryObjects/getByIds", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.ObjectsByID(ctx, []string{"1"})
		return err
	}, `{"id":"1"}`},
	"RoleAssignments": {"/beta/roleManagement/directory/transitiveRoleAssignments", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.RoleAssignments(ctx, "u1")
		return err
	}, `{"roleDefinitionId":"r","principalId":"p"}`},
	"RoleEligibilities": {"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.RoleEligibilities(ctx, "u1")
		return err
	}, `{"roleDefinitionId":"r","principalId":"p"}`},
	"RoleHolders": {"/v1.0/roleManagement/directory/roleAssignments", func(ctx context.Context, c *msgraph.Client) error {
		_, err := c.RoleHolders(ctx, "r")
		return err
	}, `{"roleDefinitionId":"r","principalId":"p"}`},
}

func TestItemsWithoutTheirKey(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, nil)
			read := func(answer string) error {
				w.answers = map[string]http.HandlerFunc{list.path: reply(answer)}
				return list.read(t.Context(), w.client(t, nil))
			}
			require.NoError(t, read(`{"value":[`+list.least+`]}`))
			// Each member of the key once absent, once null, once empty.
			for _, member := range strings.Split(strings.Trim(list.least, "{}"), ",") {
				key, _, _ := strings.Cut(member, `":`)
				others := strings.Trim(strings.Replace(list.least[1:len(list.least)-1], member, "", 1), ",")
				for _, part := range []string{`"x":1`, key + `":null`, key + `":""`} {
					item := "{" + strings.Trim(others+","+part, ",") + "}"
					err := read(`{"value":[` + list.least + "," + item + `]}`)
					require.ErrorIs(t, err, entramfa.ErrUnavailable, item)
					require.ErrorContains(t, err, "the answer is not whole", item)
					require.ErrorContains(t, err, strings.Trim(key, `"`), item)
				}
			}
		})
	}
}

func TestHalfLists(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string // "" for success
	}{
		"the count":               {reply(`{"@odata.count":1,"value":[{"id":"1"}]}`), ""},
		"no count":                {reply(`{"value":[{"id":"1"}]}`), ""},
		"a count that is stale":   {reply(`{"@odata.count":0,"value":[{"id":"1"}]}`), ""},
		"fewer than the count":    {reply(`{"@odata.count":5,"value":[{"id":"1"}]}`), "has 1 items where its count is 5; check again"},
		"the count of older text": {reply(`{"value":[],"odata.count":2}`), "check again"},
		"206":                     {replyWith(206, `{"value":[{"id":"1"}]}`), "206 Partial Content"},
		"202":                     {replyWith(202, `{"value":[{"id":"1"}]}`), "202 Accepted"},
		"an error":                {reply(`{"value":[],"error":{"code":"Timeout","message":"Try later"}}`), "Timeout Try later"},
		"an error before":         {reply(`{"error":{"code":"Timeout"},"value":[{"id":"1"}]}`), "Timeout"},
		"an error of no shape":    {reply(`{"value":[],"error":"x"}`), "holds an error"},
		"no error":                {reply(`{"value":[],"error":null}`), ""},
		"two values":              {reply(`{"value":[{"id":"1"}],"value":[]}`), "stands twice"},
		"two values in two cases": {reply(`{"value":[{"id":"1"}],"Value":[]}`), "stands twice"},
		"something behind it":     {reply(`{"value":[{"id":"1"}]}}`), "something follows"},
		"another page behind it":  {reply(`{"value":[{"id":"1"}]}{"value":[]}`), "something follows"},
		"a count of no number":    {reply(`{"value":[],"@odata.count":"many"}`), "can't be read"},
		"a next link of no text":  {reply(`{"value":[],"@odata.nextLink":{}}`), "can't be read"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{memberOf: test.answer})
			groups, err := w.client(t, nil).MemberOf(t.Context(), "u1")
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			require.ErrorContains(t, err, test.want)
			assert.Nil(t, groups)
		})
	}
}

func TestCountIsThatOfAllPages(t *testing.T) {
	for count, want := range map[int]string{2: "", 3: "has 2 items where its count is 3"} {
		w := newWire(t, nil)
		w.answers = map[string]http.HandlerFunc{memberOf: func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "page=2" {
				reply(`{"value":[{"id":"2"}]}`)(rw, r)
				return
			}
			reply(fmt.Sprintf(`{"@odata.count":%d,"@odata.nextLink":"%s?page=2","value":[{"id":"1"}]}`, count, w.URL+memberOf))(rw, r)
		}}
		_, err := w.client(t, nil).MemberOf(t.Context(), "u1")
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

func TestSpellingsOfTheNextLink(t *testing.T) {
	for _, name := range []string{"@odata.nextLink", "odata.nextLink", "@nextLink", "@odata.nextlink"} {
		w := paged(t, map[string]string{
			"":       `{"value":[{"id":"1"}],"` + name + `":"HOST` + locations + `?page=2"}`,
			"page=2": `{"value":[{"id":"2"}]}`,
		})
		found, err := w.client(t, nil).NamedLocations(t.Context())
		require.NoError(t, err, name)
		assert.Len(t, found, 2, name)
	}
}

func TestNextLinksOfOtherLists(t *testing.T) {
	const user = "/v1.0/users/o%27a%2Fb/memberOf/microsoft.graph.group"
	tests := map[string]struct {
		link string
		ok   bool
	}{
		"the same":           {user, true},
		"in another case":    {"/V1.0/Users/O'A%2fB/memberof/Microsoft.Graph.Group", true},
		"another version":    {"/beta/users/o%27a%2Fb/memberOf/microsoft.graph.group", false},
		"another user":       {"/v1.0/users/o%27c/memberOf/microsoft.graph.group", false},
		"another collection": {"/v1.0/users/o%27a%2Fb/ownedObjects/microsoft.graph.group", false},
		"a slash in the key": {"/v1.0/users/o%27a/b/memberOf/microsoft.graph.group", false},
		"further down":       {user + "/x", false},
		"a slash at its end": {user + "/", false},
		"out of it":          {user + "/../x", false},
		"no version":         {strings.TrimPrefix(user, "/v1.0"), false},
		"nothing":            {"", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, nil)
			w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery == "page=2" {
					reply(`{"value":[]}`)(rw, r)
					return
				}
				reply(next(w.URL+test.link+"?page=2", `{"id":"1"}`))(rw, r)
			})
			found, err := w.client(t, nil).MemberOf(t.Context(), "o'a/b")
			if test.ok {
				require.NoError(t, err)
				assert.Len(t, found, 1)
				return
			}
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			require.ErrorContains(t, err, "leads to another list")
		})
	}
}

func TestObjectsThatAreNotWhole(t *testing.T) {
	for text, answer := range map[string]http.HandlerFunc{
		"206 Partial Content": replyWith(206, `{"id":"d"}`),
		"Timeout":             reply(`{"id":"d","error":{"code":"Timeout"}}`),
	} {
		w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": answer})
		_, err := w.client(t, nil).Domain(t.Context(), "d")
		require.ErrorIs(t, err, entramfa.ErrUnavailable)
		require.ErrorContains(t, err, text)
	}
}

// bomb answers with a short text many times over, packed.
func bomb(t *testing.T, start, part string, times int, end string) http.HandlerFunc {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err := zip.Write([]byte(start + strings.Repeat(part, times) + end))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	return headed("Content-Encoding", "gzip", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(packed.Bytes()) })
}

// A few kilobytes on the wire must not become gigabytes in memory.
func TestAnswersThatUnfold(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"items of nothing":     {bomb(t, `{"value":[{}`, `,{}`, 100_000, `]}`), "the answer is not whole"},
		"too many objects":     {bomb(t, `{"value":[{}`, `,{}`, 2_000_000, `]}`), "more than 500000 objects"},
		"objects in an object": {bomb(t, `{"value":[{"id":"1","ipRanges":[{}`, `,{}`, 2_000_000, `]}]}`), "more than 500000 objects"},
		"too many items":       {bomb(t, `{"value":[{"id":"1"}`, `,{"id":"1"}`, 200_000, `]}`), "more than 100000 items"},
		"too long":             {bomb(t, `{"value":[]`, strings.Repeat(" ", 1000), 17_000, `}`), "longer than"},
		"an error of nothing":  {headed("X", "", bomb(t, `{"value":[],"error":{"a":0`, `,"a":0`, 1_000_000, `}}`)), "holds an error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{locations: test.answer})
			client := w.client(t, &msgraph.Options{MaxTries: 1})
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := client.NamedLocations(t.Context())
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			require.ErrorContains(t, err, test.want)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(512<<20), "in all, not at once")
		})
	}
}

// The bound on items is one on the list, not on the page.
func TestListOfTooManyPages(t *testing.T) {
	w := newWire(t, nil)
	var part = strings.Repeat(`{"id":"1"},`, 40_000) + `{"id":"1"}`
	page := 0
	w.answers = map[string]http.HandlerFunc{locations: func(rw http.ResponseWriter, r *http.Request) {
		page++
		reply(next(fmt.Sprintf("%s%s?page=%d", w.URL, locations, page), part))(rw, r)
	}}
	_, err := w.client(t, nil).NamedLocations(t.Context())
	require.ErrorContains(t, err, "more than 100000 items")
	assert.Equal(t, 3, page)
}

func TestSecretsInAnswers(t *testing.T) {
	const token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJodHRwczovL2dyYXBoIn0.c2lnbmF0dXJl"
	echo := `{"error":{"code":"Bearer s3cret.t0ken","message":"bad request: Authorization: Bearer s3cret.t0ken client_secret=s3cret&password=s3cret ` + token + `"}}`
	for name, answer := range map[string]http.HandlerFunc{
		"an error":        replyWith(400, echo),
		"a success":       reply(echo),
		"another host":    reply(next("https://"+token+".example/", "")),
		"a member twice":  reply(`{"value":[{"id":"1","` + token + `":1,"` + token + `":2}]}`),
		"in a request-id": headed("Request-Id", "Bearer s3cret.t0ken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{
				locations: answer, "/v1.0/identity/conditionalAccess/namedLocations": answer,
			})
			_, err := w.client(t, &msgraph.Options{MaxTries: 1}).NamedLocations(t.Context())
			require.Error(t, err)
			var graph *entramfa.GraphError
			require.ErrorAs(t, err, &graph)
			for _, text := range []string{err.Error(), graph.Error(), fmt.Sprintf("%#v", graph)} {
				assert.NotContains(t, text, "s3cret")
				assert.NotContains(t, text, token[:20])
			}
			assert.Contains(t, err.Error(), "(hidden)")
		})
	}
}

func TestAnswersAboutAnotherUser(t *testing.T) {
	const other = "0b0b0b0b-0000-4000-8000-000000000002"
	tests := map[string]struct{ asked, answer, want string }{
		"the id":           {userID, `{"id":"` + userID + `"}`, ""},
		"in another case":  {strings.ToUpper(userID), `{"id":"` + userID + `"}`, ""},
		"another id":       {userID, `{"id":"` + other + `"}`, "another user, " + other},
		"an alias":         {"old@contoso.com", `{"id":"` + other + `","userPrincipalName":"new@contoso.com"}`, ""},
		"no id":            {"svc@contoso.com", `{"userPrincipalName":"svc@contoso.com"}`, "no user"},
		"an id of no form": {"svc@contoso.com", `{"id":"svc@contoso.com"}`, "no user"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0/users/" + test.asked: reply(test.answer)})
			user, err := w.client(t, nil).User(t.Context(), test.asked)
			if test.want == "" {
				require.NoError(t, err)
				assert.NotEmpty(t, user.ID)
				return
			}
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, user)
		})
	}
}

// An error says what was asked of whom also where a batch carried the question.
func TestDeadlineNamesTheHost(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/$batch": hang, "/beta/users/u/authentication/requirements": hang})
	client := w.client(t, nil)
	for range 20 { // both ends of the race between the read and its batch
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		errs := together(ctx, client, domain(client, "d0"), domain(client, "d1"), requirements(client, "u"))
		cancel()
		for _, err := range errs {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NotContains(t, err.Error(), "$batch")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	host := strings.TrimPrefix(w.URL, "https://")
	errs := together(ctx, client, domain(client, "d0"), domain(client, "d1"))
	require.EqualError(t, errs[0], "GET /domains/d0: no answer from "+host+": context deadline exceeded")
	require.EqualError(t, errs[1], "GET /domains/d1: no answer from "+host+": context deadline exceeded")
}
