package mfa

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Judge says what stands between the account and its non-interactive sign-in,
// from facts that were collected before. It does no I/O.
func Judge(facts Facts, opts *Options) Report {
	o := opts.withDefaults()
	applications := o.applications()
	findings := []entramfa.Finding{
		judgeAccount(facts, o.Now),
		securitydefaults.Judge(facts.SecurityDefaults, defaultsAccount(facts, applications)),
	}
	findings = append(findings, judgePolicies(facts, *o.Profile)...)
	findings = append(findings, judgePerUser(facts.Requirements, facts.Methods), judgeMandatory(applications))
	report := Report{
		facts:     &facts,
		Schema:    ReportSchema,
		CheckedAt: o.Now,
		Verdict:   verdict(facts, findings, *o.Profile),
		Tenant:    tenantFacts(facts.Organization),
		Account:   accountFacts(facts),
		Findings:  findings,
	}
	if opts != nil && opts.Profile != nil {
		report.Profile = new(*opts.Profile)
	}
	report.AppRegistration = appRegistration(applications)
	return report
}

// withDefaults fills in what a nil or zero Options leaves open.
func (o *Options) withDefaults() Options {
	var options Options
	if o != nil {
		options = *o
	}
	if options.Profile == nil {
		profile := policy.PasswordSignIn()
		options.Profile = &profile
	}
	if options.Now.IsZero() {
		options.Now = time.Now().UTC().Truncate(time.Second)
	}
	return options
}

// verdict combines the findings. Several policies that meet some sign-ins each
// may together meet all of them.
func verdict(facts Facts, findings []entramfa.Finding, profile policy.SignIn) entramfa.Verdict {
	together := policy.Decide(facts.ConditionalAccess, facts.Subject(), profile)
	if together.Extent == entramfa.Always {
		findings = append(slices.Clip(findings), entramfa.Finding{Outcome: together.Outcome, Extent: together.Extent})
	}
	return entramfa.Combine(findings)
}

// applications is what the account signs in to, for sources that ask no more.
func (o Options) applications() []string {
	if len(o.Profile.Applications) == 0 {
		return []string{MicrosoftGraph, ExchangeOnline, SharePointOnline}
	}
	return o.Profile.Applications
}

// judgePolicies judges Conditional Access, and adds what only the licence tells
// and what lies outside the profile.
func judgePolicies(facts Facts, profile policy.SignIn) []entramfa.Finding {
	account := facts.Subject()
	findings := policy.Judge(facts.ConditionalAccess, account, profile)
	if everything := policy.PasswordSignIn(); !reflect.DeepEqual(profile, everything) {
		nameOutside(findings, policy.Judge(facts.ConditionalAccess, account, everything))
	}
	licensed, known := licensed(facts).Get()
	for i := range findings {
		if met(findings[i]) && known && !licensed {
			findings[i].Caveats = append(findings[i].Caveats, "the tenant has no Entra ID P1: its policies stay enforced, and can be disabled or deleted, but not edited")
		}
	}
	return findings
}

// nameOutside adds to what is clear in the profile what it does to other password sign-ins.
func nameOutside(inside, everywhere []entramfa.Finding) {
	for i, f := range everywhere {
		if inside[i].Outcome == entramfa.Clear && f.Outcome != entramfa.Clear {
			inside[i].Caveats = append(inside[i].Caveats, outside(f))
		}
	}
}

// outside says what a policy does to sign-ins that the profile leaves out.
func outside(f entramfa.Finding) string {
	last := f.Reasons[len(f.Reasons)-1]
	for _, r := range f.Reasons {
		if r.Condition == "signIn" {
			last = r
		}
	}
	return fmt.Sprintf("outside the profile it may be met (%s, %s): %s", f.Outcome, f.Extent, last.Text)
}

func met(f entramfa.Finding) bool {
	return f.Outcome == entramfa.MFA || f.Outcome == entramfa.Blocked
}

func licensed(facts Facts) entramfa.Value[bool] {
	skus, known := facts.SubscribedSKUs.Get()
	if !known {
		return entramfa.Missing[bool](facts.SubscribedSKUs.Err())
	}
	return entramfa.Known(securitydefaults.Licensed(skus, securitydefaults.PlanEntraP1, securitydefaults.PlanEntraP2))
}

// defaultsAccount is the account as security defaults see it.
func defaultsAccount(facts Facts, applications []string) securitydefaults.Account {
	return securitydefaults.Account{
		UserPrincipalName: facts.User.UserPrincipalName,
		Roles:             defaultsRoles(facts.Roles),
		Licensed:          licensed(facts),
		ManagesAzure:      slices.ContainsFunc(applications, managesAzure),
	}
}

func defaultsRoles(value entramfa.Value[[]policy.RoleAssignment]) entramfa.Value[[]securitydefaults.Role] {
	assignments, known := value.Get()
	if !known {
		return entramfa.Missing[[]securitydefaults.Role](value.Err())
	}
	roles := make([]securitydefaults.Role, len(assignments))
	for i, a := range assignments {
		roles[i] = securitydefaults.Role{TemplateID: a.TemplateID(), TenantWide: a.TenantWide()}
	}
	return entramfa.Known(roles)
}

func containsFold(list []string, text string) bool {
	for _, s := range list {
		if strings.EqualFold(s, text) {
			return true
		}
	}
	return false
}
