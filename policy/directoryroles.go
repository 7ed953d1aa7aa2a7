package policy

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
)

// roleHolders are the accounts that hold a role: themselves, through a group, or
// it isn't known for which scope.
type roleHolders struct {
	direct, through, unclear accountSet
	// groups hold the role, unclearGroups for a scope that isn't known; via are those
	// through which accounts said that they hold it.
	groups, unclearGroups, via []string
	unclearVia                 []string // the same, for a scope that isn't known
}

// addOwnRoles notes the roles that an account brings with it, as matchAssignment
// counts them.
func (d *Directory) addOwnRoles(n uint32, account Subject) {
	roles, known := account.Roles.Get()
	if !known {
		d.roleless.set(n)
	}
	for _, role := range roles {
		if !guid.Is(role.TemplateID()) {
			d.roleless.set(n)
			d.oddVia = append(d.oddVia, strings.ToLower(role.PrincipalID))
		}
		for _, holders := range d.holders(role) {
			holders.addOwn(n, account.ID, role)
		}
	}
}

func (h *roleHolders) addOwn(n uint32, account string, role RoleAssignment) {
	switch {
	case role.scopeless():
		h.unclear.set(n)
		h.unclearVia = appendNew(h.unclearVia, strings.ToLower(role.PrincipalID))
	case strings.EqualFold(role.PrincipalID, account):
		h.direct.set(n)
	default:
		h.through.set(n)
		h.via = appendNew(h.via, strings.ToLower(role.PrincipalID))
	}
}

func appendNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// scopeless says that it isn't known for what scope the role is held.
func (a RoleAssignment) scopeless() bool {
	return a.DirectoryScopeID == nil || strings.TrimSpace(*a.DirectoryScopeID) == ""
}

// holders returns those of the role of an assignment, by each id that the role
// has; none where such an assignment doesn't count for a policy.
func (d *Directory) holders(role RoleAssignment) []*roleHolders {
	custom := role.RoleDefinition != nil && role.RoleDefinition.IsBuiltIn != nil && !*role.RoleDefinition.IsBuiltIn
	if custom || !role.scopeless() && !role.TenantWide() || !guid.Is(role.TemplateID()) {
		return nil
	}
	var list []*roleHolders
	for _, id := range distinct([]string{strings.ToLower(role.TemplateID()), strings.ToLower(role.RoleDefinitionID)}) {
		if d.roles[id] == nil {
			d.roles[id] = &roleHolders{}
		}
		list = append(list, d.roles[id])
	}
	return list
}

// AddRoleAssignments adds the active directory roles of the tenant, all of them:
// an account that none of them names holds no role. Of a role that a group holds
// the members are those that AddMembers was given. Assignments whose Principal says
// that it is no group, a service principal for instance, are passed over; without
// it whoever is no account of the directory may be a group.
func (d *Directory) AddRoleAssignments(assignments iter.Seq2[RoleAssignment, error]) error {
	if err := d.open(); err != nil {
		return err
	}
	var list []RoleAssignment
	for role, err := range assignments {
		if err != nil {
			return fmt.Errorf("policy: read the role assignments of a directory: %w", err)
		}
		if !guid.Is(role.PrincipalID) {
			return fmt.Errorf("policy: add the role assignments of a directory: the principal %q of a role is no object id", role.PrincipalID)
		}
		list = append(list, role)
	}
	d.started, d.roleless = true, nil
	if d.roles == nil {
		d.roles = map[string]*roleHolders{}
	}
	for _, role := range list {
		d.assign(role)
	}
	return nil
}

// assign notes who holds a role, as matchAssignment counts it.
func (d *Directory) assign(role RoleAssignment) {
	key, _ := guid.Parse(role.PrincipalID)
	n, account := d.number[key]
	group := strings.ToLower(role.PrincipalID)
	switch {
	case !account && !role.mayBeGroup():
		return
	case !guid.Is(role.TemplateID()) && account:
		d.roleless.set(n)
	case !guid.Is(role.TemplateID()):
		d.oddGroups = append(d.oddGroups, group)
	}
	for _, holders := range d.holders(role) {
		switch {
		case account:
			holders.addOwn(n, role.PrincipalID, role)
		case role.scopeless():
			holders.unclearGroups = append(holders.unclearGroups, group)
		default:
			holders.groups = append(holders.groups, group)
		}
	}
}

// holdThrough gives an account the roles that others said to hold through a group.
func (d *Directory) holdThrough(group string, n uint32) {
	for id, was := range d.roles {
		is := *was
		if slices.Contains(was.via, group) {
			is.through = slices.Clone(was.through)
			is.through.set(n)
		}
		if slices.Contains(was.unclearVia, group) {
			is.unclear = slices.Clone(was.unclear)
			is.unclear.set(n)
		}
		d.roles[id] = &is
	}
	if slices.Contains(d.oddVia, group) {
		d.roleless = slices.Clone(d.roleless)
		d.roleless.set(n)
	}
}

// mayBeGroup says whether the principal of an assignment can be a group: it is
// one, or nobody said what it is.
func (a RoleAssignment) mayBeGroup() bool {
	if a.Principal == nil || a.Principal.Type == "" {
		return true
	}
	return strings.EqualFold(strings.TrimPrefix(a.Principal.Type, "#"), "microsoft.graph.group")
}
