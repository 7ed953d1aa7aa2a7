package msgraph

import (
	"context"
	"slices"
	"sync"

	"github.com/entramfa/entramfa/policy"
)

const (
	roleAssignmentsPath   = "/roleManagement/directory/roleAssignments"
	transitiveRolesPath   = "/roleManagement/directory/transitiveRoleAssignments"
	roleEligibilitiesPath = "/roleManagement/directory/roleEligibilityScheduleInstances"
	groupEligibilityPath  = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
)

// RoleAssignments returns the active roles of a user, those held through
// groups too. It reads beta, which alone knows both; where beta is refused it
// asks v1.0 for the user and for each group that can hold a role. It needs
// RoleManagement.Read.Directory, and for the second way User.Read.All.
// RoleDefinition is nil: no public document promises it for this list.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-list-transitiveroleassignments.
func (c *Client) RoleAssignments(ctx context.Context, userID string) ([]policy.RoleAssignment, error) {
	roles, err := list[policy.RoleAssignment](ctx, c, get(beta, transitiveRolesPath).
		advanced().with("$filter", "principalId eq "+quoted(userID)))
	if err == nil || !betaRefused(err) {
		return roles, err
	}
	return c.roleAssignmentsByGroup(c.alone(ctx), userID)
}

// roleAssignmentsByGroup reads from v1.0 what transitiveRoleAssignments says.
func (c *Client) roleAssignmentsByGroup(ctx context.Context, userID string) ([]policy.RoleAssignment, error) {
	groups, err := c.TransitiveMemberOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	holders := []string{userID}
	for _, g := range groups {
		// A group that the caller may not read doesn't say whether it can hold a role.
		if g.IsAssignableToRole == nil || *g.IsAssignableToRole {
			holders = append(holders, g.ID)
		}
	}
	found := make([][]policy.RoleAssignment, len(holders))
	errs := make([]error, len(holders))
	ctx = c.Together(ctx, len(holders))
	var all sync.WaitGroup
	for i, holder := range holders {
		all.Go(func() {
			found[i], errs[i] = list[policy.RoleAssignment](ctx, c, get(v1, roleAssignmentsPath).
				with("$filter", "principalId eq "+quoted(holder)))
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(found...), nil
}

// RoleEligibilities returns the roles that a principal, a user or a group, may
// activate. It needs RoleManagement.Read.Directory or
// RoleEligibilitySchedule.Read.Directory, and a tenant with Privileged Identity
// Management.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances.
func (c *Client) RoleEligibilities(ctx context.Context, principalID string) ([]policy.RoleAssignment, error) {
	return list[policy.RoleAssignment](ctx, c, get(v1, roleEligibilitiesPath).
		with("$filter", "principalId eq "+quoted(principalID)))
}

// RoleHolders returns who holds a role actively, with Principal filled. It
// needs RoleManagement.Read.Directory.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments.
func (c *Client) RoleHolders(ctx context.Context, roleTemplateID string) ([]policy.RoleAssignment, error) {
	return list[policy.RoleAssignment](ctx, c, get(v1, roleAssignmentsPath).
		with("$filter", "roleDefinitionId eq "+quoted(roleTemplateID)).with("$expand", "principal"))
}
