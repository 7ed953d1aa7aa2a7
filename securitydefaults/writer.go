package securitydefaults

import (
	"context"

	"github.com/entramfa/entramfa"
)

// Writer changes the switch.
type Writer interface {
	Reader
	// UpdateSecurityDefaults switches security defaults. An error leaves open
	// whether it was done, unless the service refused. It needs
	// Policy.ReadWrite.SecurityDefaults, or Policy.ReadWrite.ConditionalAccess, and
	// Policy.Read.All.
	UpdateSecurityDefaults(ctx context.Context, enabled bool) (entramfa.Receipt, error)
}
