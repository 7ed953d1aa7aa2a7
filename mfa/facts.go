package mfa

import (
	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Facts is what a tenant says of one account: each fact known, or missing with
// the reason. Collect reads them; a product that has them already fills them in
// and calls Judge.
type Facts struct {
	User User
	// Organization is the tenant that was read.
	Organization entramfa.Value[Organization]

	Groups        entramfa.Value[[]policy.Membership]
	Roles         entramfa.Value[[]policy.RoleAssignment]
	EligibleRoles entramfa.Value[[]policy.RoleAssignment]
	// GlobalAdministrators holds every active assignment of that role in the tenant.
	GlobalAdministrators entramfa.Value[[]policy.RoleAssignment]

	ConditionalAccess policy.Tenant
	SecurityDefaults  entramfa.Value[securitydefaults.Policy]
	SubscribedSKUs    entramfa.Value[[]securitydefaults.SubscribedSKU]

	Requirements entramfa.Value[Requirements]
	Methods      entramfa.Value[[]Method]
	// Domain is the domain of the account's user principal name.
	Domain entramfa.Value[Domain]
}
