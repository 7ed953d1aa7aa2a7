package graphfake_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
)

// everything is a set of permissions that opens every route.
var everything = []string{
	"Policy.Read.All", "Directory.Read.All", "UserAuthenticationMethod.Read.All", "RoleManagement.Read.Directory",
	"Policy.ReadWrite.ConditionalAccess", "Policy.ReadWrite.AuthenticationMethod", "Application.Read.All",
	"GroupMember.ReadWrite.All", "RoleManagement.ReadWrite.Directory",
}

// client is a plain HTTP client of a tenant, over TLS.
type client struct {
	t      testing.TB
	server *httptest.Server
	token  string
	header http.Header
}

func serve(t testing.TB, tenant *graphfake.Tenant, permissions ...string) *client {
	t.Helper()
	server := httptest.NewTLSServer(tenant)
	t.Cleanup(server.Close)
	return &client{t: t, server: server, token: tenant.Token(permissions...), header: http.Header{}}
}

// with returns the client with one more header.
func (c client) with(name, value string) *client {
	c.header = c.header.Clone()
	c.header.Set(name, value)
	return &c
}

// reply is an answer, read whole.
type reply struct {
	*http.Response
	text []byte
	body map[string]any
}

func (c *client) do(method, url, body string) reply {
	c.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = c.server.URL + url
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	require.NoError(c.t, err)
	for name, values := range c.header {
		request.Header[name] = values
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.server.Client().Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	r := reply{Response: response, text: text}
	if json.NewDecoder(bytes.NewReader(text)).Decode(&r.body) != nil {
		r.body = nil
	}
	return r
}

func (c *client) get(url string) reply { c.t.Helper(); return c.do(http.MethodGet, url, "") }

// ok is get for what must succeed.
func (c *client) ok(url string) reply {
	c.t.Helper()
	r := c.get(url)
	require.Equal(c.t, http.StatusOK, r.StatusCode, "%s: %s", url, r.text)
	return r
}

// values returns the objects of a collection.
func (r reply) values() []map[string]any {
	var objects []map[string]any
	list, _ := r.body["value"].([]any)
	for _, item := range list {
		object, _ := item.(map[string]any)
		objects = append(objects, object)
	}
	return objects
}

// names returns one member of each object of a collection.
func (r reply) names(member string) []string {
	names := []string{}
	for _, object := range r.values() {
		name, _ := object[member].(string)
		names = append(names, name)
	}
	return names
}

// code returns error.code.
func (r reply) code() string { return r.error("code") }

func (r reply) error(member string) string {
	failure, _ := r.body["error"].(map[string]any)
	text, _ := failure[member].(string)
	return text
}

// clock is a clock that stands until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time             { return c.at }
func (c *clock) advance(step time.Duration) { c.at = c.at.Add(step) }

func newClock() *clock { return &clock{time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)} }

// post creates an object that must be created, and returns its id.
func (c *client) post(path, body string) string {
	c.t.Helper()
	r := c.do(http.MethodPost, path, body)
	require.Equal(c.t, http.StatusCreated, r.StatusCode, "%s: %s", path, r.text)
	id, _ := r.body["id"].(string)
	require.NotEmpty(c.t, id)
	return id
}

// succeeds makes a call that answers 204.
func (c *client) succeeds(method, path, body string) {
	c.t.Helper()
	r := c.do(method, path, body)
	require.Equal(c.t, http.StatusNoContent, r.StatusCode, "%s %s: %s", method, path, r.text)
	require.Empty(c.t, r.text)
}
