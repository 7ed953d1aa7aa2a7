package graphfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// objectRoutes are the calls about objects of any type: one of them, where it is a
// member, and what was deleted.
var objectRoutes = slices.Concat(
	[]route{
		{method: "GET", path: "/directoryObjects/{}", permissions: readAnyObject, options: entityOptions, serve: getObject},
		{method: "DELETE", path: "/directoryObjects/{}", permissions: deleteObjects, success: done, serve: deleteObject},
	},
	membershipRoutes("/users/{}"), membershipRoutes("/groups/{}"), membershipRoutes("/directoryObjects/{}"), membershipRoutes("/servicePrincipals/{}"),
	binRoutes("user", userType, readBinnedUsers), binRoutes("group", groupType, readGroups),
	binRoutes("application", applicationType, readAppObjects), binRoutes("servicePrincipal", principalType, readAppObjects),
	[]route{
		{method: "GET", path: "/directory/deletedItems/{}", permissions: readBin, options: entityOptions, serve: getBinned},
		{method: "DELETE", path: "/directory/deletedItems/{}", permissions: writeBin, success: done, serve: purgeBinned},
		{method: "POST", path: "/directory/deletedItems/{}/restore", aliases: []string{"/directory/deletedItems/{}/microsoft.graph.restore"},
			permissions: writeBin, success: http.StatusOK, serve: restoreBinned},
	},
)

// membershipRoutes are the questions where an object is a member.
func membershipRoutes(path string) []route {
	question := func(name string, serve func(*directory, *Tenant, *call) (answer, error)) route {
		return route{method: "POST", path: path + "/" + name, aliases: []string{path + "/microsoft.graph." + name}, permissions: readMembership, serve: serve}
	}
	return []route{
		question("checkMemberGroups", checkMember(false)), question("checkMemberObjects", checkMember(true)),
		question("getMemberGroups", getMember(false)), question("getMemberObjects", getMember(true)),
	}
}

func binRoutes(name, kind string, permissions []string) []route {
	return []route{{method: "GET", path: "/directory/deletedItems/microsoft.graph." + name, permissions: permissions,
		options: []string{"select", "top", "count", "filter"}, filterable: []string{"id", "displayName", "userPrincipalName", "appId"}, serve: listBinned(kind)}}
}

// findObject finds an object of any type.
func (d *directory) findObject(id string) (object, error) {
	rows := d.objectRows([]string{id})
	if len(rows) == 0 && d.held != nil {
		return nil, d.held.missing("the object "+id, userFile+", or "+groupFile)
	}
	if len(rows) == 0 {
		return nil, notFound(id)
	}
	return rows[0], nil
}

func getObject(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.findObject(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	if refusal := c.mayRead(row.text("@odata.type")); refusal != nil {
		return answer{}, refusal
	}
	found := directoryObjects([]object{row})
	found.single = true
	return found, nil
}

// mayRead asks for the permission to read objects of a type.
func (c *call) mayRead(kind string) error { return c.may(readsOfKind, kind) }

// may asks for the permission that a type of object wants.
func (c *call) may(permissions map[string][]string, kind string) error {
	if granted(c.roles, permissions[kind]) {
		return nil
	}
	return denied403()
}

func deleteObject(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.findObject(c.vars[0])
	if err == nil {
		err = c.may(deletesOfKind, row.text("@odata.type"))
	}
	if err != nil {
		return answer{}, err
	}
	switch row.text("@odata.type") {
	case userType:
		return deleteUser(d, t, c)
	case groupType:
		return deleteGroup(d, t, c)
	case principalType:
		return deletePrincipal(d, t, c)
	}
	return deleteApplication(d, t, c)
}

// memberships are the ids of the groups, and of the roles, in which an object is, direct and nested.
func (d *directory) memberships(id string, roles, securityOnly bool) ([]string, error) {
	row, err := d.findMember(id)
	if err != nil {
		return nil, err
	}
	groups, err := d.groupsAroundObject(row)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, group := range groups {
		if !securityOnly || group.SecurityEnabled != nil && *group.SecurityEnabled {
			ids = append(ids, group.ID)
		}
	}
	if roles {
		for _, role := range d.directoryRoles(row.text("id"), groups, true) {
			ids = append(ids, role.text("id"))
		}
	}
	return ids, nil
}

// findMember finds an object, an account by its name too.
func (d *directory) findMember(key string) (object, error) {
	if user, err := d.user(key); err == nil {
		return typed(userType, []object{objectOf(user)})[0], nil
	}
	if found, err := d.servicePrincipal(key); err == nil {
		return typed(principalType, []object{found.row})[0], nil
	}
	return d.findObject(key)
}

func (d *directory) groupsAroundObject(row object) ([]policy.Group, error) {
	id := row.text("id")
	switch row.text("@odata.type") {
	case userType:
		return d.transitiveMemberOf(id)
	case groupType:
		return d.around(id)
	}
	return d.ancestors(id), nil
}

// mostChecked is how many ids one question names.
// Source: https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups.
const mostChecked = 20

// checkMember answers those of the ids, of groups or of groups and roles, in which an object is.
func checkMember(roles bool) func(*directory, *Tenant, *call) (answer, error) {
	name := "groupIds"
	if roles {
		name = "ids"
	}
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		asked, err := readParameter[[]string](c.body, name)
		switch {
		case err != nil:
			return answer{}, err
		case len(asked) > mostChecked:
			return answer{}, badRequest("Too many ids specified: %d. At most %d are allowed.", len(asked), mostChecked) // the words are not published
		}
		held, err := d.memberships(c.vars[0], roles, false)
		if err != nil {
			return answer{}, err
		}
		found := []string{}
		for _, id := range asked {
			if containsFold(held, id) {
				found = append(found, id)
			}
		}
		return c.value("Collection(Edm.String)", found), nil
	}
}

// getMember answers the ids of the groups, and of the roles, in which an object is.
func getMember(roles bool) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		only, err := readParameter[bool](c.body, "securityEnabledOnly")
		if err != nil {
			return answer{}, err
		}
		held, err := d.memberships(c.vars[0], roles, only)
		if err != nil {
			return answer{}, err
		}
		return c.value("Collection(Edm.String)", held), nil
	}
}

// readParameter reads the one parameter of an action.
func readParameter[T any](body []byte, name string) (value T, err error) {
	parsed, refusal := readBodyObject(body)
	if refusal != nil {
		return value, refusal
	}
	for _, m := range parsed {
		if m.name != name && !isAnnotation(m.name) {
			return value, badRequest("The parameter '%s' in the request payload is not a valid parameter for the operation.", m.name)
		}
	}
	if !parsed.given(name) || json.Unmarshal(parsed.get(name), &value) != nil {
		return value, badRequest("Invalid value specified for property '%s' of the operation.", name)
	}
	return value, nil
}

// What was deleted.

func listBinned(kind string) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		rows := []object{}
		for _, o := range t.restorableObjects(d, kind) {
			rows = append(rows, o.shown())
		}
		found := answer{context: entitySets[kind], kind: strings.TrimPrefix(kind, "#"), shape: shapeOfType(object{{"@odata.type", raw(kind)}}), rows: rows}
		if kind == userType {
			found.defaults = append(slices.Clip(defaultUserMembers), "deletedDateTime")
		}
		return found, nil
	}
}

// entitySets are the entity sets of types.
var entitySets = map[string]string{userType: "users", groupType: "groups", applicationType: "applications", principalType: "servicePrincipals"}

// binnedFor finds what was deleted, and asks for the permission for its type.
func (t *Tenant) binnedFor(d *directory, c *call, permissions map[string][]string) (deletedObject, error) {
	o, err := t.deletedObject(d, c.vars[0])
	if err == nil {
		err = c.may(permissions, o.kind)
	}
	return o, err
}

func oneBinned(kind string, row object, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	found := directoryObjects(typed(kind, []object{row}))
	found.single = true
	return found, nil
}

func getBinned(d *directory, t *Tenant, c *call) (answer, error) {
	o, err := t.binnedFor(d, c, readsOfKind)
	return oneBinned(o.kind, o.shown(), err)
}

func restoreBinned(d *directory, t *Tenant, c *call) (answer, error) {
	o, err := t.binnedFor(d, c, restoresOfKind)
	if err == nil {
		err = checkRestore(c.body)
	}
	if err == nil && o.kind == userType {
		err = t.mayManage(d, c.who, mfa.User{ID: o.id()}, mayReset, denied())
	}
	if err == nil {
		o, err = t.restoreObject(d, c.vars[0])
	}
	return oneBinned(o.kind, o.row, err)
}

// checkRestore: the body may be absent, or say how conflicting addresses are settled.
// Source: https://learn.microsoft.com/graph/api/directory-deleteditems-restore.
func checkRestore(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	parsed, refusal := readBodyObject(body)
	if refusal != nil {
		return refusal
	}
	for _, m := range parsed {
		if m.name != "autoReconcileProxyConflict" || string(m.value) != "true" && string(m.value) != "false" {
			return badRequest("The parameter '%s' in the request payload is not a valid parameter for the operation 'restore'.", m.name)
		}
	}
	return nil
}

func purgeBinned(d *directory, t *Tenant, c *call) (answer, error) {
	o, err := t.binnedFor(d, c, deletesOfKind)
	if err == nil {
		err = t.purgeObject(d, o.id())
	}
	return answer{}, err
}
