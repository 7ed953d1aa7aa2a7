package mfa_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// othersStay: no sign-in of any other account is treated otherwise; where policies
// took the place of security defaults, none less strictly.
func (c *trialOf) othersStay(t *testing.T) {
	changes, err := policy.Diff(
		policy.Snapshot{Policies: policy.Prepare(c.before), Accounts: c.people},
		policy.Snapshot{Policies: policy.Prepare(c.after), Accounts: c.directory(t, c.after)}, policy.SignIn{})
	require.NoError(t, err)
	touched := []string{}
	for change := range changes {
		if strings.EqualFold(change.AccountID, c.account) {
			continue
		}
		touched = append(touched, change.AccountID)
		assert.True(t, atLeast(change.Before, change.After), "%s: %+v", change.AccountID, change)
	}
	if c.plan.Gap == nil {
		assert.Empty(t, touched, "nobody else is touched")
		assert.Equal(t, c.has(entramfa.ChangeSecurityDefaults), !c.plan.Others.Untouched)
	}
	if c.options.Accounts != nil {
		assert.Equal(t, len(touched), c.plan.Others.Count, "as the plan said")
	}
	for _, user := range c.others {
		c.otherStays(t, user)
	}
}

// otherStays compares an account at single sign-ins, one by one.
func (c *trialOf) otherStays(t *testing.T, user string) {
	facts, err := mfa.Collect(t.Context(), c.tenant, user)
	require.NoError(t, err)
	account := facts.Subject()
	for range 4 {
		at := c.single()
		was, is := policy.Decide(c.before, account, at).Outcome, policy.Decide(c.after, account, at).Outcome
		if c.plan.Gap != nil {
			assert.True(t, atLeast(was, is), "%s: %s, then %s, at %+v", user, was, is, at)
		} else {
			assert.Equal(t, was, is, "%s at %+v", user, at)
		}
	}
	if c.plan.Gap == nil {
		return
	}
	everywhere := policy.Decide(c.after, account, policy.PasswordSignIn())
	if slices.Contains(c.syncs, user) {
		return
	}
	assert.GreaterOrEqual(t, everywhere.Outcome, entramfa.MFA, user)
	assert.Equal(t, entramfa.Always, everywhere.Extent, user)
	legacy := policy.SignIn{ClientAppTypes: []string{"other", "exchangeActiveSync"}, UserActions: []string{}}
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}, policy.Decide(c.after, account, legacy), user)
}

// atLeast says that an outcome is certainly not less strict than another: what isn't
// known may be anything.
func atLeast(was, is entramfa.Outcome) bool {
	strictness := map[entramfa.Outcome][2]int{entramfa.Clear: {0, 0}, entramfa.MFA: {1, 1}, entramfa.Blocked: {2, 2}, entramfa.Unknown: {0, 2}}
	return strictness[is][0] >= strictness[was][1]
}

// single is one random sign-in.
func (h *house) single() policy.SignIn {
	addresses := []string{"203.0.113.7", "203.0.113.200", "198.51.100.9", "198.51.100.200", "192.0.2.7", "8.8.8.8", "2001:db8:1:2::5", "2001:db8:2::5"}
	address := netip.MustParseAddr(h.one(addresses...))
	s := policy.SignIn{
		Applications: []string{h.one(mfa.ExchangeOnline, mfa.SharePointOnline, mfa.AzureManagement, mfa.AzurePortal, "a1111111-1111-4111-8111-111111111111")},
		UserActions:  []string{}, AuthenticationContexts: []string{},
		ClientAppTypes: []string{h.one("browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other")},
		Platforms:      []string{h.one("windows", "iOS", "linux", policy.PlatformUnknown)},
		Addresses:      []netip.Prefix{netip.PrefixFrom(address, address.BitLen())},
		Countries:      []string{h.one("NL", "DE", policy.CountryUnknown)}, GPSCountries: []string{policy.CountryUnknown},
		CompliantNetworks: []bool{h.in(2)}, UnregisteredDevice: true,
		SignInRiskLevels: []string{h.one("none", "high")}, UserRiskLevels: []string{h.one("none", "high")}, InsiderRiskLevels: []string{h.one("none", "elevated")},
		AuthenticationFlows: []string{h.one("none", "deviceCodeFlow")},
	}
	if h.in(6) {
		s.Applications, s.UserActions = []string{}, []string{h.one("urn:user:registersecurityinfo", "urn:user:registerdevice")}
	}
	return s
}

// staysPinned: who escapes MFA is blocked from every other address.
func (c *trialOf) staysPinned(t *testing.T) {
	if !c.lifts() || c.options.SkipCompensation {
		return
	}
	facts, err := mfa.Collect(t.Context(), c.tenant, c.account)
	require.NoError(t, err)
	blocked := entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}
	elsewhere := policy.PasswordSignIn()
	if elsewhere.Addresses = outsideOf(c.profile.Addresses); len(elsewhere.Addresses) > 0 {
		require.Equal(t, blocked, policy.Decide(c.after, facts.Subject(), elsewhere), "from elsewhere")
	}
	for _, address := range []string{"8.8.8.8", "203.0.113.16", "203.0.113.63", "192.0.2.6", "192.0.2.8", "198.51.99.255", "2001:db8:1:3::", "2a00::1", "255.255.255.255"} {
		at := netip.MustParseAddr(address)
		if slices.ContainsFunc(c.profile.Addresses, func(p netip.Prefix) bool { return p.Contains(at) || p.Contains(netip.AddrFrom16(at.As16())) }) {
			continue
		}
		elsewhere.Addresses = []netip.Prefix{netip.PrefixFrom(at, at.BitLen())}
		require.Equal(t, blocked, policy.Decide(c.after, facts.Subject(), elsewhere), "from %s", at)
	}
	if len(c.profile.Applications) > 0 && !slices.Contains(c.profile.Applications, mfa.AzurePortal) && !slices.Contains(c.profile.Applications, mfa.AzureManagement) {
		portal := policy.PasswordSignIn()
		portal.Applications = []string{mfa.AzurePortal}
		require.Equal(t, blocked, policy.Decide(c.after, facts.Subject(), portal), "to a portal: %v %v", c.profile.Applications, c.plan.Notes)
	}
}

// lifts says whether the plan takes something out of the account's way, now or later.
func (c *trialOf) lifts() bool {
	return slices.ContainsFunc(c.plan.Changes, func(change entramfa.Change) bool {
		return liftsNow(change) || change.Kind == entramfa.AddGroupMember || change.Kind == entramfa.ChangePolicy
	})
}

// outsideOf cuts the Internet in halves until each part is within the ranges or
// outside of all.
func outsideOf(ranges []netip.Prefix) []netip.Prefix {
	var outside []netip.Prefix
	parts := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	for len(parts) > 0 {
		part := parts[0]
		parts = parts[1:]
		whole, some := false, false
		for _, r := range ranges {
			if r.Addr().Is4In6() {
				r = netip.PrefixFrom(r.Addr().Unmap(), r.Bits()-96)
			}
			whole = whole || r.Bits() <= part.Bits() && r.Contains(part.Addr())
			some = some || r.Overlaps(part)
		}
		switch {
		case whole:
		case !some:
			outside = append(outside, part)
		default:
			upper := part.Addr().AsSlice()
			upper[part.Bits()/8] |= 1 << (7 - part.Bits()%8)
			half, _ := netip.AddrFromSlice(upper)
			parts = append(parts, netip.PrefixFrom(part.Addr(), part.Bits()+1), netip.PrefixFrom(half, part.Bits()+1))
		}
	}
	return outside
}
