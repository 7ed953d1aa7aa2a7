package msgraph_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

const groupUsers = "/v1.0/groups/g1/transitiveMembers/microsoft.graph.user"

// keys reads a stream to its end, and gives a text for each item.
func keys[T any](stream iter.Seq2[T, error], key func(T) string) (texts []string, err error) {
	for item, err := range stream {
		if err != nil {
			return texts, err
		}
		texts = append(texts, key(item))
	}
	return texts, nil
}

func itself(id string) string { return id }

func TestStreamsOnTheWire(t *testing.T) {
	for name, c := range map[string]struct {
		uri, answer string
		advanced    bool
		read        func(context.Context, *msgraph.Client) ([]string, error)
	}{
		"Users": {
			"/v1.0/users?$select=" + strings.ReplaceAll(msgraph.UserMembers, ",", "%2C") + "&$top=999",
			`{"value":[{"id":"1"}]}`, false,
			func(ctx context.Context, c *msgraph.Client) ([]string, error) {
				return keys(c.Users(ctx), func(u mfa.User) string { return u.ID })
			},
		},
		"Accounts": {
			"/v1.0/users?$select=id%2CuserPrincipalName%2CuserType%2CcreationType%2CexternalUserState&$top=999",
			`{"value":[{"@odata.type":"#microsoft.graph.agentUser","id":"1","userType":"Member"}]}`, false,
			func(ctx context.Context, c *msgraph.Client) ([]string, error) {
				return keys(c.Accounts(ctx), func(s policy.Subject) string {
					assert.True(t, s.AgentUser)
					assert.True(t, s.Kinds.Known())
					return s.ID
				})
			},
		},
		"TransitiveMembers": {
			groupUsers + "?$count=true&$select=id&$top=999", `{"@odata.count":1,"value":[{"id":"1"}]}`, true,
			func(ctx context.Context, c *msgraph.Client) ([]string, error) {
				return keys(c.TransitiveMembers(ctx, "g1"), itself)
			},
		},
		"AllRoleAssignments": {
			"/v1.0/roleManagement/directory/roleAssignments?$expand=principal",
			`{"value":[{"roleDefinitionId":"r","principalId":"1","principal":{"@odata.type":"#microsoft.graph.user","id":"1"}}]}`, false,
			func(ctx context.Context, c *msgraph.Client) ([]string, error) {
				return keys(c.AllRoleAssignments(ctx), func(r policy.RoleAssignment) string { return r.Principal.ID })
			},
		},
		"AllRoleEligibilities": {
			"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$expand=principal",
			`{"value":[{"roleDefinitionId":"r","principalId":"1","principal":{"@odata.type":"#microsoft.graph.group","id":"1"}}]}`, false,
			func(ctx context.Context, c *msgraph.Client) ([]string, error) {
				return keys(c.AllRoleEligibilities(ctx), func(r policy.RoleAssignment) string { return r.Principal.ID })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, _, _ := strings.Cut(c.uri, "?")
			w := newWire(t, map[string]http.HandlerFunc{path: reply(c.answer)})
			client := w.client(t, nil)
			found, err := c.read(client.Together(t.Context(), 3), client)
			require.NoError(t, err, "it waits for no other read")
			assert.Equal(t, []string{"1"}, slices.Compact(found))
			assert.Equal(t, []string{"GET " + c.uri}, w.lines())
			assert.Equal(t, c.advanced, w.calls()[0].header.Get("ConsistencyLevel") == "eventual")

			w.answers[path] = reply(`{"value":[{"x":1}]}`)
			_, err = c.read(t.Context(), client)
			require.ErrorContains(t, err, "the answer is not whole")
			w.answers[path] = reply(`{"value":[],"@odata.nextLink":"https://graph.evil.example` + path + `"}`)
			_, err = c.read(t.Context(), client)
			require.ErrorContains(t, err, "leads to graph.evil.example")
		})
	}
}

// TestStreamsReadAsTheyAreConsumed: a page is read when its first item is wanted,
// and nothing after who consumes has gone.
func TestStreamsReadAsTheyAreConsumed(t *testing.T) {
	w := newWire(t, nil)
	w.answers = map[string]http.HandlerFunc{groupUsers: func(rw http.ResponseWriter, r *http.Request) {
		page := len(r.URL.Query().Get("page"))
		reply(fmt.Sprintf(`{"value":[{"id":"%[1]d"},{"id":"%[1]d b"}],"@odata.nextLink":"%[2]s?page=%[3]s"}`,
			page, w.URL+groupUsers, strings.Repeat("x", page+1)))(rw, r)
	}}
	members := w.client(t, nil).TransitiveMembers(t.Context(), "g1")
	assert.Empty(t, w.calls(), "nobody wants an item yet")
	for range 2 {
		before, seen := len(w.calls()), []string{}
		for id, err := range members {
			require.NoError(t, err)
			seen = append(seen, id)
			assert.Len(t, w.calls(), before+1+(len(seen)-1)/2)
			if len(seen) == 3 {
				break
			}
		}
		assert.Equal(t, []string{"0", "0 b", "1"}, seen, "from the beginning each time")
	}
}

// TestStreamsThatAreNotWhole end with an error, after what came before it.
func TestStreamsThatAreNotWhole(t *testing.T) {
	for name, c := range map[string]struct{ second, want string }{
		"fewer than the count": {`{"value":[]}`, "has 1 items where its count is 2"},
		"the same page again":  {`{"value":[{"id":"1"}]}`, "has 1 items where its count is 2"},
		"in a circle":          {`{"value":[],"@odata.nextLink":"HOST?page=2"}`, "circle"},
		"cut off":              {`{"value":[{"id":"2"}`, "can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, nil)
			w.answers = map[string]http.HandlerFunc{groupUsers: func(rw http.ResponseWriter, r *http.Request) {
				page := `{"@odata.count":2,"value":[{"id":"1"}],"@odata.nextLink":"HOST?page=2"}`
				if r.URL.RawQuery == "page=2" {
					page = c.second
				}
				reply(strings.ReplaceAll(page, "HOST", w.URL+groupUsers))(rw, r)
			}}
			found, err := keys(w.client(t, nil).TransitiveMembers(t.Context(), "g1"), itself)
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "GET /groups/g1/transitiveMembers/microsoft.graph.user: ")
			assert.Equal(t, []string{"1"}, found)
		})
	}
}

// TestHiddenMembership: an empty list is believed only of a group that shows its members.
func TestHiddenMembership(t *testing.T) {
	for visibility, hidden := range map[string]bool{`"Private"`: false, "null": false, `"HiddenMembership"`: true} {
		w := newWire(t, map[string]http.HandlerFunc{
			groupUsers: reply(`{"@odata.count":0,"value":[]}`), "/v1.0/groups/g1": reply(`{"id":"g1","visibility":` + visibility + `}`),
		})
		_, err := keys(w.client(t, nil).TransitiveMembers(t.Context(), "g1"), itself)
		assert.Equal(t, "GET /v1.0/groups/g1?$select=id%2Cvisibility", w.lines()[1])
		if !hidden {
			require.NoError(t, err, visibility)
			continue
		}
		require.ErrorIs(t, err, entramfa.ErrPermission)
		require.ErrorContains(t, err, "grant Member.Read.Hidden")
	}
	w := newWire(t, map[string]http.HandlerFunc{
		groupUsers: reply(`{"value":[]}`), "/v1.0/groups/g1": graphError(http.StatusForbidden, "Authorization_RequestDenied"),
	})
	_, err := keys(w.client(t, nil).TransitiveMembers(t.Context(), "g1"), itself)
	require.ErrorIs(t, err, entramfa.ErrPermission)
}

// TestStreamsAreLongerThanLists: a tenant has more accounts than an account has groups.
func TestStreamsAreLongerThanLists(t *testing.T) {
	page := `{"value":[{"id":"1"}` + strings.Repeat(`,{"id":"1"}`, 59_999) + `]`
	w := newWire(t, nil)
	w.answers = map[string]http.HandlerFunc{groupUsers: func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "page=2" {
			reply(page+"}")(rw, r)
			return
		}
		reply(page+`,"@odata.nextLink":"`+w.URL+groupUsers+`?page=2"}`)(rw, r)
	}}
	found, err := keys(w.client(t, nil).TransitiveMembers(t.Context(), "g1"), itself)
	require.NoError(t, err)
	assert.Len(t, found, 120_000)
}

func TestGroupEligibilitiesOnTheWire(t *testing.T) {
	const path = "/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
	w := newWire(t, map[string]http.HandlerFunc{path: reply(
		`{"value":[{"groupId":"g1","accessId":"member","principalId":"1","principal":{"@odata.type":"#microsoft.graph.user","id":"1"}}]}`)})
	client := w.client(t, nil)
	found, err := client.GroupEligibilities(t.Context(), "g1")
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "#microsoft.graph.user", found[0].Principal.Type)
	assert.Equal(t, []string{"GET " + path + "?$filter=groupId%20eq%20%27g1%27&$expand=principal"}, w.lines())
	for _, odd := range []string{`{"groupId":"g1","principalId":"1"}`, `{"accessId":"member","principalId":"1"}`, `{"groupId":"g1","accessId":"member"}`} {
		w.answers[path] = reply(`{"value":[` + odd + `]}`)
		_, err = client.GroupEligibilities(t.Context(), "g1")
		require.ErrorContains(t, err, "the answer is not whole")
	}
}
