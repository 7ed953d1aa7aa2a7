package graphfake

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// The number of the profile is kept beside the account and not in it: mfa.User is
// shown and logged by who reads it, and Graph alone tells the whole number.

// takeMobile moves the number of a profile out of an account that is put into the tenant.
func (d *directory) takeMobile(row object, id string) object {
	if row.get("mobilePhone") != nil {
		d.setMobile(id, row.text("mobilePhone"))
		d.held.note(factMobile, id)
	}
	return row.without("mobilePhone")
}

func (d *directory) setMobile(id, number string) {
	d.mobiles.put(id, number)
}

// mobileOf returns the number of a profile, nil where there is none.
func (d *directory) mobileOf(user string) (*mfa.Phone, error) {
	found, err := d.user(user)
	if err == nil {
		err = d.held.needOf(factMobile, found)
	}
	number := d.mobiles.at(found.ID)
	if err != nil || number == "" {
		return nil, err
	}
	return new(mfa.NewPhone(number)), nil
}

// userRow is an account of the directory as Graph writes it.
func (d *directory) userRow(user mfa.User) object {
	row := d.users.objectAt(user.ID)
	if row == nil {
		return objectOf(user)
	}
	if more := profileOf(user.ID, d.mobiles, d.passwords); more != nil {
		row = more(row)
	}
	return row
}

func (d *directory) userRows(users []mfa.User) []object {
	rows := make([]object, len(users))
	for i, user := range users {
		rows[i] = d.userRow(user)
	}
	return rows
}

// longestMobile is how long the number of a profile may be.
// Source: https://learn.microsoft.com/graph/api/resources/user.
const longestMobile = 64

// userPatch is what a PATCH of an account changes; nil is left as it is.
type userPatch struct {
	mobile  *string
	profile *passwordProfile
	members object // the others
}

// patchUser changes an account as an administrator does: all of it or nothing.
func (t *Tenant) patchUser(d *directory, who mfa.Identity, name string, patch userPatch) error {
	user, err := d.user(name)
	if err != nil {
		return err
	}
	if patch.sensitive() {
		if err := t.mayManage(d, who, user, mayReset, denied()); err != nil {
			return err
		}
	}
	if err := t.checkPatch(d, user, patch); err != nil {
		return err
	}
	if patch.mobile != nil {
		t.writeMobile(d, user.ID, *patch.mobile)
		d.held.note(factMobile, user.ID)
	}
	if len(patch.members) > 0 {
		user = userOf(merged(objectOf(user), d.completed(user, patch.members)), user.ID)
		t.writeUser(d, user)
	}
	if patch.profile != nil {
		t.writeProfile(d, user, *patch.profile)
	}
	return nil
}

func (t *Tenant) checkPatch(d *directory, user mfa.User, patch userPatch) error {
	switch {
	case user.OnPremisesSyncEnabled != nil && *user.OnPremisesSyncEnabled && patch.onPremises():
		return badRequest("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	case patch.mobile != nil && len(*patch.mobile) > longestMobile:
		return badRequest("Invalid value specified for property 'mobilePhone' of resource 'User'.")
	}
	if err := d.checkUserMembers(patch.members, user.ID); err != nil {
		return err
	}
	if patch.profile == nil {
		return nil
	}
	return t.checkProfile(d, user, *patch.profile)
}

// cloudMembers are those that stay the cloud's in an account that comes from an
// on-premises directory.
// Source: https://learn.microsoft.com/graph/api/user-update.
var cloudMembers = []string{"usageLocation", "preferredDataLocation", "ageGroup", "consentProvidedForMinor", "otherMails"}

func (p userPatch) onPremises() bool {
	return p.mobile != nil || p.profile != nil || len(p.members.without(cloudMembers...)) > 0
}

// sensitiveMembers may be changed only by who reaches the account by its roles.
// Source: https://learn.microsoft.com/graph/api/resources/users#who-can-perform-sensitive-actions.
var sensitiveMembers = []string{"accountEnabled", "businessPhones", "mobilePhone", "onPremisesImmutableId", "otherMails", "passwordProfile", "userPrincipalName"}

func (p userPatch) sensitive() bool {
	return p.mobile != nil || p.profile != nil ||
		slices.ContainsFunc(p.members, func(m member) bool { return containsFold(sensitiveMembers, m.name) })
}

// readUserPatch reads the body of a PATCH of an account.
func readUserPatch(body []byte) (patch userPatch, refusal error) {
	parsed, wrong := readBodyObject(body)
	if wrong != nil {
		return patch, wrong
	}
	if err := userSchema.check(parsed, "mobilePhone", "passwordProfile"); err != nil {
		return patch, err
	}
	return patchOf(parsed)
}

// patchOf sorts the members of a body.
func patchOf(body object) (patch userPatch, refusal error) {
	for _, m := range body {
		switch {
		case isAnnotation(m.name):
		case m.name == "mobilePhone":
			patch.mobile, refusal = readMobile(m.value)
		case m.name == "passwordProfile":
			patch.profile, refusal = readProfile(m.value)
		default:
			patch.members = append(patch.members, m)
		}
		if refusal != nil {
			return patch, refusal
		}
	}
	return patch, nil
}

func readMobile(value json.RawMessage) (*string, error) {
	var number *string
	if json.Unmarshal(value, &number) != nil {
		return nil, badRequest("Invalid value specified for property 'mobilePhone' of resource 'User'.")
	}
	if number == nil {
		number = new("")
	}
	return number, nil
}

// memberPermissions are the permissions that open single members. All of them but
// the password are opened by writeAnyUser, too.
// Source: https://learn.microsoft.com/graph/api/user-update.
var memberPermissions = map[string]string{
	"accountEnabled": "User.EnableDisableAccount.All",
	"businessPhones": "User-Phone.ReadWrite.All",
	"identities":     "User.ManageIdentities.All",
	"otherMails":     "User-Mail.ReadWrite.All",
}

// mayPatch asks for the permission of each member: User.ReadWrite.All doesn't open the password.
// Source: https://learn.microsoft.com/graph/api/user-update.
func (c *call) mayPatch(patch userPatch) *entramfa.GraphError {
	missing := patch.mobile != nil && !granted(c.roles, writeContacts) ||
		patch.profile != nil && !granted(c.roles, writePasswords) ||
		slices.ContainsFunc(patch.members, func(m member) bool {
			own := memberPermissions[m.name]
			return !granted(c.roles, writeAnyUser) && (own == "" || !granted(c.roles, []string{own}))
		})
	if !missing {
		return nil
	}
	return graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}
