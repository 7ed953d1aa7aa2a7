package mfa

import (
	"net/netip"
	"slices"

	"github.com/entramfa/entramfa/policy"
)

// What of the sign-in log lies within a profile.

// resourceWithin says whether a sign-in to the resource is one of the profile.
func resourceWithin(profile policy.SignIn, resource string) bool {
	if len(profile.Applications) > 0 {
		return containsFold(profile.Applications, resource)
	}
	// None at all, where the profile is one of user actions.
	return profile.Applications == nil || len(profile.UserActions) == 0 && profile.UserActions != nil
}

// addressesOfProfile are those that the profile names; none means every one.
func addressesOfProfile(profile policy.SignIn) []netip.Prefix {
	if slices.ContainsFunc(profile.Addresses, func(p netip.Prefix) bool { return !p.IsValid() }) {
		return nil
	}
	return profile.Addresses
}

// addressWithin says whether a sign-in from the address is one of the profile; one
// from an address that isn't known is only where every address is.
func addressWithin(profile policy.SignIn, text string) bool {
	prefixes := addressesOfProfile(profile)
	address, err := netip.ParseAddr(text)
	return len(prefixes) == 0 || err == nil && slices.ContainsFunc(prefixes, func(p netip.Prefix) bool {
		return plain(p).Contains(address.Unmap().WithZone(""))
	})
}

// clientWithin says whether a sign-in of the client, in the log's word, is one of
// the profile. Of a modern one the log doesn't tell whether it counts as a browser.
func clientWithin(profile policy.SignIn, used string) bool {
	client := clientAppType(used)
	return client == "" || len(profile.ClientAppTypes) == 0 || containsFold(profile.ClientAppTypes, client)
}
