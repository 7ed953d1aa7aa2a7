package entramfa

// Verdict is what several findings say together.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	Extent  Extent  `json:"extent"`
}

// Combine says what findings mean together for the account's sign-ins.
//
// A block or a demand that meets every sign-in decides, a block first. Else one
// Unknown makes the whole unknown. Else the account is blocked or met by a
// demand sometimes, or clear. No findings at all are Unknown: nothing was
// looked at.
func Combine(findings []Finding) Verdict {
	var best Verdict
	decided := 0
	for _, f := range findings {
		v := Verdict{f.Outcome, f.Extent}
		if r := rank(v); r > decided {
			best, decided = v, r
		}
	}
	if decided == unknownRank {
		return Verdict{}
	}
	return best
}

// unknownRank is that of Unknown, and of a combination that means nothing.
const unknownRank = 4

// rank orders verdicts by which of them decides a whole.
func rank(v Verdict) int {
	switch {
	case v.Outcome == Blocked && v.Extent == Always:
		return 6
	case v.Outcome == MFA && v.Extent == Always:
		return 5
	case v.Outcome == Clear && v.Extent == Never:
		return 1
	case v.Outcome == Blocked && v.Extent == Sometimes:
		return 3
	case v.Outcome == MFA && v.Extent == Sometimes:
		return 2
	}
	return unknownRank
}
