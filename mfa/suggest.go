package mfa

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// Profile suggests a profile for Options: the password grants that the log shows,
// to the resources and from the addresses that it names; false where it shows
// none. A sign-in counts when its password was accepted, refused by a policy
// or not; one with a wrong password may be anybody's. It is as narrow as the days
// that were read: what the account does once a month isn't in it.
//
// Where the log marks no sign-in as a password grant, the non-interactive ones
// stand in for them. A property that one of the sign-ins doesn't tell stays open.
func (e SignInEvidence) Profile() (policy.SignIn, bool) {
	uses := e.unattended()
	if len(uses) == 0 {
		return policy.SignIn{}, false
	}
	profile := policy.PasswordSignIn()
	for _, u := range uses {
		if client := clientAppType(u.ClientApp); client != "" && !slices.Contains(profile.ClientAppTypes, client) {
			profile.ClientAppTypes = append(profile.ClientAppTypes, client)
		}
	}
	profile.Applications = resourcesOf(uses)
	profile.Addresses = addressesOf(uses)
	return profile, true
}

// Outside lists the ways to sign in that lie outside of a profile, by resource or by
// address, and of which the password was accepted: what a pin to the profile would
// block. One whose resource or address the log doesn't tell lies outside where the
// profile names some. It tells of the days that were read alone.
func (e SignInEvidence) Outside(profile policy.SignIn) []SignInUse {
	return slices.DeleteFunc(slices.Clone(e.Uses), func(u SignInUse) bool {
		return u.Accepted == 0 || resourceWithin(profile, u.ResourceID) && addressWithin(profile, u.Address)
	})
}

// unattended lists the uses that are password grants, else the non-interactive ones.
func (e SignInEvidence) unattended() []SignInUse {
	accepted := slices.DeleteFunc(slices.Clone(e.Uses), func(u SignInUse) bool { return u.Accepted == 0 })
	grants := slices.DeleteFunc(slices.Clone(accepted), func(u SignInUse) bool { return !isPasswordGrant(u.Protocol) })
	if len(grants) > 0 {
		return grants
	}
	return slices.DeleteFunc(accepted, func(u SignInUse) bool { return u.Interactive })
}

// resourcesOf lists the resources; nil, every one, where a sign-in doesn't name its own.
func resourcesOf(uses []SignInUse) []string {
	var ids []string
	for _, u := range uses {
		if !guid.Is(u.ResourceID) {
			return nil
		}
		ids = append(ids, u.ResourceID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// addressesOf lists the addresses; nil, every one, where a sign-in doesn't tell its own.
func addressesOf(uses []SignInUse) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, u := range uses {
		address, err := netip.ParseAddr(u.Address)
		if err != nil {
			return nil
		}
		address = address.Unmap().WithZone("")
		if prefix := netip.PrefixFrom(address, address.BitLen()); !slices.Contains(prefixes, prefix) {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.SortFunc(prefixes, netip.Prefix.Compare)
	return prefixes
}

// clientAppType gives what the log calls a client the word that policies have for
// it; empty for the modern ones, which every password grant is among.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions.
func clientAppType(used string) string {
	switch strings.ToLower(used) {
	case "", "browser", "mobile apps and desktop clients":
		return ""
	case "exchange activesync":
		return "exchangeActiveSync"
	}
	return "other"
}
