package graphfake_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const scope = "https://graph.microsoft.com/.default"

// signIn posts a form to the token endpoint of a tenant.
func (c *client) signIn(tenant string, form map[string]string) reply {
	c.t.Helper()
	return c.postForm("/"+tenant+"/oauth2/v2.0/token", form)
}

// signInOlder posts it to the endpoint that takes a resource.
func (c *client) signInOlder(tenant string, form map[string]string) reply {
	c.t.Helper()
	return c.postForm("/"+tenant+"/oauth2/token", form)
}

func (c *client) postForm(path string, form map[string]string) reply {
	c.t.Helper()
	values := url.Values{}
	for name, value := range form {
		values.Set(name, value)
	}
	bare := *c
	bare.token = ""
	return bare.with("Content-Type", "application/x-www-form-urlencoded").do(http.MethodPost, path, values.Encode())
}

// refused checks the whole body of a refusal.
func refused(t *testing.T, r reply, status, code int, kind string) {
	t.Helper()
	require.Equal(t, status, r.StatusCode, string(r.text))
	assert.Equal(t, kind, r.body["error"])
	assert.Equal(t, []any{float64(code)}, r.body["error_codes"])
	number := new(big.Int).SetInt64(int64(code)).String()
	description, _ := r.body["error_description"].(string)
	assert.True(t, strings.HasPrefix(description, "AADSTS"+number+": "), description)
	for _, part := range []string{" Trace ID: ", " Correlation ID: ", " Timestamp: "} {
		assert.Contains(t, description, part)
	}
	assert.Equal(t, "https://login.microsoftonline.com/error?code="+number, r.body["error_uri"])
	assert.Equal(t, "2026-11-01 10:00:00Z", r.body["timestamp"])
	assert.Regexp(t, guidV4, r.body["trace_id"])
	assert.Regexp(t, guidV4, r.body["correlation_id"])
}

func TestClientSecret(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now}
	app := tenant.AddApplication(graphfake.Application{Secret: "right", Permissions: []string{"User.Read.All"}})
	old := tenant.AddApplication(graphfake.Application{Secret: "right", SecretExpires: at.at.Add(-time.Second)})
	tenant.AddDomain(mfa.Domain{ID: "contoso.com"})
	c := serve(t, &tenant)
	form := func(id, secret string) map[string]string {
		return map[string]string{"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "scope": scope}
	}
	for _, name := range []string{tenant.ID(), strings.ToUpper(tenant.ID()), "contoso.com"} {
		r := c.signIn(name, form(app, "right"))
		require.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
		assert.Equal(t, "Bearer", r.body["token_type"])
		assert.EqualValues(t, 3600, r.body["expires_in"])
		signed := *c
		signed.token = r.body["access_token"].(string)
		signed.ok("/v1.0/users")
		assert.Equal(t, http.StatusForbidden, signed.get("/v1.0/subscribedSkus").StatusCode)
		claims := claimsOf(t, signed.token)
		assert.Equal(t, tenant.ID(), claims["tid"])
		assert.Equal(t, app, claims["appid"])
		assert.Equal(t, []any{"User.Read.All"}, claims["roles"])
	}
	padded := form(app, "right")
	padded["scope"] += " openid offline_access profile"
	assert.Equal(t, http.StatusOK, c.signIn(tenant.ID(), padded).StatusCode, "so MSAL writes it")
	refused(t, c.signIn(tenant.ID(), form(app, "wrong")), 401, 7000215, "invalid_client")
	refused(t, c.signIn(tenant.ID(), form(old, "right")), 401, 7000222, "invalid_client")
	refused(t, c.signIn(tenant.ID(), form(app, "")), 401, 7000218, "invalid_client")
	refused(t, c.signIn(tenant.ID(), form("unknown", "right")), 400, 700016, "unauthorized_client")
	refused(t, c.signIn("other.example", form(app, "right")), 400, 90002, "invalid_request")
	refused(t, c.signIn("common", form(app, "right")), 400, 50059, "invalid_request")
	scopeless := form(app, "right")
	scopeless["scope"] = "User.Read.All"
	refused(t, c.signIn(tenant.ID(), scopeless), 400, 70011, "invalid_scope")
	refused(t, c.signIn(tenant.ID(), map[string]string{"grant_type": "client_credentials"}), 400, 900144, "invalid_request")
	refused(t, c.signIn(tenant.ID(), map[string]string{"grant_type": "magic", "client_id": app}), 400, 70003, "unsupported_grant_type")
	for _, request := range tenant.Requests() {
		assert.NotContains(t, request.Query+request.Path, "right")
	}
	assert.Equal(t, http.StatusMethodNotAllowed, c.get("/"+tenant.ID()+"/oauth2/v2.0/token").StatusCode)
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(text, &claims))
	return claims
}

// assertionBy signs a client assertion.
func assertionBy(t *testing.T, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]string{"alg": algorithm, "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if algorithm == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
	}
	require.NoError(t, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestClientAssertion(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	app := tenant.AddApplication(graphfake.Application{Certificate: certificate})
	keyed := tenant.AddApplication(graphfake.Application{PublicKey: &key.PublicKey})
	keyless := tenant.AddApplication(graphfake.Application{Secret: "x"})
	c := serve(t, &tenant)
	claims := func(id string) map[string]any {
		return map[string]any{
			"iss": id, "sub": id, "aud": c.server.URL + "/" + tenant.ID() + "/oauth2/v2.0/token",
			"nbf": at.at.Unix(), "exp": at.at.Add(10 * time.Minute).Unix(),
		}
	}
	signIn := func(id, assertion string) reply {
		return c.signIn(tenant.ID(), map[string]string{
			"grant_type": "client_credentials", "client_id": id, "scope": scope, "client_assertion": assertion,
			"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		})
	}
	for _, algorithm := range []string{"RS256", "PS256"} {
		for _, id := range []string{app, keyed} {
			r := signIn(id, assertionBy(t, key, algorithm, claims(id)))
			assert.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
		}
		refused(t, signIn(app, assertionBy(t, stranger, algorithm, claims(app))), 401, 700027, "invalid_client")
	}
	with := func(name string, value any) string {
		changed := claims(app)
		changed[name] = value
		return assertionBy(t, key, "RS256", changed)
	}
	for name, assertion := range map[string]string{
		"issuer": with("iss", keyed), "subject": with("sub", keyed), "audience": with("aud", "https://example.org"),
		"expired": with("exp", at.at.Add(-time.Hour).Unix()), "not yet": with("nbf", at.at.Add(time.Hour).Unix()),
		"algorithm": assertionBy(t, key, "none", claims(app)), "garbage": "garbage", "three": "a.b.c",
		"no signature": strings.Join(append(strings.Split(with("iss", app), ".")[:2], ""), "."),
	} {
		t.Run(name, func(t *testing.T) { refused(t, signIn(app, assertion), 401, 700027, "invalid_client") })
	}
	refused(t, signIn(keyless, assertionBy(t, key, "RS256", claims(keyless))), 401, 700027, "invalid_client")
	refused(t, c.signIn(tenant.ID(), map[string]string{
		"grant_type": "client_credentials", "client_id": app, "client_assertion": "x",
	}), 400, 900144, "invalid_request")
}

// passwordTenant has one account with a password.
func passwordTenant(t *testing.T) (*graphfake.Tenant, *client, func(password string) reply) {
	tenant := &graphfake.Tenant{Clock: newClock().now}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service"})
	require.NoError(t, tenant.GivePassword(user, "right"))
	c := serve(t, tenant)
	return tenant, c, func(password string) reply {
		return c.signIn("organizations", map[string]string{
			"grant_type": "password", "client_id": mfa.AzureCLI, "username": "SVC@contoso.com", "password": password,
			"scope": scope + " openid offline_access profile", "client_info": "1",
		})
	}
}

// demand is a policy that demands a control of everyone, everywhere.
func demand(control string) policy.Policy {
	return policy.Policy{
		DisplayName: "Demand " + control, State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Users:          &policy.Users{IncludeUsers: []string{"All"}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{control}},
	}
}

func TestPasswordGrant(t *testing.T) {
	tenant, c, signIn := passwordTenant(t)
	r := signIn("right")
	require.Equal(t, http.StatusOK, r.StatusCode, string(r.text))
	claims := claimsOf(t, r.body["access_token"].(string))
	assert.Equal(t, []any{"pwd"}, claims["amr"])
	assert.Equal(t, "svc@contoso.com", claims["upn"])
	assert.NotContains(t, claims, "roles")
	assert.Equal(t, "svc@contoso.com", claimsOf(t, r.body["id_token"].(string))["preferred_username"])
	assert.NotEmpty(t, r.body["client_info"])

	refused(t, signIn("wrong"), 400, 50126, "invalid_grant")
	refused(t, c.signIn(tenant.ID(), map[string]string{
		"grant_type": "password", "client_id": mfa.AzureCLI, "username": "nobody@contoso.com", "password": "right", "scope": scope,
	}), 400, 50034, "invalid_grant")
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", AccountEnabled: new(false)})
	refused(t, signIn("right"), 400, 50057, "invalid_grant")
}

func TestPasswordGrantMeetsMFA(t *testing.T) {
	tenant, _, signIn := passwordTenant(t)
	require.NoError(t, tenant.SetPerUserState("svc@contoso.com", mfa.PerUserEnforced))
	r := signIn("right")
	refused(t, r, 400, 50079, "invalid_grant")
	assert.Equal(t, "basic_action", r.body["suberror"])
	assert.NotContains(t, r.body, "claims", "no policy asked for it")
	require.NoError(t, tenant.AddMethod("svc@contoso.com", mfa.Method{Type: "#microsoft.graph.softwareOathAuthenticationMethod"}))
	refused(t, signIn("right"), 400, 50076, "invalid_grant")
	refused(t, signIn("wrong"), 400, 50126, "invalid_grant")
	require.NoError(t, tenant.SetPerUserState("svc@contoso.com", mfa.PerUserDisabled))
	assert.Equal(t, http.StatusOK, signIn("right").StatusCode)

	id, err := tenant.AddPolicy(demand("mfa"))
	require.NoError(t, err)
	r = signIn("right")
	refused(t, r, 400, 50076, "invalid_grant")
	assert.JSONEq(t, `{"access_token":{"capolids":{"essential":true,"values":["`+id+`"]}}}`, r.body["claims"].(string))
}

func TestPasswordGrantIsBlocked(t *testing.T) {
	tenant, _, signIn := passwordTenant(t)
	_, err := tenant.AddPolicy(demand("mfa"))
	require.NoError(t, err)
	id, err := tenant.AddPolicy(demand("block"))
	require.NoError(t, err)
	tenant.Fail(graphfake.Failure{Path: "/"}) // what callers can't read the service still knows
	r := signIn("right")
	refused(t, r, 400, 53003, "invalid_grant")
	assert.Equal(t, "message_only", r.body["suberror"])
	assert.JSONEq(t, `{"access_token":{"capolids":{"essential":true,"values":["`+id+`"]}}}`, r.body["claims"].(string))
}

func TestAuthorityMetadata(t *testing.T) {
	tenant, c, _ := passwordTenant(t)
	tenant.AddDomain(mfa.Domain{ID: "fed.contoso.com", AuthenticationType: "Federated"})
	c.token = ""
	r := c.ok("/" + tenant.ID() + "/v2.0/.well-known/openid-configuration?")
	assert.Equal(t, c.server.URL+"/"+tenant.ID()+"/v2.0", r.body["issuer"])
	assert.Equal(t, c.server.URL+"/"+tenant.ID()+"/oauth2/v2.0/token", r.body["token_endpoint"])
	refused(t, c.get("/unknown.example/v2.0/.well-known/openid-configuration"), 400, 90002, "invalid_tenant")
	r = c.ok("/common/discovery/instance?api-version=1.1&authorization_endpoint=x")
	assert.Equal(t, c.server.URL+"/common/v2.0/.well-known/openid-configuration", r.body["tenant_discovery_endpoint"])
	for upn, want := range map[string]string{"svc@contoso.com": "Managed", "x%40FED.contoso.com": "Federated", "x@example.org": "Unknown"} {
		for _, spelling := range []string{"UserRealm", "userrealm"} {
			r := c.ok("/common/" + spelling + "/" + upn + "?api-version=1.0")
			assert.Equal(t, want, r.body["account_type"], upn)
		}
	}
	assert.Equal(t, http.StatusMethodNotAllowed, c.do(http.MethodPost, "/common/discovery/instance", "").StatusCode)
}

func TestPasswordGrantWhereItIsNotServed(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now}
	tenant.AddDomain(mfa.Domain{ID: "federated.example", AuthenticationType: "Federated"})
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@federated.example"})
	c := serve(t, &tenant)
	form := map[string]string{"grant_type": "password", "client_id": mfa.AzureCLI, "username": "svc@contoso.com", "password": "right", "scope": scope}
	for _, name := range []string{"common", "Consumers"} {
		refused(t, c.signIn(name, form), 400, 9001023, "invalid_request")
	}
	refused(t, c.signIn("organizations", form), 400, 50126, "invalid_grant")
	form["username"] = "svc@federated.example"
	refused(t, c.signIn("organizations", form), 400, 50056, "invalid_grant")
	require.NoError(t, tenant.GivePassword("svc@federated.example", "right"))
	form["password"] = "wrong"
	refused(t, c.signIn("organizations", form), 400, 50126, "invalid_grant")
	form["password"] = "right"
	assert.Equal(t, http.StatusOK, c.signIn("organizations", form).StatusCode, "its hash is synchronized, and a policy lets Entra check it")
}
