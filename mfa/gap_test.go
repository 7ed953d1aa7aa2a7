package mfa_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const defaultsPath = "/policies/identitySecurityDefaultsEnforcementPolicy"

// denied arranges that writes under a path are refused for good.
func denied(tenant *graphfake.Tenant, path string, after int) (lift func()) {
	return tenant.Fail(graphfake.Failure{Method: http.MethodPatch, Path: path, After: after, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
}

func TestSecurityDefaultsThatMayNotBeSwitchedOpenNoGap(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	lift := denied(w.tenant, defaultsPath, 0)
	result, err := w.apply(t.Context())
	require.ErrorIs(t, err, entramfa.ErrPermission)
	assert.NotContains(t, err.Error(), "NOT PROTECTED")
	assert.False(t, result.Unprotected)
	assert.True(t, w.protected(t))
	lift()
	w.undo(t)
}

func TestPoliciesThatMayNotBeChangedLeaveTheDefaultsOn(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	w.calls.act = func(method, path string, _, _ int) {
		if method == http.MethodPatch && strings.HasSuffix(path, defaultsPath) {
			w.tenant.ProtectedActions = true
		}
	}
	result, err := w.apply(t.Context())
	require.ErrorIs(t, err, entramfa.ErrPermission)
	assert.ErrorContains(t, err, "security defaults are on again")
	assert.False(t, result.Unprotected)
	assert.True(t, w.protected(t))
	w.calls.act, w.tenant.ProtectedActions = nil, false
	w.undo(t)
}

func TestTenantThatCanNotBeProtectedIsSaidLoudly(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	lifts := []func(){denied(w.tenant, "/identity/conditionalAccess/policies", 0), denied(w.tenant, defaultsPath, 1)}
	result, err := w.apply(t.Context())
	require.ErrorContains(t, err, "THE TENANT IS NOT PROTECTED")
	assert.True(t, result.Unprotected)
	assert.False(t, w.protected(t))
	for _, lift := range lifts {
		lift()
	}
	// The next run ends the gap before it writes anything else.
	w.calls.act = func(method, path string, _, _ int) {
		if strings.HasSuffix(path, "/authentication/requirements") && method == http.MethodPatch {
			assert.True(t, w.protected(t))
		}
	}
	result, err = w.apply(t.Context())
	require.NoError(t, err)
	assert.False(t, result.Unprotected)
	assert.True(t, w.protected(t))
	w.undo(t)
}

// fullDisk is a journal that takes a number of entries, and no more.
type fullDisk struct {
	mfa.Journal
	left int
}

var errFull = errors.New("no space left on device")

func (j *fullDisk) Append(e mfa.Entry) error {
	if j.left == 0 {
		return errFull
	}
	j.left--
	return j.Journal.Append(e)
}

func TestFullDiskLosesNothing(t *testing.T) {
	for name := range scenarios {
		t.Run(name, func(t *testing.T) {
			wanted, _, _ := undisturbed(t, name, 0)
			full := 0
			for n := 0; ; n++ {
				w := newTrial(t, name, 0)
				result, err := mfa.Apply(t.Context(), w.tenant, w.plan, &fullDisk{w.journal, n}, w.clock.options())
				w.sound(t, result, err)
				require.True(t, w.protected(t), "after %d entries", n)
				if err != nil {
					require.ErrorIs(t, err, errFull)
					full++
				}
				if n%2 == 0 {
					w.finish(t, wanted)
				}
				if entries, _ := w.journal.Entries(); len(entries) > 0 {
					w.undo(t)
				}
				w.journal.Close()
				if err == nil {
					break
				}
			}
			require.Greater(t, full, 10)
			t.Logf("%d full disks", full)
		})
	}
}

func TestCancelledAtEveryCall(t *testing.T) {
	for name := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted, reads, writes := undisturbed(t, name, 0)
			cancelled := 0
			for k := 0; k < reads+writes; k += 2 {
				w := newTrial(t, name, delays[k/2%len(delays)])
				ctx, cancel := context.WithCancel(t.Context())
				w.calls.act = func(string, string, int, int) {
					if w.calls.sum() == k+1 {
						cancel()
					}
				}
				result, err := w.apply(ctx)
				cancel()
				w.sound(t, result, err)
				require.True(t, w.protected(t), "call %d", k)
				if err != nil {
					cancelled++
				}
				w.calls.act = nil
				if k%4 == 0 {
					w.finish(t, wanted)
				}
				if entries, _ := w.journal.Entries(); len(entries) > 0 {
					w.undo(t)
				}
				w.journal.Close()
			}
			require.Greater(t, cancelled, 10)
			t.Logf("%d cancelled runs", cancelled)
		})
	}
}

func TestManagedPoliciesThatAppearAreNamed(t *testing.T) {
	for _, state := range []policy.State{policy.StateReportOnly, policy.StateEnabled} {
		t.Run(string(state), func(t *testing.T) {
			w := newTrial(t, "defaults", 0)
			w.tenant.ManagedPoliciesAppear, w.tenant.ManagedPolicyState = true, state
			result, err := w.apply(t.Context())
			require.NoError(t, err)
			assert.Len(t, result.Appeared, 4)
			require.NotNil(t, result.Report)
			assert.Equal(t, state == policy.StateEnabled, result.Report.Outcome != entramfa.Clear)
			_, err = w.rollback(t.Context())
			if state == policy.StateReportOnly {
				require.NoError(t, err)
				return
			}
			var refused *mfa.RefusedError
			require.ErrorAs(t, err, &refused)
			assert.True(t, refused.Has(mfa.GuardUnprotected), "%v", err)
			assert.ErrorContains(t, err, "Microsoft-managed: ")
			assert.True(t, w.protected(t))
		})
	}
}

func TestLicenceThatLapsesMidway(t *testing.T) {
	_, _, writes := undisturbed(t, "defaults", 0)
	refused := 0
	for k := range writes {
		w := newTrial(t, "defaults", 0)
		w.calls.act = func(_, _ string, _, write int) {
			if write == k {
				lapse(w.tenant)
			}
		}
		result, err := w.apply(t.Context())
		w.sound(t, result, err)
		require.True(t, w.protected(t), "write %d: %v", k, err)
		require.False(t, result.Unprotected, "write %d", k)
		if err != nil {
			refused++
			w.calls.act = nil
			w.undo(t)
		}
		w.journal.Close()
	}
	require.Greater(t, refused, 5)
}

// lapse replaces the tenant's products by ones that are not in force.
func lapse(tenant *graphfake.Tenant) {
	skus, _ := tenant.SubscribedSKUs(context.Background())
	for _, sku := range skus {
		sku.CapabilityStatus = "Suspended"
		tenant.AddSubscribedSKU(sku)
	}
}

func TestMaxPoliciesReachedMidway(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	w.tenant.MaxPolicies = 3
	_, err := w.apply(t.Context())
	var change *mfa.ChangeError
	require.ErrorAs(t, err, &change)
	assert.Equal(t, entramfa.CreatePolicy, change.Change.Kind)
	assert.True(t, w.protected(t))
	w.undo(t)
}

func TestEditorBeforeTheRead(t *testing.T) {
	edits := map[string]func(w *trial, id string) error{
		"another exclusion": func(w *trial, id string) error {
			p, err := w.tenant.Policy(context.Background(), id)
			if err == nil {
				users := append(append([]string{}, p.Conditions.Users.ExcludeUsers...), "88888888-0000-4000-8000-000000000001")
				_, err = w.tenant.UpdatePolicy(context.Background(), id, policy.Patch{ExcludeUsers: users})
			}
			return err
		},
		"deleted": func(w *trial, id string) error { return w.tenant.RemovePolicy(id) },
		"state": func(w *trial, id string) error {
			state := policy.StateDisabled
			_, err := w.tenant.UpdatePolicy(context.Background(), id, policy.Patch{State: &state})
			return err
		},
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			w := newTrial(t, "exclusions", 0)
			id := ""
			for _, c := range w.plan.Changes {
				if c.Kind == entramfa.ChangePolicy {
					id = c.TargetID // the last one
				}
			}
			hits := 0
			w.calls.act = func(method, path string, _, write int) {
				if write == 0 { // after the preflight, before the policy is read
					w.calls.act = nil
					hits++
					w.tenant.Before = nil
					require.NoError(t, edit(w, id))
					w.tenant.Before = w.calls.arrive
				}
			}
			edited := func() string {
				p, _ := w.tenant.Policy(t.Context(), id)
				return string(p.State) + strings.Join(excluded(p), ",")
			}
			_, err := w.apply(t.Context())
			require.Equal(t, 1, hits)
			was := edited()
			switch name {
			case "another exclusion":
				require.ErrorIs(t, err, entramfa.ErrConflict)
				assert.ErrorContains(t, err, "88888888-0000-4000-8000-000000000001")
				assert.Contains(t, was, "88888888-0000-4000-8000-000000000001")
			case "deleted":
				require.ErrorIs(t, err, entramfa.ErrNotFound)
			}
			_, err = w.rollback(t.Context())
			require.NoError(t, err, "the plan never wrote the policy")
		})
	}
}

func excluded(p policy.Policy) []string {
	if p.Conditions == nil || p.Conditions.Users == nil {
		return nil
	}
	return p.Conditions.Users.ExcludeUsers
}

func TestRollbackRefusesWhatSomebodyChangedSince(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	after := snapshot(t, w.tenant)
	id := w.plan.Changes[len(w.plan.Changes)-2].TargetID
	_, err = w.tenant.UpdatePolicy(t.Context(), id, policy.Patch{ExcludeUsers: []string{"88888888-0000-4000-8000-000000000001"}})
	require.NoError(t, err)
	edited := snapshot(t, w.tenant)
	require.NotEqual(t, after, edited)
	_, err = w.rollback(t.Context())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.ErrorContains(t, err, "88888888-0000-4000-8000-000000000001")
	assert.ErrorContains(t, err, w.user)
	assert.JSONEq(t, edited, snapshot(t, w.tenant), "nothing is undone")
}

func TestJournalCutAtEachByte(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	path := filepath.Join(t.TempDir(), "journal")
	journal, err := mfa.OpenJournal(path)
	require.NoError(t, err)
	for i := range 3 {
		require.NoError(t, journal.Append(mfa.Entry{Schema: mfa.JournalSchema, At: time.Unix(0, 0).UTC(), Kind: mfa.EntryIntent, PlanID: "p", ChangeID: string(rune('1' + i)), Error: "größer"}))
	}
	require.NoError(t, journal.Close())
	require.NoError(t, w.journal.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	cuts := 0
	for n := range len(text) + 1 {
		for _, tail := range []string{"", "\n", "\x00\x00"} {
			if tail == "\x00\x00" && n > 0 && text[n-1] == '}' {
				continue // an entry whole, and something behind it
			}
			require.NoError(t, os.WriteFile(path, append(bytes.Clone(text[:n]), tail...), 0o600))
			for range 2 {
				journal, err := mfa.OpenJournal(path)
				require.NoError(t, err, "%d bytes and %q", n, tail)
				entries, err := journal.Entries()
				require.NoError(t, err, "%d bytes and %q", n, tail)
				whole := 0
				for _, e := range entries {
					if e.Kind == mfa.EntryIntent {
						whole++
					}
				}
				least := bytes.Count(text[:n], []byte("\n"))
				require.True(t, whole == least || whole == least+1 && text[n-1] == '}', "%d bytes", n)
				require.NoError(t, journal.Append(mfa.Entry{Schema: mfa.JournalSchema, Kind: mfa.EntryGap}))
				require.NoError(t, journal.Close())
			}
			cuts++
		}
	}
	require.Greater(t, cuts, 300)
	t.Logf("%d cuts", cuts)
}

func TestJournalWithGarbage(t *testing.T) {
	const entry = `{"schema":"entramfa.journal/1","at":"2026-11-22T12:00:00Z","kind":"gap"}` + "\n"
	for name, text := range map[string]string{
		"line 2": entry + "garbage\n" + entry,
		"line 1": "hello",
		"line 3": entry + entry + `{"schema":"entramfa.journal/1","kind"` + "\n" + entry,
	} {
		path := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := mfa.OpenJournal(path)
		require.ErrorContains(t, err, name+" is no entry")
		left, _ := os.ReadFile(path)
		assert.Equal(t, text, string(left))
	}
}

func TestJournalOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	first, err := mfa.OpenJournal(path)
	require.NoError(t, err)
	_, err = mfa.OpenJournal(path)
	require.ErrorContains(t, err, "another process has it open")
	require.NoError(t, first.Close())
}

func TestPlanForAnotherTenant(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	w.plan.Tenant.ID = "11111111-2222-4333-8444-555555555555"
	_, err := w.apply(t.Context())
	require.ErrorContains(t, err, "it is for the tenant 11111111")
	assert.JSONEq(t, w.before, snapshot(t, w.tenant))
}
