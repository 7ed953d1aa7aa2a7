package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// refusedBy plans and returns the refusal that is expected.
func refusedBy(t *testing.T, tenant *graphfake.Tenant, user string, opts *mfa.ExemptionOptions) *mfa.RefusedError {
	t.Helper()
	profile := exchangeFromOffice()
	report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
	require.NoError(t, err)
	signIns, err := mfa.SignIns(t.Context(), tenant, user, &mfa.SignInOptions{Now: newClock().now})
	require.NoError(t, err)
	_, err = mfa.PlanExemption(report.WithEvidence(mfa.Evidence{SignIns: &signIns}), opts)
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	return refused
}

func TestEmergencyAccountIsNeverPlannedFor(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	assert.True(t, refusedBy(t, tenant, user, &mfa.ExemptionOptions{EmergencyAccounts: []string{user}}).Has(mfa.GuardEmergency))
}

func TestOnlyGlobalAdministratorIsNotPinned(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: policy.GlobalAdministrator, DirectoryScopeID: pointer("/")})
	require.NoError(t, err)
	assert.True(t, refusedBy(t, tenant, user, nil).Has(mfa.GuardLastAdministrator))
	other := tenant.AddUser(mfa.User{UserPrincipalName: "admin@contoso.com", DisplayName: "Admin", AccountEnabled: pointer(true), UserType: pointer("Member")})
	_, err = tenant.AssignRole(policy.RoleAssignment{PrincipalID: other, RoleDefinitionID: policy.GlobalAdministrator, DirectoryScopeID: pointer("/")})
	require.NoError(t, err)
	assert.True(t, planFor(t, tenant, user, exchangeFromOffice(), nil).Clear)
}

func TestCallerIsNotLockedOut(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	caller := mfa.Identity{Kind: mfa.IdentityUser, ID: user, Name: "svc@contoso.com", TenantID: tenant.ID()}
	assert.True(t, refusedBy(t, tenant, user, &mfa.ExemptionOptions{Caller: &caller}).Has(mfa.GuardCaller))

	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	tenant.Caller = caller
	before := snapshot(t, tenant)
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused, "asked again before anything is written")
	assert.True(t, refused.Has(mfa.GuardCaller))
	assert.Equal(t, before, snapshot(t, tenant))
}

func TestAccountOfAPersonIsNotExempted(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	_ = tenant.AddSignIn(mfa.SignInRecord{
		UserID: user, UserPrincipalName: "svc@contoso.com", CreatedDateTime: "2026-11-22T10:00:00Z", IsInteractive: pointer(true),
		SignInEventTypes: []string{"interactiveUser"}, ClientAppUsed: "Browser", AppDisplayName: "Outlook",
		DeviceDetail: &mfa.DeviceDetail{DeviceID: "d", DisplayName: "LAPTOP-7", Browser: "Edge 140", OperatingSystem: "Windows11", IsManaged: pointer(true), IsCompliant: pointer(true), TrustType: "Azure AD joined"},
	})
	assert.True(t, refusedBy(t, tenant, user, nil).Has(mfa.GuardPerson))

	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused, "asked again before anything is written")
	assert.True(t, refused.Has(mfa.GuardPerson))

	allowed := planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{AllowInteractiveAccount: true})
	_, err = mfa.Apply(t.Context(), tenant, allowed, journalAt(t), time.options())
	assert.NoError(t, err)
}

func TestAccountWithoutAddressesIsNotExempted(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	report, err := mfa.Check(t.Context(), tenant, user, nil)
	require.NoError(t, err)
	_, err = mfa.PlanExemption(report, nil)
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardCompensation))
	plan, err := mfa.PlanExemption(report, &mfa.ExemptionOptions{SkipCompensation: true})
	require.NoError(t, err)
	assert.Len(t, plan.Changes, 1)
}

func TestPlanThatIsOlderThanItsTenantIsRefusedWhole(t *testing.T) {
	for name, change := range map[string]func(*graphfake.Tenant, string, string){
		`the policy "Another" is new`: func(tenant *graphfake.Tenant, _, _ string) {
			addPolicy(t, tenant, "Another", `{"includeUsers":["All"]}`, "mfa")
		},
		`the policy "Require MFA" changed in conditions`: func(tenant *graphfake.Tenant, _, id string) {
			addPolicyWith(t, tenant, id, "Require MFA", `{"includeUsers":["All"],"excludeGroups":["00000002-0000-4000-8000-000000000002"]}`, "mfa")
		},
		`the account's groups changed`: func(tenant *graphfake.Tenant, user, _ string) {
			require.NoError(t, tenant.AddMember(tenant.AddGroup(policy.Group{DisplayName: "New"}), user))
		},
		`is gone`: func(tenant *graphfake.Tenant, _, id string) { require.NoError(t, tenant.RemovePolicy(id)) },
	} {
		tenant, user, time := licensedTenant(t)
		id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
		plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
		change(tenant, user, id)
		before := snapshot(t, tenant)
		_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
		var refused *mfa.RefusedError
		if assert.ErrorAs(t, err, &refused, name) {
			assert.True(t, refused.Has(mfa.GuardStale), name)
			assert.ErrorContains(t, err, name)
		}
		assert.Equal(t, before, snapshot(t, tenant), name)
	}
}
