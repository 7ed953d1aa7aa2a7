package graphfake_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

// overMemory returns a caller of the tenant without a socket, with all permissions.
func overMemory(t *testing.T, tenant *graphfake.Tenant) func(method, path string, body []byte) *http.Response {
	return func(method, path string, body []byte) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), method, "https://graph.microsoft.com"+path, bytes.NewReader(body))
		require.NoError(t, err)
		return answered(t, tenant, request)
	}
}

// answered sends a request and checks that the answer is Graph's: JSON, an error with code and message.
func answered(t *testing.T, tenant *graphfake.Tenant, request *http.Request) *http.Response {
	request.Header.Set("Authorization", "Bearer "+tenant.Token(everything...))
	response, err := tenant.Client().Do(request)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.True(t, json.Valid(text), "%s", text)
	if response.StatusCode >= 400 && bytes.Contains(text, []byte(`"innerError"`)) {
		var failure struct {
			Error struct{ Code, Message string }
		}
		require.NoError(t, json.Unmarshal(text, &failure))
		assert.NotEmpty(t, failure.Error.Code)
		assert.NotEmpty(t, failure.Error.Message)
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response
}

// FuzzLoad: no file makes Load panic, and what it loads can be judged and served.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/export/*/*.json")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(`{"userPrincipalName":"svc@contoso.com","memberOf":[],"roleAssignments":[{"roleDefinitionId":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tenant, err := graphfake.Load(fstest.MapFS{"export.json": &fstest.MapFile{Data: data}})
		if err != nil {
			assert.Regexp(t, `export.json: |no file in it holds`, err.Error())
			return
		}
		c := overMemory(t, tenant)
		for _, path := range []string{"/beta/identity/conditionalAccess/policies", "/v1.0/identity/conditionalAccess/policies", "/v1.0/users", "/v1.0/groups"} {
			assert.Contains(t, []int{200, 501}, c(http.MethodGet, path, nil).StatusCode)
		}
		users, _ := tenant.UsersByDisplayName(t.Context(), "")
		for _, user := range users {
			_, _ = mfa.Check(t.Context(), tenant, user.ID, nil) // it may fail; it must not panic
		}
	})
}

// FuzzQuery: every query gets an answer of Graph.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"$filter=startswith(displayName,'a')", "$filter=displayName+eq+'o''b'&$top=1", "$select=id,displayName&$count=true", "$skiptoken=bX4x", "%", "$filter='",
	} {
		f.Add("/v1.0/users", query)
		f.Add("/beta/identity/conditionalAccess/policies('x')", query)
	}
	var tenant graphfake.Tenant
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "a"})
	f.Fuzz(func(t *testing.T, path, query string) {
		target := url.URL{Scheme: "https", Host: "graph.microsoft.com", Path: "/" + strings.TrimPrefix(path, "/")}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target.String(), nil)
		if err != nil {
			t.Skip("no path")
		}
		request.URL.RawQuery = query
		answered(t, &tenant, request)
		tenant.ForgetRequests()
	})
}

// FuzzBatch: every batch gets an answer, with one response for each request or an error.
func FuzzBatch(f *testing.F) {
	f.Add([]byte(`{"requests":[{"id":"1","method":"GET","url":"/users"},{"id":"2","method":"POST","url":"/$batch","body":{},"headers":{"a":"b"},"dependsOn":["1"]}]}`))
	f.Add([]byte(`{"requests":[{"id":"1","method":"GET","url":"/users?$filter="}]}`))
	f.Add([]byte(`{"requests":[{"id":"1","method":"POST","url":"/identity/conditionalAccess/policies","body":{"displayName":"x"},"headers":{"Content-Type":"application/json"}},{"id":"2","method":"PATCH","url":"/policies/identitySecurityDefaultsEnforcementPolicy","body":{"isEnabled":true},"headers":{"Content-Type":"application/json"}}]}`))
	f.Add([]byte{0x1f, 0x8b, 0})
	var tenant graphfake.Tenant
	f.Fuzz(func(t *testing.T, body []byte) {
		response := overMemory(t, &tenant)(http.MethodPost, "/v1.0/$batch", body)
		assert.Contains(t, []int{200, 400, 413}, response.StatusCode)
		if response.StatusCode == http.StatusOK {
			log := tenant.Requests()
			var answer struct{ Responses []json.RawMessage }
			require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
			assert.Len(t, answer.Responses, len(log[len(log)-1].Items))
		}
		tenant.ForgetRequests()
	})
}
