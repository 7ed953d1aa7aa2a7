package graphfake

// Owners of groups, applications and service principals.

func (t *Tenant) writeOwner(d *directory, object, owner string) {
	t.replicate(writtenObject, "owners/"+memberKey(object, owner), func(d *directory) { d.owners.put(object, d.owners.at(object).lacking(owner)) })
	d.owners.put(object, d.owners.at(object).with(owner))
}

func (t *Tenant) eraseOwner(d *directory, object, owner string) {
	t.replicate(writtenObject, "owners/"+memberKey(object, owner), func(d *directory) { d.owners.put(object, d.owners.at(object).with(owner)) })
	d.owners.put(object, d.owners.at(object).lacking(owner))
}

// mayOwn: accounts and service principals own, groups don't.
// Source: https://learn.microsoft.com/graph/api/group-post-owners.
func (d *directory) mayOwn(id string) error {
	if kind := d.kindOf(id); kind != userType && kind != principalType {
		return badRequest("The group '%s' can't be an owner.", id) // the words are not published
	}
	return nil
}

// addOwner makes somebody an owner.
func (t *Tenant) addOwner(d *directory, object, id string) error {
	owner, err := d.memberID(id)
	if err == nil {
		err = d.mayOwn(owner)
	}
	if err != nil {
		return err
	}
	if d.owners.at(object).has(owner) {
		return badRequest("One or more added object references already exist for the following modified properties: 'owners'.")
	}
	t.writeOwner(d, object, owner)
	return nil
}

// removeOwner takes an owner away; the last account that owns a group stays.
// Source: https://learn.microsoft.com/graph/api/group-delete-owners.
func (t *Tenant) removeOwner(d *directory, object, id string) error {
	owners := d.owners.at(object)
	if !owners.has(id) {
		return notFound(id)
	}
	if d.kindOf(object) == groupType && d.kindOf(id) == userType && d.usersAmong(owners) == 1 {
		return badRequest("The group must have at least one owner, hence this owner cannot be removed.")
	}
	t.eraseOwner(d, object, id)
	return nil
}

func (d *directory) usersAmong(owners memberSet) int {
	users, _ := d.split(owners.all())
	return len(users)
}
