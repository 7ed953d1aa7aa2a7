package mfa

import (
	"net/netip"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// compensate pins the account that will escape MFA: it is blocked from everywhere
// but its addresses, and for what it doesn't sign in to. What is pinned already is
// left alone: what will hold it once it is let go, for a policy that blocks it from
// everywhere now may be one from which it is to be excluded.
func (p *planner) compensate() {
	released := p.released()
	if p.opts.SkipCompensation && len(released.plan.Changes) > 0 {
		p.note("THE ACCOUNT IS NOT PINNED (SkipCompensation): whoever has its password signs in from anywhere, and no MFA is asked")
	}
	if p.opts.SkipCompensation {
		return
	}
	if len(released.plan.Changes) == 0 || !p.canPin() {
		return
	}
	if !released.pinnedToAddresses() {
		p.pinToAddresses()
	}
	p.pinToApplications(released)
}

// released is the plan as it would be without any compensation: no changes mean
// that the account escapes nothing.
func (p *planner) released() *planner {
	r := *p
	r.exclude()
	r.replaceSecurityDefaults()
	r.disablePerUser()
	return &r
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
	case !p.before.ConditionalAccess.NamedLocations.Known():
		p.refuse(GuardUnread, "grant the checking identity Policy.Read.All and check again, "+way,
			"the named locations, of which the account is to get one, could not be read: %v", p.before.ConditionalAccess.NamedLocations.Err())
	default:
		if _, err := policy.PinLocation("addresses", addresses); err != nil {
			p.refuse(GuardCompensation, "mend the Addresses of the profile, "+way, "the account can't be pinned to these addresses: %v", err)
			return false
		}
		return true
	}
	return false
}

// pinnedToAddresses says whether the policies block the account for every resource
// from everywhere else, with every client, device and flow: whoever has its password
// need not sign in as the account does.
func (p *planner) pinnedToAddresses() bool {
	elsewhere := policy.SignIn{UserActions: []string{}, Addresses: complement(p.plan.Profile.Addresses)}
	verdict := policy.Decide(p.after.ConditionalAccess, p.after.Subject(), elsewhere)
	return verdict == entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}
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
	p.create(pin, "no MFA is asked of the account any more: it may sign in to resources from its own addresses alone")
}

// adds says whether a pin changes what happens to any of the account's sign-ins from
// its addresses.
func (p *planner) adds(pin policy.Policy) bool {
	var account policy.Directory
	if account.AddAccounts(func(yield func(policy.Subject, error) bool) { yield(p.after.Subject(), nil) }) != nil {
		return true
	}
	signIns := policy.SignIn{UserActions: []string{}, Addresses: p.plan.Profile.Addresses}
	pin.ID = "pin"
	changes, err := policy.Diff(
		policy.Snapshot{Policies: policy.Prepare(p.after.ConditionalAccess), Accounts: &account},
		policy.Snapshot{Policies: policy.Prepare(p.with(pin)), Accounts: &account}, signIns)
	if err != nil {
		return true
	}
	for range changes {
		return true
	}
	return false
}

// with is Conditional Access as it will be with one more policy.
func (p *planner) with(more policy.Policy) policy.Tenant {
	tenant := p.after.ConditionalAccess
	list, _ := tenant.Policies.Get()
	list.Policies = append(slices.Clip(list.Policies), more)
	tenant.Policies = entramfa.Known(list)
	return tenant
}

// pinToApplications pins the account to the resources of its profile, unless what
// is left of the policies does. Where a pin to all of them may block the profile
// itself, for what stands behind a resource, it is one to what can be told.
func (p *planner) pinToApplications(released *planner) {
	applications := p.plan.Profile.Applications
	if len(applications) == 0 {
		p.note("the profile names no resources, so that the account is not kept from any")
		return
	}
	name := "entramfa: block " + p.plan.Account.UserPrincipalName + " for other resources"
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
	case !released.adds(pin):
		return
	case !whole:
		p.note("no policy can leave what the account signs in to out of all resources: beside it the account is kept from the admin portals and Azure management, not from every other resource")
	}
	p.create(pin, "no MFA is asked of the account any more: it may sign in to what its profile names alone")
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
