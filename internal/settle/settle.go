// Package settle writes to a directory and waits until reads show what was
// written: Graph answers a write before all of its replicas have it.
package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/entramfa/entramfa"
)

const (
	// pause stands before each read: Conditional Access takes one request a second
	// from all apps of a tenant together.
	// Source: https://learn.microsoft.com/graph/throttling-limits.
	pause = 1500 * time.Millisecond
	// patience is how long a change may take to show.
	patience = 30 * time.Second
	// agreeing is how many reads in a row have to show it: a single one may come from
	// the one replica that has it already.
	agreeing = 3
)

// ErrNotShown says that what was written didn't show in time. It may still.
var ErrNotShown = errors.New("the change did not show in time")

// Write sends a change and waits until it shows. sent says that the change was
// made or may have been: of one that the service refused it is false. An error of
// the send that leaves the outcome open is forgiven where the change shows. try is
// that of Retry: after a read that was made because of a 429 the send would be the
// second request of its second, and refused again.
func Write[T any](ctx context.Context, try int, send func(context.Context) error, read func(context.Context) (T, error), shown func(T) bool) (last T, sent bool, err error) {
	if try > 1 && Wait(ctx, pause) != nil {
		return last, false, fmt.Errorf("wait for a service that is busy: %w", context.Cause(ctx))
	}
	failed := send(ctx)
	if Refused(failed) {
		if errors.Is(failed, entramfa.ErrThrottled) {
			failed = &throttled{failed}
		}
		return last, false, failed
	}
	last, err = Until(ctx, read, shown)
	if err != nil && failed != nil {
		err = fmt.Errorf("whether it was changed is not known: %w", errors.Join(failed, err))
	}
	return last, true, err
}

// Until reads until three reads in a row show what was written, and returns the
// last of them. It waits before each read and gives up after half a minute, with
// ErrNotShown and what came last. A read that fails for lack of a right ends it.
func Until[T any](ctx context.Context, read func(context.Context) (T, error), shown func(T) bool) (last T, err error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var failed error
	for inRow := 0; inRow < agreeing; {
		if Wait(bounded, pause) != nil {
			return last, late(ctx, failed)
		}
		value, err := read(bounded)
		switch {
		case err != nil && bounded.Err() != nil:
			return last, late(ctx, failed)
		case err != nil && hopeless(err):
			return last, fmt.Errorf("read what was written: %w", err)
		case err != nil:
			inRow, failed = 0, err
			continue
		}
		last, failed = value, nil
		inRow++
		if !shown(value) {
			inRow = 0
		}
	}
	return last, nil
}

// Wait waits, or returns the context's error.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// late says why the waiting ended: the caller's own end, or ours.
func late(ctx context.Context, failed error) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("wait until the change shows: %w", err)
	}
	if failed != nil {
		return fmt.Errorf("%w (%v): %w", ErrNotShown, patience, failed)
	}
	return fmt.Errorf("%w (%v)", ErrNotShown, patience)
}

// hopeless says that the same read will fail again.
func hopeless(err error) bool {
	return errors.Is(err, entramfa.ErrPermission) || errors.Is(err, entramfa.ErrUnauthenticated) || errors.Is(err, entramfa.ErrLicense)
}

// Refused says that a write failed and changed nothing, for the service said so:
// by a kind of error that leaves no doubt, or by a status that blames the request.
func Refused(err error) bool {
	if hopeless(err) || errors.Is(err, entramfa.ErrThrottled) || errors.Is(err, entramfa.ErrNotFound) || errors.Is(err, entramfa.ErrConflict) {
		return true
	}
	var graph *entramfa.GraphError
	return errors.As(err, &graph) && graph.Status >= 400 && graph.Status < 500 && graph.Status != 408
}
