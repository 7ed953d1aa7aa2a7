package policy

import (
	"strings"

	"github.com/entramfa/entramfa"
)

// The conditions on risks that Microsoft measures, of which an empty list asks
// nothing: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions.

func (j *judge) signInRisk(levels []string) coverage {
	return risk("signInRiskLevels", "sign-in risk", riskAxis, levels, j.region.SignInRiskLevels, func(s *SignIn, level string) { s.SignInRiskLevels = []string{level} }).
		by(onSignInRisk, func(p *point) truth { return riskAxis.among(levels)(p.signInRisk) })
}

func (j *judge) userRisk(levels []string) coverage {
	return risk("userRiskLevels", "user risk", riskAxis, levels, j.region.UserRiskLevels, func(s *SignIn, level string) { s.UserRiskLevels = []string{level} }).
		by(onUserRisk, func(p *point) truth { return riskAxis.among(levels)(p.userRisk) })
}

func (j *judge) insiderRisk(flags *Flags) coverage {
	levels := flagValues(flags)
	return risk("insiderRiskLevels", "insider risk", insiderAxis, levels, j.region.InsiderRiskLevels, func(s *SignIn, level string) { s.InsiderRiskLevels = []string{level} }).
		by(onInsiderRisk, func(p *point) truth { return insiderAxis.among(levels)(p.insiderRisk) })
}

func risk(condition, what string, levels axis, wanted, region []string, set func(*SignIn, string)) coverage {
	if len(wanted) == 0 {
		return always()
	}
	foreign := levels.foreign(wanted)
	if condition == "insiderRiskLevels" {
		foreign = levels[1:].foreign(wanted) // none is no flag of this enumeration
	}
	if len(foreign) > 0 {
		return cantTell(condition, "what the %s %s is", what, names(foreign))
	}
	extent, inside := levels.cover(region, levels.among(wanted))
	if extent == entramfa.Never {
		return covers(extent, condition, "the %s is never %s", what, strings.Join(wanted, " or "))
	}
	return of(extent, func(s *SignIn) { set(s, inside) }, condition, "when the %s is %s", what, strings.Join(wanted, " or "))
}

// otherRisk is a risk of workload identities or agents. A policy on users that
// asks for one is nothing that Microsoft describes.
func otherRisk(condition, what string, levels []string) coverage {
	if len(levels) == 0 {
		return always()
	}
	return cantTell(condition, "what the %s %s means for a user", what, strings.Join(levels, " or "))
}
