package graphfake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/internal/conformance"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// signingIn is a tenant with one account, svc@contoso.com, whose password is right.
func signingIn(t testing.TB, tenant *graphfake.Tenant) *graphfake.Tenant {
	t.Helper()
	if tenant.Clock == nil {
		tenant.Clock = newClock().now
	}
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{CapabilityStatus: "Enabled", ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}}})
	tenant.AddUser(mfa.User{ID: serviceID, UserPrincipalName: "svc@contoso.com", DisplayName: "Service"})
	require.NoError(t, tenant.GivePassword(serviceID, "right"))
	return tenant
}

const serviceID = "b0000000-0000-4000-8000-000000000001"

// grantBy signs the account in by method.
func grantBy(t testing.TB, tenant *graphfake.Tenant, resource string) (mfa.TokenAnswer, map[string]any) {
	t.Helper()
	answer, err := tenant.PasswordGrant(t.Context(), mfa.PasswordGrant{
		Username: "svc@contoso.com", Password: mfa.NewSecret("right"), Resource: resource, ClientID: mfa.AzureCLI,
	})
	require.NoError(t, err)
	var body map[string]any
	require.NoError(t, json.Unmarshal(answer.Body, &body))
	return answer, body
}

// codeOf is the number by which the account is refused; 0 for a token.
func codeOf(t testing.TB, tenant *graphfake.Tenant, resource string) int {
	t.Helper()
	answer, body := grantBy(t, tenant, resource)
	if answer.Status == http.StatusOK {
		assert.NotContains(t, body, "access_token")
		return 0
	}
	return int(body["error_codes"].([]any)[0].(float64))
}

func addJSON(t testing.TB, tenant *graphfake.Tenant, conditions, grant string) string {
	t.Helper()
	var p policy.Policy
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"P","state":"enabled","conditions":%s,"grantControls":%s}`, conditions, grant), &p))
	id, err := tenant.AddPolicy(p)
	require.NoError(t, err)
	return id
}

const (
	everyone  = `{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}%s}`
	demandMFA = `{"operator":"OR","builtInControls":["mfa"]}`
)

func TestEachControlHasItsNumber(t *testing.T) {
	for grant, want := range map[string]struct {
		code     int
		suberror string
	}{
		`{"operator":"OR","builtInControls":["block"]}`: {53003, "message_only"},
		demandMFA: {50079, "basic_action"},
		`{"operator":"AND","builtInControls":["compliantDevice","mfa"]}`:                 {50079, "basic_action"},
		`{"operator":"OR","authenticationStrength":{"id":"` + policy.StrengthMFA + `"}}`: {50079, "basic_action"},
		`{"operator":"OR","builtInControls":["compliantDevice","domainJoinedDevice"]}`:   {53000, "message_only"},
		`{"operator":"OR","builtInControls":["domainJoinedDevice"]}`:                     {53001, "message_only"},
		`{"operator":"OR","builtInControls":["approvedApplication"]}`:                    {53002, "message_only"},
		`{"operator":"OR","builtInControls":["compliantApplication"]}`:                   {53009, "message_only"},
		`{"operator":"OR","builtInControls":[],"termsOfUse":["t"]}`:                      {50158, "basic_action"},
		`{"operator":"OR","customAuthenticationFactors":["Duo"]}`:                        {50158, "basic_action"},
		`{"operator":"OR","builtInControls":["somethingNew"]}`:                           {53003, "message_only"},
		`{"operator":"OR","builtInControls":["mfa","somethingNew"]}`:                     {50079, "basic_action"},
	} {
		t.Run(grant, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{})
			id := addJSON(t, tenant, fmt.Sprintf(everyone, ""), grant)
			answer, body := grantBy(t, tenant, mfa.MicrosoftGraph)
			assert.Equal(t, 400, answer.Status)
			assert.Equal(t, []any{float64(want.code)}, body["error_codes"])
			assert.Equal(t, want.suberror, body["suberror"])
			assert.Contains(t, body["claims"], id)
		})
	}
}

func TestOneRefusalNamesWhatGivesIt(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	factor := addJSON(t, tenant, fmt.Sprintf(everyone, ""), demandMFA)
	_, body := grantBy(t, tenant, mfa.ExchangeOnline)
	assert.JSONEq(t, `{"access_token":{"capolids":{"essential":true,"values":["`+factor+`"]}}}`, body["claims"].(string))
	assert.Contains(t, body["error_description"], mfa.ExchangeOnline)
	block := addJSON(t, tenant, fmt.Sprintf(everyone, ""), `{"operator":"OR","builtInControls":["block"]}`)
	_, body = grantBy(t, tenant, mfa.ExchangeOnline)
	assert.JSONEq(t, `{"access_token":{"capolids":{"essential":true,"values":["`+block+`"]}}}`, body["claims"].(string), "a block decides")
}

func TestTheVerySignInIsJudged(t *testing.T) {
	app := func(id string) string {
		return `{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["` + id + `"]}}`
	}
	for name, c := range map[string]struct {
		conditions string
		resource   string
		change     func(*graphfake.Tenant)
		code       int
	}{
		"the resource":                 {app(mfa.ExchangeOnline), mfa.ExchangeOnline, nil, 50079},
		"another resource":             {app(mfa.ExchangeOnline), mfa.SharePointOnline, nil, 0},
		"a service behind Graph":       {app(mfa.ExchangeOnline), mfa.MicrosoftGraph, nil, 50079},
		"behind Graph, allowed":        {app(mfa.ExchangeOnline), mfa.MicrosoftGraph, func(t *graphfake.Tenant) { t.AllowUndecided = true }, 0},
		"legacy clients":               {strings.Replace(app("All"), `"all"`, `"other","exchangeActiveSync"`, 1), mfa.MicrosoftGraph, nil, 0},
		"browsers":                     {strings.Replace(app("All"), `"all"`, `"browser"`, 1), mfa.MicrosoftGraph, nil, 0},
		"the address":                  {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["All"],"excludeLocations":["`+officeID+`"]}`), mfa.MicrosoftGraph, from("203.0.113.7"), 0},
		"another address":              {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["All"],"excludeLocations":["`+officeID+`"]}`), mfa.MicrosoftGraph, from("198.51.100.1"), 50079},
		"no address":                   {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["All"],"excludeLocations":["`+officeID+`"]}`), mfa.MicrosoftGraph, nil, 50079},
		"no address, allowed":          {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["All"],"excludeLocations":["`+officeID+`"]}`), mfa.MicrosoftGraph, func(t *graphfake.Tenant) { t.AllowUndecided = true }, 0},
		"the country":                  {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["`+countryID+`"]}`), mfa.MicrosoftGraph, from("203.0.113.7"), 50079},
		"another country":              {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["`+countryID+`"]}`), mfa.MicrosoftGraph, from("198.51.100.1"), 0},
		"an address of no country":     {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["`+countryID+`"]}`), mfa.MicrosoftGraph, from("192.0.2.1"), 0},
		"nobody knows the country":     {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["`+countryID+`"]}`), mfa.MicrosoftGraph, func(t *graphfake.Tenant) { from("203.0.113.7")(t); t.CountryOf = nil }, 50079},
		"a private address":            {fmt.Sprintf(everyone, `,"locations":{"includeLocations":["`+countryID+`"]}`), mfa.MicrosoftGraph, func(t *graphfake.Tenant) { from("10.0.0.1")(t); t.CountryOf = nil }, 0},
		"risk":                         {fmt.Sprintf(everyone, `,"signInRiskLevels":["high"]`), mfa.MicrosoftGraph, nil, 0},
		"a known platform":             {fmt.Sprintf(everyone, `,"platforms":{"includePlatforms":["windows"]}`), mfa.MicrosoftGraph, nil, 0},
		"no known platform":            {fmt.Sprintf(everyone, `,"platforms":{"includePlatforms":["all"],"excludePlatforms":["windows","macOS","linux","iOS","android"]}`), mfa.MicrosoftGraph, nil, 50079},
		"devices that are not trusted": {fmt.Sprintf(everyone, `,"devices":{"deviceFilter":{"mode":"include","rule":"device.trustType -ne \"ServerAD\""}}`), mfa.MicrosoftGraph, nil, 50079},
		"an authentication context":    {`{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":[],"includeAuthenticationContextClassReferences":["c1"]}}`, mfa.MicrosoftGraph, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{})
			tenant.AddNamedLocation(policy.NamedLocation{ID: officeID, DisplayName: "Office", IsTrusted: new(true), IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/24"}}})
			tenant.AddNamedLocation(policy.NamedLocation{ID: countryID, DisplayName: "NL", Type: policy.CountryNamedLocation, CountriesAndRegions: []string{"NL"}, IncludeUnknownCountriesAndRegions: new(false), CountryLookupMethod: new("clientIpAddress")})
			tenant.CountryOf = func(a netip.Addr) string {
				return map[string]string{"203.0.113.7": "NL", "198.51.100.1": "US"}[a.String()]
			}
			if c.change != nil {
				c.change(tenant)
			}
			addJSON(t, tenant, c.conditions, demandMFA)
			assert.Equal(t, c.code, codeOf(t, tenant, c.resource))
		})
	}
}

const (
	officeID  = "d0000000-0000-4000-8000-000000000001"
	countryID = "d0000000-0000-4000-8000-000000000002"
)

func from(address string) func(*graphfake.Tenant) {
	return func(t *graphfake.Tenant) { t.SignInAddress = netip.MustParseAddr(address) }
}

func TestEverySourceCounts(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*testing.T, *graphfake.Tenant)
		resource string
		code     int
	}{
		"nothing": {func(*testing.T, *graphfake.Tenant) {}, mfa.MicrosoftGraph, 0},
		"per-user MFA": {func(t *testing.T, g *graphfake.Tenant) {
			require.NoError(t, g.SetPerUserState(serviceID, mfa.PerUserEnabled))
		}, mfa.MicrosoftGraph, 50079},
		"security defaults": {func(t *testing.T, g *graphfake.Tenant) { require.NoError(t, g.SetSecurityDefaults(true)) }, mfa.MicrosoftGraph, 50079},
		"security defaults, undecided": {func(t *testing.T, g *graphfake.Tenant) {
			require.NoError(t, g.SetSecurityDefaults(true))
			g.AllowUndecided = true
		}, mfa.MicrosoftGraph, 0},
		"security defaults, administrator": {func(t *testing.T, g *graphfake.Tenant) {
			require.NoError(t, g.SetSecurityDefaults(true))
			g.AllowUndecided = true
			_, err := g.AssignRole(policy.RoleAssignment{PrincipalID: serviceID, RoleDefinitionID: policy.GlobalAdministrator})
			require.NoError(t, err)
		}, mfa.MicrosoftGraph, 50079},
		"an admin portal": {func(*testing.T, *graphfake.Tenant) {}, mfa.AzurePortal, 50079},
		"Azure":           {func(*testing.T, *graphfake.Tenant) {}, mfa.AzureManagement, 0},
		"an invited account": {func(t *testing.T, g *graphfake.Tenant) {
			g.AddUser(mfa.User{ID: serviceID, UserPrincipalName: "svc@contoso.com", CreationType: new("Invitation")})
		}, mfa.MicrosoftGraph, 50020},
		"a disabled account": {func(t *testing.T, g *graphfake.Tenant) {
			g.AddUser(mfa.User{ID: serviceID, UserPrincipalName: "svc@contoso.com", AccountEnabled: new(false)})
		}, mfa.MicrosoftGraph, 50057},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := signingIn(t, &graphfake.Tenant{})
			c.change(t, tenant)
			assert.Equal(t, c.code, codeOf(t, tenant, c.resource))
		})
	}
}

func TestCheckAndSignInAgreeOnEverySource(t *testing.T) {
	build := func() *graphfake.Tenant {
		tenant := &graphfake.Tenant{}
		for i, name := range []string{"plain", "enforced", "enabled", "admin", "disabled"} {
			user := mfa.User{ID: fmt.Sprintf("b0000000-0000-4000-8000-%012d", i+1), UserPrincipalName: name + "@contoso.com", AccountEnabled: new(name != "disabled")}
			tenant.AddUser(user)
		}
		tenant.AddUser(mfa.User{UserPrincipalName: "eve_example.org#EXT#@contoso.com", UserType: new("Guest"), CreationType: new("Invitation")})
		require.NoError(t, tenant.SetPerUserState("enforced@contoso.com", mfa.PerUserEnforced))
		require.NoError(t, tenant.AddMethod("enforced@contoso.com", mfa.Method{Type: "#microsoft.graph.softwareOathAuthenticationMethod"}))
		require.NoError(t, tenant.SetPerUserState("enabled@contoso.com", mfa.PerUserEnabled))
		_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: "admin@contoso.com", RoleDefinitionID: policy.GlobalAdministrator})
		require.NoError(t, err)
		return tenant
	}
	defaults := build()
	require.NoError(t, defaults.SetSecurityDefaults(true))
	met := conformance.Agreement(t, defaults)
	assert.Positive(t, met[entramfa.MFA])
	assert.Positive(t, met[entramfa.Blocked])

	for _, grant := range []string{
		`{"operator":"OR","builtInControls":["compliantDevice"]}`, `{"operator":"OR","builtInControls":["mfa","compliantDevice"]}`,
		`{"operator":"OR","termsOfUse":["t"]}`, `{"operator":"OR","builtInControls":["somethingNew"]}`,
	} {
		t.Run(grant, func(t *testing.T) {
			tenant := build()
			addJSON(t, tenant, `{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["`+mfa.ExchangeOnline+`"]}}`, grant)
			assert.Positive(t, conformance.Agreement(t, tenant)[entramfa.Clear])
		})
	}
}

// form is a password grant with one member changed or more.
func form(change ...string) map[string]string {
	form := map[string]string{"grant_type": "password", "client_id": mfa.AzureCLI, "username": "svc@contoso.com", "password": "right", "scope": scope}
	for i := 0; i < len(change); i += 2 {
		form[change[i]] = change[i+1]
	}
	return form
}

func TestResourceOfAGrant(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	c := serve(t, tenant)
	for asked, want := range map[string]string{
		"https://graph.microsoft.com/.default openid offline_access": mfa.MicrosoftGraph,
		"https://graph.microsoft.com//.default":                      mfa.MicrosoftGraph,
		"User.Read":                                                  mfa.MicrosoftGraph,
		"openid":                                                     mfa.MicrosoftGraph,
		c.server.URL + "/.default":                                   mfa.MicrosoftGraph,
		"https://outlook.office365.com/EWS.AccessAsUser.All":         mfa.ExchangeOnline,
		"https://contoso-admin.sharepoint.com/.default":              mfa.SharePointOnline,
		"https://management.azure.com/user_impersonation":            mfa.AzureManagement,
		"https://management.core.windows.net//.default":              mfa.AzureManagement,
		mfa.ExchangeOnline + "/.default":                             mfa.ExchangeOnline,
		"api://A0000000-0000-4000-8000-0000000000AA/access":          "a0000000-0000-4000-8000-0000000000aa",
	} {
		r := c.signIn(tenant.ID(), form("scope", asked))
		require.Equal(t, http.StatusOK, r.StatusCode, "%s: %s", asked, r.text)
		assert.Equal(t, want, newest(t, tenant).ResourceID, asked)
	}
	refused(t, c.signIn(tenant.ID(), form("resource", "https://outlook.office365.com/")), 400, 901002, "invalid_request")
	r := c.signInOlder(tenant.ID(), form("scope", "", "resource", "https://outlook.office365.com/"))
	require.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, mfa.ExchangeOnline, newest(t, tenant).ResourceID)
	assert.Equal(t, "https://outlook.office365.com/", claimsOf(t, r.body["access_token"].(string))["aud"])

	refused(t, c.signIn(tenant.ID(), form("scope", "https://example.org/.default")), 400, 500011, "invalid_resource")
	refused(t, c.signIn(tenant.ID(), form("scope", "api://reports/.default")), 400, 500011, "invalid_resource")
	refused(t, c.signIn(tenant.ID(), form("scope", scope+" https://management.azure.com/.default")), 400, 700022, "invalid_request")
}

func TestConfidentialClientCountsAsABrowser(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	app := tenant.AddApplication(graphfake.Application{Secret: "s3cret", Scopes: []string{"User.Read"}})
	addJSON(t, tenant, `{"clientAppTypes":["browser"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["`+app+`"]}}`, demandMFA)
	c := serve(t, tenant)
	assert.Equal(t, 200, c.signIn(tenant.ID(), form("client_id", app)).StatusCode, "a public client asks for Graph alone")
	exchange := form("client_id", app, "client_secret", "s3cret", "scope", "https://outlook.office365.com/.default")
	assert.Equal(t, 200, c.signIn(tenant.ID(), exchange).StatusCode)
	assert.Equal(t, "Browser", newest(t, tenant).ClientAppUsed)
	exchange["scope"] += " openid"
	refused(t, c.signIn(tenant.ID(), exchange), 400, 50079, "invalid_grant")
	exchange["client_secret"] = "wrong"
	refused(t, c.signIn(tenant.ID(), exchange), 401, 7000215, "invalid_client")
	refused(t, c.signIn(tenant.ID(), form("client_secret", "x")), 401, 700025, "invalid_client")
	refused(t, c.signIn(tenant.ID(), form("client_id", serviceID)), 400, 700016, "unauthorized_client")
}

func TestAddressOfARequest(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{})
	c := serve(t, tenant)
	address := func(header string) string {
		r := c.with("X-Forwarded-For", header).signIn(tenant.ID(), form())
		require.Equal(t, 200, r.StatusCode)
		return newest(t, tenant).IPAddress
	}
	assert.Equal(t, "127.0.0.1", address("203.0.113.7"), "anybody can write a header")
	tenant.SignInAddress = netip.MustParseAddr("198.51.100.1")
	assert.Equal(t, "198.51.100.1", address("203.0.113.7"))
	tenant.TrustForwardedFor = true
	assert.Equal(t, "203.0.113.7", address("203.0.113.7, 10.0.0.1"))
	assert.Equal(t, "", address("nonsense"))
}

// newest is the newest sign-in of the account, in either log.
func newest(t testing.TB, tenant *graphfake.Tenant) mfa.SignInRecord {
	t.Helper()
	for record, err := range tenant.SignInLog(t.Context(), mfa.SignInQuery{UserID: serviceID, NonInteractive: !tenant.PasswordGrantsInteractive}) {
		require.NoError(t, err)
		return record
	}
	require.Fail(t, "no sign-in in the log")
	return mfa.SignInRecord{}
}

func TestSignInLogHoldsEveryGrantOfAKnownAccount(t *testing.T) {
	at := newClock()
	tenant := signingIn(t, &graphfake.Tenant{Clock: at.now, SignInAddress: netip.MustParseAddr("203.0.113.7")})
	c := serve(t, tenant)
	c.signIn(tenant.ID(), form("username", "nobody@contoso.com"))
	c.signIn(tenant.ID(), form("client_id", ""))
	evidence, err := mfa.SignIns(t.Context(), tenant, serviceID, &mfa.SignInOptions{Now: at.at})
	require.NoError(t, err)
	assert.Zero(t, evidence.NonInteractive.Records+evidence.Interactive.Records)

	refused(t, c.signIn(tenant.ID(), form("password", "wrong")), 400, 50126, "invalid_grant")
	r := newest(t, tenant)
	assert.Equal(t, 50126, r.Status.ErrorCode)
	assert.Equal(t, "notApplied", r.ConditionalAccessStatus)
	assert.Empty(t, r.AppliedPolicies, "nobody asked the policies")

	id := addJSON(t, tenant, fmt.Sprintf(everyone, ""), demandMFA)
	var dry policy.Policy
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"Dry","state":"enabledForReportingButNotEnforced","conditions":%s,"grantControls":{"operator":"OR","builtInControls":["block"]}}`, fmt.Sprintf(everyone, "")), &dry))
	dryID, err := tenant.AddPolicy(dry)
	require.NoError(t, err)
	require.NoError(t, tenant.SetPerUserState(serviceID, mfa.PerUserEnforced))
	body := c.signIn(tenant.ID(), form())
	refused(t, body, 400, 50079, "invalid_grant")
	assert.Equal(t, mfa.SignInRecord{
		ID: newest(t, tenant).ID, CreatedDateTime: "2026-11-01T10:00:00Z", UserID: serviceID, UserPrincipalName: "svc@contoso.com",
		AppID: mfa.AzureCLI, ClientAppUsed: "Mobile Apps and Desktop clients", ResourceID: mfa.MicrosoftGraph, ResourceDisplayName: "Microsoft Graph",
		IPAddress: "203.0.113.7", CorrelationID: body.body["correlation_id"].(string), IsInteractive: new(false), SignInEventTypes: []string{"nonInteractiveUser"},
		AuthenticationProtocol: "ropc", DeviceDetail: &mfa.DeviceDetail{IsCompliant: new(false), IsManaged: new(false)},
		Status:                  mfa.SignInStatus{ErrorCode: 50079, FailureReason: newest(t, tenant).Status.FailureReason},
		ConditionalAccessStatus: "failure", AuthenticationRequirement: "multiFactorAuthentication",
		AppliedPolicies: []mfa.AppliedPolicy{
			{ID: id, DisplayName: "P", EnforcedGrantControls: []string{"Mfa"}, Result: "failure"},
			{ID: dryID, DisplayName: "Dry", EnforcedGrantControls: []string{}, Result: "reportOnlyFailure"},
		},
		RequirementPolicies: []mfa.RequirementPolicy{
			{RequirementProvider: "multiConditionalAccess", Detail: "Conditional Access"}, {RequirementProvider: "user", Detail: "Per-user MFA"},
		},
	}, newest(t, tenant))

	addJSON(t, tenant, fmt.Sprintf(everyone, ""), `{"operator":"AND","builtInControls":["block","mfa"]}`)
	require.NoError(t, tenant.SetPerUserState(serviceID, mfa.PerUserDisabled))
	require.NoError(t, tenant.RemovePolicy(id))
	refused(t, c.signIn(tenant.ID(), form()), 400, 53003, "invalid_grant")
	assert.Equal(t, "singleFactorAuthentication", newest(t, tenant).AuthenticationRequirement, "a block asks for no factor")
	assert.Empty(t, newest(t, tenant).RequirementPolicies)

	tenant.PasswordGrantsInteractive = true
	assert.Equal(t, 53003, codeOf(t, tenant, mfa.MicrosoftGraph))
	assert.Equal(t, []string{"interactiveUser"}, newest(t, tenant).SignInEventTypes)
	for record, err := range tenant.SignInLog(t.Context(), mfa.SignInQuery{UserID: serviceID, NonInteractive: true}) {
		require.NoError(t, err)
		text, err := json.Marshal(record)
		require.NoError(t, err)
		assert.NotRegexp(t, "wrong|right", string(text), "no password, right or not")
	}
}

func TestSignInLogShowsLateAndForgets(t *testing.T) {
	at := newClock()
	tenant := signingIn(t, &graphfake.Tenant{Clock: at.now, SignInLatency: 10 * time.Minute})
	require.Zero(t, codeOf(t, tenant, mfa.MicrosoftGraph))
	count := func() int {
		e, err := mfa.SignIns(t.Context(), tenant, serviceID, &mfa.SignInOptions{Now: at.at, Window: 30 * 24 * time.Hour})
		require.NoError(t, err)
		require.Empty(t, e.Missing)
		return e.NonInteractive.Records
	}
	assert.Zero(t, count())
	at.at = at.at.Add(10 * time.Minute)
	assert.Equal(t, 1, count())
	at.at = at.at.Add(31 * 24 * time.Hour)
	for range tenant.SignInLog(t.Context(), mfa.SignInQuery{UserID: serviceID, NonInteractive: true}) {
		assert.Fail(t, "the log holds 30 days")
	}
}

func TestSignInLogNeedsALicence(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.AddUser(mfa.User{ID: serviceID, UserPrincipalName: "svc@contoso.com"})
	e, err := mfa.SignIns(t.Context(), &tenant, serviceID, nil)
	require.NoError(t, err)
	assert.False(t, e.Interactive.Read || e.NonInteractive.Read)
	assert.Len(t, e.Missing, 2)
	assert.Contains(t, e.Advice[0].Text, "Entra ID P1")
	c := serve(t, &tenant, "AuditLog.Read.All")
	r := c.get("/v1.0/auditLogs/signIns")
	assert.Equal(t, 403, r.StatusCode)
	assert.Contains(t, string(r.text), "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
}

func TestAddSignIn(t *testing.T) {
	tenant := signingIn(t, &graphfake.Tenant{PageSize: 1})
	for i, r := range []mfa.SignInRecord{
		{CreatedDateTime: "2026-11-01T09:00:00Z", DeviceDetail: &mfa.DeviceDetail{Browser: "Edge 142.0.0", TrustType: "Azure AD joined"}, ClientAppUsed: "Browser"},
		{CreatedDateTime: "2026-11-01T08:00:00Z", SignInEventTypes: []string{"nonInteractiveUser"}},
		{}, {UserID: "somebody else"},
	} {
		if i < 3 {
			r.UserID = serviceID
		}
		assert.NotEmpty(t, tenant.AddSignIn(r))
	}
	e, err := mfa.SignIns(t.Context(), tenant, strings.ToUpper(serviceID), &mfa.SignInOptions{Now: newClock().at})
	require.NoError(t, err)
	assert.Equal(t, 2, e.Interactive.Records, "page by page")
	assert.Equal(t, 1, e.NonInteractive.Records)
	assert.Equal(t, newClock().at, e.LastSuccess.At.UTC())
	assert.True(t, e.Person.Found)
	for _, err := range tenant.SignInLog(t.Context(), mfa.SignInQuery{}) {
		assert.Error(t, err, "the log of everybody is no answer")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = tenant.PasswordGrant(ctx, mfa.PasswordGrant{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestSignInRoutes(t *testing.T) {
	at := newClock()
	tenant := signingIn(t, &graphfake.Tenant{Clock: at.now})
	tenant.AddUser(mfa.User{ID: "b0000000-0000-4000-8000-000000000002", UserPrincipalName: "ann@contoso.com"})
	tenant.AddSignIn(mfa.SignInRecord{ID: "ann's", UserID: "b0000000-0000-4000-8000-000000000002", CreatedDateTime: "2026-11-01T09:00:00Z"})
	tenant.AddSignIn(mfa.SignInRecord{ID: "old", UserID: serviceID, CreatedDateTime: "2026-10-20T09:00:00Z"})
	tenant.AddSignIn(mfa.SignInRecord{ID: "browser", UserID: serviceID, CreatedDateTime: "2026-11-01T08:00:00.5Z"})
	addJSON(t, tenant, fmt.Sprintf(everyone, ""), demandMFA)
	require.NotZero(t, codeOf(t, tenant, mfa.MicrosoftGraph))
	c := serve(t, tenant, "AuditLog.Read.All", "Policy.Read.All")
	ids := func(c *client, version string, query ...string) []string {
		values := url.Values{}
		for i := 0; i < len(query); i += 2 {
			values.Set(query[i], query[i+1])
		}
		r := c.ok("/" + version + "/auditLogs/signIns?" + values.Encode())
		var ids []string
		for _, row := range r.body["value"].([]any) {
			ids = append(ids, row.(map[string]any)["id"].(string))
		}
		return ids
	}
	ours := "userId eq '" + serviceID + "' and createdDateTime ge 2026-10-25T10:00:00Z"
	assert.Equal(t, []string{"ann's", "browser", "old"}, ids(c, "v1.0"))
	assert.Equal(t, []string{"ann's", "browser", "old"}, ids(c, "beta"), "beta too begins with the interactive ones")
	assert.Equal(t, []string{"browser"}, ids(c, "v1.0", "$filter", ours, "$orderby", "createdDateTime desc", "$top", "1000"))
	assert.Equal(t, []string{"old", "browser"}, ids(c, "beta", "$filter", "userId eq '"+serviceID+"'", "$orderby", "createdDateTime"))
	assert.Equal(t, []string{"old"}, ids(c, "beta", "$filter", "createdDateTime le 2026-10-25T10:00:00Z"))
	grant := newest(t, tenant).ID
	for _, any := range []string{"any(t: t eq 'nonInteractiveUser')", "any(x:x eq 'nonInteractiveUser')"} {
		assert.Equal(t, []string{grant}, ids(c, "beta", "$filter", ours+" and signInEventTypes/"+any, "$orderby", "createdDateTime desc", "$top", "10"))
	}
	assert.Empty(t, ids(c, "beta", "$filter", "signInEventTypes/any(t: t eq 'servicePrincipal')"))

	r := c.ok("/v1.0/auditLogs/signIns?$top=2")
	assert.Len(t, r.body["value"], 2)
	assert.Len(t, c.ok(r.body["@odata.nextLink"].(string)).body["value"], 1)
	assert.NotContains(t, r.body["value"].([]any)[0], "authenticationProtocol")

	filter := "/beta/auditLogs/signIns?$filter=" + url.QueryEscape("signInEventTypes/any(t: t eq 'nonInteractiveUser')")
	row := c.ok(filter).body["value"].([]any)[0].(map[string]any)
	assert.Equal(t, "ropc", row["authenticationProtocol"])
	assert.Len(t, row["appliedConditionalAccessPolicies"], 1)
	blind := serve(t, tenant, "AuditLog.Read.All")
	row = blind.ok(filter).body["value"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{}, row["appliedConditionalAccessPolicies"], "who may not read policies doesn't learn of them")
	assert.Equal(t, "failure", row["conditionalAccessStatus"])

	denied := serve(t, tenant, "Policy.Read.All").get("/v1.0/auditLogs/signIns")
	assert.Equal(t, 403, denied.StatusCode)
	assert.Contains(t, string(denied.text), "AuditLog.Read.All")
	for _, wrong := range []string{
		"/v1.0/auditLogs/signIns?$filter=" + url.QueryEscape("signInEventTypes/any(t: t eq 'nonInteractiveUser')"),
		"/beta/auditLogs/signIns?$filter=" + url.QueryEscape("signInEventTypes eq 'nonInteractiveUser'"),
		"/beta/auditLogs/signIns?$filter=" + url.QueryEscape("signInEventTypes/any(t: u eq 'nonInteractiveUser')"),
		"/beta/auditLogs/signIns?$filter=" + url.QueryEscape("createdDateTime ge yesterday"),
		"/beta/auditLogs/signIns?$filter=" + url.QueryEscape("userId ge 2026-10-25T10:00:00Z"),
		"/beta/auditLogs/signIns?$orderby=userId", "/beta/auditLogs/signIns?$orderby=createdDateTime%20sideways",
		"/beta/auditLogs/signIns?$top=1001", "/beta/auditLogs/signIns?$select=id",
		"/v1.0/users?$filter=" + url.QueryEscape("displayName/any(t: t eq 'x')"), "/v1.0/users?$top=1000",
	} {
		assert.Equal(t, 400, serve(t, tenant, "AuditLog.Read.All", "User.Read.All").get(wrong).StatusCode, wrong)
	}
	undo := tenant.Fail(graphfake.Failure{Path: "/auditLogs/signIns", Err: &entramfa.GraphError{Status: 429}})
	defer undo()
	e, err := mfa.SignIns(t.Context(), tenant, serviceID, &mfa.SignInOptions{Now: at.at})
	require.NoError(t, err)
	assert.Len(t, e.Missing, 2)
}

func TestALoadedTenantKnowsNoSignInsOfBefore(t *testing.T) {
	tenant, err := graphfake.Load(fstest.MapFS{
		"Users/svc.json": {Data: []byte(`{"@odata.type":"#microsoft.graph.user","id":"` + serviceID + `","userPrincipalName":"svc@contoso.com","displayName":"Svc","accountEnabled":true,"userType":"Member",
			"onPremisesSyncEnabled":null,"transitiveMemberOf":[],"roleAssignments":[],"authentication":{"requirements":{"perUserMfaState":"disabled"},"methods":[]}}`)},
		"SubscribedSkus/skus.json": {Data: []byte(`{"value":[{"id":"s","skuId":"s","capabilityStatus":"Enabled","servicePlans":[{"servicePlanId":"` + securitydefaults.PlanEntraP1 + `","provisioningStatus":"Success"}]}]}`)},
	})
	require.NoError(t, err)
	log := func() mfa.SignInEvidence {
		e, err := mfa.SignIns(t.Context(), tenant, serviceID, nil)
		require.NoError(t, err)
		return e
	}
	assert.Contains(t, log().NonInteractive.Missing, "does not hold the sign-in log")
	require.NoError(t, tenant.GivePassword(serviceID, "right"))
	answer, body := grantBy(t, tenant, mfa.MicrosoftGraph)
	assert.Equal(t, 400, answer.Status)
	assert.Equal(t, []any{90033.0}, body["error_codes"], "nobody knows which policies there are")
	assert.Contains(t, body["error_description"], "does not hold")
	tenant.AllowUndecided = true
	assert.Zero(t, codeOf(t, tenant, mfa.MicrosoftGraph))
	e := log()
	assert.True(t, e.NonInteractive.Read)
	assert.Equal(t, 2, e.NonInteractive.Records, "those that were made since")
}
