package graphfake_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
)

// stormTakes is how long the storm lasts. A minute of it, with the race detector:
//
//	GRAPHFAKE_STORM=1m go test -race -run Storm ./graphfake
func stormTakes(t *testing.T) time.Duration {
	text := os.Getenv("GRAPHFAKE_STORM")
	if text == "" {
		return 3 * time.Second
	}
	takes, err := time.ParseDuration(text)
	require.NoError(t, err)
	return takes
}

// TestStormLosesNoWriteAndTearsNoRead has 64 clients write and read for a while, in bad
// weather. Each client has a policy of its own, in which every member holds
// the number of the write: an answer with two numbers in it is a torn one, and the
// last number that was answered must be there in the end.
func TestStormLosesNoWriteAndTearsNoRead(t *testing.T) {
	tenant := &graphfake.Tenant{Weather: graphfake.Weather{Seed: 64, Latency: time.Millisecond, Spread: 4 * time.Millisecond}}
	for _, f := range []graphfake.Failure{
		{Probability: 0.02, Err: &entramfa.GraphError{Status: http.StatusTooManyRequests}},
		{Probability: 0.02, Applied: true, Err: &entramfa.GraphError{Status: http.StatusGatewayTimeout}},
		{Probability: 0.02, Cut: true},
		{Probability: 0.01, Body: "<html>", Err: &entramfa.GraphError{Status: http.StatusBadGateway}},
		{Probability: 0.02, Slow: 5 * time.Millisecond},
	} {
		tenant.Fail(f)
	}
	server := httptest.NewTLSServer(tenant)
	t.Cleanup(server.Close)
	server.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	token := tenant.Token(everything...)
	ends := time.Now().Add(stormTakes(t))
	var clients sync.WaitGroup
	var reads, writes atomic.Int64
	for n := range 64 {
		clients.Go(func() {
			s := storm{t: t, server: server, token: token, random: rand.New(rand.NewPCG(64, uint64(n)))}
			s.create(n)
			for i := 1; time.Now().Before(ends) && !t.Failed(); i++ {
				s.write(i)
				s.read()
			}
			s.finish()
			reads.Add(s.reads)
			writes.Add(s.writes)
		})
	}
	clients.Wait()
	t.Logf("%d reads and %d writes in %s", reads.Load(), writes.Load(), stormTakes(t))
	assert.Positive(t, reads.Load())
	assert.Positive(t, writes.Load())
	assert.Len(t, tenantPolicies(t, tenant), 64)
}

func tenantPolicies(t *testing.T, tenant *graphfake.Tenant) []string {
	var shown struct {
		Policies []struct {
			ID string `json:"id"`
		} `json:"policies"`
	}
	require.NoError(t, json.Unmarshal(tenant.Snapshot(), &shown))
	ids := map[string]bool{}
	for _, p := range shown.Policies {
		ids[p.ID] = true
	}
	var list []string
	for id := range ids {
		list = append(list, id)
	}
	return list
}

// storm is one client and its policy.
type storm struct {
	t      *testing.T
	server *httptest.Server
	token  string
	random *rand.Rand
	id     string
	// at least this write was made, and at most the other.
	least, most   int
	reads, writes int64
}

const stormURL = "/v1.0/identity/conditionalAccess/policies"

func stormBody(n int) string {
	return fmt.Sprintf(`{"displayName":"%d","state":"disabled","conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},`+
		`"users":{"includeUsers":["None"],"excludeUsers":["%032x"]}},"grantControls":{"operator":"OR","builtInControls":["block"]}}`, n, n)
}

// send makes a call; 0 where no whole answer came.
func (s *storm) send(method, url, body string) (status int, text []byte) {
	request, err := http.NewRequest(method, s.server.URL+url, strings.NewReader(body))
	if !assert.NoError(s.t, err) {
		return 0, nil
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	response, err := s.server.Client().Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	if text, err = io.ReadAll(response.Body); err != nil {
		return 0, nil
	}
	return response.StatusCode, text
}

// stormPolicy is what a client looks at.
type stormPolicy struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Conditions  struct {
		Users struct {
			ExcludeUsers []string `json:"excludeUsers"`
		} `json:"users"`
	} `json:"conditions"`
}

// number is that of the write that a policy shows.
func (s *storm) number(p stormPolicy) (n int) {
	_, err := fmt.Sscan(p.DisplayName, &n)
	assert.NoError(s.t, err)
	assert.Equal(s.t, []string{fmt.Sprintf("%032x", n)}, p.Conditions.Users.ExcludeUsers, "a torn read")
	return n
}

// create makes the policy, and takes one back of which no answer came.
func (s *storm) create(n int) {
	first := 1000000 * (n + 1)
	s.least, s.most = first, first
	for s.id == "" && !s.t.Failed() {
		if status, text := s.send(http.MethodPost, stormURL, stormBody(first)); status == http.StatusCreated {
			var p stormPolicy
			assert.NoError(s.t, json.Unmarshal(text, &p))
			s.id = p.ID
			return
		}
		s.id = s.named(first)
	}
}

// named finds the policy with a number.
func (s *storm) named(n int) string {
	for !s.t.Failed() {
		status, text := s.send(http.MethodGet, stormURL+fmt.Sprintf("?$filter=displayName%%20eq%%20%%27%d%%27", n), "")
		if status != http.StatusOK {
			continue
		}
		var list struct {
			Value []stormPolicy `json:"value"`
		}
		assert.NoError(s.t, json.Unmarshal(text, &list))
		if len(list.Value) > 0 {
			return list.Value[0].ID
		}
		return ""
	}
	return ""
}

func (s *storm) write(i int) {
	next := s.most + 1
	status, _ := s.send(http.MethodPatch, stormURL+"/"+s.id, stormBody(next))
	switch status {
	case http.StatusNoContent:
		s.least, s.most = next, next
		s.writes++
	case 0, http.StatusGatewayTimeout:
		s.most = next // it may have been made
	case http.StatusTooManyRequests, http.StatusBadGateway:
	default:
		assert.Fail(s.t, "an answer that nobody arranged", "%d", status)
	}
}

// read reads the own policy, or all of them.
func (s *storm) read() {
	if s.random.IntN(8) == 0 {
		status, text := s.send(http.MethodGet, stormURL, "")
		var list struct {
			Value []stormPolicy `json:"value"`
		}
		if status == http.StatusOK && assert.NoError(s.t, json.Unmarshal(text, &list)) {
			for _, p := range list.Value {
				s.number(p)
			}
			s.reads++
		}
		return
	}
	s.own()
}

// own looks that no write was lost.
func (s *storm) own() bool {
	status, text := s.send(http.MethodGet, stormURL+"/"+s.id, "")
	var p stormPolicy
	if status != http.StatusOK || !assert.NoError(s.t, json.Unmarshal(text, &p)) {
		return false
	}
	n := s.number(p)
	assert.True(s.t, s.least <= n && n <= s.most, "write %d of %d to %d: one was lost", n, s.least, s.most)
	s.least, s.reads = max(s.least, n), s.reads+1
	return true
}

func (s *storm) finish() {
	for !s.t.Failed() && !s.own() {
	}
}
