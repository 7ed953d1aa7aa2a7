package graphfake

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Snapshot returns everything in the tenant that a write can change, as one
// canonical JSON document: the policies, named locations, strengths and contexts as
// beta shows them, what was changed of the policy of methods, roles and who holds them,
// security defaults, the per-user state of every account, the direct members
// of every group, accounts, groups, applications and service principals with their
// owners, managers, roles and app roles, what was deleted, and of the credentials what tells two states apart: the last
// digits of a number and a digest that is too short to find it by, and when a
// password was written. Two tenants in the same state have the same bytes, in whatever
// order they came to it; of the truth, which reads may not see yet. Members that
// are named to be left out are left out at any depth: modifiedDateTime, for
// instance, which no rollback can restore.
//
// It is for tests; it counts as no call of Graph.
func (t *Tenant) Snapshot(leaveOut ...string) []byte {
	t.mu.Lock()
	t.progress()
	state := t.directory.snapshot()
	t.mu.Unlock()
	decoder := json.NewDecoder(bytes.NewReader(raw(state)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic("graphfake: " + err.Error()) // it was written two lines before
	}
	drop(value, leaveOut)
	return raw(value) // maps are written with sorted keys
}

// snapshot gathers the state; lists are sorted by id.
func (d *directory) snapshot() object {
	policies := d.policies.all()
	for i := range policies {
		policies[i] = d.withStrength(policies[i])
	}
	defaults := d.defaults.IsEnabled
	requirements, members := map[string]string{}, map[string][]string{}
	for _, user := range d.users.all() {
		requirements[fold(user.ID)] = "disabled"
		if state, set := d.requirements.get(user.ID); set {
			requirements[fold(user.ID)] = string(state.PerUserMFAState)
		}
	}
	for _, group := range d.groups.all() {
		members[fold(group.ID)] = sortedIDs(d.members.at(group.ID).all())
	}
	return object{
		{"policies", raw(sortedByID(objectsOf(policies), policyShape))},
		{"namedLocations", raw(sortedByID(objectsOf(d.locations.all()), locationShape))},
		{"authenticationStrengths", raw(sortedByID(objectsOf(d.strengths.all()), strengthShape))},
		{"authenticationContexts", raw(sortedByID(d.contexts.all(), contextShape))},
		{"authenticationMethodsPolicy", raw(d.methodsPolicySnapshot())},
		{"signInPreferences", raw(d.preferencesSnapshot())},
		{"roles", raw(d.rolesSnapshot())},
		{"securityDefaults", raw(defaults != nil && *defaults)},
		{"perUserMfaStates", raw(requirements)},
		{"groupMembers", raw(members)},
		{"authenticationMethods", raw(d.methodsSnapshot())},
		{"mobilePhones", raw(d.mobilesSnapshot())},
		{"passwords", raw(d.passwordsSnapshot())},
		{"objects", raw(d.objectsSnapshot())},
	}
}

func sortedByID(rows []object, s shape) []object {
	for i := range rows {
		rows[i] = s.show(rows[i], view{version: beta, futures: true, metadata: "minimal"})
	}
	slices.SortFunc(rows, func(a, b object) int { return strings.Compare(fold(a.text("id")), fold(b.text("id"))) })
	return rows
}

func sortedIDs(ids []string) []string {
	sorted := make([]string, len(ids))
	for i, id := range ids {
		sorted[i] = fold(id)
	}
	slices.Sort(sorted)
	return sorted
}

// drop takes members out of a value, at any depth.
func drop(value any, names []string) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			if containsFold(names, name) {
				delete(value, name)
			} else {
				drop(inner, names)
			}
		}
	case []any:
		for _, inner := range value {
			drop(inner, names)
		}
	}
}
