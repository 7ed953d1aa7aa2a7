package graphfake

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Custom roles and role assignments as writes make them.

// definitionWrites: https://learn.microsoft.com/graph/api/resources/unifiedroledefinition.
var definitionWrites = writable{"microsoft.graph.unifiedRoleDefinition", "Request_BadRequest", []field{
	{"displayName", isText}, {"description", orNull(isText)}, {"isEnabled", isBool}, {"rolePermissions", areRolePermissions},
	{"templateId", orNull(isText)}, {"version", orNull(isText)}, {"resourceScopes", isTexts}, {"isBuiltIn", isNo},
}}

// rolePermissionWrites: https://learn.microsoft.com/graph/api/resources/unifiedrolepermission.
var rolePermissionWrites = writable{"microsoft.graph.unifiedRolePermission", "Request_BadRequest", []field{
	{"allowedResourceActions", isTexts}, {"excludedResourceActions", isTexts}, {"condition", orNull(isText)}}}

func isNo(value json.RawMessage) bool { return string(value) == "false" }

func areRolePermissions(value json.RawMessage) bool {
	var list []json.RawMessage
	if !isObjects(value) || json.Unmarshal(value, &list) != nil || len(list) == 0 {
		return false
	}
	for _, item := range list {
		if read, err := rolePermissionWrites.read(item); err != nil || absent(read.get("allowedResourceActions")) {
			return false
		}
	}
	return true
}

func definitionTable(d *directory) *table[policy.RoleDefinition] { return &d.definitions }

// postDefinition makes a custom role, which wants Entra ID P1.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-post-roledefinitions.
func postDefinition(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.mayWriteRoles(); err != nil {
		return answer{}, err
	}
	if err := d.refuseUnlicensed(); err != nil {
		return answer{}, err
	}
	sent, err := definitionWrites.read(c.body)
	if err == nil {
		err = definitionWrites.need(sent, "displayName", "isEnabled", "rolePermissions")
	}
	if err != nil {
		return answer{}, err
	}
	id := t.newID()
	if sent.text("templateId") == "" {
		sent = sent.with("templateId", raw(id))
	}
	row := sent.without("@odata.type", "id").with("id", raw(id)).with("isBuiltIn", raw(false))
	if row.get("resourceScopes") == nil {
		row = row.with("resourceScopes", raw([]string{"/"}))
	}
	definition, err := decodeObject[policy.RoleDefinition](row)
	if err != nil {
		return answer{}, definitionWrites.refuse("%v", err)
	}
	writeRow(t, writtenDefinition, definitionTable, id, definition)
	return entity(rolesPath+"roleDefinitions", definitionWrites.kind, definitionShape, definition, nil)
}

func patchDefinition(d *directory, t *Tenant, c *call) (answer, error) {
	before, err := d.customDefinition(c.vars[0])
	if err == nil {
		err = d.refuseUnlicensed()
	}
	if err != nil {
		return answer{}, err
	}
	patch, err := definitionWrites.read(c.body)
	if err == nil && patch.get("displayName") != nil {
		err = definitionWrites.need(patch, "displayName")
	}
	if err != nil {
		return answer{}, err
	}
	changed, err := decodeObject[policy.RoleDefinition](merge(objectOf(before), patch.without("@odata.type")))
	if err != nil {
		return answer{}, definitionWrites.refuse("%v", err)
	}
	writeRow(t, writtenDefinition, definitionTable, before.ID, changed)
	return answer{}, nil
}

// deleteDefinition removes a custom role that nobody holds; what the service does to
// assignments of one is not documented.
func deleteDefinition(d *directory, t *Tenant, c *call) (answer, error) {
	definition, err := d.customDefinition(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	for _, roles := range []table[policy.RoleAssignment]{d.assignments, d.eligibilities} {
		if len(roles.where(func(r policy.RoleAssignment) bool { return sameText(r.RoleDefinitionID, definition.ID) })) > 0 {
			refusal := badRequest("The role '%s' is assigned and can't be deleted.", definition.DisplayName)
			refusal.Kind = entramfa.ErrConflict
			return answer{}, refusal
		}
	}
	eraseRow(t, writtenDefinition, definitionTable, definition.ID)
	return answer{}, nil
}

// customDefinition returns a role that a write may change. The words for a built-in one are not published.
func (d *directory) customDefinition(id string) (policy.RoleDefinition, error) {
	if err := d.mayWriteRoles(); err != nil {
		return policy.RoleDefinition{}, err
	}
	definition, known := d.definition(id)
	switch {
	case !known:
		return definition, notFound(id)
	case definition.IsBuiltIn != nil && *definition.IsBuiltIn:
		return definition, badRequest("The built-in role '%s' can't be changed.", definition.DisplayName)
	}
	return definition, nil
}

// mayWriteRoles: who holds what must be known.
func (d *directory) mayWriteRoles() error {
	return d.held.need(d.held.whole(factRoles), "role assignments", roleFile)
}

// definitionRow is a role as Graph writes it. What the built-in ones permit is not
// held by the tenant.
func definitionRow(definition policy.RoleDefinition) object {
	row := objectOf(definition)
	for _, m := range []member{{"isEnabled", raw(true)}, {"resourceScopes", raw([]string{"/"})}} {
		if row.get(m.name) == nil {
			row = row.with(m.name, m.value)
		}
	}
	return row
}

// assignmentWrites: https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments.
var assignmentWrites = writable{"microsoft.graph.unifiedRoleAssignment", "Request_BadRequest", []field{
	{"principalId", isText}, {"roleDefinitionId", isText}, {"directoryScopeId", orNull(isText)}, {"appScopeId", orNull(isText)}, {"condition", orNull(isText)},
}}

func postAssignment(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.mayWriteRoles(); err != nil {
		return answer{}, err
	}
	sent, err := assignmentWrites.read(c.body)
	if err == nil {
		err = assignmentWrites.need(sent, "principalId", "roleDefinitionId")
	}
	if err != nil {
		return answer{}, err
	}
	role, err := d.assignable(sent)
	if err != nil {
		return answer{}, err
	}
	if _, given := d.sameRole(assignmentTable(d), role); given {
		return answer{}, roleConflict()
	}
	role.ID = t.newID()
	writeRow(t, writtenAssignment, assignmentTable, role.ID, role)
	return entity(rolesPath+"roleAssignments", assignmentWrites.kind, roleAssignmentShape, role, nil)
}

// roleConflict is the answer to an assignment that is there already.
// Source: https://github.com/dod-ccpo/atat/pull/1554.
func roleConflict() *entramfa.GraphError {
	refusal := badRequest("A conflicting object with one or more of the specified property values is present in the directory.")
	refusal.Kind = entramfa.ErrConflict
	return refusal
}

// assignable makes a role assignment of what was sent: its principal may hold roles,
// its role is enabled, and it has a scope.
func (d *directory) assignable(sent object) (policy.RoleAssignment, error) {
	role := policy.RoleAssignment{PrincipalID: sent.text("principalId"), RoleDefinitionID: sent.text("roleDefinitionId")}
	for name, scope := range map[string]**string{"directoryScopeId": &role.DirectoryScopeID, "appScopeId": &role.AppScopeID} {
		if text := sent.text(name); text != "" {
			*scope = &text
		}
	}
	if role.DirectoryScopeID == nil && role.AppScopeID == nil {
		return role, assignmentWrites.refuse("A value is required for property 'directoryScopeId' or 'appScopeId' of resource 'RoleAssignment'.")
	}
	if scope := role.DirectoryScopeID; scope != nil && !strings.HasPrefix(*scope, "/") {
		return role, assignmentWrites.refuse("Invalid value specified for property 'directoryScopeId' of resource 'RoleAssignment'.")
	}
	if err := d.checkHolder(&role); err != nil {
		return role, err
	}
	if err := d.checkDefinition(&role); err != nil {
		return role, err
	}
	definition, _ := d.definition(role.RoleDefinitionID)
	if row := objectOf(definition); row.given("isEnabled") && !row.boolOf("isEnabled") {
		return role, assignmentWrites.refuse("The role '%s' is not enabled.", definition.DisplayName)
	}
	return role, nil
}

// sameRole finds an assignment of the same role to the same principal in the same scope.
func (d *directory) sameRole(roles *table[policy.RoleAssignment], role policy.RoleAssignment) (policy.RoleAssignment, bool) {
	scope := func(text *string) string {
		if text == nil {
			return ""
		}
		return fold(*text)
	}
	found := roles.where(func(r policy.RoleAssignment) bool {
		return sameText(r.PrincipalID, role.PrincipalID) && sameText(r.RoleDefinitionID, role.RoleDefinitionID) &&
			scope(r.DirectoryScopeID) == scope(role.DirectoryScopeID) && scope(r.AppScopeID) == scope(role.AppScopeID)
	})
	if len(found) == 0 {
		return policy.RoleAssignment{}, false
	}
	return found[0], true
}

func deleteAssignment(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.mayWriteRoles(); err != nil {
		return answer{}, err
	}
	role, known := d.assignments.get(c.vars[0])
	if !known {
		return answer{}, notFound(c.vars[0])
	}
	eraseRow(t, writtenAssignment, assignmentTable, role.ID)
	d.roleTimes.remove(role.ID)
	return answer{}, nil
}

// premiumRoles refuses Privileged Identity Management without Entra ID P2, in the
// words that were seen. A tenant of which no product was stated is not judged.
// Source: https://github.com/maester365/maester/issues/1421.
func (d *directory) premiumRoles() error {
	if d.licensedFor(identityProtection) {
		return nil
	}
	return graphError(http.StatusBadRequest, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.")
}
