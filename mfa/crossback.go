package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/entramfa/entramfa"
)

// The way back over the gap: the policies go to report-only, then security defaults
// go on. As on the way there nothing waits in it that need not.

// inGap says whether a change is one of those that are undone together, for
// security defaults are still off.
func (a *applier) inGap(c *entramfa.Change) bool {
	if gap := a.plan.Gap; gap == nil || a.history.changes[gap.From] == notBegun || a.history.changes[gap.From] == undone {
		return false
	}
	return slices.ContainsFunc(a.gapChanges(), func(other entramfa.Change) bool { return other.ID == c.ID })
}

// gapChanges are the changes of the gap; the first switches security defaults off.
func (a *applier) gapChanges() []entramfa.Change {
	if a.plan.Gap == nil {
		return nil
	}
	from := slices.IndexFunc(a.plan.Changes, func(c entramfa.Change) bool { return c.ID == a.plan.Gap.From })
	to := slices.IndexFunc(a.plan.Changes, func(c entramfa.Change) bool { return c.ID == a.plan.Gap.To })
	if from < 0 || to < from {
		return nil
	}
	return a.plan.Changes[from : to+1]
}

// closeGapBack ends a gap in which a process ended, before anything else is read.
func (a *applier) closeGapBack(ctx context.Context) error {
	open, err := a.gapOpen(ctx)
	if err != nil || !open {
		return err
	}
	err = a.sendAllBack(ctx, a.gapChanges(), false)
	a.closed = err == nil
	return err
}

// crossBack undoes the changes of the gap together.
func (a *applier) crossBack(ctx context.Context) error {
	changes := a.gapChanges()
	if err := a.mayGoBack(ctx, &changes[0]); err != nil {
		return a.failed(&changes[0], err)
	}
	for k := range changes {
		c := &changes[k]
		a.tell(c, StageUndoing)
		if err := a.note(Entry{Kind: EntryUndoIntent, ChangeID: c.ID, Before: c.After, After: c.Before}); err != nil {
			return err
		}
	}
	return a.sendAllBack(ctx, changes, true)
}

// mayGoBack switches security defaults off where they are off: whoever may not switch
// them on is told so while the policies still protect the tenant.
func (a *applier) mayGoBack(ctx context.Context, c *entramfa.Change) error {
	is, err := a.read(ctx, c)
	if err != nil || a.history.changes[c.ID] != made || !same(is.value, c.After) {
		return err // it may be that they are on: then they must not be switched off
	}
	for try := 1; ; try++ {
		_, err := a.setSwitch(ctx, c, c.After)
		if err == nil || inTheWay(err) {
			return nil
		}
		if !passing(err) || try == maxSends {
			return fmt.Errorf("nothing was undone of it, for security defaults could not go on again: %w", err)
		}
		if err := a.opts.Wait(ctx, backoff(err, try)); err != nil {
			return err
		}
	}
}

// sendAllBack undoes the changes, and then waits until the tenant shows it. Where
// security defaults would not go on the policies are enabled again. enabled says
// that these are.
func (a *applier) sendAllBack(ctx context.Context, changes []entramfa.Change, enabled bool) error {
	begun := a.gapBegan(&changes[0], !enabled)
	kept, err := a.restore(ctx, changes, enabled)
	if err != nil {
		err = a.lastResort(ctx, changes, &changes[0], err)
		if !a.result.Unprotected {
			err = errors.Join(err, a.gapEnded(begun))
		}
		return err
	}
	if err := a.gapEnded(begun); err != nil {
		return err
	}
	for k := len(changes) - 1; k >= 0; k-- {
		c := &changes[k]
		err := kept[k]
		if err == nil {
			err = a.backAgain(ctx, c)
		}
		if err == nil {
			err = a.noteUndone(c)
		}
		if err != nil {
			return a.failed(c, err)
		}
	}
	return nil
}

// backAgain waits until the tenant shows that a change of the gap is undone; a
// policy that is gone or disabled is.
func (a *applier) backAgain(ctx context.Context, c *entramfa.Change) error {
	is, err := a.look(ctx, c)
	if errors.Is(err, entramfa.ErrNotFound) || err == nil && disabled(c, is) {
		return nil
	}
	_, err = a.shown(ctx, c, c.Before, a.opts.Settle)
	return err
}
