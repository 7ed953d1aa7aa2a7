package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// testEnrolRoles: a delegated caller needs a role that reaches the account.
func testEnrolRoles(t *testing.T, newEnroller EnrollerMaker) {
	all := []string{"AddPhone", "UpdateMobilePhone", "SetPassword", "ResetPassword"}
	for _, test := range []struct {
		name, callerRole, targetRole string
		may                          []string
	}{
		{"no role", "", "", nil},
		{"a role for something else", globalReader, "", nil},
		{"User Administrator", userAdmin, "", all[1:]},
		{"Authentication Administrator", authentication, "", all},
		{"Authentication Administrator, an administrator", authentication, policy.GlobalAdministrator, nil},
		{"User Administrator, an administrator", userAdmin, exchangeAdmin, nil},
		{"User Administrator, a User Administrator", userAdmin, userAdmin, all[1:]},
		{"Privileged Authentication Administrator, an administrator", privilegedAuth, policy.GlobalAdministrator, all},
		{"Global Administrator, an administrator", policy.GlobalAdministrator, policy.GlobalAdministrator, all},
	} {
		for _, c := range enrolCalls() {
			if !slices.Contains(all, c.name) {
				continue
			}
			f := buildEnrolment(t)
			caller := f.tenant.AddUser(mfa.User{UserPrincipalName: "caller@contoso.com"})
			if test.callerRole != "" {
				f.give(t, caller, test.callerRole)
			}
			if test.targetRole != "" {
				f.give(t, f.account, test.targetRole)
			}
			before := f.as(caller).tenant.Snapshot()
			err := c.call(t.Context(), newEnroller(t, f.tenant), f.account)
			if slices.Contains(test.may, c.name) {
				assert.NoError(t, err, "%s: %s", test.name, c.name)
				continue
			}
			graphErrorOf(t, err, entramfa.ErrPermission, test.name+": "+c.name)
			assert.Equal(t, string(before), string(f.tenant.Snapshot()))
		}
	}
}

// enrolCall is one method of an Enroller, its path, its verb and a permission for it.
type enrolCall struct {
	name, method, path, permission string
	call                           func(context.Context, mfa.Enroller, string) error
}

// enrolCalls lists every method of an Enroller that a ReadWriter doesn't have.
func enrolCalls() []enrolCall {
	const phonePath, phonePermission = "/users/", "UserAuthMethod-Phone.ReadWrite.All"
	return []enrolCall{
		{"AddPhone", http.MethodPost, phonePath, phonePermission, func(ctx context.Context, e mfa.Enroller, user string) error {
			_, _, err := e.AddPhone(ctx, user, mfa.PhoneOffice, number("41"))
			return err
		}},
		{"UpdatePhone", http.MethodPatch, phonePath, phonePermission, func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.UpdatePhone(ctx, user, mobileID, mfa.PhoneMobile, number("42"))
			return err
		}},
		{"DeletePhone", http.MethodDelete, phonePath, phonePermission, func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.DeletePhone(ctx, user, mobileID)
			return err
		}},
		{"MobilePhone", http.MethodGet, "/users/", "User.Read.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.MobilePhone(ctx, user)
			return err
		}},
		{"UpdateMobilePhone", http.MethodPatch, "/users/", "User-Phone.ReadWrite.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.UpdateMobilePhone(ctx, user, number("43"))
			return err
		}},
		{"SetPassword", http.MethodPatch, "/users/", "User-PasswordProfile.ReadWrite.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.SetPassword(ctx, user, mfa.NewSecret(goodPassword))
			return err
		}},
		{"ResetPassword", http.MethodPost, "/users/", "UserAuthenticationMethod.ReadWrite.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, _, err := e.ResetPassword(ctx, user, mfa.NewSecret(goodPassword))
			return err
		}},
		{"Registration", http.MethodGet, "/reports/", "AuditLog.Read.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.Registration(ctx, user)
			return err
		}},
		{"Registrations", http.MethodGet, "/reports/", "AuditLog.Read.All", func(ctx context.Context, e mfa.Enroller, _ string) error {
			_, err := drain(e.Registrations(ctx))
			return err
		}},
		{"MethodsPolicy", http.MethodGet, "/policies/authenticationMethodsPolicy", "Policy.Read.AuthenticationMethod", func(ctx context.Context, e mfa.Enroller, _ string) error {
			_, err := e.MethodsPolicy(ctx)
			return err
		}},
	}
}

// ready is a fixture in which each call succeeds.
func ready(t *testing.T) *enrolment {
	f := buildEnrolment(t)
	require.NoError(t, f.tenant.SetPhone(f.account, mfa.PhoneMobile, "+1 2065550144"))
	return f.as(f.admin)
}

func testEnrolNotFound(t *testing.T, newEnroller EnrollerMaker) {
	const nothing = "99999999-9999-4999-8999-999999999999"
	for _, c := range enrolCalls() {
		if c.name == "Registrations" || c.name == "MethodsPolicy" {
			continue
		}
		f := ready(t)
		before := f.tenant.Snapshot()
		graph := graphErrorOf(t, c.call(t.Context(), newEnroller(t, f.tenant), nothing), entramfa.ErrNotFound, c.name)
		assert.Equal(t, http.StatusNotFound, graph.Status, c.name)
		assert.NotEmpty(t, graph.RequestID, c.name)
		assert.Equal(t, string(before), string(f.tenant.Snapshot()), c.name)
	}
	f := ready(t)
	e := newEnroller(t, f.tenant)
	_, err := e.UpdatePhone(t.Context(), f.account, officeID, mfa.PhoneOffice, number("11"))
	graphErrorOf(t, err, entramfa.ErrNotFound, "no such phone")
	_, err = e.DeletePhone(t.Context(), f.account, officeID)
	graphErrorOf(t, err, entramfa.ErrNotFound, "no such phone")
	_, err = e.Registration(t.Context(), f.disabled)
	graphErrorOf(t, err, entramfa.ErrNotFound, "a disabled account")
	_, err = e.PasswordReset(t.Context(), mfa.PasswordOperation{Location: "/users/" + f.account + "/authentication/operations/" + nothing})
	graphErrorOf(t, err, entramfa.ErrNotFound, "no such operation")
}

func testEnrolPermission(t *testing.T, newEnroller EnrollerMaker) {
	for _, c := range enrolCalls() {
		f := ready(t)
		before := f.tenant.Snapshot()
		f.tenant.Fail(graphfake.Failure{Method: c.method, Path: c.path, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
		graph := graphErrorOf(t, c.call(t.Context(), newEnroller(t, f.tenant), f.account), entramfa.ErrPermission, c.name)
		assert.Equal(t, http.StatusForbidden, graph.Status, c.name)
		assert.Equal(t, c.method, graph.Method, c.name)
		assert.Contains(t, graph.Permissions, c.permission, c.name)
		assert.Equal(t, string(before), string(f.tenant.Snapshot()), c.name)
	}
}

func testEnrolThrottled(t *testing.T, newEnroller EnrollerMaker) {
	for _, c := range enrolCalls() {
		f := ready(t)
		e := newEnroller(t, f.tenant)
		throttled(t, f.fixture, c.method, c.path, c.name, func() error { return c.call(t.Context(), e, f.account) })
	}
}

// testEnrolUnavailable: what could not be read is an error, never an empty answer.
func testEnrolUnavailable(t *testing.T, newEnroller EnrollerMaker) {
	for _, c := range enrolCalls() {
		f := ready(t)
		e := newEnroller(t, f.tenant)
		f.tenant.Fail(graphfake.Failure{Method: c.method, Path: c.path, Err: &entramfa.GraphError{Status: http.StatusInternalServerError}})
		assert.ErrorIs(t, c.call(t.Context(), e, f.account), entramfa.ErrUnavailable, c.name)
	}
}

// testEnrolOnce: a write whose outcome is open is not repeated.
func testEnrolOnce(t *testing.T, newEnroller EnrollerMaker) {
	for _, failure := range []graphfake.Failure{
		{Applied: true, Err: &entramfa.GraphError{Status: http.StatusGatewayTimeout}},
		{Cut: true},
	} {
		for _, c := range enrolCalls() {
			if c.method == http.MethodGet {
				continue
			}
			f := ready(t)
			calls := f.counted(c.method)
			e := newEnroller(t, f.tenant)
			failure.Method, failure.Path = c.method, c.path
			f.tenant.Fail(failure)
			assert.ErrorIs(t, c.call(t.Context(), e, f.account), entramfa.ErrUnavailable, c.name)
			assert.Equal(t, 1, *calls, c.name+" was sent once")
		}
	}
}

func testEnrolCancelled(t *testing.T, newEnroller EnrollerMaker) {
	f := ready(t)
	e := newEnroller(t, f.tenant)
	before := f.tenant.Snapshot()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range enrolCalls() {
		assert.ErrorIs(t, c.call(ctx, e, f.account), context.Canceled, c.name)
	}
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}

// testEnrolSecrets: whole numbers and passwords stand nowhere but on the wire.
func testEnrolSecrets(t *testing.T, newEnroller EnrollerMaker) {
	f := ready(t)
	e := newEnroller(t, f.tenant)
	var said []any
	tell := func(values ...any) { said = append(said, values...) }
	for _, failed := range []bool{false, true} {
		if failed {
			f.tenant.Fail(graphfake.Failure{Err: &entramfa.GraphError{Status: http.StatusBadRequest}})
		}
		method, receipt, err := e.AddPhone(t.Context(), f.account, mfa.PhoneOffice, number("51"))
		tell(method, receipt, err)
		_, err = e.UpdatePhone(t.Context(), f.account, officeID, mfa.PhoneMobile, number("52"))
		tell(err)
		_, err = e.UpdatePhone(t.Context(), f.account, officeID, mfa.PhoneOffice, mfa.NewSecret("+12065550153"))
		tell(err)
		_, err = e.UpdateMobilePhone(t.Context(), f.account, number("54"))
		tell(err)
		phone, err := e.MobilePhone(t.Context(), f.account)
		tell(phone, err)
		_, err = e.SetPassword(t.Context(), f.account, mfa.NewSecret(goodPassword))
		tell(err)
		operation, _, err := e.ResetPassword(t.Context(), f.account, mfa.NewSecret(someoneElsesPwd))
		tell(operation, err)
		user, err := e.User(t.Context(), f.account)
		tell(user, err)
		methods, err := e.Methods(t.Context(), f.account)
		tell(methods, err)
		entry, err := e.Registration(t.Context(), f.account)
		tell(entry, err)
	}
	text := string(f.tenant.Snapshot()) + jsonOf(t, f.tenant.Requests())
	for _, value := range said {
		text += fmt.Sprintf("%v %+v\n", value, value)
		if err, ok := value.(error); ok {
			var graph *entramfa.GraphError
			errors.As(err, &graph)
			value = graph
		}
		shown, err := json.Marshal(value)
		require.NoError(t, err)
		text += string(shown)
	}
	assert.Contains(t, text, "…54", "the last digits are told")
	for _, secret := range []string{"2065550", goodPassword, someoneElsesPwd} {
		assert.NotContains(t, text, secret)
	}
}
