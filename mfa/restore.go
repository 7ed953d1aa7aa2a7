package mfa

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// The end of a gap that could not be crossed: the policies that were enabled go back,
// and security defaults go on.

const (
	// callLimit bounds one call in the gap. The service answers within a second or
	// two; one that hangs must not keep security defaults off.
	callLimit = 20 * time.Second
	// backTries is how often a policy is sent back before the defaults are tried.
	backTries = 3
	// longest is the longest pause in the gap, whatever the service asks for.
	longest = 5 * time.Second
	// leastPatience is how long the gap is worked at, however short Settle is.
	leastPatience = 30 * time.Second
)

// patience is how long a busy service is asked again in the gap.
func (a *applier) patience() time.Duration { return max(a.opts.Settle, leastPatience) }

// errHung says that a call in the gap took too long to wait for it once more.
var errHung = fmt.Errorf("no answer came within %s", callLimit)

// limited makes one call of the gap, which no end of the caller's context stops.
func limited(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	err := call(ctx)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", errHung, err)
	}
	return err
}

// restore takes back the changes, the first of which switched security defaults off,
// and says what kept each from it. Where no policy is known to be enabled, the
// defaults are tried first: what is uncertain about a policy must not delay them.
// That a policy won't go back is no reason not to try them either: only that they
// would not go on is an error. No read is asked whether they are on: it may be of a
// replica that didn't see them go off.
func (a *applier) restore(ctx context.Context, changes []entramfa.Change, enabled bool) ([]error, error) {
	ctx = context.WithoutCancel(ctx)
	w := wayBack{changes: changes, kept: make([]error, len(changes)), back: make([]bool, len(changes))}
	until := a.opts.Now().Add(a.patience())
	if enabled {
		a.policiesBack(ctx, &w)
	}
	for try := 1; ; try++ {
		err := a.sendBackOnce(ctx, &changes[0])
		if err == nil {
			a.policiesBack(ctx, &w)
			return w.kept, nil
		}
		if inTheWay(err) && !w.tried {
			a.policiesBack(ctx, &w) // one is enabled after all
			continue
		}
		if forGood(err) || !a.opts.Now().Before(until) {
			return w.kept, errors.Join(append(w.kept, err)...)
		}
		if waitErr := a.opts.Wait(ctx, min(backoff(err, min(try, 3)), longest)); waitErr != nil {
			return w.kept, errors.Join(append(w.kept, err, waitErr)...)
		}
		if inTheWay(err) {
			a.policiesBack(ctx, &w)
		}
	}
}

// wayBack is how far the policies of a gap are back: those that are, and what keeps
// the others.
type wayBack struct {
	changes []entramfa.Change
	kept    []error
	back    []bool
	tried   bool
}

// policiesBack takes the policies back that are not, the last one first.
func (a *applier) policiesBack(ctx context.Context, w *wayBack) {
	w.tried = true
	for k := len(w.changes) - 1; k > 0; k-- {
		if !w.back[k] {
			w.kept[k] = a.policyBack(ctx, &w.changes[k])
			w.back[k] = w.kept[k] == nil
		}
	}
}

// policyBack takes a policy back to report-only, or disables it where it can't go
// there. One that is gone is not enabled.
func (a *applier) policyBack(ctx context.Context, c *entramfa.Change) error {
	for try := 1; ; try++ {
		err := a.sendBackOnce(ctx, c)
		switch {
		case err == nil || errors.Is(err, entramfa.ErrNotFound):
			return nil
		case errors.Is(err, errHung):
			return err
		case try == backTries || !passing(err) && !errors.Is(err, entramfa.ErrConflict):
			return limited(ctx, func(ctx context.Context) error { return a.disable(ctx, c, err) })
		}
		if waitErr := a.opts.Wait(ctx, min(backoff(err, try), longest)); waitErr != nil {
			return errors.Join(err, waitErr)
		}
	}
}

// sendBackOnce sends what undoes a change of the gap, once.
func (a *applier) sendBackOnce(ctx context.Context, c *entramfa.Change) error {
	return limited(ctx, func(ctx context.Context) error {
		receipt, err := a.sendBack(ctx, c)
		if err == nil {
			a.requests[c.ID] = receipt.RequestID
		}
		return err
	})
}

// disable disables a policy of the gap that can't go back to report-only: without a
// licence that is the one edit which the service takes. One that is gone is not enabled.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/overview#license-requirements.
func (a *applier) disable(ctx context.Context, c *entramfa.Change, cause error) error {
	if errors.Is(cause, entramfa.ErrNotFound) {
		return nil
	}
	off := policy.StateDisabled
	if _, err := a.tenant.UpdatePolicy(ctx, a.target(c), policy.Patch{State: &off}); err != nil {
		return errors.Join(cause, err)
	}
	return nil
}

// disabled says that a policy which a change enables is disabled instead of report-only.
func disabled(c *entramfa.Change, is object) bool {
	off := policy.StateDisabled
	return strings.HasPrefix(c.TargetID, "change:") && same(is.value, encoded(policy.Patch{State: &off}))
}

// inTheWay says that the service refuses security defaults for what stands beside
// them, an enabled policy for instance. The words of this are not published, so
// that every 400 counts.
func inTheWay(err error) bool {
	var graph *entramfa.GraphError
	return errors.Is(err, entramfa.ErrConflict) ||
		errors.As(err, &graph) && (graph.Status == http.StatusBadRequest || graph.Status == http.StatusConflict)
}

// forGood says that the service said no, and that no waiting cures it: while it is
// asked again nobody is protected.
func forGood(err error) bool { return saidNo(err) && !passing(err) && !inTheWay(err) }
