package settle_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/settle"
)

func TestRetry(t *testing.T) {
	slow := func(d time.Duration) error {
		return &entramfa.GraphError{Status: 429, Kind: entramfa.ErrThrottled, RetryAfter: d}
	}
	for name, c := range map[string]struct {
		sends []error // one for each send; nil after it
		sent  int
		is    error
		least time.Duration
	}{
		"taken at once":           {nil, 1, nil, 0},
		"throttled twice":         {[]error{slow(0), slow(0)}, 3, nil, 4 * time.Second},
		"as long as it asks for":  {[]error{slow(30 * time.Second)}, 2, nil, 31 * time.Second},
		"throttled to the end":    {[]error{slow(0), slow(0), slow(0), slow(0)}, 4, entramfa.ErrThrottled, 10 * time.Second},
		"longer than is bearable": {[]error{slow(2 * time.Minute)}, 1, entramfa.ErrThrottled, 0},
		"refused":                 {[]error{entramfa.ErrPermission}, 1, entramfa.ErrPermission, 0},
		"may have been made":      {[]error{errLost}, 1, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, sent, reads := time.Now(), 0, 0
				send := func(context.Context) error {
					sent++
					if sent > len(c.sends) {
						return nil
					}
					return c.sends[sent-1]
				}
				_, err := settle.Retry(t.Context(), func(try int) (bool, error) {
					reads++
					_, made, err := settle.Write(t.Context(), try, send, (&replies{list: []any{"new"}}).read, isNew)
					return made, err
				})
				assert.ErrorIs(t, err, c.is)
				assert.Equal(t, c.sent, sent)
				assert.Equal(t, sent, reads, "it reads before it sends again")
				assert.GreaterOrEqual(t, time.Since(start), c.least)
				assert.Less(t, time.Since(start), 2*time.Minute)
			})
		})
	}
}

func TestRetryStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := settle.Retry(ctx, func(try int) (bool, error) {
			_, made, err := settle.Write(ctx, try, func(context.Context) error { return errSlow }, (&replies{list: []any{"old"}}).read, isNew)
			return made, err
		})
		assert.Error(t, err)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}
