package graphfake

import (
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// An account, a group, an application or a service principal that was deleted stands
// in deletedItems for 30 days, and can be restored or removed for good.
// Source: https://learn.microsoft.com/graph/api/resources/directory.

// deletedObject is an object that was deleted, with what hung on it by other objects.
type deletedObject struct {
	kind string // @odata.type
	row  object // as it was
	at   time.Time

	above, members, owners, owned []string // ids
	reports                       []string // whose manager it was
	manager                       string
	assignments, eligibilities    []policy.RoleAssignment
	grants                        []roleGrant
	client                        *Application // with which a service principal signs in
}

func (o deletedObject) id() string { return o.row.text("id") }

// shown is the object as deletedItems lists it. The name of an account begins with
// its id, so that the name is free.
func (o deletedObject) shown() object {
	row := o.row.without("@odata.type").with("deletedDateTime", raw(second(o.at)))
	if o.kind == userType {
		row = row.with("userPrincipalName", raw(strings.ReplaceAll(o.id(), "-", "")+o.row.text("userPrincipalName")))
	}
	return row
}

// restorableObjects are those that were deleted less than 30 days ago.
func (t *Tenant) restorableObjects(d *directory, kind string) []deletedObject {
	return d.bin.where(func(o deletedObject) bool { return (kind == "" || o.kind == kind) && t.restorable(o) })
}

func (t *Tenant) restorable(o deletedObject) bool { return t.now().Sub(o.at) < restorable }

func (t *Tenant) deletedObject(d *directory, id string) (deletedObject, error) {
	o, ok := d.bin.get(id)
	if !ok || !t.restorable(o) {
		return o, notFound(id)
	}
	return o, nil
}

// uproot takes an object out of everything that names it, and notes what that was.
// A reader that doesn't see it yet sees it as it was, in all of that.
func (t *Tenant) uproot(d *directory, kind string, row object) deletedObject {
	id := row.text("id")
	o := deletedObject{
		kind: kind, row: row, at: t.now(), above: d.above.at(id).all(), members: d.members.at(id).all(),
		owners: d.owners.at(id).all(), owned: d.ownedBy(id), reports: d.reportsOf(id), manager: d.managers.at(id),
		assignments: d.assignments.where(ofPrincipal(id)), eligibilities: d.eligibilities.where(ofPrincipal(id)),
		grants: d.grants.where(func(g roleGrant) bool { return fold(g.principal) == fold(id) || fold(g.resource) == fold(id) }),
	}
	t.replicate(writtenObject, "roots/"+id, func(past *directory) { past.plant(o) })
	d.unplant(o)
	return o
}

func ofPrincipal(id string) func(policy.RoleAssignment) bool {
	return func(r policy.RoleAssignment) bool { return fold(r.PrincipalID) == fold(id) }
}

// unplant takes what hangs on an object out of the state.
func (d *directory) unplant(o deletedObject) {
	id := o.id()
	d.forget(id)
	d.disown(id)
	for _, g := range o.grants {
		d.dropGrant(g)
	}
}

// plant puts it back. Who isn't there any more is left out.
func (d *directory) plant(o deletedObject) {
	id := o.id()
	for _, group := range o.above {
		if _, there := d.groups.get(group); there {
			d.addMember(group, id)
		}
	}
	for _, m := range d.present(o.members) {
		d.addMember(id, m)
	}
	for _, owner := range d.present(o.owners) {
		d.owners.put(id, d.owners.at(id).with(owner))
	}
	for _, owned := range d.present(o.owned) {
		d.owners.put(owned, d.owners.at(owned).with(id))
	}
	d.plantManagers(o)
	for _, role := range o.assignments {
		d.assignments.put(role.ID, role)
	}
	for _, role := range o.eligibilities {
		d.eligibilities.put(role.ID, role)
	}
	for _, g := range o.grants {
		d.addGrant(g)
	}
}

func (d *directory) plantManagers(o deletedObject) {
	if len(d.present([]string{o.manager})) > 0 {
		d.managers.put(o.id(), o.manager)
	}
	for _, report := range d.present(o.reports) {
		d.managers.put(report, o.id())
	}
}

// present leaves out the ids of which there is no object.
func (d *directory) present(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return d.kindOf(id) == "" })
}

// kindOf is the type of an object, "" where there is none.
func (d *directory) kindOf(id string) string {
	if _, ok := d.users.get(id); ok {
		return userType
	}
	if _, ok := d.groups.get(id); ok {
		return groupType
	}
	if _, ok := d.principals.get(id); ok {
		return principalType
	}
	if _, ok := d.registered.get(id); ok {
		return applicationType
	}
	return ""
}

var binned = place[deletedObject]{"bin", func(d *directory) *table[deletedObject] { return &d.bin }}

// binUser deletes an account as the service does. Its credentials stay for the case that it is restored.
func (t *Tenant) binUser(d *directory, user mfa.User) {
	o := t.uproot(d, userType, objectOf(user))
	t.eraseUser(d, user)
	binned.put(t, d, user.ID, o)
}

// binGroup deletes a group as the service does.
func (t *Tenant) binGroup(d *directory, group policy.Group) {
	o := t.uproot(d, groupType, objectOf(group))
	groupPlace.remove(t, d, group.ID)
	binned.put(t, d, group.ID, o)
}

// binApplication deletes an application, and its service principal with it.
// Source: https://learn.microsoft.com/entra/identity/enterprise-apps/delete-recover-faq.
func (t *Tenant) binApplication(d *directory, app registration) {
	o := t.uproot(d, applicationType, app.row)
	registeredPlace.remove(t, d, app.id)
	binned.put(t, d, app.id, o)
	if principal, ok := registeredAs(d.principals, app.appID); ok {
		t.binPrincipal(d, principal)
	}
}

// binPrincipal deletes a service principal: nothing signs in as it any more.
func (t *Tenant) binPrincipal(d *directory, principal registration) {
	o := t.uproot(d, principalType, principal.row)
	if client, ok := d.applications.get(principal.appID); ok {
		client.hash = client.hashOfSecret()
		o.client = &client
		d.applications.remove(principal.appID)
	}
	principalPlace.remove(t, d, principal.id)
	binned.put(t, d, principal.id, o)
}

// restoreObject brings an object back with all that hung on it.
func (t *Tenant) restoreObject(d *directory, id string) (deletedObject, error) {
	o, err := t.deletedObject(d, id)
	if err != nil {
		return o, err
	}
	switch o.kind {
	case userType:
		err = t.restoreAccount(d, o)
	case groupType:
		group, _ := decodeObject[policy.Group](o.row) // it was one
		groupPlace.put(t, d, group.ID, group)
	case applicationType:
		app := registrationOf(o.row)
		registeredPlace.put(t, d, app.id, app)
		t.restorePrincipalOf(d, app.appID)
	case principalType:
		err = t.restorePrincipal(d, o)
	}
	if err != nil {
		return o, err
	}
	t.replicate(writtenObject, "roots/"+id, func(past *directory) { past.unplant(o) })
	d.plant(o)
	binned.remove(t, d, id)
	return o, nil
}

// restoreAccount puts an account back unless another took its name meanwhile. The
// words of the refusal are not published.
func (t *Tenant) restoreAccount(d *directory, o deletedObject) error {
	user := userOf(o.row, o.id())
	if _, taken := d.upns.get(user.UserPrincipalName); taken {
		return alreadyTaken("userPrincipalName")
	}
	t.writeUser(d, user)
	return nil
}

func (t *Tenant) restorePrincipal(d *directory, o deletedObject) error {
	principal := registrationOf(o.row)
	if _, taken := registeredAs(d.principals, principal.appID); taken {
		return principalNameTaken(principal.appID)
	}
	principalPlace.put(t, d, principal.id, principal)
	if o.client != nil {
		d.applications.put(o.client.ID, *o.client)
	}
	return nil
}

// restorePrincipalOf restores the service principal that was deleted with its application.
func (t *Tenant) restorePrincipalOf(d *directory, appID string) {
	for _, o := range t.restorableObjects(d, principalType) {
		if sameText(o.row.text("appId"), appID) {
			_, _ = t.restoreObject(d, o.id()) // where another one took its place it stays deleted
			return
		}
	}
}

// purgeObject removes an object for good.
func (t *Tenant) purgeObject(d *directory, id string) error {
	o, err := t.deletedObject(d, id)
	if err != nil {
		return err
	}
	binned.remove(t, d, id)
	d.credentials.remove(id)
	if o.kind == userType {
		d.forgetCredentials(id)
		t.people.remove(id)
	}
	return nil
}

// forgetCredentials takes out what hangs on an account alone.
func (d *directory) forgetCredentials(id string) {
	d.requirements.remove(id)
	d.methods.remove(id)
	d.passwords.remove(id)
	d.mobiles.remove(id)
	d.defaultMethods.remove(id)
	d.counted.remove(id)
	d.appPasswords.remove(id)
	d.earlier.remove(id)
}

// Owners and managers.

// disown takes an id out of owners and managers.
func (d *directory) disown(id string) {
	for _, owned := range d.ownedBy(id) {
		d.owners.put(owned, d.owners.at(owned).lacking(id))
	}
	for _, report := range d.reportsOf(id) {
		d.managers.remove(report)
	}
	d.owners.remove(id)
	d.managers.remove(id)
}

// ownedBy lists the ids of what somebody owns.
func (d *directory) ownedBy(id string) []string {
	var owned []string
	for object, owners := range d.owners.each() {
		if owners.has(id) {
			owned = append(owned, object)
		}
	}
	return owned
}

// reportsOf lists the ids of whose manager somebody is.
func (d *directory) reportsOf(id string) []string {
	var reports []string
	for report, manager := range d.managers.each() {
		if fold(manager) == fold(id) {
			reports = append(reports, report)
		}
	}
	return reports
}
