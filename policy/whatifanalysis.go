package policy

import (
	"slices"

	"github.com/entramfa/entramfa"
)

// conditionReasons gives the conditions that a Finding names the words that the
// What If API has for them.
var conditionReasons = map[string]AnalysisReasons{
	"users":               AnalysisUsers,
	"groups":              AnalysisUsers,
	"roles":               AnalysisUsers,
	"applications":        AnalysisApplication,
	"clientAppTypes":      AnalysisClientApps,
	"authenticationFlows": AnalysisAuthenticationFlow,
	"platforms":           AnalysisDevicePlatform,
	"locations":           AnalysisLocation,
	"devices":             AnalysisDevices,
	"signInRiskLevels":    AnalysisSignInRisk,
	"userRiskLevels":      AnalysisUserRisk,
	"insiderRiskLevels":   AnalysisInsiderRisk,
	"agentIdRiskLevels":   AnalysisAgentIDRisk,
}

// Analysis says in the What If API's words why a policy does not apply to the
// sign-ins for which Judge found f: the first condition that none of them meets.
// It is notSet where the policy applies to some of them, whatever it demands of
// these, and notEnoughInformation where it can't be told.
func Analysis(p Policy, f entramfa.Finding) AnalysisReasons {
	switch {
	case p.State.is(StateDisabled):
		return AnalysisPolicyNotEnabled
	case f.Outcome == entramfa.Unknown:
		return AnalysisNotEnoughInformation
	case f.Outcome != entramfa.Clear || len(f.Reasons) == 0:
		return AnalysisNotSet
	}
	reason, unmet := conditionReasons[f.Reasons[len(f.Reasons)-1].Condition]
	switch {
	case !unmet:
		return AnalysisNotSet // it applies, and demands nothing
	case reason == AnalysisApplication:
		return targetReason(p)
	}
	return reason
}

// targetReason is the word for a target that isn't met: of the three kinds of
// target a policy has one.
func targetReason(p Policy) AnalysisReasons {
	switch a := p.Conditions.Applications; {
	case a != nil && len(a.IncludeUserActions) > 0:
		return AnalysisUserActions
	case a != nil && len(a.IncludeAuthenticationContextClassReferences) > 0:
		return AnalysisAuthenticationContext
	}
	return AnalysisApplication
}

// alike lists reasons that say the same of a policy.
var alike = [][]AnalysisReasons{
	{AnalysisApplication, AnalysisUserActions, AnalysisAuthenticationContext},
	{AnalysisUsers, AnalysisWorkloadIdentities, AnalysisAgentIdentities},
}

// saysLike says whether one of the reasons, or one like it, is the wanted one.
func (r AnalysisReasons) saysLike(wanted AnalysisReasons) bool {
	if r.Has(wanted) {
		return true
	}
	for _, same := range alike {
		if slices.Contains(same, wanted) && slices.ContainsFunc(same, r.Has) {
			return true
		}
	}
	return false
}

// demandless is a policy without any control.
func demandless(p Policy) bool { return p.GrantControls == nil && p.SessionControls == nil }

// trial judges policies for one sign-in by their conditions alone.
type trial struct {
	tenant  Tenant
	subject Subject
	signIn  SignIn
}

// judge says whether the conditions of a policy hold: blocked always where they
// do, clear where they don't. A block in the place of its controls makes the
// conditions all that counts.
func (t trial) judge(p Policy) entramfa.Finding {
	block := "OR"
	p.State, p.SessionControls = StateEnabled, nil
	p.GrantControls = &GrantControls{Operator: &block, BuiltInControls: []string{"block"}}
	tenant := t.tenant
	tenant.Policies = entramfa.Known(List{Policies: []Policy{p}})
	return Judge(tenant, t.subject, t.signIn)[0]
}

// holds is the truth of judge's answer.
func holds(f entramfa.Finding) truth {
	switch {
	case f.Outcome == entramfa.Clear:
		return no
	case f.Outcome == entramfa.Blocked && f.Extent == entramfa.Always:
		return yes
	}
	return unknown
}

// meets says whether the sign-in meets the one condition of a policy that a
// reason speaks of.
func (t trial) meets(p Policy, reason AnalysisReasons) truth {
	if p.Conditions == nil {
		return unknown
	}
	alone := Policy{Conditions: &Conditions{Users: &Users{IncludeUsers: []string{"All"}}, Applications: t.anyTarget()}}
	if !alone.Conditions.take(*p.Conditions, reason) {
		return unknown
	}
	return holds(t.judge(alone))
}

// anyTarget takes in what the sign-in is for.
func (t trial) anyTarget() *Applications {
	if t.signIn.forResources() {
		return &Applications{IncludeApplications: []string{"All"}}
	}
	return &Applications{IncludeUserActions: t.signIn.UserActions}
}

// take copies the condition that a reason speaks of.
func (c *Conditions) take(from Conditions, reason AnalysisReasons) bool {
	switch reason {
	case AnalysisUsers, AnalysisWorkloadIdentities, AnalysisAgentIdentities:
		c.Users = from.Users
	case AnalysisApplication, AnalysisUserActions, AnalysisAuthenticationContext:
		c.Applications = from.Applications
	case AnalysisDevicePlatform:
		c.Platforms = from.Platforms
	case AnalysisDevices:
		c.Devices, c.DeviceStates = from.Devices, from.DeviceStates
	case AnalysisClientApps:
		c.ClientAppTypes = from.ClientAppTypes
	case AnalysisLocation:
		c.Locations = from.Locations
	case AnalysisSignInRisk:
		c.SignInRiskLevels = from.SignInRiskLevels
	case AnalysisUserRisk:
		c.UserRiskLevels = from.UserRiskLevels
	case AnalysisInsiderRisk:
		c.InsiderRiskLevels = from.InsiderRiskLevels
	case AnalysisAuthenticationFlow:
		c.AuthenticationFlows = from.AuthenticationFlows
	case AnalysisAgentIDRisk:
		c.AgentIDRiskLevels = from.AgentIDRiskLevels
	default:
		return false
	}
	return true
}
