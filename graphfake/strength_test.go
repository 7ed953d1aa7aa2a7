package graphfake_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/policy"
)

const (
	strengthsURL = "/v1.0/policies/authenticationStrengthPolicies"
	keysOnly     = `{"displayName":"Keys","description":"only","allowedCombinations":["fido2"]}`
)

// refused makes a call that is refused, with an error body and without a change.
func (c *client) refused(tenant *graphfake.Tenant, status int, method, url, body string) reply {
	c.t.Helper()
	before := string(tenant.Snapshot())
	r := c.do(method, url, body)
	assert.Equal(c.t, status, r.StatusCode, "%s %s %s: %s", method, url, body, r.text)
	assert.NotEmpty(c.t, r.code(), "%s", r.text)
	assert.NotEmpty(c.t, r.error("message"), "%s", r.text)
	assert.Equal(c.t, before, string(tenant.Snapshot()), "nothing is written")
	return r
}

func withStrength(t *testing.T, id string) string {
	return setAt(t, mfaForAll, "grantControls", `{"operator":"OR","authenticationStrength":{"id":"`+id+`"}}`)
}

func TestStrengthsAreWrittenUnderAllTheirNames(t *testing.T) {
	for _, url := range []string{
		strengthsURL, "/beta/identity/conditionalAccess/authenticationStrength/policies",
		"/beta/identity/conditionalAccess/authenticationStrengths/policies", "/v1.0/Policies/authenticationstrengthpolicies",
	} {
		c := serve(t, &graphfake.Tenant{}, everything...)
		id := c.post(url, `{"@odata.type":"#microsoft.graph.authenticationStrengthPolicy","displayName":"Two","requirementsSatisfied":"mfa","allowedCombinations":["softwareOath, password","fido2"]}`)
		read := c.ok(url + "/" + id)
		assert.Equal(t, []any{"password,softwareOath", "fido2"}, read.body["allowedCombinations"], "in the service's spelling")
		assert.Equal(t, "custom", read.body["policyType"])
		assert.Equal(t, "mfa", read.body["requirementsSatisfied"])
		assert.Equal(t, []any{}, read.body["combinationConfigurations"])
		assert.NotNil(t, read.body["createdDateTime"])

		c.succeeds(http.MethodPatch, url+"/"+id, `{"displayName":"Renamed","description":null}`)
		assert.Equal(t, "Renamed", c.ok(url + "/" + id).body["displayName"])
		assert.Len(t, c.ok(url).values(), 4)
		c.succeeds(http.MethodDelete, url+"/"+id, "")
		assert.Equal(t, http.StatusNotFound, c.get(url+"/"+id).StatusCode)
	}
}

func TestStrengthsAreValidated(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	id := c.post(strengthsURL, keysOnly)
	for name, body := range map[string]string{
		"no name":                `{"allowedCombinations":["fido2"]}`,
		"an empty name":          `{"displayName":"","allowedCombinations":["fido2"]}`,
		"nothing allowed":        `{"displayName":"a","allowedCombinations":[]}`,
		"an unknown combination": `{"displayName":"a","allowedCombinations":["fido2,sms"]}`,
		"an unknown method":      `{"displayName":"a","allowedCombinations":["unknownFutureValue"]}`,
		"another type":           `{"displayName":"a","allowedCombinations":"fido2"}`,
		"null in a list":         `{"displayName":"a","allowedCombinations":[null]}`,
		"a number for a name":    `{"displayName":1,"allowedCombinations":["fido2"]}`,
		"an unknown member":      `{"displayName":"a","allowedCombinations":["fido2"],"colour":"red"}`,
		"a built-in one":         `{"displayName":"a","allowedCombinations":["fido2"],"policyType":"builtIn"}`,
		"no JSON":                `{`, "a list": `[]`, "nothing": ``, "null": `null`,
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, "BadRequest", c.refused(tenant, 400, http.MethodPost, strengthsURL, body).code())
		})
	}
	for _, body := range []string{`{"displayName":""}`, `{"allowedCombinations":["sms"]}`, `{"policyType":"custom"}`, `[]`, `{"displayName":null}`} {
		c.refused(tenant, 400, http.MethodPatch, strengthsURL+"/"+id, body)
	}
	for _, body := range []string{`{}`, `{"allowedCombinations":["x"]}`, `{"allowedCombinations":[]}`, ``} {
		c.refused(tenant, 400, http.MethodPost, strengthsURL+"/"+id+"/updateAllowedCombinations", body)
	}
	c.refused(tenant, 404, http.MethodPatch, strengthsURL+"/"+nothing, `{"displayName":"a"}`)
	c.refused(tenant, 404, http.MethodDelete, strengthsURL+"/"+nothing, ``)
}

func TestBuiltInStrengthsStay(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	for _, id := range []string{policy.StrengthMFA, policy.StrengthPasswordlessMFA, policy.StrengthPhishingResistant} {
		one := strengthsURL + "/" + id
		c.refused(tenant, 400, http.MethodPatch, one, `{"displayName":"mine"}`)
		c.refused(tenant, 400, http.MethodDelete, one, ``)
		c.refused(tenant, 400, http.MethodPost, one+"/updateAllowedCombinations", `{"allowedCombinations":["password"]}`)
		c.refused(tenant, 400, http.MethodPost, one+"/combinationConfigurations", `{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","allowedAAGUIDs":["`+nothing+`"],"appliesToCombinations":["fido2"]}`)
	}
}

func TestACustomStrengthInUse(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	id := c.post(strengthsURL, keysOnly)
	made := c.post("/v1.0"+policiesURL, withStrength(t, id))
	other := c.post("/v1.0"+policiesURL, setAt(t, withStrength(t, id), "grantControls.builtInControls", `["compliantDevice"]`))
	one := strengthsURL + "/" + id

	c.refused(tenant, 400, http.MethodDelete, one, "")
	for _, spelling := range []string{"/usage", "/usage()", "/microsoft.graph.usage()"} {
		usage := c.ok(one + spelling)
		mfa, _ := usage.body["mfa"].([]any)
		none, _ := usage.body["none"].([]any)
		require.Len(t, mfa, 1)
		require.Len(t, none, 1)
		assert.Equal(t, made, mfa[0].(map[string]any)["id"], "nothing can take the place of the strength")
		assert.Equal(t, other, none[0].(map[string]any)["id"])
		assert.Contains(t, usage.body["@odata.context"], "$metadata#microsoft.graph.authenticationStrengthUsage")
	}
	c.refused(tenant, 400, http.MethodPost, one+"/updateAllowedCombinations", `{"allowedCombinations":["password"]}`)
	result := c.do(http.MethodPost, one+"/updateAllowedCombinations", `{"allowedCombinations":["password, sms","fido2"]}`)
	require.Equal(t, http.StatusOK, result.StatusCode, "%s", result.text)
	assert.Equal(t, []any{"fido2"}, result.body["previousCombinations"])
	assert.Equal(t, []any{"password,sms", "fido2"}, result.body["currentCombinations"])
	assert.Equal(t, []any{made, other}, result.body["conditionalAccessReferences"])
	assert.Equal(t, []any{"password,sms", "fido2"}, c.ok("/v1.0"+policiesURL+"/"+made).at("grantControls.authenticationStrength.allowedCombinations"), "the policy shows what it is now")

	c.succeeds(http.MethodDelete, "/v1.0"+policiesURL+"/"+made, "")
	c.succeeds(http.MethodDelete, "/v1.0"+policiesURL+"/"+other, "")
	c.succeeds(http.MethodDelete, one, "")
}

// TestTheJudgeReadsWrittenStrengths: what a password alone meets lets a password grant pass.
func TestTheJudgeReadsWrittenStrengths(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	id := c.post(strengthsURL, `{"displayName":"Password","allowedCombinations":["password"]}`)
	assert.Equal(t, "none", c.ok(strengthsURL + "/" + id).body["requirementsSatisfied"])
	c.post("/v1.0"+policiesURL, setAt(t, withStrength(t, id), "state", `"enabled"`))
	judged := func() policy.AuthenticationStrength {
		list, err := tenant.Policies(t.Context())
		require.NoError(t, err)
		return *list.Policies[0].GrantControls.AuthenticationStrength
	}
	assert.Equal(t, []policy.Flags{"password"}, judged().AllowedCombinations)
	changed := c.do(http.MethodPost, strengthsURL+"/"+id+"/updateAllowedCombinations", `{"allowedCombinations":["fido2"]}`)
	require.Equal(t, http.StatusOK, changed.StatusCode)
	assert.Equal(t, []policy.Flags{"fido2"}, judged().AllowedCombinations)
	assert.Equal(t, policy.Flags("mfa"), judged().RequirementsSatisfied)
}

func TestCombinationConfigurations(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	id := c.post(strengthsURL, `{"displayName":"Both","allowedCombinations":["fido2","x509CertificateMultiFactor"]}`)
	list := "/v1.0/identity/conditionalAccess/authenticationStrength/policies/" + id + "/combinationConfigurations"
	const key = `{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","allowedAAGUIDs":["486c3b50-889c-480a-abc5-c04ef7c873e0"],"appliesToCombinations":["fido2"]}`
	const cert = `{"@odata.type":"#microsoft.graph.x509CertificateCombinationConfiguration","allowedPolicyOIDs":["1.2.3"],"appliesToCombinations":["x509CertificateMultiFactor"]}`
	for name, body := range map[string]string{
		"no type":               strings.Replace(key, `"@odata.type":"#microsoft.graph.fido2CombinationConfiguration",`, "", 1),
		"no AAGUID":             setAt(t, key, "allowedAAGUIDs", `[]`),
		"a text":                setAt(t, key, "allowedAAGUIDs", `["x"]`),
		"another method":        setAt(t, key, "appliesToCombinations", `["password,sms"]`),
		"nothing":               setAt(t, key, "appliesToCombinations", `[]`),
		"not allowed":           setAt(t, cert, "appliesToCombinations", `["x509CertificateSingleFactor"]`),
		"members of the others": setAt(t, key, "allowedPolicyOIDs", `["1.2"]`),
	} {
		t.Run(name, func(t *testing.T) { c.refused(tenant, 400, http.MethodPost, list, body) })
	}
	first, second := c.post(list, key), c.post(list, cert)
	c.refused(tenant, 400, http.MethodPost, list, key)
	assert.ElementsMatch(t, []string{first, second}, c.ok(list).names("id"))
	read := c.ok(list + "/" + first)
	assert.Equal(t, "#microsoft.graph.fido2CombinationConfiguration", read.body["@odata.type"])
	assert.Equal(t, []any{"486c3b50-889c-480a-abc5-c04ef7c873e0"}, read.body["allowedAAGUIDs"])
	assert.NotContains(t, read.body, "allowedPolicyOIDs")

	c.succeeds(http.MethodPatch, list+"/"+second, `{"@odata.type":"#microsoft.graph.x509CertificateCombinationConfiguration","allowedIssuerSkis":["9a4248c6ac8c2931ab2a86537818e92e7b6c97b6"]}`)
	c.refused(tenant, 400, http.MethodPatch, list+"/"+second, key)
	assert.Len(t, c.ok(strengthsURL + "/" + id).body["combinationConfigurations"], 2)
	changed := c.do(http.MethodPost, strengthsURL+"/"+id+"/updateAllowedCombinations", `{"allowedCombinations":["fido2"]}`)
	require.Equal(t, 200, changed.StatusCode)
	assert.Equal(t, []string{first}, c.ok(list).names("id"), "that of a combination that went, went")
	c.succeeds(http.MethodDelete, list+"/"+first, "")
	assert.Empty(t, c.ok(list).values())
	c.refused(tenant, 404, http.MethodDelete, list+"/"+first, "")
	assert.Equal(t, http.StatusNotFound, c.get(list+"/"+first).StatusCode)
}

func TestMethodModesAndCombinations(t *testing.T) {
	c := serve(t, &graphfake.Tenant{}, "Policy.Read.AuthenticationMethod")
	const root = "/v1.0/identity/conditionalAccess/authenticationStrength"
	assert.Contains(t, c.ok(root+"/authenticationMethodModes").names("id"), "deviceBasedPush")
	assert.Equal(t, "microsoftAuthenticator", c.ok(root + "/authenticationMethodModes/deviceBasedPush").body["authenticationMethod"])
	assert.Equal(t, http.StatusNotFound, c.get(root+"/authenticationMethodModes/x").StatusCode)
	combinations := c.ok(root + "/combinations")
	assert.Contains(t, combinations.body["value"], "password,sms")
	assert.NotContains(t, c.with("Accept", "application/json;odata.metadata=none").ok(root+"/combinations").body, "@odata.context")
	assert.Equal(t, http.StatusForbidden, c.do(http.MethodPost, strengthsURL, keysOnly).StatusCode)
}

func TestStrengthsAreFifteen(t *testing.T) {
	tenant := &graphfake.Tenant{}
	c := serve(t, tenant, everything...)
	for range 15 {
		c.post(strengthsURL, keysOnly)
	}
	c.refused(tenant, 400, http.MethodPost, strengthsURL, keysOnly)
}

func TestContexts(t *testing.T) {
	for _, version := range []string{"/v1.0", "/beta"} {
		tenant := &graphfake.Tenant{}
		c := serve(t, tenant, everything...)
		list := version + "/identity/conditionalAccess/authenticationContextClassReferences"
		c.succeeds(http.MethodPatch, list+"/c1", `{}`)
		made := c.ok(list + "/c1")
		assert.Equal(t, map[string]any{"@odata.context": made.body["@odata.context"], "id": "c1", "displayName": nil, "description": nil, "isAvailable": false}, made.body)
		c.succeeds(http.MethodPatch, list+"/c1", `{"displayName":"Strong","isAvailable":true}`)
		assert.Equal(t, "Strong", c.ok(list + "/C1").body["displayName"])
		assert.Equal(t, "c2", c.post(list, `{"id":"c2","displayName":"Second","description":"d","isAvailable":false}`))
		assert.Equal(t, []string{"c1", "c2"}, c.ok(list).names("id"))

		for _, id := range []string{"c0", "c100", "x", "c01", "1"} {
			c.refused(tenant, 400, http.MethodPatch, list+"/"+id, `{"displayName":"a"}`)
		}
		for _, body := range []string{`{"isAvailable":"true"}`, `{"isAvailable":null}`, `{"x":1}`, `{"id":"c3"}`, `[]`, ``} {
			c.refused(tenant, 400, http.MethodPatch, list+"/c1", body)
		}
		for _, body := range []string{`{"displayName":"a"}`, `{"id":"c2","displayName":"a"}`, `{"id":"c3"}`, `{"id":"c100","displayName":"a"}`} {
			c.refused(tenant, 400, http.MethodPost, list, body)
		}

		published := c.refused(tenant, 403, http.MethodDelete, list+"/c1", "")
		assert.Contains(t, published.error("message"), "published")
		naming := c.post(version+policiesURL, setAt(t, mfaForAll, "conditions.applications", `{"includeAuthenticationContextClassReferences":["c2"]}`))
		c.refused(tenant, 400, http.MethodDelete, list+"/c2", "")
		c.succeeds(http.MethodDelete, version+policiesURL+"/"+naming, "")
		c.succeeds(http.MethodDelete, list+"/c2", "")
		c.refused(tenant, 404, http.MethodDelete, list+"/c2", "")
	}
}

func TestContextsWantTheirPermission(t *testing.T) {
	const list = "/v1.0/identity/conditionalAccess/authenticationContextClassReferences"
	c := serve(t, &graphfake.Tenant{}, "AuthenticationContext.Read.All")
	assert.Empty(t, c.ok(list).values())
	assert.Equal(t, http.StatusForbidden, c.do(http.MethodPatch, list+"/c1", `{}`).StatusCode)
	assert.Equal(t, http.StatusForbidden, c.do(http.MethodDelete, list+"/c1", ``).StatusCode)
	serve(t, &graphfake.Tenant{}, "AuthenticationContext.ReadWrite.All").succeeds(http.MethodPatch, list+"/c1", `{}`)
}

func TestStrengthsAndContextsReplicate(t *testing.T) {
	at := newClock()
	tenant := &graphfake.Tenant{ReplicationDelay: time.Minute, Clock: at.now}
	c := serve(t, tenant, everything...)
	const context = "/v1.0/identity/conditionalAccess/authenticationContextClassReferences/c1"
	id := c.post(strengthsURL, keysOnly)
	c.succeeds(http.MethodPatch, context, `{"displayName":"a"}`)
	assert.Equal(t, http.StatusNotFound, c.get(strengthsURL+"/"+id).StatusCode)
	assert.Equal(t, http.StatusNotFound, c.get(context).StatusCode)
	assert.Contains(t, string(tenant.Snapshot()), `"displayName":"Keys"`)
	at.advance(time.Minute)
	assert.Equal(t, "Keys", c.ok(strengthsURL + "/" + id).body["displayName"])
	assert.Equal(t, "a", c.ok(context).body["displayName"])
	c.succeeds(http.MethodDelete, strengthsURL+"/"+id, "")
	c.succeeds(http.MethodDelete, context, "")
	assert.Equal(t, "Keys", c.ok(strengthsURL + "/" + id).body["displayName"])
	assert.Equal(t, "a", c.ok(context).body["displayName"])
	at.advance(time.Minute)
	assert.Equal(t, http.StatusNotFound, c.get(strengthsURL+"/"+id).StatusCode)
	assert.Equal(t, http.StatusNotFound, c.get(context).StatusCode)
}
