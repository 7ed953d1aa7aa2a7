package mfa_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

func changeOf(plan mfa.Plan, kind entramfa.ChangeKind) entramfa.Change {
	return plan.Changes[slices.IndexFunc(plan.Changes, func(c entramfa.Change) bool { return c.Kind == kind })]
}

// After a rollback was begun Apply refuses: an error must not send there.
func TestErrorOfTheWayBackSendsToTheWayBack(t *testing.T) {
	for name := range scenarios {
		w := newTrial(t, name, 0)
		_, err := w.apply(t.Context())
		require.NoError(t, err)
		lift := w.tenant.Fail(graphfake.Failure{Method: http.MethodDelete, Path: "/identity/conditionalAccess/policies", Err: &entramfa.GraphError{Status: http.StatusForbidden}})
		_, err = w.rollback(t.Context())
		if name == "exclusions" {
			require.ErrorIs(t, err, entramfa.ErrPermission)
			assert.NotContains(t, err.Error(), "apply the plan again")
			assert.ErrorContains(t, err, "roll back again to go on")
		}
		lift()
		w.undo(t)
	}
}

func TestRollbackOfAnotherTenantSpeaksOfRollingBack(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	entries, err := w.journal.Entries()
	require.NoError(t, err)
	entries[0].Plan.Tenant.ID = "11111111-2222-4333-8444-555555555555"
	_, err = mfa.Rollback(t.Context(), w.tenant, &memory{entries: entries}, "", w.clock.options())
	require.ErrorContains(t, err, "it is for the tenant")
	assert.NotContains(t, err.Error(), "apply")
}

func TestApplyAfterARollbackSaysTheWayOn(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	w.undo(t)
	_, err = w.apply(t.Context())
	require.ErrorContains(t, err, "it was rolled back: check and plan again")
	assert.ErrorContains(t, err, "with another journal")
	_, err = mfa.Apply(t.Context(), w.tenant, w.plan, journalAt(t), w.clock.options())
	assert.NoError(t, err, "as it says")
}

// Each step back is told before and after it.
func TestProgressOfTheWayBack(t *testing.T) {
	for name := range scenarios {
		w := newTrial(t, name, 0)
		_, err := w.apply(t.Context())
		require.NoError(t, err)
		told := map[string][]mfa.Stage{}
		opts := w.clock.options()
		opts.Progress = func(p mfa.Progress) { told[p.Change.ID] = append(told[p.Change.ID], p.Stage) }
		_, err = mfa.Rollback(t.Context(), w.tenant, w.journal, "", opts)
		require.NoError(t, err)
		for _, c := range w.plan.Changes {
			assert.Equal(t, []mfa.Stage{mfa.StageUndoing, mfa.StageUndone}, told[c.ID], "%s: %s", name, c)
		}
	}
}

// What somebody else made of it is told as what it is: nothing was so "when the plan was made".
func TestWhatMovedOnTheWayBackIsToldRight(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	id := changeOf(w.plan, entramfa.ChangePolicy).TargetID
	hits := 0
	w.calls.act = func(method, path string, read, write int) {
		if method != http.MethodGet && hits == 0 { // after the look at everything
			hits++
			w.tenant.Before = nil
			_, err := w.tenant.UpdatePolicy(t.Context(), id, policy.Patch{ExcludeUsers: []string{"88888888-0000-4000-8000-000000000001"}})
			require.NoError(t, err)
			w.tenant.Before = w.calls.arrive
		}
	}
	_, err = w.rollback(t.Context())
	require.ErrorIs(t, err, entramfa.ErrConflict, fmt.Sprint(hits))
	assert.NotContains(t, err.Error(), "when the plan was made")
	assert.ErrorContains(t, err, "88888888-0000-4000-8000-000000000001")
}

// A refusal says what can be done: what was created has no value of before.
func TestRollbackThatIsRefusedForAReplacementSaysTheWay(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, narrow(t, w.tenant, "Require MFA for all users", additions["a platform"]))
	before := snapshot(t, w.tenant)
	_, err = w.rollback(t.Context())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardStale))
	assert.ErrorContains(t, err, "delete it by hand, or put it back")
	assert.NotContains(t, err.Error(), "by hand to null")
	assert.ErrorContains(t, err, "windowsPhone")
	assert.Equal(t, before, snapshot(t, w.tenant))
	assert.True(t, w.protected(t))
}
