package graphfake_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

func load(t *testing.T, files map[string]string) (*graphfake.Tenant, error) {
	t.Helper()
	system := fstest.MapFS{}
	for name, text := range files {
		system[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return graphfake.Load(system)
}

func loaded(t *testing.T, files map[string]string) *graphfake.Tenant {
	t.Helper()
	tenant, err := load(t, files)
	require.NoError(t, err)
	return tenant
}

func TestLoadAnExport(t *testing.T) {
	tenant, err := graphfake.Load(os.DirFS("testdata/export"))
	require.NoError(t, err)
	ctx := t.Context()
	assert.Equal(t, "42424242-4242-4242-8242-424242424242", tenant.ID())

	list, err := tenant.Policies(ctx)
	require.NoError(t, err)
	var names []string
	for _, p := range list.Policies {
		names = append(names, p.DisplayName)
		assert.Equal(t, []string{"mfa"}, p.GrantControls.BuiltInControls)
		assert.Equal(t, policy.StateEnabled, p.State)
	}
	assert.ElementsMatch(t, []string{"Admins 🔐 é", "Big endian", "Marked", "In a list", "In a page"}, names, "and not what was deleted")

	for _, name := range []string{"svc@contoso.com", "eeeeeeee-0000-4000-8000-000000000001"} {
		user, err := tenant.User(ctx, name)
		require.NoError(t, err, name)
		assert.Equal(t, "Service", user.DisplayName, "the export's file and the one beside it are one user")
		assert.True(t, *user.AccountEnabled)
	}
	groups, err := tenant.TransitiveMemberOf(ctx, "svc@contoso.com")
	require.NoError(t, err)
	require.Len(t, groups, 2, "the group that is named, and the group in whose members that stands")
	assert.Equal(t, "Service accounts", groups[0].DisplayName)
	assert.Equal(t, "All service accounts", groups[1].DisplayName)
	roles, err := tenant.RoleAssignments(ctx, "svc@contoso.com")
	require.NoError(t, err)
	require.Len(t, roles, 1)
	assert.True(t, roles[0].TenantWide(), "without a scope it counts everywhere")
	requirements, err := tenant.Requirements(ctx, "svc@contoso.com")
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserEnforced, requirements.PerUserMFAState)
	methods, err := tenant.Methods(ctx, "svc@contoso.com")
	require.NoError(t, err)
	assert.Len(t, methods, 2)

	requirements, err = tenant.Requirements(ctx, "other@contoso.com")
	require.NoError(t, err, "a file of its own gives it")
	assert.Equal(t, mfa.PerUserDisabled, requirements.PerUserMFAState)
	methods, err = tenant.Methods(ctx, "other@contoso.com")
	require.NoError(t, err)
	assert.Len(t, methods, 1)
	_, err = tenant.MemberOf(ctx, "other@contoso.com")
	assert.ErrorIs(t, err, entramfa.ErrNotRead, "that he is in one group doesn't say in which others")

	objects, err := tenant.ObjectsByID(ctx, []string{"aaaaaaaa-0000-4000-8000-000000000003", "aaaaaaaa-0000-4000-8000-000000000004"})
	require.NoError(t, err)
	assert.Equal(t, "Excluded", objects[0].DisplayName, "named by the migration table alone")
	assert.Equal(t, "New name", objects[1].DisplayName, "renamed: the migration table decides")
	strengths, err := tenant.AuthenticationStrengths(ctx)
	require.NoError(t, err)
	assert.Len(t, strengths, 3)
	defaults, err := tenant.SecurityDefaults(ctx)
	require.NoError(t, err)
	assert.False(t, *defaults.IsEnabled)
	domain, err := tenant.Domain(ctx, "contoso.com")
	require.NoError(t, err)
	assert.Equal(t, 2147483647, *domain.PasswordValidityPeriodInDays)
	locations, err := tenant.NamedLocations(ctx)
	require.NoError(t, err)
	assert.Len(t, locations, 1)
	skus, err := tenant.SubscribedSKUs(ctx)
	require.NoError(t, err)
	assert.Len(t, skus, 1)
}

// wide encodes a text as UTF-16.
func wide(text string, order binary.ByteOrder, mark bool) string {
	var out bytes.Buffer
	if mark {
		text = "\ufeff" + text
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		_ = binary.Write(&out, order, unit) // a bytes.Buffer takes everything
	}
	return out.String()
}

const smallPolicy = `{"id":"p","displayName":"€🔐","state":"enabled","conditions":{"users":{"includeUsers":["All"]}}}`

func TestLoadEncodings(t *testing.T) {
	for name, text := range map[string]string{
		"UTF-8": smallPolicy, "UTF-8 with mark": "\ufeff" + smallPolicy, "CRLF": strings.ReplaceAll(smallPolicy, ",", ",\r\n"),
		"UTF-16 LE": wide(smallPolicy, binary.LittleEndian, true), "UTF-16 BE": wide(smallPolicy, binary.BigEndian, true),
		"UTF-16 LE without mark": wide(smallPolicy, binary.LittleEndian, false), "UTF-16 BE without mark": wide(smallPolicy, binary.BigEndian, false),
		"page": `{"value":[` + smallPolicy + `]}`, "list": `[` + smallPolicy + `,` + smallPolicy + `]`,
		"PowerShell's letters": strings.NewReplacer("state", "State", "conditions", "Conditions", "includeUsers", "IncludeUsers").Replace(smallPolicy),
	} {
		list, err := loaded(t, map[string]string{"some/where.JSON": text}).Policies(t.Context())
		require.NoError(t, err, name)
		require.Len(t, list.Policies, 1, name)
		assert.Equal(t, "€🔐", list.Policies[0].DisplayName, name)
		assert.Equal(t, []string{"All"}, list.Policies[0].Conditions.Users.IncludeUsers, name)
	}
}

func TestLoadNamesFileAndOffset(t *testing.T) {
	for name, test := range map[string]struct {
		text, offset string
	}{
		"empty":                   {"", "offset 0: "},
		"cut":                     {`{"id":"a"`, "offset 9: "},
		"a wrong letter":          {`{"id":x}`, "offset 6: "},
		"behind a mark":           {"\ufeff" + `{"id":x}`, "offset 9: "},
		"two values":              {`{} {}`, "offset 3: "},
		"UTF-16":                  {wide(`{"€🔐":x}`, binary.LittleEndian, true), "offset 16: "},
		"UTF-16, cut":             {wide(smallPolicy, binary.BigEndian, true)[:21], "offset 20: half a UTF-16 character"},
		"half a pair":             {"\xff\xfe\x3c\xd8", "offset 2: half a UTF-16 surrogate pair"},
		"a pair of halves":        {"\xff\xfe\x3c\xd8\x3c\xd8", "offset 2: half a UTF-16 surrogate pair"},
		"Latin 1":                 {"{\"displayName\":\"\xe9\"}", "offset 16: neither UTF-8 nor UTF-16"},
		"no object":               {`42`, "offset 0: neither an object nor a list"},
		"a list of numbers":       {`[1]`, "offset 1: an object is wanted"},
		"not recognized":          {`[` + smallPolicy + `, {"id":"x","grantControls":{}}]`, "not recognized, and it may be a Conditional Access policy"},
		"half a list":             {`{"@odata.nextLink":"https://x","value":[` + smallPolicy + `]}`, "offset 0: half a list"},
		"wrong type":              {`  {"conditions":{"users":7},"state":"enabled"}`, "offset 2: Conditional Access policy: conditions: users:"},
		"twice":                   {`{"conditions":{},"State":"x","state":"enabled"}`, `offset 0: Conditional Access policy: member "state" stands twice`},
		"another content":         {`[` + smallPolicy + `,{"id":"P","state":"disabled","conditions":{}}]`, "the Conditional Access policy P stands in f.json too, with another content"},
		"a role without a role":   {`{"userPrincipalName":"u","roleAssignments":[{}]}`, "offset 0: roleAssignments: a role assignment needs principalId and roleDefinitionId"},
		"a state that says none":  {`{"userPrincipalName":"u","authentication":{"requirements":{}}}`, "perUserMfaState is missing"},
		"defaults that say none":  {`{"@odata.type":"#microsoft.graph.identitySecurityDefaultsEnforcementPolicy"}`, "isEnabled is missing"},
		"an unknown group name":   {`{"userPrincipalName":"u","memberOf":[{"displayName":"G"}]}`, `offset 0: memberOf: 0 groups have the display name "G"`},
		"an ambiguous group name": {`[{"id":"1","groupTypes":[],"displayName":"G"},{"id":"2","groupTypes":[],"displayName":"g"},{"userPrincipalName":"u","memberOf":[{"displayName":"G"}]}]`, `2 groups have the display name "G"`},
		"memberOf cut":            {`{"userPrincipalName":"u","memberOf":[],"memberOf@odata.nextLink":"x"}`, "half a list: there is a memberOf@odata.nextLink"},
		"members of no kind":      {`{"id":"g","groupTypes":[],"members":[{"id":"x"}]}`, "members: x is neither a user nor a group"},
		"memberOf is no list":     {`{"userPrincipalName":"u","memberOf":7}`, "offset 0: memberOf: "},
		"two of a name":           {`[{"id":"1","userPrincipalName":"u"},{"id":"2","userPrincipalName":"U"}]`, "the users 1 and 2 have the same userPrincipalName U"},
		"a contradiction":         {`[{"id":"1","userPrincipalName":"u","accountEnabled":true},{"userPrincipalName":"u","accountEnabled":false}]`, "the user 1 stands in f.json too, with another accountEnabled"},
		"a state of nobody":       {`{"@odata.context":"https://graph.microsoft.com/beta/$metadata#users('x')/authentication/requirements","perUserMfaState":"disabled"}`, "it is of the user x, of whom there is no file"},
		"methods of whom":         {`{"@odata.context":"https://graph.microsoft.com/beta/$metadata#users/authentication/methods","value":[]}`, "it doesn't say of which user"},
		"two tenants":             {`[{"verifiedDomains":[],"id":"1"},{"TenantId":"2","Objects":[]}]`, "the export is of two tenants: 1 and 2; load one of them alone"},
		"two organizations":       {`[{"verifiedDomains":[],"id":"1","displayName":"Contoso"},{"verifiedDomains":[],"id":"2","displayName":"Fabrikam"}]`, `the export is of two tenants: 1 ("Contoso") and 2 ("Fabrikam"); load one of them alone`},
		"two of one tenant":       {`[{"verifiedDomains":[],"id":"1","displayName":"Contoso"},{"verifiedDomains":[],"id":"1","displayName":"Fabrikam"}]`, "the organization stands in f.json too, with another content"},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, err := load(t, map[string]string{"f.json": test.text})
			require.ErrorContains(t, err, test.offset)
			assert.ErrorContains(t, err, "graphfake: f.json: offset ")
			assert.Nil(t, tenant)
		})
	}
	_, err := load(t, map[string]string{"a.txt": "no JSON"})
	assert.ErrorContains(t, err, "there is no *.json file")
	_, err = load(t, map[string]string{"a.json": `{"id":"x"}`})
	assert.ErrorContains(t, err, "no file in it holds what a check asks for")
	_, err = load(t, map[string]string{"a.json": "x", "b/c.json": "y"})
	assert.ErrorContains(t, err, "a.json: ")
	assert.ErrorContains(t, err, "b/c.json: ", "all errors together")
}

func TestLoadedTenantKnowsWhatItDoesNotKnow(t *testing.T) {
	tenant := loaded(t, map[string]string{
		"Users/u.json": `{"id":"u","userPrincipalName":"u@contoso.com"}`,
		"groups.json":  `{"value":[{"id":"g","displayName":"G","groupTypes":[]}]}`,
	})
	for name, read := range map[string]func() error{
		"ConditionalAccess":                  func() error { _, err := tenant.Policies(t.Context()); return err },
		"NamedLocations":                     func() error { _, err := tenant.NamedLocations(t.Context()); return err },
		"AuthenticationStrengths":            func() error { _, err := tenant.AuthenticationStrengths(t.Context()); return err },
		"SecurityDefaults":                   func() error { _, err := tenant.SecurityDefaults(t.Context()); return err },
		"SubscribedSkus":                     func() error { _, err := tenant.SubscribedSKUs(t.Context()); return err },
		"Domains":                            func() error { _, err := tenant.Domain(t.Context(), "contoso.com"); return err },
		"perUserMfaState":                    func() error { _, err := tenant.Requirements(t.Context(), "u"); return err },
		"methods":                            func() error { _, err := tenant.Methods(t.Context(), "u"); return err },
		"transitiveMemberOf":                 func() error { _, err := tenant.TransitiveMemberOf(t.Context(), "u"); return err },
		`"memberOf"`:                         func() error { _, err := tenant.MemberOf(t.Context(), "u"); return err },
		"members":                            func() error { _, err := tenant.MemberGroups(t.Context(), "g"); return err },
		"Groups":                             func() error { _, err := tenant.MemberGroups(t.Context(), "other"); return err },
		"roleAssignments":                    func() error { _, err := tenant.RoleAssignments(t.Context(), "u"); return err },
		"roleEligibilityScheduleInstances":   func() error { _, err := tenant.RoleEligibilities(t.Context(), "u"); return err },
		"RoleEligibilityScheduleInstances/*": func() error { _, err := tenant.RoleEligibilities(t.Context(), "g"); return err },
		"RoleAssignments": func() error {
			_, err := tenant.RoleHolders(t.Context(), policy.GlobalAdministrator)
			return err
		},
		"MigrationTable.json": func() error { _, err := tenant.ObjectsByID(t.Context(), []string{"other"}); return err },
	} {
		err := read()
		assert.ErrorIs(t, err, entramfa.ErrNotRead, name)
		assert.ErrorContains(t, err, name, "the error says how to give it")
	}
	c := serve(t, tenant, everything...)
	r := c.get("/v1.0/identity/conditionalAccess/namedLocations")
	assert.Equal(t, 501, r.StatusCode)
	assert.Equal(t, "NotRead", r.code())

	_, err := loaded(t, map[string]string{"g.json": `{"id":"g","groupTypes":[]}`}).User(t.Context(), "u")
	assert.ErrorIs(t, err, entramfa.ErrNotRead, "no users at all")
}

func TestAWholeExportHoldsMoreThanACheckAsksFor(t *testing.T) {
	tenant := loaded(t, map[string]string{
		"ConditionalAccess/p.json":       smallPolicy,
		"Applications/a.json":            `{"id":"a","appId":"a","displayName":"A"}`,
		"DeviceConfiguration/empty.json": `{"value":[]}`,
		"Devices/d.json":                 `[{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","id":"d"},{"id":"e"}]`,
	})
	assert.Equal(t, []string{"Applications/a.json", "DeviceConfiguration/empty.json", "Devices/d.json"}, tenant.Skipped())
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	assert.Len(t, list.Policies, 1)
}

func TestEmptyListsAreKnowledge(t *testing.T) {
	tenant := loaded(t, map[string]string{
		"Users/u.json":                          `{"id":"u","userPrincipalName":"u@contoso.com","memberOf":[],"roleEligibilityScheduleInstances":[]}`,
		"NamedLocations/none.json":              `[]`,
		"RoleAssignments/none.json":             `{"value":[]}`,
		"RoleEligibilityScheduleInstances.json": `{"value":[]}`,
		"ConditionalAccess/none.json":           `{"value":[]}`,
	})
	locations, err := tenant.NamedLocations(t.Context())
	require.NoError(t, err)
	assert.Empty(t, locations)
	groups, err := tenant.TransitiveMemberOf(t.Context(), "u")
	require.NoError(t, err)
	assert.Empty(t, groups)
	roles, err := tenant.RoleAssignments(t.Context(), "u")
	require.NoError(t, err, "the tenant's list is whole, and the groups are known")
	assert.Empty(t, roles)
	_, err = tenant.RoleHolders(t.Context(), policy.GlobalAdministrator)
	require.NoError(t, err)
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list.Policies)
}

func TestRolesOfGroupsNeedTheGroups(t *testing.T) {
	files := map[string]string{
		"RoleAssignments.json": `{"value":[{"id":"r","principalId":"g","roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10","directoryScopeId":"/"}]}`,
		"Groups.json":          `[{"id":"g","displayName":"G","groupTypes":[]}]`,
		"Users.json":           `[{"id":"u","userPrincipalName":"u@contoso.com"}]`,
	}
	_, err := loaded(t, files).RoleAssignments(t.Context(), "u")
	assert.ErrorIs(t, err, entramfa.ErrNotRead)
	files["Users.json"] = `[{"id":"u","userPrincipalName":"u@contoso.com","transitiveMemberOf":[{"id":"g"}]}]`
	roles, err := loaded(t, files).RoleAssignments(t.Context(), "u")
	require.NoError(t, err)
	require.Len(t, roles, 1)
	assert.Equal(t, "g", roles[0].PrincipalID)
	assert.Equal(t, "Global Administrator", roles[0].RoleDefinition.DisplayName)
}

// A nested group that is overlooked makes a policy look harmless.
func TestDirectGroupsAreNotAllGroups(t *testing.T) {
	user := func(member, groups string) string {
		return `{"id":"u","userPrincipalName":"u@contoso.com","` + member + `":[` + groups + `]}`
	}
	many := strings.Repeat(`{"id":"g"},`, 19) + `{"id":"g"}`
	for name, c := range map[string]struct {
		users, groups, policies string
		all, direct             bool
	}{
		"all said":                         {user("transitiveMemberOf", `{"id":"g"}`), `[{"id":"g","groupTypes":[]}]`, "", true, false},
		"none said":                        {user("transitiveMemberOf", ``), `[{"id":"g","groupTypes":[]}]`, "", true, false},
		"direct ones alone":                {user("memberOf", `{"id":"g"}`), `[{"id":"g","groupTypes":[]}]`, "", false, true},
		"and the groups around them":       {user("memberOf", `{"id":"g"}`), `[{"id":"g","groupTypes":[],"memberOf":[]}]`, "", true, true},
		"and not those around these":       {user("memberOf", `{"id":"g"}`), `[{"id":"g","groupTypes":[],"memberOf":[{"id":"h"}]},{"id":"h","groupTypes":[]}]`, "", false, true},
		"members of every group":           {user("mail", ""), `[{"id":"g","groupTypes":[],"members":[{"id":"u"}]},{"id":"h","groupTypes":[],"members":[]}]`, "", true, true},
		"members of one group alone":       {user("mail", ""), `[{"id":"g","groupTypes":[],"members":[{"id":"u"}]},{"id":"h","groupTypes":[]}]`, "", false, false},
		"a policy names another group":     {user("mail", ""), `[{"id":"g","groupTypes":[],"members":[]}]`, `{"id":"p","state":"enabled","conditions":{"users":{"includeGroups":["h"]}}}`, false, false},
		"a list that $expand may have cut": {user("memberOf", many), `[{"id":"g","groupTypes":[],"memberOf":[]}]`, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"Users/u.json": c.users, "Groups/g.json": c.groups}
			if c.policies != "" {
				files["ConditionalAccess/p.json"] = c.policies
			}
			tenant := loaded(t, files)
			_, err := tenant.TransitiveMemberOf(t.Context(), "u")
			assert.Equal(t, c.all, err == nil, "all groups: %v", err)
			_, err = tenant.MemberOf(t.Context(), "u")
			assert.Equal(t, c.direct, err == nil, "direct groups: %v", err)
		})
	}
}

func TestAnAccountAddedToAnExportIsKnown(t *testing.T) {
	tenant := loaded(t, map[string]string{"Groups.json": `[{"id":"g","displayName":"G","groupTypes":[]}]`, "ca.json": smallPolicy})
	user := tenant.AddUser(mfa.User{UserPrincipalName: "new@contoso.com"})
	require.NoError(t, tenant.AddMember("g", user))
	groups, err := tenant.TransitiveMemberOf(t.Context(), user)
	require.NoError(t, err)
	assert.Len(t, groups, 1)
	_, err = tenant.Requirements(t.Context(), user)
	assert.NoError(t, err)
	_, err = tenant.SecurityDefaults(t.Context())
	assert.ErrorIs(t, err, entramfa.ErrNotRead, "the tenant is not")
	require.NoError(t, loaded(t, map[string]string{"g.json": `{"id":"g","groupTypes":[]}`}).SetSecurityDefaults(true))
}

// TestGroupsAroundAGroupOfAnExport: they are known where the export says all of them.
func TestGroupsAroundAGroupOfAnExport(t *testing.T) {
	const inner, outer = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"
	group := func(id, more string) string {
		return `{"@odata.type":"#microsoft.graph.group","id":"` + id + `","displayName":"G"` + more + `}`
	}
	within := `,"members":[{"@odata.type":"#microsoft.graph.group","id":"` + inner + `"}]`
	for name, c := range map[string]struct {
		inner, outer string
		known        bool
		around       int
	}{
		"members of every group":          {`,"members":[]`, within, true, 1},
		"members of one alone":            {``, within, false, 0},
		"memberOf of the group alone":     {`,"memberOf":[{"id":"` + outer + `"}]`, ``, false, 0},
		"memberOf all the way":            {`,"memberOf":[{"id":"` + outer + `"}]`, `,"memberOf":[]`, true, 1},
		"memberOf of a group in no other": {`,"memberOf":[]`, ``, true, 0},
	} {
		tenant := loaded(t, map[string]string{"Groups/1.json": group(inner, c.inner), "Groups/2.json": group(outer, c.outer)})
		groups, err := tenant.GroupsOfGroup(t.Context(), inner)
		if !c.known {
			assert.ErrorIs(t, err, entramfa.ErrNotRead, name)
			continue
		}
		if assert.NoError(t, err, name) && assert.Len(t, groups, c.around, name) && c.around > 0 {
			assert.Equal(t, outer, groups[0].ID, name)
		}
	}
}

// TestAMigrationTableSaysWhichTenantItIs: a file of the organization says it better.
func TestAMigrationTableSaysWhichTenantItIs(t *testing.T) {
	const id = "42ba3ed1-ae78-4fd0-8080-5f8bfcc27b29"
	files := map[string]string{"MigrationTable.json": `{"TenantId":"` + id + `","Organization":"Fabrikam","Objects":[]}`, "SecurityDefaults.json": `{"isEnabled":false}`}
	organization, err := loaded(t, files).Organization(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{id, "Fabrikam"}, []string{organization.ID, organization.DisplayName})

	for _, name := range []string{"A/Organization.json", "Organization/organization.json"} { // read before the table, and after it
		files[name] = `{"@odata.context":"https://graph.microsoft.com/beta/$metadata#organization/$entity","id":"` + id + `","displayName":"Fabrikam, Inc."}`
		organization, err = loaded(t, files).Organization(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "Fabrikam, Inc.", organization.DisplayName)
		delete(files, name)
	}
	_, err = loaded(t, map[string]string{"MigrationTable.json": `{"Objects":[]}`, "SecurityDefaults.json": `{"isEnabled":false}`}).Organization(t.Context())
	assert.ErrorIs(t, err, entramfa.ErrNotRead)
}
