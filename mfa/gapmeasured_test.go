package mfa_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/mfa"
)

// gaps are the lengths that a journal holds.
func gaps(t *testing.T, journal mfa.Journal) (list []time.Duration) {
	entries, err := journal.Entries()
	require.NoError(t, err)
	for _, e := range entries {
		if e.Kind == mfa.EntryGap {
			list = append(list, time.Duration(e.GapMilliseconds)*time.Millisecond)
		}
	}
	return list
}

func TestTheWayBackHasItsGapInTheJournal(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	there, err := w.apply(t.Context())
	require.NoError(t, err)
	opts := w.clock.options()
	opts.Wait = func(ctx context.Context, d time.Duration) error { return w.clock.Wait(ctx, d) }
	w.calls.act = func(method, path string, _, _ int) {
		if method == http.MethodPatch {
			w.clock.now = w.clock.now.Add(300 * time.Millisecond)
		}
	}
	back, err := mfa.Rollback(t.Context(), w.tenant, w.journal, "", opts)
	require.NoError(t, err)
	require.Positive(t, back.Gap)
	assert.Equal(t, []time.Duration{there.Gap, back.Gap}, gaps(t, w.journal))
}

// A gap that was opened and could not be crossed is a gap, too.
func TestTheGapIsMeasuredThatIsPutBack(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	w.calls.act = func(method, path string, _, _ int) {
		if method == http.MethodPatch && strings.HasSuffix(path, defaultsPath) {
			w.tenant.ProtectedActions = true
		}
		if method == http.MethodPatch {
			w.clock.now = w.clock.now.Add(300 * time.Millisecond)
		}
	}
	result, err := w.apply(t.Context())
	require.ErrorContains(t, err, "security defaults are on again")
	assert.Positive(t, result.Gap)
	assert.Equal(t, []time.Duration{result.Gap}, gaps(t, w.journal))
}

// The process ended in the gap, and the next one came an hour later: that is how long
// nobody was protected, whichever way it goes on.
func TestTheGapIsMeasuredFromWhereTheProcessBeforeOpenedIt(t *testing.T) {
	for name, goOn := range map[string]func(*trial) (mfa.Result, error){
		"there": func(w *trial) (mfa.Result, error) { return w.apply(t.Context()) },
		"back":  func(w *trial) (mfa.Result, error) { return w.rollback(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newTrial(t, "defaults", 0)
			w.endedAt(t, true)
			require.False(t, w.protected(t))
			w.clock.now = w.clock.now.Add(time.Hour)
			result, err := goOn(w)
			require.NoError(t, err)
			require.True(t, w.protected(t))
			assert.GreaterOrEqual(t, result.Gap, time.Hour)
			assert.Less(t, result.Gap, time.Hour+5*time.Minute)
			assert.Equal(t, []time.Duration{result.Gap}, gaps(t, w.journal))
		})
	}
}

// While the policies stood in the place of the defaults there was no gap.
func TestTheGapIsNotMeasuredOverTheTimeInWhichThePoliciesProtected(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	w.clock.now = w.clock.now.Add(1000 * time.Hour)
	result, err := w.rollback(t.Context())
	require.NoError(t, err)
	assert.Less(t, result.Gap, 5*time.Minute)
}
