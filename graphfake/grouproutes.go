package graphfake

// groupRoutes are the calls about groups, beside those that read them and their members.
var groupRoutes = []route{
	{method: "POST", path: "/groups", permissions: createGroups, success: created, serve: postGroup},
	{method: "PATCH", path: "/groups/{}", permissions: writeMembers, success: done, serve: patchGroup},
	{method: "DELETE", path: "/groups/{}", permissions: writeGroups, success: done, serve: deleteGroup},

	{method: "GET", path: "/groups/{}/owners", permissions: readGroups, options: memberOptions, serve: listOwners(groupID)},
	{method: "POST", path: "/groups/{}/owners/$ref", permissions: writeGroups, success: done, serve: postOwner(groupID)},
	{method: "DELETE", path: "/groups/{}/owners/{}/$ref", permissions: writeGroups, success: done, serve: deleteOwner(groupID)},

	{method: "GET", path: "/groups/{}/members/{}/$ref", permissions: readGroups, options: entityOptions, serve: reference(members(false, ""))},
	{method: "GET", path: "/groups/{}/owners/{}/$ref", permissions: readGroups, options: entityOptions, serve: reference(listOwners(groupID))},

	{method: "GET", path: "/groups/{}/memberOf", permissions: readGroups, options: memberOptions, serve: groupsOver(false)},
	{method: "GET", path: "/groups/{}/memberOf/microsoft.graph.group", permissions: readGroups, options: memberOptions, advanced: true, serve: groupsOver(true)},
}

func postGroup(d *directory, t *Tenant, c *call) (answer, error) {
	group, err := t.createGroup(d, c)
	return entity("groups", "microsoft.graph.group", groupShape, group, err)
}

func patchGroup(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.updateGroup(d, c)
}

func deleteGroup(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.deleteGroup(d, c)
}

// The keys in a path as the id of an object that exists.

type keyed func(d *directory, key string) (string, error)

func groupID(d *directory, key string) (string, error) {
	group, err := d.group(key)
	return group.ID, err
}

func listOwners(of keyed) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		id, err := of(d, c.vars[0])
		return directoryObjects(d.objectRows(d.owners.at(id).all())), err
	}
}

// reference answers the address of one object of a list, as older clients ask for it.
func reference(list func(*directory, *Tenant, *call) (answer, error)) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		found, err := list(d, t, c)
		if err != nil {
			return answer{}, err
		}
		for _, row := range found.rows {
			if id := row.text("id"); sameText(id, c.vars[1]) {
				base := c.base + "/" + c.version
				body := object{{"@odata.context", raw(base + "/$metadata#$ref")}, {"@odata.id", raw(base + "/directoryObjects/" + id)}}
				return answer{header: c.answerHeader(), body: raw(body)}, nil
			}
		}
		return answer{}, notFound(c.vars[1])
	}
}

func postOwner(of keyed) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		owner, refusal := readReference(c.body)
		if refusal != nil {
			return answer{}, refusal
		}
		id, err := of(d, c.vars[0])
		if err == nil {
			err = d.mayFill(c, id)
		}
		if err != nil {
			return answer{}, err
		}
		return answer{}, t.addOwner(d, id, owner)
	}
}

func deleteOwner(of keyed) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		id, err := of(d, c.vars[0])
		if err == nil {
			err = d.mayFill(c, id)
		}
		if err != nil {
			return answer{}, err
		}
		return answer{}, t.removeOwner(d, id, c.vars[1])
	}
}

// groupsOver answers the groups that a group is in directly.
func groupsOver(cast bool) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		if _, err := d.around(c.vars[0]); err != nil {
			return answer{}, err
		}
		rows := objectsOf(d.parents(c.vars[0]))
		if cast {
			return answer{context: "groups", kind: "microsoft.graph.group", shape: groupShape, rows: rows}, nil
		}
		return directoryObjects(typed(groupType, rows)), nil
	}
}
