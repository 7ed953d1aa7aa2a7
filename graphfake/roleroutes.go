package graphfake

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// The permissions of role management: from the table that permissions.go names.
var (
	writeDefinitions   = []string{"RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All"}
	writeAssignments   = []string{"RoleManagement.ReadWrite.Directory"}
	writeEligibilities = []string{"RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"}
	writeActivations   = []string{"RoleAssignmentSchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"}
)

const (
	definitionsURL = "/" + rolesPath + "roleDefinitions"
	assignmentsURL = "/" + rolesPath + "roleAssignments"
	byCurrentUser  = "filterByCurrentUser(on='principal')"
)

var (
	instanceFilters = []string{"principalId", "roleDefinitionId", "directoryScopeId", "id"}
	expandOptions   = []string{"select", "expand"}
)

// roleRoutes are the calls of role management that are no list of roles.
var roleRoutes = slices.Concat([]route{
	{method: "POST", path: definitionsURL, permissions: writeDefinitions, success: created, serve: postDefinition},
	{method: "PATCH", path: definitionsURL + "/{}", permissions: writeDefinitions, success: done, serve: patchDefinition},
	{method: "DELETE", path: definitionsURL + "/{}", permissions: writeDefinitions, success: done, serve: deleteDefinition},

	{method: "POST", path: assignmentsURL, permissions: writeAssignments, success: created, serve: postAssignment},
	{method: "GET", path: assignmentsURL + "/{}", permissions: readRoles, options: expandOptions, serve: getAssignment},
	{method: "DELETE", path: assignmentsURL + "/{}", permissions: writeAssignments, success: done, serve: deleteAssignment},
}, eligible.routes(readEligible, writeEligibilities), active.routes(readActive, writeActivations))

// scheduled is one of the two kinds of roles that Privileged Identity Management
// gives: those that can be activated, and those that are active.
// Source: https://learn.microsoft.com/graph/api/resources/privilegedidentitymanagementv3-overview.
type scheduled struct {
	name  string // Eligibility or Assignment
	roles func(*directory) *table[policy.RoleAssignment]
	kind  writtenKind
	about fact
	file  string
}

var (
	eligible = scheduled{"Eligibility", func(d *directory) *table[policy.RoleAssignment] { return &d.eligibilities }, writtenEligibility, factEligibilities, eligibilityFile}
	active   = scheduled{"Assignment", assignmentTable, writtenAssignment, factRoles, roleFile}
)

func assignmentTable(d *directory) *table[policy.RoleAssignment] { return &d.assignments }

func (s scheduled) url(what string) string {
	return "/" + rolesPath + "role" + s.name + "Schedule" + what
}

func (s scheduled) routes(reads, writes []string) []route {
	var all []route
	for _, kind := range []struct {
		what  string
		rows  func(d *directory, t *Tenant, c *call) ([]object, error)
		shape shape
		lists []string // the query options of a list
		gets  []string // those of one of them
	}{
		{"Instances", s.instances, instanceShape, roleOptions, expandOptions},
		{"s", s.schedules, scheduleShape, roleOptions, expandOptions},
		{"Requests", s.requests, requestShape, listOptions, entityOptions},
	} {
		url := s.url(kind.what)
		entityKind := "microsoft.graph.unifiedRole" + s.name + "Schedule" + strings.TrimSuffix(kind.what, "s")
		listed := func(own bool) func(*directory, *Tenant, *call) (answer, error) {
			return func(d *directory, t *Tenant, c *call) (answer, error) {
				rows, err := kind.rows(d, t, c)
				if own {
					rows = d.ownRows(c.who, rows)
				}
				return list(strings.TrimPrefix(url, "/"), entityKind, kind.shape, rows, err)
			}
		}
		one := func(d *directory, t *Tenant, c *call) (answer, error) {
			rows, err := kind.rows(d, t, c)
			at := slices.IndexFunc(rows, func(o object) bool { return sameText(o.text("id"), c.vars[0]) })
			if err == nil && at < 0 {
				err = notFound(c.vars[0])
			}
			if err != nil {
				return answer{}, err
			}
			return entity(strings.TrimPrefix(url, "/"), entityKind, kind.shape, rows[at], nil)
		}
		all = append(all,
			route{method: "GET", path: url + "/" + byCurrentUser, aliases: []string{url + "/microsoft.graph." + byCurrentUser}, permissions: reads, options: kind.lists, filterable: instanceFilters, serve: listed(true)},
			route{method: "GET", path: url, permissions: reads, options: kind.lists, filterable: instanceFilters, serve: listed(false)},
			route{method: "GET", path: url + "/{}", permissions: reads, options: kind.gets, serve: one})
	}
	return append(all, route{method: "POST", path: s.url("Requests"), permissions: writes, success: created, serve: s.post})
}

// ownRows keeps those of who calls, those through groups too.
func (d *directory) ownRows(who mfa.Identity, rows []object) []object {
	holders := d.holdersOf(who.ID)
	return slices.DeleteFunc(rows, func(o object) bool { return !containsFold(holders, o.text("principalId")) })
}

// held says whether an export can answer a list: all of it, or that of the one
// principal that $filter names.
func (s scheduled) held(d *directory, c *call) error {
	return d.rolesHeld(c, s.about, string(s.about), s.file)
}

// instances are the roles as they are now.
func (s scheduled) instances(d *directory, t *Tenant, c *call) ([]object, error) {
	if err := s.held(d, c); err != nil {
		return nil, err
	}
	rows, err := d.expandRoles(c, s.roles(d).all())
	for i, row := range withMember(rows, "memberType", "Direct") {
		rows[i] = row.with("role"+s.name+"ScheduleId", row.get("id"))
	}
	if s.name == active.name {
		rows = withMember(rows, "assignmentType", "Assigned")
	}
	return rows, err
}

// mayRead asks for the licence too, as the service does. The lists of instances are
// left open, for a check of a tenant without the licence reads them.
func (s scheduled) mayRead(d *directory, c *call) error {
	if err := s.held(d, c); err != nil {
		return err
	}
	return d.premiumRoles()
}

// schedules are the roles with the time for which they were given.
func (s scheduled) schedules(d *directory, t *Tenant, c *call) ([]object, error) {
	if err := s.mayRead(d, c); err != nil {
		return nil, err
	}
	rows, err := d.expandRoles(c, s.roles(d).all())
	for i, row := range withMember(rows, "memberType", "Direct") {
		rows[i] = row.without("startDateTime", "endDateTime").with("status", raw("Provisioned")).with("scheduleInfo", scheduleInfo(row))
	}
	if s.name == active.name {
		rows = withMember(rows, "assignmentType", "Assigned")
	}
	return rows, err
}

// scheduleInfo: https://learn.microsoft.com/graph/api/resources/requestschedule.
func scheduleInfo(row object) []byte {
	kind := "noExpiration"
	if row.given("endDateTime") {
		kind = "afterDateTime"
	}
	orNone := func(name string) []byte {
		if value := row.get(name); value != nil {
			return value
		}
		return []byte("null")
	}
	return raw(object{
		{"startDateTime", orNone("startDateTime")}, {"recurrence", []byte("null")},
		{"expiration", raw(object{{"type", raw(kind)}, {"endDateTime", orNone("endDateTime")}, {"duration", []byte("null")}})},
	})
}

func (s scheduled) requests(d *directory, t *Tenant, c *call) ([]object, error) {
	if err := s.mayRead(d, c); err != nil {
		return nil, err
	}
	rows := []object{}
	for _, r := range d.roleRequests.all() {
		if r.of == s.name {
			rows = append(rows, r.row)
		}
	}
	return rows, nil
}

// scheduleShape: https://learn.microsoft.com/graph/api/resources/unifiedroleschedulebase.
var scheduleShape = slices.Concat(roleAssignmentShape,
	same("null", "createdUsing", "createdDateTime", "modifiedDateTime", "status", "memberType", "scheduleInfo"))

// requestShape: https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentschedulerequest.
var requestShape = slices.Concat(
	same("null", "id", "status", "createdDateTime", "completedDateTime", "approvalId", "customData", "action"),
	same("null", "principalId", "roleDefinitionId", "directoryScopeId", "appScopeId"),
	same("null", "isValidationOnly", "targetScheduleId", "justification", "createdBy", "scheduleInfo", "ticketInfo"),
)

func getAssignment(d *directory, t *Tenant, c *call) (answer, error) {
	role, known := d.assignments.get(c.vars[0])
	if !known {
		if err := d.held.need(d.held.whole(factRoles), "role assignments", roleFile); err != nil {
			return answer{}, err
		}
		return answer{}, notFound(c.vars[0])
	}
	rows, err := d.expandRoles(c, []policy.RoleAssignment{role})
	if err != nil {
		return answer{}, err
	}
	return entity(rolesPath+"roleAssignments", "microsoft.graph.unifiedRoleAssignment", roleAssignmentShape, untimed(rows)[0], nil)
}

// untimed takes out of roles what only their instances show.
func untimed(rows []object) []object {
	for i := range rows {
		rows[i] = rows[i].without("startDateTime", "endDateTime", "memberType", "assignmentType")
	}
	return rows
}
