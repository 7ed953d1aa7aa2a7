package policy

import (
	"strings"

	"github.com/entramfa/entramfa"
)

// The conditions on risks that Microsoft measures, of which an empty list asks
// nothing: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions.

func (j *judge) signInRisk(levels []string) coverage {
	return risk{"signInRiskLevels", "sign-in risk", onSignInRisk, riskAxis, riskAxis.foreign(levels)}.
		judge(levels, j.region.SignInRiskLevels,
			func(s *SignIn, level string) { s.SignInRiskLevels = []string{level} }, func(p *point) string { return p.signInRisk })
}

func (j *judge) userRisk(levels []string) coverage {
	return risk{"userRiskLevels", "user risk", onUserRisk, riskAxis, riskAxis.foreign(levels)}.
		judge(levels, j.region.UserRiskLevels,
			func(s *SignIn, level string) { s.UserRiskLevels = []string{level} }, func(p *point) string { return p.userRisk })
}

// insiderRisk: none is no flag of the enumeration.
func (j *judge) insiderRisk(flags *Flags) coverage {
	levels := flagValues(flags)
	return risk{"insiderRiskLevels", "insider risk", onInsiderRisk, insiderAxis, insiderAxis[1:].foreign(levels)}.
		judge(levels, j.region.InsiderRiskLevels,
			func(s *SignIn, level string) { s.InsiderRiskLevels = []string{level} }, func(p *point) string { return p.insiderRisk })
}

// risk is one of the risks, with the levels that sign-ins have and the words of
// the policy that are none.
type risk struct {
	condition, what string
	on              property
	levels          axis
	foreign         []string
}

// judge judges the wanted levels; set and get are the level of sign-ins.
func (r risk) judge(wanted, region []string, set func(*SignIn, string), get func(*point) string) coverage {
	if len(wanted) == 0 {
		return always()
	}
	holds := r.levels.among(wanted, r.foreign)
	extent, inside := r.levels.cover(region, holds)
	c := of(extent, func(s *SignIn) { set(s, inside) }, r.condition, "when the %s is %s", r.what, strings.Join(wanted, " or "))
	if extent == entramfa.Never {
		c = covers(extent, r.condition, "the %s is never %s", r.what, strings.Join(wanted, " or "))
	}
	return c.by(r.on, func(p *point) truth { return holds(get(p)) }).beside(r.foreign, "what the "+r.what+" %s is")
}

// otherRisk is a risk of workload identities or agents. A policy on users that
// asks for one is nothing that Microsoft describes.
func otherRisk(condition, what string, levels []string) coverage {
	if len(levels) == 0 {
		return always()
	}
	return cantTell(condition, "what the %s %s means for a user", what, strings.Join(levels, " or "))
}
