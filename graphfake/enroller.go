package graphfake

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

var _ mfa.Enroller = (*Tenant)(nil)

// AddPhone registers a phone of an account by a POST.
func (t *Tenant) AddPhone(ctx context.Context, user string, phoneType mfa.PhoneType, number mfa.Secret) (mfa.Method, entramfa.Receipt, error) {
	return change(ctx, t, phoneOperation(http.MethodPost, user, ""), func(d *directory) (mfa.Method, error) {
		added, err := t.addPhone(d, t.caller(), user, phoneType, number.Reveal())
		return added.Method, err
	})
}

// UpdatePhone gives a phone of an account another number by a PATCH.
func (t *Tenant) UpdatePhone(ctx context.Context, user, methodID string, phoneType mfa.PhoneType, number mfa.Secret) (entramfa.Receipt, error) {
	return alter(ctx, t, phoneOperation(http.MethodPatch, user, methodID), func(d *directory) error {
		return t.changePhone(d, t.caller(), user, methodID, phoneType, number.Reveal())
	})
}

// DeletePhone removes a phone of an account.
func (t *Tenant) DeletePhone(ctx context.Context, user, methodID string) (entramfa.Receipt, error) {
	return alter(ctx, t, phoneOperation(http.MethodDelete, user, methodID), func(d *directory) error {
		return t.deletePhone(d, t.caller(), user, methodID)
	})
}

// MobilePhone returns the number of the profile, nil where there is none.
func (t *Tenant) MobilePhone(ctx context.Context, user string) (*mfa.Phone, error) {
	return read(ctx, t, get(v1, "/users/"+user), func(d *directory) (*mfa.Phone, error) {
		return d.mobileOf(user)
	})
}

// UpdateMobilePhone sets the number of the profile by a PATCH; the empty one takes it away.
func (t *Tenant) UpdateMobilePhone(ctx context.Context, user string, number mfa.Secret) (entramfa.Receipt, error) {
	return t.patched(ctx, user, userPatch{mobile: new(number.Reveal())}, writeContacts)
}

// SetPassword sets the password of an account, which need not change it, by a PATCH.
// GivePassword arranges one.
func (t *Tenant) SetPassword(ctx context.Context, user string, password mfa.Secret) (entramfa.Receipt, error) {
	return t.patched(ctx, user, userPatch{profile: &passwordProfile{
		Password: new(password.Reveal()), Change: new(false), WithMFA: new(false),
	}}, writePasswords)
}

// patched is one PATCH of an account; where the permission is missing it is named.
func (t *Tenant) patched(ctx context.Context, user string, patch userPatch, permissions []string) (entramfa.Receipt, error) {
	receipt, err := alter(ctx, t, operation{http.MethodPatch, v1, "/users/" + user}, func(d *directory) error {
		return t.patchUser(d, t.caller(), user, patch)
	})
	var graph *entramfa.GraphError
	if errors.As(err, &graph) && len(graph.Permissions) > 0 {
		graph.Permissions = slices.Clone(permissions)
	}
	return receipt, err
}

// ResetPassword begins a reset.
func (t *Tenant) ResetPassword(ctx context.Context, user string, password mfa.Secret) (mfa.PasswordOperation, entramfa.Receipt, error) {
	op := operation{http.MethodPost, v1, "/users/" + user + "/authentication/methods/" + passwordMethodID + "/resetPassword"}
	return change(ctx, t, op, func(d *directory) (mfa.PasswordOperation, error) {
		begun, err := t.beginReset(d, t.caller(), user, password.Reveal())
		if err != nil {
			return mfa.PasswordOperation{}, err
		}
		return t.resetOf(begun), nil
	})
}

// PasswordReset says how far a reset is.
func (t *Tenant) PasswordReset(ctx context.Context, operation mfa.PasswordOperation) (mfa.PasswordOperation, error) {
	user, id, ok := resetIDs(operation.Location)
	if !ok {
		return mfa.PasswordOperation{}, errors.New("the location is that of no reset of a password")
	}
	return read(ctx, t, get(v1, "/users/"+user+"/authentication/operations/"+id), func(d *directory) (mfa.PasswordOperation, error) {
		found, err := t.readReset(d, t.caller(), user, id)
		if err != nil {
			return mfa.PasswordOperation{}, err
		}
		return t.resetOf(found), nil
	})
}

const registrationPath = "/reports/authenticationMethods/userRegistrationDetails"

// Registration returns what the report says of one account, by object id.
func (t *Tenant) Registration(ctx context.Context, userID string) (mfa.Registration, error) {
	return read(ctx, t, get(v1, registrationPath+"/"+userID), func(d *directory) (mfa.Registration, error) {
		row, err := t.registration(d, userID)
		return decodeRow[mfa.Registration](row, err)
	})
}

// Registrations streams what the report says of all accounts.
func (t *Tenant) Registrations(ctx context.Context) iter.Seq2[mfa.Registration, error] {
	return paged(ctx, t, get(v1, registrationPath), (*directory).reportedIDs, func(d *directory, id string) mfa.Registration {
		user, _ := d.users.get(id)
		entry, _ := decodeRow[mfa.Registration](t.registrationRow(d, user), nil) // it was written for that
		return entry
	})
}

// MethodsPolicy returns which methods the tenant allows.
func (t *Tenant) MethodsPolicy(ctx context.Context) (mfa.MethodsPolicy, error) {
	return read(ctx, t, get(v1, "/policies/authenticationMethodsPolicy"), func(d *directory) (mfa.MethodsPolicy, error) {
		row, err := d.methodsPolicy()
		return decodeRow[mfa.MethodsPolicy](row, err)
	})
}

// decodeRow reads a row of Graph as the resource that it is.
func decodeRow[T any](row object, err error) (resource T, failed error) {
	if err != nil {
		return resource, err
	}
	err = json.Unmarshal(raw(row), &resource)
	return resource, err
}
