package msgraph

// permissionTable lists, for each call, the application permissions of which
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
	groupAccountsPath:     {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
	methodsPath:           {"UserAuthenticationMethod.Read.All"},
	requirementsPath:      {"Policy.Read.All"},
	policiesPath:          {"Policy.Read.All"},
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
	objectsPath:           {"Directory.Read.All"},
}

// permissions returns those of a call, nil for one that the table doesn't have.
func (r request) permissions() []string { return append([]string(nil), permissionTable[r.template]...) }

// Permissions returns the application permissions that a check should be
// granted in the app registration. Without User.Read.All there is no account to
// report on; without another one the report may have to say that it can't tell,
// and does so more often without the required ones. Domain.Read.All decides for
// accounts that are synchronized. None of them can change a tenant.
//
// Policy.Read.ConditionalAccess does not stand in for Policy.Read.All: the list
// of policies refuses it.
func Permissions() (required, optional []string) {
	return []string{"Policy.Read.All", "User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"},
		[]string{"UserAuthenticationMethod.Read.All", "LicenseAssignment.Read.All", "Domain.Read.All", "Directory.Read.All"}
}
