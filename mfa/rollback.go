package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// Rollback undoes what a journal says was done, in the reverse order, and restores
// each value exactly. planID names the plan; empty means the last one that is not
// rolled back. It reads everything first and refuses whole where somebody else changed
// the same thing since, showing both. Rolling back again finishes it, or does nothing.
//
// It needs the permissions of the plan. The errors are those of Apply.
func Rollback(ctx context.Context, tenant ReadWriter, journal Journal, planID string, opts *ApplyOptions) (Result, error) {
	if journal == nil {
		return Result{}, errors.New("mfa: roll back: a journal is needed")
	}
	entries, err := journal.Entries()
	if err != nil {
		return Result{}, err
	}
	h, err := historyOf(entries, planID)
	if err != nil {
		return Result{}, err
	}
	if h.plan == nil {
		return Result{}, fmt.Errorf("mfa: roll back: the journal holds no plan %s: %w", planID, entramfa.ErrNotFound)
	}
	a, unlock, err := newApplier(ctx, tenant, *h.plan, journal, undoes, opts)
	if err != nil {
		return Result{PlanID: h.plan.ID}, err
	}
	defer unlock()
	err = a.refusedAfter(a.rollBack(ctx))
	return a.outcome(), err
}

func (a *applier) rollBack(ctx context.Context) error {
	if a.history.rolledBack {
		return nil
	}
	a.recall()
	if err := a.closeGapBack(ctx); err != nil {
		return err
	}
	policies, err := a.allPolicies(ctx)
	if err != nil {
		return err
	}
	todo, err := a.toUndo(ctx)
	if err != nil {
		return err
	}
	if r := a.standsInTheWay(policies, todo); r != nil {
		return &RefusedError{Account: a.plan.Account.UserPrincipalName, Refusals: []Refusal{*r}}
	}
	if err := a.note(Entry{Kind: EntryRollback, By: &a.by}); err != nil {
		return err
	}
	for _, c := range todo {
		if a.history.changes[c.ID] == undone {
			continue // with the others of the gap
		}
		if a.inGap(c) {
			if err := a.crossBack(ctx); err != nil {
				return err
			}
			continue
		}
		if err := a.undo(ctx, c); err != nil {
			return a.failed(c, err)
		}
	}
	if err := a.confirmUndone(ctx); err != nil {
		return err
	}
	return a.end(EntryRolledBack)
}

// confirmUndone reads once more what was undone: a replica that was late may have
// hidden what the plan made. What somebody else made of it since is theirs.
func (a *applier) confirmUndone(ctx context.Context) error {
	for i := len(a.plan.Changes) - 1; i >= 0; i-- {
		c := &a.plan.Changes[i]
		if a.history.changes[c.ID] != undone {
			continue
		}
		is, err := a.read(ctx, c)
		if err == nil && same(is.value, c.After) {
			is, err = a.shown(ctx, c, c.Before, a.opts.Settle)
		}
		if err == nil || errors.Is(err, entramfa.ErrNotFound) || errors.Is(err, errNotShown) && !same(is.value, c.After) {
			continue
		}
		if errors.Is(err, errNotShown) { // to be undone again
			err = errors.Join(err, a.note(Entry{Kind: EntryUndoIntent, By: &a.by, ChangeID: c.ID, TargetID: is.id, Before: is.value, After: c.Before}))
		}
		return a.failed(c, fmt.Errorf("it was undone, and read once more: %w", err))
	}
	return nil
}

// moot says that the account was deleted, and with it what the change made of it.
func moot(c *entramfa.Change, err error) bool {
	return errors.Is(err, entramfa.ErrNotFound) && (c.Kind == entramfa.ChangePerUserMFA || c.Kind == entramfa.AddGroupMember || numbered(c.Kind))
}

// leave says that a change of a deleted account is not undone.
func (a *applier) leave(c *entramfa.Change) {
	a.result.NotUndone = append(a.result.NotUndone, fmt.Sprintf("the account %s was deleted since: if it is restored, what the plan made of %q is %s, and was %s",
		a.plan.Account.UserPrincipalName, c.TargetName, c.After, c.Before))
}

// allPolicies reads the policies, to find what the plan created and to see what
// would stand in the way of security defaults.
func (a *applier) allPolicies(ctx context.Context) (Facts, error) {
	var f Facts
	list, err := a.tenant.Policies(ctx)
	if err == nil && list.Confirm != nil {
		list, err = list.Confirm(ctx)
	}
	if err != nil {
		return f, fmt.Errorf("mfa: roll back: %w", err)
	}
	locations, err := a.tenant.NamedLocations(ctx)
	if err != nil {
		return f, fmt.Errorf("mfa: roll back: %w", err)
	}
	f.ConditionalAccess.Policies, f.ConditionalAccess.NamedLocations = entramfa.Known(list), entramfa.Known(locations)
	return f, a.adopt(f)
}

// toUndo reads the objects of all changes that were made, or may have been, and
// lists the changes that have to be undone, the last one first.
func (a *applier) toUndo(ctx context.Context) ([]*entramfa.Change, error) {
	var todo []*entramfa.Change
	var refusals []Refusal
	for i := len(a.plan.Changes) - 1; i >= 0; i-- {
		c := &a.plan.Changes[i]
		state := a.history.changes[c.ID]
		if state == notBegun || state == undone {
			continue
		}
		if byCredential(c.Kind) {
			a.result.NotUndone = append(a.result.NotUndone, fmt.Sprintf("change %s (%s): %s", c.ID, c.Kind, c.Undo))
			continue
		}
		var moved *errMoved
		is, err := a.unsettled(ctx, c, state)
		switch {
		case errors.Is(err, entramfa.ErrNotFound) && c.Kind == entramfa.ChangePolicy && !strings.HasPrefix(c.TargetID, "change:"):
			a.result.NotUndone = append(a.result.NotUndone, fmt.Sprintf("%q was deleted since: if it is restored, what the plan made it is still %s, and was %s", c.TargetName, c.After, c.Before))
		case moot(c, err):
			a.leave(c)
		case errors.As(err, &moved):
			refusals = append(refusals, a.changedSince(c, moved.before, moved.is))
		case err != nil && !(errors.Is(err, entramfa.ErrNotFound) && strings.HasPrefix(c.TargetID, "change:")):
			return nil, fmt.Errorf("mfa: roll back: change %s (%s of %q): %w", c.ID, c.Kind, c.TargetName, err)
		case err != nil, a.gone(c, is), same(is.value, c.Before), same(is.value, c.After):
			todo = append(todo, c)
			if r := a.lacksNumber(c, is); r != nil {
				refusals = append(refusals, *r)
			}
		default:
			refusals = append(refusals, a.changedSince(c, c.After, is.value))
		}
	}
	if len(refusals) > 0 {
		return nil, &RefusedError{Account: a.plan.Account.UserPrincipalName, Refusals: refusals}
	}
	return todo, nil
}

// changedSince refuses to undo what somebody else changed since, and shows both.
func (a *applier) changedSince(c *entramfa.Change, made, is json.RawMessage) Refusal {
	way := fmt.Sprintf("put it back by hand to %s, or to what the plan made it and roll back again", c.Before)
	if creates(c) || strings.HasPrefix(c.TargetID, "change:") {
		way = "delete it by hand, or put it back to what the plan made it, and roll back again"
	}
	return Refusal{GuardStale, fmt.Sprintf("%q was changed since: the plan made it %s, and now it is %s", c.TargetName, made, is), way}
}

// unsettled reads the object of a change. A write that may have been sent a moment
// before the process ended may show only later.
func (a *applier) unsettled(ctx context.Context, c *entramfa.Change, state changeState) (object, error) {
	is, err := a.before(ctx, c)
	if err == nil && state == made && same(is.value, c.Before) {
		// It was seen as made. A read that says otherwise may be of a replica that is late.
		if is, err = a.shown(ctx, c, c.After, max(3*pace, a.unsettledFor(c))); errors.Is(err, errNotShown) && is.value != nil {
			err = nil
		}
	}
	if err == nil && creates(c) && is.id != "" {
		a.history.targets[c.ID] = is.id
	}
	return is, err
}

// gone says that the policy which a change enabled was never created, or is disabled.
func (a *applier) gone(c *entramfa.Change, is object) bool {
	return strings.HasPrefix(c.TargetID, "change:") && same(is.value, encoded(nil)) || disabled(c, is)
}

// standsInTheWay refuses to begin where security defaults could not go on again in
// the end: while another policy is enabled, Graph refuses it.
func (a *applier) standsInTheWay(f Facts, todo []*entramfa.Change) *Refusal {
	switches := slices.ContainsFunc(todo, func(c *entramfa.Change) bool { return c.Kind == entramfa.ChangeSecurityDefaults })
	if !switches {
		return nil
	}
	var names []string
	list, _ := f.ConditionalAccess.Policies.Get()
	for _, p := range list.Policies {
		if strings.EqualFold(string(p.State), "enabled") && !a.created("policy", p.ID) {
			names = append(names, fmt.Sprintf("%q", p.DisplayName))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &Refusal{GuardUnprotected, "security defaults can't go on again while other policies are enabled: " + strings.Join(names, ", "),
		"set these policies to report-only first, or keep the policies that took the place of security defaults"}
}

// undo undoes one change, unless it is undone. Of one that was seen as made no read
// is believed that it isn't: to undo it twice changes nothing.
func (a *applier) undo(ctx context.Context, c *entramfa.Change) error {
	a.tell(c, StageUndoing)
	state := a.history.changes[c.ID]
	was, err := a.unsettled(ctx, c, state)
	asBefore := err == nil && same(was.value, c.Before)
	switch {
	case errors.Is(err, entramfa.ErrNotFound) && strings.HasPrefix(c.TargetID, "change:"):
		return a.noteUndone(c)
	case moot(c, err):
		a.leave(c)
		return nil
	case err != nil:
		return err
	case asBefore && (state != made || same(c.Before, c.After)), a.gone(c, was):
		return a.noteUndone(c)
	case !asBefore && !same(was.value, c.After):
		return &errMoved{was.value, c.After, c.Before}
	}
	if err := a.note(Entry{Kind: EntryUndoIntent, By: &a.by, ChangeID: c.ID, TargetID: was.id, Before: was.value, After: c.Before, Rest: was.rest}); err != nil {
		return err
	}
	err = a.writeBack(ctx, c)
	if err != nil && strings.HasPrefix(c.TargetID, "change:") {
		err = a.disable(ctx, c, err) // what the plan created is deleted after it
	}
	if err != nil && !asBefore && keptByGraph(c, err) {
		return a.stays(c, err)
	}
	if err != nil && !(asBefore && saidNo(err)) {
		return errors.Join(err, a.note(Entry{Kind: EntryFailed, ChangeID: c.ID, Error: err.Error()}))
	}
	return a.noteUndone(c)
}

func (a *applier) noteUndone(c *entramfa.Change) error {
	a.tell(c, StageUndone)
	return a.note(Entry{Kind: EntryUndone, ChangeID: c.ID, RequestID: a.requests[c.ID]})
}

// writeBack sends what undoes a change until the tenant shows it. What is gone
// already is undone. Before it is sent again the object is read: what somebody else
// changed while it waited must not be lost.
func (a *applier) writeBack(ctx context.Context, c *entramfa.Change) error {
	for try := 1; ; try++ {
		receipt, err := a.sendBack(ctx, c)
		if err == nil || errors.Is(err, entramfa.ErrNotFound) {
			a.requests[c.ID] = receipt.RequestID
			_, err = a.shown(ctx, c, c.Before, a.opts.Settle)
			return err
		}
		if !passing(err) && !a.waits(c, err) || try == maxSends {
			return err
		}
		if err := a.opts.Wait(ctx, backoff(err, try)); err != nil {
			return err
		}
		if err := a.stillMade(ctx, c); err != nil {
			return err
		}
		if err := a.opts.Wait(ctx, pace); err != nil { // the read was a request, too
			return err
		}
	}
}

// stillMade makes sure that a change which is to be undone is what there is, or
// undone, or gone.
func (a *applier) stillMade(ctx context.Context, c *entramfa.Change) error {
	is, err := a.shown(ctx, c, c.After, 3*pace)
	switch {
	case err == nil, errors.Is(err, entramfa.ErrNotFound):
		return nil
	case !errors.Is(err, errNotShown) || is.value == nil:
		return err
	case same(is.value, c.Before), a.gone(c, is):
		return nil
	}
	return &errMoved{is.value, c.After, c.Before}
}

// waits says that the service may refuse for what it doesn't show yet: a location
// that a deleted policy named, defaults beside policies that were enabled a moment
// ago. The words of these refusals are not published, so that every 400 counts.
func (a *applier) waits(c *entramfa.Change, err error) bool {
	if c.Kind != entramfa.CreateNamedLocation && c.Kind != entramfa.ChangeSecurityDefaults {
		return false
	}
	var graph *entramfa.GraphError
	return errors.Is(err, entramfa.ErrConflict) || errors.As(err, &graph) && graph.Status == http.StatusBadRequest
}
