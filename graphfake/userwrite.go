package graphfake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

// Creating, changing and deleting accounts.
// Source: https://learn.microsoft.com/graph/api/user-post-users and
// https://learn.microsoft.com/graph/api/resources/user.

var userSchema = schema{"User", userShape, slices.Concat(
	[]settable{
		{"displayName", filledValue, 256}, {"userPrincipalName", filledValue, 113}, {"mailNickname", filledValue, 64},
		{"givenName", textValue, 64}, {"surname", textValue, 64}, {"jobTitle", textValue, 128}, {"department", textValue, 64},
		{"companyName", textValue, 64}, {"employeeId", textValue, 16}, {"city", textValue, 128}, {"country", textValue, 128},
		{"state", textValue, 128}, {"streetAddress", textValue, 1024}, {"postalCode", textValue, 40}, {"officeLocation", textValue, 128},
		{"usageLocation", textValue, 2},
	},
	settables(flagValue, "accountEnabled"),
	settables(textValue, "mail", "preferredLanguage", "userType", "onPremisesImmutableId", "passwordPolicies", "faxNumber",
		"employeeType", "ageGroup", "consentProvidedForMinor", "preferredDataLocation"),
	[]settable{{name: "showInAddressList", kind: flagValue}},
	settables(textsValue, "businessPhones", "otherMails"),
	settables(objectsValue, "identities"),
	settables(objectValue, "employeeOrgData", "onPremisesExtensionAttributes"),
	settables(timeValue, "employeeHireDate"),
)}

// createUser creates an account of the directory.
func (t *Tenant) createUser(d *directory, body []byte) (mfa.User, error) {
	parsed, profile, mobile, err := t.readNewUser(d, body)
	if err != nil {
		return mfa.User{}, err
	}
	id, at := t.newID(), second(t.now())
	row := wholeUser(userOf(parsed, id))
	row = row.with("id", raw(id)).with("userType", d.userTypeOf(parsed)).with("createdDateTime", raw(at)).
		with("signInSessionsValidFromDateTime", raw(at)).with("securityIdentifier", raw(securityIdentifier(id)))
	if !parsed.given("identities") {
		row = row.with("identities", d.identitiesOf(parsed.text("userPrincipalName")))
	}
	user := userOf(row, id)
	t.writeUser(d, user)
	d.held.noteAll(id)
	if mobile != "" {
		t.writeMobile(d, id, mobile)
	}
	t.writeProfile(d, user, *profile)
	return d.users.at(id), nil
}

// readNewUser reads and judges what a POST says of an account.
func (t *Tenant) readNewUser(d *directory, body []byte) (parsed object, profile *passwordProfile, mobile string, err error) {
	all, wrong := readBodyObject(body)
	if wrong != nil {
		return nil, nil, "", wrong
	}
	if err := userSchema.check(all, "mobilePhone", "passwordProfile"); err != nil {
		return nil, nil, "", err
	}
	if err := userSchema.need(all, "accountEnabled", "displayName", "mailNickname", "userPrincipalName"); err != nil {
		return nil, nil, "", err
	}
	patch, err := patchOf(all)
	if err != nil {
		return nil, nil, "", err
	}
	if patch.profile == nil || patch.profile.Password == nil {
		return nil, nil, "", badRequest("A password must be specified to create a new user.")
	}
	if patch.mobile != nil {
		mobile = *patch.mobile
	}
	if len(mobile) > longestMobile {
		return nil, nil, "", userSchema.invalid("mobilePhone")
	}
	if err := d.checkUserMembers(patch.members, ""); err != nil {
		return nil, nil, "", err
	}
	if d.federated(mfa.User{UserPrincipalName: all.text("userPrincipalName")}) {
		err = userSchema.need(all, "onPremisesImmutableId")
	}
	if err == nil {
		err = t.checkPassword(*patch.profile.Password)
	}
	return patch.members, patch.profile, mobile, err
}

// checkUserMembers judges the values that a write gives an account; id is "" for a new one.
func (d *directory) checkUserMembers(members object, id string) error {
	for _, m := range members {
		if err := d.checkUserMember(m, id); err != nil {
			return err
		}
	}
	return nil
}

func (d *directory) checkUserMember(m member, id string) error {
	text := object{m}.text(m.name)
	valid := true
	switch m.name {
	case "userPrincipalName":
		return d.checkUPN(text, id)
	case "mailNickname":
		valid = isNickname(text)
	case "userType":
		valid = text == "Member" || text == "Guest"
	case "usageLocation":
		valid = string(m.value) == "null" || len(text) == 2 && isLetter(text[0]) && isLetter(text[1])
	case "passwordPolicies":
		valid = string(m.value) == "null" || !slices.ContainsFunc(splitList(text), func(policy string) bool {
			return !slices.Contains([]string{"None", "DisablePasswordExpiration", "DisableStrongPassword"}, policy)
		})
	case "businessPhones": // only one number can be set: https://learn.microsoft.com/graph/api/resources/user
		var numbers []string
		valid = json.Unmarshal(m.value, &numbers) == nil && len(numbers) <= 1
	case "onPremisesImmutableId":
		return d.checkImmutableID(text, id)
	default:
		valid = string(m.value) != `""` // an empty text is refused where null takes a value away
	}
	if !valid {
		return userSchema.invalid(m.name)
	}
	return nil
}

// checkUPN judges a user principal name: its form, its domain, and whether it is free.
func (d *directory) checkUPN(upn, id string) error {
	local, domain, ok := strings.Cut(upn, "@")
	if !ok || local == "" || len(local) > 64 || strings.ContainsFunc(local, notInUPN) || strings.HasSuffix(local, ".") {
		return badRequest("Property userPrincipalName is invalid.")
	}
	if !d.verified(domain) {
		return badRequest("The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.")
	}
	if other, taken := d.upns.get(upn); taken && fold(other) != fold(id) {
		return alreadyTaken("userPrincipalName")
	}
	return nil
}

// alreadyTaken refuses a value that another object has.
func alreadyTaken(property string) error {
	return badRequest("Another object with the same value for property %s already exists.", property)
}

// notInUPN: https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy.
func notInUPN(r rune) bool {
	return !isASCIILetterOrDigit(r) && !strings.ContainsRune("'.-_!#^~", r)
}

func isASCIILetterOrDigit(r rune) bool {
	return r < 0x80 && (isLetter(byte(r)) || r >= '0' && r <= '9')
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// isNickname: https://learn.microsoft.com/graph/api/resources/group.
func isNickname(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > 126 || strings.ContainsRune(`@()\[]";:<>,`, r) })
}

// verified says whether the tenant has shown that a domain is its own; one that doesn't say is.
func (d *directory) verified(name string) bool {
	domain, known := d.domains.get(name)
	return known && string(objectOf(domain).get("isVerified")) != "false"
}

// checkImmutableID: which account stands for which one on premises must be clear.
func (d *directory) checkImmutableID(text, id string) error {
	if text == "" {
		return nil
	}
	for key, user := range d.users.each() {
		if key != fold(id) && objectOf(user).text("onPremisesImmutableId") == text {
			return alreadyTaken("onPremisesImmutableId")
		}
	}
	return nil
}

func (d *directory) userTypeOf(body object) json.RawMessage {
	if body.given("userType") {
		return body.get("userType")
	}
	return raw("Member")
}

// completed adds to a patch what the service changes with it.
func (d *directory) completed(user mfa.User, members object) object {
	if members.given("userPrincipalName") && !members.given("identities") {
		members = members.with("identities", d.renamedIdentities(user, members.text("userPrincipalName")))
	}
	return members
}

// identitiesOf are those of an account that signs in by its user principal name.
// Source: https://learn.microsoft.com/graph/api/resources/objectidentity.
func (d *directory) identitiesOf(upn string) json.RawMessage {
	return raw([]object{d.upnIdentity(upn)})
}

func (d *directory) upnIdentity(upn string) object {
	return object{{"signInType", raw("userPrincipalName")}, {"issuer", raw(d.defaultDomain())}, {"issuerAssignedId", raw(upn)}}
}

func (d *directory) renamedIdentities(user mfa.User, upn string) json.RawMessage {
	list, _ := parseObjects(objectOf(user).get("identities"))
	renamed := []object{d.upnIdentity(upn)}
	for _, identity := range list {
		if identity.text("signInType") != "userPrincipalName" {
			renamed = append(renamed, identity)
		}
	}
	return raw(renamed)
}

// defaultDomain is the one that is marked so, else the first.
func (d *directory) defaultDomain() string {
	first := ""
	for _, domain := range d.domains.each() {
		if string(objectOf(domain).get("isDefault")) == "true" {
			return domain.ID
		}
		if first == "" {
			first = domain.ID
		}
	}
	return first
}

// securityIdentifier is the SID that the directory derives from an object id.
// Source: https://learn.microsoft.com/entra/identity/devices/assign-local-admin.
func securityIdentifier(id string) string {
	parsed, ok := guid.Parse(id)
	if !ok {
		return ""
	}
	// A GUID begins with a number of four bytes and two of two, each with its low byte first in memory.
	b := [16]byte{parsed[3], parsed[2], parsed[1], parsed[0], parsed[5], parsed[4], parsed[7], parsed[6]}
	copy(b[8:], parsed[8:])
	sid := "S-1-12-1"
	for i := 0; i < 16; i += 4 {
		sid += fmt.Sprintf("-%d", uint32(b[i])|uint32(b[i+1])<<8|uint32(b[i+2])<<16|uint32(b[i+3])<<24)
	}
	return sid
}
