package graphfake_test

import (
	"encoding/json"
	"iter"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// first returns the first item of a stream, or the error in its place.
func first[T any](stream iter.Seq2[T, error]) (none T, err error) {
	for item, err := range stream {
		return item, err
	}
	return none, nil
}

// TestUsersByThePage: Graph gives 100 users unless more are asked for, 999 at most.
func TestUsersByThePage(t *testing.T) {
	var tenant graphfake.Tenant
	group := tenant.AddGroup(policy.Group{DisplayName: "Everyone"})
	for range 1200 {
		require.NoError(t, tenant.AddMember(group, tenant.AddUser(mfa.User{})))
	}
	c := serve(t, &tenant, everything...).with("ConsistencyLevel", "eventual")
	members := "/v1.0/groups/" + group + "/transitiveMembers/microsoft.graph.user?$select=id&$count=true"
	for list, size := range map[string]int{
		"/v1.0/users?$select=id": 100, "/v1.0/users?$select=id&$top=999": 999, members: 100, members + "&$top=999": 999,
	} {
		r := c.ok(list)
		assert.Len(t, r.values(), size, list)
		link, _ := r.body["@odata.nextLink"].(string)
		next, err := url.Parse(link)
		require.NoError(t, err)
		assert.NotEmpty(t, next.Query().Get("$skiptoken"), list)
		assert.Len(t, c.ok(link).values(), min(size, 1200-size), list)
	}
	for _, wrong := range []string{
		"/v1.0/users?$top=1000", "/v1.0/users?$expand=manager", "/v1.0/users?$select=shoeSize", "/v1.0/users?$skip=100", "/v1.0/users?page=2",
		"/v1.0/groups/" + group + "/transitiveMembers/microsoft.graph.user?$expand=manager&$count=true",
		"/v1.0/roleManagement/directory/roleAssignments?$expand=manager",
	} {
		assert.Equal(t, 400, c.get(wrong).StatusCode, wrong)
	}
}

// TestHiddenMembership: without the permission the list is empty, and no error says so.
func TestHiddenMembership(t *testing.T) {
	var tenant graphfake.Tenant
	var hidden policy.Group
	require.NoError(t, json.Unmarshal([]byte(`{"displayName":"Course","visibility":"HiddenMembership"}`), &hidden))
	group := tenant.AddGroup(hidden)
	require.NoError(t, tenant.AddMember(group, tenant.AddUser(mfa.User{})))
	for _, list := range []string{"members", "transitiveMembers"} {
		path := "/v1.0/groups/" + group + "/" + list
		assert.Empty(t, serve(t, &tenant, everything...).ok(path).values())
		assert.Len(t, serve(t, &tenant, append(everything, "Member.Read.Hidden")...).ok(path).values(), 1)
	}
}

// TestStreamsOfAnExport: what the export doesn't hold is not known.
func TestStreamsOfAnExport(t *testing.T) {
	tenant := loaded(t, map[string]string{
		"Users.json": `[{"id":"u","userPrincipalName":"u@contoso.com","userType":"Member","transitiveMemberOf":[{"id":"g"}],"transitiveRoleAssignments":[]},
			{"id":"v","userPrincipalName":"v@contoso.com","userType":"Guest"}]`,
		"Groups.json": `[{"id":"g","groupTypes":[]},{"id":"h","groupTypes":[],"members":[{"id":"k"},{"id":"v"}]},{"id":"k","groupTypes":[],"members":[{"id":"u"}]},
			{"id":"l","groupTypes":[],"members":[{"id":"g"}]}]`,
	})
	known := map[string]bool{}
	for account, err := range tenant.Accounts(t.Context()) {
		require.NoError(t, err)
		known[account.ID] = account.Groups.Known() && account.Roles.Known()
	}
	assert.Equal(t, map[string]bool{"u": true, "v": false}, known)

	var members []string
	for id, err := range tenant.TransitiveMembers(t.Context(), "h") {
		require.NoError(t, err)
		members = append(members, id)
	}
	assert.ElementsMatch(t, []string{"u", "v"}, members)
	for group, why := range map[string]string{"g": "no members", "l": "none of a group within it", "x": "no such group"} {
		_, err := first(tenant.TransitiveMembers(t.Context(), group))
		require.ErrorIs(t, err, entramfa.ErrNotRead, why)
		assert.Equal(t, 501, serve(t, tenant, everything...).get("/v1.0/groups/"+group+"/transitiveMembers").StatusCode, why)
	}
	_, err := first(tenant.AllRoleAssignments(t.Context()))
	require.ErrorIs(t, err, entramfa.ErrNotRead)

	nobody := loaded(t, map[string]string{"Groups.json": `[{"id":"g","groupTypes":[]}]`})
	_, err = first(nobody.Accounts(t.Context()))
	require.ErrorIs(t, err, entramfa.ErrNotRead)
	assert.True(t, strings.Contains(err.Error(), "Users/*.json"))
}

// TestObjectsByIDAreWhole: getByIds gives of a group what GET /groups/{id} does.
func TestObjectsByIDAreWhole(t *testing.T) {
	var tenant graphfake.Tenant
	id := tenant.AddGroup(policy.Group{DisplayName: "CA-ServiceAccounts", SecurityEnabled: new(true), GroupTypes: []string{"DynamicMembership"}, OnPremisesSyncEnabled: new(true)})
	found, err := tenant.ObjectsByID(t.Context(), []string{id})
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "#microsoft.graph.group", found[0].Type)
	text, err := json.Marshal(found[0])
	require.NoError(t, err)
	var group policy.Group
	require.NoError(t, json.Unmarshal(text, &group))
	assert.Equal(t, []any{id, "CA-ServiceAccounts", new(true), new(true), []string{"DynamicMembership"}},
		[]any{group.ID, group.DisplayName, group.SecurityEnabled, group.OnPremisesSyncEnabled, group.GroupTypes})
}
