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
var extras = []string{"memberOf", "transitiveMemberOf", "members", "roleAssignments", "transitiveRoleAssignments", "roleEligibilityScheduleInstances", "authentication", "requirements"}

// withoutExtras drops the extras with the annotations beside them.
func withoutExtras(o object) object {
	kept := make(object, 0, len(o))
	for _, m := range o {
		if name, _, _ := strings.Cut(m.name, "@"); name == "" || !containsFold(extras, name) {
			kept = append(kept, m)
		}
	}
	return kept
}

// user takes a user. Several files may tell of one, each something else: an
// export its properties, a file beside it its groups.
func (l *loader) user(from origin, text document, p piece, o object) error {
	d := &l.tenant.directory
	id, upn := o.text("id"), o.text("userPrincipalName")
	if id == "" {
		id = d.upns.at(upn)
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
	row := l.tenant.directory.takeMobile(withoutSecrets(withoutExtras(all)), id)
	if err := json.Unmarshal(raw(row), &user); err != nil {
		return fmt.Errorf("%s: %w", kindUser, err)
	}
	if other := d.upns.at(user.UserPrincipalName); user.UserPrincipalName != "" && other != "" && fold(other) != fold(id) {
		return fmt.Errorf("the users %s and %s have the same userPrincipalName %s", other, id, user.UserPrincipalName)
	}
	d.putUser(user)
	if err := l.userFacts(from, o, id); err != nil {
		return err
	}
	l.afterwards(from, text, p, func() error { return l.allRoles(from, o, id) })
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

// userFacts takes what is given with a user: the per-user state and methods.
func (l *loader) userFacts(from origin, o object, id string) error {
	if o.given("authentication") {
		inner, err := memberObject(o, "authentication")
		if err != nil {
			return err
		}
		if err := l.requirements(from, inner, id); err != nil {
			return err
		}
		if err := l.methods(from, inner, id); err != nil {
			return err
		}
	}
	return l.requirements(from, o, id)
}

// memberObject returns a member that is an object.
func memberObject(o object, name string) (object, error) {
	inner, err := parseObject(o.get(name))
	if err == nil {
		inner, err = inner.unique()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return inner, nil
}

// requirements takes the per-user MFA state in the member of that name, where it is given.
func (l *loader) requirements(from origin, o object, id string) error {
	if !o.given("requirements") {
		return nil
	}
	inner, err := memberObject(o, "requirements")
	if err != nil {
		return err
	}
	return l.state(from, inner, id)
}

// state takes a per-user MFA state. There may be two of a user only when they say the same.
func (l *loader) state(from origin, o object, id string) error {
	var r mfa.Requirements
	if err := json.Unmarshal(raw(withoutSecrets(o)), &r); err != nil {
		return fmt.Errorf("requirements: %w", err)
	}
	if r.PerUserMFAState == "" {
		return errors.New("requirements: perUserMfaState is missing")
	}
	if again, err := l.again(kindRequirements, id, from, o); again || err != nil {
		return err
	}
	l.tenant.directory.setRequirements(id, r)
	l.tenant.directory.held.note(factRequirements, id)
	return nil
}

// methods takes the methods of a user in the member of that name, where it is given.
func (l *loader) methods(from origin, o object, id string) error {
	list, err := entries(o, "methods")
	if err != nil || !o.given("methods") {
		return err
	}
	l.tenant.directory.held.note(factMethods, id)
	for _, entry := range list {
		if err := l.method(from, entry, id); err != nil {
			return err
		}
	}
	return nil
}

// method takes one method of a user.
func (l *loader) method(from origin, o object, id string) error {
	var read mfa.Method
	if err := json.Unmarshal(raw(o), &read); err != nil {
		return fmt.Errorf("methods: %w", err)
	}
	d := &l.tenant.directory
	d.held.note(factMethods, id)
	if read.ID != "" { // the ids of phones and of the password are the same for every user
		if again, err := l.again(kindMethod, id+"/"+read.ID, from, o); again || err != nil {
			return err
		}
	}
	d.addMethod(id, method{Method: read})
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
		from = newOrigin(from.file, o.context())
	}
	l.afterwards(from, text, p, func() error {
		return l.ownedBy(from, func(id string) error {
			return l.state(from, o.without("@odata.context", "@odata.type"), id)
		})
	})
	return nil
}

func (l *loader) ownMethod(from origin, text document, p piece, o object) error {
	l.afterwards(from, text, p, func() error {
		return l.ownedBy(from, func(id string) error { return l.method(from, o, id) })
	})
	return nil
}

func (l *loader) group(from origin, text document, p piece, o object) error {
	var group policy.Group
	if err := json.Unmarshal(raw(withoutExtras(o)), &group); err != nil {
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
	l.putGroup(group)
	l.noteRoleHolder(group.ID, o)
	if again {
		return nil
	}
	return l.memberships(from, text, p, o, group.ID)
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
	if err := l.tenantID(o.text("id"), o.text("displayName")); err != nil {
		return err
	}
	if again, err := l.again(kindOrganization, "", from, o); again || err != nil {
		return err
	}
	l.tenant.directory.organization = o
	return nil
}

// migration reads the table of IntuneManagement (https://github.com/Micke-K/IntuneManagement).
// It says which tenant the export is of, where no file of the organization does.
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
	id, name := o.text("tenantId"), o.text("organization")
	if err := l.tenantID(id, name); err != nil || id == "" {
		return err
	}
	if l.tenant.directory.organization == nil {
		l.tenant.directory.organization = object{{"id", raw(id)}, {"displayName", raw(name)}}
	}
	return nil
}

// tenantID notes which tenant the export is of, and refuses a second one.
func (l *loader) tenantID(id, name string) error {
	if id == "" {
		return nil
	}
	if first := l.tenant.TenantID; first != "" && !strings.EqualFold(first, id) {
		return fmt.Errorf("the export is of two tenants: %s and %s; load one of them alone",
			tenantName(first, l.tenant.directory.organization.text("displayName")), tenantName(id, name))
	}
	l.tenant.TenantID = id
	return nil
}

// tenantName is how an error names a tenant.
func tenantName(id, name string) string {
	if name == "" {
		return id
	}
	return fmt.Sprintf("%s (%q)", id, name)
}
