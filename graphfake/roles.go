package graphfake

import (
	"encoding/json"
	"slices"

	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// The @odata.type of the objects that a tenant holds.
const (
	userType          = "#microsoft.graph.user"
	groupType         = "#microsoft.graph.group"
	directoryRoleType = "#microsoft.graph.directoryRole"
	principalType     = "#microsoft.graph.servicePrincipal"
	applicationType   = "#microsoft.graph.application"
)

// AssignRole gives a role actively and returns the id of the assignment. An
// empty DirectoryScopeID means the whole tenant. A custom role is given with its
// RoleDefinition; a service principal, which the tenant doesn't hold, with its Principal.
//
// It is refused as Graph does, with a *entramfa.GraphError: an unknown
// principal, an unknown role, a group that isn't role-assignable.
func (t *Tenant) AssignRole(assignment policy.RoleAssignment) (string, error) {
	return t.giveRole("roleAssignments", &t.directory.assignments, assignment)
}

// MakeEligible lets a user or a group activate a role, and returns the id of
// the eligibility. It is refused as AssignRole is.
func (t *Tenant) MakeEligible(eligibility policy.RoleAssignment) (string, error) {
	return t.giveRole("roleEligibilityScheduleRequests", &t.directory.eligibilities, eligibility)
}

func (t *Tenant) giveRole(list string, roles *table[policy.RoleAssignment], role policy.RoleAssignment) (string, error) {
	role = isolated(role)
	err := t.write(operation{"POST", v1, "/" + rolesPath + list}, func(d *directory) error {
		if err := d.checkHolder(&role); err != nil {
			return err
		}
		if err := d.checkDefinition(&role); err != nil {
			return err
		}
		role.ID = t.idOr(role.ID)
		if role.DirectoryScopeID == nil {
			role.DirectoryScopeID = new("/")
		}
		roles.put(role.ID, role)
		return nil
	})
	if err != nil {
		return "", err
	}
	return role.ID, nil
}

// checkHolder looks whether the principal exists and may hold roles.
func (d *directory) checkHolder(role *policy.RoleAssignment) error {
	if role.Principal == nil || role.Principal.Type == userType || role.Principal.Type == groupType {
		principal, err := d.principal(role.PrincipalID)
		if err != nil {
			return err
		}
		role.PrincipalID = principal
	}
	if group, ok := d.groups.get(role.PrincipalID); ok && (group.IsAssignableToRole == nil || !*group.IsAssignableToRole) {
		return badRequest("The group '%s' is not assignable to a role: isAssignableToRole must be true.", group.ID)
	}
	return nil
}

// checkDefinition looks whether the role exists; one that is given with the assignment is added.
func (d *directory) checkDefinition(role *policy.RoleAssignment) error {
	if role.RoleDefinition != nil {
		d.definitions.put(role.RoleDefinition.ID, *role.RoleDefinition)
		role.RoleDefinitionID = role.RoleDefinition.ID
	}
	definition, ok := d.definition(role.RoleDefinitionID)
	if !ok {
		return notFound(role.RoleDefinitionID)
	}
	role.RoleDefinitionID = definition.ID
	return nil
}

// definition finds a role, built-in or custom.
func (d *directory) definition(id string) (policy.RoleDefinition, bool) {
	if custom, ok := d.definitions.get(id); ok {
		return custom, true
	}
	if name := builtinrole.Name(id); name != "" {
		id = fold(id)
		return policy.RoleDefinition{ID: id, TemplateID: new(id), DisplayName: name, IsBuiltIn: new(true)}, true
	}
	return policy.RoleDefinition{}, false
}

// allDefinitions returns the built-in roles by id, then the custom ones.
func (d *directory) allDefinitions() []policy.RoleDefinition {
	var ids []string
	for id := range builtinrole.All() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var all []policy.RoleDefinition
	for _, id := range ids {
		definition, _ := d.definition(id)
		all = append(all, definition)
	}
	return append(all, d.definitions.where(func(r policy.RoleDefinition) bool { return builtinrole.Name(r.ID) == "" })...)
}

func (d *directory) roleAssignments(userID string) ([]policy.RoleAssignment, error) {
	user, err := d.user(userID)
	if err != nil {
		return nil, err
	}
	if err := d.held.needOf(factRoles, user); err != nil {
		return nil, err
	}
	holders := []string{user.ID}
	for _, group := range d.ancestors(user.ID) {
		holders = append(holders, group.ID)
	}
	roles := d.rolesOf(&d.assignments, holders...)
	return append(roles, d.held.rolesOf(user.ID, roles)...), nil
}

func (d *directory) roleEligibilities(principalID string) ([]policy.RoleAssignment, error) {
	principal, err := d.principal(principalID)
	if err != nil {
		return nil, err
	}
	if user, err := d.user(principal); err == nil {
		if err := d.held.needOf(factEligibilities, user); err != nil {
			return nil, err
		}
	} else if err := d.held.need(d.held.whole(factEligibilities), "the eligible roles of groups", eligibilityFile); err != nil {
		return nil, err
	}
	return d.rolesOf(&d.eligibilities, principal), nil
}

func (d *directory) roleHolders(roleID string) ([]policy.RoleAssignment, error) {
	if err := d.held.need(d.held.whole(factRoles), "who holds a role", roleFile); err != nil {
		return nil, err
	}
	holders := d.assignments.where(func(r policy.RoleAssignment) bool { return fold(r.RoleDefinitionID) == fold(roleID) })
	for i := range holders {
		holders[i] = d.expandRole(holders[i])
	}
	return holders, nil
}

// rolesOf returns the roles of principals, each with its definition.
func (d *directory) rolesOf(roles *table[policy.RoleAssignment], principals ...string) []policy.RoleAssignment {
	found := roles.where(func(r policy.RoleAssignment) bool { return containsFold(principals, r.PrincipalID) })
	for i := range found {
		found[i].RoleDefinition = d.expandRole(found[i]).RoleDefinition
	}
	return found
}

// expandRole fills RoleDefinition and Principal with what is known of them.
func (d *directory) expandRole(role policy.RoleAssignment) policy.RoleAssignment {
	if definition, ok := d.definition(role.RoleDefinitionID); ok {
		role.RoleDefinition = &definition
	}
	if principal, ok := d.object(role.PrincipalID); ok {
		role.Principal = &principal
	}
	return role
}

// object returns a user or a group as directoryObjects do.
func (d *directory) object(id string) (policy.Principal, bool) {
	if user, ok := d.users.get(id); ok {
		return userPrincipal(user), true
	}
	if group, ok := d.groups.get(id); ok {
		return policy.Principal{Type: groupType, ID: group.ID, DisplayName: group.DisplayName}, true
	}
	return policy.Principal{}, false
}

func userPrincipal(user mfa.User) policy.Principal {
	return policy.Principal{
		Type: userType, ID: user.ID, DisplayName: user.DisplayName,
		UserPrincipalName: user.UserPrincipalName, AccountEnabled: user.AccountEnabled,
	}
}

func (d *directory) objectsByID(ids []string) ([]policy.Principal, error) {
	found := []policy.Principal{}
	for _, id := range ids {
		object, ok := d.object(id)
		if !ok && d.held != nil {
			return nil, d.held.missing("the object "+id, "a file of the user or the group, or "+migrationTable)
		}
		if ok {
			found = append(found, d.wholePrincipal(object))
		}
	}
	return found, nil
}

// wholePrincipal adds to a group what else there is of it: getByIds gives whole objects.
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids.
func (d *directory) wholePrincipal(object policy.Principal) policy.Principal {
	group, ok := d.groups.get(object.ID)
	if !ok {
		return object
	}
	whole := append(objectOf(group).without("@odata.type"), member{"@odata.type", raw(groupType)})
	if json.Unmarshal(raw(whole), &object) != nil {
		return object // the group was decoded from such a text
	}
	return object
}
