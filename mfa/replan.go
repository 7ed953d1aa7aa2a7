package mfa

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// replanned plans once more, from the tenant as it is now, and refuses a plan that is
// another one. Each change of a stored plan may be one that a plan makes, and all of
// them together none: pins that were taken out of it, an exclusion from a policy that
// doesn't meet the account, a membership that frees it of nothing, policies for
// everybody where nothing is replaced. Whether the account will be clear is asked
// again, too, instead of believed.
func (a *applier) replanned(report Report, group *ExclusionGroup) ([]Refusal, error) {
	opts := a.plan.Options.exemption()
	opts.ID, opts.Now, opts.Caller, opts.Group = a.plan.ID, a.opts.Now().UTC(), &a.by, group
	again, err := PlanExemption(report, &opts)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		return refused.Refusals, nil
	case err != nil:
		return nil, err
	}
	if other := a.plan.otherThan(&again); other != "" {
		return []Refusal{{GuardAltered, "it is not the plan that this version makes for the account, from the tenant as it is: " + other,
			"check and plan again, and apply what comes of it unchanged"}}, nil
	}
	return a.incomplete(&again), nil
}

// incomplete refuses a plan after which the account would not be clear.
func (a *applier) incomplete(plan *Plan) []Refusal {
	if plan.Clear || a.opts.AllowIncomplete {
		return nil
	}
	return []Refusal{{GuardIncomplete, "the account would not be clear after it: " + plan.standing(), "see what the plan says instead, or set AllowIncomplete"}}
}

// untouched says that no change of the plan was begun.
func (a *applier) untouched() bool {
	for _, state := range a.history.changes {
		if state != notBegun {
			return false
		}
	}
	return true
}

// otherThan says in what a plan differs from another one of what is changed; "" where
// it doesn't. What only explains it is not compared.
func (p *Plan) otherThan(again *Plan) string {
	if !strings.EqualFold(p.Account.ID, again.Account.ID) || !strings.EqualFold(p.Account.UserPrincipalName, again.Account.UserPrincipalName) {
		return fmt.Sprintf("the account is %s (%s), and not %s (%s)", again.Account.UserPrincipalName, again.Account.ID, p.Account.UserPrincipalName, p.Account.ID)
	}
	for i := range max(len(p.Changes), len(again.Changes)) {
		switch {
		case i >= len(p.Changes):
			return "it lacks " + again.Changes[i].String()
		case i >= len(again.Changes):
			return "there is no need for " + p.Changes[i].String()
		}
		c, planned := p.Changes[i], again.Changes[i]
		sameTarget := c.ID == planned.ID && c.Kind == planned.Kind && strings.EqualFold(c.TargetID, planned.TargetID) && c.TargetName == planned.TargetName
		if !sameTarget || !same(c.Before, planned.Before) || !same(c.After, planned.After) {
			return fmt.Sprintf("it has %s, and planned is %s", c, planned)
		}
	}
	switch {
	case !slices.Equal(folded(p.Joins), folded(again.Joins)):
		return "the account would come to be in other groups than it says"
	case (p.Gap == nil) != (again.Gap == nil), p.Gap != nil && (p.Gap.From != again.Gap.From || p.Gap.To != again.Gap.To):
		return "the time without security defaults is not that of its changes"
	}
	return ""
}

// exemption are the options as far as a plan stores them.
func (o StoredOptions) exemption() ExemptionOptions {
	return ExemptionOptions{
		AlsoReportOnly: o.AlsoReportOnly, AlsoDisabled: o.AlsoDisabled, SkipCompensation: o.SkipCompensation,
		EmergencyAccounts: o.EmergencyAccounts, AllowInteractiveAccount: o.AllowInteractiveAccount, AllowUnprotectedTenant: o.AllowUnprotectedTenant,
		AlsoSecureRegistration: o.AlsoSecureRegistration, SkipSecureRegistration: o.SkipSecureRegistration, PartnerTenant: o.PartnerTenant,
	}
}

// stored are the options without what is not of the plan alone.
func (o ExemptionOptions) stored() StoredOptions {
	return StoredOptions{
		AlsoReportOnly: o.AlsoReportOnly, AlsoDisabled: o.AlsoDisabled, SkipCompensation: o.SkipCompensation,
		EmergencyAccounts: o.EmergencyAccounts, AllowInteractiveAccount: o.AllowInteractiveAccount, AllowUnprotectedTenant: o.AllowUnprotectedTenant,
		AlsoSecureRegistration: o.AlsoSecureRegistration, SkipSecureRegistration: o.SkipSecureRegistration, PartnerTenant: o.PartnerTenant,
	}
}

// readable says which fact is missing that the plan rests on: what could not be read
// did not change.
func (p *Plan) readable(f Facts) error {
	if p.Procedure == ProcedureEnrolment {
		return nil
	}
	return unreadFact(f)
}

// inOrder puts the policies into the order in which the plan saw them: Graph promises
// none, and the changes are numbered by it.
func (p *Plan) inOrder(f Facts) Facts {
	list, known := f.ConditionalAccess.Policies.Get()
	if !known {
		return f
	}
	place := map[string]int{}
	for i, b := range p.Basis {
		if b.Kind == "policy" {
			place[strings.ToLower(b.ID)] = i
		}
	}
	list.Policies = slices.Clone(list.Policies)
	slices.SortStableFunc(list.Policies, func(a, b policy.Policy) int {
		return place[strings.ToLower(a.ID)] - place[strings.ToLower(b.ID)]
	})
	f.ConditionalAccess.Policies = entramfa.Known(list)
	return f
}
