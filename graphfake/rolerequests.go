package graphfake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Requests of Privileged Identity Management. Each is done at once: nothing asks for
// an approval, a justification or a second factor.
// Source: https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignmentschedulerequests.

// identityProtection is the plan that Privileged Identity Management is part of.
const identityProtection = securitydefaults.PlanEntraP2

// licensedFor says whether one of the tenant's products has a plan, true where none was stated.
func (d *directory) licensedFor(plan string) bool {
	skus := d.skus.all()
	stated := len(skus) > 0 || d.held != nil && d.held.whole(factSKUs)
	return !stated || securitydefaults.Licensed(skus, plan)
}

// roleRequest is a request as it was answered.
type roleRequest struct {
	of  string // the name of the kind of roles
	row object
}

func requestTable(d *directory) *table[roleRequest] { return &d.roleRequests }

// roleTime is when a role begins and ends; the zero time is never.
type roleTime struct {
	of          string
	role        policy.RoleAssignment
	from, until time.Time
	begun       bool
}

var requestWrites = writable{"microsoft.graph.unifiedRoleScheduleRequest", "BadRequest", []field{
	{"action", oneOf("adminAssign", "adminUpdate", "adminRemove", "selfActivate", "selfDeactivate", "adminExtend", "adminRenew", "selfExtend", "selfRenew")},
	{"principalId", isText}, {"roleDefinitionId", isText}, {"directoryScopeId", orNull(isText)}, {"appScopeId", orNull(isText)},
	{"justification", orNull(isText)}, {"isValidationOnly", orNull(isBool)}, {"targetScheduleId", orNull(isText)},
	{"scheduleInfo", orNull(fits(scheduleWrites))}, {"ticketInfo", orNull(isObject)}, {"customData", orNull(isText)},
}}

var scheduleWrites = writable{"microsoft.graph.requestSchedule", "BadRequest", []field{
	{"startDateTime", orNull(isDateTime)}, {"recurrence", orNull(isObject)}, {"expiration", orNull(fits(expirationWrites))}}}

var expirationWrites = writable{"microsoft.graph.expirationPattern", "BadRequest", []field{
	{"type", oneOf("notSpecified", "noExpiration", "afterDateTime", "afterDuration")}, {"endDateTime", orNull(isDateTime)}, {"duration", orNull(isDuration)}}}

// durationForm is a duration of ISO 8601 as far as roles are given for it.
var durationForm = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$`)

func isDuration(value json.RawMessage) bool {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return false
	}
	_, ok := durationOf(text)
	return ok
}

func durationOf(text string) (time.Duration, bool) {
	parts := durationForm.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	var sum time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(parts[i+1]) // digits, or nothing
		sum += time.Duration(n) * unit
	}
	return sum, sum > 0
}

// post does a request.
func (s scheduled) post(d *directory, t *Tenant, c *call) (answer, error) {
	if err := d.held.need(d.held.whole(s.about), string(s.about), s.file); err != nil {
		return answer{}, err
	}
	if err := d.premiumRoles(); err != nil {
		return answer{}, err
	}
	sent, err := requestWrites.read(c.body)
	if err == nil {
		err = requestWrites.need(sent, "action", "principalId", "roleDefinitionId")
	}
	if err != nil {
		return answer{}, err
	}
	times, err := t.timesOf(sent)
	if err != nil {
		return answer{}, err
	}
	role, err := d.assignable(sent)
	if err != nil {
		return answer{}, err
	}
	times.of, times.role = s.name, role
	status, id, err := s.do(d, t, c.who, sent, times)
	if err != nil {
		return answer{}, err
	}
	row := t.requestRow(c.who, sent, status, id)
	if !sent.boolOf("isValidationOnly") {
		writeRow(t, s.kind, requestTable, row.text("id"), roleRequest{s.name, row})
	}
	return entity(rolesPath+"role"+s.name+"ScheduleRequests", "microsoft.graph.unifiedRole"+s.name+"ScheduleRequest", requestShape, row, nil)
}

// do does what is asked for, and returns the status and the id of the schedule.
func (s scheduled) do(d *directory, t *Tenant, who mfa.Identity, sent object, times roleTime) (status, id string, err error) {
	dry := sent.boolOf("isValidationOnly")
	held, holds := d.sameRole(s.roles(d), times.role)
	switch action := sent.text("action"); {
	case action == "adminAssign" && holds, action == "selfActivate" && holds:
		return "", "", roleExists()
	case action == "adminAssign":
		return s.give(t, dry, times, "Assigned")
	case action == "adminRemove" && !holds, action == "selfDeactivate" && !holds:
		return "", "", roleMissing()
	case action == "adminRemove":
		s.take(d, t, dry, held)
		return "Revoked", "", nil
	case s.name != active.name: // nobody makes himself eligible
	case action == "selfActivate":
		if err := d.mayActivate(who, times.role); err != nil {
			return "", "", err
		}
		return s.give(t, dry, times, "Activated")
	case action == "selfDeactivate":
		if !sameText(who.ID, held.PrincipalID) || objectOf(held).text("assignmentType") != "Activated" {
			return "", "", roleMissing()
		}
		s.take(d, t, dry, held)
		return "Revoked", "", nil
	}
	return "", "", requestWrites.refuse("Unsupported: of role requests graphfake takes adminAssign, adminRemove, selfActivate and selfDeactivate, not '%s' here.", sent.text("action"))
}

// roleExists and roleMissing: https://github.com/hashicorp/terraform-provider-azuread/issues/1306;
// the second is named like the first, its words are not published.
func roleExists() *entramfa.GraphError {
	refusal := graphError(http.StatusBadRequest, "RoleAssignmentExists", "The Role assignment already exists.")
	refusal.Kind = entramfa.ErrConflict
	return refusal
}

func roleMissing() *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
}

// mayActivate: who activates a role is eligible for it, directly or through a group.
func (d *directory) mayActivate(who mfa.Identity, role policy.RoleAssignment) error {
	if !sameText(who.ID, role.PrincipalID) {
		return denied()
	}
	for _, holder := range d.holdersOf(who.ID) {
		wanted := role
		wanted.PrincipalID = holder
		if _, is := d.sameRole(&d.eligibilities, wanted); is {
			return nil
		}
	}
	return roleMissing()
}

// give gives a role, now or when its time comes.
func (s scheduled) give(t *Tenant, dry bool, times roleTime, how string) (status, id string, err error) {
	row := objectOf(times.role).with("id", raw(t.newID())).with("memberType", raw("Direct")).without("principal", "roleDefinition")
	if s.name == active.name {
		row = row.with("assignmentType", raw(how))
	}
	row = row.with("startDateTime", raw(second(times.from)))
	if !times.until.IsZero() {
		row = row.with("endDateTime", raw(second(times.until)))
	}
	if times.role, err = decodeObject[policy.RoleAssignment](row); err != nil || dry {
		return "Granted", "", err
	}
	times.begun = !times.from.After(t.now())
	if !times.begun || !times.until.IsZero() {
		t.directory.roleTimes.put(times.role.ID, times)
	}
	if !times.begun {
		return "ScheduleCreated", times.role.ID, nil
	}
	writeRow(t, s.kind, s.roles, times.role.ID, times.role)
	return "Provisioned", times.role.ID, nil
}

func (s scheduled) take(d *directory, t *Tenant, dry bool, role policy.RoleAssignment) {
	if !dry {
		eraseRow(t, s.kind, s.roles, role.ID)
		d.roleTimes.remove(role.ID)
	}
}

// timesOf reads when a role begins and ends.
func (t *Tenant) timesOf(sent object) (roleTime, error) {
	var schedule struct {
		Start      *time.Time `json:"startDateTime"`
		Expiration struct {
			Type     string     `json:"type"`
			End      *time.Time `json:"endDateTime"`
			Duration *string    `json:"duration"`
		} `json:"expiration"`
	}
	if info := sent.get("scheduleInfo"); info != nil {
		_ = json.Unmarshal(info, &schedule) // it fitted
	}
	times, expiration := roleTime{from: t.now()}, schedule.Expiration
	if schedule.Start != nil && schedule.Start.After(times.from) {
		times.from = *schedule.Start
	}
	switch {
	case expiration.Type == "afterDateTime" && expiration.End != nil:
		times.until = *expiration.End
	case expiration.Type == "afterDuration" && expiration.Duration != nil:
		lasts, _ := durationOf(*expiration.Duration)
		times.until = times.from.Add(lasts)
	case expiration.Type == "afterDateTime" || expiration.Type == "afterDuration":
		return times, requestWrites.refuse("The expiration of type '%s' lacks its end.", expiration.Type)
	}
	if !times.until.IsZero() && !times.until.After(times.from) {
		return times, requestWrites.refuse("The expiration is not after the start.")
	}
	return times, nil
}

// requestRow is a request as it is answered.
func (t *Tenant) requestRow(who mfa.Identity, sent object, status, schedule string) object {
	id := schedule
	if id == "" {
		id = t.newID()
	}
	by := object{{"application", raw(nil)}, {"device", raw(nil)}, {"user", raw(map[string]any{"displayName": nil, "id": who.ID})}}
	row := sent.without("@odata.type").
		with("id", raw(id)).with("status", raw(status)).
		with("createdDateTime", raw(timestamp(t.now()))).with("completedDateTime", raw(timestamp(t.now()))).
		with("createdBy", raw(by)).with("isValidationOnly", raw(sent.boolOf("isValidationOnly")))
	if schedule != "" {
		row = row.with("targetScheduleId", raw(schedule))
	}
	return row
}

// turnRoles lets roles begin and end by the clock; the caller holds mu.
func (t *Tenant) turnRoles() {
	d := &t.directory
	for id, times := range d.roleTimes.each() {
		roles := eligible.roles(d)
		if times.of == active.name {
			roles = active.roles(d)
		}
		_, known := d.object(times.role.PrincipalID)
		if !times.begun && known && !t.now().Before(times.from) {
			times.begun = true
			roles.put(id, times.role)
			d.roleTimes.put(id, times)
		}
		if !known || !times.until.IsZero() && !t.now().Before(times.until) {
			roles.remove(id)
			d.roleTimes.remove(id)
		}
	}
}

// rolesSnapshot shows the roles that a write can change.
func (d *directory) rolesSnapshot() object {
	return object{
		{"roleDefinitions", raw(sortedByID(objectsOf(d.definitions.all()), definitionShape))},
		{"roleAssignments", raw(sortedByID(objectsOf(d.assignments.all()), roleAssignmentShape))},
		{"roleEligibilities", raw(sortedByID(objectsOf(d.eligibilities.all()), roleAssignmentShape))},
	}
}
