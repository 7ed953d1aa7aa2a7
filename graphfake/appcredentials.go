package graphfake

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Secrets and certificates of applications and service principals. A secret is
// shown once, in the answer to the call that adds it.
// Source: https://learn.microsoft.com/graph/api/application-addpassword.

var credentialPlace = place[[]credential]{"credentials", func(d *directory) *table[[]credential] { return &d.credentials }}

// secretLife is how long a secret works where nobody says: two years.
const secretLife = 2

// newSecret makes a secret as the body of addPassword wants it.
func (t *Tenant) newSecret(wanted object) (credential, error) {
	for _, m := range wanted {
		if !slices.Contains([]string{"displayName", "startDateTime", "endDateTime"}, m.name) && !isAnnotation(m.name) {
			return credential{}, badRequest("Invalid value specified for property '%s' of resource 'PasswordCredential'.", m.name)
		}
	}
	from, wrongStart := wanted.date("startDateTime")
	until, wrongEnd := wanted.date("endDateTime")
	if wrongStart != nil || wrongEnd != nil {
		return credential{}, badRequest("Invalid value specified for property 'endDateTime' of resource 'PasswordCredential'.")
	}
	if from.IsZero() {
		from = t.now()
	}
	if until.IsZero() {
		until = from.AddDate(secretLife, 0, 0)
	}
	if !until.After(from) {
		return credential{}, badRequest("Invalid value specified for property 'endDateTime' of resource 'PasswordCredential'.")
	}
	var name json.RawMessage = raw(nil)
	if wanted.given("displayName") {
		name = raw(wanted.text("displayName"))
	}
	secret := secretText()
	return credential{secret: secret, hash: newSecretHash(secret), row: object{
		{"customKeyIdentifier", raw(nil)}, {"displayName", name}, {"endDateTime", raw(second(until))}, {"hint", raw(secret[:3])},
		{"keyId", raw(t.newID())}, {"secretText", raw(nil)}, {"startDateTime", raw(second(from))},
	}}, nil
}

// secretText makes a secret of 40 characters.
func secretText() string {
	var random [30]byte
	rand.Read(random[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// revealed are new secrets as the one answer shows them.
func revealed(secrets []credential) []object {
	rows := make([]object, len(secrets))
	for i, c := range secrets {
		rows[i] = c.row.with("secretText", raw(c.secret))
	}
	return rows
}

// readSecrets makes the secrets for which the body of a new application asks.
func (t *Tenant) readSecrets(value json.RawMessage) ([]credential, error) {
	if value == nil {
		return nil, nil
	}
	wanted, err := parseObjects(value)
	if err != nil {
		return nil, applicationSchema.invalid("passwordCredentials")
	}
	secrets := make([]credential, len(wanted))
	for i, o := range wanted {
		if secrets[i], err = t.newSecret(o); err != nil {
			return nil, err
		}
	}
	return secrets, nil
}

// addSecret adds a secret to an application or a service principal, and returns what is shown once.
func (t *Tenant) addSecret(d *directory, id string, body []byte) (object, error) {
	wanted, err := readSecretBody(body)
	if err != nil {
		return nil, err
	}
	added, err := t.newSecret(wanted)
	if err != nil {
		return nil, err
	}
	credentialPlace.put(t, d, id, append(slices.Clip(slices.Clone(d.credentials.at(id))), added))
	return revealed([]credential{added})[0], nil
}

// readSecretBody reads {"passwordCredential":{...}}; the body may be empty.
func readSecretBody(body []byte) (object, error) {
	if len(body) == 0 {
		return object{}, nil
	}
	parsed, refusal := readBodyObject(body)
	if refusal != nil {
		return nil, refusal
	}
	for _, m := range parsed {
		if m.name != "passwordCredential" && !isAnnotation(m.name) {
			return nil, badRequest("The parameter '%s' in the request payload is not a valid parameter for the operation 'addPassword'.", m.name)
		}
	}
	if !parsed.given("passwordCredential") {
		return object{}, nil
	}
	wanted, err := parseObject(parsed.get("passwordCredential"))
	if err != nil {
		return nil, badRequest("Invalid value specified for property 'passwordCredential' of the operation 'addPassword'.")
	}
	return wanted, nil
}

// removeSecret takes a secret away.
// Source: https://learn.microsoft.com/graph/api/application-removepassword.
func (t *Tenant) removeSecret(d *directory, id string, body []byte) error {
	key, err := readParameter[string](body, "keyId")
	if err != nil {
		return err
	}
	before := d.credentials.at(id)
	kept := slices.DeleteFunc(slices.Clone(before), func(c credential) bool { return c.secret != "" && sameText(c.id(), key) })
	if len(kept) == len(before) {
		return badRequest("No password credential found with keyId.")
	}
	credentialPlace.put(t, d, id, kept)
	return nil
}

// readKeys reads keyCredentials. One that is there already is named by its keyId and comes without the key.
// Source: https://learn.microsoft.com/graph/api/resources/keycredential.
func (t *Tenant) readKeys(value json.RawMessage, there []credential) ([]credential, error) {
	if value == nil {
		return nil, nil
	}
	rows, err := parseObjects(value)
	if err != nil {
		return nil, applicationSchema.invalid("keyCredentials")
	}
	keys := make([]credential, len(rows))
	for i, row := range rows {
		at := slices.IndexFunc(there, func(c credential) bool {
			return c.key != nil && row.given("keyId") && sameText(c.id(), row.text("keyId"))
		})
		if at >= 0 && !row.given("key") {
			keys[i] = there[at]
			continue
		}
		if keys[i], err = t.newKey(row); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (t *Tenant) newKey(row object) (credential, error) {
	key, wrong := base64.StdEncoding.DecodeString(row.text("key"))
	certificate, err := x509.ParseCertificate(key)
	known := !slices.ContainsFunc(row, func(m member) bool {
		return !slices.Contains([]string{"customKeyIdentifier", "displayName", "endDateTime", "key", "keyId", "startDateTime", "type", "usage"}, m.name)
	})
	if wrong != nil || err != nil || !known || row.text("type") != "AsymmetricX509Cert" || row.text("usage") != "Verify" {
		return credential{}, badRequest("Key credential is invalid.") // the words are not published
	}
	sum := sha1.Sum(key)
	name := row.text("displayName")
	if name == "" {
		name = certificate.Subject.String()
	}
	return credential{key: key, row: object{
		{"customKeyIdentifier", raw(strings.ToUpper(hex.EncodeToString(sum[:])))}, {"displayName", raw(name)},
		{"endDateTime", raw(second(certificate.NotAfter))}, {"key", raw(nil)}, {"keyId", raw(t.idOr(row.text("keyId")))},
		{"startDateTime", raw(second(certificate.NotBefore))}, {"type", raw("AsymmetricX509Cert")}, {"usage", raw("Verify")},
	}}, nil
}

// writeKeys replaces the certificates by those of the body, where it names them; the secrets stay.
func (t *Tenant) writeKeys(d *directory, id string, body object) error {
	value := body.get("keyCredentials")
	if value == nil {
		return nil
	}
	there := d.credentials.at(id)
	keys, err := t.readKeys(value, there)
	if err != nil {
		return err
	}
	secrets := slices.DeleteFunc(slices.Clone(there), func(c credential) bool { return c.secret == "" })
	credentialPlace.put(t, d, id, slices.Concat(secrets, keys))
	return nil
}

// registrationRow is an application or a service principal as Graph writes it, with its credentials.
func (d *directory) registrationRow(r registration) object {
	secrets, keys := []object{}, []object{}
	for _, c := range d.credentials.at(r.id) {
		if c.secret != "" {
			secrets = append(secrets, c.row)
		} else {
			keys = append(keys, c.row)
		}
	}
	return r.row.with("keyCredentials", raw(keys)).with("passwordCredentials", raw(secrets))
}

// publicKeys are the keys by which an application may sign in at a time.
func publicKeys(credentials []credential, at time.Time) []*rsa.PublicKey {
	var keys []*rsa.PublicKey
	for _, c := range credentials {
		certificate, err := x509.ParseCertificate(c.key)
		if c.key == nil || err != nil || !c.valid(at) {
			continue
		}
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok {
			keys = append(keys, key)
		}
	}
	return keys
}
