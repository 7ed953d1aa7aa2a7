package graphfake_test

import (
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

var guidV4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestIDsAreValidAndTheSameInEveryRun(t *testing.T) {
	var first, second graphfake.Tenant
	for range 20 {
		id := first.AddGroup(policy.Group{})
		assert.Regexp(t, guidV4, id)
		assert.Equal(t, id, second.AddGroup(policy.Group{}))
	}
	assert.Regexp(t, guidV4, first.ID())
	counted := graphfake.Tenant{NewID: func() string { return "own" }}
	assert.Equal(t, "own", counted.AddUser(mfa.User{}))
	assert.Equal(t, "given", counted.AddUser(mfa.User{ID: "given"}))
}

func TestZeroTenantIsEmptyAndKnowsIt(t *testing.T) {
	var tenant graphfake.Tenant
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list.Policies)
	defaults, err := tenant.SecurityDefaults(t.Context())
	require.NoError(t, err)
	assert.Equal(t, false, *defaults.IsEnabled)
	_, err = tenant.User(t.Context(), "nobody@contoso.com")
	assert.ErrorIs(t, err, entramfa.ErrNotFound)
}

func TestAddUserReplacesByIDAndByName(t *testing.T) {
	var tenant graphfake.Tenant
	id := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com", DisplayName: "A"})
	assert.Equal(t, id, tenant.AddUser(mfa.User{UserPrincipalName: "A@contoso.com", DisplayName: "B"}))
	tenant.AddUser(mfa.User{ID: id, UserPrincipalName: "c@contoso.com", DisplayName: "C"})
	_, err := tenant.User(t.Context(), "a@contoso.com")
	assert.ErrorIs(t, err, entramfa.ErrNotFound, "a renamed account has its old name no more")
	users, err := tenant.UsersByDisplayName(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, users, 1)
	assert.Equal(t, "C", users[0].DisplayName)
}

func TestWhatIsAddedIsTheTenantsOwn(t *testing.T) {
	var tenant graphfake.Tenant
	p := policy.Policy{Conditions: &policy.Conditions{Users: &policy.Users{IncludeUsers: []string{"All"}}}}
	_, err := tenant.AddPolicy(p)
	require.NoError(t, err)
	p.Conditions.Users.IncludeUsers[0] = "None"
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"All"}, list.Policies[0].Conditions.Users.IncludeUsers)
}

func TestRefusedWrites(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	group := tenant.AddGroup(policy.Group{DisplayName: "Plain"})
	require.NoError(t, tenant.AddMember(group, "SVC@contoso.com"))
	_, noRole := tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: "no such role"})
	_, noHolder := tenant.AssignRole(policy.RoleAssignment{PrincipalID: "nobody", RoleDefinitionID: policy.GlobalAdministrator})
	_, notAssignable := tenant.MakeEligible(policy.RoleAssignment{PrincipalID: group, RoleDefinitionID: policy.GlobalAdministrator})
	for name, test := range map[string]struct {
		err    error
		status int
	}{
		"unknown group":            {tenant.AddMember("none", user), http.StatusNotFound},
		"unknown member":           {tenant.AddMember(group, "none"), http.StatusNotFound},
		"a member already":         {tenant.AddMember(group, user), http.StatusBadRequest},
		"unknown role":             {noRole, http.StatusNotFound},
		"unknown holder":           {noHolder, http.StatusNotFound},
		"group not assignable":     {notAssignable, http.StatusBadRequest},
		"state of nobody":          {tenant.SetPerUserState("none", mfa.PerUserEnabled), http.StatusNotFound},
		"method of nobody":         {tenant.AddMethod("none", mfa.Method{}), http.StatusNotFound},
		"password of nobody":       {tenant.GivePassword("none", "x"), http.StatusNotFound},
		"delete nobody":            {tenant.Delete("none"), http.StatusNotFound},
		"remove an unknown policy": {tenant.RemovePolicy("none"), http.StatusNotFound},
	} {
		var graph *entramfa.GraphError
		require.ErrorAs(t, test.err, &graph, name)
		assert.Equal(t, test.status, graph.Status, name)
		assert.NotEmpty(t, graph.Code, name)
		assert.NotEmpty(t, graph.Path, name)
	}
}

func TestSecurityDefaultsAgainstEnabledPolicies(t *testing.T) {
	var tenant graphfake.Tenant
	require.NoError(t, tenant.SetSecurityDefaults(true))
	for _, state := range []policy.State{policy.StateDisabled, policy.StateReportOnly} {
		_, err := tenant.AddPolicy(policy.Policy{State: state})
		assert.NoError(t, err, state)
	}
	_, err := tenant.AddPolicy(policy.Policy{State: policy.StateEnabled})
	assert.ErrorContains(t, err, "Security Defaults is enabled in the tenant.")
	require.NoError(t, tenant.SetSecurityDefaults(false))
	_, err = tenant.AddPolicy(policy.Policy{State: policy.StateEnabled, DisplayName: "P"})
	require.NoError(t, err)
	assert.ErrorContains(t, tenant.SetSecurityDefaults(true), "'P' is enabled")
}

func TestDeletedUserLosesGroupsAndRoles(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{ID: "u", UserPrincipalName: "svc@contoso.com"})
	group := tenant.AddGroup(policy.Group{})
	require.NoError(t, tenant.AddMember(group, user))
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	require.NoError(t, tenant.Delete(user))
	tenant.AddUser(mfa.User{ID: "u", UserPrincipalName: "svc@contoso.com"})
	groups, err := tenant.TransitiveMemberOf(t.Context(), user)
	require.NoError(t, err)
	assert.Empty(t, groups)
	holders, err := tenant.RoleHolders(t.Context(), policy.GlobalAdministrator)
	require.NoError(t, err)
	assert.Empty(t, holders)
	require.NoError(t, tenant.Delete(group))
	_, err = tenant.MemberGroups(t.Context(), group)
	assert.ErrorIs(t, err, entramfa.ErrNotFound)
}

func TestRolesOfServicePrincipalsAndCustomRoles(t *testing.T) {
	var tenant graphfake.Tenant
	_, err := tenant.AssignRole(policy.RoleAssignment{
		PrincipalID: "sp", RoleDefinitionID: policy.GlobalAdministrator,
		Principal: &policy.Principal{Type: "#microsoft.graph.servicePrincipal", ID: "sp", DisplayName: "Robot"},
	})
	require.NoError(t, err)
	holders, err := tenant.RoleHolders(t.Context(), policy.GlobalAdministrator)
	require.NoError(t, err)
	require.Len(t, holders, 1)
	assert.Equal(t, "Robot", holders[0].Principal.DisplayName)
	assert.Equal(t, "Global Administrator", holders[0].RoleDefinition.DisplayName)

	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	_, err = tenant.AssignRole(policy.RoleAssignment{
		PrincipalID: user, RoleDefinition: &policy.RoleDefinition{ID: "own", DisplayName: "Own", IsBuiltIn: new(false)},
	})
	require.NoError(t, err)
	roles, err := tenant.RoleAssignments(t.Context(), user)
	require.NoError(t, err)
	require.Len(t, roles, 1)
	assert.Equal(t, "Own", roles[0].RoleDefinition.DisplayName)
	assert.True(t, roles[0].TenantWide())
}

func TestFailureEndsByCountAndByHand(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.Fail(graphfake.Failure{Path: "/v1.0/subscribedSkus", Times: 1, Err: &entramfa.GraphError{Status: 403}})
	_, err := tenant.SubscribedSKUs(t.Context())
	assert.ErrorIs(t, err, entramfa.ErrPermission)
	assert.ErrorContains(t, err, "grant LicenseAssignment.Read.All or Organization.Read.All")
	_, err = tenant.SubscribedSKUs(t.Context())
	assert.NoError(t, err)

	undo := tenant.Fail(graphfake.Failure{Method: "POST", Path: "/subscribedSkus"})
	_, err = tenant.SubscribedSKUs(t.Context())
	assert.NoError(t, err, "another verb")
	undo()
	undo = tenant.Fail(graphfake.Failure{Path: "/subscribedskus", Err: &entramfa.GraphError{Status: 429, RetryAfter: time.Second}})
	_, err = tenant.SubscribedSKUs(t.Context())
	var graph *entramfa.GraphError
	require.ErrorAs(t, err, &graph)
	assert.Equal(t, time.Second, graph.RetryAfter)
	assert.Equal(t, "TooManyRequests", graph.Code)
	undo()
	undo()
	_, err = tenant.SubscribedSKUs(t.Context())
	assert.NoError(t, err)
}

func TestConditionalAccessIsThrottledByTheClock(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, ThrottleConditionalAccess: true}
	_, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	_, err = tenant.NamedLocations(t.Context())
	assert.ErrorIs(t, err, entramfa.ErrThrottled, "all of Conditional Access together")
	_, err = tenant.SubscribedSKUs(t.Context())
	assert.NoError(t, err, "the directory is not meant")
	at.advance(time.Second)
	_, err = tenant.NamedLocations(t.Context())
	assert.NoError(t, err)
}

func TestConcurrentUse(t *testing.T) {
	var tenant graphfake.Tenant
	group := tenant.AddGroup(policy.Group{DisplayName: "G"})
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			name := fmt.Sprintf("u%d@contoso.com", i)
			id := tenant.AddUser(mfa.User{UserPrincipalName: name})
			assert.NoError(t, tenant.AddMember(group, id))
			groups, err := tenant.TransitiveMemberOf(t.Context(), name)
			assert.NoError(t, err)
			assert.Len(t, groups, 1)
			_, err = mfa.Check(t.Context(), &tenant, id, nil)
			assert.NoError(t, err)
		})
	}
	wait.Wait()
}
