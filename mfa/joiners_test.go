package mfa_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

func (s staff) mayJoin(group, principal string) {
	_, err := s.MakeEligibleMember(group, principal)
	require.NoError(s.t, err)
}

// Whoever may join a group that holds a role is an administrator in waiting.
func TestWhoMayJoinAGroupWithARole(t *testing.T) {
	s := newStaff(t)
	active, later := s.group("Chiefs"), s.group("On call")
	s.assign(active, policy.GlobalAdministrator)
	s.eligible(later, exchangeAdministrator)
	s.mayJoin(active, s.add("joins"))
	s.mayJoin(later, s.add("joins later"))
	squad := s.AddGroup(policy.Group{DisplayName: "Squad"})
	require.NoError(t, s.AddMember(squad, s.add("joins by group")))
	s.mayJoin(active, squad)
	s.add("ordinary")
	addPolicy(t, s.Tenant, "MFA", forAll, "mfa")
	for _, opts := range []*mfa.AdminsOptions{nil, {AllUsers: true}} {
		admins, found := readAdmins(t, s, opts)
		assert.Equal(t, 3, admins.Len())
		assert.True(t, admins.Complete(), admins.Missing())
		for name, want := range map[string]string{
			"joins":          "Global Administrator, eligible by [Chiefs]",
			"joins later":    "Exchange Administrator, eligible by [On call]",
			"joins by group": "Global Administrator, eligible by [Chiefs]",
		} {
			assert.Equal(t, []string{want}, roles(found[name]), name)
			assert.Equal(t, "true", is(found[name].MFA), name)
			assert.NotNil(t, found[name].Activated, name)
		}
	}
	admins, _ := readAdmins(t, s, &mfa.AdminsOptions{Roles: []string{exchangeAdministrator}})
	assert.Equal(t, 1, admins.Len())
}

// A role that a group brings takes MFA away like any other, and so does the group itself.
func TestJoiningAGroupThatTakesMFAAway(t *testing.T) {
	t.Run("its role is excluded", func(t *testing.T) {
		s := newStaff(t)
		readers := s.group("Readers")
		s.assign(readers, globalReader)
		s.mayJoin(readers, s.add("joins"))
		addPolicy(t, s.Tenant, "MFA", strings.Replace(forAll, `"excludeRoles":[]`, `"excludeRoles":["`+globalReader+`"]`, 1), "mfa")
		_, found := readAdmins(t, s, nil)
		assert.Equal(t, entramfa.MFA, found["joins"].Now.Outcome)
		assert.Equal(t, "unknown", is(found["joins"].Demanded), "whether a role of a group counts is documented nowhere")
		assert.Equal(t, entramfa.Unknown, found["joins"].Activated.Outcome)
	})
	t.Run("it is excluded itself", func(t *testing.T) {
		s := newStaff(t)
		chiefs := s.group("Chiefs")
		s.assign(chiefs, policy.GlobalAdministrator)
		s.mayJoin(chiefs, s.add("joins"))
		s.assign(s.add("direct"), policy.GlobalAdministrator)
		addPolicy(t, s.Tenant, "MFA", strings.Replace(forAll, `"excludeGroups":[]`, `"excludeGroups":["`+chiefs+`"]`, 1), "mfa")
		_, found := readAdmins(t, s, nil)
		assert.Equal(t, "unknown", is(found["joins"].Demanded))
		assert.ErrorContains(t, found["joins"].MFA.Err(), "may join the group")
		assert.Equal(t, "true", is(found["direct"].Demanded))
	})
}

func TestWhoMayJoinThatCanNotBeRead(t *testing.T) {
	build := func(exclude string) staff {
		s := newStaff(t)
		chiefs := s.group("Chiefs", s.add("by group"))
		s.assign(chiefs, policy.GlobalAdministrator)
		s.mayJoin(chiefs, s.add("joins"))
		addPolicy(t, s.Tenant, "MFA", strings.Replace(forAll, `"excludeRoles":[]`, `"excludeRoles":[`+exclude+`]`, 1), "mfa")
		return s
	}
	refused := graphfake.Failure{Path: "/identityGovernance", Err: &entramfa.GraphError{Status: http.StatusForbidden}}
	s := build("")
	s.Fail(refused)
	admins, found := readAdmins(t, s, nil)
	assert.False(t, admins.Complete())
	require.Len(t, admins.Missing(), 1)
	assert.Contains(t, admins.Missing()[0], `who may join the group "Chiefs", which holds a role`)
	assert.Equal(t, "true", is(found["by group"].MFA), "no policy excludes what it could join")
	s = build(`"` + policy.GlobalAdministrator + `"`)
	direct := s.add("direct")
	s.assign(direct, globalReader)
	s.Fail(refused)
	_, found = readAdmins(t, s, nil)
	assert.Equal(t, "unknown", is(found["direct"].MFA))
	s = build("")
	s.Fail(graphfake.Failure{Path: "/identityGovernance", Err: &entramfa.GraphError{Status: 400, Code: "AadPremiumLicenseRequired"}})
	admins, _ = readAdmins(t, s, nil)
	assert.True(t, admins.Complete(), "without the licence nobody can")
}
