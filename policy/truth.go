package policy

import "github.com/entramfa/entramfa"

// truth is yes, no, or unknown, which is its zero.
type truth int

const (
	unknown truth = iota
	no
	yes
)

// match is whether one entry of a condition takes the account in, and why.
type match struct {
	truth   truth
	reason  entramfa.Reason
	caveats []string
	missing []string
}

// anyOf combines the entries of a list: one that matches decides, then one that
// can't be told, then the first that doesn't match.
func anyOf(matches []match) match {
	best := match{truth: no}
	for i, m := range matches {
		if i == 0 || weight(m.truth) > weight(best.truth) {
			best.truth, best.reason = m.truth, m.reason
		}
	}
	for _, m := range matches {
		if m.truth == best.truth || m.truth == no {
			best.caveats = append(best.caveats, m.caveats...)
		}
		if m.truth == unknown && best.truth == unknown {
			best.missing = append(best.missing, m.missing...)
		}
	}
	return best
}

func weight(t truth) int {
	switch t {
	case yes:
		return 2
	case unknown:
		return 1
	}
	return 0
}

// both is the truth of two conditions together.
func both(a, b truth) truth {
	switch {
	case a == no || b == no:
		return no
	case a == yes && b == yes:
		return yes
	}
	return unknown
}

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// either is the truth of one of two conditions.
func either(a, b truth) truth { return both(a.not(), b.not()).not() }
