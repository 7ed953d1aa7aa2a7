package graphfake

import "github.com/entramfa/entramfa/mfa"

// passwordMethodID is the id of the password method, the same for every account.
// Source: https://learn.microsoft.com/graph/api/resources/passwordauthenticationmethod.
const passwordMethodID = "28c10230-6103-485e-b985-444c60001490"

// SetPerUserState sets the legacy per-user MFA state of an account, named by id
// or user principal name. An account that doesn't exist gives Graph's 404.
func (t *Tenant) SetPerUserState(user string, state mfa.PerUserState) error {
	return t.onUser(user, func(d *directory, id string) {
		d.setRequirements(id, mfa.Requirements{PerUserMFAState: state})
		d.count(id, state)
		d.held.note(factRequirements, id)
		t.settle(writtenRequirements, id)
	})
}

// AddMethod registers an authentication method for an account, named by id or
// user principal name. Every account has the password method without it. Of a
// phone only the last digits are known; SetPhone gives a whole number. An account
// that doesn't exist gives Graph's 404.
func (t *Tenant) AddMethod(user string, method mfa.Method) error {
	return t.onUser(user, func(d *directory, id string) {
		d.addMethod(id, t.registeredMethod(method))
		t.settle(writtenMethods, id)
	})
}

// GivePassword arranges the password with which the account signs in at the token
// endpoint. An account without one can't sign in there. The password is kept
// for comparison alone; no answer, log or error holds it. Of the account of a
// federated domain it also stands for the home realm discovery policy that lets
// Entra check it: https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc.
func (t *Tenant) GivePassword(user, text string) error {
	return t.onUser(user, func(d *directory, id string) { d.setPassword(id, password{text: text}) })
}

// onUser changes the state of an account, given by its folded id.
func (t *Tenant) onUser(user string, change func(d *directory, id string)) error {
	return t.write(operation{"PATCH", v1, "/users/" + user}, func(d *directory) error {
		found, err := d.user(user)
		if err == nil {
			change(d, fold(found.ID))
		}
		return err
	})
}

func (d *directory) setRequirements(id string, r mfa.Requirements) {
	d.requirements.put(id, r)
}

func (d *directory) requirementsOf(idOrUPN string) (mfa.Requirements, error) {
	user, err := d.user(idOrUPN)
	if err != nil {
		return mfa.Requirements{}, err
	}
	if err := d.held.needOf(factRequirements, user); err != nil {
		return mfa.Requirements{}, err
	}
	found, ok := d.requirements.get(user.ID)
	if !ok {
		found.PerUserMFAState = mfa.PerUserDisabled
	}
	return found, nil
}
