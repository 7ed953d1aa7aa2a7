package mfa_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
)

// Whatever fails on the way back, the tenant is protected or it is said that it isn't,
// and a later run restores everything.
func TestFaultsOfTheWayBack(t *testing.T) {
	begin := func() *trial {
		w := newTrial(t, "defaults", 0)
		_, err := w.apply(t.Context())
		require.NoError(t, err)
		w.clock.now = w.clock.now.Add(time.Hour)
		w.calls.writes = 0
		return w
	}
	w := begin()
	w.undo(t)
	met, ended := 0, 0
	for i, f := range []fault{
		{"503", graphfake.Failure{Err: &entramfa.GraphError{Status: 503}}},
		{"time-out after the write", graphfake.Failure{Err: &entramfa.GraphError{Status: 504}, Applied: true}},
		{"403", graphfake.Failure{Err: &entramfa.GraphError{Status: 403}}},
	} {
		for k := range w.calls.writes {
			w := begin()
			f.Times = (i + k) % 2 // 0 is for good
			where := fmt.Sprintf("%s, write %d, %d times", f.name, k, f.Times)
			lift := w.at(k, true, f.Failure)
			result, err := w.rollback(t.Context())
			if !w.protected(t) {
				require.True(t, result.Unprotected, where)
				require.ErrorContains(t, err, "THE TENANT IS NOT PROTECTED", where)
			}
			lift()
			if err != nil {
				ended++
			}
			w.undo(t)
			w.journal.Close()
			met++
		}
	}
	require.Greater(t, ended, 5)
	t.Logf("%d faults, of which %d ended the run", met, ended)
}

// A program that survives a panic of its reader, as a web server does, can go on.
func TestAReaderThatPanicsKeepsNoLock(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	w.calls.act = func(string, string, int, int) { panic("in a reader") }
	assert.Panics(t, func() { _, _ = w.apply(t.Context()) })
	w.calls.act = nil
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := w.apply(ctx)
	assert.NoError(t, err)
}
