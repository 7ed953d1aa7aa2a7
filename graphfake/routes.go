package graphfake

import (
	"net/http"
	"net/url"
	"strings"

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
	// options are the query options without $; filterable what $filter may name.
	options, filterable []string
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
	skipOptions   = []string{"select", "top", "count", "filter", "skip"}
	memberOptions = []string{"select", "top", "count"}
	roleOptions   = []string{"select", "top", "count", "filter", "expand"}
	logOptions    = []string{"top", "filter", "orderby"}

	// signInFilters: https://learn.microsoft.com/graph/api/resources/signin.
	signInFilters = []string{"id", "createdDateTime:ge", "userId", "userPrincipalName", "appId", "appDisplayName", "ipAddress",
		"clientAppUsed", "correlationId", "conditionalAccessStatus", "resourceId", "resourceDisplayName"}
)

var routes = []route{
	{method: "GET", path: "/identity/conditionalAccess/policies", aliases: []string{"/policies/conditionalAccessPolicies", "/conditionalAccess/policies"},
		service: conditionalAccess, permissions: readPolicies, options: skipOptions, filterable: []string{"id", "displayName", "state", "templateId"}, serve: listPolicies},
	{method: "GET", path: "/identity/conditionalAccess/policies/{}", aliases: []string{"/policies/conditionalAccessPolicies/{}", "/conditionalAccess/policies/{}"},
		service: conditionalAccess, permissions: readPolicies, options: entityOptions, serve: getPolicy},
	{method: "GET", path: "/identity/conditionalAccess/namedLocations", aliases: []string{"/conditionalAccess/namedLocations"},
		service: conditionalAccess, permissions: readPolicies, options: skipOptions, filterable: []string{"id", "displayName"}, serve: listLocations},
	{method: "GET", path: "/identity/conditionalAccess/namedLocations/{}", aliases: []string{"/conditionalAccess/namedLocations/{}"},
		service: conditionalAccess, permissions: readPolicies, options: entityOptions, serve: getLocation},
	{method: "GET", path: "/identity/conditionalAccess/authenticationStrength/policies",
		aliases: []string{"/policies/authenticationStrengthPolicies", "/identity/conditionalAccess/authenticationStrengths/policies"},
		service: conditionalAccess, permissions: readStrengths, options: skipOptions, filterable: []string{"id", "displayName", "policyType"}, serve: listStrengths},
	{method: "GET", path: "/identity/conditionalAccess/authenticationStrength/policies/{}", aliases: []string{"/policies/authenticationStrengthPolicies/{}", "/identity/conditionalAccess/authenticationStrengths/policies/{}"},
		service: conditionalAccess, permissions: readStrengths, options: entityOptions, serve: getStrength},
	{method: "POST", path: evaluatePath, aliases: []string{"/identity/conditionalAccess/microsoft.graph.evaluate"},
		service: conditionalAccess, permissions: evaluatePolicies, serve: evaluate},
	{method: "GET", path: defaultsPath,
		service: conditionalAccess, permissions: readDefaults, options: entityOptions, serve: getDefaults},

	{method: "GET", path: "/users", permissions: readUsers, options: listOptions,
		filterable: []string{"id", "displayName", "userPrincipalName", "accountEnabled", "userType", "onPremisesSyncEnabled"}, serve: listUsers},
	{method: "GET", path: "/users/{}", permissions: readUsers, options: entityOptions, serve: getUser},
	{method: "GET", path: "/users/{}/memberOf", permissions: readMemberOf, options: memberOptions, serve: memberships(false, false)},
	{method: "GET", path: "/users/{}/memberOf/microsoft.graph.group", permissions: readMemberOf, options: memberOptions, advanced: true, serve: memberships(false, true)},
	{method: "GET", path: "/users/{}/transitiveMemberOf", permissions: readTransitive, options: memberOptions, serve: memberships(true, false)},
	{method: "GET", path: "/users/{}/transitiveMemberOf/microsoft.graph.group", permissions: readTransitive, options: memberOptions, advanced: true, serve: memberships(true, true)},
	{method: "GET", path: "/users/{}/authentication/methods", service: authenticationMethods, permissions: readMethods, watched: true, serve: listMethods},
	{method: "GET", path: "/users/{}/authentication/requirements", beta: true, service: authenticationMethods, permissions: readRequirements, watched: true, serve: getRequirements},

	{method: "GET", path: "/groups", permissions: readGroups, options: listOptions, filterable: []string{"id", "displayName", "securityEnabled", "mailEnabled", "isAssignableToRole"}, serve: listGroups},
	{method: "GET", path: "/groups/{}", permissions: readGroups, options: entityOptions, serve: getGroup},
	{method: "GET", path: "/groups/{}/transitiveMemberOf", permissions: readGroups, options: memberOptions, serve: groupsAround(false)},
	{method: "GET", path: "/groups/{}/transitiveMemberOf/microsoft.graph.group", permissions: readGroups, options: memberOptions, advanced: true, serve: groupsAround(true)},
	{method: "GET", path: "/groups/{}/members", permissions: readGroups, options: memberOptions, serve: members(false, "")},
	{method: "GET", path: "/groups/{}/members/microsoft.graph.group", permissions: readGroups, options: memberOptions, advanced: true, serve: members(false, groupType)},
	{method: "GET", path: "/groups/{}/members/microsoft.graph.user", permissions: readGroups, options: memberOptions, advanced: true, serve: members(false, userType)},
	{method: "GET", path: "/groups/{}/transitiveMembers", permissions: readGroups, options: memberOptions, serve: members(true, "")},
	{method: "GET", path: "/groups/{}/transitiveMembers/microsoft.graph.group", permissions: readGroups, options: memberOptions, advanced: true, serve: members(true, groupType)},
	{method: "GET", path: "/groups/{}/transitiveMembers/microsoft.graph.user", permissions: readGroups, options: memberOptions, advanced: true, serve: members(true, userType)},

	{method: "GET", path: "/subscribedSkus", permissions: readLicenses, options: entityOptions, serve: listSKUs},
	{method: "GET", path: "/organization", permissions: readOrganization, options: entityOptions, serve: listOrganization},
	{method: "GET", path: "/domains", permissions: readDomains, options: []string{"select", "top"}, serve: listDomains},
	{method: "GET", path: "/domains/{}", permissions: readDomains, options: entityOptions, serve: getDomain},

	{method: "GET", path: "/roleManagement/directory/roleAssignments", permissions: readRoles, options: roleOptions,
		filterable: []string{"principalId", "roleDefinitionId", "directoryScopeId"}, serve: listAssignments},
	{method: "GET", path: "/roleManagement/directory/transitiveRoleAssignments", beta: true, permissions: readRoles, options: roleOptions,
		filterable: []string{"principalId"}, advanced: true, serve: listTransitiveAssignments},
	{method: "GET", path: joinersPath, permissions: readJoiners, options: roleOptions, filterable: []string{"groupId"}, serve: listJoiners},
	{method: "GET", path: "/roleManagement/directory/roleDefinitions", permissions: readRoles, options: listOptions,
		filterable: []string{"id", "displayName", "isBuiltIn", "templateId"}, serve: listDefinitions},
	{method: "GET", path: "/roleManagement/directory/roleDefinitions/{}", permissions: readRoles, options: entityOptions, serve: getDefinition},

	{method: "GET", path: "/auditLogs/signIns", beta: true, service: reports, permissions: readSignIns, options: logOptions,
		filterable: append(signInFilters, "signInEventTypes:any"), serve: listSignIns},
	{method: "GET", path: "/auditLogs/signIns", service: reports, permissions: readSignIns, options: logOptions,
		filterable: signInFilters, serve: listSignIns},
	{method: "GET", path: "/auditLogs/signIns/{}", service: reports, permissions: readSignIns, options: entityOptions, serve: getSignIn},

	{method: "POST", path: "/directoryObjects/getByIds", aliases: []string{"/directoryObjects/microsoft.graph.getByIds"},
		permissions: readObjects, options: entityOptions, serve: getByIDs},
}

// found is the routes that fit a path, one for each method, with the keys in the
// path and the path under its first name.
type found struct {
	routes []*route
	vars   []string
	path   string
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

// find routes a path. Names of segments are compared without case.
func find(version string, segments []string) (found, *entramfa.GraphError) {
	match, longest := found{}, 0
	for _, table := range routeTables() {
		for i := range table {
			r := &table[i]
			if r.beta && version != beta {
				continue
			}
			vars, n := r.match(segments)
			longest = max(longest, n)
			if n == len(segments) && vars != nil {
				match.add(r, vars)
			}
		}
	}
	if match.routes != nil {
		return match, nil
	}
	if longest == len(segments) {
		longest--
	}
	if longest < 0 {
		return found{}, noSegment("")
	}
	return found{}, noSegment(segments[longest])
}

func (f *found) add(r *route, vars []string) {
	f.routes, f.vars, f.path = append(f.routes, r), vars, fillPath(r.path, vars)
}

// of returns the route for a method, nil where there is none.
func (f found) of(method string) *route {
	for _, r := range f.routes {
		if r.method == method {
			return r
		}
	}
	return nil
}

// allow lists the methods of the path.
func (f found) allow() string {
	methods := []string{}
	for _, r := range f.routes {
		methods = append(methods, r.method)
	}
	return strings.Join(append(methods, http.MethodOptions), ", ")
}

// match returns the keys in the path, nil where none of the route's names fits it
// whole, and how many segments fit.
func (r *route) match(segments []string) (vars []string, longest int) {
	for _, path := range append([]string{r.path}, r.aliases...) {
		pattern := splitPath(path)
		keys, n := matchSegments(pattern, segments)
		longest = max(longest, n)
		if n == len(segments) && n == len(pattern) {
			return append([]string{}, keys...), n
		}
	}
	return nil, longest
}

// matchSegments returns the keys and how many segments fit the pattern.
func matchSegments(pattern, segments []string) (vars []string, n int) {
	for n < min(len(pattern), len(segments)) {
		switch {
		case pattern[n] == "{}" && segments[n] != "":
			vars = append(vars, segments[n])
		case !strings.EqualFold(pattern[n], qualified(segments[n])):
			return vars, n
		}
		n++
	}
	return vars, n
}

// qualified writes the namespace of a cast out: the SDKs write graph.group for microsoft.graph.group.
func qualified(segment string) string {
	if name, ok := strings.CutPrefix(segment, "graph."); ok {
		return "microsoft.graph." + name
	}
	return segment
}

func fillPath(pattern string, vars []string) string {
	for _, value := range vars {
		pattern = strings.Replace(pattern, "{}", value, 1)
	}
	return pattern
}

// splitPath splits an escaped path into segments; users('key') are two.
func splitPath(path string) []string {
	var segments []string
	for _, segment := range strings.Split(strings.Trim(path, "/"), "/") {
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		name, key, ok := strings.Cut(segment, "('")
		if key, closed := strings.CutSuffix(key, "')"); ok && closed {
			segments = append(segments, name, strings.ReplaceAll(key, "''", "'"))
			continue
		}
		if name, key, ok := bracketed(segment); ok {
			segments = append(segments, name, key)
			continue
		}
		segments = append(segments, segment)
	}
	return segments
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
