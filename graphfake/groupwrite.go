package graphfake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// Creating, changing and deleting groups.
// Source: https://learn.microsoft.com/graph/api/group-post-groups,
// https://learn.microsoft.com/graph/api/group-update and
// https://learn.microsoft.com/graph/api/resources/group.

const (
	membersBind = "members@odata.bind"
	ownersBind  = "owners@odata.bind"
)

// patchableGroup is what a PATCH may set, groupSchema what a POST may set beside.
var (
	patchableGroup = []settable{
		{"displayName", filledValue, 256}, {"mailNickname", filledValue, 64}, {"description", textValue, 1024},
		{"mailEnabled", flagValue, 0}, {"securityEnabled", flagValue, 0}, {"visibility", textValue, 0},
		{"classification", textValue, 0}, {"membershipRule", textValue, 3072}, {"membershipRuleProcessingState", textValue, 0},
		{"preferredDataLocation", textValue, 0}, {"preferredLanguage", textValue, 0}, {"theme", textValue, 0}, {"groupTypes", textsValue, 0},
	}
	groupPatchSchema = schema{"Group", groupShape, patchableGroup}
	groupSchema      = schema{"Group", groupShape, append(slices.Clip(patchableGroup), settables(flagValue, "isAssignableToRole")...)}
)

var groupPlace = place[policy.Group]{"groups", func(d *directory) *table[policy.Group] { return &d.groups }}

// groupBody is what a write says of a group.
type groupBody struct {
	members        object
	joined, owners []string // ids of objects that exist
}

// readGroup reads and judges the body of a write.
func (d *directory) readGroup(s schema, body []byte) (groupBody, error) {
	parsed, wrong := readBodyObject(body)
	if wrong != nil {
		return groupBody{}, wrong
	}
	if err := s.check(parsed, membersBind, ownersBind); err != nil {
		return groupBody{}, err
	}
	read := groupBody{members: parsed.without(membersBind, ownersBind, "@odata.type")}
	var err error
	if read.joined, err = d.readObjects(parsed, membersBind); err == nil {
		read.owners, err = d.readObjects(parsed, ownersBind)
	}
	return read, err
}

// readObjects reads addresses of objects that must exist.
func (d *directory) readObjects(body object, name string) ([]string, error) {
	ids, err := readBound(body, name)
	for i := 0; i < len(ids) && err == nil; i++ {
		ids[i], err = d.memberID(ids[i])
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// createGroup creates a group of the directory. Who creates it with a token of an
// account owns it where no owner is named.
func (t *Tenant) createGroup(d *directory, c *call) (policy.Group, error) {
	body, err := d.readGroup(groupSchema, c.body)
	if err == nil {
		err = groupSchema.need(body.members, "displayName", "mailEnabled", "mailNickname", "securityEnabled")
	}
	if err == nil {
		err = d.checkNewGroup(c, body)
	}
	if err != nil {
		return policy.Group{}, err
	}
	group, _ := decodeObject[policy.Group](d.newGroupRow(t, body.members)) // each member was judged
	if err := d.checkBound(group, body); err != nil {
		return policy.Group{}, err
	}
	groupPlace.put(t, d, group.ID, group)
	d.held.note(factMembers, group.ID)
	for _, id := range body.joined {
		t.writeMember(d, group.ID, id)
	}
	if user, known := d.users.get(c.who.ID); known && len(body.owners) == 0 {
		body.owners = []string{user.ID}
	}
	for _, id := range body.owners {
		t.writeOwner(d, group.ID, id)
	}
	return group, nil
}

// newGroupRow adds to a new group what the service makes.
func (d *directory) newGroupRow(t *Tenant, members object) object {
	id, at := t.newID(), second(t.now())
	row := object{{"id", raw(id)}, {"createdDateTime", raw(at)}, {"renewedDateTime", raw(at)}, {"securityIdentifier", raw(securityIdentifier(id))}}
	row = merged(row, members)
	if !row.given("groupTypes") {
		row = row.with("groupTypes", raw([]string{}))
	}
	if string(row.get("isAssignableToRole")) == "true" {
		row = row.with("visibility", raw("Private"))
	}
	if isUnified(row) {
		address := row.text("mailNickname") + "@" + d.defaultDomain()
		row = row.with("mail", raw(address)).with("proxyAddresses", raw([]string{"SMTP:" + address}))
		if !row.given("visibility") {
			row = row.with("visibility", raw("Public"))
		}
	}
	return row
}

func isUnified(row object) bool { return hasGroupType(row, "Unified") }

func hasGroupType(row object, kind string) bool {
	group, err := decodeObject[policy.Group](row)
	return err == nil && containsFold(group.GroupTypes, kind)
}

// checkNewGroup judges a new group as a whole.
func (d *directory) checkNewGroup(c *call, body groupBody) error {
	row := body.members
	if err := d.checkGroup(row, ""); err != nil {
		return err
	}
	if string(row.get("isAssignableToRole")) != "true" {
		return nil
	}
	switch {
	case !granted(c.roles, writeRoleGroups):
		return denied403()
	case string(row.get("securityEnabled")) != "true", hasGroupType(row, "DynamicMembership"), row.given("visibility") && row.text("visibility") != "Private":
		return groupSchema.invalid("isAssignableToRole")
	}
	return nil
}

func denied403() error {
	return graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

// checkGroup judges the members of a group together; id is "" for a new one.
func (d *directory) checkGroup(row object, id string) error {
	group, err := decodeObject[policy.Group](row)
	if err != nil {
		return groupSchema.invalid("groupTypes")
	}
	if name := wrongInGroup(row, group); name != "" {
		return groupSchema.invalid(name)
	}
	mail, security := string(row.get("mailEnabled")) == "true", string(row.get("securityEnabled")) == "true"
	unified := isUnified(row)
	if unified && !mail {
		return groupSchema.invalid("mailEnabled")
	}
	if !unified && (mail || !security) {
		return badRequest("The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set.")
	}
	if unified && d.nicknameTaken(row.text("mailNickname"), id) {
		return alreadyTaken("mailNickname")
	}
	return nil
}

// wrongInGroup names a member whose value can't be; "" where all can.
func wrongInGroup(row object, group policy.Group) string {
	known := func(kind string) bool { return kind == "Unified" || kind == "DynamicMembership" }
	dynamic := containsFold(group.GroupTypes, "DynamicMembership")
	among := func(name string, values ...string) bool {
		return !row.given(name) || slices.Contains(values, row.text(name))
	}
	switch {
	case slices.ContainsFunc(group.GroupTypes, func(kind string) bool { return !known(kind) }):
		return "groupTypes"
	case !isNickname(row.text("mailNickname")):
		return "mailNickname"
	case dynamic && strings.TrimSpace(row.text("membershipRule")) == "", !dynamic && row.given("membershipRule"):
		return "membershipRule"
	case !among("membershipRuleProcessingState", "On", "Paused"), !dynamic && row.given("membershipRuleProcessingState"):
		return "membershipRuleProcessingState"
	case !among("visibility", "Private", "Public", "HiddenMembership"),
		row.text("visibility") == "HiddenMembership" && !containsFold(group.GroupTypes, "Unified"):
		return "visibility"
	case !among("theme", "Teal", "Purple", "Green", "Blue", "Pink", "Orange", "Red"):
		return "theme"
	}
	return ""
}

// nicknameTaken: the nickname of a Microsoft 365 group is unique among them.
func (d *directory) nicknameTaken(nickname, id string) bool {
	for key, group := range d.groups.each() {
		if key != fold(id) && containsFold(group.GroupTypes, "Unified") && sameText(objectOf(group).text("mailNickname"), nickname) {
			return true
		}
	}
	return false
}

// checkBound judges who shall be in a group or own it.
func (d *directory) checkBound(group policy.Group, body groupBody) error {
	if len(body.joined) > 0 && containsFold(group.GroupTypes, "DynamicMembership") {
		return badRequest("Insufficient privileges to complete the operation: the members of the group are made by its membership rule.")
	}
	for _, id := range body.joined {
		if err := d.mayNest(group, id); err != nil {
			return err
		}
	}
	for _, id := range body.owners {
		if err := d.mayOwn(id); err != nil {
			return err
		}
	}
	return nil
}

// updateGroup changes members of a group, and adds to who is in it.
func (t *Tenant) updateGroup(d *directory, c *call) error {
	group, err := d.group(c.vars[0])
	if err != nil {
		return err
	}
	body, err := d.readGroup(groupPatchSchema, c.body)
	if err != nil {
		return err
	}
	if len(body.owners) > 0 {
		return badRequest("Property '%s' is read-only and cannot be set.", ownersBind)
	}
	if err := d.mayUpdate(c, group, body); err != nil {
		return err
	}
	row := merged(objectOf(group), body.members)
	if err := d.checkChange(group, body, row); err != nil {
		return err
	}
	if len(body.members) > 0 {
		changed, _ := decodeObject[policy.Group](row) // checkChange decoded it
		groupPlace.put(t, d, group.ID, changed)
	}
	for _, id := range body.joined {
		t.writeMember(d, group.ID, id)
	}
	return nil
}

// mayUpdate refuses a change to who may write the members of a group alone, and one
// of a group that can hold roles to who may not give roles.
func (d *directory) mayUpdate(c *call, group policy.Group, body groupBody) error {
	if len(body.members) > 0 && !granted(c.roles, writeGroups) {
		return denied403()
	}
	return d.mayFill(c, group.ID)
}

// checkChange judges a change: what comes from elsewhere can't be changed here.
func (d *directory) checkChange(group policy.Group, body groupBody, row object) error {
	if group.OnPremisesSyncEnabled != nil && *group.OnPremisesSyncEnabled {
		return badRequest("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	}
	if mailGroup(group) {
		return badRequest("Cannot Update a mail-enabled security groups and or distribution list.")
	}
	if len(body.members) > 0 {
		if err := d.checkPatched(group, row); err != nil {
			return err
		}
	}
	if len(body.joined) == 0 {
		return nil
	}
	if _, err := d.changeableGroup(group.ID); err != nil {
		return err
	}
	for _, id := range body.joined {
		if _, err := d.newMember(group, id); err != nil {
			return err
		}
	}
	changed, err := decodeObject[policy.Group](row)
	if err != nil {
		return groupSchema.invalid("groupTypes")
	}
	return d.checkBound(changed, body)
}

// checkPatched: what kind of group it is stays, but who makes its members may change.
func (d *directory) checkPatched(group policy.Group, row object) error {
	if isUnified(row) != containsFold(group.GroupTypes, "Unified") {
		return groupSchema.invalid("groupTypes")
	}
	if group.IsAssignableToRole != nil && *group.IsAssignableToRole && hasGroupType(row, "DynamicMembership") {
		return groupSchema.invalid("groupTypes")
	}
	old := objectOf(group)
	if string(old.get("mailEnabled")) == "" || old.text("mailNickname") == "" {
		// A group that was arranged without what each group has is judged by what it is given.
		row = merged(object{{"mailEnabled", raw(containsFold(group.GroupTypes, "Unified"))}, {"securityEnabled", raw(true)}, {"mailNickname", raw("g")}}, withoutNulls(row))
	}
	return d.checkGroup(row, group.ID)
}

func withoutNulls(row object) object {
	return slices.DeleteFunc(slices.Clone(row), func(m member) bool { return string(m.value) == "null" })
}

// mailGroup is one that Exchange keeps.
func mailGroup(group policy.Group) bool {
	return group.MailEnabled != nil && *group.MailEnabled && !containsFold(group.GroupTypes, "Unified")
}

// deleteGroup deletes a group so that it can be restored; one that Exchange or another directory keeps, it refuses.
// Source: https://learn.microsoft.com/graph/api/group-delete.
func (t *Tenant) deleteGroup(d *directory, c *call) error {
	group, err := d.group(c.vars[0])
	if err != nil {
		return err
	}
	if err := d.mayFill(c, group.ID); err != nil {
		return err
	}
	switch {
	case mailGroup(group):
		return badRequest("Cannot Delete a mail-enabled security groups and or distribution list.")
	case group.OnPremisesSyncEnabled != nil && *group.OnPremisesSyncEnabled:
		return badRequest("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	}
	t.binGroup(d, group)
	return nil
}
