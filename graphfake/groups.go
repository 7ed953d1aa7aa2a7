package graphfake

import (
	"slices"

	"github.com/entramfa/entramfa/policy"
)

// AddGroup adds a group of any kind and returns its id, a new one where
// group.ID is empty. A group with the same id is replaced and keeps its members.
func (t *Tenant) AddGroup(group policy.Group) string {
	group = isolated(group)
	t.mu.Lock()
	defer t.mu.Unlock()
	group.ID = t.idOr(group.ID)
	t.directory.groups.put(group.ID, group)
	return group.ID
}

// AddMember puts a user or a group into a group. It is refused as Graph does,
// with a *entramfa.GraphError, when one of them doesn't exist or the member is
// there already. Groups may form circles, as they may in Entra.
func (t *Tenant) AddMember(groupID, memberID string) error {
	return t.write(operation{"POST", v1, "/groups/" + groupID + "/members/$ref"}, func(d *directory) error {
		group, ok := d.groups.get(groupID)
		if !ok {
			return notFound(groupID)
		}
		member, err := d.newMember(group, memberID)
		if err != nil {
			return err
		}
		d.addMember(group.ID, member)
		t.settle(writtenMember, memberKey(group.ID, member))
		return nil
	})
}

// memberSet is a set of ids, as they were written, in the order in which they came.
type memberSet struct{ table[string] }

func (d *directory) addMember(groupID, memberID string) {
	d.members.put(groupID, d.members.at(groupID).with(memberID))
	d.above.put(memberID, d.above.at(memberID).with(groupID))
}

func (d *directory) dropMember(groupID, memberID string) {
	d.members.put(groupID, d.members.at(groupID).lacking(memberID))
	d.above.put(memberID, d.above.at(memberID).lacking(groupID))
}

func (s memberSet) with(id string) memberSet {
	s.put(id, id)
	return s
}

func (s memberSet) lacking(id string) memberSet {
	s.remove(id)
	return s
}

func (s memberSet) has(id string) bool {
	_, ok := s.get(id)
	return ok
}

// principal returns the id of a user, named by id or user principal name, or of a group.
func (d *directory) principal(id string) (string, error) {
	if group, ok := d.groups.get(id); ok {
		return group.ID, nil
	}
	user, err := d.user(id)
	return user.ID, err
}

// forget takes an id out of groups and roles.
func (d *directory) forget(id string) {
	is := func(other string) bool { return fold(other) == fold(id) }
	for group := range d.above.at(id).each() {
		d.members.put(group, d.members.at(group).lacking(id))
	}
	for member := range d.members.at(id).each() {
		d.above.put(member, d.above.at(member).lacking(id))
	}
	d.above.remove(id)
	d.members.remove(id)
	for _, roles := range []*table[policy.RoleAssignment]{&d.assignments, &d.eligibilities} {
		for _, role := range roles.where(func(r policy.RoleAssignment) bool { return is(r.PrincipalID) }) {
			roles.remove(role.ID)
		}
	}
	for _, e := range d.joiners.where(func(e policy.GroupEligibility) bool { return is(e.PrincipalID) || is(e.GroupID) }) {
		d.joiners.remove(e.ID)
	}
}

// parents returns the groups that name the id as a direct member.
func (d *directory) parents(id string) []policy.Group {
	parents := []policy.Group{}
	for _, groupID := range d.above.at(id).each() {
		if group, ok := d.groups.get(groupID); ok {
			parents = append(parents, group)
		}
	}
	return parents
}

// ancestors returns the groups of an id, direct and nested, nearest first.
func (d *directory) ancestors(id string) []policy.Group {
	found := []policy.Group{}
	seen := map[string]bool{fold(id): true}
	next := []string{id}
	add := func(group policy.Group) {
		if !seen[fold(group.ID)] {
			seen[fold(group.ID)] = true
			found = append(found, group)
			next = append(next, group.ID)
		}
	}
	for _, groupID := range d.held.groupsAround(id) {
		if group, ok := d.groups.get(groupID); ok {
			add(group)
		}
	}
	for ; len(next) > 0; next = next[1:] {
		for _, group := range d.parents(next[0]) {
			add(group)
		}
	}
	return found
}

// descendants returns the ids in a group, direct and nested, nearest first.
func (d *directory) descendants(groupID string) []string {
	var found []string
	seen := map[string]bool{fold(groupID): true}
	for next := []string{groupID}; len(next) > 0; next = next[1:] {
		for _, member := range d.members.at(next[0]).each() {
			if !seen[fold(member)] {
				seen[fold(member)] = true
				found = append(found, member)
				next = append(next, member)
			}
		}
	}
	return found
}

func (d *directory) memberOf(idOrUPN string) ([]policy.Group, error) {
	user, err := d.groupsKnown(idOrUPN, factGroups)
	if err != nil {
		return nil, err
	}
	return d.parents(user), nil
}

func (d *directory) transitiveMemberOf(idOrUPN string) ([]policy.Group, error) {
	user, err := d.groupsKnown(idOrUPN, factAllGroups)
	if err != nil {
		return nil, err
	}
	return d.ancestors(user), nil
}

// groupsKnown returns the id of a user whose groups, the direct ones or all, the tenant knows.
func (d *directory) groupsKnown(idOrUPN string, which fact) (string, error) {
	user, err := d.user(idOrUPN)
	if err != nil {
		return "", err
	}
	return user.ID, d.held.needOf(which, user)
}

func (d *directory) memberGroups(groupID string) ([]policy.Group, error) {
	group, err := d.group(groupID)
	if err != nil {
		return nil, err
	}
	if err := d.membersHeld(group); err != nil {
		return nil, err
	}
	groups := []policy.Group{}
	for _, member := range d.members.at(group.ID).each() {
		if nested, ok := d.groups.get(member); ok {
			groups = append(groups, nested)
		}
	}
	return groups, nil
}

// membersHeld returns an error that is entramfa.ErrNotRead unless the members of
// a group are known.
func (d *directory) membersHeld(group policy.Group) error {
	given := d.held.whole(factMembers) || d.held.has(factMembers, group.ID)
	return d.held.need(given, "the members of "+group.DisplayName, membersFile)
}

func (d *directory) group(id string) (policy.Group, error) {
	if group, ok := d.groups.get(id); ok {
		return group, nil
	}
	if d.held != nil {
		return policy.Group{}, d.held.missing("the group "+id, groupFile)
	}
	return policy.Group{}, notFound(id)
}

func containsFold(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(other string) bool { return fold(other) == fold(id) })
}
