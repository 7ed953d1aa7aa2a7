package graphfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// What Load reads of users and groups, and of what hangs on them.

// extras are the members that Load takes from a user or a group and that are no members of Graph's resource.
var extras = []string{"memberOf", "transitiveMemberOf", "members", "roleAssignments", "roleEligibilityScheduleInstances", "authentication", "requirements"}

// user takes a user. Several files may tell of one, each something else: an
// export its properties, a file beside it its groups.
func (l *loader) user(from origin, text document, p piece, o object) error {
	d := &l.tenant.directory
	id, upn := o.text("id"), o.text("userPrincipalName")
	if id == "" {
		id = d.upns[fold(upn)]
	}
	if id == "" && upn == "" {
		return errors.New("a user needs an id or a userPrincipalName")
	}
	id = l.tenant.idOr(id)
	all, err := l.merged(id, from, o.with("id", raw(id)))
	if err != nil {
		return err
	}
	var user mfa.User
	if err := json.Unmarshal(raw(all.without(extras...)), &user); err != nil {
		return fmt.Errorf("%s: %w", kindUser, err)
	}
	if other := d.upns[fold(user.UserPrincipalName)]; user.UserPrincipalName != "" && other != "" && fold(other) != fold(id) {
		return fmt.Errorf("the users %s and %s have the same userPrincipalName %s", other, id, user.UserPrincipalName)
	}
	d.putUser(user)
	if err := l.userFacts(from, o, id); err != nil {
		return err
	}
	return l.memberships(from, text, p, o, id)
}

// merged joins what several files say of one user; where they contradict each other it is an error.
func (l *loader) merged(id string, from origin, o object) (object, error) {
	key := string(kindUser) + " " + fold(id)
	before, known := l.seen[key]
	if !known {
		l.seen[key] = loaded{file: from.file, object: o, content: content(o)}
		return o, nil
	}
	all, now := before.object, content(o)
	for _, m := range o {
		old, told := before.content[fold(m.name)]
		if told && !isAnnotation(m.name) && !reflect.DeepEqual(old, now[fold(m.name)]) && fold(m.name) != "id" {
			return nil, fmt.Errorf("the %s %s stands in %s too, with another %s", kindUser, id, before.file, m.name)
		}
		if !told {
			all = append(all[:len(all):len(all)], m)
			before.content[fold(m.name)] = now[fold(m.name)]
		}
	}
	l.seen[key] = loaded{file: before.file, object: all, content: before.content}
	return all, nil
}

// userFacts takes what is given with a user: roles, methods, the per-user state.
func (l *loader) userFacts(from origin, o object, id string) error {
	if auth := o.get("authentication"); auth != nil && !absent(auth) {
		inner, err := parseObject(auth)
		if err != nil {
			return fmt.Errorf("authentication: %w", err)
		}
		if err := l.requirements(inner.get("requirements"), id); err != nil {
			return err
		}
		if err := l.methods(inner.get("methods"), id); err != nil {
			return err
		}
	}
	if err := l.requirements(o.get("requirements"), id); err != nil {
		return err
	}
	d := &l.tenant.directory
	if err := l.ownRoles(from, &d.assignments, kindAssignment, factRoles, o, "roleAssignments", id); err != nil {
		return err
	}
	return l.ownRoles(from, &d.eligibilities, kindEligibility, factEligibilities, o, "roleEligibilityScheduleInstances", id)
}

// requirements takes a per-user MFA state; nil means that none is given.
func (l *loader) requirements(text json.RawMessage, id string) error {
	if text == nil || string(text) == "null" {
		return nil
	}
	var r mfa.Requirements
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("requirements: %w", err)
	}
	if r.PerUserMFAState == "" {
		return errors.New("requirements: perUserMfaState is missing")
	}
	l.tenant.directory.setRequirements(id, r)
	l.tenant.directory.held.note(factRequirements, id)
	return nil
}

// methods takes methods of a user; nil means that none are given.
func (l *loader) methods(text json.RawMessage, id string) error {
	if text == nil || string(text) == "null" {
		return nil
	}
	var methods []mfa.Method
	if err := json.Unmarshal(text, &methods); err != nil {
		return fmt.Errorf("methods: %w", err)
	}
	d := &l.tenant.directory
	if d.methods == nil {
		d.methods = map[string][]mfa.Method{}
	}
	d.methods[fold(id)] = append(d.methods[fold(id)], methods...)
	d.held.note(factMethods, id)
	return nil
}

// ownedBy finds the user whom the context of a file names.
func (l *loader) ownedBy(from origin, do func(id string) error) error {
	if from.owner == "" {
		return errors.New("it doesn't say of which user: keep its @odata.context, or write it into the user as \"authentication\"")
	}
	user, err := l.tenant.directory.user(from.owner)
	if err != nil {
		return fmt.Errorf("it is of the user %s, of whom there is no file", from.owner)
	}
	return do(user.ID)
}

func (l *loader) ownRequirements(from origin, text document, p piece, o object) error {
	if from.owner == "" {
		from = newOrigin(from.file, o.text("@odata.context"))
	}
	l.afterwards(from, text, p, func() error {
		return l.ownedBy(from, func(id string) error {
			return l.requirements(raw(o.without("@odata.context", "@odata.type")), id)
		})
	})
	return nil
}

func (l *loader) ownMethod(from origin, text document, p piece, o object) error {
	l.afterwards(from, text, p, func() error {
		return l.ownedBy(from, func(id string) error { return l.methods(raw([]object{o}), id) })
	})
	return nil
}

// ownRoles takes the roles that are given with a user.
func (l *loader) ownRoles(from origin, into *table[policy.RoleAssignment], k kind, about fact, o object, name, id string) error {
	if !o.given(name) {
		return nil
	}
	list, err := entries(o, name)
	if err != nil {
		return err
	}
	for _, entry := range list {
		if err := l.roles(into, k, from, entry, id); err != nil {
			return err
		}
	}
	l.tenant.directory.held.note(about, id)
	return nil
}

// roles takes one role assignment, of a user where it stands with one.
func (l *loader) roles(into *table[policy.RoleAssignment], k kind, from origin, o object, owner string) error {
	var role policy.RoleAssignment
	if err := json.Unmarshal(raw(o), &role); err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	if role.PrincipalID == "" {
		role.PrincipalID = owner
	}
	if other, err := l.tenant.directory.user(role.PrincipalID); owner != "" && err == nil && fold(other.ID) != fold(owner) {
		return fmt.Errorf("a %s of the user %s stands with %s", k, other.ID, owner)
	}
	if role.RoleDefinition != nil && role.RoleDefinitionID == "" {
		role.RoleDefinitionID = role.RoleDefinition.ID
	}
	if role.RoleDefinitionID == "" || role.PrincipalID == "" {
		return fmt.Errorf("a %s needs principalId and roleDefinitionId", k)
	}
	if role.DirectoryScopeID == nil {
		role.DirectoryScopeID = new("/")
	}
	role.ID = l.tenant.idOr(role.ID)
	d := &l.tenant.directory
	if owner != "" && k == kindAssignment {
		d.held.roles[fold(owner)] = append(d.held.roles[fold(owner)], role)
	}
	if again, err := l.again(k, role.ID, from, o); again || err != nil {
		return err
	}
	if role.RoleDefinition != nil && role.RoleDefinition.ID != "" {
		d.definitions.put(role.RoleDefinition.ID, *role.RoleDefinition)
	}
	into.put(role.ID, role)
	return nil
}

func (l *loader) group(from origin, text document, p piece, o object) error {
	var group policy.Group
	if err := json.Unmarshal(raw(o.without(extras...)), &group); err != nil {
		return fmt.Errorf("%s: %w", kindGroup, err)
	}
	group.ID = l.tenant.idOr(group.ID)
	again, err := l.again(kindGroup, group.ID, from, o)
	if err != nil {
		return err
	}
	if before, ok := l.tenant.directory.groups.get(group.ID); ok && before.DisplayName != group.DisplayName {
		l.renamed[fold(group.ID)] = true
	}
	l.tenant.directory.groups.put(group.ID, group)
	if again {
		return nil
	}
	return l.memberships(from, text, p, o, group.ID)
}

// memberships takes the members and the groups of an object, when all files are read.
func (l *loader) memberships(from origin, text document, p piece, o object, id string) error {
	for _, name := range []string{"memberOf", "transitiveMemberOf", "members"} {
		if o.get(name+"@odata.nextLink") != nil {
			return fmt.Errorf("half a list: there is a %s@odata.nextLink; export what follows and leave the link out", name)
		}
	}
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

// surround takes the groups in which a user is directly or by way of others.
func (l *loader) surround(o object, id string, around []object) error {
	held := l.tenant.directory.held
	for _, entry := range around {
		group, err := l.groupOf(entry)
		if err != nil {
			return err
		}
		if group != "" {
			held.around[fold(id)] = append(held.around[fold(id)], group)
		}
	}
	if o.given("transitiveMemberOf") {
		held.note(factAllGroups, id)
	}
	return nil
}

// expandLimit is where $expand cuts a list without a sign
// (https://learn.microsoft.com/graph/query-parameters#expand): a list of this
// length may be half a list, and tells nothing of what it doesn't name.
const expandLimit = 20

// entries returns the objects of a list in a member; none where it isn't given.
func entries(o object, name string) ([]object, error) {
	if !o.given(name) {
		return nil, nil
	}
	var texts []json.RawMessage
	if err := json.Unmarshal(o.get(name), &texts); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	found := make([]object, len(texts))
	for i, text := range texts {
		var err error
		if found[i], err = parseObject(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return found, nil
}

func (l *loader) join(o object, id string, above, below []object) error {
	d := &l.tenant.directory
	for _, entry := range above {
		group, err := l.groupOf(entry)
		if err != nil {
			return err
		}
		if group != "" && !containsFold(d.members[fold(group)], id) {
			d.addMember(group, id)
		}
	}
	for _, entry := range below {
		member, err := l.memberOf(entry)
		if err != nil {
			return err
		}
		if member != "" && !containsFold(d.members[fold(id)], member) {
			d.addMember(id, member)
		}
	}
	if o.given("memberOf") && len(above) != expandLimit {
		d.held.note(factGroups, id)
	}
	if o.given("members") && len(below) != expandLimit {
		d.held.note(factMembers, id)
	}
	return nil
}

// groupOf finds the group that an entry of memberOf means; "" for an entry that
// is no group: a directory role, an administrative unit.
func (l *loader) groupOf(entry object) (string, error) {
	if kind := entry.text("@odata.type"); kind != "" && fold(kind) != groupType {
		return "", nil
	}
	d := &l.tenant.directory
	id, name := entry.text("id"), entry.text("displayName")
	if id == "" {
		named := d.groups.where(func(g policy.Group) bool { return name != "" && strings.EqualFold(g.DisplayName, name) })
		if len(named) != 1 {
			return "", fmt.Errorf("%d groups have the display name %q; name the group by id", len(named), name)
		}
		return named[0].ID, nil
	}
	if _, known := d.groups.get(id); !known {
		var group policy.Group
		if err := json.Unmarshal(raw(entry.without("@odata.type")), &group); err != nil {
			return "", fmt.Errorf("group %s: %w", id, err)
		}
		d.groups.put(id, group)
	}
	return id, nil
}

// memberOf finds who an entry of members is; "" for what is neither user nor group. Who has no
// file of his own is known by the entry.
func (l *loader) memberOf(entry object) (string, error) {
	d := &l.tenant.directory
	id, upn, kind := entry.text("id"), entry.text("userPrincipalName"), fold(entry.text("@odata.type"))
	if id == "" {
		id = d.upns[fold(upn)]
	}
	if id == "" {
		return "", fmt.Errorf("members: an entry without id, and no user %q", upn)
	}
	if _, ok := d.object(id); ok {
		return id, nil
	}
	var err error
	switch {
	case kind == userType || kind == "" && upn != "":
		var user mfa.User
		if err = json.Unmarshal(raw(entry.without("@odata.type")), &user); err == nil {
			d.putUser(user)
		}
	case kind == groupType:
		_, err = l.groupOf(entry)
	case kind != "":
		return "", nil
	default:
		return "", fmt.Errorf("members: %s is neither a user nor a group of the export, and the entry doesn't say what it is", id)
	}
	return id, err
}

func (l *loader) defaults(from origin, o object) error {
	var defaults securitydefaults.Policy
	if err := json.Unmarshal(raw(o), &defaults); err != nil {
		return fmt.Errorf("%s: %w", kindDefaults, err)
	}
	if defaults.IsEnabled == nil {
		return fmt.Errorf("%s: isEnabled is missing", kindDefaults)
	}
	if again, err := l.again(kindDefaults, "", from, o); again || err != nil {
		return err
	}
	l.tenant.directory.defaults = defaults
	return nil
}

func (l *loader) organization(from origin, o object) error {
	if again, err := l.again(kindOrganization, "", from, o); again || err != nil {
		return err
	}
	l.tenant.directory.organization = o
	return l.tenantID(o.text("id"))
}

// migration reads the table of IntuneManagement (https://github.com/Micke-K/IntuneManagement).
func (l *loader) migration(o object) error {
	var objects []struct{ DisplayName, ID, Type string }
	if err := json.Unmarshal(o.get("objects"), &objects); err != nil {
		return fmt.Errorf("%s: %w", kindMigration, err)
	}
	for _, entry := range objects {
		if strings.EqualFold(entry.Type, "Group") && entry.ID != "" {
			l.names.put(entry.ID, policy.Group{ID: entry.ID, DisplayName: entry.DisplayName})
		}
	}
	return l.tenantID(o.text("tenantId"))
}

func (l *loader) tenantID(id string) error {
	if id == "" {
		return nil
	}
	if l.tenant.TenantID != "" && !strings.EqualFold(l.tenant.TenantID, id) {
		return fmt.Errorf("the export is of two tenants: %s and %s", l.tenant.TenantID, id)
	}
	l.tenant.TenantID = id
	return nil
}
