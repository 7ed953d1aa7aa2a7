package msgraph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// mobilePhoneOf names the change of the mobile phone in the permission table: the
// path is that of the user.
const mobilePhoneOf = userPath + "/mobilePhone"

// MobilePhone returns the mobile phone of the profile, nil where there is none. It
// needs User.Read.All.
// Source: https://learn.microsoft.com/graph/api/user-get.
func (c *Client) MobilePhone(ctx context.Context, user string) (*mfa.Phone, error) {
	r := get(v1, userPath, user).with("$select", "id,mobilePhone")
	if err := aimless(r, user); err != nil {
		c.absent(ctx)
		return nil, err
	}
	found, err := one[contact](ctx, c, r)
	if err == nil {
		err = otherUser(r, user, mfa.User{ID: found.ID})
	}
	if err != nil {
		return nil, err
	}
	return found.number()
}

// contact is what a user is asked for here.
type contact struct {
	ID          string
	MobilePhone json.RawMessage
}

var errNoMobilePhone = errors.New(`the answer has no "mobilePhone"`)

// UnmarshalJSON refuses an answer that doesn't say whether there is a number.
func (c *contact) UnmarshalJSON(text []byte) error {
	type plain contact
	if err := json.Unmarshal(text, (*plain)(c)); err != nil {
		return err
	}
	if c.MobilePhone == nil {
		return errNoMobilePhone
	}
	_, err := c.number()
	return err
}

// number returns what the profile shows.
func (c *contact) number() (*mfa.Phone, error) {
	var number *string
	if err := json.Unmarshal(c.MobilePhone, &number); err != nil {
		return nil, errors.New(`the "mobilePhone" is no text`)
	}
	if number == nil || strings.TrimSpace(*number) == "" {
		return nil, nil
	}
	phone := mfa.NewPhone(*number)
	return &phone, nil
}

// UpdateMobilePhone sets the mobile phone of the profile; the empty Secret takes it
// away. It needs User-Phone.ReadWrite.All.
// Source: https://learn.microsoft.com/graph/api/user-update.
func (c *Client) UpdateMobilePhone(ctx context.Context, user string, number mfa.Secret) (entramfa.Receipt, error) {
	r := change(http.MethodPatch, v1, userPath, user)
	r.template, r.veil = mobilePhoneOf, veilOverPhone(number)
	var body struct {
		MobilePhone *string `json:"mobilePhone"`
	}
	if text := number.Reveal(); text != "" {
		body.MobilePhone = &text
	}
	return c.update(ctx, r, body, user)
}
