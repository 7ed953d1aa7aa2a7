package mfa_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// clock is the time of a test: waiting moves it.
type clock struct{ now time.Time }

func newClock() *clock          { return &clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }
func (c *clock) Now() time.Time { return c.now }
func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

func (c *clock) options() *mfa.ApplyOptions { return &mfa.ApplyOptions{Now: c.Now, Wait: c.Wait} }

// licensedTenant is newTenant with Entra ID P1 and a clock.
func licensedTenant(t testing.TB) (*graphfake.Tenant, string, *clock) {
	tenant, user, _ := newTenant(t)
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Enabled",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}},
	})
	time := newClock()
	tenant.Clock = time.Now
	return tenant, user, time
}

func journalAt(t testing.TB) *mfa.FileJournal {
	journal, err := mfa.OpenJournal(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	t.Cleanup(func() { journal.Close() })
	return journal
}

// exchangeFromOffice is how the account really signs in.
func exchangeFromOffice() policy.SignIn {
	s := policy.ExchangeOnlineSignIn()
	s.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}
	return s
}

func planFor(t testing.TB, tenant *graphfake.Tenant, user string, profile policy.SignIn, opts *mfa.ExemptionOptions) mfa.Plan {
	report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
	require.NoError(t, err)
	plan, err := mfa.PlanExemption(report, opts)
	require.NoError(t, err)
	return plan
}

func TestExemption(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	addPolicy(t, tenant, "Require MFA of admins", `{"includeRoles":["`+policy.GlobalAdministrator+`"]}`, "mfa")
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserEnforced))
	before := snapshot(t, tenant)

	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	assert.True(t, plan.Clear, "%+v", plan.NotLifted)
	text, err := json.MarshalIndent(plan, "", " ")
	require.NoError(t, err)
	t.Log(string(text))

	journal := journalAt(t)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	assert.Equal(t, entramfa.Clear, result.Report.Outcome, "%+v", result.Report.Findings)

	again := planFor(t, tenant, user, exchangeFromOffice(), nil)
	assert.Empty(t, again.Changes)
	verification, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
	require.NoError(t, err)
	t.Logf("%+v", verification)

	_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.JSONEq(t, before, snapshot(t, tenant))
}

// snapshot is the whole state but for the times that Graph alone sets.
func snapshot(_ testing.TB, tenant *graphfake.Tenant) string {
	return string(tenant.Snapshot("modifiedDateTime"))
}
