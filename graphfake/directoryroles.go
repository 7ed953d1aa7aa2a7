package graphfake

import (
	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/policy"
)

// directoryRoleRoutes are the calls about directory roles: the older face of role assignments,
// of built-in roles in the whole tenant.
// Source: https://learn.microsoft.com/graph/api/resources/directoryrole.
var directoryRoleRoutes = []route{
	{method: "GET", path: "/directoryRoles", permissions: readRoles, options: []string{"select", "filter", "count"}, filterable: []string{"id", "displayName", "roleTemplateId"}, serve: listDirectoryRoles},
	{method: "POST", path: "/directoryRoles", permissions: writeRoleGroups, success: created, serve: activateRole},
	{method: "GET", path: "/directoryRoles/{}", permissions: readRoles, options: entityOptions, serve: getDirectoryRole},
	{method: "GET", path: "/directoryRoles/{}/members", permissions: readRoles, options: memberOptions, serve: listRoleMembers},
	{method: "POST", path: "/directoryRoles/{}/members/$ref", permissions: writeRoleGroups, success: done, serve: postRoleMember},
	{method: "DELETE", path: "/directoryRoles/{}/members/{}/$ref", permissions: writeRoleGroups, success: done, serve: deleteRoleMember},
	{method: "GET", path: "/directoryRoleTemplates", permissions: readRoles, options: entityOptions, serve: listRoleTemplates},
	{method: "GET", path: "/directoryRoleTemplates/{}", permissions: readRoles, options: entityOptions, serve: getRoleTemplate},
}

const (
	roleKind         = "microsoft.graph.directoryRole"
	roleTemplateKind = "microsoft.graph.directoryRoleTemplate"
)

var roleTemplateShape = same("null", "id", "deletedDateTime", "description", "displayName")

// directoryRoleRow is an activated role, by its template id.
func directoryRoleRow(template string) object {
	return object{{"id", raw(directoryRoleID(template))}, {"displayName", raw(builtinrole.Name(template))}, {"roleTemplateId", raw(template)}}
}

// isActivated says whether a built-in role is: Global Administrator always, another
// one since it was first given or activated.
func (d *directory) isActivated(template string) bool {
	if _, activated := d.activated.get(template); activated || template == globalAdmin {
		return true
	}
	for _, role := range d.assignments.each() {
		if sameText(role.RoleDefinitionID, template) {
			return true
		}
	}
	return false
}

// activatedRole finds an activated role by its id, or by roleTemplateId='...', and returns its template id.
func (d *directory) activatedRole(key string) (string, error) {
	template, byTemplate := alternateKey(key, "roleTemplateId")
	for id := range builtinrole.All() {
		if byTemplate && !sameText(id, template) || !byTemplate && !sameText(directoryRoleID(id), key) {
			continue
		}
		if d.isActivated(id) {
			return id, nil
		}
	}
	if byTemplate {
		key = template
	}
	return "", notFound(key)
}

func listDirectoryRoles(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.held.need(d.held.whole(factRoles), "who holds a role", roleFile); err != nil {
		return answer{}, err
	}
	rows := []object{}
	for id := range builtinrole.All() {
		if d.isActivated(id) {
			rows = append(rows, directoryRoleRow(id))
		}
	}
	return list("directoryRoles", roleKind, directoryRoleShape, rows, nil)
}

func getDirectoryRole(d *directory, t *Tenant, c *call) (answer, error) {
	template, err := d.activatedRole(c.vars[0])
	return entity("directoryRoles", roleKind, directoryRoleShape, directoryRoleRow(template), err)
}

var activatedPlace = place[string]{"directoryRoles", func(d *directory) *table[string] { return &d.activated }}

// activateRole puts a built-in role into use.
// Source: https://learn.microsoft.com/graph/api/directoryrole-post-directoryroles.
func activateRole(d *directory, t *Tenant, c *call) (answer, error) {
	template, err := readParameter[string](c.body, "roleTemplateId")
	switch {
	case err != nil:
		return answer{}, err
	case builtinrole.Name(template) == "":
		return answer{}, notFound(template)
	case d.isActivated(fold(template)):
		return answer{}, conflictingObject()
	}
	template = fold(template)
	activatedPlace.put(t, d, template, template)
	return entity("directoryRoles", roleKind, directoryRoleShape, directoryRoleRow(template), nil)
}

// conflictingObject refuses a second object where the directory has one.
// Source: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/6346.
func conflictingObject() error {
	return badRequest("A conflicting object with one or more of the specified property values is present in the directory.")
}

// directHolders are the assignments of a role in the whole tenant.
func (d *directory) directHolders(template string) []policy.RoleAssignment {
	return d.assignments.where(func(r policy.RoleAssignment) bool { return sameText(r.RoleDefinitionID, template) && r.TenantWide() })
}

func listRoleMembers(d *directory, t *Tenant, c *call) (answer, error) {
	template, err := d.activatedRole(c.vars[0])
	if err == nil {
		err = d.held.need(d.held.whole(factRoles), "who holds a role", roleFile)
	}
	if err != nil {
		return answer{}, err
	}
	var ids []string
	for _, role := range d.directHolders(template) {
		ids = append(ids, role.PrincipalID)
	}
	return directoryObjects(d.objectRows(ids)), nil
}

var assignmentPlace = place[policy.RoleAssignment]{"roleAssignments", func(d *directory) *table[policy.RoleAssignment] { return &d.assignments }}

// postRoleMember gives a role in the whole tenant.
// Source: https://learn.microsoft.com/graph/api/directoryrole-post-members.
func postRoleMember(d *directory, t *Tenant, c *call) (answer, error) {
	id, refusal := readReference(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	template, err := d.activatedRole(c.vars[0])
	if err == nil {
		id, err = d.memberID(id)
	}
	if err != nil {
		return answer{}, err
	}
	role := policy.RoleAssignment{PrincipalID: id, RoleDefinitionID: template, DirectoryScopeID: new("/")}
	if group, ok := d.groups.get(id); ok && (group.IsAssignableToRole == nil || !*group.IsAssignableToRole) {
		return answer{}, badRequest("The group '%s' is not assignable to a role: isAssignableToRole must be true.", id)
	}
	for _, held := range d.directHolders(template) {
		if sameText(held.PrincipalID, id) {
			return answer{}, badRequest("One or more added object references already exist for the following modified properties: 'members'.")
		}
	}
	role.ID = t.newID()
	assignmentPlace.put(t, d, role.ID, role)
	return answer{}, nil
}

// deleteRoleMember takes a role away; it stays activated.
func deleteRoleMember(d *directory, t *Tenant, c *call) (answer, error) {
	template, err := d.activatedRole(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	for _, held := range d.directHolders(template) {
		if sameText(held.PrincipalID, c.vars[1]) {
			d.activated.put(template, template)
			assignmentPlace.remove(t, d, held.ID)
			return answer{}, nil
		}
	}
	return answer{}, notFound(c.vars[1])
}

func templateRow(id, name string) object { return object{{"id", raw(id)}, {"displayName", raw(name)}} }

func listRoleTemplates(d *directory, t *Tenant, c *call) (answer, error) {
	rows := []object{}
	for id, name := range builtinrole.All() {
		rows = append(rows, templateRow(id, name))
	}
	return list("directoryRoleTemplates", roleTemplateKind, roleTemplateShape, rows, nil)
}

func getRoleTemplate(d *directory, t *Tenant, c *call) (answer, error) {
	name := builtinrole.Name(c.vars[0])
	if name == "" {
		return answer{}, notFound(c.vars[0])
	}
	return entity("directoryRoleTemplates", roleTemplateKind, roleTemplateShape, templateRow(fold(c.vars[0]), name), nil)
}
