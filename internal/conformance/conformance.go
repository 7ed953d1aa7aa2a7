// Package conformance holds what every mfa.Reader promises, and what every
// mfa.ReadWriter does beside, as one suite each. They are run on graphfake.Tenant
// directly and on the adapter to Graph over HTTP; a new implementation adds a
// constructor, not tests.
package conformance

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// Maker returns the reader under test, which reads the tenant. What it needs
// beside, a server for instance, ends with the test.
type Maker func(t *testing.T, tenant *graphfake.Tenant) mfa.Reader

// Run runs the suite. Each test has a tenant of its own.
//
// A reader that retries by itself must not wait for real time: the suite throttles it.
func Run(t *testing.T, newReader func(t *testing.T, tenant *graphfake.Tenant) mfa.Reader) {
	tests := map[string]func(*testing.T, Maker){
		"users":                 testUsers,
		"users by display name": testUsersByDisplayName,
		"authentication":        testAuthentication,
		"groups":                testGroups,
		"roles":                 testRoles,
		"objects":               testObjects,
		"policies":              testPolicies,
		"locations, strengths":  testLocationsAndStrengths,
		"tenant":                testTenant,
		"what if":               testWhatIf,
		"accounts":              testAccounts,
		"transitive members":    testTransitiveMembers,
		"all role assignments":  testAllRoleAssignments,
		"all eligible roles":    testAllRoleEligibilities,
		"who may join a group":  testGroupEligibilities,
		"directory":             testDirectory,
		"refused parts":         testRefusedParts,
		"interrupted":           testInterrupted,
		"hidden policies":       testHidden,
		"not found":             testNotFound,
		"permission":            testPermission,
		"throttled":             testThrottled,
		"unavailable":           testUnavailable,
		"cancelled":             testCancelled,
		"small pages":           testSmallPages,
		"sign-in log":           testSignInLog,
	}
	runEach[Maker](t, tests, newReader)
}

// runEach runs the tests of a suite on what newSubject makes.
func runEach[M any](t *testing.T, tests map[string]func(*testing.T, M), newSubject M) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, newSubject) })
	}
}

func testUsers(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	for _, name := range []string{f.service, "svc@contoso.com", "SVC@Contoso.COM"} {
		user, err := reader.User(t.Context(), name)
		require.NoError(t, err, name)
		assert.Equal(t, f.service, user.ID)
		assert.Equal(t, "svc@contoso.com", user.UserPrincipalName)
		assert.Equal(t, "Service O'Brien", user.DisplayName)
		assert.Equal(t, true, value(user.AccountEnabled))
		assert.Equal(t, "Member", value(user.UserType))
		assert.Equal(t, true, value(user.OnPremisesSyncEnabled))
		assert.Equal(t, "DisablePasswordExpiration", value(user.PasswordPolicies))
		assert.Equal(t, "2024-05-01T00:00:00Z", value(user.LastPasswordChangeDateTime))
	}
	guest, err := reader.User(t.Context(), guestUPN)
	require.NoError(t, err, "a user principal name with #")
	assert.Equal(t, f.guest, guest.ID)
	assert.Equal(t, "Guest", value(guest.UserType))
	assert.Equal(t, "Invitation", value(guest.CreationType))
	assert.Equal(t, "Accepted", value(guest.ExternalUserState))
	disabled, err := reader.User(t.Context(), f.disabled)
	require.NoError(t, err)
	assert.Equal(t, false, value(disabled.AccountEnabled))
	assert.Nil(t, disabled.OnPremisesSyncEnabled, "null is not false")
}

func testUsersByDisplayName(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	for prefix, want := range map[string][]string{
		"service o'": {f.service}, "SERVICE": {f.service, f.disabled}, "Guest + & friends": {f.guest}, "obody": nil,
	} {
		users, err := reader.UsersByDisplayName(t.Context(), prefix)
		require.NoError(t, err, prefix)
		assert.ElementsMatch(t, want, idsOf(users, func(u mfa.User) string { return u.ID }), prefix)
	}
}

func testAuthentication(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	for user, want := range map[string]mfa.PerUserState{
		f.service: mfa.PerUserEnforced, "SVC@contoso.com": mfa.PerUserEnforced, guestUPN: mfa.PerUserDisabled,
	} {
		requirements, err := reader.Requirements(t.Context(), user)
		require.NoError(t, err, user)
		assert.Equal(t, want, requirements.PerUserMFAState)
	}
	methods, err := reader.Methods(t.Context(), "svc@CONTOSO.com")
	require.NoError(t, err)
	require.Len(t, methods, 2)
	assert.ElementsMatch(t, []string{mfa.PasswordMethod, phoneMethod},
		idsOf(methods, func(m mfa.Method) string { return m.Type }))
	for _, method := range methods {
		if method.Type == phoneMethod {
			assert.Equal(t, "…23", method.PhoneNumber.String())
			assert.Equal(t, "mobile", value(method.PhoneType))
		}
	}
	methods, err = reader.Methods(t.Context(), f.disabled)
	require.NoError(t, err)
	require.Len(t, methods, 1, "everyone has the password")
	assert.Equal(t, mfa.PasswordMethod, methods[0].Type)
}

func testGroups(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	groupID := func(g policy.Group) string { return g.ID }
	for _, user := range []string{f.service, "Svc@contoso.com"} {
		direct, err := reader.MemberOf(t.Context(), user)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{f.inner, f.circleA, f.roleInner}, idsOf(direct, groupID), "groups and nothing else: no directory role")
		all, err := reader.TransitiveMemberOf(t.Context(), user)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{f.inner, f.middle, f.outer, f.circleA, f.circleB, f.roleInner, f.roleOuter}, idsOf(all, groupID))
		for _, group := range all {
			assert.NotEmpty(t, group.DisplayName, group.ID)
			assert.Equal(t, group.ID == f.roleOuter, value(group.IsAssignableToRole), group.DisplayName)
		}
	}
	none, err := reader.TransitiveMemberOf(t.Context(), f.disabled)
	require.NoError(t, err)
	assert.Empty(t, none)
	nested, err := reader.MemberGroups(t.Context(), f.middle)
	require.NoError(t, err)
	assert.Equal(t, []string{f.inner}, idsOf(nested, groupID), "the users in it are no groups")
	nested, err = reader.MemberGroups(t.Context(), f.circleB)
	require.NoError(t, err)
	assert.Equal(t, []string{f.circleA}, idsOf(nested, groupID))
}

func testRoles(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	roles, err := reader.RoleAssignments(t.Context(), f.service)
	require.NoError(t, err)
	assert.ElementsMatch(t, []role{
		{globalReader, f.service, true}, {exchangeAdmin, f.service, false}, {policy.GlobalAdministrator, f.roleOuter, true},
	}, rolesOf(roles), "direct, scoped, through a nested group")
	roles, err = reader.RoleAssignments(t.Context(), f.guest)
	require.NoError(t, err)
	assert.Empty(t, roles)

	for principal, want := range map[string][]role{
		f.service:   {{userAdmin, f.service, true}},
		f.roleOuter: {{exchangeAdmin, f.roleOuter, true}},
		f.disabled:  nil,
	} {
		eligible, err := reader.RoleEligibilities(t.Context(), principal)
		require.NoError(t, err)
		assert.ElementsMatch(t, want, rolesOf(eligible))
	}

	holders, err := reader.RoleHolders(t.Context(), policy.GlobalAdministrator)
	require.NoError(t, err)
	assert.ElementsMatch(t, []role{
		{policy.GlobalAdministrator, f.roleOuter, true}, {policy.GlobalAdministrator, f.disabled, true},
	}, rolesOf(holders))
	for _, holder := range holders {
		require.NotNil(t, holder.Principal, holder.PrincipalID)
		assert.Equal(t, holder.PrincipalID, holder.Principal.ID)
		if holder.PrincipalID == f.disabled {
			assert.Equal(t, "#microsoft.graph.user", holder.Principal.Type)
			assert.Equal(t, "old@contoso.com", holder.Principal.UserPrincipalName)
			assert.Equal(t, false, value(holder.Principal.AccountEnabled))
		} else {
			assert.Equal(t, "#microsoft.graph.group", holder.Principal.Type)
			assert.Nil(t, holder.Principal.AccountEnabled)
		}
	}
	holders, err = reader.RoleHolders(t.Context(), userAdmin)
	require.NoError(t, err)
	assert.Empty(t, holders, "eligible is not active")
}

func testObjects(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	found, err := reader.ObjectsByID(t.Context(), []string{f.service, f.outer, f.deleted, "99999999-9999-4999-8999-999999999999"})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{f.service, f.outer}, idsOf(found, func(p policy.Principal) string { return p.ID }))
	for _, object := range found {
		switch object.ID {
		case f.service:
			assert.Equal(t, "#microsoft.graph.user", object.Type)
			assert.Equal(t, "svc@contoso.com", object.UserPrincipalName)
		default:
			assert.Equal(t, "#microsoft.graph.group", object.Type)
		}
		assert.NotEmpty(t, object.DisplayName)
	}
	none, err := reader.ObjectsByID(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, none)
}

func testTenant(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	skus, err := reader.SubscribedSKUs(t.Context())
	require.NoError(t, err)
	require.Len(t, skus, 1)
	assert.Equal(t, "Enabled", skus[0].CapabilityStatus)
	require.Len(t, skus[0].ServicePlans, 1)
	assert.Equal(t, planP1, skus[0].ServicePlans[0].ServicePlanID)

	for _, name := range []string{"fed.contoso.com", "FED.Contoso.com"} {
		domain, err := reader.Domain(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, "Federated", domain.AuthenticationType)
		assert.Equal(t, 90, value(domain.PasswordValidityPeriodInDays))
	}
	organization, err := reader.Organization(t.Context())
	require.NoError(t, err)
	assert.Equal(t, f.tenant.ID(), organization.ID)
	assert.NotEmpty(t, organization.DisplayName)
	domain, err := reader.Domain(t.Context(), "contoso.com")
	require.NoError(t, err)
	assert.Equal(t, "Managed", domain.AuthenticationType)
	assert.Nil(t, domain.PasswordValidityPeriodInDays)

	for _, on := range []bool{false, true} {
		if on {
			for _, id := range []string{f.plain, f.future, f.betaOnly} {
				require.NoError(t, f.tenant.RemovePolicy(id))
			}
			require.NoError(t, f.tenant.SetSecurityDefaults(true))
		}
		defaults, err := reader.SecurityDefaults(t.Context())
		require.NoError(t, err)
		require.NotNil(t, defaults.IsEnabled)
		assert.Equal(t, on, *defaults.IsEnabled)
	}
}

func testSmallPages(t *testing.T, newReader Maker) {
	for name, test := range map[string]func(*testing.T, Maker){
		"users by display name": testUsersByDisplayName, "authentication": testAuthentication, "groups": testGroups,
		"roles": testRoles, "policies": testPolicies, "locations, strengths": testLocationsAndStrengths,
		"objects": testObjects, "accounts": testAccounts, "transitive members": testTransitiveMembers,
		"all role assignments": testAllRoleAssignments, "all eligible roles": testAllRoleEligibilities, "who may join a group": testGroupEligibilities, "directory": testDirectory,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, tenant *graphfake.Tenant) mfa.Reader {
				tenant.PageSize = 1
				return newReader(t, tenant)
			})
		})
	}
}

func testCancelled(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range reads(f) {
		assert.ErrorIs(t, r.call(ctx, reader), context.Canceled, r.name)
	}
}

// value returns what a pointer points to, the zero value for nil.
func value[T any](pointer *T) (v T) {
	if pointer != nil {
		v = *pointer
	}
	return v
}

func idsOf[T any](list []T, id func(T) string) []string {
	var ids []string
	for _, item := range list {
		ids = append(ids, id(item))
	}
	return ids
}

// role is what counts of an assignment.
type role struct {
	definition, principal string
	tenantWide            bool
}

func rolesOf(assignments []policy.RoleAssignment) []role {
	var roles []role
	for _, a := range assignments {
		roles = append(roles, role{a.RoleDefinitionID, a.PrincipalID, a.TenantWide()})
	}
	return roles
}

// graphErrorOf returns the Graph error in err, which must have the kind, nil for any.
func graphErrorOf(t *testing.T, err, kind error, name string) *entramfa.GraphError {
	t.Helper()
	if kind != nil {
		require.ErrorIs(t, err, kind, name)
	}
	var graph *entramfa.GraphError
	require.ErrorAs(t, err, &graph, name)
	return graph
}
