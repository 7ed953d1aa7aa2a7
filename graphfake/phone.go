package graphfake

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// phoneIDs are the ids of phone methods, the same for every account.
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-update.
var phoneIDs = map[mfa.PhoneType]string{
	mfa.PhoneMobile:          "3179e48a-750b-4051-897c-87b9720928f7",
	mfa.PhoneAlternateMobile: "b6332ec1-7057-4abe-9331-3d72feddfe41",
	mfa.PhoneOffice:          "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}

// phoneForm is +<country code> <number>x<extension>, the extension optional.
// Source: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod.
var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{0,2} [0-9]{4,14}(x[0-9]{1,8})?$`)

// SetPhone arranges a phone method of an account, named by id or user principal
// name, whose whole number Graph tells; one of the same type is replaced. The number
// has Graph's form, "+1 2065550100". It finishes no registration. An account that
// doesn't exist gives Graph's 404.
func (t *Tenant) SetPhone(user string, phoneType mfa.PhoneType, number string) error {
	if refusal := checkPhone(phoneType, number); refusal != nil {
		return t.signed(refusal, phoneOperation(http.MethodPost, user, ""))
	}
	return t.onUser(user, func(d *directory, id string) {
		added := t.newPhone(phoneType, number)
		others := slices.DeleteFunc(slices.Clone(d.methods.at(id)), func(m method) bool { return m.ID == added.ID })
		d.setMethods(id, append(others, added))
		t.settle(writtenMethods, id)
	})
}

func phoneOperation(verb, user, id string) operation {
	path := "/users/" + user + "/authentication/phoneMethods"
	if id != "" {
		path += "/" + id
	}
	return operation{verb, v1, path}
}

func (t *Tenant) newPhone(phoneType mfa.PhoneType, number string) method {
	kind := string(phoneType)
	return method{
		Method: mfa.Method{Type: phoneMethodType, ID: phoneIDs[phoneType], PhoneType: &kind, PhoneNumber: new(mfa.NewPhone(number))},
		number: number, created: second(t.now()),
	}
}

// The words of what the methods service refuses are published nowhere; its codes
// begin with a small letter.

func badPhone(format string, args ...any) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "badRequest", format, args...)
}

func noMethod(id string) *entramfa.GraphError {
	return graphError(http.StatusNotFound, "resourceNotFound", "The authentication method '%s' was not found.", id)
}

// checkPhone refuses a type that isn't one, and a number that hasn't the form. It
// never says the number.
func checkPhone(phoneType mfa.PhoneType, number string) error {
	switch {
	case phoneIDs[phoneType] == "":
		return badPhone("The phone type must be mobile, alternateMobile or office.")
	case !phoneForm.MatchString(number):
		return badPhone("The phone number is not in the form '+<country code> <number>x<extension>'.")
	}
	return nil
}

// addPhone registers a phone as an administrator does.
func (t *Tenant) addPhone(d *directory, who mfa.Identity, user string, phoneType mfa.PhoneType, number string) (method, error) {
	owner, err := t.phoneOwner(d, who, user)
	if err == nil {
		err = checkPhone(phoneType, number)
	}
	if err == nil {
		err = d.mayAddPhone(owner.ID, phoneType)
	}
	if err != nil {
		return method{}, err
	}
	added := t.newPhone(phoneType, number)
	t.writeMethods(d, owner.ID, append(slices.Clone(d.methods.at(owner.ID)), added))
	t.phoneAdded(d, owner.ID)
	return added, nil
}

// mayAddPhone: one of each type, and an alternate one beside a mobile one alone.
func (d *directory) mayAddPhone(id string, phoneType mfa.PhoneType) error {
	switch {
	case d.phone(id, phoneIDs[phoneType]) != nil:
		return badPhone("The user has a phone of the type '%s' already.", phoneType)
	case phoneType == mfa.PhoneAlternateMobile && d.phone(id, phoneIDs[mfa.PhoneMobile]) == nil:
		return badPhone("An alternateMobile phone can be added only where there is a mobile one.")
	}
	return nil
}

// changePhone gives a phone another number.
func (t *Tenant) changePhone(d *directory, who mfa.Identity, user, id string, phoneType mfa.PhoneType, number string) error {
	owner, err := t.phoneOwner(d, who, user)
	if err != nil {
		return err
	}
	old := d.phone(owner.ID, id)
	if old == nil {
		return noMethod(id)
	}
	if err := old.checkChange(phoneType, number); err != nil {
		return err
	}
	phoneType = mfa.PhoneType(*old.PhoneType)
	changed := t.newPhone(phoneType, number)
	changed.created = old.created
	methods := slices.Clone(d.methods.at(owner.ID))
	methods[slices.IndexFunc(methods, func(m method) bool { return m.ID == old.ID })] = changed
	t.writeMethods(d, owner.ID, methods)
	return nil
}

// checkChange refuses another type; one that isn't said is the same.
func (m method) checkChange(phoneType mfa.PhoneType, number string) error {
	if phoneType != "" && string(phoneType) != *m.PhoneType {
		return badPhone("The type of a phone can't be changed.")
	}
	return checkPhone(mfa.PhoneType(*m.PhoneType), number)
}

// deletePhone removes a phone.
func (t *Tenant) deletePhone(d *directory, who mfa.Identity, user, id string) error {
	owner, err := t.phoneOwner(d, who, user)
	if err != nil {
		return err
	}
	old := d.phone(owner.ID, id)
	switch {
	case old == nil:
		return noMethod(id)
	case old.ID == phoneIDs[mfa.PhoneMobile] && d.phone(owner.ID, phoneIDs[mfa.PhoneAlternateMobile]) != nil:
		return badPhone("The mobile phone can't be removed while there is an alternateMobile one.")
	case sameText(d.defaultMethods.at(owner.ID), old.ID):
		return badPhone("The phone is the default method of the user and can't be removed.")
	}
	t.writeMethods(d, owner.ID, slices.DeleteFunc(slices.Clone(d.methods.at(owner.ID)), func(m method) bool { return m.ID == old.ID }))
	return nil
}

// phone finds a phone of an account by the id of its method.
func (d *directory) phone(userID, id string) *method {
	for _, m := range d.methods.at(userID) {
		if m.Type == phoneMethodType && m.PhoneType != nil && sameText(m.ID, id) {
			return &m
		}
	}
	return nil
}

// phoneOwner returns the account whose phones who calls may change: not its own.
func (t *Tenant) phoneOwner(d *directory, who mfa.Identity, user string) (mfa.User, error) {
	if t.NoPhoneAPI {
		return mfa.User{}, noSegment("phoneMethods")
	}
	owner, err := t.methodOwner(d, who, user)
	if err == nil && self(who, owner) { // https://learn.microsoft.com/graph/api/authentication-post-phonemethods
		err = deniedMethods()
	}
	return owner, err
}

// SetDefaultMethod arranges which method of an account is asked for first, by its
// id; "" for none. A phone that is the default one can't be deleted.
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete.
func (t *Tenant) SetDefaultMethod(user, methodID string) error {
	return t.onUser(user, func(d *directory, id string) { d.setDefaultMethod(id, methodID) })
}

func (d *directory) setDefaultMethod(id, methodID string) {
	d.defaultMethods.put(id, methodID)
}
