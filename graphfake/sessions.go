package graphfake

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"

	"github.com/entramfa/entramfa"
)

// A token for Graph goes on being accepted when the account's sessions were revoked,
// until it expires, unless its client said that it understands a claims challenge:
// then Graph evaluates continuously, and challenges it.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation.

// RevokeSessions ends the sessions of an account, named by id or user principal name,
// as POST /users/{id}/revokeSignInSessions does: its refresh tokens stop working, and
// Graph challenges the access tokens of clients with the capability cp1. So does a
// password that is changed, and an account that is disabled or deleted. An account
// that doesn't exist gives Graph's 404.
func (t *Tenant) RevokeSessions(user string) error {
	return t.onUser(user, func(d *directory, id string) { d.revokeSessions(id) })
}

// revokeSessions ends the sessions that an account has now.
func (d *directory) revokeSessions(id string) {
	d.revocations++
	d.sessions.put(id, d.revocations)
}

// revokedSince says whether the sessions of an account were revoked when so many
// revocations of the tenant had been before.
func (d *directory) revokedSince(id string, revocations int) bool {
	return d.sessions.at(id) > revocations
}

// uniqueID is the uti of a token, by which it can be told when in the history of the
// tenant it was made: iat can't tell two moments of a second apart, nor of a clock that stands.
func (t *Tenant) uniqueID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := binary.BigEndian.AppendUint64(nil, uint64(t.directory.revocations))
	id = append(id, 0, 0, 0, 0, 0, 0, 0, 0)
	rand.Read(id[8:]) // never fails
	return encode(id)
}

// revocations is how many there had been when the token was made.
func (c claims) revocations() int {
	id, err := base64.RawURLEncoding.DecodeString(c.Unique)
	if err != nil || len(id) < 8 {
		return 0
	}
	return int(binary.BigEndian.Uint64(id))
}

// checkSession challenges the token of a session that has ended.
func (t *Tenant) checkSession(c claims) *tokenRefusal {
	if c.IDType != "user" || !containsFold(c.Capabilities, capable) {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	user, known := t.directory.users.get(c.ObjectID)
	if known && (user.AccountEnabled == nil || *user.AccountEnabled) && !t.directory.revokedSince(user.ID, c.revocations()) {
		return nil
	}
	// Microsoft publishes the header, and not the words of the body.
	refusal := refuseToken("Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp")
	refusal.claims = string(raw(map[string]any{"access_token": map[string]any{
		"nbf": map[string]any{"essential": true, "value": strconv.FormatInt(t.now().Unix(), 10)},
	}}))
	return refusal
}

// tokenRefusal is why Graph doesn't accept a token, with the claims that it wants of another.
type tokenRefusal struct {
	*entramfa.GraphError
	claims string
}

func refuseToken(message string) *tokenRefusal {
	return &tokenRefusal{GraphError: graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", "%s", message)}
}

// unauthenticated answers a call without a good token.
// Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge.
func (t *Tenant) unauthenticated(refusal *tokenRefusal, base string) response {
	reply := t.failed(refusal.GraphError, operation{})
	header := fmt.Sprintf(`Bearer realm="", authorization_uri="%s/common/oauth2/v2.0/authorize", client_id="00000003-0000-0000-c000-000000000000"`, base)
	if refusal.claims != "" {
		header += fmt.Sprintf(`, error="insufficient_claims", claims="%s"`, base64.StdEncoding.EncodeToString([]byte(refusal.claims)))
	}
	reply.header.Set("WWW-Authenticate", header)
	return reply
}

// identityRoutes are the calls about sessions.
var identityRoutes = []route{
	{method: "POST", path: "/users/{}/revokeSignInSessions", aliases: []string{"/users/{}/microsoft.graph.revokeSignInSessions"},
		permissions: revokeSessions, success: http.StatusOK, serve: postRevoke},
}

// revokeSessions are the permissions for it, by the table that permissions.go names.
var revokeSessions = []string{"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}

// postRevoke revokes for the account itself and for whom its administrator reaches.
func postRevoke(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	if c.delegated && !self(c.who, user) {
		if err := t.mayManage(d, c.who, user, mayReset, denied()); err != nil {
			return answer{}, err
		}
	}
	d.revokeSessions(user.ID)
	t.writeUser(d, userOf(objectOf(user).with("signInSessionsValidFromDateTime", raw(second(t.now()))), user.ID))
	body := object{{"@odata.context", raw(c.base + "/" + c.version + "/$metadata#Edm.Boolean")}, {"value", raw(true)}}
	return answer{header: c.answerHeader(), body: raw(body)}, nil
}
