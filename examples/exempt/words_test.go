package main

import (
	"context"
	"encoding/json"
	"fmt"
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
)

// untouched fails the test when the tenant is asked for anything.
func untouched(t *testing.T, tenant *graphfake.Tenant) {
	t.Helper()
	tenant.Before = func(method, path string) { t.Errorf("the tenant is asked for %s %s", method, path) }
}

func TestAPlanFileThatExistsIsRefusedBeforeAnythingIsRead(t *testing.T) {
	folder := t.TempDir()
	good, text := filepath.Join(folder, "good.json"), filepath.Join(folder, "text")
	tenant := builtIn(t, "conditional-access")
	status, _, reason := on(t.Context(), t, tenant, backup("-plan", good)...)
	require.Equal(t, exitDone, status, reason)
	require.NoError(t, os.WriteFile(text, []byte("hello"), 0o600))
	gone := filepath.Join(folder, "gone")
	require.NoError(t, os.Symlink(filepath.Join(folder, "nowhere"), gone))
	untouched(t, tenant)
	for file, want := range map[string]string{
		good: "good.json exists already and holds another plan: name a new file, or apply it with -apply -plan " + good,
		text: "text exists already: name a new file",
		gone: "gone exists already: name a new file",
	} {
		status, out, reason := on(t.Context(), t, tenant, backup("-plan", file)...)
		assert.Equal(t, exitUsage, status, file)
		assert.Empty(t, out, file)
		assert.Contains(t, reason, want)
	}
	kept, err := os.ReadFile(text)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(kept))
}

// TestAPlanThatIsNotStoredIsNotShown: somebody else stored one while the tenant was read.
func TestAPlanThatIsNotStoredIsNotShown(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	file := filepath.Join(t.TempDir(), "plan.json")
	tenant.Before = func(string, string) { assert.NoError(t, os.WriteFile(file, []byte("another"), 0o600)) }
	status, out, reason := on(t.Context(), t, tenant, backup("-plan", file)...)
	assert.Equal(t, exitUsage, status)
	assert.Empty(t, out)
	assert.Contains(t, reason, "exists already")
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "another", string(kept))
}

func TestWhatIsMissingIsNamedTogether(t *testing.T) {
	tenant := []string{"-tenant", "contoso.com"}
	for _, c := range []struct {
		args        []string
		says, never string
	}{
		{append(tenant, "-apply"), "-apply needs -journal FILE, and what to apply: -account with -profile or -signs-in-to and -from, by which it plans, or -plan FILE", "-load"},
		{append(tenant, "-apply", "-account", "a@contoso.com"), "-journal is needed", "-account"},
		{[]string{"-apply"}, "-apply goes with -tenant:", "-load"},
		{[]string{"-verify", "-account", "a@contoso.com"}, "-verify goes with -tenant:", "-load"},
		{[]string{"-rollback", "-journal", "j"}, "-journal goes with -tenant:", "-load"},
		{[]string{"-rollback"}, "-rollback goes with -tenant:", "-load"},
		{[]string{"-account", "a@contoso.com"}, "-account goes with -tenant or -load:", "-apply"},
	} {
		status, out, reason := call(t, c.args...)
		assert.Equal(t, exitUsage, status, c.args)
		assert.Empty(t, out, c.args)
		assert.Contains(t, reason, c.says, c.args)
		assert.NotContains(t, reason, c.never, c.args)
	}
}

func TestAPlanForEveryResourceSaysSo(t *testing.T) {
	const warning = "without -profile or -signs-in-to the plan is for sign-ins to every resource"
	account := []string{"-account", "svc-backup@contoso.com", "-from", "203.0.113.0/28"}
	for _, c := range []struct {
		args []string
		says bool
	}{
		{nil, true},
		{[]string{"-profile", "exchange"}, false},
		{[]string{"-signs-in-to", mfa.ExchangeOnline}, false},
		{[]string{"-apply", "-journal", filepath.Join(t.TempDir(), "journal")}, true},
	} {
		_, out, reason := on(t.Context(), t, builtIn(t, "conditional-access"), append(account, c.args...)...)
		assert.Equal(t, c.says, strings.Contains(reason, warning), c.args)
		assert.NotContains(t, out, warning, c.args)
	}
}

func TestAnExportOfTwoTenantsNamesThem(t *testing.T) {
	status, out, reason := call(t, "-load", filepath.Join("tenants", "azure"), "-load", filepath.Join("tenants", "security-defaults"), "-account", "a@contoso.com")
	assert.Equal(t, exitUsage, status)
	assert.Empty(t, out)
	assert.Contains(t, reason, `8d4f2061-a275-4e9b-8f30-51be927d4068 ("Woodgrove Bank")`)
	assert.Contains(t, reason, `6b2d0e4f-8053-4c79-8d1e-3f9c705b2e46 ("Fabrikam")`)
}

// TestAPlanIsShownWithNames: also a stored one, and without the directory.
func TestAPlanIsShownWithNames(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	folder := t.TempDir()
	file, journal := filepath.Join(folder, "plan.json"), filepath.Join(folder, "journal")
	for _, more := range [][]string{nil, {"-plan", file}, {"-no-directory"}} {
		status, out, reason := on(t.Context(), t, tenant, backup(more...)...)
		require.Equal(t, exitDone, status, reason)
		shownWithNames(t, out)
	}
	status, out, reason := on(t.Context(), t, tenant, "-apply", "-plan", file, "-journal", journal)
	require.Equal(t, exitDone, status, reason)
	shownWithNames(t, out)

	status, out, reason = call(t, append([]string{"-load", filepath.Join("tenants", "conditional-access")}, backup()...)...)
	require.Equal(t, exitDone, status, reason)
	shownWithNames(t, out)
}

func shownWithNames(t *testing.T, out string) {
	t.Helper()
	assert.Contains(t, out, `conditions.users.excludeUsers: ["emergency@contoso.com"] ->`)
	assert.Contains(t, out, `conditions.applications.excludeApplications: ["Exchange Online"]`)
	assert.Contains(t, out, "conditions.locations.excludeLocations: [what change 1 creates]")
	assert.NotContains(t, out, "b0000000-")
	assert.NotContains(t, out, "change:1")
}

// TestWhoCanNotBeReadStaysAnID: names are no reason to fail, and are not read without end.
func TestWhoCanNotBeReadStaysAnID(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	plan := mfa.Plan{
		Account: entramfa.Candidate{ID: "b0000000-0000-4000-8000-000000000001", UserPrincipalName: "svc-backup@contoso.com"},
		Others:  mfa.Others{Count: 2, Changed: []string{"B0000000-0000-4000-8000-000000000005", "b0000000-0000-4000-8000-0000000000ff"}},
	}
	p := program{tenant: tenant}
	assert.Equal(t, "svc-backup@contoso.com, emergency@contoso.com, b0000000-0000-4000-8000-0000000000ff",
		p.names(t.Context(), plan).in("B0000000-0000-4000-8000-000000000001, "+strings.Join(plan.Others.Changed, ", ")))

	many := make([]string, 0, 500)
	for i := range cap(many) {
		many = append(many, fmt.Sprintf("b0000000-0000-4000-8000-%012d", 100+i))
	}
	after, err := json.Marshal(map[string]any{"conditions": map[string]any{"users": map[string]any{"excludeUsers": many}}})
	require.NoError(t, err)
	plan.Changes = []entramfa.Change{{ID: "1", Kind: entramfa.ChangePolicy, TargetName: "p", Before: json.RawMessage("{}"), After: after}}
	require.Len(t, listedAccounts(plan), len(many)+2)
	reads := 0
	tenant.Before = func(string, string) { reads++ }
	p.names(t.Context(), plan)
	assert.Equal(t, mostNamed, reads)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Len(t, p.names(ctx, plan), 1, "nothing is read after an interrupt")
}

func TestNoNamesAreReadForJSON(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	reads := func(args ...string) (n int) {
		tenant.Before = func(_, path string) {
			if strings.HasSuffix(path, "/users/b0000000-0000-4000-8000-000000000005") {
				n++
			}
		}
		status, _, reason := on(t.Context(), t, tenant, backup(args...)...)
		assert.Equal(t, exitDone, status, reason)
		return n
	}
	assert.Equal(t, 1, reads())
	assert.Zero(t, reads("-json"))
}

func TestIDsOfRolesAndAppsHaveNames(t *testing.T) {
	var none names
	for id, want := range map[string]string{
		"d29b2b05-8046-44ba-8758-1e26182fcf32": "Directory Synchronization Accounts",
		"62E90394-69F5-4237-9190-012177145E10": "Global Administrator",
		mfa.ExchangeOnline:                     "Exchange Online",
		strings.ToUpper(mfa.AzureManagement):   "Azure Resource Manager",
		"c0000000-0000-4000-8000-000000000001": "c0000000-0000-4000-8000-000000000001",
		"change:1":                             "change:1",
	} {
		assert.Equal(t, `["`+want+`", "All"]`, none.in(`["`+id+`", "All"]`))
	}
}

func TestWhatIsUndoneIsSaid(t *testing.T) {
	for want, c := range map[string]entramfa.Change{
		`deleted the named location "X"`:                               {Kind: entramfa.CreateNamedLocation},
		`deleted the policy "X"`:                                       {Kind: entramfa.CreatePolicy},
		`took the account out of the group "X"`:                        {Kind: entramfa.AddGroupMember},
		`switched "X" on again`:                                        {Kind: entramfa.ChangeSecurityDefaults},
		`set the per-user MFA state of "X" back to enforced`:           {Kind: entramfa.ChangePerUserMFA, Before: json.RawMessage(`{"perUserMfaState":"enforced"}`)},
		`set the policy "X" back to report-only`:                       {Kind: entramfa.ChangePolicy, Before: json.RawMessage(`{"state":"enabledForReportingButNotEnforced"}`)},
		`set the policy "X" back to disabled`:                          {Kind: entramfa.ChangePolicy, Before: json.RawMessage(`{"state":"disabled"}`)},
		`took the account out of the excluded users of the policy "X"`: {Kind: entramfa.ChangePolicy, Before: json.RawMessage(`{"conditions":{"users":{"excludeUsers":[]}}}`)},
		`set the policy "X" back to what it was`:                       {Kind: entramfa.ChangePolicy, Before: json.RawMessage(`{"other":1}`)},
		`"X": do this`:                                                 {Kind: "another", Undo: "do this"},
	} {
		c.TargetName = "X"
		assert.Equal(t, want, undoneText(c))
		assert.Equal(t, " 1 of 2  undone  "+want, progressText(mfa.Progress{Change: c, Index: 1, Of: 2, Stage: mfa.StageUndone}))
		assert.Equal(t, " 1 of 2  made    "+whatText(c), progressText(mfa.Progress{Change: c, Index: 1, Of: 2, Stage: mfa.StageMade}))
	}
}

func TestNumbersHaveTheRightWord(t *testing.T) {
	others := func(o mfa.Others) string {
		var p page
		p.others(o)
		return p.String()
	}
	assert.Contains(t, others(mfa.Others{Count: 1, Changed: []string{"a"}}), "    1 other account: a\n")
	assert.Contains(t, others(mfa.Others{Count: 2, Changed: []string{"a", "b"}}), "    2 other accounts: a, b\n")
	assert.Contains(t, others(mfa.Others{Count: 30, Changed: []string{"a", "b"}}), "    30 other accounts: a, b and 28 more\n")
	one := deed{Plan: mfa.Plan{Changes: make([]entramfa.Change, 1)}, Result: &mfa.Result{Gap: 3000 * time.Millisecond, NotUndone: []string{"what is gone"}}}
	assert.Contains(t, deedText(one), "of 1 change: nothing")
	assert.Contains(t, deedText(one), "took 3.0 s\n")
	assert.Contains(t, deedText(one), "not undone: what is gone\n")
}
