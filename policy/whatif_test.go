package policy_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	exchangeApp = "00000002-0000-0ff1-ce00-000000000000"
	graphApp    = "00000003-0000-0000-c000-000000000000"
	someApp     = "f0000000-0000-4000-8000-000000000001"
)

// single is one sign-in: Exchange Online from an address in the Netherlands.
func single() policy.SignIn {
	s := policy.PasswordSignIn()
	s.Applications, s.AuthenticationContexts = []string{exchangeApp}, []string{}
	s.ClientAppTypes, s.Platforms = []string{"mobileAppsAndDesktopClients"}, []string{"windows"}
	s.Addresses, s.Countries, s.CompliantNetworks = []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}, []string{"NL"}, []bool{false}
	s.SignInRiskLevels, s.UserRiskLevels, s.InsiderRiskLevels = []string{"none"}, []string{"none"}, []string{"none"}
	return s
}

// TestWhatIfSendsEverything: the body as the reference of the API has it, every
// condition in it.
func TestWhatIfSendsEverything(t *testing.T) {
	question, err := policy.NewWhatIf(subject(), single())
	require.NoError(t, err)
	text, err := json.Marshal(question)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": "`+account+`"},
		"signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["`+exchangeApp+`"]},
		"signInConditions": {
			"clientAppType": "mobileAppsAndDesktopClients", "devicePlatform": "windows", "ipAddress": "198.51.100.7", "country": "NL",
			"signInRiskLevel": "none", "userRiskLevel": "none", "servicePrincipalRiskLevel": "none", "insiderRiskLevel": "none",
			"authenticationFlow": {"transferMethod": "none"}, "deviceInfo": {}
		},
		"appliedPoliciesOnly": false
	}`, string(text))
	var again policy.WhatIf
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, question, again)
}

// from makes sign-ins come from registered devices.
func from(devices ...policy.Device) func(*policy.SignIn) {
	return func(s *policy.SignIn) { s.UnregisteredDevice, s.Devices = false, devices }
}

// TestWhatIfSendsTheDevice: what is known of it and isn't null, by the names that
// the API has.
func TestWhatIfSendsTheDevice(t *testing.T) {
	s := single()
	from(policy.Device{
		"deviceOwnership": "Company", "isCompliant": false, "TrustType": "AzureAD", "model": nil, "systemLabels": []string{},
		"physicalIds": []any{"[ZTDId]:1"}, "extensionAttribute15": "x",
	})(&s)
	question, err := policy.NewWhatIf(subject(), s)
	require.NoError(t, err)
	text, err := json.Marshal(question.SignInConditions.DeviceInfo)
	require.NoError(t, err)
	assert.JSONEq(t, `{"ownership": "Company", "isCompliant": false, "trustType": "AzureAD", "physicalIds": ["[ZTDId]:1"], "extensionAttribute15": "x"}`, string(text))
}

func TestWhatIfContexts(t *testing.T) {
	action := single()
	action.Applications, action.UserActions = []string{}, []string{"urn:user:registerdevice"}
	question, err := policy.NewWhatIf(subject(), action)
	require.NoError(t, err)
	assert.Equal(t, policy.WhatIfContext{Type: policy.UserActionContext, UserAction: "registerOrJoinDevices"}, question.SignInContext)

	context := single()
	context.AuthenticationContexts = []string{"c7"}
	question, err = policy.NewWhatIf(subject(), context)
	require.NoError(t, err)
	assert.Equal(t, policy.WhatIfContext{Type: policy.AuthenticationContextContext, AuthenticationContextValue: "c7"}, question.SignInContext)

	guest := subject()
	guest.Kinds, guest.HomeTenantID = entramfa.Known([]string{policy.B2BCollaborationGuest}), homeID
	nowhere := single()
	nowhere.Countries = []string{policy.CountryUnknown}
	question, err = policy.NewWhatIf(guest, nowhere)
	require.NoError(t, err)
	assert.Equal(t, policy.WhatIfIdentity{Type: policy.UserSignIn, UserID: account, ExternalTenantID: homeID, ExternalUserType: "b2bCollaborationGuest"}, question.SignInIdentity)
	assert.Nil(t, question.SignInConditions.Country, "a country that isn't known is sent as null")
}

func TestWhatIfNamesWhatIsInTheWay(t *testing.T) {
	for want, change := range map[string]func(*policy.SignIn){
		"applications has every value":              func(s *policy.SignIn) { s.Applications = nil },
		"applications has 2 values":                 func(s *policy.SignIn) { s.Applications = append(s.Applications, graphApp) },
		"applications and userActions both":         func(s *policy.SignIn) { s.UserActions = nil },
		"userActions has no value":                  func(s *policy.SignIn) { s.Applications = []string{} },
		"authenticationContexts has every":          func(s *policy.SignIn) { s.AuthenticationContexts = nil },
		"authenticationContexts has 2":              func(s *policy.SignIn) { s.AuthenticationContexts = []string{"c1", "c2"} },
		"clientAppTypes has 2 values":               func(s *policy.SignIn) { s.ClientAppTypes = []string{"browser", "other"} },
		"clientAppTypes: Graph has no word brwoser": func(s *policy.SignIn) { s.ClientAppTypes = []string{"brwoser"} },
		"platforms has every value":                 func(s *policy.SignIn) { s.Platforms = nil },
		"platforms: the API has no word":            func(s *policy.SignIn) { s.Platforms = []string{policy.PlatformUnknown} },
		"addresses has every value":                 func(s *policy.SignIn) { s.Addresses = nil },
		"addresses has a range, 198.51.100.0/24":    func(s *policy.SignIn) { s.Addresses[0] = netip.MustParsePrefix("198.51.100.0/24") },
		"countries has every value":                 func(s *policy.SignIn) { s.Countries = nil },
		"gpsCountries: the API can't be told":       func(s *policy.SignIn) { s.GPSCountries = []string{"NL"} },
		"compliantNetworks has every value":         func(s *policy.SignIn) { s.CompliantNetworks = nil },
		"compliantNetworks: the API can't be told":  func(s *policy.SignIn) { s.CompliantNetworks = []bool{true} },
		"unregisteredDevice is not set":             func(s *policy.SignIn) { s.UnregisteredDevice = false },
		"unregisteredDevice and devices both":       func(s *policy.SignIn) { s.Devices = []policy.Device{{"model": "x"}} },
		"devices has 2 values":                      from(policy.Device{"model": "x"}, policy.Device{"model": "y"}),
		"the API takes a device of which nothing":   from(policy.Device{}),
		"a device of which nothing is told":         from(policy.Device{"model": nil, "physicalIds": []string{}}),
		"can't be told of colour red":               from(policy.Device{"colour": "red"}),
		"can't be told of ownership Company":        from(policy.Device{"ownership": "Company"}),
		"can't be told of isCompliant yes":          from(policy.Device{"isCompliant": "yes"}),
		"can't be told of an empty model":           from(policy.Device{"model": "", "trustType": "AzureAD"}),
		"the device has two values of model":        from(policy.Device{"Model": nil, "model": "x"}),
		"signInRiskLevels has every value":          func(s *policy.SignIn) { s.SignInRiskLevels = nil },
		"userRiskLevels has no value":               func(s *policy.SignIn) { s.UserRiskLevels = []string{} },
		"insiderRiskLevels has every value":         func(s *policy.SignIn) { s.InsiderRiskLevels = nil },
		"authenticationFlows has 2 values":          func(s *policy.SignIn) { s.AuthenticationFlows = []string{"none", "deviceCodeFlow"} },
		"no word for urn:user:accountrecovery": func(s *policy.SignIn) {
			s.Applications, s.UserActions = []string{}, []string{"urn:user:accountrecovery"}
		},
	} {
		s := single()
		change(&s)
		_, err := policy.NewWhatIf(subject(), s)
		require.ErrorContains(t, err, want)
		_, err = policy.Compare(tenant(), subject(), s, nil)
		require.ErrorContains(t, err, want, "nothing is compared that can't be asked")
	}
	_, err := policy.NewWhatIf(policy.Subject{}, policy.PasswordSignIn())
	for _, all := range []string{"applications", "platforms", "addresses", "countries", "object id"} {
		assert.ErrorContains(t, err, all, "all that is in the way is named at once")
	}
}

// An answer as the reference of the API has it, with a member that no type here knows.
const whatIfAnswer = `{"@odata.type":"#microsoft.graph.whatIfAnalysisResult","id":"p","displayName":"P","state":"enabled","later":1,"conditions":{"users":{"includeUsers":["All"]}},"grantControls":null,"policyApplies":false,"analysisReasons":"location, telepathy"}`

func TestWhatIfResultRoundTrips(t *testing.T) {
	var r policy.WhatIfResult
	require.NoError(t, json.Unmarshal([]byte(whatIfAnswer), &r))
	assert.Equal(t, "P", r.DisplayName)
	assert.Equal(t, new(false), r.PolicyApplies)
	assert.True(t, r.AnalysisReasons.Has(policy.AnalysisLocation))
	assert.False(t, r.AnalysisReasons.Has(policy.AnalysisUsers))
	assert.Equal(t, []policy.AnalysisReasons{"location", "telepathy"}, r.AnalysisReasons.Values())
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Equal(t, whatIfAnswer, string(text), "the policy in its order, then what the API adds")

	require.NoError(t, json.Unmarshal([]byte(`{"id":"p"}`), &r))
	assert.Nil(t, r.PolicyApplies, "not said is not false")
	for _, text := range []string{`[]`, `null x`, `{"policyApplies":"no"}`, `{"id":1}`, `{"analysisReasons":4}`, `{"id":"p","ID":"q"}`} {
		assert.Error(t, json.Unmarshal([]byte(text), &r), text)
	}
	text, err = json.Marshal(policy.WhatIfResult{PolicyApplies: new(true), AnalysisReasons: policy.AnalysisNotSet})
	require.NoError(t, err)
	assert.JSONEq(t, `{"policyApplies":true,"analysisReasons":"notSet"}`, string(text))
}

// TestResultPolicyIsJudgedLikeAny: what the API adds must not look like a
// condition of a newer schema.
func TestResultPolicyIsJudgedLikeAny(t *testing.T) {
	text, err := json.Marshal(policy.WhatIfResult{Policy: parse(t, ""), PolicyApplies: new(true), AnalysisReasons: policy.AnalysisNotSet})
	require.NoError(t, err)
	var r policy.WhatIfResult
	require.NoError(t, json.Unmarshal(text, &r))
	f := policy.Judge(tenant(r.Policy), subject(), single())[0]
	assert.Equal(t, entramfa.MFA, f.Outcome, f.Missing)
}

// unmet lists policies that do not apply to single, by the reason.
var unmet = map[policy.AnalysisReasons]string{
	policy.AnalysisPolicyNotEnabled:      `"state": "disabled"`,
	policy.AnalysisUsers:                 `"users": {"includeUsers": ["` + someone + `"]}`,
	policy.AnalysisApplication:           `"applications": {"includeApplications": ["` + someApp + `"]}`,
	policy.AnalysisUserActions:           `"applications": {"includeUserActions": ["urn:user:registerdevice"]}`,
	policy.AnalysisAuthenticationContext: `"applications": {"includeAuthenticationContextClassReferences": ["c1"]}`,
	policy.AnalysisDevicePlatform:        `"platforms": {"includePlatforms": ["android"], "excludePlatforms": []}`,
	policy.AnalysisDevices:               `"devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}`,
	policy.AnalysisClientApps:            `"clientAppTypes": ["other"]`,
	policy.AnalysisLocation:              `"locations": {"includeLocations": ["` + office + `"], "excludeLocations": []}`,
	policy.AnalysisSignInRisk:            `"signInRiskLevels": ["high"]`,
	policy.AnalysisUserRisk:              `"userRiskLevels": ["high"]`,
	policy.AnalysisInsiderRisk:           `"insiderRiskLevels": "elevated"`,
	policy.AnalysisAuthenticationFlow:    `"authenticationFlows": {"transferMethods": "deviceCodeFlow"}`,
}

func TestAnalysis(t *testing.T) {
	for want, change := range unmet {
		p := parse(t, change)
		f := policy.Judge(tenant(p), subject(), single())[0]
		assert.Equal(t, want, policy.Analysis(p, f), change)
	}
	for change, want := range map[string]policy.AnalysisReasons{
		``:                       policy.AnalysisNotSet,
		`"grantControls": null`:  policy.AnalysisNotSet,
		`"state": "abracadabra"`: policy.AnalysisNotEnoughInformation,
		`"weather": ["rain"]`:    policy.AnalysisNotEnoughInformation,
		`"users": {"includeGroups": ["` + direct + `"], "excludeRoles": ["` + exchange + `"]}`: policy.AnalysisUsers,
		`"state": "enabledForReportingButNotEnforced"`:                                         policy.AnalysisNotSet,
	} {
		p := parse(t, change)
		f := policy.Judge(tenant(p), subject(), single())[0]
		assert.Equal(t, want, policy.Analysis(p, f), change)
	}
}

// answered is an answer of the API about the one policy P.
func answered(applies bool, reasons policy.AnalysisReasons) []policy.WhatIfResult {
	return []policy.WhatIfResult{{Policy: policy.Policy{ID: "p", DisplayName: "P"}, PolicyApplies: &applies, AnalysisReasons: reasons}}
}

func TestCompareAgrees(t *testing.T) {
	for want, change := range unmet {
		c, err := policy.Compare(tenant(parse(t, change)), subject(), single(), answered(false, want))
		require.NoError(t, err)
		assert.Equal(t, 1, c.Agreed, "%s %+v", want, c.Differences)
	}
	for change, results := range map[string][]policy.WhatIfResult{
		``:                      answered(true, policy.AnalysisNotSet),
		`"grantControls": null`: answered(true, ""),
		`"state": "enabledForReportingButNotEnforced"`:               answered(true, policy.AnalysisNotSet),
		`"grantControls": null, "clientAppTypes": ["all"]`:           answered(false, policy.AnalysisEmptyPolicy),
		`"clientAppTypes": ["other"]`:                                answered(false, ""),
		`"users": {"includeUsers": ["None"]}`:                        answered(false, policy.AnalysisWorkloadIdentities),
		`"applications": {"includeUserActions": ["urn:user:other"]}`: answered(false, policy.AnalysisApplication),
	} {
		c, err := policy.Compare(tenant(parse(t, change)), subject(), single(), results)
		require.NoError(t, err)
		assert.Equal(t, 1, c.Agreed, "%s %+v", change, c.Differences)
		assert.Empty(t, c.Faults())
	}
}

func TestCompareExplains(t *testing.T) {
	for _, c := range []struct {
		change  string
		results []policy.WhatIfResult
		cause   policy.Cause
		text    string
	}{
		{``, answered(false, policy.AnalysisUsers), policy.CauseFault, "here every condition is met"},
		{`"clientAppTypes": ["other"]`, answered(true, policy.AnalysisNotSet), policy.CauseFault, "legacy protocols alone"},
		{`"clientAppTypes": ["other"]`, answered(false, policy.AnalysisUsers), policy.CauseFault, "names a condition that is met here (users)"},
		{`"clientAppTypes": ["other"]`, answered(false, policy.AnalysisInvalidPolicy), policy.CauseFault, "invalidPolicy"},
		{`"state": "disabled"`, answered(true, policy.AnalysisNotSet), policy.CauseFault, "not met"},
		{``, nil, policy.CauseFault, "does not hold the policy"},
		{`"state": "disabled"`, nil, policy.CauseNotEnabled, "disabled"},
		{`"state": "disabled"`, answered(false, policy.AnalysisUsers), policy.CauseNotEnabled, "report-only mode alone"},
		{`"agentIdRiskLevels": "high"`, nil, policy.CauseHidden, "only beta knows"},
		{`"clientAppTypes": ["other"], "signInRiskLevels": ["high"]`, answered(false, policy.AnalysisSignInRisk), policy.CauseFirstReason, "in an order of its own"},
		{`"applications": {"includeApplications": ["Office365"]}`, answered(false, policy.AnalysisApplication), policy.CauseApplicationGroup, "the group Office365"},
		{`"applications": {"includeApplications": ["Office365"]}, "clientAppTypes": ["other"]`, answered(false, policy.AnalysisApplication), policy.CauseApplicationGroup, "the group Office365"},
		{`"applications": {"includeApplications": ["All"], "excludeApplications": ["Office365"]}`, answered(true, policy.AnalysisNotSet), policy.CauseApplicationGroup, "excludes the group Office365"},
		{`"applications": {"includeApplications": ["Office365"]}`, answered(false, policy.AnalysisUsers), policy.CauseFault, "every condition is met"},
		{``, answered(false, policy.AnalysisNotEnoughInformation), policy.CauseNotEnoughInformation, "not told enough"},
		{``, []policy.WhatIfResult{{Policy: policy.Policy{ID: "P"}}}, policy.CauseNotEnoughInformation, "does not say"},
		{`"weather": ["rain"]`, answered(true, policy.AnalysisNotSet), policy.CauseUnknownHere, "weather"},
		{`"state": "partiallyEnabled"`, answered(true, policy.AnalysisNotSet), policy.CauseUnknownHere, `"partiallyEnabled"`},
	} {
		got, err := policy.Compare(tenant(parse(t, c.change)), subject(), single(), c.results)
		require.NoError(t, err, c.change)
		require.Len(t, got.Differences, 1, c.change)
		assert.Zero(t, got.Agreed, c.change)
		d := got.Differences[0]
		assert.Equal(t, c.cause, d.Cause, "%s: %+v", c.change, d)
		assert.Contains(t, d.Text, c.text, c.change)
		assert.Equal(t, "P", d.PolicyName)
		assert.Len(t, got.Faults(), map[bool]int{true: 1}[c.cause == policy.CauseFault])
	}
}

func TestCompareServiceDependency(t *testing.T) {
	toGraph := single()
	toGraph.Applications = []string{graphApp}
	c, err := policy.Compare(tenant(parse(t, `"applications": {"includeApplications": ["`+exchangeApp+`"]}`)), subject(), toGraph, answered(false, policy.AnalysisApplication))
	require.NoError(t, err)
	require.Len(t, c.Differences, 1)
	assert.Equal(t, policy.CauseServiceDependency, c.Differences[0].Cause)
}

// TestCompareWhatCannotBeAsked: of GPS, of compliant networks, of the
// application behind an authentication context the API knows nothing.
func TestCompareWhatCannotBeAsked(t *testing.T) {
	gps := policy.NamedLocation{Type: policy.CountryNamedLocation, ID: office, CountriesAndRegions: []string{"NL"}, CountryLookupMethod: new("authenticatorAppGps")}
	for _, answer := range [][]policy.WhatIfResult{answered(true, policy.AnalysisNotSet), answered(false, policy.AnalysisNotEnoughInformation)} {
		where := tenant(parse(t, `"locations": {"includeLocations": ["`+office+`"], "excludeLocations": []}`))
		where.NamedLocations = entramfa.Known([]policy.NamedLocation{gps})
		c, err := policy.Compare(where, subject(), single(), answer)
		require.NoError(t, err)
		require.Len(t, c.Differences, 1)
		assert.NotEqual(t, policy.CauseFault, c.Differences[0].Cause)
		assert.Contains(t, c.Differences[0].Text, "by GPS")
	}
	asking := single()
	asking.AuthenticationContexts = []string{"c1"}
	c, err := policy.Compare(tenant(parse(t, "")), subject(), asking, answered(false, policy.AnalysisApplication))
	require.NoError(t, err)
	require.Len(t, c.Differences, 1)
	assert.Equal(t, policy.CauseQuestion, c.Differences[0].Cause)
}

func TestCompareListsThatDiffer(t *testing.T) {
	stranger := answered(true, policy.AnalysisNotSet)
	stranger[0].ID = "q"
	c, err := policy.Compare(tenant(), subject(), single(), stranger)
	require.NoError(t, err)
	require.Len(t, c.Differences, 1)
	assert.Equal(t, policy.CauseUnknownHere, c.Differences[0].Cause)
	assert.Contains(t, c.Differences[0].Text, "made after")

	hidden := policy.Tenant{Policies: entramfa.Known(policy.List{Hidden: "beta was refused"})}
	c, err = policy.Compare(hidden, subject(), single(), stranger)
	require.NoError(t, err)
	assert.Contains(t, c.Differences[0].Text, "beta was refused")

	_, err = policy.Compare(policy.Tenant{Policies: entramfa.Missing[policy.List](errors.New("403"))}, subject(), single(), stranger)
	assert.ErrorContains(t, err, "403")
}

func TestWhatIfAnswerInWords(t *testing.T) {
	for want, answer := range map[string]policy.WhatIfAnswer{
		"applies":                              {Applies: new(true), Reasons: policy.AnalysisNotSet},
		"does not apply (users)":               {Applies: new(false), Reasons: policy.AnalysisUsers},
		"can't be told (notEnoughInformation)": {Reasons: policy.AnalysisNotEnoughInformation},
		"is not said":                          {},
	} {
		assert.Equal(t, want, answer.String())
	}
}
