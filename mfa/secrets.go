package mfa

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Secrets are what an enrolment needs and neither plan nor journal holds. They are
// asked for when they are needed, again after each interruption.
type Secrets struct {
	// Phone is the number of the plan, FormerPhone the one that was there before, for
	// Rollback; both in the international form of E.164.
	Phone, FormerPhone Secret
	// Password returns the new password; nil means that one is made, of 40 characters.
	Password func(ctx context.Context) (Secret, error)
	// AppPassword returns the app password that a person made; the zero Secret means
	// that there is none yet. nil means that nobody hands it in here.
	AppPassword func(ctx context.Context) (Secret, error)
	// Sink receives what the product signs in with.
	Sink CredentialSink
}

// CredentialSink receives a new password or app password, and keeps it where the
// product finds it: a vault, the product's own configuration.
type CredentialSink interface {
	// Deliver keeps a credential. After an error nothing is thought to be kept: the
	// credential is made or asked for again, and delivered again; so it is where the
	// process ended before the journal could say that it was kept. The context has a
	// minute, also where that of Apply has ended.
	Deliver(ctx context.Context, credential Credential) error
}

// Credential is what an account signs in with.
type Credential struct {
	// Kind is password or appPassword.
	Kind              CredentialKind
	UserID            string
	UserPrincipalName string
	Secret            Secret
}

// CredentialKind is the kind of a Credential.
type CredentialKind string

const (
	CredentialPassword    CredentialKind = "password"
	CredentialAppPassword CredentialKind = "appPassword"
)

func (s *Secrets) phone() Secret {
	if s == nil {
		return Secret{}
	}
	return s.Phone
}

func (s *Secrets) former() Secret {
	if s == nil {
		return Secret{}
	}
	return s.FormerPhone
}

// password returns the one that is given, or makes one.
func (s *Secrets) password(ctx context.Context) (Secret, error) {
	if s != nil && s.Password != nil {
		secret, err := s.Password(ctx)
		switch {
		case err != nil:
			return Secret{}, errors.New("the password could not be had from Secrets.Password") // its error may hold it
		case secret.Reveal() == "":
			return Secret{}, errors.New("Secrets.Password gave no password")
		}
		return secret, nil
	}
	return newRandomPassword()
}

// handOverLimit bounds a hand-over, which no end of the caller's context stops: the
// password is set by then, and nobody else has it.
const handOverLimit = time.Minute

// deliver hands a credential to the sink. What the sink says is not repeated: it may
// hold the credential.
func (s *Secrets) deliver(ctx context.Context, account Plan, kind CredentialKind, secret Secret) error {
	if s == nil || s.Sink == nil {
		return errors.New("there is no Secrets.Sink to hand it to")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handOverLimit)
	defer cancel()
	err := s.Sink.Deliver(ctx, Credential{
		Kind: kind, UserID: account.Account.ID, UserPrincipalName: account.Account.UserPrincipalName, Secret: secret,
	})
	if err != nil {
		return &sinkError{kind: kind}
	}
	return nil
}

// sinkError says that a sink failed.
type sinkError struct{ kind CredentialKind }

func (e *sinkError) Error() string {
	return fmt.Sprintf("the sink did not take the %s: see what it says itself; apply the plan again, and it is made or asked for again", e.kind)
}

// The characters of a password that is made: none that a shell, a form or a
// configuration file takes for something else.
const (
	lower  = "abcdefghijkmnopqrstuvwxyz"
	upper  = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	digits = "23456789"
	marks  = "-_.@#"
)

// passwordLength is far over what any tenant wants, and under the 256 that Entra takes.
const passwordLength = 40

// newRandomPassword makes a password with each kind of character, which satisfies
// the rules of Entra: https://learn.microsoft.com/entra/identity/authentication/concept-password-ban-bad-combined-policy.
func newRandomPassword() (Secret, error) {
	text := make([]byte, 0, passwordLength)
	for _, kind := range []string{lower, upper, digits, marks} {
		text = append(text, pick(kind))
	}
	for len(text) < passwordLength {
		text = append(text, pick(lower+upper+digits+marks))
	}
	for i := len(text) - 1; i > 0; i-- {
		j := below(i + 1)
		text[i], text[j] = text[j], text[i]
	}
	return NewSecret(string(text)), nil
}

func pick(from string) byte { return from[below(len(from))] }

// below returns a random number from 0 on, below n.
func below(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic("mfa: " + err.Error()) // the system's random numbers never fail
	}
	return int(i.Int64())
}
