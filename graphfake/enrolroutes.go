package graphfake

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/entramfa/entramfa/mfa"
)

// reportFilters: https://learn.microsoft.com/graph/api/resources/userregistrationdetails.
var reportFilters = []string{"id", "userPrincipalName", "userDisplayName", "userType", "isAdmin bool: eq", "isMfaRegistered bool: eq", "isMfaCapable bool: eq",
	"isPasswordlessCapable bool: eq", "isSsprCapable bool: eq", "isSsprEnabled bool: eq", "isSsprRegistered bool: eq",
	"isSystemPreferredAuthenticationMethodEnabled bool: eq", "methodsRegistered/any(): eq", "systemPreferredAuthenticationMethods/any(): eq"}

var reportOrder = []string{"userDisplayName", "userPrincipalName"}

// enrolRoutes are the calls that enrol an account.
var enrolRoutes = []route{
	{method: "GET", path: "/users/{}/authentication/phoneMethods", service: authenticationMethods, permissions: readPhones, watched: true, serve: listPhones},
	{method: "POST", path: "/users/{}/authentication/phoneMethods", service: authenticationMethods, permissions: writePhones, success: created, serve: postPhone},
	{method: "GET", path: "/users/{}/authentication/phoneMethods/{}", service: authenticationMethods, permissions: readPhones, watched: true, serve: getPhone},
	{method: "PATCH", path: "/users/{}/authentication/phoneMethods/{}", service: authenticationMethods, permissions: writePhones, success: done, serve: patchPhone},
	{method: "DELETE", path: "/users/{}/authentication/phoneMethods/{}", service: authenticationMethods, permissions: writePhones, success: done, serve: deletePhone},

	{method: "PATCH", path: "/users/{}", permissions: writeUsers, success: done, serve: patchUser},

	{method: "POST", path: "/users/{}/authentication/methods/{}/resetPassword",
		aliases: []string{"/users/{}/authentication/methods/{}/microsoft.graph.resetPassword", "/users/{}/authentication/passwordMethods/{}/resetPassword"},
		service: authenticationMethods, permissions: resetPasswords, success: http.StatusAccepted, serve: postReset},
	{method: "GET", path: "/users/{}/authentication/operations/{}",
		service: authenticationMethods, permissions: readResets, parameters: resetParameters, serve: getReset},

	{method: "GET", path: registrationPath, service: reports, permissions: readRegistrations, options: reportOptions, filterable: reportFilters, sortable: reportOrder, serve: listRegistrations},
	{method: "GET", path: registrationPath + "/{}", service: reports, permissions: readRegistrations, options: entityOptions, serve: getRegistration},
	{method: "GET", path: "/policies/authenticationMethodsPolicy", service: conditionalAccess, permissions: readMethodsPolicy, options: entityOptions, serve: getMethodsPolicy},
}

func phonesContext(c *call) string {
	return "users('" + c.vars[0] + "')/authentication/phoneMethods"
}

const phoneKind = "microsoft.graph.phoneAuthenticationMethod"

func isPhone(m method) bool { return m.Type == phoneMethodType }

func listPhones(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := t.phoneRows(d, c.vars[0])
	return list(phonesContext(c), phoneKind, phoneShape, rows, err)
}

// phoneRows are the phones of an account. A list of one type doesn't name it.
func (t *Tenant) phoneRows(d *directory, user string) ([]object, error) {
	if t.NoPhoneAPI {
		return nil, noSegment("phoneMethods")
	}
	rows, err := d.methodRows(user, isPhone)
	for i := range rows {
		rows[i] = rows[i].without("@odata.type")
	}
	return rows, err
}

func getPhone(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := t.phoneRows(d, c.vars[0])
	if err != nil {
		return answer{}, err
	}
	for _, row := range rows {
		if sameText(row.text("id"), c.vars[1]) {
			return entity(phonesContext(c), phoneKind, phoneShape, row, nil)
		}
	}
	return answer{}, noMethod(c.vars[1])
}

func postPhone(d *directory, t *Tenant, c *call) (answer, error) {
	kind, number, refusal := readPhone(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	added, err := t.addPhone(d, c.who, c.vars[0], kind, number)
	if err != nil {
		return answer{}, err
	}
	user, err := d.user(c.vars[0])
	return entity(phonesContext(c), phoneKind, phoneShape, d.withSMSState(added, user.ID).without("@odata.type"), err)
}

func patchPhone(d *directory, t *Tenant, c *call) (answer, error) {
	kind, number, refusal := readPhone(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	return answer{}, t.changePhone(d, c.who, c.vars[0], c.vars[1], kind, number)
}

func deletePhone(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.deletePhone(d, c.who, c.vars[0], c.vars[1])
}

// readPhone reads the two members that a write of a phone has.
func readPhone(body []byte) (kind mfa.PhoneType, number string, refusal error) {
	parsed, wrong := readBodyObject(body)
	if wrong != nil {
		return "", "", wrong
	}
	for _, m := range parsed {
		if m.name != "phoneNumber" && m.name != "phoneType" && !isAnnotation(m.name) {
			return "", "", badPhone("The property '%s' can't be written on type '%s'.", m.name, phoneKind)
		}
	}
	return mfa.PhoneType(parsed.text("phoneType")), parsed.text("phoneNumber"), nil
}

func patchUser(d *directory, t *Tenant, c *call) (answer, error) {
	patch, refusal := readUserPatch(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	if missing := c.mayPatch(patch); missing != nil {
		return answer{}, missing
	}
	return answer{}, t.patchUser(d, c.who, c.vars[0], patch)
}

// postReset begins a reset. A password that the service makes stands in the answer.
func postReset(d *directory, t *Tenant, c *call) (answer, error) {
	text, refusal := readNewPassword(c.body)
	if refusal != nil {
		return answer{}, refusal
	}
	if !sameText(c.vars[1], passwordMethodID) {
		return answer{}, noMethod(c.vars[1])
	}
	made := text == ""
	if made {
		text = newPassword()
	}
	begun, err := t.beginReset(d, c.who, c.vars[0], text)
	if err != nil {
		return answer{}, err
	}
	found := answer{header: c.resetHeader(begun)}
	if made {
		found.header.Set("Content-Type", "application/json")
		found.body = raw(object{{"@odata.context", raw(fmt.Sprintf("%s/%s/$metadata#microsoft.graph.passwordResetResponse", c.base, c.version))}, {"newPassword", raw(text)}})
	}
	return found, nil
}

func (c *call) resetHeader(r reset) http.Header {
	return http.Header{"Location": {c.base + "/" + c.version + r.location()}, "Retry-After": {strconv.Itoa(resetPause)}}
}

func getReset(d *directory, t *Tenant, c *call) (answer, error) {
	r, err := t.readReset(d, c.who, c.vars[0], c.vars[1])
	if err != nil {
		return answer{}, err
	}
	return entity("users('"+c.vars[0]+"')/authentication/operations", "microsoft.graph.longRunningOperation", resetShape, t.resetRow(r), nil)
}

func listRegistrations(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := t.registrations(d)
	return list("reports/authenticationMethods/userRegistrationDetails", "microsoft.graph.userRegistrationDetails", registrationShape, rows, err)
}

func getRegistration(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := t.registration(d, c.vars[0])
	return entity("reports/authenticationMethods/userRegistrationDetails", "microsoft.graph.userRegistrationDetails", registrationShape, row, err)
}

func getMethodsPolicy(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.methodsPolicy()
	return entity("policies/authenticationMethodsPolicy", "microsoft.graph.authenticationMethodsPolicy", methodsPolicyShape, row, err)
}

var (
	phoneShape         = same("", "id", "phoneNumber", "phoneType", "smsSignInState", "createdDateTime")
	resetShape         = same("null", "id", "createdDateTime", "lastActionDateTime", "status", "statusDetail", "resourceLocation")
	methodsPolicyShape = same("null", "id", "displayName", "description", "lastModifiedDateTime", "policyVersion", "policyMigrationState", "authenticationMethodConfigurations")
)
