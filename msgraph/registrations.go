package msgraph

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

const (
	registrationsPath = "/reports/authenticationMethods/userRegistrationDetails"
	registrationPath  = registrationsPath + "/{id}"
	methodsPolicyPath = "/policies/authenticationMethodsPolicy"
)

// Registration returns what the report says of an account, by object id. It needs
// AuditLog.Read.All. An account that the report doesn't have, or not yet, such as a
// disabled one, is entramfa.ErrNotFound.
// Source: https://learn.microsoft.com/graph/api/userregistrationdetails-get.
func (c *Client) Registration(ctx context.Context, userID string) (mfa.Registration, error) {
	r := get(v1, registrationPath, userID)
	if err := aimless(r, userID); err != nil {
		c.absent(ctx)
		return mfa.Registration{}, err
	}
	found, err := one[mfa.Registration](ctx, c, r)
	switch {
	case err != nil:
	case found.ID == "":
		err = unreadable(r, answer{status: http.StatusOK}, errors.New(`the answer has no "id"`))
	case guid.Is(userID) && !strings.EqualFold(userID, found.ID):
		err = unreadable(r, answer{status: http.StatusOK}, fmt.Errorf("the answer is of another account, %q", found.ID))
	}
	if err != nil {
		return mfa.Registration{}, err
	}
	return found, nil
}

// Registrations streams the report, 999 accounts in a request. It needs
// AuditLog.Read.All.
// Source: https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails.
func (c *Client) Registrations(ctx context.Context) iter.Seq2[mfa.Registration, error] {
	return stream[mfa.Registration](c.alone(ctx), c, get(v1, registrationsPath).with("$top", "999"), maxAccounts)
}

// MethodsPolicy returns which methods the tenant allows. It needs
// Policy.Read.AuthenticationMethod.
// Source: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get.
func (c *Client) MethodsPolicy(ctx context.Context) (mfa.MethodsPolicy, error) {
	r := get(v1, methodsPolicyPath)
	found, err := one[mfa.MethodsPolicy](ctx, c, r)
	if err == nil {
		err = wholePolicy(r, found)
	}
	if err != nil {
		return mfa.MethodsPolicy{}, err
	}
	return found, nil
}

// wholePolicy says what a policy lacks: a method that it doesn't name would pass for
// one that the tenant doesn't allow.
func wholePolicy(r request, policy mfa.MethodsPolicy) error {
	if policy.Configurations == nil {
		return unreadable(r, answer{status: http.StatusOK}, errors.New(`the answer has no "authenticationMethodConfigurations"`))
	}
	for _, method := range policy.Configurations {
		key := unset("id", method.ID)
		if key == "" {
			key = unset("state", method.State)
		}
		if key != "" {
			return unreadable(r, answer{status: http.StatusOK}, fmt.Errorf("a method of the policy has no %q", key))
		}
	}
	return nil
}
