package settle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/settle"
)

var (
	errLost = &entramfa.GraphError{Status: 503, Kind: entramfa.ErrUnavailable}
	errSlow = &entramfa.GraphError{Status: 429, Kind: entramfa.ErrThrottled}
)

// replies answers reads in turn, the last one for ever.
type replies struct {
	list  []any // a value or an error
	reads int
}

func (r *replies) read(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	answer := r.list[min(r.reads, len(r.list)-1)]
	r.reads++
	if err, failed := answer.(error); failed {
		return "", err
	}
	return answer.(string), nil
}

func isNew(value string) bool { return value == "new" }

func TestUntilWaitsForThreeReadsInARow(t *testing.T) {
	for name, c := range map[string]struct {
		replies []any
		reads   int
	}{
		"shown at once":                      {[]any{"new"}, 3},
		"shown late":                         {[]any{"old", "old", "new"}, 5},
		"a replica that lags":                {[]any{"new", "new", "old", "new"}, 6},
		"a failed read begins the row again": {[]any{"new", "new", errLost, "new"}, 6},
		"throttled, then shown":              {[]any{errSlow, "new"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, start := &replies{list: c.replies}, time.Now()
				last, err := settle.Until(t.Context(), r.read, isNew)
				assert.NoError(t, err)
				assert.Equal(t, "new", last)
				assert.Equal(t, c.reads, r.reads)
				assert.Greater(t, time.Since(start), time.Duration(c.reads)*time.Second, "the tenant takes one request a second")
			})
		})
	}
}

func TestUntilGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		replies []any
		last    string
		is      error
	}{
		"never shown":          {[]any{"old"}, "old", settle.ErrNotShown},
		"never three in a row": {[]any{"new", "old", "new", "old", "new", "old", "new", "old", "new", "old", "new", "old", "new", "old", "new", "old", "new", "old", "old"}, "old", settle.ErrNotShown},
		"never read":           {[]any{errLost}, "", entramfa.ErrUnavailable},
		"no right to read":     {[]any{entramfa.ErrPermission}, "", entramfa.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, start := &replies{list: c.replies}, time.Now()
				last, err := settle.Until(t.Context(), r.read, isNew)
				assert.ErrorIs(t, err, c.is)
				assert.Equal(t, c.last, last, "what came last says what is there")
				assert.LessOrEqual(t, time.Since(start), 30*time.Second)
			})
		})
	}
}

func TestUntilStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("shut down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(stop) })
		start := time.Now()
		_, err := settle.Until(ctx, (&replies{list: []any{"old"}}).read, isNew)
		assert.ErrorIs(t, err, stop)
		assert.NotErrorIs(t, err, settle.ErrNotShown)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

// A read that hangs doesn't outlast the patience.
func TestUntilBoundsItsReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hang := func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
		_, err := settle.Until(t.Context(), hang, isNew)
		assert.ErrorIs(t, err, settle.ErrNotShown)
		assert.Equal(t, 30*time.Second, time.Since(start))
	})
}

func TestWrite(t *testing.T) {
	lost := fmt.Errorf("write: %w", errLost)
	for name, c := range map[string]struct {
		send  error
		reads []any
		sent  bool
		is    []error
	}{
		"made":                           {nil, []any{"new"}, true, nil},
		"lost, and made":                 {lost, []any{"old", "new"}, true, nil},
		"lost, and not made":             {lost, []any{"old"}, true, []error{entramfa.ErrUnavailable, settle.ErrNotShown}},
		"no kind of error at all":        {errors.New("connection reset"), []any{"new"}, true, nil},
		"timed out":                      {&entramfa.GraphError{Status: 408}, []any{"new"}, true, nil},
		"made, and never shown":          {nil, []any{"old"}, true, []error{settle.ErrNotShown}},
		"refused for lack of a right":    {entramfa.ErrPermission, []any{"new"}, false, []error{entramfa.ErrPermission}},
		"refused for lack of a licence":  {entramfa.ErrLicense, []any{"new"}, false, []error{entramfa.ErrLicense}},
		"refused because it isn't there": {entramfa.ErrNotFound, []any{"new"}, false, []error{entramfa.ErrNotFound}},
		"throttled to the end":           {errSlow, []any{"new"}, false, []error{entramfa.ErrThrottled}},
		"refused as a bad request":       {&entramfa.GraphError{Status: 400, Code: "BadRequest"}, []any{"new"}, false, []error{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &replies{list: c.reads}
				_, sent, err := settle.Write(t.Context(), 1, func(context.Context) error { return c.send }, r.read, isNew)
				assert.Equal(t, c.sent, sent)
				assert.Equal(t, c.is != nil, err != nil, "%v", err)
				for _, kind := range c.is {
					assert.ErrorIs(t, err, kind)
				}
				if !sent {
					assert.Zero(t, r.reads, "what was refused needs no look")
				}
			})
		})
	}
}
