package msgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

const (
	// resetPath has the id of the password method, which is that of every account.
	// Source: https://learn.microsoft.com/graph/api/resources/passwordauthenticationmethod.
	resetPath      = methodsPath + "/28c10230-6103-485e-b985-444c60001490/resetPassword"
	operationsPath = "/users/{id}/authentication/operations/{id}"
)

// The states of an operation.
// Source: https://learn.microsoft.com/graph/api/longrunningoperation-get.
var operationStates = []string{"notStarted", "running", "succeeded", "failed"}

// ResetPassword begins a reset, after which the user must change the password at the
// next sign-in. Only a signed-in user may, with UserAuthMethod-Password.ReadWrite.All
// and a role, and not for the own account. The Status that it returns is notStarted
// until PasswordReset has read it. Where Graph doesn't say how to follow the reset, or
// points to another host, the error is entramfa.ErrUnavailable and it is open whether
// the password was reset. The empty password is an error without a request.
// Source: https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword.
func (c *Client) ResetPassword(ctx context.Context, user string, password mfa.Secret) (mfa.PasswordOperation, entramfa.Receipt, error) {
	var none mfa.PasswordOperation
	r := change(http.MethodPost, v1, resetPath, user)
	r.veil = veilOver(password)
	if err := errors.Join(aimless(r, user), checkPassword(password)); err != nil {
		return none, entramfa.Receipt{}, err
	}
	var err error
	if r.body, err = json.Marshal(map[string]string{"newPassword": password.Reveal()}); err != nil {
		return none, entramfa.Receipt{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	a, receipt, err := c.changeTaking(ctx, r, checkReset)
	if err != nil {
		return none, entramfa.Receipt{}, err
	}
	location, err := c.operationAt(user, a.header.Get("Location"))
	if err != nil {
		return none, receipt, open(unreadable(r, a, err))
	}
	return mfa.PasswordOperation{Location: location, Status: operationStates[0], RetryAfterSeconds: c.pause(a)}, receipt, nil
}

// checkReset takes 202 for success beside what other changes answer.
func checkReset(r request, a answer) error {
	if a.status != http.StatusAccepted {
		if err := checkChange(r, a); err != nil {
			return err
		}
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		return nil
	}
	var made struct{ NewPassword string }
	if err := decodeChanged(a, &made); err != nil {
		return unreadable(r, a, err)
	}
	// The one that was sent is hidden in the answer.
	if is := strings.TrimSpace(made.NewPassword); is != "" && is != masked {
		return unreadable(r, a, errors.New("a password of its own was made up by Graph"))
	}
	return nil
}

// pause is what the service asks to wait, in whole seconds.
func (c *Client) pause(a answer) int {
	wait := retryAfter(a.header.Get("Retry-After"), c.retry.now())
	return int(math.Ceil(float64(wait) / float64(time.Second)))
}

// operationAt checks where an operation is to be read, be it given whole or from the
// host's root on: the token must not follow it to another host, nor to anything but an
// operation of the user. It returns the place relative to the version.
func (c *Client) operationAt(user, location string) (string, error) {
	root, err := c.root()
	if err != nil {
		return "", err
	}
	at, err := url.Parse(strings.TrimSpace(location))
	switch {
	case strings.TrimSpace(location) == "":
		return "", errors.New("the answer has no Location to follow the reset at")
	case err != nil:
		return "", errors.New("the Location is no URL")
	case at.Opaque != "" || at.User != nil:
		return "", errors.New("the Location is no address of Microsoft Graph and is not followed")
	case at.IsAbs() || at.Host != "":
		if !strings.EqualFold(at.Scheme, root.Scheme) || !strings.EqualFold(hostPort(at), hostPort(root)) {
			return "", fmt.Errorf("the Location leads to %s, away from %s, and is not followed", at.Host, root.Host)
		}
	}
	path, found := cutFold(at.EscapedPath(), root.EscapedPath()+"/"+string(v1))
	if !found {
		return "", errors.New("the Location leads out of v1.0 and is not followed")
	}
	return operationOf(user, path, at.RawQuery)
}

// cutFold cuts a prefix off, compared without case.
func cutFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	return text[len(prefix):], true
}

// operationOf checks the path of an operation, relative to the version. Of a user
// that was named by principal name the object id isn't known here.
func operationOf(user, path, query string) (string, error) {
	parts := strings.Split(path, "/")
	if len(parts) != 6 || parts[0] != "" || !strings.EqualFold(parts[1], "users") ||
		!strings.EqualFold(parts[3], "authentication") || !strings.EqualFold(parts[4], "operations") {
		return "", errors.New("the Location is no operation of a user and is not followed")
	}
	for _, i := range []int{2, 5} {
		plain, err := url.PathUnescape(parts[i])
		if err != nil || strings.Trim(plain, ". ") == "" || strings.ContainsAny(plain, `/\`) {
			return "", errors.New("the Location is no operation of a user and is not followed")
		}
	}
	if guid.Is(user) && guid.Is(parts[2]) && !strings.EqualFold(user, parts[2]) {
		return "", errors.New("the Location is an operation of another user")
	}
	if query != "" {
		path += "?" + query
	}
	return path, nil
}

// PasswordReset says how far a reset is. A signed-in user may ask, with
// UserAuthenticationMethod.Read.All. A place that ResetPassword can't have returned is
// an error without a request.
// Source: https://learn.microsoft.com/graph/api/longrunningoperation-get.
func (c *Client) PasswordReset(ctx context.Context, operation mfa.PasswordOperation) (mfa.PasswordOperation, error) {
	var none mfa.PasswordOperation
	r, err := operationRequest(operation.Location)
	if err != nil {
		c.absent(ctx)
		return none, fmt.Errorf("msgraph: %w", err)
	}
	a, err := c.call(ctx, r)
	if err != nil {
		return none, err
	}
	var is struct{ ID, Status, StatusDetail string }
	if err = decodeOne(a, &is); err == nil {
		err = checkOperation(r, is.ID, is.Status)
	}
	if err != nil {
		return none, unreadable(r, a, err)
	}
	return mfa.PasswordOperation{
		Location: operation.Location, Status: stateOf(is.Status), StatusDetail: oneLine(is.StatusDetail), RetryAfterSeconds: c.pause(a),
	}, nil
}

// operationRequest reads a place; what is kept in a journal may have been changed there.
func operationRequest(location string) (request, error) {
	at, err := url.Parse(location)
	if err != nil || at.IsAbs() || at.Host != "" || at.Opaque != "" || at.User != nil || at.Fragment != "" {
		return request{}, errors.New("the operation has no place on this host")
	}
	if _, err := operationOf("", at.EscapedPath(), at.RawQuery); err != nil {
		return request{}, err
	}
	r := get(v1, operationsPath)
	r.path, r.query = at.EscapedPath(), at.RawQuery
	return r, nil
}

// checkOperation says what an operation lacks.
func checkOperation(r request, id, status string) error {
	asked := r.path[strings.LastIndex(r.path, "/")+1:]
	switch {
	case strings.TrimSpace(status) == "":
		return errors.New(`the operation has no "status"`)
	case guid.Is(id) && guid.Is(asked) && !strings.EqualFold(id, asked):
		return fmt.Errorf("the answer is another operation, %s", id)
	}
	return nil
}

// stateOf spells a state as the resource does; the documentation has two spellings.
func stateOf(status string) string {
	for _, state := range operationStates {
		if strings.EqualFold(state, strings.TrimSpace(status)) {
			return state
		}
	}
	return oneLine(status)
}
