package graphfake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	evaluate    = "/v1.0/identity/conditionalAccess/evaluate"
	exchangeApp = "00000002-0000-0ff1-ce00-000000000000"
)

// whatIfTenant has an account, and policies of which each shows something.
func whatIfTenant(t *testing.T) (tenant *graphfake.Tenant, account string) {
	t.Helper()
	tenant = &graphfake.Tenant{}
	account = tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	outer := tenant.AddGroup(policy.Group{DisplayName: "Outer"})
	inner := tenant.AddGroup(policy.Group{DisplayName: "Inner"})
	require.NoError(t, tenant.AddMember(inner, account))
	require.NoError(t, tenant.AddMember(outer, inner))
	gps := tenant.AddNamedLocation(policy.NamedLocation{
		Type: policy.CountryNamedLocation, CountriesAndRegions: []string{"NL"}, CountryLookupMethod: new("authenticatorAppGps"),
	})
	for name, change := range map[string]string{
		"everyone":   ``,
		"nested":     `, "users": {"includeUsers": [], "includeGroups": ["` + outer + `"], "includeRoles": []}`,
		"excluded":   `, "users": {"includeUsers": ["All"], "excludeGroups": ["` + outer + `"]}`,
		"office":     `, "applications": {"includeApplications": ["Office365"]}`,
		"not office": `, "applications": {"includeApplications": ["All"], "excludeApplications": ["Office365"]}`,
		"exchange":   `, "applications": {"includeApplications": ["` + exchangeApp + `"]}`,
		"legacy":     `, "clientAppTypes": ["other"]`,
		"linux":      `, "platforms": {"includePlatforms": ["linux"], "excludePlatforms": []}`,
		"risk":       `, "signInRiskLevels": ["low"]`,
		"gps":        `, "locations": {"includeLocations": ["` + gps + `"], "excludeLocations": []}`,
		"device":     `, "devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}`,
		"action":     `, "applications": {"includeUserActions": ["urn:user:registerdevice"]}`,
		"context":    `, "applications": {"includeAuthenticationContextClassReferences": ["c1"]}`,
		"beta":       `, "agentIdRiskLevels": "high"`,
	} {
		add(t, tenant, name, "enabled", change)
	}
	add(t, tenant, "off", "disabled", "")
	add(t, tenant, "report", "enabledForReportingButNotEnforced", "")
	return tenant, account
}

func add(t *testing.T, tenant *graphfake.Tenant, name, state, change string) {
	t.Helper()
	conditions := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(`{"clientAppTypes": ["all"], "users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}}`), &conditions))
	require.NoError(t, json.Unmarshal([]byte("{"+strings.TrimPrefix(change, ",")+"}"), &conditions), name)
	text, err := json.Marshal(map[string]any{
		"id": name, "displayName": name, "state": state, "conditions": conditions,
		"grantControls": map[string]any{"operator": "OR", "builtInControls": []string{"mfa"}},
	})
	require.NoError(t, err)
	var p policy.Policy
	require.NoError(t, json.Unmarshal(text, &p))
	_, err = tenant.AddPolicy(p)
	require.NoError(t, err)
}

const allConditions = `"clientAppType": "browser", "devicePlatform": "windows", "ipAddress": "198.51.100.7", "country": "NL",
	"signInRiskLevel": "none", "userRiskLevel": "none", "servicePrincipalRiskLevel": "none", "insiderRiskLevel": "none",
	"authenticationFlow": {"transferMethod": "none"}, "deviceInfo": {}`

func question(account, context, conditions, more string) string {
	return fmt.Sprintf(`{"signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": %q}, "signInContext": %s, "signInConditions": {%s}%s}`,
		account, context, conditions, more)
}

const toExchange = `{"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["` + exchangeApp + `"]}`

// reasons answers policy by policy: applies, or the reason.
func reasons(r reply) map[string]string {
	found := map[string]string{}
	for _, p := range r.values() {
		found[p["id"].(string)] = p["analysisReasons"].(string)
		if p["policyApplies"] == true {
			found[p["id"].(string)] = "applies " + p["analysisReasons"].(string)
		}
	}
	return found
}

func TestWhatIfOverHTTP(t *testing.T) {
	tenant, account := whatIfTenant(t)
	c := serve(t, tenant, "Policy.Read.ConditionalAccess")
	r := c.do(http.MethodPost, evaluate, question(account, toExchange, allConditions, ""))
	require.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
	want := map[string]string{
		"everyone": "applies notSet", "nested": "applies notSet", "excluded": "users",
		"office": "application", "not office": "applies notSet", "exchange": "applies notSet",
		"legacy": "clientApps", "linux": "devicePlatform", "risk": "signInRisk", "gps": "notEnoughInformation", "device": "devices",
		"action": "userActions", "context": "authenticationContext", "off": "policyNotEnabled", "report": "applies notSet",
	}
	assert.Equal(t, want, reasons(r), "v1.0, which leaves out what only beta knows")
	assert.Equal(t, c.server.URL+"/v1.0/$metadata#Collection(microsoft.graph.whatIfAnalysisResult)", r.body["@odata.context"])
	whole := r.values()[0]
	for _, member := range []string{"conditions", "grantControls", "state", "displayName", "createdDateTime"} {
		assert.Contains(t, whole, member, "the whole policy comes along")
	}

	r = c.do(http.MethodPost, "/beta/identity/conditionalaccess/Evaluate", question(account, toExchange, allConditions, `, "AppliedPoliciesOnly": true`))
	require.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
	assert.Len(t, reasons(r), 5)
	assert.NotContains(t, reasons(r), "off")
	r = c.do(http.MethodPost, "/beta/identity/conditionalAccess/evaluate", question(account, toExchange, allConditions, ""))
	assert.Equal(t, "notEnoughInformation", reasons(r)["beta"])
}

// TestWhatIfAboutOtherTargets asks about a user action and a context.
func TestWhatIfAboutOtherTargets(t *testing.T) {
	tenant, account := whatIfTenant(t)
	c := serve(t, tenant, "Policy.Read.All")
	ask := func(context string) map[string]string {
		r := c.do(http.MethodPost, evaluate, question(account, context, allConditions, ""))
		require.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
		return reasons(r)
	}
	action := ask(`{"@odata.type": "#microsoft.graph.userActionContext", "userAction": "registerOrJoinDevices"}`)
	assert.Equal(t, "applies notSet", action["action"])
	assert.Equal(t, "application", action["everyone"])
	context := ask(`{"@odata.type": "#microsoft.graph.authContext", "authenticationContextValue": "c1"}`)
	assert.Equal(t, "applies notSet", context["context"])
	assert.Equal(t, "application", context["exchange"])
}

// TestWhatIfAboutADevice: what the question tells of it decides, and what it leaves
// out isn't known.
func TestWhatIfAboutADevice(t *testing.T) {
	tenant, account := whatIfTenant(t)
	add(t, tenant, "owned", "enabled", `, "devices": {"deviceFilter": {"mode": "exclude", "rule": "device.deviceOwnership -eq \"Company\""}}`)
	add(t, tenant, "labelled", "enabled", `, "devices": {"deviceFilter": {"mode": "include", "rule": "device.systemLabels -contains \"Kiosk\""}}`)
	c := serve(t, tenant, "Policy.Read.All")
	for device, want := range map[string][3]string{
		`{}`:                     {"devices", "applies notSet", "devices"},
		`{"isCompliant": true}`:  {"applies notSet", "notEnoughInformation", "notEnoughInformation"},
		`{"isCompliant": false}`: {"devices", "notEnoughInformation", "notEnoughInformation"},
		`{"ownership": "Company", "systemLabels": ["Kiosk"]}`: {"notEnoughInformation", "devices", "applies notSet"},
	} {
		body := question(account, toExchange, strings.Replace(allConditions, `"deviceInfo": {}`, `"deviceInfo": `+device, 1), "")
		r := c.do(http.MethodPost, evaluate, body)
		require.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
		got := reasons(r)
		assert.Equal(t, want, [3]string{got["device"], got["owned"], got["labelled"]}, device)
	}
}

// TestWhatIfNeedsEveryCondition: what the question leaves out and a policy asks for.
func TestWhatIfNeedsEveryCondition(t *testing.T) {
	tenant, account := whatIfTenant(t)
	c := serve(t, tenant, "Policy.Read.All")
	bare := question(account, toExchange, "", "")
	for _, body := range []string{bare, strings.Replace(bare, `, "signInConditions": {}`, "", 1), strings.Replace(bare, `"signInConditions": {}`, `"signInConditions": {"deviceInfo": null, "country": null}`, 1)} {
		r := c.do(http.MethodPost, evaluate, body)
		require.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
		got := reasons(r)
		for _, name := range []string{"legacy", "linux", "risk", "gps", "device"} {
			assert.Equal(t, "notEnoughInformation", got[name], name)
		}
		assert.Equal(t, "applies notSet", got["everyone"])
	}
}

func TestWhatIfRefuses(t *testing.T) {
	tenant, account := whatIfTenant(t)
	c := serve(t, tenant, "Policy.Read.All")
	good := question(account, toExchange, allConditions, "")
	edit := func(old, replacement string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, replacement, 1)
	}
	for body, message := range map[string]string{
		`[]`: "Unable to read JSON request payload",
		`{`:  "Unable to read JSON request payload",
		`{}`: "'signInIdentity' is required",
		`{"conditionalAccessWhatIfSubject": {"@odata.type": "#microsoft.graph.userSubject"}, "conditionalAccessContext": {}}`: "'conditionalAccessWhatIfSubject' in the request payload is not a valid parameter",
		edit("signInContext", "conditionalAccessContext"):                                                                     "'conditionalAccessContext' in the request payload",
		edit("signInConditions", "conditionalAccessWhatIfConditions"):                                                         "'conditionalAccessWhatIfConditions' in the request payload",
		edit("#microsoft.graph.userSignIn", "#microsoft.graph.userSubject"):                                                   "'#microsoft.graph.userSubject' could not be resolved",
		edit("#microsoft.graph.applicationContext", "#microsoft.graph.whatIfApplicationContext"):                              "could not be resolved",
		edit("#microsoft.graph.userSignIn", "#microsoft.graph.agentSignIn"):                                                   "could not be resolved",
		edit(`"userId"`, `"userPrincipalName"`):                                                                               "'userPrincipalName' does not exist on type 'microsoft.graph.userSignIn'",
		edit(account, "svc@contoso.com"):                                                                                      "property 'userId'",
		edit(`"country"`, `"countries"`):                                                                                      "'countries' does not exist on type 'microsoft.graph.signInConditions'",
		edit(`"windows"`, `"amiga"`):                                                                                          "'devicePlatform'",
		edit(`"browser"`, `7`):                                                                                                "'clientAppType'",
		edit(`"deviceInfo": {}`, `"deviceInfo": {"color": "red"}`):                                                            "'color' does not exist",
		edit(`"deviceInfo": {}`, `"deviceInfo": []`):                                                                          "'deviceInfo'",
		edit(`"transferMethod": "none"`, `"transferMethod": "pigeon"`):                                                        "'transferMethod'",
		edit(`"198.51.100.7"`, `"the office"`):                                                                                "'ipAddress'",
		edit(`["`+exchangeApp+`"]`, `[]`):                                                                                     "'includeApplications'",
		edit(toExchange, `{"@odata.type": "#microsoft.graph.authContext"}`):                                                   "'authenticationContextValue'",
		edit(toExchange, `{"@odata.type": "#microsoft.graph.userActionContext"}`):                                             "'userAction'",
		edit(toExchange, `7`):                                                                                                 "'signInContext'",
		edit(`"signInConditions": {`, `"signInConditions": {"agentIdRiskLevel": "high", `):                                    "'agentIdRiskLevel' does not exist",
		question(account, toExchange, allConditions, `, "appliedPoliciesOnly": "yes"`):                                        "Invalid value",
	} {
		r := c.do(http.MethodPost, evaluate, body)
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, body)
		assert.Equal(t, "BadRequest", r.code(), body)
		assert.Contains(t, r.error("message"), message, body)
	}
	r := c.do(http.MethodPost, evaluate, edit(account, "99999999-9999-4999-8999-999999999999"))
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
	r = c.do(http.MethodPost, evaluate, edit(`"@odata.type": "#microsoft.graph.userSignIn", "userId"`, `"@odata.type": "#microsoft.graph.servicePrincipalSignIn", "servicePrincipalId"`))
	assert.Equal(t, http.StatusNotImplemented, r.StatusCode, "the fake has no service principals, and says so")
	assert.Equal(t, http.StatusMethodNotAllowed, c.get(evaluate).StatusCode)
	assert.Equal(t, "AccessDenied", serve(t, tenant, "Policy.Read.AuthenticationMethod").do(http.MethodPost, evaluate, good).code())
}

// TestWhatIfByMethod: the errors of the Go face are those of the HTTP face.
func TestWhatIfByMethod(t *testing.T) {
	tenant, _ := whatIfTenant(t)
	var q policy.WhatIf
	require.NoError(t, json.Unmarshal([]byte(question("x", toExchange, allConditions, "")), &q))
	q.SignInIdentity = policy.WhatIfIdentity{Type: policy.ServicePrincipalSignIn, ServicePrincipalID: "x"}
	_, err := tenant.WhatIf(t.Context(), q)
	assert.ErrorIs(t, err, entramfa.ErrNotRead)

	_, err = tenant.WhatIf(t.Context(), policy.WhatIf{})
	var graph *entramfa.GraphError
	require.ErrorAs(t, err, &graph)
	assert.Equal(t, "POST", graph.Method)
	assert.Equal(t, "/identity/conditionalAccess/evaluate", graph.Path)
}
