package graphfake

// authorizationRoutes: v1.0 has one policy, beta a list of it.
// Source: https://learn.microsoft.com/graph/api/authorizationpolicy-get.
var authorizationRoutes = []route{
	{method: "GET", path: "/policies/authorizationPolicy", beta: true, permissions: readAuthorization, options: entityOptions, serve: listAuthorization},
	{method: "GET", path: "/policies/authorizationPolicy/{}", beta: true, permissions: readAuthorization, options: entityOptions, serve: getAuthorization},
	{method: "GET", path: "/policies/authorizationPolicy", permissions: readAuthorization, options: entityOptions, serve: getAuthorization},
}

var readAuthorization = []string{"Policy.Read.All", "Policy.ReadWrite.Authorization"}

var authorizationShape = same("null", "id", "allowInvitesFrom", "allowedToSignUpEmailBasedSubscriptions", "allowedToUseSSPR",
	"allowEmailVerifiedUsersToJoinOrganization", "allowUserConsentForRiskyApps", "blockMsolPowerShell", "displayName", "description",
	"guestUserRoleId", "defaultUserRolePermissions")

const authorizationKind = "microsoft.graph.authorizationPolicy"

// authorizationRow is the policy of a new tenant; a write of it is no route of graphfake.
func (d *directory) authorizationRow() (object, error) {
	if err := d.held.need(false, "the authorization policy", "no file: Load does not read it"); err != nil {
		return nil, err
	}
	return object{
		{"id", raw("authorizationPolicy")}, {"displayName", raw("Authorization Policy")},
		{"description", raw("Used to manage authorization related settings across the company.")},
		{"allowInvitesFrom", raw("everyone")}, {"allowedToSignUpEmailBasedSubscriptions", raw(true)}, {"allowedToUseSSPR", raw(true)},
		{"allowEmailVerifiedUsersToJoinOrganization", raw(false)}, {"blockMsolPowerShell", raw(false)},
		{"guestUserRoleId", raw("10dae51f-b6af-4016-8d66-8c2a99b929b3")}, // Guest User
		{"defaultUserRolePermissions", raw(object{
			{"allowedToCreateApps", raw(true)}, {"allowedToCreateSecurityGroups", raw(true)}, {"allowedToReadOtherUsers", raw(true)},
			{"permissionGrantPoliciesAssigned", raw([]string{"ManagePermissionGrantsForSelf.microsoft-user-default-legacy"})},
		})},
	}, nil
}

func listAuthorization(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.authorizationRow()
	return list("policies/authorizationPolicy", authorizationKind, authorizationShape, []object{row}, err)
}

func getAuthorization(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.authorizationRow()
	if err == nil && len(c.vars) > 0 && !sameText(c.vars[0], "authorizationPolicy") {
		err = notFound(c.vars[0])
	}
	return entity("policies/authorizationPolicy", authorizationKind, authorizationShape, row, err)
}
