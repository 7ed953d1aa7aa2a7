package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/examples/internal/opentest"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/policy"
)

// call runs the program as a user does.
var call = opentest.Of(run)

// builtIn returns the built-in tenant, to be changed.
func builtIn(t *testing.T) *graphfake.Tenant {
	t.Helper()
	return opentest.BuiltIn(t, embeddedTenant)
}

// swept sweeps a tenant, for the report as JSON.
func swept(t *testing.T, tenant open.Reader) (status int, r report, stderr string) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	status = answer(t.Context(), tenant, options{json: true}, &out, &diagnostics)
	if out.Len() > 0 {
		require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	}
	return status, r, diagnostics.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	opentest.Golden(t, name, got)
	opentest.Fits(t, got, lineWidth)
}

func TestWithoutArguments(t *testing.T) {
	status, out, diagnostics := call(t)
	assert.Equal(t, exitThrough, status)
	assert.Empty(t, diagnostics)
	golden(t, "table.txt", out)
}

func TestEveryAccountByName(t *testing.T) {
	status, out, _ := call(t, "-all", "-from", "203.0.113.7", "-platform", "linux", "-profile", "graph")
	assert.Equal(t, exitThrough, status)
	golden(t, "all.txt", out)
}

// upns names accounts.
func upns(s some) []string {
	list := []string{}
	for _, a := range s.Accounts {
		list = append(list, strings.TrimSuffix(a.name(), "@contoso.com"))
	}
	return list
}

func TestJSONNamesEveryAccount(t *testing.T) {
	status, r, _ := swept(t, builtIn(t))
	assert.Equal(t, exitThrough, status)
	assert.Equal(t, []string{"svc-printer"}, upns(r.Through))
	assert.Equal(t, []string{"svc-printer"}, upns(r.Uncovered))
	assert.Equal(t, []string{"svc-backup"}, upns(r.Depends))
	assert.Equal(t, []string{"svc-retired"}, upns(r.Blocked))
	assert.Equal(t, []string{"svc-reports"}, upns(r.Untold))
	assert.Len(t, r.Challenged.Accounts, r.Challenged.Count)
	assert.Equal(t, r.Accounts, r.Through.Count+r.Depends.Count+r.Challenged.Count+r.Blocked.Count+r.Untold.Count)
	assert.Equal(t, 1, r.Disabled)
	assert.Len(t, r.Policies, 8, "one is in report-only mode")
	assert.Empty(t, r.Unread)
	guests := 0
	for _, a := range r.Challenged.Accounts {
		if a.Guest {
			guests++
		}
	}
	assert.Equal(t, 2, guests)
}

// TestExitStatus takes away one account after the other.
func TestExitStatus(t *testing.T) {
	tenant := builtIn(t)
	for _, step := range []struct {
		without string
		status  int
	}{{"svc-printer@contoso.com", exitThrough}, {"svc-backup@contoso.com", exitUnknown}, {"svc-reports@contoso.com", exitCovered}} {
		user, err := tenant.User(t.Context(), step.without)
		require.NoError(t, err)
		require.NoError(t, tenant.Delete(user.ID))
		status, _, _ := swept(t, tenant)
		assert.Equal(t, step.status, status, "without "+step.without)
	}
	status, _, _ := swept(t, &graphfake.Tenant{})
	assert.Equal(t, exitUnknown, status, "nobody is not everybody")
}

// TestWhatCouldNotBeRead is said, with what it leaves open and what to do.
func TestWhatCouldNotBeRead(t *testing.T) {
	tenant := builtIn(t)
	require.NoError(t, tenant.Delete(serviceGroup))
	status, r, _ := swept(t, tenant)
	assert.Equal(t, exitUnknown, status, "who was in the group is not known any more")
	require.Len(t, r.Unread, 1)
	assert.Contains(t, r.Unread[0], "read the members of group "+serviceGroup)
	assert.Contains(t, r.Unread[0], `named by "Require MFA for all members", "Block service accounts outside the head office"; what names a group that is gone should name it no more`)
	var out, diagnostics bytes.Buffer
	answer(t.Context(), tenant, options{}, &out, &diagnostics)
	assert.Contains(t, out.String(), "Require MFA for all members: whether it is about 8 accounts")

	tenant = builtIn(t)
	tenant.Fail(graphfake.Failure{Path: "/groups", Err: &entramfa.GraphError{Status: http.StatusForbidden}})
	status, r, _ = swept(t, tenant)
	assert.Equal(t, exitUnknown, status)
	require.Len(t, r.Unread, 6)
	assert.Contains(t, r.Unread[0], "GroupMember.Read.All")
}

func TestWithoutAccountsOrPoliciesThereIsNoAnswer(t *testing.T) {
	for path, want := range map[string]string{"/users": "list the accounts", "/identity/conditionalAccess/policies": "policies"} {
		for code, status := range map[int]int{http.StatusForbidden: exitUnknown, http.StatusInternalServerError: exitUnavailable} {
			tenant := builtIn(t)
			tenant.Fail(graphfake.Failure{Path: path, Err: &entramfa.GraphError{Status: code}})
			got, _, reason := swept(t, tenant)
			assert.Equal(t, status, got, path)
			assert.Contains(t, reason, want)
		}
	}
	tenant := builtIn(t)
	tenant.Fail(graphfake.Failure{Path: "/identity/conditionalAccess/namedLocations", Err: &entramfa.GraphError{Status: http.StatusForbidden}})
	_, r, _ := swept(t, tenant)
	require.Len(t, r.Unread, 1)
	assert.Contains(t, r.Unread[0], "Policy.Read.All")
}

func TestAnotherTenantIsRefused(t *testing.T) {
	var out, reason bytes.Buffer
	opts := options{Source: open.Source{Tenant: "e0000000-0000-4000-8000-000000000002"}}
	assert.Equal(t, exitUnavailable, answer(t.Context(), builtIn(t), opts, &out, &reason))
	assert.Empty(t, out.String())
	assert.Contains(t, reason.String(), "AZURE_TENANT_ID")
}

// TestManyAccounts: the first few are named, the others counted.
func TestManyAccounts(t *testing.T) {
	var r report
	for range 25 {
		r.Through.Accounts = append(r.Through.Accounts, account{ID: "b0000000-0000-4000-8000-000000000001"})
	}
	r.Through = r.Through.sorted()
	r.Policies = []reach{{Name: strings.Repeat("long ", 20), Verdict: entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}}}
	assert.Contains(t, table(r, options{}), "and 5 more, which -all names")
	assert.Equal(t, 20, strings.Count(table(r, options{}), "b0000000"))
	assert.Equal(t, 25, strings.Count(table(r, options{all: true}), "b0000000"))
	assert.Contains(t, table(r, options{}), "long ...  leaves them alone             nobody")
}

// TestLoad sweeps an export, in which accounts bring their groups.
func TestLoad(t *testing.T) {
	export := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(export, name), []byte(text), 0o600))
	}
	user := func(n, more string) string {
		return `{"@odata.type":"#microsoft.graph.user","id":"B0000000-0000-4000-8000-00000000000` + n + `","userPrincipalName":"u` + n + `@fabrikam.com","userType":"Member",` + more + `}`
	}
	write("policy.json", `{"@odata.type":"#microsoft.graph.conditionalAccessPolicy","id":"1","displayName":"MFA for all","state":"enabled",
		"conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"],"excludeGroups":["`+emergency+`"]}},
		"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`)
	write("users.json", `[`+user("1", `"accountEnabled":true,"transitiveMemberOf":[{"id":"`+emergency+`"}],"transitiveRoleAssignments":[]`)+`,`+
		user("2", `"accountEnabled":true,"transitiveMemberOf":[],"transitiveRoleAssignments":[]`)+`,`+user("3", `"accountEnabled":false`)+`]`)
	status, out, reason := call(t, "-load", export, "-json")
	assert.Equal(t, exitThrough, status, reason)
	var r report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, []string{"u1@fabrikam.com"}, upns(r.Through))
	assert.Equal(t, []string{"u2@fabrikam.com"}, upns(r.Challenged))
	assert.Equal(t, 1, r.Disabled)

	write("more.json", user("4", `"accountEnabled":true`))
	status, out, _ = call(t, "-load", export)
	assert.Equal(t, exitThrough, status)
	assert.Contains(t, strings.Join(strings.Fields(out), " "), "1 can't be told u4@fabrikam.com")
	assert.Contains(t, strings.Join(strings.Fields(out), " "), "the export does not hold")
}

func TestUsage(t *testing.T) {
	opentest.Refuses(t, call, exitUsage, [][]string{
		{"more"}, {"-no-such-flag"}, {"-account", "a"}, {"-load", "a", "-tenant", "t"}, {"-cloud", "china"}, {"-tenant", "t", "-cloud", "moon"},
		{"-tenant", ""}, {"-signs-in-to", "mail"}, {"-profile", "outlook"}, {"-profile", "graph", "-signs-in-to", policy.GlobalAdministrator},
		{"-platform", "amiga"}, {"-from", "the office"}, {"-load", "no-such-folder"}, {"-load", "main.go"},
	})
	opentest.Explains(t, call, "-load", "-tenant", "-from", "-json", "-all", "Exit status", "69", "Policy.Read.All", "GroupMember.Read.All")
}
