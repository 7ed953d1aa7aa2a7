package msgraph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

const (
	mobileID         = "3179e48a-750b-4051-897c-87b9720928f7"
	userURI          = "/v1.0/users/" + userID
	phonesURI        = userURI + "/authentication/phoneMethods"
	resetURI         = userURI + "/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword"
	operation        = "/users/" + userID + "/authentication/operations/88e7560c-9ebf-435c-8089-c3998ac1ec51"
	registrationsURI = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
	methodsPolicyURI = "/v1.0/policies/authenticationMethodsPolicy"
	phoneJSON        = `{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"` + mobileID + `","phoneNumber":"+1 2065550100","phoneType":"mobile","smsSignInState":"ready"}`
)

var (
	aNumber   = mfa.NewSecret("+1 2065550100")
	aPassword = mfa.NewSecret(`Correct"Horse/9`)
)

// accepted answers as Graph does to a reset.
func accepted(location string) http.HandlerFunc {
	return headed("Location", location, headed("Retry-After", "7", replyWith(http.StatusAccepted, `{}`)))
}

func enrolments() map[string]written {
	noContent := replyWith(http.StatusNoContent, "")
	phones := []string{"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	return map[string]written{
		"AddPhone": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				method, receipt, err := c.AddPhone(ctx, userID, mfa.PhoneMobile, aNumber)
				if err == nil && (method.ID != mobileID || !method.PhoneNumber.Is(aNumber)) {
					panic("the answer was not decoded")
				}
				return receipt, err
			},
			method: "POST", uri: phonesURI, body: `{"phoneNumber":"+1 2065550100","phoneType":"mobile"}`,
			answer: replyWith(http.StatusCreated, phoneJSON), grants: phones,
		},
		"UpdatePhone": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.UpdatePhone(ctx, userID, mobileID, mfa.PhoneMobile, aNumber)
			},
			method: "PATCH", uri: phonesURI + "/" + mobileID, body: `{"phoneNumber":"+1 2065550100","phoneType":"mobile"}`,
			answer: reply(phoneJSON), grants: phones,
		},
		"DeletePhone": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.DeletePhone(ctx, userID, mobileID)
			},
			method: "DELETE", uri: phonesURI + "/" + mobileID, answer: noContent, grants: phones,
		},
		"UpdateMobilePhone": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.UpdateMobilePhone(ctx, userID, aNumber)
			},
			method: "PATCH", uri: userURI, body: `{"mobilePhone":"+1 2065550100"}`, answer: noContent, grants: []string{"User-Phone.ReadWrite.All"},
		},
		"SetPassword": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.SetPassword(ctx, userID, aPassword)
			},
			method: "PATCH", uri: userURI, answer: noContent, grants: []string{"User-PasswordProfile.ReadWrite.All"},
			body: `{"passwordProfile":{"password":"Correct\"Horse/9","forceChangePasswordNextSignIn":false,"forceChangePasswordNextSignInWithMfa":false}}`,
		},
		"ResetPassword": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				begun, receipt, err := c.ResetPassword(ctx, userID, aPassword)
				if err == nil && begun != (mfa.PasswordOperation{Location: operation + "?aadgdc=DUB02P&aadgsu=ssprprod-a", Status: "notStarted", RetryAfterSeconds: 7}) {
					panic("the answer was not read")
				}
				return receipt, err
			},
			method: "POST", uri: resetURI, body: `{"newPassword":"Correct\"Horse/9"}`,
			answer: accepted("/v1.0" + operation + "?aadgdc=DUB02P&aadgsu=ssprprod-a"), grants: []string{"UserAuthMethod-Password.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"},
		},
	}
}

func TestEmptyNumberTakesTheMobilePhoneAway(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{userURI: replyWith(204, "")})
	_, err := w.client(t, nil).UpdateMobilePhone(t.Context(), userID, mfa.Secret{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"mobilePhone":null}`, w.calls()[0].body)
}

func TestAddedPhoneShowsItsLastDigits(t *testing.T) {
	w := newWire(t, nil)
	for name, answer := range map[string]http.HandlerFunc{
		"201": replyWith(201, phoneJSON), "200": reply(phoneJSON), "number without spaces": replyWith(201, strings.Replace(phoneJSON, "+1 ", "+1", 1)),
		"number half hidden": replyWith(201, strings.Replace(phoneJSON, "20655501", "XXXXXXXX", 1)), "no number": replyWith(201, strings.Replace(phoneJSON, `"phoneNumber"`, `"x"`, 1)),
	} {
		w.answers = map[string]http.HandlerFunc{phonesURI: answer}
		method, _, err := w.client(t, nil).AddPhone(t.Context(), userID, mfa.PhoneMobile, aNumber)
		require.NoError(t, err, name)
		text, err := json.Marshal(method)
		require.NoError(t, err)
		assert.JSONEq(t, `{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"`+mobileID+`","phoneType":"mobile","phoneNumber":"…00"}`, string(text), name)
		assert.True(t, method.PhoneNumber.Is(aNumber), name)
	}
}

func TestAddedPhoneThatIsAnotherMayBeThere(t *testing.T) {
	for name, answer := range map[string]string{
		"no body": "", "no id": `{"phoneType":"mobile"}`, "id that is none": `{"id":"+1 2065550100","phoneType":"mobile"}`,
		"no type": `{"id":"` + mobileID + `"}`, "other type": strings.Replace(phoneJSON, `"mobile"`, `"office"`, 1),
		"other number": strings.Replace(phoneJSON, "0100", "0199", 1), "number that is no text": strings.Replace(phoneJSON, `"+1 2065550100"`, `[12065550100]`, 1),
	} {
		w := newWire(t, map[string]http.HandlerFunc{phonesURI: replyWith(201, answer)})
		method, _, err := w.client(t, nil).AddPhone(t.Context(), userID, mfa.PhoneMobile, aNumber)
		require.ErrorIs(t, err, entramfa.ErrUnavailable, name)
		assert.ErrorContains(t, err, "may be registered all the same", name)
		assert.ErrorContains(t, err, open, name)
		assert.NotContains(t, err.Error(), "2065550", name)
		assert.Empty(t, method, name)
		assert.Len(t, w.calls(), 1)
	}
}

func TestWhatIsNoPasswordIsNotSent(t *testing.T) {
	w := newWire(t, nil)
	for _, text := range []string{"", "Bad\xff9"} {
		_, err := w.client(t, nil).SetPassword(t.Context(), userID, mfa.NewSecret(text))
		require.ErrorContains(t, err, "the new password is")
		_, _, err = w.client(t, nil).ResetPassword(t.Context(), userID, mfa.NewSecret(text))
		require.ErrorContains(t, err, "the new password is")
		assert.NotContains(t, err.Error(), "Bad")
	}
	assert.Empty(t, w.calls())
}

// refusalOf is what Graph refuses in an enrolment.
type refusalOf struct {
	write, code, message string
	status               int
	kind                 error
	want                 string
}

func TestRefusalsOfEnrolments(t *testing.T) {
	for name, test := range map[string]refusalOf{
		"phone, no role":    {"AddPhone", "accessDenied", "Request Authorization failed", 403, entramfa.ErrPermission, "Privileged Authentication Administrator; grant UserAuthMethod-Phone.ReadWrite.All"},
		"number, no role":   {"UpdatePhone", "accessDenied", "x", 403, entramfa.ErrPermission, "Authentication Administrator"},
		"phone gone":        {"DeletePhone", "accessDenied", "", 403, entramfa.ErrPermission, "403 accessDenied: a signed-in user needs"},
		"password, no role": {"SetPassword", "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", 403, entramfa.ErrPermission, "be it an application, needs a directory role too: User Administrator"},
		"contact, no role":  {"UpdateMobilePhone", "Authorization_RequestDenied", "x.", 403, entramfa.ErrPermission, "x; where the account is an administrator"},
		"reset by an app":   {"ResetPassword", "accessDenied", "x", 403, entramfa.ErrPermission, "no application can reset a password"},
		"phone twice":       {"AddPhone", "badRequest", "The user has a phone of this type already.", 400, entramfa.ErrConflict, "one phone of each type"},
		"phone twice, code": {"AddPhone", "phoneAlreadyExists", "No.", 400, entramfa.ErrConflict, "one phone of each type"},
		"phone conflict":    {"AddPhone", "conflict", "No.", 409, entramfa.ErrConflict, "409 conflict: No."},
		"number already":    {"UpdatePhone", "badRequest", "The number is already in use.", 400, nil, "already in use."},
		"bad number":        {"AddPhone", "badRequest", "The phone number '+1 2065550100' is invalid.", 400, nil, "The phone number '+(hidden)' is invalid."},
		"cloud, 404":        {"AddPhone", "BadRequest", "Resource not found for the segment 'phoneMethods'.", 404, nil, "this cloud has no phone methods"},
		"cloud, 400":        {"DeletePhone", "BadRequest", "Resource not found for the segment 'phoneMethods'.", 400, nil, "register the phone in the portal"},
		"no account":        {"AddPhone", "Request_ResourceNotFound", "Resource 'x' does not exist.", 404, entramfa.ErrNotFound, "as that of 21Vianet, answers so too"},
		"synchronized":      {"UpdateMobilePhone", "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.", 400, nil, "change it in the on-premises directory"},
		"weak password":     {"SetPassword", "Request_BadRequest", "The specified password does not comply with password complexity requirements. Please provide a different password.", 400, entramfa.ErrPasswordRefused, "the rules for passwords refuse it"},
		"banned password":   {"ResetPassword", "badRequest", "The password contains a banned word.", 400, entramfa.ErrPasswordRefused, "the rules for passwords refuse it"},
		"other 400":         {"SetPassword", "Request_BadRequest", "Invalid value specified for property 'passwordProfile' of resource 'User'.", 400, nil, "of resource 'User'. (request-id"},
		"protected action":  {"SetPassword", "accessDenied", "The request requires Conditional Access, which the client does not support.", 403, entramfa.ErrPermission, "the tenant protects this action"},
		"licence":           {"AddPhone", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "x", 403, entramfa.ErrLicense, ": x (request-id"},
	} {
		t.Run(name, func(t *testing.T) {
			write := enrolments()[test.write]
			body, err := json.Marshal(map[string]any{"error": map[string]string{"code": test.code, "message": test.message}})
			require.NoError(t, err)
			w := newWire(t, map[string]http.HandlerFunc{write.path(): replyWith(test.status, string(body))})
			_, err = write.write(t.Context(), w.client(t, nil))
			var graph *entramfa.GraphError
			require.ErrorAs(t, err, &graph)
			assert.Equal(t, test.kind, graph.Kind)
			assert.Equal(t, test.status, graph.Status)
			assert.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "open whether")
			if name == "other 400" {
				assert.NotContains(t, err.Error(), "the rules for passwords")
			}
			if name == "protected action" {
				assert.Empty(t, graph.Permissions)
				assert.NotContains(t, err.Error(), "User Administrator")
			}
			assert.Len(t, w.calls(), 1)
		})
	}
}

func TestMobilePhone(t *testing.T) {
	user := func(more string) string { return `{"id":"` + userID + `"` + more + `}` }
	w := newWire(t, nil)
	read := func(answer string) (*mfa.Phone, error) {
		w.answers = map[string]http.HandlerFunc{userURI: reply(answer)}
		return w.client(t, nil).MobilePhone(t.Context(), userID)
	}
	number, err := read(user(`,"mobilePhone":"+1 2065550100"`))
	require.NoError(t, err)
	require.NotNil(t, number)
	assert.True(t, number.Is(aNumber))
	assert.Equal(t, "GET "+userURI+"?$select=id%2CmobilePhone", w.lines()[0])
	for _, none := range []string{`,"mobilePhone":null`, `,"mobilePhone":""`, `,"mobilePhone":" "`} {
		number, err := read(user(none))
		require.NoError(t, err)
		assert.Nil(t, number)
	}
	for answer, want := range map[string]string{
		user(""): `no "mobilePhone"`, user(`,"mobilePhone":2065550100`): "is no text", user(`,"mobilePhone":["+1 2065550100"]`): "is no text",
		`{"mobilePhone":"+1 2065550100"}`: "no object id", `{"id":"` + groupID + `","mobilePhone":"+1 2065550100"}`: "another user", `{"id":"`: "can't be read",
	} {
		_, err := read(answer)
		require.ErrorIs(t, err, entramfa.ErrUnavailable, answer)
		require.ErrorContains(t, err, want, answer)
		assert.NotContains(t, err.Error(), "2065550", answer)
	}
}

func TestRegistrations(t *testing.T) {
	w := newWire(t, nil)
	w.answers = map[string]http.HandlerFunc{
		registrationsURI: func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("$skiptoken") == "" {
				reply(`{"value":[{"id":"1","isMfaRegistered":true,"new":7}],"@odata.nextLink":"`+w.URL+registrationsURI+`?$skiptoken=x"}`)(rw, r)
				return
			}
			reply(`{"value":[{"id":"2","methodsRegistered":["mobilePhone"]}]}`)(rw, r)
		},
		registrationsURI + "/" + userID:  reply(`{"id":"` + strings.ToUpper(userID) + `","isAdmin":true}`),
		registrationsURI + "/" + groupID: reply(`{"id":"` + userID + `"}`), registrationsURI + "/none": reply(`{"isAdmin":true}`),
	}
	client := w.client(t, nil)
	var got []string
	for entry, err := range client.Registrations(t.Context()) {
		require.NoError(t, err)
		text, err := json.Marshal(entry)
		require.NoError(t, err)
		got = append(got, string(text))
	}
	assert.Equal(t, []string{`{"id":"1","isMfaRegistered":true,"new":7}`, `{"id":"2","methodsRegistered":["mobilePhone"]}`}, got)
	assert.Equal(t, []string{"GET " + registrationsURI + "?$top=999", "GET " + registrationsURI + "?$skiptoken=x"}, w.lines())

	entry, err := client.Registration(t.Context(), userID)
	require.NoError(t, err)
	assert.True(t, *entry.IsAdmin)
	_, err = client.Registration(t.Context(), groupID)
	require.ErrorContains(t, err, "another account")
	require.ErrorIs(t, err, entramfa.ErrUnavailable)
	_, err = client.Registration(t.Context(), "none")
	require.ErrorContains(t, err, `no "id"`)
	_, err = client.Registration(t.Context(), "unknown")
	require.ErrorIs(t, err, entramfa.ErrNotFound)
}

// What many accounts are asked for travels in batches.
func TestRegistrationAndMethodsTravelTogether(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{
		registrationsURI + "/" + userID:     reply(`{"id":"` + userID + `"}`),
		userURI + "/authentication/methods": reply(`{"value":[]}`), userURI: reply(`{"id":"` + userID + `","mobilePhone":null}`),
	})
	client := w.client(t, nil)
	ctx := client.Together(t.Context(), 4)
	errs := make(chan error, 4)
	go func() { _, err := client.Registration(ctx, userID); errs <- err }()
	go func() { _, err := client.Methods(ctx, userID); errs <- err }()
	go func() { _, err := client.MobilePhone(ctx, userID); errs <- err }()
	go func() { _, err := client.Registration(ctx, ".."); errs <- err }()
	var failed []error
	for range 4 {
		if err := <-errs; err != nil {
			failed = append(failed, err)
		}
	}
	require.Len(t, failed, 1)
	require.ErrorIs(t, failed[0], entramfa.ErrNotFound)
	assert.Equal(t, []string{"POST /v1.0/$batch [3]"}, w.lines())
}

func TestMethodsPolicy(t *testing.T) {
	const sms = `{"@odata.type":"#microsoft.graph.smsAuthenticationMethodConfiguration","id":"Sms","state":"enabled","includeTargets":[{"targetType":"group","id":"all_users","isUsableForSignIn":true}],"excludeTargets":[]}`
	w := newWire(t, nil)
	read := func(answer string) (mfa.MethodsPolicy, error) {
		w.answers = map[string]http.HandlerFunc{methodsPolicyURI: reply(answer)}
		return w.client(t, nil).MethodsPolicy(t.Context())
	}
	found, err := read(`{"id":"authenticationMethodsPolicy","authenticationMethodConfigurations":[` + sms + `]}`)
	require.NoError(t, err)
	require.Len(t, found.Configurations, 1)
	text, err := json.Marshal(found.Configurations[0])
	require.NoError(t, err)
	assert.JSONEq(t, sms, string(text))
	assert.Equal(t, []string{"GET " + methodsPolicyURI}, w.lines())
	for answer, want := range map[string]string{
		`{"id":"x"}`: `no "authenticationMethodConfigurations"`, `{"authenticationMethodConfigurations":null}`: `no "authenticationMethodConfigurations"`,
		`{"authenticationMethodConfigurations":[{"state":"enabled"}]}`: `no "id"`, `{"authenticationMethodConfigurations":[` + sms + `,{"id":"Voice"}]}`: `no "state"`,
	} {
		found, err := read(answer)
		require.ErrorIs(t, err, entramfa.ErrUnavailable, answer)
		require.ErrorContains(t, err, want, answer)
		assert.Empty(t, found)
	}
}
