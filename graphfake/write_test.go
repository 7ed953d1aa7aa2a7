package graphfake_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	policiesURL  = "/identity/conditionalAccess/policies"
	locationsURL = "/identity/conditionalAccess/namedLocations"
	defaultsURL  = "/policies/identitySecurityDefaultsEnforcementPolicy"
	nothing      = "99999999-9999-4999-8999-999999999999"
)

// mfaForAll is the body of a policy that any tenant takes.
const mfaForAll = `{"displayName":"MFA","state":"disabled",
	"conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}},
	"grantControls":{"operator":"AND","builtInControls":["mfa"]}}`

// setAt returns a JSON object with a value set at a path; "" takes the member out.
func setAt(t *testing.T, text, path, value string) string {
	t.Helper()
	var whole map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &whole))
	names := strings.Split(path, ".")
	at := whole
	for _, name := range names[:len(names)-1] {
		inner, ok := at[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[name] = inner
		}
		at = inner
	}
	last := names[len(names)-1]
	if value == "" {
		delete(at, last)
	} else {
		at[last] = json.RawMessage(value)
	}
	changed, err := json.Marshal(whole)
	require.NoError(t, err)
	return string(changed)
}

// at returns a value of an answer by its path.
func (r reply) at(path string) any {
	var value any = r.body
	for name := range strings.SplitSeq(path, ".") {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	return value
}

func TestPoliciesAreWrittenOverHTTP(t *testing.T) {
	for _, version := range []string{"/v1.0", "/beta"} {
		for _, path := range []string{policiesURL, "/policies/conditionalAccessPolicies", "/conditionalAccess/policies", "/identity/conditionalaccess/policies"} {
			c := serve(t, &graphfake.Tenant{}, everything...)
			made := c.do(http.MethodPost, version+path, mfaForAll)
			require.Equal(t, http.StatusCreated, made.StatusCode, "%s", made.text)
			id, _ := made.body["id"].(string)
			require.NotEmpty(t, id)
			assert.Contains(t, made.body["@odata.context"], "/$entity")
			assert.Equal(t, "OR", made.at("grantControls.operator"), "AND beside a single control")
			assert.Nil(t, made.body["modifiedDateTime"])
			assert.NotNil(t, made.body["createdDateTime"])
			assert.Equal(t, []any{}, made.at("conditions.users.excludeGroups"), "what wasn't said is empty")
			assert.NotEmpty(t, made.Header.Get("request-id"))

			one := version + path + "/" + id
			patched := c.do(http.MethodPatch, one, `{"conditions":{"users":{"excludeUsers":["a"]}}}`)
			assert.Equal(t, http.StatusNoContent, patched.StatusCode)
			assert.Empty(t, patched.text)
			assert.NotEmpty(t, patched.Header.Get("request-id"))
			read := c.ok(one)
			assert.Equal(t, []any{"a"}, read.at("conditions.users.excludeUsers"))
			assert.Equal(t, []any{"All"}, read.at("conditions.users.includeUsers"))
			assert.NotNil(t, read.body["modifiedDateTime"])

			assert.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, one, "").StatusCode)
			for range 5 {
				assert.Equal(t, http.StatusNotFound, c.get(one).StatusCode)
			}
			assert.Equal(t, http.StatusNotFound, c.do(http.MethodDelete, one, "").StatusCode)
			assert.Equal(t, http.StatusNotFound, c.do(http.MethodPatch, one, `{"state":"disabled"}`).StatusCode)
		}
	}
}

func TestAPathAllowsItsMethods(t *testing.T) {
	c := serve(t, &graphfake.Tenant{}, everything...)
	for path, allow := range map[string]string{
		"/v1.0" + policiesURL:                       "GET, POST, OPTIONS",
		"/v1.0" + policiesURL + "/x":                "GET, PATCH, DELETE, OPTIONS",
		"/beta" + locationsURL + "/x":               "GET, PATCH, DELETE, OPTIONS",
		"/v1.0" + defaultsURL:                       "GET, PATCH, OPTIONS",
		"/beta/users/x/authentication/requirements": "GET, PATCH, OPTIONS",
		"/v1.0/groups/x/members/$ref":               "POST, OPTIONS",
		"/v1.0/groups/x/members/y/$ref":             "DELETE, GET, OPTIONS",
	} {
		assert.Equal(t, allow, c.do(http.MethodOptions, path, "").Header.Get("Allow"), path)
		wrong := c.do(http.MethodPut, path, "{}")
		assert.Equal(t, http.StatusMethodNotAllowed, wrong.StatusCode, path)
		assert.Equal(t, allow, wrong.Header.Get("Allow"), path)
	}
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPatch, "/v1.0/users/x/authentication/requirements", "{}").StatusCode, "beta alone has it")
}

// refusedPolicy is a policy that no tenant takes: mfaForAll with something else in it.
type refusedPolicy struct{ path, value, message string }

var refusedPolicies = map[string]refusedPolicy{
	"unknown member":            {"excludeUserActions", `["x"]`, "1007: "},
	"unknown member deep down":  {"conditions.users.excludeFriends", `[]`, "1007: "},
	"unknown session member":    {"sessionControls.signInFrequency.often", `true`, "1007: "},
	"unknownFutureValue":        {"conditions.platforms.includePlatforms", `["unknownFutureValue"]`, "1007: "},
	"unknown value":             {"grantControls.builtInControls", `["handshake"]`, "1007: "},
	"unknown flag":              {"conditions.insiderRiskLevels", `"minor,vast"`, "1007: "},
	"unknown state":             {"state", `"on"`, "1007: "},
	"unknown operator":          {"grantControls.operator", `"XOR"`, "1007: "},
	"wrong type":                {"displayName", `7`, "1007: "},
	"a text for a list":         {"conditions.clientAppTypes", `"all"`, "1007: "},
	"a list for an object":      {"conditions.users", `[]`, "1007: "},
	"read-only id":              {"id", `"` + nothing + `"`, "1007: "},
	"read-only time":            {"createdDateTime", `"2026-01-01T00:00:00Z"`, "1007: "},
	"no name":                   {"displayName", "", "1007: "},
	"an empty name":             {"displayName", `""`, "1007: "},
	"no state":                  {"state", "", "1007: "},
	"no conditions":             {"conditions", "", "1007: "},
	"null conditions":           {"conditions", "null", "1007: "},
	"no clients":                {"conditions.clientAppTypes", "", "1007: "},
	"no applications":           {"conditions.applications", "", "1007: "},
	"no users":                  {"conditions.users", "", "1007: "},
	"a strength without id":     {"grantControls.authenticationStrength", `{"displayName":"x"}`, "1007: "},
	"an unknown strength":       {"grantControls.authenticationStrength", `{"id":"` + nothing + `"}`, "AuthenticationStrengthPolicy"},
	"block and more":            {"grantControls.builtInControls", `["block","mfa"]`, "1032: "},
	"a new password alone":      {"grantControls.builtInControls", `["passwordChange"]`, "1032: "},
	"a workload with MFA":       {"conditions.clientApplications", `{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`, "1032: "},
	"unknown location":          {"conditions.locations", `{"includeLocations":["` + nothing + `"]}`, "1040: "},
	"both device conditions":    {"conditions", `{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]},"deviceStates":{"includeStates":["All"]},"devices":{"deviceFilter":null}}`, "1060: "},
	"retired device states":     {"conditions.devices", `{"includeDeviceStates":["All"]}`, "1088: "},
	"all and one":               {"conditions.users.includeUsers", `["All","x"]`, "'All'"},
	"all and a group":           {"conditions.users.includeGroups", `["x"]`, "'All'"},
	"none and one":              {"conditions.users.includeUsers", `["None","x"]`, "'None'"},
	"all apps and one":          {"conditions.applications.includeApplications", `["All","x"]`, "'All'"},
	"apps and actions":          {"conditions.applications.includeUserActions", `["urn:user:registersecurityinfo"]`, "can not be combined in one policy"},
	"all apps and a filter":     {"conditions.applications.applicationFilter", `{"mode":"include","rule":"x"}`, "applicationFilter"},
	"filter with another mode":  {"conditions.devices", `{"deviceFilter":{"mode":"maybe","rule":"x"}}`, "1007: "},
	"a device and a client app": {"conditions", `{"clientAppTypes":["browser"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":[],"includeUserActions":["urn:user:registerdevice"]}}`, "registerdevice"},
	"every time, every hour":    {"sessionControls", `{"signInFrequency":{"isEnabled":true,"frequencyInterval":"everyTime","value":1,"type":"hours"}}`, "everyTime"},
	"a frequency of words":      {"sessionControls", `{"signInFrequency":{"isEnabled":true,"value":"one"}}`, "1007: "},
}

func TestPoliciesThatNoTenantTakes(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	before := string(tenant.Snapshot())
	for name, wrong := range refusedPolicies {
		r := c.do(http.MethodPost, "/beta"+policiesURL, setAt(t, mfaForAll, wrong.path, wrong.value))
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
		assert.Equal(t, "BadRequest", r.code(), name)
		assert.Contains(t, r.error("message"), wrong.message, name)
		assert.Equal(t, before, string(tenant.Snapshot()), name)
	}
	for name, body := range map[string]string{"nothing": "", "no object": "[]", "half": `{"displayName":`, "twice": `{"state":"disabled","state":"enabled"}`} {
		r := c.do(http.MethodPost, "/beta"+policiesURL, body)
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
	}
	assert.Equal(t, before, string(tenant.Snapshot()))
}

func TestPatchesThatNoTenantTakes(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	made := c.do(http.MethodPost, "/beta"+policiesURL, mfaForAll)
	one := fmt.Sprintf("/beta%s/%s", policiesURL, made.body["id"])
	before := string(tenant.Snapshot())
	for name, wrong := range refusedPolicies {
		if wrong.value == "" {
			continue // what a patch leaves out stays
		}
		r := c.do(http.MethodPatch, one, setAt(t, "{}", wrong.path, wrong.value))
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
		assert.Contains(t, r.error("message"), wrong.message, name)
	}
	for name, wrong := range map[string]string{
		"a template": `{"templateId":"x"}`, "no clients": `{"conditions":{"clientAppTypes":[]}}`, "null users": `{"conditions":{"users":null}}`,
	} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPatch, one, wrong).StatusCode, name)
	}
	assert.Equal(t, before, string(tenant.Snapshot()))
}

func TestPoliciesAreStoredAsTheServiceStoresThem(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	for name, test := range map[string]struct {
		path, value, at string
		want            any
	}{
		"a lone strength":      {"grantControls", `{"operator":"AND","builtInControls":[],"authenticationStrength":{"id":"` + policy.StrengthMFA + `"}}`, "grantControls.operator", "OR"},
		"a strength by its id": {"grantControls", `{"authenticationStrength":{"id":"` + policy.StrengthMFA + `","displayName":"x"}}`, "grantControls.authenticationStrength.displayName", "Multifactor authentication"},
		"two controls":         {"grantControls.builtInControls", `["mfa","compliantDevice"]`, "grantControls.operator", "AND"},
		"a control and terms":  {"grantControls.termsOfUse", `["x"]`, "grantControls.operator", "AND"},
		"guests in PascalCase": {"conditions.users", `{"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"InternalGuest,B2bCollaborationGuest"}}`, "conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes", "internalGuest,b2bCollaborationGuest"},
		"clients are dropped":  {"conditions.clients", `{"x":1}`, "conditions.clients", nil},
		"gsa is dropped":       {"conditions.applications.globalSecureAccess", `{}`, "conditions.applications.globalSecureAccess", nil},
		"null stays":           {"conditions.clientApplications", `null`, "conditions.clientApplications", nil},
		"linux":                {"conditions.platforms", `{"includePlatforms":["linux"]}`, "conditions.platforms.includePlatforms", []any{"linux"}},
		"annotations":          {"grantControls.authenticationStrength@odata.context", `"x"`, "displayName", "MFA"},
		"a template":           {"templateId", `"x"`, "templateId", "x"},
		"null for what is set": {"modifiedDateTime", `null`, "modifiedDateTime", nil},
	} {
		r := c.with("Prefer", "include-unknown-enum-members").do(http.MethodPost, "/beta"+policiesURL, setAt(t, mfaForAll, test.path, test.value))
		require.Equal(t, http.StatusCreated, r.StatusCode, "%s: %s", name, r.text)
		assert.Equal(t, test.want, r.at(test.at), name)
		again := c.with("Prefer", "include-unknown-enum-members").ok(fmt.Sprintf("/beta%s/%s", policiesURL, r.body["id"]))
		assert.Equal(t, r.body["conditions"], again.body["conditions"], name)
		assert.Equal(t, test.want, again.at(test.at), name)
	}
}

// TestPoliciesThatEveryTenantTakes holds what stands in Microsoft's own templates
// (https://learn.microsoft.com/graph/api/conditionalaccessroot-list-templates), and what the rules leave free.
func TestPoliciesThatEveryTenantTakes(t *testing.T) {
	const all = `"clientAppTypes":["all"],"users":{"includeUsers":["All"]}`
	for name, part := range map[string][2]string{
		"a new password after a risk":  {`{` + all + `,"applications":{"includeApplications":["All"]},"userRiskLevels":["high"]}`, `{"operator":"AND","builtInControls":["mfa","passwordChange"]}`},
		"legacy clients":               {`{"clientAppTypes":["exchangeActiveSync","other"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}}`, `{"operator":"OR","builtInControls":["block"]}`},
		"nobody but roles":             {`{"clientAppTypes":["all"],"users":{"includeUsers":["None"],"includeRoles":["x"]},"applications":{"includeApplications":["All"]}}`, `{"operator":"OR","builtInControls":["compliantDevice","domainJoinedDevice"]}`},
		"a strength as it is read":     {`{` + all + `,"applications":{"includeApplications":["MicrosoftAdminPortals"]}}`, `{"operator":"OR","authenticationStrength":{"id":"` + policy.StrengthMFA + `","displayName":"x","policyType":"builtIn","requirementsSatisfied":"mfa","allowedCombinations":["password,sms","fido2"],"combinationConfigurations":[]}}`},
		"registering a device":         {`{` + all + `,"applications":{"includeUserActions":["urn:user:registerdevice"]}}`, `{"operator":"OR","builtInControls":["mfa"]}`},
		"a workload":                   {`{"clientAppTypes":["all"],"users":{"includeUsers":["None"]},"applications":{"includeApplications":["All"]},"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}}`, `{"operator":"OR","builtInControls":["block"]}`},
		"places that are always known": {`{` + all + `,"applications":{"includeApplications":["All"]},"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted","00000000-0000-0000-0000-000000000000"]}}`, `{"operator":"OR","builtInControls":["block"]}`},
		"a device filter":              {`{` + all + `,"applications":{"includeApplications":["All"]},"devices":{"deviceFilter":{"mode":"exclude","rule":"device.isCompliant -eq True"}}}`, `{"operator":"OR","builtInControls":["block"]}`},
		"inner risk":                   {`{` + all + `,"applications":{"includeApplications":["Office365"]},"insiderRiskLevels":"elevated,moderate"}`, `{"operator":"OR","builtInControls":["block"]}`},
		"no controls at all":           {`{` + all + `,"applications":{"includeApplications":["All"]}}`, `null`},
	} {
		for session, frequency := range map[string]string{
			"no session": "null", "every time": `{"signInFrequency":{"isEnabled":true,"frequencyInterval":"everyTime","value":null,"type":null,"authenticationType":"primaryAndSecondaryAuthentication"}}`,
			"every hour": `{"signInFrequency":{"isEnabled":true,"frequencyInterval":"timeBased","value":1,"type":"hours"},"persistentBrowser":{"isEnabled":true,"mode":"never"}}`,
		} {
			var tenant graphfake.Tenant
			body := `{"displayName":"x","state":"enabledForReportingButNotEnforced","conditions":` + part[0] + `,"grantControls":` + part[1] + `,"sessionControls":` + frequency + `}`
			r := serve(t, &tenant, everything...).do(http.MethodPost, "/v1.0"+policiesURL, body)
			assert.Equal(t, http.StatusCreated, r.StatusCode, "%s, %s: %s", name, session, r.text)
		}
	}
}

func TestAPatchMergesObjectsAndReplacesLists(t *testing.T) {
	var tenant graphfake.Tenant
	var p policy.Policy
	require.NoError(t, json.Unmarshal([]byte(setAt(t, mfaForAll, "conditions.users", `{"includeUsers":[],"includeGroups":["g"],"excludeUsers":["a","b"],
		"excludeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"internalGuest","externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessEnumeratedExternalTenants","membershipKind":"enumerated","members":["x"]}}}`)), &p))
	id, err := tenant.AddPolicy(p)
	require.NoError(t, err)
	c := serve(t, &tenant, everything...)
	one := "/beta" + policiesURL + "/" + id
	require.Equal(t, 204, c.do(http.MethodPatch, one, `{"conditions":{"users":{"excludeUsers":["c"],"excludeGuestsOrExternalUsers":{"externalTenants":{"@odata.type":"#microsoft.graph.conditionalAccessAllExternalTenants","membershipKind":"all"}}}},"sessionControls":{"persistentBrowser":{"isEnabled":true,"mode":"never"}}}`).StatusCode)
	r := c.ok(one)
	assert.Equal(t, []any{"c"}, r.at("conditions.users.excludeUsers"))
	assert.Equal(t, []any{"g"}, r.at("conditions.users.includeGroups"))
	assert.Equal(t, "internalGuest", r.at("conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes"))
	assert.Equal(t, map[string]any{"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants", "membershipKind": "all"},
		r.at("conditions.users.excludeGuestsOrExternalUsers.externalTenants"), "another kind is another object")
	assert.Equal(t, "never", r.at("sessionControls.persistentBrowser.mode"))
	require.Equal(t, 204, c.do(http.MethodPatch, one, `{"conditions":{"users":{"excludeGuestsOrExternalUsers":null}},"sessionControls":null}`).StatusCode)
	r = c.ok(one)
	assert.Nil(t, r.at("conditions.users.excludeGuestsOrExternalUsers"))
	assert.Nil(t, r.body["sessionControls"])
	require.Equal(t, 204, c.do(http.MethodPatch, one, `{"conditions":{}}`).StatusCode, "it names nothing")
	assert.Equal(t, r.body["conditions"], c.ok(one).body["conditions"])
}

func TestTypesThatTheSDKsSendAreNotKept(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	typed := setAt(t, setAt(t, mfaForAll, "@odata#type", `"x"`), "conditions.users.@odata#type", `"#microsoft.graph.conditionalAccessUsers"`)
	typed = strings.ReplaceAll(typed, "@odata#type", "@odata.type")
	made := c.do(http.MethodPost, "/v1.0"+policiesURL, typed)
	require.Equal(t, http.StatusCreated, made.StatusCode, "%s", made.text)
	one := fmt.Sprintf("/v1.0%s/%s", policiesURL, made.body["id"])
	require.Equal(t, 204, c.do(http.MethodPatch, one, `{"@odata.type":"#microsoft.graph.conditionalAccessPolicy","state":"enabled"}`).StatusCode)
	assert.NotContains(t, string(c.ok(one).text), "@odata.type")
}

func TestDeletedPoliciesCanBeRestored(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now}
	c := serve(t, &tenant, everything...)
	const deleted = "/v1.0/identity/conditionalAccess/deletedItems/policies"
	made := c.do(http.MethodPost, "/v1.0"+policiesURL, setAt(t, mfaForAll, "state", `"enabled"`))
	id, _ := made.body["id"].(string)
	before := string(tenant.Snapshot())
	remove := func() {
		t.Helper()
		require.Equal(t, 204, c.do(http.MethodDelete, "/v1.0"+policiesURL+"/"+id, "").StatusCode)
	}
	assert.Empty(t, c.ok(deleted).values())
	remove()
	assert.Equal(t, []string{id}, c.ok(deleted).names("id"))
	assert.NotNil(t, c.ok(deleted + "/" + id).body["deletedDateTime"])

	require.NoError(t, tenant.SetSecurityDefaults(true))
	assert.Equal(t, 400, c.do(http.MethodPost, deleted+"/"+id+"/restore", "").StatusCode, "it would be enabled beside security defaults")
	require.NoError(t, tenant.SetSecurityDefaults(false))
	restored := c.do(http.MethodPost, deleted+"/"+id+"/restore", "")
	require.Equal(t, 200, restored.StatusCode, "%s", restored.text)
	assert.Equal(t, id, restored.body["id"])
	assert.Equal(t, before, string(tenant.Snapshot()), "as it was")
	assert.Equal(t, 404, c.do(http.MethodPost, deleted+"/"+id+"/restore", "").StatusCode)

	remove()
	require.Equal(t, 204, c.do(http.MethodDelete, deleted+"/"+id, "").StatusCode)
	assert.Equal(t, 404, c.get(deleted+"/"+id).StatusCode, "removed for good")

	made = c.do(http.MethodPost, "/v1.0"+policiesURL, mfaForAll)
	id, _ = made.body["id"].(string)
	remove()
	at.advance(30 * 24 * time.Hour)
	c.token = tenant.Token(everything...)
	assert.Empty(t, c.ok(deleted).values(), "after 30 days")
	assert.Equal(t, 404, c.do(http.MethodPost, deleted+"/"+id+"/restore", "").StatusCode)
}

func TestV1RefusesWhatOnlyBetaKnows(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	agents := setAt(t, mfaForAll, "conditions.agentIdRiskLevels", `"high"`)
	r := c.do(http.MethodPost, "/v1.0"+policiesURL, agents)
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Contains(t, r.error("message"), "1007: ")
	made := c.do(http.MethodPost, "/beta"+policiesURL, agents)
	require.Equal(t, http.StatusCreated, made.StatusCode)
	one := fmt.Sprintf("%s/%s", policiesURL, made.body["id"])
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		r := c.do(method, "/v1.0"+one, `{"state":"enabledForReportingButNotEnforced"}`)
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, method)
		assert.Contains(t, r.error("message"), "1038: ", method)
	}
	assert.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, "/beta"+one, `{"state":"enabledForReportingButNotEnforced"}`).StatusCode)
	assert.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, "/beta"+one, "").StatusCode)
}

func TestLocationsAreWrittenOverHTTP(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	office := `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Office","isTrusted":true,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.0/24"}]}`
	made := c.do(http.MethodPost, "/v1.0"+locationsURL, office)
	require.Equal(t, http.StatusCreated, made.StatusCode, "%s", made.text)
	one := fmt.Sprintf("/v1.0%s/%s", locationsURL, made.body["id"])
	trusted := c.do(http.MethodDelete, one, "")
	assert.Equal(t, http.StatusBadRequest, trusted.StatusCode, "a trusted one stays")
	for name, patch := range map[string]string{
		"another kind": `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x"}`, "unknown": `{"colour":"red"}`, "no ranges": `{"ipRanges":[]}`,
		"too wide": `{"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"10.0.0.0/8"}]}`,
		"mixed up": `{"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"2001:db8::/48"}]}`,
		"no name":  `{"displayName":null}`, "its id": `{"id":"x"}`,
	} {
		r := c.do(http.MethodPatch, one, patch)
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
	}
	require.Equal(t, 204, c.do(http.MethodPatch, one, `{"@odata.type":"#microsoft.graph.ipNamedLocation","isTrusted":false}`).StatusCode)
	r := c.ok(one)
	assert.Equal(t, false, r.body["isTrusted"])
	assert.Equal(t, "Office", r.body["displayName"])

	p := c.do(http.MethodPost, "/v1.0"+policiesURL, setAt(t, mfaForAll, "conditions.locations", fmt.Sprintf(`{"includeLocations":["All"],"excludeLocations":["%s"]}`, made.body["id"])))
	require.Equal(t, http.StatusCreated, p.StatusCode, "%s", p.text)
	used := c.do(http.MethodDelete, one, "")
	assert.Equal(t, http.StatusBadRequest, used.StatusCode, "a policy names it")
	assert.Contains(t, used.error("message"), "MFA")
	require.Equal(t, 204, c.do(http.MethodDelete, fmt.Sprintf("/v1.0%s/%s", policiesURL, p.body["id"]), "").StatusCode)
	assert.Equal(t, 204, c.do(http.MethodDelete, one, "").StatusCode)
	assert.Equal(t, 404, c.get(one).StatusCode)

	for name, body := range map[string]string{
		"no kind": `{"displayName":"x"}`, "a network": `{"@odata.type":"#microsoft.graph.compliantNetworkNamedLocation","displayName":"x"}`,
		"no country": `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x"}`, "a foreign member": `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x","countriesAndRegions":["SE"],"ipRanges":[]}`,
		"no name": `{"@odata.type":"#microsoft.graph.countryNamedLocation","countriesAndRegions":["SE"]}`,
	} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0"+locationsURL, body).StatusCode, name)
	}
	country := c.do(http.MethodPost, "/beta"+locationsURL, `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"Home","countriesAndRegions":["SE"]}`)
	require.Equal(t, http.StatusCreated, country.StatusCode)
	assert.Equal(t, "clientIpAddress", country.body["countryLookupMethod"])
	assert.Equal(t, false, country.body["includeUnknownCountriesAndRegions"])
}

func TestDefaultsStatesAndMembersAreWrittenOverHTTP(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	group := tenant.AddGroup(policy.Group{DisplayName: "Exempt", SecurityEnabled: new(true)})
	synced := policy.Group{}
	require.NoError(t, json.Unmarshal([]byte(`{"displayName":"Synced","onPremisesSyncEnabled":true}`), &synced))
	syncedID := tenant.AddGroup(synced)
	c := serve(t, &tenant, everything...)

	for body, status := range map[string]int{
		`{"isEnabled":true}`: 204, `{"isEnabled":"true"}`: 400, `{"isEnabled":null}`: 400, `{}`: 400, `{"isEnabled":true,"displayName":"x"}`: 400, ``: 400,
	} {
		assert.Equal(t, status, c.do(http.MethodPatch, "/v1.0"+defaultsURL, body).StatusCode, body)
	}
	assert.Equal(t, true, c.ok("/beta" + defaultsURL).body["isEnabled"])

	requirements := "/beta/users/svc%40contoso.com/authentication/requirements"
	for body, status := range map[string]int{
		`{"perUserMfaState":"enforced"}`: 204, `{"perUserMfaState":"off"}`: 400, `{"perUserMfaState":null}`: 400, `{"mfa":true}`: 400, `[]`: 400,
	} {
		assert.Equal(t, status, c.do(http.MethodPatch, requirements, body).StatusCode, body)
	}
	assert.Equal(t, "enforced", c.ok(requirements).body["perUserMfaState"])

	for body, status := range map[string]int{
		`{"@odata.id":"` + user + `"}`:                                                      400,
		`{"@odata.id":"https://graph.microsoft.com/v1.0/devices/` + user + `"}`:             400,
		`{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + nothing + `"}`: 404,
		`{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/x","more":true}`:   400,
		`{}`: 400, `{"@odata.id":7}`: 400,
	} {
		assert.Equal(t, status, c.do(http.MethodPost, "/v1.0/groups/"+group+"/members/$ref", body).StatusCode, body)
	}
	reference := `{"@odata.id":"` + c.server.URL + `/v1.0/directoryObjects/` + user + `"}`
	assert.Equal(t, 204, c.do(http.MethodPost, "/v1.0/groups/"+group+"/members/$ref", reference).StatusCode)
	assert.Equal(t, 400, c.do(http.MethodPost, "/v1.0/groups/"+group+"/members/$ref", reference).StatusCode, "it is a member already")
	assert.Equal(t, 400, c.do(http.MethodPost, "/v1.0/groups/"+syncedID+"/members/$ref", reference).StatusCode, "another directory fills it")
	assert.Equal(t, []string{user}, c.ok("/v1.0/groups/"+group+"/members").names("id"))
	assert.Equal(t, 204, c.do(http.MethodDelete, "/v1.0/groups/"+group+"/members/"+user+"/$ref", "").StatusCode)
	assert.Equal(t, 404, c.do(http.MethodDelete, "/v1.0/groups/"+group+"/members/"+user+"/$ref", "").StatusCode)
	assert.Empty(t, c.ok("/v1.0/groups/"+group+"/members").values())
}

// TestEveryWriteWantsItsPermissions takes away each of the permissions in turn.
func TestEveryWriteWantsItsPermissions(t *testing.T) {
	const write, read, apps = "Policy.ReadWrite.ConditionalAccess", "Policy.Read.All", "Application.Read.All"
	for name, test := range map[string]struct {
		method, path, body string
		permissions        []string
		code               string
	}{
		"create a policy":   {"POST", "/v1.0" + policiesURL, mfaForAll, []string{write, read, apps}, "AccessDenied"},
		"touch its apps":    {"PATCH", "/v1.0" + policiesURL + "/{p}", `{"conditions":{"applications":{"excludeApplications":["x"]}}}`, []string{write, read, apps}, "AccessDenied"},
		"touch its users":   {"PATCH", "/v1.0" + policiesURL + "/{p}", `{"conditions":{"users":{"excludeUsers":["x"]}}}`, []string{write, read}, "AccessDenied"},
		"delete it":         {"DELETE", "/v1.0" + policiesURL + "/{p}", "", []string{write, read}, "AccessDenied"},
		"create a location": {"POST", "/v1.0" + locationsURL, `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x","countriesAndRegions":["SE"]}`, []string{write, read}, "AccessDenied"},
		"change it":         {"PATCH", "/v1.0" + locationsURL + "/{l}", `{"displayName":"y"}`, []string{write, read}, "AccessDenied"},
		"delete a location": {"DELETE", "/v1.0" + locationsURL + "/{l}", "", []string{write, read}, "AccessDenied"},
		"defaults":          {"PATCH", "/v1.0" + defaultsURL, `{"isEnabled":false}`, []string{"Policy.ReadWrite.SecurityDefaults", read}, "AccessDenied"},
		"per-user MFA":      {"PATCH", "/beta/users/{u}/authentication/requirements", `{"perUserMfaState":"disabled"}`, []string{"Policy.ReadWrite.AuthenticationMethod"}, "accessDenied"},
		"join":              {"POST", "/v1.0/groups/{g}/members/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/{u}"}`, []string{"GroupMember.ReadWrite.All"}, "Authorization_RequestDenied"},
		"join a role group": {"POST", "/v1.0/groups/{r}/members/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/{u}"}`, []string{"GroupMember.ReadWrite.All", "RoleManagement.ReadWrite.Directory"}, "Authorization_RequestDenied"},
		"leave":             {"DELETE", "/v1.0/groups/{h}/members/{u}/$ref", "", []string{"GroupMember.ReadWrite.All"}, "Authorization_RequestDenied"},
	} {
		var tenant graphfake.Tenant
		u := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
		var p policy.Policy
		require.NoError(t, json.Unmarshal([]byte(mfaForAll), &p))
		id, err := tenant.AddPolicy(p)
		require.NoError(t, err)
		h := tenant.AddGroup(policy.Group{DisplayName: "H"})
		require.NoError(t, tenant.AddMember(h, u))
		fill := strings.NewReplacer("{p}", id, "{u}", u, "{h}", h, "{g}", tenant.AddGroup(policy.Group{DisplayName: "G"}),
			"{r}", tenant.AddGroup(policy.Group{DisplayName: "R", IsAssignableToRole: new(true)}),
			"{l}", tenant.AddNamedLocation(policy.NamedLocation{Type: policy.CountryNamedLocation, DisplayName: "L", CountriesAndRegions: []string{"NO"}}))
		before := string(tenant.Snapshot())
		c := serve(t, &tenant)
		for i := range test.permissions {
			rest := append(append([]string{"Policy.Read.ConditionalAccess"}, test.permissions[:i]...), test.permissions[i+1:]...)
			c.token = tenant.Token(rest...)
			r := c.do(test.method, fill.Replace(test.path), fill.Replace(test.body))
			assert.Equal(t, http.StatusForbidden, r.StatusCode, "%s with %v", name, rest)
			assert.Equal(t, test.code, r.code(), name)
		}
		assert.Equal(t, before, string(tenant.Snapshot()), name)
		c.token = tenant.Token(test.permissions...)
		r := c.do(test.method, fill.Replace(test.path), fill.Replace(test.body))
		assert.Less(t, r.StatusCode, 300, "%s: %s", name, r.text)
	}
}

func TestABatchWrites(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := fmt.Fprintf(writer, `{"requests":[
		{"id":"1","method":"POST","url":"%s","body":%s,"headers":{"Content-Type":"application/json"}},
		{"id":"2","method":"PATCH","url":"%s","body":{"isEnabled":true},"headers":{"Content-Type":"application/json"},"dependsOn":["1"]},
		{"id":"3","method":"PATCH","url":"%s/x","body":{"state":"disabled"},"headers":{"Content-Type":"application/json"}},
		{"id":"4","method":"PATCH","url":"%s","body":{"isEnabled":false}}]}`, policiesURL, mfaForAll, defaultsURL, policiesURL, defaultsURL)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	r := c.with("Content-Encoding", "gzip").do(http.MethodPost, "/v1.0/$batch", packed.String())
	require.Equal(t, 200, r.StatusCode, "%s", r.text)
	var answer struct {
		Responses []struct {
			ID      string
			Status  int
			Headers map[string]string
			Body    json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(r.text, &answer))
	for _, item := range answer.Responses {
		assert.Equal(t, map[string]int{"1": 201, "2": 204, "3": 404, "4": 400}[item.ID], item.Status, "%s: %s", item.ID, item.Body)
		assert.NotEmpty(t, item.Headers["request-id"])
		assert.Equal(t, item.Status == 204, len(item.Body) == 0, item.ID)
	}
	assert.Len(t, c.ok("/v1.0"+policiesURL).values(), 1)
	assert.Equal(t, true, c.ok("/v1.0" + defaultsURL).body["isEnabled"])
}

func TestATokenTellsWhoCalls(t *testing.T) {
	for _, caller := range []mfa.Identity{{}, {Kind: mfa.IdentityUser, ID: nothing, Name: "admin@contoso.com"}, {Kind: mfa.IdentityApplication, ID: nothing, Name: "an app"}} {
		tenant := graphfake.Tenant{Caller: caller}
		who, err := tenant.Identity(t.Context())
		require.NoError(t, err)
		said := claimsOf(t, tenant.Token("Policy.Read.All"))
		assert.Equal(t, who.ID, said["oid"])
		assert.Equal(t, who.TenantID, said["tid"])
		assert.Equal(t, map[mfa.IdentityKind]string{mfa.IdentityUser: "user", mfa.IdentityApplication: "app"}[who.Kind], said["idtyp"])
		name := map[mfa.IdentityKind]string{mfa.IdentityUser: "upn", mfa.IdentityApplication: "appid"}[who.Kind]
		assert.Equal(t, who.Name, said[name])
		assert.Equal(t, []any{"Policy.Read.All"}, said["roles"])
	}
}

func TestWritesInALoadedTenantWantWhatItHolds(t *testing.T) {
	tenant := loaded(t, map[string]string{"Users/a.json": `{"id":"` + nothing + `","userPrincipalName":"svc@contoso.com"}`})
	for name, err := range map[string]error{
		"policy":       second(tenant.UpdatePolicy(t.Context(), "x", policy.Patch{State: new(policy.StateDisabled)})),
		"defaults":     second(tenant.UpdateSecurityDefaults(t.Context(), true)),
		"location":     second(tenant.DeleteNamedLocation(t.Context(), "x")),
		"requirements": second(tenant.UpdateRequirements(t.Context(), "svc@contoso.com", mfa.PerUserDisabled)),
		"group":        second(tenant.AddGroupMember(t.Context(), "x", nothing)),
	} {
		assert.ErrorIs(t, err, entramfa.ErrNotRead, name)
	}
}

func second[T any](_ T, err error) error { return err }
