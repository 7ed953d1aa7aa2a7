package mfa_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// crowd has so many administrators, all but one of them in the group that a policy
// includes.
func crowd(t testing.TB, admins int) staff {
	s := newStaff(t)
	group := s.AddGroup(policy.Group{DisplayName: "Administrators"})
	for n := range admins {
		id := s.add(fmt.Sprintf("admin %d", n))
		s.assign(id, policy.GlobalAdministrator)
		if n > 0 {
			require.NoError(t, s.AddMember(group, id))
		}
	}
	s.add("ordinary")
	addPolicy(t, s.Tenant, "MFA", `{"includeUsers":[],"includeGroups":["`+group+`"],"includeRoles":[]}`, "mfa")
	return s
}

func TestManyAdministratorsAreListedAndFewAreNot(t *testing.T) {
	for size, listed := range map[int]bool{20: false, 200: false, 201: true, 230: true} {
		reader := &counting{Tenant: crowd(t, size).Tenant}
		var done []int
		admins, found := readAdmins(t, reader, &mfa.AdminsOptions{Progress: func(n, all int) {
			assert.Equal(t, size, all)
			done = append(done, n)
		}})
		assert.Len(t, found, size)
		assert.Equal(t, size, admins.Len())
		require.Len(t, done, size)
		assert.Equal(t, []int{1, size}, []int{done[0], done[size-1]})
		counts := map[string]int{}
		for _, a := range found {
			counts[is(a.MFA)]++
		}
		assert.Equal(t, map[string]int{"true": size - 1, "false": 1}, counts)
		assert.Equal(t, listed, reader.groups.Load() == 1)
		assert.Equal(t, listed, reader.lists.Load() == 1)
		assert.EqualValues(t, size, reader.methods.Load())
		p := admins.Partner()
		assert.Equal(t, []int{size, size - 1, 1, 0}, []int{p.Accounts, p.With, p.Without, p.Unknown})
		assert.Equal(t, "false", is(p.Met))
	}
}

// counting notes how often a tenant is asked.
type counting struct {
	*graphfake.Tenant
	methods, groups, lists atomic.Int32
}

func (c *counting) Methods(ctx context.Context, user string) ([]mfa.Method, error) {
	c.methods.Add(1)
	return c.Tenant.Methods(ctx, user)
}

func (c *counting) TransitiveMembers(ctx context.Context, group string) iter.Seq2[string, error] {
	c.groups.Add(1)
	return c.Tenant.TransitiveMembers(ctx, group)
}

func (c *counting) Users(ctx context.Context) iter.Seq2[mfa.User, error] {
	c.lists.Add(1)
	return c.Tenant.Users(ctx)
}

func TestAllUsersAreJudgedForThePartnerRequirement(t *testing.T) {
	s := newStaff(t)
	s.assign(s.add("admin"), policy.GlobalAdministrator)
	s.add("ordinary")
	s.add("new", "")
	s.AddUser(mfa.User{UserPrincipalName: "guest@contoso.com", DisplayName: "guest", AccountEnabled: new(true), UserType: new("Guest"), CreationType: new("Invitation")})
	s.AddUser(mfa.User{UserPrincipalName: "left@contoso.com", DisplayName: "left", AccountEnabled: new(false), UserType: new("Member")})
	service := s.add("service", "")
	id := addPolicy(t, s.Tenant, "MFA", forAll, "mfa")

	admins, found := readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
	assert.NotContains(t, found, "left", "it can't sign in")
	assert.Empty(t, found["ordinary"].Roles)
	p := admins.Partner()
	assert.Equal(t, "true", is(p.Met), p.Missing)
	assert.Equal(t, []int{5, 5, 3}, []int{p.Accounts, p.With, p.Unregistered}, "who has no second factor can register one")
	assert.Empty(t, p.Unattended)

	exclude := strings.Replace(forAll, `"excludeUsers":[]`, `"excludeUsers":["`+service+`"]`, 1)
	require.NoError(t, s.RemovePolicy(id))
	addPolicy(t, s.Tenant, "MFA", exclude, "mfa")
	admins, found = readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
	p = admins.Partner()
	assert.Equal(t, "false", is(p.Met))
	assert.Equal(t, []int{4, 1}, []int{p.With, p.Without})
	require.Len(t, p.Unattended, 1, "no exclusion counts")
	assert.Equal(t, "service@contoso.com", p.Unattended[0].UserPrincipalName)
	assert.NotNil(t, found["service"].Now.Witness)
}

// TestRegistrationThatPoliciesClose: who has nothing registered and can't register
// does not meet the requirement.
func TestRegistrationThatPoliciesClose(t *testing.T) {
	s := newStaff(t)
	s.add("registered")
	s.add("new", "")
	addPolicy(t, s.Tenant, "MFA", forAll, "mfa")
	_, err := s.AddPolicy(policy.Policy{
		DisplayName: "MFA to register", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"}, Applications: &policy.Applications{IncludeUserActions: []string{"urn:user:registersecurityinfo"}},
			Users: &policy.Users{IncludeUsers: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	admins, found := readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
	assert.Equal(t, "false", is(found["new"].CanRegister))
	assert.Equal(t, "true", is(found["new"].Demanded))
	assert.Equal(t, "false", is(admins.Partner().Met))
	assert.Equal(t, 1, admins.Partner().Without)
}

func TestSecurityDefaultsLeaveUsersUnforeseen(t *testing.T) {
	s := newStaff(t)
	s.assign(s.add("admin"), policy.GlobalAdministrator)
	s.add("ordinary")
	require.NoError(t, s.SetSecurityDefaults(true))
	admins, found := readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
	assert.Equal(t, "true", is(found["admin"].MFA))
	assert.Equal(t, "unknown", is(found["ordinary"].MFA))
	assert.ErrorContains(t, found["ordinary"].MFA.Err(), "nobody can foresee")
	assert.Nil(t, found["ordinary"].Now.Witness)
	p := admins.Partner()
	assert.Equal(t, "unknown", is(p.Met))
	assert.Contains(t, p.Caveats[0], "security defaults are on")
}

// TestWhatIsNotReadOfAdministrators: each refusal is named, and matters to whom it can.
func TestWhatIsNotReadOfAdministrators(t *testing.T) {
	build := func(t *testing.T) (s staff, team, excluded string) {
		s = newStaff(t)
		team = s.group("Team", s.add("by group"))
		s.assign(team, exchangeAdministrator)
		s.assign(s.add("direct"), policy.GlobalAdministrator)
		s.eligible(s.add("eligible"), globalReader)
		excluded = s.AddGroup(policy.Group{DisplayName: "Left out"})
		addPolicy(t, s.Tenant, "MFA", strings.Replace(forAll, `"excludeGroups":[]`, `"excludeGroups":["`+excluded+`"]`, 1), "mfa")
		return s, team, excluded
	}
	refused := func(path string) graphfake.Failure {
		return graphfake.Failure{Path: path, Err: &entramfa.GraphError{Status: http.StatusForbidden}}
	}
	t.Run("the members of a group with a role", func(t *testing.T) {
		s, team, _ := build(t)
		s.Fail(refused("/groups/" + team))
		admins, found := readAdmins(t, s, nil)
		assert.Len(t, found, 2)
		assert.False(t, admins.Complete())
		require.Len(t, admins.Missing(), 1)
		assert.Contains(t, admins.Missing()[0], `the members of the group "Team", which holds a role`)
		assert.Equal(t, admins.Missing()[0], admins.Partner().Missing[0])
	})
	t.Run("the members of a group that a policy names", func(t *testing.T) {
		s, _, excluded := build(t)
		s.Fail(refused("/groups/" + excluded))
		admins, found := readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
		require.Len(t, admins.Missing(), 1)
		assert.True(t, admins.Complete())
		assert.Contains(t, admins.Missing()[0], `"Left out", which policies name`)
		assert.Equal(t, "true", is(found["direct"].MFA), "the account says its groups itself")
		s.Fail(refused("/users/" + found["direct"].ID + "/transitiveMemberOf"))
		_, found = readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
		assert.Equal(t, "unknown", is(found["direct"].MFA))
		assert.ErrorContains(t, found["direct"].MFA.Err(), "Left out")
		assert.Equal(t, "true", is(found["by group"].MFA))
	})
	t.Run("a group that is gone has no members", func(t *testing.T) {
		s, _, excluded := build(t)
		require.NoError(t, s.Delete(excluded))
		admins, found := readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
		assert.Empty(t, admins.Missing())
		assert.Equal(t, "true", is(found["direct"].MFA))
	})
	t.Run("the role assignments", func(t *testing.T) {
		s, _, _ := build(t)
		s.Fail(refused("/roleManagement/directory/roleAssignments"))
		_, err := mfa.ReadAdmins(t.Context(), s, nil)
		require.ErrorIs(t, err, entramfa.ErrPermission)
		admins, found := readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
		assert.Contains(t, admins.Missing()[0], "who holds a directory role")
		assert.Equal(t, "true", is(found["direct"].MFA), "no policy asks for a role")
	})
	t.Run("who may activate a role", func(t *testing.T) {
		s, _, _ := build(t)
		undo := s.Fail(refused("/roleManagement/directory/roleEligibilityScheduleInstances"))
		admins, found := readAdmins(t, s, nil)
		assert.Len(t, found, 2)
		assert.Contains(t, admins.Missing()[0], "who may activate a directory role")
		assert.False(t, admins.Complete())
		assert.Equal(t, "true", is(found["direct"].MFA), "no policy excludes a role")
		addPolicy(t, s.Tenant, "Other", strings.Replace(forAll, `"excludeRoles":[]`, `"excludeRoles":["`+globalReader+`"]`, 1), "mfa")
		_, found = readAdmins(t, s, nil)
		assert.Equal(t, "unknown", is(found["direct"].MFA))
		undo()
		_, found = readAdmins(t, s, nil)
		assert.Equal(t, "true", is(found["direct"].MFA))
	})
	t.Run("a tenant without the licence for eligible roles", func(t *testing.T) {
		s, _, _ := build(t)
		s.Fail(graphfake.Failure{Path: "/roleManagement/directory/roleEligibilityScheduleInstances", Err: &entramfa.GraphError{Status: 400, Code: "AadPremiumLicenseRequired"}})
		admins, found := readAdmins(t, s, nil)
		assert.Len(t, found, 2)
		assert.Empty(t, admins.Missing())
	})
	t.Run("the account itself", func(t *testing.T) {
		s, _, _ := build(t)
		user, err := s.User(t.Context(), "direct@contoso.com")
		require.NoError(t, err)
		s.Fail(refused("/users/" + user.ID))
		_, found := readAdmins(t, s, nil)
		a := found[user.ID]
		assert.Contains(t, a.Missing[0], "the account itself")
		assert.Equal(t, "unknown", is(a.MFA))
	})
	t.Run("the list of accounts", func(t *testing.T) {
		s, _, _ := build(t)
		admins, err := mfa.ReadAdmins(t.Context(), s, &mfa.AdminsOptions{AllUsers: true})
		require.NoError(t, err)
		s.Fail(refused("/users"))
		for _, err = range admins.All(t.Context()) {
		}
		require.ErrorIs(t, err, entramfa.ErrPermission)
		assert.Equal(t, "unknown", is(admins.Partner().Met))
	})
}

func TestAdminsWithAContextThatEnds(t *testing.T) {
	s := crowd(t, 130)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	admins, err := mfa.ReadAdmins(ctx, s, nil)
	require.NoError(t, err)
	seen := 0
	for _, err = range admins.All(ctx) {
		if err != nil {
			break
		}
		if seen++; seen == 25 {
			cancel()
		}
	}
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 40, seen, "the twenty that were read already")
	assert.Contains(t, admins.Partner().Missing, "the accounts that were not judged: range over All to its end")
	_, err = mfa.ReadAdmins(ctx, s, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = mfa.ReadAdmins(t.Context(), nil, nil)
	require.ErrorContains(t, err, "needs a reader")
}

func TestAdminsStopWhenNobodyAsksOn(t *testing.T) {
	reader := &counting{Tenant: crowd(t, 150).Tenant}
	admins, err := mfa.ReadAdmins(t.Context(), reader, nil)
	require.NoError(t, err)
	assert.Equal(t, "unknown", is(admins.Partner().Met))
	for _, err := range admins.All(t.Context()) {
		require.NoError(t, err)
		break
	}
	assert.EqualValues(t, 40, reader.methods.Load(), "two times twenty were under way, and nothing runs on")
	assert.Len(t, drain(t, admins), 150, "anew each time")
	assert.Equal(t, 150, admins.Partner().Accounts)
}
