package msgraph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

const (
	objectsPath = "/directoryObjects/getByIds"
	skusPath    = "/subscribedSkus"
	domainPath  = "/domains/{id}"
	tenantPath  = "/organization"
)

// maxObjects is how many ids Graph resolves in one request.
const maxObjects = 1000

// ObjectsByID returns those of the objects that exist; what was deleted is left
// out. It needs Directory.Read.All.
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids.
func (c *Client) ObjectsByID(ctx context.Context, ids []string) ([]policy.Principal, error) {
	if len(ids) == 0 {
		c.absent(ctx)
		return nil, nil
	}
	var all []policy.Principal
	for chunk := range slices.Chunk(ids, maxObjects) {
		body, err := json.Marshal(map[string][]string{"ids": chunk})
		if err != nil {
			return nil, err
		}
		r := request{version: v1, method: http.MethodPost, template: objectsPath, path: objectsPath, body: body}
		found, err := list[policy.Principal](ctx, c, r)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		ctx = c.alone(ctx)
	}
	return all, nil
}

// SubscribedSKUs returns every product of the tenant. It needs LicenseAssignment.Read.All.
// Source: https://learn.microsoft.com/graph/api/subscribedsku-list.
func (c *Client) SubscribedSKUs(ctx context.Context) ([]securitydefaults.SubscribedSKU, error) {
	return list[securitydefaults.SubscribedSKU](ctx, c, get(v1, skusPath))
}

// Domain returns one domain by name. It needs Domain.Read.All.
// Source: https://learn.microsoft.com/graph/api/domain-get.
func (c *Client) Domain(ctx context.Context, name string) (mfa.Domain, error) {
	return one[mfa.Domain](ctx, c, get(v1, domainPath, name))
}

// Organization returns the tenant of the token. It needs User.Read.All or Organization.Read.All.
// Source: https://learn.microsoft.com/graph/api/organization-list.
func (c *Client) Organization(ctx context.Context) (mfa.Organization, error) {
	r := get(v1, tenantPath).with("$select", "id,displayName")
	found, err := list[mfa.Organization](ctx, c, r)
	if err == nil && len(found) != 1 {
		return mfa.Organization{}, unreadable(r, answer{status: http.StatusOK}, fmt.Errorf("%d tenants are listed where one is expected", len(found)))
	}
	if err != nil {
		return mfa.Organization{}, err
	}
	return found[0], nil
}
