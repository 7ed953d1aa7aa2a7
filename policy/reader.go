package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Reader reads what Conditional Access is made of. Each list comes whole or as
// an error: a policy set half read gives a wrong verdict.
type Reader interface {
	// Policies returns every policy of the tenant in any state. It needs
	// Policy.Read.All; Policy.Read.ConditionalAccess alone is refused.
	Policies(ctx context.Context) (List, error)
	// NamedLocations returns every named location. It needs Policy.Read.All.
	NamedLocations(ctx context.Context) ([]NamedLocation, error)
	// AuthenticationStrengths returns the built-in and the custom strengths. It
	// needs Policy.Read.AuthenticationMethod or Policy.Read.All.
	AuthenticationStrengths(ctx context.Context) ([]AuthenticationStrength, error)
}

// List is the policies of a tenant. It is not what Graph answers: those policies
// are decoded as []Policy, and whoever makes a List of them says whether they are all.
type List struct {
	Policies []Policy
	// Hidden says why the list may lack policies; it is empty when the list is
	// whole. Graph v1.0 leaves out, without a sign, policies that use what only
	// beta knows, so a list read from v1.0 alone is never whole.
	Hidden string
	// Confirm, where it isn't nil, makes the read that Hidden waits for and returns
	// the list with what that read says. A reader that answers several reads in
	// one request puts it off like this, so that it can be made beside others.
	Confirm func(context.Context) (List, error) `json:"-"`
}

// UnmarshalJSON reads what was encoded of a List, and refuses anything else: an
// answer of Graph would be read as a tenant without policies.
func (l *List) UnmarshalJSON(text []byte) error {
	var list struct {
		Policies json.RawMessage
		Hidden   string
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return fmt.Errorf("policy: read a List, which is no answer of Graph: %w", err)
	}
	if list.Policies == nil {
		return errors.New("policy: read a List, which is no answer of Graph: it has no policies")
	}
	*l = List{Hidden: list.Hidden}
	return json.Unmarshal(list.Policies, &l.Policies)
}

// GroupReader reads the groups of an account. The user is named by object id or
// by user principal name.
type GroupReader interface {
	// MemberOf returns the groups that name the user as a direct member, which
	// explain the way to the others. It needs Directory.Read.All or
	// GroupMember.ReadBasic.All.
	MemberOf(ctx context.Context, user string) ([]Group, error)
	// TransitiveMemberOf returns all groups of the user, direct and nested, of
	// every kind: distribution groups count for Conditional Access. It needs
	// User.Read.All, and GroupMember.Read.All for the names.
	TransitiveMemberOf(ctx context.Context, user string) ([]Group, error)
	// MemberGroups returns the groups that are direct members of a group.
	MemberGroups(ctx context.Context, groupID string) ([]Group, error)
}

// ExclusionGroupReader reads a group for its own sake. It needs GroupMember.Read.All.
type ExclusionGroupReader interface {
	// Group returns one group, by object id.
	Group(ctx context.Context, id string) (Group, error)
	// GroupsOfGroup returns all groups that a group is in, direct and nested: who
	// joins it joins these.
	GroupsOfGroup(ctx context.Context, id string) ([]Group, error)
}

// RoleReader reads directory roles. It needs RoleManagement.Read.Directory.
type RoleReader interface {
	// RoleAssignments returns the active roles of a user, those held through
	// groups too; then PrincipalID is the group. RoleDefinition may be nil.
	RoleAssignments(ctx context.Context, userID string) ([]RoleAssignment, error)
	// RoleEligibilities returns the roles that a principal, a user or a group,
	// may activate.
	RoleEligibilities(ctx context.Context, principalID string) ([]RoleAssignment, error)
	// RoleHolders returns who holds a role actively, given by its template id,
	// with Principal filled. A group stands for its members.
	RoleHolders(ctx context.Context, roleTemplateID string) ([]RoleAssignment, error)
}

// ObjectReader resolves object ids.
type ObjectReader interface {
	// ObjectsByID returns those of the users, groups and others that exist;
	// what was deleted is left out without an error. It needs Directory.Read.All.
	ObjectsByID(ctx context.Context, ids []string) ([]Principal, error)
}
