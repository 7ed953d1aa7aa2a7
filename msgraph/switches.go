package msgraph

import (
	"context"
	"fmt"
	"net/http"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// UpdateSecurityDefaults switches security defaults. It needs
// Policy.ReadWrite.SecurityDefaults, or Policy.ReadWrite.ConditionalAccess, and
// Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-update.
func (c *Client) UpdateSecurityDefaults(ctx context.Context, enabled bool) (entramfa.Receipt, error) {
	return c.update(ctx, change(http.MethodPatch, v1, securityDefaultsPath), map[string]bool{"isEnabled": enabled})
}

// UpdateRequirements sets the per-user MFA state, which only beta has. It needs
// Policy.ReadWrite.AuthenticationMethod. A state that isn't disabled, enabled or
// enforced is an error without a request.
// Source: https://learn.microsoft.com/graph/api/authentication-update?view=graph-rest-beta.
func (c *Client) UpdateRequirements(ctx context.Context, user string, state mfa.PerUserState) (entramfa.Receipt, error) {
	switch state {
	case mfa.PerUserDisabled, mfa.PerUserEnabled, mfa.PerUserEnforced:
	default:
		return entramfa.Receipt{}, fmt.Errorf("msgraph: %q is no state of per-user MFA", state)
	}
	return c.update(ctx, change(http.MethodPatch, beta, requirementsPath, user), mfa.Requirements{PerUserMFAState: state}, user)
}
