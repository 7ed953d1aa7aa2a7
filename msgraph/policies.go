package msgraph

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

const (
	policiesPath         = "/identity/conditionalAccess/policies"
	locationsPath        = "/identity/conditionalAccess/namedLocations"
	strengthsPath        = "/policies/authenticationStrengthPolicies"
	securityDefaultsPath = "/policies/identitySecurityDefaultsEnforcementPolicy"
)

// Policies returns every Conditional Access policy. It reads beta, for v1.0
// leaves policies out, without a sign, that use what only beta knows; where
// beta is refused it reads v1.0 and says in Hidden what that may cost. It needs
// Policy.Read.All.
//
// An empty list of beta is believed only when v1.0 lists nothing either, for it
// would clear every account. Among reads that go Together this is put off to the
// list's Confirm, to be made beside the next ones. A list that isn't empty is not compared: beta
// shows all that v1.0 shows, and the service takes one request a second from a
// tenant, so that a third one beside the named locations would cost each check
// a second or more, or fail.
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies,
// https://learn.microsoft.com/graph/throttling-limits.
func (c *Client) Policies(ctx context.Context) (policy.List, error) {
	// Without the header an enumeration value that is newer than the schema
	// reads unknownFutureValue.
	newest := get(beta, policiesPath).headed("Prefer", "include-unknown-enum-members")
	policies, err := list[policy.Policy](ctx, c, newest)
	if err == nil && len(policies) > 0 {
		return policy.List{Policies: policies}, nil
	}
	if err != nil && !betaRefused(err) {
		return policy.List{}, err
	}
	older := newest
	older.version = v1
	if err == nil && c.group(ctx) != nil {
		return policy.List{
			Hidden:  "Graph beta lists no policy, and v1.0 was not asked whether that is so",
			Confirm: func(ctx context.Context) (policy.List, error) { return c.confirmNone(ctx, older) },
		}, nil
	}
	if err == nil {
		return c.confirmNone(c.alone(ctx), older)
	}
	policies, v1Err := list[policy.Policy](c.alone(ctx), c, older)
	if v1Err != nil {
		return policy.List{}, v1Err
	}
	return policy.List{Policies: policies, Hidden: hidden(err)}, nil
}

// confirmNone makes the list of a tenant for which beta lists no policy. What
// v1.0 says decides; where it says nothing, nobody knows.
func (c *Client) confirmNone(ctx context.Context, v1Policies request) (policy.List, error) {
	older, err := list[policy.Policy](ctx, c, v1Policies)
	switch {
	case err != nil && ctx.Err() != nil:
		return policy.List{}, err
	case err != nil:
		return policy.List{Hidden: "Graph beta lists no policy, and v1.0, asked whether that is so, failed: " + err.Error()}, nil
	case len(older) > 0:
		return policy.List{Policies: older, Hidden: fmt.Sprintf("the lists of Graph beta and v1.0 differ: beta lists no policy, v1.0 lists %d; "+
			"these were read from v1.0, and more policies may apply to the account", len(older))}, nil
	}
	return policy.List{}, nil
}

// hidden says what a list read from v1.0 may lack, and why it was read from there.
func hidden(err error) string {
	why := "refused"
	var graph *entramfa.GraphError
	if errors.As(err, &graph) {
		why = fmt.Sprintf("refused (%d %s)", graph.Status, graph.Code)
		if graph.Code == "" {
			why = fmt.Sprintf("refused (%d %s)", graph.Status, http.StatusText(graph.Status))
		}
	}
	return "Graph beta " + why + " the list of policies, so it was read from v1.0, which leaves out, without a sign, " +
		"policies with conditions or controls that only beta knows; such a policy may apply to the account"
}

// betaRefused says whether the beta endpoint as such won't answer. Throttling
// and outages pass, and prove nothing about beta.
func betaRefused(err error) bool {
	var graph *entramfa.GraphError
	if !errors.As(err, &graph) {
		return false
	}
	switch graph.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusNotImplemented:
		return true
	}
	return false
}

// NamedLocations returns every named location. It reads beta, for v1.0 doesn't
// know every kind; where beta is refused it reads v1.0, and a policy that names a
// location which v1.0 doesn't show is then judged Unknown. It needs Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations.
func (c *Client) NamedLocations(ctx context.Context) ([]policy.NamedLocation, error) {
	newest := get(beta, locationsPath).headed("Prefer", "include-unknown-enum-members")
	locations, err := list[policy.NamedLocation](ctx, c, newest)
	if err == nil || !betaRefused(err) {
		return locations, err
	}
	newest.version = v1
	return list[policy.NamedLocation](c.alone(ctx), c, newest)
}

// AuthenticationStrengths returns the built-in and the custom strengths. It
// needs Policy.Read.AuthenticationMethod or Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies.
func (c *Client) AuthenticationStrengths(ctx context.Context) ([]policy.AuthenticationStrength, error) {
	return list[policy.AuthenticationStrength](ctx, c, get(v1, strengthsPath))
}

// SecurityDefaults returns the tenant's switch. It needs Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get.
func (c *Client) SecurityDefaults(ctx context.Context) (securitydefaults.Policy, error) {
	return one[securitydefaults.Policy](ctx, c, get(v1, securityDefaultsPath))
}
