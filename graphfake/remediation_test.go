package graphfake_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// slowTenant shows a write after seconds, and has an account.
func slowTenant() (tenant *graphfake.Tenant, account string) {
	tenant = &graphfake.Tenant{ReplicationDelay: 7 * time.Second}
	return tenant, tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Connector"})
}

// The changes of one thing each wait until a slow tenant shows them, and are undone.
func TestSingleChangesOnASlowTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, account := slowTenant()
		require.NoError(t, tenant.SetPerUserState(account, mfa.PerUserEnforced))
		id, err := tenant.AddPolicy(policy.Policy{
			DisplayName: "MFA for all", State: policy.StateEnabled,
			Conditions: &policy.Conditions{
				ClientAppTypes: []string{"all"}, Applications: &policy.Applications{IncludeApplications: []string{"All"}},
				Users: &policy.Users{IncludeUsers: []string{"All"}},
			},
			GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
		})
		require.NoError(t, err)
		before := verdict(t, tenant, account)
		assert.Equal(t, entramfa.MFA, before)

		excluded, err := policy.Exclude(t.Context(), tenant, id, account)
		require.NoError(t, err)
		assert.Equal(t, id, excluded.TargetID)
		_, err = mfa.SetPerUserState(t.Context(), tenant, account, mfa.PerUserDisabled)
		require.NoError(t, err)
		assert.Equal(t, entramfa.Clear, verdict(t, tenant, account), "what was written shows when the change returns")

		_, err = policy.Include(t.Context(), tenant, id, account)
		require.NoError(t, err)
		_, err = mfa.SetPerUserState(t.Context(), tenant, account, mfa.PerUserEnforced)
		require.NoError(t, err)
		assert.Equal(t, before, verdict(t, tenant, account))
	})
}

func verdict(t *testing.T, tenant *graphfake.Tenant, account string) entramfa.Outcome {
	t.Helper()
	report, err := mfa.Check(t.Context(), tenant, account, nil)
	require.NoError(t, err)
	return report.Outcome
}

// The replacements and the pins are policies that the service takes: in report-only
// beside security defaults, enabled once these are off.
func TestReplacementsAndPinsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, account := slowTenant()
		require.NoError(t, tenant.SetSecurityDefaults(true))
		var roles []string
		for _, role := range securitydefaults.Administrators() {
			roles = append(roles, role.TemplateID)
		}
		policies, err := policy.SecurityDefaultsReplacements(roles, account)
		require.NoError(t, err)
		registration, err := policy.SecuredRegistration(account)
		require.NoError(t, err)
		policies = append(policies, registration)
		location, err := policy.PinLocation("Connector", []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("2001:db8::/64")})
		require.NoError(t, err)
		location, _, err = tenant.CreateNamedLocation(t.Context(), location)
		require.NoError(t, err)
		places, err := policy.PinToAddresses(account, "Connector: places", location.ID, policy.StateReportOnly)
		require.NoError(t, err)
		apps, _, err := policy.PinToApplications(account, "Connector: applications", policy.AzureCLISignIn().Applications, policy.StateReportOnly)
		require.NoError(t, err)

		time.Sleep(10 * time.Second)
		var created []policy.Policy
		for _, p := range append(policies, places, apps) {
			stored, _, err := tenant.CreatePolicy(t.Context(), p)
			require.NoError(t, err, p.DisplayName)
			created = append(created, stored)
		}
		on := policy.StateEnabled
		_, err = tenant.UpdatePolicy(t.Context(), created[0].ID, policy.Patch{State: &on})
		require.Error(t, err, "security defaults are on")
		_, err = securitydefaults.Disable(t.Context(), tenant)
		require.NoError(t, err)
		for _, p := range created {
			_, err = tenant.UpdatePolicy(t.Context(), p.ID, policy.Patch{State: &on})
			require.NoError(t, err, p.DisplayName)
		}
		_, err = securitydefaults.Enable(t.Context(), tenant)
		assert.Error(t, err, "policies are enabled")
	})
}
