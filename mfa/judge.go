package mfa

import (
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
	findings := []entramfa.Finding{
		judgeAccount(facts, o.Now),
		securitydefaults.Judge(facts.SecurityDefaults, defaultsAccount(facts, o)),
	}
	findings = append(findings, judgePolicies(facts)...)
	findings = append(findings, judgePerUser(facts.Requirements, facts.Methods), judgeMandatory(o.Applications))
	return Report{
		Schema:    ReportSchema,
		CheckedAt: o.Now,
		Verdict:   entramfa.Combine(findings),
		Account:   accountFacts(facts),
		Findings:  findings,
	}
}

// withDefaults fills in what a nil or zero Options leaves open.
func (o *Options) withDefaults() Options {
	var options Options
	if o != nil {
		options = *o
	}
	if len(options.Applications) == 0 {
		options.Applications = []string{MicrosoftGraph, ExchangeOnline, SharePointOnline}
	}
	if options.Now.IsZero() {
		options.Now = time.Now().UTC().Truncate(time.Second)
	}
	return options
}

// judgePolicies judges Conditional Access, and adds what only the licence tells.
func judgePolicies(facts Facts) []entramfa.Finding {
	findings := policy.Judge(facts.ConditionalAccess, subject(facts))
	licensed, known := licensed(facts).Get()
	for i := range findings {
		if met(findings[i]) && known && !licensed {
			findings[i].Caveats = append(findings[i].Caveats, "the tenant has no Entra ID P1: its policies stay enforced, and can be disabled or deleted, but not edited")
		}
	}
	return findings
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

// subject is the account as Conditional Access sees it.
func subject(facts Facts) policy.Subject {
	return policy.Subject{
		ID:            facts.User.ID,
		Kinds:         guestKinds(facts.User),
		AgentUser:     strings.EqualFold(facts.User.Type, agentUser),
		Groups:        facts.Groups,
		Roles:         facts.Roles,
		EligibleRoles: facts.EligibleRoles,
	}
}

// defaultsAccount is the account as security defaults see it.
func defaultsAccount(facts Facts, o Options) securitydefaults.Account {
	return securitydefaults.Account{
		UserPrincipalName: facts.User.UserPrincipalName,
		Roles:             defaultsRoles(facts.Roles),
		Licensed:          licensed(facts),
		ManagesAzure:      containsFold(o.Applications, AzureManagement),
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
