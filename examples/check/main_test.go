package main

import (
	"bytes"
	"encoding/json"
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
)

// call runs the program as a user does.
var call = opentest.Of(run)

func TestFourAccountsAsATable(t *testing.T) {
	status, out, _ := call(t)
	assert.Equal(t, exitClear, status)
	opentest.Golden(t, "four-accounts.txt", out)
	assert.NotContains(t, out, "\t")
	opentest.Fits(t, out, 2+lineWidth)
}

func TestAllPolicies(t *testing.T) {
	_, out, _ := call(t, "-account", "svc-backup@contoso.com", "-all")
	opentest.Golden(t, "backup-all.txt", out)
}

func TestExitStatusIsTheVerdict(t *testing.T) {
	for _, c := range []struct {
		account string
		status  int
		reason  string
	}{
		{"svc-backup@contoso.com", exitClear, "clear: no source touches"},
		{"Cloud App Security Service Account for SharePoint", exitStands, "MFA stands in the way: Conditional Access: Require MFA for all users"},
		{"svc-directory@contoso.com", exitStands, "blocked: Conditional Access: Block service accounts to be retired"},
		{"svc-reports@contoso.com", exitUnknown, "can't be told: Conditional Access: Require a verified workload"},
		{"nobody@contoso.com", exitUsage, `no account "nobody@contoso.com"`},
		{" nobody@contoso.com ", exitUsage, "in the built-in tenant"},
		{"Cloud App", exitUsage, "svc-sharepoint@contoso.com"},
	} {
		status, _, reason := call(t, "-account", c.account)
		assert.Equal(t, c.status, status, c.account)
		assert.Contains(t, reason, c.reason)
	}
}

func TestJSONIsOneDocumentAReport(t *testing.T) {
	status, out, _ := call(t, "-json")
	assert.Equal(t, exitClear, status)
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	var outcomes []string
	for decoder.More() {
		var report mfa.Report
		require.NoError(t, decoder.Decode(&report))
		assert.Equal(t, mfa.ReportSchema, report.Schema)
		outcomes = append(outcomes, report.Outcome.String())
	}
	assert.Equal(t, []string{"clear", "mfa", "blocked", "unknown"}, outcomes)
	assert.NotContains(t, out, "2065550100", "a whole phone number")
}

func TestTheProfileNarrowsTheQuestion(t *testing.T) {
	for _, c := range []struct{ from, text string }{
		{"203.0.113.7", "Require MFA for reporting outside the head office: outside the profile it may be met (mfa, sometimes): for instance a sign-in"},
		{"198.51.100.0/24", "sure every sign-in is touched do exclude the account from the policy \"Require MFA for reporting"},
	} {
		_, out, _ := call(t, "-account", "svc-reports@contoso.com", "-from", c.from)
		assert.Contains(t, strings.Join(strings.Fields(out), " "), c.text)
	}
	status, _, _ := call(t, "-account", "svc-reports@contoso.com", "-from", "the office")
	assert.Equal(t, exitUsage, status)
}

// TestProfilesByName asks an export with a policy on SharePoint alone, as each
// kind of client would.
func TestProfilesByName(t *testing.T) {
	export := t.TempDir()
	write(t, export, "policy.json", `{"@odata.type":"#microsoft.graph.conditionalAccessPolicy","id":"1","displayName":"MFA for SharePoint","state":"enabled",
		"conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["`+mfa.SharePointOnline+`"]},"users":{"includeUsers":["All"]}},
		"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`)
	write(t, export, "SecurityDefaults.json", `{"isEnabled":false}`)
	write(t, export, "svc.json", `{"@odata.type":"#microsoft.graph.user","id":"b0000000-0000-4000-8000-0000000000aa","userPrincipalName":"svc@fabrikam.com","displayName":"Svc",
		"accountEnabled":true,"userType":"Member","onPremisesSyncEnabled":null,"transitiveMemberOf":[],"roleAssignments":[],"authentication":{"requirements":{"perUserMfaState":"disabled"},"methods":[]}}`)
	for _, c := range []struct {
		flags  []string
		status int
		text   string
	}{
		{nil, exitUnknown, "some sign-ins are touched, others not"},
		{[]string{"-profile", "sharepoint"}, exitStands, "every sign-in is touched"},
		{[]string{"-profile", "exchange"}, exitClear, "outside the profile it may be met (mfa, sometimes): for instance a sign-in to " + mfa.SharePointOnline},
		{[]string{"-profile", "Exchange", "-from", "203.0.113.7"}, exitClear, "outside the profile"},
		{[]string{"-profile", "exchange", "-profile", "sharepoint"}, exitUnknown, "some sign-ins are touched, others not"},
		{[]string{"-profile", "graph"}, exitUnknown, "whether " + mfa.MicrosoftGraph + " is among its resources"},
		{[]string{"-profile", "azure-cli"}, exitUnknown, "the account manages Azure resources"},
		{[]string{"-profile", "azure-powershell", "-profile", "azure-cli"}, exitUnknown, "whether " + mfa.AzureManagement + ", " + mfa.MicrosoftGraph + " is among"},
	} {
		status, out, reason := call(t, append(c.flags, "-load", export, "-account", "svc@fabrikam.com")...)
		assert.Equal(t, c.status, status, "%v: %s", c.flags, reason)
		assert.Contains(t, strings.Join(strings.Fields(out), " "), c.text, "%v", c.flags)
	}
	_, _, reason := call(t, "-profile", "outlook")
	assert.Contains(t, reason, "there are graph, exchange, sharepoint, azure-cli, azure-powershell")
}

func TestMandatoryMFAByResource(t *testing.T) {
	status, _, reason := call(t, "-account", "svc-backup@contoso.com", "-signs-in-to", mfa.AzurePortal)
	assert.Equal(t, exitStands, status)
	assert.Contains(t, reason, "admin portal")
}

func TestUsage(t *testing.T) {
	opentest.Refuses(t, call, exitUsage, [][]string{
		{"-load", "testdata"},
		{"-tenant", "contoso.com"},
		{"-load", "testdata", "-tenant", "t", "-account", "a"},
		{"-account", "a", "more"},
		{"-cloud", "moon"},
		{"-cloud", "china"},
		{"-account", ""},
		{"-tenant", "", "-account", "a@b.c"},
		{"-signs-in-to", "portal"},
		{"-platform", "widnows"},
		{"-profile", "outlook"},
		{"-profile", ""},
		{"-profile", "azure-cli", "-signs-in-to", mfa.MicrosoftGraph},
		{"-signs-in-to", mfa.AzurePortal + "," + mfa.AzureCLI},
		{"-no-such-flag"},
		{"-load", "no-such-folder", "-account", "a"},
		{"-load", "main.go", "-account", "a"},
	})
	opentest.Explains(t, call, "-load", "-tenant", "-account", "-json", "Exit status", "69", "Policy.Read.All", "transitiveMemberOf")
}

func TestLoadAFolderAndTheAccountBesideIt(t *testing.T) {
	account := t.TempDir()
	write(t, account, "svc.json", `{"@odata.type":"#microsoft.graph.user","id":"b0000000-0000-4000-8000-0000000000aa","userPrincipalName":"svc@fabrikam.com","displayName":"Svc",
		"accountEnabled":true,"userType":"Member","transitiveMemberOf":[{"displayName":"Reporting"}],"roleAssignments":[],"authentication":{"requirements":{"perUserMfaState":"disabled"},"methods":[]}}`)
	policies := filepath.Join("tenant", "policies")
	groups := filepath.Join("tenant", "groups")

	status, out, reason := call(t, "-load", policies, "-load", groups, "-load", account, "-account", "svc@fabrikam.com", "-json")
	assert.Equal(t, exitUnknown, status, reason)
	var report mfa.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	outcomes := map[string]entramfa.Outcome{}
	for _, f := range report.Findings {
		outcomes[f.Name] = f.Outcome
	}
	assert.Equal(t, entramfa.Unknown, outcomes["Security defaults"], "an export that doesn't hold them")
	assert.Equal(t, entramfa.Clear, outcomes["Require MFA for all users"])
	assert.Equal(t, entramfa.Clear, outcomes["Per-user MFA"])
}

func TestLoadRefusesABrokenFile(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "broken.json", `{"id": "1", "conditions": }`)
	status, _, reason := call(t, "-load", folder, "-account", "a@b.c")
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, reason, "broken.json")
}

func write(t *testing.T, folder, name, text string) {
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
}

func TestAReportAboutAnotherTenantIsRefused(t *testing.T) {
	reader, err := embeddedTenant()
	require.NoError(t, err)
	for tenant, want := range map[string]int{
		"e0000000-0000-4000-8000-000000000002": exitUnavailable,
		"5A1C9D3E-7f42-4b68-9c0d-2e8b6f4a1d35": exitClear,
		"contoso.com":                          exitClear, // a name can't be compared
	} {
		var out, reason bytes.Buffer
		opts := options{Source: open.Source{Tenant: tenant, Account: "svc-backup@contoso.com"}}
		assert.Equal(t, want, checkOne(t.Context(), reader, opts, &out, &reason), reason.String())
		assert.Equal(t, want == exitClear, out.Len() > 0)
	}
}

func TestNamesDoNotSteerTheTerminal(t *testing.T) {
	report := mfa.Report{
		Verdict: entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always},
		Account: mfa.Account{DisplayName: "Svc\nCLEAR\n"},
		Findings: []entramfa.Finding{{
			Source: entramfa.SourceConditionalAccess, ID: "1", Name: "x\x1b[2K\x1b[1A\rCLEAR\u202e", Outcome: entramfa.MFA, Extent: entramfa.Always,
			Reasons: []entramfa.Reason{{Text: "because\x07"}},
		}},
	}
	var stderr bytes.Buffer
	assert.Equal(t, exitStands, verdict(&stderr, report))
	for _, out := range []string{table(report, true), stderr.String()} {
		assert.NotRegexp(t, "[\x00-\x09\x0b-\x1f\x7f\u202e]", out)
		assert.NotContains(t, out, "\nCLEAR")
	}
}

func TestErrorsBecomeExitStatuses(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
	}{
		{fmt.Errorf("x: %w", entramfa.ErrUnavailable), exitUnavailable},
		{&entramfa.GraphError{Kind: entramfa.ErrUnauthenticated}, exitUnavailable},
		{&entramfa.GraphError{Kind: entramfa.ErrThrottled}, exitUnavailable},
		{&entramfa.GraphError{Kind: entramfa.ErrPermission}, exitUnknown},
		{&entramfa.AccountError{Kind: entramfa.ErrAmbiguous}, exitUsage},
		{errors.New("anything else"), exitUnavailable},
	} {
		var stderr bytes.Buffer
		assert.Equal(t, c.status, new(open.Source).Fail(&stderr, c.err))
		assert.NotEmpty(t, stderr.String())
	}
}
