package graphfake

import (
	"net/http"

	"github.com/entramfa/entramfa/internal/guid"
)

var (
	applicationFilters = []string{"id", "appId", "displayName", "signInAudience", "publisherDomain", "identifierUris:any", "tags:any"}
	principalFilters   = []string{"id", "appId", "displayName", "servicePrincipalType", "accountEnabled", "servicePrincipalNames:any", "tags:any"}
)

// applicationRoutes are the calls about applications, service principals and their app roles.
var applicationRoutes = []route{
	{method: "GET", path: "/applications", permissions: readAppObjects, options: listOptions, filterable: applicationFilters, serve: listApplications},
	{method: "POST", path: "/applications", permissions: writeAppObjects, success: created, serve: postApplication},
	{method: "GET", path: "/applications/{}", permissions: readAppObjects, options: entityOptions, serve: getApplication},
	{method: "PATCH", path: "/applications/{}", permissions: writeAppObjects, success: done, serve: patchApplication},
	{method: "DELETE", path: "/applications/{}", permissions: writeAppObjects, success: done, serve: deleteApplication},
	{method: "POST", path: "/applications/{}/addPassword", aliases: []string{"/applications/{}/microsoft.graph.addPassword"},
		permissions: writeAppObjects, success: http.StatusOK, serve: addPassword(writtenApplication)},
	{method: "POST", path: "/applications/{}/removePassword", aliases: []string{"/applications/{}/microsoft.graph.removePassword"},
		permissions: writeAppObjects, success: done, serve: removePassword(writtenApplication)},
	{method: "GET", path: "/applications/{}/owners", permissions: readAppObjects, options: memberOptions, serve: listOwners(applicationID)},
	{method: "POST", path: "/applications/{}/owners/$ref", permissions: writeAppObjects, success: done, serve: postOwner(applicationID)},
	{method: "DELETE", path: "/applications/{}/owners/{}/$ref", permissions: writeAppObjects, success: done, serve: deleteOwner(applicationID)},

	{method: "GET", path: "/servicePrincipals", permissions: readAppObjects, options: listOptions, filterable: principalFilters, serve: listPrincipals},
	{method: "POST", path: "/servicePrincipals", permissions: writeAppObjects, success: created, serve: postPrincipal},
	{method: "GET", path: "/servicePrincipals/{}", permissions: readAppObjects, options: entityOptions, serve: getPrincipal},
	{method: "PATCH", path: "/servicePrincipals/{}", permissions: writeAppObjects, success: done, serve: patchPrincipal},
	{method: "DELETE", path: "/servicePrincipals/{}", permissions: writeAppObjects, success: done, serve: deletePrincipal},
	{method: "POST", path: "/servicePrincipals/{}/addPassword", aliases: []string{"/servicePrincipals/{}/microsoft.graph.addPassword"},
		permissions: writeAppObjects, success: http.StatusOK, serve: addPassword(writtenPrincipal)},
	{method: "POST", path: "/servicePrincipals/{}/removePassword", aliases: []string{"/servicePrincipals/{}/microsoft.graph.removePassword"},
		permissions: writeAppObjects, success: done, serve: removePassword(writtenPrincipal)},
	{method: "GET", path: "/servicePrincipals/{}/owners", permissions: readAppObjects, options: memberOptions, serve: listOwners(principalID)},
	{method: "POST", path: "/servicePrincipals/{}/owners/$ref", permissions: writeAppObjects, success: done, serve: postOwner(principalID)},
	{method: "DELETE", path: "/servicePrincipals/{}/owners/{}/$ref", permissions: writeAppObjects, success: done, serve: deleteOwner(principalID)},
	{method: "GET", path: "/servicePrincipals/{}/memberOf", permissions: readAppObjects, options: memberOptions, serve: aroundPrincipal(false)},
	{method: "GET", path: "/servicePrincipals/{}/transitiveMemberOf", permissions: readAppObjects, options: memberOptions, serve: aroundPrincipal(true)},

	{method: "GET", path: "/servicePrincipals/{}/appRoleAssignments", permissions: readAppObjects, options: memberOptions, serve: listGrants(byPrincipal)},
	{method: "POST", path: "/servicePrincipals/{}/appRoleAssignments", permissions: writeAppRoles, success: created, serve: postGrant("principalId")},
	{method: "GET", path: "/servicePrincipals/{}/appRoleAssignments/{}", permissions: readAppObjects, options: entityOptions, serve: getGrant(byPrincipal)},
	{method: "DELETE", path: "/servicePrincipals/{}/appRoleAssignments/{}", permissions: writeAppRoles, success: done, serve: deleteGrant(byPrincipal)},
	{method: "GET", path: "/servicePrincipals/{}/appRoleAssignedTo", permissions: readAppObjects, options: memberOptions, serve: listGrants(byResource)},
	{method: "POST", path: "/servicePrincipals/{}/appRoleAssignedTo", permissions: writeAppRoles, success: created, serve: postGrant("resourceId")},
	{method: "GET", path: "/servicePrincipals/{}/appRoleAssignedTo/{}", permissions: readAppObjects, options: entityOptions, serve: getGrant(byResource)},
	{method: "DELETE", path: "/servicePrincipals/{}/appRoleAssignedTo/{}", permissions: writeAppRoles, success: done, serve: deleteGrant(byResource)},
}

const (
	applicationKind = "microsoft.graph.application"
	principalKind   = "microsoft.graph.servicePrincipal"
)

func listApplications(d *directory, t *Tenant, c *call) (answer, error) {
	return list("applications", applicationKind, applicationShape, d.registrationRows(d.registered), nil)
}

func oneApplication(row object, err error) (answer, error) {
	return entity("applications", applicationKind, applicationShape, row, err)
}

func getApplication(d *directory, t *Tenant, c *call) (answer, error) {
	app, err := d.application(c.vars[0])
	return oneApplication(d.registrationRow(app), err)
}

func postApplication(d *directory, t *Tenant, c *call) (answer, error) {
	return oneApplication(t.createApplication(d, c))
}

func patchApplication(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.updateApplication(d, c)
}

func deleteApplication(d *directory, t *Tenant, c *call) (answer, error) {
	app, err := writtenApplication(d, c)
	if err == nil {
		t.binApplication(d, app)
	}
	return answer{}, err
}

func applicationID(d *directory, key string) (string, error) {
	app, err := d.application(key)
	return app.id, err
}

// writing finds the object that a write is about, and asks whether the caller may write it.
type writing func(*directory, *call) (registration, error)

func writtenApplication(d *directory, c *call) (registration, error) {
	app, err := d.application(c.vars[0])
	if err == nil {
		err = d.mayWriteObject(c, app)
	}
	return app, err
}

func writtenPrincipal(d *directory, c *call) (registration, error) { return d.ownPrincipal(c) }

func addPassword(of writing) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		found, err := of(d, c)
		if err != nil {
			return answer{}, err
		}
		row, err := t.addSecret(d, found.id, c.body)
		return c.complexValue("microsoft.graph.passwordCredential", row), err
	}
}

func removePassword(of writing) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		found, err := of(d, c)
		if err != nil {
			return answer{}, err
		}
		return answer{}, t.removeSecret(d, found.id, c.body)
	}
}

func listPrincipals(d *directory, t *Tenant, c *call) (answer, error) {
	rows := d.allPrincipals()
	for i, row := range rows {
		rows[i] = c.withRoles(d.registrationRow(registrationOf(row)))
	}
	return list("servicePrincipals", principalKind, principalShape, rows, nil)
}

func onePrincipal(row object, err error) (answer, error) {
	return entity("servicePrincipals", principalKind, principalShape, row, err)
}

func getPrincipal(d *directory, t *Tenant, c *call) (answer, error) {
	principal, err := d.servicePrincipal(c.vars[0])
	return onePrincipal(c.withRoles(d.registrationRow(principal)), err)
}

func postPrincipal(d *directory, t *Tenant, c *call) (answer, error) {
	return onePrincipal(t.createPrincipal(d, c))
}

func patchPrincipal(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.updatePrincipal(d, c)
}

func deletePrincipal(d *directory, t *Tenant, c *call) (answer, error) {
	principal, err := d.ownPrincipal(c)
	if err == nil {
		t.binPrincipal(d, principal)
	}
	return answer{}, err
}

func principalID(d *directory, key string) (string, error) {
	principal, err := d.servicePrincipal(key)
	return principal.id, err
}

// aroundPrincipal answers the groups and roles of a service principal.
func aroundPrincipal(transitive bool) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		principal, err := d.servicePrincipal(c.vars[0])
		groups := d.parents(principal.id)
		if transitive {
			groups = d.ancestors(principal.id)
		}
		rows := append(typed(groupType, objectsOf(groups)), d.directoryRoles(principal.id, groups, transitive)...)
		return hideGroups(c, directoryObjects(rows)), err
	}
}

// App roles that are assigned.

// side says whether a grant hangs on a service principal: as the one that has it, or as the resource.
type side func(g roleGrant, id string) bool

func byPrincipal(g roleGrant, id string) bool { return sameText(g.principal, id) }
func byResource(g roleGrant, id string) bool  { return sameText(g.resource, id) }

const grantKind = "microsoft.graph.appRoleAssignment"

func grantContext(c *call) string { return "servicePrincipals('" + c.vars[0] + "')/appRoleAssignments" }

// grantRow is an app role as Graph writes it.
func (d *directory) grantRow(g roleGrant) object {
	row := object{{"id", raw(g.id())}, {"appRoleId", raw(g.role)}, {"createdDateTime", raw(second(g.at))}, {"principalId", raw(g.principal)}, {"resourceId", raw(g.resource)}}
	if principal, err := d.findMember(g.principal); err == nil {
		row = row.with("principalDisplayName", raw(principal.text("displayName"))).with("principalType", raw(grantee(principal.text("@odata.type"))))
	}
	if resource, err := d.servicePrincipal(g.resource); err == nil {
		row = row.with("resourceDisplayName", raw(resource.row.text("displayName")))
	}
	return row
}

func grantee(kind string) string {
	switch kind {
	case userType:
		return "User"
	case groupType:
		return "Group"
	}
	return "ServicePrincipal"
}

func listGrants(of side) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		principal, err := d.servicePrincipal(c.vars[0])
		rows := []object{}
		for _, g := range d.grants.each() {
			if of(g, principal.id) {
				rows = append(rows, d.grantRow(g))
			}
		}
		return list(grantContext(c), grantKind, roleGrantShape, rows, err)
	}
}

// findGrant finds the grant of a path.
func (d *directory) findGrant(c *call, of side) (roleGrant, error) {
	principal, err := d.servicePrincipal(c.vars[0])
	if err != nil {
		return roleGrant{}, err
	}
	for _, g := range d.grants.each() {
		if of(g, principal.id) && g.id() == c.vars[1] {
			return g, nil
		}
	}
	return roleGrant{}, notFound(c.vars[1])
}

func getGrant(of side) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		g, err := d.findGrant(c, of)
		return entity(grantContext(c), grantKind, roleGrantShape, d.grantRow(g), err)
	}
}

func deleteGrant(of side) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		g, err := d.findGrant(c, of)
		if err == nil {
			t.eraseGrant(d, g)
		}
		return answer{}, err
	}
}

// postGrant assigns an app role; what the path names, the body must name too.
// Source: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments.
func postGrant(named string) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		g, err := d.readGrant(t, c, named)
		if err != nil {
			return answer{}, err
		}
		t.writeGrant(d, g)
		return entity(grantContext(c), grantKind, roleGrantShape, d.grantRow(g), nil)
	}
}

func (d *directory) readGrant(t *Tenant, c *call, named string) (roleGrant, error) {
	body, refusal := readBodyObject(c.body)
	if refusal != nil {
		return roleGrant{}, refusal
	}
	for _, m := range body {
		if m.name != "principalId" && m.name != "resourceId" && m.name != "appRoleId" && !isAnnotation(m.name) {
			return roleGrant{}, badRequest("Property '%s' does not exist as a declared property or extension property.", m.name)
		}
	}
	for _, name := range []string{"principalId", "resourceId", "appRoleId"} {
		if !guid.Is(body.text(name)) {
			return roleGrant{}, badRequest("Invalid value specified for property '%s' of resource 'AppRoleAssignment'.", name)
		}
	}
	at, err := d.servicePrincipal(c.vars[0])
	if err != nil {
		return roleGrant{}, err
	}
	if !sameText(body.text(named), at.id) {
		return roleGrant{}, badRequest("Invalid value specified for property '%s' of resource 'AppRoleAssignment'.", named)
	}
	return d.newGrant(t, c, body)
}

// newGrant judges what is to be assigned.
func (d *directory) newGrant(t *Tenant, c *call, body object) (roleGrant, error) {
	principal, err := d.findMember(body.text("principalId"))
	if err != nil {
		return roleGrant{}, err
	}
	resource, err := d.servicePrincipal(body.text("resourceId"))
	if err != nil {
		return roleGrant{}, err
	}
	resource.row = c.withRoles(resource.row)
	value, found := roleAt(resource, body.text("appRoleId"))
	if !found {
		return roleGrant{}, badRequest("Permission being assigned was not found on application '%s'.", resource.appID)
	}
	g := roleGrant{principal: principal.text("id"), resource: resource.id, role: fold(body.text("appRoleId")), value: value, at: t.now()}
	if _, there := d.grants.get(g.id()); there {
		return roleGrant{}, badRequest("Permission being assigned already exists on the object")
	}
	return g, nil
}
