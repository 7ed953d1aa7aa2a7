package graphfake

import (
	"net/http"
	"slices"

	"github.com/entramfa/entramfa"
)

// service is the workload behind a route: they refuse in different words.
type service int

const (
	directoryService service = iota
	conditionalAccess
	authenticationMethods
	reports
)

// route is one call that the tenant answers.
type route struct {
	method, path string
	// aliases are other paths of the same call.
	aliases []string
	// beta: v1.0 has no such route.
	beta    bool
	service service
	// permissions: any one of them is needed, and of each list in also another one.
	permissions []string
	also        [][]string
	// success is the status of a call that writes; 0 for one that reads, which answers 200.
	success int
	// options are the query options without $. filterable is what $filter may ask, in
	// the form of filterTable, sortable what $orderby may name, one that wants an advanced
	// query with a bar behind it.
	options, filterable, sortable []string
	// expands are what $expand may name.
	expands map[string]expansion
	// advanced: ConsistencyLevel and $count=true are needed.
	advanced bool
	// parameters are names in the query that the service writes into an address itself.
	parameters []string
	// watched: the person behind the account counts how often it is read.
	watched bool
	serve   func(d *directory, t *Tenant, c *call) (answer, error)
}

var (
	entityOptions = []string{"select"}
	listOptions   = []string{"select", "top", "count", "filter"}
	searchOptions = []string{"select", "top", "count", "filter", "orderby", "search", "expand"}
	skipOptions   = []string{"select", "top", "count", "filter", "skip", "orderby"}
	memberOptions = []string{"select", "top", "count", "filter", "orderby", "search"}
	oneOptions    = []string{"select", "expand"}
	roleOptions   = []string{"select", "top", "count", "filter", "expand"}
	reportOptions = []string{"select", "top", "count", "filter", "orderby"}
	logOptions    = []string{"top", "filter", "orderby"}

	// signInFilters: https://learn.microsoft.com/graph/api/resources/signin.
	signInFilters = []string{"id: eq", "createdDateTime time: eq ge gt le lt", "userId: eq", "userPrincipalName: eq startswith", "userDisplayName: eq startswith",
		"appId: eq", "appDisplayName: eq startswith", "ipAddress: eq startswith", "clientAppUsed: eq", "correlationId: eq",
		"conditionalAccessStatus enum: eq", "resourceId: eq", "resourceDisplayName: eq", "isInteractive bool: eq", "riskDetail enum: eq",
		"riskLevelAggregated enum: eq", "riskLevelDuringSignIn enum: eq", "riskState enum: eq", "status/errorCode number: eq"}
)

var routes = []route{
	{method: "GET", path: "/identity/conditionalAccess/policies", aliases: []string{"/policies/conditionalAccessPolicies", "/conditionalAccess/policies"},
		service: conditionalAccess, permissions: readPolicies, options: skipOptions, filterable: policyFilters, sortable: policyOrder, serve: listPolicies},
	{method: "GET", path: "/identity/conditionalAccess/policies/{}", aliases: []string{"/policies/conditionalAccessPolicies/{}", "/conditionalAccess/policies/{}"},
		service: conditionalAccess, permissions: readPolicies, options: entityOptions, serve: getPolicy},
	{method: "GET", path: "/identity/conditionalAccess/namedLocations", aliases: []string{"/conditionalAccess/namedLocations"},
		service: conditionalAccess, permissions: readPolicies, options: skipOptions, filterable: locationFilters, sortable: policyOrder, serve: listLocations},
	{method: "GET", path: "/identity/conditionalAccess/namedLocations/{}", aliases: []string{"/conditionalAccess/namedLocations/{}"},
		service: conditionalAccess, permissions: readPolicies, options: entityOptions, serve: getLocation},
	{method: "GET", path: "/identity/conditionalAccess/authenticationStrength/policies",
		aliases: []string{"/policies/authenticationStrengthPolicies", "/identity/conditionalAccess/authenticationStrengths/policies"},
		service: conditionalAccess, permissions: readStrengths, options: skipOptions, filterable: strengthFilters, sortable: policyOrder, serve: listStrengths},
	{method: "GET", path: "/identity/conditionalAccess/authenticationStrength/policies/{}", aliases: []string{"/policies/authenticationStrengthPolicies/{}", "/identity/conditionalAccess/authenticationStrengths/policies/{}"},
		service: conditionalAccess, permissions: readStrengths, options: entityOptions, serve: getStrength},
	{method: "POST", path: evaluatePath, aliases: []string{"/identity/conditionalAccess/microsoft.graph.evaluate"},
		service: conditionalAccess, permissions: evaluatePolicies, serve: evaluate},
	{method: "GET", path: defaultsPath,
		service: conditionalAccess, permissions: readDefaults, options: entityOptions, serve: getDefaults},

	{method: "GET", path: "/users", permissions: readUsers, options: searchOptions, filterable: userFilters, sortable: userOrder,
		expands: userExpands, serve: listUsers},
	{method: "GET", path: "/users/{}", permissions: readUsers, options: oneOptions, expands: userExpands, serve: getUser},
	{method: "GET", path: "/users/{}/memberOf", permissions: readMemberOf, options: memberOptions, filterable: objectFilters, sortable: objectOrder, serve: memberships(false, false)},
	{method: "GET", path: "/users/{}/memberOf/microsoft.graph.group", permissions: readMemberOf, options: memberOptions, filterable: groupFilters, sortable: groupOrder, advanced: true, serve: memberships(false, true)},
	{method: "GET", path: "/users/{}/transitiveMemberOf", permissions: readTransitive, options: memberOptions, filterable: objectFilters, sortable: objectOrder, serve: memberships(true, false)},
	{method: "GET", path: "/users/{}/transitiveMemberOf/microsoft.graph.group", permissions: readTransitive, options: memberOptions, filterable: groupFilters, sortable: groupOrder, advanced: true, serve: memberships(true, true)},
	{method: "GET", path: "/users/{}/authentication/methods", service: authenticationMethods, permissions: readMethods, watched: true, serve: listMethods},
	{method: "GET", path: "/users/{}/authentication/requirements", beta: true, service: authenticationMethods, permissions: readRequirements, watched: true, serve: getRequirements},

	{method: "GET", path: "/groups", permissions: readGroups, options: searchOptions, filterable: groupFilters, sortable: groupOrder,
		expands: groupExpands, serve: listGroups},
	{method: "GET", path: "/groups/{}", permissions: readGroups, options: oneOptions, expands: groupExpands, serve: getGroup},
	{method: "GET", path: "/groups/{}/transitiveMemberOf", permissions: readGroups, options: memberOptions, filterable: objectFilters, sortable: objectOrder, serve: groupsAround(false)},
	{method: "GET", path: "/groups/{}/transitiveMemberOf/microsoft.graph.group", permissions: readGroups, options: memberOptions, filterable: groupFilters, sortable: groupOrder, advanced: true, serve: groupsAround(true)},
	{method: "GET", path: "/groups/{}/members", permissions: readGroups, options: memberOptions, filterable: objectFilters, sortable: objectOrder, serve: members(false, "")},
	{method: "GET", path: "/groups/{}/members/microsoft.graph.group", permissions: readGroups, options: memberOptions, filterable: groupFilters, sortable: groupOrder, advanced: true, serve: members(false, groupType)},
	{method: "GET", path: "/groups/{}/members/microsoft.graph.user", permissions: readGroups, options: memberOptions, filterable: userFilters, sortable: userOrder, advanced: true, serve: members(false, userType)},
	{method: "GET", path: "/groups/{}/transitiveMembers", permissions: readGroups, options: memberOptions, filterable: objectFilters, sortable: objectOrder, serve: members(true, "")},
	{method: "GET", path: "/groups/{}/transitiveMembers/microsoft.graph.group", permissions: readGroups, options: memberOptions, filterable: groupFilters, sortable: groupOrder, advanced: true, serve: members(true, groupType)},
	{method: "GET", path: "/groups/{}/transitiveMembers/microsoft.graph.user", permissions: readGroups, options: memberOptions, filterable: userFilters, sortable: userOrder, advanced: true, serve: members(true, userType)},

	{method: "GET", path: "/subscribedSkus", permissions: readLicenses, options: entityOptions, serve: listSKUs},
	{method: "GET", path: "/organization", permissions: readOrganization, options: entityOptions, serve: listOrganization},
	{method: "GET", path: "/domains", permissions: readDomains, options: []string{"select", "top"}, serve: listDomains},
	{method: "GET", path: "/domains/{}", permissions: readDomains, options: entityOptions, serve: getDomain},

	{method: "GET", path: "/roleManagement/directory/roleAssignments", permissions: readRoles, options: roleOptions,
		filterable: assignmentFilters, serve: listAssignments},
	{method: "GET", path: "/roleManagement/directory/transitiveRoleAssignments", beta: true, permissions: readRoles, options: roleOptions,
		filterable: []string{"principalId"}, advanced: true, serve: listTransitiveAssignments},
	{method: "GET", path: joinersPath, permissions: readJoiners, options: roleOptions, filterable: []string{"groupId"}, serve: listJoiners},
	{method: "GET", path: "/roleManagement/directory/roleDefinitions", permissions: readRoles, options: listOptions,
		filterable: definitionFilters, serve: listDefinitions},
	{method: "GET", path: "/roleManagement/directory/roleDefinitions/{}", permissions: readRoles, options: entityOptions, serve: getDefinition},

	{method: "GET", path: "/auditLogs/signIns", beta: true, service: reports, permissions: readSignIns, options: logOptions,
		filterable: append(slices.Clip(signInFilters), "signInEventTypes:any"), serve: listSignIns},
	{method: "GET", path: "/auditLogs/signIns", service: reports, permissions: readSignIns, options: logOptions,
		filterable: signInFilters, serve: listSignIns},
	{method: "GET", path: "/auditLogs/signIns/{}", service: reports, permissions: readSignIns, options: entityOptions, serve: getSignIn},

	{method: "POST", path: "/directoryObjects/getByIds", aliases: []string{"/directoryObjects/microsoft.graph.getByIds"},
		permissions: readObjects, options: entityOptions, serve: getByIDs},
}

// routeTables are all routes, by what they are about.
func routeTables() [][]route {
	return [][]route{
		identityRoutes,
		routes,
		writeRoutes,
		enrolRoutes,
		userRoutes,
		groupRoutes,
		objectRoutes,
		directoryRoleRoutes,
		applicationRoutes,
		tenantRoutes,
		templateRoutes,
		strengthRoutes,
		contextRoutes,
		methodsPolicyRoutes,
		userMethodRoutes,
		roleRoutes,
		authorizationRoutes,
	}
}

// denied is how the service behind the route says that a permission is missing.
func (r *route) denied() *entramfa.GraphError {
	switch r.service {
	case conditionalAccess:
		return graphError(http.StatusForbidden, "AccessDenied", "You cannot perform the requested operation, required scopes are missing in the token.")
	case authenticationMethods:
		return graphError(http.StatusForbidden, "accessDenied", "Request Authorization failed")
	case reports:
		return graphError(http.StatusForbidden, "Authentication_MSGraphPermissionMissing",
			"The principal does not have required Microsoft Graph permission(s): %s to call this API.", r.permissions[0])
	}
	return graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}
