package mfa

import (
	"context"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// RequirementsWriter changes the legacy per-user MFA state.
type RequirementsWriter interface {
	// Requirements is that of AuthenticationReader.
	Requirements(ctx context.Context, user string) (Requirements, error)
	// UpdateRequirements sets the state of a user, named by object id or user
	// principal name. It needs Policy.ReadWrite.AuthenticationMethod.
	UpdateRequirements(ctx context.Context, user string, state PerUserState) (entramfa.Receipt, error)
}

// IdentityReader tells who calls.
type IdentityReader interface {
	// Identity returns the account or the application with which the tenant is
	// read and changed. It needs no permission.
	Identity(ctx context.Context) (Identity, error)
}

// Identity is who reads and changes a tenant.
type Identity struct {
	// Kind is user or application.
	Kind IdentityKind `json:"kind"`
	// ID is the object id of the account, or of the service principal.
	ID string `json:"id"`
	// Name is the user principal name, or the application id.
	Name string `json:"name"`
	// TenantID is the tenant that the identity signed in to.
	TenantID string `json:"tenantId"`
}

// IdentityKind is the kind of an Identity.
type IdentityKind string

const (
	// IdentityUser is an account with delegated permissions: policies concern it.
	IdentityUser IdentityKind = "user"
	// IdentityApplication is an application with permissions of its own: no policy
	// on users concerns it.
	IdentityApplication IdentityKind = "application"
)

// ReadWriter is everything that Apply and Rollback read and change.
type ReadWriter interface {
	Reader
	IdentityReader
	policy.Updater
	policy.Creator
	policy.LocationWriter
	policy.MemberWriter
	securitydefaults.Writer
	RequirementsWriter
}
