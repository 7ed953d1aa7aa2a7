package policy_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// A second evaluator, written from the documentation and sharing nothing with
// the engine but the types: it knows single sign-ins alone, and goes through
// them one by one.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-policies.

// point is one sign-in of one account.
type point struct {
	app, action, client, platform, country string
	address                                netip.Addr
	network                                bool
	signInRisk, userRisk, insider, flow    string
	device                                 string // empty: not registered
}

// naiveDevices are the registered devices of the universe: one that is compliant
// and joined in the cloud, one that is neither. Of both the two properties are
// known that the random rules ask for.
var naiveDevices = map[string]policy.Device{
	"laptop": {"isCompliant": true, "trustType": "AzureAD"},
	"server": {"IsCompliant": false, "trusttype": "SERVERAD", "model": nil},
}

// world is a small universe of which everything is known.
type world struct {
	account       string
	groups, roles []string // of the account
	locations     map[string]policy.NamedLocation
}

const (
	exchangeID = "00000002-0000-0ff1-ce00-000000000000"
	appA       = "797f4846-ba00-4fd7-ba43-dac1f8f63013" // Azure management, and the directory:
	appB       = "00000002-0000-0000-c000-000000000000" // neither is in the group Office365
	branch     = "d0000000-0000-4000-8000-000000000002"
	abroad     = "d0000000-0000-4000-8000-000000000003"
	network    = "d0000000-0000-4000-8000-000000000004"
)

func has(list []string, value string) bool { return slices.Contains(list, value) }

func (w world) applies(p policy.Policy, at point) bool {
	c := p.Conditions
	return w.user(c.Users) && target(c.Applications, at) && w.location(c.Locations, at) &&
		(has(c.ClientAppTypes, "all") || has(c.ClientAppTypes, at.client)) &&
		platform(c.Platforms, at.platform) &&
		listed(c.SignInRiskLevels, at.signInRisk) && listed(c.UserRiskLevels, at.userRisk) &&
		flags(c.InsiderRiskLevels, at.insider) &&
		(c.AuthenticationFlows == nil || flags(c.AuthenticationFlows.TransferMethods, at.flow)) &&
		(c.Devices == nil || filtered(*c.Devices.DeviceFilter, at.device))
}

func listed(levels []string, level string) bool { return len(levels) == 0 || has(levels, level) }

func flags(f *policy.Flags, value string) bool {
	return f == nil || slices.ContainsFunc(strings.Split(string(*f), ","), func(s string) bool { return strings.TrimSpace(s) == value })
}

func (w world) user(u *policy.Users) bool {
	in := has(u.IncludeUsers, "All") || has(u.IncludeUsers, w.account)
	out := has(u.ExcludeUsers, w.account)
	for _, g := range w.groups {
		in, out = in || has(u.IncludeGroups, g), out || has(u.ExcludeGroups, g)
	}
	for _, r := range w.roles {
		in, out = in || has(u.IncludeRoles, r), out || has(u.ExcludeRoles, r)
	}
	return in && !out
}

func target(a *policy.Applications, at point) bool {
	if at.action != "" {
		return has(a.IncludeUserActions, at.action)
	}
	means := func(entries []string) bool {
		return has(entries, at.app) || has(entries, "All") || has(entries, "Office365") && at.app == exchangeID
	}
	return means(a.IncludeApplications) && !means(a.ExcludeApplications)
}

func platform(p *policy.Platforms, name string) bool {
	return p == nil || (has(p.IncludePlatforms, "all") || has(p.IncludePlatforms, name)) && !has(p.ExcludePlatforms, name)
}

func (w world) location(l *policy.Locations, at point) bool {
	if l == nil {
		return true
	}
	return w.anywhere(l.IncludeLocations, at) && !w.anywhere(l.ExcludeLocations, at)
}

func (w world) anywhere(ids []string, at point) bool {
	for _, id := range ids {
		where := w.locations[id]
		inRange := slices.ContainsFunc(where.IPRanges, func(r policy.IPRange) bool { return netip.MustParsePrefix(r.CIDRAddress).Contains(at.address) })
		inCountry := has(where.CountriesAndRegions, at.country)
		if at.country == "unknown" {
			inCountry = where.IncludeUnknownCountriesAndRegions != nil && *where.IncludeUnknownCountriesAndRegions
		}
		if id == "All" || inRange || inCountry || where.CompliantNetworkType != nil && at.network {
			return true
		}
	}
	return false
}

// The two rules that the random policies have.
const (
	compliantRule = `device.isCompliant -eq True`
	notServerRule = `device.trustType -ne "ServerAD"`
)

// filtered says whether a filter takes a device in. One that isn't registered is
// not compliant, nor is its trust type that of a server.
func filtered(f policy.Filter, device string) bool {
	matches := device == "laptop"
	if f.Rule == notServerRule {
		matches = device != "server"
	}
	return matches == (f.Mode == "include")
}

// grants says what the controls do to who has a password alone.
func grants(p policy.Policy) entramfa.Outcome {
	g := p.GrantControls
	switch {
	case g == nil:
		return entramfa.Clear
	case has(g.BuiltInControls, "block"):
		return entramfa.Blocked
	}
	met := 0
	all := len(g.BuiltInControls)
	if s := g.AuthenticationStrength; s != nil {
		all++
		if slices.Contains(s.AllowedCombinations, "password") {
			met++
		}
	}
	if met == all || *g.Operator == "OR" && met > 0 {
		return entramfa.Clear
	}
	return entramfa.MFA
}

// does is what a policy does to one sign-in. Legacy clients can meet no demand.
func (w world) does(p policy.Policy, at point) entramfa.Outcome {
	outcome := grants(p)
	switch {
	case outcome == entramfa.Clear || !w.applies(p, at):
		return entramfa.Clear
	case at.client == "exchangeActiveSync" || at.client == "other":
		return entramfa.Blocked
	}
	return outcome
}

// dice makes random policies and regions, the same for a seed.
type dice struct{ *rand.Rand }

func (d dice) some(from ...string) []string {
	list := []string{}
	for _, v := range from {
		if d.IntN(3) == 0 {
			list = append(list, v)
		}
	}
	return list
}

func (d dice) one(from ...string) string { return from[d.IntN(len(from))] }

// oneOrMore is a part of a region: never empty.
func (d dice) oneOrMore(most int, from ...string) []string {
	d.Shuffle(len(from), func(i, k int) { from[i], from[k] = from[k], from[i] })
	return slices.Clone(from[:1+d.IntN(min(most, len(from)))])
}

func (d dice) maybe(chance int, change func()) {
	if d.IntN(chance) == 0 {
		change()
	}
}

func (d dice) policy() policy.Policy {
	c := &policy.Conditions{
		ClientAppTypes: d.oneOrMore(3, "all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"),
		Users: &policy.Users{
			IncludeUsers: d.oneOrMore(2, "All", "All", "None", account, someone), ExcludeUsers: d.some(account, someone, someone),
			IncludeGroups: d.some(direct, nested, foreign), ExcludeGroups: d.some(direct, foreign, foreign),
			IncludeRoles: d.some(exchange, teams), ExcludeRoles: d.some(exchange, userAdmin, teams),
		},
		Applications: &policy.Applications{IncludeApplications: d.oneOrMore(2, "All", "Office365", appA, exchangeID), ExcludeApplications: d.some(appA, appB, exchangeID)},
	}
	if has(c.Users.IncludeUsers, "None") {
		c.Users.IncludeUsers = []string{"None"}
	}
	d.maybe(6, func() {
		c.Applications = &policy.Applications{IncludeUserActions: d.oneOrMore(2, "urn:user:registerdevice", "urn:user:registersecurityinfo")}
	})
	d.maybe(3, func() {
		c.Platforms = &policy.Platforms{IncludePlatforms: d.oneOrMore(2, "all", "windows", "iOS"), ExcludePlatforms: d.some("windows", "android", "linux")}
	})
	d.maybe(2, func() {
		c.Locations = &policy.Locations{IncludeLocations: d.oneOrMore(2, "All", office, branch, abroad, network), ExcludeLocations: d.some(office, branch, abroad, network)}
	})
	d.maybe(5, func() { c.SignInRiskLevels = d.oneOrMore(2, "low", "medium", "high") })
	d.maybe(5, func() { c.UserRiskLevels = d.oneOrMore(2, "medium", "high", "none") })
	d.maybe(8, func() {
		f := policy.Flags(strings.Join(d.oneOrMore(2, "minor", "moderate", "elevated"), d.one(",", ", ", " ,")))
		c.InsiderRiskLevels = &f
	})
	d.maybe(6, func() {
		f := policy.Flags(strings.Join(d.oneOrMore(2, "deviceCodeFlow", "authenticationTransfer"), ","))
		c.AuthenticationFlows = &policy.AuthenticationFlows{TransferMethods: &f}
	})
	d.maybe(6, func() {
		c.Devices = &policy.Devices{DeviceFilter: &policy.Filter{Mode: d.one("include", "exclude"), Rule: d.one(compliantRule, notServerRule)}}
	})
	return policy.Policy{ID: "p", DisplayName: "P", State: policy.StateEnabled, Conditions: c, GrantControls: d.controls()}
}

func (d dice) controls() *policy.GrantControls {
	operator := d.one("AND", "OR")
	g := &policy.GrantControls{Operator: &operator, BuiltInControls: d.some("mfa", "compliantDevice", "passwordChange")}
	d.maybe(4, func() { g.BuiltInControls = []string{"block"} })
	d.maybe(3, func() {
		g.AuthenticationStrength = &policy.AuthenticationStrength{ID: "s", AllowedCombinations: []policy.Flags{policy.Flags(d.one("password", "fido2", "password,sms"))}}
	})
	if len(g.BuiltInControls) == 0 && g.AuthenticationStrength == nil {
		g.BuiltInControls = []string{"mfa"}
	}
	return g
}

func (d dice) region(most int) policy.SignIn {
	s := policy.SignIn{
		Applications: d.oneOrMore(most, appA, appB, exchangeID), UserActions: []string{}, AuthenticationContexts: []string{},
		ClientAppTypes: d.oneOrMore(most, "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"),
		Platforms:      d.oneOrMore(most, "windows", "iOS", "android", "linux", policy.PlatformUnknown),
		Countries:      d.oneOrMore(most, "NL", "DE", policy.CountryUnknown), GPSCountries: []string{policy.CountryUnknown},
		CompliantNetworks: []bool{d.IntN(2) == 0},
		SignInRiskLevels:  d.oneOrMore(most, "none", "low", "high"), UserRiskLevels: d.oneOrMore(most, "none", "medium"),
		InsiderRiskLevels: d.oneOrMore(most, "none", "minor", "elevated"), AuthenticationFlows: d.oneOrMore(most, "none", "deviceCodeFlow"),
	}
	for _, address := range d.oneOrMore(most, "203.0.113.7", "203.0.113.200", "198.51.100.9", "2001:db8:1::5", "2001:db8:2::5") {
		s.Addresses = append(s.Addresses, netip.PrefixFrom(netip.MustParseAddr(address), netip.MustParseAddr(address).BitLen()))
	}
	for _, device := range d.oneOrMore(most, "", "", "laptop", "server") {
		s.UnregisteredDevice = s.UnregisteredDevice || device == ""
		if device != "" {
			s.Devices = append(s.Devices, naiveDevices[device])
		}
	}
	d.maybe(6, func() { s.UserActions = []string{"urn:user:registerdevice"} })
	return s
}

// points lists every sign-in of a region.
func points(s policy.SignIn) []point {
	var list []point
	targets := slices.Concat(s.Applications, s.UserActions)
	for _, target := range targets {
		at := point{app: target, network: s.CompliantNetworks[0]}
		if strings.HasPrefix(target, "urn:") {
			at.app, at.action = "", target
		}
		for _, at.client = range s.ClientAppTypes {
			for _, at.platform = range s.Platforms {
				for _, at.country = range s.Countries {
					for _, at.signInRisk = range s.SignInRiskLevels {
						for _, at.userRisk = range s.UserRiskLevels {
							for _, at.insider = range s.InsiderRiskLevels {
								for _, at.flow = range s.AuthenticationFlows {
									for _, prefix := range s.Addresses {
										at.address = prefix.Addr()
										for _, at.device = range devices(s) {
											list = append(list, at)
										}
									}
								}
							}
						}
					}
				}
			}
		}
	}
	return list
}

// devices names those of a region.
func devices(s policy.SignIn) []string {
	var list []string
	if s.UnregisteredDevice {
		list = []string{""}
	}
	for _, d := range s.Devices {
		name := "laptop"
		if _, server := d["model"]; server {
			name = "server"
		}
		list = append(list, name)
	}
	return list
}

// expected is what going through a region one by one gives.
func (w world) expected(p policy.Policy, s policy.SignIn) string {
	counts, all := map[entramfa.Outcome]int{}, points(s)
	for _, at := range all {
		counts[w.does(p, at)]++
	}
	outcome := entramfa.Blocked
	if counts[entramfa.MFA] > 0 {
		outcome = entramfa.MFA // it blocks only those that can meet no demand
	}
	switch counts[entramfa.Clear] {
	case len(all):
		return "clear never"
	case 0:
		return outcome.String() + " always"
	}
	return outcome.String() + " sometimes"
}

func naiveWorld() (world, policy.Tenant) {
	yes, gps, all := true, "clientIpAddress", "allTenantCompliantNetworks"
	locations := []policy.NamedLocation{
		{Type: policy.IPNamedLocation, ID: office, DisplayName: "Office", IPRanges: []policy.IPRange{{CIDRAddress: "203.0.113.0/25"}, {CIDRAddress: "2001:db8:1::/48"}}},
		{Type: policy.IPNamedLocation, ID: branch, DisplayName: "Branch", IPRanges: []policy.IPRange{{CIDRAddress: "203.0.113.0/24"}}},
		{Type: policy.CountryNamedLocation, ID: abroad, DisplayName: "Abroad", CountriesAndRegions: []string{"DE"}, IncludeUnknownCountriesAndRegions: &yes, CountryLookupMethod: &gps},
		{Type: policy.CompliantNetworkNamedLocation, ID: network, DisplayName: "Network", CompliantNetworkType: &all},
	}
	w := world{account: account, groups: []string{direct, nested}, roles: []string{exchange}, locations: map[string]policy.NamedLocation{}}
	for _, l := range locations {
		w.locations[l.ID] = l
	}
	return w, policy.Tenant{NamedLocations: entramfa.Known(locations), Strengths: entramfa.Known([]policy.AuthenticationStrength{})}
}

func naiveSubject() policy.Subject {
	s := subject()
	groups, _ := s.Groups.Get()
	s.Groups = entramfa.Known(groups[:2])
	s.Roles = entramfa.Known([]policy.RoleAssignment{role(account, exchange, "/")})
	return s
}

// agree compares the two evaluators on n random policies and regions.
func agree(t *testing.T, n int, most int) {
	w, tenant := naiveWorld()
	answers := w.judges(tenant, naiveSubject())
	for seed := range n {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 1))}
		c := trial{Policies: []policy.Policy{d.policy()}, SignIn: d.region(most)}
		if got, want := answers(c); got != want {
			disagree(t, seed, c, answers)
		}
	}
}

// One sign-in each: 1,000,000 random policies, accounts and sign-ins.
func TestAgreesWithTheNaiveEvaluatorOnPoints(t *testing.T) {
	n := 1_000_000
	if testing.Short() || raceEnabled {
		n = 20_000
	}
	agree(t, n, 1)
}

// Sets of sign-ins: always, sometimes and never are what counting gives.
func TestAgreesWithTheNaiveEvaluatorOnRegions(t *testing.T) { agree(t, 10_000, 2) }
