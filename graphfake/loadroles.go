package graphfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// role takes a role of a list of the tenant, when all who may hold it are read.
func (l *loader) role(from origin, text document, p piece, k kind, o object) error {
	l.afterwards(from, text, p, func() error { return l.putRole(k, from, o, "") })
	return nil
}

// allRoles takes the roles that are given with a user.
func (l *loader) allRoles(from origin, o object, id string) error {
	for _, given := range []struct {
		name  string
		kind  kind
		about fact
	}{
		{"roleAssignments", kindAssignment, factOwnRoles},
		{"transitiveRoleAssignments", kindAssignment, factRoles},
		{"roleEligibilityScheduleInstances", kindEligibility, factEligibilities},
	} {
		list, err := entries(o, given.name)
		if err != nil {
			return err
		}
		for _, entry := range list {
			if err := l.putRole(given.kind, from, entry, id); err != nil {
				return fmt.Errorf("%s: %w", given.name, err)
			}
		}
		if o.given(given.name) {
			l.tenant.directory.held.note(given.about, id)
		}
	}
	return nil
}

// putRole takes one role, of a user where it stands with one.
func (l *loader) putRole(k kind, from origin, o object, owner string) error {
	role, err := l.roleOf(k, o, owner)
	if err != nil {
		return err
	}
	role.ID = l.tenant.idOr(role.ID)
	d := &l.tenant.directory
	if owner != "" && k == kindAssignment {
		d.held.roles.put(owner, append(slices.Clip(d.held.roles.at(owner)), role))
	}
	if again, err := l.again(k, role.ID, from, o); again || err != nil {
		return err
	}
	if role.RoleDefinition != nil && role.RoleDefinition.ID != "" {
		d.definitions.put(role.RoleDefinition.ID, *role.RoleDefinition)
	}
	if k == kindEligibility {
		d.eligibilities.put(role.ID, role)
	} else {
		d.assignments.put(role.ID, role)
	}
	return nil
}

// roleOf reads and checks a role. One without a scope counts for the whole
// tenant, unless it is one of a single application.
func (l *loader) roleOf(k kind, o object, owner string) (policy.RoleAssignment, error) {
	var role policy.RoleAssignment
	if err := json.Unmarshal(raw(o), &role); err != nil {
		return role, fmt.Errorf("%s: %w", k, err)
	}
	if role.PrincipalID == "" {
		role.PrincipalID = owner
	}
	if role.RoleDefinition != nil && role.RoleDefinitionID == "" {
		role.RoleDefinitionID = role.RoleDefinition.ID
	}
	if role.RoleDefinitionID == "" || role.PrincipalID == "" {
		return role, fmt.Errorf("a %s needs principalId and roleDefinitionId", k)
	}
	if role.DirectoryScopeID == nil && (role.AppScopeID == nil || *role.AppScopeID == "") {
		role.DirectoryScopeID = new("/")
	}
	if err := l.checkRoleID(role); err != nil {
		return role, err
	}
	if err := l.checkRoleHolder(k, &role, owner); err != nil {
		return role, err
	}
	if k == kindAssignment {
		return role, l.checkActive(o)
	}
	return role, nil
}

// checkRoleID looks that a role is named by id: one by name would fit no policy.
func (l *loader) checkRoleID(role policy.RoleAssignment) error {
	_, known := l.tenant.directory.definitions.get(role.RoleDefinitionID)
	if known || role.RoleDefinition != nil || guid.Is(role.RoleDefinitionID) {
		return nil
	}
	return fmt.Errorf("roleDefinitionId: %q is no id; of a built-in role it is the template id", role.RoleDefinitionID)
}

// checkRoleHolder finds who holds a role.
func (l *loader) checkRoleHolder(k kind, role *policy.RoleAssignment, owner string) error {
	d := &l.tenant.directory
	if other, err := d.user(role.PrincipalID); owner != "" && err == nil && fold(other.ID) != fold(owner) {
		return fmt.Errorf("a %s of the user %s stands with %s", k, other.ID, owner)
	}
	if principal, err := d.principal(role.PrincipalID); err == nil {
		role.PrincipalID = principal
		return nil
	}
	if !guid.Is(role.PrincipalID) {
		return fmt.Errorf("principalId: %q is no id, and the export holds no object with it", role.PrincipalID)
	}
	return nil
}

// checkActive refuses what is no active role: one that can be activated, and one out of its time.
func (l *loader) checkActive(o object) error {
	if o.given("roleEligibilityScheduleId") {
		return errors.New("it is an eligible role and no active one: it belongs into roleEligibilityScheduleInstances")
	}
	from, err := o.date("startDateTime")
	if err != nil {
		return err
	}
	until, err := o.date("endDateTime")
	switch {
	case err != nil:
		return err
	case from.After(l.now):
		return errors.New("it is no active role before its startDateTime: leave it out")
	case !until.IsZero() && !until.After(l.now):
		return errors.New("it is no active role after its endDateTime: leave it out, or put it into roleEligibilityScheduleInstances if it can be activated again")
	}
	return nil
}

// noteRoleHolder remembers whether roles can be given to a group. Graph gives
// null for no; but null is also what it gives of a group that the caller may not
// read, which then has no name either.
func (l *loader) noteRoleHolder(id string, o object) {
	said := string(o.get("isAssignableToRole"))
	if said == "true" {
		l.holdsRoles[fold(id)] = true
	}
	if _, told := l.holdsRoles[fold(id)]; !told && (said == "false" || said == "null" && o.text("displayName") != "") {
		l.holdsRoles[fold(id)] = false
	}
}

// weighRoles notes of which users all roles are known: where the direct ones are
// given and no group can bring another.
func (l *loader) weighRoles() {
	held := l.tenant.directory.held
	for _, user := range l.tenant.directory.users.all() {
		id := fold(user.ID)
		if held.has(factOwnRoles, id) && held.has(factAllGroups, id) && l.groupsWithoutRoles(user.ID) {
			held.note(factRoles, user.ID)
		}
	}
}

func (l *loader) groupsWithoutRoles(userID string) bool {
	for _, group := range l.tenant.directory.ancestors(userID) {
		if assignable, told := l.holdsRoles[fold(group.ID)]; assignable || !told {
			return false
		}
	}
	return true
}
