package graphfake

import (
	"strings"

	"github.com/entramfa/entramfa/securitydefaults"
)

// tenantRoutes are the calls about the tenant itself, beside its lists.
var tenantRoutes = []route{
	{method: "GET", path: "/organization/{}", permissions: readOrganization, options: entityOptions, serve: getOrganization},
	{method: "GET", path: "/subscribedSkus/{}", permissions: readLicenses, options: entityOptions, serve: getSKU},
}

func getOrganization(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.organizationRow(t.ID())
	if err == nil && !sameText(row.text("id"), c.vars[0]) {
		err = notFound(c.vars[0])
	}
	return entity("organization", "microsoft.graph.organization", tenantShape, row, err)
}

// getSKU finds a product by its id: in Graph that of the tenant and that of the
// product, joined by _.
// Source: https://learn.microsoft.com/graph/api/subscribedsku-get.
func getSKU(d *directory, t *Tenant, c *call) (answer, error) {
	skus, err := d.subscribedSKUs()
	if err != nil {
		return answer{}, err
	}
	for _, sku := range skus {
		if sameText(sku.ID, c.vars[0]) || isSKU(sku, t.ID(), c.vars[0]) {
			return entity("subscribedSkus", "microsoft.graph.subscribedSku", skuShape, sku, nil)
		}
	}
	return answer{}, notFound(c.vars[0])
}

func isSKU(sku securitydefaults.SubscribedSKU, tenant, id string) bool {
	of, product, ok := strings.Cut(id, "_")
	return ok && sameText(of, tenant) && sameText(product, sku.SKUID) && sku.SKUID != ""
}
