package msgraph_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
)

const locations = "/beta/identity/conditionalAccess/namedLocations"

// paged answers by the query of the request; HOST stands for the server's address.
func paged(t *testing.T, pages map[string]string) *wire {
	t.Helper()
	w := newWire(t, nil)
	answer := func(rw http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.RawQuery]
		if !ok {
			t.Errorf("no page for %q", r.URL.RawQuery)
		}
		page = strings.ReplaceAll(page, "HOST", w.URL)
		reply(page)(rw, r)
	}
	w.answers = map[string]http.HandlerFunc{locations: answer, "/v1.0/users/u1/memberOf/microsoft.graph.group": answer}
	return w
}

func next(path, value string) string {
	return `{"value":[` + value + `],"@odata.nextLink":"` + path + `"}`
}

func TestListFollowsNextLinks(t *testing.T) {
	w := paged(t, map[string]string{
		"":                                next("HOST"+locations+"?$skiptoken=a%2Bb%3D%3D&x=%C3%BC", `{"id":"1"}`),
		"$skiptoken=a%2Bb%3D%3D&x=%C3%BC": next("HOST"+locations+"?page=3", ""), // empty, and not the last
		"page=3":                          `{"value":[{"id":"2"}]}`,
	})
	found, err := w.client(t, nil).NamedLocations(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 2)
	assert.Equal(t, "2", found[1].ID)
	assert.Equal(t, "GET "+locations+"?$skiptoken=a%2Bb%3D%3D&x=%C3%BC", w.lines()[1], "the link is followed as it is")
}

func TestNextLinkKeepsHeaders(t *testing.T) {
	w := newWire(t, nil)
	w.answers = map[string]http.HandlerFunc{"/v1.0/users/u1/memberOf/microsoft.graph.group": func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "page=2" {
			reply(`{"value":[]}`)(rw, r)
			return
		}
		reply(next(w.URL+r.URL.Path+"?page=2", `{"id":"g1"}`))(rw, r)
	}}
	_, err := w.client(t, nil).MemberOf(t.Context(), "u1")
	require.NoError(t, err)
	require.Len(t, w.calls(), 2)
	assert.Equal(t, "eventual", w.calls()[1].header.Get("ConsistencyLevel"))
	assert.Equal(t, "Bearer token", w.calls()[1].header.Get("Authorization"))
}

func TestListsThatAreNotWhole(t *testing.T) {
	tests := map[string]struct {
		pages map[string]string
		want  string
	}{
		"another host":     {map[string]string{"": next("https://graph.evil.example"+locations, `{"id":"1"}`)}, "leads to graph.evil.example"},
		"another port":     {map[string]string{"": next("https://127.0.0.1:1"+locations, "")}, "leads to 127.0.0.1:1"},
		"no TLS":           {map[string]string{"": next("http://127.0.0.1:1"+locations, "")}, "is not followed"},
		"relative":         {map[string]string{"": next(locations+"?page=2", "")}, "is not followed"},
		"no URL":           {map[string]string{"": next("https://[", "")}, "no URL"},
		"round in circles": {map[string]string{"": next("HOST"+locations+"?a", ""), "a": next("HOST"+locations+"?b", ""), "b": next("HOST"+locations+"?a", "")}, "circle"},
		"no value":         {map[string]string{"": `{"id":"1"}`}, `no "value"`},
		"null value":       {map[string]string{"": `{"value":null}`}, `no "value"`},
		"value no list":    {map[string]string{"": `{"value":{}}`}, "can't be read"},
		"null in value":    {map[string]string{"": `{"value":[null]}`}, "can't be read"},
		"second page": {map[string]string{
			"": next("HOST"+locations+"?page=2", `{"id":"1"}`), "page=2": `{"value":[{"id":"2"}`,
		}, "can't be read"},
		"second page lacks value": {map[string]string{
			"": next("HOST"+locations+"?page=2", `{"id":"1"}`), "page=2": `{}`,
		}, `no "value"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := paged(t, test.pages)
			found, err := w.client(t, nil).NamedLocations(t.Context())
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "GET /identity/conditionalAccess/namedLocations: ")
			require.ErrorContains(t, err, "(request-id header-id)")
			assert.Nil(t, found)
		})
	}
}
