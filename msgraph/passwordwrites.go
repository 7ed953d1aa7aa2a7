package msgraph

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// passwordOf names the change of the password in the permission table: the path is
// that of the user.
const passwordOf = userPath + "/passwordProfile"

// SetPassword sets the password, without making the user change it. It needs
// User-PasswordProfile.ReadWrite.All and a role: User Administrator, for
// administrators Privileged Authentication Administrator.
//
// A password that the tenant refuses is entramfa.ErrPasswordRefused, as far as Graph's
// words tell, for it has no code of its own for it. The empty password is an error
// without a request.
// Source: https://learn.microsoft.com/graph/api/user-update.
func (c *Client) SetPassword(ctx context.Context, user string, password mfa.Secret) (entramfa.Receipt, error) {
	r := change(http.MethodPatch, v1, userPath, user)
	r.template, r.veil = passwordOf, veilOver(password)
	if err := checkPassword(password); err != nil {
		return entramfa.Receipt{}, err
	}
	type profile struct {
		Password  string `json:"password"`
		Change    bool   `json:"forceChangePasswordNextSignIn"`
		ChangeMFA bool   `json:"forceChangePasswordNextSignInWithMfa"`
	}
	body := map[string]profile{"passwordProfile": {Password: password.Reveal()}}
	return c.update(ctx, r, body, user)
}

// checkPassword says what is no password. Without one Graph would make one up, and
// what is no text would be sent as another.
func checkPassword(password mfa.Secret) error {
	switch {
	case password.Reveal() == "":
		return errors.New("msgraph: the new password is empty")
	case !utf8.ValidString(password.Reveal()):
		return errors.New("msgraph: the new password is not valid UTF-8")
	}
	return nil
}
