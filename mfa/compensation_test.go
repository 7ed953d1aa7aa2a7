package mfa_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// creations counts the policies that a plan creates.
func creations(plan mfa.Plan) (n int) {
	for _, c := range plan.Changes {
		if c.Kind == entramfa.CreatePolicy {
			n++
		}
	}
	return n
}

// What blocks the account from everywhere is what it is excluded from: it holds
// nobody any more, and the account is pinned in its place.
func TestPinsTakeThePlaceOfABlockThatIsLifted(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addPolicy(t, tenant, "Block", `{"includeUsers":["`+user+`"]}`, "block")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	require.True(t, plan.Clear)
	assert.Equal(t, 2, creations(plan))
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	require.NoError(t, err)
	elsewhere := policy.ExchangeOnlineSignIn()
	report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &elsewhere})
	require.NoError(t, err)
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Sometimes}, report.Verdict)
}

// Whether Microsoft Graph is blocked can't be told with a pin either: no second one is made.
func TestPinsAreMadeOnce(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	profile := policy.SharePointSignIn()
	profile.Addresses = exchangeFromOffice().Addresses
	addPolicy(t, tenant, "First", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, profile, nil)
	assert.Equal(t, 2, creations(plan))
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	require.NoError(t, err)
	addPolicy(t, tenant, "Second", `{"includeUsers":["All"]}`, "mfa")
	again := planFor(t, tenant, user, profile, nil)
	require.Len(t, again.Changes, 1)
	assert.Equal(t, "Second", again.Changes[0].TargetName)
}

// An account that escapes nothing needs no pins, and no addresses for them.
func TestNothingIsPinnedWhereNothingIsLifted(t *testing.T) {
	tenant, _, _ := licensedTenant(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "off@contoso.com", DisplayName: "Off", AccountEnabled: pointer(false), UserType: pointer("Member")})
	plan := planFor(t, tenant, user, policy.ExchangeOnlineSignIn(), nil)
	assert.False(t, plan.Clear)
	assert.Empty(t, plan.Changes)
	require.Len(t, plan.NotLifted, 1)
	assert.Equal(t, entramfa.SourceAccount, plan.NotLifted[0].Source)
}

// An exclusion from what is off now lets the account go later, unpinned otherwise.
func TestExclusionsFromWhatIsOffArePinned(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	var p policy.Policy
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"Later","state":%q,"conditions":{"clientAppTypes":["all"],
		"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, policy.StateReportOnly), &p))
	_, err := tenant.AddPolicy(p)
	require.NoError(t, err)
	assert.Empty(t, planFor(t, tenant, user, exchangeFromOffice(), nil).Changes)
	assert.Equal(t, 2, creations(planFor(t, tenant, user, exchangeFromOffice(), &mfa.ExemptionOptions{AlsoReportOnly: true})))
}
