package msgraph

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// The cast leaves out directory roles and administrative units.
const (
	memberOfPath   = "/users/{id}/memberOf/microsoft.graph.group"
	transitivePath = "/users/{id}/transitiveMemberOf/microsoft.graph.group"
	membersPath    = "/groups/{id}/members/microsoft.graph.group"
	aroundPath     = "/groups/{id}/transitiveMemberOf/microsoft.graph.group"
)

// groupMembers is what policy.Group has fields for.
const groupMembers = "id,displayName,isAssignableToRole,securityEnabled,mailEnabled,groupTypes,onPremisesSyncEnabled"

// MemberOf returns the groups that name the user as a direct member. A group
// that the caller may not read has an id and nothing else.
// Source: https://learn.microsoft.com/graph/api/user-list-memberof.
func (c *Client) MemberOf(ctx context.Context, user string) ([]policy.Group, error) {
	return c.groups(ctx, memberOfPath, user)
}

// TransitiveMemberOf returns all groups of the user, direct and nested, of
// every kind. A group that the caller may not read has an id and nothing else.
// Source: https://learn.microsoft.com/graph/api/user-list-transitivememberof.
func (c *Client) TransitiveMemberOf(ctx context.Context, user string) ([]policy.Group, error) {
	return c.groups(ctx, transitivePath, user)
}

// MemberGroups returns the groups that are direct members of a group.
// Source: https://learn.microsoft.com/graph/api/group-list-members.
func (c *Client) MemberGroups(ctx context.Context, groupID string) ([]policy.Group, error) {
	return c.groups(ctx, membersPath, groupID)
}

// Group returns one group. It needs GroupMember.Read.All.
// Source: https://learn.microsoft.com/graph/api/group-get.
func (c *Client) Group(ctx context.Context, id string) (policy.Group, error) {
	r := get(v1, groupPath, id).with("$select", groupMembers)
	found, err := one[policy.Group](ctx, c, r)
	if err == nil && !strings.EqualFold(found.ID, id) {
		err = unreadable(r, answer{status: http.StatusOK}, errors.New("the answer is another group, "+found.ID))
	}
	return found, err
}

// GroupsOfGroup returns all groups that a group is in. It needs GroupMember.Read.All.
// Source: https://learn.microsoft.com/graph/api/group-list-transitivememberof.
func (c *Client) GroupsOfGroup(ctx context.Context, id string) ([]policy.Group, error) {
	return c.groups(ctx, aroundPath, id)
}

func (c *Client) groups(ctx context.Context, template, key string) ([]policy.Group, error) {
	return list[policy.Group](ctx, c, get(v1, template, key).
		advanced().with("$select", groupMembers).with("$top", "999"))
}
