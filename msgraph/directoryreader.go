package msgraph

import (
	"context"
	"iter"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// groupAccountsPath lists the users in a group; the cast leaves out devices,
// groups and service principals.
const groupAccountsPath = "/groups/{id}/transitiveMembers/microsoft.graph.user"

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
// for a group whose membership is hidden.
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers.
func (c *Client) TransitiveMembers(ctx context.Context, groupID string) iter.Seq2[string, error] {
	r := get(v1, groupAccountsPath, groupID).advanced().with("$select", "id").with("$top", "999")
	return func(yield func(string, error) bool) {
		for member, err := range stream[groupAccount](c.alone(ctx), c, r, maxAccounts) {
			if !yield(member.ID, err) {
				return
			}
		}
	}
}

// AllRoleAssignments streams the active role assignments of the tenant, standing
// and activated ones, with Principal filled. It needs RoleManagement.Read.Directory.
// RoleDefinition is nil: whether Graph expands both in one request is nowhere said,
// and the id of a built-in role is its template id.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments.
func (c *Client) AllRoleAssignments(ctx context.Context) iter.Seq2[policy.RoleAssignment, error] {
	return stream[policy.RoleAssignment](c.alone(ctx), c, get(v1, roleAssignmentsPath).with("$expand", "principal"), maxItems)
}
