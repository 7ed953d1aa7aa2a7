package graphfake

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// claims are what a token of the tenant says.
type claims struct {
	Audience          string   `json:"aud"`
	Issuer            string   `json:"iss"`
	IssuedAt          int64    `json:"iat"`
	NotBefore         int64    `json:"nbf"`
	Expires           int64    `json:"exp"`
	AppName           string   `json:"app_displayname,omitempty"`
	AppID             string   `json:"appid,omitempty"`
	ClientAuth        string   `json:"appidacr,omitempty"`
	AMR               []string `json:"amr,omitempty"`
	IDType            string   `json:"idtyp,omitempty"`
	Name              string   `json:"name,omitempty"`
	ObjectID          string   `json:"oid,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	Roles             []string `json:"roles,omitempty"`
	Scopes            string   `json:"scp,omitempty"`
	Subject           string   `json:"sub,omitempty"`
	TenantID          string   `json:"tid"`
	UPN               string   `json:"upn,omitempty"`
	Unique            string   `json:"uti,omitempty"`
	Version           string   `json:"ver"`
	DirectoryRoles    []string `json:"wids,omitempty"`
	Capabilities      []string `json:"xms_cc,omitempty"`
}

// tokenLife is how long a token is valid.
const tokenLife = time.Hour

// Token returns an access token of Caller that holds the permissions, as the token
// endpoint gives it. It is valid for an hour of Clock. That of an account holds
// them as app roles too: they open routes whatever directory roles the account has.
// DelegatedToken gives one as a sign-in does.
func (t *Tenant) Token(permissions ...string) string {
	return t.sealed(t.claimsFor(graphURI, func(c *claims) {
		fillCaller(t.caller(), c)
		c.Roles = permissions
	}))
}

func (t *Tenant) claimsFor(audience string, more func(*claims)) claims {
	now := t.now()
	c := claims{
		Audience: audience, Issuer: t.issuer(), TenantID: t.ID(), Version: "1.0", Unique: t.uniqueID(),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: now.Add(tokenLife).Unix(),
	}
	more(&c)
	return c
}

// issuer is that of access tokens, which are those of the older version for Graph.
func (t *Tenant) issuer() string { return "https://sts.windows.net/" + t.ID() + "/" }

// sealed writes claims as a JSON Web Token. Unlike those of the real service, access
// tokens for Graph can be verified by anybody.
func (t *Tenant) sealed(c any) string {
	keys := t.keys()
	header := map[string]string{"typ": "JWT", "alg": keys.algorithm(), "kid": keys.id}
	if _, access := c.(claims); access {
		header["x5t"] = keys.id // an ID token has none
	}
	signed := encode(raw(header)) + "." + encode(raw(c))
	return signed + "." + encode(keys.sign(signed))
}

func encode(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

// tokenOf reads the Authorization header of a call on a base.
func (t *Tenant) tokenOf(authorization, base string) (claims, *tokenRefusal) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return claims{}, refuseToken("Access token is empty.")
	}
	c, refusal := t.verified(token)
	if refusal == nil {
		refusal = t.checkClaims(c, base)
	}
	if refusal != nil {
		return claims{}, refusal
	}
	return c, t.checkSession(c)
}

// verified returns the claims of a token that the tenant has signed, whatever they say.
func (t *Tenant) verified(token string) (claims, *tokenRefusal) {
	keys := t.keys()
	if c, ok := keys.remembered(token); ok {
		return c, nil
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, refuseToken("CompactToken parsing failed with error code: 80049217")
	}
	var header struct {
		Algorithm string `json:"alg"`
		Key       string `json:"kid"`
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || decodeJSON(parts[0], &header) != nil || header.Algorithm != keys.algorithm() || header.Key != keys.id ||
		keys.verify(parts[0]+"."+parts[1], signature) != nil {
		return claims{}, refuseToken("Access token validation failure. Signature is invalid.")
	}
	var c claims
	if err := decodeJSON(parts[1], &c); err != nil {
		return claims{}, refuseToken("Access token validation failure.")
	}
	keys.remember(token, c)
	return c, nil
}

// checkClaims looks whether a token is for Graph, of this tenant and in its time. An
// hour is an hour: only a token from the future is given the skew of two clocks.
func (t *Tenant) checkClaims(c claims, base string) *tokenRefusal {
	now := t.now()
	switch {
	case c.Issuer != t.issuer():
		return refuseToken("Access token validation failure. Invalid issuer.")
	case appIDOf(strings.TrimRight(c.Audience, "/"), base) != mfa.MicrosoftGraph:
		return refuseToken("Access token validation failure. Invalid audience.")
	case now.Unix() >= c.Expires:
		return refuseToken("Lifetime validation failed, the token is expired.")
	case now.Before(time.Unix(c.NotBefore, 0).Add(-clockSkew)):
		return refuseToken("Lifetime validation failed, the token is not yet valid.")
	}
	return nil
}

func decodeJSON(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

var (
	errAssertion = errors.New("the client assertion is not valid")
	errNoKey     = errors.New("the key was not found among those of the application")
)

// assertion is what a client says of itself.
// Source: https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
type assertion struct {
	Audience  string `json:"aud"`
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Expires   int64  `json:"exp"`
	NotBefore int64  `json:"nbf"`
}

// clockSkew is how far the clocks of two machines may differ.
const clockSkew = 5 * time.Minute

// verifyAssertion checks a client assertion against the key of the application.
func verifyAssertion(text string, application Application, audience string, now time.Time) error {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return errAssertion
	}
	var header struct {
		Algorithm string `json:"alg"`
		thumbprints
	}
	var said assertion
	if decodeJSON(parts[0], &header) != nil || decodeJSON(parts[1], &said) != nil {
		return errAssertion
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return errAssertion
	}
	err = errNoKey
	if header.name(application) {
		err = verifySignature(header.Algorithm, application.publicKey(), parts[0]+"."+parts[1], signature)
	}
	for _, key := range publicKeys(application.added, now) {
		if err != nil {
			err = verifySignature(header.Algorithm, key, parts[0]+"."+parts[1], signature)
		}
	}
	if err != nil {
		return err
	}
	switch {
	case fold(said.Issuer) != fold(application.ID), fold(said.Subject) != fold(application.ID):
		return errors.New("iss and sub must be the client id")
	case !strings.EqualFold(said.Audience, audience):
		return errors.New("aud must be the token endpoint")
	case now.After(time.Unix(said.Expires, 0).Add(clockSkew)), now.Before(time.Unix(said.NotBefore, 0).Add(-clockSkew)):
		return errors.New("the assertion is not within its valid time range")
	}
	return nil
}

func (a Application) publicKey() *rsa.PublicKey {
	key := a.PublicKey
	if a.Certificate != nil {
		key = a.Certificate.PublicKey
	}
	public, _ := key.(*rsa.PublicKey)
	return public
}

func verifySignature(algorithm string, key *rsa.PublicKey, signed string, signature []byte) error {
	if key == nil {
		return errNoKey
	}
	sum := sha256.Sum256([]byte(signed))
	switch algorithm {
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], signature, nil)
	}
	return errors.New("the algorithm must be RS256 or PS256")
}

// thumbprints name the certificate of which the key has signed an assertion.
type thumbprints struct {
	SHA1   string `json:"x5t"`
	SHA256 string `json:"x5t#S256"`
}

// name says whether they are those of the application. One that was given a bare key
// has none to compare.
func (p thumbprints) name(application Application) bool {
	if application.Certificate == nil {
		return true
	}
	der := application.Certificate.Raw
	older, newer := sha1.Sum(der), sha256.Sum256(der)
	return sameThumbprint(p.SHA1, older[:]) && sameThumbprint(p.SHA256, newer[:])
}

// sameThumbprint compares a thumbprint, where one is said. Some clients write it in
// the alphabet of base64 that isn't for URLs.
func sameThumbprint(said string, sum []byte) bool {
	said = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(said)
	return said == "" || said == encode(sum)
}
