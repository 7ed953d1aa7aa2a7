package graphfake

import (
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/securitydefaults"
)

// AddSubscribedSKU adds a product that the tenant has bought and returns its id,
// a new one where it has none. One with the same id is replaced.
func (t *Tenant) AddSubscribedSKU(sku securitydefaults.SubscribedSKU) string {
	sku = isolated(sku)
	t.mu.Lock()
	defer t.mu.Unlock()
	sku.ID = t.idOr(sku.ID)
	t.directory.skus.put(sku.ID, sku)
	return sku.ID
}

// AddDomain adds a domain, whose id is its name, or replaces it. AuthenticationType
// empty means Managed.
func (t *Tenant) AddDomain(domain mfa.Domain) {
	domain = isolated(domain)
	t.mu.Lock()
	defer t.mu.Unlock()
	if domain.AuthenticationType == "" {
		domain.AuthenticationType = "Managed"
	}
	t.directory.domains.put(domain.ID, domain)
}

// organizationRow returns the tenant as its file in an export says it, else as it
// was set up; an export that doesn't say which tenant it is of doesn't hold it.
func (d *directory) organizationRow(tenantID string) (object, error) {
	if d.organization != nil {
		return d.organization, nil
	}
	if err := d.held.need(d.held.whole(factTenant), "which tenant it is of", tenantFile); err != nil {
		return nil, err
	}
	var domains []map[string]any
	for _, domain := range d.domains.all() {
		domains = append(domains, map[string]any{"name": domain.ID, "type": domain.AuthenticationType})
	}
	return object{{"id", raw(tenantID)}, {"displayName", raw("Contoso")}, {"verifiedDomains", raw(domains)}}, nil
}

func (d *directory) subscribedSKUs() ([]securitydefaults.SubscribedSKU, error) {
	if err := d.held.need(d.held.whole(factSKUs), "licences", skuFile); err != nil {
		return nil, err
	}
	return d.skus.all(), nil
}

func (d *directory) domain(name string) (mfa.Domain, error) {
	if domain, ok := d.domains.get(name); ok {
		return domain, nil
	}
	if err := d.held.need(d.held.whole(factDomains), "the domain "+name, domainFile); err != nil {
		return mfa.Domain{}, err
	}
	return mfa.Domain{}, notFound(name)
}
