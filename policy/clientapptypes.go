package policy

import "github.com/entramfa/entramfa"

// clientAppTypes is the condition on the client:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions.
//
//   - all, or no list at all in an old policy, takes in every client.
//   - browser takes in confidential OAuth clients too.
//   - other is legacy authentication: SMTP, POP, IMAP, EWS and their like with a password.
func (j *judge) clientAppTypes(types []string) coverage {
	const name = "clientAppTypes"
	if len(types) == 0 || containsFold(types, "all") {
		return always()
	}
	foreign := clientAppTypeAxis.foreign(types)
	holds := clientAppTypeAxis.among(types, foreign)
	extent, inside := clientAppTypeAxis.cover(j.region.ClientAppTypes, holds)
	c := of(extent, func(s *SignIn) { s.ClientAppTypes = []string{inside} }, name, "for the client app types %s", names(types)).
		by(onClientAppType, func(p *point) truth { return holds(p.clientAppType) })
	if containsFold(types, "browser") && containsFold(j.region.ClientAppTypes, "browser") && extent == entramfa.Sometimes {
		c.reason = reasonf(name, "for browsers and for confidential clients: a product that signs in with a client secret beside the password is one")
	}
	if extent == entramfa.Never && containsFold(types, "other") {
		c.reason = reasonf(name, "it is about legacy protocols alone (%s)", names(types))
		c.caveats = []string{"it holds for a product that signs in by OAuth: public sign-in logs show the password grant as a modern client, no document says it. A product that still speaks SMTP, POP, IMAP or EWS with a password is met"}
	}
	if extent == entramfa.Always {
		c.reason = entramfa.Reason{}
	}
	return c.beside(foreign, "what the client app types %s mean")
}
