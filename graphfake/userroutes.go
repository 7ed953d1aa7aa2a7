package graphfake

import (
	"fmt"
	"slices"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// userRoutes are the calls about accounts, beside those that read them.
var userRoutes = []route{
	{method: "POST", path: "/users", permissions: writeAnyUser, success: created, serve: postUser},
	{method: "DELETE", path: "/users/{}", permissions: deleteUsers, success: done, serve: deleteUser},

	{method: "GET", path: "/users/{}/memberOf/microsoft.graph.directoryRole", permissions: readMemberOf, options: memberOptions, advanced: true, serve: rolesAround(false)},
	{method: "GET", path: "/users/{}/transitiveMemberOf/microsoft.graph.directoryRole", permissions: readTransitive, options: memberOptions, advanced: true, serve: rolesAround(true)},
	{method: "GET", path: "/users/{}/ownedObjects", permissions: readOwned, options: memberOptions, serve: listOwned},
	{method: "GET", path: "/users/{}/manager", permissions: readUsers, options: entityOptions, serve: getManager},
	{method: "PUT", path: "/users/{}/manager/$ref", permissions: writeAnyUser, success: done, serve: putManager},
	{method: "DELETE", path: "/users/{}/manager/$ref", permissions: writeAnyUser, success: done, serve: deleteManager},
	{method: "GET", path: "/users/{}/directReports", permissions: readUsers, options: memberOptions, serve: listReports},
}

func postUser(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := t.createUser(d, c.body)
	found, err := entity("users", "microsoft.graph.user", userShape, d.userRow(user), err)
	found.defaults = defaultUserMembers
	return found, err
}

func deleteUser(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	if err == nil {
		err = t.mayManage(d, c.who, user, mayReset, denied())
	}
	if err == nil {
		t.binUser(d, user)
	}
	return answer{}, err
}

// value answers a value that is no object.
func (c *call) value(kind string, value any) answer {
	return c.complexValue(kind, object{{"value", raw(value)}})
}

// complexValue answers an object that stands in no list of the directory.
func (c *call) complexValue(kind string, value object) answer {
	if viewOf(c.version, c.header).metadata != "none" {
		context := member{"@odata.context", raw(fmt.Sprintf("%s/%s/$metadata#%s", c.base, c.version, kind))}
		value = append(object{context}, value...)
	}
	return answer{header: c.answerHeader(), body: raw(value)}
}

// rolesAround answers the directory roles of an account alone.
func rolesAround(transitive bool) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		user, err := d.user(c.vars[0])
		var groups []policy.Group
		if err == nil && transitive {
			groups, err = d.transitiveMemberOf(user.ID)
		}
		if err == nil {
			err = d.held.needOf(factRoles, user)
		}
		if err != nil {
			return answer{}, err
		}
		return answer{context: "directoryRoles", kind: "microsoft.graph.directoryRole", shape: directoryRoleShape,
			rows: withoutTypes(d.directoryRoles(user.ID, groups, transitive))}, nil
	}
}

func withoutTypes(rows []object) []object {
	for i := range rows {
		rows[i] = rows[i].without("@odata.type")
	}
	return rows
}

func listOwned(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	return directoryObjects(d.objectRows(d.ownedBy(user.ID))), err
}

var managerPlace = place[string]{"managers", func(d *directory) *table[string] { return &d.managers }}

func getManager(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	manager, known := d.managers.get(user.ID)
	if !known {
		return answer{}, notFound("manager")
	}
	found := directoryObjects(d.objectRows([]string{manager}))
	found.single = true
	return found, nil
}

func putManager(d *directory, t *Tenant, c *call) (answer, error) {
	id, refusal := readReference(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	user, err := d.user(c.vars[0])
	var manager mfa.User
	if err == nil {
		manager, err = d.user(id)
	}
	if err == nil {
		managerPlace.put(t, d, user.ID, manager.ID)
	}
	return answer{}, err
}

func deleteManager(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	if _, known := d.managers.get(user.ID); !known {
		return answer{}, notFound("manager")
	}
	managerPlace.remove(t, d, user.ID)
	return answer{}, nil
}

func listReports(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	return directoryObjects(d.objectRows(d.reportsOf(user.ID))), err
}

// objectRows are the objects of these ids that exist, each with its type: accounts
// first, then groups, service principals, applications.
func (d *directory) objectRows(ids []string) []object {
	users, groups := d.split(ids)
	rows := slices.Concat(typed(userType, d.userRows(users)), typed(groupType, objectsOf(groups)))
	for _, registrations := range []struct {
		kind string
		rows table[registration]
	}{{principalType, d.principals}, {applicationType, d.registered}} {
		for _, id := range ids {
			if found, ok := registrations.rows.get(id); ok {
				rows = append(rows, typed(registrations.kind, []object{found.row})...)
			}
		}
	}
	return rows
}
