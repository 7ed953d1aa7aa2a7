package mfa_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

func pointer[T any](v T) *T { return &v }

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clearFacts are the facts of an account that nothing touches.
func clearFacts() mfa.Facts {
	return mfa.Facts{
		User: mfa.User{
			ID: "b0000000-0000-4000-8000-000000000001", UserPrincipalName: "svc@contoso.com", DisplayName: "Service",
			AccountEnabled: pointer(true), UserType: pointer("Member"), PasswordPolicies: pointer("DisablePasswordExpiration"), OnPremisesSyncEnabled: pointer(false),
		},
		Organization:         entramfa.Known(mfa.Organization{ID: "e0000000-0000-4000-8000-000000000001", DisplayName: "Contoso"}),
		Groups:               entramfa.Known([]policy.Membership{}),
		Roles:                entramfa.Known([]policy.RoleAssignment{}),
		EligibleRoles:        entramfa.Known([]policy.RoleAssignment{}),
		GlobalAdministrators: entramfa.Known([]policy.RoleAssignment{}),
		ConditionalAccess: policy.Tenant{
			Policies:       entramfa.Known(policy.List{}),
			NamedLocations: entramfa.Known([]policy.NamedLocation{}),
			Strengths:      entramfa.Known([]policy.AuthenticationStrength{}),
		},
		SecurityDefaults: entramfa.Known(securitydefaults.Policy{IsEnabled: pointer(false)}),
		SubscribedSKUs:   entramfa.Known([]securitydefaults.SubscribedSKU{}),
		Requirements:     entramfa.Known(mfa.Requirements{PerUserMFAState: mfa.PerUserDisabled}),
		Methods:          entramfa.Known([]mfa.Method{{Type: mfa.PasswordMethod}}),
		Domain:           entramfa.Known(mfa.Domain{ID: "contoso.com", AuthenticationType: "Managed"}),
	}
}

func TestJudgeIsClearOnlyWhenEverythingIsKnown(t *testing.T) {
	report := mfa.Judge(clearFacts(), &mfa.Options{Now: now})
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}, report.Verdict)
	assert.Equal(t, now, report.CheckedAt)
	assert.Equal(t, mfa.ReportSchema, report.Schema)
}

func TestJudgeOneSourceAtATime(t *testing.T) {
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		change func(*mfa.Facts)
		want   string
	}{
		"per-user enabled":       {func(f *mfa.Facts) { f.Requirements = perUser("enabled") }, "mfa always"},
		"per-user enforced":      {func(f *mfa.Facts) { f.Requirements = perUser("Enforced") }, "mfa always"},
		"per-user of the future": {func(f *mfa.Facts) { f.Requirements = perUser("requested") }, "unknown unknown"},
		"per-user absent":        {func(f *mfa.Facts) { f.Requirements = perUser("") }, "unknown unknown"},
		"per-user not read":      {func(f *mfa.Facts) { f.Requirements = entramfa.Missing[mfa.Requirements](refused) }, "unknown unknown"},
		"defaults on":            {func(f *mfa.Facts) { f.SecurityDefaults = defaults(true) }, "mfa sometimes"},
		"defaults not read":      {func(f *mfa.Facts) { f.SecurityDefaults = entramfa.Missing[securitydefaults.Policy](refused) }, "unknown unknown"},
		"policies not read":      {func(f *mfa.Facts) { f.ConditionalAccess.Policies = entramfa.Missing[policy.List](refused) }, "unknown unknown"},
		"policies hidden": {func(f *mfa.Facts) {
			f.ConditionalAccess.Policies = entramfa.Known(policy.List{Hidden: "read from v1.0"})
		}, "unknown unknown"},
		"disabled account":     {func(f *mfa.Facts) { f.User.AccountEnabled = pointer(false) }, "blocked always"},
		"enabled or not":       {func(f *mfa.Facts) { f.User.AccountEnabled = nil }, "unknown unknown"},
		"invited":              {func(f *mfa.Facts) { f.User.CreationType = pointer("Invitation") }, "blocked always"},
		"invited, by its name": {func(f *mfa.Facts) { f.User.UserPrincipalName = "a_b.com#EXT#@contoso.com" }, "blocked always"},
		"federated":            {func(f *mfa.Facts) { f.Domain = entramfa.Known(mfa.Domain{AuthenticationType: "Federated"}) }, "unknown unknown"},
		"domain not read":      {func(f *mfa.Facts) { f.Domain = entramfa.Missing[mfa.Domain](refused) }, "clear never"},
		"domain not read of a synchronized account": {func(f *mfa.Facts) {
			f.Domain, f.User.OnPremisesSyncEnabled = entramfa.Missing[mfa.Domain](refused), pointer(true)
		}, "unknown unknown"},
		"domain not read, and whether it is synchronized not either": {func(f *mfa.Facts) {
			f.Domain, f.User = entramfa.Missing[mfa.Domain](refused), mfa.User{}
			if err := json.Unmarshal([]byte(`{"id":"b0000000-0000-4000-8000-000000000001","userPrincipalName":"svc@contoso.com","accountEnabled":true,"userType":"Member"}`), &f.User); err != nil {
				panic(err)
			}
		}, "unknown unknown"},
		"methods not read":      {func(f *mfa.Facts) { f.Methods = entramfa.Missing[[]mfa.Method](refused) }, "clear never"},
		"licence not read":      {func(f *mfa.Facts) { f.SubscribedSKUs = entramfa.Missing[[]securitydefaults.SubscribedSKU](refused) }, "clear never"},
		"groups not needed":     {func(f *mfa.Facts) { f.Groups = entramfa.Missing[[]policy.Membership](refused) }, "clear never"},
		"the zero facts, named": {func(f *mfa.Facts) { *f = mfa.Facts{User: f.User} }, "unknown unknown"},
	} {
		facts := clearFacts()
		c.change(&facts)
		report := mfa.Judge(facts, nil)
		assert.Equal(t, c.want, fmt.Sprint(report.Outcome, " ", report.Extent), name)
		for _, f := range report.Findings {
			assert.NotEmpty(t, f.Reasons, name)
			assert.NotEmpty(t, f.Advice, name)
			assert.False(t, f.Outcome == entramfa.Unknown && len(f.Missing) == 0, name)
		}
	}
}

func perUser(state string) entramfa.Value[mfa.Requirements] {
	return entramfa.Known(mfa.Requirements{PerUserMFAState: mfa.PerUserState(state)})
}

func defaults(on bool) entramfa.Value[securitydefaults.Policy] {
	return entramfa.Known(securitydefaults.Policy{IsEnabled: &on})
}

func TestMandatoryMFAFollowsTheApplications(t *testing.T) {
	for _, c := range []struct {
		applications []string
		want         string
	}{
		{nil, "clear never"},
		{[]string{mfa.MicrosoftGraph}, "clear never"},
		{[]string{mfa.MicrosoftGraph, mfa.AzureManagement}, "mfa sometimes"},
		{[]string{mfa.AzureCLI}, "mfa sometimes"},
		{[]string{mfa.AzurePortal}, "mfa always"},
		{[]string{mfa.MicrosoftAdminPortals}, "mfa always"},
		{[]string{"portal"}, "unknown unknown"},
		{[]string{mfa.MicrosoftGraph + "," + mfa.AzurePortal}, "unknown unknown"},
	} {
		report := mfa.Judge(clearFacts(), &mfa.Options{Profile: &policy.SignIn{Applications: c.applications}})
		f := report.Findings[len(report.Findings)-1]
		assert.Equal(t, entramfa.SourceMandatoryMFA, f.Source)
		assert.Equal(t, c.want, fmt.Sprint(f.Outcome, " ", f.Extent), "%v", c.applications)
	}
}

// TestMandatoryMFAOfThePresets: it doesn't hang on a policy, so that a tenant
// without any must not make the Azure clients clear.
func TestMandatoryMFAOfThePresets(t *testing.T) {
	for _, c := range []struct {
		name                string
		profile             policy.SignIn
		mandatory, defaults string
	}{
		{"Graph", policy.GraphSignIn(), "clear never", "mfa sometimes"},
		{"Exchange Online", policy.ExchangeOnlineSignIn(), "clear never", "mfa sometimes"},
		{"SharePoint", policy.SharePointSignIn(), "clear never", "mfa sometimes"},
		{"Azure CLI", policy.AzureCLISignIn(), "mfa sometimes", "mfa always"},
		{"Azure PowerShell", policy.AzurePowerShellSignIn(), "mfa sometimes", "mfa always"},
	} {
		report := mfa.Judge(clearFacts(), &mfa.Options{Profile: &c.profile})
		assert.Equal(t, c.mandatory, fmt.Sprint(report.Outcome, " ", report.Extent), c.name)
		facts := clearFacts()
		facts.SecurityDefaults = defaults(true)
		report = mfa.Judge(facts, &mfa.Options{Profile: &c.profile})
		assert.Equal(t, c.defaults, fmt.Sprint(report.Findings[1].Outcome, " ", report.Findings[1].Extent), c.name)
	}
}

func TestAzureUnderSecurityDefaults(t *testing.T) {
	facts := clearFacts()
	facts.SecurityDefaults = defaults(true)
	for _, app := range []string{mfa.AzureManagement, mfa.AzureCLI, mfa.AzurePowerShell} {
		report := mfa.Judge(facts, &mfa.Options{Profile: &policy.SignIn{Applications: []string{app}}})
		assert.Equal(t, entramfa.Always, report.Findings[1].Extent, app)
	}
}

func TestPasswordExpiry(t *testing.T) {
	facts := clearFacts()
	facts.User.PasswordPolicies = nil
	facts.User.LastPasswordChangeDateTime = pointer("2026-10-01T00:00:00Z")
	for _, c := range []struct {
		days    *int
		expires *bool
		text    string
	}{
		{pointer(90), pointer(true), "expires on 2026-12-30"},
		{pointer(10), pointer(true), "seems to have expired on 2026-10-11"},
		{pointer(2147483647), pointer(false), ""},
		{nil, nil, ""},
	} {
		facts.Domain = entramfa.Known(mfa.Domain{AuthenticationType: "Managed", PasswordValidityPeriodInDays: c.days})
		report := mfa.Judge(facts, &mfa.Options{Now: now})
		assert.Equal(t, c.expires, report.Account.PasswordExpires)
		assert.Contains(t, fmt.Sprint(report.Findings[0].Caveats), c.text)
	}
}

func TestGlobalAdministrator(t *testing.T) {
	assignment := func(principal, kind string, enabled *bool) policy.RoleAssignment {
		return policy.RoleAssignment{
			PrincipalID: principal, RoleDefinitionID: policy.GlobalAdministrator, DirectoryScopeID: pointer("/"),
			Principal: &policy.Principal{Type: "#microsoft.graph." + kind, ID: principal, AccountEnabled: enabled},
		}
	}
	own := clearFacts().User.ID
	for _, c := range []struct {
		name    string
		holders entramfa.Value[[]policy.RoleAssignment]
		only    *bool
	}{
		{"alone", entramfa.Known([]policy.RoleAssignment{assignment(own, "user", pointer(true))}), pointer(true)},
		{"beside another", entramfa.Known([]policy.RoleAssignment{assignment("x", "user", pointer(true))}), pointer(false)},
		{"beside a disabled one", entramfa.Known([]policy.RoleAssignment{assignment("x", "user", pointer(false))}), pointer(true)},
		{"beside a group", entramfa.Known([]policy.RoleAssignment{assignment("x", "group", nil)}), nil},
		{"beside a group and another", entramfa.Known([]policy.RoleAssignment{assignment("x", "group", nil), assignment("y", "user", pointer(true))}), pointer(false)},
		{"beside a service principal", entramfa.Known([]policy.RoleAssignment{assignment("x", "servicePrincipal", pointer(true))}), pointer(true)},
		{"not read", entramfa.Value[[]policy.RoleAssignment]{}, nil},
	} {
		facts := clearFacts()
		facts.Roles = entramfa.Known([]policy.RoleAssignment{assignment(own, "user", nil)})
		facts.GlobalAdministrators = c.holders
		account := mfa.Judge(facts, nil).Account
		assert.Equal(t, pointer(true), account.GlobalAdministrator, c.name)
		assert.Equal(t, c.only, account.OnlyGlobalAdministrator, c.name)
	}
	assert.Equal(t, pointer(false), mfa.Judge(clearFacts(), nil).Account.GlobalAdministrator)
	assert.Nil(t, mfa.Judge(mfa.Facts{}, nil).Account.GlobalAdministrator)
}

func TestPoliciesWithoutALicenceSaySo(t *testing.T) {
	facts := clearFacts()
	var p policy.Policy
	require.NoError(t, json.Unmarshal([]byte(`{"id":"p","displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`), &p))
	facts.ConditionalAccess.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{p}})
	report := mfa.Judge(facts, nil)
	assert.Equal(t, entramfa.MFA, report.Outcome)
	assert.Contains(t, fmt.Sprint(report.Findings[2].Caveats), "no Entra ID P1")
}

func TestReportAsJSON(t *testing.T) {
	facts := clearFacts()
	facts.Methods = entramfa.Known([]mfa.Method{{Type: mfa.PasswordMethod}, {Type: "#microsoft.graph.phoneAuthenticationMethod", PhoneType: pointer("mobile"), PhoneNumber: pointer(mfa.NewPhone("+1 2065550100"))}})
	text, err := json.Marshal(mfa.Judge(facts, &mfa.Options{Now: now}))
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, json.Unmarshal(text, &document))
	assert.Equal(t, "entramfa.report/1", document["schema"])
	assert.Equal(t, "2026-11-22T12:00:00Z", document["checkedAt"])
	assert.Equal(t, "clear", document["outcome"])
	assert.Equal(t, map[string]any{"id": "e0000000-0000-4000-8000-000000000001", "displayName": "Contoso"}, document["tenant"])
	assert.Equal(t, "never", document["extent"])
	assert.Equal(t, []any{"phone (mobile)"}, document["account"].(map[string]any)["methods"])
	assert.NotContains(t, string(text), "2065550100")
	var again mfa.Report
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, string(text), reportJSON(t, again))
}

func TestFactsCanBeStored(t *testing.T) {
	facts := clearFacts()
	facts.Requirements = perUser("enforced")
	facts.GlobalAdministrators = entramfa.Missing[[]policy.RoleAssignment](&entramfa.GraphError{Status: 403, Kind: entramfa.ErrPermission})
	text, err := json.Marshal(facts)
	require.NoError(t, err)
	var stored mfa.Facts
	require.NoError(t, json.Unmarshal(text, &stored))
	assert.Equal(t, reportJSON(t, mfa.Judge(facts, &mfa.Options{Now: now})), reportJSON(t, mfa.Judge(stored, &mfa.Options{Now: now})))
}

func reportJSON(t *testing.T, r mfa.Report) string {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	return string(text)
}

func TestSecretsAreNotKept(t *testing.T) {
	var m mfa.Method
	require.NoError(t, json.Unmarshal([]byte(`{"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethod","id":"1","temporaryAccessPass":"TAPSECRET","secretKey":"SEED","otherNumber":"+1 2065550100"}`), &m))
	var u mfa.User
	require.NoError(t, json.Unmarshal([]byte(`{"id":"1","passwordProfile":{"password":"USERPW"},"Password":"USERPW","city":"Delft"}`), &u))
	text, err := json.Marshal([]any{m, u})
	require.NoError(t, err)
	for _, secret := range []string{"TAPSECRET", "SEED", "2065550100", "USERPW"} {
		assert.NotContains(t, string(text), secret)
		assert.NotContains(t, fmt.Sprintf("%+v %#v", m, u), secret)
	}
	assert.Contains(t, string(text), "Delft")
}

func TestPhoneShowsItsLastDigitsOnly(t *testing.T) {
	var m mfa.Method
	require.NoError(t, json.Unmarshal([]byte(`{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","phoneNumber":"+1 2065550123","phoneType":"mobile"}`), &m))
	text, err := json.Marshal(m)
	require.NoError(t, err)
	assert.Equal(t, `{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"","phoneType":"mobile","phoneNumber":"…23"}`, string(text))
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", *m.PhoneNumber, *m.PhoneNumber, *m.PhoneNumber, m.PhoneNumber), "555")
	assert.Equal(t, "…", mfa.NewPhone("1").String())
}
