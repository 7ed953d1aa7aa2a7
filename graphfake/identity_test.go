package graphfake_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

// verifyToken verifies a token by the published keys and nothing of the package.
func verifyToken(t *testing.T, c *client, token string) map[string]any {
	t.Helper()
	text := func(part string) []byte {
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
		return decoded
	}
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	var header map[string]string
	require.NoError(t, json.Unmarshal(text(parts[0]), &header))
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	bare := *c
	bare.token = ""
	metadata := bare.ok("/common/v2.0/.well-known/openid-configuration")
	keys := bare.ok(metadata.body["jwks_uri"].(string)).body["keys"].([]any)
	require.Len(t, keys, 1)
	key := keys[0].(map[string]any)
	require.Equal(t, header["kid"], key["kid"])
	number := func(name string) *big.Int { return new(big.Int).SetBytes(text(key[name].(string))) }
	switch signature := text(parts[2]); header["alg"] {
	case "RS256":
		public := &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
		require.NoError(t, rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature))
	case "ES256":
		point := append([]byte{4}, append(number("x").FillBytes(make([]byte, 32)), number("y").FillBytes(make([]byte, 32))...)...) // SEC 1, uncompressed
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		require.NoError(t, err)
		require.True(t, ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])))
	default:
		require.Fail(t, "the algorithm "+header["alg"])
	}
	assert.Equal(t, []any{header["alg"]}, metadata.body["id_token_signing_alg_values_supported"])
	return claimsOf(t, token)
}

var rsaKey = func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}()

func TestTokensVerifyByThePublishedKeys(t *testing.T) {
	for name, key := range map[string]*rsa.PrivateKey{"ES256": nil, "RS256": rsaKey} {
		t.Run(name, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{SigningKey: key})
			app := tenant.AddApplication(graphfake.Application{Secret: "s3cret", Permissions: []string{"User.Read.All"}})
			c := serve(t, tenant)
			r := c.signIn(tenant.ID(), map[string]string{"grant_type": "client_credentials", "client_id": app, "client_secret": "s3cret", "scope": scope})
			require.Equal(t, 200, r.StatusCode, string(r.text))
			access := verifyToken(t, c, r.body["access_token"].(string))
			older := c.ok("/" + tenant.ID() + "/.well-known/openid-configuration")
			assert.Equal(t, access["iss"], older.body["issuer"])
			assert.Equal(t, c.server.URL+"/"+tenant.ID()+"/discovery/keys", older.body["jwks_uri"])

			r = c.signIn(tenant.ID(), form("scope", "https://graph.microsoft.com/User.Read openid profile offline_access"))
			require.Equal(t, 200, r.StatusCode, string(r.text))
			access = verifyToken(t, c, r.body["access_token"].(string))
			assert.Equal(t, "User.Read openid profile", access["scp"])
			assert.Equal(t, "https://graph.microsoft.com/User.Read openid profile", r.body["scope"])
			id := verifyToken(t, c, r.body["id_token"].(string))
			assert.Equal(t, mfa.AzureCLI, id["aud"])
			assert.Equal(t, c.ok("/" + tenant.ID() + "/v2.0/.well-known/openid-configuration").body["issuer"], id["iss"])
			assert.Equal(t, "svc@contoso.com", id["preferred_username"])
			verifyToken(t, c, tenant.Token("User.Read.All"))
			verifyToken(t, c, tenant.Clone().Token("User.Read.All"))
		})
	}
}

// forged writes a token with a header and a signature of any kind.
func forged(header, claims map[string]any, sign func(text string) []byte) string {
	part := func(v any) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(header) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
}

func signRSA(key *rsa.PrivateKey) func(string) []byte {
	return func(text string) []byte {
		sum := sha256.Sum256([]byte(text))
		signature, _ := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		return signature
	}
}

func TestForgedTokensOpenNothing(t *testing.T) {
	at := newClock()
	tenant := &graphfake.Tenant{Clock: at.now, SigningKey: rsaKey}
	c := serve(t, tenant, "User.Read.All")
	c.ok("/v1.0/users")
	var header map[string]any
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(c.token, ".")[0])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &header))
	good := claimsOf(t, c.token)
	with := func(from map[string]any, name string, value any) map[string]any {
		changed := map[string]any{}
		for n, v := range from {
			changed[n] = v
		}
		changed[name] = value
		return changed
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	byPublicKey := func(text string) []byte {
		mac := hmac.New(sha256.New, rsaKey.PublicKey.N.Bytes())
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	nothing := func(string) []byte { return nil }
	own := signRSA(rsaKey)
	for name, test := range map[string]struct {
		token   string
		message string
	}{
		"none":                    {forged(with(header, "alg", "none"), good, nothing), "Signature is invalid"},
		"none, signed":            {forged(with(header, "alg", "none"), good, own), "Signature is invalid"},
		"no algorithm":            {forged(with(header, "alg", nil), good, own), "Signature is invalid"},
		"HS256, public key":       {forged(with(header, "alg", "HS256"), good, byPublicKey), "Signature is invalid"},
		"labelled RS256":          {forged(header, good, byPublicKey), "Signature is invalid"},
		"ES256":                   {forged(with(header, "alg", "ES256"), good, own), "Signature is invalid"},
		"another key":             {forged(header, good, signRSA(stranger)), "Signature is invalid"},
		"another kid":             {forged(with(header, "kid", "other"), good, own), "Signature is invalid"},
		"no signature":            {forged(header, good, nothing), "Signature is invalid"},
		"four parts":              {c.token + ".x", "CompactToken"},
		"claims are no object":    {forged(header, nil, nothing), "Signature is invalid"},
		"another audience":        {forged(header, with(good, "aud", "https://management.azure.com"), own), "Invalid audience"},
		"no audience":             {forged(header, with(good, "aud", ""), own), "Invalid audience"},
		"another issuer":          {forged(header, with(good, "iss", "https://sts.windows.net/11111111-1111-4111-8111-111111111111/"), own), "Invalid issuer"},
		"expired":                 {forged(header, with(good, "exp", at.at.Unix()), own), "expired"},
		"of tomorrow":             {forged(header, with(good, "nbf", at.at.Add(6*time.Minute).Unix()), own), "not yet valid"},
		"a claim of a wrong type": {forged(header, with(good, "roles", 7), own), "validation failure"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := *c
			bad.token = test.token
			r := bad.get("/v1.0/users")
			assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
			assert.Equal(t, "InvalidAuthenticationToken", r.code())
			assert.Contains(t, r.error("message"), test.message)
		})
	}
	for _, audience := range []string{
		"https://graph.microsoft.com", "https://graph.microsoft.com/", "https://graph.microsoft.com//",
		"00000003-0000-0000-c000-000000000000", c.server.URL, c.server.URL + "/",
	} {
		signed := *c
		signed.token = forged(header, with(with(good, "aud", audience), "nbf", at.at.Add(4*time.Minute).Unix()), own)
		signed.ok("/v1.0/users")
	}
}

func TestDiscovery(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	c := serve(t, tenant)
	c.token = ""
	for name, want := range map[string]struct{ issuer, path string }{
		tenant.ID():     {"/" + tenant.ID() + "/v2.0", tenant.ID()},
		"contoso.com":   {"/" + tenant.ID() + "/v2.0", tenant.ID()},
		"common":        {"/{tenantid}/v2.0", "common"},
		"Organizations": {"/{tenantid}/v2.0", "organizations"},
	} {
		r := c.ok("/" + name + "/v2.0/.well-known/openid-configuration")
		assert.Equal(t, c.server.URL+want.issuer, r.body["issuer"], name)
		assert.Equal(t, c.server.URL+"/"+want.path+"/oauth2/v2.0/token", r.body["token_endpoint"], name)
		assert.Equal(t, c.server.URL+"/"+want.path+"/oauth2/v2.0/devicecode", r.body["device_authorization_endpoint"], name)
		c.ok(r.body["jwks_uri"].(string))
		r = c.ok("/" + name + "/.well-known/openid-configuration")
		assert.Equal(t, c.server.URL+"/"+want.path+"/oauth2/token", r.body["token_endpoint"], name)
	}
	refused(t, c.get("/other.example/discovery/v2.0/keys"), 400, 90002, "invalid_tenant")

	r := c.ok("/metadata/endpoints?api-version=2022-09-01")
	assert.Equal(t, "AzureCloud", r.body["name"])
	assert.Equal(t, c.server.URL+"/", r.body["microsoftGraphResourceId"])
	assert.Equal(t, "common", r.body["authentication"].(map[string]any)["tenant"])
	for _, version := range []string{"2019-05-01", "2020-06-01"} {
		var clouds []map[string]any
		require.NoError(t, json.Unmarshal(c.ok("/metadata/endpoints?api-version="+version).text, &clouds))
		require.Len(t, clouds, 1)
		assert.Equal(t, c.server.URL+"/", clouds[0]["authentication"].(map[string]any)["loginEndpoint"])
	}
	assert.Equal(t, 400, c.get("/metadata/endpoints").StatusCode)
	assert.JSONEq(t, `{"value":[]}`, string(c.ok("/subscriptions?api-version=2020-01-01").text))
}

func TestMalformedRequestsForTokens(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	c := serve(t, tenant)
	c.token = ""
	path := "/" + tenant.ID() + "/oauth2/v2.0/token"
	const kind = "application/x-www-form-urlencoded"
	for name, test := range map[string]struct {
		kind, body string
		code       int
	}{
		"nothing":           {kind, "", 900144},
		"JSON":              {"application/json", `{"grant_type":"password"}`, 900144},
		"no type":           {"", "grant_type=password&client_id=x", 900144},
		"repeated":          {kind, "grant_type=password&client_id=x&client_id=y", 9000411},
		"no UTF-8":          {kind, "grant_type=password&client_id=%ff%fe", 9002313},
		"percent":           {kind, "grant_type=%zz", 9002313},
		"semicolons":        {kind, "grant_type=password;client_id=x", 9002313},
		"huge":              {kind, "grant_type=password&client_id=x&password=" + strings.Repeat("a", 300<<10), 9002313},
		"claims":            {kind, "grant_type=password&client_id=" + mfa.AzureCLI + "&username=a&password=b&scope=openid&claims=%7B", 9002313},
		"no scope":          {kind, "grant_type=password&client_id=x&username=a&password=b", 900144},
		"no password":       {kind, "grant_type=password&client_id=x&username=a&scope=openid", 900144},
		"no refresh token":  {kind, "grant_type=refresh_token&client_id=x", 900144},
		"no device code":    {kind, "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=x", 900144},
		"unknown grant":     {kind, "grant_type=magic&client_id=x", 70003},
		"a code":            {kind, "grant_type=authorization_code&client_id=x&code=y", 70000},
		"on behalf of":      {kind, "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=x&assertion=y", 50013},
		"control character": {kind, "grant_type=password&client_id=" + mfa.AzureCLI + "&username=a&password=b&scope=%01", 70011},
		"default and more":  {kind, "grant_type=password&client_id=" + mfa.AzureCLI + "&username=a&password=b&scope=https://graph.microsoft.com/.default+https://graph.microsoft.com/User.Read", 70011},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.with("Content-Type", test.kind).do(http.MethodPost, path, test.body)
			assert.Equal(t, 400, r.StatusCode, string(r.text))
			assert.Equal(t, []any{float64(test.code)}, r.body["error_codes"], string(r.text))
		})
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		r := c.do(method, path, "")
		assert.Equal(t, http.StatusMethodNotAllowed, r.StatusCode)
		assert.Equal(t, []any{900561.0}, r.body["error_codes"])
	}
	r := c.with("client-request-id", "c0000000-0000-4000-8000-000000000001").signIn(tenant.ID(), form("password", "wrong"))
	assert.Equal(t, "c0000000-0000-4000-8000-000000000001", r.body["correlation_id"])
	assert.Equal(t, "c0000000-0000-4000-8000-000000000001", newest(t, tenant).CorrelationID)
}

func TestConsent(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	none := tenant.AddApplication(graphfake.Application{})
	some := tenant.AddApplication(graphfake.Application{Scopes: []string{"User.Read", "Policy.Read.All"}})
	c := serve(t, tenant)
	for name, test := range map[string]struct {
		client, scope string
		scp           string // "" is refused
	}{
		"no consent":            {none, scope, ""},
		"no consent, one":       {none, "User.Read", ""},
		"all":                   {some, scope, "User.Read Policy.Read.All"},
		"one of all":            {some, "user.read", "User.Read Policy.Read.All"},
		"more":                  {some, "User.Read User.ReadWrite.All", ""},
		"another resource":      {none, "https://outlook.office365.com/EWS.AccessAsUser.All", "EWS.AccessAsUser.All"},
		"a client of Microsoft": {"14D82EEC-204b-4c2f-b7e8-296a70dab67e", "Policy.Read.All User.Read", "Policy.Read.All User.Read"},
		"its default":           {"14d82eec-204b-4c2f-b7e8-296a70dab67e", scope, "User.Read"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.signIn(tenant.ID(), form("client_id", test.client, "scope", test.scope))
			if test.scp == "" {
				refused(t, r, 400, 65001, "invalid_grant")
				assert.Equal(t, "consent_required", r.body["suberror"])
				assert.Equal(t, 65001, newest(t, tenant).Status.ErrorCode)
				return
			}
			require.Equal(t, 200, r.StatusCode, string(r.text))
			assert.Equal(t, test.scp, claimsOf(t, r.body["access_token"].(string))["scp"])
			for _, asked := range strings.Fields(test.scope) {
				assert.Contains(t, strings.Fields(r.body["scope"].(string)), asked, "clients look for what they asked for")
			}
		})
	}
}

func TestOlderEndpointAnswersTexts(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	app := tenant.AddApplication(graphfake.Application{Secret: "s3cret"})
	c := serve(t, tenant)
	r := c.signInOlder(tenant.ID(), map[string]string{"grant_type": "client_credentials", "client_id": app, "client_secret": "s3cret", "resource": "https://graph.microsoft.com/"})
	require.Equal(t, 200, r.StatusCode, string(r.text))
	assert.Equal(t, "3600", r.body["expires_in"])
	assert.Equal(t, fmt.Sprint(newClock().at.Add(time.Hour).Unix()), r.body["expires_on"])
	assert.Equal(t, "https://graph.microsoft.com/", r.body["resource"])
	assert.Equal(t, "https://graph.microsoft.com/", claimsOf(t, r.body["access_token"].(string))["aud"])
	r = c.signInOlder(tenant.ID(), form("scope", "", "resource", "https://graph.microsoft.com"))
	require.Equal(t, 200, r.StatusCode, string(r.text))
	assert.NotEmpty(t, r.body["refresh_token"])
	id := claimsOf(t, r.body["id_token"].(string))
	assert.Equal(t, "1.0", id["ver"])
	assert.Equal(t, "svc@contoso.com", id["upn"])
	r = c.signInOlder(tenant.ID(), map[string]string{"grant_type": "refresh_token", "client_id": mfa.AzureCLI, "refresh_token": r.body["refresh_token"].(string), "resource": "https://graph.microsoft.com"})
	require.Equal(t, 200, r.StatusCode, string(r.text))
	refused(t, c.signInOlder(tenant.ID(), map[string]string{"grant_type": "client_credentials", "client_id": app, "client_secret": "s3cret", "resource": "https://example.org"}), 400, 500011, "invalid_resource")
}

func TestCertificateOfAnAssertionIsCompared(t *testing.T) {
	tenant, app, certificate := certified(t)
	c := serve(t, tenant)
	sum := sha256.Sum256(certificate)
	for name, test := range map[string]struct {
		header map[string]any
		code   int
	}{
		"its own":          {map[string]any{"alg": "PS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}, 200},
		"padded":           {map[string]any{"alg": "PS256", "x5t#S256": base64.StdEncoding.EncodeToString(sum[:])}, 200},
		"another":          {map[string]any{"alg": "PS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[1:])}, 401},
		"another, by SHA1": {map[string]any{"alg": "PS256", "x5t": "AAAA"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			assertion := forged(test.header, map[string]any{
				"iss": app, "sub": app, "aud": c.server.URL + "/" + tenant.ID() + "/oauth2/v2.0/token",
				"nbf": newClock().at.Unix(), "exp": newClock().at.Add(time.Minute).Unix(),
			}, func(text string) []byte {
				sum := sha256.Sum256([]byte(text))
				signature, err := rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, sum[:], nil)
				require.NoError(t, err)
				return signature
			})
			r := c.signIn(tenant.ID(), map[string]string{
				"grant_type": "client_credentials", "client_id": app, "scope": scope, "client_assertion": assertion,
				"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
			})
			assert.Equal(t, test.code, r.StatusCode, string(r.text))
		})
	}
}
