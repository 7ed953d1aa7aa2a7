package graphfake

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"runtime"
	"sync"
)

// Passwords and client secrets are kept as they were given, for comparison. In a
// state that is written they stand as salted hashes, and a tenant that was read from
// one knows no more, until somebody signs in with the right one.

// secretHash is PBKDF2 of a secret. It is never changed.
// Source: https://www.rfc-editor.org/rfc/rfc8018.
type secretHash struct {
	Algorithm  string `json:"algorithm"`
	Iterations int    `json:"iterations"`
	Salt       []byte `json:"salt"`
	Key        []byte `json:"key"`
}

const (
	hashAlgorithm  = "PBKDF2-HMAC-SHA256"
	hashIterations = 100_000
	// mostIterations bounds what a sign-in may cost.
	mostIterations = 10_000_000
)

func newSecretHash(secret string) *secretHash {
	h := &secretHash{Algorithm: hashAlgorithm, Iterations: hashIterations, Salt: make([]byte, 16)}
	rand.Read(h.Salt) // never fails
	h.Key = h.keyOf(secret)
	return h
}

func (h *secretHash) keyOf(secret string) []byte {
	key, err := pbkdf2.Key(sha256.New, secret, h.Salt, h.Iterations, sha256.Size)
	if err != nil {
		panic("graphfake: " + err.Error()) // the salt and the length were checked
	}
	return key
}

// fits says whether it is the hash of a secret; nil is that of none.
func (h *secretHash) fits(secret string) bool {
	return h != nil && subtle.ConstantTimeCompare(h.keyOf(secret), h.Key) == 1
}

// check refuses a hash that nothing fits.
func (h *secretHash) check() error {
	switch {
	case h == nil:
		return nil
	case h.Algorithm != hashAlgorithm:
		return errors.New("hash: the algorithm must be " + hashAlgorithm)
	case h.Iterations < 1 || h.Iterations > mostIterations || len(h.Salt) < 16 || len(h.Key) != sha256.Size:
		return errors.New("hash: iterations, salt or key are none that this program wrote")
	}
	return nil
}

// passwordFits says whether an account has a password, and keeps it when it was
// known by its hash alone; the caller holds mu.
func (d *directory) passwordFits(id, given string) bool {
	kept, ok := d.passwords.get(id)
	switch {
	case !ok:
		return false
	case kept.text != "":
		return equalSecret(given, kept.text)
	case !kept.hash.fits(given):
		return false
	}
	kept.text = given
	d.passwords.put(id, kept)
	return true
}

// hashOfSecret is the hash of the secret that an application has, nil where it has none.
func (a Application) hashOfSecret() *secretHash {
	if a.hash == nil && a.Secret != "" {
		return newSecretHash(a.Secret)
	}
	return a.hash
}

// fits says whether an application has a secret.
func (a Application) fits(given string) bool {
	if a.Secret != "" {
		return equalSecret(given, a.Secret)
	}
	return a.hash.fits(given)
}

// hashed returns the state with a hash of every secret. The work is done without mu:
// it takes a while.
func (t *Tenant) hashed() *directory {
	t.mu.Lock()
	d := t.directory
	t.mu.Unlock()
	var jobs []func(*directory)
	jobs = append(jobs, hashRows(&d.passwords, passwordsOf, func(p *password) (string, **secretHash) { return p.text, &p.hash })...)
	jobs = append(jobs, hashRows(&d.resets, resetsOf, func(r *reset) (string, **secretHash) { return r.password, &r.hash })...)
	jobs = append(jobs, hashRows(&d.applications, applicationsOf, func(a *Application) (string, **secretHash) { return a.Secret, &a.hash })...)
	if len(jobs) == 0 {
		return &d
	}
	// The hashes stay in the tenant, so that the next time costs nothing. A secret that
	// was changed in the meantime isn't touched.
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, keep := range jobs {
		keep(&d)
		keep(&t.directory)
	}
	return &d
}

func passwordsOf(d *directory) *table[password]       { return &d.passwords }
func resetsOf(d *directory) *table[reset]             { return &d.resets }
func applicationsOf(d *directory) *table[Application] { return &d.applications }

// hashRows hashes the secrets of a table that have no hash yet, and returns how each
// is kept in a state.
func hashRows[T any](rows *table[T], in func(*directory) *table[T], secret func(*T) (string, **secretHash)) []func(*directory) {
	var keep []func(*directory)
	var work sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for id, row := range rows.each() {
		text, hash := secret(&row)
		if text == "" || *hash != nil {
			continue
		}
		made := new(*secretHash)
		turns <- struct{}{}
		work.Go(func() { *made = newSecretHash(text); <-turns })
		keep = append(keep, func(d *directory) {
			now, there := in(d).get(id)
			if same, hash := secret(&now); there && same == text && *hash == nil {
				*hash = *made
				in(d).put(id, now)
			}
		})
	}
	work.Wait()
	return keep
}
