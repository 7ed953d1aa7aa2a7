package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/examples/internal/opentest"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/internal/conformance"
	"github.com/entramfa/entramfa/mfa"
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
	return newProgram(fake, opts, &out, &diagnostics).run(ctx), out.String(), diagnostics.String()
}

func builtIn(t *testing.T) *graphfake.Tenant {
	t.Helper()
	tenant, err := open.Embedded(embedded, "tenant")
	require.NoError(t, err)
	return tenant
}

func TestTheWholeWay(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	status, out, reason := call(t)
	require.Equal(t, exitDone, status, reason)
	assert.Empty(t, reason)
	opentest.Golden(t, "enrolment.txt", out)
	opentest.Fits(t, out, lineWidth)
	for _, part := range []string{"206 555", "2065550134", "5550134"} {
		assert.NotContains(t, out, part)
	}
	assert.Less(t, strings.Index(out, "WHAT ENROLMENT NO LONGER GIVES"), strings.Index(out, "THE PLAN FOR"), "the truth comes first")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left, "the journal is gone")
}

func TestEachStepOnATenant(t *testing.T) {
	const newPassword, appPassword = "Quagga;Tapir-8842#", "qwhfdlpmvzsktbrn"
	t.Setenv(phoneVariable, phone)
	t.Setenv(passwordVariable, newPassword)
	t.Setenv(appPasswordVariable, "")
	fake, journal := builtIn(t), filepath.Join(t.TempDir(), "journal")
	before := string(fake.Snapshot())
	plan := []string{"-account", displayName, "-phone-from-env", "-set-password", "-app-password"}

	status, all, reason := on(t.Context(), t, fake, plan...)
	assert.Equal(t, exitDone, status, reason)
	assert.Equal(t, before, string(fake.Snapshot()), "a plan changes nothing")
	steps := []struct {
		args   []string
		status int
		says   string
	}{
		{append(plan, "-apply", "-journal", journal), exitWaits, "IT WAITS FOR A PERSON (change 6)"},
		{[]string{"-resume", "-journal", journal}, exitWaits, "IT WAITS FOR A PERSON"},
		{[]string{"-resume", "-journal", journal}, exitDone, "received a credential of the kind appPassword"},
		{[]string{"-rollback", "-journal", journal}, exitDone, "not undone  change 3 (setPassword)"},
	}
	for i, step := range steps {
		if i == 2 {
			t.Setenv(appPasswordVariable, appPassword)
		}
		status, out, reason := on(t.Context(), t, fake, step.args...)
		assert.Equal(t, step.status, status, reason)
		assert.Contains(t, out, step.says)
		all += out + reason
	}
	for _, secret := range []string{newPassword, appPassword, phone, "5550134"} {
		assert.NotContains(t, all, secret)
	}
}

func TestJSONOfAnEnrolment(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	status, out, reason := call(t, "-json")
	require.Equal(t, exitDone, status, reason)
	var whole told
	require.NoError(t, json.Unmarshal([]byte(out), &whole))
	require.Len(t, whole.Plan.Changes, 7)
	assert.Equal(t, "6", whole.Applied.Waiting.Change.ID)
	assert.Nil(t, whole.Resumed.Waiting)
	assert.Len(t, whole.RolledBack.NotUndone, 4)
	assert.NotContains(t, out, "5550134")

	t.Setenv(phoneVariable, phone)
	t.Setenv(passwordVariable, "short")
	fake, journal := builtIn(t), filepath.Join(t.TempDir(), "journal")
	made := []string{"-account", displayName, "-phone-from-env", "-set-password", "-json"}
	status, out, reason = on(t.Context(), t, fake, made...)
	require.Equal(t, exitDone, status, reason)
	var plan mfa.Plan
	require.NoError(t, json.Unmarshal([]byte(out), &plan))
	assert.Equal(t, mfa.PlanSchema, plan.Schema)
	for _, step := range []struct {
		args   []string
		status int
		says   string
	}{
		{append(made, "-apply", "-journal", journal), exitStands, "password complexity"},
		{[]string{"-rollback", "-journal", journal, "-json"}, exitDone, ""},
	} {
		status, out, reason = on(t.Context(), t, fake, step.args...)
		assert.Equal(t, step.status, status, reason)
		var done deed
		require.NoError(t, json.Unmarshal([]byte(out), &done), out)
		assert.Equal(t, plan.Account, done.Plan.Account)
		assert.NotEmpty(t, done.Result.Changes)
		assert.Contains(t, done.Error, step.says)
	}
}

func TestWhatStopsAnEnrolment(t *testing.T) {
	t.Setenv(phoneVariable, phone)
	fake, folder := builtIn(t), t.TempDir()
	before := string(fake.Snapshot())
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"nobody of that name":     {[]string{"-account", "nobody@contoso.com"}, exitUsage, "nobody@contoso.com"},
		"no journal to go on":     {[]string{"-resume", "-journal", filepath.Join(folder, "none")}, exitUsage, "no such file"},
		"no journal to roll back": {[]string{"-rollback", "-journal", filepath.Join(folder, "none")}, exitUsage, "no such file"},
		"no licence for a policy": {[]string{"-account", displayName, "-by-policy"}, exitStands, "no Entra ID P1"},
		"an emergency account":    {[]string{"-account", displayName, "-emergency", "b0000000-0000-4000-8000-000000000001"}, exitStands, "emergency access"},
	} {
		status, _, reason := on(t.Context(), t, fake, c.args...)
		assert.Equal(t, c.status, status, "%s: %s", name, reason)
		assert.Contains(t, reason, c.says, name)
	}
	assert.Equal(t, before, string(fake.Snapshot()))
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left, "no journal is made for what isn't applied")
}

func TestFlagsThatDoNotGoTogether(t *testing.T) {
	t.Setenv(phoneVariable, "")
	t.Setenv(passwordVariable, "")
	real := func(args ...string) []string { return append([]string{"-tenant", "contoso.com"}, args...) }
	for says, args := range map[string][]string{
		"goes with -tenant or -load":           {"-account", "x"},
		"the built-in tenant takes none":       {"-apply"},
		"name the account":                     real(),
		"exclude each other":                   real("-apply", "-resume", "-journal", "j"),
		"-journal is needed":                   real("-account", "x", "-apply"),
		"-journal goes with":                   real("-account", "x", "-journal", "j"),
		"-account goes with making a plan":     real("-resume", "-account", "x", "-journal", "j"),
		"-by-policy goes with making a plan":   real("-rollback", "-by-policy", "-journal", "j"),
		phoneVariable + " holds no number":     real("-account", "x", "-phone-from-env"),
		passwordVariable + " holds no passwor": real("-account", "x", "-set-password", "-apply", "-journal", "j"),
		"is no object id":                      real("-account", "x", "-emergency", "y"),
		"an export can't be changed":           {"-load", ".", "-account", "x", "-apply", "-journal", "j"},
		"is no flag":                           real("-account", "x", "secret"),
		"-journal is empty":                    real("-resume", "-journal", ""),
	} {
		status, out, reason := call(t, args...)
		assert.Equal(t, exitUsage, status, says)
		assert.Contains(t, reason, says)
		assert.Empty(t, out)
	}
	status, out, _ := call(t, "-h")
	assert.Equal(t, exitDone, status)
	assert.Contains(t, out, "3   it waits for a person")
}

// TestCheckAndSignInAgree signs every account of the built-in tenant in: what the
// check says is what the sign-in meets and what the log holds.
func TestCheckAndSignInAgree(t *testing.T) {
	assert.NotEmpty(t, conformance.Agreement(t, builtIn(t)))
}
