package policy

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/entramfa/entramfa"
)

// Decide says what all Conditional Access policies of a tenant together do to a
// set of an account's sign-ins: blocked or met by a demand, always or sometimes,
// or clear. Several policies that meet some sign-ins each may together meet all
// of them; Judge says it of each policy alone.
//
// It is exact over the properties of a SignIn, taken as independent of each
// other. It is Unknown where something isn't known that could matter. It does
// no I/O.
func Decide(tenant Tenant, subject Subject, signIns SignIn) entramfa.Verdict {
	if !tenant.Policies.Known() {
		return entramfa.Verdict{}
	}
	j := newJudge(tenant, subject, signIns)
	effects := j.effects()
	samples := j.samples(effects)
	var sizes [properties]int
	for on := range properties {
		sizes[on] = len(samples[on])
	}
	return decideAll(sizes, boxesOf(effects, samples))
}

// effects lists what the policies do that may touch the account. A list that
// isn't known, or not whole, may do anything.
func (j *judge) effects() []effectOf {
	list, known := j.tenant.Policies.Get()
	var effects []effectOf
	for _, p := range list.Policies {
		if e, ok := j.effectOf(p); ok {
			effects = append(effects, e)
		}
	}
	if !known || list.Hidden != "" {
		effects = append(effects, effectOf{maybe: true, outcome: entramfa.Blocked})
	}
	return effects
}

// effectOf is what a policy does where its conditions hold. maybe says that it
// may do nothing at all.
type effectOf struct {
	outcome    entramfa.Outcome
	maybe      bool
	conditions []coverage
}

// effectOf returns false for a policy that leaves the account alone.
func (j *judge) effectOf(p Policy) (effectOf, bool) {
	f := j.policy(p)
	if f.Outcome == entramfa.Clear {
		return effectOf{}, false
	}
	if p.Conditions == nil || p.Conditions.Users == nil {
		return effectOf{outcome: entramfa.Blocked, maybe: true}, true
	}
	e := effectOf{outcome: f.Outcome, conditions: j.conditions(p.Conditions)}
	controls := j.controls(p)
	if e.outcome = controls.outcome; e.outcome == entramfa.Unknown {
		e.outcome, e.maybe = entramfa.Blocked, true
	}
	sure := p.State.is(StateEnabled) && j.matchUsers(p.Conditions.Users).truth == yes && len(unknownMembers(p.members)) == 0
	e.maybe = e.maybe || controls.partly || !sure || len(unknownMembers(p.Conditions.members)) > 0
	return e, true
}

// bitset is a set of the samples of one property.
type bitset []uint64

func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

func (b bitset) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// box is the sign-ins that a policy meets: of each property the samples for
// which its condition holds. certain are those where that is known, possible
// those where it isn't known not to.
type box struct {
	outcome           entramfa.Outcome
	certain, possible [properties]bitset
	never             bool // certain is empty, whatever the properties
}

// boxesOf holds the conditions of each effect against the samples.
func boxesOf(effects []effectOf, samples [properties][]point) []box {
	var list []box
	for _, e := range effects {
		b := box{outcome: e.outcome, never: e.maybe}
		for on := range properties {
			b.certain[on], b.possible[on] = e.hold(on, samples[on])
		}
		list = append(list, b)
	}
	return list
}

// hold says for which samples of a property all conditions on it hold.
func (e effectOf) hold(on property, samples []point) (certain, possible bitset) {
	words := len(samples)/64 + 1
	certain, possible = make(bitset, words), make(bitset, words)
	for i := range samples {
		result := yes
		for _, c := range e.conditions {
			switch {
			case c.holds != nil && c.on == on:
				result = both(result, c.holds(&samples[i]))
			case c.holds == nil && c.extent != entramfa.Always:
				result = both(result, unknown)
			}
		}
		if result == yes {
			certain.set(i)
		}
		if result != no {
			possible.set(i)
		}
	}
	return certain, possible
}

// decideAll weighs the boxes: a block that covers the region decides, then
// demands and blocks that do together, then whether any box is possible at all.
func decideAll(sizes [properties]int, list []box) entramfa.Verdict {
	var blocks []box
	for _, b := range list {
		if b.outcome == entramfa.Blocked {
			blocks = append(blocks, b)
		}
	}
	blocked := extentOf(sizes, blocks)
	met := extentOf(sizes, list)
	switch {
	case blocked == entramfa.Always:
		return entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}
	case met == entramfa.Always:
		return entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always}
	case met == entramfa.Never:
		return entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}
	case met == entramfa.ExtentUnknown || blocked == entramfa.ExtentUnknown:
		return entramfa.Verdict{}
	case blocked == entramfa.Sometimes:
		return entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Sometimes}
	}
	return entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Sometimes}
}

// maxSteps bounds the work of covered; a set of policies that needs more is
// answered Unknown.
const maxSteps = 1 << 20

// extentOf says how much of the region the boxes cover together.
func extentOf(sizes [properties]int, list []box) entramfa.Extent {
	steps := maxSteps
	certain := pick(list, func(b box) ([properties]bitset, bool) { return b.certain, !b.never })
	possible := pick(list, func(b box) ([properties]bitset, bool) { return b.possible, true })
	switch {
	case len(possible) == 0:
		return entramfa.Never
	case covered(sizes, certain, 0, &steps) && steps > 0:
		return entramfa.Always
	case steps <= 0 || len(certain) == 0:
		return entramfa.ExtentUnknown
	case !covered(sizes, possible, 0, &steps) && steps > 0:
		return entramfa.Sometimes
	}
	return entramfa.ExtentUnknown
}

// pick returns the boxes that hold something.
func pick(list []box, of func(box) ([properties]bitset, bool)) [][properties]bitset {
	var sets [][properties]bitset
	for _, b := range list {
		set, ok := of(b)
		for on := range properties {
			ok = ok && set[on].count() > 0
		}
		if ok {
			sets = append(sets, set)
		}
	}
	return sets
}

// covered says whether every combination of samples lies in one of the boxes:
// property by property, going on with the boxes that hold the sample.
func covered(sizes [properties]int, sets [][properties]bitset, on property, steps *int) bool {
	if *steps--; *steps <= 0 {
		return false
	}
	if len(sets) == 0 {
		return false
	}
	if on == properties || full(sizes, sets, on) {
		return true
	}
	seen := map[string]bool{}
	for i := range sizes[on] {
		var inside [][properties]bitset
		var which strings.Builder
		for k, set := range sets {
			if set[on].has(i) {
				inside = append(inside, set)
				fmt.Fprintf(&which, "%d ", k)
			}
		}
		if seen[which.String()] { // the same boxes as for a sample before
			continue
		}
		seen[which.String()] = true
		if !covered(sizes, inside, on+1, steps) {
			return false
		}
	}
	return true
}

// full says whether one box holds every sample of the properties that are left.
func full(sizes [properties]int, sets [][properties]bitset, from property) bool {
	for _, set := range sets {
		whole := true
		for on := from; on < properties; on++ {
			whole = whole && set[on].count() == sizes[on]
		}
		if whole {
			return true
		}
	}
	return false
}
