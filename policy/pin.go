package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
)

// What an account that escapes MFA is held to instead: its addresses and its
// applications. Each policy is about one account by its object id and nobody else,
// blocks what it doesn't use, and demands nothing of what it does.

// Limits of a named location.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network.
const (
	mostRanges   = 2000
	shortestMask = 8 // masks have to be longer
)

// PinLocation returns a named location for PinToAddresses: these ranges, by their
// first address, without those that lie in another. It is not trusted, for policies
// that exclude trusted locations would then exclude the account's address for
// everybody. It refuses ranges that Graph does, and those that no sign-in comes from
// as Microsoft sees it: private, shared and reserved ones.
// Source: https://learn.microsoft.com/graph/api/resources/ipnamedlocation.
func PinLocation(name string, addresses []netip.Prefix) (NamedLocation, error) {
	if strings.TrimSpace(name) == "" || len(addresses) == 0 {
		return NamedLocation{}, errors.New("policy: make a named location: a name and at least one range are wanted")
	}
	var at place
	for _, prefix := range addresses {
		if err := pinnable(prefix); err != nil {
			return NamedLocation{}, fmt.Errorf("policy: make the named location %q: %w", name, err)
		}
		at.ranges = append(at.ranges, unmapped(prefix))
	}
	at.sort()
	if len(at.ranges) > mostRanges {
		return NamedLocation{}, fmt.Errorf("policy: make the named location %q: it has %d ranges, and may have %d", name, len(at.ranges), mostRanges)
	}
	trusted := false
	location := NamedLocation{Type: IPNamedLocation, DisplayName: name, IsTrusted: &trusted}
	for _, prefix := range at.ranges {
		location.IPRanges = append(location.IPRanges, ipRange(prefix))
	}
	return location, nil
}

func ipRange(prefix netip.Prefix) IPRange {
	if prefix.Addr().Is4() {
		return IPRange{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: prefix.String()}
	}
	return IPRange{Type: "#microsoft.graph.iPv6CidrRange", CIDRAddress: prefix.String()}
}

// pinnable says why a range can't be one of a named location.
func pinnable(prefix netip.Prefix) error {
	if !prefix.IsValid() {
		return errors.New("a range is none")
	}
	at := unmapped(prefix)
	switch {
	case at.Bits() <= shortestMask:
		return fmt.Errorf("%s is too wide: a mask longer than /%d is wanted", prefix, shortestMask)
	case at.Addr().Is6() && !globalUnicast.Overlaps(at):
		return fmt.Errorf("%s never arrives at Microsoft: public addresses of IPv6 are those of %s", prefix, globalUnicast)
	}
	for _, never := range neverPublic() {
		if never.Overlaps(at) {
			return fmt.Errorf("%s never arrives at Microsoft, for %s is not public: the address is wanted that the network shows outside", prefix, never)
		}
	}
	return nil
}

// globalUnicast is all public addresses of IPv6.
// Source: https://www.iana.org/assignments/ipv6-address-space.
var globalUnicast = netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3)

// neverPublic lists ranges of IPv4 from which nothing comes over the Internet: this
// network, private, shared by a carrier, loopback, link-local, multicast, reserved.
// Source: https://www.iana.org/assignments/iana-ipv4-special-registry.
func neverPublic() []netip.Prefix {
	at := func(a, b, bits byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b}), int(bits)) }
	return []netip.Prefix{at(0, 0, 8), at(10, 0, 8), at(100, 64, 10), at(127, 0, 8), at(169, 254, 16), at(172, 16, 12), at(192, 168, 16), at(224, 0, 4), at(240, 0, 4)}
}

// PinToAddresses returns a policy that blocks one account everywhere but in one named
// location, that of PinLocation: every resource, every client. The location is named
// by its id, or as "change:ID" where a change of a plan creates it. A sign-in for
// which Microsoft sees no address of the location is blocked, that over IPv6 too where
// the location has IPv4 alone. Sessions that exist follow at their next refresh. The
// state is enabled or report-only.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/policy-block-by-location.
func PinToAddresses(user, name, locationID string, state State) (Policy, error) {
	p, err := pin(user, name, state)
	planned := strings.HasPrefix(locationID, "change:") && locationID != "change:"
	switch {
	case err != nil:
		return Policy{}, err
	case !planned && (!guid.Is(locationID) || locationID == LocationMFATrustedIPs):
		return Policy{}, fmt.Errorf("policy: pin the account %s to its addresses: %q is no named location of its own", user, locationID)
	}
	p.Conditions.Locations = &Locations{IncludeLocations: []string{LocationAll}, ExcludeLocations: []string{locationID}}
	return p, nil
}

// PinToApplications returns a policy that blocks one account from the resources that
// it doesn't use; those that it does are given by app id, as the Applications of its
// SignIn. whole says that the policy is on all other resources.
//
// No policy can name Microsoft Graph, which is met through the services behind it, and
// one on all resources but some meets sign-ins for directory scopes. So for an account
// that uses Graph, or DirectoryScopes, whole is false: the policy blocks the admin
// portals and Azure management, where they are not among its resources, and leaves
// the rest open. For one that uses a service behind Graph whole is true, and yet it
// can't be told whether Graph is blocked. It is no shield for what the account may do
// through Graph: take its roles away for that. The state is enabled or report-only.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps.
func PinToApplications(user, name string, applications []string, state State) (p Policy, whole bool, err error) {
	if p, err = pin(user, name, state); err != nil {
		return Policy{}, false, err
	}
	if len(applications) == 0 {
		return Policy{}, false, fmt.Errorf("policy: pin the account %s to its applications: none is given, and to block all is no pin", user)
	}
	kept, whole, err := pinned(applications)
	if err != nil {
		return Policy{}, false, fmt.Errorf("policy: pin the account %s to its applications: %w", user, err)
	}
	a := p.Conditions.Applications
	if !whole {
		a.IncludeApplications = outside(kept)
	}
	for _, app := range kept {
		if a.side(a.IncludeApplications, app) != no {
			a.ExcludeApplications = append(a.ExcludeApplications, app)
		}
	}
	return p, whole, nil
}

// pinned lists the app ids that a policy can name; whole says that these are all.
func pinned(applications []string) (kept []string, whole bool, err error) {
	whole = true
	for _, app := range applications {
		switch {
		case strings.EqualFold(app, microsoftGraph), strings.EqualFold(app, DirectoryScopes):
			whole = false
		case !guid.Is(app):
			return nil, false, fmt.Errorf("%q is no app id", app)
		case !containsFold(kept, app):
			kept = append(kept, strings.ToLower(app))
		}
	}
	return kept, whole, nil
}

// outside lists what is blocked where not all else can be.
func outside(kept []string) []string {
	if containsFold(kept, azureManagement) {
		return []string{"MicrosoftAdminPortals"}
	}
	return []string{"MicrosoftAdminPortals", azureManagement}
}

// pin is a policy that blocks one account.
func pin(user, name string, state State) (Policy, error) {
	switch {
	case !guid.Is(user):
		return Policy{}, fmt.Errorf("policy: pin an account: %q is no object id", user)
	case strings.TrimSpace(name) == "":
		return Policy{}, fmt.Errorf("policy: pin the account %s: a name for the policy is wanted", user)
	case state != StateEnabled && state != StateReportOnly:
		return Policy{}, fmt.Errorf("policy: pin the account %s: the state %q is neither enabled nor report-only", user, state)
	}
	return restriction(name, Users{IncludeUsers: []string{user}}, state), nil
}
