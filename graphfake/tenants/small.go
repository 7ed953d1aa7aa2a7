package tenants

import (
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Fresh is a tenant as Microsoft makes it: security defaults on, no policy, no licence.
// The service account is asked for MFA whenever Microsoft finds it necessary.
func Fresh() *graphfake.Tenant {
	s := newSite(1)
	ok(s.SetSecurityDefaults(true))
	return s.Tenant
}

// SmallBusiness has Entra ID P1 and five policies: MFA for administrators and for
// everybody outside the office, but for the group CA-ServiceAccounts; legacy
// authentication blocked; MFA for Azure; a compliant device in report-only. The service
// account is in that group, by way of another, and clear.
func SmallBusiness() *graphfake.Tenant {
	s := newSite(2)
	s.licensed("SPB", securitydefaults.PlanEntraP1, "Enabled")
	for _, name := range []string{"Ann", "Bob", "Cem", "Dee", "Eve", "Fay"} {
		s.registers(s.person(name+"@contoso.example", name))
	}
	glass := s.group("CA-BreakGlass", s.person("glass@contoso.example", "Break glass"))
	service := s.group("CA-ServiceAccounts", s.group("Backup", s.id(Service)))
	office := s.place("Office", "203.0.113.0/28", true)
	s.policy("MFA for administrators", policy.StateEnabled, without(inRole(policy.GlobalAdministrator), glass), everything(), anywhere, demand())
	s.policy("MFA outside the office", policy.StateEnabled, without(everybody(), glass, service), everything(), outside(office), demand())
	s.policy("Block legacy authentication", policy.StateEnabled, without(everybody(), glass), everything(), legacyClients, block())
	s.policy("MFA for Azure", policy.StateEnabled, without(everybody(), glass, service), apps(mfa.AzureManagement), anywhere, demand())
	s.policy("Compliant devices", policy.StateReportOnly, without(everybody(), glass, service), everything(), anywhere, compliant())
	return s.Tenant
}

// Partner is a partner of Microsoft's, which must have MFA for every account: one policy
// demands it of everybody but the service account, which is named, and an administrator
// who has registered nothing.
func Partner() *graphfake.Tenant {
	s := newSite(4)
	s.licensed("AAD_PREMIUM", securitydefaults.PlanEntraP1, "Enabled")
	s.holds(s.person("helpdesk@contoso.example", "Help desk"), "729827e3-9c14-49f7-bb1b-9608f156bbb8")
	for _, name := range []string{"Agent 1", "Agent 2"} {
		s.registers(s.person("a"+name[6:]+"@contoso.example", name))
	}
	users := everybody()
	users.ExcludeUsers = []string{s.id(Service)}
	s.policy("MFA for everybody", policy.StateEnabled, users, everything(), anywhere, demand())
	return s.Tenant
}

// Hybrid comes from an on-premises directory: synchronized accounts, a federated domain
// beside a managed one, the account that synchronizes, and per-user MFA: enforced for
// the service account, which is synchronized too.
func Hybrid() *graphfake.Tenant {
	s := newSite(5)
	s.AddDomain(mfa.Domain{ID: "fabrikam.example", AuthenticationType: "Federated"})
	s.AddUser(mfa.User{ID: s.id(Service), UserPrincipalName: Service, DisplayName: "Connection account", OnPremisesSyncEnabled: new(true)})
	for _, upn := range []string{"ann@contoso.example", "bob@fabrikam.example"} {
		s.AddUser(mfa.User{UserPrincipalName: upn, DisplayName: upn[:3], OnPremisesSyncEnabled: new(true)})
	}
	sync := s.person("Sync_DC01_3f2a91bc@contoso.example", "On-Premises Directory Synchronization Service Account")
	s.holds(sync, "d29b2b05-8046-44ba-8758-1e26182fcf32")
	s.registers(s.id(Service))
	ok(s.SetPerUserState(Service, mfa.PerUserEnforced))
	return s.Tenant
}
