package policy

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/policy/internal/cells"
)

// sides are what one part of an origin does to the location conditions of all
// effects: to the included and to the excluded locations. A condition holds for an
// origin that a part of it includes and no part excludes.
type sides struct{ in, out column }

func newSides(n int) *sides { return &sides{newColumn(n), newColumn(n)} }

func (s *sides) key() string { return s.in.key() + s.out.key() }

// originColumns are the columns of where a sign-in comes from. Its parts, the
// address, the country of it, the country by GPS and the network, are looked at
// by different locations: an effect may look at several.
type originColumns struct {
	effects int
	// addresses holds one column for each range of addresses between two starts.
	starts    []netip.Addr
	addresses []*sides
	different []netip.Addr // one of each column
	// countries and gps have those that a location names, in capital letters; other
	// is any other, foreign what is no country's code.
	countries, gps parts
	networks       [2]*sides // not compliant, and compliant
}

type parts struct {
	named          map[string]*sides
	names          []string
	other, foreign *sides
	alike          bool // no location tells the countries apart
}

func newOriginColumns(effects []effect) *originColumns {
	b := originBuilder{effects: len(effects), places: map[*place]*sides{}}
	o := &originColumns{effects: len(effects), networks: [2]*sides{newSides(len(effects)), newSides(len(effects))}}
	for i, e := range effects {
		b.add(i, e, o)
	}
	b.addresses(o)
	o.countries, o.gps = b.countries(lookupByAddress), b.countries(lookupByGPS)
	if o.networks[0].key() == o.networks[1].key() {
		o.networks[1] = o.networks[0]
	}
	return o
}

// originBuilder knows for each location the effects that include or exclude it.
type originBuilder struct {
	effects    int
	places     map[*place]*sides
	ips        []*place
	nations    []*place
	mfaTrusted *sides
}

// add notes the locations of one effect. What doesn't depend on the address or
// the country goes into the columns of the networks.
func (b *originBuilder) add(i int, e effect, o *originColumns) {
	limited := false
	for _, c := range e.conditions {
		if len(c.places) == 2 {
			b.side(i, c.places[0], o, func(s *sides) column { return s.in })
			b.side(i, c.places[1], o, func(s *sides) column { return s.out })
			limited = true
		}
	}
	if !limited {
		o.networks[0].in.set(i, yes)
		o.networks[1].in.set(i, yes)
	}
}

// side notes the included or the excluded locations of one effect.
func (b *originBuilder) side(i int, p places, o *originColumns, of func(*sides) column) {
	either := func(s *sides, t truth) {
		if c := of(s); t == yes || t == unknown && !c.maybe.Has(i) {
			c.set(i, t)
		}
	}
	for network := range o.networks {
		if p.unseen {
			either(o.networks[network], unknown)
		}
		if p.all {
			either(o.networks[network], yes)
		}
	}
	if p.mfaTrusted {
		if b.mfaTrusted == nil {
			b.mfaTrusted = newSides(b.effects)
		}
		of(b.mfaTrusted).maybe.Add(i)
	}
	for _, l := range p.locations {
		switch {
		case l.byAddress():
			of(b.seen(l, &b.ips)).yes.Add(i)
		case l.byCountry():
			of(b.seen(l, &b.nations)).yes.Add(i)
		default:
			for network := range o.networks {
				either(o.networks[network], l.holds(origin{compliantNetwork: network == 1}))
			}
		}
	}
}

// seen returns the effects of a location, and lists it.
func (b *originBuilder) seen(l *place, list *[]*place) *sides {
	s, known := b.places[l]
	if !known {
		s = newSides(b.effects)
		b.places[l] = s
		*list = append(*list, l)
	}
	return s
}

// add puts what a location does, where the value is in it, to a part.
func (s *sides) add(from *sides, t truth) {
	if t == yes {
		s.in.yes.Or(from.in.yes)
		s.out.yes.Or(from.out.yes)
	}
	if t != no {
		s.in.maybe.Or(from.in.yes)
		s.out.maybe.Or(from.out.yes)
	}
}

// edge is an address at which a range of a location begins or has ended.
type edge struct {
	at    netip.Addr
	place int // of the locations; -1 for none
	more  int
}

// addresses makes the columns of the addresses: between two neighbouring edges of
// ranges nothing changes.
func (b *originBuilder) addresses(o *originColumns) {
	edges := b.edges()
	within, known := make([]int, len(b.ips)), map[string]*sides{}
	inside, seen := cells.NewSet(len(b.ips)), map[*sides]bool{}
	for i, e := range edges {
		if e.place >= 0 {
			if within[e.place] += e.more; within[e.place] > 0 {
				inside.Add(e.place)
			} else {
				inside.Remove(e.place)
			}
		}
		if i+1 == len(edges) || edges[i+1].at != e.at {
			s := b.address(e.at.Is4(), inside, known)
			o.starts, o.addresses = append(o.starts, e.at), append(o.addresses, s)
			if !seen[s] {
				seen[s], o.different = true, append(o.different, e.at)
			}
		}
	}
}

// edges lists where ranges begin and have ended, and the first address of each
// family, in the order of the addresses.
func (b *originBuilder) edges() []edge {
	edges := []edge{{netip.IPv4Unspecified(), -1, 0}, {netip.IPv6Unspecified(), -1, 0}}
	for i, l := range b.ips {
		for _, prefix := range l.ranges {
			edges = append(edges, edge{prefix.Addr(), i, 1})
			if next := last(prefix).Next(); next.IsValid() {
				edges = append(edges, edge{next, i, -1})
			} else if prefix.Addr().Is4() { // it ends with the last IPv4 address
				edges = append(edges, edge{netip.IPv6Unspecified(), i, -1})
			}
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return a.at.Compare(b.at) })
	return edges
}

// address is the column of the addresses inside some locations, made once.
func (b *originBuilder) address(is4 bool, inside cells.Set, known map[string]*sides) *sides {
	key := column{inside, inside}.key()
	if is4 {
		key += "4"
	}
	if s := known[key]; s != nil {
		return s
	}
	s := newSides(b.effects)
	for i, l := range b.ips {
		switch {
		case inside.Has(i):
			s.add(b.places[l], yes)
		case l.unread:
			s.add(b.places[l], unknown)
		}
	}
	if b.mfaTrusted != nil && is4 {
		s.in.maybe.Or(b.mfaTrusted.in.maybe)
		s.out.maybe.Or(b.mfaTrusted.out.maybe)
	}
	known[key] = s
	return s
}

// countries makes the columns of the countries, for the locations that look them
// up in one way.
func (b *originBuilder) countries(method string) parts {
	p := parts{named: map[string]*sides{}, names: []string{CountryUnknown, anyOtherCountry}}
	nations := slices.DeleteFunc(slices.Clone(b.nations), func(l *place) bool { return l.lookup() != method })
	known := map[string]*sides{}
	column := func(country string) *sides {
		s := newSides(b.effects)
		for _, l := range nations {
			s.add(b.places[l], l.holdsCountry(origin{country: country, gps: country}))
		}
		if same := known[s.key()]; same != nil {
			return same
		}
		known[s.key()] = s
		return s
	}
	p.other, p.foreign = column(anyOtherCountry), column("no code of a country")
	p.named[CountryUnknown] = column(CountryUnknown)
	p.alike = len(nations) == 0
	for _, l := range nations {
		for _, country := range l.CountriesAndRegions {
			if country = strings.ToLower(country); p.named[country] == nil {
				p.named[country] = column(country)
				p.names = append(p.names, strings.ToUpper(country))
			}
		}
	}
	return p
}

// of is the column of a country.
func (p *parts) of(country string) *sides {
	if p.alike {
		return p.other
	}
	switch s, known := lookup(p.named, country); {
	case known:
		return s
	case isCountry(country) || country == anyOtherCountry:
		return p.other
	}
	return p.foreign
}

// interval is the number of the range of addresses in which an address lies.
func (o *originColumns) interval(a netip.Addr) int {
	low, high := 0, len(o.starts)
	for low+1 < high {
		if middle := (low + high) / 2; o.starts[middle].Compare(a) <= 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// column joins the parts of an origin.
func (o *originColumns) column(parts [4]*sides) column {
	c := newColumn(o.effects)
	for w := range c.yes {
		c.yes[w], c.maybe[w] = joined(&parts, w)
	}
	return c
}

// joined says of 64 effects for which of them the parts make an origin that they
// take in: for certain, and perhaps.
func joined(parts *[4]*sides, w int) (certain, possible uint64) {
	var in, mayIn, out, mayOut uint64
	for _, s := range parts {
		in |= s.in.yes[w]
		mayIn |= s.in.maybe[w]
		out |= s.out.yes[w]
		mayOut |= s.out.maybe[w]
	}
	return in &^ mayOut, mayIn &^ out
}
