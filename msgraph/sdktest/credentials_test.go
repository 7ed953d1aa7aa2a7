package sdktest

import (
	"context"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// status asks Graph something with a token of a credential.
func (w *world) status(t *testing.T, cred azcore.TokenCredential, scope string, aware bool) (token string, status int) {
	t.Helper()
	got, err := cred.GetToken(t.Context(), azpolicy.TokenRequestOptions{Scopes: []string{scope}, EnableCAE: aware})
	require.NoError(t, err)
	return got.Token, w.statusOf(t, got.Token)
}

func (w *world) statusOf(t *testing.T, token string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+"/v1.0/users", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := w.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	return response.StatusCode
}

// The credentials of azidentity get tokens that Graph takes, by each spelling of its
// resource that programs use.
func TestCredentialsOfAzidentity(t *testing.T) {
	w := newWorld(t)
	scopes := []string{"https://graph.microsoft.com/.default", "https://graph.microsoft.com//.default", w.base + "/.default"}
	for name, cred := range map[string]azcore.TokenCredential{
		"client secret": w.withSecret(t, secret), "client certificate": w.withCertificate(t), "password": w.withPassword(t, reader, password),
	} {
		for _, scope := range scopes {
			_, status := w.status(t, cred, scope, false)
			assert.Equal(t, http.StatusOK, status, "%s, %s", name, scope)
		}
	}
}

// A person answers the code that azidentity shows; when the sessions are revoked, a
// token with the capability for claims challenges is refused, and the other is not.
func TestDeviceCodeOfAzidentity(t *testing.T) {
	w := newWorld(t)
	cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		TenantID: w.tenant.ID(), ClientID: w.app, ClientOptions: w.options(), DisableInstanceDiscovery: true,
		UserPrompt: func(_ context.Context, message azidentity.DeviceCodeMessage) error {
			return w.tenant.AnswerDeviceCode(message.UserCode, reader, password)
		},
	})
	require.NoError(t, err)
	plain, status := w.status(t, cred, "https://graph.microsoft.com/User.Read.All", false)
	assert.Equal(t, http.StatusOK, status)
	aware, status := w.status(t, cred, "https://graph.microsoft.com/User.Read.All", true)
	assert.Equal(t, http.StatusOK, status)
	require.NoError(t, w.tenant.RevokeSessions(reader))
	assert.Equal(t, http.StatusOK, w.statusOf(t, plain))
	assert.Equal(t, http.StatusUnauthorized, w.statusOf(t, aware))
}
