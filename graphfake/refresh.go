package graphfake

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// refreshGrant is what a refresh token holds, sealed for the tenant alone: nothing of
// it is kept, and so the tenant doesn't grow by what its clients ask for.
// Each use gives another one, and the older goes on working:
// https://learn.microsoft.com/entra/identity-platform/refresh-tokens.
type refreshGrant struct {
	User        string    `json:"user"`
	Client      string    `json:"client"`
	Scope       string    `json:"scope"`
	Factor      bool      `json:"factor"`
	Proved      bool      `json:"proved"` // the client has a credential of its own
	Revocations int       `json:"revocations"`
	At          time.Time `json:"at"`
}

// idle is after what time without use a refresh token is refused.
const idle = 90 * 24 * time.Hour

func (t *Tenant) sealRefresh(user mfa.User, s signIn) string {
	t.mu.Lock()
	revocations := t.directory.revocations
	t.mu.Unlock()
	box := t.keys().box()
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce) // never fails
	text := raw(refreshGrant{User: user.ID, Client: s.clientID, Scope: s.scope, Factor: s.factor, Proved: s.confidential, Revocations: revocations, At: t.now()})
	return refreshPrefix + encode(box.Seal(nonce, nonce, text, []byte(t.ID())))
}

const refreshPrefix = "1."

func (k *keyring) box() cipher.AEAD {
	block, err := aes.NewCipher(k.wrap[:])
	if err != nil {
		panic("graphfake: " + err.Error()) // the key has the right length
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic("graphfake: " + err.Error())
	}
	return box
}

// openRefresh reads a refresh token of the tenant.
func (t *Tenant) openRefresh(token string) (refreshGrant, *signInFailure) {
	var grant refreshGrant
	text, ok := strings.CutPrefix(token, refreshPrefix)
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	box := t.keys().box()
	if !ok || err != nil || len(sealed) < box.NonceSize() {
		return grant, badRefresh()
	}
	plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(t.ID()))
	if err != nil || json.Unmarshal(plain, &grant) != nil {
		return grant, badRefresh()
	}
	return grant, nil
}

func badRefresh() *signInFailure {
	failure := refuseSignIn(9002313, "invalid_grant", "Invalid request. Request is malformed or invalid.")
	failure.suberror = "bad_token"
	return failure
}

// refresh answers the tokens of a session that goes on. It is judged as a sign-in
// without a person, with the second factor that the person once had.
func (t *Tenant) refresh(ctx context.Context, request tokenRequest, form url.Values) (object, *signInFailure) {
	grant, failure := t.openRefresh(form.Get("refresh_token"))
	if failure != nil {
		return nil, failure
	}
	if !form.Has("scope") && !request.older {
		form.Set("scope", grant.Scope)
	}
	s, failure := t.newSignIn(request, form)
	if failure != nil {
		return nil, failure
	}
	if failure := grant.belongs(s); failure != nil {
		return nil, failure
	}
	if !containsFold(strings.Fields(s.scope), "offline_access") && !s.older {
		s.scope += " offline_access" // a refresh gives another refresh token, asked for or not
	}
	s.factor, s.protocol, s.quiet = grant.Factor, "none", true
	user, failure := t.session(grant)
	return t.signUserIn(ctx, user, s, failure)
}

// belongs refuses a token that another client shows. The words are not published.
func (g refreshGrant) belongs(s signIn) *signInFailure {
	switch {
	case fold(g.Client) != fold(s.clientID):
		failure := refuseSignIn(70000, "invalid_grant", "The provided value for the input parameter 'refresh_token' is not valid: it was issued to another client.")
		failure.suberror = "bad_token"
		return failure
	case g.Proved && !s.confidential:
		return refuseSignIn(7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
	return nil
}

// session returns the account of a refresh token, or why its session has ended.
func (t *Tenant) session(g refreshGrant) (mfa.User, *signInFailure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress()
	user, known := t.directory.users.get(g.User)
	at := g.At.UTC().Format("2006-01-02T15:04:05.0000000Z")
	var failure *signInFailure
	switch {
	case !known:
		return user, refuseSignIn(500341, "invalid_grant", "The user account has been deleted from the directory '%s'.", t.ID())
	case user.AccountEnabled != nil && !*user.AccountEnabled:
		return user, refuseSignIn(50057, "invalid_grant", "The user account is disabled.")
	case t.directory.revokedSince(user.ID, g.Revocations):
		failure = refuseSignIn(50173, "invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '%s'.", at)
	case t.now().Sub(g.At) > idle:
		failure = refuseSignIn(700082, "invalid_grant", "The refresh token has expired due to inactivity. The token was issued on %s and was inactive for 90.00:00:00.", at)
	default:
		return user, nil
	}
	failure.suberror = "bad_token"
	return user, failure
}
