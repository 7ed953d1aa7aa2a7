package mfa_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

func TestMandatoryMFAIsNotLifted(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	profile := policy.AzureCLISignIn()
	plan := planFor(t, tenant, user, profile, &mfa.ExemptionOptions{SkipCompensation: true})
	assert.False(t, plan.Clear)
	require.Len(t, plan.NotLifted, 1)
	assert.Equal(t, entramfa.SourceMandatoryMFA, plan.NotLifted[0].Source)
	assert.Contains(t, plan.NotLifted[0].Instead, "workload identity")
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	assert.Regexp(t, `^\{"schema":"entramfa.plan/1","clear":false,"notLifted":\[\{`, string(text), "it says so before anything else")

	_, err = mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardIncomplete))
	options := time.options()
	options.AllowIncomplete = true
	result, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), options)
	require.NoError(t, err)
	assert.NotEqual(t, entramfa.Clear, result.Report.Outcome)
}

func TestPartnerRequirementIsNotLifted(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{PartnerTenant: true})
	assert.False(t, plan.Clear)
	assert.Equal(t, entramfa.SourcePartner, plan.NotLifted[0].Source)
}

func TestLapsedLicenceLiftsNothing(t *testing.T) {
	tenant, user, _ := newTenant(t)
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Suspended",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}},
	})
	id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{SkipCompensation: true})
	assert.False(t, plan.Clear)
	assert.Empty(t, plan.Changes)
	require.Len(t, plan.NotLifted, 1)
	assert.Equal(t, id, plan.NotLifted[0].ID)
	assert.Contains(t, plan.NotLifted[0].Because, "can't be edited")
}

func TestPoliciesThatAreOffAreSaid(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	for _, state := range []policy.State{policy.StateReportOnly, policy.StateDisabled} {
		var p policy.Policy
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"%s one","state":%q,"conditions":{"clientAppTypes":["all"],
			"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, state, state), &p))
		_, err := tenant.AddPolicy(p)
		require.NoError(t, err)
	}
	addPolicy(t, tenant, "Elsewhere", `{"includeUsers":["None"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	assert.Empty(t, plan.Changes, "the account is clear")
	assert.Contains(t, plan.Notes, `the policy "disabled one" is disabled and left alone; enabled, it would meet the account`)
	assert.Contains(t, plan.Notes, `the policy "enabledForReportingButNotEnforced one" is report-only and left alone; enabled, it would meet the account`)
	assert.Len(t, planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{AlsoReportOnly: true, SkipCompensation: true}).Changes, 1)
	assert.Len(t, planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{AlsoReportOnly: true, AlsoDisabled: true, SkipCompensation: true}).Changes, 2)
}

// groupTenant has a policy that excludes a group, which is in another group.
func groupTenant(t *testing.T) (tenant *graphfake.Tenant, user, group string, time *clock) {
	tenant, user, time = licensedTenant(t)
	no := false
	group = tenant.AddGroup(policy.Group{DisplayName: "CA-ServiceAccounts", IsAssignableToRole: &no})
	around := tenant.AddGroup(policy.Group{DisplayName: "Around"})
	require.NoError(t, tenant.AddMember(around, group))
	other := tenant.AddUser(mfa.User{UserPrincipalName: "other@contoso.com", DisplayName: "Other service", AccountEnabled: pointer(true), UserType: pointer("Member")})
	require.NoError(t, tenant.AddMember(group, other))
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"],"excludeGroups":["`+group+`"]}`, "mfa")
	addPolicy(t, tenant, "Require MFA too", `{"includeUsers":["All"],"excludeGroups":["`+group+`"]}`, "mfa")
	return tenant, user, group, time
}

func TestGroupLiftsSeveralPoliciesAtOnce(t *testing.T) {
	tenant, user, id, time := groupTenant(t)
	before := snapshot(t, tenant)
	group, err := mfa.ReadExclusionGroup(t.Context(), tenant, id, user)
	require.NoError(t, err)
	require.Len(t, group.Members, 1)
	require.Len(t, group.Within, 1)
	opts := &mfa.ExemptionOptions{Group: group, SkipCompensation: true}
	plan := planFor(t, tenant, user, exchangeFromOffice(), opts)
	assert.True(t, plan.Clear)
	assert.Equal(t, []entramfa.ChangeKind{entramfa.AddGroupMember}, kinds(plan))
	assert.Contains(t, plan.Notes, "other members of the group CA-ServiceAccounts, who share the exemption: 1 (Other service)")
	journal := journalAt(t)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	assert.Equal(t, entramfa.Clear, result.Report.Outcome)
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Equal(t, before, snapshot(t, tenant))
}

func TestGroupWithinAGroupThatAPolicyMeets(t *testing.T) {
	tenant, user, id, _ := groupTenant(t)
	group, err := mfa.ReadExclusionGroup(t.Context(), tenant, id, user)
	require.NoError(t, err)
	meets := addPolicy(t, tenant, "Meets those around", `{"includeGroups":["`+group.Within[0].ID+`"]}`, "block")
	plan := planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{Group: group, SkipCompensation: true})
	assert.True(t, plan.Clear)
	require.Equal(t, []entramfa.ChangeKind{entramfa.AddGroupMember, entramfa.ChangePolicy}, kinds(plan), "joining brings the account under another policy")
	assert.Equal(t, meets, plan.Changes[1].TargetID)
}

func TestGroupsThatNobodyMayJoinHere(t *testing.T) {
	no, yes := false, true
	for name, group := range map[string]policy.Group{
		"dynamic":      {DisplayName: "G", IsAssignableToRole: &no, GroupTypes: []string{"DynamicMembership"}},
		"synchronized": {DisplayName: "G", IsAssignableToRole: &no, OnPremisesSyncEnabled: &yes},
		"assignable":   {DisplayName: "G", IsAssignableToRole: &yes},
		"hidden":       {DisplayName: "G"},
	} {
		tenant, user, _ := licensedTenant(t)
		group.ID = tenant.AddGroup(group)
		addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"],"excludeGroups":["`+group.ID+`"]}`, "mfa")
		refused := refusedBy(t, tenant, user, &mfa.ExemptionOptions{Group: &mfa.ExclusionGroup{Group: group}, SkipCompensation: true})
		assert.True(t, refused.Has(mfa.GuardSynchronized) || refused.Has(mfa.GuardOthers), name)
	}
}

func TestAppRegistrationNamesWhatTheLogShows(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	_ = tenant.AddSignIn(mfa.SignInRecord{
		UserID: user, UserPrincipalName: "svc@contoso.com", CreatedDateTime: "2026-11-22T10:00:00Z", IsInteractive: pointer(false),
		SignInEventTypes: []string{"nonInteractiveUser"}, ResourceID: mfa.SharePointOnline, ResourceDisplayName: "Office 365 SharePoint Online", IPAddress: "203.0.113.7",
	})
	profile := exchangeFromOffice()
	report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
	require.NoError(t, err)
	require.Len(t, report.AppRegistration.Permissions, 1)
	signIns, err := mfa.SignIns(t.Context(), tenant, user, &mfa.SignInOptions{Now: newClock().now})
	require.NoError(t, err)
	with := report.WithEvidence(mfa.Evidence{SignIns: &signIns}).AppRegistration
	require.Len(t, with.Permissions, 2)
	assert.Equal(t, mfa.SharePointOnline, with.Permissions[1].ResourceID)
	assert.Contains(t, with.Permissions[1].Permissions, "Sites.Selected")
}
