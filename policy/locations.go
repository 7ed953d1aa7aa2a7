package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// The condition on where a sign-in comes from:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network.
//
//   - All is everywhere. AllTrusted is every named location that is marked as
//     trusted, and the trusted IPs of the legacy MFA settings, which no API shows.
//   - An IP location takes in addresses, a country location countries by address
//     or by the GPS of Microsoft Authenticator, a compliant network sign-ins that
//     come through Global Secure Access.
//   - Exclusion wins.

// origin is one kind of place that locations may tell apart: they look at
// nothing else of a sign-in.
type origin struct {
	address          netip.Addr // the zero Addr is an address in no location
	country, gps     string
	compliantNetwork bool
}

// locations says over which places of the region the condition holds.
func (j *judge) locations(l *Locations) coverage {
	const name = "locations"
	if l == nil {
		return always()
	}
	if unknown := unknownMembers(l.members); len(unknown) > 0 {
		return cantTell(name, "%s", unknownCondition("conditions.locations", unknown))
	}
	if len(l.IncludeLocations)+len(l.ExcludeLocations) == 0 {
		return always()
	}
	if len(l.IncludeLocations) == 0 {
		return cantTell(name, "which locations the policy includes: the answer did not say")
	}
	all := containsFold(l.IncludeLocations, LocationAll)
	if all && len(l.ExcludeLocations) == 0 {
		return covers(entramfa.Always, name, "from everywhere")
	}
	included, excluded := j.places(l.IncludeLocations), j.places(l.ExcludeLocations)
	extent, inside := cover(j.origins(included, excluded), func(o origin) truth {
		return both(included.hold(o), excluded.hold(o).not())
	})
	c := of(extent, func(s *SignIn) { inside.narrow(s) }, name, "%s", placesText(all, included, excluded)).
		by(onOrigin, func(p *point) truth { return both(included.hold(p.origin), excluded.hold(p.origin).not()) })
	c.caveats = append(append(c.caveats, included.caveats...), excluded.caveats...)
	c.places = []places{included, excluded}
	switch extent {
	case entramfa.Never:
		c.reason = reasonf(name, "none of the sign-ins comes from there (%s)", placesText(all, included, excluded))
	case entramfa.ExtentUnknown:
		c.reason = reasonf(name, "%s", placesText(all, included, excluded))
		c.missing = append(slices.Clone(included.missing), excluded.missing...)
		if included.mfaTrusted || excluded.mfaTrusted {
			c.missing = append(c.missing, "which addresses are MFA trusted IPs: "+noAPI)
		}
		if len(c.missing) == 0 {
			c.missing = []string{"whether the sign-in comes " + placesText(all, included, excluded)}
		}
	}
	return c
}

// places is one side of the condition.
type places struct {
	all       bool
	locations []*place
	// unseen says that a location is named of which nothing is known, mfaTrusted
	// that the trusted IPs of the legacy MFA settings are: IPv4 ranges that no API
	// shows (https://learn.microsoft.com/entra/identity/authentication/howto-mfa-mfasettings).
	unseen, mfaTrusted bool
	texts              []string
	caveats, missing   []string
}

// place is a named location with its ranges read.
type place struct {
	NamedLocation
	ranges []netip.Prefix // sorted; none overlaps another
	// unread says that a range is none, or that the ranges or countries were not in
	// the answer: what is not among them may be.
	unread bool
}

func newPlace(l NamedLocation) *place {
	p := &place{NamedLocation: l}
	p.unread = l.lacks("ipRanges", l.IPRanges == nil) || l.lacks("countriesAndRegions", l.CountriesAndRegions == nil)
	for _, r := range l.IPRanges {
		prefix, err := netip.ParsePrefix(r.CIDRAddress)
		if err != nil || len(unknownMembers(r.members)) > 0 {
			p.unread = true
		}
		if err != nil {
			continue
		}
		p.ranges = append(p.ranges, unmapped(prefix))
	}
	p.sort()
	return p
}

// lacks says that a list, which a location of its kind has, was not in the answer.
func (l NamedLocation) lacks(list string, missing bool) bool {
	kind := map[string]string{"ipRanges": IPNamedLocation, "countriesAndRegions": CountryNamedLocation}[list]
	return missing && strings.EqualFold(l.Type, kind) && l.members.Decoded()
}

// sort puts the ranges in the order of their addresses and leaves out those that
// lie in another.
func (l *place) sort() {
	slices.SortFunc(l.ranges, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	var kept []netip.Prefix
	for _, r := range l.ranges {
		if n := len(kept); n == 0 || !kept[n-1].Overlaps(r) {
			kept = append(kept, r)
		}
	}
	l.ranges = kept
}

const noAPI = "the trusted IPs of the legacy MFA settings are shown by no API"

// places looks the entries of one side up.
func (j *judge) places(ids []string) places {
	var p places
	for _, id := range ids {
		switch {
		case strings.EqualFold(id, LocationAll):
			p.all = true
			p.texts = append(p.texts, "everywhere")
		case strings.EqualFold(id, LocationAllTrusted):
			j.trusted(&p)
		case id == LocationMFATrustedIPs:
			p.mfaTrusted, p.caveats, p.texts = true, append(p.caveats, noAPI), append(p.texts, "the MFA trusted IPs")
		default:
			j.place(id, &p)
		}
	}
	return p
}

// trusted adds all trusted locations.
func (j *judge) trusted(p *places) {
	p.mfaTrusted, p.caveats, p.texts = true, append(p.caveats, noAPI), append(p.texts, "all trusted locations")
	if !j.tenant.NamedLocations.Known() {
		p.unseen, p.missing = true, append(p.missing, fmt.Sprintf("which locations are trusted: %v", j.tenant.NamedLocations.Err()))
	}
	for _, l := range j.located {
		if l.members.Decoded() && !l.members.Has("isTrusted") && !l.byCountry() {
			p.unseen, p.missing = true, append(p.missing, fmt.Sprintf("whether the location %s is trusted: the answer did not say", l.describe()))
		}
		if l.IsTrusted != nil && *l.IsTrusted {
			p.locations = append(p.locations, l)
		}
	}
}

// place adds one named location.
func (j *judge) place(id string, p *places) {
	known := len(p.locations)
	for _, l := range j.located {
		if strings.EqualFold(l.ID, id) {
			p.locations = append(p.locations, l)
			p.texts = append(p.texts, l.describe())
		}
	}
	if len(p.locations) > known {
		return
	}
	p.unseen = true
	p.texts = append(p.texts, "the location "+id)
	if j.tenant.NamedLocations.Known() {
		p.missing = append(p.missing, fmt.Sprintf("what the location %s is: the tenant has no named location with this id", id))
		return
	}
	p.missing = append(p.missing, fmt.Sprintf("what the named location %s is: %v", id, j.tenant.NamedLocations.Err()))
}

// hold says whether a place is among the places.
func (p places) hold(o origin) truth {
	result := no
	if p.unseen || p.mfaTrusted && o.address.Is4() {
		result = unknown
	}
	if p.all {
		return yes
	}
	for _, l := range p.locations {
		result = either(result, l.holds(o))
	}
	return result
}

// byAddress and byCountry say at what part of a place alone the location looks.
func (l *place) byAddress() bool { return l.is(IPNamedLocation) }

func (l *place) byCountry() bool {
	return l.is(CountryNamedLocation) && l.lookup() != ""
}

func (l *place) is(kind string) bool {
	return strings.EqualFold(l.Type, kind) && len(unknownMembers(l.members)) == 0
}

// The ways in which a location finds the country of a sign-in.
const (
	lookupByAddress = "clientIpAddress"
	lookupByGPS     = "authenticatorAppGps"
)

// lookup is how the location finds a country, empty where this version doesn't know how.
func (l NamedLocation) lookup() string {
	switch {
	case l.CountryLookupMethod == nil && l.members.Decoded() && !l.members.Has("countryLookupMethod"):
		return ""
	case l.CountryLookupMethod == nil || strings.EqualFold(*l.CountryLookupMethod, lookupByAddress):
		return lookupByAddress
	case strings.EqualFold(*l.CountryLookupMethod, lookupByGPS):
		return lookupByGPS
	}
	return ""
}

// holds says whether a named location takes a place in.
func (l *place) holds(o origin) truth {
	switch {
	case len(unknownMembers(l.members)) > 0:
		return unknown
	case strings.EqualFold(l.Type, IPNamedLocation):
		return l.holdsAddress(o.address)
	case strings.EqualFold(l.Type, CountryNamedLocation):
		return l.holdsCountry(o)
	case strings.EqualFold(l.Type, CompliantNetworkNamedLocation):
		return truthOf(o.compliantNetwork)
	}
	return unknown
}

func (l *place) holdsAddress(address netip.Addr) truth {
	i, found := slices.BinarySearchFunc(l.ranges, address, func(r netip.Prefix, a netip.Addr) int { return r.Addr().Compare(a) })
	if found || i > 0 && l.ranges[i-1].Contains(address) {
		return yes
	}
	if l.unread {
		return unknown
	}
	return no
}

func (l *place) holdsCountry(o origin) truth {
	country := o.country
	switch l.lookup() {
	case lookupByAddress:
	case lookupByGPS:
		country = o.gps
	default:
		return unknown
	}
	if strings.EqualFold(country, CountryUnknown) && l.members.Decoded() && !l.members.Has("includeUnknownCountriesAndRegions") {
		return unknown
	}
	if strings.EqualFold(country, CountryUnknown) && !l.unread {
		return truthOf(l.IncludeUnknownCountriesAndRegions != nil && *l.IncludeUnknownCountriesAndRegions)
	}
	switch {
	case containsFold(l.CountriesAndRegions, country):
		return yes
	case l.unread, !isCountry(country) && country != anyOtherCountry:
		return unknown
	}
	return no
}

// origins lists one place of the region for each way in which the locations take
// it. Of a single place nothing has to be told apart.
func (j *judge) origins(included, excluded places) []origin {
	if one, ok := j.region.origin(); ok {
		return []origin{one}
	}
	alone := effect{conditions: []coverage{{places: []places{included, excluded}}}}
	samples, _ := newOriginColumns([]effect{alone}).samples(j.region) // one policy tells few apart
	list := make([]origin, len(samples))
	for i, s := range samples {
		list[i] = s.origin
	}
	return list
}

// origin returns the one place from which the sign-ins come, false where there are
// several.
func (s *SignIn) origin() (o origin, ok bool) {
	if len(s.Addresses) != 1 || !s.Addresses[0].IsSingleIP() || len(s.Countries) != 1 || len(s.GPSCountries) != 1 || len(s.CompliantNetworks) != 1 {
		return o, false
	}
	return origin{s.Addresses[0].Addr().Unmap(), s.Countries[0], s.GPSCountries[0], s.CompliantNetworks[0]}, true
}

// anyOtherCountry stands for every country that no location names.
const anyOtherCountry = "any other country"

// unmapped returns a range by its first address; one of IPv4 addresses that is
// written in IPv6, as ::ffff:203.0.113.0/120, as the IPv4 range that it is.
func unmapped(prefix netip.Prefix) netip.Prefix {
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked()
}

// last is the last address of a range.
func last(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Masked().Addr().AsSlice()
	for i := prefix.Bits(); i < len(bytes)*8; i++ {
		bytes[i/8] |= 1 << (7 - i%8)
	}
	address, _ := netip.AddrFromSlice(bytes)
	return address
}

// narrow makes a region this place.
func (o origin) narrow(s *SignIn) {
	s.Addresses = []netip.Prefix{netip.PrefixFrom(o.address, o.address.BitLen())}
	s.Countries, s.GPSCountries, s.CompliantNetworks = []string{o.country}, []string{o.gps}, []bool{o.compliantNetwork}
}

func placesText(all bool, included, excluded places) string {
	text := "from " + names(included.texts)
	if len(included.texts) == 0 {
		text = "from nowhere"
	}
	if all {
		text = "from everywhere"
	}
	if len(excluded.texts) > 0 {
		text += " but " + names(excluded.texts)
	}
	return text
}

// describe says what the location is, in a few words.
func (l NamedLocation) describe() string {
	switch {
	case strings.EqualFold(l.Type, CountryNamedLocation) || len(l.CountriesAndRegions) > 0:
		return fmt.Sprintf("%q (%s)", l.DisplayName, names(l.CountriesAndRegions))
	case strings.EqualFold(l.Type, IPNamedLocation):
		return fmt.Sprintf("%q (address ranges: %d)", l.DisplayName, len(l.IPRanges))
	}
	return fmt.Sprintf("%q", l.DisplayName)
}
