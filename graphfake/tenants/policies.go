package tenants

import (
	"context"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// accounts are those that the tenant has so far.
func (s site) accounts() []mfa.User {
	return must(s.UsersByDisplayName(context.Background(), ""))
}

// The pieces of which the policies are made.

func everybody() *policy.Users { return &policy.Users{IncludeUsers: []string{"All"}} }

func inRole(roles ...string) *policy.Users { return &policy.Users{IncludeRoles: roles} }

func inGroup(groups ...string) *policy.Users { return &policy.Users{IncludeGroups: groups} }

func guests() *policy.Users { return &policy.Users{IncludeUsers: []string{"GuestsOrExternalUsers"}} }

func without(users *policy.Users, groups ...string) *policy.Users {
	users.ExcludeGroups = append(users.ExcludeGroups, groups...)
	return users
}

func apps(ids ...string) *policy.Applications { return &policy.Applications{IncludeApplications: ids} }

func everything() *policy.Applications { return apps("All") }

// when narrows a condition.
type when func(*policy.Conditions)

func anywhere(*policy.Conditions) {}

func legacyClients(c *policy.Conditions) {
	c.ClientAppTypes = []string{"exchangeActiveSync", "other"}
}

func outside(places ...string) when {
	return func(c *policy.Conditions) {
		c.Locations = &policy.Locations{IncludeLocations: []string{"All"}, ExcludeLocations: places}
	}
}

func inside(places ...string) when {
	return func(c *policy.Conditions) { c.Locations = &policy.Locations{IncludeLocations: places} }
}

func on(platforms ...string) when {
	return func(c *policy.Conditions) { c.Platforms = &policy.Platforms{IncludePlatforms: platforms} }
}

func risky(levels ...string) when {
	return func(c *policy.Conditions) { c.SignInRiskLevels = levels }
}

func deviceCode(c *policy.Conditions) {
	c.AuthenticationFlows = &policy.AuthenticationFlows{TransferMethods: new(policy.Flags("deviceCodeFlow"))}
}

func grant(operator string, controls ...string) *policy.GrantControls {
	return &policy.GrantControls{Operator: &operator, BuiltInControls: controls}
}

func demand() *policy.GrantControls { return grant("OR", "mfa") }

func block() *policy.GrantControls { return grant("OR", "block") }

func compliant() *policy.GrantControls {
	return grant("OR", "compliantDevice", "domainJoinedDevice")
}

// policy adds one policy.
func (s site) policy(name string, state policy.State, users *policy.Users, target *policy.Applications, when when, controls *policy.GrantControls) {
	conditions := &policy.Conditions{Users: users, Applications: target, ClientAppTypes: []string{"all"}}
	when(conditions)
	must(s.AddPolicy(policy.Policy{DisplayName: name, State: state, Conditions: conditions, GrantControls: controls}))
}

// place is a named location of addresses.
func (s site) place(name, cidr string, trusted bool) string {
	return s.AddNamedLocation(policy.NamedLocation{
		Type: policy.IPNamedLocation, DisplayName: name, IsTrusted: &trusted,
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: cidr}},
	})
}

// countries is a named location of countries.
func (s site) countries(name string, codes ...string) string {
	return s.AddNamedLocation(policy.NamedLocation{
		Type: policy.CountryNamedLocation, DisplayName: name, CountriesAndRegions: codes, IncludeUnknownCountriesAndRegions: new(false),
		CountryLookupMethod: new("clientIpAddress"),
	})
}
