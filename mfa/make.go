package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// Between two reads of one object lies a second: Conditional Access takes one
// request a second from a tenant.
// Source: https://learn.microsoft.com/graph/throttling-limits.
const pace = time.Second

// maxSends is how often a write is sent at most, each time after the object was
// read again.
const maxSends = 5

// errMoved says that an object is neither as it was nor as it will be.
type errMoved struct{ is, before, after json.RawMessage }

func (e *errMoved) Error() string {
	if same(e.before, e.after) {
		return fmt.Sprintf("somebody else changed it: it is %s, and the plan made it %s", e.is, e.before)
	}
	return fmt.Sprintf("somebody else changed it: it is %s, and was to go from %s to %s", e.is, e.before, e.after)
}

// Unwrap makes it an entramfa.ErrConflict.
func (e *errMoved) Unwrap() error { return entramfa.ErrConflict }

// make makes one change, unless it is made.
func (a *applier) make(ctx context.Context, c *entramfa.Change) error {
	if byCredential(c.Kind) {
		return a.makeCredential(ctx, c)
	}
	a.tell(c, StageBegun)
	if numbered(c.Kind) && a.history.changes[c.ID] == made {
		a.tell(c, StageFound) // while a plan waits for days the number may become another
		return nil
	}
	was, err := a.before(ctx, c)
	if err != nil {
		return err
	}
	if same(was.value, c.After) {
		return a.foundMade(c, was)
	}
	if c.Kind == entramfa.ChangeMobilePhone { // what stood there was not read for the plan
		read := *c
		read.Before, c = was.value, &read
	}
	if !same(was.value, c.Before) {
		return &errMoved{was.value, c.Before, c.After}
	}
	if a.history.changes[c.ID] == made {
		return &errMoved{was.value, c.After, c.After}
	}
	a.unsure[c.ID] = a.history.changes[c.ID] == intended
	if err := a.intend(c, was); err != nil {
		return err
	}
	is, err := a.write(ctx, c, was)
	if err != nil {
		refused := saidNo(err) && !a.unsure[c.ID]
		return errors.Join(err, a.note(Entry{Kind: EntryFailed, ChangeID: c.ID, TargetID: was.id, Error: err.Error(), Refused: refused}))
	}
	return a.noteMade(c, was, is)
}

// intend notes that a write is about to be sent.
func (a *applier) intend(c *entramfa.Change, was object) error {
	return a.note(Entry{Kind: EntryIntent, By: &a.by, ChangeID: c.ID, TargetID: was.id, Before: was.value, After: c.After, Rest: was.rest})
}

// before reads the object of a change. Where a write may have been sent before the
// process ended, the tenant is given the time to show it: what is created twice is
// worse than what is waited for.
func (a *applier) before(ctx context.Context, c *entramfa.Change) (object, error) {
	if a.history.changes[c.ID] != intended {
		return a.read(ctx, c)
	}
	is, err := a.shown(ctx, c, c.After, a.unsettledFor(c))
	if errors.Is(err, errNotShown) {
		err = nil
	}
	return is, err
}

// unsettledFor is how long the tenant may still take to show what was last noted of
// a change. The clock of who noted it may have been ahead.
func (a *applier) unsettledFor(c *entramfa.Change) time.Duration {
	left := a.opts.Settle - a.opts.Now().Sub(a.history.entries[c.ID].At)
	return min(max(left, 0), a.opts.Settle)
}

// read reads the object of a change, and again where the service is busy.
func (a *applier) read(ctx context.Context, c *entramfa.Change) (object, error) {
	for try := 1; ; try++ {
		is, err := a.look(ctx, c)
		if err == nil || !passing(err) || try == maxSends {
			return is, err
		}
		if err := a.opts.Wait(ctx, backoff(err, try)); err != nil {
			return object{}, err
		}
	}
}

// errNotShown says that the tenant doesn't show a change that was made.
var errNotShown = errors.New("the change is sent, and the tenant does not show it yet")

// shown reads an object until it has a value, at most for a while. Beside
// errNotShown it returns what it read last.
func (a *applier) shown(ctx context.Context, c *entramfa.Change, wanted json.RawMessage, within time.Duration) (object, error) {
	until := a.opts.Now().Add(within)
	for {
		is, err := a.look(ctx, c)
		switch {
		case err == nil && same(is.value, wanted):
			return is, nil
		case err != nil && !passing(err) && !errors.Is(err, entramfa.ErrNotFound):
			return is, err
		case !a.opts.Now().Before(until) && err == nil:
			return is, errNotShown
		case !a.opts.Now().Before(until):
			return is, fmt.Errorf("%w: %w", errNotShown, err)
		}
		if err := a.opts.Wait(ctx, pace); err != nil {
			return is, err
		}
	}
}

// write sends a change until the tenant shows it. The object is read again before it
// is sent again, also after a 429: while it waits an administrator may change the
// same list. Something that can't be sent twice is read as long as the service may
// take to show it, where the answer leaves open whether it was made. Each try
// stands in the journal: a late one may show long after the first.
func (a *applier) write(ctx context.Context, c *entramfa.Change, was object) (object, error) {
	for try := 1; ; try++ {
		receipt, id, err := a.send(ctx, c)
		if err == nil {
			a.requests[c.ID] = receipt.RequestID
			if c.TargetID == "" {
				a.history.targets[c.ID] = id
			}
			return a.arrived(ctx, c)
		}
		a.doubt(c, err)
		if !passing(err) && !notYetThere(c, err) || try == maxSends {
			return a.perhaps(ctx, c, err)
		}
		if err := a.opts.Wait(ctx, backoff(err, try)); err != nil {
			return object{}, err
		}
		is, sent, err := a.again(ctx, c, err)
		if err != nil || sent {
			return is, err
		}
		if err := a.intend(c, was); err != nil {
			return is, err
		}
		// The read was a request, too: sent at once the write would be refused again.
		if err := a.opts.Wait(ctx, pace); err != nil {
			return is, err
		}
	}
}

// again reads the object of a write that failed before it is sent again: it may have
// been made, and somebody else may have changed the same thing while it waited.
func (a *applier) again(ctx context.Context, c *entramfa.Change, failed error) (is object, there bool, err error) {
	if a.unsure[c.ID] {
		is, err := a.perhaps(ctx, c, failed)
		if err == nil || !same(is.value, c.Before) {
			return is, err == nil, err
		}
		return is, false, nil
	}
	is, err = a.shown(ctx, c, c.Before, 3*pace)
	switch {
	case err == nil:
		return is, false, nil
	case errors.Is(err, errNotShown) && same(is.value, c.After):
		return is, true, nil
	case errors.Is(err, errNotShown) && is.value != nil:
		err = &errMoved{is.value, c.Before, c.After}
	}
	return is, false, fmt.Errorf("%w: %w", err, failed)
}

// doubt notes that a write which failed may have been made.
func (a *applier) doubt(c *entramfa.Change, err error) {
	if !saidNo(err) {
		a.unsure[c.ID] = true
	}
}

// arrived waits until the tenant shows a change that the service took.
func (a *applier) arrived(ctx context.Context, c *entramfa.Change) (object, error) {
	is, err := a.shown(ctx, c, c.After, a.opts.Settle)
	if errors.Is(err, errNotShown) && is.value != nil && !same(is.value, c.Before) {
		err = &errMoved{is.value, c.Before, c.After}
	}
	return is, err
}

// perhaps looks whether a change was made although its answer was an error. Where
// an earlier try may have been made, a refusal says nothing: what is there already
// is refused, too.
func (a *applier) perhaps(ctx context.Context, c *entramfa.Change, err error) (object, error) {
	if !a.unsure[c.ID] {
		return object{value: c.Before}, err
	}
	within := 5 * pace
	if once(c) || saidNo(err) {
		within = a.opts.Settle
	}
	is, lookErr := a.shown(ctx, c, c.After, within)
	switch {
	case lookErr == nil:
		return is, nil
	case errors.Is(lookErr, errNotShown) && is.value != nil && !same(is.value, c.Before):
		return is, fmt.Errorf("%w: %w", &errMoved{is.value, c.Before, c.After}, err)
	}
	return is, err
}

// once says that a change can't be sent twice: a second object would come of it, or
// a refusal.
func once(c *entramfa.Change) bool { return creates(c) || c.Kind == entramfa.AddGroupMember }

func creates(c *entramfa.Change) bool {
	return c.Kind == entramfa.CreatePolicy || c.Kind == entramfa.CreateNamedLocation
}

// noteMade notes a change that was made, and refuses to go on where something else
// of the object changed at the same time.
func (a *applier) noteMade(c *entramfa.Change, was, is object) error {
	if err := a.note(Entry{
		Kind: EntryDone, ChangeID: c.ID, TargetID: is.id, Before: was.value, After: is.value, Rest: is.rest, RequestID: a.requests[c.ID],
	}); err != nil {
		return err
	}
	a.tell(c, StageMade)
	return elsewhere(c, was, is)
}

// elsewhere refuses to go on where something beside the change is not as it was.
func elsewhere(c *entramfa.Change, was, is object) error {
	if was.rest == "" || was.rest == is.rest {
		return nil
	}
	text := "something else of it"
	if patch, err := patchOf(c.After); err == nil && was.policy != nil && is.policy != nil {
		if differences, err := patch.Elsewhere(*was.policy, *is.policy); err == nil && len(differences) > 0 {
			text = strings.Join(differences, "; ")
		}
	}
	return fmt.Errorf("it is made, and somebody else changed the same policy at the same time: %s: %w", text, entramfa.ErrConflict)
}

// foundMade notes a change that turned out to be made, once.
func (a *applier) foundMade(c *entramfa.Change, is object) error {
	a.tell(c, StageFound)
	if a.history.changes[c.ID] == made {
		return nil
	}
	return a.note(Entry{Kind: EntryDone, ChangeID: c.ID, TargetID: is.id, After: is.value, Rest: is.rest})
}

// tell calls the progress callback.
func (a *applier) tell(c *entramfa.Change, stage Stage) {
	index := slices.IndexFunc(a.plan.Changes, func(other entramfa.Change) bool { return other.ID == c.ID })
	a.opts.Progress(Progress{Change: *c, Index: index + 1, Of: len(a.plan.Changes), Stage: stage})
}

// passing says whether an error may go away by itself.
func passing(err error) bool {
	return errors.Is(err, entramfa.ErrThrottled) || errors.Is(err, entramfa.ErrUnavailable)
}

// notYetThere says that a policy names a location that was created a moment ago
// and isn't replicated yet.
func notYetThere(c *entramfa.Change, err error) bool {
	return c.Kind == entramfa.CreatePolicy && errors.Is(err, entramfa.ErrNotFound)
}

// saidNo says that the service said no: nothing was changed. What stands between
// may say no with a page of its own, and behind it the change may have been made.
func saidNo(err error) bool {
	var graph *entramfa.GraphError
	return errors.As(err, &graph) && graph.Status >= 400 && graph.Status < 500 &&
		graph.Status != http.StatusRequestTimeout && !errors.Is(err, entramfa.ErrUnavailable)
}

// backoff is how long to wait before the next try.
func backoff(err error, try int) time.Duration {
	var graph *entramfa.GraphError
	if errors.As(err, &graph) && graph.RetryAfter > 0 {
		return graph.RetryAfter
	}
	return pace << (try - 1)
}
