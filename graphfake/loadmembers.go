package graphfake

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// expandLimit is where $expand cuts a list without a sign
// (https://learn.microsoft.com/graph/query-parameters#expand): a list of this
// length may be half a list, and tells nothing of what it doesn't name.
const expandLimit = 20

// memberships takes the members and the groups of an object, when all files are read.
func (l *loader) memberships(from origin, text document, p piece, o object, id string) error {
	above, err := entries(o, "memberOf")
	if err != nil {
		return err
	}
	around, err := entries(o, "transitiveMemberOf")
	if err != nil {
		return err
	}
	below, err := entries(o, "members")
	if err != nil {
		return err
	}
	l.afterwards(from, text, p, func() error {
		if err := l.surround(o, id, around); err != nil {
			return err
		}
		return l.join(o, id, above, below)
	})
	return nil
}

// entries returns the objects of a list in a member; none where it isn't given.
func entries(o object, name string) ([]object, error) {
	var texts []json.RawMessage
	if o.given(name) {
		if err := json.Unmarshal(o.get(name), &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := halfList(o, name, len(texts)); err != nil {
		return nil, err
	}
	found := make([]object, len(texts))
	for i, text := range texts {
		entry, err := parseObject(text)
		if err == nil {
			found[i], err = entry.unique()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return found, nil
}

// whole says whether a list in a member names all there is.
func whole(o object, name string, list []object) bool {
	count, told := o.count(name)
	return o.given(name) && (len(list) != expandLimit || told && count == len(list))
}

// surround takes the groups in which a user is directly or by way of others.
func (l *loader) surround(o object, id string, around []object) error {
	held := l.tenant.directory.held
	for _, entry := range around {
		group, err := l.groupOf(entry)
		if err != nil {
			return fmt.Errorf("transitiveMemberOf: %w", err)
		}
		if group != "" {
			held.around.put(id, append(slices.Clip(held.around.at(id)), group))
		}
	}
	if whole(o, "transitiveMemberOf", around) {
		held.note(factAllGroups, id)
	}
	return nil
}

// join takes the direct groups of an object and its members.
func (l *loader) join(o object, id string, above, below []object) error {
	for _, entry := range above {
		group, err := l.groupOf(entry)
		if err != nil {
			return fmt.Errorf("memberOf: %w", err)
		}
		l.addMember(group, id)
	}
	for _, entry := range below {
		member, err := l.memberOf(entry)
		if err != nil {
			return fmt.Errorf("members: %w", err)
		}
		l.addMember(id, member)
	}
	held := l.tenant.directory.held
	if whole(o, "memberOf", above) {
		held.note(factGroups, id)
	}
	if whole(o, "members", below) {
		held.note(factMembers, id)
	}
	return nil
}

// addMember puts a member into a group, once; "" is neither.
func (l *loader) addMember(group, member string) {
	pair := [2]string{fold(group), fold(member)}
	if group != "" && member != "" && !l.joined[pair] {
		l.joined[pair] = true
		l.tenant.directory.addMember(group, member)
	}
}

// putGroup keeps a group, and finds it by its name from then on.
func (l *loader) putGroup(group policy.Group) {
	groups, id := &l.tenant.directory.groups, fold(group.ID)
	if before, known := groups.get(id); known {
		name := fold(before.DisplayName)
		l.groupsNamed[name] = slices.DeleteFunc(l.groupsNamed[name], func(other string) bool { return other == id })
	}
	name := fold(group.DisplayName)
	l.groupsNamed[name] = append(l.groupsNamed[name], id)
	groups.put(id, group)
}

// groupOf finds the group that an entry means; "" for an entry that is no group:
// a directory role, an administrative unit.
func (l *loader) groupOf(entry object) (string, error) {
	kind := typeName(entry.text("@odata.type"))
	switch {
	case notGroups[kind] || kindsByType[kind] == kindUser:
		return "", nil
	case kind != "" && kind != groupType:
		return "", fmt.Errorf("whether a %s is a group is not known", entry.text("@odata.type"))
	}
	id := entry.text("id")
	if id == "" {
		return l.groupNamed(entry.text("displayName"))
	}
	l.noteRoleHolder(id, entry)
	d := &l.tenant.directory
	if _, known := d.groups.get(id); known {
		return id, nil
	}
	if _, known := d.users.get(id); known {
		return "", fmt.Errorf("%s is a user and no group", id)
	}
	if !guid.Is(id) {
		return "", fmt.Errorf("id: %q is no id, and the export holds no group with it; a name goes into displayName", id)
	}
	var group policy.Group
	if err := json.Unmarshal(raw(entry.without("@odata.type")), &group); err != nil {
		return "", fmt.Errorf("group %s: %w", id, err)
	}
	l.putGroup(group)
	return id, nil
}

func (l *loader) groupNamed(name string) (string, error) {
	named := l.groupsNamed[fold(name)]
	if name == "" || len(named) != 1 {
		return "", fmt.Errorf("%d groups have the display name %q; name the group by id", len(named), name)
	}
	group, _ := l.tenant.directory.groups.get(named[0])
	return group.ID, nil
}

// memberOf finds who an entry of members is; "" for what is neither user nor group. Who has no
// file of his own is known by the entry.
func (l *loader) memberOf(entry object) (string, error) {
	d := &l.tenant.directory
	id, upn, kind := entry.text("id"), entry.text("userPrincipalName"), typeName(entry.text("@odata.type"))
	if id == "" {
		id = d.upns.at(upn)
	}
	if id == "" {
		return "", fmt.Errorf("an entry without id, and no user %q", upn)
	}
	if _, ok := d.object(id); ok {
		return id, nil
	}
	switch {
	case kindsByType[kind] == kindUser || kind == "" && upn != "":
		var user mfa.User
		if err := json.Unmarshal(raw(withoutSecrets(entry.without("@odata.type"))), &user); err != nil {
			return "", err
		}
		d.putUser(user)
		return id, nil
	case kind == groupType:
		return l.groupOf(entry)
	case notGroups[kind]:
		return "", nil
	case kind == "":
		return "", fmt.Errorf("%s is neither a user nor a group of the export, and the entry doesn't say what it is", id)
	}
	return "", fmt.Errorf("whether a %s is a user or a group is not known", entry.text("@odata.type"))
}
