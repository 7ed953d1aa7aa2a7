package msgraph_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

const signInsURI = "/beta/auditLogs/signIns"

// record is a sign-in of the account of userID.
func record(id, more string) string {
	return `{"id":"` + id + `","createdDateTime":"2026-11-01T11:00:00Z","userId":"` + userID + `","status":{"errorCode":50076}` + more + `}`
}

func TestSignInLogOnTheWire(t *testing.T) {
	page := reply(`{"value":[` + record("1", `,"authenticationProtocol":"ropc","isInteractive":false,"authenticationRequirement":"multiFactorAuthentication",`+
		`"appliedConditionalAccessPolicies":[{"id":"p","result":"failure","enforcedGrantControls":["Mfa"]}],`+
		`"authenticationRequirementPolicies":[{"requirementProvider":"user","detail":"x"}]`) + `]}`)
	east := time.FixedZone("east", 3600)
	tests := map[string]struct {
		query  mfa.SignInQuery
		filter string
	}{
		"interactive": {
			mfa.SignInQuery{UserID: userID, Since: time.Date(2026, 11, 1, 13, 0, 0, 0, east)},
			"userId eq '" + userID + "' and createdDateTime ge 2026-11-01T12:00:00Z",
		},
		"without a person": {
			mfa.SignInQuery{UserID: userID, Since: noon, NonInteractive: true},
			"userId eq '" + userID + "' and createdDateTime ge 2026-11-01T12:00:00Z and signInEventTypes/any(t: t eq 'nonInteractiveUser')",
		},
		"all that is held": {mfa.SignInQuery{UserID: userID}, "userId eq '" + userID + "'"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{signInsURI: page})
			var got []mfa.SignInRecord
			for r, err := range w.client(t, nil).SignInLog(t.Context(), test.query) {
				require.NoError(t, err)
				got = append(got, r)
			}
			require.Len(t, got, 1)
			assert.Equal(t, 50076, got[0].Status.ErrorCode)
			assert.Equal(t, "ropc", got[0].AuthenticationProtocol)
			assert.Equal(t, []mfa.AppliedPolicy{{ID: "p", Result: "failure", EnforcedGrantControls: []string{"Mfa"}}}, got[0].AppliedPolicies)
			assert.Equal(t, []mfa.RequirementPolicy{{RequirementProvider: "user", Detail: "x"}}, got[0].RequirementPolicies)
			sent := w.calls()
			require.Len(t, sent, 1)
			uri, err := url.Parse(sent[0].uri)
			require.NoError(t, err)
			assert.Equal(t, signInsURI, uri.Path)
			assert.Equal(t, url.Values{"$filter": {test.filter}, "$orderby": {"createdDateTime desc"}}, uri.Query())
			assert.Equal(t, "include-unknown-enum-members", sent[0].header.Get("Prefer"))
		})
	}
}

func TestSignInLogIsReadAsFarAsItIsConsumed(t *testing.T) {
	var w *wire
	w = newWire(t, map[string]http.HandlerFunc{signInsURI: func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("$skiptoken") {
		case "":
			reply(`{"value":[`+record("1", "")+`],"@odata.nextLink":"`+w.URL+signInsURI+`?$skiptoken=2"}`)(rw, r)
		case "2":
			reply(`{"value":[`+record("2", "")+`],"@odata.nextLink":"`+w.URL+signInsURI+`?$skiptoken=3"}`)(rw, r)
		default:
			graphError(500, "x")(rw, r)
		}
	}})
	var ids []string
	for r, err := range w.client(t, nil).SignInLog(t.Context(), mfa.SignInQuery{UserID: userID}) {
		require.NoError(t, err)
		if ids = append(ids, r.ID); len(ids) == 2 {
			break
		}
	}
	assert.Equal(t, []string{"1", "2"}, ids)
	assert.Len(t, w.calls(), 2)
	assert.Equal(t, "include-unknown-enum-members", w.calls()[1].header.Get("Prefer"), "a further page shows new values too")
}

func TestSignInLogThatIsNoEvidence(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		kind   error
		text   string
	}{
		"no licence":       {graphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), entramfa.ErrLicense, ""},
		"no permission":    {graphError(403, "Authorization_RequestDenied"), entramfa.ErrPermission, "grant AuditLog.Read.All"},
		"another account":  {reply(`{"value":[` + strings.Replace(record("1", ""), userID, policyID, 1) + `]}`), entramfa.ErrUnavailable, "another account"},
		"no account":       {reply(`{"value":[{"id":"1","createdDateTime":"2026-11-01T11:00:00Z","status":{"errorCode":0}}]}`), entramfa.ErrUnavailable, "another account"},
		"no status":        {reply(`{"value":[{"id":"1","createdDateTime":"2026-11-01T11:00:00Z","userId":"` + userID + `"}]}`), entramfa.ErrUnavailable, "status/errorCode"},
		"null status":      {reply(`{"value":[` + record("1", `,"STATUS":null`) + `,{"id":"2","createdDateTime":"x","userId":"` + userID + `","status":null}]}`), entramfa.ErrUnavailable, "status/errorCode"},
		"null number":      {reply(`{"value":[{"id":"1","createdDateTime":"x","userId":"` + userID + `","status":{"errorCode":null}}]}`), entramfa.ErrUnavailable, "status/errorCode"},
		"no id":            {reply(`{"value":[` + record("", "") + `]}`), entramfa.ErrUnavailable, `"id"`},
		"no time":          {reply(`{"value":[{"id":"1","userId":"` + userID + `","status":{"errorCode":0}}]}`), entramfa.ErrUnavailable, "createdDateTime"},
		"null":             {reply(`null`), entramfa.ErrUnavailable, ""},
		"null list":        {reply(`{"value":null}`), entramfa.ErrUnavailable, ""},
		"HTML":             {reply(`<html>`), entramfa.ErrUnavailable, "HTML"},
		"half":             {reply(`{"value":[` + record("1", "")), entramfa.ErrUnavailable, ""},
		"202":              {replyWith(202, `{"value":[]}`), entramfa.ErrUnavailable, "not whole"},
		"link to the evil": {reply(`{"value":[],"@odata.nextLink":"https://graph.evil.example/beta/auditLogs/signIns"}`), entramfa.ErrUnavailable, "not followed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{signInsURI: test.answer})
			var last error
			n := 0
			for r, err := range w.client(t, nil).SignInLog(t.Context(), mfa.SignInQuery{UserID: userID}) {
				require.NoError(t, last, "nothing follows an error")
				if err != nil {
					assert.Equal(t, mfa.SignInRecord{}, r)
				}
				last, n = err, n+1
			}
			require.ErrorIs(t, last, test.kind)
			assert.ErrorContains(t, last, test.text)
			assert.Equal(t, 1, n)
		})
	}
}

func TestSignInLogAsksForAnObjectID(t *testing.T) {
	w := newWire(t, nil)
	var last error
	for _, err := range w.client(t, nil).SignInLog(t.Context(), mfa.SignInQuery{UserID: "x' or userId ne '"}) {
		last = err
	}
	require.ErrorContains(t, last, "object id")
	assert.Empty(t, w.calls())
}
