package graphfake_test

import (
	"encoding/json"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

var captureKey = []byte("a key of the test, long enough")

// capturable are the tenants of the examples.
func capturable(t *testing.T) map[string]fs.FS {
	found := map[string]fs.FS{}
	for _, pattern := range []string{"../examples/*/tenant", "../examples/*/tenants/*"} {
		folders, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, folder := range folders {
			if info, err := os.Stat(folder); err == nil && info.IsDir() {
				found[folder] = os.DirFS(folder)
			}
		}
	}
	require.NotEmpty(t, found)
	return found
}

// bare is a report without what names and numbers decide.
func bare(t *testing.T, report mfa.Report) []string {
	t.Helper()
	var lines []string
	for _, f := range report.Findings {
		lines = append(lines, string(f.Source)+" "+f.Outcome.String())
	}
	return lines
}

func TestCaptureKeepsTheVerdict(t *testing.T) {
	accounts := 0
	for name, files := range capturable(t) {
		t.Run(name, func(t *testing.T) {
			tenant, err := graphfake.Load(files)
			require.NoError(t, err)
			users, err := tenant.UsersByDisplayName(t.Context(), "")
			require.NoError(t, err)
			for _, user := range users {
				before, err := mfa.Check(t.Context(), tenant, user.ID, nil)
				require.NoError(t, err)
				captured, err := graphfake.Capture(t.Context(), tenant, captureKey, user.ID)
				require.NoError(t, err)
				after, err := mfa.Check(t.Context(), captured, graphfake.Pseudonym(captureKey, user.ID), nil)
				require.NoError(t, err)
				assert.Equal(t, before.Outcome.String(), after.Outcome.String(), user.UserPrincipalName)
				assert.ElementsMatch(t, bare(t, before), bare(t, after), user.UserPrincipalName)
				accounts++
			}
		})
	}
	assert.Greater(t, accounts, 10)
}

var (
	anyID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyMail = regexp.MustCompile(`[\w.#-]+@[\w.-]+`)
)

// told is everything that a tenant tells in a report and in its snapshot.
func told(t *testing.T, tenant *graphfake.Tenant, account string) string {
	t.Helper()
	report, err := mfa.Check(t.Context(), tenant, account, nil)
	require.NoError(t, err)
	text, err := json.Marshal(report)
	require.NoError(t, err)
	return string(text) + string(tenant.Snapshot())
}

func TestCaptureTellsNothing(t *testing.T) {
	tenant := &graphfake.Tenant{TenantID: "1d6e2b4f-91c3-4a75-8e0a-57d3c2f9b861"}
	user := tenant.AddUser(mfa.User{
		ID: "7a5f3e21-0b4c-4d8e-9f6a-3c2b1d0e9f8a", UserPrincipalName: "secretname@acme-rockets.com", DisplayName: "Secretname of Acme",
	})
	group := tenant.AddGroup(policy.Group{ID: "3c9d8e7f-6a5b-4c3d-8e2f-1a0b9c8d7e6f", DisplayName: "Acme Rocketeers"})
	require.NoError(t, tenant.AddMember(group, user))
	tenant.AddNamedLocation(policy.NamedLocation{
		ID: "5e4d3c2b-1a09-4f8e-9d7c-6b5a4f3e2d1c", Type: policy.IPNamedLocation, DisplayName: "Acme Launchpad", IsTrusted: new(true),
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "81.29.47.0/24"}},
	})
	_, err := tenant.AddPolicy(policy.Policy{
		ID: "9f8e7d6c-5b4a-4938-8271-605f4e3d2c1b", DisplayName: "Acme: MFA for rocketeers", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			Users:          &policy.Users{IncludeGroups: []string{group}, ExcludeUsers: []string{"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"}},
			Applications:   &policy.Applications{IncludeApplications: []string{"2b3c4d5e-6f7a-4b8c-9d0e-1f2a3b4c5d6e", "All"}},
			ClientAppTypes: []string{"all"},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	original := told(t, tenant, user)
	captured, err := graphfake.Capture(t.Context(), tenant, captureKey, user)
	require.NoError(t, err)
	text := told(t, captured, graphfake.Pseudonym(captureKey, user))
	for _, secret := range []string{"acme", "rocket", "secretname", "launchpad", "81.29.47"} {
		assert.NotContains(t, strings.ToLower(text), secret)
	}
	for _, id := range anyID.FindAllString(strings.ToLower(original), -1) {
		if graphfake.Pseudonym(captureKey, id) != id {
			assert.NotContains(t, strings.ToLower(text), id)
		}
	}
	for _, mail := range anyMail.FindAllString(original, -1) {
		assert.NotContains(t, text, mail)
	}
	other, err := graphfake.Capture(t.Context(), tenant, []byte("another key, as long as that"), user)
	require.NoError(t, err)
	assert.NotEqual(t, string(captured.Snapshot()), string(other.Snapshot()), "it is the key that names")
	again, err := graphfake.Capture(t.Context(), tenant, captureKey, user)
	require.NoError(t, err)
	assert.Equal(t, string(captured.Snapshot()), string(again.Snapshot()))
}

func TestPseudonymsKeepWhatHoldsWhat(t *testing.T) {
	of := func(text string) string { return graphfake.Pseudonym(captureKey, text) }
	for holds, held := range map[string]string{"81.29.47.0/24": "81.29.47.200", "2001:db8:7::/48": "2001:db8:7::1", "172.16.0.0/16": "172.16.4.4"} {
		network := netip.MustParsePrefix(of(holds))
		assert.True(t, network.Contains(netip.MustParseAddr(of(held))), "%s in %s", of(held), of(holds))
		assert.Equal(t, network.Masked(), network, "a range stays a range")
		assert.False(t, network.Contains(netip.MustParseAddr(of("81.29.48.1"))))
	}
	assert.True(t, netip.MustParseAddr(of("10.1.2.3")).IsPrivate())
	assert.False(t, netip.MustParseAddr(of("192.0.3.1")).IsPrivate())
	assert.Equal(t, "00000003-0000-0000-c000-000000000000", of("00000003-0000-0000-c000-000000000000"))
	assert.Equal(t, policy.GlobalAdministrator, of(policy.GlobalAdministrator))
	assert.Regexp(t, `^a[0-9a-f]{12}#EXT#@d[0-9a-f]{12}\.onmicrosoft\.com$`, of("eve_fabrikam.com#EXT#@contoso.onmicrosoft.com"))
	assert.True(t, strings.HasPrefix(of("Sync_DC01_a1b2c3@contoso.onmicrosoft.com"), "Sync_"))
	assert.Equal(t, of("Somebody"), of("SOMEBODY"))
}

func TestCaptureRefuses(t *testing.T) {
	tenant := &graphfake.Tenant{}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	_, err := graphfake.Capture(t.Context(), tenant, []byte("short"), user)
	require.ErrorContains(t, err, "at least 16")
	_, err = graphfake.Capture(t.Context(), tenant, captureKey)
	require.ErrorContains(t, err, "name the accounts")
	_, err = graphfake.Capture(t.Context(), tenant, captureKey, "b@contoso.com")
	require.ErrorIs(t, err, entramfa.ErrNotFound)
}

func TestCaptureKnowsNoMoreThanItRead(t *testing.T) {
	tenant := &graphfake.Tenant{}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	tenant.Fail(graphfake.Failure{Path: "/users/" + user + "/authentication/requirements", Err: &entramfa.GraphError{Status: 403}})
	captured, err := graphfake.Capture(t.Context(), tenant, captureKey, user)
	require.NoError(t, err)
	_, err = captured.Requirements(t.Context(), graphfake.Pseudonym(captureKey, user))
	require.ErrorIs(t, err, entramfa.ErrNotRead)
}
