package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/policy"
)

// full is a policy as beta sends it, with annotations, beta members, members
// that no type here knows, unknown enumeration values, and flags in odd spacing.
const full = `{
  "@odata.context": "https://graph.microsoft.com/beta/$metadata#identity/conditionalAccess/policies/$entity",
  "id": "p", "templateId": null, "displayName": "Everything <&>", "createdDateTime": "2026-02-13T11:37:41.7574033Z",
  "modifiedDateTime": null, "state@odata.type": "#microsoft.graph.conditionalAccessPolicyState", "state": "partiallyEnabled", "partialEnablementStrategy": null,
  "sessionControls": {"signInFrequency": {"value": null, "type": null, "frequencyInterval": "everyTime", "isEnabled": true}, "disableResilienceDefaults": null,
    "continuousAccessEvaluation": {"mode": "strictLocation"}, "globalSecureAccessFilteringProfile": null, "cloudAppSecurity": null},
  "conditions": {
    "clientAppTypes": ["browser", "telepathy"], "signInRiskLevels": [], "userRiskLevels": ["hidden"], "insiderRiskLevels": "minor , elevated", "agentIdRiskLevels": "high",
    "times": null, "clients": null, "deviceStates": null, "platforms": {"includePlatforms": ["all"], "excludePlatforms": null, "later": 1},
    "applications": {"includeApplications": ["All"], "excludeApplications": [], "networkAccess": {"a": [1.50]}, "applicationFilter": {"mode": "exclude", "rule": "CustomSecurityAttribute.A_B -contains \"x\""}},
    "users": {"includeUsers": ["All"], "excludeGroups": ["g"], "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest, martian",
      "externalTenants": {"@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants", "membershipKind": "enumerated", "members": ["t"]}}, "excludeGuestsOrExternalUsers": null},
    "clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"], "includeAgentIdServicePrincipals": ["All"], "servicePrincipalFilter": null},
    "locations": {"includeLocations": ["AllTrusted"], "excludeLocations": []}, "devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}, "includeDevices": []},
    "authenticationFlows": {"transferMethods": "deviceCodeFlow, authenticationTransfer", "protocolFlows": ["x"]}, "agents": {"includeAgentUsers": ["All"]}, "agentContext": {"includeAgentContexts": ["c"]}},
  "grantControls": {"operator": null, "builtInControls": ["mfa", "riskRemediation", "retina"], "customAuthenticationFactors": ["f"], "termsOfUse": ["t"],
    "authenticationStrength@odata.context": "c", "authenticationStrength": {"id": "s", "displayName": "S", "policyType": "custom", "requirementsSatisfied": "none", "allowedCombinations": ["password, sms"], "combinationConfigurations": []}},
  "#microsoft.graph.restore": {"target": "x"}
}`

func TestPolicyRoundTrips(t *testing.T) {
	var p policy.Policy
	require.NoError(t, json.Unmarshal([]byte(full), &p))
	out, err := json.Marshal(p)
	require.NoError(t, err)
	assert.JSONEq(t, full, string(out))

	assert.Equal(t, []string{"minor", "elevated"}, p.Conditions.InsiderRiskLevels.Values())
	assert.True(t, p.Conditions.Users.IncludeGuestsOrExternalUsers.GuestOrExternalUserTypes.Has("martian"))
	assert.Equal(t, []string{"mfa", "riskRemediation", "retina"}, p.GrantControls.BuiltInControls)
	assert.Equal(t, policy.State("partiallyEnabled"), p.State)
}

func TestNamedLocationsRoundTrip(t *testing.T) {
	for _, text := range []string{
		`{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"l","displayName":"Office","modifiedDateTime":null,"isTrusted":true,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"203.0.113.0/24"},{"@odata.type":"#microsoft.graph.iPv6CidrRange","cidrAddress":"2001:db8::/32","later":1}]}`,
		`{"@odata.type":"#microsoft.graph.countryNamedLocation","id":"l","displayName":"Home","countriesAndRegions":["NL","BE"],"includeUnknownCountriesAndRegions":false,"countryLookupMethod":"authenticatorAppGps"}`,
		`{"@odata.type":"#microsoft.graph.compliantNetworkNamedLocation","id":"l","displayName":"Network","compliantNetworkType":"allTenantCompliantNetworks","isTrusted":true}`,
		`{"@odata.type":"#microsoft.graph.lunarNamedLocation","id":"l","displayName":"Moon","crater":{"name":"Tycho"}}`,
	} {
		var l policy.NamedLocation
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		out, err := json.Marshal(l)
		require.NoError(t, err)
		assert.Equal(t, text, string(out))
	}
}

func TestMalformedPoliciesAreErrors(t *testing.T) {
	for _, text := range []string{
		`[]`, `null x`, `{"conditions":[]}`, `{"conditions":{"users":{"includeUsers":"All"}}}`, `{"id":1}`,
		`{"grantControls":{"builtInControls":[null,{}]}}`, `{"conditions":{"users":{"includeUsers":["a"],"IncludeUsers":["b"]}}}`,
	} {
		var p policy.Policy
		assert.Error(t, json.Unmarshal([]byte(text), &p), text)
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(full)
	f.Add(`{"state":"enabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}},"grantControls":{"builtInControls":["mfa"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var p policy.Policy
		if json.Unmarshal([]byte(text), &p) != nil {
			return
		}
		out, err := json.Marshal(p)
		require.NoError(t, err)
		var again policy.Policy
		require.NoError(t, json.Unmarshal(out, &again))
		first, second := policy.Judge(tenant(p), subject(), policy.PasswordSignIn()), policy.Judge(tenant(again), subject(), policy.PasswordSignIn())
		assert.Equal(t, first, second)
	})
}

// TestAListIsNoAnswerOfGraph: it would be read as a tenant without policies.
func TestAListIsNoAnswerOfGraph(t *testing.T) {
	list := policy.List{Policies: []policy.Policy{parse(t, `"users": {"includeUsers": ["All"]}`)}, Hidden: "v1.0"}
	text, err := json.Marshal(list)
	require.NoError(t, err)
	var again policy.List
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, list, again)
	for _, text := range []string{`{"value": []}`, `[]`, `{}`, `{"Policies": [], "@odata.nextLink": "x"}`} {
		assert.Error(t, json.Unmarshal([]byte(text), &policy.List{}), text)
	}
}
