package graphfake

import (
	"fmt"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// fact is something that an export may or may not hold.
type fact string

const (
	factTenant        fact = "tenant"
	factPolicies      fact = "Conditional Access policies"
	factLocations     fact = "named locations"
	factStrengths     fact = "authentication strengths"
	factSKUs          fact = "licences"
	factDomains       fact = "domains"
	factGroups        fact = "direct groups"
	factAllGroups     fact = "groups, direct and nested,"
	factMembers       fact = "members"
	factRoles         fact = "directory roles"
	factOwnRoles      fact = "directory roles, without those through groups"
	factEligibilities fact = "eligible roles"
	factRequirements  fact = "per-user MFA state"
	factMethods       fact = "authentication methods"
	factMobile        fact = "mobile phone of the profile"
)

// How to give what is missing, as Load documents it.
const (
	policyFile       = "ConditionalAccess/*.json, one policy or a list a file"
	locationFile     = "NamedLocations/*.json, one location or a list a file"
	strengthFile     = `AuthenticationStrengths/*.json, or {"value":[]} in AuthenticationStrengths.json when no custom one exists`
	defaultsFile     = `SecurityDefaults/*.json: {"isEnabled":false}`
	userFile         = "Users/*.json, one user or a list a file"
	groupFile        = "Groups/*.json, one group or a list a file"
	membersFile      = `a member "members" of the group`
	groupsFile       = `a member "memberOf" of the user: a list of {"id":...} or {"displayName":...}, [] for none`
	allGroupsFile    = `a member "transitiveMemberOf" of the user: a list of {"id":...} or {"displayName":...} that names nested groups too, [] for none`
	rolesFile        = `a member "transitiveRoleAssignments" of the user: roles held directly and through groups, [] for none; or "roleAssignments", the direct ones, where "isAssignableToRole" of each of its groups says that it can't bring any; or RoleAssignments/*.json of the tenant`
	roleFile         = "RoleAssignments/*.json of the tenant"
	eligibilityFile  = `a member "roleEligibilityScheduleInstances" of the user, [] for none, or RoleEligibilityScheduleInstances/*.json of the tenant`
	requirementsFile = `a member "authentication" of the user: {"requirements":{"perUserMfaState":"disabled"}}`
	mobileFile       = `a member "mobilePhone" of the user, null for none`
	methodsFile      = `a member "authentication" of the user: {"methods":[...]}, as GET users/{id}/authentication/methods lists them`
	skuFile          = "SubscribedSkus/*.json, as GET subscribedSkus lists them"
	tenantFile       = "Organization/*.json, as GET organization lists it"
	domainFile       = "Domains/*.json, as GET domains lists them"
	migrationTable   = "MigrationTable.json"
)

// holdings says what an export holds. The nil holdings of a Tenant that was not
// loaded hold everything: what was not set there is not so.
type holdings struct {
	lists map[fact]bool        // whole lists of the tenant
	of    map[fact]table[bool] // facts about one user or group, by id
	roles table[[]policy.RoleAssignment]
	// around holds the ids of groups in which a user is said to be, directly or not.
	around table[[]string]
}

// has says whether the export holds a fact about a user or a group.
func (h *holdings) has(about fact, id string) bool {
	known := h.of[about]
	return known.at(id)
}

// whole says whether the export holds the whole list.
func (h *holdings) whole(list fact) bool { return h == nil || h.lists[list] }

// need returns an error that is entramfa.ErrNotRead unless the fact is given.
func (h *holdings) need(given bool, what, file string) error {
	if h == nil || given {
		return nil
	}
	return h.missing(what, file)
}

func (h *holdings) missing(what, file string) error {
	return fmt.Errorf("the export does not hold %s (give it as %s): %w", what, file, entramfa.ErrNotRead)
}

// needOf returns an error that is entramfa.ErrNotRead unless the export holds
// the fact about the user.
func (h *holdings) needOf(about fact, user mfa.User) error {
	switch {
	case h == nil || h.has(about, user.ID):
		return nil
	case about == factEligibilities && h.lists[factEligibilities]:
		return nil
	case about == factRoles && h.lists[factRoles]:
		// The tenant's list names groups too: which of them are the user's must be known.
		return h.needOf(factAllGroups, user)
	}
	return h.missing(fmt.Sprintf("the %s of %s", about, user.UserPrincipalName), userFacts[about])
}

// userFacts are the facts that an export gives with a user, and how.
var userFacts = map[fact]string{
	factGroups:        groupsFile,
	factAllGroups:     allGroupsFile,
	factRoles:         rolesFile,
	factEligibilities: eligibilityFile,
	factRequirements:  requirementsFile,
	factMethods:       methodsFile,
	factMobile:        mobileFile,
}

// noteAll remembers that everything about a user is known.
func (h *holdings) noteAll(id string) {
	for about := range userFacts {
		h.note(about, id)
	}
}

// note remembers that the export holds a fact about a user or a group.
func (h *holdings) note(about fact, id string) {
	if h == nil {
		return
	}
	known := h.of[about]
	known.put(id, true)
	h.of[about] = known
}

// groupsAround returns the ids of the groups that the export names as a user's, without the way to them.
func (h *holdings) groupsAround(userID string) []string {
	if h == nil {
		return nil
	}
	return h.around.at(userID)
}

// rolesOf returns the roles that were given with a user and are not among the known ones:
// those held through a group that the export doesn't hold.
func (h *holdings) rolesOf(userID string, known []policy.RoleAssignment) []policy.RoleAssignment {
	if h == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(h.roles.at(userID)), func(role policy.RoleAssignment) bool {
		return slices.ContainsFunc(known, func(other policy.RoleAssignment) bool { return other.ID == role.ID })
	})
}
