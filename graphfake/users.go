package graphfake

import (
	"encoding/json"
	"strings"

	"github.com/entramfa/entramfa/mfa"
)

// AddUser adds an account and returns its id, a new one where user.ID is empty.
// An account with the same id or user principal name is replaced. The domain of
// the user principal name is added as a managed one when the tenant doesn't
// have it. AccountEnabled nil means true, UserType nil means Member. What hangs on
// an account that is replaced, its groups and methods, stays. In a tenant
// that was loaded everything about the account is known from then on: it has the
// groups, roles, methods and the per-user MFA state that it is given, and no other.
// Credentials among the members, such as passwordProfile, are not kept.
func (t *Tenant) AddUser(user mfa.User) string {
	row := wholeUser(user)
	t.mu.Lock()
	defer t.mu.Unlock()
	d := &t.directory
	if user.ID == "" {
		user.ID = d.upns.at(user.UserPrincipalName)
	}
	user.ID = t.idOr(user.ID)
	user = userOf(d.takeMobile(row, user.ID), user.ID)
	if user.AccountEnabled == nil {
		user.AccountEnabled = new(true)
	}
	if user.UserType == nil {
		user.UserType = new("Member")
	}
	d.putUser(user)
	t.settle(writtenUser, user.ID)
	d.held.noteAll(user.ID)
	d.domainOf(user.UserPrincipalName)
	return user.ID
}

// wholeUser returns a copy of an account as Graph would give it: what is not set
// is null, and so known, where absence would mean that it was not read. Credentials are dropped.
func wholeUser(user mfa.User) object {
	row := withoutSecrets(objectOf(isolated(user)))
	if row.get("onPremisesSyncEnabled") == nil {
		row = row.with("onPremisesSyncEnabled", json.RawMessage("null"))
	}
	return row
}

// userOf reads the account of a row back.
func userOf(row object, id string) mfa.User {
	var user mfa.User
	if err := json.Unmarshal(raw(row), &user); err != nil {
		panic("graphfake: " + err.Error()) // it was a user before
	}
	user.ID = id
	return user
}

func (d *directory) putUser(user mfa.User) {
	if old, known := d.users.get(user.ID); known {
		d.upns.remove(old.UserPrincipalName)
	}
	if other, taken := d.upns.get(user.UserPrincipalName); taken && user.UserPrincipalName != "" {
		d.users.remove(other)
	}
	d.users.put(user.ID, user)
	if user.UserPrincipalName != "" {
		d.upns.put(user.UserPrincipalName, user.ID)
	}
}

// domainOf adds the domain of a user principal name where it is missing.
func (d *directory) domainOf(upn string) {
	_, domain, ok := strings.Cut(upn, "@")
	if _, known := d.domains.get(domain); ok && !known {
		d.domains.put(domain, mfa.Domain{ID: domain, AuthenticationType: "Managed"})
	}
}

// user finds an account by object id or user principal name, without case.
func (d *directory) user(idOrUPN string) (mfa.User, error) {
	if upn, ok := alternateKey(idOrUPN, "userPrincipalName"); ok {
		idOrUPN = upn
	}
	if user, ok := d.users.get(idOrUPN); ok {
		return user, nil
	}
	if id, ok := d.upns.get(idOrUPN); ok {
		user, _ := d.users.get(id)
		return user, nil
	}
	if err := d.held.need(d.users.len() > 0, "any user", userFile); err != nil {
		return mfa.User{}, err
	}
	return mfa.User{}, notFound(idOrUPN)
}

func (d *directory) usersByDisplayName(prefix string) ([]mfa.User, error) {
	if err := d.held.need(d.users.len() > 0, "any user", userFile); err != nil {
		return nil, err
	}
	return d.users.where(func(user mfa.User) bool { return hasPrefixFold(user.DisplayName, prefix) }), nil
}

func hasPrefixFold(text, prefix string) bool {
	return strings.HasPrefix(strings.ToLower(text), strings.ToLower(prefix))
}

// Delete removes a user or a group. Policies, like those of the real service,
// go on naming what was deleted. An id that isn't there gives Graph's 404.
func (t *Tenant) Delete(id string) error {
	return t.write(operation{"DELETE", v1, "/directoryObjects/" + id}, func(d *directory) error {
		if user, ok := d.users.get(id); ok {
			d.upns.remove(user.UserPrincipalName)
			d.users.remove(id)
			d.revokeSessions(id)
			d.forgetCredentials(id)
			t.people.remove(id)
		} else if !d.groups.remove(id) {
			return notFound(id)
		}
		d.forget(id)
		d.disown(id)
		return nil
	})
}

// isolated returns a copy of a resource that shares nothing with the caller's.
func isolated[T any](resource T) T {
	var copied T
	text, err := json.Marshal(resource)
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	if err != nil {
		panic("graphfake: a resource that is no JSON: " + err.Error()) // a json.RawMessage that the caller filled with something else
	}
	return copied
}
