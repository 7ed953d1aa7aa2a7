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

// gapLimit bounds how long the gap may take before the tenant is put back.
const gapLimit = 2 * time.Minute

// errGap says that the gap could not be crossed.
var errGap = errors.New("the policies could not take the place of security defaults")

// cross makes the changes of the gap, from the one at index i on, and returns the
// index of the last. On failure it puts the tenant back under protection before it
// returns.
func (a *applier) cross(ctx context.Context, i int) (int, error) {
	last := slices.IndexFunc(a.plan.Changes, func(c entramfa.Change) bool { return c.ID == a.plan.Gap.To })
	if last < i {
		return i, fmt.Errorf("mfa: apply the plan: its gap ends with change %s, which it does not have", a.plan.Gap.To)
	}
	changes := a.plan.Changes[i : last+1]
	if a.allMade(changes) {
		for k := range changes {
			if err := a.make(ctx, &changes[k]); err != nil { // it reads, and says what moved
				return last, &ChangeError{changes[k], err}
			}
		}
		return last, nil
	}
	if err := a.readyToCross(ctx, changes); err != nil {
		return last, err
	}
	safe, cancel := context.WithTimeout(context.WithoutCancel(ctx), gapLimit)
	defer cancel()
	begun := a.opts.Now()
	failed, err := a.sendAll(safe, changes)
	if err != nil {
		return last, a.putBack(context.WithoutCancel(ctx), changes, failed, err)
	}
	a.result.Gap = a.opts.Now().Sub(begun)
	if err := a.note(Entry{Kind: EntryGap, ChangeID: changes[0].ID, GapMilliseconds: a.result.Gap.Milliseconds()}); err != nil {
		return last, err
	}
	return last, a.confirm(ctx, changes)
}

func (a *applier) allMade(changes []entramfa.Change) bool {
	return !slices.ContainsFunc(changes, func(c entramfa.Change) bool { return a.history.changes[c.ID] != made })
}

// readyToCross makes sure that everything is as the plan says, and notes what is
// about to happen.
func (a *applier) readyToCross(ctx context.Context, changes []entramfa.Change) error {
	for k := range changes {
		c := &changes[k]
		a.tell(c, StageBegun)
		was, err := a.read(ctx, c)
		if err == nil && !same(was.value, c.Before) && !same(was.value, c.After) {
			err = &errMoved{was.value, c.Before, c.After}
		}
		if err != nil {
			return &ChangeError{*c, err}
		}
		if err := a.note(Entry{Kind: EntryIntent, By: &a.by, ChangeID: c.ID, TargetID: was.id, Before: was.value, After: c.After, Rest: was.rest}); err != nil {
			return err
		}
	}
	return nil
}

// sendAll sends the writes back to back, and returns the change that failed.
func (a *applier) sendAll(ctx context.Context, changes []entramfa.Change) (*entramfa.Change, error) {
	for k := range changes {
		if err := a.insist(ctx, &changes[k]); err != nil {
			return &changes[k], err
		}
	}
	return nil, nil
}

// insist sends a write until the service takes it: each of them sets a value, so
// that sending it twice changes nothing.
func (a *applier) insist(ctx context.Context, c *entramfa.Change) error {
	until := a.opts.Now().Add(a.opts.Settle)
	for try := 1; ; try++ {
		receipt, _, err := a.send(ctx, c)
		if err == nil {
			a.requests[c.ID] = receipt.RequestID
			return nil
		}
		// Right after the defaults went off the service may still refuse.
		if !passing(err) && !errors.Is(err, entramfa.ErrConflict) || !a.opts.Now().Before(until) {
			return err
		}
		if err := a.opts.Wait(ctx, min(backoff(err, min(try, 3)), 5*time.Second)); err != nil {
			return err
		}
	}
}

// confirm reads the objects of the gap until they show the changes.
func (a *applier) confirm(ctx context.Context, changes []entramfa.Change) error {
	for k := range changes {
		c := &changes[k]
		is, err := a.shown(ctx, c, c.After, a.opts.Settle)
		if err != nil {
			return &ChangeError{*c, err}
		}
		if err := a.noteMade(c, object{value: a.history.entries[c.ID].Before, rest: a.history.entries[c.ID].Rest}, is); err != nil {
			return &ChangeError{*c, err}
		}
	}
	return nil
}

// putBack takes the policies of the gap back to what they were, and switches
// security defaults on again. Where that fails too, as many of the policies as can
// be are enabled, and the result says that the tenant is not protected.
func (a *applier) putBack(ctx context.Context, changes []entramfa.Change, failed *entramfa.Change, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, gapLimit)
	defer cancel()
	cause = fmt.Errorf("%w: %w", errGap, cause)
	notes := a.note(Entry{Kind: EntryFailed, ChangeID: failed.ID, Error: cause.Error()})
	for k := len(changes) - 1; k >= 0; k-- {
		if err := a.insistBack(ctx, &changes[k]); err != nil {
			return a.lastResort(ctx, changes, failed, errors.Join(cause, err, notes))
		}
	}
	for k := range changes {
		notes = errors.Join(notes, a.note(Entry{Kind: EntryUndone, ChangeID: changes[k].ID}))
	}
	return &ChangeError{*failed, errors.Join(fmt.Errorf("%w; security defaults are on again, and the tenant is protected as before", cause), notes)}
}

// insistBack undoes a change of the gap, and waits until the tenant shows it.
func (a *applier) insistBack(ctx context.Context, c *entramfa.Change) error {
	until := a.opts.Now().Add(a.opts.Settle)
	for try := 1; ; try++ {
		_, err := a.sendBack(ctx, c)
		if err == nil {
			if _, err = a.shown(ctx, c, c.Before, a.opts.Settle); err == nil {
				return nil
			}
		}
		if !passing(err) && !errors.Is(err, entramfa.ErrConflict) || !a.opts.Now().Before(until) {
			return err
		}
		if err := a.opts.Wait(ctx, min(backoff(err, min(try, 3)), 5*time.Second)); err != nil {
			return err
		}
	}
}

// lastResort enables what can be enabled of the policies, for security defaults
// would not go on again.
func (a *applier) lastResort(ctx context.Context, changes []entramfa.Change, failed *entramfa.Change, cause error) error {
	a.result.Unprotected = true
	enabled := 0
	for k := 1; k < len(changes); k++ {
		if _, _, err := a.send(ctx, &changes[k]); err == nil {
			enabled++
		}
	}
	return &ChangeError{*failed, fmt.Errorf("THE TENANT IS NOT PROTECTED: security defaults are off and could not be switched on again; %d of the %d policies in their place are enabled: switch security defaults on, or enable the policies, in the Entra admin center: %w",
		enabled, len(changes)-1, cause)}
}

// closeGap finishes a gap in which the process ended, before anything else: while
// it is open the tenant has no protection.
func (a *applier) closeGap(ctx context.Context) error {
	gap := a.plan.Gap
	if gap == nil || a.history.changes[gap.From] != intended {
		return nil
	}
	i := slices.IndexFunc(a.plan.Changes, func(c entramfa.Change) bool { return c.ID == gap.From })
	now, err := a.read(ctx, &a.plan.Changes[i])
	if err != nil {
		return &ChangeError{a.plan.Changes[i], err}
	}
	if same(now.value, a.plan.Changes[i].Before) {
		return nil // the defaults are still on
	}
	_, err = a.cross(ctx, i)
	return err
}
