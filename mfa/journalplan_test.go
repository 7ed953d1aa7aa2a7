package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// TestJournalPlan takes the plan that is named, else the last that is not rolled back,
// else the last.
func TestJournalPlan(t *testing.T) {
	journal := journalAt(t)
	note := func(kind mfa.EntryKind, id string) {
		e := mfa.Entry{Schema: mfa.JournalSchema, Kind: kind, PlanID: id}
		if kind == mfa.EntryBegin {
			e.Plan = &mfa.Plan{ID: id}
		}
		require.NoError(t, journal.Append(e))
	}
	held := func(id string) string {
		plan, err := mfa.JournalPlan(journal, id)
		require.NoError(t, err)
		return plan.ID
	}
	_, err := mfa.JournalPlan(journal, "")
	assert.ErrorIs(t, err, entramfa.ErrNotFound)

	note(mfa.EntryBegin, "one")
	note(mfa.EntryBegin, "two")
	assert.Equal(t, "two", held(""))
	assert.Equal(t, "one", held("one"))
	note(mfa.EntryRolledBack, "two")
	assert.Equal(t, "one", held(""))
	assert.Equal(t, "two", held("two"))
	note(mfa.EntryRolledBack, "one")
	assert.Equal(t, "two", held(""))
	_, err = mfa.JournalPlan(journal, "three")
	assert.ErrorIs(t, err, entramfa.ErrNotFound)
}

func TestAPlanIsTakenFromNoOtherPlaceThanAJournal(t *testing.T) {
	_, err := mfa.JournalPlan(nil, "")
	assert.ErrorContains(t, err, "a journal is needed")
	_, err = mfa.Resume(t.Context(), nil, nil, "", nil)
	assert.ErrorContains(t, err, "resume a plan: a journal is needed")
	_, err = mfa.Rollback(t.Context(), nil, nil, "", nil)
	assert.ErrorContains(t, err, "roll back: a journal is needed")
}
