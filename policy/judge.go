package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/unread"
)

// Judge says what each Conditional Access policy of a tenant does to a set of
// an account's sign-ins, PasswordSignIn for instance. It returns one finding a
// policy, in the order of the list, those that leave the account alone too; one
// Unknown finding more where the list isn't whole, and a single one where there
// is no list.
//
// A policy that meets some of the sign-ins and not others is Sometimes, and the
// last reason names one that it meets. The grant controls are judged for a
// program with a password and nothing else. What this version doesn't know, an
// enumeration value or a member of a newer schema, makes a finding Unknown where
// it could matter.
//
// It does no I/O.
func Judge(tenant Tenant, subject Subject, signIns SignIn) []entramfa.Finding {
	list, known := tenant.Policies.Get()
	if !known {
		return []entramfa.Finding{notRead(tenant.Policies.Err())}
	}
	j := newJudge(tenant, subject, signIns)
	findings := make([]entramfa.Finding, 0, len(list.Policies)+1)
	for _, p := range list.Policies {
		findings = append(findings, j.policy(p))
	}
	if list.Hidden != "" {
		findings = append(findings, hidden(list.Hidden))
	}
	return findings
}

// judge holds what all policies are judged against.
type judge struct {
	tenant  Tenant
	subject Subject
	region  SignIn
	located []*place // the tenant's named locations
}

func newJudge(tenant Tenant, subject Subject, signIns SignIn) *judge {
	return &judge{tenant: tenant, subject: subject, region: signIns.whole(), located: located(tenant)}
}

// located reads the ranges of the tenant's named locations.
func located(tenant Tenant) []*place {
	var list []*place
	locations, _ := tenant.NamedLocations.Get()
	for _, l := range locations {
		list = append(list, newPlace(l))
	}
	return list
}

// policy judges one policy, step by step as a person would.
func (j *judge) policy(p Policy) entramfa.Finding {
	finding := entramfa.Finding{Source: entramfa.SourceConditionalAccess, ID: p.ID, Name: p.DisplayName}
	finding.Reasons = []entramfa.Reason{stateReason(p.State)}
	j.decide(&finding, p)
	if note := p.Origin().note(); note != "" {
		finding.Caveats = append(finding.Caveats, note)
	}
	applyState(&finding, p.State)
	finding.Demands, finding.Advice = demandsOf(finding), advice(finding, p)
	finding.Caveats, finding.Missing = distinct(finding.Caveats), distinct(finding.Missing)
	return finding
}

// decide fills in what the policy does where it is enforced.
func (j *judge) decide(f *entramfa.Finding, p Policy) {
	if p.Conditions == nil || p.Conditions.Users == nil {
		f.Missing = []string{"whom the policy is about: the answer held no conditions.users"}
		return
	}
	users := j.matchUsers(p.Conditions.Users)
	if users.truth == no {
		users = j.otherSubjects(p.Conditions, users)
	}
	f.Caveats = append(f.Caveats, users.caveats...)
	if users.truth == no {
		f.Outcome, f.Extent, f.Reasons = entramfa.Clear, entramfa.Never, append(f.Reasons, users.reason)
		return
	}
	controls := j.controls(&p)
	extent := j.extent(f, p, users, controls.bound)
	if extent == entramfa.Never {
		f.Outcome, f.Extent = entramfa.Clear, entramfa.Never
		return
	}
	if controls.outcome == entramfa.MFA && j.legacyAlone(p.Conditions.ClientAppTypes) {
		controls = controls.refused()
	}
	if controls.alsoBound && j.applications(p.Conditions.Applications, true).extent == entramfa.Always {
		controls.outcome = entramfa.Blocked // every sign-in is to an app that token protection concerns
	}
	f.Reasons = append(f.Reasons, controls.reason)
	f.Caveats = append(f.Caveats, controls.caveats...)
	f.Demands = controls.demands
	f.Outcome, f.Extent = applied(controls, extent)
	if f.Outcome == entramfa.Unknown {
		f.Missing = append(f.Missing, controls.missing...)
		return
	}
	if f.Outcome == entramfa.Clear {
		f.Missing = nil // whoever it is about, it demands nothing
	}
}

// otherSubjects looks at conditions that make a policy about more than its users:
// such a policy names None among the users.
func (j *judge) otherSubjects(c *Conditions, users match) match {
	if c.Agents != nil && j.subject.AgentUser {
		return match{missing: []string{"whether the policy's condition on agent users means this account, which is one"}}
	}
	named := slices.DeleteFunc(append(slices.Concat(c.Users.IncludeUsers, c.Users.IncludeGroups), c.Users.IncludeRoles...),
		func(entry string) bool { return strings.EqualFold(entry, "None") })
	names := slices.DeleteFunc(unknownMembers(c.members), func(name string) bool { return strings.EqualFold(name, "agentContext") })
	if len(named) == 0 && c.Users.IncludeGuestsOrExternalUsers == nil && len(names) > 0 {
		return match{missing: []string{"whether the policy, which names no users, is about the account: " + unknownCondition("conditions", names)}}
	}
	return users
}

// controls says what the policy does where it applies.
func (j *judge) controls(p *Policy) grant {
	return worse(j.grant(p), judgeSession(p.SessionControls))
}

// grant says what the policy demands where it applies.
func (j *judge) grant(p *Policy) grant {
	if p.GrantControls == nil && !p.members.Has("grantControls") {
		return notKnown("what the policy demands: the answer held no grantControls")
	}
	return j.judgeGrant(p.GrantControls)
}

// legacyAlone says that of the region a policy meets legacy clients alone.
func (j *judge) legacyAlone(types []string) bool {
	region := j.region.ClientAppTypes
	if region == nil {
		region = clientAppTypeAxis
	}
	all := len(types) == 0 || containsFold(types, "all")
	return !slices.ContainsFunc(region, func(client string) bool {
		return (all || !clientAppTypeAxis.has(client) || containsFold(types, client)) && !legacyClients.has(client)
	})
}

// extent says over which of the account's sign-ins the conditions hold, and adds the reasons.
func (j *judge) extent(f *entramfa.Finding, p Policy, users match, bound bool) entramfa.Extent {
	list := j.conditions(p.Conditions, bound)
	if names := unknownMembers(p.members); len(names) > 0 {
		list = append(list, cantTell("policy", "%s", unknownCondition("the policy", names)))
	}
	if i := slices.IndexFunc(list, func(c coverage) bool { return c.extent == entramfa.Never }); i >= 0 {
		f.Reasons = append(f.Reasons, list[i].reason)
		f.Caveats = append(f.Caveats, list[i].caveats...)
		return entramfa.Never
	}
	if users.reason.Text != "" {
		f.Reasons = append(f.Reasons, users.reason)
	}
	f.Missing = append(f.Missing, users.missing...)
	extent, witness := entramfa.Always, j.region
	for _, c := range list {
		if c.narrow != nil {
			c.narrow(&witness)
		}
		if c.reason.Text != "" {
			f.Reasons = append(f.Reasons, c.reason)
		}
		f.Caveats = append(f.Caveats, c.caveats...)
		f.Missing = append(f.Missing, c.missing...)
		extent = min(extent, c.extent) // Unknown < Never < Sometimes < Always
	}
	if users.truth == unknown {
		return entramfa.ExtentUnknown
	}
	if extent == entramfa.Sometimes {
		f.Reasons = append(f.Reasons, reasonf("signIn", "for instance %s", witness.text()))
	}
	return extent
}

// applied joins what the controls do with the sign-ins for which they do it.
func applied(controls grant, extent entramfa.Extent) (entramfa.Outcome, entramfa.Extent) {
	switch {
	case controls.outcome == entramfa.Clear:
		return entramfa.Clear, entramfa.Never
	case controls.outcome == entramfa.Unknown || extent == entramfa.ExtentUnknown:
		return entramfa.Unknown, entramfa.ExtentUnknown
	}
	return controls.outcome, extent
}

// is compares without case, as exports of other tools need.
func (s State) is(state State) bool { return strings.EqualFold(string(s), string(state)) }

func stateReason(state State) entramfa.Reason {
	switch {
	case state.is(StateEnabled):
		return reasonf("state", "the policy is enabled")
	case state.is(StateReportOnly):
		return reasonf("state", "the policy is in report-only mode and enforces nothing")
	case state.is(StateDisabled):
		return reasonf("state", "the policy is disabled")
	}
	return reasonf("state", "the policy is in the state %q, which this version doesn't know", string(state))
}

// applyState turns what an enforced policy would do into what this one does.
func applyState(f *entramfa.Finding, state State) {
	if state.is(StateEnabled) || f.Outcome == entramfa.Clear {
		return
	}
	would := fmt.Sprintf("it would do this if it were enabled: %s, %s", f.Outcome, f.Extent)
	if f.Outcome == entramfa.Unknown {
		would = "what it would do if it were enabled can't be told: " + strings.Join(f.Missing, "; ")
	}
	if state.is(StateReportOnly) || state.is(StateDisabled) {
		f.Outcome, f.Extent, f.Missing = entramfa.Clear, entramfa.Never, nil
		f.Caveats = append(f.Caveats, would)
		return
	}
	f.Outcome, f.Extent = entramfa.Unknown, entramfa.ExtentUnknown
	f.Caveats = append(f.Caveats, would)
	f.Missing = append(f.Missing, fmt.Sprintf("what the policy state %q means", string(state)))
}

// demandsOf keeps the demands where something is demanded.
func demandsOf(f entramfa.Finding) []string {
	if f.Outcome == entramfa.Clear {
		return nil
	}
	return f.Demands
}

func advice(f entramfa.Finding, p Policy) []entramfa.Advice {
	switch f.Outcome {
	case entramfa.MFA, entramfa.Blocked:
		return []entramfa.Advice{
			{Action: entramfa.ActionExclude, Text: fmt.Sprintf("exclude the account from the policy %q, or put it in a group that the policy excludes for this purpose; pin it to its addresses by a policy of its own", p.DisplayName)},
			{Action: entramfa.ActionUseApplication, Text: "replace the account by an app registration with a certificate, which no user policy touches"},
		}
	case entramfa.Unknown:
		return []entramfa.Advice{{Action: entramfa.ActionReview, Text: fmt.Sprintf("look at the policy %q in the Entra admin center, and see what is missing here", p.DisplayName)}}
	}
	return []entramfa.Advice{{Action: entramfa.ActionNone, Text: "nothing"}}
}

// notRead is the finding of a tenant whose policies could not be read.
func notRead(err error) entramfa.Finding {
	return entramfa.Finding{
		Source:  entramfa.SourceConditionalAccess,
		Name:    "Conditional Access policies",
		Reasons: []entramfa.Reason{reasonf("policies", "the policies could not be read")},
		Missing: []string{fmt.Sprintf("the Conditional Access policies: %v", err)},
		Advice:  []entramfa.Advice{unread.Advice(err, "Policy.Read.All; Policy.Read.ConditionalAccess alone does not open the list")},
	}
}

// hidden is the finding of a list that may lack policies.
func hidden(why string) entramfa.Finding {
	return entramfa.Finding{
		Source:  entramfa.SourceConditionalAccess,
		Name:    "policies that the list may lack",
		Reasons: []entramfa.Reason{reasonf("policies", "the list of policies may not be whole")},
		Missing: []string{why},
		Advice:  []entramfa.Advice{{Action: entramfa.ActionReview, Text: "compare with the list in the Entra admin center"}},
	}
}

// distinct drops what was said before.
func distinct(list []string) []string {
	var out []string
	for _, text := range list {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}
