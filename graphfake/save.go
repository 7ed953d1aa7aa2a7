package graphfake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/entramfa/entramfa/mfa"
)

// Save writes the tenant as an export that Load reads: a folder for each kind, in it
// one for each object with a file of JSON, as EntraExporter writes them
// (https://github.com/microsoft/EntraExporter), and beside Graph's members those of users that
// Load documents. A check of what Load reads there says what a check of the tenant
// says. What a tenant that was loaded doesn't know isn't in it.
//
// The folder must not exist, or be empty, for what another export left there would count as of
// this one; it gets its name when it is whole. It holds no passwords, no applications, no sign-ins and
// no policies that were deleted, and of registered phones the last digits alone; WriteState keeps
// all that. The mobile phones of profiles stand in it as Graph shows them.
func (t *Tenant) Save(folder string) error {
	if entries, err := os.ReadDir(folder); err == nil && len(entries) > 0 {
		return fmt.Errorf("graphfake: save: %s is not empty", folder)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("graphfake: save: %w", err)
	}
	t.mu.Lock()
	t.progress()
	files := t.exported()
	t.mu.Unlock()
	beside, err := os.MkdirTemp(filepath.Dir(filepath.Clean(folder)), ".graphfake-*")
	if err != nil {
		return fmt.Errorf("graphfake: save: %w", err)
	}
	for _, file := range files {
		err = errors.Join(err, file.write(beside))
	}
	if err == nil {
		err = replaceFolder(beside, folder)
	}
	if err != nil {
		os.RemoveAll(beside)
		return fmt.Errorf("graphfake: save: %w", err)
	}
	return nil
}

// replaceFolder gives a folder its name, where nothing or an empty one has it.
func replaceFolder(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}

// exportFile is one file of an export.
type exportFile struct {
	path []string
	text json.RawMessage
}

func (f exportFile) write(folder string) error {
	path := filepath.Join(append([]string{folder}, f.path...)...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, f.text, "", "  "); err != nil {
		return err
	}
	text.WriteByte('\n')
	return os.WriteFile(path, text.Bytes(), 0o600)
}

// exported are the files of an export; the caller holds mu.
func (t *Tenant) exported() []exportFile {
	d := &t.directory
	var files []exportFile
	add := func(kind string, list fact, rows []object) {
		if len(rows) == 0 && d.held.whole(list) {
			files = append(files, exportFile{[]string{kind + ".json"}, raw(object{{"value", raw([]object{})}})})
		}
		for _, row := range rows {
			id := fileName(row.text("id"))
			files = append(files, exportFile{[]string{kind, id, id + ".json"}, raw(row)})
		}
	}
	add("ConditionalAccess", factPolicies, objectsOf(d.policies.all()))
	add("NamedLocations", factLocations, objectsOf(d.locations.all()))
	add("AuthenticationStrengths", factStrengths, objectsOf(d.strengths.all()))
	add("SubscribedSkus", factSKUs, objectsOf(d.skus.all()))
	add("Domains", factDomains, objectsOf(d.domains.all()))
	if d.held.whole(factRoles) {
		add("RoleAssignments", factRoles, objectsOf(d.assignments.all()))
	}
	if d.held.whole(factEligibilities) {
		add("RoleEligibilityScheduleInstances", factEligibilities, objectsOf(d.eligibilities.all()))
	}
	add("Groups", "", d.exportedGroups())
	add("Users", "", d.exportedUsers())
	if defaults, err := d.securityDefaults(); err == nil {
		files = append(files, exportFile{[]string{"SecurityDefaults.json"}, raw(defaults)})
	}
	if row, err := d.organizationRow(t.ID()); err == nil {
		files = append(files, exportFile{[]string{"Organization.json"}, raw(row)})
	}
	return files
}

// fileName writes an id so that it names a file in its folder and no other.
func fileName(id string) string {
	var name strings.Builder
	for i, b := range []byte(id) {
		plain := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.' && i > 0
		if plain {
			name.WriteByte(b)
		} else {
			fmt.Fprintf(&name, "%%%02X", b)
		}
	}
	return name.String()
}

// exportedGroups are the groups, each with its members where they are known.
func (d *directory) exportedGroups() []object {
	var rows []object
	for _, group := range d.groups.all() {
		row := objectOf(group).with("@odata.type", raw(groupType))
		if d.membersHeld(group) == nil {
			row = row.withList("members", d.references(d.members.at(group.ID).all()))
		}
		rows = append(rows, row)
	}
	return rows
}

// withList sets a list with the count that says that it is whole.
func (o object) withList(name string, list []object) object {
	return o.with(name+"@odata.count", raw(len(list))).with(name, raw(append([]object{}, list...)))
}

// references name users and groups by their ids and types.
func (d *directory) references(ids []string) []object {
	var list []object
	for _, id := range ids {
		kind := "#microsoft.graph.directoryObject"
		if _, ok := d.users.get(id); ok {
			kind = userType
		} else if _, ok := d.groups.get(id); ok {
			kind = groupType
		}
		if kind != "#microsoft.graph.directoryObject" {
			list = append(list, object{{"@odata.type", raw(kind)}, {"id", raw(id)}})
		}
	}
	return list
}

// exportedUsers are the accounts, each with what is known about it.
func (d *directory) exportedUsers() []object {
	var rows []object
	for _, user := range d.users.all() {
		rows = append(rows, d.exportedUser(user))
	}
	return rows
}

func (d *directory) exportedUser(user mfa.User) object {
	row := d.userRow(user).without("passwordProfile")
	if row.text("@odata.type") == "" {
		row = row.with("@odata.type", raw(userType))
	}
	if d.held.needOf(factMobile, user) == nil && row.get("mobilePhone") == nil {
		row = row.with("mobilePhone", raw(nil))
	}
	groupIDs := func(list []object) []object {
		ids := make([]object, len(list))
		for i, group := range list {
			ids[i] = object{{"@odata.type", raw(groupType)}, {"id", group.get("id")}}
		}
		return ids
	}
	if groups, err := d.memberOf(user.ID); err == nil {
		row = row.withList("memberOf", groupIDs(objectsOf(groups)))
	}
	if groups, err := d.transitiveMemberOf(user.ID); err == nil {
		row = row.withList("transitiveMemberOf", groupIDs(objectsOf(groups)))
	}
	if roles, err := d.roleAssignments(user.ID); err == nil && !d.held.whole(factRoles) {
		row = row.withList("transitiveRoleAssignments", objectsOf(roles))
	}
	if roles, err := d.roleEligibilities(user.ID); err == nil && !d.held.whole(factEligibilities) {
		row = row.withList("roleEligibilityScheduleInstances", objectsOf(roles))
	}
	return d.exportedAuthentication(row, user)
}

// exportedAuthentication adds the per-user state and the methods.
func (d *directory) exportedAuthentication(row object, user mfa.User) object {
	var told object
	if requirements, err := d.requirementsOf(user.ID); err == nil {
		told = append(told, member{"requirements", raw(requirements)})
	}
	if methods, err := d.methodsOf(user.ID); err == nil {
		told = append(told, member{"methods", raw(objectsOf(methods))})
	}
	if told == nil {
		return row
	}
	return row.with("authentication", raw(told))
}
