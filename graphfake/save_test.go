package graphfake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// house is a tenant with something of each kind that a check asks for.
func house(t *testing.T) *graphfake.Tenant {
	var tenant graphfake.Tenant
	svc := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service"})
	admin := tenant.AddUser(mfa.User{UserPrincipalName: "admin@contoso.com", DisplayName: "Admin"})
	tenant.AddUser(mfa.User{UserPrincipalName: "plain@contoso.com", DisplayName: "Plain"})
	outer := tenant.AddGroup(policy.Group{DisplayName: "Outer"})
	inner := tenant.AddGroup(policy.Group{DisplayName: "Inner"})
	require.NoError(t, tenant.AddMember(outer, inner))
	require.NoError(t, tenant.AddMember(inner, svc))
	for i := range 25 { // more than $expand would show
		require.NoError(t, tenant.AddMember(outer, tenant.AddUser(mfa.User{UserPrincipalName: fmt.Sprintf("m%d@contoso.com", i)})))
	}
	_, err := tenant.AddPolicy(policy.Policy{
		DisplayName: "MFA", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"}, Applications: &policy.Applications{IncludeApplications: []string{"All"}},
			Users: &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{outer, "00000000-0000-4000-8000-00000000dead"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	_, err = tenant.AssignRole(policy.RoleAssignment{PrincipalID: admin, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	require.NoError(t, tenant.SetPerUserState(admin, mfa.PerUserEnforced))
	require.NoError(t, tenant.SetPhone(admin, mfa.PhoneMobile, "+1 2065550142"))
	require.NoError(t, tenant.GivePassword(svc, "Hush-hush-1"))
	return &tenant
}

func TestWhatIsSavedIsJudgedAlike(t *testing.T) {
	tenant := house(t)
	folder := filepath.Join(t.TempDir(), "export")
	require.NoError(t, tenant.Save(folder))
	loaded, err := graphfake.Load(os.DirFS(folder))
	require.NoError(t, err)
	assert.Empty(t, loaded.Skipped())
	again := filepath.Join(t.TempDir(), "again")
	require.NoError(t, loaded.Save(again))
	twice, err := graphfake.Load(os.DirFS(again))
	require.NoError(t, err)
	for _, account := range []string{"svc@contoso.com", "admin@contoso.com", "plain@contoso.com", "m3@contoso.com"} {
		want, err := mfa.Check(t.Context(), tenant, account, nil)
		require.NoError(t, err)
		for name, other := range map[string]*graphfake.Tenant{"loaded": loaded, "loaded twice": twice} {
			got, err := mfa.Check(t.Context(), other, account, nil)
			require.NoError(t, err, name)
			assert.Equal(t, want.Verdict, got.Verdict, "%s %s", name, account)
			assert.NotEmpty(t, got.Findings)
		}
	}
	assert.Equal(t, string(loaded.Snapshot()), string(twice.Snapshot()))
}

func TestSaveKeepsWhatIsUnknownUnknown(t *testing.T) {
	tenant, err := graphfake.Load(os.DirFS(filepath.Join("..", "examples", "check", "tenant")))
	require.NoError(t, err)
	folder := filepath.Join(t.TempDir(), "export")
	require.NoError(t, tenant.Save(folder))
	loaded, err := graphfake.Load(os.DirFS(folder))
	require.NoError(t, err)
	for _, account := range []string{"svc-backup@contoso.com", "svc-directory@contoso.com", "svc-reports@contoso.com"} {
		want, err := mfa.Check(t.Context(), tenant, account, nil)
		require.NoError(t, err)
		got, err := mfa.Check(t.Context(), loaded, account, nil)
		require.NoError(t, err)
		assert.Equal(t, want.Verdict, got.Verdict, account)
	}
}

func TestSaveHoldsNoSecret(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "export")
	require.NoError(t, house(t).Save(folder))
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		assert.NotContains(t, string(text), "ush-hush", path)
		assert.NotContains(t, string(text), "5550142", path)
		return err
	}))
}

func TestSaveLeavesAFullFolderAlone(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "mine.txt"), []byte("mine"), 0o600))
	assert.ErrorContains(t, house(t).Save(folder), "is not empty")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

func TestSaveTakesNoPathFromAnID(t *testing.T) {
	parent := t.TempDir()
	var tenant graphfake.Tenant
	tenant.AddNamedLocation(policy.NamedLocation{ID: "../../../evil", Type: policy.CountryNamedLocation, CountriesAndRegions: []string{"NL"}})
	require.NoError(t, tenant.Save(filepath.Join(parent, "export")))
	entries, err := os.ReadDir(parent)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	assert.FileExists(t, filepath.Join(parent, "export", "NamedLocations", "%2E.%2F..%2F..%2Fevil", "%2E.%2F..%2F..%2Fevil.json"))
}
