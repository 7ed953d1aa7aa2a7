package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// The grant controls: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant.
//
//   - block refuses the sign-in, whatever stands beside it.
//   - Everything else wants a second factor, a device, an app or a person, and a
//     password grant has none of them; only an authentication strength that
//     allows a password alone is met.
//   - AND wants all controls, OR any one.

// unattendable lists the built-in controls that a non-interactive sign-in can't meet.
var unattendable = []string{
	"mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication", "passwordChange", "riskRemediation",
}

// demand is one control, and whether a password alone meets it.
type demand struct {
	name   string
	met    truth
	caveat string
}

// grant is what the controls of a policy do to a sign-in that the policy applies to.
type grant struct {
	outcome entramfa.Outcome
	bound   bool // it concerns the apps of token protection alone
	// alsoBound says that beside the demands token protection refuses.
	alsoBound bool
	demands   []string
	reason    entramfa.Reason
	caveats   []string
	missing   []string
}

// judgeGrant decides the grant controls; nil means none.
func (j *judge) judgeGrant(controls *GrantControls) grant {
	if controls == nil {
		return grant{outcome: entramfa.Clear, reason: reasonf("grantControls", "it demands nothing")}
	}
	demands := j.demands(controls)
	result := grant{demands: demandNames(demands)}
	for _, d := range demands {
		if d.caveat != "" {
			result.caveats = append(result.caveats, d.caveat)
		}
	}
	operator := operator(controls)
	text := strings.Join(result.demands, " "+operator+" ")
	switch {
	case containsFold(controls.BuiltInControls, "block"):
		result.outcome, result.reason = entramfa.Blocked, reasonf("grantControls", "it blocks access")
	case len(demands) == 0 && !(controls.members.Has("builtInControls") && controls.members.Has("authenticationStrength")):
		return notKnown("what the policy demands: the answer held a part of the grantControls")
	case len(demands) == 0:
		result.outcome, result.reason = entramfa.Clear, reasonf("grantControls", "it demands nothing")
	default:
		result.decide(met(demands, operator), text)
	}
	return result
}

func notKnown(missing string) grant {
	return grant{missing: []string{missing}, reason: reasonf("grantControls", "what it demands is not known")}
}

func (g *grant) decide(met truth, text string) {
	switch met {
	case yes:
		g.outcome, g.reason = entramfa.Clear, reasonf("grantControls", "it demands %s, which a password alone meets", text)
	case no:
		g.outcome, g.reason = entramfa.MFA, reasonf("grantControls", "it demands %s, which a non-interactive sign-in can't meet", text)
	default:
		g.reason = reasonf("grantControls", "it demands %s", text)
		g.missing = []string{fmt.Sprintf("whether a password alone meets %s", text)}
	}
}

// refused is what the demands are for clients that can meet none.
func (g grant) refused() grant {
	g.outcome = entramfa.Blocked
	g.reason = reasonf("grantControls", "it demands %s, which legacy clients can't give: it blocks them", strings.Join(g.demands, ", "))
	return g
}

// operator returns AND, OR, or, where the policy says neither, "and/or".
func operator(controls *GrantControls) string {
	if controls.Operator != nil {
		for _, known := range []string{"AND", "OR"} {
			if strings.EqualFold(*controls.Operator, known) {
				return known
			}
		}
	}
	return "and/or"
}

// demands lists every control of a policy.
func (j *judge) demands(controls *GrantControls) []demand {
	var list []demand
	for _, control := range controls.BuiltInControls {
		list = append(list, builtIn(control))
	}
	for _, factor := range controls.CustomAuthenticationFactors {
		list = append(list, demand{name: "customAuthenticationFactor " + factor, met: no})
	}
	for _, terms := range controls.TermsOfUse {
		list = append(list, demand{name: "termsOfUse " + terms, met: no, caveat: "terms of use that the account accepted before are met; whether it did is not looked at"})
	}
	if strength := controls.AuthenticationStrength; strength != nil && !strength.blank() {
		list = append(list, j.strength(*strength))
	}
	for _, name := range unknownMembers(controls.members) {
		list = append(list, demand{name: name})
	}
	return list
}

func builtIn(control string) demand {
	if containsFold(unattendable, control) || strings.EqualFold(control, "block") {
		return demand{name: control, met: no}
	}
	return demand{name: control, caveat: fmt.Sprintf("the control %q is not known to this version", control)}
}

// met says whether a password alone meets the controls. Where the operator is
// not known both readings have to agree.
func met(demands []demand, operator string) truth {
	all, some := decided(demands, no, yes), decided(demands, yes, no)
	switch {
	case operator == "AND" || len(demands) == 1:
		return all
	case operator == "OR" || all == some:
		return some
	}
	return unknown
}

// decided returns what one demand decides for all, else the other truth, or
// unknown where a demand that can't be told might decide.
func decided(demands []demand, decisive, otherwise truth) truth {
	result := otherwise
	for _, d := range demands {
		if d.met == decisive {
			return decisive
		}
		if d.met == unknown {
			result = unknown
		}
	}
	return result
}

func demandNames(demands []demand) []string {
	names := make([]string, len(demands))
	for i, d := range demands {
		names[i] = d.name
	}
	return names
}

// The ids of Microsoft's strengths; all want more than a password.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies.
const (
	StrengthMFA               = "00000000-0000-0000-0000-000000000002"
	StrengthPasswordlessMFA   = "00000000-0000-0000-0000-000000000003"
	StrengthPhishingResistant = "00000000-0000-0000-0000-000000000004"
)

// blank says that nothing is said of the strength: PowerShell writes an object of
// nulls where Graph writes null.
func (s AuthenticationStrength) blank() bool {
	return s.ID == "" && s.DisplayName == "" && len(s.AllowedCombinations) == 0 && s.members.Decoded() && len(unknownMembers(s.members)) == 0
}

// strength decides by the allowed combinations: a strength whose name promises
// MFA may allow a password alone, and then asks for nothing more.
func (j *judge) strength(s AuthenticationStrength) demand {
	combinations := s.AllowedCombinations
	if len(combinations) == 0 {
		combinations = j.combinations(s.ID)
	}
	d := demand{name: "authenticationStrength " + strengthName(s), met: no}
	switch {
	case slices.ContainsFunc(combinations, passwordAlone):
		d.met = yes
	case len(combinations) == 0 && !containsFold([]string{StrengthMFA, StrengthPasswordlessMFA, StrengthPhishingResistant}, s.ID):
		d.met, d.caveat = unknown, fmt.Sprintf("what the strength %s allows is not known: %s", s.ID, j.strengthsMissing())
	}
	return d
}

// combinations looks a strength up among the tenant's.
func (j *judge) combinations(id string) []Flags {
	strengths, _ := j.tenant.Strengths.Get()
	for _, s := range strengths {
		if strings.EqualFold(s.ID, id) {
			return s.AllowedCombinations
		}
	}
	return nil
}

func (j *judge) strengthsMissing() string {
	if err := j.tenant.Strengths.Err(); err != nil {
		return err.Error()
	}
	return "the tenant has no such strength, or it lists no combination"
}

func passwordAlone(combination Flags) bool {
	values := combination.Values()
	return len(values) == 1 && strings.EqualFold(values[0], "password")
}

func strengthName(s AuthenticationStrength) string {
	if s.DisplayName != "" {
		return fmt.Sprintf("%q", s.DisplayName)
	}
	return s.ID
}
