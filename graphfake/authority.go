package graphfake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// Who may change the credentials of whom.
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions.

// The roles, by https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const (
	applicationAdmin      = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
	authenticationAdmin   = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
	authPolicyAdmin       = "0526716b-113d-4c15-b2c8-68e3c22b9f80"
	cloudApplicationAdmin = "158c047a-c907-4556-b7ef-446551a6b5f7"
	conditionalAdmin      = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
	directoryReaders      = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	directoryWriters      = "9360feb5-f418-4baa-8175-e2a00bac4301"
	globalAdmin           = "62e90394-69f5-4237-9190-012177145e10"
	globalReader          = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	globalSecureAccess    = "ac434307-12b9-4fa1-a708-88bf58caabc1"
	groupsAdmin           = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
	guestInviter          = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
	helpdeskAdmin         = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	messageCenterReader   = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"
	passwordAdmin         = "966707d0-3269-4727-9be2-8c3a10f19b9d"
	privilegedAuthAdmin   = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	privilegedRoleAdmin   = "e8611ab8-c189-46e8-94e1-60213ab1f814"
	reportsReader         = "4a5d8f65-41da-4de4-8968-e035b65339cf"
	securityAdmin         = "194ae4cb-b126-40b2-bd5b-6091b380977d"
	securityOperator      = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"
	securityReader        = "5d6b6bb7-de71-4623-b4af-96380a352509"
	usageSummaryReader    = "75934031-6c7e-415a-99d7-48dbd49e875e"
	userAdmin             = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	userExperienceManager = "27460883-1df1-4691-b032-3b79643e5e63"
)

// reach says of whom a role may change the credentials: of accounts whose roles are
// all among these. An account without a role is always among them.
type reach map[string][]string

// mayReset is the table "Who can reset passwords", which also says who may update
// the phones of a profile.
var mayReset = reach{
	passwordAdmin: {directoryReaders, guestInviter, passwordAdmin},
	helpdeskAdmin: {directoryReaders, guestInviter, helpdeskAdmin, messageCenterReader, passwordAdmin, reportsReader, userExperienceManager, usageSummaryReader},
	authenticationAdmin: {authenticationAdmin, directoryReaders, guestInviter, messageCenterReader, passwordAdmin, reportsReader,
		userExperienceManager, usageSummaryReader},
	userAdmin: {directoryReaders, groupsAdmin, guestInviter, helpdeskAdmin, messageCenterReader, passwordAdmin, reportsReader, userAdmin,
		userExperienceManager, usageSummaryReader},
}

// mayChangeMethods is who may change authentication methods.
var mayChangeMethods = reach{authenticationAdmin: mayReset[authenticationAdmin]}

// everywhere are the roles that may do it to everybody.
var everywhere = []string{privilegedAuthAdmin, globalAdmin}

// mayManage returns the refusal where the caller's roles don't reach the account. An
// application needs none, unless ApplicationsNeedRoles says so.
func (t *Tenant) mayManage(d *directory, who mfa.Identity, target mfa.User, by reach, refusal *entramfa.GraphError) error {
	if who.Kind == mfa.IdentityApplication && !t.ApplicationsNeedRoles {
		return nil
	}
	held := d.tenantRoles(who.ID)
	if slices.ContainsFunc(everywhere, func(role string) bool { return slices.Contains(held, role) }) {
		return nil
	}
	roles, err := d.rolesAnywhere(target)
	if err != nil {
		return err
	}
	if d.inRoleGroup(target.ID) || !slices.ContainsFunc(held, func(role string) bool { return by.covers(role, roles) }) {
		return refusal
	}
	return nil
}

// covers says whether a role reaches an account that holds these roles.
func (by reach) covers(role string, held []string) bool {
	allowed, some := by[role]
	return some && !slices.ContainsFunc(held, func(r string) bool { return !slices.Contains(allowed, r) })
}

// How the two services refuse who has the permission and not the role. No
// permission is missing.

func denied() *entramfa.GraphError {
	refusal := graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	refusal.Permissions = []string{}
	return refusal
}

func deniedMethods() *entramfa.GraphError {
	refusal := graphError(http.StatusForbidden, "accessDenied", "Request Authorization failed")
	refusal.Permissions = []string{}
	return refusal
}

// tenantRoles lists the roles that a principal holds actively in the whole tenant,
// those through groups too.
func (d *directory) tenantRoles(id string) []string {
	var roles []string
	for _, role := range d.rolesOf(&d.assignments, d.holdersOf(id)...) {
		if role.TenantWide() {
			roles = append(roles, fold(role.RoleDefinitionID))
		}
	}
	return roles
}

// holdersOf is a principal and the groups around it.
func (d *directory) holdersOf(id string) []string {
	holders := []string{id}
	for _, group := range d.ancestors(id) {
		holders = append(holders, group.ID)
	}
	return holders
}

// rolesAnywhere lists the roles of an account, in whatever scope.
func (d *directory) rolesAnywhere(user mfa.User) ([]string, error) {
	assignments, err := d.roleAssignments(user.ID)
	var roles []string
	for _, role := range assignments {
		roles = append(roles, fold(role.RoleDefinitionID))
	}
	return roles, err
}

// inRoleGroup says whether an account is in a group that can hold roles, which
// protects it as a role does.
func (d *directory) inRoleGroup(id string) bool {
	return slices.ContainsFunc(d.holdersOf(id)[1:], func(group string) bool {
		found, known := d.groups.get(group)
		return known && found.IsAssignableToRole != nil && *found.IsAssignableToRole
	})
}

// self says whether who calls is the account itself.
func self(who mfa.Identity, user mfa.User) bool {
	return who.Kind == mfa.IdentityUser && strings.EqualFold(who.ID, user.ID)
}
