package msgraph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	policyPath   = policiesPath + "/{id}"
	locationPath = locationsPath + "/{id}"
)

// Policy returns one policy. It reads beta, which shows all of it; where beta is
// refused it reads v1.0. It needs Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-get.
func (c *Client) Policy(ctx context.Context, id string) (policy.Policy, error) {
	r := get(beta, policyPath, id).headed("Prefer", "include-unknown-enum-members")
	if err := aimless(r, id); err != nil {
		c.absent(ctx)
		return policy.Policy{}, err
	}
	found, err := one[policy.Policy](ctx, c, r)
	if err != nil && betaRefused(err) {
		r.version = v1
		found, err = one[policy.Policy](c.alone(ctx), c, r)
	}
	if err != nil {
		return policy.Policy{}, err
	}
	if !strings.EqualFold(found.ID, id) {
		return policy.Policy{}, unreadable(r, answer{status: http.StatusOK}, fmt.Errorf("the answer is another policy, %q", found.ID))
	}
	return found, nil
}

// UpdatePolicy changes the members that the patch holds. It writes to v1.0, and
// to beta where v1.0 doesn't know the policy. It needs
// Policy.ReadWrite.ConditionalAccess and Policy.Read.All. While security defaults
// are on, a policy can't be enabled: entramfa.ErrConflict.
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update.
func (c *Client) UpdatePolicy(ctx context.Context, id string, patch policy.Patch) (entramfa.Receipt, error) {
	return c.onEither(func(v version) (entramfa.Receipt, error) {
		return c.update(ctx, change(http.MethodPatch, v, policyPath, id), patch, id)
	})
}

// DeletePolicy deletes a policy, on v1.0 or beta as UpdatePolicy does, with the
// same permissions.
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-delete.
func (c *Client) DeletePolicy(ctx context.Context, id string) (entramfa.Receipt, error) {
	return c.onEither(func(v version) (entramfa.Receipt, error) {
		return c.update(ctx, change(http.MethodDelete, v, policyPath, id), nil, id)
	})
}

// onEither changes a policy on v1.0, and on beta where v1.0 says that it has no
// such policy: one with parts that only beta knows is hidden there. Both answers
// of v1.0 say that it did nothing.
func (c *Client) onEither(write func(version) (entramfa.Receipt, error)) (entramfa.Receipt, error) {
	receipt, err := write(v1)
	if !hiddenIn(err) {
		return receipt, err
	}
	receipt, betaErr := write(beta)
	var graph *entramfa.GraphError
	if errors.Is(err, entramfa.ErrNotFound) && errors.As(betaErr, &graph) && graph.Status == http.StatusNotImplemented {
		return receipt, err // a cloud without this beta
	}
	return receipt, betaErr
}

// hiddenIn says whether v1.0 refused a policy that beta may have.
func hiddenIn(err error) bool {
	var graph *entramfa.GraphError
	if !errors.As(err, &graph) {
		return false
	}
	return graph.Status == http.StatusNotFound && errors.Is(err, entramfa.ErrNotFound) ||
		graph.Status == http.StatusBadRequest && number(graph.Message) == onlyBeta
}

// CreatePolicy creates a policy and returns it as the service stored it. It
// needs Policy.ReadWrite.ConditionalAccess, Policy.Read.All and Application.Read.All.
// A policy that names a location which isn't there is entramfa.ErrNotFound; one
// that was created just before is there after some seconds, so try again after 5.
// While security defaults are on, an enabled policy is entramfa.ErrConflict.
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies.
func (c *Client) CreatePolicy(ctx context.Context, p policy.Policy) (policy.Policy, entramfa.Receipt, error) {
	r := change(http.MethodPost, v1, policiesPath).headed("Prefer", "include-unknown-enum-members")
	return create[policy.Policy](ctx, c, r, p, p.DisplayName)
}

// CreateNamedLocation creates a named location and returns it as the service
// stored it. It needs Policy.ReadWrite.ConditionalAccess and Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations.
func (c *Client) CreateNamedLocation(ctx context.Context, location policy.NamedLocation) (policy.NamedLocation, entramfa.Receipt, error) {
	return create[policy.NamedLocation](ctx, c, change(http.MethodPost, v1, locationsPath), location, location.DisplayName)
}

// DeleteNamedLocation deletes a named location that is not trusted. It needs
// Policy.ReadWrite.ConditionalAccess and Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/namedlocation-delete.
func (c *Client) DeleteNamedLocation(ctx context.Context, id string) (entramfa.Receipt, error) {
	return c.update(ctx, change(http.MethodDelete, v1, locationPath, id), nil, id)
}
