package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// In a tenant whose licence lapsed no policy can be edited. One that is off meets
// nobody, and doesn't stand in the way.
func TestPoliciesThatAreOffStandInNobodysWay(t *testing.T) {
	tenant, user, _ := newTenant(t)
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Suspended",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}},
	})
	addState(t, tenant, policy.StateReportOnly, `"includeUsers":["All"]`, "", "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{AlsoReportOnly: true})
	assert.True(t, plan.Clear)
	assert.Empty(t, plan.NotLifted)
	assert.Contains(t, plan.Notes, `the policy "P" is report-only and left alone; enabled, it would meet the account`)
}

// Graph can't change who is in a group of Exchange.
func TestGroupsOfExchangeAreNotJoined(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	for _, types := range [][]string{{}, {"Unified"}} {
		id := tenant.AddGroup(policy.Group{DisplayName: "List", SecurityEnabled: pointer(false), MailEnabled: pointer(true), IsAssignableToRole: pointer(false), GroupTypes: types})
		addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"],"excludeGroups":["`+id+`"]}`, "mfa")
		group, err := mfa.ReadExclusionGroup(t.Context(), tenant, id, user)
		require.NoError(t, err)
		opts := &mfa.ExemptionOptions{Group: group, SkipCompensation: true}
		if len(types) == 0 {
			assert.True(t, refusedBy(t, tenant, user, opts).Has(mfa.GuardSynchronized))
		} else {
			assert.NotEmpty(t, planFor(t, tenant, user, exchangeFromOffice(), opts).Changes)
		}
	}
}

// A policy for nobody with a word of a newer Graph may be about somebody after all:
// whom it excludes settles nothing, so that nobody is excluded, again and again.
func TestNoExclusionIsMadeInVain(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	id := tenant.AddGroup(policy.Group{DisplayName: "Exempt", SecurityEnabled: pointer(true), IsAssignableToRole: pointer(false)})
	addConditions(t, tenant, `"users":{"includeUsers":["None"],"excludeGroups":["`+id+`"]},"applications":{"includeApplications":["All"]},"weather":{"moon":"full"}`)
	group, err := mfa.ReadExclusionGroup(t.Context(), tenant, id, user)
	require.NoError(t, err)
	plan := planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{Group: group})
	assert.False(t, plan.Clear)
	assert.Empty(t, plan.Changes)
	require.Len(t, plan.NotLifted, 1)
	assert.Contains(t, plan.NotLifted[0].Because, "what weather means in conditions")
}

// Joining a group within one that holds a role would give the role.
func TestGroupsWithinAPowerfulOneAreNotJoined(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	id := tenant.AddGroup(policy.Group{DisplayName: "Exempt", SecurityEnabled: pointer(true), IsAssignableToRole: pointer(false)})
	around := tenant.AddGroup(policy.Group{DisplayName: "Administrators", SecurityEnabled: pointer(true), IsAssignableToRole: pointer(true)})
	require.NoError(t, tenant.AddMember(around, id))
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"],"excludeGroups":["`+id+`"]}`, "mfa")
	group, err := mfa.ReadExclusionGroup(t.Context(), tenant, id, user)
	require.NoError(t, err)
	assert.True(t, refusedBy(t, tenant, user, &mfa.ExemptionOptions{Group: group}).Has(mfa.GuardOthers))
}
