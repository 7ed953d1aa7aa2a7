package graphfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Custom authentication strengths as writes make them. The words of the service's
// refusals are not published, nor are numbers.

// mostStrengths is how many custom ones a tenant has.
// Source: https://learn.microsoft.com/graph/api/resources/authenticationstrengths-overview.
const mostStrengths = 15

// newStrength is what a POST may hold; the service works out itself what is satisfied.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-post-policies.
var newStrength = writable{strengthKind, "BadRequest", []field{
	{"displayName", isText}, {"description", orNull(isText)}, {"allowedCombinations", isTexts},
	{"policyType", orNull(oneOf("custom"))}, {"requirementsSatisfied", orNull(oneOf("mfa", "none"))},
}}

// changedStrength is what a PATCH may hold: the combinations have an action of their own.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-update.
var changedStrength = writable{strengthKind, "BadRequest", []field{{"displayName", isText}, {"description", orNull(isText)}}}

// newCombinations: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-updateallowedcombinations.
var newCombinations = writable{strengthKind, "BadRequest", []field{{"allowedCombinations", isTexts}}}

func strengthTable(d *directory) *table[policy.AuthenticationStrength] { return &d.strengths }

// writeStrength keeps a strength, and what is satisfied by it.
func (t *Tenant) writeStrength(strength policy.AuthenticationStrength) {
	writeRow(t, writtenStrength, strengthTable, strength.ID, strength)
}

// createStrength is the POST of a strength.
func (t *Tenant) createStrength(d *directory, body []byte) (policy.AuthenticationStrength, error) {
	var none policy.AuthenticationStrength
	if err := d.mayWriteStrengths(); err != nil {
		return none, err
	}
	sent, err := newStrength.read(body)
	if err == nil {
		err = newStrength.need(sent, "displayName", "allowedCombinations")
	}
	if err != nil {
		return none, err
	}
	if d.strengths.len() >= mostStrengths {
		return none, newStrength.refuse("The maximum number of custom authentication strengths, %d, is reached.", mostStrengths)
	}
	combinations, err := readCombinations(sent.get("allowedCombinations"))
	if err != nil {
		return none, err
	}
	now := timestamp(t.now())
	strength, _ := decodeObject[policy.AuthenticationStrength](sent.without("@odata.type")) // it fitted
	strength.ID, strength.PolicyType, strength.CreatedDateTime, strength.ModifiedDateTime = t.newID(), "custom", now, now
	strength = allowing(strength, combinations)
	t.writeStrength(strength)
	return strength, nil
}

// allowing returns a strength with other combinations.
func allowing(strength policy.AuthenticationStrength, combinations []policy.Flags) policy.AuthenticationStrength {
	strength.AllowedCombinations, strength.RequirementsSatisfied = combinations, "mfa"
	strong := strongCombinations()
	if slices.ContainsFunc(combinations, func(c policy.Flags) bool { return !slices.Contains(strong, c) }) {
		strength.RequirementsSatisfied = "none"
	}
	return strength
}

// readCombinations reads combinations, in the spelling of the service.
func readCombinations(value json.RawMessage) ([]policy.Flags, error) {
	read := []policy.Flags{}
	for _, text := range textsOf(value) {
		combination, known := combinationOf(text)
		if !known {
			return nil, newCombinations.refuse("'%s' is not a valid combination of authentication methods.", text)
		}
		if !slices.Contains(read, combination) {
			read = append(read, combination)
		}
	}
	return read, nil
}

// combinationOf finds a combination whatever the order of its methods.
func combinationOf(text string) (policy.Flags, bool) {
	wanted := sortedFlags(policy.Flags(text))
	for _, known := range knownCombinations() {
		if slices.Equal(sortedFlags(known), wanted) {
			return known, true
		}
	}
	return "", false
}

func sortedFlags(flags policy.Flags) []string {
	values := slices.Clone(flags.Values())
	slices.Sort(values)
	return values
}

// patchStrength is the PATCH of a strength.
func (t *Tenant) patchStrength(d *directory, id string, body []byte) error {
	before, err := d.customStrength(id)
	if err != nil {
		return err
	}
	patch, err := changedStrength.read(body)
	if err != nil {
		return err
	}
	if patch.get("displayName") != nil {
		if err := changedStrength.need(patch, "displayName"); err != nil {
			return err
		}
	}
	strength, _ := decodeObject[policy.AuthenticationStrength](merge(objectOf(before), patch.without("@odata.type"))) // it fitted
	strength.ModifiedDateTime = timestamp(t.now())
	t.writeStrength(strength)
	return nil
}

// changeCombinations gives a strength other combinations. What a policy demands MFA
// by must go on to be MFA; configurations of combinations that go, go with them.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-usage.
func (t *Tenant) changeCombinations(d *directory, id string, body []byte) (before, after policy.AuthenticationStrength, err error) {
	if before, err = d.customStrength(id); err != nil {
		return before, after, err
	}
	sent, err := newCombinations.read(body)
	if err == nil {
		err = newCombinations.need(sent, "allowedCombinations")
	}
	if err != nil {
		return before, after, err
	}
	combinations, err := readCombinations(sent.get("allowedCombinations"))
	if err != nil {
		return before, after, err
	}
	after = allowing(before, combinations)
	for _, p := range d.policiesWith(id) {
		if demandsMFA(p, before) && after.RequirementsSatisfied != "mfa" {
			return before, after, newCombinations.refuse("The Conditional Access policy '%s' requires multifactor authentication by this authentication strength.", p.DisplayName)
		}
	}
	after = withConfigurations(after, slices.DeleteFunc(configurationsOf(after), func(o object) bool { return !allowsAll(after, o) }))
	after.ModifiedDateTime = timestamp(t.now())
	t.writeStrength(after)
	return before, after, nil
}

// deleteStrength is the DELETE of a strength that no policy names.
func (t *Tenant) deleteStrength(d *directory, id string) error {
	strength, err := d.customStrength(id)
	if err != nil {
		return err
	}
	for _, p := range d.policiesWith(id) {
		return conflicting("The authentication strength is referenced by the Conditional Access policy '%s'.", p.DisplayName)
	}
	eraseRow(t, writtenStrength, strengthTable, strength.ID)
	return nil
}

// heldStrength returns a strength, built-in or custom.
func (d *directory) heldStrength(id string) (policy.AuthenticationStrength, error) {
	strength, known := d.strength(id)
	if known {
		return strength, nil
	}
	if err := d.held.need(d.held.whole(factStrengths), "authentication strengths", strengthFile); err != nil {
		return strength, err
	}
	return strength, notFoundCA("AuthenticationStrengthPolicy", id)
}

// customStrength returns a strength that a write may change. Which policies name it must be known.
func (d *directory) customStrength(id string) (policy.AuthenticationStrength, error) {
	strength, err := d.heldStrength(id)
	if err == nil {
		err = d.mayWriteStrengths()
	}
	if err == nil {
		err = d.policiesHeld()
	}
	if err == nil && strings.EqualFold(strength.PolicyType, "builtIn") {
		err = lockedStrength()
	}
	return strength, err
}

func lockedStrength() *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "BadRequest", "A built-in authentication strength policy can not be changed.")
}

// mayWriteStrengths: custom strengths want Entra ID P1, as policies do.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths.
func (d *directory) mayWriteStrengths() error {
	if err := d.held.need(d.held.whole(factStrengths), "authentication strengths", strengthFile); err != nil {
		return err
	}
	return d.refuseUnlicensed()
}

// policiesWith returns the policies that name a strength.
func (d *directory) policiesWith(strengthID string) []policy.Policy {
	return d.policies.where(func(p policy.Policy) bool {
		return p.GrantControls != nil && p.GrantControls.AuthenticationStrength != nil && sameText(p.GrantControls.AuthenticationStrength.ID, strengthID)
	})
}

// demandsMFA says whether a policy demands MFA by a strength: no other control can
// take its place.
func demandsMFA(p policy.Policy, strength policy.AuthenticationStrength) bool {
	alone := controlsOf(complete(p)) == 1
	operator := p.GrantControls.Operator
	return strength.RequirementsSatisfied == "mfa" && (alone || operator != nil && *operator == "AND")
}
