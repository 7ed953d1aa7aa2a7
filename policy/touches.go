package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
)

// Touched is whose sign-ins a change of policies can alter.
type Touched struct {
	// Everybody says that it can't be told of whom alone, and Reasons why.
	Everybody bool `json:"everybody"`
	// Accounts are object ids, in small letters and in order, where not everybody is
	// touched: of no other account any sign-in is treated otherwise.
	Accounts []string `json:"accounts"`
	Reasons  []string `json:"reasons,omitempty"`
}

// Touches says whom the step from one list of policies to another can touch, by how
// the policies are written and nothing else: it needs no directory, no groups, and no
// set of sign-ins. Who is not touched is treated the same at every sign-in, whoever he
// is; who is may be too, which Diff says. It knows the following, and takes all else
// for a change for everybody:
//
//   - a policy that differs in nothing but its excluded users touches those who are
//     in one of the lists alone;
//   - a policy that includes users by object id and nobody else touches them alone,
//     whether it is created, changed or deleted;
//   - a policy that is disabled before and after, or not there, touches nobody, nor
//     does one in report-only, unless it asks for a compliant device, for which it
//     can prompt.
//
// Policies are compared by id and as JSON, which has to be of the same version of
// Graph; a policy without an id, or with that of another, touches everybody. Named
// locations, strengths and groups are those of before.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-report-only.
func Touches(before, after []Policy) Touched {
	was, errWas := byID(before)
	is, errIs := byID(after)
	if err := errors.Join(errWas, errIs); err != nil {
		return Touched{Everybody: true, Accounts: []string{}, Reasons: []string{err.Error()}}
	}
	touched := Touched{Accounts: []string{}}
	for _, id := range keysOfBoth(was, is) {
		touched.add(was[id], is[id])
	}
	if touched.Everybody {
		touched.Accounts = []string{}
	}
	slices.Sort(touched.Accounts)
	touched.Accounts = slices.Compact(touched.Accounts)
	return touched
}

// Alone says that nobody but one account can be touched.
func (t Touched) Alone(accountID string) bool {
	return !t.Everybody && !slices.ContainsFunc(t.Accounts, func(id string) bool { return !strings.EqualFold(id, accountID) })
}

// byID finds policies by their ids, in small letters.
func byID(policies []Policy) (map[string]*Policy, error) {
	found := map[string]*Policy{}
	for i := range policies {
		id := strings.ToLower(policies[i].ID)
		if _, twice := found[id]; twice || id == "" {
			return nil, fmt.Errorf("the policy %q has no id of its own: %q", policies[i].DisplayName, policies[i].ID)
		}
		found[id] = &policies[i]
	}
	return found, nil
}

// add adds whom the step from one state of a policy to another touches; nil is one
// that isn't there.
func (t *Touched) add(was, is *Policy) {
	if inert(was) && inert(is) {
		return
	}
	if ids, alike := excludedOtherwise(was, is); alike {
		t.Accounts = append(t.Accounts, ids...)
		return
	}
	idsWas, okWas := named(was)
	idsIs, okIs := named(is)
	if !okWas || !okIs {
		t.Everybody, t.Reasons = true, append(t.Reasons, stepText(was, is))
		return
	}
	t.Accounts = append(append(t.Accounts, idsWas...), idsIs...)
}

// inert says that a policy does nothing to anybody.
func inert(p *Policy) bool {
	switch {
	case p == nil || p.State.is(StateDisabled):
		return true
	case !p.State.is(StateReportOnly):
		return false
	}
	return p.GrantControls == nil || !containsFold(p.GrantControls.BuiltInControls, "compliantDevice")
}

// excludedOtherwise lists who is excluded in one of two states alone; false where the
// states differ elsewhere, or the list isn't one of object ids.
func excludedOtherwise(was, is *Policy) ([]string, bool) {
	if was == nil || is == nil || was.partial() != is.partial() {
		return nil, false
	}
	differing, err := Patch{ExcludeUsers: []string{}}.Elsewhere(*was, *is)
	if err != nil || len(differing) > 0 {
		return nil, false
	}
	a, b := was.excluded(), is.excluded()
	ids := append(without(a, b), without(b, a)...)
	return lowered(ids)
}

// partial says that a policy was decoded, where the lists that an answer lacks mean
// something else than those that a program left out.
func (p *Policy) partial() bool {
	return p.Conditions != nil && p.Conditions.Users != nil && p.Conditions.Users.members.Decoded()
}

func (p *Policy) excluded() []string {
	if p.Conditions == nil || p.Conditions.Users == nil {
		return nil
	}
	return p.Conditions.Users.ExcludeUsers
}

// without lists what stands in one list alone.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return containsFold(other, id) })
}

// named lists the users that a policy includes; false where it may be about others.
func named(p *Policy) ([]string, bool) {
	if p == nil || p.State.is(StateDisabled) {
		return nil, true
	}
	if p.Conditions == nil || p.Conditions.Users == nil || p.Conditions.Agents != nil {
		return nil, false
	}
	u := p.Conditions.Users
	if len(u.IncludeUsers) == 0 || len(u.IncludeGroups)+len(u.IncludeRoles) > 0 || u.IncludeGuestsOrExternalUsers != nil {
		return nil, false
	}
	if !saysWhom(u) || len(unknownMembers(u.members)) > 0 {
		return nil, false
	}
	return lowered(u.IncludeUsers)
}

// lowered writes object ids in small letters; false where one is none.
func lowered(ids []string) ([]string, bool) {
	list := make([]string, len(ids))
	for i, id := range ids {
		if !guid.Is(id) {
			return nil, false
		}
		list[i] = strings.ToLower(id)
	}
	return list, true
}

// stepText says of what policy it can't be told whom the step touches.
func stepText(was, is *Policy) string {
	switch {
	case was == nil:
		return fmt.Sprintf("the policy %q, which is created, isn't about users by id alone", is.DisplayName)
	case is == nil:
		return fmt.Sprintf("the policy %q, which is deleted, isn't about users by id alone", was.DisplayName)
	}
	return fmt.Sprintf("the policy %q changes in more than the users it excludes by id", is.DisplayName)
}
