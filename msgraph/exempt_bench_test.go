package msgraph_test

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// BenchmarkGap replaces the security defaults of a tenant that takes one call of
// Conditional Access a second, as the service does, in real time and 50 ms away: how
// long is the tenant without either, and how long does all of it take? One run takes
// a minute or more: -benchtime 1x.
func BenchmarkGap(b *testing.B) {
	for b.Loop() {
		result, took := replaceDefaults(b)
		b.ReportMetric(float64(result.Gap.Milliseconds()), "gap-ms")
		b.ReportMetric(float64(len(result.Changes)), "changes")
		b.ReportMetric(took.Seconds(), "apply-s")
	}
}

func replaceDefaults(b *testing.B) (mfa.Result, time.Duration) {
	tenant := &graphfake.Tenant{ThrottleConditionalAccess: true}
	yes, member, trusted := true, "Member", true
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service", AccountEnabled: &yes, UserType: &member})
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{CapabilityStatus: "Enabled", ServicePlans: []securitydefaults.ServicePlan{
		{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}}})
	tenant.AddNamedLocation(policy.NamedLocation{DisplayName: "Office", IsTrusted: &trusted, IPRanges: []policy.IPRange{
		{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "198.51.100.0/24"}}})
	require.NoError(b, tenant.SetSecurityDefaults(true))
	client := reach(b, tenant, 50*time.Millisecond, append(allPermissions(), msgraph.WritePermissions()...)...)
	profile := policy.ExchangeOnlineSignIn()
	profile.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}
	report, err := mfa.Check(b.Context(), client, user, &mfa.Options{Profile: &profile})
	require.NoError(b, err)
	plan, err := mfa.PlanExemption(report, nil)
	require.NoError(b, err)
	journal, err := mfa.OpenJournal(filepath.Join(b.TempDir(), "journal"))
	require.NoError(b, err)
	defer journal.Close()
	begun := time.Now()
	result, err := mfa.Apply(b.Context(), client, plan, journal, nil)
	require.NoError(b, err)
	return result, time.Since(begun)
}
