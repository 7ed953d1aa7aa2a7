package graphfake

import "slices"

// Application permissions a route, any one of which is enough, the least first.
// Source: https://github.com/microsoftgraph/microsoft-graph-devx-content,
// permissions/new/permissions.json of 2026-08-07, the table behind the reference.
// User.ReadBasic.All is left out: it opens users, but not the members that a
// check looks at. The table lists GroupMember.ReadBasic.All for memberOf and not
// GroupMember.Read.All, which allows more; here both open it.
//
// Policy.Read.ConditionalAccess alone does not open policies and named
// locations: https://learn.microsoft.com/graph/known-issues.
var (
	readPolicies     = []string{"Policy.Read.All"}
	evaluatePolicies = []string{"Policy.Read.ConditionalAccess", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"}
	readStrengths    = []string{"Policy.Read.AuthenticationMethod", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess"}
	readDefaults     = []string{"Policy.Read.All"}
	readRequirements = []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}
	readMethods      = []string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
	readUsers        = []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readMemberOf     = []string{"Directory.Read.All", "Directory.ReadWrite.All", "Group.ReadBasic.All", "GroupMember.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All"}
	readTransitive   = []string{"User.Read.All", "Directory.Read.All", "Directory.ReadWrite.All", "Group.Read.All", "Group.ReadBasic.All", "GroupMember.Read.All", "GroupMember.ReadBasic.All"}
	readGroups       = []string{"GroupMember.Read.All", "GroupMember.ReadBasic.All", "Group.ReadBasic.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readLicenses     = []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readOrganization = []string{"Organization.Read.All", "Organization.ReadWrite.All", "User.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readDomains      = []string{"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All"}
	readRoles        = []string{"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All"}
	readEligible     = []string{"RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory"}
	readActive       = []string{"RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.ReadWrite.Directory", "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory"}
	readJoiners      = []string{"PrivilegedEligibilitySchedule.Read.AzureADGroup", "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"}
	readObjects      = []string{"Directory.Read.All"}
	readSignIns      = []string{"AuditLog.Read.All"}

	// A change of Conditional Access wants the right to read it too:
	// https://learn.microsoft.com/graph/known-issues.
	writePolicies     = []string{"Policy.ReadWrite.ConditionalAccess"}
	writeDefaults     = []string{"Policy.ReadWrite.SecurityDefaults", "Policy.ReadWrite.ConditionalAccess"}
	writeRequirements = []string{"Policy.ReadWrite.AuthenticationMethod"}
	writeMembers      = []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	writeRoleGroups   = []string{"RoleManagement.ReadWrite.Directory"}
	readPhones        = []string{"UserAuthMethod-Phone.Read.All", "UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
	writePhones       = []string{"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	writeContacts     = []string{"User-Phone.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}
	writePasswords    = []string{"User-PasswordProfile.ReadWrite.All", "Directory.AccessAsUser.All"}
	writeAnyUser      = []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	writeUsers        = slices.Concat(writeContacts, writePasswords, []string{"User.EnableDisableAccount.All", "User.ManageIdentities.All", "User-Mail.ReadWrite.All"})
	resetPasswords    = []string{"UserAuthMethod-Password.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	readResets        = append(slices.Clip(readMethods), resetPasswords[0])
	readRegistrations = []string{"AuditLog.Read.All"}
	readMethodsPolicy = []string{"Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", "Policy.Read.All"}

	deleteUsers     = []string{"User.DeleteRestore.All", "User.ReadWrite.All"}
	readOwned       = []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	createGroups    = []string{"Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	writeGroups     = []string{"Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readMembership  = []string{"GroupMember.Read.All", "GroupMember.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Group.ReadBasic.All", "Group.Read.All", "Group.ReadWrite.All", "Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readBinnedUsers = []string{"User.Read.All", "User.ReadWrite.All", "User.DeleteRestore.All", "Directory.Read.All", "Directory.ReadWrite.All"}

	// What an object of any type wants, by its type.
	readsOfKind    = map[string][]string{userType: readBinnedUsers, groupType: readGroups, applicationType: readAppObjects, principalType: readAppObjects}
	deletesOfKind  = map[string][]string{userType: deleteUsers, groupType: writeGroups, applicationType: writeAppObjects, principalType: writeAppObjects}
	restoresOfKind = map[string][]string{userType: deleteUsers, groupType: writeGroups, applicationType: writeAppObjects, principalType: writeAppObjects}
	readAnyObject  = slices.Concat(readBinnedUsers, readGroups, readAppObjects)
	deleteObjects  = slices.Concat(deleteUsers, writeGroups, writeAppObjects)
	readBin        = readAnyObject
	writeBin       = deleteObjects

	// Source: https://learn.microsoft.com/graph/api/resources/application and
	// https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments.
	readAppObjects  = []string{"Application.Read.All", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeAppObjects = []string{"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All"}
	writeAnyApp     = []string{"Application.ReadWrite.All", "Directory.ReadWrite.All"}
	writeAppRoles   = []string{"AppRoleAssignment.ReadWrite.All"}

	// readApplications is wanted of who writes the application condition of a policy.
	readApplications = []string{"Application.Read.All", "Application.ReadWrite.All"}
)

// permissionsOf returns the permissions of which a call needs one, nil where Graph has no such route.
func permissionsOf(op operation) []string {
	match, err := find(op.version, splitPath(op.path))
	if err != nil {
		return nil
	}
	if r := match.of(op.method); r != nil {
		return slices.Clone(r.permissions)
	}
	return nil
}

// opens says whether the app roles of a token open the route.
func (r *route) opens(roles []string) bool {
	return granted(roles, r.permissions) &&
		!slices.ContainsFunc(r.also, func(wanted []string) bool { return !granted(roles, wanted) })
}

// granted says whether one of the app roles is among the wanted ones.
func granted(roles, wanted []string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(wanted, role) })
}
