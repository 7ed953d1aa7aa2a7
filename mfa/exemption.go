package mfa

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// PlanExemption plans the smallest set of changes after which Check is clear for
// the profile of the report: it must be one that Check or Judge returned in this
// process, for a report that was decoded lacks the facts. It does no I/O.
//
// Each policy that isn't clear excludes the account, by id or through
// ExemptionOptions.Group; policies that only touch sign-ins outside of the profile
// are left alone. Security defaults, which know no exclusion, are replaced by
// policies that demand at least as much of everybody else. Per-user MFA is
// disabled. What can't be lifted stands in NotLifted: Microsoft's mandatory MFA, a
// disabled account, policies of a tenant whose licence lapsed. Compensation is on:
// the account is blocked from everywhere but the addresses of the profile, and for
// what it doesn't sign in to.
//
// The error is a *RefusedError where a guard refuses. A plan without changes means
// that there is nothing to do.
func PlanExemption(report Report, opts *ExemptionOptions) (Plan, error) {
	if report.facts == nil {
		return Plan{}, errors.New("mfa: plan an exemption: the report holds no facts, as one that was decoded; call Check or Judge again")
	}
	if report.Tenant == nil || report.Tenant.ID == "" {
		return Plan{}, fmt.Errorf("mfa: plan an exemption: which tenant it is could not be read: %w", report.facts.Organization.Err())
	}
	p := newPlanner(report, opts)
	if err := emergencyIDs(p.opts.EmergencyAccounts); err != nil {
		return Plan{}, err
	}
	if err := p.required(); err != nil {
		return Plan{}, err
	}
	p.compensate()
	p.exclude()
	p.replaceSecurityDefaults()
	p.disablePerUser()
	p.lastResorts()
	p.prove()
	p.guard()
	if len(p.refusals) > 0 {
		return Plan{}, &RefusedError{Account: report.Account.UserPrincipalName, Refusals: p.refusals}
	}
	return p.done(), nil
}

// emergencyIDs refuses a name among the object ids, which would guard nobody.
func emergencyIDs(ids []string) error {
	for _, id := range ids {
		if !guid.Is(id) {
			return fmt.Errorf("mfa: plan for an account: EmergencyAccounts holds %q, which is no object id and would guard nobody", id)
		}
	}
	return nil
}

// planner builds a plan. after is the tenant as it will be once the changes so far
// were made.
type planner struct {
	report        Report
	opts          ExemptionOptions
	before, after Facts
	plan          Plan
	refusals      []Refusal
}

func newPlanner(report Report, opts *ExemptionOptions) *planner {
	p := &planner{report: report, before: *report.facts, after: *report.facts}
	if opts != nil {
		p.opts = *opts
	}
	if p.opts.Now.IsZero() {
		p.opts.Now = time.Now().UTC().Truncate(time.Second)
	}
	if p.opts.ID == "" {
		p.opts.ID = strings.ToLower(rand.Text())
	}
	p.plan = Plan{
		Schema: PlanSchema, Procedure: ProcedureExemption, ID: p.opts.ID, MadeAt: p.opts.Now, Tenant: *report.Tenant, Profile: report.profile(),
		Account: entramfa.Candidate{
			ID: report.Account.ID, UserPrincipalName: report.Account.UserPrincipalName, DisplayName: report.Account.DisplayName,
		},
		Before: report.Verdict, NotLifted: []NotLifted{}, Changes: []entramfa.Change{}, Notes: []string{},
		Basis:   basisOf(*report.facts),
		Options: p.opts.stored(),
	}
	return p
}

// profile is that of the report, every password grant where it has none.
func (r Report) profile() policy.SignIn {
	if r.Profile == nil {
		return policy.PasswordSignIn()
	}
	return *r.Profile
}

// required refuses to plan without the facts that decide what to change: a plan
// that was made without them would be made for another tenant.
func (p *planner) required() error {
	if err := unreadFact(p.before); err != nil {
		return fmt.Errorf("mfa: plan an exemption for %s: %w", p.plan.Account.UserPrincipalName, err)
	}
	return nil
}

// unreadFact says which fact is missing without which there is no plan.
func unreadFact(f Facts) error {
	for _, fact := range []struct {
		name string
		err  error
	}{
		{"the Conditional Access policies", f.ConditionalAccess.Policies.Err()},
		{"security defaults", f.SecurityDefaults.Err()},
		{"the per-user MFA state", f.Requirements.Err()},
	} {
		if fact.err != nil {
			return fmt.Errorf("%s could not be read: %w", fact.name, fact.err)
		}
	}
	return nil
}

// add appends a change, numbered.
func (p *planner) add(c entramfa.Change) *entramfa.Change {
	c.ID = fmt.Sprint(len(p.plan.Changes) + 1)
	p.plan.Changes = append(p.plan.Changes, c)
	return &p.plan.Changes[len(p.plan.Changes)-1]
}

func (p *planner) note(format string, args ...any) {
	p.plan.Notes = append(p.plan.Notes, fmt.Sprintf(format, args...))
}

func (p *planner) refuse(guard Guard, way, format string, args ...any) {
	p.refusals = append(p.refusals, Refusal{Guard: guard, Text: fmt.Sprintf(format, args...), Way: way})
}

func (p *planner) notLifted(f entramfa.Finding, because, instead string) {
	p.plan.NotLifted = append(p.plan.NotLifted, NotLifted{Source: f.Source, ID: f.ID, Name: f.Name, Because: because, Instead: instead})
}

// policies are those of the tenant as it will be.
func (p *planner) policies() []policy.Policy {
	list, _ := p.after.ConditionalAccess.Policies.Get()
	return list.Policies
}

// setPolicies replaces them; the list of the facts that were read stays as it is.
func (p *planner) setPolicies(policies []policy.Policy) {
	list, _ := p.after.ConditionalAccess.Policies.Get()
	list.Policies = policies
	p.after.ConditionalAccess.Policies = entramfa.Known(list)
}

// disablePerUser sets the legacy state to disabled.
func (p *planner) disablePerUser() {
	finding := judgePerUser(p.after.Requirements, p.after.Methods)
	requirements, _ := p.after.Requirements.Get()
	switch {
	case finding.Outcome == entramfa.Clear:
		return
	case finding.Outcome == entramfa.Unknown:
		p.notLifted(finding, strings.Join(finding.Missing, "; "), "set the state to disabled in the Entra admin center")
		return
	}
	p.add(entramfa.Change{
		Kind: entramfa.ChangePerUserMFA, TargetID: p.plan.Account.ID, TargetName: p.plan.Account.UserPrincipalName,
		Before: encoded(Requirements{PerUserMFAState: requirements.PerUserMFAState}),
		After:  encoded(Requirements{PerUserMFAState: PerUserDisabled}),
		Reason: strings.Join(reasonTexts(finding), "; "),
		Undo:   fmt.Sprintf("set the state to %s", requirements.PerUserMFAState),
	})
	requirements.PerUserMFAState = PerUserDisabled
	p.after.Requirements = entramfa.Known(requirements)
	p.need("Policy.ReadWrite.AuthenticationMethod")
}

// lastResorts names what no change of the tenant lifts.
func (p *planner) lastResorts() {
	after := p.judged()
	for _, f := range after.Findings {
		switch {
		case f.Outcome == entramfa.Clear || p.named(f):
		case f.Source == entramfa.SourceMandatoryMFA:
			p.notLifted(f, "Microsoft demands it of every user account and knows no exclusion", "use a workload identity: an app registration with a certificate, or a managed identity")
		case f.Source == entramfa.SourceAccount:
			p.notLifted(f, strings.Join(append(reasonTexts(f), f.Missing...), "; "), adviceText(f))
		default:
			p.notLifted(f, strings.Join(append(f.Missing, reasonTexts(f)...), "; "), adviceText(f))
		}
	}
	if p.opts.PartnerTenant {
		p.plan.NotLifted = append(p.plan.NotLifted, NotLifted{
			Source: entramfa.SourcePartner, Name: "Microsoft's partner security requirements",
			Because: "the partner agreement demands MFA of every account of the partner's tenant, service accounts too, and knows no exclusion",
			Instead: "use an app registration with a certificate, or the secure application model for App+User calls",
		})
	}
}

// named says whether a finding stands in NotLifted already.
func (p *planner) named(f entramfa.Finding) bool {
	return slices.ContainsFunc(p.plan.NotLifted, func(n NotLifted) bool { return n.Source == f.Source && n.ID == f.ID })
}

// judged is the report on the tenant as it will be.
func (p *planner) judged() Report {
	return Judge(p.after, &Options{Profile: &p.plan.Profile, Now: p.opts.Now})
}

// done completes the plan.
func (p *planner) done() Plan {
	after := p.judged()
	p.plan.After = after.Verdict
	p.plan.Clear = after.Outcome == entramfa.Clear && len(p.plan.NotLifted) == 0
	slices.Sort(p.plan.Permissions)
	p.plan.Permissions = slices.Compact(p.plan.Permissions)
	return p.plan
}

func (p *planner) need(permissions ...string) {
	p.plan.Permissions = append(p.plan.Permissions, permissions...)
}

func reasonTexts(f entramfa.Finding) []string {
	var texts []string
	for _, r := range f.Reasons {
		texts = append(texts, r.Text)
	}
	return texts
}

func adviceText(f entramfa.Finding) string {
	if len(f.Advice) == 0 {
		return "look at it in the Entra admin center"
	}
	return f.Advice[0].Text
}
