package msgraph

import (
	"net/http"
	"slices"
)

// permissionTable lists, for each read, the application permissions of which
// any one is enough, the least first. Those that also write are left out:
// nobody should grant one so that a check can read. Where the least that opens
// a call doesn't show what a check needs, it is left out too: User.ReadBasic.All
// reads a user without accountEnabled.
//
// Source: https://github.com/microsoftgraph/microsoft-graph-devx-content,
// permissions/new/permissions.json of 2026-08-07, the data behind the
// permission sections of https://learn.microsoft.com/graph/api.
var permissionTable = map[string][]string{
	usersPath:             {"User.Read.All", "Directory.Read.All"},
	userPath:              {"User.Read.All", "Directory.Read.All"},
	memberOfPath:          {"Directory.Read.All", "Group.ReadBasic.All", "GroupMember.ReadBasic.All"},
	transitivePath:        {"User.Read.All", "GroupMember.ReadBasic.All", "GroupMember.Read.All", "Group.ReadBasic.All", "Group.Read.All", "Directory.Read.All"},
	membersPath:           {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
	groupPath:             {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
	aroundPath:            {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
	groupAccountsPath:     {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
	methodsPath:           {"UserAuthenticationMethod.Read.All"},
	methodsPolicyPath:     {"Policy.Read.AuthenticationMethod", "Policy.Read.All"},
	registrationsPath:     {"AuditLog.Read.All"},
	registrationPath:      {"AuditLog.Read.All"},
	operationsPath:        {"UserAuthenticationMethod.Read.All"}, // for signed-in users alone
	requirementsPath:      {"Policy.Read.All"},
	policiesPath:          {"Policy.Read.All"},
	policyPath:            {"Policy.Read.All"},
	signInsPath:           {"AuditLog.Read.All"},
	locationsPath:         {"Policy.Read.All"},
	evaluatePath:          {"Policy.Read.ConditionalAccess", "Policy.Read.All"},
	strengthsPath:         {"Policy.Read.AuthenticationMethod", "Policy.Read.All"},
	securityDefaultsPath:  {"Policy.Read.All"},
	skusPath:              {"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"},
	domainPath:            {"Domain.Read.All", "Directory.Read.All"},
	tenantPath:            {"User.Read.All", "Organization.Read.All", "Directory.Read.All"},
	roleAssignmentsPath:   {"RoleManagement.Read.Directory", "Directory.Read.All"},
	transitiveRolesPath:   {"RoleManagement.Read.Directory", "Directory.Read.All"},
	roleEligibilitiesPath: {"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"},
	groupEligibilityPath:  {"PrivilegedEligibilitySchedule.Read.AzureADGroup"},
	objectsPath:           {"Directory.Read.All"},
}

// needs is what a change needs: one of any, the least first, and all of also.
type needs struct{ any, also []string }

// conditionalAccess opens the writes of Conditional Access. That they need
// Policy.Read.All too is a known issue of Graph:
// https://learn.microsoft.com/graph/known-issues.
var conditionalAccess = needs{[]string{"Policy.ReadWrite.ConditionalAccess"}, []string{"Policy.Read.All"}}

// memberWrites doesn't list RoleManagement.ReadWrite.Directory, which only groups
// that can hold roles ask for: it would be granted for the sake of any group.
var memberWrites = needs{any: []string{"GroupMember.ReadWrite.All"}}

// phoneWrites opens the writes of phone methods.
var phoneWrites = needs{any: []string{"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}}

// changeTable lists, for each change, the application permissions that it
// needs, from the same source as permissionTable. Broader ones are left out.
var changeTable = map[string]needs{
	http.MethodPost + policiesPath: {[]string{"Policy.ReadWrite.ConditionalAccess"}, []string{"Policy.Read.All", "Application.Read.All"}},
	http.MethodPatch + policyPath:  conditionalAccess,
	http.MethodDelete + policyPath: conditionalAccess,

	http.MethodPost + locationsPath:  conditionalAccess,
	http.MethodDelete + locationPath: conditionalAccess,

	http.MethodPost + memberRefsPath:  memberWrites,
	http.MethodDelete + memberRefPath: memberWrites,

	http.MethodPatch + securityDefaultsPath: {[]string{"Policy.ReadWrite.SecurityDefaults", "Policy.ReadWrite.ConditionalAccess"}, []string{"Policy.Read.All"}},
	http.MethodPatch + requirementsPath:     {any: []string{"Policy.ReadWrite.AuthenticationMethod"}},

	http.MethodPost + phonesPath:     phoneWrites,
	http.MethodPatch + phonePath:     phoneWrites,
	http.MethodDelete + phonePath:    phoneWrites,
	http.MethodPatch + mobilePhoneOf: {any: []string{"User-Phone.ReadWrite.All"}},
	http.MethodPatch + passwordOf:    {any: []string{"User-PasswordProfile.ReadWrite.All"}},
	// For signed-in users alone.
	http.MethodPost + resetPath: {any: []string{"UserAuthMethod-Password.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}},
}

// permissions returns those of a call, nil for one that the tables don't have.
func (r request) permissions() (any, also []string) {
	if !r.changes {
		return slices.Clone(permissionTable[r.template]), nil
	}
	n := changeTable[r.method+r.template]
	return slices.Clone(n.any), slices.Clone(n.also)
}

// Permissions returns the application permissions that a check should be
// granted in the app registration. Without User.Read.All there is no account to
// report on; without another one the report may have to say that it can't tell,
// and does so more often without the required ones. Domain.Read.All decides for
// accounts that are synchronized. AuditLog.Read.All opens the sign-in log, and the
// report on registrations; PrivilegedEligibilitySchedule.Read.AzureADGroup tells who
// may join a group that holds a role. None of them can change a tenant.
//
// Policy.Read.ConditionalAccess does not stand in for Policy.Read.All: the list
// of policies refuses it.
func Permissions() (required, optional []string) {
	return []string{"Policy.Read.All", "User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"},
		[]string{"UserAuthenticationMethod.Read.All", "LicenseAssignment.Read.All", "Domain.Read.All", "Directory.Read.All", "AuditLog.Read.All", "PrivilegedEligibilitySchedule.Read.AzureADGroup"}
}

// WritePermissions returns the application permissions that Apply and Rollback
// need beside those of Permissions: Conditional Access policies and named
// locations, security defaults, per-user MFA, group members. A group that can hold
// roles asks for RoleManagement.ReadWrite.Directory too; grant it only where one is
// changed.
//
// They weigh as much as an administrator: who holds them can let any account in
// without MFA. Keep check and remediation in separate app registrations, and take
// the grant back when the change is made.
func WritePermissions() []string {
	return []string{
		"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All",
		"Policy.ReadWrite.SecurityDefaults", "Policy.ReadWrite.AuthenticationMethod", "GroupMember.ReadWrite.All",
	}
}

// EnrolmentPermissions returns the application permissions that an enrolment needs
// beside those of Permissions: phone methods, the mobile phone of the profile,
// passwords, the report on registrations, the policy on methods. A password wants a
// directory role too (SetPassword), and ResetPassword no application can do.
//
// They weigh as much as those of WritePermissions: who holds them can take over
// accounts.
func EnrolmentPermissions() []string {
	return []string{
		"UserAuthenticationMethod.Read.All", "AuditLog.Read.All", "Policy.Read.AuthenticationMethod",
		"UserAuthMethod-Phone.ReadWrite.All", "User-Phone.ReadWrite.All", "User-PasswordProfile.ReadWrite.All",
	}
}
