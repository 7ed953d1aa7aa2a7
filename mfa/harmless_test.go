package mfa_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// A plan that changes nothing harms nobody, whoever the account is.
func TestAPlanWithoutChangesPassesTheGuards(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{EmergencyAccounts: []string{user}})
	require.Empty(t, plan.Changes)
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	assert.NoError(t, err)
}

// addState adds a policy that asks everybody for MFA, in a state, and narrowed.
func addState(t testing.TB, tenant *graphfake.Tenant, state policy.State, users, conditions, control string) {
	var p policy.Policy
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"P","state":%q,"conditions":{"clientAppTypes":["all"],"users":{%s}%s,
		"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":[%q]}}`, state, users, conditions, control), &p))
	_, err := tenant.AddPolicy(p)
	require.NoError(t, err)
}

// Somebody pinned the last Global Administrator to its addresses by hand. To keep it
// from the portals would lock everybody out all the same.
func TestOnlyGlobalAdministratorIsNotKeptFromThePortals(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	office := tenant.AddNamedLocation(policy.NamedLocation{Type: policy.IPNamedLocation, DisplayName: "Office", IPRanges: []policy.IPRange{{CIDRAddress: "203.0.113.0/28"}}})
	addState(t, tenant, policy.StateEnabled, `"includeUsers":["`+user+`"]`, `,"locations":{"includeLocations":["All"],"excludeLocations":["`+office+`"]}`, "block")
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	assert.True(t, refusedBy(t, tenant, user, nil).Has(mfa.GuardLastAdministrator))
}
