package tenants_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/graphfake/tenants"
	"github.com/entramfa/entramfa/internal/conformance"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

var all = map[string]func() *graphfake.Tenant{
	"Fresh": tenants.Fresh, "SmallBusiness": tenants.SmallBusiness, "Enterprise": tenants.Enterprise, "Partner": tenants.Partner,
	"Hybrid": tenants.Hybrid, "Broken": tenants.Broken, "Lapsed": tenants.Lapsed, "Legacy": tenants.Legacy,
}

// What the documentation of each tenant says of the service account.
func TestServiceAccount(t *testing.T) {
	inside := netip.MustParsePrefix("203.0.113.0/28")
	for name, want := range map[string]struct {
		outcome entramfa.Outcome
		extent  entramfa.Extent
		from    []netip.Prefix
	}{
		"Fresh":         {entramfa.MFA, entramfa.Sometimes, nil},
		"SmallBusiness": {entramfa.Clear, entramfa.Never, nil},
		"Enterprise":    {entramfa.Clear, entramfa.Never, []netip.Prefix{inside}},
		"Partner":       {entramfa.Clear, entramfa.Never, nil},
		"Hybrid":        {entramfa.MFA, entramfa.Always, nil},
		"Broken":        {entramfa.Unknown, entramfa.Sometimes, nil},
		"Lapsed":        {entramfa.MFA, entramfa.Always, nil},
		"Legacy":        {entramfa.MFA, entramfa.Always, nil},
	} {
		t.Run(name, func(t *testing.T) {
			profile := policy.PasswordSignIn()
			profile.Addresses, profile.Countries = want.from, []string{"NL"}
			report, err := mfa.Check(t.Context(), all[name](), tenants.Service, &mfa.Options{Profile: &profile})
			require.NoError(t, err)
			assert.Equal(t, want.outcome.String(), report.Outcome.String())
			if want.outcome != entramfa.Unknown {
				assert.Equal(t, want.extent.String(), report.Extent.String())
			}
		})
	}
}

func TestEnterpriseHasSixtyPolicies(t *testing.T) {
	tenant := tenants.Enterprise()
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	assert.Len(t, list.Policies, 60)
	groups, err := tenant.TransitiveMemberOf(t.Context(), "Developers3@contoso.example")
	require.NoError(t, err)
	assert.Len(t, groups, 6)
}

// A fixture is the same in every run.
func TestTenantsAreTheSameEachTime(t *testing.T) {
	for name, tenant := range all {
		assert.Equal(t, string(tenant().Snapshot("createdDateTime")), string(tenant().Snapshot("createdDateTime")), name)
	}
}

func TestTenantsKeepOverAFile(t *testing.T) {
	for name, tenant := range all {
		var file bytes.Buffer
		before := tenant()
		require.NoError(t, before.WriteState(&file), name)
		after, err := graphfake.ReadState(&file)
		require.NoError(t, err, name)
		assert.Equal(t, string(before.Snapshot()), string(after.Snapshot()), name)
	}
}

// Check, the token endpoint and the sign-in log agree about every account. Agreement
// gives each a password in the cloud, which a federated one of Hybrid has not.
func TestTenantsAgree(t *testing.T) {
	met := map[entramfa.Outcome]int{}
	for name, tenant := range all {
		if name == "Hybrid" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for outcome, n := range conformance.Agreement(t, tenant()) {
				met[outcome] += n
			}
		})
	}
	for _, outcome := range []entramfa.Outcome{entramfa.Clear, entramfa.MFA, entramfa.Blocked, entramfa.Unknown} {
		assert.Positive(t, met[outcome], outcome.String())
	}
}
