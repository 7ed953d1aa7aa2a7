// Package tenants holds tenants as they are found in the field, made up and the same in
// every run: fixtures for whoever tests a product against Microsoft Entra.
//
//	tenant := tenants.SmallBusiness()
//	report, err := mfa.Check(ctx, tenant, tenants.Service, nil)
//
// Each call makes a tenant of its own; where many tests need one, make it once and
// clone it. In each, the account [Service] is the one that a product signs in with, and
// [Administrator] holds the role Global Administrator; their passwords are [Password].
package tenants

import (
	"fmt"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// The accounts that every tenant of this package has, and their password.
const (
	Service       = "svc@contoso.example"
	Administrator = "admin@contoso.example"
	Password      = "A password of the fixture 7!"
)

const authenticator = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"

// site is a tenant while it is made. What a fixture of this package asks for is never
// refused.
type site struct{ *graphfake.Tenant }

func must[T any](value T, err error) T {
	ok(err)
	return value
}

func ok(err error) {
	if err != nil {
		panic("tenants: " + err.Error())
	}
}

// newSite is a tenant with the two accounts.
func newSite(number int) site {
	s := site{&graphfake.Tenant{TenantID: fmt.Sprintf("c0000000-0000-4000-8000-%012d", number)}}
	s.AddDomain(mfa.Domain{ID: "contoso.example", AuthenticationType: "Managed"})
	service, administrator := s.person(Service, "Connection account"), s.person(Administrator, "Administrator")
	ok(s.GivePassword(service, Password))
	ok(s.GivePassword(administrator, Password))
	s.registers(administrator)
	s.holds(administrator, policy.GlobalAdministrator)
	return s
}

func (s site) person(upn, name string) string {
	return s.AddUser(mfa.User{UserPrincipalName: upn, DisplayName: name})
}

func (s site) registers(user string) { ok(s.AddMethod(user, mfa.Method{Type: authenticator})) }

func (s site) holds(user, role string) {
	must(s.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: role}))
}

// group is a security group of these members.
func (s site) group(name string, members ...string) string {
	id := s.AddGroup(policy.Group{DisplayName: name})
	for _, member := range members {
		ok(s.AddMember(id, member))
	}
	return id
}

// id is the object id of an account.
func (s site) id(upn string) string {
	for _, user := range s.accounts() {
		if user.UserPrincipalName == upn {
			return user.ID
		}
	}
	panic("tenants: no account " + upn)
}

// licensed gives the tenant a plan that is in force, or that lapsed.
func (s site) licensed(product, plan, status string) {
	s.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: product, CapabilityStatus: status,
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: plan, ServicePlanName: product, ProvisioningStatus: "Success", AppliesTo: "User"}},
	})
}
