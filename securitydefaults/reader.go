package securitydefaults

import "context"

// Reader reads the switch.
type Reader interface {
	// SecurityDefaults returns the tenant's policy. It needs Policy.Read.All.
	SecurityDefaults(ctx context.Context) (Policy, error)
}

// LicenseReader reads what the tenant has bought.
type LicenseReader interface {
	// SubscribedSKUs returns every product of the tenant. It needs
	// LicenseAssignment.Read.All, Organization.Read.All or Directory.Read.All.
	SubscribedSKUs(ctx context.Context) ([]SubscribedSKU, error)
}
