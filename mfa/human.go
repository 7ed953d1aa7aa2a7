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
		case !a.opts.Now().Before(until) && err != nil:
			return err // nobody could be asked
		case !a.opts.Now().Before(until):
			return a.waitFor(c)
		}
		if err := a.opts.Wait(ctx, between); err != nil {
			return err
		}
	}
}

// waitFor ends this call: the plan waits for a person.
func (a *applier) waitFor(c *entramfa.Change) error {
	if err := a.note(Entry{Kind: EntryWaiting, ChangeID: c.ID, TargetID: c.TargetID}); err != nil {
		return err
	}
	a.result.Waiting = &Waiting{Change: *c, Late: a.opts.Now().After(c.Human.Due)}
	return errWaiting
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

// registered says whether the account finished its registration: its per-user state
// moved on to enforced, and a second factor is there, for an administrator can set that
// state without. Microsoft moves it also for a phone that an administrator registered.
// Where the state doesn't move, the registration report tells it, but not by the phone
// alone that the plan set.
func (a *applier) registered(ctx context.Context) (bool, error) {
	requirements, err := a.tenant.Requirements(ctx, a.plan.Account.ID)
	if err != nil {
		return false, err
	}
	if requirements.PerUserMFAState.folded() == PerUserEnforced {
		methods, err := a.tenant.Methods(ctx, a.plan.Account.ID)
		has, known := registered(entramfa.Known(methods)).Get()
		return err == nil && (has || !known), err
	}
	return a.reported(ctx)
}

// noRegistration lists what the report names that finishes no registration.
// Source: https://learn.microsoft.com/graph/api/resources/userregistrationdetails.
var noRegistration = []string{"email", "temporaryAccessPass", "qrCodePin", "securityQuestion"}

// reported says whether the registration report shows the account as registered.
func (a *applier) reported(ctx context.Context) (bool, error) {
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
	phone := slices.ContainsFunc(a.plan.Changes, func(c entramfa.Change) bool { return numbered(c.Kind) && c.Kind != entramfa.ChangeMobilePhone })
	counts := func(m string) bool {
		return !containsFold(noRegistration, m) && !(phone && strings.EqualFold(m, "mobilePhone"))
	}
	return report.IsMFARegistered != nil && *report.IsMFARegistered && slices.ContainsFunc(report.MethodsRegistered, counts), nil
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
		if there, err := a.handedIn(ctx); err != nil {
			return err
		} else if !there {
			return a.waitFor(a.handsIn(c))
		}
	}
	if err := a.opts.Secrets.deliver(ctx, a.plan, CredentialAppPassword, a.appPassword); err != nil {
		return err
	}
	a.tell(c, StageMade)
	return a.note(Entry{Kind: EntryDone, ChangeID: c.ID, TargetID: c.TargetID, After: c.After})
}

// handsIn is the step of the person who makes what is handed over.
func (a *applier) handsIn(c *entramfa.Change) *entramfa.Change {
	for i := range a.plan.Changes {
		if h := a.plan.Changes[i].Human; h != nil && h.Done == entramfa.DoneHandedIn {
			return &a.plan.Changes[i]
		}
	}
	step := *c
	step.Human = humanFor(entramfa.DoneHandedIn, a.plan.Account, a.plan.MadeAt)
	return &step
}

// errNobodyHolds says where an account stands whose password may have been set.
var errNobodyHolds = errors.New("the account may have the new password by now, and nobody holds it: apply the plan again, and another one is set")

// errResetFailed says that Graph ended a reset without setting the password.
var errResetFailed = errors.New("the reset failed")

// setPassword sets a password and hands it over. Until both are done it is not made,
// and is done again with a password that is asked for or made again. What may be set
// by an earlier try, a refusal of a later one doesn't take back.
func (a *applier) setPassword(ctx context.Context, c *entramfa.Change) error {
	enroller, err := a.enroller()
	if err != nil {
		return err
	}
	password, err := a.opts.Secrets.password(ctx)
	if err != nil {
		return err
	}
	a.unsure[c.ID] = a.history.changes[c.ID] == intended
	if err := a.note(Entry{Kind: EntryIntent, By: &a.by, ChangeID: c.ID, TargetID: c.TargetID, After: c.After}); err != nil {
		return err
	}
	receipt, err := a.sendPassword(ctx, enroller, c, password)
	if err == nil {
		a.requests[c.ID], a.unsure[c.ID] = receipt.RequestID, true
		err = a.opts.Secrets.deliver(ctx, a.plan, CredentialPassword, password)
	}
	if err != nil {
		unsure := a.unsure[c.ID]
		if unsure {
			err = fmt.Errorf("%w; %w", err, errNobodyHolds)
		}
		return errors.Join(err, a.note(Entry{Kind: EntryFailed, ChangeID: c.ID, TargetID: c.TargetID, Error: err.Error(), Refused: !unsure}))
	}
	a.tell(c, StageMade)
	return a.note(Entry{Kind: EntryDone, ChangeID: c.ID, TargetID: c.TargetID, After: c.After, RequestID: receipt.RequestID})
}

// sendPassword sets the password in the way that the plan says.
func (a *applier) sendPassword(ctx context.Context, enroller Enroller, c *entramfa.Change, password Secret) (entramfa.Receipt, error) {
	var receipt entramfa.Receipt
	var err error
	if same(c.After, encoded(newPassword{"resetPassword"})) {
		receipt, err = a.sendReset(ctx, enroller, c, password)
	} else {
		receipt, err = enroller.SetPassword(ctx, c.TargetID, password)
	}
	if err != nil && !errors.Is(err, errResetFailed) {
		a.doubt(c, err)
	}
	return receipt, err
}

// sendReset begins a reset and follows it to its end.
func (a *applier) sendReset(ctx context.Context, enroller Enroller, c *entramfa.Change, password Secret) (entramfa.Receipt, error) {
	operation, receipt, err := enroller.ResetPassword(ctx, c.TargetID, password)
	if err != nil {
		return receipt, err
	}
	if err = a.followReset(ctx, enroller, operation); err != nil && !errors.Is(err, errResetFailed) {
		a.unsure[c.ID] = true // it runs, whatever is said to who asks for it
	}
	return receipt, err
}

// followReset waits for the end of a reset, and asks again where the service is busy.
func (a *applier) followReset(ctx context.Context, enroller Enroller, operation PasswordOperation) error {
	until := a.opts.Now().Add(a.opts.Settle)
	for {
		switch strings.ToLower(operation.Status) {
		case "succeeded":
			return nil
		case "failed":
			return fmt.Errorf("%w: %s", errResetFailed, operation.StatusDetail)
		}
		if !a.opts.Now().Before(until) {
			return fmt.Errorf("the reset is still %s: %w", operation.Status, errNotShown)
		}
		if err := a.opts.Wait(ctx, min(max(pace, time.Duration(operation.RetryAfterSeconds)*time.Second), a.opts.Settle)); err != nil {
			return err
		}
		switch next, err := enroller.PasswordReset(ctx, operation); {
		case err == nil:
			operation = next
		case !passing(err):
			return err
		}
	}
}

// byCredential says of a kind that no read shows it and no write undoes it.
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
