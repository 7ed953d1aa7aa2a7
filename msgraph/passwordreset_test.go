package msgraph_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

func TestResetIsFollowedOnTheOwnHost(t *testing.T) {
	w := newWire(t, nil)
	upper := strings.ToUpper(w.URL[:8]) + w.URL[8:]
	for _, location := range []string{
		w.URL + "/v1.0" + operation + "?aadgdc=DUB02P&aadgsu=a%2Fb", upper + "/v1.0" + operation, "/v1.0" + operation, "/V1.0" + operation + "?aadgdc=x",
		w.URL + "/v1.0" + strings.ReplaceAll(operation, userID, strings.ToUpper(userID)), w.URL + "/v1.0" + strings.ReplaceAll(operation, userID, "svc%40contoso.com"),
	} {
		_, wanted, _ := strings.Cut(strings.ToLower(location), "/v1.0")
		w.answers = map[string]http.HandlerFunc{resetURI: accepted(location)}
		begun, receipt, err := w.client(t, nil).ResetPassword(t.Context(), userID, aPassword)
		require.NoError(t, err, location)
		assert.Equal(t, wanted, strings.ToLower(begun.Location))
		assert.Equal(t, "header-id", receipt.RequestID)

		// The place leads to the same address, query and all.
		path, _, _ := strings.Cut(begun.Location, "?")
		w.answers["/v1.0"+strings.ReplaceAll(path, "%40", "@")] = headed("Retry-After", "3", reply(`{"id":"88e7560c-9ebf-435c-8089-c3998ac1ec51","status":"Running","statusDetail":"x"}`))
		now, err := w.client(t, nil).PasswordReset(t.Context(), begun)
		require.NoError(t, err, location)
		assert.Equal(t, mfa.PasswordOperation{Location: begun.Location, Status: "running", StatusDetail: "x", RetryAfterSeconds: 3}, now)
		lines := w.lines()
		assert.Equal(t, "GET /v1.0"+begun.Location, lines[len(lines)-1])
	}
}

func TestBaseURLWithAPathKeepsIt(t *testing.T) {
	w := newWire(t, nil)
	w.answers = map[string]http.HandlerFunc{"/proxy" + resetURI: inTurn(accepted(w.URL+"/proxy/v1.0"+operation), accepted(w.URL+"/v1.0"+operation))}
	client := w.client(t, &msgraph.Options{BaseURL: w.URL + "/proxy"})
	begun, _, err := client.ResetPassword(t.Context(), userID, aPassword)
	require.NoError(t, err)
	assert.Equal(t, operation, begun.Location)
	_, _, err = client.ResetPassword(t.Context(), userID, aPassword)
	require.ErrorContains(t, err, "leads out of v1.0")
}

// The token must not follow to another host, nor to anything but the operation.
func TestResetThatLeadsElsewhereIsOpen(t *testing.T) {
	w := newWire(t, nil)
	host := strings.TrimPrefix(w.URL, "https://")
	for location, want := range map[string]string{
		"":  "no Location",
		" ": "no Location",
		"https://graph.evil.example/v1.0" + operation:                           "leads to graph.evil.example",
		"//graph.evil.example/v1.0" + operation:                                 "leads to graph.evil.example",
		"http://" + host + "/v1.0" + operation:                                  "away from",
		"https://127.0.0.1/v1.0" + operation:                                    "away from",
		"https://" + host + ".evil.example/v1.0" + operation:                    "no URL",
		"https://me:pw@" + host + "/v1.0" + operation:                           "not followed",
		"https:v1.0" + operation:                                                "not followed",
		"javascript:alert(1)":                                                   "not followed",
		"%zz":                                                                   "no URL",
		w.URL + "/beta" + operation:                                             "leads out of v1.0",
		w.URL + operation:                                                       "leads out of v1.0",
		w.URL + "/v1.0/users":                                                   "no operation",
		w.URL + "/v1.0" + operation + "/":                                       "no operation",
		w.URL + "/v1.0" + strings.Replace(operation, userID, "..", 1):           "no operation",
		w.URL + "/v1.0" + strings.Replace(operation, userID, "%2e%2e", 1):       "no operation",
		w.URL + "/v1.0" + strings.Replace(operation, userID, "a%2Fb", 1):        "no operation",
		w.URL + "/v1.0/users/" + userID + "/authentication/operations/":         "no operation",
		w.URL + "/v1.0/groups/" + userID + "/authentication/operations/x":       "no operation",
		w.URL + "/v1.0" + strings.Replace(operation, userID, groupID, 1):        "operation of another user",
		w.URL + "/v1.0.evil" + operation:                                        "no operation",
		w.URL + "/v1.0" + operation + "/../../../users/" + groupID + "/manager": "no operation",
	} {
		w.answers = map[string]http.HandlerFunc{resetURI: accepted(location)}
		begun, receipt, err := w.client(t, nil).ResetPassword(t.Context(), userID, aPassword)
		require.ErrorIs(t, err, entramfa.ErrUnavailable, location)
		require.ErrorContains(t, err, want, location)
		require.ErrorContains(t, err, open, location)
		assert.NotContains(t, err.Error(), "pw@")
		assert.Empty(t, begun, location)
		assert.Equal(t, "header-id", receipt.RequestID, "the reset was accepted")
	}
}

func TestResetToAnotherPasswordIsOpen(t *testing.T) {
	const made = "Made-Up-By-Graph-1"
	for name, body := range map[string]string{
		"another": `{"newPassword":"` + made + `"}`, "no object": `"` + made + `"`, "an error": `{"error":{"code":"x","message":"y"}}`, "no text": `{"newPassword":{"x":"` + made + `"}}`,
	} {
		w := newWire(t, map[string]http.HandlerFunc{resetURI: headed("Location", "/v1.0"+operation, replyWith(202, body))})
		_, _, err := w.client(t, nil).ResetPassword(t.Context(), userID, aPassword)
		require.ErrorIs(t, err, entramfa.ErrUnavailable, name)
		require.ErrorContains(t, err, open, name)
		assert.NotContains(t, err.Error(), made, name)
	}
	for _, body := range []string{"", "{}", `{"newPassword":null}`, `{"newPassword":"Correct\"Horse\/9"}`} {
		w := newWire(t, map[string]http.HandlerFunc{resetURI: headed("Location", "/v1.0"+operation, replyWith(202, body))})
		begun, _, err := w.client(t, nil).ResetPassword(t.Context(), userID, aPassword)
		require.NoError(t, err, body)
		assert.Equal(t, operation, begun.Location)
	}
}

func TestStatesOfAReset(t *testing.T) {
	w := newWire(t, nil)
	for body, want := range map[string]mfa.PasswordOperation{
		`{"status":"NotStarted"}`: {Status: "notStarted"}, `{"status":"succeeded","statusDetail":null}`: {Status: "succeeded"},
		`{"status":"failed","statusDetail":"The\nrules refuse it."}`: {Status: "failed", StatusDetail: "The rules refuse it."},
		`{"status":"skipped","statusDetail":"password=Hidden9!"}`:    {Status: "skipped", StatusDetail: "password=(hidden)"},
	} {
		w.answers = map[string]http.HandlerFunc{"/v1.0" + operation: reply(body)}
		got, err := w.client(t, nil).PasswordReset(t.Context(), mfa.PasswordOperation{Location: operation, Status: "notStarted", RetryAfterSeconds: 9})
		require.NoError(t, err)
		want.Location = operation
		assert.Equal(t, want, got)
	}
	for body, want := range map[string]string{
		`{}`: `no "status"`, `{"status":null}`: `no "status"`, `{"status":" "}`: `no "status"`, `{"status":7}`: "can't be read", ``: "empty",
		`{"id":"` + groupID + `","status":"succeeded"}`: "another operation",
	} {
		w.answers = map[string]http.HandlerFunc{"/v1.0" + operation: reply(body)}
		_, err := w.client(t, nil).PasswordReset(t.Context(), mfa.PasswordOperation{Location: operation})
		require.ErrorIs(t, err, entramfa.ErrUnavailable, body)
		require.ErrorContains(t, err, want, body)
	}
	w.answers = map[string]http.HandlerFunc{"/v1.0" + operation: graphError(403, "accessDenied")}
	_, err := w.client(t, nil).PasswordReset(t.Context(), mfa.PasswordOperation{Location: operation})
	require.ErrorIs(t, err, entramfa.ErrPermission)
	require.ErrorContains(t, err, "no application can follow a reset")
}

// A journal may have been changed by somebody.
func TestPlaceThatNoResetHasIsNotRead(t *testing.T) {
	w := newWire(t, nil)
	client := w.client(t, nil)
	for _, location := range []string{
		"", "/", "/users/" + userID, w.URL + "/v1.0" + operation, "//graph.evil.example" + operation, "https://graph.evil.example" + operation, operation[1:],
		operation + "/x", operation + "#x", strings.Replace(operation, userID, "..", 1), strings.Replace(operation, "operations", "methods", 1), "/../beta" + operation, "%zz",
	} {
		_, err := client.PasswordReset(t.Context(), mfa.PasswordOperation{Location: location})
		require.Error(t, err, location)
	}
	assert.Empty(t, w.calls())
}
