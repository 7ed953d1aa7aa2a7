package policy

import (
	"encoding/json"
	"strings"

	"github.com/entramfa/entramfa"
)

// The session controls: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-session.
// They limit a session that was granted. One of them refuses programs: token
// protection, for Exchange, SharePoint and Teams.

// judgeSession decides the session controls; nil means none.
func judgeSession(controls *SessionControls) grant {
	if controls == nil {
		return grant{outcome: entramfa.Clear}
	}
	if names := unknownMembers(controls.members); len(names) > 0 && !harmless(names) {
		return grant{missing: []string{unknownCondition("sessionControls", names)}, reason: reasonf("sessionControls", "it holds session controls that this version doesn't know")}
	}
	if renewsFactor(controls.SignInFrequency) {
		return grant{
			missing: []string{"whether a sign-in frequency for the second factor alone asks a password sign-in for one"},
			reason:  reasonf("sessionControls", "the sign-in frequency is about the second factor"),
		}
	}
	if enabled(controls.SecureSignInSession) {
		return grant{
			outcome: entramfa.Blocked,
			bound:   true,
			demands: []string{"secureSignInSession"},
			reason:  reasonf("sessionControls", "token protection refuses programs whose tokens aren't bound to a device, at Exchange, SharePoint and Teams"),
		}
	}
	return grant{outcome: entramfa.Clear, caveats: sessionCaveats(controls)}
}

// teams is the app id of Microsoft Teams, which the service itself has:
// https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in.
const teams = "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe"

// protects says whether token protection concerns an app. Of one that isn't named
// here it can't be told: services are added, and Graph stands before them.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-token-protection.
func protects(app string) truth {
	switch {
	case containsFold([]string{exchangeOnline, sharePoint, teams}, app):
		return yes
	case containsFold([]string{azureManagement, azurePortal, azureDirectory, azureDataLake, applicationInsights, logAnalytics}, app):
		return no
	}
	return unknown
}

// protected narrows a policy on some targets to those that token protection
// concerns.
func (j *judge) protected(c coverage, a *Applications) coverage {
	const name = "sessionControls"
	if a == nil || c.constant || c.extent == entramfa.Never {
		return c.by(onTarget, a.protects)
	}
	region := j.region.Applications
	if region == nil {
		region = append(mentioned(a), teams)
	}
	holds := func(app string) truth { return both(a.meets(&point{target: target{application: app}}), protects(app)) }
	if len(a.IncludeAuthenticationContextClassReferences) > 0 {
		holds = protects
	}
	extent, inside := cover(region, holds)
	never := extent == entramfa.Never || !j.region.forResources()
	switch extent = min(extent, c.extent); {
	case never:
		return covers(entramfa.Never, name, "token protection concerns Exchange, SharePoint and Teams, and none of the sign-ins is to one of them").by(onTarget, a.protects)
	case extent == entramfa.ExtentUnknown:
		c = cantTell(name, "whether token protection concerns %s", names(region))
		c.constant = false
		return c.by(onTarget, a.protects)
	}
	return of(extent, func(s *SignIn) { s.Applications, s.UserActions = []string{inside}, []string{} }, name, "at Exchange, SharePoint and Teams").by(onTarget, a.protects)
}

// protects says whether token protection of a policy concerns a single sign-in.
func (a *Applications) protects(p *point) truth {
	if p.target.action != "" {
		return no
	}
	return both(a.meets(p), protects(p.target.application))
}

// harmless says that the members filter traffic and leave the sign-in alone.
func harmless(names []string) bool {
	for _, name := range names {
		if !strings.EqualFold(name, "globalSecureAccessFilteringProfile") {
			return false
		}
	}
	return true
}

func sessionCaveats(controls *SessionControls) []string {
	var caveats []string
	if enabled(controls.SignInFrequency) {
		caveats = append(caveats, "sign-in frequency ends sessions: a product that lives on a refresh token has to send the password again (AADSTS70043)")
	}
	var evaluation struct{ Mode string }
	if json.Unmarshal(controls.ContinuousAccessEvaluation, &evaluation) == nil && strings.EqualFold(evaluation.Mode, "strictLocation") {
		caveats = append(caveats, "continuous access evaluation refuses a token that is used from another address than it was given to")
	}
	return caveats
}

// enabled says whether a session control is there and enabled. One that can't be
// read counts as enabled.
func enabled(control json.RawMessage) bool {
	if empty(control) || blank(control) {
		return false
	}
	var c struct{ IsEnabled *bool }
	return json.Unmarshal(control, &c) != nil || c.IsEnabled == nil || *c.IsEnabled
}

// blank says that an object holds nulls alone, as PowerShell writes where Graph
// writes null.
func blank(control json.RawMessage) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(control, &members) != nil {
		return false
	}
	for name, value := range members {
		if !strings.ContainsAny(name, "@#") && !empty(value) {
			return false
		}
	}
	return true
}

// renewsFactor says whether a sign-in frequency is about the second factor, or
// about what this version doesn't know.
func renewsFactor(control json.RawMessage) bool {
	var c struct{ AuthenticationType string }
	if !enabled(control) {
		return false
	}
	return json.Unmarshal(control, &c) != nil || c.AuthenticationType != "" && !strings.EqualFold(c.AuthenticationType, "primaryAndSecondaryAuthentication")
}

// worse returns the grant of a policy that has both kinds of control.
func worse(grant, session grant) grant {
	merged := grant
	switch {
	case grant.outcome == entramfa.Clear && session.outcome != entramfa.Clear:
		merged = session
	case grant.outcome == entramfa.MFA && session.outcome == entramfa.Blocked:
		merged.demands, merged.alsoBound = append(merged.demands, session.demands...), session.bound
	}
	merged.caveats = append(append([]string{}, grant.caveats...), session.caveats...)
	return merged
}
