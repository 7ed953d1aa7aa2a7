package mfa_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/mfa"
)

// endedAt runs a plan until right before a write of the defaults, or after it.
func (w *trial) endedAt(t *testing.T, after bool) {
	w.calls.act = func(method, path string, _, _ int) {
		written := method == http.MethodPatch && strings.HasSuffix(path, defaultsPath)
		if written && !after || after && !w.protected(t) && method == http.MethodPatch {
			panic("killed")
		}
	}
	assert.PanicsWithValue(t, "killed", func() { _, _ = w.apply(t.Context()) })
	w.calls.act = nil
}

// asTheAccount lets the account itself go on, which the guards refuse.
func (w *trial) asTheAccount() {
	w.tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: w.user, Name: "svc@contoso.com", TenantID: w.tenant.ID()}
}

// Where the process ended before the defaults went off nobody is without protection,
// so that the guards are asked as ever.
func TestResumeWithDefaultsThatAreOnAsksTheGuards(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	w.endedAt(t, false)
	caller := w.tenant.Caller
	w.asTheAccount()
	w.calls.act = func(method, path string, _, _ int) {
		assert.False(t, method == http.MethodPatch, path)
	}
	_, err := w.apply(t.Context())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.False(t, refused.GapClosed)
	assert.ErrorContains(t, err, "nothing was changed")
	w.calls.act, w.tenant.Caller = nil, caller
	wanted, _, _ := undisturbed(t, "defaults", 0)
	w.finish(t, wanted)
}

// Where they are off the gap is closed first, and a refusal doesn't hide it. Nothing is
// noted while it is open.
func TestResumeInTheGapClosesItAndSaysSo(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	w.endedAt(t, true)
	require.False(t, w.protected(t))
	w.asTheAccount()
	entries, err := w.journal.Entries()
	require.NoError(t, err)
	journal := &memory{entries: entries, before: func(e mfa.Entry) { assert.True(t, w.protected(t), "%s", e.Kind) }}
	_, err = mfa.Apply(t.Context(), w.tenant, w.plan, journal, w.clock.options())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.GapClosed)
	assert.ErrorContains(t, err, "was closed, and nothing else was changed")
	assert.True(t, w.protected(t))
}

// The machine before this one was six hours ahead.
func TestClockThatWasAheadIsNotWaitedFor(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	w.calls.act = func(_, _ string, _, write int) {
		if write == 0 {
			panic("killed")
		}
	}
	ahead := w.clock.options()
	ahead.Now = func() time.Time { return w.clock.now.Add(6 * time.Hour) }
	assert.PanicsWithValue(t, "killed", func() { _, _ = mfa.Apply(t.Context(), w.tenant, w.plan, w.journal, ahead) })
	w.calls.act = nil
	began := w.clock.now
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	assert.Less(t, w.clock.now.Sub(began), 5*time.Minute)
}
