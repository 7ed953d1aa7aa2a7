package mfa

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// preflight reads the tenant again and refuses the plan whole where it doesn't fit
// any more. Nothing is written before it.
func (a *applier) preflight(ctx context.Context) error {
	facts, err := Collect(ctx, a.tenant, a.plan.Account.ID)
	if err != nil {
		return fmt.Errorf("mfa: apply the plan: %w", err)
	}
	if err := a.adopt(facts); err != nil {
		return err
	}
	if err := a.plan.readable(facts); err != nil {
		return fmt.Errorf("mfa: apply the plan: %w", err)
	}
	facts = a.plan.inOrder(facts)
	var refusals []Refusal
	basis, group, err := a.basis(ctx, facts)
	if err != nil {
		return err
	}
	if changed := a.plan.staleness(basis, a.expected(facts)); len(changed) > 0 {
		refusals = append(refusals, Refusal{GuardStale, "the tenant changed since the plan was made: " + strings.Join(changed, "; "), a.wayOn()})
	}
	if a.plan.Procedure == ProcedureEnrolment {
		return a.preflightEnrolment(ctx, facts, refusals)
	}
	refusals = append(refusals, a.incomplete(&a.plan)...)
	report, err := a.evident(ctx, facts)
	if err != nil {
		return err
	}
	guards := guards{plan: &a.plan, facts: facts, report: report, caller: &a.by}
	refusals = append(refusals, guards.refusals()...)
	refusals = append(refusals, a.moved(ctx)...)
	if len(refusals) == 0 && a.untouched() { // later the tenant is neither as it was nor as it will be
		if refusals, err = a.replanned(report, group); err != nil {
			return fmt.Errorf("mfa: apply the plan: plan once more: %w", err)
		}
	}
	if len(refusals) > 0 {
		return &RefusedError{Account: a.plan.Account.UserPrincipalName, Refusals: refusals}
	}
	return nil
}

// wayOn is what to do where the tenant is not what the plan rests on.
func (a *applier) wayOn() string {
	if a.history.plan != nil {
		return "roll this plan back, then check and plan again"
	}
	return "check and plan again"
}

// basis is what the plan rests on, as it is now, with the group that it adds the
// account to; nil where there is none.
func (a *applier) basis(ctx context.Context, facts Facts) (basis []Basis, group *ExclusionGroup, err error) {
	basis = a.plan.basis(facts)
	for _, c := range a.plan.Changes {
		if c.Kind != entramfa.AddGroupMember {
			continue
		}
		source, ok := a.tenant.(GroupSource)
		if !ok {
			return nil, nil, fmt.Errorf("mfa: apply the plan: the tenant is no GroupSource, so that the group %s can't be read again", c.TargetName)
		}
		group, err = ReadExclusionGroup(ctx, source, c.TargetID, a.plan.Account.ID)
		if err != nil {
			return nil, nil, fmt.Errorf("mfa: apply the plan: %w", err)
		}
		basis = append(basis, groupBasis(*group))
	}
	return basis, group, nil
}

// expected says of an object that is new whether it was to be expected: the plan
// created it, or Microsoft, which adds policies of its own once security defaults
// are off. Those are looked at after the plan (Result.Appeared).
func (a *applier) expected(facts Facts) func(kind, id string) bool {
	list, _ := facts.ConditionalAccess.Policies.Get()
	replaced := a.plan.Gap != nil && a.history.changes[a.plan.Gap.From] != notBegun
	return func(kind, id string) bool {
		managed := replaced && kind == "policy" && slices.ContainsFunc(list.Policies, func(p policy.Policy) bool {
			return strings.EqualFold(p.ID, id) && p.Origin() == policy.OriginMicrosoftManaged
		})
		return managed || a.created(kind, id)
	}
}

// evident is the report on the account with what the sign-in log says, where the
// tenant lets it be read.
func (a *applier) evident(ctx context.Context, facts Facts) (Report, error) {
	report := Judge(facts, &Options{Profile: &a.plan.Profile, Now: a.opts.Now()})
	log, ok := a.tenant.(SignInLogReader)
	if !ok || a.plan.Options.AllowInteractiveAccount {
		return report, nil
	}
	signIns, err := SignIns(ctx, log, a.plan.Account.ID, &SignInOptions{Now: a.opts.Now()})
	if err != nil {
		return report, fmt.Errorf("mfa: apply the plan: %w", err)
	}
	return report.WithEvidence(Evidence{SignIns: &signIns}), nil
}

// standing names what the plan doesn't lift.
func (p *Plan) standing() string {
	var names []string
	for _, n := range p.NotLifted {
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		return fmt.Sprintf("%s, %s", p.After.Outcome, p.After.Extent)
	}
	return strings.Join(names, ", ")
}

// adopt finds what the plan created before its process ended and could not note.
func (a *applier) adopt(facts Facts) error {
	policies, _ := facts.ConditionalAccess.Policies.Get()
	locations, _ := facts.ConditionalAccess.NamedLocations.Get()
	for i := range a.plan.Changes {
		c := &a.plan.Changes[i]
		if a.history.changes[c.ID] == notBegun || a.history.targets[c.ID] != "" {
			continue
		}
		var ids []string
		for _, p := range policies.Policies {
			if c.Kind == entramfa.CreatePolicy && p.DisplayName == c.TargetName {
				ids = append(ids, p.ID)
			}
		}
		for _, l := range locations {
			if c.Kind == entramfa.CreateNamedLocation && l.DisplayName == c.TargetName {
				ids = append(ids, l.ID)
			}
		}
		switch len(ids) {
		case 0:
		case 1:
			a.history.targets[c.ID] = ids[0]
		default:
			return a.errorf("%q is there %d times (%s): delete all but one and try again: %w", c.TargetName, len(ids), strings.Join(ids, ", "), entramfa.ErrConflict)
		}
	}
	return nil
}

// moved reads every object that exists and that the plan changes, and refuses the
// plan where one is neither as it was nor as it will be.
func (a *applier) moved(ctx context.Context) []Refusal {
	var refusals []Refusal
	for i := range a.plan.Changes {
		c := &a.plan.Changes[i]
		if strings.HasPrefix(c.TargetID, "change:") || c.TargetID == "" {
			continue
		}
		now, err := a.read(ctx, c)
		switch {
		case err != nil:
			refusals = append(refusals, Refusal{GuardUnread, fmt.Sprintf("%q could not be read: %v", c.TargetName, err), "apply the plan again once it can"})
		case !same(now.value, c.Before) && !(a.history.changes[c.ID] != notBegun && same(now.value, c.After)):
			refusals = append(refusals, Refusal{GuardStale, fmt.Sprintf("%q is %s, and was %s when the plan was made", c.TargetName, now.value, c.Before), a.wayOn()})
		}
	}
	return refusals
}
