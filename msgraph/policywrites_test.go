package msgraph_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// badRequest answers 400 with a message; inner is that of innerError.
func badRequest(message, inner string) http.HandlerFunc {
	return replyWith(400, `{"error":{"code":"BadRequest","message":"`+message+`","innerError":{"message":"`+inner+`"}}}`)
}

func TestPolicyOfBetaIsWrittenToBeta(t *testing.T) {
	const preview = "1038: ConditionalAccessPolicy contains preview features. Use the /beta endpoint."
	done, missing := replyWith(204, ""), graphError(404, "ResourceNotFound")
	tests := map[string]struct {
		v1, beta http.HandlerFunc
		asked    int
		kind     error
		message  string
	}{
		"number in front":        {v1: badRequest(preview, ""), beta: done, asked: 2},
		"number inside":          {v1: badRequest("Invalid request.", preview), beta: done, asked: 2},
		"hidden":                 {v1: missing, beta: done, asked: 2},
		"not there":              {v1: missing, beta: missing, asked: 2, kind: entramfa.ErrNotFound},
		"cloud without beta":     {v1: missing, beta: graphError(501, "NotImplemented"), asked: 2, kind: entramfa.ErrNotFound},
		"beta fails":             {v1: badRequest(preview, ""), beta: graphError(500, "x"), asked: 2, kind: entramfa.ErrUnavailable, message: open},
		"beta refuses":           {v1: missing, beta: badRequest("Security Defaults is enabled in the tenant.", ""), asked: 2, kind: entramfa.ErrConflict},
		"number of another kind": {v1: badRequest("1007: does not match 1038: schema", ""), beta: done, asked: 1, message: "1007: does not match"},
		"number in the text":     {v1: badRequest("Something with 1038: in it", ""), beta: done, asked: 1, message: "Something"},
		"404 of a proxy":         {v1: replyWith(404, "<html>"), beta: done, asked: 1, kind: entramfa.ErrUnavailable, message: open},
		"403":                    {v1: graphError(403, "AccessDenied"), beta: done, asked: 1, kind: entramfa.ErrPermission},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			uri := policiesURI + "/" + policyID
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0" + uri: test.v1, "/beta" + uri: test.beta})
			client := w.client(t, nil)
			_, patchErr := client.UpdatePolicy(t.Context(), policyID, policy.Patch{ExcludeUsers: []string{}})
			_, deleteErr := client.DeletePolicy(t.Context(), policyID)
			want := []string{"PATCH /v1.0" + uri, "PATCH /beta" + uri, "DELETE /v1.0" + uri, "DELETE /beta" + uri}
			if test.asked == 1 {
				want = []string{want[0], want[2]}
			}
			assert.Equal(t, want, w.lines())
			assert.JSONEq(t, `{"conditions":{"users":{"excludeUsers":[]}}}`, w.calls()[test.asked-1].body)
			for _, err := range []error{patchErr, deleteErr} {
				if test.kind == nil && test.message == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, test.message)
				if test.kind != nil {
					require.ErrorIs(t, err, test.kind)
				}
			}
		})
	}
}

func TestRefusalsOfAChange(t *testing.T) {
	const protected = "Operation requires conditional access and client does not support it."
	tests := map[string]struct {
		answer     http.HandlerFunc
		kind       error
		createOnly bool
		text       string
	}{
		"security defaults": {
			answer: badRequest("Security Defaults is enabled in the tenant. You must disable Security defaults before enabling a Conditional Access policy.", ""),
			kind:   entramfa.ErrConflict, text: "You must disable Security defaults",
		},
		"location": {
			answer: badRequest("1040: NamedLocation with id x does not exist in the directory.", ""),
			kind:   entramfa.ErrNotFound, createOnly: true, text: "try again after 5 s",
		},
		"location, said inside": {
			answer: badRequest("Invalid request.", "1040: NamedLocation x does not exist."),
			kind:   entramfa.ErrNotFound, createOnly: true, text: "try again after 5 s",
		},
		"protected, 403": {
			answer: replyWith(403, `{"error":{"code":"AccessDenied","message":"`+protected+`"}}`),
			kind:   entramfa.ErrPermission, text: "answer a claims challenge, or lift the protected action",
		},
		"protected, 400": {answer: badRequest(protected, ""), kind: entramfa.ErrPermission, text: "lift the protected action"},
		"protected, 401": {
			answer: replyWith(401, `{"error":{"code":"x","message":"`+protected+`"}}`),
			kind:   entramfa.ErrPermission, text: "lift the protected action",
		},
		"conflict": {answer: graphError(409, "Conflict"), kind: entramfa.ErrConflict},
		"licence":  {answer: graphError(403, "AADPremiumLicenseRequired"), kind: entramfa.ErrLicense},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{
				"/v1.0" + policiesURI: test.answer, "/v1.0" + policiesURI + "/" + policyID: test.answer,
			})
			client := w.client(t, nil)
			_, _, createErr := client.CreatePolicy(t.Context(), policy.Policy{DisplayName: "P"})
			_, updateErr := client.UpdatePolicy(t.Context(), policyID, policy.Patch{ExcludeUsers: []string{}})
			assert.Len(t, w.calls(), 2)
			require.ErrorIs(t, createErr, test.kind)
			assert.ErrorContains(t, createErr, test.text)
			assert.NotContains(t, createErr.Error(), "open whether")
			assert.NotContains(t, createErr.Error(), "; grant")
			if test.createOnly {
				assert.NotErrorIs(t, updateErr, test.kind, "it would say that the policy is gone")
				return
			}
			require.ErrorIs(t, updateErr, test.kind)
		})
	}
}

func TestPolicyIsReadFromBeta(t *testing.T) {
	good, uri := reply(policyJSON), policiesURI+"/"+policyID
	tests := map[string]struct {
		v1, beta http.HandlerFunc
		sent     []string
		kind     error
		text     string
	}{
		"beta":            {beta: good, sent: []string{"GET /beta" + uri}},
		"beta refused":    {beta: graphError(403, "AccessDenied"), v1: good, sent: []string{"GET /beta" + uri, "GET /v1.0" + uri}},
		"both refused":    {beta: graphError(403, "AccessDenied"), v1: graphError(403, "AccessDenied"), sent: []string{"GET /beta" + uri, "GET /v1.0" + uri}, kind: entramfa.ErrPermission, text: "grant Policy.Read.All"},
		"not there":       {beta: graphError(404, "x"), v1: graphError(404, "x"), sent: []string{"GET /beta" + uri, "GET /v1.0" + uri}, kind: entramfa.ErrNotFound},
		"another policy":  {beta: reply(`{"id":"99999999-0000-4000-8000-000000000009"}`), sent: []string{"GET /beta" + uri}, kind: entramfa.ErrUnavailable, text: "another policy"},
		"no id":           {beta: reply(`{"displayName":"P"}`), sent: []string{"GET /beta" + uri}, kind: entramfa.ErrUnavailable, text: "another policy"},
		"list":            {beta: reply(`{"value":[` + policyJSON + `]}`), sent: []string{"GET /beta" + uri}, kind: entramfa.ErrUnavailable},
		"HTML":            {beta: reply(`<html>`), sent: []string{"GET /beta" + uri}, kind: entramfa.ErrUnavailable, text: "HTML"},
		"null":            {beta: reply(`null`), sent: []string{"GET /beta" + uri}, kind: entramfa.ErrUnavailable},
		"202":             {beta: replyWith(202, policyJSON), sent: []string{"GET /beta" + uri}, kind: entramfa.ErrUnavailable},
		"beta throttled":  {beta: inTurn(graphError(429, "x"), good), sent: []string{"GET /beta" + uri, "GET /beta" + uri}},
		"beta down, then": {beta: inTurn(graphError(503, "x"), good), sent: []string{"GET /beta" + uri, "GET /beta" + uri}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/beta" + uri: test.beta, "/v1.0" + uri: test.v1})
			var waited waits
			got, err := waited.on(w.client(t, nil)).Policy(t.Context(), policyID)
			assert.Equal(t, test.sent, w.lines())
			assert.Equal(t, "include-unknown-enum-members", w.calls()[0].header.Get("Prefer"))
			if test.kind != nil {
				require.ErrorIs(t, err, test.kind)
				assert.ErrorContains(t, err, test.text)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "P", got.DisplayName)
		})
	}
}
