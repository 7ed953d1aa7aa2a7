package graphfake_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

const (
	roleURL        = "/v1.0/roleManagement/directory"
	definitionsURL = roleURL + "/roleDefinitions"
	assignmentsURL = roleURL + "/roleAssignments"
	supporter      = `{"displayName":"Supporter","description":"d","isEnabled":true,"rolePermissions":[{"allowedResourceActions":["microsoft.directory/applications/basic/update"]}]}`
)

// licensed puts a product with a plan into a tenant.
func licensed(tenant *graphfake.Tenant, plan string) {
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		CapabilityStatus: "Enabled",
		ServicePlans:     []securitydefaults.ServicePlan{{ServicePlanID: plan, ProvisioningStatus: "Success"}},
	})
}

func TestCustomRoles(t *testing.T) {
	tenant := &graphfake.Tenant{}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	c := serve(t, tenant, everything...)
	for name, body := range map[string]string{
		"no name":             `{"isEnabled":true,"rolePermissions":[{"allowedResourceActions":["a"]}]}`,
		"not said if enabled": `{"displayName":"a","rolePermissions":[{"allowedResourceActions":["a"]}]}`,
		"no permissions":      `{"displayName":"a","isEnabled":true,"rolePermissions":[]}`,
		"no actions":          `{"displayName":"a","isEnabled":true,"rolePermissions":[{}]}`,
		"a text":              `{"displayName":"a","isEnabled":"true","rolePermissions":[{"allowedResourceActions":["a"]}]}`,
		"an unknown member":   setAt(t, supporter, "colour", `1`),
		"built-in":            setAt(t, supporter, "isBuiltIn", `true`),
		"nothing":             ``, "a list": `[]`,
	} {
		t.Run(name, func(t *testing.T) { c.refused(tenant, 400, http.MethodPost, definitionsURL, body) })
	}
	id := c.post(definitionsURL, supporter)
	one := definitionsURL + "/" + id
	read := c.ok(one)
	assert.Equal(t, id, read.body["templateId"])
	assert.Equal(t, false, read.body["isBuiltIn"])
	assert.Equal(t, true, read.body["isEnabled"])
	assert.Equal(t, "microsoft.directory/applications/basic/update",
		read.body["rolePermissions"].([]any)[0].(map[string]any)["allowedResourceActions"].([]any)[0])
	assert.Contains(t, c.ok(definitionsURL+"?$filter=isBuiltIn%20eq%20false").names("id"), id)

	c.succeeds(http.MethodPatch, one, `{"displayName":"Helper","isEnabled":false}`)
	assert.Equal(t, "Helper", c.ok(one).body["displayName"])
	assignment := fmt.Sprintf(`{"principalId":%q,"roleDefinitionId":%q,"directoryScopeId":"/"}`, user, id)
	c.refused(tenant, 400, http.MethodPost, assignmentsURL, assignment)
	c.succeeds(http.MethodPatch, one, `{"isEnabled":true}`)
	given := c.post(assignmentsURL, assignment)
	c.refused(tenant, 400, http.MethodDelete, one, "")
	c.succeeds(http.MethodDelete, assignmentsURL+"/"+given, "")
	c.succeeds(http.MethodDelete, one, "")
	assert.Equal(t, http.StatusNotFound, c.get(one).StatusCode)

	builtIn := definitionsURL + "/" + helpdesk
	assert.Equal(t, true, c.ok(builtIn).body["isEnabled"])
	c.refused(tenant, 400, http.MethodPatch, builtIn, `{"displayName":"mine"}`)
	c.refused(tenant, 400, http.MethodDelete, builtIn, "")
	c.refused(tenant, 404, http.MethodDelete, definitionsURL+"/"+nothing, "")
}

func TestCustomRolesWantALicence(t *testing.T) {
	tenant := &graphfake.Tenant{}
	licensed(tenant, "00000000-0000-4000-8000-00000000aaaa")
	c := serve(t, tenant, everything...)
	c.refused(tenant, 403, http.MethodPost, definitionsURL, supporter)
	licensed(tenant, securitydefaults.PlanEntraP1)
	c.post(definitionsURL, supporter)
	assert.Equal(t, http.StatusForbidden, serve(t, tenant, "RoleManagement.Read.Directory").do(http.MethodPost, definitionsURL, supporter).StatusCode)
}

func TestRoleAssignmentsAreWritten(t *testing.T) {
	at := newClock()
	tenant := &graphfake.Tenant{Clock: at.now, ReplicationDelay: time.Minute}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	closed := tenant.AddGroup(policy.Group{DisplayName: "Closed"})
	open := tenant.AddGroup(policy.Group{DisplayName: "Open", IsAssignableToRole: new(true)})
	c := serve(t, tenant, everything...)
	body := func(principal, role, scope string) string {
		return fmt.Sprintf(`{"@odata.type":"#microsoft.graph.unifiedRoleAssignment","principalId":%q,"roleDefinitionId":%q,"directoryScopeId":%q}`, principal, role, scope)
	}
	id := c.post(assignmentsURL, body(user, helpdesk, "/"))
	assert.Equal(t, http.StatusNotFound, c.get(assignmentsURL+"/"+id).StatusCode, "it replicates")
	at.advance(time.Minute)
	read := c.ok(assignmentsURL + "/" + id + "?$expand=roleDefinition,principal")
	assert.Equal(t, "/", read.body["directoryScopeId"])
	assert.Equal(t, "Helpdesk Administrator", read.at("roleDefinition.displayName"))
	assert.Equal(t, "a@contoso.com", read.at("principal.userPrincipalName"))
	roles, err := tenant.RoleAssignments(t.Context(), user)
	require.NoError(t, err)
	assert.Len(t, roles, 1, "the readers see it")

	again := c.refused(tenant, 400, http.MethodPost, assignmentsURL, body(user, helpdesk, "/"))
	assert.Contains(t, again.error("message"), "A conflicting object")
	c.post(assignmentsURL, body(user, helpdesk, "/administrativeUnits/"+nothing))
	c.post(assignmentsURL, body(open, helpdesk, "/"))
	c.refused(tenant, 400, http.MethodPost, assignmentsURL, body(closed, helpdesk, "/"))
	c.refused(tenant, 404, http.MethodPost, assignmentsURL, body(nothing, helpdesk, "/"))
	c.refused(tenant, 404, http.MethodPost, assignmentsURL, body(user, nothing, "/"))
	c.refused(tenant, 400, http.MethodPost, assignmentsURL, body(user, helpdesk, "x"))
	c.refused(tenant, 400, http.MethodPost, assignmentsURL, body(user, helpdesk, ""))
	c.refused(tenant, 400, http.MethodPost, assignmentsURL, `{"principalId":"a"}`)
	c.refused(tenant, 400, http.MethodPost, assignmentsURL, setAt(t, body(user, helpdesk, "/"), "colour", `1`))

	c.succeeds(http.MethodDelete, assignmentsURL+"/"+id, "")
	c.ok(assignmentsURL + "/" + id)
	at.advance(time.Minute)
	assert.Equal(t, http.StatusNotFound, c.get(assignmentsURL+"/"+id).StatusCode)
	c.refused(tenant, 404, http.MethodDelete, assignmentsURL+"/"+id, "")
	assert.Equal(t, http.StatusForbidden, serve(t, tenant, "RoleManagement.Read.Directory").do(http.MethodPost, assignmentsURL, body(user, helpdesk, "/")).StatusCode)
}

// pim is a tenant with P2, a user who calls, and what requests are made with.
func pim(t *testing.T) (tenant *graphfake.Tenant, at *clock, c *client, request func(action, more string) string) {
	at = newClock()
	tenant = &graphfake.Tenant{Clock: at.now}
	licensed(tenant, securitydefaults.PlanEntraP2)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	tenant.AddUser(mfa.User{UserPrincipalName: "b@contoso.com"})
	tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: user, Name: "a@contoso.com"}
	return tenant, at, serve(t, tenant, everything...), func(action, more string) string {
		return fmt.Sprintf(`{"action":%q,"principalId":%q,"roleDefinitionId":%q,"directoryScopeId":"/"%s}`, action, user, helpdesk, more)
	}
}

func TestRolesAreMadeEligibleAndActivated(t *testing.T) {
	tenant, at, c, request := pim(t)
	const eligible, active = roleURL + "/roleEligibilitySchedule", roleURL + "/roleAssignmentSchedule"
	const hour = `,"justification":"work","scheduleInfo":{"expiration":{"type":"afterDuration","duration":"PT1H"}}`

	missing := c.refused(tenant, 400, http.MethodPost, active+"Requests", request("selfActivate", hour))
	assert.Equal(t, "RoleAssignmentDoesNotExist", missing.code())
	dry := c.do(http.MethodPost, eligible+"Requests", request("adminAssign", `,"isValidationOnly":true`))
	assert.Equal(t, http.StatusCreated, dry.StatusCode)
	assert.Empty(t, c.ok(eligible+"Instances").values(), "it was validated only")

	made := c.do(http.MethodPost, eligible+"Requests", request("adminAssign", `,"scheduleInfo":{"startDateTime":"2026-11-01T00:00:00Z","expiration":{"type":"noExpiration"}}`))
	require.Equal(t, http.StatusCreated, made.StatusCode, "%s", made.text)
	assert.Equal(t, "Provisioned", made.body["status"])
	schedule, _ := made.body["targetScheduleId"].(string)
	assert.Equal(t, "RoleAssignmentExists", c.refused(tenant, 400, http.MethodPost, eligible+"Requests", request("adminAssign", "")).code())
	instance := c.ok(eligible + "Instances/" + schedule)
	assert.Equal(t, schedule, instance.body["roleEligibilityScheduleId"])
	assert.Equal(t, "Direct", instance.body["memberType"])
	assert.Nil(t, instance.body["endDateTime"])
	assert.Equal(t, []string{schedule}, c.ok(eligible+"Instances/filterByCurrentUser(on='principal')").names("id"))
	schedules := c.ok(eligible + "s").values()
	require.Len(t, schedules, 1)
	assert.Equal(t, "noExpiration", schedules[0]["scheduleInfo"].(map[string]any)["expiration"].(map[string]any)["type"])
	requests := c.ok(eligible + "Requests")
	require.Len(t, requests.values(), 1)
	assert.Equal(t, "adminAssign", c.ok(eligible + "Requests/" + requests.names("id")[0]).body["action"])
	assert.Empty(t, c.ok(assignmentsURL).values(), "who is eligible holds nothing yet")

	activated := c.do(http.MethodPost, active+"Requests", request("selfActivate", hour))
	require.Equal(t, http.StatusCreated, activated.StatusCode, "%s", activated.text)
	instances := c.ok(active + "Instances").values()
	require.Len(t, instances, 1)
	assert.Equal(t, "Activated", instances[0]["assignmentType"])
	assert.Equal(t, "2026-11-01T11:00:00Z", instances[0]["endDateTime"])
	roles, err := tenant.RoleAssignments(t.Context(), "a@contoso.com")
	require.NoError(t, err)
	assert.Len(t, roles, 1)
	list := c.ok(assignmentsURL).values()
	require.Len(t, list, 1)
	assert.NotContains(t, list[0], "endDateTime")
	assert.Equal(t, "RoleAssignmentExists", c.refused(tenant, 400, http.MethodPost, active+"Requests", request("selfActivate", hour)).code())

	at.advance(59 * time.Minute)
	assert.Len(t, c.ok(active+"Instances").values(), 1)
	at.advance(time.Minute)
	c.token = tenant.Token(everything...)
	assert.Empty(t, c.ok(active+"Instances").values(), "the hour is over")

	c.post(active+"Requests", request("selfActivate", hour))
	c.post(active+"Requests", request("selfDeactivate", ""))
	assert.Empty(t, c.ok(assignmentsURL).values())
	assert.Equal(t, "Revoked", c.do(http.MethodPost, eligible+"Requests", request("adminRemove", "")).body["status"])
	assert.Empty(t, c.ok(eligible+"Instances").values())
	assert.Equal(t, "RoleAssignmentDoesNotExist", c.refused(tenant, 400, http.MethodPost, eligible+"Requests", request("adminRemove", "")).code())
}

func TestRolesBeginAndEndByTheClock(t *testing.T) {
	tenant, at, c, request := pim(t)
	const active = roleURL + "/roleAssignmentSchedule"
	made := c.do(http.MethodPost, active+"Requests", request("adminAssign",
		`,"scheduleInfo":{"startDateTime":"2026-11-01T10:10:00Z","expiration":{"type":"afterDateTime","endDateTime":"2026-11-01T10:20:00Z"}}`))
	require.Equal(t, http.StatusCreated, made.StatusCode, "%s", made.text)
	assert.Equal(t, "ScheduleCreated", made.body["status"])
	for minute, held := range []int{0, 0, 1, 0} {
		assert.Len(t, c.ok(active+"Instances").values(), held, "after %d times ten minutes", minute)
		if minute < 3 {
			at.advance(10*time.Minute - time.Duration(max(0, 1-minute))*time.Second)
		}
	}
	assert.Empty(t, c.ok(assignmentsURL).values())
	clone := tenant.Clone()
	assert.Equal(t, string(tenant.Snapshot()), string(clone.Snapshot()))
}

func TestRoleRequestsAreValidated(t *testing.T) {
	tenant, _, c, request := pim(t)
	for name, body := range map[string]string{
		"no action":         `{"principalId":"a","roleDefinitionId":"b","directoryScopeId":"/"}`,
		"an unknown action": request("x", ""),
		"what isn't played": request("adminExtend", ""),
		"no scope":          setAt(t, request("adminAssign", ""), "directoryScopeId", ""),
		"a bad duration":    request("adminAssign", `,"scheduleInfo":{"expiration":{"type":"afterDuration","duration":"1h"}}`),
		"no duration":       request("adminAssign", `,"scheduleInfo":{"expiration":{"type":"afterDuration"}}`),
		"it ended":          request("adminAssign", `,"scheduleInfo":{"expiration":{"type":"afterDateTime","endDateTime":"2020-01-01T00:00:00Z"}}`),
		"an unknown member": request("adminAssign", `,"colour":1`),
		"nothing":           ``,
	} {
		t.Run(name, func(t *testing.T) {
			c.refused(tenant, 400, http.MethodPost, roleURL+"/roleAssignmentScheduleRequests", body)
			c.refused(tenant, 400, http.MethodPost, roleURL+"/roleEligibilityScheduleRequests", body)
		})
	}
	c.refused(tenant, 400, http.MethodPost, roleURL+"/roleEligibilityScheduleRequests", request("selfActivate", ""))
	other, err := tenant.User(t.Context(), "b@contoso.com")
	require.NoError(t, err)
	foreign := setAt(t, request("selfActivate", ""), "principalId", fmt.Sprintf("%q", other.ID))
	c.refused(tenant, 403, http.MethodPost, roleURL+"/roleAssignmentScheduleRequests", foreign)
	c.refused(tenant, 404, http.MethodPost, roleURL+"/roleAssignmentScheduleRequests", setAt(t, request("adminAssign", ""), "roleDefinitionId", `"`+nothing+`"`))
	assert.Equal(t, http.StatusNotFound, c.get(roleURL+"/roleEligibilityScheduleInstances/"+nothing).StatusCode)
}

func TestRoleRequestsWantP2(t *testing.T) {
	tenant := &graphfake.Tenant{}
	licensed(tenant, securitydefaults.PlanEntraP1)
	c := serve(t, tenant, everything...)
	for _, kind := range []string{"Eligibility", "Assignment"} {
		refused := c.refused(tenant, 400, http.MethodPost, roleURL+"/role"+kind+"ScheduleRequests", `{"action":"adminAssign"}`)
		assert.Equal(t, "AadPremiumLicenseRequired", refused.code())
		assert.Equal(t, "AadPremiumLicenseRequired", c.get(roleURL+"/role"+kind+"Schedules").code())
		assert.Equal(t, "AadPremiumLicenseRequired", c.get(roleURL+"/role"+kind+"ScheduleRequests").code())
		c.ok(roleURL + "/role" + kind + "ScheduleInstances")
	}
}

func TestAuthorizationPolicy(t *testing.T) {
	c := serve(t, &graphfake.Tenant{}, "Policy.Read.All")
	assert.Equal(t, "everyone", c.ok("/v1.0/policies/authorizationPolicy").body["allowInvitesFrom"])
	assert.Equal(t, []string{"authorizationPolicy"}, c.ok("/beta/policies/authorizationPolicy").names("id"))
	assert.Equal(t, "Authorization Policy", c.ok("/beta/policies/authorizationPolicy/authorizationPolicy").body["displayName"])
	assert.Equal(t, http.StatusNotFound, c.get("/beta/policies/authorizationPolicy/x").StatusCode)
}

func TestOneSignInIsRead(t *testing.T) {
	tenant := &graphfake.Tenant{}
	licensed(tenant, securitydefaults.PlanEntraP1)
	id := tenant.AddSignIn(mfa.SignInRecord{UserID: "u", AppliedPolicies: []mfa.AppliedPolicy{{ID: "p"}}})
	blind := serve(t, tenant, "AuditLog.Read.All")
	assert.Equal(t, "u", blind.ok("/v1.0/auditLogs/signIns/" + id).body["userId"])
	assert.Empty(t, blind.ok("/v1.0/auditLogs/signIns/" + id).body["appliedConditionalAccessPolicies"])
	assert.Len(t, serve(t, tenant, "AuditLog.Read.All", "Policy.Read.All").ok("/beta/auditLogs/signIns/" + id).body["appliedConditionalAccessPolicies"], 1)
	assert.Equal(t, http.StatusNotFound, blind.get("/v1.0/auditLogs/signIns/"+nothing).StatusCode)
}
