package main

import (
	"context"
	"os"

	"github.com/entramfa/entramfa/mfa"
)

// The environment variables that hold secrets.
const (
	phoneVariable       = "ENTRAMFA_PHONE"
	formerPhoneVariable = "ENTRAMFA_FORMER_PHONE"
	passwordVariable    = "ENTRAMFA_NEW_PASSWORD"
	appPasswordVariable = "ENTRAMFA_APP_PASSWORD"
)

// tellingSink is an mfa.CredentialSink. A product's own writes the credential where
// the product finds it, a vault for instance; this one says that it received one, of
// which kind and for whom, and never the credential itself.
type tellingSink struct {
	page *page
	// keep is called with the credential; nil lets it go.
	keep func(mfa.Credential)
}

// Deliver takes a credential.
func (s *tellingSink) Deliver(_ context.Context, c mfa.Credential) error {
	s.page.line(4, "sink  ", "received a credential of the kind "+string(c.Kind)+" for "+c.UserPrincipalName)
	if s.keep != nil {
		s.keep(c)
	}
	return nil
}

// secretsFromEnvironment are asked for when they are needed. An app password that
// isn't there yet means that the plan goes on waiting.
func secretsFromEnvironment(sink mfa.CredentialSink) *mfa.Secrets {
	variable := func(name string) func(context.Context) (mfa.Secret, error) {
		return func(context.Context) (mfa.Secret, error) { return mfa.NewSecret(os.Getenv(name)), nil }
	}
	return &mfa.Secrets{
		Phone: mfa.NewSecret(os.Getenv(phoneVariable)), FormerPhone: mfa.NewSecret(os.Getenv(formerPhoneVariable)),
		Password: variable(passwordVariable), AppPassword: variable(appPasswordVariable), Sink: sink,
	}
}
