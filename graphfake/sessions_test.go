package graphfake_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// certified is a tenant with an application that has the certificate of rsaKey.
func certified(t *testing.T) (*graphfake.Tenant, string, []byte) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &rsaKey.PublicKey, rsaKey)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	tenant := &graphfake.Tenant{Clock: newClock().now}
	return tenant, tenant.AddApplication(graphfake.Application{Certificate: certificate}), der
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// flow is a program that signs somebody in by a device code.
type flow struct {
	*client
	tenant *graphfake.Tenant
	code   map[string]any
}

func startFlow(c *client, tenant *graphfake.Tenant, asked string) flow {
	c.t.Helper()
	r := c.postForm("/"+tenant.ID()+"/oauth2/v2.0/devicecode", map[string]string{"client_id": mfa.AzureCLI, "scope": asked})
	require.Equal(c.t, 200, r.StatusCode, string(r.text))
	return flow{c, tenant, r.body}
}

func (f flow) userCode() string { return f.code["user_code"].(string) }

func (f flow) poll() reply {
	f.t.Helper()
	return f.signIn(f.tenant.ID(), map[string]string{"grant_type": deviceGrant, "client_id": mfa.AzureCLI, "device_code": f.code["device_code"].(string)})
}

// hasCode checks number and error of a refusal, whatever the time is.
func hasCode(t *testing.T, r reply, code int, kind string) {
	t.Helper()
	assert.Equal(t, []any{float64(code)}, r.body["error_codes"], string(r.text))
	assert.Equal(t, kind, r.body["error"])
	assert.True(t, strings.HasPrefix(fmt.Sprint(r.body["error_description"]), fmt.Sprintf("AADSTS%d: ", code)))
}

func TestDeviceCode(t *testing.T) {
	at := newClock()
	tenant := signingIn(t, &graphfake.Tenant{Clock: at.now})
	c := serve(t, tenant)
	f := startFlow(c, tenant, "https://graph.microsoft.com/User.Read offline_access openid")
	assert.EqualValues(t, 900, f.code["expires_in"])
	assert.Contains(t, f.code["message"], f.userCode())
	hasCode(t, f.poll(), 70016, "authorization_pending")
	hasCode(t, f.poll(), 70016, "slow_down")
	at.advance(5 * time.Second)
	hasCode(t, f.poll(), 70016, "authorization_pending")
	require.ErrorContains(t, tenant.AnswerDeviceCode("nonsense", "svc@contoso.com", "right"), "AADSTS70018")
	require.ErrorContains(t, tenant.AnswerDeviceCode(f.userCode(), "svc@contoso.com", "wrong"), "AADSTS50126")
	at.advance(5 * time.Second)
	hasCode(t, f.poll(), 70016, "authorization_pending")
	require.NoError(t, tenant.AnswerDeviceCode(strings.ToLower(f.userCode()), "SVC@contoso.com", "right"))
	require.Error(t, tenant.AnswerDeviceCode(f.userCode(), "svc@contoso.com", "right"), "the code was used")
	r := f.signIn(tenant.ID(), map[string]string{"grant_type": deviceGrant, "client_id": mfa.AzurePowerShell, "device_code": f.code["device_code"].(string)})
	hasCode(t, r, 70018, "bad_verification_code")
	r = f.poll()
	require.Equal(t, 200, r.StatusCode, string(r.text))
	assert.Equal(t, []any{"pwd"}, claimsOf(t, r.body["access_token"].(string))["amr"])
	assert.NotEmpty(t, r.body["refresh_token"])
	assert.NotEmpty(t, r.body["id_token"])
	hasCode(t, f.poll(), 70018, "bad_verification_code")
	var logged []mfa.SignInRecord
	for record, err := range tenant.SignInLog(t.Context(), mfa.SignInQuery{UserID: serviceID}) {
		require.NoError(t, err)
		logged = append(logged, record)
	}
	require.Len(t, logged, 2)
	assert.Equal(t, "deviceCode", logged[0].AuthenticationProtocol)
	assert.Equal(t, 50126, logged[1].Status.ErrorCode)

	f = startFlow(c, tenant, "User.Read")
	at.advance(15 * time.Minute)
	require.Error(t, tenant.AnswerDeviceCode(f.userCode(), "svc@contoso.com", "right"))
	hasCode(t, f.poll(), 70020, "expired_token")

	r = c.postForm("/"+tenant.ID()+"/oauth2/devicecode?api-version=1.0", map[string]string{"client_id": mfa.AzureCLI, "resource": "https://graph.microsoft.com"})
	require.Equal(t, 200, r.StatusCode)
	assert.Equal(t, "900", r.body["expires_in"])
	assert.NotEmpty(t, r.body["verification_url"])
	require.NoError(t, tenant.AnswerDeviceCode(r.body["user_code"].(string), "svc@contoso.com", "right"))
	r = c.signInOlder("common", map[string]string{"grant_type": "device_code", "client_id": mfa.AzureCLI, "resource": "https://graph.microsoft.com", "code": r.body["device_code"].(string)})
	require.Equal(t, 200, r.StatusCode, string(r.text))
	assert.Equal(t, "3600", r.body["expires_in"])
	for _, form := range []map[string]string{{}, {"client_id": mfa.AzureCLI}, {"client_id": serviceID, "scope": "User.Read"}, {"client_id": mfa.AzureCLI, "scope": "https://example.org/.default"}} {
		assert.Equal(t, 400, c.postForm("/common/oauth2/v2.0/devicecode", form).StatusCode)
	}
}

func TestPersonMeetsWhatIsDemanded(t *testing.T) {
	const byCode = `,"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`
	oath := mfa.Method{Type: "#microsoft.graph.softwareOathAuthenticationMethod"}
	passkey := mfa.Method{Type: "#microsoft.graph.fido2AuthenticationMethod"}
	block := `{"operator":"OR","builtInControls":["block"]}`
	for name, test := range map[string]struct {
		conditions, grant string
		methods           []mfa.Method
		code              int
		success           bool
	}{
		"MFA":                      {"", demandMFA, []mfa.Method{oath}, 0, true},
		"nothing registered":       {"", demandMFA, nil, 50079, false},
		"block":                    {"", block, []mfa.Method{oath}, 53003, false},
		"block of device codes":    {byCode, block, []mfa.Method{oath}, 53003, false},
		"MFA or a device":          {"", `{"operator":"OR","builtInControls":["mfa","compliantDevice"]}`, []mfa.Method{oath}, 0, true},
		"MFA and a device":         {"", `{"operator":"AND","builtInControls":["mfa","compliantDevice"]}`, []mfa.Method{oath}, 53000, false},
		"the strength for MFA":     {"", `{"operator":"OR","authenticationStrength":{"id":"` + policy.StrengthMFA + `"}}`, []mfa.Method{oath}, 0, true},
		"phishing-resistant":       {"", `{"operator":"OR","authenticationStrength":{"id":"` + policy.StrengthPhishingResistant + `"}}`, []mfa.Method{passkey}, 0, true},
		"not phishing-resistant":   {"", `{"operator":"OR","authenticationStrength":{"id":"` + policy.StrengthPhishingResistant + `"}}`, []mfa.Method{oath}, 53003, false},
		"terms of use":             {"", `{"operator":"OR","termsOfUse":["t"]}`, []mfa.Method{oath}, 50158, false},
		"of password grants alone": {`,"authenticationFlows":{"transferMethods":"authenticationTransfer"}`, block, nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{})
			for _, m := range test.methods {
				require.NoError(t, tenant.AddMethod(serviceID, m))
			}
			id := addJSON(t, tenant, fmt.Sprintf(everyone, test.conditions), test.grant)
			tenant.PasswordGrantsInteractive = true // where newest looks
			f := startFlow(serve(t, tenant), tenant, "User.Read offline_access")
			err := tenant.AnswerDeviceCode(f.userCode(), "svc@contoso.com", "right")
			r := f.poll()
			record := newest(t, tenant)
			if test.code != 0 {
				require.ErrorContains(t, err, fmt.Sprintf("AADSTS%d", test.code))
				hasCode(t, r, test.code, "invalid_grant")
				assert.Contains(t, r.body["claims"], id)
				assert.Equal(t, test.code, record.Status.ErrorCode)
				assert.Equal(t, "failure", record.ConditionalAccessStatus)
				return
			}
			require.NoError(t, err)
			require.Equal(t, 200, r.StatusCode, string(r.text))
			amr := claimsOf(t, r.body["access_token"].(string))["amr"]
			if !test.success {
				assert.Equal(t, []any{"pwd"}, amr)
				assert.Equal(t, "notApplied", record.ConditionalAccessStatus)
				return
			}
			assert.Equal(t, []any{"pwd", "mfa"}, amr)
			assert.Equal(t, "success", record.ConditionalAccessStatus)
			assert.Equal(t, "success", record.AppliedPolicies[0].Result)
			assert.Equal(t, "multiFactorAuthentication", record.AuthenticationRequirement)

			r = f.refresh(r)
			require.Equal(t, 200, r.StatusCode, "the session has its second factor: %s", r.text)
			assert.Equal(t, []any{"pwd", "mfa"}, claimsOf(t, r.body["access_token"].(string))["amr"])
			assert.Equal(t, 400, f.signIn(tenant.ID(), form()).StatusCode, "a password alone hasn't")
		})
	}
}

func TestPersonMeetsPerUserMFAAndSecurityDefaults(t *testing.T) {
	for name, arrange := range map[string]func(*graphfake.Tenant) error{
		"per-user":          func(t *graphfake.Tenant) error { return t.SetPerUserState(serviceID, mfa.PerUserEnforced) },
		"security defaults": func(t *graphfake.Tenant) error { return t.SetSecurityDefaults(true) },
	} {
		t.Run(name, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{})
			require.NoError(t, arrange(tenant))
			c := serve(t, tenant)
			f := startFlow(c, tenant, "User.Read")
			require.ErrorContains(t, tenant.AnswerDeviceCode(f.userCode(), serviceID, "right"), "AADSTS50079")
			require.NoError(t, tenant.AddMethod(serviceID, mfa.Method{Type: "#microsoft.graph.softwareOathAuthenticationMethod"}))
			f = startFlow(c, tenant, "User.Read")
			require.NoError(t, tenant.AnswerDeviceCode(f.userCode(), serviceID, "right"))
			assert.Equal(t, 200, f.poll().StatusCode)
		})
	}
}

// refresh goes on with the session of an answer.
func (f flow) refresh(r reply) reply {
	f.t.Helper()
	token, _ := r.body["refresh_token"].(string)
	require.NotEmpty(f.t, token, string(r.text))
	return f.signIn(f.tenant.ID(), map[string]string{"grant_type": "refresh_token", "client_id": mfa.AzureCLI, "refresh_token": token})
}

func TestRefreshTokens(t *testing.T) {
	at := newClock()
	tenant := signingIn(t, &graphfake.Tenant{Clock: at.now})
	c := serve(t, tenant)
	f := flow{c, tenant, nil}
	session := func() reply {
		t.Helper()
		r := c.signIn(tenant.ID(), form("scope", "User.Read offline_access"))
		require.Equal(t, 200, r.StatusCode, string(r.text))
		return r
	}
	first := session()
	second := f.refresh(first)
	require.Equal(t, 200, second.StatusCode, string(second.text))
	assert.NotEqual(t, first.body["refresh_token"], second.body["refresh_token"])
	assert.Equal(t, "User.Read", claimsOf(t, second.body["access_token"].(string))["scp"])
	assert.Equal(t, 200, f.refresh(second).StatusCode)
	assert.Equal(t, 200, f.refresh(first).StatusCode, "the older one goes on working")
	assert.Equal(t, "none", newest(t, tenant).AuthenticationProtocol)
	require.NotContains(t, c.signIn(tenant.ID(), form()).body, "refresh_token", "it wasn't asked for")

	token := first.body["refresh_token"].(string)
	with := func(name, value string) reply {
		form := map[string]string{"grant_type": "refresh_token", "client_id": mfa.AzureCLI, "refresh_token": token}
		form[name] = value
		return c.signIn(tenant.ID(), form)
	}
	hasCode(t, with("client_id", mfa.AzurePowerShell), 70000, "invalid_grant")
	for _, bad := range []string{"x", token[:len(token)-2], "1." + token, token[2:], "1.", "1.AAAA"} {
		hasCode(t, with("refresh_token", bad), 9002313, "invalid_grant")
	}
	other := &graphfake.Tenant{Clock: at.now}
	hasCode(t, serve(t, other).signIn(other.ID(), map[string]string{"grant_type": "refresh_token", "client_id": mfa.AzureCLI, "refresh_token": token}), 9002313, "invalid_grant")
	outlook := with("scope", "https://outlook.office365.com/EWS.AccessAsUser.All")
	require.Equal(t, 200, outlook.StatusCode, string(outlook.text))
	assert.Equal(t, "https://outlook.office365.com", claimsOf(t, outlook.body["access_token"].(string))["aud"])

	clone := tenant.Clone()
	assert.Equal(t, 200, serve(t, clone).signIn(tenant.ID(), map[string]string{"grant_type": "refresh_token", "client_id": mfa.AzureCLI, "refresh_token": token}).StatusCode)

	for name, event := range map[string]struct {
		arrange func() error
		code    int
	}{
		"revoked":          {func() error { return tenant.RevokeSessions("svc@contoso.com") }, 50173},
		"password changed": {func() error { return tenant.GivePassword(serviceID, "other") }, 50173},
		"password reset": {func() error {
			_, err := tenant.SetPassword(t.Context(), serviceID, mfa.NewSecret("Abcdef-12345"))
			return err
		}, 50173},
		"nothing happened":  {func() error { return nil }, 0},
		"MFA is wanted now": {func() error { return tenant.SetPerUserState(serviceID, mfa.PerUserEnabled) }, 50079},
		"account disabled": {func() error {
			tenant.AddUser(mfa.User{ID: serviceID, UserPrincipalName: "svc@contoso.com", AccountEnabled: new(false)})
			return nil
		}, 50057},
		"account deleted": {func() error { return tenant.Delete(serviceID) }, 500341},
		"idle":            {func() error { at.advance(91 * 24 * time.Hour); return nil }, 700082},
	} {
		t.Run(name, func(t *testing.T) {
			state := tenant.Clone()
			defer func() { tenant.Restore(state); at.at = newClock().at }()
			require.NoError(t, tenant.GivePassword(serviceID, "right"))
			r := session()
			require.NoError(t, event.arrange())
			r = f.refresh(r)
			if event.code == 0 {
				assert.Equal(t, 200, r.StatusCode, string(r.text))
				return
			}
			hasCode(t, r, event.code, "invalid_grant")
		})
	}
}

func TestRefreshTokenOfAConfidentialClient(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	app := tenant.AddApplication(graphfake.Application{Secret: "s3cret", Scopes: []string{"User.Read"}})
	c := serve(t, tenant)
	r := c.signIn(tenant.ID(), form("client_id", app, "client_secret", "s3cret", "scope", "User.Read offline_access"))
	require.Equal(t, 200, r.StatusCode, string(r.text))
	again := map[string]string{"grant_type": "refresh_token", "client_id": app, "refresh_token": r.body["refresh_token"].(string)}
	hasCode(t, c.signIn(tenant.ID(), again), 7000218, "invalid_client")
	again["client_secret"] = "s3cret"
	assert.Equal(t, 200, c.signIn(tenant.ID(), again).StatusCode)
}

var challenged = regexp.MustCompile(`error="insufficient_claims", claims="([A-Za-z0-9+/=]+)"`)

func TestContinuousAccessEvaluation(t *testing.T) {
	const capability = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`
	at := newClock()
	build := func(t *testing.T) (*graphfake.Tenant, *client) {
		tenant := signingIn(t, &graphfake.Tenant{Clock: at.now})
		return tenant, serve(t, tenant)
	}
	open := func(c *client, claims string) *client {
		c.t.Helper()
		r := c.signIn("organizations", form("scope", "User.Read", "claims", claims))
		require.Equal(c.t, 200, r.StatusCode, string(r.text))
		signed := *c
		signed.token = r.body["access_token"].(string)
		return &signed
	}
	for name, event := range map[string]struct {
		arrange func(*testing.T, *graphfake.Tenant, *client)
		again   bool // a new token can be had
	}{
		"sessions revoked": {func(t *testing.T, g *graphfake.Tenant, _ *client) { require.NoError(t, g.RevokeSessions(serviceID)) }, true},
		"revoked by Graph": {func(t *testing.T, g *graphfake.Tenant, c *client) {
			admin := *c
			admin.token = g.Token("User.RevokeSessions.All")
			r := admin.do(http.MethodPost, "/v1.0/users/"+serviceID+"/revokeSignInSessions", "")
			require.Equal(t, 200, r.StatusCode, string(r.text))
			assert.Equal(t, true, r.body["value"])
		}, true},
		"account disabled": {func(_ *testing.T, g *graphfake.Tenant, _ *client) {
			g.AddUser(mfa.User{ID: serviceID, UserPrincipalName: "svc@contoso.com", AccountEnabled: new(false)})
		}, false},
		"account deleted": {func(t *testing.T, g *graphfake.Tenant, _ *client) { require.NoError(t, g.Delete(serviceID)) }, false},
		"password changed": {func(t *testing.T, g *graphfake.Tenant, _ *client) {
			require.NoError(t, g.GivePassword(serviceID, "other"))
			require.NoError(t, g.GivePassword(serviceID, "right"))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, c := build(t)
			plain, aware := open(c, ""), open(c, capability)
			assert.Equal(t, []any{"cp1"}, claimsOf(t, aware.token)["xms_cc"])
			assert.EqualValues(t, at.at.Add(24*time.Hour).Unix(), claimsOf(t, aware.token)["exp"], "such a token lives long")
			path := "/v1.0/users/" + serviceID
			plain.ok(path)
			aware.ok(path)
			event.arrange(t, tenant, c)
			assert.NotEqual(t, http.StatusUnauthorized, plain.get(path).StatusCode, "it works until it expires")
			r := aware.get(path)
			assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
			assert.Equal(t, "InvalidAuthenticationToken", r.code())
			match := challenged.FindStringSubmatch(r.Header.Get("WWW-Authenticate"))
			require.NotNil(t, match, r.Header.Get("WWW-Authenticate"))
			claims, err := base64.StdEncoding.DecodeString(match[1])
			require.NoError(t, err)
			assert.JSONEq(t, fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, at.at.Unix()), string(claims))
			if event.again {
				open(c, strings.Replace(string(claims), `{"nbf"`, `{"xms_cc":{"values":["CP1"]},"nbf"`, 1)).ok(path)
			}
		})
	}
}

func TestPoliciesOnApplications(t *testing.T) {
	const office = `,"locations":{"includeLocations":["All"],"excludeLocations":["` + officeID + `"]}`
	named := func(include, more string) string {
		return `{"clientAppTypes":["all"],"users":{"includeUsers":["None"]},"applications":{"includeApplications":["All"]},"clientApplications":{"includeServicePrincipals":["` + include + `"]` + more + `}%s}`
	}
	const mine = "a0000000-0000-4000-8000-000000000001"
	const block = `{"operator":"OR","builtInControls":["block"]}`
	for name, test := range map[string]struct {
		conditions string
		from       string
		allow      bool
		code       int
	}{
		"every application":      {fmt.Sprintf(named("ServicePrincipalsInMyTenant", ""), ""), "203.0.113.7", false, 53003},
		"this one":               {fmt.Sprintf(named(mine, ""), ""), "203.0.113.7", false, 53003},
		"another":                {fmt.Sprintf(named("a0000000-0000-4000-8000-000000000002", ""), ""), "203.0.113.7", false, 0},
		"all but this":           {fmt.Sprintf(named("ServicePrincipalsInMyTenant", `,"excludeServicePrincipals":["`+mine+`"]`), ""), "203.0.113.7", false, 0},
		"outside the office":     {fmt.Sprintf(named(mine, ""), office), "198.51.100.1", false, 53003},
		"inside the office":      {fmt.Sprintf(named(mine, ""), office), "203.0.113.7", false, 0},
		"with a risk":            {fmt.Sprintf(named(mine, ""), `,"servicePrincipalRiskLevels":["high"]`), "203.0.113.7", false, 0},
		"by a filter":            {fmt.Sprintf(named(mine, `,"servicePrincipalFilter":{"mode":"include","rule":"CustomSecurityAttribute.A_B -eq \"c\""}`), ""), "203.0.113.7", false, 53003},
		"by a filter, undecided": {fmt.Sprintf(named(mine, `,"servicePrincipalFilter":{"mode":"include","rule":"CustomSecurityAttribute.A_B -eq \"c\""}`), ""), "203.0.113.7", true, 0},
		"on users":               {fmt.Sprintf(everyone, ""), "203.0.113.7", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{AllowUndecided: test.allow})
			from(test.from)(tenant)
			tenant.AddNamedLocation(policy.NamedLocation{ID: officeID, DisplayName: "Office", IsTrusted: new(true), IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/24"}}})
			id := addJSON(t, tenant, test.conditions, block)
			tenant.AddApplication(graphfake.Application{ID: mine, Secret: "s3cret"})
			c := serve(t, tenant, "AuditLog.Read.All", "Policy.Read.All")
			r := c.signIn(tenant.ID(), map[string]string{"grant_type": "client_credentials", "client_id": mine, "client_secret": "s3cret", "scope": scope})
			logged := c.ok("/beta/auditLogs/signIns?$filter=signInEventTypes/any(t:t+eq+'servicePrincipal')").values()
			require.Len(t, logged, 1)
			assert.Equal(t, mine, logged[0]["appId"])
			assert.EqualValues(t, test.code, logged[0]["status"].(map[string]any)["errorCode"])
			if test.code == 0 {
				assert.Equal(t, 200, r.StatusCode, string(r.text))
				return
			}
			refused(t, r, 400, test.code, "invalid_grant")
			assert.Contains(t, r.body["claims"], id)
		})
	}
}

func TestDelegatedTokensNeedScopesAndRoles(t *testing.T) {
	const (
		conditionalAdmin = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
		securityReader   = "5d6b6bb7-de71-4623-b4af-96380a352509"
		globalReader     = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
		authAdmin        = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
		helpdesk         = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	)
	const policies, defaults = "/v1.0/identity/conditionalAccess/policies", "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
	const other = "b0000000-0000-4000-8000-000000000002"
	write := []string{"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"}
	body := `{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["None"]},"applications":{"includeApplications":["None"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`
	for name, test := range map[string]struct {
		scopes       []string
		role         string
		method, path string
		body         string
		status       int
		code         string
	}{
		"policies, no scope":             {nil, policy.GlobalAdministrator, "GET", policies, "", 403, "AccessDenied"},
		"policies, no role":              {[]string{"Policy.Read.All"}, "", "GET", policies, "", 403, "AccessDenied"},
		"policies, another role":         {[]string{"Policy.Read.All"}, helpdesk, "GET", policies, "", 403, "AccessDenied"},
		"policies, security reader":      {[]string{"policy.read.all"}, securityReader, "GET", policies, "", 200, ""},
		"policies, global administrator": {[]string{"Policy.Read.All"}, policy.GlobalAdministrator, "GET", policies, "", 200, ""},
		"write, reader":                  {write, globalReader, "POST", policies, body, 403, "AccessDenied"},
		"write, administrator":           {write, conditionalAdmin, "POST", policies, body, 201, ""},
		"write, one scope":               {write[1:2], conditionalAdmin, "POST", policies, body, 403, "AccessDenied"},
		"defaults":                       {[]string{"Policy.Read.All"}, conditionalAdmin, "GET", defaults, "", 200, ""},
		"users":                          {[]string{"User.Read.All"}, "", "GET", "/v1.0/users", "", 200, ""},
		"users by User.Read":             {[]string{"User.Read"}, "", "GET", "/v1.0/users", "", 403, "Authorization_RequestDenied"},
		"myself by User.Read":            {[]string{"User.Read"}, "", "GET", "/v1.0/users/svc@contoso.com", "", 200, ""},
		"another by User.Read":           {[]string{"User.Read"}, "", "GET", "/v1.0/users/" + other, "", 403, "Authorization_RequestDenied"},
		"my groups by User.Read":         {[]string{"User.Read"}, "", "GET", "/v1.0/users/" + serviceID + "/memberOf", "", 200, ""},
		"organization by User.Read":      {[]string{"User.Read"}, "", "GET", "/v1.0/organization", "", 200, ""},
		"my methods":                     {[]string{"UserAuthenticationMethod.Read"}, "", "GET", "/v1.0/users/" + serviceID + "/authentication/methods", "", 200, ""},
		"another's methods, narrow":      {[]string{"UserAuthenticationMethod.Read"}, authAdmin, "GET", "/v1.0/users/" + other + "/authentication/methods", "", 403, "accessDenied"},
		"another's methods, no role":     {[]string{"UserAuthenticationMethod.Read.All"}, "", "GET", "/v1.0/users/" + other + "/authentication/methods", "", 403, "accessDenied"},
		"another's methods":              {[]string{"UserAuthenticationMethod.Read.All"}, authAdmin, "GET", "/v1.0/users/" + other + "/authentication/methods", "", 200, ""},
		"log, no role":                   {[]string{"AuditLog.Read.All"}, "", "GET", "/v1.0/auditLogs/signIns", "", 403, "Authentication_RequestFromUnsupportedUserRole"},
		"log":                            {[]string{"AuditLog.Read.All"}, securityReader, "GET", "/v1.0/auditLogs/signIns", "", 200, ""},
		"group, no role":                 {[]string{"GroupMember.ReadWrite.All"}, "", "DELETE", "/v1.0/groups/g0000000-0000-4000-8000-000000000001/members/" + other + "/$ref", "", 403, "Authorization_RequestDenied"},
		"revoke my own":                  {[]string{"User.ReadWrite"}, "", "POST", "/v1.0/users/" + serviceID + "/revokeSignInSessions", "", 200, ""},
		"revoke another's, no role":      {[]string{"User.RevokeSessions.All"}, "", "POST", "/v1.0/users/" + other + "/revokeSignInSessions", "", 403, "Authorization_RequestDenied"},
		"revoke another's":               {[]string{"User.RevokeSessions.All"}, helpdesk, "POST", "/v1.0/users/" + other + "/revokeSignInSessions", "", 200, ""},
		"revoke nobody's":                {[]string{"User.RevokeSessions.All"}, helpdesk, "POST", "/v1.0/users/nobody@contoso.com/revokeSignInSessions", "", 404, "Request_ResourceNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{})
			tenant.AddUser(mfa.User{ID: other, UserPrincipalName: "other@contoso.com"})
			if test.role != "" {
				_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: serviceID, RoleDefinitionID: test.role})
				require.NoError(t, err)
			}
			token, err := tenant.DelegatedToken("svc@contoso.com", test.scopes...)
			require.NoError(t, err)
			c := serve(t, tenant)
			c.token = token
			r := c.with("Content-Type", "application/json").do(test.method, test.path, test.body)
			assert.Equal(t, test.status, r.StatusCode, string(r.text))
			assert.Equal(t, test.code, r.code(), string(r.text))
		})
	}
	_, err := (&graphfake.Tenant{}).DelegatedToken("nobody@contoso.com")
	require.ErrorContains(t, err, "Request_ResourceNotFound")
}

func TestSignInOpensWhatItsScopesAndRolesOpen(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: serviceID, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	c := serve(t, tenant)
	r := c.signIn(tenant.ID(), form("client_id", "14d82eec-204b-4c2f-b7e8-296a70dab67e", "scope", "Policy.Read.All User.Read.All"))
	require.Equal(t, 200, r.StatusCode, string(r.text))
	c.token = r.body["access_token"].(string)
	assert.Equal(t, []any{policy.GlobalAdministrator}, claimsOf(t, c.token)["wids"])
	c.ok("/v1.0/identity/conditionalAccess/policies")
	c.ok("/v1.0/users")
	assert.Equal(t, 403, c.get("/v1.0/subscribedSkus").StatusCode)
	batch := c.with("Content-Type", "application/json").do(http.MethodPost, "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users"},{"id":"2","method":"GET","url":"/subscribedSkus"}]}`)
	require.Equal(t, 200, batch.StatusCode)
	assert.Contains(t, string(batch.text), `"status":403`)
	assert.Contains(t, string(batch.text), `"status":200`)
	other := c.signIn(tenant.ID(), form("scope", "https://outlook.office365.com/.default"))
	require.Equal(t, 200, other.StatusCode)
	c.token = other.body["access_token"].(string)
	assert.Contains(t, c.get("/v1.0/users").error("message"), "Invalid audience")
}

func TestAuthorityTakesManyAtOnce(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{Clock: time.Now})
	c := serve(t, tenant, "User.Read.All")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				assert.Equal(t, 200, c.signIn(tenant.ID(), form("scope", "User.Read offline_access")).StatusCode)
				assert.Equal(t, 200, c.get("/v1.0/users").StatusCode)
				f := startFlow(c, tenant, "User.Read")
				if i%2 == 0 {
					assert.NoError(t, tenant.AnswerDeviceCode(f.userCode(), serviceID, "right"))
				}
				f.poll()
				tenant.Clone().Token("User.Read.All")
			}
		})
	}
	all.Wait()
}
