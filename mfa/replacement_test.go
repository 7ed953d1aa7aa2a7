package mfa_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// defaultsTenant has security defaults on, P1, and a trusted office.
func defaultsTenant(t testing.TB) (*graphfake.Tenant, string, *clock) {
	tenant, user, time := licensedTenant(t)
	trusted := true
	tenant.AddNamedLocation(policy.NamedLocation{
		Type: policy.IPNamedLocation, DisplayName: "Office", IsTrusted: &trusted,
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/24"}},
	})
	require.NoError(t, tenant.SetSecurityDefaults(true))
	return tenant, user, time
}

func kinds(plan mfa.Plan) []entramfa.ChangeKind {
	var list []entramfa.ChangeKind
	for _, c := range plan.Changes {
		list = append(list, c.Kind)
	}
	return list
}

func TestSecurityDefaultsAreReplaced(t *testing.T) {
	tenant, user, time := defaultsTenant(t)
	before := snapshot(t, tenant)
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	require.True(t, plan.Clear, "%+v", plan.NotLifted)
	create, change := entramfa.CreatePolicy, entramfa.ChangePolicy
	assert.Equal(t, []entramfa.ChangeKind{
		entramfa.CreateNamedLocation, create, create, // the pins
		create, create, create, create, create, // in the place of the defaults
		entramfa.ChangeSecurityDefaults,
		change, change, change, change, change, change, change,
	}, kinds(plan))
	assert.Equal(t, "9", plan.Gap.From)
	assert.Equal(t, "14", plan.Gap.To)
	assert.False(t, plan.Others.Untouched)

	var switched []string
	tenant.Before = func(method, path string) {
		if method == "PATCH" {
			switched = append(switched, method+" "+path)
		}
	}
	journal := journalAt(t)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	assert.Equal(t, entramfa.Clear, result.Report.Outcome)
	assert.Empty(t, result.Appeared)
	require.Len(t, switched, 8, "%v", switched)
	assert.Contains(t, switched[0], "identitySecurityDefaults", "nothing else is written between")
	tenant.Before = nil

	_, err = mfa.Rollback(t.Context(), tenant, journal, plan.ID, time.options())
	require.NoError(t, err)
	assert.Equal(t, before, snapshot(t, tenant))
}

func TestGapThatFailsIsClosed(t *testing.T) {
	for failing := range 6 {
		tenant, user, time := defaultsTenant(t)
		plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
		journal := journalAt(t)
		denied := &entramfa.GraphError{Status: 403, Code: "AccessDenied", Kind: entramfa.ErrPermission}
		path := "/policies/identitySecurityDefaults"
		if failing > 0 {
			path = "/identity/conditionalAccess/policies"
		}
		undo := tenant.Fail(graphfake.Failure{Method: "PATCH", Path: path, After: max(failing-1, 0), Times: 1, Err: denied})
		result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
		undo()
		var failed *mfa.ChangeError
		require.True(t, errors.As(err, &failed), "%d: %v", failing, err)
		assert.ErrorIs(t, err, entramfa.ErrPermission)
		assert.False(t, result.Unprotected)
		defaults, err := tenant.SecurityDefaults(t.Context())
		require.NoError(t, err)
		assert.True(t, *defaults.IsEnabled, "%d: the tenant is protected again", failing)

		result, err = mfa.Apply(t.Context(), tenant, plan, journal, time.options())
		require.NoError(t, err, "%d: applied again", failing)
		assert.Equal(t, entramfa.Clear, result.Report.Outcome)
	}
}

func TestTenantWithoutALicenceIsNotLeftBare(t *testing.T) {
	tenant, user, _ := newTenant(t)
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{SKUPartNumber: "EXCHANGESTANDARD", CapabilityStatus: "Enabled"})
	require.NoError(t, tenant.SetSecurityDefaults(true))
	profile := exchangeFromOffice()
	report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
	require.NoError(t, err)
	_, err = mfa.PlanExemption(report, &mfa.ExemptionOptions{SkipCompensation: true})
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardUnprotected))
	assert.ErrorContains(t, err, "app registration")
	assert.ErrorContains(t, err, "per-user MFA")
	assert.ErrorContains(t, err, "AllowUnprotectedTenant")

	plan, err := mfa.PlanExemption(report, &mfa.ExemptionOptions{SkipCompensation: true, AllowUnprotectedTenant: true})
	require.NoError(t, err)
	assert.Equal(t, []entramfa.ChangeKind{entramfa.ChangeSecurityDefaults}, kinds(plan))
	assert.Contains(t, strings.Join(plan.Notes, "\n"), "NOBODY")
}

// Microsoft adds its policies when the defaults go off; a plan that stopped after
// that goes on all the same, and says which appeared.
func TestPlanGoesOnBesideManagedPoliciesThatAppeared(t *testing.T) {
	tenant, user, time := defaultsTenant(t)
	tenant.ManagedPoliciesAppear = true
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	journal := journalAt(t)
	denied := &entramfa.GraphError{Status: 403, Code: "AccessDenied", Kind: entramfa.ErrPermission}
	undo := tenant.Fail(graphfake.Failure{Method: "PATCH", Path: "/identity/conditionalAccess/policies", After: 5, Err: denied})
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.ErrorIs(t, err, entramfa.ErrPermission, "the pins can't be enabled")
	undo()
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	assert.Len(t, result.Appeared, 4)

	addPolicy(t, tenant, "Somebody's", `{"includeUsers":["None"]}`, "mfa")
	verification, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
	require.NoError(t, err)
	assert.Len(t, verification.Appeared, 5)
}

func TestRollbackOfAPolicyThatIsGone(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserEnabled))
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	require.NoError(t, tenant.RemovePolicy(id))
	result, err := mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	require.Len(t, result.NotUndone, 1)
	assert.Contains(t, result.NotUndone[0], `"Require MFA" was deleted`)
	state, err := tenant.Requirements(t.Context(), user)
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserEnabled, state.PerUserMFAState, "the rest is undone")
}
