package policy

import (
	"encoding/json"
	"fmt"

	"github.com/entramfa/entramfa"
)

// effect is what a policy in force does where its conditions hold. Over the
// properties of a sign-in it is a box: of each property it takes in some values.
type effect struct {
	// policy is the one that has the effect; nil for those that nobody read.
	policy *Policy
	// outcome is MFA or Blocked; Blocked too where it isn't known.
	outcome entramfa.Outcome
	// sure says that the effect is known: of one that isn't, nothing is certain.
	sure bool
	// bound says that it concerns the apps of token protection alone.
	bound      bool
	conditions []coverage
}

// effects lists what some policies of the tenant may do to an account. A list that
// isn't known, or not whole, may do anything.
func (j *judge) effects(some func(*Policy) bool) []effect {
	list, known := j.tenant.Policies.Get()
	var effects []effect
	for i := range list.Policies {
		if p := &list.Policies[i]; some(p) {
			effects = append(effects, j.effectsOf(p)...)
		}
	}
	if !known || list.Hidden != "" {
		effects = append(effects, effect{outcome: entramfa.Blocked})
	}
	return effects
}

// effectsOf lists what one policy may do: nothing, or one thing by its grant
// controls and another by its session controls.
func (j *judge) effectsOf(p *Policy) []effect {
	if p.State.is(StateReportOnly) || p.State.is(StateDisabled) {
		return nil
	}
	if p.Conditions == nil || p.Conditions.Users == nil {
		return []effect{{policy: p, outcome: entramfa.Blocked}}
	}
	var effects []effect
	add := func(g grant, bound bool) {
		e := effect{policy: p, outcome: g.outcome, sure: p.understood(), bound: bound}
		switch g.outcome {
		case entramfa.Clear:
			return
		case entramfa.Unknown:
			e.outcome, e.sure = entramfa.Blocked, false
		}
		e.conditions = j.conditions(p.Conditions, bound)
		effects = append(effects, e)
	}
	grant, session := j.grant(p), judgeSession(p.SessionControls)
	add(grant, false)
	if grant.outcome == entramfa.Clear || grant.outcome == entramfa.MFA && session.outcome == entramfa.Blocked {
		add(session, session.bound)
	}
	return effects
}

// understood says that it is known of a policy that it is in force, and that this
// version knows all that it says beside its controls.
func (p *Policy) understood() bool {
	return p.State.is(StateEnabled) && len(unknownMembers(p.members)) == 0 && len(unknownMembers(p.Conditions.members)) == 0
}

// legacyClients can show neither a second factor nor a device: whatever a policy
// demands of them, it blocks.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions.
var legacyClients = axis{"exchangeActiveSync", "easSupported", "other"}

// written is the policy in full but for its users, with the locations it names: the
// same for effects that can't differ.
func (e effect) written() string {
	if e.policy == nil {
		return ""
	}
	p := *e.policy
	if p.Conditions != nil {
		conditions := *p.Conditions
		conditions.Users, p.Conditions = nil, &conditions
	}
	text, _ := json.Marshal(p)
	for _, c := range e.conditions {
		for _, side := range c.places {
			for _, l := range side.locations {
				location, _ := json.Marshal(l.NamedLocation)
				text = append(text, location...)
			}
			text = fmt.Append(text, side.all, side.unseen, side.mfaTrusted)
		}
	}
	return string(text)
}

// named returns the id and the name of the policy.
func (e effect) named() (id, name string) {
	if e.policy == nil {
		return "", ""
	}
	return e.policy.ID, e.policy.DisplayName
}
