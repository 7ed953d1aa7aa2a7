package graphfake

import (
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// weighGroups notes of which users, and of which groups, all groups are known. A nested group that is
// overlooked makes a policy look harmless, so that the direct groups of a user
// count for all only where the export says what stands around them.
func (l *loader) weighGroups() {
	d := &l.tenant.directory
	whole := l.everyMemberKnown()
	for _, user := range d.users.all() {
		if whole {
			d.held.note(factGroups, user.ID)
		}
		if whole || d.held.has(factGroups, user.ID) && l.nestingKnown(user.ID) {
			d.held.note(factAllGroups, user.ID)
		}
	}
	for _, group := range d.groups.all() {
		if whole || d.held.has(factGroups, group.ID) && l.nestingKnown(group.ID) {
			d.held.note(factAllGroups, group.ID)
		}
	}
}

// everyMemberKnown says whether the members of every group are known, of those
// too that policies name.
func (l *loader) everyMemberKnown() bool {
	d := &l.tenant.directory
	groups := d.groups.all()
	for _, group := range groups {
		if !d.held.has(factMembers, group.ID) {
			return false
		}
	}
	for _, p := range d.policies.all() {
		for _, id := range groupsNamed(p) {
			if _, known := d.groups.get(id); !known {
				return false
			}
		}
	}
	return len(groups) > 0
}

// nestingKnown says whether the groups around each group of a user, or of a group, are known.
func (l *loader) nestingKnown(id string) bool {
	d := &l.tenant.directory
	for _, group := range d.ancestors(id) {
		if !d.held.has(factGroups, group.ID) {
			return false
		}
	}
	return true
}

func groupsNamed(p policy.Policy) []string {
	if p.Conditions == nil || p.Conditions.Users == nil {
		return nil
	}
	users := p.Conditions.Users
	var ids []string
	for _, list := range [][]string{users.IncludeGroups, users.ExcludeGroups} {
		for _, id := range list {
			ids = append(ids, strings.TrimSpace(id))
		}
	}
	return ids
}
