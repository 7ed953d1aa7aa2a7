package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/examples/internal/opentest"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// call runs the program as a user does.
var call = opentest.Of(run)

// on runs the program as a user does on a real tenant, with one in memory in its place.
func on(ctx context.Context, t *testing.T, fake *graphfake.Tenant, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	opts, err := parse(append([]string{"-tenant", fake.ID()}, args...), &out, &diagnostics)
	if err != nil {
		return exitUsage, out.String(), diagnostics.String()
	}
	p := program{tenant: fake, options: opts, stdout: &out, stderr: &diagnostics, wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	return p.run(ctx), out.String(), diagnostics.String()
}

// builtIn opens one of the built-in tenants.
func builtIn(t *testing.T, folder string) *graphfake.Tenant {
	t.Helper()
	tenant, err := open.Embedded(embedded, "tenants/"+folder)
	require.NoError(t, err)
	return tenant
}

func state(tenant *graphfake.Tenant) string { return string(tenant.Snapshot("modifiedDateTime")) }

// gapTook is the one thing of the output that is measured.
var gapTook = regexp.MustCompile(`(the gap .* took )(less than 1 ms|[0-9.]+ m?s)`)

func TestTheWholeWayOnFourTenants(t *testing.T) {
	status, out, reason := call(t)
	assert.Equal(t, exitDone, status, reason)
	assert.Empty(t, reason)
	measured := gapTook.FindString(out)
	require.NotEmpty(t, measured)
	assert.NotContains(t, measured, "took 0", "it is measured")
	opentest.Golden(t, "four-tenants.txt", gapTook.ReplaceAllString(out, "${1}TIME"))
	opentest.Fits(t, out, lineWidth)
}

func TestTheWholeWayLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	status, _, _ := call(t, "-json")
	assert.Equal(t, exitDone, status)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left, "the journals are gone")
}

func TestStoriesAsJSON(t *testing.T) {
	status, out, reason := call(t, "-json")
	require.Equal(t, exitDone, status, reason)
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	var stories []told
	for decoder.More() {
		var s told
		require.NoError(t, decoder.Decode(&s))
		stories = append(stories, s)
	}
	require.Len(t, stories, 4)
	for _, s := range stories {
		assert.True(t, s.Equal, s.Title)
		assert.Positive(t, s.Compared, s.Title)
	}
	for _, s := range stories[:2] {
		assert.True(t, s.Plan.Clear, s.Title)
		assert.Equal(t, entramfa.Clear, s.Result.Report.Outcome, s.Title)
		assert.Equal(t, [3]mfa.Proof{mfa.ProofYes, mfa.ProofYes, mfa.ProofYes}, [3]mfa.Proof{s.Verification.Graph.Proof, s.Verification.WhatIf.Proof, s.Verification.SignIn.Proof}, s.Title)
		assert.Empty(t, s.Evidence.Disagreements, s.Title)
		assert.Len(t, s.RolledBack.Changes, len(s.Plan.Changes), s.Title)
	}
	assert.Zero(t, stories[0].Result.Gap)
	assert.Positive(t, stories[1].Result.Gap)
	assert.Positive(t, stories[1].RolledBack.Gap)
	assert.Nil(t, stories[2].Plan)
	assert.Contains(t, stories[2].Refused, "unprotectedTenant")
	assert.False(t, stories[3].Plan.Clear)
	assert.Nil(t, stories[3].Result)
	assert.Contains(t, stories[3].Refused, "give -allow-incomplete")
}

// service is how the account of the first two tenants signs in.
var service = []string{"-profile", "exchange", "-from", "203.0.113.0/28"}

func backup(args ...string) []string {
	return append(append([]string{"-account", "svc-backup@contoso.com"}, service...), args...)
}

func TestAPlanAloneChangesNothing(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	before := state(tenant)
	status, out, reason := on(t.Context(), t, tenant, backup()...)
	assert.Equal(t, exitDone, status, reason)
	assert.Contains(t, out, "after   CLEAR")
	assert.Contains(t, out, "of the 5 accounts of the directory")
	assert.Contains(t, out, "whether a person uses the account is told without the sign-in log")
	assert.Equal(t, before, state(tenant))

	_, out, _ = on(t.Context(), t, tenant, backup("-no-directory", "-no-sign-in-log")...)
	assert.NotContains(t, out, "of the directory")
	assert.NotContains(t, out, "is told without the sign-in log")
	assert.Contains(t, out, "whether a person uses the account was not looked up")
	assert.Contains(t, out, "every change names the account alone")
}

func TestApplyVerifyAndRollBack(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	const password = "not-to-be-seen-anywhere"
	require.NoError(t, tenant.GivePassword("svc-backup@contoso.com", password))
	tenant.SignInAddress = netip.MustParseAddr("203.0.113.7")
	tenant.AllowUndecided = true // of which country the address is, nobody says
	t.Setenv(passwordVariable, password)
	before, journal := state(tenant), filepath.Join(t.TempDir(), "journal")

	status, out, progress := on(t.Context(), t, tenant, backup("-apply", "-journal", journal, "-probe", "-group", "a0000000-0000-4000-8000-000000000001")...)
	require.Equal(t, exitDone, status, progress)
	assert.Contains(t, out, "a check now says: clear")
	assert.Contains(t, out, "with its password alone")
	assert.Contains(t, progress, `exempt:  4 of 6  begun   add the account to the group "CA-ServiceAccounts"`)
	assert.NotEqual(t, before, state(tenant))

	status, again, reason := on(t.Context(), t, tenant, "-verify", "-journal", journal, "-probe", "-json")
	require.Equal(t, exitDone, status, reason)
	var done deed
	require.NoError(t, json.Unmarshal([]byte(again), &done))
	assert.Equal(t, mfa.ProofYes, done.Verification.SignIn.Proof)

	status, nothing, reason := on(t.Context(), t, tenant, backup()...)
	assert.Equal(t, exitDone, status, reason)
	assert.Contains(t, nothing, "CLEAR: THERE IS NOTHING TO DO")

	status, back, reason := on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitDone, status, reason)
	assert.Contains(t, back, "of 6 changes: 6 undone")
	assert.Equal(t, before, state(tenant))
	status, _, reason = on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitDone, status, "rolling back again does nothing: %s", reason)
	assert.Equal(t, before, state(tenant))

	kept, err := os.ReadFile(journal)
	require.NoError(t, err)
	for _, text := range []string{out, again, back, progress, string(kept)} {
		assert.NotContains(t, text, password)
	}
	status, _, reason = on(t.Context(), t, tenant, "-verify", "-journal", journal)
	assert.Equal(t, exitStands, status, "what is rolled back is not in effect: %s", reason)
}

func TestAStoredPlanIsAppliedUnchanged(t *testing.T) {
	tenant := builtIn(t, "security-defaults")
	before := state(tenant)
	folder := t.TempDir()
	file, journal := filepath.Join(folder, "plan.json"), filepath.Join(folder, "journal")
	account := append([]string{"-account", "svc-erp@fabrikam.com"}, service...)

	status, _, reason := on(t.Context(), t, tenant, append(account, "-plan", file)...)
	require.Equal(t, exitDone, status, reason)
	assert.Contains(t, reason, "stored in")
	assert.Equal(t, before, state(tenant))
	stored, err := readPlan(file)
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	status, _, reason = on(t.Context(), t, tenant, append(account, "-plan", file)...)
	assert.Equal(t, exitUsage, status, "a plan that somebody may have reviewed is not overwritten: %s", reason)

	status, out, reason := on(t.Context(), t, tenant, "-apply", "-plan", file, "-journal", journal, "-json")
	require.Equal(t, exitDone, status, reason)
	var done deed
	require.NoError(t, json.Unmarshal([]byte(out), &done))
	wanted, err := json.Marshal(stored)
	require.NoError(t, err)
	applied, err := json.Marshal(done.Plan)
	require.NoError(t, err)
	assert.JSONEq(t, string(wanted), string(applied))
	assert.Positive(t, done.Result.Gap)

	status, out, reason = on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitDone, status, reason)
	assert.Regexp(t, gapTook, out, "that of the way back")
	assert.Contains(t, reason, `undone  switched "Security defaults" on again`)
	assert.Equal(t, before, state(tenant))
}

func TestAStalePlanIsRefused(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	folder := t.TempDir()
	file, journal := filepath.Join(folder, "plan.json"), filepath.Join(folder, "journal")
	status, _, reason := on(t.Context(), t, tenant, backup("-plan", file)...)
	require.Equal(t, exitDone, status, reason)
	require.NoError(t, tenant.SetPerUserState("svc-backup@contoso.com", mfa.PerUserEnabled))
	before := state(tenant)
	status, _, reason = on(t.Context(), t, tenant, "-apply", "-plan", file, "-journal", journal)
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "nothing was changed")
	assert.Contains(t, reason, "stale")
	assert.Equal(t, before, state(tenant))
}

func TestAPlanThatIsNotClear(t *testing.T) {
	tenant := builtIn(t, "azure")
	args := []string{"-account", "svc-deploy@woodgrovebank.com", "-profile", "azure-cli", "-from", "203.0.113.0/28"}
	status, out, _ := on(t.Context(), t, tenant, args...)
	assert.Equal(t, exitStands, status)
	first, _, _ := strings.Cut(out, "CHANGES")
	assert.Contains(t, first, "NOT CLEAR", "it is said before anything else")
	assert.Contains(t, first, "managed identity")

	before, journal := state(tenant), filepath.Join(t.TempDir(), "journal")
	status, _, reason := on(t.Context(), t, tenant, append(args, "-apply", "-journal", journal)...)
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "give -allow-incomplete")
	assert.Equal(t, before, state(tenant))

	status, _, reason = on(t.Context(), t, tenant, append(args, "-apply", "-journal", journal, "-allow-incomplete")...)
	assert.Equal(t, exitStands, status, "it is applied, and the account is not clear: %s", reason)
	assert.NotEqual(t, before, state(tenant))
	status, _, reason = on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitDone, status, reason)
	assert.Equal(t, before, state(tenant))
}

func TestGuardsAreFlags(t *testing.T) {
	for _, c := range []struct {
		folder  string
		args    []string
		status  int
		message string
	}{
		{"conditional-access", []string{"-account", "svc-backup@contoso.com", "-profile", "exchange"}, exitStands, "name the public addresses from which the account signs in, with -from"},
		{"conditional-access", []string{"-account", "svc-backup@contoso.com", "-profile", "exchange", "-skip-compensation"}, exitDone, ""},
		{"conditional-access", backup("-emergency", "b0000000-0000-4000-8000-000000000001"), exitStands, "emergency access accounts"},
		{"conditional-access", backup("-also-report-only"), exitDone, ""},
		{"conditional-access", backup("-partner-tenant"), exitStands, ""},
		{"conditional-access", backup("-group", "a0000000-0000-4000-8000-00000000dead"), exitUnknown, "does not hold the group"},
		{"security-defaults-without-licence", append([]string{"-account", "svc-scan@tailspintoys.com"}, service...), exitStands, "give -allow-unprotected"},
		{"security-defaults-without-licence", []string{"-account", "svc-scan@tailspintoys.com", "-profile", "exchange", "-skip-compensation", "-allow-unprotected"}, exitDone, ""},
		{"conditional-access", append([]string{"-account", "nobody@contoso.com"}, service...), exitUsage, "no account"},
	} {
		tenant := builtIn(t, c.folder)
		before := state(tenant)
		status, out, reason := on(t.Context(), t, tenant, c.args...)
		assert.Equal(t, c.status, status, "%v: %s", c.args, reason)
		assert.Contains(t, reason, c.message, c.args)
		assert.Equal(t, c.status == exitDone || c.message == "", out != "", c.args)
		assert.Equal(t, before, state(tenant), c.args)
	}
}

// TestAPersonsAccountIsRefused: the sign-in log tells.
func TestAPersonsAccountIsRefused(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	now := time.Now().UTC().Truncate(time.Second)
	tenant.AddSignIn(mfa.SignInRecord{
		UserID: "b0000000-0000-4000-8000-000000000001", CreatedDateTime: now.Add(-time.Hour).Format(time.RFC3339), ClientAppUsed: "Browser",
		IsInteractive: new(true), ResourceID: mfa.ExchangeOnline, AppID: mfa.AzureCLI, DeviceDetail: &mfa.DeviceDetail{DeviceID: "d", Browser: "Edge 142", OperatingSystem: "Windows11"},
	})
	status, _, reason := on(t.Context(), t, tenant, backup()...)
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "give -allow-interactive")
	status, _, reason = on(t.Context(), t, tenant, backup("-allow-interactive")...)
	assert.Equal(t, exitDone, status, reason)
}

// TestWhoAppliesIsNotLockedOut: the account would be blocked from elsewhere.
func TestWhoAppliesIsNotLockedOut(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: "b0000000-0000-4000-8000-000000000001", Name: "svc-backup@contoso.com", TenantID: tenant.ID()}
	status, _, reason := on(t.Context(), t, tenant, backup()...)
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "apply the plan with another identity, or give -skip-compensation")
}

// TestAnInterruptStopsBetweenTwoChanges: applying again with the journal goes on.
func TestAnInterruptStopsBetweenTwoChanges(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	before, journal := state(tenant), filepath.Join(t.TempDir(), "journal")
	ctx, interrupt := context.WithCancel(t.Context())
	tenant.Before = func(method, path string) {
		if method == "POST" && strings.Contains(path, "/conditionalAccess/policies") {
			interrupt()
		}
	}
	status, out, reason := on(ctx, t, tenant, backup("-apply", "-journal", journal)...)
	tenant.Before = nil
	assert.Equal(t, exitStands, status, reason)
	assert.Contains(t, reason, "context canceled")
	assert.Contains(t, out, "not begun")
	stopped := state(tenant)
	assert.NotEqual(t, before, stopped)

	status, _, reason = on(t.Context(), t, tenant, backup("-apply", "-journal", journal)...)
	assert.NotEqual(t, exitDone, status, "no second plan is begun in the journal")
	assert.Contains(t, reason, "neither finished nor rolled back")
	assert.Equal(t, stopped, state(tenant))

	status, out, reason = on(t.Context(), t, tenant, "-apply", "-journal", journal)
	assert.Equal(t, exitDone, status, reason)
	assert.Contains(t, out, "a check now says: clear")
	status, _, reason = on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitDone, status, reason)
	assert.Equal(t, before, state(tenant))
}

// TestAnInterruptInTheGapFinishesIt: no tenant is left without protection.
func TestAnInterruptInTheGapFinishesIt(t *testing.T) {
	tenant := builtIn(t, "security-defaults")
	before, journal := state(tenant), filepath.Join(t.TempDir(), "journal")
	ctx, interrupt := context.WithCancel(t.Context())
	tenant.Before = func(method, path string) {
		if method == "PATCH" && strings.Contains(path, "identitySecurityDefaultsEnforcementPolicy") {
			interrupt()
		}
	}
	args := append([]string{"-account", "svc-erp@fabrikam.com", "-apply", "-journal", journal}, service...)
	status, _, reason := on(ctx, t, tenant, args...)
	tenant.Before = nil
	assert.Equal(t, exitStands, status, reason)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	assert.Equal(t, 4, replacements(t, tenant), "all policies in the place of security defaults are enabled")

	status, _, reason = on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitDone, status, reason)
	assert.Equal(t, before, state(tenant))
}

// replacements counts the enabled policies in the place of security defaults,
// which are off.
func replacements(t *testing.T, tenant *graphfake.Tenant) (enabled int) {
	t.Helper()
	defaults, err := tenant.SecurityDefaults(t.Context())
	require.NoError(t, err)
	assert.Equal(t, securitydefaults.Policy{IsEnabled: new(false)}.IsEnabled, defaults.IsEnabled)
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	for _, p := range list.Policies {
		if p.State == policy.StateEnabled && strings.Contains(p.DisplayName, "in place of security defaults") {
			enabled++
		}
	}
	return enabled
}

// TestARefusedWriteStops: what was made before it is undone by the journal.
func TestARefusedWriteStops(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	before, journal := state(tenant), filepath.Join(t.TempDir(), "journal")
	undo := tenant.Fail(graphfake.Failure{Method: "PATCH", Path: "/users/", Err: &entramfa.GraphError{Status: 403, Code: "Authorization_RequestDenied"}})
	status, out, reason := on(t.Context(), t, tenant, backup("-apply", "-journal", journal)...)
	undo()
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "roll it back")
	assert.Contains(t, out, "it stopped there")
	status, _, reason = on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitDone, status, reason)
	assert.Equal(t, before, state(tenant))
}

func TestARollbackIsRefusedWhereSomebodyElseWasThere(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	journal := filepath.Join(t.TempDir(), "journal")
	status, _, reason := on(t.Context(), t, tenant, backup("-apply", "-journal", journal)...)
	require.Equal(t, exitDone, status, reason)
	require.NoError(t, tenant.SetPerUserState("svc-backup@contoso.com", mfa.PerUserEnabled))
	changed := state(tenant)
	status, _, reason = on(t.Context(), t, tenant, "-rollback", "-journal", journal)
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "was changed since")
	assert.Equal(t, changed, state(tenant), "nothing is undone in part")
}

func TestJournalsAreNotMisused(t *testing.T) {
	folder := t.TempDir()
	path := func(name, text string) string {
		p := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(p, []byte(text), 0o600))
		return p
	}
	first := builtIn(t, "conditional-access")
	used := filepath.Join(folder, "used")
	status, _, reason := on(t.Context(), t, first, backup("-apply", "-journal", used)...)
	require.Equal(t, exitDone, status, reason)
	other := builtIn(t, "azure")
	held := path("held", "")
	lock, err := mfa.OpenJournal(held)
	require.NoError(t, err)
	defer lock.Close()
	for _, c := range []struct {
		name   string
		tenant *graphfake.Tenant
		args   []string
		reason string
	}{
		{"none to roll back", first, []string{"-rollback", "-journal", filepath.Join(folder, "gone")}, "no such file"},
		{"none to go on with", first, []string{"-apply", "-journal", filepath.Join(folder, "gone")}, "no such file"},
		{"a folder", first, []string{"-rollback", "-journal", folder}, "no file"},
		{"no journal", first, []string{"-rollback", "-journal", path("text", "hello\n")}, "no entry of a journal"},
		{"no journal to apply with", first, backup("-apply", "-journal", path("text2", "{}\n")), "schema"},
		{"an empty one", first, []string{"-verify", "-journal", path("empty", "")}, "holds no plan"},
		{"of another tenant", other, []string{"-rollback", "-journal", used}, "is for the tenant " + first.ID()},
		{"in use", first, []string{"-rollback", "-journal", held}, "another process"},
	} {
		before := state(c.tenant)
		status, out, reason := on(t.Context(), t, c.tenant, c.args...)
		assert.Equal(t, exitUsage, status, c.name)
		assert.Contains(t, reason, c.reason, c.name)
		assert.Empty(t, out, c.name)
		assert.Equal(t, before, state(c.tenant), c.name)
	}
	assert.NoFileExists(t, filepath.Join(folder, "gone"))
	text, err := os.ReadFile(filepath.Join(folder, "text"))
	require.NoError(t, err)
	assert.Equal(t, "hello\n", string(text), "a file that is no journal is left as it is")
}

func TestPlansAreNotMisused(t *testing.T) {
	folder := t.TempDir()
	tenant := builtIn(t, "conditional-access")
	good := filepath.Join(folder, "good.json")
	status, _, reason := on(t.Context(), t, tenant, backup("-plan", good)...)
	require.Equal(t, exitDone, status, reason)
	text, err := os.ReadFile(good)
	require.NoError(t, err)
	before, journal := state(tenant), filepath.Join(folder, "journal")
	for name, c := range map[string]struct{ text, reason string }{
		"no JSON":          {"plan", "no plan"},
		"another schema":   {strings.Replace(string(text), mfa.PlanSchema, "entramfa.plan/9", 1), "entramfa.plan/9"},
		"an unknown part":  {strings.Replace(string(text), `"schema"`, `"also": [], "schema"`, 1), "unknown field"},
		"two of them":      {string(text) + string(text), "behind it"},
		"another tenant's": {strings.ReplaceAll(string(text), tenant.ID(), "5a1c9d3e-7f42-4b68-9c0d-2e8b6f4a1d36"), "is for the tenant"},
	} {
		file := filepath.Join(folder, strings.ReplaceAll(name, " ", "-"))
		require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
		status, _, reason := on(t.Context(), t, tenant, "-apply", "-plan", file, "-journal", journal)
		assert.Equal(t, exitUsage, status, name)
		assert.Contains(t, reason, c.reason, name)
	}
	status, _, reason = on(t.Context(), t, tenant, "-apply", "-plan", filepath.Join(folder, "gone"), "-journal", journal)
	assert.Equal(t, exitUsage, status, reason)
	assert.NoFileExists(t, journal)
	assert.Equal(t, before, state(tenant))
}

func TestAnotherTenantThanWasAskedForIsRefused(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	var out, reason bytes.Buffer
	opts, err := parse(append([]string{"-tenant", "e0000000-0000-4000-8000-000000000002"}, backup()...), &out, &reason)
	require.NoError(t, err)
	assert.Equal(t, exitUnavailable, program{tenant: tenant, options: opts, stdout: &out, stderr: &reason}.run(t.Context()))
	assert.Empty(t, out.String())
	assert.Contains(t, reason.String(), tenant.ID())
}

func TestPlanFromAnExport(t *testing.T) {
	export := t.TempDir()
	require.NoError(t, os.CopyFS(export, os.DirFS(filepath.Join("tenants", "conditional-access"))))
	status, out, reason := call(t, append([]string{"-load", export, "-account", "svc-backup@contoso.com"}, service...)...)
	assert.Equal(t, exitDone, status, reason)
	assert.Contains(t, out, "after   CLEAR")
	assert.Contains(t, out, `change the policy "Require MFA for all users"`)
	assert.Contains(t, out, "every change names the account alone")

	_, narrow, _ := call(t, append([]string{"-load", export, "-account", "svc-backup@contoso.com", "-country", "NL", "-platform", "windows"}, service...)...)
	assert.Contains(t, narrow, "from 203.0.113.0/28 in NL, on windows")

	file := filepath.Join(t.TempDir(), "plan.json")
	status, out, reason = call(t, append([]string{"-load", export, "-account", "svc-backup@contoso.com", "-group", "a0000000-0000-4000-8000-000000000001", "-plan", file, "-json"}, service...)...)
	assert.Equal(t, exitDone, status, reason)
	var plan mfa.Plan
	require.NoError(t, json.Unmarshal([]byte(out), &plan))
	stored, err := readPlan(file)
	require.NoError(t, err)
	assert.Equal(t, plan.ID, stored.ID)

	require.NoError(t, os.Remove(filepath.Join(export, "SecurityDefaults.json")))
	status, out, reason = call(t, append([]string{"-load", export, "-account", "svc-backup@contoso.com"}, service...)...)
	assert.Equal(t, exitUnknown, status, "a plan made without them would be one for another tenant")
	assert.Contains(t, reason, "give it as SecurityDefaults")
	assert.Empty(t, out)
}

// TestPlanFromAnExportOfIntuneManagement: its policies, groups and locations, and the
// account beside it.
func TestPlanFromAnExportOfIntuneManagement(t *testing.T) {
	export, beside := t.TempDir(), t.TempDir()
	from := os.DirFS(filepath.Join("tenants", "conditional-access"))
	for folder, name := range map[string]string{"policies": "ConditionalAccess", "groups": "Groups", "namedLocations": "NamedLocations"} {
		files, err := fs.Sub(from, folder)
		require.NoError(t, err)
		require.NoError(t, os.CopyFS(filepath.Join(export, name), files))
	}
	put := func(folder, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	put(export, "MigrationTable.json", "\ufeff"+`{"TenantId":"5a1c9d3e-7f42-4b68-9c0d-2e8b6f4a1d35","Organization":"Contoso","Objects":[]}`)
	put(beside, "svc.json", `{"@odata.type":"#microsoft.graph.user","id":"b0000000-0000-4000-8000-0000000000aa","userPrincipalName":"svc@contoso.com","displayName":"Svc",
		"accountEnabled":true,"userType":"Member","onPremisesSyncEnabled":null,"transitiveMemberOf":[],"transitiveRoleAssignments":[],"roleEligibilityScheduleInstances":[],
		"authentication":{"requirements":{"perUserMfaState":"disabled"},"methods":[]}}`)
	put(beside, "SecurityDefaults.json", `{"isEnabled":false}`)
	args := append([]string{"-load", export, "-load", beside, "-account", "svc@contoso.com"}, service...)
	status, _, reason := call(t, args...)
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "SubscribedSkus", "what is missing, and how to give it")
	status, out, reason := call(t, append(args, "-skip-compensation")...)
	assert.Equal(t, exitDone, status, reason)
	assert.Contains(t, out, "(Contoso)")
	assert.Contains(t, out, "3 CHANGES")
}

func TestUsage(t *testing.T) {
	t.Setenv(passwordVariable, "")
	account := []string{"-tenant", "contoso.com", "-account", "a@contoso.com"}
	with := func(more ...string) []string { return append(append([]string{}, account...), more...) }
	opentest.Refuses(t, call, exitUsage, [][]string{
		{"-load", "testdata"},
		{"-tenant", "contoso.com"},
		{"-account", "a@contoso.com"},
		{"-apply"},
		{"-rollback", "-journal", "j"},
		{"-skip-compensation"},
		{"-load", "testdata", "-account", "a", "-apply", "-journal", "j"},
		{"-load", "testdata", "-rollback", "-journal", "j"},
		with("-apply"),
		with("-apply", "-journal", ""),
		with("-journal", "j"),
		with("-rollback", "-journal", "j"),
		with("-verify", "-journal", "j"),
		with("-apply", "-rollback", "-journal", "j"),
		with("-apply", "-journal", "j", "-plan", "p"),
		with("-plan", "same", "-apply", "-journal", "same"),
		with("-probe"),
		with("-apply", "-journal", "j", "-probe"),
		with("-allow-incomplete"),
		with("-probe-client", "14d82eec-204b-4c2f-b7e8-296a70dab67e"),
		with("-group", "CA-ServiceAccounts"),
		with("-emergency", "emergency@contoso.com"),
		with("-from", "10.0.0.1"),
		with("-profile", "outlook"),
		with("-country", "Netherlands"),
		with("-profile", "exchange", "-signs-in-to", mfa.MicrosoftGraph),
		with("-password", "secret"),
		with("more"),
		with("-cloud", "moon"),
		{"-tenant", "contoso.com", "-rollback", "-journal", "j", "-plan", "p"},
		{"-tenant", "contoso.com", "-apply", "-plan", "p", "-journal", "j", "-allow-unprotected"},
		{"-load", "no-such-folder", "-account", "a"},
	})
	opentest.Explains(t, call, "-load", "-apply", "-rollback", "-journal", "-probe", passwordVariable, "Exit status", "69", "Policy.Read.All")
}

func TestNamesDoNotSteerTheTerminal(t *testing.T) {
	const hostile = "x\x1b[2K\x1b[1A\rCLEAR\u202e\nafter   CLEAR"
	plan := mfa.Plan{
		Account: entramfa.Candidate{UserPrincipalName: hostile, DisplayName: hostile}, Tenant: mfa.Tenant{DisplayName: hostile},
		NotLifted: []mfa.NotLifted{{Name: hostile, Because: hostile, Instead: hostile}},
		Changes:   []entramfa.Change{{ID: "1", Kind: entramfa.ChangePolicy, TargetName: hostile, Before: json.RawMessage(`{"state":"\u001b[2K"}`), After: json.RawMessage(`{"state":"a\u202eb"}`), Reason: hostile, Undo: hostile}},
		Others:    mfa.Others{Changed: []string{hostile}, Count: 1}, Gap: &mfa.Gap{Text: hostile}, Notes: []string{hostile},
	}
	texts := []string{
		planText(proposal{Plan: plan, Notes: []string{hostile}}),
		deedText(deed{Plan: plan, Result: &mfa.Result{Appeared: []string{hostile}}, Verification: &mfa.Verification{Graph: mfa.Proved{Text: hostile}, Appeared: []string{hostile}}}),
		progressText(mfa.Progress{Change: plan.Changes[0]}) + "\n",
	}
	for _, out := range texts {
		assert.NotRegexp(t, "[\x00-\x09\x0b-\x1f\x7f\u202e]", out)
		assert.NotContains(t, out, "\nafter")
		assert.NotContains(t, out, "\n  after   CLEAR")
	}
}
