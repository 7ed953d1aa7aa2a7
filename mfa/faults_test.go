package mfa_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// trial is one plan for one tenant, with a journal and a clock of its own.
type trial struct {
	tenant  *graphfake.Tenant
	user    string
	clock   *clock
	plan    mfa.Plan
	journal *mfa.FileJournal
	before  string
	calls   calls
}

// calls counts the calls that a tenant serves, and acts before one of them.
type calls struct {
	mu            sync.Mutex // a check makes its reads at once
	reads, writes int
	act           func(method, path string, read, write int)
}

func (c *calls) arrive(method, path string) {
	c.mu.Lock()
	read, write := -1, -1
	if method == http.MethodGet || strings.HasSuffix(path, "/getByIds") {
		read = c.reads
		c.reads++
	} else {
		write = c.writes
		c.writes++
	}
	act := c.act
	c.mu.Unlock()
	if act != nil {
		act(method, path, read, write)
	}
}

// sum is how many calls came.
func (c *calls) sum() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads + c.writes
}

// scenarios are the plans that the faults meet.
var scenarios = map[string]func(testing.TB, *trial) *mfa.ExemptionOptions{
	"defaults": func(t testing.TB, w *trial) *mfa.ExemptionOptions {
		require.NoError(t, w.tenant.SetSecurityDefaults(true))
		require.NoError(t, w.tenant.SetPerUserState(w.user, mfa.PerUserEnforced))
		return nil
	},
	"exclusions": func(t testing.TB, w *trial) *mfa.ExemptionOptions {
		exempt := w.tenant.AddGroup(policy.Group{DisplayName: "Exempt", IsAssignableToRole: pointer(false)})
		for i := range 7 {
			addPolicy(t, w.tenant, fmt.Sprintf("Require MFA %d", i), `{"includeUsers":["All"],"excludeUsers":["99999999-0000-4000-8000-00000000000`+fmt.Sprint(i)+`"]}`, "mfa")
		}
		addPolicy(t, w.tenant, "Require MFA but of the exempt", `{"includeUsers":["All"],"excludeGroups":["`+exempt+`"]}`, "mfa")
		require.NoError(t, w.tenant.SetPerUserState(w.user, mfa.PerUserEnforced))
		return &mfa.ExemptionOptions{Group: &mfa.ExclusionGroup{Group: policy.Group{ID: exempt, DisplayName: "Exempt", IsAssignableToRole: pointer(false)}}}
	},
}

// plans holds the plan of each scenario.
var plans sync.Map

func newTrial(t testing.TB, scenario string, delay time.Duration) *trial {
	w := &trial{}
	w.tenant, w.user, w.clock = licensedTenant(t)
	opts := scenarios[scenario](t, w)
	if opts == nil {
		opts = &mfa.ExemptionOptions{}
	}
	opts.ID, opts.Now = "0123456789abcdefghij", w.clock.now
	w.tenant.ReplicationDelay = delay
	if plan, planned := plans.Load(scenario); planned {
		w.plan = plan.(mfa.Plan) // ids count up, so that it is the same in every run
	} else {
		w.plan = planFor(t, w.tenant, w.user, exchangeFromOffice(), opts)
		plans.Store(scenario, w.plan)
	}
	require.GreaterOrEqual(t, len(w.plan.Changes), 10)
	w.before = snapshot(t, w.tenant)
	journal, err := mfa.OpenJournal(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	w.journal = journal
	w.tenant.Before = w.calls.arrive
	return w
}

func (w *trial) apply(ctx context.Context) (mfa.Result, error) {
	return mfa.Apply(ctx, w.tenant, w.plan, w.journal, w.clock.options())
}

func (w *trial) rollback(ctx context.Context) (mfa.Result, error) {
	return mfa.Rollback(ctx, w.tenant, w.journal, w.plan.ID, w.clock.options())
}

// state is the snapshot with the names of what the plan created for its ids, so that
// two runs can be compared.
func (w *trial) state(t testing.TB) string {
	return named(t, w.tenant.Snapshot("modifiedDateTime", "createdDateTime"), "(plan 01234567)")
}

func named(t testing.TB, text []byte, mark string) string {
	type object = map[string]any
	var whole struct {
		Policies, NamedLocations []object
	}
	require.NoError(t, json.Unmarshal(text, &whole))
	for _, o := range slices.Concat(whole.Policies, whole.NamedLocations) {
		if name := o["displayName"].(string); strings.Contains(name, mark) {
			text = []byte(strings.ReplaceAll(string(text), o["id"].(string), "id of "+name))
		}
	}
	var renamed map[string]any
	require.NoError(t, json.Unmarshal(text, &renamed))
	for _, list := range []string{"policies", "namedLocations"} {
		slices.SortFunc(renamed[list].([]any), func(a, b any) int {
			return strings.Compare(a.(object)["id"].(string), b.(object)["id"].(string))
		})
	}
	sorted, err := json.MarshalIndent(renamed, "", " ")
	require.NoError(t, err)
	return string(sorted)
}

// protected says whether everybody is asked for MFA: by security defaults, or by an
// enabled policy for all users.
func (w *trial) protected(t testing.TB) bool { return protected(t, w.tenant) }

func protected(t testing.TB, tenant *graphfake.Tenant) bool {
	var state struct {
		SecurityDefaults bool
		Policies         []policy.Policy
	}
	require.NoError(t, json.Unmarshal(tenant.Snapshot(), &state))
	return state.SecurityDefaults || slices.ContainsFunc(state.Policies, func(p policy.Policy) bool {
		return p.State == policy.StateEnabled && p.GrantControls != nil && p.Conditions.Users != nil &&
			slices.Contains(p.GrantControls.BuiltInControls, "mfa") && slices.Contains(p.Conditions.Users.IncludeUsers, "All")
	})
}

// undisturbed is the state after a plan that nothing stood in the way of, with the
// number of its reads and writes.
func undisturbed(t testing.TB, scenario string, delay time.Duration) (state string, reads, writes int) {
	w := newTrial(t, scenario, delay)
	defer w.journal.Close()
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	return w.state(t), w.calls.reads, w.calls.writes
}

// fault is an answer that isn't the one that is hoped for.
type fault struct {
	name string
	graphfake.Failure
}

func faults() []fault {
	refusal := func(status int, after time.Duration) *entramfa.GraphError {
		return &entramfa.GraphError{Status: status, RetryAfter: after}
	}
	list := []fault{
		{"429", graphfake.Failure{Err: refusal(429, 0)}},
		{"429 with Retry-After", graphfake.Failure{Err: refusal(429, 7*time.Second)}},
		{"time-out after the write", graphfake.Failure{Err: refusal(504, 0), Applied: true}},
		{"cut", graphfake.Failure{Cut: true}},
	}
	for _, status := range []int{500, 502, 503, 504} {
		list = append(list, fault{fmt.Sprint(status), graphfake.Failure{Err: refusal(status, 0)}})
	}
	return list
}

// at arranges a failure for call number k: a write, or a read.
func (w *trial) at(k int, write bool, f graphfake.Failure) (undo func()) {
	lift := func() {}
	w.calls.act = func(method, path string, r, wr int) {
		if write && wr == k || !write && r == k {
			f.Method, f.Path = method, path
			lift = w.tenant.Fail(f)
		}
	}
	return func() { lift(); w.calls.act = nil }
}

// finish applies again until it is done, which is at the first time.
func (w *trial) finish(t *testing.T, wanted string) {
	result, err := w.apply(t.Context())
	require.NoError(t, err)
	assert.False(t, result.Unprotected)
	require.Equal(t, wanted, w.state(t))
	require.True(t, w.protected(t))
}

// undo rolls back until the tenant is as it was.
func (w *trial) undo(t *testing.T) {
	result, err := w.rollback(t.Context())
	require.NoError(t, err)
	assert.False(t, result.Unprotected)
	require.JSONEq(t, w.before, snapshot(t, w.tenant))
}

// sound asks what holds after every run, however it ended.
func (w *trial) sound(t *testing.T, result mfa.Result, err error) {
	t.Helper()
	if !w.protected(t) {
		require.True(t, result.Unprotected, "the tenant is unprotected and the result does not say so: %v", err)
		require.ErrorContains(t, err, "THE TENANT IS NOT PROTECTED")
	}
	entries, readErr := w.journal.Entries()
	require.NoError(t, readErr)
	require.NotContains(t, fmt.Sprint(entries), "Bearer")
}

// delays are how long the tenant takes to show a write.
var delays = []time.Duration{0, 1 * time.Second, 5 * time.Second, 30 * time.Second}

// everyFault runs each fault at each call with each delay; without it they take turns.
var everyFault = os.Getenv("ENTRAMFA_EVERY_FAULT") != ""

// enough is how many faults a test has to inject: fewer under the race detector.
func enough(n int) int {
	if raceEnabled {
		return n / 8
	}
	return n
}

// turns calls run for the faults at n calls, in turns over delays and repetitions.
func turns(n int, run func(f fault, k, times int, delay time.Duration)) {
	turn := 0
	for _, f := range faults() {
		for k := range n {
			for i, delay := range delays {
				for times := 1; times <= 2; times++ {
					if raceEnabled && turn%4 != 0 {
						continue // the race detector makes it ten times as long
					}
					if everyFault || i == turn%len(delays) && times == 1+turn/len(delays)%2 {
						run(f, k, times, delay)
					}
				}
			}
			turn++
		}
		turn++
	}
}

func TestTransientFaultsOfWrites(t *testing.T) {
	for name := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			met := 0
			wanted, _, writes := undisturbed(t, name, 0)
			turns(writes, func(f fault, k, times int, delay time.Duration) {
				w := newTrial(t, name, delay)
				f.Times = times
				w.at(k, true, f.Failure)
				where := fmt.Sprintf("delay %s, %s, write %d, %d times", delay, f.name, k, times)
				result, err := w.apply(t.Context())
				w.sound(t, result, err)
				require.NoError(t, err, where)
				require.Equal(t, wanted, w.state(t), where)
				w.undo(t)
				w.journal.Close()
				met += times
			})
			require.GreaterOrEqual(t, met, enough(80))
			t.Logf("%d faults of %d writes", met, writes)
		})
	}
}

// A read that fails may end a run; then nothing is lost.
func TestTransientFaultsOfReads(t *testing.T) {
	for name := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			met, ended := 0, 0
			wanted, reads, _ := undisturbed(t, name, time.Second)
			for k := range reads {
				for i, f := range faults() {
					if !everyFault && i != k%len(faults()) || raceEnabled && k%4 != 0 {
						continue
					}
					w := newTrial(t, name, time.Second)
					f.Times = 1 + k/2%2
					lift := w.at(k, false, f.Failure)
					result, err := w.apply(t.Context())
					w.sound(t, result, err)
					lift()
					met += f.Times
					if err != nil {
						ended++
					}
					if k%2 == 0 {
						w.finish(t, wanted)
					}
					if entries, err := w.journal.Entries(); err == nil && len(entries) > 0 {
						w.undo(t)
					}
					w.journal.Close()
				}
			}
			require.GreaterOrEqual(t, met, enough(40))
			t.Logf("%d faults of %d reads, of which %d ended the run", met, reads, ended)
		})
	}
}

// A write that fails for good ends a run. What was done stands in the result; a
// later run finishes, or the way back restores everything.
func TestPermanentFaults(t *testing.T) {
	for name := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			met := 0
			wanted, _, writes := undisturbed(t, name, 0)
			for i, f := range append(faults(), fault{"403", graphfake.Failure{Err: &entramfa.GraphError{Status: 403}}}) {
				for k := range writes {
					if raceEnabled && (i+k)%4 != 0 {
						continue
					}
					w := newTrial(t, name, delays[(i+k)%3])
					lift := w.at(k, true, f.Failure)
					where := fmt.Sprintf("%s, write %d", f.name, k)
					result, err := w.apply(t.Context())
					w.sound(t, result, err)
					require.True(t, w.protected(t), where)
					require.False(t, result.Unprotected, where)
					if !f.Applied && !f.Cut {
						var change *mfa.ChangeError
						require.ErrorAs(t, err, &change, where)
						require.Contains(t, fmt.Sprint(result.Changes), "{"+change.Change.ID+" ", where)
					}
					lift()
					if (i+k)%2 == 0 {
						w.finish(t, wanted)
					}
					w.undo(t)
					w.journal.Close()
					met++
				}
			}
			require.GreaterOrEqual(t, met, enough(80))
			t.Logf("%d permanent faults of %d writes", met, writes)
		})
	}
}
