package graphfake

import (
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// longLife is how long a token is valid that is evaluated continuously. The service
// gives up to 28 hours.
const longLife = 24 * time.Hour

// userTokens answers a sign-in that passed.
func (t *Tenant) userTokens(user mfa.User, s signIn, scopes []string) object {
	token := t.claimsFor(s.resource.audience, func(c *claims) {
		t.fillUser(c, user)
		c.AppID, c.AMR, c.ClientAuth, c.Capabilities = s.clientID, s.methods(), s.clientAuth, s.capabilities
		c.Scopes = strings.Join(scopes, " ")
		if containsFold(s.capabilities, capable) && s.resource.appID == mfa.MicrosoftGraph {
			c.Expires = c.IssuedAt + int64(longLife/time.Second)
		}
	})
	answer := append(t.tokenAnswer(token), member{"scope", raw(s.answeredScope(scopes))})
	_, openID := s.scopes()
	if s.older || containsFold(openID, "offline_access") {
		answer = append(answer, member{"refresh_token", raw(t.sealRefresh(user, s))})
	}
	if s.older || containsFold(openID, "openid") {
		answer = append(answer, member{"id_token", raw(t.sealed(t.idToken(token, user, s)))})
	}
	if s.clientInfo {
		answer = append(answer, member{"client_info", raw(encode(raw(map[string]string{"uid": user.ID, "utid": t.ID()})))})
	}
	return answer
}

// answeredScope is what the answer says of scopes: what was asked for, in its own
// words, and the other permissions of the token.
func (s signIn) answeredScope(scopes []string) string {
	answered := slices.DeleteFunc(strings.Fields(s.scope), func(scope string) bool { return strings.EqualFold(scope, "offline_access") })
	asked, _ := s.scopes()
	for _, scope := range scopes {
		if !containsFold(asked, scope) && !containsFold(answered, scope) {
			answered = append(answered, scope)
		}
	}
	return strings.Join(answered, " ")
}

// idToken is what a client learns of who signed in. Its claims are those of the
// version of the endpoint: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference.
func (t *Tenant) idToken(token claims, user mfa.User, s signIn) object {
	id := object{
		{"aud", raw(s.clientID)}, {"iss", raw(s.base + "/" + t.ID() + "/v2.0")},
		{"iat", raw(token.IssuedAt)}, {"nbf", raw(token.NotBefore)}, {"exp", raw(token.IssuedAt + int64(tokenLife/time.Second))},
		{"name", raw(user.DisplayName)}, {"oid", raw(user.ID)}, {"preferred_username", raw(user.UserPrincipalName)},
		{"sub", raw(user.ID)}, {"tid", raw(t.ID())}, {"uti", raw(token.Unique)}, {"ver", raw("2.0")},
	}
	if s.older {
		id = id.with("iss", raw(t.issuer())).with("ver", raw("1.0")).without("preferred_username")
		id = append(id, member{"amr", raw(s.methods())}, member{"upn", raw(user.UserPrincipalName)}, member{"unique_name", raw(user.UserPrincipalName)})
	}
	return id
}

// methods are how the account has proved who it is.
func (s signIn) methods() []string {
	if s.factor {
		return []string{"pwd", "mfa"}
	}
	return []string{"pwd"}
}
