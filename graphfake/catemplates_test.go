package graphfake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
)

const templatesURL = "/identity/conditionalAccess/templates"

func TestTemplates(t *testing.T) {
	c := serve(t, &graphfake.Tenant{}, "Policy.Read.All")
	all := c.ok("/beta" + templatesURL)
	assert.Len(t, all.values(), 21)
	assert.Len(t, c.ok("/beta/conditionalAccess/templates").values(), 21)
	assert.Len(t, c.ok("/v1.0"+templatesURL).values(), 19, "two hold what only beta knows")
	admins := c.ok("/v1.0" + templatesURL + "/76c03f19-ea37-4656-a772-a183b4ddb81d")
	assert.Equal(t, "Require phishing-resistant multifactor authentication for admins", admins.body["name"])
	assert.Equal(t, "protectAdmins,emergingThreats", admins.body["scenarios"])
	assert.Equal(t, "Phishing-resistant MFA", admins.at("details.grantControls.authenticationStrength.displayName"))
	assert.Equal(t, []any{}, admins.at("details.conditions.users.excludeGroups"))
	assert.Nil(t, admins.at("details.sessionControls"))
	agents := templatesURL + "/6bdcbbb7-ebd1-4f8f-a02f-652db0e3665d"
	assert.Equal(t, http.StatusNotFound, c.get("/v1.0"+agents).StatusCode)
	assert.Equal(t, "unknownFutureValue", c.ok("/beta" + agents).body["scenarios"])
	assert.Equal(t, "aiAgents", c.with("Prefer", "include-unknown-enum-members").ok("/beta" + agents).body["scenarios"])
	assert.Equal(t, http.StatusForbidden, serve(t, &graphfake.Tenant{}, "User.Read.All").get("/v1.0"+templatesURL).StatusCode)
	assert.Equal(t, http.StatusMethodNotAllowed, c.do(http.MethodPost, "/v1.0"+templatesURL, "{}").StatusCode)
}

// TestPoliciesAreMadeFromTemplates posts the details of each, as the portal does.
func TestPoliciesAreMadeFromTemplates(t *testing.T) {
	c := serve(t, &graphfake.Tenant{}, everything...).with("Prefer", "include-unknown-enum-members")
	for _, template := range c.ok("/beta" + templatesURL).values() {
		name, _ := template["name"].(string)
		t.Run(name, func(t *testing.T) {
			body := map[string]any{"displayName": name, "state": "disabled", "templateId": template["id"]}
			for part, value := range template["details"].(map[string]any) {
				body[part] = value
			}
			text, err := json.Marshal(body)
			require.NoError(t, err)
			made := c.do(http.MethodPost, "/beta"+policiesURL, strings.ReplaceAll(string(text), "Current administrator will be excluded", nothing))
			if strings.HasPrefix(name, "Secure account recovery") {
				assert.Equal(t, 400, made.StatusCode, "verifiedID is in no schema")
				assert.Contains(t, made.error("message"), "1007")
				return
			}
			require.Equal(t, 201, made.StatusCode, "%s", made.text)
			assert.Equal(t, template["id"], made.body["templateId"])
			kept := c.do(http.MethodPatch, "/beta"+policiesURL+"/"+made.body["id"].(string), `{"templateId":null,"displayName":"mine"}`)
			assert.Equal(t, 204, kept.StatusCode, "%s", kept.text)
		})
	}
}

// TestNumbers: each number that was seen in answers of the service.
func TestNumbers(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	ids := map[string]string{
		"beta": c.post("/beta"+policiesURL, setAt(t, mfaForAll, "conditions.agentIdRiskLevels", `"high"`)),
		"mine": c.post("/v1.0"+policiesURL, mfaForAll),
	}
	for _, wanted := range []struct{ name, number, method, url, body string }{
		{"an unknown member", "1007", "POST", "/v1.0" + policiesURL, setAt(t, mfaForAll, "conditions.users.excludeUserActions", `[]`)},
		{"a value of the future", "1007", "PATCH", "/v1.0" + policiesURL + "/" + ids["mine"], `{"grantControls":{"builtInControls":["unknownFutureValue"]}}`},
		{"a wrong type", "1007", "POST", "/v1.0" + policiesURL, setAt(t, mfaForAll, "conditions", `[]`)},
		{"password change without MFA", "1032", "POST", "/v1.0" + policiesURL, setAt(t, mfaForAll, "grantControls.builtInControls", `["passwordChange"]`)},
		{"a block beside another control", "1032", "POST", "/v1.0" + policiesURL, setAt(t, mfaForAll, "grantControls.builtInControls", `["block","mfa"]`)},
		{"MFA beside a strength", "1032", "POST", "/v1.0" + policiesURL, setAt(t, mfaForAll, "grantControls.authenticationStrength", `{"id":"00000000-0000-0000-0000-000000000002"}`)},
		{"MFA for workload identities", "1032", "POST", "/v1.0" + policiesURL, setAt(t, mfaForAll, "conditions.clientApplications", `{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`)},
		{"a GET on v1.0 of what beta knows", "1038", "GET", "/v1.0" + policiesURL + "/" + ids["beta"], ``},
		{"a PATCH on v1.0 of what beta knows", "1038", "PATCH", "/v1.0" + policiesURL + "/" + ids["beta"], `{"state":"disabled"}`},
		{"an unknown location", "1040", "POST", "/v1.0" + policiesURL, setAt(t, mfaForAll, "conditions.locations", `{"includeLocations":["`+nothing+`"]}`)},
		{"both device conditions", "1060", "POST", "/beta" + policiesURL, setAt(t, setAt(t, mfaForAll, "conditions.devices", `{"deviceFilter":{"mode":"include","rule":"x"}}`), "conditions.deviceStates", `{"includeStates":["All"]}`)},
		{"retired device states", "1088", "POST", "/beta" + policiesURL, setAt(t, mfaForAll, "conditions.devices", `{"includeDeviceStates":["All"]}`)},
		{"protocol flows with MFA", "1235", "POST", "/beta" + policiesURL, setAt(t, mfaForAll, "conditions.authenticationFlows", `{"protocolFlows":"deviceCodeFlow"}`)},
	} {
		t.Run(wanted.number+" "+wanted.name, func(t *testing.T) {
			refused := c.refused(tenant, 400, wanted.method, wanted.url, wanted.body)
			assert.Equal(t, "BadRequest", refused.code())
			assert.True(t, strings.HasPrefix(refused.error("message"), wanted.number+": "), "%s", refused.error("message"))
		})
	}
	c.post("/beta"+policiesURL, setAt(t, setAt(t, mfaForAll, "conditions.authenticationFlows", `{"protocolFlows":"deviceCodeFlow"}`), "grantControls.builtInControls", `["block"]`))
	long := fmt.Sprintf(`{"deviceFilter":{"mode":"include","rule":%q}}`, strings.Repeat("x", 3073))
	c.refused(tenant, 400, "POST", "/v1.0"+policiesURL, setAt(t, mfaForAll, "conditions.devices", long))
}

func TestLimitsOfLocations(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	ranges := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"10.%d.%d.0/24"}`, i/256, i%256))
		}
		return `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"a","ipRanges":[` + strings.Join(list, ",") + `]}`
	}
	c.refused(tenant, 400, http.MethodPost, "/v1.0"+locationsURL, ranges(2001))
	c.post("/v1.0"+locationsURL, ranges(2000))
	for _, country := range []string{`"de"`, `"DEU"`, `""`, `"D1"`} {
		body := `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"a","countriesAndRegions":[` + country + `]}`
		c.refused(tenant, 400, http.MethodPost, "/v1.0"+locationsURL, body)
	}
	for range 194 {
		c.post("/v1.0"+locationsURL, `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"a","countriesAndRegions":["DE"]}`)
	}
	c.refused(tenant, 400, http.MethodPost, "/v1.0"+locationsURL, ranges(1))
}
