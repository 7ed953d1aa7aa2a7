package msgraph_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/msgraph"
)

const (
	betaPolicies = "/beta/identity/conditionalAccess/policies"
	v1Policies   = "/v1.0/identity/conditionalAccess/policies"
)

func TestPoliciesFallBackToV1(t *testing.T) {
	for _, status := range []int{400, 403, 404, 501} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{betaPolicies: graphError(status, "NoBetaHere"), v1Policies: reply(`{"value":[{"id":"p"}]}`)})
			got, err := w.client(t, nil).Policies(t.Context())
			require.NoError(t, err)
			require.Len(t, got.Policies, 1)
			assert.Contains(t, got.Hidden, "NoBetaHere")
			assert.Contains(t, got.Hidden, "only beta knows")
			assert.Equal(t, "include-unknown-enum-members", w.calls()[1].header.Get("Prefer"))
		})
	}
}

func TestPoliciesDoNotFallBack(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		kind   error
	}{
		"throttled":   {graphError(429, "TooManyRequests"), entramfa.ErrThrottled},
		"down":        {graphError(503, "serviceUnavailable"), entramfa.ErrUnavailable},
		"no token":    {graphError(401, "InvalidAuthenticationToken"), entramfa.ErrUnauthenticated},
		"cut":         {hangUp, entramfa.ErrUnavailable},
		"not Graph's": {reply("<html>"), entramfa.ErrUnavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{betaPolicies: test.answer, v1Policies: reply(`{"value":[]}`)})
			_, err := w.client(t, &msgraph.Options{MaxTries: 1}).Policies(t.Context())
			require.ErrorIs(t, err, test.kind)
			assert.Len(t, w.calls(), 1)
		})
	}
}

func TestNamedLocationsFallBackToV1(t *testing.T) {
	const v1Locations = "/v1.0/identity/conditionalAccess/namedLocations"
	w := newWire(t, map[string]http.HandlerFunc{locations: graphError(404, "NoBetaHere"), v1Locations: reply(`{"value":[{"id":"l"}]}`)})
	got, err := w.client(t, nil).NamedLocations(t.Context())
	require.NoError(t, err)
	assert.Len(t, got, 1)

	w = newWire(t, map[string]http.HandlerFunc{locations: graphError(429, "TooManyRequests"), v1Locations: reply(`{"value":[]}`)})
	_, err = w.client(t, &msgraph.Options{MaxTries: 1}).NamedLocations(t.Context())
	require.ErrorIs(t, err, entramfa.ErrThrottled)
}

func TestPoliciesWithoutPermission(t *testing.T) {
	refused := graphError(403, "AccessDenied")
	w := newWire(t, map[string]http.HandlerFunc{betaPolicies: refused, v1Policies: refused})
	_, err := w.client(t, nil).Policies(t.Context())
	require.ErrorIs(t, err, entramfa.ErrPermission)
	require.ErrorContains(t, err, "grant Policy.Read.All")
}

func TestRoleAssignmentsFromV1(t *testing.T) {
	w := newWire(t, nil)
	w.answers = map[string]http.HandlerFunc{
		"/beta/roleManagement/directory/transitiveRoleAssignments": graphError(404, "ResourceNotFound"),
		"/v1.0/users/u1/transitiveMemberOf/microsoft.graph.group": reply(`{"value":[
			{"id":"g1","isAssignableToRole":true},{"id":"g2","isAssignableToRole":false},{"id":"hidden"}]}`),
		"/v1.0/roleManagement/directory/roleAssignments": func(rw http.ResponseWriter, r *http.Request) {
			id := strings.Trim(strings.TrimPrefix(r.URL.Query().Get("$filter"), "principalId eq "), "'")
			reply(`{"value":[{"id":"r-`+id+`","principalId":"`+id+`","roleDefinitionId":"x"}]}`)(rw, r)
		},
	}
	found, err := w.client(t, nil).RoleAssignments(t.Context(), "u1")
	require.NoError(t, err)
	var holders []string
	for _, role := range found {
		holders = append(holders, role.PrincipalID)
	}
	assert.Equal(t, []string{"u1", "g1", "hidden"}, holders)
	lines := w.lines()
	slices.Sort(lines)
	assert.Len(t, lines, 3)
	assert.Equal(t, "POST /v1.0/$batch [3]", lines[2])

	w.answers["/v1.0/roleManagement/directory/roleAssignments"] = graphError(403, "Authorization_RequestDenied")
	_, err = w.client(t, nil).RoleAssignments(t.Context(), "u1")
	require.ErrorIs(t, err, entramfa.ErrPermission)
}

// An empty list would clear every account, and is believed when both versions say it.
func TestPoliciesThatBetaDoesNotList(t *testing.T) {
	empty, some := reply(`{"value":[]}`), reply(`{"value":[{"id":"p1"},{"id":"p2"}]}`)
	tests := map[string]struct {
		beta, v1 http.HandlerFunc
		policies int
		hidden   string // in Hidden, "" for a list that is whole
		calls    int
	}{
		"none in both":      {empty, empty, 0, "", 2},
		"only v1.0":         {empty, some, 2, "beta lists no policy, v1.0 lists 2", 2},
		"v1.0 is throttled": {empty, graphError(429, "TooManyRequests"), 0, "v1.0, asked whether that is so, failed", 4},
		"v1.0 is refused":   {empty, graphError(403, "AccessDenied"), 0, "v1.0, asked whether that is so, failed", 2},
		"v1.0 is not whole": {empty, reply(`{"value":[{}]}`), 0, "not whole", 2},
		"some in beta":      {some, empty, 2, "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{betaPolicies: test.beta, v1Policies: test.v1})
			var waited waits
			got, err := waited.on(w.client(t, &msgraph.Options{MaxTries: 3})).Policies(t.Context())
			require.NoError(t, err)
			assert.Len(t, got.Policies, test.policies)
			assert.Contains(t, got.Hidden, test.hidden)
			assert.Equal(t, test.hidden == "", got.Hidden == "")
			assert.Len(t, w.calls(), test.calls)
		})
	}
}

// A context that ends during the comparison is an error, not an empty list.
func TestComparisonThatIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWire(t, map[string]http.HandlerFunc{
		betaPolicies: reply(`{"value":[]}`),
		v1Policies:   func(w http.ResponseWriter, r *http.Request) { cancel(); hang(w, r) },
	})
	_, err := w.client(t, nil).Policies(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
