package mfa

import (
	"context"

	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// UserReader finds accounts.
type UserReader interface {
	// User returns the account with this object id or user principal name, or
	// an error that is entramfa.ErrNotFound. It needs User.Read.All.
	User(ctx context.Context, user string) (User, error)
	// UsersByDisplayName returns every account whose display name starts with
	// the text, compared without case.
	UsersByDisplayName(ctx context.Context, prefix string) ([]User, error)
}

// AuthenticationReader reads what an account has registered and what is asked
// of it by name. The user is named by object id or user principal name.
type AuthenticationReader interface {
	// Requirements returns the per-user MFA state. It needs Policy.Read.All.
	Requirements(ctx context.Context, user string) (Requirements, error)
	// Methods returns the registered methods, the password among them. It needs
	// UserAuthenticationMethod.Read.All.
	Methods(ctx context.Context, user string) ([]Method, error)
}

// TenantReader reads what the tenant is.
type TenantReader interface {
	// Organization returns the tenant, so that a report says of which one it is.
	// It needs User.Read.All or Organization.Read.All.
	Organization(ctx context.Context) (Organization, error)
	// Domain returns one domain by name. It needs Domain.Read.All.
	Domain(ctx context.Context, name string) (Domain, error)
}

// Reader is everything that Check reads. It has no method that writes.
type Reader interface {
	UserReader
	AuthenticationReader
	TenantReader
	policy.Reader
	policy.GroupReader
	policy.RoleReader
	policy.ObjectReader
	securitydefaults.Reader
	securitydefaults.LicenseReader
}

// Batcher is a Reader that can answer several reads in one request. Before
// Check starts a number of reads at once it asks for a context for them; each
// of the reads is made with it exactly once, by a method of Reader or by the
// Confirm of a policy.List.
type Batcher interface {
	Together(ctx context.Context, reads int) context.Context
}
