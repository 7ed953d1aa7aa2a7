package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Agreement checks of every account of a tenant that three answers about one
// sign-in are the same: what mfa.Check says of it, what the token endpoint answers,
// and what stands in the sign-in log then. It gives each account a password and the
// tenant a licence, and must have the tenant for itself, before its first use. It
// returns how often it met each outcome, so that a caller sees that it met some.
func Agreement(t *testing.T, tenant *graphfake.Tenant) map[entramfa.Outcome]int {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	tenant.Clock = func() time.Time { return at }
	tenant.TrustForwardedFor = true
	tenant.CountryOf = func(address netip.Addr) string { return countries()[address.String()] }
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		CapabilityStatus: "Enabled", ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: planP1, ProvisioningStatus: "Success"}},
	})
	users, err := drain(tenant.Users(t.Context()))
	require.NoError(t, err)
	met := map[entramfa.Outcome]int{}
	for _, user := range users {
		require.NoError(t, tenant.GivePassword(user.ID, "password of "+user.ID))
		for address := range countries() {
			for _, resource := range []string{mfa.MicrosoftGraph, mfa.ExchangeOnline, mfa.SharePointOnline, mfa.AzureManagement, mfa.AzurePortal} {
				at = at.Add(time.Minute)
				s := agreed{t: t, tenant: tenant, user: user, address: netip.MustParseAddr(address), resource: resource, at: at}
				met[s.run()]++
			}
		}
	}
	return met
}

// countries are the addresses from which the accounts sign in, one of them of no country.
func countries() map[string]string {
	return map[string]string{"203.0.113.7": "NL", "198.51.100.9": "US", "2001:db8::7": ""}
}

// agreed is one sign-in of one account.
type agreed struct {
	t        *testing.T
	tenant   *graphfake.Tenant
	user     mfa.User
	address  netip.Addr
	resource string
	at       time.Time
}

// profile is the sign-in as the documents describe a password grant of a public client.
func (s agreed) profile() *policy.SignIn {
	country := countries()[s.address.String()]
	if country == "" {
		country = policy.CountryUnknown
	}
	return &policy.SignIn{
		Applications: []string{s.resource}, UserActions: []string{}, AuthenticationContexts: []string{},
		ClientAppTypes: []string{"mobileAppsAndDesktopClients"}, Platforms: []string{policy.PlatformUnknown},
		Addresses: []netip.Prefix{netip.PrefixFrom(s.address, s.address.BitLen())}, Countries: []string{country},
		GPSCountries: []string{policy.CountryUnknown}, CompliantNetworks: []bool{false}, UnregisteredDevice: true,
		SignInRiskLevels: []string{"none"}, UserRiskLevels: []string{"none"}, InsiderRiskLevels: []string{"none"},
		AuthenticationFlows: []string{"none"},
	}
}

func (s agreed) run() (outcome entramfa.Outcome) {
	s.t.Run(s.user.UserPrincipalName+" from "+s.address.String()+" to "+s.resource, func(t *testing.T) {
		s.t = t
		report, err := mfa.Check(t.Context(), s.tenant, s.user.ID, &mfa.Options{Profile: s.profile(), Now: s.at})
		require.NoError(t, err)
		probe, err := mfa.Probe(t.Context(), s, mfa.PasswordGrant{
			Username: s.user.UserPrincipalName, Password: mfa.NewSecret("password of " + s.user.ID), Resource: s.resource, ClientID: mfa.AzureCLI,
		}, &mfa.ProbeOptions{Now: s.at, Address: s.address})
		require.NoError(t, err)
		s.answer(report, probe)
		s.logged(report, probe)
		outcome = report.Outcome
	})
	return outcome
}

// answer compares the verdict with what the token endpoint said.
func (s agreed) answer(report mfa.Report, probe mfa.ProbeResult) {
	disabled := report.Account.Enabled != nil && !*report.Account.Enabled
	switch {
	case disabled:
		assert.Equal(s.t, []int{50057}, probe.Codes)
	case report.Outcome == entramfa.Clear:
		assert.Equal(s.t, entramfa.Clear, probe.Outcome, probe.Text)
	case report.Extent == entramfa.Always:
		assert.Equal(s.t, report.Outcome, probe.Outcome, probe.Text)
		assert.ElementsMatch(s.t, s.demanding(report), probe.Policies)
		s.code(report, probe)
	default:
		s.undecided(report, probe)
	}
	e := report.WithEvidence(mfa.Evidence{Probe: &probe}).Evidence
	assert.Empty(s.t, e.Disagreements)
	assert.Empty(s.t, e.Caveats, "it is of the profile")
}

// demanding lists the policies that the report says give its verdict.
func (s agreed) demanding(report mfa.Report) []string {
	var ids []string
	for _, f := range report.Findings {
		if f.Source == entramfa.SourceConditionalAccess && f.Outcome == report.Outcome && f.Extent == entramfa.Always {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// code says which numbers fit what is demanded.
func (s agreed) code(report mfa.Report, probe mfa.ProbeResult) {
	var demands []string
	guest := false
	for _, f := range report.Findings {
		if f.Outcome == report.Outcome && f.Extent == entramfa.Always {
			demands = append(demands, f.Demands...)
			guest = guest || f.Source == entramfa.SourceAccount
		}
	}
	want := []int{53000, 53001, 53002, 53003, 53009, 50158}
	switch {
	case guest:
		want = []int{50020}
	case report.Outcome == entramfa.Blocked:
		want = []int{53003}
	case slices.ContainsFunc(demands, func(d string) bool { return d == "mfa" || strings.HasPrefix(d, "authenticationStrength") }):
		want = []int{50076, 50079}
	}
	require.Len(s.t, probe.Codes, 1)
	assert.Contains(s.t, want, probe.Codes[0], "demands %v", demands)
}

// undecided is a sign-in of which the check can't tell: the endpoint refuses it,
// unless it is only about what somebody does with the token.
func (s agreed) undecided(report mfa.Report, probe mfa.ProbeResult) {
	open := slices.DeleteFunc(slices.Clone(report.Findings), func(f entramfa.Finding) bool {
		return f.Outcome == entramfa.Clear || f.Source == entramfa.SourceMandatoryMFA
	})
	if len(open) == 0 {
		assert.Equal(s.t, entramfa.Clear, probe.Outcome, probe.Text)
		return
	}
	assert.NotEqual(s.t, entramfa.Clear, probe.Outcome)
	s.tenant.AllowUndecided = true
	defer func() { s.tenant.AllowUndecided = false }()
	answer, err := s.PasswordGrant(s.t.Context(), mfa.PasswordGrant{
		Username: s.user.UserPrincipalName, Password: mfa.NewSecret("password of " + s.user.ID), Resource: s.resource, ClientID: mfa.AzureCLI,
	})
	require.NoError(s.t, err)
	assert.Equal(s.t, http.StatusOK, answer.Status, "and lets it pass where that is allowed")
}

// logged compares the newest record of the log.
func (s agreed) logged(report mfa.Report, probe mfa.ProbeResult) {
	records, err := drain(s.tenant.SignInLog(s.t.Context(), mfa.SignInQuery{UserID: s.user.ID, NonInteractive: true, Since: s.at}))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, records)
	r := records[len(records)-1] // the probe came before the one that is allowed
	want := 0
	if len(probe.Codes) > 0 {
		want = probe.Codes[0]
	}
	assert.Equal(s.t, want, r.Status.ErrorCode)
	assert.Equal(s.t, s.address.String(), r.IPAddress)
	assert.Equal(s.t, s.resource, r.ResourceID)
	if probe.CorrelationID != "" {
		assert.Equal(s.t, probe.CorrelationID, r.CorrelationID)
	}
	var refused []string
	for _, applied := range r.AppliedPolicies {
		if applied.Result == "failure" && applied.ID != "SecurityDefaults" {
			refused = append(refused, applied.ID)
		}
	}
	if report.Extent == entramfa.Always {
		assert.Subset(s.t, refused, probe.Policies)
	} else {
		assert.ElementsMatch(s.t, probe.Policies, refused)
	}
	evidence, err := mfa.SignIns(s.t.Context(), s.tenant, s.user.ID, &mfa.SignInOptions{Now: s.at})
	require.NoError(s.t, err)
	assert.Empty(s.t, evidence.Missing)
	assert.False(s.t, evidence.Person.Found)
	compared := report.WithEvidence(mfa.Evidence{SignIns: &evidence}).Evidence
	assert.Empty(s.t, compared.Disagreements)
}

// PasswordGrant asks the token endpoint by HTTP, from the address of the sign-in.
func (s agreed) PasswordGrant(ctx context.Context, grant mfa.PasswordGrant) (mfa.TokenAnswer, error) {
	form := url.Values{
		"grant_type": {"password"}, "client_id": {grant.ClientID}, "scope": {grant.Resource + "/.default"},
		"username": {grant.Username}, "password": {grant.Password.Reveal()},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://login.microsoftonline.com/organizations/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return mfa.TokenAnswer{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Forwarded-For", s.address.String())
	response, err := s.tenant.Client().Do(request)
	if err != nil {
		return mfa.TokenAnswer{}, err
	}
	defer response.Body.Close()
	var body json.RawMessage
	err = json.NewDecoder(response.Body).Decode(&body)
	return mfa.TokenAnswer{Status: response.StatusCode, Body: body}, err
}
