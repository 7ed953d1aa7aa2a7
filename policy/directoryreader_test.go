package policy_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// shelf is a DirectoryReader of what it was given; a group that isn't there can't be read.
type shelf struct {
	accounts    iter.Seq2[policy.Subject, error]
	members     map[string]iter.Seq2[string, error]
	assignments iter.Seq2[policy.RoleAssignment, error]
	asked       []string
}

func (s *shelf) Accounts(context.Context) iter.Seq2[policy.Subject, error] { return s.accounts }

func (s *shelf) TransitiveMembers(_ context.Context, group string) iter.Seq2[string, error] {
	s.asked = append(s.asked, group)
	if members, there := s.members[group]; there {
		return members
	}
	return halfway(someone, error(&entramfa.GraphError{Status: 404, Kind: entramfa.ErrNotFound}))
}

func (s *shelf) AllRoleAssignments(context.Context) iter.Seq2[policy.RoleAssignment, error] {
	s.asked = append(s.asked, "roles")
	return s.assignments
}

// held is the assignment of a role to a principal of a type.
func held(principal, kind string) policy.RoleAssignment {
	r := role(principal, exchange, "/")
	r.Principal = &policy.Principal{ID: principal, Type: kind}
	return r
}

const (
	blockGroup = `"users": {"includeGroups": ["` + direct + `"]}, "grantControls": {"operator": "OR", "builtInControls": ["block"]}`
	blockRole  = `"users": {"includeRoles": ["` + exchange + `"]}, "grantControls": {"operator": "OR", "builtInControls": ["block"]}`
	principal  = "c0000000-0000-4000-8000-000000000009"
)

func ordinary(ids ...string) iter.Seq2[policy.Subject, error] {
	var accounts []policy.Subject
	for _, id := range ids {
		accounts = append(accounts, policy.Subject{ID: id, Kinds: entramfa.Known([]string{})})
	}
	return stream(accounts...)
}

func TestReadDirectory(t *testing.T) {
	prepared := policy.Prepare(tenant(parse(t, blockGroup), parse(t, blockRole)))
	reader := &shelf{
		accounts: ordinary(account, someone, accountID(3)),
		members:  map[string]iter.Seq2[string, error]{direct: stream(account), nested: stream(someone)},
		assignments: stream(held(nested, "#microsoft.graph.group"), held(nested, "#microsoft.graph.group"),
			held(principal, "#microsoft.graph.servicePrincipal")),
	}
	d, err := policy.ReadDirectory(t.Context(), reader, prepared)
	require.NoError(t, err)
	assert.Empty(t, d.Unread())
	assert.Equal(t, []string{"roles", direct, nested}, reader.asked, "each group once, and no service principal")
	assert.Equal(t, map[string]string{account: "blocked always", someone: "blocked always", accountID(3): "clear never"},
		verdictsOf(t, prepared.Sweep(d, policy.PasswordSignIn()), 3))
}

// TestWhatIsUnreadIsUnknown leaves out one part after the other.
func TestWhatIsUnreadIsUnknown(t *testing.T) {
	forbidden := &entramfa.GraphError{Status: 403, Kind: entramfa.ErrPermission}
	for name, c := range map[string]struct {
		policy      string
		assignments iter.Seq2[policy.RoleAssignment, error]
		kind        error
		text        string
	}{
		"a group that is gone":    {blockGroup, stream[policy.RoleAssignment](), entramfa.ErrNotFound, "members of group " + direct},
		"a role through one":      {blockRole, stream(held(nested, "#microsoft.graph.group")), entramfa.ErrNotFound, "members of group " + nested},
		"who may be a group":      {blockRole, stream(role(principal, exchange, "/")), entramfa.ErrNotFound, "members of group " + principal},
		"the roles of the tenant": {blockRole, halfway(role(account, userAdmin, "/"), error(forbidden)), entramfa.ErrPermission, "role assignments"},
		"roles, and nobody minds": {blockGroup, halfway(role(account, userAdmin, "/"), error(forbidden)), entramfa.ErrPermission, "role assignments"},
	} {
		t.Run(name, func(t *testing.T) {
			prepared := policy.Prepare(tenant(parse(t, c.policy)))
			reader := &shelf{accounts: ordinary(account, someone), assignments: c.assignments}
			d, err := policy.ReadDirectory(t.Context(), reader, prepared)
			require.NoError(t, err)
			unread := errors.Join(d.Unread()...)
			require.ErrorIs(t, unread, c.kind)
			require.ErrorContains(t, unread, c.text)
			assert.Equal(t, 2, prepared.Sweep(d, policy.PasswordSignIn()).Count(entramfa.Verdict{}))
		})
	}
}

// TestAGroupThatIsGoneHasNoMembers: who knows that says so.
func TestAGroupThatIsGoneHasNoMembers(t *testing.T) {
	prepared := policy.Prepare(tenant(parse(t, blockGroup)))
	d, err := policy.ReadDirectory(t.Context(), &shelf{accounts: ordinary(account), assignments: stream[policy.RoleAssignment]()}, prepared)
	require.NoError(t, err)
	require.Len(t, d.Unread(), 1)
	require.NoError(t, d.AddMembers(direct, stream[string]()))
	assert.Equal(t, 1, prepared.Sweep(d, policy.PasswordSignIn()).Count(entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}))
}

// TestAccountsThatBringTheirs: nothing is read a second time.
func TestAccountsThatBringTheirs(t *testing.T) {
	reader := &shelf{accounts: stream(policy.Subject{
		ID: account, Kinds: entramfa.Known([]string{}), Groups: entramfa.Known(memberOf(direct)), Roles: entramfa.Known([]policy.RoleAssignment{}),
	})}
	prepared := policy.Prepare(tenant(parse(t, blockGroup), parse(t, blockRole)))
	d, err := policy.ReadDirectory(t.Context(), reader, prepared)
	require.NoError(t, err)
	assert.Empty(t, reader.asked)
	assert.Equal(t, 1, prepared.Sweep(d, policy.PasswordSignIn()).Count(entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}))
}

func TestHalfATenantIsAnError(t *testing.T) {
	failing := errors.New("throttled")
	prepared := policy.Prepare(tenant(parse(t, blockGroup)))
	d, err := policy.ReadDirectory(t.Context(), &shelf{accounts: halfway(policy.Subject{ID: account}, failing)}, prepared)
	require.ErrorIs(t, err, failing)
	assert.Nil(t, d)

	ctx, cancel := context.WithCancel(t.Context())
	stopping := func(yield func(string, error) bool) { cancel(); yield("", ctx.Err()) }
	reader := &shelf{
		accounts: ordinary(account), assignments: stream(held(nested, "#microsoft.graph.group")),
		members: map[string]iter.Seq2[string, error]{direct: stopping},
	}
	d, err = policy.ReadDirectory(ctx, reader, prepared)
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, d)
	assert.NotContains(t, reader.asked, nested, "who gave up waits for nothing more")
}
