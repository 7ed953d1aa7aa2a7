package graphfake

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// joinGroup makes a user or a group a direct member.
func (t *Tenant) joinGroup(d *directory, groupID, memberID string) error {
	group, err := d.changeableGroup(groupID)
	if err != nil {
		return err
	}
	member, err := d.newMember(group, memberID)
	if err == nil {
		err = d.mayNest(group, member)
	}
	if err == nil {
		t.writeMember(d, group.ID, member)
	}
	return err
}

// mayNest refuses what a kind of group can't hold: Microsoft 365 groups hold accounts
// alone, and no group is put into one that can hold roles. The words are not published.
// Source: https://learn.microsoft.com/graph/api/resources/groups-overview and
// https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept.
func (d *directory) mayNest(group policy.Group, member string) error {
	kind := d.kindOf(member)
	unified := containsFold(group.GroupTypes, "Unified") && kind != userType
	roles := group.IsAssignableToRole != nil && *group.IsAssignableToRole && kind == groupType
	if unified || roles {
		return badRequest("The %s '%s' can't be a member of the group '%s'.", strings.TrimPrefix(kind, "#microsoft.graph."), member, group.ID)
	}
	return nil
}

// newMember returns the id of who can become a member of a group.
func (d *directory) newMember(group policy.Group, memberID string) (string, error) {
	member, err := d.memberID(memberID)
	if err != nil {
		return "", err
	}
	if d.members.at(group.ID).has(member) {
		return "", badRequest("One or more added object references already exist for the following modified properties: 'members'.")
	}
	return member, nil
}

// memberID returns the id of who can be in a group or own it: an account, a group, a
// service principal.
func (d *directory) memberID(id string) (string, error) {
	if principal, ok := d.principals.get(id); ok {
		return principal.id, nil
	}
	return d.principal(id)
}

// leaveGroup takes a direct member out.
func (t *Tenant) leaveGroup(d *directory, groupID, memberID string) error {
	group, err := d.changeableGroup(groupID)
	if err != nil {
		return err
	}
	if !d.members.at(group.ID).has(memberID) {
		return notFound(memberID)
	}
	t.eraseMember(d, group.ID, memberID)
	return nil
}

// changeableGroup returns a group whose members can be written: their list is
// known, and neither a rule nor another directory fills it, nor Exchange.
// Source: https://learn.microsoft.com/graph/api/group-post-members.
func (d *directory) changeableGroup(id string) (policy.Group, error) {
	group, err := d.group(id)
	if err != nil {
		return group, err
	}
	if err := d.membersHeld(group); err != nil {
		return group, err
	}
	row := objectOf(group)
	var synchronized bool
	_ = json.Unmarshal(row.get("onPremisesSyncEnabled"), &synchronized) // null is no
	switch {
	case containsFold(group.GroupTypes, "DynamicMembership"):
		return group, badRequest("Insufficient privileges to complete the operation: the members of the group are made by its membership rule.")
	case synchronized:
		return group, badRequest("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	case group.MailEnabled != nil && *group.MailEnabled && !containsFold(group.GroupTypes, "Unified"):
		return group, badRequest("Cannot Update a mail-enabled security groups and or distribution list.")
	}
	return group, nil
}

// readReference reads {"@odata.id": ".../directoryObjects/{id}"}. Which host stands
// in it is not looked at: clients write Graph's own whatever they talk to.
func readReference(body []byte) (string, *entramfa.GraphError) {
	parsed, refusal := readBodyObject(body)
	if refusal != nil {
		return "", refusal
	}
	reference := parsed.text("@odata.id")
	more := slices.ContainsFunc(parsed, func(m member) bool { return !isAnnotation(m.name) })
	if more || reference == "" {
		return "", badRequest("A single value for '@odata.id' is wanted.")
	}
	return referencedID(reference)
}

// referencedID reads the address of an object.
func referencedID(reference string) (string, *entramfa.GraphError) {
	address, err := url.Parse(reference)
	if err == nil && (address.Scheme == "https" || address.Scheme == "http") && address.Host != "" {
		segments := splitPath(address.EscapedPath())
		if n := len(segments); n == 3 && (strings.EqualFold(segments[0], v1) || strings.EqualFold(segments[0], beta)) &&
			slices.Contains([]string{"directoryobjects", "users", "groups", "serviceprincipals"}, fold(segments[1])) && segments[2] != "" {
			return segments[2], nil
		}
	}
	return "", badRequest("Invalid URL format specified in @odata.id for the reference: '%s'.", reference)
}

// mostBound is how many objects one write binds.
// Source: https://learn.microsoft.com/graph/api/group-update.
const mostBound = 20

// readBound reads the addresses of members@odata.bind or its like.
func readBound(body object, name string) ([]string, error) {
	value := body.get(name)
	if value == nil {
		return nil, nil
	}
	var references []string
	if json.Unmarshal(value, &references) != nil {
		return nil, badRequest("Invalid value specified for property '%s' of resource 'Group'.", name)
	}
	if len(references) > mostBound {
		return nil, badRequest("The number of references in '%s' exceeds the maximum of %d.", name, mostBound) // the words are not published
	}
	ids := make([]string, len(references))
	for i, reference := range references {
		id, refusal := referencedID(reference)
		if refusal != nil {
			return nil, refusal
		}
		ids[i] = id
	}
	return ids, nil
}

// changeRequirements sets the per-user MFA state of an account.
func (t *Tenant) changeRequirements(d *directory, user string, state mfa.PerUserState) error {
	found, err := d.user(user)
	if err != nil {
		return err
	}
	if !slices.Contains([]mfa.PerUserState{mfa.PerUserDisabled, mfa.PerUserEnabled, mfa.PerUserEnforced}, state) {
		return graphError(http.StatusBadRequest, "badRequest", "Invalid value '%s' specified for property 'perUserMfaState'.", state)
	}
	if err := d.held.needOf(factRequirements, found); err != nil {
		return err
	}
	t.writeState(d, found.ID, state)
	return nil
}

// readPerUserState reads {"perUserMfaState": "disabled"}.
func readPerUserState(body []byte) (mfa.PerUserState, *entramfa.GraphError) {
	parsed, refusal := readBodyObject(body)
	if refusal != nil {
		return "", refusal
	}
	for _, m := range parsed {
		if m.name != "perUserMfaState" && !isAnnotation(m.name) {
			return "", graphError(http.StatusBadRequest, "badRequest", "The property '%s' does not exist on type 'microsoft.graph.strongAuthenticationRequirements'.", m.name)
		}
	}
	return mfa.PerUserState(parsed.text("perUserMfaState")), nil
}
