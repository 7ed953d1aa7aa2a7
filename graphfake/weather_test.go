package graphfake_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

func TestReportsTakeFiveRequestsInTenSeconds(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, Weather: graphfake.Weather{Limits: true}}
	c := serve(t, &tenant, "AuditLog.Read.All")
	at.advance(3 * time.Second)
	for range 5 {
		assert.NotEqual(t, http.StatusTooManyRequests, c.get("/v1.0/auditLogs/signIns").StatusCode)
	}
	at.advance(4 * time.Second)
	refused := c.get("/v1.0/auditLogs/signIns")
	assert.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
	assert.Equal(t, "TooManyRequests", refused.code())
	assert.Equal(t, "6", refused.Header.Get("Retry-After"))
	at.advance(6 * time.Second)
	assert.NotEqual(t, http.StatusTooManyRequests, c.get("/v1.0/auditLogs/signIns").StatusCode)
}

func TestDirectoryCountsResourceUnits(t *testing.T) {
	for url, cost := range map[string]string{
		"/v1.0/users": "2", "/v1.0/users?$select=id": "1", "/v1.0/users?$top=5": "1", "/v1.0/users?$top=5&$select=id": "1", "/v1.0/users?$top=50": "2",
		"/v1.0/users/%s": "1", "/v1.0/subscribedSkus": "3", "/v1.0/users/%s/memberOf": "2",
		"/v1.0/users/%s/transitiveMemberOf": "2", "/v1.0/roleManagement/directory/roleAssignments?$expand=principal": "2",
	} {
		tenant := graphfake.Tenant{Weather: graphfake.Weather{Limits: true}}
		id := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
		c := serve(t, &tenant, everything...)
		if strings.Contains(url, "%s") {
			url = fmt.Sprintf(url, id)
		}
		r := c.ok(url)
		assert.Equal(t, cost, r.Header.Get("x-ms-resource-unit"), url)
		assert.Empty(t, r.Header.Get("x-ms-throttle-limit-percentage"), url)
	}
}

func TestDirectoryRefusesWhenTheUnitsAreSpent(t *testing.T) {
	for accounts, limit := range map[int]int{0: 3500, 50: 5000, 501: 8000} {
		at := newClock()
		tenant := graphfake.Tenant{Clock: at.now, Weather: graphfake.Weather{Limits: true}}
		for i := range accounts {
			tenant.AddUser(mfa.User{UserPrincipalName: fmt.Sprintf("a%d@contoso.com", i)})
		}
		token := tenant.Token(everything...)
		batch := `{"requests":[` + strings.TrimSuffix(strings.Repeat(`{"id":"%d","method":"GET","url":"/subscribedSkus"},`, 20), ",") + `]}`
		for i := range 20 {
			batch = strings.Replace(batch, "%d", fmt.Sprint(i), 1)
		}
		client := tenant.Client()
		send := func(method, path, body string) *http.Response {
			request, err := http.NewRequest(method, "https://graph.microsoft.com"+path, strings.NewReader(body))
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+token)
			response, err := client.Do(request)
			require.NoError(t, err)
			return response
		}
		for range limit / 60 { // 20 items at 3 units each
			response := send(http.MethodPost, "/v1.0/$batch", batch)
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NotContains(t, string(text), `"status":429`)
		}
		near := send(http.MethodGet, "/v1.0/domains", "")
		assert.Regexp(t, `^(0\.9\d|1\.00)$`, near.Header.Get("x-ms-throttle-limit-percentage"), accounts)
		refused := near
		for n := 0; refused.StatusCode != http.StatusTooManyRequests && n < 30; n++ {
			refused = send(http.MethodGet, "/v1.0/subscribedSkus", "")
		}
		require.Equal(t, http.StatusTooManyRequests, refused.StatusCode, accounts)
		assert.Equal(t, "10", refused.Header.Get("Retry-After"))
		assert.Equal(t, "ResourceUnitLimitExceeded", refused.Header.Get("x-ms-throttle-information"))
		assert.Regexp(t, "^Tenant_Application/ReadWrite/[0-9a-f-]{36}/"+tenant.ID()+"$", refused.Header.Get("x-ms-throttle-scope"))
		at.advance(10 * time.Second)
		assert.Equal(t, http.StatusOK, send(http.MethodGet, "/v1.0/subscribedSkus", "").StatusCode)
	}
}

func TestLimitsCoverConditionalAccess(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, Weather: graphfake.Weather{Limits: true}}
	c := serve(t, &tenant, everything...)
	c.ok("/v1.0/identity/conditionalAccess/policies")
	refused := c.get("/v1.0/identity/conditionalAccess/namedLocations")
	assert.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
	assert.Empty(t, refused.Header.Get("Retry-After"))
}

func TestLatencyEndsWithTheRequest(t *testing.T) {
	tenant := graphfake.Tenant{Weather: graphfake.Weather{Latency: time.Hour}}
	for name, client := range map[string]*http.Client{"no socket": tenant.Client(), "TLS": nil} {
		url := "https://graph.microsoft.com/v1.0/users"
		if client == nil {
			c := serve(t, &tenant)
			client, url = c.server.Client(), c.server.URL+"/v1.0/users"
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		_, err = client.Do(request)
		assert.ErrorIs(t, err, context.DeadlineExceeded, name)
		cancel()
	}
	assert.Empty(t, tenant.Requests(), "it was served after its client had gone")
}

func TestLatencyAndItsSpread(t *testing.T) {
	tenant := graphfake.Tenant{Weather: graphfake.Weather{Latency: 20 * time.Millisecond, Spread: 20 * time.Millisecond, Seed: 7}}
	c := serve(t, &tenant, everything...)
	begun := time.Now()
	for range 5 {
		c.ok("/v1.0/users")
	}
	assert.GreaterOrEqual(t, time.Since(begun), 100*time.Millisecond)
}

func TestDiceAreTheSameInEachRun(t *testing.T) {
	play := func(seed uint64) string {
		tenant := &graphfake.Tenant{Weather: graphfake.Weather{Seed: seed}}
		tenant.Fail(graphfake.Failure{Path: "/subscribedSkus", Probability: 0.5, Err: &entramfa.GraphError{Status: 503}})
		tenant = tenant.Clone()
		var told strings.Builder
		for range 40 {
			_, err := tenant.SubscribedSKUs(t.Context())
			fmt.Fprint(&told, map[bool]int{true: 1}[err != nil])
		}
		return told.String()
	}
	first := play(1)
	assert.Equal(t, first, play(1))
	assert.NotEqual(t, first, play(2))
	failed := strings.Count(first, "1")
	assert.True(t, failed > 8 && failed < 32, first)
}

func TestProbabilityCountsWhatItMeets(t *testing.T) {
	tenant := graphfake.Tenant{Weather: graphfake.Weather{Seed: 3}}
	tenant.Fail(graphfake.Failure{Path: "/subscribedSkus", Probability: 0.3, After: 1, Times: 2, Err: &entramfa.GraphError{Status: 503}})
	failed := 0
	for range 200 {
		if _, err := tenant.SubscribedSKUs(t.Context()); err != nil {
			failed++
		}
	}
	assert.Equal(t, 2, failed)
}

func TestAnswersThatAreNoneOfGraph(t *testing.T) {
	for name, c := range map[string]struct {
		failure graphfake.Failure
		status  int
		kind    string
	}{
		"HTML":     {graphfake.Failure{Body: "<html>Sign in to the guest network</html>"}, 200, "text/html"},
		"HTML 502": {graphfake.Failure{Body: "<html>Bad gateway</html>", Err: &entramfa.GraphError{Status: 502}}, 502, "text/html"},
		"bad JSON": {graphfake.Failure{Body: `{"value":[{"id":`, ContentType: "application/json"}, 200, "application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			var tenant graphfake.Tenant
			c.failure.Path = "/subscribedSkus"
			tenant.Fail(c.failure)
			client := serve(t, &tenant, everything...)
			r := client.get("/v1.0/subscribedSkus")
			assert.Equal(t, c.status, r.StatusCode)
			assert.Equal(t, c.kind, r.Header.Get("Content-Type"))
			assert.Equal(t, c.failure.Body, string(r.text))
			batch := client.do(http.MethodPost, "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/subscribedSkus"}]}`)
			assert.Equal(t, http.StatusOK, batch.StatusCode, "%s", batch.text)
			client.ok("/v1.0/users")
			_, err := tenant.SubscribedSKUs(t.Context())
			assert.ErrorIs(t, err, entramfa.ErrUnavailable)
		})
	}
}

func TestAppliedAndThenAProxyAnswers(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.Fail(graphfake.Failure{Method: "POST", Applied: true, Body: "<html>", Err: &entramfa.GraphError{Status: 504}})
	c := serve(t, &tenant, everything...)
	r := c.do(http.MethodPost, "/v1.0/identity/conditionalAccess/namedLocations", location)
	assert.Equal(t, http.StatusGatewayTimeout, r.StatusCode)
	assert.Len(t, c.ok("/v1.0/identity/conditionalAccess/namedLocations").values(), 1)
}

// location is the body of a write.
const location = `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"Here","countriesAndRegions":["NL"]}`

func TestSlowBody(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.Fail(graphfake.Failure{Path: "/users", Slow: 60 * time.Millisecond, Times: 1})
	c := serve(t, &tenant, everything...)
	begun := time.Now()
	slow := c.ok("/v1.0/users")
	assert.GreaterOrEqual(t, time.Since(begun), 60*time.Millisecond)
	assert.True(t, bytes.Equal(slow.text, c.ok("/v1.0/users").text))

	tenant.Fail(graphfake.Failure{Path: "/users", Slow: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.URL+"/v1.0/users", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := c.server.Client().Do(request)
	require.NoError(t, err, "the first half didn't come")
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
