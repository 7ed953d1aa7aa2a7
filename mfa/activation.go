package mfa

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// maxChoices is for how many roles that policies exclude every choice is looked at.
const maxChoices = 6

// afterActivation says how sign-ins are covered once roles are activated, and whether
// MFA is demanded at every one whichever they are. The coverage is that with every role,
// unless another choice covers less. Only roles that policies exclude take anything
// away: the others are left out of a choice.
func (j *adminJudge) afterActivation(facts Facts, eligible []policy.RoleAssignment) (Coverage, entramfa.Value[bool]) {
	all, _ := j.coverage(activated(facts, eligible))
	always := demanded(all)
	taking := j.taking(eligible)
	if len(taking) > maxChoices {
		return all, both(always, entramfa.Missing[bool](fmt.Errorf("whether MFA is demanded whichever of %d roles are activated that policies exclude: they are too many", len(taking))))
	}
	for choice := 1; choice < 1<<len(taking); choice++ {
		some, _ := j.coverage(activated(facts, chosen(eligible, taking, choice)))
		is, known := demanded(some).Get()
		if before, was := always.Get(); was && before && !(known && is) || !was && known && !is {
			all, always = some, demanded(some)
		}
	}
	return all, always
}

// taking lists, each once, the roles that may be activated and that policies exclude.
func (j *adminJudge) taking(eligible []policy.RoleAssignment) []string {
	var ids []string
	for _, role := range eligible {
		if id := strings.ToLower(role.TemplateID()); j.excludes[id] && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// chosen are the roles of a choice, one bit for each.
func chosen(eligible []policy.RoleAssignment, ids []string, choice int) []policy.RoleAssignment {
	return slices.DeleteFunc(slices.Clone(eligible), func(role policy.RoleAssignment) bool {
		at := slices.Index(ids, strings.ToLower(role.TemplateID()))
		return at < 0 || choice&(1<<at) == 0
	})
}
