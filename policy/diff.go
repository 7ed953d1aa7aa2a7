package policy

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/entramfa/entramfa"
)

// Change is an account of which at least one sign-in has another outcome.
type Change struct {
	// AccountID is the object id of the account.
	AccountID string
	// Before and After are what happens to Witness: Clear, MFA, Blocked, or
	// Unknown where it can't be told.
	Before, After entramfa.Outcome
	// Witness is one sign-in whose outcome changes.
	Witness SignIn
}

// Diff says whose outcome changes between two states of a tenant, over a set of
// sign-ins: one Change, with a witness, for each account of which a sign-in is
// treated otherwise after than before. It is exact over the properties of a
// SignIn, taken as independent of each other; who doesn't appear is treated the
// same at every sign-in of the set. What can't be told counts as an outcome of
// its own: an account appears when it becomes unknown, or stops to be.
//
// The accounts come as a stream, as they are before and after: a change of
// groups is two subjects. An account for which the policies are too tangled to
// compare appears with both outcomes Unknown and no witness. It does no I/O.
func Diff(before, after Tenant, accounts iter.Seq2[Subject, Subject], signIns SignIn) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for was, is := range accounts {
			if change, changed := diff(before, after, was, is, signIns); changed && !yield(change) {
				return
			}
		}
	}
}

// Same turns accounts that stay as they are into what Diff takes.
func Same(accounts iter.Seq[Subject]) iter.Seq2[Subject, Subject] {
	return func(yield func(Subject, Subject) bool) {
		for account := range accounts {
			if !yield(account, account) {
				return
			}
		}
	}
}

func diff(before, after Tenant, was, is Subject, signIns SignIn) (Change, bool) {
	first := newJudge(before, was, signIns)
	second := newJudge(after, is, signIns)
	old, now := first.effects(), second.effects()
	samples := first.samples(append(slices.Clone(old), now...))
	d := &differ{samples: samples, steps: maxSteps}
	change, changed := d.search(sides(boxesOf(old, samples), boxesOf(now, samples)), 0)
	if d.steps <= 0 {
		return Change{AccountID: is.ID}, true
	}
	if changed {
		change.AccountID = is.ID
		for on := range properties {
			samples[on][d.at[on]].narrow(property(on), &change.Witness)
		}
	}
	return change, changed
}

// sided is a box and the states in which it stands.
type sided struct {
	box
	before, after bool
	// certain: every property so far was one for which that is known.
	certain bool
}

// sides joins the boxes of both states; one that stands in both is one.
func sides(before, after []box) []sided {
	var list []sided
	for _, b := range before {
		list = append(list, sided{box: b, before: true, certain: !b.never})
	}
	for _, b := range after {
		twin := slices.IndexFunc(list, func(s sided) bool { return s.before && !s.after && s.box.equal(b) })
		if twin >= 0 {
			list[twin].after = true
			continue
		}
		list = append(list, sided{box: b, after: true, certain: !b.never})
	}
	return list
}

func (b box) equal(other box) bool {
	if b.outcome != other.outcome || b.never != other.never {
		return false
	}
	for on := range properties {
		if !slices.Equal(b.certain[on], other.certain[on]) || !slices.Equal(b.possible[on], other.possible[on]) {
			return false
		}
	}
	return true
}

// differ looks for a combination of samples that the two states treat otherwise.
type differ struct {
	samples [properties][]point
	at      [properties]int
	steps   int
}

// search goes property by property, with the boxes that are still possible.
func (d *differ) search(list []sided, on property) (Change, bool) {
	if d.steps--; d.steps <= 0 || !slices.ContainsFunc(list, func(s sided) bool { return s.before != s.after }) {
		return Change{}, false
	}
	if on == properties {
		before, after := outcomeOf(list, func(s sided) bool { return s.before }), outcomeOf(list, func(s sided) bool { return s.after })
		return Change{Before: before.outcome(), After: after.outcome()}, before != after
	}
	seen := map[string]bool{}
	for i := range d.samples[on] {
		inside, key := within(list, on, i)
		if seen[key] {
			continue
		}
		seen[key] = true
		d.at[on] = i
		if change, changed := d.search(inside, on+1); changed {
			return change, true
		}
	}
	return Change{}, false
}

// within keeps the boxes in which a sample of a property lies; the key is the
// same for samples that keep the same boxes in the same way.
func within(list []sided, on property, sample int) ([]sided, string) {
	var inside []sided
	key := make([]byte, len(list))
	for i, s := range list {
		switch {
		case !s.possible[on].has(sample):
			continue
		case s.box.certain[on].has(sample):
			key[i] = 2
		default:
			key[i], s.certain = 1, false
		}
		inside = append(inside, s)
	}
	return inside, string(key)
}

// span is what may happen to one sign-in: at least and at most.
type span struct{ least, most entramfa.Outcome }

func outcomeOf(list []sided, in func(sided) bool) span {
	s := span{entramfa.Clear, entramfa.Clear}
	for _, b := range list {
		if !in(b) {
			continue
		}
		s.most = max(s.most, b.outcome)
		if b.certain {
			s.least = max(s.least, b.outcome)
		}
	}
	return s
}

func (s span) outcome() entramfa.Outcome {
	if s.least != s.most {
		return entramfa.Unknown
	}
	return s.least
}

// narrow sets one property of a set of sign-ins to that of a sample.
func (p point) narrow(on property, s *SignIn) {
	switch on {
	case onTarget:
		p.target.narrow(s)
	case onClientAppType:
		s.ClientAppTypes = []string{p.clientAppType}
	case onPlatform:
		s.Platforms = []string{p.platform}
	case onOrigin:
		s.Addresses = []netip.Prefix{netip.PrefixFrom(p.origin.address, p.origin.address.BitLen())}
		s.Countries, s.GPSCountries = []string{p.origin.country}, []string{p.origin.gps}
		s.CompliantNetworks = []bool{p.origin.compliantNetwork}
	case onDevice:
		p.device.narrow(s)
	case onSignInRisk:
		s.SignInRiskLevels = []string{p.signInRisk}
	case onUserRisk:
		s.UserRiskLevels = []string{p.userRisk}
	case onInsiderRisk:
		s.InsiderRiskLevels = []string{p.insiderRisk}
	case onAuthenticationFlow:
		s.AuthenticationFlows = []string{p.authenticationFlow}
	}
}

func (t target) narrow(s *SignIn) {
	s.Applications, s.UserActions, s.AuthenticationContexts = []string{}, []string{}, []string{}
	if t.action != "" {
		s.UserActions = []string{t.action}
		return
	}
	s.Applications = []string{t.application}
	if t.context != "" {
		s.AuthenticationContexts = []string{t.context}
	}
}
