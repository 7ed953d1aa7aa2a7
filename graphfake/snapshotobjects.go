package graphfake

import (
	"slices"
	"strings"
)

// objectsSnapshot is what writes can change of the objects of the directory.
func (d *directory) objectsSnapshot() object {
	bin := []object{}
	for _, o := range d.bin.each() {
		bin = append(bin, typed(o.kind, []object{o.shown()})[0])
	}
	grants := []object{}
	for _, g := range d.grants.each() {
		grants = append(grants, object{{"id", raw(g.id())}, {"principalId", raw(g.principal)}, {"resourceId", raw(g.resource)}, {"appRoleId", raw(g.role)}})
	}
	return stated(object{
		{"users", raw(statedByID(d.userSnapshots()))},
		{"groups", raw(statedByID(objectsOf(d.groups.all())))},
		{"applications", raw(statedByID(d.registrationRows(d.registered)))},
		{"servicePrincipals", raw(statedByID(d.registrationRows(d.principals)))},
		{"appRoleAssignments", raw(statedByID(grants))},
		{"roleAssignments", raw(statedByID(objectsOf(d.assignments.all())))},
		{"owners", raw(setsOf(d.owners))},
		{"managers", raw(foldedOf(d.managers))},
		{"activatedRoles", raw(foldedOf(d.activated))},
		{"deletedItems", raw(statedByID(bin))},
	})
}

// stated is an object without what says nothing.
func stated(o object) object {
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool { return absent(m.value) || string(m.value) == `""` })
}

func statedByID(rows []object) []object {
	for i := range rows {
		rows[i] = stated(rows[i])
	}
	slices.SortFunc(rows, func(a, b object) int { return strings.Compare(fold(a.text("id")), fold(b.text("id"))) })
	return rows
}

// userSnapshots leave out when a password was changed: it stands with the passwords.
func (d *directory) userSnapshots() []object {
	rows := objectsOf(d.users.all())
	for i := range rows {
		rows[i] = rows[i].without("lastPasswordChangeDateTime")
	}
	return rows
}

func (d *directory) registrationRows(registrations table[registration]) []object {
	rows := []object{}
	for _, r := range registrations.each() {
		rows = append(rows, d.registrationRow(r))
	}
	return rows
}

// setsOf are the sets that hold something, sorted.
func setsOf(sets table[memberSet]) map[string][]string {
	all := map[string][]string{}
	for id, set := range sets.each() {
		if set.len() > 0 {
			all[id] = sortedIDs(set.all())
		}
	}
	return all
}

func foldedOf(rows table[string]) map[string]string {
	all := map[string]string{}
	for id, text := range rows.each() {
		all[id] = strings.ToLower(text)
	}
	return all
}
