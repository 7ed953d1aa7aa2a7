package msgraph_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

const evaluateURI = "/v1.0/identity/conditionalAccess/evaluate"

// oneSignIn is a single sign-in to Exchange Online.
func oneSignIn() policy.SignIn {
	s := policy.PasswordSignIn()
	s.Applications, s.AuthenticationContexts = []string{mfa.ExchangeOnline}, []string{}
	s.ClientAppTypes, s.Platforms = []string{"browser"}, []string{"linux"}
	s.Addresses, s.Countries, s.CompliantNetworks = []netip.Prefix{netip.MustParsePrefix("2001:db8::7/128")}, []string{"NL"}, []bool{false}
	s.SignInRiskLevels, s.UserRiskLevels, s.InsiderRiskLevels = []string{"none"}, []string{"low"}, []string{"minor"}
	return s
}

func TestWhatIfOnTheWire(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{evaluateURI: reply(`{"@odata.context":"x","value":[
		{"id":"p","displayName":"P","state":"enabled","conditions":{"later":1},"policyApplies":false,"analysisReasons":"location,agentIdRisk"}]}`)})
	question, err := policy.NewWhatIf(policy.Subject{ID: "u1"}, oneSignIn())
	require.NoError(t, err)
	results, err := w.client(t, nil).WhatIf(t.Context(), question)
	require.NoError(t, err)
	require.Len(t, results, 1)
	assert.Equal(t, "P", results[0].DisplayName)
	assert.Equal(t, new(false), results[0].PolicyApplies)
	assert.Equal(t, []policy.AnalysisReasons{policy.AnalysisLocation, policy.AnalysisAgentIDRisk}, results[0].AnalysisReasons.Values())

	require.Len(t, w.calls(), 1)
	sent := w.calls()[0]
	assert.Equal(t, "POST "+evaluateURI, w.lines()[0])
	assert.Equal(t, "include-unknown-enum-members", sent.header.Get("Prefer"))
	assert.Empty(t, sent.header.Get("Content-Encoding"), "a body must not be compressed")
	assert.JSONEq(t, `{
		"signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": "u1"},
		"signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["00000002-0000-0ff1-ce00-000000000000"]},
		"signInConditions": {"clientAppType": "browser", "devicePlatform": "linux", "ipAddress": "2001:db8::7", "country": "NL",
			"signInRiskLevel": "none", "userRiskLevel": "low", "servicePrincipalRiskLevel": "none", "insiderRiskLevel": "minor",
			"authenticationFlow": {"transferMethod": "none"}, "deviceInfo": {}},
		"appliedPoliciesOnly": false}`, sent.body)
}

func TestWhatIfInABatch(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{evaluateURI: reply(`{"value":[]}`)})
	client := w.client(t, nil)
	ctx := client.Together(t.Context(), 2)
	other := make(chan error)
	go func() { _, err := client.WhatIf(ctx, policy.WhatIf{}); other <- err }()
	_, err := client.WhatIf(ctx, policy.WhatIf{})
	require.NoError(t, err)
	require.NoError(t, <-other)
	assert.Equal(t, []string{"POST /v1.0/$batch [2]"}, w.lines())
	for _, it := range w.calls()[0].items {
		assert.Equal(t, "POST", it.Method)
		assert.Equal(t, "application/json", it.Headers["Content-Type"])
		assert.True(t, json.Valid(it.Body))
	}
}

// TestWhatIfIsRepeated: the POST reads, so it may be sent again.
func TestWhatIfIsRepeated(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{evaluateURI: inTurn(
		graphError(http.StatusTooManyRequests, "TooManyRequests"), graphError(http.StatusServiceUnavailable, "ServiceUnavailable"), reply(`{"value":[]}`))})
	var instant waits
	_, err := instant.on(w.client(t, nil)).WhatIf(t.Context(), policy.WhatIf{})
	require.NoError(t, err)
	assert.Len(t, w.calls(), 3)
	assert.Equal(t, w.calls()[0].body, w.calls()[2].body)
}

func TestWhatIfWithoutPermission(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{evaluateURI: graphError(http.StatusForbidden, "AccessDenied")})
	_, err := w.client(t, nil).WhatIf(t.Context(), policy.WhatIf{})
	require.ErrorIs(t, err, entramfa.ErrPermission)
	assert.ErrorContains(t, err, "POST /identity/conditionalAccess/evaluate: 403 AccessDenied")
	assert.ErrorContains(t, err, "grant Policy.Read.ConditionalAccess or Policy.Read.All")
}

// TestCompareOverHTTP holds the engine against the fake's What If, through TLS
// and the SDK's middleware: what differs is explained, and nothing is a fault.
func TestCompareOverHTTP(t *testing.T) {
	var tenant graphfake.Tenant
	account := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	for name, a := range map[string]policy.Applications{
		"everything": {IncludeApplications: []string{"All"}}, "office": {IncludeApplications: []string{"Office365"}},
		"all but office": {IncludeApplications: []string{"All"}, ExcludeApplications: []string{"Office365"}},
	} {
		_, err := tenant.AddPolicy(policy.Policy{
			ID: name, DisplayName: name, State: policy.StateEnabled,
			Conditions:    &policy.Conditions{ClientAppTypes: []string{"all"}, Users: &policy.Users{IncludeUsers: []string{"All"}, IncludeGroups: []string{}, IncludeRoles: []string{}}, Applications: &a},
			GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
		})
		require.NoError(t, err)
	}
	server := httptest.NewTLSServer(&tenant)
	t.Cleanup(server.Close)
	client := msgraph.New(newAdapterWith(t, grants{&tenant, allPermissions()}, server, "127.0.0.1"), nil)

	facts, err := mfa.Collect(t.Context(), client, account)
	require.NoError(t, err)
	question, err := policy.NewWhatIf(facts.Subject(), oneSignIn())
	require.NoError(t, err)
	results, err := client.WhatIf(t.Context(), question)
	require.NoError(t, err)
	comparison, err := policy.Compare(facts.ConditionalAccess, facts.Subject(), oneSignIn(), results)
	require.NoError(t, err)
	assert.Equal(t, 1, comparison.Agreed)
	require.Len(t, comparison.Differences, 2)
	for _, d := range comparison.Differences {
		assert.Equal(t, policy.CauseApplicationGroup, d.Cause, "%+v", d)
	}
}
