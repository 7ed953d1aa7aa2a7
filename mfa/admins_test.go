package mfa_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	globalReader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	phoneMethod  = "#microsoft.graph.phoneAuthenticationMethod"
	emailMethod  = "#microsoft.graph.emailAuthenticationMethod"
)

// staff is a tenant to which accounts are added.
type staff struct {
	*graphfake.Tenant
	t testing.TB
}

func newStaff(t testing.TB) staff { return staff{&graphfake.Tenant{}, t} }

// add adds an account with a second factor, unless methods say otherwise.
func (s staff) add(name string, methods ...string) string {
	id := s.AddUser(mfa.User{UserPrincipalName: name + "@contoso.com", DisplayName: name, AccountEnabled: new(true), UserType: new("Member")})
	if methods == nil {
		methods = []string{phoneMethod}
	}
	for _, method := range methods {
		if method != "" {
			require.NoError(s.t, s.AddMethod(id, mfa.Method{Type: method}))
		}
	}
	return id
}

func (s staff) group(name string, members ...string) string {
	id := s.AddGroup(policy.Group{DisplayName: name, IsAssignableToRole: new(true)})
	for _, member := range members {
		require.NoError(s.t, s.AddMember(id, member))
	}
	return id
}

func (s staff) assign(principal, role string) {
	_, err := s.AssignRole(policy.RoleAssignment{PrincipalID: principal, RoleDefinitionID: role})
	require.NoError(s.t, err)
}

func (s staff) eligible(principal, role string) {
	_, err := s.MakeEligible(policy.RoleAssignment{PrincipalID: principal, RoleDefinitionID: role})
	require.NoError(s.t, err)
}

// drain collects what All yields, by display name.
func drain(t testing.TB, admins *mfa.Admins) map[string]mfa.Admin {
	t.Helper()
	found := map[string]mfa.Admin{}
	for admin, err := range admins.All(t.Context()) {
		require.NoError(t, err)
		name := admin.DisplayName
		if name == "" {
			name = admin.ID
		}
		require.NotContains(t, found, name)
		found[name] = admin
	}
	return found
}

func readAdmins(t testing.TB, reader mfa.AdminsReader, opts *mfa.AdminsOptions) (*mfa.Admins, map[string]mfa.Admin) {
	t.Helper()
	admins, err := mfa.ReadAdmins(t.Context(), reader, opts)
	require.NoError(t, err)
	return admins, drain(t, admins)
}

// is says what a Value holds: true, false or unknown.
func is(v entramfa.Value[bool]) string {
	if b, known := v.Get(); known {
		return fmt.Sprint(b)
	}
	return "unknown"
}

// roles writes the roles of an account with the way to each.
func roles(a mfa.Admin) []string {
	list := []string{}
	for _, r := range a.Roles {
		text := r.Name
		if r.Eligible {
			text += ", eligible"
		}
		if r.Path != nil {
			text += fmt.Sprint(" by ", r.Path)
		}
		list = append(list, text)
	}
	return list
}

// forAll is the user condition of a policy on everybody.
const forAll = `{"includeUsers":["All"],"excludeUsers":[],"includeGroups":[],"excludeGroups":[],"includeRoles":[],"excludeRoles":[]}`

func TestEveryKindOfHolder(t *testing.T) {
	s := newStaff(t)
	direct := s.add("direct")
	team := s.group("Mail team", s.add("by group"))
	later := s.add("eligible only")
	laterTeam := s.group("On call", s.add("eligible by group"))
	both := s.add("both")
	reader := s.add("reader")
	scoped := s.add("scoped")
	s.add("ordinary")
	gone := s.AddUser(mfa.User{DisplayName: "disabled", UserPrincipalName: "disabled@contoso.com", AccountEnabled: new(false), UserType: new("Member")})
	s.assign(direct, policy.GlobalAdministrator)
	s.assign(team, exchangeAdministrator)
	s.eligible(later, policy.GlobalAdministrator)
	s.eligible(laterTeam, exchangeAdministrator)
	s.assign(both, exchangeAdministrator)
	s.eligible(both, policy.GlobalAdministrator)
	s.assign(reader, globalReader)
	s.assign(gone, policy.GlobalAdministrator)
	_, err := s.AssignRole(policy.RoleAssignment{PrincipalID: scoped, RoleDefinitionID: exchangeAdministrator, DirectoryScopeID: new("/administrativeUnits/1")})
	require.NoError(t, err)
	_, err = s.AssignRole(policy.RoleAssignment{
		PrincipalID: "77777777-7777-4777-8777-777777777777", RoleDefinitionID: policy.GlobalAdministrator,
		Principal: &policy.Principal{Type: "#microsoft.graph.servicePrincipal", ID: "77777777-7777-4777-8777-777777777777"},
	})
	require.NoError(t, err)
	addPolicy(t, s.Tenant, "MFA for administrators", `{"includeUsers":[],"includeGroups":[],"includeRoles":["`+policy.GlobalAdministrator+`","`+exchangeAdministrator+`"]}`, "mfa")

	admins, found := readAdmins(t, s, nil)
	assert.Equal(t, 8, admins.Len(), "a service principal is no account")
	for name, want := range map[string]struct {
		roles          []string
		now, activated string
		mfa            string
	}{
		"direct":            {[]string{"Global Administrator"}, "mfa always", "", "true"},
		"by group":          {[]string{"Exchange Administrator by [Mail team]"}, "mfa always", "", "true"},
		"eligible only":     {[]string{"Global Administrator, eligible"}, "clear never", "mfa always", "false"},
		"eligible by group": {[]string{"Exchange Administrator, eligible by [On call]"}, "clear never", "mfa always", "false"},
		"both":              {[]string{"Exchange Administrator", "Global Administrator, eligible"}, "mfa always", "mfa always", "true"},
		"reader":            {[]string{"Global Reader"}, "clear never", "", "false"},
		"scoped":            {[]string{"Exchange Administrator"}, "clear never", "", "false"},
		"disabled":          {[]string{"Global Administrator"}, "blocked always", "", "false"}, // it has no second factor
	} {
		a := found[name]
		assert.Equal(t, want.roles, roles(a), name)
		assert.Equal(t, want.now, fmt.Sprint(a.Now.Outcome, " ", a.Now.Extent), name)
		if want.activated == "" {
			assert.Nil(t, a.Activated, name)
		} else if assert.NotNil(t, a.Activated, name) {
			assert.Equal(t, want.activated, fmt.Sprint(a.Activated.Outcome, " ", a.Activated.Extent), name)
		}
		assert.Equal(t, want.mfa, is(a.MFA), name)
		assert.Equal(t, a.Now.Outcome == entramfa.Clear, a.Now.Witness != nil, name)
	}
	assert.Len(t, found, 8)
	assert.Equal(t, "/administrativeUnits/1", found["scoped"].Roles[0].Scope)

	_, found = readAdmins(t, s, &mfa.AdminsOptions{Roles: []string{globalReader}})
	assert.Len(t, found, 1)
	assert.Contains(t, found, "reader")
}

// TestARoleThatTakesMFAAway: whoever may activate a role that a policy leaves out
// can sign in without MFA then.
func TestARoleThatTakesMFAAway(t *testing.T) {
	s := newStaff(t)
	s.eligible(s.add("eligible"), globalReader)
	addPolicy(t, s.Tenant, "MFA", `{"includeUsers":["All"],"excludeUsers":[],"includeGroups":[],"excludeGroups":[],"includeRoles":[],"excludeRoles":["`+globalReader+`"]}`, "mfa")
	admins, found := readAdmins(t, s, nil)
	a := found["eligible"]
	assert.Equal(t, entramfa.MFA, a.Now.Outcome)
	require.NotNil(t, a.Activated)
	assert.Equal(t, entramfa.Clear, a.Activated.Outcome)
	assert.NotNil(t, a.Activated.Witness)
	assert.Equal(t, []string{"false", "false", "false"}, []string{is(a.Demanded), is(a.MFA), is(admins.Partner().Met)})
}

// TestWhatDemandsMFAOfAnAdministrator: each case is a tenant with one administrator.
func TestWhatDemandsMFAOfAnAdministrator(t *testing.T) {
	for name, c := range map[string]struct {
		change                      func(s staff, id string)
		now, demanded, mfa, partner string
		sources                     []entramfa.Source
		unattended                  bool
	}{
		"nothing": {func(s staff, _ string) {}, "clear never", "false", "false", "false", nil, false},
		"a policy": {func(s staff, _ string) { addPolicy(t, s.Tenant, "MFA", forAll, "mfa") },
			"mfa always", "true", "true", "unknown", []entramfa.Source{entramfa.SourceConditionalAccess}, false},
		"a policy that wants a device": {func(s staff, _ string) { addPolicy(t, s.Tenant, "Device", forAll, "compliantDevice") },
			"blocked sometimes", "false", "false", "false", []entramfa.Source{entramfa.SourceConditionalAccess}, false},
		"a policy that blocks": {func(s staff, _ string) { addPolicy(t, s.Tenant, "Block", forAll, "block") },
			"blocked always", "true", "true", "unknown", []entramfa.Source{entramfa.SourceConditionalAccess}, false},
		"security defaults": {func(s staff, _ string) { require.NoError(t, s.SetSecurityDefaults(true)) },
			"mfa always", "true", "true", "unknown", []entramfa.Source{entramfa.SourceSecurityDefaults}, false},
		"per-user MFA": {func(s staff, id string) { require.NoError(t, s.SetPerUserState(id, mfa.PerUserEnforced)) },
			"mfa always", "true", "true", "unknown", []entramfa.Source{entramfa.SourcePerUserMFA}, false},
		"nothing registered": {func(s staff, id string) { addPolicy(t, s.Tenant, "MFA", forAll, "mfa") }, "mfa always", "true", "false", "unknown", []entramfa.Source{entramfa.SourceConditionalAccess}, false},
		"nothing registered, nothing demanded": {func(s staff, _ string) {},
			"clear never", "false", "false", "false", nil, true},
		"methods that can't be read": {func(s staff, _ string) {
			addPolicy(t, s.Tenant, "MFA", forAll, "mfa")
			s.refuse("/users/", "/authentication/methods")
		}, "mfa always", "true", "unknown", "unknown", []entramfa.Source{entramfa.SourceConditionalAccess}, false},
		"a state that can't be read": {func(s staff, _ string) { s.refuse("/users/", "/authentication/requirements") },
			"unknown unknown", "unknown", "unknown", "unknown", []entramfa.Source{entramfa.SourcePerUserMFA}, false},
		"policies that can't be read": {func(s staff, _ string) { s.refuse("/identity/conditionalAccess/policies", "") },
			"unknown unknown", "unknown", "unknown", "unknown", []entramfa.Source{entramfa.SourceConditionalAccess}, false},
		"policies that can't be read beside per-user MFA": {func(s staff, id string) {
			require.NoError(t, s.SetPerUserState(id, mfa.PerUserEnforced))
			s.refuse("/identity/conditionalAccess/policies", "")
		}, "mfa always", "true", "true", "unknown", []entramfa.Source{entramfa.SourcePerUserMFA, entramfa.SourceConditionalAccess}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStaff(t)
			id := s.add("admin", map[string][]string{
				"nothing registered": {""}, "nothing registered, nothing demanded": {emailMethod},
			}[name]...)
			s.assign(id, policy.GlobalAdministrator)
			c.change(s, id)
			admins, found := readAdmins(t, s, nil)
			a := found["admin"]
			assert.Equal(t, c.now, fmt.Sprint(a.Now.Outcome, " ", a.Now.Extent))
			assert.Equal(t, c.demanded, is(a.Demanded), a.Demanded.Err())
			assert.Equal(t, c.mfa, is(a.MFA), a.MFA.Err())
			assert.Equal(t, c.partner, is(admins.Partner().Met))
			assert.Equal(t, c.unattended, a.Unattended)
			var sources []entramfa.Source
			for _, f := range a.Now.Demands {
				sources = append(sources, f.Source)
			}
			assert.Equal(t, c.sources, sources)
			if is(a.MFA) == "unknown" {
				assert.NotEmpty(t, a.MFA.Err().Error())
			}
		})
	}
}

// refuse makes reads fail for lack of a permission; of the users' own paths the part
// behind the id says which.
func (s staff) refuse(path, behind string) {
	if behind != "" {
		for user, err := range s.Users(s.t.Context()) {
			require.NoError(s.t, err)
			s.Fail(graphfake.Failure{Path: path + user.ID + behind, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
		}
		return
	}
	s.Fail(graphfake.Failure{Path: path, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
}
