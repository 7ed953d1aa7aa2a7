package msgraph

import (
	"context"
	"encoding/json"
	"iter"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	groupPath = "/groups/{id}"
	// The cast leaves out devices, groups and service principals.
	groupAccountsPath = "/groups/{id}/transitiveMembers/microsoft.graph.user"
)

// subjectMembers is what tells the kind of an account.
const subjectMembers = "id,userPrincipalName,userType,creationType,externalUserState"

// Users streams every account of the tenant, 999 in a request. It needs User.Read.All.
// Source: https://learn.microsoft.com/graph/api/user-list.
func (c *Client) Users(ctx context.Context) iter.Seq2[mfa.User, error] {
	return c.users(ctx, userMembers)
}

func (c *Client) users(ctx context.Context, members string) iter.Seq2[mfa.User, error] {
	return stream[mfa.User](c.alone(ctx), c, get(v1, usersPath).with("$select", members).with("$top", "999"), maxAccounts)
}

// Accounts streams what Users does, as Conditional Access sees the accounts and
// with less on the way. HomeTenantID stays empty: a user doesn't say it. It needs
// User.Read.All.
func (c *Client) Accounts(ctx context.Context) iter.Seq2[policy.Subject, error] {
	return func(yield func(policy.Subject, error) bool) {
		for user, err := range c.users(ctx, subjectMembers) {
			if !yield(user.Subject(), err) {
				return
			}
		}
	}
}

// groupAccount is a member of a group; more of it isn't asked for.
type groupAccount struct {
	ID string `json:"id"`
}

// TransitiveMembers streams the object ids of the users in a group, direct and
// nested, 999 in a request. It needs GroupMember.Read.All, and Member.Read.Hidden
// for a group whose membership is hidden: such a group without members is an
// error, for it looks the same where that permission is missing.
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers.
func (c *Client) TransitiveMembers(ctx context.Context, groupID string) iter.Seq2[string, error] {
	r := get(v1, groupAccountsPath, groupID).advanced().with("$select", "id").with("$top", "999")
	return func(yield func(string, error) bool) {
		empty := true
		for member, err := range stream[groupAccount](c.alone(ctx), c, r, maxAccounts) {
			empty = false
			if !yield(member.ID, err) {
				return
			}
		}
		if err := c.hidden(ctx, r, groupID, empty); err != nil {
			yield("", err)
		}
	}
}

// hidden says whether an empty list of members may be one that isn't shown.
func (c *Client) hidden(ctx context.Context, r request, groupID string, empty bool) error {
	if !empty {
		return nil
	}
	group, err := one[struct {
		ID         string
		Visibility json.RawMessage // null for a security group
	}](c.alone(ctx), c, get(v1, groupPath, groupID).with("$select", "id,visibility"))
	if err != nil {
		return err
	}
	said := strings.EqualFold(group.ID, groupID) && len(group.Visibility) > 0
	if said && !strings.EqualFold(string(group.Visibility), `"HiddenMembership"`) {
		return nil
	}
	graph := graphError(r, entramfa.ErrPermission)
	graph.Permissions = []string{"Member.Read.Hidden"}
	return &failure{graph: graph, reason: "the group hides its members and shows none; grant Member.Read.Hidden, or, where it is granted, take the group for empty"}
}

// AllRoleAssignments streams the active role assignments of the tenant, standing
// and activated ones, with Principal filled. It needs RoleManagement.Read.Directory.
// RoleDefinition is nil: whether Graph expands both in one request is nowhere said,
// and the id of a built-in role is its template id.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments.
func (c *Client) AllRoleAssignments(ctx context.Context) iter.Seq2[policy.RoleAssignment, error] {
	return stream[policy.RoleAssignment](c.alone(ctx), c, get(v1, roleAssignmentsPath).with("$expand", "principal"), maxItems)
}

// AllRoleEligibilities streams the roles that users and groups of the tenant may
// activate, with Principal filled. It needs RoleEligibilitySchedule.Read.Directory or
// RoleManagement.Read.Directory, and a tenant with Privileged Identity Management.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances.
func (c *Client) AllRoleEligibilities(ctx context.Context) iter.Seq2[policy.RoleAssignment, error] {
	return stream[policy.RoleAssignment](c.alone(ctx), c, get(v1, roleEligibilitiesPath).with("$expand", "principal"), maxItems)
}

// GroupEligibilities returns who may join a group, or become its owner, through
// Privileged Identity Management, with Principal filled. It needs
// PrivilegedEligibilitySchedule.Read.AzureADGroup.
// Source: https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances.
func (c *Client) GroupEligibilities(ctx context.Context, groupID string) ([]policy.GroupEligibility, error) {
	return list[policy.GroupEligibility](ctx, c, get(v1, groupEligibilityPath).
		with("$filter", "groupId eq "+quoted(groupID)).with("$expand", "principal"))
}
