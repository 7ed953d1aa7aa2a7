package graphfake_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa/graphfake"
)

func TestLogTakesThePlaceOfRequests(t *testing.T) {
	var logged []graphfake.Request
	tenant := graphfake.Tenant{Log: func(r graphfake.Request) { logged = append(logged, r) }}
	c := serve(t, &tenant, everything...)
	c.get("/v1.0/users?$top=1&code=hush")
	c.do(http.MethodPost, "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/groups?secret=hush"}]}`)
	assert.Empty(t, tenant.Requests())
	if assert.Len(t, logged, 2) {
		assert.Equal(t, "$top=1&code=hidden", logged[0].Query)
		assert.Empty(t, logged[0].Header.Get("Authorization"))
		assert.Equal(t, "secret=hidden", logged[1].Items[0].Query)
	}
}
