package msgraph_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/msgraph"
)

// together makes reads at the same time and returns their errors.
func together(ctx context.Context, client *msgraph.Client, reads ...func(context.Context) error) []error {
	ctx = client.Together(ctx, len(reads))
	errs := make([]error, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		all.Go(func() { errs[i] = read(ctx) })
	}
	all.Wait()
	return errs
}

func domain(client *msgraph.Client, name string) func(context.Context) error {
	return func(ctx context.Context) error {
		got, err := client.Domain(ctx, name)
		if err == nil && got.ID != name {
			return fmt.Errorf("asked for %s, got %s", name, got.ID)
		}
		return err
	}
}

func requirements(client *msgraph.Client, user string) func(context.Context) error {
	return func(ctx context.Context) error { _, err := client.Requirements(ctx, user); return err }
}

// echo answers every domain with its own name.
func echo(n int) map[string]http.HandlerFunc {
	answers := map[string]http.HandlerFunc{}
	for i := range n {
		answers[fmt.Sprintf("/v1.0/domains/d%d", i)] = reply(fmt.Sprintf(`{"id":"d%d"}`, i))
		answers[fmt.Sprintf("/beta/users/d%d/authentication/requirements", i)] = reply(`{"perUserMfaState":"disabled"}`)
	}
	return answers
}

func TestTogetherSendsOneBatchForEachVersion(t *testing.T) {
	w := newWire(t, echo(8))
	client := w.client(t, nil)
	var reads []func(context.Context) error
	for i := range 8 {
		reads = append(reads, domain(client, fmt.Sprintf("d%d", i)))
	}
	reads = append(reads, requirements(client, "d1"), requirements(client, "d2"))
	for _, err := range together(t.Context(), client, reads...) {
		require.NoError(t, err)
	}
	assert.ElementsMatch(t, []string{"POST /v1.0/$batch [8]", "POST /beta/$batch [2]"}, w.lines())
}

func TestTogetherTakesTwentyAtATime(t *testing.T) {
	w := newWire(t, echo(41))
	client := w.client(t, nil)
	var reads []func(context.Context) error
	for i := range 41 {
		reads = append(reads, domain(client, fmt.Sprintf("d%d", i)))
	}
	for _, err := range together(t.Context(), client, reads...) {
		require.NoError(t, err)
	}
	lines := w.lines()
	slices.Sort(lines)
	require.Len(t, lines, 3)
	assert.Contains(t, lines[0], "GET /v1.0/domains/d", "a single request travels plain")
	assert.Equal(t, []string{"POST /v1.0/$batch [20]", "POST /v1.0/$batch [20]"}, lines[1:])
}

func TestSingleRequestIsNoBatch(t *testing.T) {
	w := newWire(t, echo(1))
	client := w.client(t, nil)
	for _, err := range together(t.Context(), client, domain(client, "d0"), requirements(client, "d0")) {
		require.NoError(t, err)
	}
	require.NoError(t, domain(client, "d0")(client.Together(t.Context(), 1)))
	assert.ElementsMatch(t, []string{"GET /v1.0/domains/d0", "GET /v1.0/domains/d0", "GET /beta/users/d0/authentication/requirements"}, w.lines())
}

func TestReadThatNeverComes(t *testing.T) {
	w := newWire(t, echo(2))
	client := w.client(t, nil)
	client.SetLinger(time.Millisecond)
	ctx := client.Together(t.Context(), 5)
	require.NoError(t, domain(client, "d0")(ctx))
	require.NoError(t, domain(client, "d1")(ctx))
	assert.Len(t, w.lines(), 2)
}

func TestReadThatNeedsNoRequest(t *testing.T) {
	w := newWire(t, echo(2))
	client := w.client(t, nil)
	client.SetLinger(time.Hour)
	errs := together(t.Context(), client, domain(client, "d0"), domain(client, "d1"),
		func(ctx context.Context) error { _, err := client.ObjectsByID(ctx, nil); return err },
		func(ctx context.Context) error { _, err := client.User(ctx, " "); return err })
	assert.Equal(t, []error{nil, nil, nil}, errs[:3])
	require.ErrorIs(t, errs[3], entramfa.ErrNotFound)
	assert.Equal(t, []string{"POST /v1.0/$batch [2]"}, w.lines())
}

func TestMoreReadsThanAnnounced(t *testing.T) {
	w := newWire(t, echo(3))
	client := w.client(t, nil)
	client.SetLinger(time.Hour)
	ctx := client.Together(t.Context(), 2)
	done := make(chan error)
	go func() { done <- domain(client, "d0")(ctx) }()
	require.NoError(t, domain(client, "d1")(ctx))
	require.NoError(t, <-done)
	require.NoError(t, domain(client, "d2")(ctx))
	assert.Equal(t, []string{"POST /v1.0/$batch [2]", "GET /v1.0/domains/d2"}, w.lines())
}

func TestReadThatEndsEarlyDoesNotHangTheOthers(t *testing.T) {
	release := make(chan struct{})
	answers := echo(2)
	slow := answers["/v1.0/domains/d1"]
	started := make(chan struct{})
	answers["/v1.0/domains/d1"] = func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
		slow(w, r)
	}
	w := newWire(t, answers)
	client := w.client(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs := together(t.Context(), client,
		func(group context.Context) error {
			// This read has a context of its own, which ends while the batch is under way.
			own, stop := context.WithCancel(group)
			go func() { <-started; stop() }()
			err := domain(client, "d0")(own)
			close(release)
			return err
		}, domain(client, "d1"))
	require.ErrorIs(t, errs[0], context.Canceled)
	require.NoError(t, errs[1])

	cancel()
	for _, err := range together(ctx, client, domain(client, "d0"), domain(client, "d1")) {
		require.ErrorIs(t, err, context.Canceled)
	}
	assert.Len(t, w.lines(), 1, "a context that has ended sends nothing")
}

func TestBatchIsGivenUpWhenAllReadsAre(t *testing.T) {
	ended := make(chan struct{})
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/$batch": func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	}})
	client := w.client(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, err := range together(ctx, client, domain(client, "d0"), domain(client, "d1")) {
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	<-ended
}

func TestThrottledItemIsRepeatedAlone(t *testing.T) {
	for _, status := range []string{"200", "424"} {
		t.Run("batch answers "+status, func(t *testing.T) {
			answers := echo(3)
			throttled := headed("Retry-After", "7", graphError(http.StatusTooManyRequests, "TooManyRequests"))
			answers["/v1.0/domains/d1"] = inTurn(throttled, answers["/v1.0/domains/d1"])
			w := newWire(t, answers)
			if status == "424" {
				w.Config.Handler = as424(w)
			}
			var waited waits
			client := waited.on(w.client(t, nil))
			for _, err := range together(t.Context(), client, domain(client, "d0"), domain(client, "d1"), domain(client, "d2")) {
				require.NoError(t, err)
			}
			assert.Equal(t, []string{"POST /v1.0/$batch [3]", "GET /v1.0/domains/d1"}, w.lines())
			assert.Equal(t, []time.Duration{7 * time.Second}, waited.list)
		})
	}
}

// as424 answers batches as the throttling page says: 424 as a whole.
func as424(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/$batch") {
			w = &withStatus{w, http.StatusFailedDependency}
		}
		next.ServeHTTP(w, r)
	})
}

type withStatus struct {
	http.ResponseWriter
	status int
}

func (w *withStatus) Write(text []byte) (int, error) {
	w.WriteHeader(w.status)
	w.status = 0
	return w.ResponseWriter.Write(text)
}

func (w *withStatus) WriteHeader(status int) {
	if status != 0 {
		w.ResponseWriter.WriteHeader(status)
	}
}

func TestBatchAnswersThatAreNone(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		want   []string // by read, "" for success
	}{
		"an item is missing": {
			reply(`{"responses":[{"id":"1","status":200,"body":{"id":"d"}}]}`),
			[]string{"", "doesn't answer this request"},
		},
		"an id nobody asked for": {
			reply(`{"responses":[{"id":"1","status":200,"body":{"id":"d"}},{"id":"99","status":200,"body":{"id":"d"}}]}`),
			[]string{"", "doesn't answer this request"},
		},
		"an id stands twice": {
			reply(`{"responses":[{"id":"1","status":200,"body":{"id":"d"}},{"id":"1","status":200,"body":{"id":"d"}}]}`),
			[]string{"twice", "twice"},
		},
		"no status": {
			reply(`{"responses":[{"id":"1","status":200,"body":{"id":"d"}},{"id":"2","body":{"id":"d"}}]}`),
			[]string{"", "no HTTP status"},
		},
		"no body":      {reply(`{"responses":[{"id":"1","status":200},{"id":"2","status":200,"body":{"id":"d"}}]}`), []string{"is empty", ""}},
		"null body":    {reply(`{"responses":[{"id":"1","status":200,"body":null},{"id":"2","status":200,"body":{"id":"d"}}]}`), []string{"no JSON object", ""}},
		"HTML item":    {reply(`{"responses":[{"id":"1","status":200,"body":"PGh0bWw+"},{"id":"2","status":200,"body":{"id":"d"}}]}`), []string{"HTML page", ""}},
		"no responses": {reply(`{}`), []string{`no "responses"`, `no "responses"`}},
		"HTML":         {reply(`<html>`), []string{"HTML page", "HTML page"}},
		"broken JSON":  {reply(`{"responses":[{"id":"1","status":200`), []string{"can't be read", "can't be read"}},
		"424, no items": {
			replyWith(424, `{"error":{"code":"x","message":"y"}}`), []string{`no "responses"`, `no "responses"`},
		},
		"refused": {graphError(http.StatusForbidden, "Authorization_RequestDenied"), []string{"grant Domain.Read.All or Directory.Read.All", "grant Domain.Read.All"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0/$batch": test.answer})
			client := w.client(t, nil)
			ctx := client.Together(t.Context(), 2)
			errs := make([]error, 2)
			var all sync.WaitGroup
			all.Go(func() { _, errs[0] = client.Domain(ctx, "d") })
			_, errs[1] = client.Domain(ctx, "d")
			all.Wait()
			// Which of the two reads is number 1 is not decided.
			slices.SortFunc(errs, func(a, b error) int { return strings.Compare(message(a, test.want), message(b, test.want)) })
			for i, want := range test.want {
				if want == "" {
					require.NoError(t, errs[i])
					continue
				}
				require.ErrorContains(t, errs[i], want)
				require.ErrorContains(t, errs[i], "GET /domains/d: ")
				var graph *entramfa.GraphError
				require.ErrorAs(t, errs[i], &graph)
				require.Error(t, graph.Kind)
			}
			assert.Len(t, w.calls(), 1)
		})
	}
}

// message orders errors as the wanted texts are: success first or last.
func message(err error, want []string) string {
	switch {
	case err != nil && want[0] != "":
		return "1"
	case err != nil:
		return "3"
	}
	return "2"
}

func TestBatchesRefused(t *testing.T) {
	for _, status := range []int{400, 404, 405, 413, 501} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			answers := echo(2)
			answers["/v1.0/$batch"] = graphError(status, "BadRequest")
			w := newWire(t, answers)
			client := w.client(t, nil)
			for _, err := range together(t.Context(), client, domain(client, "d0"), domain(client, "d1")) {
				require.NoError(t, err)
			}
			assert.Len(t, w.calls(), 3, "the batch, then each request alone")
		})
	}
}

func TestThrottledBatchIsRepeatedWhole(t *testing.T) {
	answers := echo(2)
	w := newWire(t, answers)
	whole := w.Config.Handler
	w.Config.Handler = inTurn(headed("Retry-After", "3", graphError(http.StatusTooManyRequests, "TooManyRequests")), whole.ServeHTTP)
	var waited waits
	client := waited.on(w.client(t, nil))
	for _, err := range together(t.Context(), client, domain(client, "d0"), domain(client, "d1")) {
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"POST /v1.0/$batch [2]"}, w.lines())
	assert.Equal(t, []time.Duration{3 * time.Second}, waited.list)
}

func TestBatchThatStaysThrottled(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/$batch": graphError(http.StatusTooManyRequests, "TooManyRequests")})
	var waited waits
	client := waited.on(w.client(t, &msgraph.Options{MaxTries: 3}))
	for _, err := range together(t.Context(), client, domain(client, "d0"), domain(client, "d0")) {
		require.ErrorIs(t, err, entramfa.ErrThrottled)
		require.ErrorContains(t, err, "GET /domains/d0: 429")
	}
	assert.Len(t, w.calls(), 3, "the items don't repeat what the batch repeated")
}

func TestItemThatNeedsANewToken(t *testing.T) {
	answers := echo(2)
	challenge := headed("WWW-Authenticate", `Bearer error="insufficient_claims", claims="e30="`, graphError(http.StatusUnauthorized, "InvalidAuthenticationToken"))
	answers["/v1.0/domains/d1"] = inTurn(challenge, challenge, answers["/v1.0/domains/d1"])
	w := newWire(t, answers)
	client := w.client(t, nil)
	for _, err := range together(t.Context(), client, domain(client, "d0"), domain(client, "d1")) {
		require.NoError(t, err)
	}
	calls := w.calls()
	require.Len(t, calls, 3)
	assert.Equal(t, "Bearer token{}", calls[2].header.Get("Authorization"), "the adapter answers the claims challenge")
}
