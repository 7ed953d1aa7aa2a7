package tenants

import (
	"fmt"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Roles that the enterprise gives, by
// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const (
	userAdministrator     = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	securityAdministrator = "194ae4cb-b126-40b2-bd5b-6091b380977d"
	exchangeAdministrator = "29232cdf-9323-42fd-ade2-1d097af3e4de"
)

// personas are the kinds of accounts that policies are made for.
var personas = []string{"Admins", "Internals", "Externals", "Developers", "Vendors", "ServiceAccounts"}

// Enterprise has Entra ID P2, sixty policies in any state, made for six kinds of accounts
// that are told apart by groups within groups, five deep; named locations, a device
// filter, risks, roles through groups and roles that may be activated. The service account
// is deep in the group of the service accounts: it is blocked outside the data centre, and
// inside it nothing meets it.
func Enterprise() *graphfake.Tenant {
	s := newSite(3)
	s.licensed("EMSPREMIUM", securitydefaults.PlanEntraP2, "Enabled")
	e := &enterprise{site: s, groups: map[string]string{}}
	e.people()
	e.glass = s.group("CA-BreakGlass", s.person("glass@contoso.example", "Break glass"))
	e.datacentre = s.place("Data centre", "203.0.113.0/28", true)
	e.offices = s.place("Offices", "198.51.100.0/24", true)
	e.barred = s.countries("Barred countries", "KP", "IR")
	for _, persona := range personas {
		e.baseline(persona)
	}
	e.personal()
	e.everyone()
	e.experiments()
	return s.Tenant
}

// enterprise is the tenant while it is made.
type enterprise struct {
	site
	groups                             map[string]string // by persona
	glass, datacentre, offices, barred string
}

// people makes the accounts, and groups five deep for each persona.
func (e *enterprise) people() {
	for _, persona := range personas {
		inner := e.group(persona + " team")
		outer := inner
		for level := range 4 {
			outer = e.group(fmt.Sprintf("%s level %d", persona, 4-level), outer)
		}
		e.groups[persona] = e.group("CA-"+persona, outer)
		for n := range 8 {
			user := e.person(fmt.Sprintf("%s%d@contoso.example", persona, n), fmt.Sprintf("%s %d", persona, n))
			ok(e.AddMember(inner, user))
			if n > 0 {
				e.registers(user)
			}
		}
	}
	ok(e.AddMember(e.groups["ServiceAccounts"], e.group("Backup products", e.id(Service))))
	ok(e.AddMember(e.groups["Admins"], e.id(Administrator)))
	holders := e.AddGroup(policy.Group{DisplayName: "Exchange administrators", IsAssignableToRole: new(true)})
	ok(e.AddMember(holders, e.id("Admins1@contoso.example")))
	e.holds(holders, exchangeAdministrator)
	e.holds(e.id("Admins2@contoso.example"), userAdministrator)
	must(e.MakeEligible(policy.RoleAssignment{PrincipalID: e.id("Admins3@contoso.example"), RoleDefinitionID: securityAdministrator}))
}

func (e *enterprise) of(persona string) *policy.Users {
	return without(inGroup(e.groups[persona]), e.glass)
}

// baseline are the four policies that every persona has.
func (e *enterprise) baseline(persona string) {
	name := func(what string) string { return fmt.Sprintf("%s - %s", persona, what) }
	e.policy(name("Block legacy authentication"), policy.StateEnabled, e.of(persona), everything(), legacyClients, block())
	e.policy(name("Block barred countries"), policy.StateEnabled, e.of(persona), everything(), inside(e.barred), block())
	e.policy(name("Block device code flow"), policy.StateEnabled, e.of(persona), everything(), deviceCode, block())
	if persona == "ServiceAccounts" {
		e.policy(name("Block outside the data centre"), policy.StateEnabled, e.of(persona), everything(), outside(e.datacentre), block())
		return
	}
	e.policy(name("MFA"), policy.StateEnabled, e.of(persona), everything(), anywhere, demand())
}

// personal are the policies of people: platforms, risks, devices and portals.
func (e *enterprise) personal() {
	for _, persona := range personas[:5] {
		name := func(what string) string { return fmt.Sprintf("%s - %s", persona, what) }
		e.policy(name("Compliant device on Windows"), policy.StateEnabled, e.of(persona), apps("Office365"), on("windows"), compliant())
		e.policy(name("Approved app on phones"), policy.StateEnabled, e.of(persona), apps("Office365"), on("iOS", "android"), grant("OR", "compliantApplication"))
		e.policy(name("Block risky sign-ins"), policy.StateEnabled, e.of(persona), everything(), risky("high"), block())
		e.policy(name("Block Azure"), stateFor(persona), e.of(persona), apps(mfa.AzureManagement), outside(e.offices), block())
	}
}

// stateFor: who needs Azure isn't kept out of it.
func stateFor(persona string) policy.State {
	if persona == "Admins" || persona == "Developers" {
		return policy.StateDisabled
	}
	return policy.StateEnabled
}

// everyone are the policies that name nobody.
func (e *enterprise) everyone() {
	people := func() *policy.Users { return without(everybody(), e.glass, e.groups["ServiceAccounts"]) }
	e.policy("All - Block unknown platforms", policy.StateEnabled, people(), everything(), func(c *policy.Conditions) {
		c.Platforms = &policy.Platforms{IncludePlatforms: []string{"all"}, ExcludePlatforms: []string{"android", "iOS", "windows", "macOS", "linux"}}
	}, block())
	e.policy("All - Guests need MFA", policy.StateEnabled, without(guests(), e.glass), everything(), anywhere, demand())
	e.policy("All - Kiosks stay inside", policy.StateEnabled, people(), everything(), func(c *policy.Conditions) {
		c.Devices = &policy.Devices{DeviceFilter: &policy.Filter{Mode: "include", Rule: `device.extensionAttribute1 -eq "kiosk"`}}
		outside(e.offices)(c)
	}, block())
	e.policy("All - Register security info inside", policy.StateEnabled, people(),
		&policy.Applications{IncludeUserActions: []string{"urn:user:registersecurityinfo"}}, outside(e.offices), block())
	roles := []string{policy.GlobalAdministrator, userAdministrator, securityAdministrator, exchangeAdministrator}
	e.policy("Roles - MFA", policy.StateEnabled, without(inRole(roles...), e.glass), everything(), anywhere, demand())
	e.policy("Roles - Compliant device", policy.StateEnabled, without(inRole(roles...), e.glass), apps("MicrosoftAdminPortals"), anywhere, grant("AND", "mfa", "compliantDevice"))
}

// experiments fill up to sixty: what is tried out, and what was once.
func (e *enterprise) experiments() {
	for n := range 60 - len(must(e.Policies(background())).Policies) {
		state := policy.StateReportOnly
		if n%2 == 1 {
			state = policy.StateDisabled
		}
		e.policy(fmt.Sprintf("Pilot %d - MFA", n+1), state, without(everybody(), e.glass), everything(), anywhere, demand())
	}
}
