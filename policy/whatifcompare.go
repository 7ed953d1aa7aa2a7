package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// Comparison is what this package and the What If API say of the same sign-in.
type Comparison struct {
	// Agreed is of how many policies both say the same.
	Agreed int `json:"agreed"`
	// Differences holds one entry for each of the other policies.
	Differences []Difference `json:"differences"`
}

// Faults returns the differences that nothing known explains: one of the two is wrong.
func (c Comparison) Faults() []Difference {
	return slices.DeleteFunc(slices.Clone(c.Differences), func(d Difference) bool { return d.Cause != CauseFault })
}

// Difference is a policy of which the two say something else.
type Difference struct {
	PolicyID   string `json:"policyId"`
	PolicyName string `json:"policyName"`
	// Here is what this package says, API what the What If API says.
	Here WhatIfAnswer `json:"here"`
	API  WhatIfAnswer `json:"api"`
	// Cause says what kind of difference it is, Text in a sentence why.
	Cause Cause  `json:"cause"`
	Text  string `json:"text"`
}

// WhatIfAnswer is whether a policy applies to a sign-in.
type WhatIfAnswer struct {
	// Applies is nil where it isn't said or can't be told.
	Applies *bool `json:"applies"`
	// Reasons say why it does not apply.
	Reasons AnalysisReasons `json:"reasons"`
}

// String says the answer in a few words.
func (a WhatIfAnswer) String() string {
	switch {
	case a.Applies == nil && a.Reasons == "":
		return "is not said"
	case a.Applies == nil:
		return fmt.Sprintf("can't be told (%s)", a.Reasons)
	case *a.Applies:
		return "applies"
	}
	return fmt.Sprintf("does not apply (%s)", a.Reasons)
}

func (a WhatIfAnswer) truth() truth {
	if a.Applies == nil || !*a.Applies && a.Reasons.Has(AnalysisNotEnoughInformation) {
		return unknown
	}
	return truthOf(*a.Applies)
}

// Cause is why two answers differ. All but CauseFault are known: gaps that
// Microsoft documents, or limits of either side.
// Source of the gaps: https://learn.microsoft.com/entra/identity/conditional-access/what-if-tool
// and https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate.
type Cause string

const (
	// CauseFault: nothing known explains the difference.
	CauseFault Cause = "fault"
	// CauseApplicationGroup: the API does not resolve the groups Office365 and MicrosoftAdminPortals.
	CauseApplicationGroup Cause = "applicationGroup"
	// CauseServiceDependency: the API does not look at the services behind an application.
	CauseServiceDependency Cause = "serviceDependency"
	// CauseNotEnabled: the API judges enabled policies and those in report-only mode alone.
	CauseNotEnabled Cause = "notEnabled"
	// CauseNotEnoughInformation: the API says that it was not told enough.
	CauseNotEnoughInformation Cause = "notEnoughInformation"
	// CauseFirstReason: neither lets the policy apply; several conditions are
	// unmet, and the API names the first in an order of its own.
	CauseFirstReason Cause = "firstReason"
	// CauseQuestion: the API can't be asked about what the policy looks at.
	CauseQuestion Cause = "question"
	// CauseHidden: v1.0 leaves out policies that use what only beta knows.
	CauseHidden Cause = "hidden"
	// CauseUnknownHere: this package can't tell, and says what it does not know.
	CauseUnknownHere Cause = "unknownHere"
)

// Compare holds what this package says of each policy against what the What If
// API said, and explains each difference. The results are the whole answer to
// the question that NewWhatIf makes of the same account and sign-in; what the
// policies demand is not compared, for the API does not judge it.
//
// It does no I/O. It fails where NewWhatIf does, and where the policies of the
// tenant are not known.
func Compare(tenant Tenant, account Subject, signIn SignIn, results []WhatIfResult) (Comparison, error) {
	if _, err := NewWhatIf(account, signIn); err != nil {
		return Comparison{}, err
	}
	list, known := tenant.Policies.Get()
	if !known {
		return Comparison{}, fmt.Errorf("policy: nothing to compare, the policies are not known: %w", tenant.Policies.Err())
	}
	t := trial{tenant: tenant, subject: account, signIn: signIn}
	result := Comparison{Differences: []Difference{}}
	for _, p := range list.Policies {
		pair := t.pair(p, results)
		if pair.agree() {
			result.Agreed++
			continue
		}
		cause, text := t.explain(pair)
		result.Differences = append(result.Differences, Difference{
			PolicyID: p.ID, PolicyName: p.DisplayName, Here: pair.here, API: pair.api, Cause: cause, Text: text,
		})
	}
	result.Differences = append(result.Differences, unlisted(list, results)...)
	return result, nil
}

// unlisted are the policies that the API judged and the list doesn't hold.
func unlisted(list List, results []WhatIfResult) []Difference {
	var differences []Difference
	for _, r := range results {
		if slices.ContainsFunc(list.Policies, func(p Policy) bool { return strings.EqualFold(p.ID, r.ID) }) {
			continue
		}
		text := "the list of policies does not hold it: it was made after the list was read"
		if list.Hidden != "" {
			text = "the list of policies does not hold it: " + list.Hidden
		}
		differences = append(differences, Difference{
			PolicyID: r.ID, PolicyName: r.DisplayName, Here: WhatIfAnswer{Reasons: AnalysisNotEnoughInformation},
			API: r.answer(), Cause: CauseUnknownHere, Text: text,
		})
	}
	return differences
}

func (r WhatIfResult) answer() WhatIfAnswer {
	return WhatIfAnswer{Applies: r.PolicyApplies, Reasons: r.AnalysisReasons}
}

// pair is what the two say of one policy.
type pair struct {
	policy    Policy
	finding   entramfa.Finding
	here, api WhatIfAnswer
	// listed: the API's answer holds the policy.
	listed bool
}

func (t trial) pair(p Policy, results []WhatIfResult) pair {
	both := pair{policy: p, finding: t.judge(p)}
	both.here = hereOf(p, both.finding)
	i := slices.IndexFunc(results, func(r WhatIfResult) bool { return strings.EqualFold(r.ID, p.ID) })
	if i >= 0 {
		both.listed, both.api = true, results[i].answer()
	}
	return both
}

// hereOf puts a finding into the API's words. A state that nobody knows may be an enforced one.
func hereOf(p Policy, f entramfa.Finding) WhatIfAnswer {
	truth := holds(f)
	answer := WhatIfAnswer{Reasons: Analysis(p, f)}
	switch {
	case p.State.is(StateDisabled):
		truth = no
	case !p.State.is(StateEnabled) && !p.State.is(StateReportOnly):
		truth, answer.Reasons = unknown, AnalysisNotEnoughInformation
	case truth == unknown:
		answer.Reasons = AnalysisNotEnoughInformation
	}
	if truth != unknown {
		applies := truth == yes
		answer.Applies = &applies
	}
	return answer
}

// agree says whether the two say the same, for the same reason where they give one.
func (p pair) agree() bool {
	switch here, api := p.here.truth(), p.api.truth(); {
	case !p.listed:
		return false
	case p.api.Reasons.Has(AnalysisEmptyPolicy) && demandless(p.policy):
		return api == no // whatever its conditions, it does nothing
	case here != api || here == unknown:
		return false
	case here == yes:
		return true
	}
	given := p.api.Reasons.Values()
	return len(given) == 0 || p.api.Reasons.Has(AnalysisNotSet) || p.api.Reasons.saysLike(p.here.Reasons)
}

// explain finds the first cause that fits.
func (t trial) explain(p pair) (Cause, string) {
	for _, cause := range []func(trial, pair) (Cause, string){
		trial.absent, trial.disabled, trial.notEnoughInformation, trial.applicationGroup, trial.serviceDependency,
		trial.question, trial.unknownHere, trial.firstReason,
	} {
		if cause, text := cause(t, p); cause != "" {
			return cause, text
		}
	}
	return CauseFault, p.fault()
}

// fault says what a person has to look at.
func (p pair) fault() string {
	last := p.finding.Reasons[len(p.finding.Reasons)-1].Text
	switch {
	case p.here.truth() == yes:
		return "here every condition is met; the API finds one that is not"
	case p.api.truth() == yes:
		return "here a condition is not met: " + last
	}
	return fmt.Sprintf("the API names a condition that is met here (%s); not met is: %s", p.api.Reasons, last)
}

// absent is a policy that the API's answer doesn't hold.
func (t trial) absent(p pair) (Cause, string) {
	switch {
	case p.listed:
		return "", ""
	case p.policy.State.is(StateDisabled):
		return CauseNotEnabled, "the API leaves policies out that are disabled"
	case betaOnly(p.policy):
		return CauseHidden, "the API was asked by v1.0, which leaves out policies that use what only beta knows"
	}
	return CauseFault, "the API's answer does not hold the policy, nor does it say why"
}

// betaOnly says whether a policy uses what v1.0 doesn't know, as far as this package can tell.
func betaOnly(p Policy) bool {
	c := p.Conditions
	if len(unknownMembers(p.members)) > 0 {
		return true
	}
	if c == nil {
		return false
	}
	devices := c.Devices != nil && len(c.Devices.IncludeDevices)+len(c.Devices.ExcludeDevices)+len(c.Devices.IncludeDeviceStates)+len(c.Devices.ExcludeDeviceStates) > 0
	return c.AgentIDRiskLevels != nil || c.Agents != nil || c.DeviceStates != nil || devices || len(unknownMembers(c.members)) > 0 ||
		p.SessionControls != nil && !empty(p.SessionControls.ContinuousAccessEvaluation)
}

// disabled is a policy in a state that the API doesn't judge.
func (t trial) disabled(p pair) (Cause, string) {
	if p.policy.State.is(StateDisabled) && p.api.truth() != yes {
		return CauseNotEnabled, "the API judges enabled policies and those in report-only mode alone"
	}
	return "", ""
}

func (t trial) notEnoughInformation(p pair) (Cause, string) {
	switch {
	case p.api.Applies == nil:
		return CauseNotEnoughInformation, "the API does not say whether the policy applies"
	case p.api.truth() != unknown:
		return "", ""
	}
	text := "the API says that it was not told enough, though every condition was sent for which it has a word"
	if _, what := t.unaskable(p.policy); what != "" {
		text = "the API says that it was not told enough: it can't be told " + what
	}
	return CauseNotEnoughInformation, text
}

// applicationGroup is a policy on a group of applications, or without one, where the target decides.
func (t trial) applicationGroup(p pair) (Cause, string) {
	a := applicationsOf(p.policy)
	included, excluded := groupsAmong(a.IncludeApplications), groupsAmong(a.ExcludeApplications)
	target := t.meets(p.policy, AnalysisApplication)
	switch {
	case len(included) > 0 && p.api.truth() == no && p.api.Reasons.saysLike(AnalysisApplication) && target != no:
		return CauseApplicationGroup, fmt.Sprintf("the policy is about the group %s, which the API does not resolve to its applications", names(included))
	case len(excluded) > 0 && p.api.truth() == yes && target != yes:
		return CauseApplicationGroup, fmt.Sprintf("the policy excludes the group %s, which the API does not resolve to its applications", names(excluded))
	}
	return "", ""
}

func applicationsOf(p Policy) Applications {
	if p.Conditions == nil || p.Conditions.Applications == nil {
		return Applications{}
	}
	return *p.Conditions.Applications
}

func groupsAmong(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(entry string) bool {
		return !containsFold([]string{"Office365", "MicrosoftAdminPortals"}, entry)
	})
}

// serviceDependency is Microsoft Graph, which is met through the services behind it.
func (t trial) serviceDependency(p pair) (Cause, string) {
	if p.here.truth() != unknown || !containsFold(t.signIn.Applications, microsoftGraph) || t.meets(p.policy, AnalysisApplication) != unknown {
		return "", ""
	}
	return CauseServiceDependency, "a call of Microsoft Graph may reach a service that the policy is about; the API does not look at the services behind an application"
}

// question is a policy that looks at what the API can't be asked about.
func (t trial) question(p pair) (Cause, string) {
	about, what := t.unaskable(p.policy)
	decided := p.here.truth() == unknown || p.here.Reasons.saysLike(about) || p.api.Reasons.saysLike(about)
	if what == "" || !decided {
		return "", ""
	}
	return CauseQuestion, "the API can't be told " + what
}

// unaskable says what of the sign-in the policy looks at and the API can't be
// told, and the condition that it is about.
func (t trial) unaskable(p Policy) (about AnalysisReasons, what string) {
	a := applicationsOf(p)
	switch {
	case len(t.signIn.AuthenticationContexts) > 0 && len(a.IncludeApplications) > 0:
		return AnalysisApplication, "for which application an authentication context is asked"
	case p.Conditions != nil && p.Conditions.Locations != nil && t.namesKind(p.Conditions.Locations):
		return AnalysisLocation, "the country by GPS, nor whether the sign-in comes through a compliant network"
	}
	return "", ""
}

// namesKind says whether a condition names a location of a kind that the API
// doesn't ask about.
func (t trial) namesKind(l *Locations) bool {
	locations, _ := t.tenant.NamedLocations.Get()
	return slices.ContainsFunc(locations, func(n NamedLocation) bool {
		gps := n.CountryLookupMethod != nil && strings.EqualFold(*n.CountryLookupMethod, "authenticatorAppGps")
		return (gps || strings.EqualFold(n.Type, CompliantNetworkNamedLocation)) &&
			containsFold(slices.Concat(l.IncludeLocations, l.ExcludeLocations), n.ID)
	})
}

func (t trial) unknownHere(p pair) (Cause, string) {
	switch {
	case p.here.truth() != unknown:
		return "", ""
	case len(p.finding.Missing) == 0:
		return CauseUnknownHere, fmt.Sprintf("here it is not known what the policy state %q means", string(p.policy.State))
	}
	return CauseUnknownHere, "here it can't be told: " + strings.Join(p.finding.Missing, "; ")
}

// firstReason is a policy that both leave out, for two conditions that are both unmet.
func (t trial) firstReason(p pair) (Cause, string) {
	if p.here.truth() != no || p.api.truth() != no {
		return "", ""
	}
	for _, reason := range p.api.Reasons.Values() {
		if t.meets(p.policy, reason) != no {
			return "", ""
		}
	}
	return CauseFirstReason, "several conditions are not met, and the API names the first in an order of its own"
}
