package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/entramfa/entramfa"
)

// The gap: security defaults go off, then the policies in their place are enabled.
// In it nothing waits, nothing asks a person, and no end of the caller's context
// stops it. What can be read and noted before is read and noted before.

// errGap says that the gap could not be crossed.
var errGap = errors.New("the policies could not take the place of security defaults")

// cross makes the changes of the gap, from the one at index i on, and returns the
// index of the last. On failure it puts the tenant back under protection before it
// returns. open says that a process before this one ended in the gap: security
// defaults are off.
func (a *applier) cross(ctx context.Context, i int, open bool) (int, error) {
	last := slices.IndexFunc(a.plan.Changes, func(c entramfa.Change) bool { return c.ID == a.plan.Gap.To })
	if last < i {
		return i, fmt.Errorf("mfa: apply the plan: its gap ends with change %s, which it does not have", a.plan.Gap.To)
	}
	changes := a.plan.Changes[i : last+1]
	if a.allMade(changes) {
		for k := range changes {
			if err := a.make(ctx, &changes[k]); err != nil { // it reads, and says what moved
				return last, a.failed(&changes[k], err)
			}
		}
		return last, nil
	}
	begun := a.gapBegan(&changes[0], open)
	if err := a.readyToCross(ctx, changes, open); err != nil {
		if open {
			err = a.putBack(ctx, changes, len(changes)-1, begun, err)
		}
		return last, err
	}
	safe := context.WithoutCancel(ctx)
	if !open {
		// The reads above were calls of Conditional Access: with the pause behind the
		// switch, the first policy would be refused, and the gap be longer by a second.
		if err := a.opts.Wait(safe, pace); err != nil {
			return last, err
		}
		begun = a.opts.Now()
	}
	if failed, err := a.sendAll(safe, changes); err != nil {
		return last, a.retreat(ctx, changes, failed, begun, err)
	}
	if err := a.gapEnded(begun); err != nil {
		return last, err
	}
	return last, a.confirm(ctx, changes)
}

// gapBegan is when the gap began: now, or, of one that a process before this one left
// open, when that was about to open it.
func (a *applier) gapBegan(c *entramfa.Change, open bool) time.Time {
	if at, noted := a.history.sent[c.ID]; open && noted && at.Before(a.opts.Now()) {
		return at
	}
	return a.opts.Now()
}

// gapEnded measures a gap that ended now, and notes it. Not before: while the journal
// is written nobody would be protected.
func (a *applier) gapEnded(begun time.Time) error {
	a.result.Gap = a.opts.Now().Sub(begun)
	return a.note(Entry{Kind: EntryGap, ChangeID: a.plan.Gap.From, GapMilliseconds: a.result.Gap.Milliseconds()})
}

func (a *applier) allMade(changes []entramfa.Change) bool {
	return !slices.ContainsFunc(changes, func(c entramfa.Change) bool { return a.history.changes[c.ID] != made })
}

// readyToCross makes sure that everything is as the plan says, and notes what is
// about to happen. In an open gap the journal holds that, and nothing is told or noted
// twice: a journal that hangs would keep the tenant without protection.
func (a *applier) readyToCross(ctx context.Context, changes []entramfa.Change, open bool) error {
	for k := range changes {
		c := &changes[k]
		noted := open && a.history.changes[c.ID] == intended
		if !noted {
			a.tell(c, StageBegun)
		}
		was, err := a.readIn(ctx, c, open)
		if err == nil && !same(was.value, c.Before) && !same(was.value, c.After) && !disabled(c, was) {
			err = &errMoved{was.value, c.Before, c.After}
		}
		if err != nil {
			return a.failed(c, err)
		}
		a.unsure[c.ID] = a.history.changes[c.ID] == intended || !same(was.value, c.Before)
		if noted {
			continue
		}
		if err := a.intend(c, was); err != nil {
			return err
		}
	}
	return nil
}

// readIn reads the object of a change of the gap, in an open one not for long.
func (a *applier) readIn(ctx context.Context, c *entramfa.Change, open bool) (is object, err error) {
	if !open {
		return a.read(ctx, c)
	}
	err = limited(ctx, func(ctx context.Context) (err error) { is, err = a.read(ctx, c); return err })
	return is, err
}

// sendAll sends the writes one after the other, and returns the index of the one
// that failed. Between two policies it waits as long as the service wants: to be
// refused and to wait for that costs more.
func (a *applier) sendAll(ctx context.Context, changes []entramfa.Change) (int, error) {
	for k := range changes {
		if k > 1 {
			if err := a.opts.Wait(ctx, pace); err != nil {
				return k, err
			}
		}
		if err := a.insist(ctx, &changes[k]); err != nil {
			return k, err
		}
	}
	return len(changes), nil
}

// insist sends a write until the service takes it: each of them sets a value, so
// that sending it twice changes nothing. One that hangs ends the gap at once.
func (a *applier) insist(ctx context.Context, c *entramfa.Change) error {
	until := a.opts.Now().Add(a.patience())
	for try := 1; ; try++ {
		err := a.sendOnce(ctx, c)
		// Right after the defaults went off the service may still refuse.
		again := passing(err) || errors.Is(err, entramfa.ErrConflict)
		if err == nil || !again || errors.Is(err, errHung) || !a.opts.Now().Before(until) {
			return err
		}
		if waitErr := a.opts.Wait(ctx, min(backoff(err, min(try, 3)), longest)); waitErr != nil {
			return errors.Join(err, waitErr)
		}
	}
}

// sendOnce sends a write of the gap, once.
func (a *applier) sendOnce(ctx context.Context, c *entramfa.Change) error {
	return limited(ctx, func(ctx context.Context) error {
		receipt, _, err := a.send(ctx, c)
		if err != nil {
			a.doubt(c, err)
			return err
		}
		a.requests[c.ID] = receipt.RequestID
		return nil
	})
}

// confirm reads the objects of the gap until they show the changes.
func (a *applier) confirm(ctx context.Context, changes []entramfa.Change) error {
	for k := range changes {
		c := &changes[k]
		is, err := a.arrived(ctx, c)
		if err != nil {
			return a.failed(c, err)
		}
		if err := a.noteMade(c, object{value: a.history.entries[c.ID].Before, rest: a.history.entries[c.ID].Rest}, is); err != nil {
			return a.failed(c, err)
		}
	}
	return nil
}

// retreat ends a gap that could not be crossed. Where the service would not even
// switch the defaults off there is nothing to put back.
func (a *applier) retreat(ctx context.Context, changes []entramfa.Change, failed int, begun time.Time, cause error) error {
	c := &changes[failed]
	if failed > 0 || !saidNo(cause) || a.unsure[c.ID] {
		return a.putBack(ctx, changes, failed, begun, cause)
	}
	var notes error
	for k := range changes {
		notes = errors.Join(notes, a.note(Entry{Kind: EntryFailed, ChangeID: changes[k].ID, Error: cause.Error(), Refused: true}))
	}
	return a.failed(c, errors.Join(cause, notes))
}

// putBack takes the policies of the gap back to what they were, and switches
// security defaults on again. failed is the index of the change at which it ended.
func (a *applier) putBack(ctx context.Context, changes []entramfa.Change, failed int, begun time.Time, cause error) error {
	cause = fmt.Errorf("%w: %w", errGap, cause)
	kept, err := a.restore(ctx, changes[:failed+1], a.anyTaken(changes[1:failed+1]))
	if err != nil {
		err = a.lastResort(ctx, changes, &changes[failed], errors.Join(cause, err))
	}
	var notes error
	if !a.result.Unprotected {
		notes = a.gapEnded(begun)
	}
	notes = errors.Join(notes, a.note(Entry{Kind: EntryFailed, ChangeID: changes[failed].ID, Error: cause.Error()}))
	if err != nil {
		return errors.Join(err, notes)
	}
	for k := range changes {
		if k > failed || kept[k] == nil {
			notes = errors.Join(notes, a.note(Entry{Kind: EntryUndone, ChangeID: changes[k].ID}))
		}
	}
	return a.failed(&changes[failed], errors.Join(fmt.Errorf("%w; security defaults are on again, and the tenant is protected as before", cause), notes))
}

// anyTaken says whether the service took the enabling of a policy.
func (a *applier) anyTaken(changes []entramfa.Change) bool {
	return slices.ContainsFunc(changes, func(c entramfa.Change) bool { _, taken := a.requests[c.ID]; return taken })
}

// lastResort enables what can be enabled of the policies, for security defaults
// would not go on again. Unless all of them are, the result says that the tenant is
// not protected.
func (a *applier) lastResort(ctx context.Context, changes []entramfa.Change, failed *entramfa.Change, cause error) error {
	ctx = context.WithoutCancel(ctx)
	enabled := 0
	for k := 1; k < len(changes); k++ {
		err := a.insist(ctx, &changes[k])
		if err == nil {
			enabled++
			continue
		}
		cause = errors.Join(cause, err)
		if errors.Is(err, entramfa.ErrConflict) {
			break // security defaults are on, and refuse the others, too
		}
	}
	if enabled == 0 && a.seenOn(ctx, &changes[0]) {
		return a.failed(failed, fmt.Errorf("security defaults are on, and the tenant is protected as before: %w", cause))
	}
	if enabled == len(changes)-1 {
		return a.failed(failed, fmt.Errorf("security defaults are off and could not be switched on again; all %d policies in their place are enabled, and protect the tenant: %w", enabled, cause))
	}
	a.result.Unprotected = true
	return a.failed(failed, fmt.Errorf("THE TENANT IS NOT PROTECTED: security defaults are off and could not be switched on again; %d of the %d policies in their place are enabled: switch security defaults on, or enable the policies, in the Entra admin center: %w",
		enabled, len(changes)-1, cause))
}

// seenOn says whether the tenant shows security defaults on for as long as a change
// may take to show. All else was tried before: whether they went off at all may be
// open, and one read may be of a replica that is late.
func (a *applier) seenOn(ctx context.Context, c *entramfa.Change) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.patience()+callLimit)
	defer cancel()
	is, err := a.shown(ctx, c, c.After, a.patience())
	return errors.Is(err, errNotShown) && same(is.value, c.Before)
}

// closeGap finishes a gap in which the process ended, before anything else: while
// it is open the tenant has no protection. Where security defaults are on, nobody is
// without it, and the plan goes its usual way, past every guard.
func (a *applier) closeGap(ctx context.Context) error {
	open, err := a.gapOpen(ctx)
	if err != nil || !open {
		return err
	}
	c := a.plan.change(a.plan.Gap.From)
	_, err = a.shown(ctx, c, c.After, a.unsettledFor(c))
	if errors.Is(err, errNotShown) {
		return nil // they never went off
	}
	if err != nil {
		return a.failed(c, fmt.Errorf("whether the tenant is between security defaults and the policies in their place is not known: %w", err))
	}
	i := slices.IndexFunc(a.plan.Changes, func(c entramfa.Change) bool { return c.ID == a.plan.Gap.From })
	_, err = a.cross(ctx, i, true)
	a.closed = err == nil
	return err
}

// refusedAfter adds to a refusal that a gap was closed before.
func (a *applier) refusedAfter(err error) error {
	var refused *RefusedError
	if a.closed && errors.As(err, &refused) {
		refused.GapClosed = true
	}
	return err
}

// gapOpen says whether a process ended in the gap. Where it ended a moment ago,
// security defaults that are seen on may be off.
func (a *applier) gapOpen(ctx context.Context) (bool, error) {
	gap := a.plan.Gap
	if gap == nil {
		return false, nil
	}
	c := a.plan.change(gap.From)
	if state := a.history.changes[gap.From]; c == nil || state != intended && state != undoing {
		return false, nil
	}
	now, err := a.read(ctx, c)
	if err != nil {
		return false, a.failed(c, fmt.Errorf("whether the tenant is between security defaults and the policies in their place is not known: %w", err))
	}
	recent := a.opts.Now().Sub(a.history.entries[c.ID].At) < a.opts.Settle
	return recent || !same(now.value, c.Before), nil
}
