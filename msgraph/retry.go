package msgraph

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/settle"
)

const (
	defaultTries   = 4
	defaultMaxWait = time.Minute
	// firstDelay fits the Conditional Access service, which takes one request a
	// second from a tenant and sends its 429 without Retry-After.
	// Source: https://learn.microsoft.com/graph/throttling-limits.
	firstDelay = time.Second
)

// retry decides whether and when a request is sent again.
type retry struct {
	tries  int
	budget time.Duration
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	jitter func() float64 // from 0 to 1
	queue  *queue
}

func newRetry(opts *Options) retry {
	r := retry{tries: opts.MaxTries, budget: opts.MaxWait, now: time.Now, sleep: settle.Wait, jitter: rand.Float64, queue: &queue{}}
	if r.tries <= 0 {
		r.tries = defaultTries
	}
	if r.budget <= 0 {
		r.budget = defaultMaxWait
	}
	return r
}

// call sends a request until an answer of success comes, or an error that
// waiting doesn't cure. Only the first try of a read travels with others.
func (c *Client) call(ctx context.Context, r request) (answer, error) {
	var waited time.Duration
	for try := 1; ; try++ {
		got := c.once(ctx, r)
		if got.err == nil {
			got.err = refusal(r, got.answer, c.retry.now())
		}
		if got.err == nil {
			return got.answer, nil
		}
		delay := c.retry.delay(r, got.err, try)
		if got.final || delay == 0 || waited+delay > c.retry.budget || !inTime(ctx, c.retry.now().Add(delay)) {
			return answer{}, got.err
		}
		if err := c.retry.sleep(ctx, delay); err != nil {
			return answer{}, stopped(r, err)
		}
		waited += delay
		ctx = c.alone(ctx)
	}
}

// once sends a request once, with others where the context says so. What a
// batch could not do is asked for again alone: a 401, for the adapter answers
// claims challenges only outside batches, and a 424, which speaks of another item.
// A change never leaves with others: who sends a batch again sends all of it.
func (c *Client) once(ctx context.Context, r request) reply {
	g := c.group(ctx)
	if g == nil || r.changes {
		return c.plain(ctx, r)
	}
	got := g.do(ctx, r)
	if got.batched && (got.answer.status == http.StatusUnauthorized || got.answer.status == http.StatusFailedDependency) {
		return c.plain(ctx, r)
	}
	return got
}

// plain sends a request once, alone.
func (c *Client) plain(ctx context.Context, r request) reply {
	a, err := c.exchange(ctx, r)
	return reply{answer: a, err: err}
}

// inTime says whether the context is still alive then: waiting for a context's
// end in vain would hide why.
func inTime(ctx context.Context, then time.Time) bool {
	deadline, ok := ctx.Deadline()
	return !ok || then.Before(deadline)
}

// delay is how long to wait before the next try; 0 means that there is none.
func (r retry) delay(sent request, err error, try int) time.Duration {
	var graph *entramfa.GraphError
	errors.As(err, &graph)
	if try >= r.tries || !sent.repeatable(graph, err) {
		return 0
	}
	if graph != nil && graph.RetryAfter > 0 {
		return graph.RetryAfter
	}
	delay := firstDelay << (try - 1)
	delay += time.Duration(r.jitter() * float64(delay) / 2)
	if graph != nil && graph.Status == http.StatusTooManyRequests {
		return r.queue.wait(r.now(), delay)
	}
	return delay
}

// queue spaces the repetitions of requests that were throttled without a
// Retry-After. Several of one batch are; sent again at the same moment, all but
// one would be throttled again.
type queue struct {
	mu   sync.Mutex
	next time.Time
}

// wait reserves the first free moment after a delay and says how far off it is.
func (q *queue) wait(now time.Time, delay time.Duration) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := now.Add(delay)
	if at.Before(q.next) {
		at = q.next
	}
	q.next = at.Add(firstDelay)
	return at.Sub(now)
}

// repeatable says whether a request may be sent again after an error. To read
// twice is harmless. A change is never sent again: behind a 5xx or a cut connection
// it may have been made, and while a 429 is waited for somebody else may change the
// same list, which the repetition would put back. Whoever changes reads first.
func (r request) repeatable(graph *entramfa.GraphError, err error) bool {
	if r.changes {
		return false
	}
	return graph != nil && transient(graph.Status) || cut(err)
}

// transient says whether a status passes by itself.
// Source: https://learn.microsoft.com/graph/errors.
func transient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// cut says whether a connection broke after it stood. What could not be
// reached at all is not tried again: a person waits for the answer.
func cut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
