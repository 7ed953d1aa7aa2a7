package graphfake

import "net/http"

const (
	created = http.StatusCreated
	done    = http.StatusNoContent
)

// andRead is wanted of who changes Conditional Access or security defaults.
var andRead = [][]string{readPolicies}

// writeRoutes are the calls that change the tenant, and those that read what was deleted.
var writeRoutes = []route{
	{method: "POST", path: "/identity/conditionalAccess/policies", aliases: []string{"/policies/conditionalAccessPolicies", "/conditionalAccess/policies"},
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: created, serve: postPolicy},
	{method: "PATCH", path: "/identity/conditionalAccess/policies/{}", aliases: []string{"/policies/conditionalAccessPolicies/{}", "/conditionalAccess/policies/{}"},
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: done, serve: patchPolicy},
	{method: "DELETE", path: "/identity/conditionalAccess/policies/{}", aliases: []string{"/policies/conditionalAccessPolicies/{}", "/conditionalAccess/policies/{}"},
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: done, serve: deletePolicy},

	{method: "GET", path: "/identity/conditionalAccess/deletedItems/policies", service: conditionalAccess, permissions: readPolicies, serve: listDeleted},
	{method: "GET", path: "/identity/conditionalAccess/deletedItems/policies/{}", service: conditionalAccess, permissions: readPolicies, serve: getDeleted},
	{method: "POST", path: "/identity/conditionalAccess/deletedItems/policies/{}/restore",
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: http.StatusOK, serve: restoreDeleted},
	{method: "DELETE", path: "/identity/conditionalAccess/deletedItems/policies/{}",
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: done, serve: purgeDeleted},

	{method: "POST", path: "/identity/conditionalAccess/namedLocations", aliases: []string{"/conditionalAccess/namedLocations"},
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: created, serve: postLocation},
	{method: "PATCH", path: "/identity/conditionalAccess/namedLocations/{}", aliases: []string{"/conditionalAccess/namedLocations/{}"},
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: done, serve: patchLocation},
	{method: "DELETE", path: "/identity/conditionalAccess/namedLocations/{}", aliases: []string{"/conditionalAccess/namedLocations/{}"},
		service: conditionalAccess, permissions: writePolicies, also: andRead, success: done, serve: deleteLocation},

	{method: "PATCH", path: defaultsPath,
		service: conditionalAccess, permissions: writeDefaults, also: andRead, success: done, serve: patchDefaults},
	{method: "PATCH", path: "/users/{}/authentication/requirements", beta: true,
		service: authenticationMethods, permissions: writeRequirements, success: done, serve: patchRequirements},

	{method: "POST", path: "/groups/{}/members/$ref", permissions: writeMembers, success: done, serve: postMember},
	{method: "DELETE", path: "/groups/{}/members/{}/$ref", permissions: writeMembers, success: done, serve: deleteMember},
}

// What stands behind each route. The HTTP face only decodes: the rules are the tenant's.

func postPolicy(d *directory, t *Tenant, c *call) (answer, error) {
	if refusal := c.mayWriteApplications(); refusal != nil {
		return answer{}, refusal
	}
	p, err := t.createPolicy(d, c.version, c.body)
	return onePolicy(c, p, err)
}

func patchPolicy(d *directory, t *Tenant, c *call) (answer, error) {
	if refusal := c.mayWriteApplications(); refusal != nil {
		return answer{}, refusal
	}
	return answer{}, t.patchPolicy(d, c.version, c.vars[0], c.body)
}

// mayWriteApplications refuses who writes the application condition without the
// right to read applications.
// Source: https://github.com/almenscorner/IntuneCD/issues/142.
func (c *call) mayWriteApplications() error {
	body, err := parseObject(c.body)
	if err != nil || !holds(body, "conditions", "applications") || granted(c.roles, readApplications) {
		return nil
	}
	return graphError(http.StatusForbidden, "AccessDenied",
		"Insufficient privileges to create or update policy. Application.Read.All scope is required to add/edit application condition.")
}

func deletePolicy(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.deletePolicy(d, c.version, c.vars[0])
}

func postLocation(d *directory, t *Tenant, c *call) (answer, error) {
	return oneLocation(t.createLocation(d, c.body))
}

func patchLocation(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.patchLocation(d, c.vars[0], c.body)
}

func deleteLocation(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.deleteLocation(d, c.vars[0])
}

func patchDefaults(d *directory, t *Tenant, c *call) (answer, error) {
	on, refusal := readSwitch(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	return answer{}, t.switchDefaults(d, on)
}

func patchRequirements(d *directory, t *Tenant, c *call) (answer, error) {
	state, refusal := readPerUserState(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	return answer{}, t.changeRequirements(d, c.vars[0], state)
}

func postMember(d *directory, t *Tenant, c *call) (answer, error) {
	id, refusal := readReference(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	if refusal := d.mayFill(c, c.vars[0]); refusal != nil {
		return answer{}, refusal
	}
	return answer{}, t.joinGroup(d, c.vars[0], id)
}

func deleteMember(d *directory, t *Tenant, c *call) (answer, error) {
	if refusal := d.mayFill(c, c.vars[0]); refusal != nil {
		return answer{}, refusal
	}
	return answer{}, t.leaveGroup(d, c.vars[0], c.vars[1])
}

// mayFill refuses to change a group that can hold roles to who may not give roles.
// Source: https://learn.microsoft.com/graph/api/group-post-members.
func (d *directory) mayFill(c *call, groupID string) error {
	group, known := d.groups.get(groupID)
	if !known || group.IsAssignableToRole == nil || !*group.IsAssignableToRole || granted(c.roles, writeRoleGroups) {
		return nil
	}
	return graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}
