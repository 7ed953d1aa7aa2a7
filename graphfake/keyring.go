package graphfake

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"sync"
	"time"
)

// keyring is the key that signs the tokens of a tenant, with its certificate. It is
// made when it is first needed, which takes microseconds for a key on a curve and a
// noticeable part of a second for one of RSA. Clones share it.
type keyring struct {
	given *rsa.PrivateKey // SigningKey

	once        sync.Once
	signer      crypto.Signer
	certificate []byte // DER
	id          string // kid and x5t: the thumbprint of the certificate, as the real service has it
	wrap        [32]byte

	mu   sync.Mutex
	seen map[string]claims // tokens of which the signature was verified
}

// mostSeen is how many verified tokens are remembered: with more they are verified anew.
const mostSeen = 1024

// keys returns the keyring, the one of the field where it changed.
func (t *Tenant) keys() *keyring {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ring().ready()
}

// ring is keys for who holds mu. It makes no key.
func (t *Tenant) ring() *keyring {
	if t.signer == nil || t.signer.given != t.SigningKey {
		t.signer = &keyring{given: t.SigningKey, seen: map[string]claims{}}
	}
	return t.signer
}

func (k *keyring) ready() *keyring {
	k.once.Do(k.make)
	return k
}

func (k *keyring) make() {
	rand.Read(k.wrap[:]) // never fails
	k.signer = k.given
	if k.given == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic("graphfake: " + err.Error()) // the source of random numbers never fails
		}
		k.signer = key
	}
	name := pkix.Name{CommonName: "accounts.accesscontrol.windows.net"}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: name, Issuer: name,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var err error
	if k.certificate, err = x509.CreateCertificate(rand.Reader, &template, &template, k.signer.Public(), k.signer); err != nil {
		panic("graphfake: SigningKey can't sign: " + err.Error())
	}
	sum := sha1.Sum(k.certificate)
	k.id = base64.RawURLEncoding.EncodeToString(sum[:])
}

func (k *keyring) algorithm() string {
	if k.given != nil {
		return "RS256"
	}
	return "ES256"
}

// sign signs a text as RFC 7518 says.
func (k *keyring) sign(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	signature, err := k.signSum(sum[:])
	if err != nil {
		panic("graphfake: SigningKey can't sign: " + err.Error())
	}
	return signature
}

func (k *keyring) signSum(sum []byte) ([]byte, error) {
	key, curve := k.signer.(*ecdsa.PrivateKey)
	if !curve {
		return rsa.SignPKCS1v15(nil, k.given, crypto.SHA256, sum)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, sum)
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}

var errSignature = errors.New("the signature is not valid")

// verify checks a signature by the one algorithm that the key has.
func (k *keyring) verify(text string, signature []byte) error {
	sum := sha256.Sum256([]byte(text))
	switch key := k.signer.Public().(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	case *ecdsa.PublicKey:
		if len(signature) == 64 && ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			return nil
		}
	}
	return errSignature
}

// remembered returns the claims of a token that was verified before.
func (k *keyring) remembered(token string) (claims, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.seen[token]
	return c, ok
}

func (k *keyring) remember(token string, c claims) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.seen) >= mostSeen {
		clear(k.seen)
	}
	k.seen[token] = c
}

// jwk is the public key as a JSON Web Key.
func (k *keyring) jwk(issuer string) object {
	key := object{{"use", raw("sig")}, {"kid", raw(k.id)}, {"x5t", raw(k.id)}, {"x5c", raw([]string{base64.StdEncoding.EncodeToString(k.certificate)})}, {"issuer", raw(issuer)}}
	switch public := k.signer.Public().(type) {
	case *rsa.PublicKey:
		return append(key, member{"kty", raw("RSA")}, member{"n", raw(encode(public.N.Bytes()))}, member{"e", raw(encode(big.NewInt(int64(public.E)).Bytes()))})
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, x, y
		if err == nil {
			key = append(key, member{"kty", raw("EC")}, member{"crv", raw("P-256")}, member{"x", raw(encode(point[1:33]))}, member{"y", raw(encode(point[33:65]))})
		}
	}
	return key
}
