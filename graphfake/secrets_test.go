package graphfake_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

const (
	userWithSecrets = `{"id":"u","userPrincipalName":"u@contoso.com","passwordProfile":{"password":"sesame","forceChangePasswordNextSignIn":true},
		"extension":{"clientSecret":"sesame","list":[{"secretKey":"sesame"}]},"passwordPolicies":"DisablePasswordExpiration","lastPasswordChangeDateTime":"2026-01-15T08:30:00Z"}`
	methodWithSecrets = `{"@odata.type":"#microsoft.graph.hardwareOathAuthenticationMethod","id":"1","createdDateTime":"2026-01-15T08:30:00Z",
		"temporaryAccessPass":"sesame","device":{"secretKey":"sesame","serialNumber":"x1"},"password":"sesame","mobile":"+1 5550100177","phoneNumber":"+1 5550100123"}`
)

// Nothing that answers holds a credential that the tenant was given.
func TestNoCredentialIsKept(t *testing.T) {
	var user mfa.User
	require.NoError(t, json.Unmarshal([]byte(userWithSecrets), &user))
	var method mfa.Method
	require.NoError(t, json.Unmarshal([]byte(methodWithSecrets), &method))
	var added graphfake.Tenant
	added.AddUser(user)
	require.NoError(t, added.AddMethod("u", method))
	for name, tenant := range map[string]*graphfake.Tenant{
		"added":  &added,
		"loaded": loaded(t, map[string]string{"u.json": strings.TrimSuffix(userWithSecrets, "}") + `,"authentication":{"methods":[` + methodWithSecrets + `]}}`}),
		"a file of its own": loaded(t, map[string]string{"u.json": userWithSecrets,
			"m.json": `{"@odata.context":"x/$metadata#users('u')/authentication/methods","value":[` + methodWithSecrets + `]}`}),
		"a member": loaded(t, map[string]string{"g.json": `{"id":"g","groupTypes":[],"members":[` + userWithSecrets + `]}`,
			"m.json": `{"@odata.context":"x/$metadata#users('u')/authentication/methods","value":[` + methodWithSecrets + `]}`}),
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, tenant, everything...)
			text := string(c.ok("/beta/users").text) + string(c.ok("/beta/users/u").text) + string(c.ok("/beta/users/u/authentication/methods").text)
			found, err := tenant.User(t.Context(), "u")
			require.NoError(t, err)
			methods, err := tenant.Methods(t.Context(), "u")
			require.NoError(t, err)
			direct, err := json.Marshal([]any{found, methods})
			require.NoError(t, err)
			text += string(direct)
			assert.NotContains(t, text, "sesame")
			assert.NotContains(t, text, "5550100")
			for _, kept := range []string{"DisablePasswordExpiration", "lastPasswordChangeDateTime", "…23"} {
				assert.Contains(t, text, kept)
			}
		})
	}
}

// A credential that is sent in a query does not enter the log.
func TestNoCredentialIsLogged(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	c.do(http.MethodPost, "/"+tenant.ID()+"/oauth2/v2.0/token?client_secret=sesame&other=sesame&sesame", "client_secret=sesame&grant_type=password")
	c.get("/v1.0/users?$top=5&Client%5Fsecret=sesame;password=sesame&access_token=sesame")
	c.do(http.MethodPost, "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users?client_assertion=sesame"}]}`)
	c.get("/v1.0/users?$top=5&$skiptoken=bX4x")
	log := tenant.Requests()
	text, err := json.Marshal(log)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "sesame")
	assert.Equal(t, "client_secret=hidden&other=hidden&hidden", log[0].Query)
	assert.Equal(t, "$top=5&Client%5Fsecret=hidden&password=hidden&access_token=hidden", log[1].Query)
	assert.Equal(t, "client_assertion=hidden", log[2].Items[0].Query)
	assert.Equal(t, "$top=5&$skiptoken=bX4x", log[3].Query)
}
