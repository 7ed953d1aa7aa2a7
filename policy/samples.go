package policy

import (
	"net/netip"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/cells"
)

// sample is one value of a property, for all that do the same to every effect.
type sample struct {
	point
	column
	blocks cells.Set // of a client app type the effects that block it
}

// region is a set of sign-ins, held against a table.
type region struct {
	table   *table
	samples [properties][]sample
	// blurred says that a property has too many samples to tell apart.
	blurred bool
	seen    map[string]bool // the samples of the property that is being added
	// blocks and meets are the effects that block, and those that block or demand.
	blocks, meets boxes
}

// boxes are the spaces in which effects hold for certain, and perhaps; held are
// the effects that do for some sign-in.
type boxes struct {
	certain, possible         cells.Space
	heldCertain, heldPossible cells.Set
}

// region holds a set of sign-ins against the table.
func (t *table) region(signIns SignIn) *region {
	s := signIns.whole()
	r := &region{table: t, seen: map[string]bool{}}
	targets, ok := t.targets.targets(s)
	for _, at := range targets {
		r.add(onTarget, sample{point: point{target: at}, column: *t.targets.of(at)})
	}
	if !ok {
		r.blurred = true
		r.add(onTarget, sample{column: t.origins.anything()})
	}
	clear(r.seen)
	for _, on := range []property{onClientAppType, onPlatform, onSignInRisk, onUserRisk, onInsiderRisk, onAuthenticationFlow} {
		closed := &t.closed[on]
		for _, value := range closed.axis.or(closed.values(&s)) {
			v := sample{column: *t.value(on, value)}
			closed.set(&v.point, value)
			if on == onClientAppType {
				v.blocks = t.blocking(value)
			}
			r.add(on, v)
		}
		clear(r.seen)
	}
	for _, device := range s.devices() {
		r.add(onDevice, sample{point: point{device: device}, column: *t.device(device)})
	}
	r.samples[onOrigin], ok = t.origins.samples(s)
	r.blurred = r.blurred || !ok
	r.blocks, r.meets = r.boxes(true), r.boxes(false)
	return r
}

// add leaves out a sample that does the same as another.
func (r *region) add(on property, s sample) {
	key := s.key()
	if on == onClientAppType {
		key += column{s.blocks, s.blocks}.key()
	}
	if !r.seen[key] {
		r.seen[key] = true
		r.samples[on] = append(r.samples[on], s)
	}
}

// boxes makes the spaces of the blocks, or of blocks and demands.
func (r *region) boxes(blocking bool) boxes {
	b := boxes{heldCertain: slices.Clone(r.table.sure), heldPossible: slices.Clone(r.table.all)}
	for _, samples := range r.samples {
		var certain, possible []cells.Set
		for _, s := range samples {
			yes, maybe := s.yes, s.maybe
			if blocking && s.blocks != nil {
				c := s.column.clone()
				c.yes.And(s.blocks)
				c.maybe.And(s.blocks)
				yes, maybe = c.yes, c.maybe
			}
			certain, possible = append(certain, yes), append(possible, maybe)
		}
		b.certain, b.possible = append(b.certain, certain), append(b.possible, possible)
		b.heldCertain.And(union(certain))
		b.heldPossible.And(union(possible))
	}
	return b
}

func union(sets []cells.Set) cells.Set {
	all := slices.Clone(sets[0])
	for _, set := range sets[1:] {
		all.Or(set)
	}
	return all
}

// maxSteps bounds the work of one question, in comparisons of sets; a set of
// policies that needs more is answered Unknown.
const maxSteps = 1 << 21

// extent says how much of the region the effects on an account meet together.
func (r *region) extent(b boxes, certain, possible cells.Set) entramfa.Extent {
	steps := maxSteps
	return r.extentWithin(b, certain, possible, &steps)
}

// extentWithin is extent, with the steps that are left.
func (r *region) extentWithin(b boxes, certain, possible cells.Set, steps *int) entramfa.Extent {
	certain, possible = slices.Clone(certain), slices.Clone(possible)
	certain.And(b.heldCertain)
	possible.And(b.heldPossible)
	if possible.Empty() {
		return entramfa.Never
	}
	switch free, ok := b.certain.Free(certain, steps); {
	case !ok || certain.Empty():
		return entramfa.ExtentUnknown
	case !free:
		return entramfa.Always
	}
	if free, ok := b.possible.Free(possible, steps); ok && free {
		return entramfa.Sometimes
	}
	return entramfa.ExtentUnknown
}

// or returns the region's values, or all there are where it names none.
func (a axis) or(region []string) []string {
	if region == nil {
		return a
	}
	return region
}

// part is one part of an origin.
type part[T any] struct {
	value T
	sides *sides
}

// distinctParts leaves out a part that does the same as another.
func distinctParts[T any](values []T, of func(T) *sides) []part[T] {
	var list []part[T]
	seen := map[*sides]bool{}
	for _, value := range values {
		if s := of(value); !seen[s] {
			seen[s] = true
			list = append(list, part[T]{value, s})
		}
	}
	return list
}

// maxSamples bounds the targets, and the origins, that are told apart. Of a set of
// sign-ins that has more nothing is known.
const maxSamples = 1 << 16

// anything is the column of what isn't known.
func (o *originColumns) anything() column {
	c := newColumn(o.effects)
	for i := range o.effects {
		c.maybe.Add(i)
	}
	return c
}

// samples lists the origins of a region that effects tell apart. ok is false where
// they are too many.
func (o *originColumns) samples(s SignIn) (list []sample, ok bool) {
	networks := s.CompliantNetworks
	if networks == nil {
		networks = []bool{false, true}
	}
	addresses := distinctParts(o.within(s.Addresses), func(a netip.Addr) *sides { return o.addresses[o.interval(a)] })
	countries := distinctParts(axis(o.countries.names).or(s.Countries), o.countries.of)
	gps := distinctParts(axis(o.gps.names).or(s.GPSCountries), o.gps.of)
	ways := distinctParts(networks, func(compliant bool) *sides { return o.network(compliant) })
	if len(addresses)*len(countries)*len(gps)*len(ways) > maxSamples {
		return []sample{{column: o.anything()}}, false
	}
	seen := map[string]bool{}
	for _, address := range addresses {
		for _, country := range countries {
			for _, position := range gps {
				for _, network := range ways {
					c := o.column([4]*sides{address.sides, country.sides, position.sides, network.sides})
					if key := c.key(); !seen[key] {
						seen[key] = true
						list = append(list, sample{column: c, point: point{origin: origin{address.value, country.value, position.value, network.value}}})
					}
				}
			}
		}
	}
	return list, true
}

// within lists one address for each column that a region of addresses touches.
func (o *originColumns) within(ranges []netip.Prefix) []netip.Addr {
	if ranges == nil {
		return o.different
	}
	var list []netip.Addr
	for _, r := range ranges {
		prefix := unmapped(r)
		first, end := o.interval(prefix.Addr()), o.interval(last(prefix))
		list = append(list, prefix.Addr())
		list = append(list, o.starts[first+1:end+1]...)
	}
	return list
}
