package policy_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// TestAddressRanges holds ranges against ranges: what matters is whether one
// lies in the other, touches it or not, to the single address.
func TestAddressRanges(t *testing.T) {
	for _, c := range []struct{ region, location, include, exclude string }{
		{"203.0.113.0/24", "203.0.113.0/24", "always", "never"},
		{"203.0.113.0/24", "203.0.0.0/16", "always", "never"},
		{"203.0.113.0/24", "203.0.113.0/25", "sometimes", "sometimes"},
		{"203.0.113.0/24", "203.0.113.128/25", "sometimes", "sometimes"},
		{"203.0.113.0/24", "203.0.113.77/32", "sometimes", "sometimes"},
		{"203.0.113.0/24", "203.0.113.255/32", "sometimes", "sometimes"},
		{"203.0.113.0/24", "203.0.114.0/24", "never", "always"},
		{"203.0.113.5/32", "203.0.113.5/32", "always", "never"},
		{"203.0.113.77/24", "203.0.113.0/24", "always", "never"}, // a range written by one of its addresses
		{"0.0.0.0/0", "255.255.255.255/32", "sometimes", "sometimes"},
		{"::/0", "203.0.113.0/24", "never", "always"},
		{"2001:db8::/32", "2001:db8:1::/48", "sometimes", "sometimes"},
		{"2001:db8:1:2::/64", "2001:db8:1::/48", "always", "never"},
	} {
		place := policy.Tenant{NamedLocations: entramfa.Known([]policy.NamedLocation{
			{Type: policy.IPNamedLocation, ID: office, IPRanges: []policy.IPRange{{CIDRAddress: c.location}}},
		})}
		region := policy.SignIn{UserActions: []string{}, Addresses: []netip.Prefix{netip.MustParsePrefix(c.region)}}
		for condition, want := range map[string]string{
			`"locations": {"includeLocations": ["` + office + `"]}`:                              c.include,
			`"locations": {"includeLocations": ["All"], "excludeLocations": ["` + office + `"]}`: c.exclude,
		} {
			place.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{parse(t, condition)}})
			f := policy.Judge(place, subject(), region)[0]
			assert.Equal(t, want, f.Extent.String(), "%s in %s: %s", c.region, c.location, condition)
		}
	}
}

// TestRangesInRanges has a location with ranges that lie in others, and one that
// is none.
func TestRangesInRanges(t *testing.T) {
	place := policy.Tenant{NamedLocations: entramfa.Known([]policy.NamedLocation{{Type: policy.IPNamedLocation, ID: office, IPRanges: []policy.IPRange{
		{CIDRAddress: "10.1.0.0/16"}, {CIDRAddress: "10.0.0.0/8"}, {CIDRAddress: "10.1.2.0/24"}, {CIDRAddress: "10.1.2.0/24"}, {CIDRAddress: "2001:db8::/32"}, {CIDRAddress: "2001:db8:7::/48"},
	}}})}
	place.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{parse(t, `"locations": {"includeLocations": ["`+office+`"]}`)}})
	for address, want := range map[string]string{
		"10.0.0.0": "mfa always", "10.1.2.3": "mfa always", "10.1.3.0": "mfa always", "10.2.0.1": "mfa always", "10.255.255.255": "mfa always",
		"9.255.255.255": "clear never", "11.0.0.0": "clear never", "2001:db8:8::1": "mfa always", "2001:db9::": "clear never",
	} {
		region := policy.PasswordSignIn()
		region.Addresses = []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(address), netip.MustParseAddr(address).BitLen())}
		f, v := policy.Judge(place, subject(), region)[0], policy.Decide(place, subject(), region)
		assert.Equal(t, want, fmt.Sprint(f.Outcome, " ", f.Extent), address)
		assert.Equal(t, want, fmt.Sprint(v.Outcome, " ", v.Extent), address)
	}
}

// TestRangesThatAreNone makes what lies outside the others unknown.
func TestRangesThatAreNone(t *testing.T) {
	place := policy.Tenant{NamedLocations: entramfa.Known([]policy.NamedLocation{{Type: policy.IPNamedLocation, ID: office, IPRanges: []policy.IPRange{
		{CIDRAddress: "10.0.0.0/8"}, {CIDRAddress: "11.0.0.0/33"},
	}}})}
	place.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{parse(t, `"locations": {"includeLocations": ["`+office+`"]}`)}})
	for address, want := range map[string]string{"10.9.8.7": "mfa always", "11.0.0.1": "unknown unknown", "2001:db8::1": "unknown unknown"} {
		region := policy.PasswordSignIn()
		region.Addresses = []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(address), netip.MustParseAddr(address).BitLen())}
		f, v := policy.Judge(place, subject(), region)[0], policy.Decide(place, subject(), region)
		assert.Equal(t, want, fmt.Sprint(f.Outcome, " ", f.Extent), address)
		assert.Equal(t, want, fmt.Sprint(v.Outcome, " ", v.Extent), address)
	}
}

// TestRegionsNarrow judges one policy for sets of sign-ins.
func TestRegionsNarrow(t *testing.T) {
	const exchangeOnline, graph = "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0000-c000-000000000000"
	const logAnalytics = "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"
	for _, c := range []struct {
		change string
		region policy.SignIn
		want   string
	}{
		{`"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["windows"]}`, policy.SignIn{Platforms: []string{"Windows"}}, "clear never"},
		{`"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["windows"]}`, policy.SignIn{Platforms: []string{policy.PlatformUnknown}}, "mfa always"},
		{`"platforms": {"includePlatforms": ["windows"]}`, policy.SignIn{Platforms: []string{"amiga"}}, "clear never"},
		{`"platforms": {"includePlatforms": ["amiga"]}`, policy.SignIn{}, "unknown unknown"},
		{`"applications": {"includeApplications": ["` + exchangeOnline + `"]}`, policy.SignIn{Applications: []string{exchangeOnline}}, "mfa always"},
		{`"applications": {"includeApplications": ["` + exchangeOnline + `"]}`, policy.SignIn{Applications: []string{graph}}, "unknown unknown"},
		{`"applications": {"includeApplications": ["Office365"]}`, policy.SignIn{Applications: []string{exchangeOnline}}, "mfa always"},
		{`"applications": {"includeApplications": ["797f4846-ba00-4fd7-ba43-dac1f8f63013"]}`, policy.SignIn{Applications: []string{graph, exchangeOnline}}, "clear never"},
		{`"applications": {"includeApplications": ["797f4846-ba00-4fd7-ba43-dac1f8f63013"]}`, policy.SignIn{Applications: []string{logAnalytics}}, "unknown unknown"},
		{`"applications": {"includeApplications": ["All"], "excludeApplications": ["797f4846-ba00-4fd7-ba43-dac1f8f63013"]}`, policy.SignIn{Applications: []string{logAnalytics}}, "unknown unknown"},
		{`"applications": {"includeApplications": ["MicrosoftAdminPortals"]}`, policy.SignIn{Applications: []string{graph, exchangeOnline}}, "clear never"},
		{`"applications": {"includeApplications": ["All"], "excludeApplications": ["` + exchangeOnline + `"]}`, policy.SignIn{Applications: []string{exchangeOnline}}, "clear never"},
		{`"applications": {"includeUserActions": ["urn:user:registerdevice"]}`, policy.SignIn{Applications: []string{}}, "mfa sometimes"},
		{`"applications": {"includeUserActions": ["urn:user:registerdevice"]}`, policy.SignIn{Applications: []string{}, UserActions: []string{"urn:user:registerdevice"}}, "mfa always"},
		{`"applications": {"includeAuthenticationContextClassReferences": ["c1"]}`, policy.SignIn{AuthenticationContexts: []string{}}, "clear never"},
		{`"applications": {"includeAuthenticationContextClassReferences": ["c1"]}`, policy.SignIn{UserActions: []string{}, AuthenticationContexts: []string{"c1"}}, "mfa always"},
		{`"clientAppTypes": ["exchangeActiveSync", "other"]`, policy.SignIn{ClientAppTypes: []string{"other"}}, "blocked always"},
		{`"clientAppTypes": ["exchangeActiveSync", "other"]`, policy.SignIn{}, "blocked sometimes"},
		{`"authenticationFlows": {"transferMethods": "deviceCodeFlow"}`, policy.SignIn{AuthenticationFlows: []string{"deviceCodeFlow"}}, "mfa always"},
		{`"signInRiskLevels": ["high"]`, policy.SignIn{SignInRiskLevels: []string{"none"}}, "clear never"},
		{`"userRiskLevels": ["high"]`, policy.SignIn{UserRiskLevels: []string{"high"}}, "mfa always"},
		{`"insiderRiskLevels": "minor"`, policy.SignIn{InsiderRiskLevels: []string{"minor", "none"}}, "mfa sometimes"},
		{`"devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}`, policy.SignIn{}, "mfa sometimes"},
	} {
		if c.region.Applications == nil && c.region.UserActions == nil || len(c.region.Applications) > 0 {
			c.region.UserActions = []string{}
		}
		f := policy.Judge(tenant(parse(t, c.change)), subject(), c.region)[0]
		assert.Equal(t, c.want, fmt.Sprint(f.Outcome, " ", f.Extent), "%s\n%+v\n%+v", c.change, c.region, f)
	}
}

func TestWitness(t *testing.T) {
	f := policy.Judge(tenant(parse(t, `"locations": {"includeLocations": ["All"], "excludeLocations": ["`+office+`"]}, "platforms": {"includePlatforms": ["iOS", "android"]}`)), subject(), policy.PasswordSignIn())[0]
	assert.Equal(t, entramfa.Sometimes, f.Extent)
	assert.Contains(t, said(f), "for instance a sign-in as mobileAppsAndDesktopClients or browser, on platform android, from 0.0.0.0")
}

// TestNoSignInIsClearOfWhatItDoesNotSay: a list without values, or with values
// that Graph doesn't have, is no reason for Clear.
func TestNoSignInIsClearOfWhatItDoesNotSay(t *testing.T) {
	country := `"locations": {"includeLocations": ["` + office + `"]}`
	for name, c := range map[string]struct {
		change string
		narrow func(*policy.SignIn)
		want   string
	}{
		"no application":                      {`"applications": {"includeApplications": ["` + exchangeOnlineID + `"]}`, func(s *policy.SignIn) { s.Applications = []string{} }, "mfa sometimes"},
		"no client":                           {`"clientAppTypes": ["browser"]`, func(s *policy.SignIn) { s.ClientAppTypes = []string{} }, "mfa sometimes"},
		"no platform":                         {`"platforms": {"includePlatforms": ["windows"]}`, func(s *policy.SignIn) { s.Platforms = []string{} }, "mfa sometimes"},
		"no sign-in risk":                     {`"signInRiskLevels": ["high"]`, func(s *policy.SignIn) { s.SignInRiskLevels = []string{} }, "mfa sometimes"},
		"no user risk":                        {`"userRiskLevels": ["high"]`, func(s *policy.SignIn) { s.UserRiskLevels = []string{} }, "mfa sometimes"},
		"no insider risk":                     {`"insiderRiskLevels": "minor"`, func(s *policy.SignIn) { s.InsiderRiskLevels = []string{} }, "mfa sometimes"},
		"no flow":                             {`"authenticationFlows": {"transferMethods": "deviceCodeFlow"}`, func(s *policy.SignIn) { s.AuthenticationFlows = []string{} }, "mfa sometimes"},
		"no country":                          {country, func(s *policy.SignIn) { s.Countries = []string{} }, "mfa sometimes"},
		"no address":                          {country, func(s *policy.SignIn) { s.Addresses = []netip.Prefix{} }, "mfa sometimes"},
		"an address that is none":             {country, func(s *policy.SignIn) { s.Addresses = []netip.Prefix{{}} }, "mfa sometimes"},
		"an application's name":               {`"applications": {"includeApplications": ["` + exchangeOnlineID + `"]}`, func(s *policy.SignIn) { s.Applications = []string{"exchange"} }, "unknown unknown"},
		"an excluded application's neighbour": {`"applications": {"includeApplications": ["All"], "excludeApplications": ["` + exchangeOnlineID + `"]}`, func(s *policy.SignIn) { s.Applications = []string{"exchange"} }, "unknown unknown"},
		"an unknown client":                   {`"clientAppTypes": ["browser"]`, func(s *policy.SignIn) { s.ClientAppTypes = []string{"brwoser"} }, "unknown unknown"},
		"an unknown risk":                     {`"signInRiskLevels": ["high"]`, func(s *policy.SignIn) { s.SignInRiskLevels = []string{"severe"} }, "unknown unknown"},
		"an unknown flow":                     {`"authenticationFlows": {"transferMethods": "deviceCodeFlow"}`, func(s *policy.SignIn) { s.AuthenticationFlows = []string{"deviceCode"} }, "unknown unknown"},
		"a country's name":                    {country, func(s *policy.SignIn) { s.Countries = []string{"Netherlands"} }, "unknown unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			place := tenant(parse(t, c.change))
			place.NamedLocations = entramfa.Known([]policy.NamedLocation{
				{Type: policy.CountryNamedLocation, ID: office, CountriesAndRegions: []string{"NL"}},
			})
			region := policy.PasswordSignIn()
			c.narrow(&region)
			f := policy.Judge(place, subject(), region)[0]
			assert.Equal(t, c.want, fmt.Sprint(f.Outcome, " ", f.Extent), "%+v", f)
			assert.Equal(t, c.want == "unknown unknown", len(f.Missing) > 0, "%+v", f)
			assert.NotEqual(t, entramfa.Clear, policy.Decide(place, subject(), region).Outcome)
			nothing := policy.Tenant{Policies: entramfa.Known(policy.List{})}
			changes := diff(nothing, place, region, subject())
			assert.Len(t, changes, 1, "the policy changes what happens to the account")
		})
	}
}

const exchangeOnlineID = "00000002-0000-0ff1-ce00-000000000000"
