package msgraph_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/msgraph"
)

func TestRetries(t *testing.T) {
	good := reply(`{"id":"d"}`)
	throttled := graphError(http.StatusTooManyRequests, "TooManyRequests")
	tests := map[string]struct {
		answer  http.HandlerFunc
		options *msgraph.Options
		waited  []time.Duration
		kind    error
		after   time.Duration
	}{
		"seconds":         {answer: inTurn(headed("Retry-After", "17", throttled), good), waited: []time.Duration{17 * time.Second}},
		"HTTP date":       {answer: inTurn(headed("Retry-After", "Sun, 01 Nov 2026 12:00:20 GMT", throttled), good), waited: []time.Duration{20 * time.Second}},
		"past date":       {answer: inTurn(headed("Retry-After", "Sun, 01 Nov 2026 11:00:00 GMT", throttled), good), waited: []time.Duration{time.Second}},
		"zero seconds":    {answer: inTurn(headed("Retry-After", "0", throttled), good), waited: []time.Duration{time.Second}},
		"senseless value": {answer: inTurn(headed("Retry-After", "soon", throttled), good), waited: []time.Duration{time.Second}},
		// The Conditional Access service takes one request a second and sends no Retry-After.
		"no Retry-After": {answer: inTurn(throttled, throttled, good), waited: []time.Duration{time.Second, 2 * time.Second}},
		"503 and so on": {
			answer: inTurn(graphError(503, "serviceUnavailable"), graphError(504, "x"), graphError(502, "x"), good),
			waited: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
		},
		"500":         {answer: inTurn(graphError(500, "InternalServerError"), good), waited: []time.Duration{time.Second}},
		"503, waits":  {answer: inTurn(headed("Retry-After", "5", graphError(503, "x")), good), waited: []time.Duration{5 * time.Second}},
		"HTML of 502": {answer: inTurn(replyWith(502, "<html>"), good), waited: []time.Duration{time.Second}},
		"for ever": {
			answer: headed("Retry-After", "2", throttled), kind: entramfa.ErrThrottled, after: 2 * time.Second,
			waited: []time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second},
		},
		"once only":    {answer: inTurn(throttled, good), options: &msgraph.Options{MaxTries: 1}, kind: entramfa.ErrThrottled},
		"too long":     {answer: inTurn(headed("Retry-After", "61", throttled), good), kind: entramfa.ErrThrottled, after: 61 * time.Second},
		"too long sum": {answer: headed("Retry-After", "31", throttled), kind: entramfa.ErrThrottled, after: 31 * time.Second, waited: []time.Duration{31 * time.Second}},
		"own bound": {
			answer: headed("Retry-After", "61", throttled), options: &msgraph.Options{MaxTries: 2, MaxWait: time.Hour},
			kind: entramfa.ErrThrottled, after: 61 * time.Second, waited: []time.Duration{61 * time.Second},
		},
		"501 stays":      {answer: graphError(501, "notImplemented"), kind: entramfa.ErrUnavailable},
		"403 stays":      {answer: headed("Retry-After", "1", graphError(403, "AccessDenied")), kind: entramfa.ErrPermission, after: time.Second},
		"connection cut": {answer: inTurn(hangUp, good), waited: []time.Duration{time.Second}},
		"body cut":       {answer: inTurn(cutBody, good), waited: []time.Duration{time.Second}},
		"always cut":     {answer: cutBody, options: &msgraph.Options{MaxTries: 2}, waited: []time.Duration{time.Second}, kind: entramfa.ErrUnavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": test.answer})
			var waited waits
			client := waited.on(w.client(t, test.options))
			_, err := client.Domain(t.Context(), "d")
			assert.Equal(t, test.waited, waited.list)
			assert.Len(t, w.calls(), len(test.waited)+1, "the adapter repeats nothing by itself")
			if test.kind == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, test.kind)
			var graph *entramfa.GraphError
			require.ErrorAs(t, err, &graph)
			assert.Equal(t, test.after, graph.RetryAfter)
		})
	}
}

// hangUp closes the connection without an answer.
func hangUp(http.ResponseWriter, *http.Request) {
	panic(http.ErrAbortHandler)
}

// hang never answers: when the client has gone it hangs up, for what a handler leaves
// unsaid is sent as 200, and a client that is just closing its end may still read it.
func hang(w http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	hangUp(w, r)
}

// cutBody closes the connection amid the answer.
func cutBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"id":"d",`))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestContextEndsWaiting(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/domains/d": graphError(http.StatusTooManyRequests, "TooManyRequests")})
	client := w.client(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	client.SetClock(noon, func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	})
	_, err := client.Domain(ctx, "d")
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, w.calls(), 1)
}

func TestWaitThatOutlivesTheContextIsNotBegun(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{
		"/v1.0/domains/d": headed("Retry-After", "50", graphError(http.StatusTooManyRequests, "TooManyRequests")),
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := w.client(t, nil).Domain(ctx, "d")
	require.ErrorIs(t, err, entramfa.ErrThrottled)
}

// The Conditional Access service takes one request a second from a whole tenant.
func TestReadsThatAreThrottledTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var last time.Time
		refused := 0
		oneASecond := func(next http.HandlerFunc) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				early := time.Since(last) < time.Second
				if early {
					refused++
				} else {
					last = time.Now()
				}
				mu.Unlock()
				if early {
					graphError(http.StatusTooManyRequests, "TooManyRequests")(w, r)
					return
				}
				next(w, r)
			}
		}
		answers := echo(6)
		for path, answer := range answers {
			answers[path] = oneASecond(answer)
		}
		client := connect(t, &wire{answers: answers}, 0)
		start := time.Now()
		var reads []func(context.Context) error
		for i := range 6 {
			reads = append(reads, domain(client, fmt.Sprintf("d%d", i)))
		}
		for _, err := range together(t.Context(), client, reads...) {
			require.NoError(t, err)
		}
		assert.Equal(t, 5, refused, "each is repeated once, a second after the one before")
		assert.Less(t, time.Since(start), 7*time.Second)
	})
}

func TestWaitingIsReal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &wire{answers: map[string]http.HandlerFunc{
			"/v1.0/domains/d": inTurn(headed("Retry-After", "30", graphError(503, "x")), reply(`{"id":"d"}`)),
		}}, 0)
		start := time.Now()
		_, err := client.Domain(t.Context(), "d")
		require.NoError(t, err)
		assert.Equal(t, 30*time.Second, time.Since(start))
	})
}
