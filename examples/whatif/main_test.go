package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/examples/internal/opentest"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// call runs the program as a user does.
var call = opentest.Of(run)

func golden(t *testing.T, name, got string) {
	t.Helper()
	opentest.Golden(t, name, got)
	opentest.Fits(t, got, lineWidth+10)
}

func TestWithoutArguments(t *testing.T) {
	status, out, diagnostics := call(t)
	assert.Equal(t, exitAllowed, status)
	assert.Empty(t, diagnostics)
	golden(t, "decisions.txt", out)
}

func TestCompareGolden(t *testing.T) {
	status, out, _ := call(t, "-compare")
	assert.Equal(t, exitAllowed, status)
	golden(t, "compare.txt", out)
}

// point narrows the question to one sign-in from the head office.
var point = []string{"-account", embeddedAccount, "-app", "exchange", "-client", "mobileAppsAndDesktopClients", "-platform", "linux", "-from", "203.0.113.7", "-country", "NL", "-no-risk"}

func TestExitStatusIsTheVerdict(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{point, exitAllowed, "ALLOWED"},
		{append(point[:len(point):len(point)], "-platform", "android"), exitUnknown, "DEPENDS ON THE SIGN-IN"},
		{[]string{"-from", "198.51.100.7", "-country", "US"}, exitRefused, "BLOCKED"},
		{[]string{"-from", "198.51.100.7", "-country", "BE", "-platform", "linux"}, exitRefused, "REFUSED"},
		{[]string{"-from", "203.0.113.0/24", "-country", "NL", "-app", "exchange", "-platform", "android"}, exitRefused, "REFUSED"},
	} {
		status, out, _ := call(t, c.args...)
		assert.Equal(t, c.status, status, "%s\n%s", c.args, out)
		assert.Contains(t, out, c.says, c.args)
	}
	status, out, _ := call(t, "-app", "azure", "-from", "203.0.113.7", "-country", "NL", "-platform", "windows")
	assert.Contains(t, out, "Azure management away from home: demands mfa")
	assert.Equal(t, exitRefused, status, "the program is at no place by GPS")
	status, out, _ = call(t, "-profile", "azure-cli", "-from", "203.0.113.7", "-country", "NL", "-platform", "windows")
	assert.Contains(t, out, "to Azure management or Microsoft Graph, as")
	assert.Contains(t, out, "Azure management away from home: demands mfa, of some sign-ins")
	assert.Equal(t, exitUnknown, status, "a token for Graph needs no MFA")
}

func TestAnotherTenantIsRefused(t *testing.T) {
	reader, err := embeddedTenant()
	require.NoError(t, err)
	var out, reason bytes.Buffer
	opts := options{Source: open.Source{Tenant: "e0000000-0000-4000-8000-000000000002", Account: embeddedAccount}}
	assert.Equal(t, exitUnavailable, answer(t.Context(), reader, opts, &out, &reason))
	assert.Empty(t, out.String())
	assert.Contains(t, reason.String(), "AZURE_TENANT_ID")
}

func TestNoTimeoutIsNoLimit(t *testing.T) {
	status, _, reason := call(t, "-timeout", "0")
	assert.Equal(t, exitAllowed, status, reason)
}

func TestUsage(t *testing.T) {
	opentest.Refuses(t, call, exitUsage, [][]string{
		{"-load", "testdata"}, {"-tenant", "contoso.com"}, {"-load", "a", "-tenant", "t", "-account", "a"}, {"more"}, {"-no-such-flag"},
		{"-cloud", "china"}, {"-tenant", "t", "-account", "a", "-cloud", "moon"}, {"-scenarios", "x.json"}, {"-compare", "-app", "graph"},
		{"-app", "mail"}, {"-profile", "outlook"}, {"-profile", "graph", "-app", "graph"}, {"-compare", "-profile", "graph"},
		{"-client", "carrier"}, {"-platform", "amiga"}, {"-from", "the office"}, {"-country", "Holland"}, {"-app", ""},
		{"-load", "no-such-folder", "-account", "a"}, {"-load", "main.go", "-account", "a"}, {"-account", "nobody@contoso.com"},
		{"-compare", "-scenarios", "no-such-file"},
	})
	opentest.Explains(t, call, "-load", "-tenant", "-account", "-compare", "-scenarios", "Exit status", "69", "Policy.Read.All")
}

func TestScenariosFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scenarios.json")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	for text, reason := range map[string]string{
		`[]`:                         "no scenario",
		`{}`:                         "scenarios.json",
		`[{"signIn": {}}]`:           "without a name",
		`[{"name": "a", "sign": 1}]`: "unknown field",
		`[{"name": "a", "signIn": {"platform": ["windows"]}}]`: `a: json: unknown field "platform"`,
	} {
		write(text)
		status, _, said := call(t, "-compare", "-scenarios", file)
		assert.Equal(t, exitUsage, status, text)
		assert.Contains(t, said, reason, text)
	}
	write(`[{"name": "A script", "signIn": {"platforms": ["unknown"]}}, {"name": "The usual"}]`)
	status, out, _ := call(t, "-compare", "-scenarios", file)
	assert.Equal(t, exitUnknown, status)
	assert.Contains(t, strings.Join(strings.Fields(out), " "), "not asked: policy: What If can't be asked about this sign-in: platforms: the API has no word")
	assert.Contains(t, out, "1 of 2 sign-ins could not be asked about")
}

// wrong is a What If that says of every policy that it applies.
type wrong struct{ policy.Evaluator }

func (w wrong) WhatIf(ctx context.Context, question policy.WhatIf) ([]policy.WhatIfResult, error) {
	results, err := w.Evaluator.WhatIf(ctx, question)
	for i := range results {
		results[i].PolicyApplies, results[i].AnalysisReasons = new(true), policy.AnalysisNotSet
	}
	return results, err
}

func TestCompareFindsFaults(t *testing.T) {
	tenant, err := embeddedTenant()
	require.NoError(t, err)
	facts, err := mfa.Collect(t.Context(), tenant, embeddedAccount)
	require.NoError(t, err)
	var out bytes.Buffer
	status, err := compare(t.Context(), &out, wrong{tenant}, facts, []scenario{{"A sign-in", usualSignIn()}})
	require.NoError(t, err)
	assert.Equal(t, exitRefused, status)
	assert.Contains(t, strings.Join(strings.Fields(out.String()), " "), "Block legacy authentication: here it does not apply (clientApps), by What If it applies. FAULT: here a condition is not met")
}

func TestLoadAFolder(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"policies.json": string(embeddedPolicies),
		"svc.json": `{"@odata.type":"#microsoft.graph.user","id":"b0000000-0000-4000-8000-0000000000aa","userPrincipalName":"svc@fabrikam.com","displayName":"Svc",
			"accountEnabled":true,"userType":"Member","transitiveMemberOf":[],"roleAssignments":[]}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	status, out, reason := call(t, "-load", folder, "-account", "svc@fabrikam.com", "-app", "exchange", "-client", "other")
	assert.Equal(t, exitRefused, status, reason)
	assert.Contains(t, out, "Block legacy authentication: blocks")
	assert.Contains(t, out, "not known: what the named location", "the export holds no locations")
}

func TestErrorsBecomeExitStatuses(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
	}{
		{fmt.Errorf("x: %w", entramfa.ErrUnavailable), exitUnavailable},
		{&entramfa.GraphError{Kind: entramfa.ErrPermission}, exitUnknown},
		{&entramfa.AccountError{Kind: entramfa.ErrAmbiguous}, exitUsage},
		{errors.New("anything else"), exitUnavailable},
	} {
		var stderr bytes.Buffer
		assert.Equal(t, c.status, new(open.Source).Fail(&stderr, c.err))
		assert.NotEmpty(t, stderr.String())
	}
}
