package policy

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// SignIn is a set of sign-ins: each property lists the values that it may have,
// and nil or an empty list means every value. With one value everywhere it is a
// single sign-in. Values are Graph's words, compared without case. A value that
// is none of them, a typing error or one of a newer schema, is no reason to say
// that a condition on certain values leaves the sign-in alone: that is Unknown.
// A platform alone may be one that Graph has no word for, which only a policy for
// every platform means; a caveat says so.
type SignIn struct {
	// Applications holds the app ids of the resources for which a token is asked,
	// and UserActions urn:user:registersecurityinfo or urn:user:registerdevice: a
	// sign-in is for the one or the other. Empty and not nil means for none; where
	// both are, Applications means every resource, for a set without any sign-in
	// would be Clear of everything. DirectoryScopes may stand among the app ids.
	Applications []string `json:"applications,omitzero"`
	UserActions  []string `json:"userActions,omitzero"`
	// AuthenticationContexts holds c1 to c99, for which the resource asks; empty
	// and not nil means that it asks for none.
	AuthenticationContexts []string `json:"authenticationContexts,omitzero"`
	// ClientAppTypes holds browser, mobileAppsAndDesktopClients, exchangeActiveSync, easSupported or other.
	ClientAppTypes []string `json:"clientAppTypes,omitzero"`
	// Platforms holds android, iOS, windows, windowsPhone, macOS, linux or PlatformUnknown.
	Platforms []string `json:"platforms,omitzero"`
	// Addresses holds ranges of the public source address; with the zero Prefix
	// among them they say nothing, like nil.
	Addresses []netip.Prefix `json:"addresses,omitzero"`
	// Countries holds the country that Microsoft finds for the address, as two
	// letters of ISO 3166 or CountryUnknown; GPSCountries the one that Microsoft
	// Authenticator tells: a program tells none, CountryUnknown.
	Countries    []string `json:"countries,omitzero"`
	GPSCountries []string `json:"gpsCountries,omitzero"`
	// CompliantNetworks says whether the sign-in comes through Global Secure
	// Access: {true}, {false} or, like nil, either.
	CompliantNetworks []bool `json:"compliantNetworks,omitzero"`
	// UnregisteredDevice says that sign-ins come from no registered device, as
	// every password grant does, Devices from which registered devices they come;
	// both say from either. With neither they come from every device, registered
	// or not. The condition on devices looks at them and nothing else: a grant
	// control is judged for a program with a password and nothing else, so that a
	// compliant device doesn't meet compliantDevice, for a password grant carries
	// no device identity.
	UnregisteredDevice bool     `json:"unregisteredDevice,omitzero"`
	Devices            []Device `json:"devices,omitzero"`
	// SignInRiskLevels and UserRiskLevels hold none, low, medium or high;
	// InsiderRiskLevels none, minor, moderate or elevated.
	SignInRiskLevels  []string `json:"signInRiskLevels,omitzero"`
	UserRiskLevels    []string `json:"userRiskLevels,omitzero"`
	InsiderRiskLevels []string `json:"insiderRiskLevels,omitzero"`
	// AuthenticationFlows holds none, deviceCodeFlow or authenticationTransfer.
	AuthenticationFlows []string `json:"authenticationFlows,omitzero"`
}

const (
	// PlatformUnknown is a platform that the user agent doesn't tell, as with most programs.
	PlatformUnknown = "unknown"
	// CountryUnknown is an address, or a device, of which the country isn't known.
	CountryUnknown = "unknown"
)

// PasswordSignIn is every OAuth password grant: from anywhere, with any program,
// to any resource. The client is a modern one by public sign-in logs, and counts
// as a browser where it has a secret of its own.
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc.
func PasswordSignIn() SignIn {
	return SignIn{
		UserActions:         []string{},
		ClientAppTypes:      []string{"mobileAppsAndDesktopClients", "browser"},
		AuthenticationFlows: []string{"none"},
		GPSCountries:        []string{CountryUnknown},
		UnregisteredDevice:  true,
	}
}

// whole returns the set with nil for each list that says nothing, so that no set
// is without any sign-in.
func (s SignIn) whole() SignIn {
	for _, list := range []*[]string{
		&s.ClientAppTypes, &s.Platforms, &s.Countries, &s.GPSCountries,
		&s.SignInRiskLevels, &s.UserRiskLevels, &s.InsiderRiskLevels, &s.AuthenticationFlows,
	} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(s.Addresses) == 0 || slices.ContainsFunc(s.Addresses, func(p netip.Prefix) bool { return !p.IsValid() }) {
		s.Addresses = nil
	}
	if len(s.CompliantNetworks) == 0 {
		s.CompliantNetworks = nil
	}
	var devices []Device
	for _, d := range s.Devices {
		devices = append(devices, d.typed())
	}
	s.Devices = devices
	if !s.forResources() && !s.forActions() {
		s.Applications = nil
	}
	s.UserActions = slices.Clone(s.UserActions)
	for i, action := range s.UserActions {
		if action == "" {
			s.UserActions[i] = anyOtherAction
		}
	}
	return s
}

// axis is a property of a sign-in with a closed list of values.
type axis []string

// Every value that Graph's schema has. A region that says nothing has them all.
var (
	clientAppTypeAxis = axis{"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"}
	userActionAxis    = axis{"urn:user:registersecurityinfo", "urn:user:registerdevice"}
	platformAxis      = axis{PlatformUnknown, "windows", "macOS", "linux", "android", "iOS", "windowsPhone"}
	riskAxis          = axis{"none", "low", "medium", "high"}
	insiderAxis       = axis{"none", "minor", "moderate", "elevated"}
	flowAxis          = axis{"none", "deviceCodeFlow", "authenticationTransfer"}
)

// cover says over how many values of a region a condition holds, and gives one
// for which it does.
func (a axis) cover(region []string, holds func(string) truth) (entramfa.Extent, string) {
	if region == nil {
		region = a
	}
	return cover(region, holds)
}

// cover is always where the condition holds for all values, never where it does
// for none, sometimes where it does for one and does not for another.
func cover[T any](region []T, holds func(T) truth) (entramfa.Extent, T) {
	var inside T
	seen := map[truth]bool{}
	for _, value := range region {
		t := holds(value)
		if t == yes && !seen[yes] {
			inside = value
		}
		seen[t] = true
	}
	switch {
	case seen[yes] && seen[no]:
		return entramfa.Sometimes, inside
	case seen[unknown]:
		return entramfa.ExtentUnknown, inside
	case seen[yes]:
		return entramfa.Always, inside
	}
	return entramfa.Never, inside
}

// among returns a condition that holds for the values of a list, in which the
// foreign words may mean anything. Of a value that the axis doesn't have it isn't
// known.
func (a axis) among(list, foreign []string) func(string) truth {
	return func(value string) truth {
		if !containsFold(a, value) {
			return unknown
		}
		return listed(list, foreign, value)
	}
}

// listed says whether a list means a value: it does where it names it. Else a
// foreign word of the list may mean it, as the name of a group that it is in.
func listed(list, foreign []string, value string) truth {
	switch {
	case containsFold(list, value) && !containsFold(foreign, value):
		return yes
	case len(foreign) > 0:
		return unknown
	}
	return no
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// index finds a value; -1 where it is none of the axis.
func (a axis) index(value string) int {
	for i, v := range a {
		if v == value {
			return i
		}
	}
	return slices.IndexFunc(a, func(v string) bool { return strings.EqualFold(v, value) })
}

// has says whether a value is one of the axis.
func (a axis) has(value string) bool { return containsFold(a, value) }

// foreign lists the values of a condition that this version doesn't know.
func (a axis) foreign(values []string, special ...string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		return containsFold(a, v) || containsFold(special, v)
	})
}

// names joins values for a sentence.
func names(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	return strings.Join(values, ", ")
}

// text describes a set of sign-ins by what narrows it.
func (s SignIn) text() string {
	var parts []string
	add := func(word string, values []string) {
		if len(values) > 0 {
			parts = append(parts, word+" "+strings.Join(values, " or "))
		}
	}
	add("to", s.Applications)
	add("for", slices.Concat(s.UserActions, s.AuthenticationContexts))
	add("as", s.ClientAppTypes)
	add("on platform", s.Platforms)
	var addresses []string
	for _, prefix := range s.Addresses {
		addresses = append(addresses, strings.TrimSuffix(strings.TrimSuffix(prefix.String(), "/32"), "/128"))
	}
	add("from", addresses)
	if s.Devices != nil {
		add("with", s.deviceTexts())
	}
	if len(s.Countries) == 1 {
		add("in country", s.Countries)
	}
	add("with sign-in risk", s.SignInRiskLevels)
	add("with user risk", s.UserRiskLevels)
	add("with insider risk", s.InsiderRiskLevels)
	return "a sign-in " + strings.Join(parts, ", ")
}
