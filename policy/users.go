package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
)

// The user condition: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups.
//
//   - Whoever is included by user, group, role or kind of guest is in, unless an
//     exclusion of any of those takes him out: exclusion wins.
//   - All means every user of the directory, guests too. Groups count with their
//     nested members, whatever the kind of group. Roles count when they are
//     built in, active and assigned for the whole tenant.

// matchUsers says whether the user condition takes the account in.
func (j *judge) matchUsers(users *Users) match {
	included := anyOf(j.side(users.IncludeUsers, users.IncludeGroups, users.IncludeRoles, users.IncludeGuestsOrExternalUsers, false))
	if included.reason.Text == "" {
		included.reason = entramfa.Reason{Condition: "users", Text: "nobody is included"}
	}
	excluded := anyOf(j.side(users.ExcludeUsers, users.ExcludeGroups, users.ExcludeRoles, users.ExcludeGuestsOrExternalUsers, true))
	if excluded.truth == yes {
		excluded.truth = no
		return excluded
	}
	if names := unknownMembers(users.members); len(names) > 0 {
		return match{missing: []string{unknownCondition("users", names)}}
	}
	switch {
	case included.truth == no && !saysWhom(users):
		return match{missing: []string{"whom the policy includes: the answer did not say " + unsaid(users)}}
	case included.truth == no:
		if included.reason.Condition == "" || len(users.IncludeUsers) == 0 {
			included.reason = entramfa.Reason{Condition: "users", Text: "the account is not among the users, groups, roles and guests that are included"}
		}
		return included
	case excluded.truth == unknown:
		excluded.reason = included.reason
		excluded.missing = append(included.missing, excluded.missing...)
		return excluded
	}
	included.caveats = append(included.caveats, excluded.caveats...)
	return included
}

// saysWhom says whether the condition names all its inclusions, be they empty: a
// policy whose only group was deleted includes nobody, a policy of which a part
// was read may include anybody. None stands alone.
func saysWhom(u *Users) bool {
	if containsFold(u.IncludeUsers, "None") {
		return true
	}
	if !u.members.Decoded() {
		return len(u.IncludeUsers)+len(u.IncludeGroups)+len(u.IncludeRoles) > 0 || u.IncludeGuestsOrExternalUsers != nil
	}
	return u.IncludeUsers != nil && u.IncludeGroups != nil && u.IncludeRoles != nil
}

// unsaid names the lists of inclusions that an answer lacks.
func unsaid(u *Users) string {
	var lists []string
	for _, list := range []struct {
		name    string
		missing bool
	}{{"includeUsers", u.IncludeUsers == nil}, {"includeGroups", u.IncludeGroups == nil}, {"includeRoles", u.IncludeRoles == nil}} {
		if list.missing {
			lists = append(lists, list.name)
		}
	}
	return strings.Join(lists, ", ")
}

// side matches one side, the included or the excluded.
func (j *judge) side(users, groups, roles []string, guests *GuestsOrExternalUsers, excluding bool) []match {
	var matches []match
	for _, user := range users {
		matches = append(matches, j.matchUser(user, verb(excluding)))
	}
	matches = append(matches, j.matchGroups(groups, verb(excluding))...)
	matches = append(matches, j.matchRoles(roles, excluding)...)
	if guests != nil {
		matches = append(matches, j.matchGuests(guests, verb(excluding)))
	}
	return matches
}

func verb(excluding bool) string {
	if excluding {
		return "excluded"
	}
	return "included"
}

// matchUser matches an entry of includeUsers or excludeUsers.
func (j *judge) matchUser(entry, verb string) match {
	switch {
	case strings.EqualFold(entry, "All"):
		return match{truth: yes, reason: reasonf("users", "all users are %s", verb)}
	case strings.EqualFold(entry, "None"):
		return match{truth: no, reason: reasonf("users", "no user is %s", verb)}
	case strings.EqualFold(entry, "GuestsOrExternalUsers"):
		return j.matchKinds(allKinds, nil, verb)
	case strings.EqualFold(entry, "AllAgentIdUsers") && j.subject.AgentUser:
		return match{truth: yes, reason: reasonf("users", "agent users are %s, and the account is one", verb)}
	case strings.EqualFold(entry, "AllAgentIdUsers"):
		return match{truth: no, reason: reasonf("users", "agent users are %s, and the account is none", verb)}
	case entry != "" && strings.EqualFold(entry, j.subject.ID):
		return match{truth: yes, reason: reasonf("users", "the account itself is %s", verb)}
	case !guid.Is(entry):
		return match{missing: []string{fmt.Sprintf("what %q means among the users that are %s", entry, verb)}}
	}
	if !guid.Is(j.subject.ID) {
		return match{missing: []string{fmt.Sprintf("whether the account is the user %s, which is %s: its object id is %q, which is none", entry, verb, j.subject.ID)}}
	}
	return match{truth: no, reason: reasonf("users", "the account is not among the users that are %s", verb), caveats: j.deleted("user", entry)}
}

// matchGroups matches includeGroups or excludeGroups.
func (j *judge) matchGroups(ids []string, verb string) []match {
	groups, known := j.subject.Groups.Get()
	if !known && len(ids) > 0 {
		return []match{{missing: []string{fmt.Sprintf("whether the account is in a group that is %s (%s): %v", verb, each(ids, j.name), j.subject.Groups.Err())}}}
	}
	var matches []match
	for _, id := range ids {
		if !guid.Is(id) {
			matches = append(matches, match{missing: []string{fmt.Sprintf("which group %q is, which is %s: it is no object id", id, verb)}})
			continue
		}
		matches = append(matches, j.matchGroup(groups, id, verb))
	}
	return matches
}

func (j *judge) matchGroup(groups []Membership, id, verb string) match {
	i := slices.IndexFunc(groups, func(m Membership) bool { return strings.EqualFold(m.Group.ID, id) })
	if odd := slices.IndexFunc(groups, func(m Membership) bool { return !guid.Is(m.Group.ID) }); i < 0 && odd >= 0 {
		return match{missing: []string{fmt.Sprintf("whether the group %q of the account is %s, which is %s: it is no object id", groups[odd].Group.ID, j.name(id), verb)}}
	}
	if i < 0 {
		return match{truth: no, reason: reasonf("groups", "the account is in none of the groups that are %s", verb), caveats: j.deleted("group", id)}
	}
	reason := reasonf("groups", "group %s is %s", groupName(groups[i].Group), verb)
	reason.Path = groups[i].Path
	return match{truth: yes, reason: reason}
}

// each names the first few of a list.
func each(ids []string, name func(string) string) string {
	const few = 5
	var texts []string
	for _, id := range ids[:min(len(ids), few)] {
		texts = append(texts, name(id))
	}
	if more := len(ids) - few; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}

// matchRoles matches includeRoles or excludeRoles.
func (j *judge) matchRoles(ids []string, excluding bool) []match {
	roles, known := j.subject.Roles.Get()
	if !known && len(ids) > 0 {
		return []match{{missing: []string{fmt.Sprintf("whether the account holds a role that is %s (%s): %v", verb(excluding), each(ids, roleName), j.subject.Roles.Err())}}}
	}
	var matches []match
	for _, id := range ids {
		if !guid.Is(id) {
			matches = append(matches, match{missing: []string{fmt.Sprintf("which role %q is, which is %s: it is no template id", id, verb(excluding))}})
			continue
		}
		matches = append(matches, j.matchRole(roles, id, excluding))
	}
	return matches
}

func (j *judge) matchRole(roles []RoleAssignment, id string, excluding bool) match {
	result := match{truth: no, reason: reasonf("roles", "the account holds none of the roles that are %s", verb(excluding))}
	for _, role := range roles {
		m := j.matchAssignment(role, id, excluding)
		if m.truth == no && m.reason.Text != "" {
			result.caveats = append(result.caveats, m.reason.Text)
		}
		if weight(m.truth) > weight(result.truth) {
			result = m
		}
	}
	if result.truth == no {
		result.caveats = append(result.caveats, j.eligible(id, excluding)...)
	}
	return result
}

// matchAssignment says whether an active assignment counts for the role id of a
// policy; a match without a reason means another role.
func (j *judge) matchAssignment(role RoleAssignment, id string, excluding bool) match {
	switch {
	case !guid.Is(role.TemplateID()):
		return match{missing: []string{fmt.Sprintf("whether the role %q of the account is %s, which is %s: it is no template id", role.TemplateID(), roleName(id), verb(excluding))}}
	case !role.of(id):
		return match{truth: no}
	}
	name := role.name()
	switch {
	case role.RoleDefinition != nil && role.RoleDefinition.IsBuiltIn != nil && !*role.RoleDefinition.IsBuiltIn:
		return match{truth: no, reason: reasonf("roles", "the role %s is a custom one, which doesn't count", name)}
	case role.DirectoryScopeID == nil || strings.TrimSpace(*role.DirectoryScopeID) == "":
		return match{missing: []string{fmt.Sprintf("for what scope the account holds the role %s", name)}}
	case !role.TenantWide():
		return match{truth: no, reason: reasonf("roles", "the role %s is held for %s alone, which doesn't count", name, *role.DirectoryScopeID)}
	}
	reason := reasonf("roles", "the role %s, which the account holds, is %s", name, verb(excluding))
	if strings.EqualFold(role.PrincipalID, j.subject.ID) {
		return match{truth: yes, reason: reason}
	}
	return j.matchRoleThroughGroup(role, reason, excluding)
}

// matchRoleThroughGroup is for a role that a group of the account holds. No
// public page says that it counts; all of them expect it to. So it includes the
// account, and doesn't prove an exclusion: a wrong exclusion would be a wrong Clear.
func (j *judge) matchRoleThroughGroup(role RoleAssignment, reason entramfa.Reason, excluding bool) match {
	reason.Path = append(j.groupPath(role.PrincipalID), role.name())
	reason.Text = strings.Replace(reason.Text, "holds", "holds through a group", 1)
	if excluding {
		return match{reason: reason, missing: []string{fmt.Sprintf("whether the role %s, held through the group %s, excludes the account: no public document says it", role.name(), j.name(role.PrincipalID))}}
	}
	return match{truth: yes, reason: reason, caveats: []string{"that a role held through a group counts is expected, and not documented"}}
}

// eligible tells what will count once the account activates a role.
func (j *judge) eligible(id string, excluding bool) []string {
	roles, known := j.subject.EligibleRoles.Get()
	if !known {
		return []string{fmt.Sprintf("which roles the account may activate is not known: %v", j.subject.EligibleRoles.Err())}
	}
	for _, role := range roles {
		if role.of(id) && (role.TenantWide() || role.DirectoryScopeID == nil) {
			return []string{fmt.Sprintf("the account is eligible for the role %s: once it is activated the account is %s by it", role.name(), verb(excluding))}
		}
	}
	return nil
}

var allKinds = []string{InternalGuest, B2BCollaborationGuest, B2BCollaborationMember, B2BDirectConnectUser, OtherExternalUser, ServiceProvider}

// matchGuests matches includeGuestsOrExternalUsers or excludeGuestsOrExternalUsers.
func (j *judge) matchGuests(guests *GuestsOrExternalUsers, verb string) match {
	if len(guests.GuestOrExternalUserTypes.Values()) == 0 {
		return match{missing: []string{fmt.Sprintf("which guests and external users are %s: the answer did not say", verb)}}
	}
	names := unknownMembers(guests.members)
	if guests.ExternalTenants != nil {
		names = append(names, unknownMembers(guests.ExternalTenants.members)...)
	}
	if len(names) > 0 {
		return match{missing: []string{unknownCondition("users", names)}}
	}
	return j.matchKinds(guests.GuestOrExternalUserTypes.Values(), guests.ExternalTenants, verb)
}

// matchKinds says whether the account is one of the kinds of guest, of one of
// the tenants. A kind that this version doesn't know may be any that isn't named.
func (j *judge) matchKinds(kinds []string, tenants *ExternalTenants, verb string) match {
	foreign := axis(allKinds).foreign(kinds, "none")
	m := j.matchKnownKinds(axis(foreign).foreign(kinds), tenants, verb)
	text := fmt.Sprintf("what kind of guest %s is, which is %s", names(foreign), verb)
	switch {
	case len(foreign) == 0:
	case m.truth == yes:
		m.caveats = append(m.caveats, fmt.Sprintf("it isn't known %s: other kinds decide", text))
	default:
		m = match{missing: append([]string{text}, m.missing...)}
	}
	return m
}

// matchKnownKinds is matchKinds by the kinds that this version knows.
func (j *judge) matchKnownKinds(kinds []string, tenants *ExternalTenants, verb string) match {
	possible, known := j.subject.Kinds.Get()
	if !known {
		return match{missing: []string{fmt.Sprintf("whether the account is a guest or external user, who are %s: %v", verb, j.subject.Kinds.Err())}}
	}
	var matches []truth
	for _, kind := range possible {
		matches = append(matches, j.matchKind(kind, kinds, tenants))
	}
	switch {
	case len(matches) == 0 || !slices.ContainsFunc(matches, func(t truth) bool { return t != no }):
		return match{truth: no, reason: reasonf("users", "the account is none of the guests and external users that are %s", verb)}
	case !slices.ContainsFunc(matches, func(t truth) bool { return t != yes }):
		return match{truth: yes, reason: reasonf("users", "guests or external users are %s, and the account is a %s", verb, strings.Join(possible, " or "))}
	}
	return match{missing: []string{fmt.Sprintf("whether the account, a %s, is one of the guests and external users that are %s", strings.Join(possible, " or "), verb)}}
}

func (j *judge) matchKind(kind string, kinds []string, tenants *ExternalTenants) truth {
	switch {
	case !containsFold(kinds, kind):
		return no
	case tenants == nil || strings.EqualFold(tenants.MembershipKind, "all"):
		return yes
	case !strings.EqualFold(tenants.MembershipKind, "enumerated") || j.subject.HomeTenantID == "" || kind == InternalGuest:
		return unknown // no document says whether listed tenants concern guests of the tenant's own
	case containsFold(tenants.Members, j.subject.HomeTenantID):
		return yes
	}
	return no
}
