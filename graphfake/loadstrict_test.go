package graphfake_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// A list of something else that is empty doesn't say that the tenant has no policies.
func TestAnEmptyListIsOfWhatItSays(t *testing.T) {
	const context = `{"@odata.context":"https://graph.microsoft.com/beta/$metadata#`
	for name, text := range map[string]string{
		"Policies/tokenLifetimePolicies.json":                         `[]`,
		"Policies/page.json":                                          context + `policies/tokenLifetimePolicies","value":[]}`,
		"ConditionalAccess/all.json":                                  `{"odata.metadata":"https://graph.windows.net/x/$metadata#policies","value":[]}`,
		"ConditionalAccess/none.json":                                 context + `policies/tokenLifetimePolicies","value":[]}`,
		"Intune/Policies/compliance.json":                             `[]`,
		"Policies/none.json":                                          `[]`,
		"Intune/RoleAssignments/none.json":                            `[]`,
		"Users/svc/RoleAssignments.json":                              `[]`,
		"Policies/devices.json":                                       context + `deviceManagement/deviceCompliancePolicies","value":[]}`,
		"AuthenticationStrength/Policies/list.json":                   `[]`,
		"ConditionalAccess/Templates/t.json":                          context + `identity/conditionalAccess/templates","value":[]}`,
		"ConditionalAccess/deleted.json":                              context + `identity/conditionalAccess/deletedItems/policies","value":[]}`,
		"ConditionalAccess/deletedItems/NamedLocations.json":          `[]`,
		"ConditionalAccess/authenticationContextClassReferences.json": `[]`,
	} {
		tenant := loaded(t, map[string]string{name: text, "Domains.json": `[]`})
		assert.Equal(t, []string{name}, tenant.Skipped())
		_, err := tenant.Policies(t.Context())
		assert.ErrorIs(t, err, entramfa.ErrNotRead, name)
		_, err = tenant.NamedLocations(t.Context())
		assert.ErrorIs(t, err, entramfa.ErrNotRead, name)
		_, err = tenant.RoleHolders(t.Context(), policy.GlobalAdministrator)
		assert.ErrorIs(t, err, entramfa.ErrNotRead, name)
	}
	for name, text := range map[string]string{
		"anywhere/at all.json":                         context + `identity/conditionalAccess/policies","value":[]}`,
		"ConditionalAccess.json":                       `[]`,
		"ConditionalAccess/none.json":                  `{"value":[]}`,
		"ConditionalAccess/policies.json":              `[]`,
		"export/Conditional Access Policies/list.json": `[]`,
	} {
		list, err := loaded(t, map[string]string{name: text}).Policies(t.Context())
		require.NoError(t, err, name)
		assert.Empty(t, list.Policies)
	}
}

func TestKindsOfMembersInAnySpelling(t *testing.T) {
	const group = `"id":"aaaaaaaa-0000-4000-8000-000000000001","displayName":"G"`
	for _, kind := range []string{"microsoft.graph.group", "#Microsoft.Graph.Group", "#Microsoft.Graph.Beta.group", "microsoft.graph.beta.group"} {
		for _, name := range []string{"memberOf", "transitiveMemberOf"} {
			tenant := loaded(t, map[string]string{"u.json": `{"id":"u","userPrincipalName":"u@contoso.com","` + name + `":[{"@odata.type":"` + kind + `",` + group + `}]}`,
				"g.json": `{"id":"aaaaaaaa-0000-4000-8000-000000000001","displayName":"G","groupTypes":[],"memberOf":[]}`})
			groups, err := tenant.TransitiveMemberOf(t.Context(), "u")
			require.NoError(t, err)
			assert.Len(t, groups, 1, kind)
		}
		tenant := loaded(t, map[string]string{"g.json": `[{"id":"h","groupTypes":[],"members":[{"@odata.type":"` + kind + `",` + group + `,"members":[]}]}]`})
		groups, err := tenant.MemberGroups(t.Context(), "h")
		require.NoError(t, err)
		assert.Len(t, groups, 1, kind)
	}
	for _, other := range []string{"directoryRole", "administrativeUnit", "servicePrincipal", "device", "orgContact", "user"} {
		for _, kind := range []string{"#microsoft.graph." + other, "microsoft.graph.beta." + strings.ToUpper(other)} {
			tenant := loaded(t, map[string]string{"u.json": `{"id":"u","userPrincipalName":"u@contoso.com","transitiveMemberOf":[{"@odata.type":"` + kind + `","id":"x"}]}`})
			groups, err := tenant.TransitiveMemberOf(t.Context(), "u")
			require.NoError(t, err)
			assert.Empty(t, groups)
		}
	}
}

// What makes a file contradict itself, or say what can't be, is an error and no guess.
func TestLoadRefusesWhatItWouldHaveToGuess(t *testing.T) {
	const user, context = `{"id":"u","userPrincipalName":"u@contoso.com",`, `{"@odata.context":"https://graph.microsoft.com/beta/$metadata#`
	const role = `"roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10"`
	for name, c := range map[string]struct{ text, wrong string }{
		"groups of an unknown kind":        {user + `"memberOf":[{"@odata.type":"#microsoft.graph.team","id":"aaaaaaaa-0000-4000-8000-000000000001"}]}`, "memberOf: whether a #microsoft.graph.team is a group"},
		"members of an unknown kind":       {`{"id":"g","groupTypes":[],"members":[{"@odata.type":"#microsoft.graph.team","id":"x"}]}`, "members: whether a #microsoft.graph.team is"},
		"deleted at no date":               {`{"id":"p","state":"enabled","conditions":{},"deletedDateTime":"no"}`, `Conditional Access policy: deletedDateTime is no date: "no"`},
		"deleted at the first of dates":    {`{"id":"p","state":"enabled","conditions":{},"deletedDateTime":"0001-01-01T00:00:00Z"}`, "deletedDateTime is no date"},
		"deleted is false":                 {`{"id":"p","state":"enabled","conditions":{},"DeletedDateTime":false}`, "deletedDateTime is no date: false"},
		"a member twice":                   {user + `"accountEnabled":true,"accountEnabled":false}`, `user: member "accountEnabled" stands twice`},
		"a member twice, in other case":    {user + `"transitiveMemberOf":[],"TransitiveMemberOf":[{"displayName":"G"}]}`, `user: member "TransitiveMemberOf" stands twice`},
		"authentication twice":             {user + `"authentication":{"requirements":{"perUserMfaState":"disabled"}},"Authentication":{"requirements":{"perUserMfaState":"enforced"}}}`, `member "Authentication" stands twice`},
		"requirements twice":               {user + `"authentication":{"requirements":{"perUserMfaState":"disabled"},"Requirements":{"perUserMfaState":"enforced"}}}`, `authentication: member "Requirements" stands twice`},
		"a group's id twice":               {user + `"memberOf":[{"id":"aaaaaaaa-0000-4000-8000-000000000001","ID":"aaaaaaaa-0000-4000-8000-000000000002"}]}`, `memberOf: member "ID" stands twice`},
		"values twice":                     {`{"value":[],"Value":[{"id":"p","state":"enabled","conditions":{}}]}`, `member "Value" stands twice`},
		"two states in a user":             {user + `"authentication":{"requirements":{"perUserMfaState":"disabled"}},"requirements":{"perUserMfaState":"enforced"}}`, "the per-user MFA state u stands in f.json too, with another content"},
		"two states in two objects":        {`[` + user + `"authentication":{"requirements":{"perUserMfaState":"disabled"}}},` + context + `users('u')/authentication/requirements","perUserMfaState":"enforced"}]`, "the per-user MFA state u stands in f.json too"},
		"two states of their own":          {`[` + user + `"mail":null},` + context + `users('u')/authentication/requirements","perUserMfaState":"enforced"},` + context + `users('u@contoso.com')/authentication/requirements","perUserMfaState":"disabled"}]`, "the per-user MFA state u stands in f.json too"},
		"two methods of one id":            {user + `"authentication":{"methods":[{"id":"1","phoneType":"mobile"},{"id":"1","phoneType":"office"}]}}`, "the authentication method u/1 stands in f.json too"},
		"a role by name":                   {user + `"roleAssignments":[{"roleDefinitionId":"Global Administrator"}]}`, `roleAssignments: roleDefinitionId: "Global Administrator" is no id`},
		"an eligible role by name":         {user + `"roleEligibilityScheduleInstances":[{"roleDefinitionId":"Global Administrator"}]}`, `roleEligibilityScheduleInstances: roleDefinitionId: "Global Administrator" is no id`},
		"a group by name":                  {user + `"transitiveMemberOf":[{"id":"CA-Exclude"}]}`, `transitiveMemberOf: id: "CA-Exclude" is no id, and the export holds no group with it; a name goes into displayName`},
		"a direct group by name":           {user + `"memberOf":[{"id":"CA-Exclude"}]}`, `memberOf: id: "CA-Exclude" is no id`},
		"a user as a group":                {`[` + user + `"memberOf":[{"id":"v"}]},{"id":"v","userPrincipalName":"v"}]`, `memberOf: v is a user`},
		"a holder by name":                 {`{"id":"r","principalId":"The admin",` + role + `}`, `principalId: "The admin" is no id`},
		"an eligible role as an active":    {user + `"roleAssignments":[{` + role + `,"roleEligibilityScheduleId":"x"}]}`, "roleAssignments: it is an eligible role and no active one: it belongs into roleEligibilityScheduleInstances"},
		"an eligible role as the tenant's": {`{"@odata.type":"#microsoft.graph.unifiedRoleAssignment","principalId":"aaaaaaaa-0000-4000-8000-000000000001",` + role + `,"roleEligibilityScheduleId":"x"}`, "it belongs into roleEligibilityScheduleInstances"},
		"a role that is over":              {user + `"transitiveRoleAssignments":[{` + role + `,"endDateTime":"2020-01-01T00:00:00Z"}]}`, "transitiveRoleAssignments: it is no active role after its endDateTime"},
		"a role that is to come":           {user + `"roleAssignments":[{` + role + `,"startDateTime":"9020-01-01T00:00:00Z"}]}`, "it is no active role before its startDateTime"},
		"a role that ends at no date":      {user + `"roleAssignments":[{` + role + `,"endDateTime":"soon"}]}`, `endDateTime is no date: "soon"`},
		"an older link":                    {`{"odata.nextLink":"https://x","value":[]}`, "half a list: there is a odata.nextLink"},
		"more are counted":                 {`{"@odata.count":2,"value":[{"id":"contoso.com","authenticationType":"Managed"}]}`, "half a list: 2 are counted, and 1 are there"},
		"more groups are counted":          {user + `"transitiveMemberOf":[],"transitiveMemberOf@odata.count":"1"}`, "half a list: 1 are counted, and 0 are there"},
		"more methods follow":              {user + `"authentication":{"methods":[],"methods@odata.nextLink":"https://x"}}`, "half a list: there is a methods@odata.nextLink"},
		"more roles follow":                {user + `"roleAssignments":[],"roleAssignments@odata.nextLink":"https://x"}`, "half a list: there is a roleAssignments@odata.nextLink"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, map[string]string{"f.json": c.text})
			require.ErrorContains(t, err, c.wrong)
			assert.ErrorContains(t, err, "graphfake: f.json: offset ")
		})
	}
}

func TestLoadTakesWhatIsSaidTwiceTheSame(t *testing.T) {
	tenant := loaded(t, map[string]string{
		"p.json": `{"id":"p","state":"enabled","conditions":{},"deletedDateTime":""}`,
		"q.json": `{"id":"q","state":"enabled","conditions":{},"deletedDateTime":null}`,
		"r.json": `{"id":"r","state":"enabled","conditions":{},"deletedDateTime":"2026-01-10T08:00:00.1234567Z"}`,
		"u.json": `{"id":"u","userPrincipalName":"u","UserPrincipalName":"u","requirements":{"perUserMfaState":"disabled"},
			"authentication":{"requirements":{"perUserMfaState":"disabled"},"methods":[{"id":"1","@odata.type":"#a"}]}}`,
		"v.json": `{"@odata.context":"x/$metadata#users('u')/authentication/requirements","perUserMfaState":"disabled"}`,
		"w.json": `{"@odata.context":"x/$metadata#users('u')/authentication/methods","@odata.nextLink":null,"@odata.count":1,"value":[{"id":"1","@odata.type":"#a"}]}`,
	})
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	assert.Len(t, list.Policies, 2, "null and an empty text are no deletion")
	methods, err := tenant.Methods(t.Context(), "u")
	require.NoError(t, err)
	assert.Len(t, methods, 2, "the one, and the password")
	state, err := tenant.Requirements(t.Context(), "u")
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserDisabled, state.PerUserMFAState)
}

// $expand cuts at 20 without a sign; a count beside the list says that it didn't.
func TestTwentyGroupsMayBeMore(t *testing.T) {
	twenty := strings.Repeat(`{"id":"g"},`, 19) + `{"id":"g"}`
	for member, known := range map[string]bool{
		`"transitiveMemberOf":[` + twenty + `]`:                                     false,
		`"transitiveMemberOf":[` + twenty + `],"transitiveMemberOf@odata.count":3`:  false,
		`"transitiveMemberOf":[` + twenty + `],"transitiveMemberOf@odata.count":20`: true,
		`"transitiveMemberOf":[` + twenty + `,{"id":"g"}]`:                          true,
		`"memberOf":[` + twenty + `],"memberOf@odata.count":20`:                     true,
	} {
		tenant := loaded(t, map[string]string{"u.json": `{"id":"u","userPrincipalName":"u",` + member + `}`, "g.json": `{"id":"g","groupTypes":[],"memberOf":[]}`})
		_, err := tenant.TransitiveMemberOf(t.Context(), "u")
		assert.Equal(t, known, err == nil, "%s: %v", member, err)
	}
}

// Roles come through groups too: the direct ones are all only where no group can bring another.
func TestDirectRolesAreNotAllRoles(t *testing.T) {
	const role = `{"roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10"}`
	const by = `,"transitiveMemberOf":[{"id":"aaaaaaaa-0000-4000-8000-000000000001"}]`
	const group = `{"id":"aaaaaaaa-0000-4000-8000-000000000001","displayName":"G","groupTypes":[]`
	for name, c := range map[string]struct {
		user, group, all string
		roles            int // -1: not known
	}{
		"the group says nothing":              {`"roleAssignments":[]` + by, group + `}`, "", -1},
		"there is the group's id alone":       {`"roleAssignments":[]` + by, `[]`, "", -1},
		"the group was not readable":          {`"roleAssignments":[]` + by, `{"id":"aaaaaaaa-0000-4000-8000-000000000001","displayName":null,"groupTypes":[],"isAssignableToRole":null}`, "", -1},
		"the group can hold roles":            {`"roleAssignments":[]` + by, group + `,"isAssignableToRole":true}`, "", -1},
		"the groups are not known":            {`"roleAssignments":[]`, group + `,"isAssignableToRole":false}`, "", -1},
		"the group can't":                     {`"roleAssignments":[` + role + `]` + by, group + `,"isAssignableToRole":false}`, "", 1},
		"the group can't, as Graph writes it": {`"roleAssignments":[]` + by, group + `,"isAssignableToRole":null}`, "", 0},
		"the user is in none":                 {`"roleAssignments":[],"transitiveMemberOf":[]`, `[]`, "", 0},
		"all roles are given":                 {`"transitiveRoleAssignments":[` + role + `]` + by, group + `,"isAssignableToRole":true}`, "", 1},
		"the tenant's list is given":          {`"roleAssignments":[]` + by, group + `}`, `[{"id":"r","principalId":"aaaaaaaa-0000-4000-8000-000000000001","roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10"}]`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"Users/u.json": `{"id":"u","userPrincipalName":"u@contoso.com",` + c.user + `}`, "Groups/g.json": c.group}
			if c.all != "" {
				files["RoleAssignments.json"] = c.all
			}
			roles, err := loaded(t, files).RoleAssignments(t.Context(), "u")
			if c.roles < 0 {
				assert.ErrorIs(t, err, entramfa.ErrNotRead)
				return
			}
			require.NoError(t, err)
			assert.Len(t, roles, c.roles)
		})
	}
}

func TestARoleOfOneApplicationIsNotTenantWide(t *testing.T) {
	roles, err := loaded(t, map[string]string{"u.json": `{"id":"u","userPrincipalName":"u","transitiveRoleAssignments":[
		{"roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10","directoryScopeId":null,"appScopeId":"/AccessPackageCatalog/1"},
		{"roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10","directoryScopeId":null,"appScopeId":null}]}`}).RoleAssignments(t.Context(), "u")
	require.NoError(t, err)
	require.Len(t, roles, 2)
	assert.False(t, roles[0].TenantWide())
	assert.True(t, roles[1].TenantWide())
}

// The sample of README.md: a file of the account beside an export with its group.
func TestTheAccountOfTheREADME(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(readme), "```json\n")
	require.True(t, found)
	account, _, _ := strings.Cut(after, "```")
	tenant := loaded(t, map[string]string{"accounts/svc.json": account,
		"Groups/g.json": `{"id":"77c1ed37-10d0-4ef1-93dc-198e70abb166","displayName":"Service accounts","groupTypes":[],"isAssignableToRole":null}`})
	roles, err := tenant.RoleAssignments(t.Context(), "svc@contoso.com")
	require.NoError(t, err)
	assert.Empty(t, roles)
}

func TestLoadFollowsLinksToFolders(t *testing.T) {
	export, other := t.TempDir(), t.TempDir()
	write := func(folder, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	link := func(target, name string) { require.NoError(t, os.Symlink(target, filepath.Join(export, name))) }
	write(export, "a.json", strings.ReplaceAll(smallPolicy, `"p"`, `"a"`))
	write(other, "b.json", strings.ReplaceAll(smallPolicy, `"id":"p",`, ""))
	link(other, "linked")
	link(other, "again")
	link(".", "circle")
	link(filepath.Join(other, "b.json"), "not told to be JSON")
	tenant, err := graphfake.Load(os.DirFS(export))
	require.NoError(t, err)
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	assert.Len(t, list.Policies, 2, "each once")

	link("nowhere", "broken")
	_, err = graphfake.Load(os.DirFS(export))
	assert.ErrorContains(t, err, "graphfake: broken: a symbolic link that can't be followed")
}

// Offsets are those of the file's own bytes, however far its characters are from its start.
func TestOffsetsInALongWideText(t *testing.T) {
	for size := range 12 {
		before := "[" + strings.Repeat(`{"userPrincipalName":"€🔐x"},`, 100*size) + strings.Repeat(" ", size)
		_, err := load(t, map[string]string{"f.json": wide(before+`{"userPrincipalName":"u","memberOf":7}]`, binary.LittleEndian, true)})
		assert.ErrorContains(t, err, fmt.Sprintf("f.json: offset %d: memberOf: ", 2+2*len(utf16.Encode([]rune(before)))))
	}
}
