package graphfake

import (
	"github.com/entramfa/entramfa/mfa"
)

// How the per-user MFA state moves on by itself.
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates.

// writeState sets the state of an account as a client does. An account that has
// registered and is enabled moves on to enforced. Once it did, another registration
// is wanted before that happens again: after disabled and enabled again it stays enabled.
func (t *Tenant) writeState(d *directory, id string, state mfa.PerUserState) {
	before := d.stateOf(id)
	if state == mfa.PerUserEnabled && before == mfa.PerUserDisabled && !d.counted.at(id) && d.hasSecondFactor(id) {
		state = mfa.PerUserEnforced
	}
	t.writeRequirements(d, id, mfa.Requirements{PerUserMFAState: state})
	d.count(id, state)
}

func (d *directory) stateOf(id string) mfa.PerUserState {
	if r, set := d.requirements.get(id); set {
		return r.PerUserMFAState
	}
	return mfa.PerUserDisabled
}

// count notes that what an account has registered has had its effect.
func (d *directory) count(id string, state mfa.PerUserState) {
	if state != mfa.PerUserDisabled {
		d.counted.put(id, true)
	}
}

// phoneAdded is what a phone of an administrator does to the state. That it counts
// as a registered method is documented; whether it also finishes the registration, is not.
func (t *Tenant) phoneAdded(d *directory, id string) {
	d.counted.remove(id)
	if t.PhoneFinishesRegistration && d.stateOf(id) == mfa.PerUserEnabled {
		t.writeRequirements(d, id, mfa.Requirements{PerUserMFAState: mfa.PerUserEnforced})
		d.count(id, mfa.PerUserEnforced)
	}
}

// finishRegistration is what a person does to the state who registers.
func (t *Tenant) finishRegistration(d *directory, id string) {
	d.counted.remove(id)
	if d.stateOf(id) != mfa.PerUserEnabled {
		return
	}
	d.setRequirements(id, mfa.Requirements{PerUserMFAState: mfa.PerUserEnforced})
	d.count(id, mfa.PerUserEnforced)
	t.settle(writtenRequirements, id)
}
