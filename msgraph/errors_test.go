package msgraph_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/msgraph"
)

func TestErrorsOfGraph(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		kind   error
		want   entramfa.GraphError // without Method, Path and Kind
	}{
		"401": {
			graphError(401, "InvalidAuthenticationToken"), entramfa.ErrUnauthenticated,
			entramfa.GraphError{Status: 401, Code: "InvalidAuthenticationToken", Message: "Something was wrong.", RequestID: "header-id"},
		},
		"401, empty": {replyWith(401, ""), entramfa.ErrUnauthenticated, entramfa.GraphError{Status: 401, Message: "the answer is empty", RequestID: "header-id"}},
		"403": {
			graphError(403, "accessDenied"), entramfa.ErrPermission,
			entramfa.GraphError{Status: 403, Code: "accessDenied", Message: "Something was wrong.", RequestID: "header-id",
				Permissions: []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"}},
		},
		"403, no licence": {
			graphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), entramfa.ErrLicense,
			entramfa.GraphError{Status: 403, Code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant", Message: "Something was wrong.", RequestID: "header-id"},
		},
		"400, no licence": {
			graphError(400, "AADPREMIUMLICENSEREQUIRED"), entramfa.ErrLicense,
			entramfa.GraphError{Status: 400, Code: "AADPREMIUMLICENSEREQUIRED", Message: "Something was wrong.", RequestID: "header-id"},
		},
		"400": {graphError(400, "BadRequest"), nil, entramfa.GraphError{Status: 400, Code: "BadRequest", Message: "Something was wrong.", RequestID: "header-id"}},
		"404": {graphError(404, "ResourceNotFound"), entramfa.ErrNotFound, entramfa.GraphError{Status: 404, Code: "ResourceNotFound", Message: "Something was wrong.", RequestID: "header-id"}},
		"404 of a proxy": {
			replyWith(404, "<html>not here</html>"), entramfa.ErrUnavailable,
			entramfa.GraphError{Status: 404, Message: "the answer is an HTML page, not JSON", RequestID: "header-id"},
		},
		"403 of a proxy": {
			replyWith(403, `{"blocked":"by policy"}`), entramfa.ErrUnavailable,
			entramfa.GraphError{Status: 403, Message: "the answer is not an error of Microsoft Graph", RequestID: "header-id"},
		},
		"409": {graphError(409, "Conflict"), entramfa.ErrConflict, entramfa.GraphError{Status: 409, Code: "Conflict", Message: "Something was wrong.", RequestID: "header-id"}},
		"412": {graphError(412, "x"), entramfa.ErrConflict, entramfa.GraphError{Status: 412, Code: "x", Message: "Something was wrong.", RequestID: "header-id"}},
		"429": {graphError(429, "TooManyRequests"), entramfa.ErrThrottled, entramfa.GraphError{Status: 429, Code: "TooManyRequests", Message: "Something was wrong.", RequestID: "header-id"}},
		"500": {graphError(500, "x"), entramfa.ErrUnavailable, entramfa.GraphError{Status: 500, Code: "x", Message: "Something was wrong.", RequestID: "header-id"}},
		"503 in HTML": {
			replyWith(503, " <!DOCTYPE html><p>down"), entramfa.ErrUnavailable,
			entramfa.GraphError{Status: 503, Message: "the answer is an HTML page, not JSON", RequestID: "header-id"},
		},
		"empty error": {replyWith(403, `{"error":{}}`), entramfa.ErrPermission, entramfa.GraphError{Status: 403, RequestID: "header-id", Permissions: []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"}}},
		"null body":   {replyWith(400, `null`), entramfa.ErrUnavailable, entramfa.GraphError{Status: 400, Message: "the answer is no JSON object", RequestID: "header-id"}},
		"null error":  {replyWith(400, `{"error":null}`), entramfa.ErrUnavailable, entramfa.GraphError{Status: 400, Message: "the answer is not an error of Microsoft Graph", RequestID: "header-id"}},
		"wrong types": {replyWith(404, `{"error":{"code":7,"message":["x"],"innerError":"y"}}`), entramfa.ErrNotFound, entramfa.GraphError{Status: 404, RequestID: "header-id"}},
		"text error":  {replyWith(400, `{"error":"invalid"}`), entramfa.ErrUnavailable, entramfa.GraphError{Status: 400, Message: "the answer is not an error of Microsoft Graph", RequestID: "header-id"}},
		"inner only": {
			headed("request-id", "", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(404)
				_, _ = w.Write([]byte(`{"error":{"innererror":{"code":"ResourceNotFound","message":"No\n such\tthing","request-id":"inner-id"}}}`))
			}), entramfa.ErrNotFound,
			entramfa.GraphError{Status: 404, Code: "ResourceNotFound", Message: "No such thing", RequestID: "inner-id"},
		},
		"redirect": {
			headed("Location", "https://graph.evil.example/", replyWith(302, "")), entramfa.ErrUnavailable,
			entramfa.GraphError{Status: 302, Message: "the service redirects, which is not followed; check the base URL", RequestID: "header-id"},
		},
		"redirect to itself": {
			headed("Location", "/v1.0/subscribedSkus", replyWith(307, "")), entramfa.ErrUnavailable,
			entramfa.GraphError{Status: 307, Message: "the service redirects, which is not followed; check the base URL", RequestID: "header-id"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0/subscribedSkus": test.answer})
			_, err := w.client(t, &msgraph.Options{MaxTries: 1}).SubscribedSKUs(t.Context())
			var graph *entramfa.GraphError
			require.ErrorAs(t, err, &graph)
			want := test.want
			want.Method, want.Path, want.Kind = "GET", "/subscribedSkus", test.kind
			assert.Equal(t, &want, graph)
			assert.Len(t, w.calls(), 1)
		})
	}
}

func TestPathInErrorsHasNoQuery(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/users": graphError(400, "BadRequest")})
	_, err := w.client(t, nil).UsersByDisplayName(t.Context(), "Secret project")
	require.EqualError(t, err, "GET /users: 400 BadRequest: Something was wrong. (request-id header-id)")
	w.Close()
	_, err = w.client(t, nil).UsersByDisplayName(t.Context(), "Secret project")
	require.ErrorContains(t, err, "GET /users: no answer from 127.0.0.1:")
	assert.NotContains(t, err.Error(), "Secret")
}

func TestEveryCallHasItsPermissions(t *testing.T) {
	refused := graphError(http.StatusForbidden, "Authorization_RequestDenied")
	w := newWire(t, nil)
	w.Config.Handler = refused
	client := w.client(t, nil)
	reads := map[string]func(context.Context) error{
		"User":                    func(ctx context.Context) error { _, err := client.User(ctx, "u"); return err },
		"UsersByDisplayName":      func(ctx context.Context) error { _, err := client.UsersByDisplayName(ctx, "u"); return err },
		"Requirements":            func(ctx context.Context) error { _, err := client.Requirements(ctx, "u"); return err },
		"Methods":                 func(ctx context.Context) error { _, err := client.Methods(ctx, "u"); return err },
		"MemberOf":                func(ctx context.Context) error { _, err := client.MemberOf(ctx, "u"); return err },
		"TransitiveMemberOf":      func(ctx context.Context) error { _, err := client.TransitiveMemberOf(ctx, "u"); return err },
		"MemberGroups":            func(ctx context.Context) error { _, err := client.MemberGroups(ctx, "g"); return err },
		"Policies":                func(ctx context.Context) error { _, err := client.Policies(ctx); return err },
		"NamedLocations":          func(ctx context.Context) error { _, err := client.NamedLocations(ctx); return err },
		"AuthenticationStrengths": func(ctx context.Context) error { _, err := client.AuthenticationStrengths(ctx); return err },
		"SecurityDefaults":        func(ctx context.Context) error { _, err := client.SecurityDefaults(ctx); return err },
		"SubscribedSKUs":          func(ctx context.Context) error { _, err := client.SubscribedSKUs(ctx); return err },
		"Domain":                  func(ctx context.Context) error { _, err := client.Domain(ctx, "d"); return err },
		"RoleAssignments":         func(ctx context.Context) error { _, err := client.RoleAssignments(ctx, "u"); return err },
		"RoleEligibilities":       func(ctx context.Context) error { _, err := client.RoleEligibilities(ctx, "u"); return err },
		"RoleHolders":             func(ctx context.Context) error { _, err := client.RoleHolders(ctx, "r"); return err },
		"MobilePhone":             func(ctx context.Context) error { _, err := client.MobilePhone(ctx, "u"); return err },
		"Registration":            func(ctx context.Context) error { _, err := client.Registration(ctx, "u"); return err },
		"MethodsPolicy":           func(ctx context.Context) error { _, err := client.MethodsPolicy(ctx); return err },
		"Registrations": func(ctx context.Context) error {
			for _, err := range client.Registrations(ctx) {
				return err
			}
			return nil
		},
		"ObjectsByID": func(ctx context.Context) error { _, err := client.ObjectsByID(ctx, []string{"x"}); return err },
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			err := read(t.Context())
			require.ErrorIs(t, err, entramfa.ErrPermission)
			var graph *entramfa.GraphError
			require.ErrorAs(t, err, &graph)
			require.NotEmpty(t, graph.Permissions)
			assert.Contains(t, err.Error(), "grant "+graph.Permissions[0])
			for _, permission := range graph.Permissions {
				assert.NotContains(t, permission, "Write")
			}
		})
	}
	required, optional := msgraph.Permissions()
	assert.Contains(t, required, "Policy.Read.All")
	assert.NotContains(t, append(required, optional...), "Policy.Read.ConditionalAccess")
}

func TestAnswersThatAreNotGraphs(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(`{"id":"d","authenticationType":"Managed"}`))
	require.NoError(t, zip.Close())
	zipped := func(body []byte) http.HandlerFunc {
		return headed("Content-Encoding", "gzip", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	}
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string // in the error, "" for success
	}{
		"gzip":            {zipped(packed.Bytes()), ""},
		"truncated gzip":  {zipped(packed.Bytes()[:packed.Len()-9]), "is broken: unexpected EOF"},
		"no gzip at all":  {zipped([]byte("{}{}{}{}{}{}")), "gzip: invalid header"},
		"HTML":            {reply("<html>sign in to the hotel's network</html>"), "the answer is an HTML page, not JSON"},
		"empty":           {reply(""), "the answer is empty"},
		"no content":      {replyWith(204, ""), "the answer is empty"},
		"null":            {reply("null"), "the answer is no JSON object"},
		"a list":          {reply("[]"), "the answer is no JSON object"},
		"half an object":  {reply(`{"id":"d"`), "the answer can't be read"},
		"two objects":     {reply(`{"id":"d"}{"id":"e"}`), "the answer can't be read"},
		"wrong type":      {reply(`{"id":7}`), "the answer can't be read"},
		"a member twice":  {reply(`{"id":"d","ID":"e"}`), "stands twice"},
		"malformed claim": {headed("WWW-Authenticate", "Bearer claims=none", graphError(401, "x")), "the request adapter can't read it"},
		"connection cut":  {hangUp, "no answer from 127.0.0.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": test.answer})
			_, err := w.client(t, &msgraph.Options{MaxTries: 1}).Domain(t.Context(), "d")
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "GET /domains/d: ")
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			var graph *entramfa.GraphError
			require.ErrorAs(t, err, &graph)
		})
	}
}

func TestUserWithoutID(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/users/u": reply(`{"value":[]}`)})
	_, err := w.client(t, nil).User(t.Context(), "u")
	require.ErrorIs(t, err, entramfa.ErrUnavailable)
	require.ErrorContains(t, err, "no user")
}

func TestContextErrorsStayRecognisable(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": hang})
	client := w.client(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := client.Domain(ctx, "d")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, "GET /domains/d: no answer from "+strings.TrimPrefix(w.URL, "https://")+": context deadline exceeded")

	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = client.Domain(ctx, "d")
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, entramfa.ErrUnavailable)
}

func TestServerThatHangsWithoutADeadline(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": hang})
	client := w.Server.Client()
	client.Timeout = 20 * time.Millisecond // that of the SDK's client is 100 seconds
	reader, err := msgraph.Connect(staticToken{}, &msgraph.Options{BaseURL: w.URL, HTTPClient: client})
	require.NoError(t, err)
	_, err = reader.Domain(t.Context(), "d")
	require.ErrorIs(t, err, entramfa.ErrUnavailable)
}

func TestRequestWithoutToken(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": headed("WWW-Authenticate", "Bearer", graphError(401, "InvalidAuthenticationToken"))})
	// The adapter gives no token to a host that is not among its valid hosts, and says nothing.
	client := msgraph.New(newAdapter(t, w.Server, "graph.microsoft.com"), nil)
	_, err := client.Domain(t.Context(), "d")
	require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
	require.ErrorContains(t, err, "carried no token")
	require.ErrorContains(t, err, "valid hosts")

	_, err = w.client(t, nil).Domain(t.Context(), "d")
	require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
	assert.NotContains(t, err.Error(), "carried no token")
}

func TestClaimsChallenge(t *testing.T) {
	challenge := headed("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="`, graphError(401, "InvalidAuthenticationToken"))
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": inTurn(challenge, reply(`{"id":"d"}`))})
	_, err := w.client(t, nil).Domain(t.Context(), "d")
	require.NoError(t, err)
	assert.Equal(t, `Bearer token{"a":1}`, w.calls()[1].header.Get("Authorization"))
}

func TestNoPlaceToAsk(t *testing.T) {
	_, err := msgraph.New(nil, nil).Domain(t.Context(), "d")
	require.EqualError(t, err, "msgraph: New was given no request adapter")

	w := newWire(t, nil)
	_, err = msgraph.New(newAdapter(t, w.Server, "x"), &msgraph.Options{BaseURL: "graph"}).Domain(t.Context(), "d")
	require.ErrorContains(t, err, `base URL "graph"`)

	w.Close()
	_, err = w.client(t, nil).Domain(t.Context(), "d")
	require.ErrorIs(t, err, entramfa.ErrUnavailable)
	require.ErrorContains(t, err, strings.TrimPrefix(w.URL, "https://"))
}
