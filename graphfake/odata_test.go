package graphfake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// account reads an account as Graph writes one.
func account(t testing.TB, text string) mfa.User {
	t.Helper()
	var user mfa.User
	require.NoError(t, json.Unmarshal([]byte(text), &user))
	return user
}

// staff is a tenant whose accounts differ in what can be filtered by.
func staff(t testing.TB) *graphfake.Tenant {
	tenant := &graphfake.Tenant{}
	for _, text := range []string{
		`{"id":"ann","userPrincipalName":"ann@contoso.com","displayName":"Ann O'Hara","jobTitle":"Baker","mail":"ann@contoso.com","createdDateTime":"2026-01-01T00:00:00Z",
			"assignedLicenses":[{"skuId":"184efa21-98c3-4e5d-95ab-d07053a96e67","disabledPlans":[]}],"otherMails":["ann@home.example"],
			"signInActivity":{"lastSignInDateTime":"2026-10-01T08:00:00Z"},"onPremisesExtensionAttributes":{"extensionAttribute1":"blue"},"businessPhones":["+1"]}`,
		`{"id":"bob","userPrincipalName":"bob@contoso.com","displayName":"Bob Marsh-Hill","jobTitle":null,"mail":"bob@fabrikam.com","accountEnabled":false,"createdDateTime":"2026-02-01T00:00:00Z",
			"signInActivity":{"lastSignInDateTime":"2026-11-01T08:00:00Z"},"otherMails":[]}`,
		`{"id":"cid","userPrincipalName":"cid@contoso.com","displayName":"CidTwo Ann","jobTitle":"Miller","userType":"Guest","companyName":"Contoso","createdDateTime":"2026-03-01T00:00:00Z"}`,
	} {
		tenant.AddUser(account(t, text))
	}
	return tenant
}

func escaped(path string, options ...string) string {
	for i, option := range options {
		name, value, _ := strings.Cut(option, "=")
		options[i] = name + "=" + url.QueryEscape(value)
	}
	return path + "?" + strings.Join(options, "&")
}

func TestFilterOfUsers(t *testing.T) {
	c := serve(t, staff(t), everything...)
	for filter, want := range map[string]string{
		"jobTitle eq 'baker'":                                                        "ann",
		"jobTitle in ('Baker', 'Miller')":                                            "ann cid",
		"jobTitle eq null":                                                           "bob",
		"jobTitle ge 'c'":                                                            "cid",
		"jobTitle le 'baker'":                                                        "ann",
		"displayName eq 'Ann O''Hara'":                                               "ann",
		"STARTSWITH(displayName,'ann') eq true":                                      "ann",
		"(accountEnabled eq false)":                                                  "bob",
		"accountEnabled eq false or (userType eq 'Guest')":                           "bob cid",
		"accountEnabled eq true AND userType eq 'Member'":                            "ann",
		"userType eq 'Guest' or id eq 'ann' and jobTitle eq 'x'":                     "cid",
		"createdDateTime ge 2026-02-01T00:00:00Z":                                    "bob cid",
		"createdDateTime le 2026-01-31":                                              "ann",
		"createdDateTime eq 2026-02-01T01:00:00+01:00":                               "bob",
		"signInActivity/lastSignInDateTime le 2026-10-15":                            "ann",
		"assignedLicenses/any(s:s/skuId eq 184efa21-98c3-4e5d-95ab-d07053a96e67)":    "ann",
		"assignedLicenses/any(s: s/skuId eq '184EFA21-98c3-4e5d-95ab-d07053a96e67')": "ann",
		"otherMails/any(m:m eq 'ANN@home.example')":                                  "ann",
		"otherMails/any(m:startswith(m,'ann@') and m le 'b')":                        "ann",
		"id in ('bob','cid','nobody')":                                               "bob cid",
		"userPrincipalName in ('cid@contoso.com','bob@contoso.com') and id eq 'cid'": "cid",
		"userPrincipalName eq 'nobody@contoso.com'":                                  "",
	} {
		r := c.ok(escaped("/v1.0/users", "$filter="+filter))
		assert.Equal(t, strings.Fields(want), r.names("id"), filter)
		assert.NotContains(t, r.body, "@odata.count")
	}
}

func TestAdvancedFilterNeedsItsParameters(t *testing.T) {
	c := serve(t, staff(t), everything...)
	eventual := c.with("ConsistencyLevel", "eventual")
	for filter, want := range map[string]string{
		"jobTitle ne 'Baker'":                                         "bob cid",
		"NOT(jobTitle eq 'Baker')":                                    "bob cid",
		"not startswith(displayName,'Ann')":                           "bob cid",
		"endsWith(mail,'@contoso.com')":                               "ann",
		"companyName eq 'contoso'":                                    "cid",
		"companyName ne null":                                         "cid",
		"assignedLicenses/$count eq 0":                                "bob cid",
		"assignedLicenses/$count ne 0":                                "ann",
		"otherMails/any(m:endswith(m,'.example'))":                    "ann",
		"not otherMails/any(m:startswith(m,'ann'))":                   "bob cid",
		"onPremisesExtensionAttributes/extensionAttribute1 eq 'blue'": "ann",
	} {
		r := eventual.ok(escaped("/v1.0/users", "$filter="+filter, "$count=true"))
		assert.Equal(t, strings.Fields(want), r.names("id"), filter)
		assert.EqualValues(t, len(strings.Fields(want)), r.body["@odata.count"], filter)
		for _, lacking := range []reply{
			c.get(escaped("/v1.0/users", "$filter="+filter)), c.get(escaped("/v1.0/users", "$filter="+filter, "$count=true")),
			eventual.get(escaped("/v1.0/users", "$filter="+filter)),
		} {
			assert.Equal(t, http.StatusBadRequest, lacking.StatusCode, filter)
			assert.Equal(t, "Request_UnsupportedQuery", lacking.code(), filter)
		}
	}
	assert.Equal(t, "Operator 'endsWith' is not supported because the required parameters might be missing. Try adding $count=true query parameter and ConsistencyLevel:eventual header. "+
		"Refer to https://aka.ms/graph-docs/advanced-queries for more information", c.get("/beta/users?$filter=endsWith(userPrincipalName,'x')").error("message"))
}

func TestFilterThatIsRefused(t *testing.T) {
	tenant := staff(t)
	c := serve(t, tenant, everything...).with("ConsistencyLevel", "eventual")
	list := strings.Repeat("'a',", 15) + "'a'"
	for filter, code := range map[string]string{
		"aboutMe eq 'x'":                                  "Request_UnsupportedQuery",
		"passwordProfile eq null":                         "Request_UnsupportedQuery",
		"contains(displayName,'x')":                       "Request_UnsupportedQuery",
		"displayName gt 'x'":                              "Request_UnsupportedQuery",
		"otherMails eq 'x'":                               "Request_UnsupportedQuery",
		"otherMails/all(m:m eq 'x')":                      "Request_UnsupportedQuery",
		"otherMails/any(m:displayName eq 'x')":            "Request_UnsupportedQuery",
		"assignedLicenses/any(s:s/x eq 'x')":              "Request_UnsupportedQuery",
		"displayName/$count eq 0":                         "Request_UnsupportedQuery",
		"otherMails/$count eq 2":                          "Request_UnsupportedQuery",
		"id in (" + list + ")":                            "Request_UnsupportedQuery",
		strings.Repeat("id eq 'a' or ", 15) + "id eq 'b'": "Request_UnsupportedQuery",
		"accountEnabled eq 'true'":                        "BadRequest",
		"createdDateTime ge '2026-01-01'":                 "BadRequest",
		"displayName eq 1":                                "BadRequest",
		"id in ()":                                        "Request_UnsupportedQuery",
		"id in ('a'":                                      "Request_UnsupportedQuery",
		"(id eq 'a'":                                      "Request_UnsupportedQuery",
		"id eq 'a')":                                      "Request_UnsupportedQuery",
		"not":                                             "Request_UnsupportedQuery",
		"id eq 'a' and not":                               "Request_UnsupportedQuery",
		"id eq a":                                         "Request_UnsupportedQuery",
		"id eq 0x10":                                      "Request_UnsupportedQuery",
		"otherMails/any()":                                "Request_UnsupportedQuery",
		"otherMails/any(m)":                               "Request_UnsupportedQuery",
		"otherMails/some(m:m eq 'a')":                     "Request_UnsupportedQuery",
		"startswith('a',displayName)":                     "Request_UnsupportedQuery",
		"tolower(displayName) eq 'a'":                     "Request_UnsupportedQuery",
		strings.Repeat("(", 10000) + "id eq 'a'" + strings.Repeat(")", 10000): "Request_UnsupportedQuery",
		strings.Repeat("not ", 1000) + "id eq 'a'":                            "Request_UnsupportedQuery",
		"id in ('" + strings.Repeat("a','", 2000) + "')":                      "Request_UnsupportedQuery",
		"displayName eq '" + strings.Repeat("a", 40000) + "'":                 "Request_UnsupportedQuery",
	} {
		r := c.get(escaped("/v1.0/users", "$filter="+filter, "$count=true"))
		name := filter[:min(len(filter), 60)]
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
		assert.Equal(t, code, r.code(), name)
	}
	assert.Equal(t, "Unsupported or invalid query filter clause specified for property 'aboutMe' of resource 'User'.",
		c.get("/v1.0/users?$filter=aboutMe+eq+'x'").error("message"))
	assert.Contains(t, c.get(escaped("/v1.0/users", "$filter=accountEnabled eq 'true'")).error("message"),
		"Found operand types 'Edm.Boolean' and 'Edm.String' for operator kind 'Equal'.")
	assert.Empty(t, tenant.Unknown(), "a refused query is no unknown route")
}

func TestFilterOfConditionalAccess(t *testing.T) {
	tenant, shown, hidden := policies(t)
	c := serve(t, tenant, everything...)
	for filter, want := range map[string][]string{
		"contains(displayName,'idd')":                                         {hidden},
		"displayName ne 'Hidden'":                                             {shown},
		"not(displayName eq 'Hidden')":                                        {shown},
		"state eq 'disabled' or state eq 'enabled' or displayName eq 'Shown'": {shown},
		"id eq '" + hidden + "'":                                              {hidden},
		"displayName gt 'a'":                                                  nil,
	} {
		r := c.get(escaped("/beta/identity/conditionalAccess/policies", "$filter="+filter))
		if want == nil {
			assert.Equal(t, http.StatusBadRequest, r.StatusCode, filter)
			continue
		}
		assert.Equal(t, want, r.names("id"), filter)
	}
	assert.Equal(t, []string{hidden, shown}, c.ok("/beta/identity/conditionalAccess/policies?$orderby=displayName").names("id"))
	r := c.ok("/beta/identity/conditionalAccess/policies/$count")
	assert.Equal(t, "2", string(r.text))
	assert.Equal(t, "text/plain", r.Header.Get("Content-Type"))
}

func TestOrderAndSearch(t *testing.T) {
	c := serve(t, staff(t), everything...)
	eventual := c.with("ConsistencyLevel", "eventual")
	assert.Equal(t, []string{"cid", "bob", "ann"}, c.ok(escaped("/v1.0/users", "$orderby=displayName desc")).names("id"))
	assert.Equal(t, []string{"ann", "bob", "cid"}, c.ok(escaped("/v1.0/users", "$orderby=userPrincipalName")).names("id"))
	r := c.get("/v1.0/users?$orderby=createdDateTime")
	assert.Equal(t, "Unsupported sort property 'createdDateTime' for 'User'.", r.error("message"))
	assert.Equal(t, "Request_UnsupportedQuery", r.code())
	assert.Equal(t, []string{"cid", "bob", "ann"}, eventual.ok(escaped("/v1.0/users", "$orderby=createdDateTime desc", "$count=true")).names("id"))
	assert.Equal(t, "Sorting not supported for current query.", c.get(escaped("/v1.0/users", "$orderby=displayName", "$filter=accountEnabled eq true")).error("message"))
	assert.Equal(t, []string{"cid", "ann"},
		eventual.ok(escaped("/v1.0/users", "$orderby=displayName desc", "$filter=accountEnabled eq true", "$count=true")).names("id"))
	assert.Equal(t, "An unsupported property was specified.", eventual.get("/v1.0/users?$orderby=jobTitle&$count=true").error("message"))
	assert.Equal(t, http.StatusBadRequest, c.get(escaped("/v1.0/users", "$orderby=displayName up")).StatusCode)

	for text, want := range map[string]string{
		`"displayName:ann"`:                                        "ann cid",
		`"displayName:hara ann"`:                                   "ann",
		`"displayName:marshhill"`:                                  "bob",
		`"displayName:two"`:                                        "cid",
		`"displayName:cidTwo"`:                                     "cid",
		`"displayName:arsh"`:                                       "",
		`"userPrincipalName:bo"`:                                   "bob",
		`"userPrincipalName:ob"`:                                   "",
		`"displayName:ann" AND "jobTitle:mill"`:                    "cid",
		`"mail:bob" OR ("displayName:ann" AND "jobTitle:bak")`:     "ann bob",
		`"displayName:ann" OR "displayName:bob" AND "mail:nobody"`: "ann cid",
	} {
		assert.Equal(t, strings.Fields(want), eventual.ok(escaped("/v1.0/users", "$search="+text)).names("id"), text)
	}
	assert.Equal(t, []string{"cid"}, eventual.ok(escaped("/v1.0/users", `$search="displayName:ann"`, "$filter=userType eq 'Guest'")).names("id"))
	r = c.get(escaped("/v1.0/users", `$search="displayName:ann"`))
	assert.Equal(t, "Request_UnsupportedQuery", r.code())
	assert.Equal(t, "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'", r.error("message"))
	for _, text := range []string{`displayName:ann`, `"ann"`, `"displayName:ann`, `"displayName:a" or "displayName:b"`, `("displayName:a"`, `"aboutMe:x"`, ``, strings.Repeat("(", 5000)} {
		assert.Equal(t, http.StatusBadRequest, eventual.get(escaped("/v1.0/users", "$search="+text)).StatusCode, "%.40s", text)
	}
}

func TestExpand(t *testing.T) {
	var tenant graphfake.Tenant
	group := tenant.AddGroup(policy.Group{DisplayName: "Large"})
	var first string
	for i := range 25 {
		user := tenant.AddUser(mfa.User{UserPrincipalName: fmt.Sprintf("u%d@contoso.com", i), DisplayName: "U"})
		require.NoError(t, tenant.AddMember(group, user))
		if i == 0 {
			first = user
		}
	}
	c := serve(t, &tenant, everything...)
	for _, path := range []string{"/v1.0/groups/" + group, "/v1.0/groups"} {
		r := c.ok(path + "?$expand=members($select=id,displayName)")
		one := r.body
		if path == "/v1.0/groups" {
			one = r.values()[0]
		}
		members := one["members"].([]any)
		assert.Len(t, members, 20, "no more are shown")
		assert.NotContains(t, one, "members@odata.nextLink")
		assert.Equal(t, map[string]any{"@odata.type": "#microsoft.graph.user", "id": first, "displayName": "U"}, members[0])
		assert.Equal(t, "Large", one["displayName"])
	}
	user := c.ok("/v1.0/users/" + first + "?$select=id&$expand=memberOf").body
	assert.Equal(t, group, user["memberOf"].([]any)[0].(map[string]any)["id"])
	assert.NotContains(t, user, "displayName")
	assert.Len(t, c.ok("/v1.0/users/" + first + "?$expand=transitiveMemberOf").body["transitiveMemberOf"], 1)
	for _, bad := range []string{"manager2", "memberOf,transitiveMemberOf", "memberOf($filter=id eq 'x')", "memberOf($select=id", "memberOf($select=shoeSize)", ""} {
		r := c.get(escaped("/v1.0/users", "$expand="+bad))
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, bad)
		assert.NotEmpty(t, r.code(), bad)
	}
	advanced := c.with("ConsistencyLevel", "eventual").get("/v1.0/users?$expand=memberOf&$count=true")
	assert.Equal(t, "Request_UnsupportedQuery", advanced.code())
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: first, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	role := c.ok(escaped("/v1.0/roleManagement/directory/roleAssignments", "$expand=principal($select=id)")).values()[0]
	assert.Equal(t, map[string]any{"@odata.type": "#microsoft.graph.user", "id": first}, role["principal"])
}

func TestCountSegment(t *testing.T) {
	tenant := staff(t)
	c := serve(t, tenant, everything...)
	eventual := c.with("ConsistencyLevel", "eventual")
	r := eventual.ok("/v1.0/users/$count")
	assert.Equal(t, "3", string(r.text))
	assert.Equal(t, "text/plain", r.Header.Get("Content-Type"))
	assert.Equal(t, "2", string(eventual.ok("/v1.0/users/$count?$filter=accountEnabled+eq+true").text))
	assert.Equal(t, "2", string(eventual.ok("/v1.0/users/$count?$filter=jobTitle+ne+'Baker'").text))
	assert.Equal(t, "0", string(eventual.ok("/v1.0/groups/$count").text))
	assert.Equal(t, "0", string(eventual.ok("/v1.0/users/ann/memberOf/$count").text))
	r = c.get("/v1.0/users/$count")
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Equal(t, []string{"Request_BadRequest", "$count is not currently supported."}, []string{r.code(), r.error("message")})
	assert.Equal(t, "Resource not found for the segment '$count'.", eventual.get("/v1.0/users/ann/$count").error("message"))
	assert.Equal(t, http.StatusMethodNotAllowed, eventual.do(http.MethodDelete, "/v1.0/users/$count", "").StatusCode)
	_, items := eventual.with("Content-Type", "application/json").batch(`{"id":"1","method":"GET","url":"/users?$top=1"}`)
	assert.Equal(t, 200, items["1"].Status)
}

func TestSkipTokensAreSealed(t *testing.T) {
	var tenant, other graphfake.Tenant
	other.TenantID = "11111111-2222-4333-8444-555555555555"
	for i := range 5 {
		addUser(&tenant, i)
		addUser(&other, i)
	}
	c := serve(t, &tenant, everything...)
	var seen []string
	link := escaped("/v1.0/users", "$top=2", "$filter=startswith(displayName,'User')", "$select=id")
	first := ""
	for link != "" {
		r := c.ok(link)
		seen = append(seen, r.names("id")...)
		link, _ = r.body["@odata.nextLink"].(string)
		if first == "" {
			first = link
		}
	}
	assert.Len(t, seen, 5)
	assert.Len(t, slices.Compact(seen), 5)
	address, err := url.Parse(first)
	require.NoError(t, err)
	token := address.Query().Get("$skiptoken")
	require.NotEmpty(t, token)
	assert.NotContains(t, token, "2")
	for name, path := range map[string]string{
		"another list":   "/v1.0/groups?$skiptoken=" + token,
		"another filter": escaped("/v1.0/users", "$filter=startswith(displayName,'Use')", "$skiptoken="+token),
		"no filter":      "/v1.0/users?$skiptoken=" + token,
		"another end":    escaped("/v1.0/users", "$filter=startswith(displayName,'User')", "$skiptoken="+token[:len(token)-1]+"A"),
		"half":           escaped("/v1.0/users", "$filter=startswith(displayName,'User')", "$skiptoken="+token[:len(token)/2]),
		"empty":          "/v1.0/users?$skiptoken=",
		"plain":          "/v1.0/users?$skiptoken=bX4x",
	} {
		r := c.get(path)
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
		assert.Contains(t, r.error("message"), "Skip token is not valid", name)
	}
	elsewhere := serve(t, &other, everything...).get(strings.TrimPrefix(first, c.server.URL))
	assert.Equal(t, http.StatusBadRequest, elsewhere.StatusCode, "a link of another tenant")
	restarted := tenant.Clone()
	assert.Len(t, serve(t, restarted, everything...).ok(strings.TrimPrefix(first, c.server.URL)).values(), 2)
	assert.NotContains(t, first, "%24skiptoken=&", "one token alone")
}

func TestPagesOfEveryKindHoldEachRowOnce(t *testing.T) {
	tenant := graphfake.Tenant{PageSize: 3}
	for i := range 10 {
		addUser(&tenant, i)
	}
	c := serve(t, &tenant, everything...).with("ConsistencyLevel", "eventual")
	for _, path := range []string{
		"/v1.0/users", "/v1.0/users?$count=true", "/v1.0/users?$orderby=displayName",
		escaped("/v1.0/users", "$filter=startswith(displayName,'user')", "$count=true"),
		escaped("/v1.0/users", `$search="displayName:user"`),
		escaped("/v1.0/users", "$filter=startswith(displayName,'user')", "$count=true", "$orderby=displayName desc"),
	} {
		var seen []string
		pages := 0
		for link := path; link != ""; pages++ {
			r := c.ok(link)
			assert.Equal(t, pages == 0 && strings.Contains(path, "count"), r.body["@odata.count"] != nil, "only the first page counts: %s", path)
			seen = append(seen, r.names("userPrincipalName")...)
			link, _ = r.body["@odata.nextLink"].(string)
		}
		assert.Equal(t, 4, pages, path)
		slices.Sort(seen)
		assert.Len(t, slices.Compact(seen), 10, path)
	}
}

func TestRowsAreFreshAfterAWrite(t *testing.T) {
	tenant := staff(t)
	c := serve(t, tenant, append(everything, "User.ReadWrite.All")...)
	names := func() []string { return c.ok("/v1.0/users").names("displayName") }
	before := names()
	assert.Equal(t, before, names(), "as it was kept")
	clone := tenant.Clone()
	tenant.AddUser(mfa.User{ID: "ann", UserPrincipalName: "ann@contoso.com", DisplayName: "Anna"})
	assert.Contains(t, names(), "Anna")
	assert.Equal(t, before, serve(t, clone, everything...).ok("/v1.0/users").names("displayName"))
	require.Equal(t, http.StatusNoContent, c.with("Content-Type", "application/json").do(http.MethodPatch, "/v1.0/users/bob", `{"mobilePhone":"+31 20 1234567"}`).StatusCode)
	assert.Equal(t, "+31 20 1234567", c.ok("/v1.0/users?$filter=id+eq+'bob'").values()[0]["mobilePhone"])
	selected := c.ok("/v1.0/users?$select=id").values()[0]
	assert.Equal(t, map[string]any{"id": "ann"}, selected, "another form of the same row")
	assert.Contains(t, c.ok("/v1.0/users").values()[0], "displayName")
}

func TestKeysAndSlashes(t *testing.T) {
	tenant := staff(t)
	tenant.AddUser(mfa.User{ID: "odd", UserPrincipalName: "a+b/c@contoso.com", DisplayName: "Odd"})
	c := serve(t, tenant, everything...)
	for _, path := range []string{
		"/v1.0/users/odd", "/v1.0/users('odd')", "/v1.0/users(id='odd')", "/v1.0/users(odd)", "/v1.0//users//odd/", "//v1.0/users/odd",
		"/v1.0/users/a+b%2Fc%40contoso.com", "/v1.0/users/a%2Bb%2Fc@contoso.com", "/v1.0/users('a%2Bb%2Fc%40contoso.com')", "/v1.0/USERS(ID='odd')",
	} {
		assert.Equal(t, "odd", c.ok(path).body["id"], path)
	}
	for _, path := range []string{"/v1.0/users(userPrincipalName='x')", "/v1.0/users('odd", "/v1.0/users()", "/v1.0/users('')", "/v1.0/users(a,b)", "/v1.0/users/%00id%00odd", "/v1.0/users('o'd')"} {
		r := c.get(path)
		assert.Contains(t, []int{400, 404}, r.StatusCode, path)
		assert.NotEmpty(t, r.code(), path)
	}
	assert.Equal(t, []string{"odd"}, c.ok("/v1.0/users?$filter=userPrincipalName+eq+'a%2Bb/c@contoso.com'").names("id"))
	assert.Equal(t, http.StatusNoContent, c.do(http.MethodOptions, "/v1.0//users", "").StatusCode)
	assert.Equal(t, []string{"ann"}, c.ok("/beta/users?top=1").names("id"), "beta takes options without $")
	assert.Equal(t, http.StatusBadRequest, c.get("/beta/users?top=1&$top=1").StatusCode)
	assert.Equal(t, http.StatusBadRequest, c.get("/v1.0/users?$top=1&$TOP=1").StatusCode)
	long := c.get("/v1.0/users" + strings.Repeat("/a", 5000))
	assert.Equal(t, http.StatusBadRequest, long.StatusCode)
}

func TestMediaTypes(t *testing.T) {
	tenant := staff(t)
	c := serve(t, tenant, everything...)
	for accept, status := range map[string]int{
		"application/json": 200, "*/*": 200, "application/json;odata.metadata=full": 200, "text/html, application/json;q=0.5": 200, "application/*": 200, "": 200,
		"application/xml": 406, "application/atom+xml": 406, "text/html": 406,
	} {
		r := c.with("Accept", accept).get("/v1.0/users")
		assert.Equal(t, status, r.StatusCode, accept)
		assert.Contains(t, r.Header.Get("Content-Type"), "application/json", accept)
	}
	assert.Contains(t, c.with("Accept", "application/xml").get("/v1.0/users").error("message"), "do not match any of the acceptable MIME types 'application/xml'")
	assert.Equal(t, http.StatusNotAcceptable, c.get("/v1.0/users?$format=xml").StatusCode)
	c.ok("/v1.0/users?$format=json")
	for given, status := range map[string]int{"application/json": 200, "application/json;charset=utf-8": 200, "application/json; odata.metadata=minimal": 200, "": 200, "text/plain": 415, "application/x-www-form-urlencoded": 415, "nonsense": 415} {
		r := c.with("Content-Type", given).do(http.MethodPost, "/v1.0/directoryObjects/getByIds", `{"ids":["ann"]}`)
		assert.Equal(t, status, r.StatusCode, given)
	}
	assert.Equal(t, http.StatusUnsupportedMediaType, c.with("Content-Encoding", "br").do(http.MethodPost, "/v1.0/directoryObjects/getByIds", `{"ids":["ann"]}`).StatusCode)
	assert.Equal(t, http.StatusOK, c.do(http.MethodGet, "/v1.0/users/ann", `{"a":1}`).StatusCode, "a body of a GET is nothing")
	assert.Empty(t, c.with("Accept-Encoding", "gzip;q=0").ok("/v1.0/users").Header.Get("Content-Encoding"))
	r := c.with("Prefer", "odata.maxpagesize=2").ok("/v1.0/users")
	assert.Len(t, r.values(), 2)
	assert.Equal(t, "odata.maxpagesize=2", r.Header.Get("Preference-Applied"))
	assert.Empty(t, c.with("Prefer", "return=minimal").ok("/v1.0/users").Header.Get("Preference-Applied"))
}

func TestHTTP2AndChunks(t *testing.T) {
	tenant := staff(t)
	server := httptest.NewUnstartedServer(tenant)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for _, path := range []string{"/v1.0/users", "/v1.0/users/none"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+tenant.Token(everything...))
		response, err := server.Client().Do(request)
		require.NoError(t, err)
		require.NoError(t, json.NewDecoder(response.Body).Decode(&map[string]any{}))
		response.Body.Close()
		assert.Equal(t, 2, response.ProtoMajor, path)
	}
	body := struct{ *strings.Reader }{strings.NewReader(`{"ids":["ann"]}`)} // of no known length: in chunks
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1.0/directoryObjects/getByIds", body)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+tenant.Token(everything...))
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestUnknownRoutesAreTold(t *testing.T) {
	tenant := staff(t)
	c := serve(t, tenant, everything...)
	c.ok("/v1.0/users")
	c.get("/v1.0/users/none")
	c.get("/v1.0/users?$filter=x")
	assert.Empty(t, tenant.Unknown(), "not found and refused are answers")
	c.get("/v1.0/teapots")
	c.do(http.MethodDelete, "/v1.0/subscribedSkus", "")
	c.get("/v3.0/users")
	c.batch(`{"id":"1","method":"GET","url":"/kettles"},{"id":"2","method":"GET","url":"/users"}`)
	var paths []string
	for _, r := range tenant.Unknown() {
		paths = append(paths, r.Method+" "+r.Path)
	}
	assert.Equal(t, []string{"GET /v1.0/teapots", "DELETE /v1.0/subscribedSkus", "GET /v3.0/users", "GET /v1.0/kettles"}, paths)
	tenant.ForgetRequests()
	assert.Empty(t, tenant.Unknown())
}

func TestBatchAsDocumented(t *testing.T) {
	tenant := staff(t)
	c := serve(t, tenant, everything...)
	_, items := c.batch(`
		{"id":"a","method":"GET","url":"users/ann?$select=id"},
		{"id":"c","method":"GET","url":"//graph.example/users"},
		{"id":"d","method":"POST","url":"/directoryObjects/getByIds","headers":{"content-type":"text/plain"},"body":"eyJpZHMiOlsiYW5uIl19"},
		{"id":"e","method":"POST","url":"/directoryObjects/getByIds","headers":{"Content-Type":"application/json"}},
		{"id":"f","method":"GET","url":"/users/none"},
		{"id":"g","method":"GET","url":"/users","dependsOn":["F"]},
		{"id":"h","method":"GET","url":"$batch"}`)
	statuses := map[string]int{}
	for id, item := range items {
		statuses[id] = item.Status
	}
	assert.Equal(t, map[string]int{"a": 200, "c": 400, "d": 415, "e": 400, "f": 404, "g": 424, "h": 400}, statuses)
	assert.Equal(t, "ann", items["a"].Body.ID)
	r := c.with("Content-Type", "application/json").do(http.MethodPost, "/v1.0/$batch", `{"requests":[{"id":"b","method":"GET","url":"/users/$count","headers":{"consistencylevel":"eventual"}}]}`)
	assert.Contains(t, string(r.text), `"body":"Mw=="`, "what isn't JSON is base64")
	r = c.with("Content-Type", "application/json").do(http.MethodPost, "/v1.0/$batch", `{"requests":[{"id":"a","method":"GET","url":"/users"},{"id":"A","method":"GET","url":"/users"}]}`)
	assert.Equal(t, http.StatusBadRequest, r.StatusCode, "ids are one without case")
	r = c.with("Content-Type", "application/json").do(http.MethodPost, "/v1.0/$batch", `{"requests":[]}`)
	assert.Equal(t, `{"responses":[]}`, string(r.text))
}
