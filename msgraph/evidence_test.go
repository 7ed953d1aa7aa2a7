package msgraph_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/securitydefaults"
)

// What a password grant is refused with stands in the sign-in log, both over HTTP.
func TestPasswordGrantIsFoundInTheSignInLog(t *testing.T) {
	tenant := signInTenant(t)
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{CapabilityStatus: "Enabled", ServicePlans: []securitydefaults.ServicePlan{
		{ServicePlanID: "41781fb2-bc02-4b7c-bd55-b576c07bb09d", ProvisioningStatus: "Success"},
	}})
	g, _ := granter(t, tenant, tenant.ID(), msgraph.PasswordGrantOptions{ClientID: mfa.AzureCLI})
	answer, err := g.PasswordGrant(t.Context(), grantOf("mfa@contoso.com"))
	require.NoError(t, err)
	require.Equal(t, 400, answer.Status)

	reader := reach(t, tenant, 0, "User.Read.All", "AuditLog.Read.All", "Policy.Read.All")
	user, err := reader.User(t.Context(), "mfa@contoso.com")
	require.NoError(t, err)
	var found []mfa.SignInRecord
	for _, nonInteractive := range []bool{false, true} {
		query := mfa.SignInQuery{UserID: user.ID, Since: time.Now().Add(-time.Hour), NonInteractive: nonInteractive}
		for r, err := range reader.SignInLog(t.Context(), query) {
			require.NoError(t, err)
			found = append(found, r)
		}
	}
	require.Len(t, found, 1)
	assert.Equal(t, 50079, found[0].Status.ErrorCode)
	assert.Equal(t, mfa.AzureCLI, found[0].AppID)
	assert.Equal(t, "multiFactorAuthentication", found[0].AuthenticationRequirement)
}

func TestSignInLogWithoutALicence(t *testing.T) {
	tenant := signInTenant(t)
	reader := reach(t, tenant, 0, "AuditLog.Read.All")
	var last error
	for _, err := range reader.SignInLog(t.Context(), mfa.SignInQuery{UserID: userID}) {
		last = err
	}
	require.ErrorIs(t, last, entramfa.ErrLicense)
}
