package msgraph_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/msgraph"
)

// credential asks a function.
type credential func(context.Context, azpolicy.TokenRequestOptions) (azcore.AccessToken, error)

func (c credential) GetToken(ctx context.Context, o azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	return c(ctx, o)
}

// authFailed is the text of azidentity's AuthenticationFailedError.
func authFailed(status, body string) string {
	return "ClientSecretCredential authentication failed. \nPOST https://login.microsoftonline.com/t/oauth2/v2.0/token\n" +
		"--------------------------------------------------------------------------------\n" +
		"RESPONSE " + status + ": " + status + " x\n" +
		"--------------------------------------------------------------------------------\n" + body +
		"\n--------------------------------------------------------------------------------"
}

func TestTokenFailures(t *testing.T) {
	tests := map[string]struct {
		err  error
		kind error
		code string
		want string
	}{
		"expired secret": {
			errors.New(authFailed("401", `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app 'x' are expired. SECRET"}`)),
			entramfa.ErrUnauthenticated, "AADSTS7000222", "expired; make a new one",
		},
		"wrong secret": {
			errors.New(authFailed("401", `{"error_description":"AADSTS7000215: Invalid client secret provided. SECRET"}`)),
			entramfa.ErrUnauthenticated, "AADSTS7000215", "secret is wrong",
		},
		"wrong client id": {
			errors.New(authFailed("400", `{"error_description":"AADSTS700016: Application with identifier 'SECRET' was not found"}`)),
			entramfa.ErrUnauthenticated, "AADSTS700016", "check the client id and the tenant id",
		},
		"a number nobody knows": {
			errors.New(authFailed("400", `{"error_description":"AADSTS99999999: SECRET"}`)),
			entramfa.ErrUnauthenticated, "AADSTS99999999", "https://login.microsoftonline.com/error?code=99999999",
		},
		"the checking account meets MFA": {
			errors.New(authFailed("400", `{"error_description":"AADSTS50076: SECRET"}`)),
			entramfa.ErrUnauthenticated, "AADSTS50076", "run it with an app registration",
		},
		"directory down": {
			errors.New(authFailed("503", `{"error_description":"AADSTS90033: SECRET"}`)),
			entramfa.ErrUnavailable, "AADSTS90033", "try again later",
		},
		"login down, in HTML": {
			errors.New(authFailed("503", `<html>SECRET</html>`)), entramfa.ErrUnavailable, "", "answered 503",
		},
		"login throttles": {errors.New(authFailed("429", `SECRET`)), entramfa.ErrThrottled, "", "answered 429"},
		"login refuses without a number": {
			errors.New(authFailed("400", `{"SECRET":1}`)), entramfa.ErrUnauthenticated, "", "ClientSecretCredential authentication failed",
		},
		"login out of reach": {
			errors.New(`ClientSecretCredential: Post "https://login.microsoftonline.com/t/oauth2/v2.0/token": dial tcp: lookup login.microsoftonline.com: no such host`),
			entramfa.ErrUnavailable, "", "no such host",
		},
		"nothing to sign in with": {
			errors.New("DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n\tEnvironmentCredential: missing environment variable AZURE_TENANT_ID"),
			entramfa.ErrUnauthenticated, "", "EnvironmentCredential: missing environment variable AZURE_TENANT_ID",
		},
		"azcore's own error": {
			runtime.NewResponseError(&http.Response{
				StatusCode: 401, Status: "401 x", Request: request(t),
				Body: io.NopCloser(bytes.NewReader([]byte(`{"error":"invalid_client","error_description":"AADSTS7000222: SECRET"}`))),
			}),
			entramfa.ErrUnauthenticated, "AADSTS7000222", "make a new one",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, nil)
			client, err := msgraph.Connect(credential(func(context.Context, azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
				return azcore.AccessToken{}, test.err
			}), &msgraph.Options{BaseURL: w.URL, HTTPClient: w.Server.Client()})
			require.NoError(t, err)
			_, err = client.Domain(t.Context(), "d")
			require.ErrorIs(t, err, test.kind)
			require.ErrorContains(t, err, "GET /domains/d: no token: ")
			require.ErrorContains(t, err, test.want)
			var graph *entramfa.GraphError
			require.ErrorAs(t, err, &graph)
			assert.Equal(t, test.code, graph.Code)
			assert.NotContains(t, err.Error(), "SECRET")
			assert.NotErrorIs(t, err, test.err, "the credential's error holds the request, and so the secret")
			assert.Empty(t, w.calls())
		})
	}
}

func request(t *testing.T) *http.Request {
	r, err := http.NewRequest(http.MethodPost, "https://login.microsoftonline.com/t/oauth2/v2.0/token", http.NoBody)
	require.NoError(t, err)
	return r
}

func TestConnectAsksForTheCloud(t *testing.T) {
	clouds := map[string]struct {
		options *msgraph.Options
		scope   string
	}{
		"none":   {nil, "https://graph.microsoft.com/.default"},
		"public": {&msgraph.Options{Cloud: msgraph.Public}, "https://graph.microsoft.com/.default"},
		"L4":     {&msgraph.Options{Cloud: msgraph.USGovernmentL4}, "https://graph.microsoft.us/.default"},
		"L5":     {&msgraph.Options{Cloud: msgraph.USGovernmentL5}, "https://dod-graph.microsoft.us/.default"},
		"China":  {&msgraph.Options{Cloud: msgraph.China}, "https://microsoftgraph.chinacloudapi.cn/.default"},
		"proxy":  {&msgraph.Options{Cloud: msgraph.China, BaseURL: "https://localhost:1/graph/beta/"}, "https://microsoftgraph.chinacloudapi.cn/.default"},
	}
	for name, test := range clouds {
		t.Run(name, func(t *testing.T) {
			var scopes []string
			client, err := msgraph.Connect(credential(func(_ context.Context, o azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
				scopes = o.Scopes
				assert.True(t, o.EnableCAE)
				return azcore.AccessToken{}, errors.New("no")
			}), test.options)
			require.NoError(t, err)
			_, err = client.Domain(t.Context(), "d")
			require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
			assert.Equal(t, []string{test.scope}, scopes)
		})
	}
}

func TestConnect(t *testing.T) {
	_, err := msgraph.Connect(nil, nil)
	require.Error(t, err)
	_, err = msgraph.Connect(staticToken{}, &msgraph.Options{Cloud: "graph.microsoft.com"})
	require.ErrorContains(t, err, "no https address")

	for _, suffix := range []string{"", "/", "/v1.0", "/v1.0/", "/beta"} {
		w := newWire(t, map[string]http.HandlerFunc{
			"/v1.0/domains/d": headed("Location", "/elsewhere", replyWith(302, "")),
			"/v1.0/domains/e": reply(`{"id":"e"}`),
		})
		client, err := msgraph.Connect(staticToken{}, &msgraph.Options{BaseURL: w.URL + suffix, HTTPClient: w.Server.Client()})
		require.NoError(t, err)
		got, err := client.Domain(t.Context(), "e")
		require.NoError(t, err)
		assert.Equal(t, "e", got.ID)
		assert.Equal(t, "Bearer token", w.calls()[0].header.Get("Authorization"))
		_, err = client.Domain(t.Context(), "d")
		require.ErrorContains(t, err, "redirects")
		assert.Len(t, w.calls(), 2)
	}
}

func TestTokenOverPlainHTTP(t *testing.T) {
	client, err := msgraph.Connect(staticToken{}, &msgraph.Options{BaseURL: "http://graph.contoso.com"})
	require.NoError(t, err)
	_, err = client.Domain(t.Context(), "d")
	require.ErrorContains(t, err, "must be https")
}
