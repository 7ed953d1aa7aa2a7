package policy

import (
	"errors"
	"fmt"

	"github.com/entramfa/entramfa/internal/guid"
)

// Policies in the place of security defaults, which exclude nobody:
// https://learn.microsoft.com/entra/fundamentals/security-defaults. They demand, and
// the policies below do:
//
//   - MFA at every sign-in of who holds one of 17 administrator roles;
//   - MFA of everybody else where Microsoft finds it necessary: at every sign-in here;
//   - that everybody registers for MFA: a policy that demands MFA has who hasn't
//     registered do so at the sign-in
//     (https://learn.microsoft.com/entra/identity/authentication/concept-registration-mfa-sspr-combined);
//   - MFA for Azure management;
//   - that legacy authentication is refused.
//
// They leave out the account of Entra Connect, and so does the policy for all users,
// by its role. The four are those that Microsoft's own portal puts in the place
// (https://learn.microsoft.com/entra/identity/conditional-access/managed-policies),
// and four of the five templates of the category secure foundations; the fifth is
// SecuredRegistration.

// directorySynchronization is the role Directory Synchronization Accounts.
const directorySynchronization = "d29b2b05-8046-44ba-8758-1e26182fcf32"

// globalAdministrator is the role Global Administrator.
const globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

// SecurityDefaultsReplacements returns the policies to put in the place of security
// defaults: together they demand of every account but one at least what security
// defaults do. The administrators are the template ids of the roles that security
// defaults take for those (securitydefaults.Administrators lists them), excludeUser is
// the object id of the account that is left out of all of them, and then needs the
// policies of PinToAddresses and PinToApplications in their place; empty leaves
// nobody out.
//
// The policies are in report-only, the only state beside disabled that the service
// takes while security defaults are on; they have no id and no template id. Nobody
// who may sign in under security defaults is locked out by them: who has no method
// yet registers at the next sign-in, from anywhere, as before. They exclude no
// emergency account either; neither do security defaults. It is an error where a role
// or the account is no object id: a special word there would leave out everybody.
func SecurityDefaultsReplacements(administrators []string, excludeUser string) ([]Policy, error) {
	except, err := exceptFor(excludeUser)
	if err != nil {
		return nil, err
	}
	if _, ok := lowered(administrators); !ok || len(administrators) == 0 {
		return nil, errors.New("policy: replace security defaults: the template ids of the administrator roles are wanted")
	}
	everybody := func() Users { return Users{IncludeUsers: []string{"All"}, ExcludeUsers: except} }
	admins, users := Users{IncludeUsers: []string{}, IncludeRoles: administrators, ExcludeUsers: except}, everybody()
	users.ExcludeRoles = []string{directorySynchronization}
	return []Policy{
		replacement("Require MFA for all users", users, "All", "mfa", "all"), // first: it protects most
		replacement("Require MFA for administrators", admins, "All", "mfa", "all"),
		replacement("Require MFA for Azure management", everybody(), azureManagement, "mfa", "all"),
		replacement("Block legacy authentication", everybody(), "All", "block", "exchangeActiveSync", "other"),
	}, nil
}

// exceptFor lists the one account that is left out, if any.
func exceptFor(excludeUser string) ([]string, error) {
	switch {
	case excludeUser == "":
		return nil, nil
	case !guid.Is(excludeUser):
		return nil, fmt.Errorf("policy: replace security defaults: leave out %q: it is no object id", excludeUser)
	}
	return []string{excludeUser}, nil
}

// SecuredRegistration returns the policy of Microsoft's fifth template, Securing
// security info registration: who registers a method from outside of all trusted
// locations does MFA for it, but for guests and Global Administrators. Microsoft
// recommends it beside the four of SecurityDefaultsReplacements. It is apart from
// them, for security defaults demand no such thing, and it LOCKS OUT whoever has no
// method yet and is in no trusted location, everybody of a tenant that has none,
// until an administrator gives him a Temporary Access Pass: let a person decide.
// Report-only tells nothing about it, for user actions are not evaluated there. Who
// has a method does MFA before he registers another without it.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-security-info-registration.
func SecuredRegistration(excludeUser string) (Policy, error) {
	except, err := exceptFor(excludeUser)
	if err != nil {
		return Policy{}, err
	}
	users := Users{IncludeUsers: []string{"All"}, ExcludeUsers: append(except, "GuestsOrExternalUsers"), ExcludeRoles: []string{globalAdministrator}}
	p := replacement("Secure the registration of security info", users, "All", "mfa", "all")
	p.Conditions.Applications = &Applications{IncludeUserActions: []string{"urn:user:registersecurityinfo"}}
	p.Conditions.Locations = &Locations{IncludeLocations: []string{LocationAll}, ExcludeLocations: []string{LocationAllTrusted}}
	return p, nil
}

// replacement is a policy in report-only for one resource.
func replacement(name string, users Users, resource, control string, clients ...string) Policy {
	p := restriction(name+" (in place of security defaults)", users, StateReportOnly)
	p.Conditions.ClientAppTypes = clients
	p.Conditions.Applications.IncludeApplications = []string{resource}
	p.GrantControls.BuiltInControls = []string{control}
	return p
}

// restriction is a policy that blocks users everywhere, to be narrowed. Its lists
// are its own.
func restriction(name string, users Users, state State) Policy {
	operator := "OR"
	for _, list := range []*[]string{&users.IncludeUsers, &users.ExcludeUsers, &users.IncludeGroups, &users.ExcludeGroups, &users.IncludeRoles, &users.ExcludeRoles} {
		*list = append([]string{}, *list...)
	}
	return Policy{
		DisplayName: name,
		State:       state,
		Conditions: &Conditions{
			ClientAppTypes: []string{"all"},
			Applications:   &Applications{IncludeApplications: []string{"All"}, ExcludeApplications: []string{}},
			Users:          &users,
		},
		GrantControls: &GrantControls{Operator: &operator, BuiltInControls: []string{"block"}},
	}
}
