package settle

import (
	"context"
	"errors"
	"time"

	"github.com/entramfa/entramfa"
)

const (
	// tries is how often a write that is throttled is sent at most.
	tries = 4
	// longest is how long all of the waiting for a busy service may take.
	longest = time.Minute
)

// throttled says that Write sent a change and the service was too busy to make it.
type throttled struct{ error }

// Unwrap returns what the service said.
func (t *throttled) Unwrap() error { return t.error }

// Retry makes an attempt again where its Write was throttled, after as long as the
// service asks for: four times in a minute at most. An attempt reads, decides and
// writes, so that what somebody else changed meanwhile is in what it sends.
func Retry[T any](ctx context.Context, attempt func(try int) (T, error)) (T, error) {
	var waited time.Duration
	for try := 1; ; try++ {
		made, err := attempt(try)
		var busy *throttled
		if !errors.As(err, &busy) || try == tries {
			return made, err
		}
		d := delay(err, try)
		if waited += d; waited > longest || Wait(ctx, d) != nil {
			return made, err
		}
	}
}

// delay is how long the service asks to wait, or a time that grows.
func delay(err error, try int) time.Duration {
	var graph *entramfa.GraphError
	if errors.As(err, &graph) && graph.RetryAfter > 0 {
		return graph.RetryAfter
	}
	return pause << (try - 1)
}
