package mfa_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// hanging is a tenant whose policies can't be written once security defaults are off:
// the call hangs until its context ends, or as long as a client waits at most.
type hanging struct {
	*graphfake.Tenant
	off  bool
	took bool // the write that hangs is made all the same
}

func (h *hanging) UpdatePolicy(ctx context.Context, id string, patch policy.Patch) (entramfa.Receipt, error) {
	if !h.off {
		return h.Tenant.UpdatePolicy(ctx, id, patch)
	}
	if h.took {
		_, _ = h.Tenant.UpdatePolicy(ctx, id, patch)
	}
	ctx, cancel := context.WithTimeout(ctx, 100*time.Second)
	defer cancel()
	<-ctx.Done()
	return entramfa.Receipt{}, &entramfa.GraphError{Kind: entramfa.ErrUnavailable, Message: ctx.Err().Error()}
}

func (h *hanging) UpdateSecurityDefaults(ctx context.Context, on bool) (entramfa.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return entramfa.Receipt{}, err
	}
	h.off = h.off || !on
	return h.Tenant.UpdateSecurityDefaults(ctx, on)
}

// memory is a journal in memory.
type memory struct {
	entries []mfa.Entry
	before  func(mfa.Entry)
}

func (m *memory) Append(e mfa.Entry) error {
	if m.before != nil {
		m.before(e)
	}
	m.entries = append(m.entries, e)
	return nil
}

func (m *memory) Entries() ([]mfa.Entry, error) { return m.entries, nil }

// A service that hangs in the gap must not use up the time in which security defaults
// go on again.
func TestConditionalAccessThatHangsInTheGapLeavesTheDefaultsOn(t *testing.T) {
	for name, took := range map[string]bool{"and does nothing": false, "and does it": true} {
		t.Run(name, func(t *testing.T) {
			w := newTrial(t, "defaults", 0)
			synctest.Test(t, func(t *testing.T) {
				w.tenant.Clock = nil
				plan := planFor(t, w.tenant, w.user, exchangeFromOffice(), nil)
				began := time.Now()
				result, err := mfa.Apply(t.Context(), &hanging{Tenant: w.tenant, took: took}, plan, &memory{}, nil)
				require.ErrorContains(t, err, "no answer came within 20s")
				assert.False(t, result.Unprotected)
				assert.True(t, w.protected(t))
				assert.Less(t, time.Since(began), 3*time.Minute)
			})
		})
	}
}

// A refusal that no waiting cures must not leave the tenant bare while it is asked
// again.
func TestDefaultsRefusedForGoodGiveThePoliciesBackAtOnce(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	w.calls.act = func(method, path string, _, _ int) { // from the moment at which the policies are gone
		if method == http.MethodPatch && strings.HasSuffix(path, defaultsPath) && !w.protected(t) {
			w.calls.act = nil
			denied(w.tenant, defaultsPath, 0)
		}
	}
	var bare time.Duration
	opts := w.clock.options()
	opts.Wait = func(ctx context.Context, d time.Duration) error {
		if !w.protected(t) {
			bare += d
		}
		return w.clock.Wait(ctx, d)
	}
	result, err := mfa.Rollback(t.Context(), w.tenant, w.journal, "", opts)
	require.ErrorIs(t, err, entramfa.ErrPermission)
	assert.ErrorContains(t, err, "all 4 policies in their place are enabled")
	assert.False(t, result.Unprotected)
	assert.True(t, w.protected(t))
	assert.Less(t, bare, 5*time.Second)
}

// However short the caller's patience is: a service that is busy for a few seconds must
// not leave the tenant bare.
func TestShortSettleLeavesNoGapOpen(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	opts := w.clock.options()
	opts.Settle = time.Millisecond
	w.calls.act = func(method, path string, _, _ int) {
		if method == http.MethodPatch && strings.HasSuffix(path, defaultsPath) {
			w.calls.act = nil
			denied(w.tenant, "/identity/conditionalAccess/policies", 0)
			w.tenant.Fail(graphfake.Failure{Method: http.MethodPatch, Path: defaultsPath, After: 1, Times: 4, Err: &entramfa.GraphError{Status: http.StatusServiceUnavailable}})
		}
	}
	result, err := mfa.Apply(t.Context(), w.tenant, w.plan, w.journal, opts)
	require.ErrorIs(t, err, entramfa.ErrPermission)
	assert.False(t, result.Unprotected)
	assert.True(t, w.protected(t))
}

// Where nothing can be put back, a replica that still shows the defaults on is no
// reason to call the tenant protected.
func TestTenantThatOnlyALateReplicaShowsProtected(t *testing.T) {
	w := newTrial(t, "defaults", 10*time.Second)
	denied(w.tenant, defaultsPath, 1)
	w.calls.act = func(method, path string, _, _ int) {
		if method == http.MethodPatch && strings.HasSuffix(path, defaultsPath) {
			w.calls.act = nil
			denied(w.tenant, "/identity/conditionalAccess/policies", 0)
		}
	}
	result, err := w.apply(t.Context())
	require.ErrorContains(t, err, "THE TENANT IS NOT PROTECTED")
	assert.True(t, result.Unprotected)
	assert.False(t, w.protected(t))
}

// Who may not switch the defaults on is told so before a policy is taken away.
func TestDefaultsThatMayNotBeSwitchedTakeNoPolicyAway(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	lift := denied(w.tenant, defaultsPath, 0)
	w.calls.act = func(method, path string, _, _ int) {
		assert.True(t, w.protected(t), "%s %s", method, path)
	}
	result, err := w.rollback(t.Context())
	require.ErrorIs(t, err, entramfa.ErrPermission)
	assert.ErrorContains(t, err, "nothing was undone of it")
	assert.False(t, result.Unprotected)
	lift()
	w.calls.act = nil
	w.undo(t)
}

// A journal that hangs or panics must not hold the gap open.
func TestNothingIsNotedWhileNobodyIsProtected(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	var noted []mfa.EntryKind
	journal := &memory{before: func(e mfa.Entry) {
		if !w.protected(t) {
			noted = append(noted, e.Kind)
		}
	}}
	w.calls.act = func(method, path string, _, _ int) {
		if method == http.MethodPatch && strings.HasSuffix(path, defaultsPath) {
			w.tenant.ProtectedActions = true
		}
	}
	_, err := mfa.Apply(t.Context(), w.tenant, w.plan, journal, w.clock.options())
	require.ErrorIs(t, err, entramfa.ErrPermission)
	w.tenant.ProtectedActions, w.calls.act = false, nil
	_, err = mfa.Apply(t.Context(), w.tenant, w.plan, journal, w.clock.options())
	require.NoError(t, err)
	_, err = mfa.Rollback(t.Context(), w.tenant, journal, "", w.clock.options())
	require.NoError(t, err)
	assert.Empty(t, noted)
}
