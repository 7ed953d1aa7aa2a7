package graphfake_test

import (
	"encoding/json"
	"fmt"
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

// item is an answer within a batch.
type item struct {
	Status  int
	Headers map[string]string
	Body    struct {
		ID    string
		Value []any
		Error struct {
			Code, Message string
			InnerError    map[string]string
		}
	}
}

// batch sends requests and returns the answers by id.
func (c *client) batch(requests string) (reply, map[string]item) {
	c.t.Helper()
	r := c.with("Content-Type", "application/json").do(http.MethodPost, "/v1.0/$batch", `{"requests":[`+requests+`]}`)
	var answer struct {
		Responses []struct {
			item
			ID string
		}
	}
	require.NoError(c.t, json.Unmarshal(r.text, &answer))
	items := map[string]item{}
	for _, response := range answer.Responses {
		items[response.ID] = response.item
	}
	return r, items
}

func TestBatch(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	c := serve(t, &tenant, "User.Read.All", "Directory.Read.All")
	r, items := c.batch(`
		{"id":"a","method":"GET","url":"/users/svc@contoso.com?$select=id"},
		{"id":"b","method":"get","url":"/users/none"},
		{"id":"c","method":"GET","url":"/identity/conditionalAccess/policies"},
		{"id":"d","method":"POST","url":"/directoryObjects/getByIds","headers":{"Content-Type":"application/json"},"body":{"ids":["` + user + `"]}},
		{"id":"e","method":"POST","url":"/directoryObjects/getByIds","body":{"ids":[]}},
		{"id":"f","method":"GET","url":"/users/` + user + `/transitiveMemberOf/microsoft.graph.group?$count=true","headers":{"ConsistencyLevel":"eventual"}},
		{"id":"g","method":"GET","url":"/$batch"},
		{"id":"h","method":"GET","url":"https://graph.microsoft.com/v1.0/users"},
		{"id":"i","method":"GET","url":"/beta/users"}`)
	assert.Equal(t, http.StatusOK, r.StatusCode)
	statuses := map[string]int{}
	for id, item := range items {
		statuses[id] = item.Status
		assert.NotEmpty(t, item.Headers["request-id"], id)
		assert.NotEmpty(t, item.Headers["Content-Type"], id)
		if item.Status >= 400 {
			assert.NotEmpty(t, item.Body.Error.Code, id)
			assert.Equal(t, item.Headers["request-id"], item.Body.Error.InnerError["request-id"], id)
		}
	}
	assert.Equal(t, map[string]int{"a": 200, "b": 404, "c": 403, "d": 200, "e": 400, "f": 200, "g": 400, "h": 400, "i": 400}, statuses)
	assert.Equal(t, user, items["a"].Body.ID)
	assert.Len(t, items["d"].Body.Value, 1)

	log := tenant.Requests()
	require.Len(t, log, 1)
	require.Len(t, log[0].Items, 9)
	assert.Equal(t, "/v1.0/users/svc@contoso.com", log[0].Items[0].Path)
	assert.Equal(t, "$select=id", log[0].Items[0].Query)
	assert.Equal(t, 404, log[0].Items[1].Status)
	assert.Equal(t, "Request_ResourceNotFound", log[0].Items[1].Code)
	assert.Equal(t, "eventual", log[0].Items[5].Header.Get("ConsistencyLevel"))
}

func TestBatchDependsOn(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, "User.Read.All")
	_, items := c.batch(`
		{"id":"last","method":"GET","url":"/users","dependsOn":["first"]},
		{"id":"first","method":"GET","url":"/users/none"},
		{"id":"after","method":"GET","url":"/users","dependsOn":["last"]},
		{"id":"alone","method":"GET","url":"/users"}`)
	assert.Equal(t, 404, items["first"].Status)
	assert.Equal(t, 424, items["last"].Status)
	assert.Equal(t, 424, items["after"].Status)
	assert.Equal(t, 200, items["alone"].Status)
}

func TestBatchThatIsRefusedWhole(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, "User.Read.All")
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprintf(`{"id":"%d","method":"GET","url":"/users"}`, i)
	}
	for name, requests := range map[string]string{
		"21":           strings.Join(many, ","),
		"twice":        many[0] + "," + many[0],
		"no id":        `{"method":"GET","url":"/users"}`,
		"no url":       `{"id":"1","method":"GET"}`,
		"unknown":      `{"id":"1","method":"GET","url":"/users","dependsOn":["2"]}`,
		"circle":       `{"id":"1","method":"GET","url":"/users","dependsOn":["2"]},{"id":"2","method":"GET","url":"/users","dependsOn":["1"]}`,
		"no object":    `1`,
		"broken JSON ": `{`,
	} {
		r := c.do(http.MethodPost, "/v1.0/$batch", `{"requests":[`+requests+`]}`)
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
		assert.Equal(t, "BadRequest", r.code(), name)
	}
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/$batch", `{}`).StatusCode)
	assert.Equal(t, http.StatusMethodNotAllowed, c.get("/v1.0/$batch").StatusCode)
	_, items := c.batch(strings.Join(many[:20], ","))
	assert.Len(t, items, 20)
	c.token = ""
	assert.Equal(t, http.StatusUnauthorized, c.do(http.MethodPost, "/v1.0/$batch", `{"requests":[]}`).StatusCode)
}

func TestBatchItemsAreThrottledOneByOne(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, ThrottleConditionalAccess: true}
	c := serve(t, &tenant, "Policy.Read.All", "Directory.Read.All")
	const requests = `
		{"id":"1","method":"GET","url":"/identity/conditionalAccess/policies"},
		{"id":"2","method":"GET","url":"/identity/conditionalAccess/namedLocations"},
		{"id":"3","method":"GET","url":"/users"}`
	r, items := c.batch(requests)
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, []int{200, 429, 200}, []int{items["1"].Status, items["2"].Status, items["3"].Status})
	assert.NotContains(t, items["2"].Headers, "Retry-After", "the service doesn't say how long")

	tenant.Fail(graphfake.Failure{Path: "/v1.0/users", Times: 1, Err: &entramfa.GraphError{Status: 429, RetryAfter: 1500 * time.Millisecond}})
	tenant.ThrottledBatchIs424 = true
	at.advance(time.Second)
	r, items = c.batch(requests)
	assert.Equal(t, http.StatusFailedDependency, r.StatusCode)
	assert.Equal(t, "2", items["3"].Headers["Retry-After"], "whole seconds, rounded up")
	assert.Equal(t, 200, items["1"].Status)
}
