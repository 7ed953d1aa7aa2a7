package conformance

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// directoryReader is what every reader of a tenant is too.
type directoryReader interface {
	policy.DirectoryReader
	policy.EligibilityReader
	Users(ctx context.Context) iter.Seq2[mfa.User, error]
}

func streams(t *testing.T, reader mfa.Reader) directoryReader {
	t.Helper()
	streaming, can := reader.(directoryReader)
	require.True(t, can, "the reader has no streams")
	return streaming
}

// drain reads a stream to its end.
func drain[T any](stream iter.Seq2[T, error]) (all []T, err error) {
	for item, err := range stream {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}

func testAccounts(t *testing.T, newReader Maker) {
	f := build(t)
	reader := streams(t, newReader(t, f.tenant))
	kinds := map[string][]string{f.service: nil, f.disabled: nil, f.guest: {policy.B2BCollaborationGuest}}
	for range 2 { // a stream begins anew
		accounts, err := drain(reader.Accounts(t.Context()))
		require.NoError(t, err)
		require.Len(t, accounts, len(kinds), "and nobody who was deleted")
		for _, account := range accounts {
			of, known := account.Kinds.Get()
			assert.True(t, known)
			assert.Equal(t, kinds[account.ID], of, account.ID)
			assert.False(t, account.Groups.Known(), account.ID)
			assert.False(t, account.Roles.Known(), account.ID)
		}
	}
	users, err := drain(reader.Users(t.Context()))
	require.NoError(t, err)
	require.Len(t, users, len(kinds))
	for _, user := range users {
		assert.Equal(t, user.ID != f.disabled, value(user.AccountEnabled), user.DisplayName)
		assert.NotEmpty(t, user.UserPrincipalName)
	}
	for range reader.Users(t.Context()) {
		break // who has seen enough goes
	}
}

func testTransitiveMembers(t *testing.T, newReader Maker) {
	f := build(t)
	reader := streams(t, newReader(t, f.tenant))
	for group, want := range map[string][]string{
		f.inner: {f.service}, f.outer: {f.service, f.guest}, f.circleB: {f.service}, f.roleOuter: {f.service},
	} {
		members, err := drain(reader.TransitiveMembers(t.Context(), group))
		require.NoError(t, err)
		assert.ElementsMatch(t, want, members, "users, nested ones too, and no groups")
	}
	empty := f.tenant.AddGroup(policy.Group{DisplayName: "Empty"})
	members, err := drain(reader.TransitiveMembers(t.Context(), empty))
	require.NoError(t, err)
	assert.Empty(t, members)
	require.NoError(t, f.tenant.Delete(empty))
	_, err = drain(reader.TransitiveMembers(t.Context(), empty))
	assert.Equal(t, http.StatusNotFound, graphErrorOf(t, err, entramfa.ErrNotFound, "a group that is gone").Status)
}

func testAllRoleAssignments(t *testing.T, newReader Maker) {
	f := build(t)
	reader := streams(t, newReader(t, f.tenant))
	_, err := f.tenant.AssignRole(policy.RoleAssignment{
		PrincipalID: application, RoleDefinitionID: globalReader,
		Principal: &policy.Principal{Type: "#microsoft.graph.servicePrincipal", ID: application, DisplayName: "Backup"},
	})
	require.NoError(t, err)
	all, err := drain(reader.AllRoleAssignments(t.Context()))
	require.NoError(t, err)
	assert.ElementsMatch(t, []role{
		{globalReader, f.service, true}, {exchangeAdmin, f.service, false}, {policy.GlobalAdministrator, f.roleOuter, true},
		{policy.GlobalAdministrator, f.disabled, true}, {globalReader, application, true},
	}, rolesOf(all), "eligible is not active")
	types := map[string]string{f.service: "user", f.disabled: "user", f.roleOuter: "group", application: "servicePrincipal"}
	for _, a := range all {
		require.NotNil(t, a.Principal, a.PrincipalID)
		assert.Equal(t, "#microsoft.graph."+types[a.PrincipalID], a.Principal.Type)
	}
}

func testGroupEligibilities(t *testing.T, newReader Maker) {
	f := build(t)
	reader := streams(t, newReader(t, f.tenant))
	types := map[string]string{f.disabled: "user", f.outer: "group"}
	for principal := range types {
		_, err := f.tenant.MakeEligibleMember(f.roleOuter, principal)
		require.NoError(t, err)
	}
	_, err := f.tenant.MakeEligibleMember(f.outer, f.guest)
	require.NoError(t, err)
	all, err := reader.GroupEligibilities(t.Context(), f.roleOuter)
	require.NoError(t, err)
	assert.Len(t, all, len(types), "and not those of another group")
	for _, e := range all {
		assert.Equal(t, []string{f.roleOuter, "member"}, []string{e.GroupID, e.AccessID})
		require.NotNil(t, e.Principal, e.PrincipalID)
		assert.Equal(t, "#microsoft.graph."+types[e.PrincipalID], e.Principal.Type)
	}
	_, err = f.tenant.MakeEligibleMember("99999999-9999-4999-8999-999999999999", f.guest)
	require.ErrorIs(t, err, entramfa.ErrNotFound)
}

func testAllRoleEligibilities(t *testing.T, newReader Maker) {
	f := build(t)
	reader := streams(t, newReader(t, f.tenant))
	before, err := drain(reader.AllRoleEligibilities(t.Context()))
	require.NoError(t, err)
	_, err = f.tenant.MakeEligible(policy.RoleAssignment{PrincipalID: f.roleOuter, RoleDefinitionID: globalReader})
	require.NoError(t, err)
	_, err = f.tenant.MakeEligible(policy.RoleAssignment{PrincipalID: f.disabled, RoleDefinitionID: exchangeAdmin})
	require.NoError(t, err)
	all, err := drain(reader.AllRoleEligibilities(t.Context()))
	require.NoError(t, err)
	assert.ElementsMatch(t, append(rolesOf(before), role{globalReader, f.roleOuter, true}, role{exchangeAdmin, f.disabled, true}), rolesOf(all))
	for _, e := range all {
		require.NotNil(t, e.Principal, e.PrincipalID)
		assert.Equal(t, e.PrincipalID, e.Principal.ID)
		assert.NotEmpty(t, e.Principal.Type)
	}
}

const application = "77777777-7777-4777-8777-777777777777"

// sweepFixture is a tenant in which a group with nested ones must use MFA, and Global
// Administrators are blocked; the ordinary account is touched by neither.
func sweepFixture(t *testing.T) (f *fixture, ordinary string) {
	f = build(t)
	for _, id := range []string{f.plain, f.future, f.betaOnly} {
		require.NoError(t, f.tenant.RemovePolicy(id))
	}
	f.enforce(t, "Outer", "mfa", policy.Users{IncludeGroups: []string{f.outer}})
	f.enforce(t, "Administrators", "block", policy.Users{IncludeRoles: []string{policy.GlobalAdministrator}})
	return f, f.tenant.AddUser(mfa.User{UserPrincipalName: "ann@contoso.com", DisplayName: "Ann"})
}

func (f *fixture) enforce(t *testing.T, name, control string, users policy.Users) {
	f.policy(t, policy.Policy{
		DisplayName: name, State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"}, Users: &users, Applications: &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{control}},
	})
}

// sweep reads the policies and the directory, and says the verdict of each account.
func sweep(t *testing.T, policies policy.Reader, reader policy.DirectoryReader) (map[string]entramfa.Verdict, []error) {
	t.Helper()
	list, err := policies.Policies(t.Context())
	require.NoError(t, err)
	prepared := policy.Prepare(policy.Tenant{Policies: entramfa.Known(list)})
	directory, err := policy.ReadDirectory(t.Context(), reader, prepared)
	require.NoError(t, err)
	swept := prepared.Sweep(directory, policy.PasswordSignIn())
	verdicts := map[string]entramfa.Verdict{}
	for _, v := range []entramfa.Verdict{{}, clear, demanded, blocked} {
		for id := range swept.Accounts(v) {
			verdicts[id] = v
		}
	}
	return verdicts, directory.Unread()
}

var (
	clear    = entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}
	demanded = entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always}
	blocked  = entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}
)

func testDirectory(t *testing.T, newReader Maker) {
	f, ordinary := sweepFixture(t)
	reader := newReader(t, f.tenant)
	verdicts, unread := sweep(t, reader, streams(t, reader))
	assert.Empty(t, unread)
	assert.Equal(t, map[string]entramfa.Verdict{
		f.service: blocked, f.disabled: blocked, f.guest: demanded, ordinary: clear,
	}, verdicts, "the service account holds the role through a nested group")

	gone := f.tenant.AddGroup(policy.Group{DisplayName: "Gone"})
	f.enforce(t, "Gone", "block", policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{gone}})
	require.NoError(t, f.tenant.Delete(gone))
	verdicts, unread = sweep(t, reader, streams(t, reader))
	require.Len(t, unread, 1)
	require.ErrorContains(t, unread[0], gone)
	graphErrorOf(t, unread[0], entramfa.ErrNotFound, "a group that is gone")
	assert.Equal(t, map[string]entramfa.Verdict{
		f.service: blocked, f.disabled: blocked, f.guest: demanded, ordinary: {},
	}, verdicts, "who was in it is not known, and matters where nothing else decides")
}

// testRefusedParts: what one permission hides leaves the rest as it is.
func testRefusedParts(t *testing.T, newReader Maker) {
	for path, want := range map[string]string{"/groups/": "GroupMember.Read.All", "/roleManagement/": "RoleManagement.Read.Directory"} {
		f, ordinary := sweepFixture(t)
		reader := newReader(t, f.tenant)
		f.tenant.Fail(graphfake.Failure{Path: path, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
		verdicts, unread := sweep(t, reader, streams(t, reader))
		require.NotEmpty(t, unread)
		graph := graphErrorOf(t, errors.Join(unread...), entramfa.ErrPermission, path)
		assert.Contains(t, graph.Permissions, want)
		assert.Equal(t, entramfa.Verdict{}, verdicts[ordinary])
		assert.Len(t, verdicts, 4)
	}
}

// interrupted is a reader whose streams break off: the first item comes, then the
// service fails.
type interrupted struct {
	directoryReader
	fail             func()
	accounts, groups bool
}

func (r interrupted) Accounts(ctx context.Context) iter.Seq2[policy.Subject, error] {
	if !r.accounts {
		return r.directoryReader.Accounts(ctx)
	}
	return afterFirst(r.directoryReader.Accounts(ctx), r.fail)
}

func (r interrupted) TransitiveMembers(ctx context.Context, groupID string) iter.Seq2[string, error] {
	if !r.groups {
		return r.directoryReader.TransitiveMembers(ctx, groupID)
	}
	return afterFirst(r.directoryReader.TransitiveMembers(ctx, groupID), r.fail)
}

func afterFirst[T any](stream iter.Seq2[T, error], do func()) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item, err := range stream {
			if !yield(item, err) {
				return
			}
			do()
		}
	}
}

// testInterrupted: a stream that breaks off leaves nothing half.
func testInterrupted(t *testing.T, newReader Maker) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusForbidden} {
		f, _ := sweepFixture(t)
		f.tenant.PageSize = 1
		reader := newReader(t, f.tenant)
		failing := func(path string) func() {
			return func() {
				f.tenant.Fail(graphfake.Failure{Path: path, Err: &entramfa.GraphError{Status: status}})
			}
		}
		list, err := reader.Policies(t.Context())
		require.NoError(t, err)
		prepared := policy.Prepare(policy.Tenant{Policies: entramfa.Known(list)})
		half := interrupted{directoryReader: streams(t, reader), fail: failing("/users"), accounts: true}
		directory, err := policy.ReadDirectory(t.Context(), half, prepared)
		assert.Equal(t, status, graphErrorOf(t, err, nil, "half the accounts").Status)
		assert.Nil(t, directory)

		f, ordinary := sweepFixture(t)
		f.tenant.PageSize = 1
		reader = newReader(t, f.tenant)
		half = interrupted{directoryReader: streams(t, reader), fail: failing("/groups/" + f.outer), groups: true}
		verdicts, unread := sweep(t, reader, half)
		require.Len(t, unread, 1)
		assert.Equal(t, status, graphErrorOf(t, unread[0], nil, "half the members").Status)
		assert.Equal(t, map[string]entramfa.Verdict{f.service: blocked, f.disabled: blocked, f.guest: {}, ordinary: {}}, verdicts,
			"whom the first page named is not known either")
	}
}
