package msgraph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

// secret is a password with what forms, JSON and URLs write differently.
const secret = `C0rrect "horse" & b+tter/y`

func grantOf(username string) mfa.PasswordGrant {
	return mfa.PasswordGrant{Username: username, Password: mfa.NewSecret(secret), Resource: mfa.MicrosoftGraph}
}

// signInTenant has an account that passes, one that meets MFA and one of a federated domain.
func signInTenant(t *testing.T) *graphfake.Tenant {
	tenant := &graphfake.Tenant{}
	tenant.AddDomain(mfa.Domain{ID: "contoso.com"})
	tenant.AddDomain(mfa.Domain{ID: "fed.contoso.com", AuthenticationType: "Federated"})
	for _, name := range []string{"svc@contoso.com", "mfa@contoso.com", "svc@fed.contoso.com"} {
		tenant.AddUser(mfa.User{UserPrincipalName: name, AccountEnabled: new(true)})
		require.NoError(t, tenant.GivePassword(name, secret))
	}
	require.NoError(t, tenant.SetPerUserState("mfa@contoso.com", mfa.PerUserEnforced))
	return tenant
}

// granter asks a handler over TLS.
func granter(t *testing.T, handler http.Handler, tenantID string, opts msgraph.PasswordGrantOptions) (*msgraph.PasswordGranter, *httptest.Server) {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that are cut are what is tested
	server.StartTLS()
	t.Cleanup(server.Close)
	opts.AuthorityHost, opts.DisableInstanceDiscovery, opts.HTTPClient = server.URL, true, server.Client()
	g, err := msgraph.NewPasswordGranter(tenantID, &opts)
	require.NoError(t, err)
	return g, server
}

func TestPasswordGrant(t *testing.T) {
	tests := map[string]struct {
		username, password string
		status             int
		code               any
	}{
		"token":           {"svc@contoso.com", secret, 200, nil},
		"MFA":             {"mfa@contoso.com", secret, 400, []any{50079.0}},
		"wrong password":  {"svc@contoso.com", "another", 400, []any{50126.0}},
		"unknown account": {"nobody@contoso.com", secret, 400, []any{50034.0}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := signInTenant(t)
			g, _ := granter(t, tenant, tenant.ID(), msgraph.PasswordGrantOptions{})
			grant := grantOf(test.username)
			grant.Password = mfa.NewSecret(test.password)
			got, err := g.PasswordGrant(t.Context(), grant)
			require.NoError(t, err)
			assert.Equal(t, test.status, got.Status)
			var body map[string]any
			require.NoError(t, json.Unmarshal(got.Body, &body))
			assert.Equal(t, test.code, body["error_codes"])
			for _, token := range []string{"access_token", "refresh_token", "id_token", "client_info"} {
				assert.NotContains(t, body, token)
			}
			if test.status == 200 {
				assert.Equal(t, "Bearer", body["token_type"])
			}
			assert.NotContains(t, string(got.Body), "eyJ")
			posts := 0
			for _, r := range tenant.Requests() {
				if r.Method == http.MethodPost {
					posts++
				}
			}
			assert.Equal(t, 1, posts, "asked once")
		})
	}
}

// The form on the wire, and the client that is asked for where a grant names none.
func TestPasswordGrantOnTheWire(t *testing.T) {
	tests := map[string]struct {
		options msgraph.PasswordGrantOptions
		grant   mfa.PasswordGrant
		client  string
		scope   string
	}{
		"zero":       {grant: mfa.PasswordGrant{}, client: "14d82eec-204b-4c2f-b7e8-296a70dab67e", scope: mfa.MicrosoftGraph + "/.default"},
		"of options": {options: msgraph.PasswordGrantOptions{ClientID: "c1"}, client: "c1", scope: mfa.MicrosoftGraph + "/.default"},
		"of the grant": {
			options: msgraph.PasswordGrantOptions{ClientID: "c1"}, grant: mfa.PasswordGrant{ClientID: "c2", Resource: mfa.ExchangeOnline},
			client: "c2", scope: mfa.ExchangeOnline + "/.default",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var form url.Values
			authority := newAuthority(func(w http.ResponseWriter, r *http.Request) {
				assert.NoError(t, r.ParseForm())
				form = r.PostForm
				reply(`{"token_type":"Bearer","access_token":"x"}`)(w, r)
			})
			g, _ := granter(t, authority, tenantID, test.options)
			test.grant.Username, test.grant.Password = "svc@contoso.com", mfa.NewSecret(secret)
			_, err := g.PasswordGrant(t.Context(), test.grant)
			require.NoError(t, err)
			assert.Equal(t, "password", form.Get("grant_type"))
			assert.Equal(t, "svc@contoso.com", form.Get("username"))
			assert.Equal(t, secret, form.Get("password"))
			assert.Equal(t, test.client, form.Get("client_id"))
			assert.Contains(t, strings.Fields(form.Get("scope")), test.scope)
			assert.Equal(t, []string{
				"GET /" + tenantID + "/v2.0/.well-known/openid-configuration", "GET /common/UserRealm/svc@contoso.com",
				"POST /" + tenantID + "/oauth2/v2.0/token",
			}, authority.lines())
		})
	}
}

// authority is a sign-in service whose steps a test replaces.
type authority struct {
	openID, realm, token http.HandlerFunc

	mu   sync.Mutex
	sent []string
}

func newAuthority(token http.HandlerFunc) *authority {
	a := &authority{realm: reply(`{"ver":"1.0","account_type":"Managed","domain_name":"contoso.com","cloud_audience_urn":"urn:federation:MicrosoftOnline","cloud_instance_name":"microsoftonline.com"}`), token: token}
	a.openID = func(w http.ResponseWriter, r *http.Request) { openIDOf("https://"+r.Host, "https://"+r.Host)(w, r) }
	return a
}

// openIDOf answers metadata whose issuer and token endpoint stand on these hosts.
func openIDOf(issuer, endpoint string) http.HandlerFunc {
	return reply(`{"issuer":"` + issuer + `/` + tenantID + `/v2.0","authorization_endpoint":"` + endpoint + `/` + tenantID +
		`/oauth2/v2.0/authorize","token_endpoint":"` + endpoint + `/` + tenantID + `/oauth2/v2.0/token"}`)
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.sent = append(a.sent, r.Method+" "+r.URL.Path)
	a.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "openid-configuration"):
		a.openID(w, r)
	case strings.HasPrefix(r.URL.Path, "/common/UserRealm/"):
		a.realm(w, r)
	default:
		a.token(w, r)
	}
}

func (a *authority) lines() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.sent)
}

// passwords counts the requests that could hold the password.
func (a *authority) passwords() (n int) {
	for _, line := range a.lines() {
		if strings.HasPrefix(line, "POST") {
			n++
		}
	}
	return n
}

func TestPasswordIsNotSentElsewhere(t *testing.T) {
	const federated = `{"ver":"1.0","account_type":"Federated","domain_name":"contoso.com","federation_protocol":"WSTrust","cloud_audience_urn":"urn:federation:MicrosoftOnline","cloud_instance_name":"x","federation_metadata_url":"MEX"}`
	var elsewhere int
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	t.Cleanup(other.Close)
	tests := map[string]struct {
		change func(*authority)
		kind   error
		text   string
		posts  int
	}{
		"federated": {func(a *authority) { a.realm = reply(strings.Replace(federated, "MEX", other.URL+"/mex", 1)) }, entramfa.ErrNotRead, "federated", 0},
		"federated to the authority itself": {func(a *authority) {
			a.realm = func(w http.ResponseWriter, r *http.Request) {
				reply(strings.Replace(federated, "MEX", "https://"+r.Host+"/mex", 1))(w, r)
			}
		}, entramfa.ErrNotRead, "federated", 0},
		"unknown domain": {func(a *authority) { a.realm = reply(`{"ver":"1.0","account_type":"Unknown"}`) }, entramfa.ErrNotRead, "doesn't know the account's domain", 0},
		"no domain":      {func(a *authority) { a.realm = reply(`{}`) }, entramfa.ErrNotRead, "doesn't know the account's domain", 0},
		"realm in HTML":  {func(a *authority) { a.realm = reply(`<html>`) }, entramfa.ErrUnavailable, "HTML", 0},
		"realm is null":  {func(a *authority) { a.realm = reply(`null`) }, entramfa.ErrUnavailable, "who checks the password", 0},
		"realm, 503":     {func(a *authority) { a.realm = replyWith(503, `x`) }, entramfa.ErrUnavailable, "503", 0},
		"realm, 429":     {func(a *authority) { a.realm = replyWith(429, `x`) }, entramfa.ErrThrottled, "429", 0},
		"token endpoint on another host": {func(a *authority) {
			a.openID = func(w http.ResponseWriter, r *http.Request) { openIDOf("https://"+r.Host, other.URL)(w, r) }
		}, entramfa.ErrUnavailable, "not the authority host", 0},
		"token endpoint without TLS": {func(a *authority) {
			a.openID = func(w http.ResponseWriter, r *http.Request) { openIDOf("https://"+r.Host, "http://"+r.Host)(w, r) }
		}, entramfa.ErrUnavailable, "the password was not sent", 0},
		"issuer on another host": {func(a *authority) {
			a.openID = func(w http.ResponseWriter, r *http.Request) {
				openIDOf("https://evil.example", "https://"+r.Host)(w, r)
			}
		}, entramfa.ErrUnavailable, "issuer", 0},
		"metadata redirects": {func(a *authority) {
			a.openID = headed("Location", other.URL+"/x", replyWith(302, ""))
		}, entramfa.ErrUnavailable, "302", 0},
		"no such tenant": {func(a *authority) {
			a.openID = replyWith(400, `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant not found."}`)
		}, entramfa.ErrUnauthenticated, "no such tenant in this cloud", 0},
		"token endpoint redirects": {func(a *authority) {
			a.token = headed("Location", other.URL+"/x", replyWith(307, `{"error":"x"}`))
		}, entramfa.ErrUnavailable, "not followed", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(reply(`{"token_type":"Bearer","access_token":"x"}`))
			test.change(a)
			g, _ := granter(t, a, tenantID, msgraph.PasswordGrantOptions{})
			got, err := g.PasswordGrant(t.Context(), grantOf("svc@contoso.com"))
			require.ErrorIs(t, err, test.kind)
			assert.ErrorContains(t, err, test.text)
			assert.ErrorContains(t, err, "svc@contoso.com")
			assert.Equal(t, mfa.TokenAnswer{}, got)
			assert.Equal(t, test.posts, a.passwords())
			assert.Zero(t, elsewhere)
			assertNoSecret(t, err)
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	tests := map[string]struct {
		token http.HandlerFunc
		kind  error
		text  string
	}{
		"HTML":          {replyWith(200, "<html>"+secret), entramfa.ErrUnavailable, "HTML"},
		"null":          {replyWith(200, "null"), entramfa.ErrUnavailable, "no JSON object"},
		"empty":         {replyWith(200, ""), entramfa.ErrUnavailable, "empty"},
		"no token":      {replyWith(200, `{"token_type":"Bearer"}`), entramfa.ErrUnavailable, "no token"},
		"half":          {replyWith(400, `{"error":"`+`C0rrect`), entramfa.ErrUnavailable, "can't be read"},
		"throttled":     {replyWith(429, "slow down"), entramfa.ErrThrottled, "429"},
		"gateway":       {replyWith(502, "bad"), entramfa.ErrUnavailable, "502"},
		"hangs up":      {hangUp, entramfa.ErrUnavailable, "no answer"},
		"breaks off":    {cutBody, entramfa.ErrUnavailable, "no answer"},
		"echo in words": {replyWith(200, secret), entramfa.ErrUnavailable, "no JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(test.token)
			g, _ := granter(t, a, tenantID, msgraph.PasswordGrantOptions{})
			_, err := g.PasswordGrant(t.Context(), grantOf("svc@contoso.com"))
			require.ErrorIs(t, err, test.kind)
			assert.ErrorContains(t, err, test.text)
			assert.ErrorContains(t, err, "the attempt may have been made")
			assert.Equal(t, 1, a.passwords(), "asked once")
			assertNoSecret(t, err)
		})
	}
}

// assertNoSecret looks for the password in every form of an error and its chain.
func assertNoSecret(t *testing.T, err error) {
	t.Helper()
	for _, form := range []string{secret, url.QueryEscape(secret), "C0rrect"} {
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v %q", err, err, err, err), form)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range joined.Unwrap() {
			assertNoSecret(t, inner)
		}
	}
}

func TestAnswersShowNoSecret(t *testing.T) {
	const token = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0.c2ln"
	encoded, err := json.Marshal(secret)
	require.NoError(t, err)
	inner := string(encoded[1 : len(encoded)-1])
	body := `{"token_type":"Bearer","access_token":"` + token + `","refresh_token":"0.AAA","id_token":"x","client_info":"y","foo_token":"z",` +
		`"echo":"form: ` + inner + `","form":"password=` + url.QueryEscape(secret) + `","list":["` + inner + `",{"access_token":"deep","text":"see ` + token + `"}],` +
		`"` + inner + `":1,"expires_in":36000000000000001,"ratio":1.50,"nothing":null,"claims":{"access_token":{"capolids":{"values":["p"]}}}}`
	for _, status := range []int{200, 400, 503} {
		a := newAuthority(replyWith(status, body))
		g, _ := granter(t, a, tenantID, msgraph.PasswordGrantOptions{})
		got, err := g.PasswordGrant(t.Context(), grantOf("svc@contoso.com"))
		require.NoError(t, err)
		assert.Equal(t, status, got.Status)
		assert.JSONEq(t, `{"token_type":"Bearer","echo":"form: (hidden)","form":"password=(hidden)","list":["(hidden)",{"text":"see (hidden)"}],`+
			`"(hidden)":1,"expires_in":36000000000000001,"ratio":1.50,"nothing":null,"claims":{"access_token":{"capolids":{"values":["p"]}}}}`, string(got.Body))
		assert.Contains(t, string(got.Body), "36000000000000001", "numbers stay as they came")
	}
}

// What says how a sign-in ended stays readable though it be the password.
func TestPasswordThatIsAWordOfOAuth(t *testing.T) {
	a := newAuthority(replyWith(400, `{"error":"invalid_grant","error_codes":[50126],"error_description":"bad error"}`))
	g, _ := granter(t, a, tenantID, msgraph.PasswordGrantOptions{})
	grant := grantOf("svc@contoso.com")
	grant.Password = mfa.NewSecret("error")
	got, err := g.PasswordGrant(t.Context(), grant)
	require.NoError(t, err)
	assert.JSONEq(t, `{"error":"invalid_grant","error_codes":[50126],"error_description":"bad (hidden)"}`, string(got.Body))
}

func TestPasswordGrantEndsWithItsContext(t *testing.T) {
	a := newAuthority(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server sees that the client hangs up only behind the body
		<-r.Context().Done()
	})
	g, _ := granter(t, a, tenantID, msgraph.PasswordGrantOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := g.PasswordGrant(ctx, grantOf("svc@contoso.com"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, entramfa.ErrUnavailable)
	assertNoSecret(t, err)
}

func TestGrantsThatAreNotAsked(t *testing.T) {
	a := newAuthority(reply(`{}`))
	g, _ := granter(t, a, tenantID, msgraph.PasswordGrantOptions{})
	for name, change := range map[string]func(*mfa.PasswordGrant){
		"no account":    func(g *mfa.PasswordGrant) { g.Username = " " },
		"no password":   func(g *mfa.PasswordGrant) { g.Password = mfa.Secret{} },
		"two resources": func(g *mfa.PasswordGrant) { g.Resource = "a b" },
	} {
		grant := grantOf("svc@contoso.com")
		change(&grant)
		_, err := g.PasswordGrant(t.Context(), grant)
		require.Error(t, err, name)
		assertNoSecret(t, err)
	}
	assert.Empty(t, a.lines())
}

func TestPasswordGranterWantsATenantAndAnAuthority(t *testing.T) {
	for _, tenant := range []string{"", "common", "organizations", "consumers", "adfs", "a/b.c", "contoso.com/x", "contoso.com?x=1", ".", "..", "a.b%2f"} {
		_, err := msgraph.NewPasswordGranter(tenant, nil)
		assert.ErrorContains(t, err, "is no tenant", tenant)
	}
	for _, tenant := range []string{tenantID, "contoso.com", "contoso.onmicrosoft.com"} {
		_, err := msgraph.NewPasswordGranter(tenant, nil)
		assert.NoError(t, err, tenant)
	}
	for _, host := range []string{"http://login.microsoftonline.com", "login.microsoftonline.com", "https://u:p@host", "https://host/path", "https://host?q=1", "::"} {
		_, err := msgraph.NewPasswordGranter(tenantID, &msgraph.PasswordGrantOptions{AuthorityHost: host})
		assert.Error(t, err, host)
	}
	_, err := msgraph.NewPasswordGranter(tenantID, &msgraph.PasswordGrantOptions{Cloud: "https://graph.example"})
	assert.ErrorContains(t, err, "give the authority host")
}

// Each cloud signs in at its own address, and discovery asks nobody else.
func TestPasswordGrantAsksTheCloudsService(t *testing.T) {
	for cloud, host := range map[msgraph.Cloud]string{
		"": "login.microsoftonline.com", msgraph.Public: "login.microsoftonline.com", msgraph.USGovernmentL4: "login.microsoftonline.us",
		msgraph.USGovernmentL5: "login.microsoftonline.us", msgraph.China: "login.chinacloudapi.cn",
	} {
		t.Run(string(cloud), func(t *testing.T) {
			tenant := signInTenant(t)
			hosts := &hostLog{next: tenant.Transport()}
			g, err := msgraph.NewPasswordGranter(tenant.ID(), &msgraph.PasswordGrantOptions{Cloud: cloud, HTTPClient: &http.Client{Transport: hosts}})
			require.NoError(t, err)
			got, err := g.PasswordGrant(t.Context(), grantOf("svc@contoso.com"))
			require.NoError(t, err)
			assert.Equal(t, 200, got.Status)
			assert.Equal(t, []string{host}, slices.Compact(hosts.list))
		})
	}
}

// hostLog notes where requests go.
type hostLog struct {
	next http.RoundTripper
	list []string
}

func (h *hostLog) RoundTrip(r *http.Request) (*http.Response, error) {
	h.list = append(h.list, r.URL.Host)
	return h.next.RoundTrip(r)
}

// The policies of the tenant decide about the grant, and are named in the answer.
func TestPasswordGrantMeetsAPolicy(t *testing.T) {
	tenant := signInTenant(t)
	id, err := tenant.AddPolicy(policy.Policy{
		DisplayName: "MFA for all", State: "enabled",
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"}, Applications: &policy.Applications{IncludeApplications: []string{"All"}},
			Users: &policy.Users{IncludeUsers: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	g, _ := granter(t, tenant, tenant.ID(), msgraph.PasswordGrantOptions{})
	got, err := g.PasswordGrant(t.Context(), grantOf("svc@contoso.com"))
	require.NoError(t, err)
	assert.Equal(t, 400, got.Status)
	assert.Contains(t, string(got.Body), id)
}
