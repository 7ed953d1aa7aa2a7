package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// served is a tenant with what a client needs to sign in to it.
type served struct {
	tenant *graphfake.Tenant
	// secret is that of the application demoApplication, a new one at each start.
	secret string
	// account is one that there is, "" where there is none; password is "" where its
	// password was set at another time.
	account, password string
	// kept: the tenant is one of an earlier run.
	kept bool
}

// demoApplication is the id of the application that every tenant gets.
const demoApplication = "fa4e6a9b-0000-4000-8000-000000000001"

// demoAccount is the account of the built-in tenant that signs in with a password.
const demoAccount = "svc-backup@contoso.com"

// permissions open every route.
var permissions = []string{
	"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "AuditLog.Read.All", "Directory.ReadWrite.All", "Domain.Read.All", "Group.ReadWrite.All",
	"GroupMember.ReadWrite.All", "LicenseAssignment.Read.All", "Member.Read.Hidden", "Organization.Read.All", "Policy.Read.All",
	"Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess", "Policy.ReadWrite.SecurityDefaults",
	"PrivilegedEligibilitySchedule.Read.AzureADGroup", "RoleAssignmentSchedule.Read.Directory", "RoleEligibilitySchedule.Read.Directory", "RoleManagement.ReadWrite.Directory",
	"User-PasswordProfile.ReadWrite.All", "User-Phone.ReadWrite.All", "User.ReadWrite.All", "UserAuthMethod-Password.ReadWrite.All",
	"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All", "Directory.Read.All",
}

// enter gives the tenant the application of this start.
func (s *served) enter() {
	s.secret = rand.Text() + rand.Text()
	s.tenant.AddApplication(graphfake.Application{ID: demoApplication, Secret: s.secret, Permissions: permissions, Scopes: append(permissions[:len(permissions):len(permissions)], "User.Read")})
}

// builtIn is the tenant that the program carries with it: four accounts, a group that a
// policy excludes, and a licence for Entra ID P1.
func builtIn() (*served, error) {
	tenant := &graphfake.Tenant{}
	backup := tenant.AddUser(mfa.User{UserPrincipalName: demoAccount, DisplayName: "Backup"})
	tenant.AddUser(mfa.User{UserPrincipalName: "svc-scanner@contoso.com", DisplayName: "Scanner"})
	ann := tenant.AddUser(mfa.User{UserPrincipalName: "ann@contoso.com", DisplayName: "Ann Admin"})
	tenant.AddUser(mfa.User{UserPrincipalName: "bob@contoso.com", DisplayName: "Bob Builder"})
	exempt := tenant.AddGroup(policy.Group{DisplayName: "CA-Exempt"})
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Enabled",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ServicePlanName: "AAD_PREMIUM", ProvisioningStatus: "Success", AppliesTo: "User"}},
	})
	tenant.AddNamedLocation(policy.NamedLocation{
		Type: "#microsoft.graph.ipNamedLocation", DisplayName: "Office", IsTrusted: new(true),
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/28"}},
	})
	everyone := policy.Policy{
		DisplayName: "MFA for everyone", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			Users:          &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{exempt}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
			ClientAppTypes: []string{"all"},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	}
	_, policyErr := tenant.AddPolicy(everyone)
	_, roleErr := tenant.AssignRole(policy.RoleAssignment{PrincipalID: ann, RoleDefinitionID: policy.GlobalAdministrator})
	password := "Fg1!" + rand.Text()
	err := errors.Join(policyErr, roleErr, tenant.AddMember(exempt, backup), tenant.GivePassword(backup, password))
	return &served{tenant: tenant, account: demoAccount, password: password}, err
}

// loaded is the tenant of folders of exported JSON. What is not of use in them is
// said on stderr.
func loaded(folders []string, stderr io.Writer) (*served, error) {
	var systems []fs.FS
	for _, folder := range folders {
		info, err := os.Stat(folder)
		switch {
		case err != nil:
			return nil, open.Wrong("-load: %v", err)
		case !info.IsDir():
			return nil, open.Wrong("-load: %s is no folder", folder)
		}
		systems = append(systems, os.DirFS(folder))
	}
	tenant, err := graphfake.Load(systems...)
	if err != nil {
		return nil, open.Wrong("%w", err)
	}
	if skipped := tenant.Skipped(); len(skipped) > 0 {
		fmt.Fprintf(stderr, "fakegraph: %s nothing that Graph is asked for here: %s, ...\n",
			layout.Count(len(skipped), "file holds", "files hold"), layout.Clean(skipped[0]))
	}
	return &served{tenant: tenant}, nil
}
