package mfa_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// tenantDice makes random tenants, the same for a seed.
type tenantDice struct{ *rand.Rand }

// in is true once in n times.
func (d tenantDice) in(n int) bool { return d.IntN(n) == 0 }

func (d tenantDice) one(from ...string) string { return from[d.IntN(len(from))] }

// some takes each value once in n times.
func (d tenantDice) some(n int, from ...string) []string {
	list := []string{}
	for _, v := range from {
		if d.in(n) {
			list = append(list, v)
		}
	}
	return list
}

// upTo takes one value or more, each once.
func (d tenantDice) upTo(most int, from ...string) []string {
	from = slices.Clone(from)
	d.Shuffle(len(from), func(i, k int) { from[i], from[k] = from[k], from[i] })
	from = from[:1+d.IntN(min(most, len(from)))]
	slices.Sort(from)
	return slices.Compact(from)
}

const (
	exchangeAdministrator = "29232cdf-9323-42fd-ade2-1d097af3e4de"
	userAdministrator     = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	directoryReaders      = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	synchronizationRole   = "d29b2b05-8046-44ba-8758-1e26182fcf32"
	partnerTenant         = "e0000000-0000-4000-8000-000000000001"
	deletedGroup          = "c0000000-0000-4000-8000-00000000beef" // policies may name it still
	windowsHello          = "#microsoft.graph.windowsHelloForBusinessAuthenticationMethod"
)

// house is a random tenant with one account that is to be exempt, and what was
// arranged in it that decides whether a plan may be refused.
type house struct {
	tenantDice
	tenant  *graphfake.Tenant
	clock   *clock
	writes  *atomic.Int64
	account string
	profile policy.SignIn
	options mfa.ExemptionOptions

	others  []string // the other accounts
	syncs   []string // those with the role of the synchronization
	groups  []policy.Group
	places  []string // named locations
	strengs []string // custom strengths
	// licence is none, P1, P2, lapsed, other or unread.
	licence           string
	defaults, person  bool
	global, othersCan bool // the account is a Global Administrator; another enabled account is one by name
	refusedPolicies   int  // that the strict tenant did not take
	policies          int
}

// newHouse builds the tenant of a seed.
func newHouse(t testing.TB, seed int) *house {
	h := &house{
		tenantDice: tenantDice{rand.New(rand.NewPCG(uint64(seed), 7))}, tenant: &graphfake.Tenant{}, clock: newClock(), writes: &atomic.Int64{},
	}
	h.tenant.Clock = h.clock.Now
	h.tenant.Before = func(method, path string) {
		if method != "GET" && !strings.Contains(path, "getByIds") && !strings.Contains(path, "evaluate") {
			h.writes.Add(1)
		}
	}
	h.people(t)
	h.rolesOf(t)
	h.locations()
	for range 1 + h.IntN(2) {
		h.strengs = append(h.strengs, h.tenant.AddAuthenticationStrength(h.strength()))
	}
	h.defaults = h.in(5)
	if h.defaults {
		require.NoError(t, h.tenant.SetSecurityDefaults(true))
	}
	for range 2 + h.IntN(8) {
		h.addPolicy(t)
	}
	h.perUser(t)
	h.license()
	h.profile = h.signsIn()
	h.choose(t)
	return h
}

// people adds the account, the others, and groups within groups.
func (h *house) people(t testing.TB) {
	kind := "Managed"
	if h.in(30) {
		kind = "Federated"
	}
	h.tenant.AddDomain(mfa.Domain{ID: "contoso.com", AuthenticationType: kind})
	svc := mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service", AccountEnabled: new(!h.in(30)), UserType: new("Member")}
	switch h.IntN(40) {
	case 0:
		svc.UserType = new("Guest")
	case 1:
		svc.UserType, svc.CreationType, svc.ExternalUserState = new("Guest"), new("Invitation"), new("Accepted")
	case 2, 3:
		svc.OnPremisesSyncEnabled = new(true)
	}
	h.account = h.tenant.AddUser(svc)
	for i := range 4 + h.IntN(4) {
		h.others = append(h.others, h.tenant.AddUser(h.somebody(i)))
	}
	for i := range 5 {
		h.groups = append(h.groups, h.group(i))
	}
	for i, group := range h.groups {
		for _, user := range append([]string{h.account}, h.others...) {
			if h.in(4) {
				require.NoError(t, h.tenant.AddMember(group.ID, user))
			}
		}
		for _, outer := range h.groups[i+1:] {
			if powerful := outer.IsAssignableToRole != nil && *outer.IsAssignableToRole; !powerful && h.in(5) { // Entra nests nothing in such a group
				require.NoError(t, h.tenant.AddMember(outer.ID, group.ID))
			}
		}
	}
	if h.in(10) { // a circle, and now and then a nesting that Entra refuses
		_ = h.tenant.AddMember(h.groups[0].ID, h.groups[4].ID)
	}
}

func (h *house) somebody(i int) mfa.User {
	u := mfa.User{UserPrincipalName: fmt.Sprintf("user%d@contoso.com", i), DisplayName: fmt.Sprintf("User %d", i), AccountEnabled: new(!h.in(8)), UserType: new("Member")}
	switch h.IntN(8) {
	case 0:
		u.UserType = new("Guest")
	case 1:
		u.UserPrincipalName = fmt.Sprintf("guest%d_fabrikam.com#EXT#@contoso.com", i)
		u.UserType, u.CreationType, u.ExternalUserState = new("Guest"), new("Invitation"), new("Accepted")
	case 2:
		u.CreationType, u.ExternalUserState = new("Invitation"), new("Accepted")
	}
	return u
}

// group is of any kind; most are ones that an account can be added to.
func (h *house) group(i int) policy.Group {
	g := policy.Group{DisplayName: fmt.Sprintf("Group %d", i), IsAssignableToRole: new(false), SecurityEnabled: new(true), MailEnabled: new(false), GroupTypes: []string{}}
	switch h.IntN(16) {
	case 0:
		g.GroupTypes = []string{"DynamicMembership"}
	case 1:
		g.OnPremisesSyncEnabled = new(true)
	case 2, 3:
		g.IsAssignableToRole = new(true)
	case 4:
		g.IsAssignableToRole = nil
	case 5:
		g.SecurityEnabled, g.MailEnabled = new(false), new(true)
	case 6:
		g.MailEnabled, g.GroupTypes = new(true), []string{"Unified"}
	}
	g.ID = h.tenant.AddGroup(g)
	return g
}

// rolesOf gives roles to accounts and to groups, for the whole tenant and for parts of it.
func (h *house) rolesOf(t testing.TB) {
	give := func(principal, role string, scope *string) {
		_, err := h.tenant.AssignRole(policy.RoleAssignment{PrincipalID: principal, RoleDefinitionID: role, DirectoryScopeID: scope})
		require.NoError(t, err)
	}
	scope := func() *string {
		if h.in(4) {
			return new("/administrativeUnits/a0000000-0000-4000-8000-000000000001")
		}
		return nil
	}
	if h.in(3) {
		give(h.account, h.one(policy.GlobalAdministrator, exchangeAdministrator, userAdministrator, directoryReaders), scope())
	}
	for _, user := range h.others {
		if h.in(3) {
			give(user, h.one(policy.GlobalAdministrator, exchangeAdministrator, userAdministrator, directoryReaders), scope())
		}
	}
	for _, group := range h.groups {
		if group.IsAssignableToRole != nil && *group.IsAssignableToRole {
			give(group.ID, h.one(policy.GlobalAdministrator, exchangeAdministrator), nil)
		}
	}
	if h.in(3) {
		sync := h.tenant.AddUser(mfa.User{UserPrincipalName: "Sync_DC01_0123456789ab@contoso.com", DisplayName: "On-Premises Directory Synchronization Service Account", AccountEnabled: new(true), UserType: new("Member")})
		give(sync, synchronizationRole, nil)
		h.others, h.syncs = append(h.others, sync), append(h.syncs, sync)
	}
	h.global, h.othersCan = h.isGlobal(t)
}

// isGlobal asks the tenant itself who is a Global Administrator.
func (h *house) isGlobal(t testing.TB) (account, other bool) {
	mine, err := h.tenant.RoleAssignments(t.Context(), h.account)
	require.NoError(t, err)
	for _, r := range mine {
		account = account || r.RoleDefinitionID == policy.GlobalAdministrator && *r.DirectoryScopeID == "/"
	}
	for r := range h.tenant.AllRoleAssignments(t.Context()) {
		if r.RoleDefinitionID == policy.GlobalAdministrator && *r.DirectoryScopeID == "/" && slices.Contains(h.others, r.PrincipalID) {
			user, err := h.tenant.User(t.Context(), r.PrincipalID)
			require.NoError(t, err)
			other = other || *user.AccountEnabled
		}
	}
	return account, other
}

func (h *house) locations() {
	ranges := func(list ...string) []policy.IPRange {
		var found []policy.IPRange
		for _, r := range list {
			kind := "#microsoft.graph.iPv4CidrRange"
			if strings.Contains(r, ":") {
				kind = "#microsoft.graph.iPv6CidrRange"
			}
			found = append(found, policy.IPRange{Type: kind, CIDRAddress: r})
		}
		return found
	}
	for _, l := range []policy.NamedLocation{
		{Type: policy.IPNamedLocation, DisplayName: "Office", IsTrusted: new(h.in(2)), IPRanges: ranges("203.0.113.0/25", "2001:db8:1::/48")},
		{Type: policy.IPNamedLocation, DisplayName: "Branch", IsTrusted: new(h.in(4)), IPRanges: ranges("203.0.113.0/24", "198.51.100.0/25")},
		{Type: policy.CountryNamedLocation, DisplayName: "Abroad", CountriesAndRegions: []string{"DE", "US"}, IncludeUnknownCountriesAndRegions: new(h.in(2)), CountryLookupMethod: new("clientIpAddress")},
		{Type: policy.CountryNamedLocation, DisplayName: "By GPS", CountriesAndRegions: []string{"NL"}, IncludeUnknownCountriesAndRegions: new(h.in(2)), CountryLookupMethod: new("authenticatorAppGps")},
		{Type: policy.CompliantNetworkNamedLocation, DisplayName: "Network", IsTrusted: new(false), CompliantNetworkType: new("allTenantCompliantNetworks")},
	} {
		h.places = append(h.places, h.tenant.AddNamedLocation(l))
	}
}

func (h *house) strength() policy.AuthenticationStrength {
	combinations := [][]policy.Flags{{"password"}, {"fido2"}, {"password,sms", "fido2"}, {"password", "password,sms"}}[h.IntN(4)]
	return policy.AuthenticationStrength{DisplayName: "Custom", PolicyType: "custom", RequirementsSatisfied: "none", AllowedCombinations: combinations}
}

// perUser sets the legacy states and registers methods.
func (h *house) perUser(t testing.TB) {
	states := []mfa.PerUserState{mfa.PerUserDisabled, mfa.PerUserEnabled, mfa.PerUserEnforced}
	for _, user := range append([]string{h.account}, h.others...) {
		if h.in(4) {
			require.NoError(t, h.tenant.SetPerUserState(user, states[h.IntN(3)]))
		}
		if h.in(4) {
			require.NoError(t, h.tenant.AddMethod(user, mfa.Method{Type: h.one("#microsoft.graph.phoneAuthenticationMethod", "#microsoft.graph.fido2AuthenticationMethod")}))
		}
	}
	if h.person = h.in(12); h.person {
		require.NoError(t, h.tenant.AddMethod(h.account, mfa.Method{Type: windowsHello}))
	}
}

// license buys products last: who has none any more goes on with policies of before.
func (h *house) license() {
	sku := securitydefaults.SubscribedSKU{CapabilityStatus: "Enabled", ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}}}
	switch h.licence = h.one("P1", "P1", "P1", "P1", "P1", "P2", "P2", "P2", "P1", "P1", "none", "lapsed", "other"); h.licence {
	case "none":
		return
	case "P2":
		sku.ServicePlans[0].ServicePlanID = securitydefaults.PlanEntraP2
		sku.CapabilityStatus = h.one("Enabled", "Warning")
	case "lapsed":
		if sku.CapabilityStatus = h.one("Suspended", "Deleted", "LockedOut", "Enabled"); sku.CapabilityStatus == "Enabled" {
			sku.ServicePlans[0].ProvisioningStatus = "Disabled"
		}
	case "other":
		sku.ServicePlans[0].ServicePlanID = "8a256a2b-b617-496d-b51b-e76466e88db0" // MFA_PREMIUM
	}
	h.tenant.AddSubscribedSKU(sku)
	if h.licensed() && h.in(20) {
		h.licence = "unread"
		h.tenant.Fail(graphfake.Failure{Method: "GET", Path: "/subscribedSkus", Err: &entramfa.GraphError{Status: 403}})
	}
}

func (h *house) licensed() bool { return h.licence == "P1" || h.licence == "P2" }

// signsIn is how the account really signs in.
func (h *house) signsIn() policy.SignIn {
	s := []func() policy.SignIn{policy.ExchangeOnlineSignIn, policy.ExchangeOnlineSignIn, policy.SharePointSignIn, policy.GraphSignIn, policy.AzureCLISignIn, policy.PasswordSignIn}[h.IntN(6)]()
	if len(s.Applications) > 0 && h.in(5) {
		s.Applications = append(s.Applications, h.one(mfa.ExchangeOnline, mfa.SharePointOnline, mfa.MicrosoftGraph, "a1111111-1111-4111-8111-111111111111", mfa.AzurePortal, policy.DirectoryScopes))
	}
	s.Addresses = h.addresses()
	if h.in(4) {
		s.Platforms = []string{h.one("windows", "linux", policy.PlatformUnknown)}
	}
	if h.in(4) {
		s.Countries = []string{h.one("NL", "DE", policy.CountryUnknown)}
	}
	if h.in(4) {
		s.SignInRiskLevels, s.UserRiskLevels, s.InsiderRiskLevels = []string{"none"}, []string{"none"}, []string{"none"}
	}
	if h.in(4) {
		s.CompliantNetworks = []bool{false}
	}
	return s
}

// addresses are given for most; some are none that an account can be pinned to.
func (h *house) addresses() []netip.Prefix {
	if h.in(6) {
		return nil
	}
	var list []netip.Prefix
	for _, r := range h.upTo(3, "203.0.113.0/28", "203.0.113.64/26", "203.0.113.128/25", "198.51.100.0/24", "192.0.2.7/32", "2001:db8:1:2::/64", "2001:db8:9::/48", "203.0.113.0/28", "20.0.0.0/9") {
		list = append(list, netip.MustParsePrefix(r))
	}
	if h.in(25) {
		list = append(list, netip.MustParsePrefix(h.one("10.0.0.0/16", "20.0.0.0/8", "fe80::/10", "::ffff:203.0.113.32/124", "127.0.0.1/32")))
	}
	if h.in(60) {
		list = append(list, netip.Prefix{})
	}
	return list
}

// choose makes the options.
func (h *house) choose(t testing.TB) {
	h.options = mfa.ExemptionOptions{
		SkipCompensation: h.in(3), AlsoReportOnly: h.in(4), AlsoDisabled: h.in(5), AllowUnprotectedTenant: h.in(2), AllowInteractiveAccount: h.in(2),
		AlsoSecureRegistration: h.in(4), PartnerTenant: h.in(25), Now: h.clock.now.Add(-time.Minute), ID: "random0123456789abcdefghij",
	}
	switch h.IntN(12) {
	case 0:
		h.options.EmergencyAccounts = []string{h.others[0], strings.ToUpper(h.account)}
	case 1, 2, 3:
		h.options.EmergencyAccounts = []string{h.others[0]}
	}
	switch h.IntN(10) {
	case 0:
		h.tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: h.account, Name: "svc@contoso.com"}
	case 1, 2:
		h.tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: h.others[0], Name: "user0@contoso.com"}
	}
	if caller, err := h.tenant.Identity(t.Context()); h.in(2) {
		require.NoError(t, err)
		h.options.Caller = &caller
	}
	if h.in(2) {
		group, err := mfa.ReadExclusionGroup(t.Context(), h.tenant, h.groups[h.IntN(len(h.groups))].ID, h.account)
		require.NoError(t, err)
		h.options.Group = group
	}
	if h.in(2) {
		h.options.Accounts = h.directory(t, h.conditionalAccess(t))
	}
}

// conditionalAccess is that of the tenant now.
func (h *house) conditionalAccess(t testing.TB) policy.Tenant {
	policies, err := h.tenant.Policies(t.Context())
	require.NoError(t, err)
	locations, err := h.tenant.NamedLocations(t.Context())
	require.NoError(t, err)
	strengths, err := h.tenant.AuthenticationStrengths(t.Context())
	require.NoError(t, err)
	return policy.Tenant{Policies: entramfa.Known(policies), NamedLocations: entramfa.Known(locations), Strengths: entramfa.Known(strengths)}
}

// directory is all accounts of the tenant now, with the groups that the policies name.
func (h *house) directory(t testing.TB, tenant policy.Tenant) *policy.Directory {
	d, err := policy.ReadDirectory(t.Context(), h.tenant, policy.Prepare(tenant))
	require.NoError(t, err)
	for _, unread := range d.Unread() {
		require.ErrorIs(t, unread, entramfa.ErrNotFound)
		require.ErrorContains(t, unread, deletedGroup)
		require.NoError(t, d.AddMembers(deletedGroup, func(func(string, error) bool) {}))
	}
	return d
}

// check is what Check says of the account and its profile.
func (h *house) check(t testing.TB) mfa.Report {
	report, err := mfa.Check(t.Context(), h.tenant, h.account, &mfa.Options{Profile: &h.profile, Now: h.clock.now})
	require.NoError(t, err)
	return report
}

func (h *house) snapshot() string { return string(h.tenant.Snapshot("modifiedDateTime")) }
