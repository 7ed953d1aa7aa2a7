package policy_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// The tenant of the benchmarks: 240 policies with every kind of condition, over
// 200 groups, 40 apps, 24 named locations.

func benchID(kind string, n int) string {
	return fmt.Sprintf("%s0000000-0000-4000-8000-%012d", kind, n)
}

func benchLocations() []policy.NamedLocation {
	trusted := true
	var list []policy.NamedLocation
	for i := range 24 {
		l := policy.NamedLocation{Type: policy.IPNamedLocation, ID: benchID("d", i), DisplayName: fmt.Sprint("Site ", i)}
		if i%3 == 2 {
			l.Type, l.CountriesAndRegions = policy.CountryNamedLocation, []string{"NL", "BE", "DE", "FR", "LU", "AT"}[:1+i%6]
		} else {
			l.IsTrusted = &trusted
			for k := range 4 {
				l.IPRanges = append(l.IPRanges, policy.IPRange{CIDRAddress: fmt.Sprintf("198.%d.%d.0/24", 18+i%2, i*4+k)})
			}
			l.IPRanges = append(l.IPRanges, policy.IPRange{CIDRAddress: fmt.Sprintf("2001:db8:%x::/48", i)})
		}
		list = append(list, l)
	}
	return list
}

func benchUsers(i int) *policy.Users {
	group := func(k int) string { return benchID("a", (i*7+k*31)%200) }
	if i%5 == 0 {
		return &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{group(0), group(1), group(2)}, ExcludeUsers: []string{benchID("b", i)}}
	}
	return &policy.Users{IncludeGroups: []string{group(0), group(1), group(2)}, ExcludeGroups: []string{group(3)}}
}

func benchApplications(i int) *policy.Applications {
	app := func(k int) string { return benchID("e", (i*3+k)%40) }
	switch i % 6 {
	case 0, 1:
		return &policy.Applications{IncludeApplications: []string{"All"}}
	case 2:
		return &policy.Applications{IncludeApplications: []string{"All"}, ExcludeApplications: []string{app(0), app(1)}}
	case 3:
		return &policy.Applications{IncludeApplications: []string{"797f4846-ba00-4fd7-ba43-dac1f8f63013"}}
	}
	return &policy.Applications{IncludeApplications: []string{app(0), app(1), app(2)}}
}

func benchConditions(i int) *policy.Conditions {
	c := &policy.Conditions{Users: benchUsers(i), Applications: benchApplications(i), ClientAppTypes: []string{"all"}}
	switch i % 11 {
	case 1:
		c.ClientAppTypes = []string{"exchangeActiveSync", "other"}
	case 2:
		c.ClientAppTypes = []string{"browser", "mobileAppsAndDesktopClients"}
	case 3:
		c.Platforms = &policy.Platforms{IncludePlatforms: []string{"all"}, ExcludePlatforms: []string{"windows", "macOS", "iOS", "android", "linux"}}
	case 4:
		c.Platforms = &policy.Platforms{IncludePlatforms: []string{"iOS", "android"}}
	case 5, 6:
		c.Locations = &policy.Locations{IncludeLocations: []string{"All"}, ExcludeLocations: []string{benchID("d", i%24)}}
	case 7:
		c.Locations = &policy.Locations{IncludeLocations: []string{benchID("d", i%24)}}
	case 8:
		c.SignInRiskLevels = []string{"medium", "high"}
	case 9:
		c.UserRiskLevels = []string{"high"}
	case 10:
		flow := policy.Flags("deviceCodeFlow,authenticationTransfer")
		c.AuthenticationFlows = &policy.AuthenticationFlows{TransferMethods: &flow}
	}
	if i%23 == 0 {
		c.Devices = &policy.Devices{DeviceFilter: &policy.Filter{Mode: "exclude", Rule: `device.isCompliant -eq True -or device.trustType -eq "ServerAD"`}}
	}
	return c
}

func benchPolicy(i int) policy.Policy {
	or := "OR"
	controls := [][]string{{"mfa"}, {"mfa"}, {"block"}, {"mfa", "compliantDevice"}, {"compliantDevice", "domainJoinedDevice"}}[i%5]
	return policy.Policy{
		ID: benchID("c", i), DisplayName: fmt.Sprint("CA", i), State: policy.StateEnabled,
		Conditions: benchConditions(i), GrantControls: &policy.GrantControls{Operator: &or, BuiltInControls: controls},
	}
}

func benchTenant(policies int) policy.Tenant {
	var list policy.List
	for i := range policies {
		list.Policies = append(list.Policies, benchPolicy(i))
	}
	return policy.Tenant{Policies: entramfa.Known(list), NamedLocations: entramfa.Known(benchLocations()), Strengths: entramfa.Known([]policy.AuthenticationStrength{})}
}

// benchSubject is in four of the groups.
func benchSubject(n int) policy.Subject {
	var groups []policy.Membership
	for k := range 4 {
		groups = append(groups, policy.Membership{Group: policy.Group{ID: benchID("a", (n*13+k*k*17+k)%200)}})
	}
	return policy.Subject{
		ID: benchID("b", n), Kinds: entramfa.Known([]string{}), Groups: entramfa.Known(groups),
		Roles: entramfa.Known([]policy.RoleAssignment{}), EligibleRoles: entramfa.Known([]policy.RoleAssignment{}),
	}
}

// benchSignIns are single sign-ins that differ in every property.
func benchSignIns() []policy.SignIn {
	var list []policy.SignIn
	pick := func(i int, from ...string) []string { return from[i%len(from) : i%len(from)+1] }
	for i := range 64 {
		list = append(list, policy.SignIn{
			Applications: []string{benchID("e", i%48)}, UserActions: []string{}, AuthenticationContexts: []string{},
			ClientAppTypes: pick(i, "browser", "mobileAppsAndDesktopClients", "other"), Platforms: pick(i, "windows", "iOS", "unknown", "linux", "macOS"),
			Addresses: []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(fmt.Sprintf("198.18.%d.9", i*2)), 32)},
			Countries: pick(i, "NL", "US", "BE", "unknown"), GPSCountries: []string{"unknown"}, CompliantNetworks: []bool{false}, UnregisteredDevice: true,
			SignInRiskLevels: pick(i, "none", "none", "high"), UserRiskLevels: pick(i, "none", "low"), InsiderRiskLevels: []string{"none"},
			AuthenticationFlows: pick(i, "none", "none", "none", "deviceCodeFlow"),
		})
	}
	return list
}

func BenchmarkPrepare(b *testing.B) {
	tenant := benchTenant(240)
	b.ReportAllocs()
	for b.Loop() {
		policy.Prepare(tenant)
	}
}

func BenchmarkPrepareAccount(b *testing.B) {
	prepared, subject := policy.Prepare(benchTenant(240)), benchSubject(1)
	b.ReportAllocs()
	for b.Loop() {
		prepared.Account(subject)
	}
}

func BenchmarkDecideSignIn(b *testing.B) {
	account := policy.Prepare(benchTenant(240)).Account(benchSubject(1))
	signIns, i := benchSignIns(), 0
	b.ReportAllocs()
	for b.Loop() {
		account.Decide(signIns[i%len(signIns)])
		i++
	}
}

func BenchmarkDecideEverySignIn(b *testing.B) {
	prepared := policy.Prepare(benchTenant(240))
	verdicts := map[string]int{}
	var accounts []*policy.Account
	for n := range 64 {
		accounts = append(accounts, prepared.Account(benchSubject(n)))
		v := accounts[n].Decide(policy.SignIn{})
		verdicts[v.Outcome.String()+" "+v.Extent.String()]++
	}
	b.Log(verdicts)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		accounts[i%len(accounts)].Decide(policy.SignIn{})
		i++
	}
}
