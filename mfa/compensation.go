package mfa

import (
	"net/netip"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// compensate pins the account that will escape MFA: it is blocked from everywhere
// but its addresses, and for what it doesn't sign in to. What is pinned already is
// left alone.
func (p *planner) compensate() {
	if p.report.Outcome == entramfa.Clear || p.opts.SkipCompensation {
		return
	}
	if !p.canPin() {
		return
	}
	if !p.pinnedToAddresses() {
		p.pinToAddresses()
	}
	if !p.pinnedToApplications() {
		p.pinToApplications()
	}
}

// canPin refuses where the account can't be pinned, or must not be.
func (p *planner) canPin() bool {
	const way = "or set SkipCompensation, and the account escapes MFA from everywhere"
	has, known := licensed(p.before).Get()
	addresses := p.plan.Profile.Addresses
	switch {
	case !known:
		p.refuse(GuardUnread, "grant the checking identity LicenseAssignment.Read.All and check again, "+way,
			"whether the tenant may have a policy that pins the account is not known: %v", p.before.SubscribedSKUs.Err())
	case !has:
		p.refuse(GuardCompensation, "use an app registration with a certificate, "+way,
			"the tenant has no Entra ID P1, so that no policy can pin the account to its addresses")
	case len(addresses) == 0 || slices.ContainsFunc(addresses, func(a netip.Prefix) bool { return !a.IsValid() }):
		p.refuse(GuardCompensation, "name the public addresses from which the account signs in, in the Addresses of the profile, "+way,
			"the account escapes MFA, and its profile names no addresses to which it can be pinned")
	default:
		return true
	}
	return false
}

// pinned is what the policies already do to a set of the account's sign-ins: blocked, all of them.
func (p *planner) blocked(signIns policy.SignIn) bool {
	verdict := policy.Decide(p.after.ConditionalAccess, p.after.Subject(), signIns)
	return verdict.Outcome == entramfa.Blocked && verdict.Extent == entramfa.Always
}

func (p *planner) pinnedToAddresses() bool {
	elsewhere := policy.PasswordSignIn()
	elsewhere.Addresses = complement(p.plan.Profile.Addresses)
	return len(elsewhere.Addresses) == 0 || p.blocked(elsewhere)
}

func (p *planner) pinToAddresses() {
	name := "entramfa: addresses of " + p.plan.Account.UserPrincipalName
	location, err := policy.PinLocation(name, p.plan.Profile.Addresses)
	if err != nil {
		p.refuse(GuardCompensation, "mend the Addresses of the profile, or set SkipCompensation", "%v", err)
		return
	}
	location.DisplayName += " " + p.plan.mark()
	c := p.add(entramfa.Change{
		Kind: entramfa.CreateNamedLocation, TargetName: location.DisplayName, Before: encoded(nil), After: encoded(location),
		Reason: "it holds the addresses from which the account signs in", Undo: "delete the named location",
	})
	location.ID = created(c.ID)
	locations, _ := p.after.ConditionalAccess.NamedLocations.Get()
	p.after.ConditionalAccess.NamedLocations = entramfa.Known(append(locations[:len(locations):len(locations)], location))
	pin, err := policy.PinToAddresses(p.plan.Account.ID, "entramfa: block "+p.plan.Account.UserPrincipalName+" from elsewhere", location.ID, policy.StateEnabled)
	if err != nil {
		p.refuse(GuardCompensation, "set SkipCompensation", "%v", err)
		return
	}
	p.create(pin, "the account escapes MFA: it may sign in from its own addresses alone")
}

// pinnedToApplications asks about what the account doesn't sign in to: the
// resources that a policy can name, and one that no policy names.
func (p *planner) pinnedToApplications() bool {
	elsewhere := policy.PasswordSignIn()
	elsewhere.Addresses = p.plan.Profile.Addresses
	for _, app := range p.pinnable() {
		if !containsFold(p.plan.Profile.Applications, app) {
			elsewhere.Applications = append(elsewhere.Applications, app)
		}
	}
	if len(p.plan.Profile.Applications) == 0 {
		p.note("the profile names no resources, so that the account is not kept from any")
		return true
	}
	return len(elsewhere.Applications) == 0 || p.blocked(elsewhere)
}

// anyOtherResource is a resource of which no policy can know the id.
const anyOtherResource = "f3f1a9a1-5d0b-4a55-9d5e-2c6f0f1b7a4e"

// pinnable lists the resources for which the account can be blocked. No policy can
// leave Microsoft Graph out of all resources, so that an account which signs in to
// it can be kept from the portals and from Azure alone.
func (p *planner) pinnable() []string {
	if containsFold(p.plan.Profile.Applications, MicrosoftGraph) {
		return []string{AzureManagement, AzurePortal}
	}
	return []string{AzureManagement, AzurePortal, MicrosoftGraph, ExchangeOnline, SharePointOnline, anyOtherResource}
}

func (p *planner) pinToApplications() {
	name := "entramfa: block " + p.plan.Account.UserPrincipalName + " for other resources"
	applications := p.plan.Profile.Applications
	pin, whole, err := policy.PinToApplications(p.plan.Account.ID, name, applications, policy.StateEnabled)
	if err == nil && whole && p.asEnabled(pin).Outcome != entramfa.Clear {
		pin, whole, err = policy.PinToApplications(p.plan.Account.ID, name, append(slices.Clone(applications), MicrosoftGraph), policy.StateEnabled)
	}
	switch {
	case err != nil:
		p.refuse(GuardCompensation, "name what the account signs in to by app ids in the Applications of the profile, or set SkipCompensation", "%v", err)
		return
	case p.asEnabled(pin).Outcome != entramfa.Clear:
		p.note("no policy can keep the account from other resources and surely leave its profile alone, so there is none")
		return
	case !whole:
		p.note("no policy can leave what the account signs in to out of all resources: beside it the account is kept from the admin portals and Azure management, not from every other resource")
	}
	p.create(pin, "the account escapes MFA: it may sign in to what its profile names alone")
}

// complement returns the addresses that are in none of the ranges, as ranges.
func complement(ranges []netip.Prefix) []netip.Prefix {
	rest := []netip.Prefix{
		netip.PrefixFrom(netip.IPv4Unspecified(), 0),
		netip.PrefixFrom(netip.IPv6Unspecified(), 0),
	}
	for _, taken := range ranges {
		var next []netip.Prefix
		for _, r := range rest {
			next = append(next, less(r, plain(taken))...)
		}
		rest = next
	}
	return rest
}

// plain writes an IPv4 range that is mapped into IPv6 as what it is.
func plain(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// less returns a range without another one: each half that doesn't hold it stays.
func less(r, taken netip.Prefix) []netip.Prefix {
	switch {
	case !r.Overlaps(taken):
		return []netip.Prefix{r}
	case taken.Bits() <= r.Bits():
		return nil
	}
	low, high := halves(r)
	return append(less(low, taken), less(high, taken)...)
}

func halves(r netip.Prefix) (low, high netip.Prefix) {
	bits := r.Bits()
	upper := r.Addr().AsSlice()
	upper[bits/8] |= 0x80 >> (bits % 8)
	address, _ := netip.AddrFromSlice(upper)
	return netip.PrefixFrom(r.Addr(), bits+1), netip.PrefixFrom(address, bits+1)
}
