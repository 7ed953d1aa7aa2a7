package msgraph

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// defaultLinger is how long a read waits for the others that were announced.
// They start at the same moment, so it only matters when one never comes.
const defaultLinger = 250 * time.Millisecond

// Together returns a context for reads that start at the same time, each made
// with it once. The first requests of all of them leave together, in one JSON
// batch for each version of Graph, at most twenty in a batch, when the last has
// come or when one has waited a quarter of a second. What a read asks further,
// next pages and repetitions, leaves alone. A read that ends early does not
// hold up the others.
// Source: https://learn.microsoft.com/graph/json-batching.
func (c *Client) Together(ctx context.Context, reads int) context.Context {
	if reads < 2 {
		return c.alone(ctx)
	}
	return context.WithValue(ctx, groupKey{c}, &group{client: c, expected: reads})
}

// groupKey finds a client's group in a context: the groups of two clients don't mix.
type groupKey struct{ client *Client }

// group returns the group of a context, nil for none.
func (c *Client) group(ctx context.Context) *group {
	g, _ := ctx.Value(groupKey{c}).(*group)
	return g
}

// alone returns a context whose requests leave by themselves.
func (c *Client) alone(ctx context.Context) context.Context {
	if c.group(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, groupKey{c}, (*group)(nil))
}

// absent tells the context's group that a read needs no request.
func (c *Client) absent(ctx context.Context) {
	if g := c.group(ctx); g != nil {
		g.arrive(nil)
	}
}

// group collects the requests of reads that travel together.
type group struct {
	client *Client

	mu       sync.Mutex
	expected int // reads that did not come yet
	waiting  []*ticket
	timer    *time.Timer
}

// ticket is a request that waits for its answer.
type ticket struct {
	ctx     context.Context
	request request
	reply   chan reply // takes one reply without waiting
}

// reply is what became of one try of a request.
type reply struct {
	answer answer
	err    error
	// batched: the answer came in a batch. final: the error was retried already.
	batched, final bool
}

// do sends a request with the others and waits for its answer.
func (g *group) do(ctx context.Context, r request) reply {
	t := &ticket{ctx: ctx, request: r, reply: make(chan reply, 1)}
	g.arrive(t)
	select {
	case got := <-t.reply:
		if ctx.Err() == nil || got.err == nil {
			return got
		}
	case <-ctx.Done():
	}
	// The error of the batch would be that of the context that the reads share.
	host := "Microsoft Graph"
	if root, err := g.client.root(); err == nil {
		host = root.Host
	}
	return reply{err: unanswered(r, host, ctx.Err()), final: true}
}

// arrive notes that one of the reads has come, with a request or without.
func (g *group) arrive(t *ticket) {
	g.mu.Lock()
	g.expected--
	if t != nil {
		g.waiting = append(g.waiting, t)
	}
	if g.expected > 0 {
		if g.timer == nil && t != nil {
			g.timer = time.AfterFunc(g.client.linger, g.leave)
		}
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	g.leave()
}

// leave sends all that wait.
func (g *group) leave() {
	g.mu.Lock()
	tickets := g.waiting
	g.waiting = nil
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	g.mu.Unlock()
	for _, v := range []version{v1, beta} {
		same := slices.DeleteFunc(slices.Clone(tickets), func(t *ticket) bool {
			return t.request.version != v || t.ctx.Err() != nil
		})
		for chunk := range slices.Chunk(same, maxBatch) {
			go g.client.ride(chunk)
		}
	}
}

// ride sends requests of one version in one request and hands the answers out.
func (c *Client) ride(tickets []*ticket) {
	if len(tickets) == 1 {
		tickets[0].reply <- c.plain(tickets[0].ctx, tickets[0].request)
		return
	}
	ctx, done := shared(tickets)
	defer done()
	replies, usable := c.batch(ctx, tickets)
	for i, t := range tickets {
		if usable {
			t.reply <- replies[i]
		} else {
			go func() { t.reply <- c.plain(t.ctx, t.request) }()
		}
	}
}

// shared returns a context that ends when those of all tickets have ended: one
// read that gives up must not take the answer from the others.
func shared(tickets []*ticket) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(tickets[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(tickets)))
	stops := make([]func() bool, 0, len(tickets))
	for _, t := range tickets {
		stops = append(stops, context.AfterFunc(t.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
