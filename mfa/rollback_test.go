package mfa_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// What the plan made of the account is gone with it; all else is undone.
func TestRollbackAfterTheAccountWasDeleted(t *testing.T) {
	for name, left := range map[string]int{"exclusions": 2, "defaults": 1} {
		t.Run(name, func(t *testing.T) {
			w := newTrial(t, name, 0)
			_, err := w.apply(t.Context())
			require.NoError(t, err)
			require.NoError(t, w.tenant.Delete(w.user))
			result, err := w.rollback(t.Context())
			require.NoError(t, err)
			assert.Len(t, result.NotUndone, left, "%v", result.NotUndone)
			for _, text := range result.NotUndone {
				assert.Contains(t, text, "was deleted since")
			}
			assert.NotContains(t, snapshot(t, w.tenant), "(plan 01234567)")
			for _, c := range w.plan.Changes {
				if p, err := w.tenant.Policy(t.Context(), c.TargetID); err == nil {
					assert.NotContains(t, excluded(p), w.user)
				}
			}
			_, err = w.rollback(t.Context())
			assert.NoError(t, err)
		})
	}
}

// lateView shows one policy as it was, for a while.
type lateView struct {
	*graphfake.Tenant
	old   policy.Policy
	until time.Time
	now   func() time.Time
}

func (l *lateView) Policy(ctx context.Context, id string) (policy.Policy, error) {
	if id == l.old.ID && l.now().Before(l.until) {
		return l.old, nil
	}
	return l.Tenant.Policy(ctx, id)
}

// A replica that is late must not make Rollback believe that there is nothing to undo.
func TestRollbackThroughALateReplica(t *testing.T) {
	for name, late := range map[string]time.Duration{"within the time to settle": 20 * time.Second, "longer": time.Hour} {
		t.Run(name, func(t *testing.T) {
			tenant, user, clock := licensedTenant(t)
			id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
			old, err := tenant.Policy(t.Context(), id)
			require.NoError(t, err)
			plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
			journal := journalAt(t)
			_, err = mfa.Apply(t.Context(), tenant, plan, journal, clock.options())
			require.NoError(t, err)
			view := &lateView{tenant, old, clock.now.Add(late), clock.Now}
			_, err = mfa.Rollback(t.Context(), view, journal, "", clock.options())
			require.NoError(t, err)
			p, err := tenant.Policy(t.Context(), id)
			require.NoError(t, err)
			assert.NotContains(t, excluded(p), user)
		})
	}
}

// What shows again after it was undone is no success.
func TestRollbackReadsEverythingOnceMore(t *testing.T) {
	tenant, user, clock := licensedTenant(t)
	first := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, clock.options())
	require.NoError(t, err)
	made, err := tenant.Policy(t.Context(), first)
	require.NoError(t, err)
	deleted := false
	tenant.Before = func(method, _ string) {
		if method == http.MethodDelete && !deleted { // the last writes are those that delete what the plan created
			deleted = true
			tenant.Before = nil
			_, err := tenant.UpdatePolicy(t.Context(), first, policy.Patch{ExcludeUsers: excluded(made)})
			require.NoError(t, err)
		}
	}
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", clock.options())
	require.True(t, deleted)
	require.ErrorContains(t, err, "it was undone, and read once more")
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", clock.options())
	require.NoError(t, err)
	p, err := tenant.Policy(t.Context(), first)
	require.NoError(t, err)
	assert.NotContains(t, excluded(p), user)
}

// Without an id it is the last plan that is not rolled back.
func TestRollbackWithoutAnIDTakesTheLastPlanThatStands(t *testing.T) {
	tenant, user, clock := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	before := snapshot(t, tenant)
	journal := journalAt(t)
	first := planFor(t, tenant, user, exchangeFromOffice(), nil)
	_, err := mfa.Apply(t.Context(), tenant, first, journal, clock.options())
	require.NoError(t, err)
	later := addPolicy(t, tenant, "Require MFA again", `{"includeUsers":["All"]}`, "mfa")
	second := planFor(t, tenant, user, exchangeFromOffice(), nil)
	_, err = mfa.Apply(t.Context(), tenant, second, journal, clock.options())
	require.NoError(t, err)
	for _, id := range []string{second.ID, first.ID, second.ID} { // and then none stands
		result, err := mfa.Rollback(t.Context(), tenant, journal, "", clock.options())
		require.NoError(t, err)
		assert.Equal(t, id, result.PlanID)
	}
	require.NoError(t, tenant.RemovePolicy(later))
	assert.JSONEq(t, before, snapshot(t, tenant))
}
