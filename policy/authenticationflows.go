package policy

import "github.com/entramfa/entramfa"

// authenticationFlows is the condition on how a sign-in was handed over: by
// device code or from another device.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-authentication-flows.
func (j *judge) authenticationFlows(f *AuthenticationFlows) coverage {
	const name = "authenticationFlows"
	if f == nil {
		return always()
	}
	if unknown := unknownMembers(f.members); len(unknown) > 0 {
		return cantTell(name, "%s", unknownCondition("conditions.authenticationFlows", unknown))
	}
	methods := flagValues(f.TransferMethods)
	if len(methods) == 0 || len(methods) == 1 && containsFold(methods, "none") {
		return always()
	}
	foreign := flowAxis[1:].foreign(methods)
	holds := flowAxis.among(methods, foreign)
	extent, inside := flowAxis.cover(j.region.AuthenticationFlows, holds)
	c := of(extent, func(s *SignIn) { s.AuthenticationFlows = []string{inside} }, name, "by %s", names(methods))
	if extent == entramfa.Never {
		c = covers(extent, name, "it is about %s, not about this sign-in", names(methods))
	}
	return c.by(onAuthenticationFlow, func(p *point) truth { return holds(p.authenticationFlow) }).
		beside(foreign, "what the flow %s is")
}
