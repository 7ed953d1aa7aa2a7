package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// errWaiting says that a plan waits for a person.
var errWaiting = errors.New("the plan waits for a person")

// between is how long to wait between two looks at what a person does.
const between = 30 * time.Second

// makeCredential makes a change that can't be read back: a person's step, a password,
// a hand-over. What the journal says is made is made.
func (a *applier) makeCredential(ctx context.Context, c *entramfa.Change) error {
	a.tell(c, StageBegun)
	if a.history.changes[c.ID] == made {
		a.tell(c, StageFound)
		return nil
	}
	switch c.Kind {
	case entramfa.HumanStep:
		return a.await(ctx, c)
	case entramfa.SetPassword:
		return a.setPassword(ctx, c)
	}
	return a.handOver(ctx, c)
}

// await looks whether a person has done a step, as long as the options say.
func (a *applier) await(ctx context.Context, c *entramfa.Change) error {
	until := a.opts.Now().Add(a.opts.Patience)
	for {
		done, err := a.done(ctx, c)
		switch {
		case err != nil && !passing(err):
			return err
		case done:
			a.tell(c, StageMade)
			return a.note(Entry{Kind: EntryDone, ChangeID: c.ID, TargetID: c.TargetID, After: c.After})
		case !a.opts.Now().Before(until):
			a.result.Waiting = &Waiting{Change: *c, Late: a.opts.Now().After(c.Human.Due)}
			return errors.Join(errWaiting, a.note(Entry{Kind: EntryWaiting, ChangeID: c.ID, TargetID: c.TargetID}))
		}
		if err := a.opts.Wait(ctx, between); err != nil {
			return err
		}
	}
}

// done says whether a person has done a step.
func (a *applier) done(ctx context.Context, c *entramfa.Change) (bool, error) {
	switch c.Human.Done {
	case entramfa.DoneRegistered:
		return a.registered(ctx)
	case entramfa.DoneHandedIn:
		return a.handedIn(ctx)
	}
	return false, fmt.Errorf("this version does not know how to tell that %q is done", c.Human.Done)
}

// registered says whether the account finished its registration. The per-user state
// tells it for sure. Where the state doesn't move, the registration report does, but
// not by the phone alone that an administrator set.
func (a *applier) registered(ctx context.Context) (bool, error) {
	requirements, err := a.tenant.Requirements(ctx, a.plan.Account.ID)
	if err != nil || requirements.PerUserMFAState.folded() == PerUserEnforced {
		return err == nil, err
	}
	enroller, err := a.enroller()
	if err != nil {
		return false, err
	}
	report, err := enroller.Registration(ctx, a.plan.Account.ID)
	switch {
	case errors.Is(err, entramfa.ErrNotFound), errors.Is(err, entramfa.ErrLicense):
		return false, nil // the report lags, or there is none
	case err != nil:
		return false, err
	}
	own := slices.ContainsFunc(report.MethodsRegistered, func(m string) bool { return !strings.EqualFold(m, "mobilePhone") && !strings.EqualFold(m, "email") })
	planned := slices.ContainsFunc(a.plan.Changes, func(c entramfa.Change) bool { return numbered(c.Kind) && c.Kind != entramfa.ChangeMobilePhone })
	return report.IsMFARegistered != nil && *report.IsMFARegistered && (own || !planned), nil
}

// handedIn asks for the app password, and keeps it until it is handed over.
func (a *applier) handedIn(ctx context.Context) (bool, error) {
	if a.opts.Secrets == nil || a.opts.Secrets.AppPassword == nil {
		return false, nil
	}
	secret, err := a.opts.Secrets.AppPassword(ctx)
	if err != nil {
		return false, errors.New("the app password could not be had from Secrets.AppPassword") // its error may hold it
	}
	a.appPassword = secret
	return secret.Reveal() != "", nil
}

// handOver delivers the app password. After an interruption it is asked for again.
func (a *applier) handOver(ctx context.Context, c *entramfa.Change) error {
	if a.appPassword.Reveal() == "" {
		if there, err := a.handedIn(ctx); err != nil || !there {
			a.result.Waiting = &Waiting{Change: *c}
			return errors.Join(errWaiting, err)
		}
	}
	if err := a.opts.Secrets.deliver(ctx, a.plan, CredentialAppPassword, a.appPassword); err != nil {
		return err
	}
	a.tell(c, StageMade)
	return a.note(Entry{Kind: EntryDone, ChangeID: c.ID, TargetID: c.TargetID, After: c.After})
}

// setPassword sets a password and hands it over. Until both are done it is not made,
// and is done again with a password that is asked for or made again.
func (a *applier) setPassword(ctx context.Context, c *entramfa.Change) error {
	enroller, err := a.enroller()
	if err != nil {
		return err
	}
	password, err := a.opts.Secrets.password(ctx)
	if err != nil {
		return err
	}
	if err := a.note(Entry{Kind: EntryIntent, By: &a.by, ChangeID: c.ID, TargetID: c.TargetID, After: c.After}); err != nil {
		return err
	}
	receipt, err := a.sendPassword(ctx, enroller, c, password)
	if err == nil {
		a.requests[c.ID] = receipt.RequestID
		err = a.opts.Secrets.deliver(ctx, a.plan, CredentialPassword, password)
	}
	if err != nil {
		return errors.Join(err, a.note(Entry{Kind: EntryFailed, ChangeID: c.ID, TargetID: c.TargetID, Error: err.Error(), Refused: saidNo(err)}))
	}
	a.tell(c, StageMade)
	return a.note(Entry{Kind: EntryDone, ChangeID: c.ID, TargetID: c.TargetID, After: c.After, RequestID: receipt.RequestID})
}

// sendPassword sets the password in the way that the plan says.
func (a *applier) sendPassword(ctx context.Context, enroller Enroller, c *entramfa.Change, password Secret) (entramfa.Receipt, error) {
	if !same(c.After, encoded(newPassword{"resetPassword"})) {
		return enroller.SetPassword(ctx, c.TargetID, password)
	}
	operation, receipt, err := enroller.ResetPassword(ctx, c.TargetID, password)
	until := a.opts.Now().Add(a.opts.Settle)
	for err == nil {
		switch strings.ToLower(operation.Status) {
		case "succeeded":
			return receipt, nil
		case "failed":
			return receipt, fmt.Errorf("the reset failed: %s", operation.StatusDetail)
		}
		if !a.opts.Now().Before(until) {
			return receipt, fmt.Errorf("the reset is still %s: %w", operation.Status, errNotShown)
		}
		if err = a.opts.Wait(ctx, max(pace, time.Duration(operation.RetryAfterSeconds)*time.Second)); err == nil {
			operation, err = enroller.PasswordReset(ctx, operation)
		}
	}
	return receipt, err
}

// unreadable kinds are those that no read shows and no write undoes.
func byCredential(kind entramfa.ChangeKind) bool {
	return kind == entramfa.HumanStep || kind == entramfa.SetPassword || kind == entramfa.HandOver
}

// Waiting is a step for which a plan waits.
type Waiting struct {
	Change entramfa.Change `json:"change"`
	// Late says that it should have been done by now. The plan still waits.
	Late bool `json:"late,omitempty"`
}

// Resume goes on with a plan that waited for a person, or was interrupted, from its
// journal, days later and in another process. planID names the plan; empty means the
// last one. What it needs of secrets it is given again (ApplyOptions.Secrets).
func Resume(ctx context.Context, tenant ReadWriter, journal Journal, planID string, opts *ApplyOptions) (Result, error) {
	plan, err := heldPlan(journal, planID, "mfa: resume a plan: ")
	if err != nil {
		return Result{}, err
	}
	return Apply(ctx, tenant, plan, journal, opts)
}
