package graphfake

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// What stands behind each route. The caller holds Tenant.mu.

// objectsOf turns what a read of the state returned into rows.
func objectsOf[T any](resources []T) []object {
	rows := make([]object, len(resources))
	for i, resource := range resources {
		rows[i] = objectOf(resource)
	}
	return rows
}

func rowsOf[T any](resources []T, err error) ([]object, error) { return objectsOf(resources), err }

// list answers a collection.
func list(context, kind string, s shape, rows []object, err error) (answer, error) {
	return answer{context: context, kind: kind, shape: s, rows: rows}, err
}

// entity answers one object.
func entity(context, kind string, s shape, row any, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return answer{context: context, kind: kind, shape: s, rows: []object{objectOf(row)}, single: true}, nil
}

const (
	policiesPath  = "identity/conditionalAccess/policies"
	locationsPath = "identity/conditionalAccess/namedLocations"
	strengthsPath = "policies/authenticationStrengthPolicies"
	defaultsPath  = "/policies/identitySecurityDefaultsEnforcementPolicy"
	rolesPath     = "roleManagement/directory/"
)

func listPolicies(d *directory, t *Tenant, c *call) (answer, error) {
	source, err := d.policySource(c.version)
	found, err := list(policiesPath, "microsoft.graph.conditionalAccessPolicy", policyShape, nil, err)
	found.source, found.finish = source, strengthContext(c)
	return found, err
}

func getPolicy(d *directory, t *Tenant, c *call) (answer, error) {
	p, err := d.heldPolicy(c.version, c.vars[0])
	return onePolicy(c, p, err)
}

func onePolicy(c *call, p policy.Policy, err error) (answer, error) {
	found, err := entity(policiesPath, "microsoft.graph.conditionalAccessPolicy", policyShape, p, err)
	found.finish = strengthContext(c)
	return found, err
}

// strengthContext puts authenticationStrength@odata.context beside authenticationStrength, as the service does.
func strengthContext(c *call) func(object) object {
	return func(p object) object {
		grant, err := parseObject(p.get("grantControls"))
		if err != nil || viewOf(c.version, c.header).metadata == "none" {
			return p
		}
		context := raw(fmt.Sprintf("%s/%s/$metadata#%s('%s')/grantControls/authenticationStrength/$entity",
			c.base, c.version, policiesPath, p.text("id")))
		at := slices.IndexFunc(grant, func(m member) bool { return m.name == "authenticationStrength" })
		if at < 0 {
			return p
		}
		return p.with("grantControls", raw(slices.Insert(grant, at, member{"authenticationStrength@odata.context", context})))
	}
}

func listLocations(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := rowsOf(d.namedLocations())
	return list(locationsPath, "microsoft.graph.namedLocation", locationShape, rows, err)
}

func getLocation(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.held.need(d.held.whole(factLocations), "named locations", locationFile); err != nil {
		return answer{}, err
	}
	location, err := d.location(c.vars[0])
	return oneLocation(location, err)
}

func oneLocation(location policy.NamedLocation, err error) (answer, error) {
	return entity(locationsPath, "microsoft.graph.namedLocation", locationShape, location, err)
}

func listStrengths(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := rowsOf(d.authenticationStrengths())
	return list(strengthsPath, "microsoft.graph.authenticationStrengthPolicy", strengthShape, rows, err)
}

func getStrength(d *directory, t *Tenant, c *call) (answer, error) {
	strength, ok := d.strength(c.vars[0])
	if !ok {
		return answer{}, notFoundCA("AuthenticationStrengthPolicy", c.vars[0])
	}
	return entity(strengthsPath, "microsoft.graph.authenticationStrengthPolicy", strengthShape, strength, nil)
}

func getDefaults(d *directory, t *Tenant, c *call) (answer, error) {
	defaults, err := d.securityDefaults()
	return entity("policies/identitySecurityDefaultsEnforcementPolicy",
		"microsoft.graph.identitySecurityDefaultsEnforcementPolicy", defaultsShape, defaults, err)
}

func listUsers(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.held.need(d.users.len() > 0, "any user", userFile); err != nil {
		return answer{}, err
	}
	found, err := list("users", "microsoft.graph.user", userShape, nil, nil)
	found.source, found.defaults = d.userSource(c.options.filter), defaultUserMembers
	return found, err
}

func getUser(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	found, err := entity("users", "microsoft.graph.user", userShape, d.userRow(user), err)
	found.defaults = defaultUserMembers
	return found, err
}

// memberships answers the groups of a user, and without a cast its directory roles as well.
func memberships(transitive, cast bool) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		groups, err := d.memberOf(c.vars[0])
		if transitive {
			groups, err = d.transitiveMemberOf(c.vars[0])
		}
		if err != nil {
			return answer{}, err
		}
		rows := objectsOf(groups)
		if cast {
			return hideGroups(c, answer{context: "groups", kind: "microsoft.graph.group", shape: groupShape, rows: rows}), nil
		}
		user, err := d.user(c.vars[0])
		if err != nil {
			return answer{}, err
		}
		rows = append(typed(groupType, rows), d.directoryRoles(user.ID, groups, transitive)...)
		return hideGroups(c, directoryObjects(rows)), nil
	}
}

// directoryRoles answers the roles that memberOf lists: active and tenant-wide.
func (d *directory) directoryRoles(userID string, groups []policy.Group, transitive bool) []object {
	holders := []string{userID}
	if transitive {
		for _, group := range groups {
			holders = append(holders, group.ID)
		}
	}
	var rows []object
	for _, role := range d.rolesOf(&d.assignments, holders...) {
		if !role.TenantWide() || role.RoleDefinition == nil {
			continue
		}
		rows = append(rows, object{
			{"@odata.type", raw(directoryRoleType)},
			{"id", raw(directoryRoleID(role.RoleDefinitionID))},
			{"displayName", raw(role.RoleDefinition.DisplayName)},
			{"roleTemplateId", raw(role.RoleDefinitionID)},
		})
	}
	return rows
}

// directoryRoleID is the id that a tenant gives an activated role. It is not the
// template id, which is the one that policies name.
func directoryRoleID(templateID string) string {
	sum := sha256.Sum256([]byte(templateID))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // version 4, RFC 4122
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// directoryObjects answers objects of several types, each with its own @odata.type.
func directoryObjects(rows []object) answer {
	return answer{
		context: "directoryObjects", kind: "microsoft.graph.directoryObject", shape: slices.Concat(userShape, groupShape, directoryRoleShape, principalShape, applicationShape),
		rows: rows, shapeOf: shapeOfType,
	}
}

func shapeOfType(o object) shape {
	switch o.text("@odata.type") {
	case userType:
		return userShape
	case directoryRoleType:
		return directoryRoleShape
	case principalType:
		return principalShape
	case applicationType:
		return applicationShape
	}
	return groupShape
}

// hideGroups leaves of the groups only id and type when the token can't read groups.
// Source: https://learn.microsoft.com/graph/api/user-list-transitivememberof.
func hideGroups(c *call, a answer) answer {
	if granted(c.roles, readGroups) {
		return a
	}
	a.rows = slices.Clone(a.rows)
	for i, o := range a.rows {
		if kind := o.text("@odata.type"); kind == "" || kind == groupType {
			a.rows[i] = slices.DeleteFunc(slices.Clone(o), func(m member) bool { return m.name != "id" && m.name != "@odata.type" })
		}
	}
	return a
}

// typed puts @odata.type before each object.
func typed(kind string, rows []object) []object {
	for i, o := range rows {
		rows[i] = append(object{{"@odata.type", raw(kind)}}, o.without("@odata.type")...)
	}
	return rows
}

func listGroups(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.held.need(d.groups.len() > 0, "any group", groupFile); err != nil {
		return answer{}, err
	}
	found, err := list("groups", "microsoft.graph.group", groupShape, nil, nil)
	found.source = d.groups.pinned(c.options.filter).source(nil)
	return found, err
}

func getGroup(d *directory, t *Tenant, c *call) (answer, error) {
	group, err := d.group(c.vars[0])
	return entity("groups", "microsoft.graph.group", groupShape, group, err)
}

// members answers who is in a group, of one type or of all.
func members(transitive bool, kind string) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		_, err := d.memberGroups(c.vars[0])
		ids := d.members.at(c.vars[0]).all()
		if transitive {
			err, ids = d.everyoneHeld(c.vars[0]), d.descendants(c.vars[0])
		}
		if err != nil {
			return answer{}, err
		}
		if d.hidesMembers(c, c.vars[0]) {
			ids = nil
		}
		if kind == "" {
			return directoryObjects(d.objectRows(ids)), nil
		}
		users, groups := d.split(ids)
		switch kind {
		case userType:
			return answer{context: "users", kind: "microsoft.graph.user", shape: userShape, rows: d.userRows(users), defaults: defaultUserMembers}, nil
		case groupType:
			return answer{context: "groups", kind: "microsoft.graph.group", shape: groupShape, rows: objectsOf(groups)}, nil
		}
		return answer{}, noSegment(kind)
	}
}

// hidesMembers says whether a group shows an empty list in the place of its
// members. What it does there without the permission is documented for memberOf
// alone, from which such groups are missing:
// https://github.com/microsoftgraph/microsoft-graph-docs/issues/12552.
func (d *directory) hidesMembers(c *call, groupID string) bool {
	group, _ := d.groups.get(groupID)
	hidden := strings.EqualFold(objectOf(group).text("visibility"), "HiddenMembership")
	return hidden && !granted(c.roles, []string{"Member.Read.Hidden"})
}

func (d *directory) split(ids []string) (users []mfa.User, groups []policy.Group) {
	for _, id := range ids {
		if user, ok := d.users.get(id); ok {
			users = append(users, user)
		} else if group, ok := d.groups.get(id); ok {
			groups = append(groups, group)
		}
	}
	return users, groups
}

func listMethods(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := d.methodRows(c.vars[0], anyMethod)
	rows = t.withUsability(d, c.vars[0], rows)
	return list("users('"+c.vars[0]+"')/authentication/methods", "microsoft.graph.authenticationMethod", methodShape, rows, err)
}

func getRequirements(d *directory, t *Tenant, c *call) (answer, error) {
	requirements, err := d.requirementsOf(c.vars[0])
	return entity("users('"+c.vars[0]+"')/authentication/requirements", "microsoft.graph.strongAuthenticationRequirements", requirementShape, requirements, err)
}

func listSKUs(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := rowsOf(d.subscribedSKUs())
	return list("subscribedSkus", "microsoft.graph.subscribedSku", skuShape, rows, err)
}

func listOrganization(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.organizationRow(t.ID())
	return list("organization", "microsoft.graph.organization", tenantShape, []object{row}, err)
}

func listDomains(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.held.need(d.held.whole(factDomains), "domains", domainFile); err != nil {
		return answer{}, err
	}
	return list("domains", "microsoft.graph.domain", domainShape, objectsOf(d.domains.all()), nil)
}

func getDomain(d *directory, t *Tenant, c *call) (answer, error) {
	domain, err := d.domain(c.vars[0])
	return entity("domains", "microsoft.graph.domain", domainShape, domain, err)
}

// expandRoles renders assignments, each with what $expand asks for.
func (d *directory) expandRoles(c *call, roles []policy.RoleAssignment) ([]object, error) {
	for _, name := range c.options.expand {
		if !containsFold([]string{"principal", "roleDefinition"}, name) {
			return nil, graphError(400, "BadRequest",
				"Parsing OData Select and Expand failed: Could not find a property named '%s' on type 'microsoft.graph.unifiedRoleAssignment'.", name)
		}
	}
	rows := make([]object, len(roles))
	for i, role := range roles {
		full := d.expandRole(role)
		rows[i] = objectOf(role).without("principal", "roleDefinition")
		if containsFold(c.options.expand, "principal") {
			rows[i] = rows[i].with("principal", c.options.narrowed("principal", d.expandedPrincipal(full)))
		}
		if containsFold(c.options.expand, "roleDefinition") && full.RoleDefinition != nil {
			rows[i] = rows[i].with("roleDefinition",
				c.options.narrowed("roleDefinition", raw(definitionShape.show(objectOf(*full.RoleDefinition), view{version: c.version}))))
		}
	}
	return rows, nil
}

func (d *directory) expandedPrincipal(role policy.RoleAssignment) json.RawMessage {
	if user, ok := d.users.get(role.PrincipalID); ok {
		return raw(typed(userType, []object{objectOf(user)})[0])
	}
	if group, ok := d.groups.get(role.PrincipalID); ok {
		return raw(typed(groupType, []object{objectOf(group)})[0])
	}
	return raw(role.Principal)
}

func listAssignments(d *directory, t *Tenant, c *call) (answer, error) {
	roles := d.assignments.all()
	if err := d.rolesHeld(c, factRoles, "role assignments", roleFile); err != nil {
		return answer{}, err
	}
	rows, err := d.expandRoles(c, roles)
	return list(rolesPath+"roleAssignments", "microsoft.graph.unifiedRoleAssignment", roleAssignmentShape, untimed(rows), err)
}

// rolesHeld says whether an export can answer a list of roles: all of them, or those of the one user that $filter names.
func (d *directory) rolesHeld(c *call, about fact, what, file string) error {
	if principal, ok := c.options.filter.equal("principalId"); ok {
		if user, err := d.user(principal); err == nil {
			return d.held.needOf(about, user)
		}
	}
	return d.held.need(d.held.whole(about), what, file)
}

func listTransitiveAssignments(d *directory, t *Tenant, c *call) (answer, error) {
	principal, ok := c.options.filter.equal("principalId")
	if !ok {
		return answer{}, badRequest("The request must be filtered by principalId.")
	}
	roles, err := d.roleAssignments(principal)
	if err != nil {
		return answer{}, err
	}
	rows, err := d.expandRoles(c, roles)
	found, err := list(rolesPath+"transitiveRoleAssignments", "microsoft.graph.unifiedRoleAssignment", roleAssignmentShape, untimed(rows), err)
	found.filtered = true
	return found, err
}

// withMember gives each object a member where it has none.
func withMember(rows []object, name, value string) []object {
	for i, o := range rows {
		if o.get(name) == nil {
			rows[i] = o.with(name, raw(value))
		}
	}
	return rows
}

func listDefinitions(d *directory, t *Tenant, c *call) (answer, error) {
	rows := []object{}
	for _, definition := range d.allDefinitions() {
		rows = append(rows, definitionRow(definition))
	}
	return list(rolesPath+"roleDefinitions", "microsoft.graph.unifiedRoleDefinition", definitionShape, rows, nil)
}

func getDefinition(d *directory, t *Tenant, c *call) (answer, error) {
	definition, ok := d.definition(c.vars[0])
	if !ok {
		return answer{}, notFound(c.vars[0])
	}
	return entity(rolesPath+"roleDefinitions", "microsoft.graph.unifiedRoleDefinition", definitionShape, definitionRow(definition), nil)
}

// getByIDs answers those of at most 1000 ids that exist.
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids.
func getByIDs(d *directory, t *Tenant, c *call) (answer, error) {
	ids, types, err := readIDs(c.body)
	if err != nil {
		return answer{}, err
	}
	if _, err := d.objectsByID(ids); err != nil {
		return answer{}, err
	}
	rows := slices.DeleteFunc(d.objectRows(ids), func(o object) bool {
		name, _ := strings.CutPrefix(o.text("@odata.type"), "#microsoft.graph.")
		return len(types) > 0 && !containsFold(types, name) && !containsFold(types, "directoryObject")
	})
	return directoryObjects(rows), nil
}

func readIDs(body []byte) (ids, types []string, err error) {
	parsed, wrong := parseObject(body)
	if wrong != nil {
		return nil, nil, graphError(400, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	for _, m := range parsed {
		switch strings.ToLower(m.name) {
		case "ids":
			wrong = json.Unmarshal(m.value, &ids)
		case "types":
			wrong = json.Unmarshal(m.value, &types)
		default:
			return nil, nil, badRequest("The parameter '%s' in the request payload is not a valid parameter for the operation 'getByIds'.", m.name)
		}
		if wrong != nil {
			return nil, nil, badRequest("Invalid value specified for property '%s' of the operation 'getByIds'.", m.name)
		}
	}
	if len(ids) > 1000 {
		return nil, nil, badRequest("Too many ids specified: %d. At most 1000 are allowed.", len(ids))
	}
	return ids, types, nil
}
