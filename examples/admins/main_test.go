package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/examples/internal/opentest"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// call runs the program as a user does.
var call = opentest.Of(run)

// builtIn returns the built-in tenant, to be changed.
func builtIn(t *testing.T) *graphfake.Tenant {
	t.Helper()
	return opentest.BuiltIn(t, embeddedTenant)
}

// answered judges a tenant, for the status alone.
func answered(t *testing.T, tenant open.Reader, opts options) (status int, out, stderr string) {
	t.Helper()
	var text, diagnostics bytes.Buffer
	status = answer(t.Context(), tenant, opts, &text, &diagnostics)
	return status, text.String(), diagnostics.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	opentest.Golden(t, name, got)
	opentest.Fits(t, got, lineWidth)
}

func TestWithoutArguments(t *testing.T) {
	status, out, diagnostics := call(t)
	assert.Equal(t, exitLacking, status)
	assert.Empty(t, diagnostics)
	golden(t, "table.txt", out)
}

func TestAllUsers(t *testing.T) {
	status, out, diagnostics := call(t, "-all-users")
	assert.Equal(t, exitLacking, status)
	assert.Empty(t, diagnostics)
	golden(t, "allusers.txt", out)
}

func TestJSON(t *testing.T) {
	status, out, _ := call(t, "-json")
	assert.Equal(t, exitLacking, status)
	type account struct {
		UserPrincipalName string
		MFA               entramfa.Value[bool]
		Now               struct{ Witness *policy.SignIn }
	}
	var r struct {
		Administrators int
		Accounts       []account
		Partner        struct{ Accounts, With, Without, Unknown int }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, 12, r.Administrators)
	require.Len(t, r.Accounts, 12)
	assert.Equal(t, 12, r.Partner.With+r.Partner.Without+r.Partner.Unknown)
	i := slices.IndexFunc(r.Accounts, func(a account) bool { return a.UserPrincipalName == "svc-backup@contoso.com" })
	require.GreaterOrEqual(t, i, 0)
	has, known := r.Accounts[i].MFA.Get()
	assert.Equal(t, []bool{false, true}, []bool{has, known})
	assert.NotNil(t, r.Accounts[i].Now.Witness)
}

// TestExitStatus deletes whoever lacks MFA, then whoever it can't be told of.
func TestExitStatus(t *testing.T) {
	tenant := builtIn(t)
	remove := func(names ...string) {
		for _, name := range names {
			user, err := tenant.User(t.Context(), name+"@contoso.com")
			require.NoError(t, err)
			require.NoError(t, tenant.Delete(user.ID))
		}
	}
	for _, step := range []struct {
		without           []string
		status, allStatus int
	}{
		{nil, exitLacking, exitLacking},
		{[]string{"chiara", "deniz", "emergency-1", "emergency-2", "felix", "ines_partner.example#EXT#", "svc-backup"}, exitUnknown, exitLacking},
		{[]string{"greta"}, exitProtected, exitLacking},
		{[]string{"jan", "svc-printer"}, exitProtected, exitProtected},
	} {
		remove(step.without...)
		status, out, _ := answered(t, tenant, options{})
		assert.Equal(t, step.status, status, out)
		status, out, _ = answered(t, tenant, options{allUsers: true})
		assert.Equal(t, step.allStatus, status, out)
	}
	status, _, _ := answered(t, &graphfake.Tenant{}, options{})
	assert.Equal(t, exitUnknown, status, "nobody is not everybody")
}

func TestWhatCouldNotBeRead(t *testing.T) {
	refuse := func(path string, code int) *graphfake.Tenant {
		tenant := builtIn(t)
		tenant.Fail(graphfake.Failure{Path: path, Err: &entramfa.GraphError{Status: code}})
		return tenant
	}
	for code, want := range map[int]int{http.StatusForbidden: exitUnknown, http.StatusInternalServerError: exitUnavailable} {
		status, out, reason := answered(t, refuse("/roleManagement/directory/roleAssignments", code), options{})
		assert.Equal(t, want, status)
		assert.Empty(t, out)
		assert.Contains(t, reason, "read the administrators")
	}
	_, out, _ := answered(t, refuse("/groups/"+mailTeam, http.StatusForbidden), options{})
	assert.Contains(t, out, "NOT READ\n  - the members of the group \"Mail team\", which holds a role")
	status, _, reason := answered(t, refuse("/users", http.StatusForbidden), options{allUsers: true})
	assert.Equal(t, exitUnknown, status)
	assert.Contains(t, reason, "list the accounts")
}

func TestAnotherTenantIsRefused(t *testing.T) {
	opts := options{Source: open.Source{Tenant: "e0000000-0000-4000-8000-000000000002"}}
	status, out, reason := answered(t, builtIn(t), opts)
	assert.Equal(t, exitUnavailable, status)
	assert.Empty(t, out)
	assert.Contains(t, reason, "AZURE_TENANT_ID")
}

// TestLoad reads an export with the role assignments of the tenant.
func TestLoad(t *testing.T) {
	export := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(export, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	const admin = "b0000000-0000-4000-8000-000000000001"
	write("policy.json", `{"@odata.type":"#microsoft.graph.conditionalAccessPolicy","id":"1","displayName":"MFA for all","state":"enabled",
		"conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}},
		"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`)
	write("users.json", `[{"@odata.type":"#microsoft.graph.user","id":"`+admin+`","userPrincipalName":"u1@fabrikam.com","displayName":"U","userType":"Member","accountEnabled":true,
		"transitiveMemberOf":[],"authentication":{"requirements":{"perUserMfaState":"disabled"},"methods":[{"@odata.type":"`+key+`","id":"m"}]}}]`)
	status, _, reason := call(t, "-load", export)
	assert.Equal(t, exitUnknown, status)
	assert.Contains(t, reason, "RoleAssignments/*.json")
	write("RoleAssignments/a.json", `[{"id":"a","roleDefinitionId":"`+policy.GlobalAdministrator+`","principalId":"`+admin+`","directoryScopeId":"/"}]`)
	write("RoleEligibilityScheduleInstances.json", `{"value":[]}`)
	status, out, reason := call(t, "-load", export)
	assert.Equal(t, exitProtected, status, out+reason)
	assert.Contains(t, out, "u1@fabrikam.com")
}

func TestUsage(t *testing.T) {
	opentest.Refuses(t, call, exitUsage, [][]string{
		{"more"}, {"-no-such-flag"}, {"-load", "a", "-tenant", "t"}, {"-cloud", "china"}, {"-tenant", "t", "-cloud", "moon"},
		{"-tenant", ""}, {"-load", "no-such-folder"}, {"-load", "main.go"},
	})
	opentest.Explains(t, call, "-load", "-tenant", "-all-users", "-json", "Exit status", "69", "UserAuthenticationMethod.Read.All")
}

// TestNamesCannotSteerATerminal: they are whatever somebody in the tenant wrote.
func TestNamesCannotSteerATerminal(t *testing.T) {
	out := table(report{Accounts: []mfa.Admin{{DisplayName: "a\x1b[2Kb", UserPrincipalName: "u\n@contoso.com", Roles: []mfa.HeldRole{{Name: "R\x07", Scope: "/"}}}}}, options{})
	for _, odd := range []string{"\x1b", "\x07", "u\n"} {
		assert.NotContains(t, out, odd)
	}
}
