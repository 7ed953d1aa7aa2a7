package mfa

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// guard refuses a plan that would do harm.
func (p *planner) guard() {
	if len(p.plan.Changes) == 0 {
		return
	}
	guards := guards{plan: &p.plan, facts: p.before, report: p.report, caller: p.opts.Caller}
	p.refusals = append(p.refusals, guards.refusals()...)
	if e := guards.signIns(); e == nil {
		p.note("whether a person uses the account was not looked up: SignIns and Report.WithEvidence tell it from the sign-in log")
	} else if len(e.Person.Missing) > 0 {
		p.note("whether a person uses the account is not known for sure: %s", strings.Join(e.Person.Missing, "; "))
	}
	p.sayWhatThePinsEnd(guards.signIns())
	if p.opts.Caller == nil {
		p.note("who will apply the plan is not known yet: Apply refuses it where it would lock that account out")
	}
}

// sayWhatThePinsEnd notes the sign-ins of the log that the pins would block: a
// profile that leaves out what the product does takes it down.
func (p *planner) sayWhatThePinsEnd(log *SignInEvidence) {
	if log == nil || !p.plan.pins() {
		return
	}
	for _, use := range log.Outside(p.plan.Profile) {
		name := use.ResourceName
		if name == "" {
			name = use.ResourceID
		}
		p.note("THE SIGN-IN LOG SHOWS WHAT THE PINS MAY BLOCK: %d accepted sign-ins to %s from %s, the last on %s, lie outside of the profile",
			use.Accepted, name, use.Address, use.Last.UTC().Format(time.DateOnly))
	}
}

// guards are asked before a plan is returned, and again before it is applied.
type guards struct {
	plan   *Plan
	facts  Facts
	report Report
	caller *Identity
}

func (g guards) refusals() []Refusal {
	var list []Refusal
	if len(g.plan.Changes) == 0 {
		return nil // it harms nobody
	}
	for _, guard := range []func() *Refusal{g.emergency, g.person, g.lastAdministrator, g.ownPin} {
		if r := guard(); r != nil {
			list = append(list, *r)
		}
	}
	return list
}

// emergency refuses to touch an account that stands outside of everything.
func (g guards) emergency() *Refusal {
	if !containsFold(g.plan.Options.EmergencyAccounts, g.plan.Account.ID) {
		return nil
	}
	return &Refusal{GuardEmergency, "it is one of the emergency access accounts", "choose the connection account; emergency access accounts are never exempt or pinned by a plan"}
}

// person refuses to exempt an account that a person uses, by what the sign-in log
// and the registered methods tell.
func (g guards) person() *Refusal {
	signs := g.signsOfAPerson()
	if len(signs) == 0 || g.plan.Options.AllowInteractiveAccount {
		return nil
	}
	return &Refusal{GuardPerson, "a person seems to use the account: " + strings.Join(signs, "; "),
		"make an account that no person uses, or set AllowInteractiveAccount"}
}

// signsOfAPerson are methods that live on a person's device.
func (g guards) signsOfAPerson() []string {
	var signs []string
	methods, _ := g.facts.Methods.Get()
	for _, m := range methods {
		if containsFold([]string{"#microsoft.graph.windowsHelloForBusinessAuthenticationMethod", "#microsoft.graph.platformCredentialAuthenticationMethod"}, m.Type) {
			signs = append(signs, "it is registered to sign in on a device of its own ("+methodNames(entramfa.Known([]Method{m}))[0]+")")
		}
	}
	if e := g.signIns(); e != nil && e.Person.Found {
		for _, r := range e.Person.Reasons {
			signs = append(signs, r.Text)
		}
	}
	return signs
}

// signIns is what the sign-in log says of the account; nil where nobody read it, or
// read that of another.
func (g guards) signIns() *SignInEvidence {
	if e := g.report.Evidence; e != nil && e.SignIns != nil && strings.EqualFold(e.SignIns.UserID, g.plan.Account.ID) {
		return e.SignIns
	}
	return nil
}

// lastAdministrator refuses to block the only Global Administrator anywhere, or for anything.
func (g guards) lastAdministrator() *Refusal {
	account := accountFacts(g.facts)
	is, only := account.GlobalAdministrator, account.OnlyGlobalAdministrator
	if !g.plan.pins() || is != nil && !*is || only != nil && !*only {
		return nil
	}
	text := "it is the only Global Administrator, and would be blocked from elsewhere, or for what it does not use"
	if is == nil || only == nil {
		text = "it may be the only Global Administrator, for that could not be read, and would be blocked from elsewhere, or for what it does not use"
	}
	return &Refusal{GuardLastAdministrator, text, "make another account a Global Administrator first, or set SkipCompensation"}
}

// ownPin refuses to block whoever applies the plan.
func (g guards) ownPin() *Refusal {
	if g.caller == nil || !g.plan.pins() || !strings.EqualFold(g.caller.ID, g.plan.Account.ID) {
		return nil
	}
	return &Refusal{GuardCaller, "it is the account that applies the plan, and would be blocked from elsewhere, or for what it does not use",
		"apply the plan with another identity, or set SkipCompensation"}
}

// pins says whether the plan blocks the account somewhere: whether it creates a
// policy about it.
func (p *Plan) pins() bool {
	return slices.ContainsFunc(p.Changes, func(c entramfa.Change) bool {
		var body policy.Policy
		if c.Kind != entramfa.CreatePolicy || json.Unmarshal(c.After, &body) != nil || body.Conditions == nil || body.Conditions.Users == nil {
			return false
		}
		return containsFold(body.Conditions.Users.IncludeUsers, p.Account.ID)
	})
}

// prove says what the plan does to everybody else: for every account there can be
// by what the changes are, and for those of the directory one by one.
func (p *planner) prove() {
	before, _ := p.before.ConditionalAccess.Policies.Get()
	replaced := defaultsOn(p.before) && !defaultsOn(p.after)
	touched := policy.Touches(before.Policies, p.policies())
	o := &p.plan.Others
	o.Untouched = !replaced && touched.Alone(p.plan.Account.ID)
	switch {
	case o.Untouched:
		o.Proof = append(o.Proof, "every change names the account alone: an exclusion, a policy or a membership of nobody else; so no sign-in of any other account can be treated otherwise")
	case replaced && p.opts.AllowUnprotectedTenant && p.lapsed():
		o.Proof = append(o.Proof, "security defaults go off and nothing takes their place: every account is affected")
	case replaced:
		o.Proof = append(o.Proof, "security defaults end for everybody; the policies in their place demand MFA of every other account at every sign-in and block legacy clients, which is at least as much. Who holds the role Directory Synchronization Accounts is left out by Microsoft's own template, and so here: that should be the account of Entra Connect alone")
	default:
		p.refuse(GuardOthers, "report this as a fault of the library", "the changes would touch other accounts: %s", strings.Join(append(touched.Reasons, touched.Accounts...), ", "))
	}
	if p.opts.Accounts != nil {
		p.compare(replaced)
	}
}

// compare looks at every account of the directory over all sign-ins.
func (p *planner) compare(replaced bool) {
	accounts := p.opts.Accounts
	joined, err := p.joined(accounts)
	if err != nil {
		p.refuse(GuardUnread, "read the directory again", "%v", err)
		return
	}
	before := policy.Snapshot{Policies: policy.Prepare(p.before.ConditionalAccess), Accounts: accounts}
	after := policy.Snapshot{Policies: policy.Prepare(p.after.ConditionalAccess), Accounts: joined}
	changes, err := policy.Diff(before, after, policy.SignIn{})
	if err != nil {
		p.refuse(GuardUnread, "read the directory again", "%v", err)
		return
	}
	weaker := p.count(changes)
	p.plan.Others.Compared = accounts.Len()
	if replaced {
		p.plan.Others.Proof = append(p.plan.Others.Proof, fmt.Sprintf(
			"policy.Diff over all sign-ins of the %d accounts of the directory, which knows the policies and not security defaults: policies come to hold for %d others", accounts.Len(), p.plan.Others.Count))
		return
	}
	p.plan.Others.Proof = append(p.plan.Others.Proof, fmt.Sprintf(
		"policy.Diff over all sign-ins of the %d accounts of the directory: %d others are treated otherwise, %d of them in a way that isn't stricter", accounts.Len(), p.plan.Others.Count, weaker))
	if weaker > 0 || p.plan.Others.Count > 0 {
		p.refuse(GuardOthers, "report this as a fault of the library", "%d other accounts would be treated otherwise: %s", p.plan.Others.Count, strings.Join(p.plan.Others.Changed, ", "))
	}
}

// count notes whose outcome changes beside the account's, and how many in a way
// that isn't stricter.
func (p *planner) count(changes iter.Seq[policy.Change]) (weaker int) {
	const shown = 20
	o := &p.plan.Others
	for c := range changes {
		if strings.EqualFold(c.AccountID, p.plan.Account.ID) {
			continue
		}
		o.Count++
		if len(o.Changed) < shown {
			o.Changed = append(o.Changed, c.AccountID)
		}
		if c.After < c.Before {
			weaker++
		}
	}
	return weaker
}

// joined is the directory once the account is in the group of the plan.
func (p *planner) joined(accounts *policy.Directory) (*policy.Directory, error) {
	for _, c := range p.plan.Changes {
		if c.Kind == entramfa.AddGroupMember {
			return accounts.Joined(c.TargetID, p.plan.Account.ID)
		}
	}
	return accounts, nil
}
