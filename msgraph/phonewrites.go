package msgraph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

const (
	phonesPath = "/users/{id}/authentication/phoneMethods"
	phonePath  = phonesPath + "/{id}"
)

// phoneMethod is the type of a phone among the authentication methods.
const phoneMethod = "#microsoft.graph.phoneAuthenticationMethod"

// phoneBody is what creates and changes a phone method.
type phoneBody struct {
	PhoneNumber string        `json:"phoneNumber"`
	PhoneType   mfa.PhoneType `json:"phoneType"`
}

// AddPhone registers a phone as an authentication method. It needs
// UserAuthMethod-Phone.ReadWrite.All. A type that the account has already is
// entramfa.ErrConflict, as far as Graph's words tell. Where a cloud has no phone
// methods, as that of 21Vianet, the error says so and has no kind.
// Source: https://learn.microsoft.com/graph/api/authentication-post-phonemethods.
func (c *Client) AddPhone(ctx context.Context, user string, phoneType mfa.PhoneType, number mfa.Secret) (mfa.Method, entramfa.Receipt, error) {
	r := change(http.MethodPost, v1, phonesPath, user)
	r.veil = veilOverPhone(number)
	if err := aimless(r, user); err != nil {
		return mfa.Method{}, entramfa.Receipt{}, err
	}
	a, receipt, err := c.changeWith(ctx, r, phoneBody{number.Reveal(), phoneType})
	if err != nil {
		return mfa.Method{}, entramfa.Receipt{}, err
	}
	method, err := addedPhone(a, phoneType, mfa.NewPhone(number.Reveal()))
	if err != nil {
		return mfa.Method{}, receipt, open(unreadable(r, a, fmt.Errorf("%w; the phone may be registered all the same", err)))
	}
	return method, receipt, nil
}

// addedPhone reads the method that was created. The number in the answer is hidden
// where it is the one that was sent.
func addedPhone(a answer, phoneType mfa.PhoneType, number mfa.Phone) (mfa.Method, error) {
	var is struct{ ID, PhoneType, PhoneNumber string }
	if err := decodeChanged(a, &is); err != nil {
		return mfa.Method{}, err
	}
	switch {
	case !guid.Is(is.ID):
		return mfa.Method{}, errors.New("the answer has no id of a method")
	case !strings.EqualFold(is.PhoneType, string(phoneType)):
		return mfa.Method{}, fmt.Errorf("the answer is another phone, %q", is.PhoneType)
	case is.PhoneNumber != "" && !strings.Contains(is.PhoneNumber, masked) && mfa.NewPhone(is.PhoneNumber).String() != number.String():
		return mfa.Method{}, errors.New("the answer has another number")
	}
	name := string(phoneType)
	return mfa.Method{Type: phoneMethod, ID: is.ID, PhoneType: &name, PhoneNumber: &number}, nil
}

// UpdatePhone gives a phone method another number, with the permission of AddPhone.
// The type must be the one that the method has.
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-update.
func (c *Client) UpdatePhone(ctx context.Context, user, methodID string, phoneType mfa.PhoneType, number mfa.Secret) (entramfa.Receipt, error) {
	r := change(http.MethodPatch, v1, phonePath, user, methodID)
	r.veil = veilOverPhone(number)
	return c.update(ctx, r, phoneBody{number.Reveal(), phoneType}, user, methodID)
}

// DeletePhone removes a phone method, with the permission of AddPhone.
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete.
func (c *Client) DeletePhone(ctx context.Context, user, methodID string) (entramfa.Receipt, error) {
	return c.update(ctx, change(http.MethodDelete, v1, phonePath, user, methodID), nil, user, methodID)
}
