package policy_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

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

// benchUsers: policy 55, MFA for all, leaves out seven large groups, one policy in
// 24 is for everybody but three groups, the others are for three groups but one.
func benchUsers(i int) *policy.Users {
	group := func(k int) string { return benchID("a", (i*7+k*31)%200) }
	if i == 55 {
		return &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: benchGroupIDs(7)}
	}
	if i%24 == 7 && i != 79 {
		return &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{group(0), group(1), group(2)}, ExcludeUsers: []string{benchID("b", i)}}
	}
	return &policy.Users{IncludeGroups: []string{group(0), group(1), group(2)}, ExcludeGroups: []string{group(3)}}
}

func benchGroupIDs(n int) []string {
	var ids []string
	for i := range n {
		ids = append(ids, benchID("a", i))
	}
	return ids
}

func benchAccounts(n int) []string {
	var ids []string
	for i := range n {
		ids = append(ids, benchID("b", i))
	}
	return ids
}

func benchApplications(i int) *policy.Applications {
	app := func(k int) string { return benchID("e", (i*3+k)%40) }
	everything := i%11 == 0 || i%11 == 2 // but for the apps the policy would meet every sign-in
	switch {
	case i == 55, i%6 < 2 && !everything:
		return &policy.Applications{IncludeApplications: []string{"All"}}
	case i%6 == 2 && !everything:
		return &policy.Applications{IncludeApplications: []string{"All"}, ExcludeApplications: []string{app(0), app(1)}}
	case i%6 == 3:
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
	controls := [][]string{{"mfa"}, {"mfa"}, {"mfa"}, {"mfa", "compliantDevice"}, {"compliantDevice", "domainJoinedDevice"}}[i%5]
	if slices.Contains([]int{1, 5, 7, 10}, i%11) && i%2 == 0 {
		controls = []string{"block"}
	}
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

func BenchmarkExplainSignIn(b *testing.B) {
	account := policy.Prepare(benchTenant(240)).Account(benchSubject(1))
	signIns, i := benchSignIns(), 0
	b.ReportAllocs()
	for b.Loop() {
		account.Explain(signIns[i%len(signIns)])
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

// benchGroups are the groups of one of many accounts: four of 200, the first few
// groups larger than the rest.
func benchGroups(n int) [4]int {
	x := uint64(n)*0x9E3779B97F4A7C15 + 1
	var groups [4]int
	for k := range groups {
		x ^= x >> 29
		x *= 0xBF58476D1CE4E5B9
		groups[k] = int(x>>40) % 200
		if k == 0 {
			groups[k] %= 20
		}
	}
	return groups
}

// benchDirectory holds accounts with their memberships by group.
func benchDirectory(tb testing.TB, accounts int) *policy.Directory {
	var d policy.Directory
	require.NoError(tb, d.AddAccounts(func(yield func(policy.Subject, error) bool) {
		for n := range accounts {
			if !yield(policy.Subject{ID: benchID("b", n), Kinds: entramfa.Known([]string{})}, nil) {
				return
			}
		}
	}))
	members := make([][]int, 200)
	for n := range accounts {
		for _, g := range benchGroups(n) {
			members[g] = append(members[g], n)
		}
	}
	for g, numbers := range members {
		require.NoError(tb, d.AddMembers(benchID("a", g), func(yield func(string, error) bool) {
			for _, n := range numbers {
				if !yield(benchID("b", n), nil) {
					return
				}
			}
		}))
	}
	require.NoError(tb, d.AddRoleAssignments(stream[policy.RoleAssignment]()))
	return &d
}

// shares counts the verdicts of a sweep.
func shares(s *policy.Sweep) string {
	text := ""
	for _, outcome := range []entramfa.Outcome{entramfa.Unknown, entramfa.Clear, entramfa.MFA, entramfa.Blocked} {
		for _, extent := range []entramfa.Extent{entramfa.ExtentUnknown, entramfa.Never, entramfa.Sometimes, entramfa.Always} {
			if n := s.Count(entramfa.Verdict{Outcome: outcome, Extent: extent}); n > 0 {
				text += fmt.Sprintf("%s %s: %d, ", outcome, extent, n)
			}
		}
	}
	return text
}

// heap is what is in use once garbage is gone, in megabytes.
func heap() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / 1e6
}

func BenchmarkLoadDirectory(b *testing.B) {
	for _, accounts := range benchSizes {
		b.Run(fmt.Sprint(accounts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				benchDirectory(b, accounts)
			}
		})
	}
}

var benchSizes = []int{1_000, 10_000, 100_000, 1_000_000}

func BenchmarkSweep(b *testing.B) {
	prepared := policy.Prepare(benchTenant(240))
	for _, accounts := range benchSizes {
		d := benchDirectory(b, accounts)
		for name, region := range map[string]policy.SignIn{"password sign-ins": policy.PasswordSignIn(), "every resource": {UserActions: []string{}}} {
			b.Run(fmt.Sprintf("%s/%d", name, accounts), func(b *testing.B) {
				b.Log(shares(prepared.Sweep(d, region)))
				b.ReportAllocs()
				for b.Loop() {
					prepared.Sweep(d, region)
				}
				b.ReportMetric(heap(), "heap-MB")
			})
		}
	}
}

func BenchmarkDiff(b *testing.B) {
	tenant, changed := benchTenant(240), benchTenant(240)
	before := policy.Prepare(tenant)
	list, _ := changed.Policies.Get()
	users := list.Policies[55].Conditions.Users
	for name, excluded := range map[string]policy.Users{
		"20 accounts excluded": {IncludeUsers: users.IncludeUsers, ExcludeUsers: benchAccounts(20), ExcludeGroups: users.ExcludeGroups},
		"nobody included":      {IncludeUsers: []string{"None"}},
		"one group excluded":   {IncludeUsers: users.IncludeUsers, ExcludeGroups: benchGroupIDs(8)},
	} {
		list.Policies[55].Conditions.Users = &excluded
		after := policy.Prepare(changed)
		for _, accounts := range benchSizes {
			d := benchDirectory(b, accounts)
			b.Run(fmt.Sprintf("%s/%d", name, accounts), func(b *testing.B) {
				found := 0
				b.ReportAllocs()
				for b.Loop() {
					changes, err := policy.Diff(policy.Snapshot{Policies: before, Accounts: d}, policy.Snapshot{Policies: after, Accounts: d}, policy.SignIn{UserActions: []string{}})
					require.NoError(b, err)
					found = 0
					for range changes {
						found++
					}
				}
				b.Log("changes", found)
			})
		}
	}
}
