package policy_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	pinnedPlace   = "d0000000-0000-4000-8000-000000000009"
	azurePortalID = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
)

func TestPinLocation(t *testing.T) {
	for name, c := range map[string]struct {
		ranges []string
		want   string // as JSON, or what the error says
	}{
		"one address":                {[]string{"203.0.113.7/32"}, "4 203.0.113.7/32"},
		"both versions":              {[]string{"2001:db8:1::/48", "203.0.113.0/24"}, "4 203.0.113.0/24, 6 2001:db8:1::/48"},
		"by the first address":       {[]string{"203.0.113.77/25", "2001:db8::77/64"}, "4 203.0.113.0/25, 6 2001:db8::/64"},
		"IPv4 written in IPv6":       {[]string{"::ffff:203.0.113.0/120"}, "4 203.0.113.0/24"},
		"one within another":         {[]string{"203.0.113.7/32", "203.0.113.0/24", "203.0.113.0/24"}, "4 203.0.113.0/24"},
		"as wide as may be":          {[]string{"8.0.0.0/9", "2600::/9"}, "4 8.0.0.0/9, 6 2600::/9"},
		"none":                       {nil, "at least one range"},
		"a range that is none":       {[]string{""}, "a range is none"},
		"too wide":                   {[]string{"203.0.113.7/32", "8.0.0.0/8"}, "8.0.0.0/8 is too wide"},
		"everywhere":                 {[]string{"0.0.0.0/0"}, "too wide"},
		"too wide in IPv6":           {[]string{"2600::/8"}, "too wide"},
		"private":                    {[]string{"10.1.2.3/32"}, "10.0.0.0/8 is not public"},
		"private among public":       {[]string{"172.0.0.0/9"}, "172.16.0.0/12 is not public"},
		"a home network":             {[]string{"192.168.178.20/32"}, "not public"},
		"shared by a carrier":        {[]string{"100.100.0.1/32"}, "100.64.0.0/10"},
		"loopback":                   {[]string{"127.0.0.1/32"}, "127.0.0.0/8"},
		"link-local":                 {[]string{"169.254.1.1/32"}, "169.254.0.0/16"},
		"multicast":                  {[]string{"224.0.0.1/32"}, "224.0.0.0/4"},
		"reserved":                   {[]string{"255.255.255.255/32"}, "240.0.0.0/4"},
		"this network":               {[]string{"0.1.2.3/32"}, "0.0.0.0/8"},
		"private written in IPv6":    {[]string{"::ffff:10.0.0.1/128"}, "10.0.0.0/8"},
		"mapped, and more":           {[]string{"::ffff:0:0/90"}, "public addresses of IPv6"},
		"loopback of IPv6":           {[]string{"::1/128"}, "public addresses of IPv6"},
		"unique local":               {[]string{"fd00::/48"}, "public addresses of IPv6"},
		"link-local of IPv6":         {[]string{"fe80::1/128"}, "public addresses of IPv6"},
		"multicast of IPv6":          {[]string{"ff02::1/128"}, "public addresses of IPv6"},
		"the address of a NAT of 64": {[]string{"64:ff9b::cb00:7107/128"}, "public addresses of IPv6"},
	} {
		t.Run(name, func(t *testing.T) {
			var ranges []netip.Prefix
			for _, text := range c.ranges {
				prefix, _ := netip.ParsePrefix(text) // the zero Prefix where it is none
				ranges = append(ranges, prefix)
			}
			location, err := policy.PinLocation("Backup", ranges)
			if err != nil {
				assert.ErrorContains(t, err, c.want)
				assert.Empty(t, location.IPRanges)
				return
			}
			var got []string
			for _, r := range location.IPRanges {
				got = append(got, strings.TrimSuffix(strings.TrimPrefix(r.Type, "#microsoft.graph.iPv"), "CidrRange")+" "+r.CIDRAddress)
			}
			assert.Equal(t, c.want, strings.Join(got, ", "))
		})
	}
	_, err := policy.PinLocation(" ", prefixes("203.0.113.7/32"))
	assert.ErrorContains(t, err, "a name")
}

func TestPinLocationCountsItsRanges(t *testing.T) {
	var ranges []netip.Prefix
	for n := range 2000 {
		ranges = append(ranges, netip.PrefixFrom(netip.AddrFrom4([4]byte{203, byte(n >> 7), byte(n<<1) | 1, 0}), 32))
	}
	location, err := policy.PinLocation("Many", append(ranges, ranges[0]))
	require.NoError(t, err)
	assert.Len(t, location.IPRanges, 2000)
	_, err = policy.PinLocation("Many", append(ranges, prefixes("198.51.100.1/32")...))
	assert.ErrorContains(t, err, "2001 ranges")
}

// The body of the POST: not trusted, and the kinds of range that Graph asks for.
func TestPinLocationAsJSON(t *testing.T) {
	location, err := policy.PinLocation("Backup", prefixes("203.0.113.7/32", "2001:db8::/64"))
	require.NoError(t, err)
	text, err := json.Marshal(location)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Backup", "isTrusted": false,
		"ipRanges": [
			{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.7/32"},
			{"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8::/64"}
		]}`, string(text))
}

// profiles of password accounts, without what DirectoryScopes leaves open.
func profiles() map[string]policy.SignIn {
	return map[string]policy.SignIn{
		"Graph": policy.GraphSignIn(), "Exchange Online": policy.ExchangeOnlineSignIn(),
		"SharePoint": policy.SharePointSignIn(), "Azure CLI": policy.AzureCLISignIn(),
	}
}

// pinnedAccount is the one that is pinned.
func pinnedAccount() policy.Subject {
	s := person(0, "")
	s.ID = account
	return s
}

// pinTenant holds policies in force and the location of a pin.
func pinTenant(t *testing.T, ranges []netip.Prefix, policies ...policy.Policy) policy.Tenant {
	t.Helper()
	location, err := policy.PinLocation("Backup", ranges)
	require.NoError(t, err)
	location.ID = pinnedPlace
	for i := range policies {
		policies[i].ID = fmt.Sprintf("c0000000-0000-4000-8000-%012d", 50+i)
	}
	place := tenant(policies...)
	place.NamedLocations = entramfa.Known([]policy.NamedLocation{location})
	return place
}

// requireOne checks that nobody but the account is treated otherwise than without.
func requireOne(t *testing.T, place policy.Tenant) {
	t.Helper()
	without := place
	without.Policies = entramfa.Known(policy.List{})
	list, _ := place.Policies.Get()
	assert.Equal(t, policy.Touched{Accounts: []string{account}}, policy.Touches(nil, list.Policies))
	var changed []string
	for _, c := range diff(without, place, policy.SignIn{}, everyone()...) {
		changed = append(changed, c.AccountID)
	}
	assert.Equal(t, []string{account}, changed)
	for _, p := range list.Policies {
		u := p.Conditions.Users
		assert.Equal(t, []string{account}, u.IncludeUsers)
		assert.Empty(t, slices.Concat(u.IncludeGroups, u.IncludeRoles, u.ExcludeUsers, u.ExcludeGroups, u.ExcludeRoles))
		assert.Nil(t, u.IncludeGuestsOrExternalUsers)
	}
}

func TestPinToAddresses(t *testing.T) {
	ranges := prefixes("203.0.113.0/28", "2001:db8:1::/64")
	pin, err := policy.PinToAddresses(account, "Backup: only from its addresses", pinnedPlace, policy.StateEnabled)
	require.NoError(t, err)
	place := pinTenant(t, ranges, pin)
	requireOne(t, place)
	me := policy.Prepare(place).Account(pinnedAccount())
	for name, signIn := range profiles() {
		for where, c := range map[string]struct {
			addresses []netip.Prefix
			want      string
		}{
			"all its ranges":      {ranges, "clear never"},
			"one address":         {prefixes("203.0.113.7/32"), "clear never"},
			"one of IPv6":         {prefixes("2001:db8:1::7/128"), "clear never"},
			"just outside":        {prefixes("203.0.113.16/32"), "blocked always"},
			"elsewhere":           {prefixes("198.51.100.0/24", "2001:db8:2::/64"), "blocked always"},
			"in and out":          {prefixes("203.0.113.0/27"), "blocked sometimes"},
			"everywhere, and nil": {nil, "blocked sometimes"},
		} {
			signIn.Addresses = c.addresses
			v := me.Decide(signIn)
			assert.Equal(t, c.want, fmt.Sprint(v.Outcome, " ", v.Extent), "%s from %s", name, where)
		}
	}
	for _, client := range []string{"browser", "other", "exchangeActiveSync"} {
		v := me.Decide(policy.SignIn{UserActions: []string{}, ClientAppTypes: []string{client}, Addresses: prefixes("198.51.100.9/32")})
		assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}, v, "whatever the client")
	}
}

func TestPinToApplications(t *testing.T) {
	const other = "11111111-2222-4333-8444-555555555555"
	for name, c := range map[string]struct {
		profile          policy.SignIn
		whole            bool
		include, exclude []string
		blocked          []string // app ids outside
		open             []string // app ids outside that no policy can close
	}{
		"Exchange Online":        {policy.ExchangeOnlineSignIn(), true, []string{"All"}, []string{exchangeOnlineID}, []string{sharePointID, azureID, azurePortalID, directoryID, keyVaultID, other}, nil},
		"SharePoint":             {policy.SharePointSignIn(), true, []string{"All"}, []string{sharePointID}, []string{exchangeOnlineID, azureID, azurePortalID, directoryID, keyVaultID, other}, nil},
		"Graph":                  {policy.GraphSignIn(), false, []string{"MicrosoftAdminPortals", azureID}, []string{}, []string{azureID, azurePortalID}, []string{exchangeOnlineID, sharePointID}},
		"Azure CLI":              {policy.AzureCLISignIn(), false, []string{"MicrosoftAdminPortals"}, []string{azureID}, nil, []string{exchangeOnlineID, sharePointID}},
		"Azure alone":            {to(azureID), true, []string{"All"}, []string{azureID}, []string{exchangeOnlineID, sharePointID, directoryID, other}, nil},
		"several":                {to(sharePointID, strings.ToUpper(exchangeOnlineID), exchangeOnlineID), true, []string{"All"}, []string{sharePointID, exchangeOnlineID}, []string{azureID, azurePortalID, other}, nil},
		"Graph and another":      {to(graphID, exchangeOnlineID, other), false, []string{"MicrosoftAdminPortals", azureID}, []string{other}, []string{azureID, azurePortalID}, []string{sharePointID}},
		"directory scopes":       {to(policy.DirectoryScopes, exchangeOnlineID), false, []string{"MicrosoftAdminPortals", azureID}, []string{}, []string{azureID, azurePortalID}, []string{sharePointID, graphID}},
		"the portal, with Graph": {to(graphID, azurePortalID), false, []string{"MicrosoftAdminPortals", azureID}, []string{azurePortalID}, []string{azureID}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			pin, whole, err := policy.PinToApplications(account, "Backup: only what it uses", c.profile.Applications, policy.StateEnabled)
			require.NoError(t, err)
			assert.Equal(t, c.whole, whole)
			assert.Equal(t, c.include, pin.Conditions.Applications.IncludeApplications)
			assert.Equal(t, c.exclude, pin.Conditions.Applications.ExcludeApplications)
			place := pinTenant(t, prefixes("203.0.113.7/32"), pin)
			requireOne(t, place)
			me := policy.Prepare(place).Account(pinnedAccount())
			assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}, me.Decide(c.profile), "inside")
			for _, app := range c.blocked {
				assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}, me.Decide(to(app)), "outside: %s", app)
			}
			for _, app := range c.open {
				assert.Equal(t, entramfa.Clear, me.Decide(to(app)).Outcome, "open: %s", app)
			}
		})
	}
}

// to is every password grant for some resources.
func to(applications ...string) policy.SignIn {
	s := policy.PasswordSignIn()
	s.Applications = applications
	return s
}

// Graph is met through the services behind it: a policy on all resources but one of
// those may leave it open, which whole doesn't hide, and Decide doesn't either.
func TestPinToApplicationsAndGraph(t *testing.T) {
	for app, want := range map[string]string{exchangeOnlineID: "unknown unknown", sharePointID: "unknown unknown", azureID: "blocked always"} {
		pin, whole, err := policy.PinToApplications(account, "Apps", []string{app}, policy.StateEnabled)
		require.NoError(t, err)
		assert.True(t, whole)
		v := policy.Decide(pinTenant(t, prefixes("203.0.113.7/32"), pin), pinnedAccount(), policy.GraphSignIn())
		assert.Equal(t, want, fmt.Sprint(v.Outcome, " ", v.Extent), app)
	}
}

// Both pins together leave open what is inside of both, and nothing else where the
// applications can be pinned whole.
func TestPinsTogether(t *testing.T) {
	ranges := prefixes("203.0.113.0/28")
	places, err := policy.PinToAddresses(account, "Places", pinnedPlace, policy.StateEnabled)
	require.NoError(t, err)
	apps, _, err := policy.PinToApplications(account, "Apps", []string{exchangeOnlineID}, policy.StateEnabled)
	require.NoError(t, err)
	place := pinTenant(t, ranges, places, apps)
	requireOne(t, place)
	me := policy.Prepare(place).Account(pinnedAccount())
	inside, elsewhere, otherwise := to(exchangeOnlineID), to(exchangeOnlineID), to(sharePointID)
	inside.Addresses, elsewhere.Addresses, otherwise.Addresses = ranges, prefixes("198.51.100.0/24"), ranges
	assert.Equal(t, "clear", me.Decide(inside).Outcome.String())
	assert.Equal(t, "blocked always", fmt.Sprint(me.Decide(elsewhere).Outcome, " ", me.Decide(elsewhere).Extent))
	assert.Equal(t, "blocked always", fmt.Sprint(me.Decide(otherwise).Outcome, " ", me.Decide(otherwise).Extent))
}

func TestPinInReportOnlyDoesNothing(t *testing.T) {
	pin, err := policy.PinToAddresses(account, "Places", "change:location", policy.StateReportOnly)
	require.NoError(t, err)
	assert.Equal(t, []string{"change:location"}, pin.Conditions.Locations.ExcludeLocations)
	pin.ID = policyID
	assert.Equal(t, policy.Touched{Accounts: []string{}}, policy.Touches(nil, []policy.Policy{pin}))
	assert.Empty(t, diff(tenant(), tenant(pin), policy.SignIn{}, everyone()...))
}

// A word in the place of an id would block everybody, or pin to anywhere.
func TestPinRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		user, name, location string
		state                policy.State
	}{
		"everybody":                  {"All", "Pin", pinnedPlace, policy.StateEnabled},
		"guests":                     {"GuestsOrExternalUsers", "Pin", pinnedPlace, policy.StateEnabled},
		"a user by name":             {"svc@contoso.com", "Pin", pinnedPlace, policy.StateEnabled},
		"no name":                    {account, " ", pinnedPlace, policy.StateEnabled},
		"disabled":                   {account, "Pin", pinnedPlace, policy.StateDisabled},
		"a state of a newer schema":  {account, "Pin", pinnedPlace, "partiallyEnabled"},
		"no state":                   {account, "Pin", pinnedPlace, ""},
		"everywhere":                 {account, "Pin", "All", policy.StateEnabled},
		"all trusted locations":      {account, "Pin", "AllTrusted", policy.StateEnabled},
		"MFA trusted IPs":            {account, "Pin", policy.LocationMFATrustedIPs, policy.StateEnabled},
		"no location":                {account, "Pin", "", policy.StateEnabled},
		"a change that is not named": {account, "Pin", "change:", policy.StateEnabled},
		"a location by name":         {account, "Pin", "Backup", policy.StateEnabled},
	} {
		_, err := policy.PinToAddresses(c.user, c.name, c.location, c.state)
		assert.Error(t, err, name)
		if c.location == pinnedPlace {
			_, _, err = policy.PinToApplications(c.user, c.name, []string{exchangeOnlineID}, c.state)
			assert.Error(t, err, name)
		}
	}
	for _, apps := range [][]string{nil, {}, {"Office365"}, {exchangeOnlineID, "All"}, {""}} {
		_, whole, err := policy.PinToApplications(account, "Pin", apps, policy.StateEnabled)
		assert.Error(t, err, "%v", apps)
		assert.False(t, whole)
	}
}
