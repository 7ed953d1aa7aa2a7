package graphfake

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// claims are what a token of the tenant says.
type claims struct {
	Audience          string   `json:"aud"`
	Issuer            string   `json:"iss"`
	IssuedAt          int64    `json:"iat"`
	NotBefore         int64    `json:"nbf"`
	Expires           int64    `json:"exp"`
	AppID             string   `json:"appid,omitempty"`
	AMR               []string `json:"amr,omitempty"`
	IDType            string   `json:"idtyp,omitempty"`
	ObjectID          string   `json:"oid,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	Roles             []string `json:"roles,omitempty"`
	Scopes            string   `json:"scp,omitempty"`
	Subject           string   `json:"sub,omitempty"`
	TenantID          string   `json:"tid"`
	UPN               string   `json:"upn,omitempty"`
	Version           string   `json:"ver"`
}

// tokenLife is how long a token is valid.
const tokenLife = time.Hour

// Token returns an access token of Caller that holds the permissions, as the token
// endpoint gives it. It is valid for an hour of Clock. That of an account holds
// them as app roles too, for only these open a route here.
func (t *Tenant) Token(permissions ...string) string {
	return t.sealed(t.claimsFor("https://graph.microsoft.com", func(c *claims) {
		fillCaller(t.caller(), c)
		c.Roles = permissions
	}))
}

func (t *Tenant) claimsFor(audience string, more func(*claims)) claims {
	now := t.now()
	c := claims{
		Audience: audience, Issuer: "https://sts.windows.net/" + t.ID() + "/", TenantID: t.ID(), Version: "1.0",
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: now.Add(tokenLife).Unix(),
	}
	more(&c)
	return c
}

// key is the tenant's own: a token of another tenant, or of another run, is not accepted.
func (t *Tenant) key() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.signer == nil {
		t.signer = make([]byte, 32)
		rand.Read(t.signer) // never fails
	}
	return t.signer
}

// sealed writes claims as a JSON Web Token.
func (t *Tenant) sealed(c claims) string {
	signed := encode(raw(map[string]string{"typ": "JWT", "alg": "HS256", "kid": "graphfake"})) + "." + encode(raw(c))
	return signed + "." + encode(t.mac(signed))
}

func (t *Tenant) mac(text string) []byte {
	mac := hmac.New(sha256.New, t.key())
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func encode(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

// tokenOf reads the Authorization header of a call.
func (t *Tenant) tokenOf(authorization string) (claims, *entramfa.GraphError) {
	refuse := func(message string) (claims, *entramfa.GraphError) {
		return claims{}, graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", "%s", message)
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return refuse("Access token is empty.")
	}
	at := strings.LastIndex(token, ".")
	if at < 0 {
		return refuse("CompactToken parsing failed with error code: 80049217")
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil || !hmac.Equal(signature, t.mac(token[:at])) {
		return refuse("Access token validation failure. Signature is invalid.")
	}
	_, payload, _ := strings.Cut(token[:at], ".")
	var c claims
	if err := decodeJSON(payload, &c); err != nil {
		return refuse("Access token validation failure.")
	}
	if t.now().Unix() >= c.Expires {
		return refuse("Lifetime validation failed, the token is expired.")
	}
	return c, nil
}

func decodeJSON(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.NewDecoder(bytes.NewReader(text)).Decode(into)
}

var errAssertion = errors.New("the client assertion is not valid")

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
	}
	var said assertion
	if decodeJSON(parts[0], &header) != nil || decodeJSON(parts[1], &said) != nil {
		return errAssertion
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return errAssertion
	}
	if err := verifySignature(header.Algorithm, application.publicKey(), parts[0]+"."+parts[1], signature); err != nil {
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
		return errors.New("the key was not found among those of the application")
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
