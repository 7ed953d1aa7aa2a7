//go:build unix

package msgraph_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// A process that applies a plan or rolls it back is killed at every point: before
// and after each write, and before, in the middle of and after each line of the
// journal. Then another one finishes it, or undoes it. The tenant lives on in the
// process of the test.

// ward is a tenant behind a server, with the plan that a child applies to it.
type ward struct {
	tenant  *graphfake.Tenant
	client  *msgraph.Client
	server  *httptest.Server
	mu      sync.Mutex
	now     time.Time
	plan    mfa.Plan
	journal string
	before  string
}

func (w *ward) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *ward) Wait(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	return ctx.Err()
}

func (w *ward) options() *mfa.ApplyOptions { return &mfa.ApplyOptions{Now: w.Now, Wait: w.Wait} }

// ServeHTTP serves the tenant, and the clock to the child.
func (w *ward) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/clock" {
		w.tenant.ServeHTTP(rw, r)
		return
	}
	d, _ := time.ParseDuration(r.URL.Query().Get("wait"))
	_ = w.Wait(context.Background(), d)
	_, _ = io.WriteString(rw, w.Now().Format(time.RFC3339Nano))
}

// wards are the tenants: one whose security defaults are replaced, and one with
// policies, a group and per-user MFA.
var wards = map[string]func(t *testing.T, w *ward, user string) *mfa.ExemptionOptions{
	"defaults": func(t *testing.T, w *ward, user string) *mfa.ExemptionOptions {
		require.NoError(t, w.tenant.SetSecurityDefaults(true))
		return &mfa.ExemptionOptions{}
	},
	"exclusions": func(t *testing.T, w *ward, user string) *mfa.ExemptionOptions {
		group := policy.Group{DisplayName: "Exempt", IsAssignableToRole: new(false)}
		group.ID = w.tenant.AddGroup(group)
		for i := range 8 {
			users := &policy.Users{IncludeUsers: []string{"All"}, ExcludeUsers: []string{fmt.Sprintf("99999999-0000-4000-8000-%012d", i)}}
			if i == 0 {
				users.ExcludeGroups = []string{group.ID}
			}
			_, err := w.tenant.AddPolicy(policy.Policy{
				DisplayName: fmt.Sprintf("Require MFA %d", i), State: policy.StateEnabled,
				Conditions:    &policy.Conditions{ClientAppTypes: []string{"all"}, Applications: &policy.Applications{IncludeApplications: []string{"All"}}, Users: users},
				GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
			})
			require.NoError(t, err)
		}
		return &mfa.ExemptionOptions{Group: &mfa.ExclusionGroup{Group: group}}
	},
}

func newWard(t *testing.T, kind string) *ward {
	w := &ward{tenant: &graphfake.Tenant{}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.tenant.Clock = w.Now
	w.server = httptest.NewTLSServer(w)
	w.tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Enabled",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}},
	})
	user := w.tenant.AddUser(mfa.User{UserPrincipalName: account, DisplayName: "Connection account", AccountEnabled: new(true), UserType: new("Member")})
	require.NoError(t, w.tenant.SetPerUserState(account, mfa.PerUserEnforced))
	opts := wards[kind](t, w, user)
	opts.ID, opts.Now = "0123456789abcdefghij", w.now
	profile := policy.ExchangeOnlineSignIn()
	profile.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}
	w.client = reach(t, w.tenant, 0, append(allPermissions(), msgraph.WritePermissions()...)...)
	w.client.SetLinger(time.Millisecond)
	report, err := mfa.Check(t.Context(), w.client, user, &mfa.Options{Profile: &profile})
	require.NoError(t, err)
	w.plan, err = mfa.PlanExemption(report, opts)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(w.plan.Changes), 10)
	w.journal = filepath.Join(memory(t), "journal")
	w.before = string(w.tenant.Snapshot("modifiedDateTime"))
	return w
}

// memory is a folder in memory where the system has one: a process that is killed
// loses nothing of what it wrote, wherever it is.
func memory(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "entramfa")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// state is the snapshot with names in the place of the ids of what the plan created.
func (w *ward) state(t *testing.T) string {
	text := string(w.tenant.Snapshot("modifiedDateTime", "createdDateTime"))
	var whole struct {
		Policies, NamedLocations []struct{ ID, DisplayName string }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &whole))
	for _, o := range slices.Concat(whole.Policies, whole.NamedLocations) {
		if strings.Contains(o.DisplayName, "(plan 01234567)") {
			text = strings.ReplaceAll(text, o.ID, "id of "+o.DisplayName)
		}
	}
	var renamed map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &renamed))
	for _, list := range []string{"policies", "namedLocations"} {
		slices.SortFunc(renamed[list].([]any), func(a, b any) int {
			return strings.Compare(a.(map[string]any)["id"].(string), b.(map[string]any)["id"].(string))
		})
	}
	sorted, err := json.Marshal(renamed)
	require.NoError(t, err)
	return string(sorted)
}

// protected says whether everybody is asked for MFA.
func (w *ward) protected(t *testing.T) bool {
	var state struct {
		SecurityDefaults bool
		Policies         []policy.Policy
	}
	require.NoError(t, json.Unmarshal(w.tenant.Snapshot(), &state))
	return state.SecurityDefaults || slices.ContainsFunc(state.Policies, func(p policy.Policy) bool {
		return p.State == policy.StateEnabled && p.GrantControls != nil && slices.Contains(p.GrantControls.BuiltInControls, "mfa") &&
			p.Conditions.Users != nil && slices.Contains(p.Conditions.Users.IncludeUsers, "All")
	})
}

// kill runs a child that dies at a point, and says whether it got there.
func (w *ward) kill(t *testing.T, act string, point int) bool {
	text, err := json.Marshal(w.plan)
	require.NoError(t, err)
	planFile := filepath.Join(filepath.Dir(w.journal), "plan")
	require.NoError(t, os.WriteFile(planFile, text, 0o600))
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(),
		"ENTRAMFA_CHILD="+act, "ENTRAMFA_POINT="+strconv.Itoa(point), "ENTRAMFA_SERVER="+w.server.URL,
		"ENTRAMFA_TOKEN="+w.tenant.Token(append(allPermissions(), msgraph.WritePermissions()...)...),
		"ENTRAMFA_PLAN="+planFile, "ENTRAMFA_JOURNAL="+w.journal,
		"ENTRAMFA_CERTIFICATE="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.server.Certificate().Raw})),
	)
	output, err := child.CombinedOutput()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, string(output))
	status, ok := exit.Sys().(syscall.WaitStatus)
	require.True(t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "point %d: %v: %s", point, err, output)
	return true
}

// again runs Apply or Rollback in another process than the one that was killed: this one.
func (w *ward) again(t *testing.T, act string) {
	w.tenant.Before = func(method, path string) {
		gap := strings.Contains(path, "/identitySecurityDefaultsEnforcementPolicy") || method == http.MethodPatch && strings.Contains(path, "/conditionalAccess/policies/")
		if method != http.MethodGet && !gap && !strings.HasSuffix(path, "/getByIds") {
			assert.True(t, w.protected(t), "%s %s while the gap is open", method, path)
		}
	}
	journal, err := mfa.OpenJournal(w.journal)
	require.NoError(t, err)
	defer journal.Close()
	entries, err := journal.Entries()
	require.NoError(t, err)
	begun := slices.ContainsFunc(entries, func(e mfa.Entry) bool { return e.Kind == mfa.EntryBegin })
	var result mfa.Result
	switch {
	case act == "apply":
		result, err = mfa.Apply(t.Context(), w.client, w.plan, journal, w.options())
	case begun:
		result, err = mfa.Rollback(t.Context(), w.client, journal, "", w.options())
	}
	require.NoError(t, err)
	assert.False(t, result.Unprotected)
	assert.True(t, w.protected(t))
}

// undisturbed is the state after a plan that ran through.
func undisturbed(t *testing.T, kind string) string {
	w := newWard(t, kind)
	defer w.server.Close()
	w.again(t, "apply")
	return w.state(t)
}

// everyPoint kills at each point; without it at one of four, which differ from plan
// to plan.
var everyPoint = os.Getenv("ENTRAMFA_EVERY_FAULT") != ""

func TestKilledAtEveryPoint(t *testing.T) {
	runs := []struct{ killed, then string }{{"apply", "apply"}, {"apply", "rollback"}, {"rollback", "rollback"}}
	for kind := range wards {
		for _, run := range runs {
			t.Run(kind+", "+run.killed+" killed, then "+run.then, func(t *testing.T) {
				t.Parallel()
				wanted := undisturbed(t, kind)
				kills, open, step := 0, 0, 1
				if !everyPoint {
					step = 6
				}
				for point := 0; ; point += step {
					w := newWard(t, kind)
					if run.killed == "rollback" {
						w.again(t, "apply")
					}
					if kills%2 == 1 {
						w.tenant.ReplicationDelay = 5 * time.Second
					}
					killed := w.kill(t, run.killed, point)
					if killed {
						kills++
					}
					if !w.protected(t) {
						open++
					}
					w.again(t, run.then)
					w.server.Close()
					if run.then == "apply" {
						require.Equal(t, wanted, w.state(t), "point %d", point)
					} else {
						require.JSONEq(t, w.before, string(w.tenant.Snapshot("modifiedDateTime")), "point %d", point)
					}
					if !killed {
						break
					}
				}
				require.GreaterOrEqual(t, kills, 10)
				if kind == "defaults" && everyPoint {
					require.Positive(t, open, "no kill in the gap")
				}
				t.Logf("%d kills, %d of them in the gap", kills, open)
			})
		}
	}
}

// killer kills the process at a point.
type killer struct{ point, passed int }

func (k *killer) here(before func()) {
	if k.passed == k.point {
		before()
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	k.passed++
}

func nothing() {}

// mortal is a client whose process may die before and after each write.
type mortal struct {
	*msgraph.Client
	killer *killer
}

func around[T any](k *killer, write func() (T, error)) (T, error) {
	k.here(nothing)
	defer k.here(nothing)
	return write()
}

func (m mortal) UpdatePolicy(ctx context.Context, id string, patch policy.Patch) (entramfa.Receipt, error) {
	return around(m.killer, func() (entramfa.Receipt, error) { return m.Client.UpdatePolicy(ctx, id, patch) })
}

func (m mortal) DeletePolicy(ctx context.Context, id string) (entramfa.Receipt, error) {
	return around(m.killer, func() (entramfa.Receipt, error) { return m.Client.DeletePolicy(ctx, id) })
}

func (m mortal) CreatePolicy(ctx context.Context, p policy.Policy) (stored policy.Policy, receipt entramfa.Receipt, err error) {
	stored, err = around(m.killer, func() (policy.Policy, error) {
		stored, receipt, err = m.Client.CreatePolicy(ctx, p)
		return stored, err
	})
	return stored, receipt, err
}

func (m mortal) CreateNamedLocation(ctx context.Context, l policy.NamedLocation) (stored policy.NamedLocation, receipt entramfa.Receipt, err error) {
	stored, err = around(m.killer, func() (policy.NamedLocation, error) {
		stored, receipt, err = m.Client.CreateNamedLocation(ctx, l)
		return stored, err
	})
	return stored, receipt, err
}

func (m mortal) DeleteNamedLocation(ctx context.Context, id string) (entramfa.Receipt, error) {
	return around(m.killer, func() (entramfa.Receipt, error) { return m.Client.DeleteNamedLocation(ctx, id) })
}

func (m mortal) UpdateSecurityDefaults(ctx context.Context, on bool) (entramfa.Receipt, error) {
	return around(m.killer, func() (entramfa.Receipt, error) { return m.Client.UpdateSecurityDefaults(ctx, on) })
}

func (m mortal) UpdateRequirements(ctx context.Context, user string, state mfa.PerUserState) (entramfa.Receipt, error) {
	return around(m.killer, func() (entramfa.Receipt, error) { return m.Client.UpdateRequirements(ctx, user, state) })
}

func (m mortal) AddGroupMember(ctx context.Context, group, member string) (entramfa.Receipt, error) {
	return around(m.killer, func() (entramfa.Receipt, error) { return m.Client.AddGroupMember(ctx, group, member) })
}

func (m mortal) RemoveGroupMember(ctx context.Context, group, member string) (entramfa.Receipt, error) {
	return around(m.killer, func() (entramfa.Receipt, error) { return m.Client.RemoveGroupMember(ctx, group, member) })
}

// mortalJournal is a journal whose process may die around each line, and in it.
type mortalJournal struct {
	*mfa.FileJournal
	path   string
	killer *killer
}

func (j mortalJournal) Append(e mfa.Entry) error {
	j.killer.here(nothing)
	j.killer.here(func() { j.half(e) })
	_, err := around(j.killer, func() (struct{}, error) { return struct{}{}, j.FileJournal.Append(e) })
	return err
}

// half writes the beginning of a line, of another length at each point.
func (j mortalJournal) half(e mfa.Entry) {
	line, err := json.Marshal(e)
	file, openErr := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	if err = errors.Join(err, openErr); err == nil {
		_, err = file.Write(line[:1+j.killer.point*7919%(len(line)-1)])
		err = errors.Join(err, file.Sync())
	}
	if err != nil {
		panic(err)
	}
}

// childClock is that of the ward.
type childClock struct {
	client *http.Client
	base   string
}

func (c childClock) ask(d time.Duration) time.Time {
	response, err := c.client.Get(c.base + "/clock?wait=" + d.String())
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	now, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		panic(err)
	}
	return now
}

// bearer is a credential with one token.
type bearer string

func (b bearer) GetToken(context.Context, azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// TestChild is the process that is killed.
func TestChild(t *testing.T) {
	act := os.Getenv("ENTRAMFA_CHILD")
	if act == "" {
		t.Skip("it is run by TestKilledAtEveryPoint")
	}
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM([]byte(os.Getenv("ENTRAMFA_CERTIFICATE"))))
	httpClient := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	base := os.Getenv("ENTRAMFA_SERVER")
	client, err := msgraph.Connect(bearer(os.Getenv("ENTRAMFA_TOKEN")), &msgraph.Options{BaseURL: base, HTTPClient: httpClient})
	require.NoError(t, err)
	client.SetLinger(time.Millisecond)
	point, err := strconv.Atoi(os.Getenv("ENTRAMFA_POINT"))
	require.NoError(t, err)
	k := &killer{point: point}
	file, err := mfa.OpenJournal(os.Getenv("ENTRAMFA_JOURNAL"))
	require.NoError(t, err)
	journal := mortalJournal{file, os.Getenv("ENTRAMFA_JOURNAL"), k}
	clock := childClock{httpClient, base}
	opts := &mfa.ApplyOptions{
		Now: func() time.Time { return clock.ask(0) },
		Wait: func(ctx context.Context, d time.Duration) error {
			clock.ask(d)
			return ctx.Err()
		},
	}
	if act == "rollback" {
		_, err = mfa.Rollback(t.Context(), mortal{client, k}, journal, "", opts)
	} else {
		var plan mfa.Plan
		text, readErr := os.ReadFile(os.Getenv("ENTRAMFA_PLAN"))
		require.NoError(t, readErr)
		require.NoError(t, json.Unmarshal(text, &plan))
		_, err = mfa.Apply(t.Context(), mortal{client, k}, plan, journal, opts)
	}
	require.NoError(t, err)
}
