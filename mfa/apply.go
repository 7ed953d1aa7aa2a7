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

// ApplyOptions change how a plan is applied or rolled back. The zero ApplyOptions
// and nil mean the same.
type ApplyOptions struct {
	// AllowIncomplete applies a plan although the account won't be clear after it.
	AllowIncomplete bool
	// Progress is called before and after each change, one call at a time.
	Progress func(Progress)
	// Secrets are what an enrolment needs and neither plan nor journal holds.
	Secrets *Secrets
	// Patience is how long to wait for a person, within one call; 0 means one look.
	Patience time.Duration
	// Settle is how long a change may take until the tenant shows it; 0 means a minute.
	Settle time.Duration
	// Now and Wait are the clock; nil means the real one.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

// Progress is how far Apply or Rollback got.
type Progress struct {
	// Change is number Index of Of; Stage is what happens to it.
	Change    entramfa.Change
	Index, Of int
	Stage     Stage
}

// Stage is what happens to a change.
type Stage string

const (
	// StageBegun: it is about to be read and made.
	StageBegun Stage = "begun"
	// StageMade: it is made, and the tenant shows it.
	StageMade Stage = "made"
	// StageFound: it was made before.
	StageFound Stage = "found"
	// StageUndoing: it is about to be read and undone.
	StageUndoing Stage = "undoing"
	// StageUndone: it is undone, and the tenant shows it.
	StageUndone Stage = "undone"
)

// Result is what Apply or Rollback did.
type Result struct {
	PlanID string `json:"planId"`
	// Changes holds one entry for each change of the plan.
	Changes []ChangeResult `json:"changes"`
	// Gap is how long neither security defaults nor the policies in their place
	// protected the tenant, at most: from before the one was switched off until the last
	// of the others was on, on the way back the other way round, and also where it was put
	// back under protection, or where a run before left it open. 0 where nothing was replaced.
	Gap time.Duration `json:"gap,omitempty"`
	// Unprotected says that the tenant is left without both. It is only ever true
	// beside an error, when putting it back failed too.
	Unprotected bool `json:"unprotected,omitempty"`
	// Appeared names the policies that somebody else, Microsoft for instance, added
	// while the plan was applied. They may meet the account: plan again.
	Appeared []string `json:"appeared,omitempty"`
	// Waiting is the step of a person for which the plan waits: Resume goes on. nil
	// where it waits for nobody.
	Waiting *Waiting `json:"waiting,omitempty"`
	// NotUndone says what Rollback can't undo.
	NotUndone []string `json:"notUndone,omitempty"`
	// Report is that of a Check after Apply; nil where it didn't get that far, and after
	// Rollback. It says what the tenant shows, and sign-ins may follow later: see Verify.
	Report *Report `json:"report,omitempty"`
}

// ChangeResult is how far one change got.
type ChangeResult struct {
	ID string `json:"id"`
	// State is notBegun, open (a write may have been made), made or undone.
	State string `json:"state"`
	// TargetID is the object that was changed or created; RequestID is that of the write.
	TargetID  string `json:"targetId,omitempty"`
	RequestID string `json:"requestId,omitempty"`
}

// ChangeError says which change of a plan failed. What was done before it is made
// and in the journal: apply the plan again to go on, or roll it back.
type ChangeError struct {
	Change entramfa.Change
	Err    error
	// Undoing says that it failed on the way back: roll back again to go on.
	Undoing bool
}

// Error names the change, the reason and the way on.
func (e *ChangeError) Error() string {
	if e.Undoing {
		return fmt.Sprintf("mfa: roll back: change %s (%s of %q): %v; what was undone before is in the journal: roll back again to go on",
			e.Change.ID, e.Change.Kind, e.Change.TargetName, e.Err)
	}
	return fmt.Sprintf("mfa: change %s (%s of %q): %v; what was done before is in the journal: apply the plan again to go on, or roll it back",
		e.Change.ID, e.Change.Kind, e.Change.TargetName, e.Err)
}

// Unwrap returns the reason.
func (e *ChangeError) Unwrap() error { return e.Err }

// Apply makes the changes of a plan, one after the other, and stops at the first
// that fails. Before anything is written it reads the tenant again: a plan whose
// basis changed is refused whole, as a *RefusedError that says what changed, and
// the guards are asked again. A plan of which nothing is begun is made once more from
// what was read and from its Options, and one that is another, for its file was edited
// or another version made it, is refused whole, too. Right before each write the object is read again and
// must be what the plan says; only the members that change are sent; after it the
// object is read until it shows the change and nothing else changed. Each write
// stands in the journal before and after it. A write of which it is open whether it was
// made is looked up, and sent again only where the tenant shows that it was not, five
// times at most. Where the tenant is a SignInLogReader, the guard on persons reads the
// sign-in log; what that may not read is left out.
//
// Applying a plan again with the same journal finishes it, or does nothing. The
// error is a *RefusedError, a *ChangeError, or says why the tenant or the journal
// couldn't be read. The result is valid beside an error.
//
// It needs Plan.Permissions beside those of Check.
func Apply(ctx context.Context, tenant ReadWriter, plan Plan, journal Journal, opts *ApplyOptions) (Result, error) {
	a, unlock, err := newApplier(ctx, tenant, plan, journal, applying, opts)
	if err != nil {
		return Result{PlanID: plan.ID}, err
	}
	defer unlock()
	err = a.refusedAfter(a.apply(ctx))
	return a.outcome(), err
}

// errand is what is done with a plan, for errors.
type errand string

const (
	applying errand = "apply the plan"
	undoes   errand = "roll back the plan"
)

// applier applies or undoes one plan.
type applier struct {
	doing   errand
	tenant  ReadWriter
	plan    Plan
	journal Journal
	opts    ApplyOptions
	by      Identity
	history history
	result  Result
	// requests holds the request id of each write.
	requests map[string]string
	// unsure says of which changes an earlier write may have been made.
	unsure map[string]bool
	// closed says that a gap which a process before left open was closed.
	closed bool
	// appPassword was handed in and not yet handed over.
	appPassword Secret
}

// Locker is a ReadWriter that lets one plan at a time change its tenant, among
// those that share it.
type Locker interface {
	// Lock waits until nobody else changes the tenant, or the context ends.
	Lock(ctx context.Context) (unlock func(), err error)
}

func newApplier(ctx context.Context, tenant ReadWriter, plan Plan, journal Journal, doing errand, opts *ApplyOptions) (*applier, func(), error) {
	switch {
	case tenant == nil, journal == nil:
		return nil, nil, fmt.Errorf("mfa: %s: a tenant and a journal are needed", doing)
	}
	if err := plan.validate(); err != nil {
		return nil, nil, fmt.Errorf("mfa: %s: it is not used, for %w", doing, err)
	}
	a := &applier{doing: doing, tenant: tenant, plan: plan, journal: journal, opts: opts.withDefaults(), requests: map[string]string{}, unsure: map[string]bool{}}
	a.result.PlanID = plan.ID
	unlock := func() {}
	if locker, ok := tenant.(Locker); ok {
		var err error
		if unlock, err = locker.Lock(ctx); err != nil {
			return nil, nil, fmt.Errorf("mfa: %s: wait for whoever changes the tenant: %w", doing, err)
		}
	}
	opened := false
	defer func() {
		if !opened { // also where a reader panics, and who called it goes on
			unlock()
		}
	}()
	if err := a.open(ctx); err != nil {
		return nil, nil, err
	}
	opened = true
	return a, unlock, nil
}

func (o *ApplyOptions) withDefaults() ApplyOptions {
	var options ApplyOptions
	if o != nil {
		options = *o
	}
	if options.Settle <= 0 {
		options.Settle = time.Minute
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Wait == nil {
		options.Wait = wait
	}
	if options.Progress == nil {
		options.Progress = func(Progress) {}
	}
	return options
}

// wait waits, or returns the context's error.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// errorf is an error that says what was being done.
func (a *applier) errorf(format string, args ...any) error {
	return fmt.Errorf("mfa: "+string(a.doing)+": "+format, args...)
}

// failed is the error of a change.
func (a *applier) failed(c *entramfa.Change, err error) error {
	return &ChangeError{Change: *c, Err: err, Undoing: a.doing == undoes}
}

// open reads who applies the plan, whether it is for this tenant, and how far it got.
func (a *applier) open(ctx context.Context) error {
	var err error
	if a.by, err = a.tenant.Identity(ctx); err != nil {
		return a.errorf("who asks for it could not be told: %w", err)
	}
	organization, err := a.tenant.Organization(ctx)
	if err != nil {
		return a.errorf("which tenant it is could not be read: %w", err)
	}
	if !strings.EqualFold(organization.ID, a.plan.Tenant.ID) {
		return a.errorf("it is for the tenant %s, and this is %s", a.plan.Tenant.ID, organization.ID)
	}
	entries, err := a.journal.Entries()
	if err != nil {
		return err
	}
	if other := unfinished(entries, a.plan.ID); other != "" {
		return a.errorf("the journal holds the plan %s, which is neither finished nor rolled back: do that first, or use another journal", other)
	}
	if a.history, err = historyOf(entries, a.plan.ID); err != nil {
		return err
	}
	if stored := a.history.plan; stored != nil && digest(stored) != digest(a.plan) {
		return a.errorf("the journal holds another plan with the id %s", a.plan.ID)
	}
	return nil
}

func (a *applier) apply(ctx context.Context) error {
	if a.history.undoing || a.history.rolledBack {
		return a.goneBack(ctx)
	}
	if err := a.closeGap(ctx); err != nil {
		return err
	}
	if err := a.preflight(ctx); err != nil {
		return err
	}
	if a.history.plan == nil && len(a.plan.Changes) > 0 {
		if err := a.note(Entry{Kind: EntryBegin, By: &a.by, Plan: &a.plan}); err != nil {
			return err
		}
	}
	switch err := a.perform(ctx); {
	case errors.Is(err, errWaiting) && a.result.Waiting != nil:
		return nil // not an end, and not an error
	case err != nil:
		return err
	}
	if err := a.end(EntryEnd); err != nil {
		return err
	}
	return a.lookBack(ctx)
}

// goneBack refuses to go on with a plan that is rolled back, or half so.
func (a *applier) goneBack(ctx context.Context) error {
	err := errors.New("mfa: apply the plan: the journal says that its rollback was begun: roll it back again to finish that, then check and plan again")
	if a.history.rolledBack {
		err = errors.New("mfa: apply the plan: the journal says that it was rolled back: check and plan again; or, while the tenant is what it was when the plan was made, apply it with another journal")
	}
	if open, lookErr := a.gapOpen(ctx); lookErr != nil || open {
		a.result.Unprotected = open
		return errors.Join(fmt.Errorf("THE TENANT MAY NOT BE PROTECTED: %w: roll the plan back now", err), lookErr)
	}
	return err
}

// perform makes the changes that are not made, those of the gap together.
func (a *applier) perform(ctx context.Context) error {
	for i := 0; i < len(a.plan.Changes); i++ {
		c := &a.plan.Changes[i]
		if gap := a.plan.Gap; gap != nil && c.ID == gap.From {
			through, err := a.cross(ctx, i, false)
			if err != nil {
				return err
			}
			i = through
			continue
		}
		if err := a.make(ctx, c); err != nil {
			return a.failed(c, err)
		}
	}
	return nil
}

// end notes the end, once.
func (a *applier) end(kind EntryKind) error {
	if len(a.plan.Changes) == 0 || a.history.ended && kind == EntryEnd {
		return nil
	}
	return a.note(Entry{Kind: kind})
}

// note appends an entry of this plan.
func (a *applier) note(e Entry) error {
	e.Schema, e.At, e.PlanID = JournalSchema, a.opts.Now().UTC(), a.plan.ID
	if err := a.journal.Append(e); err != nil {
		return err
	}
	a.history.take(e)
	return nil
}

// lookBack checks the account again, and looks for policies that appeared.
func (a *applier) lookBack(ctx context.Context) error {
	facts, err := Collect(ctx, a.tenant, a.plan.Account.ID)
	if err != nil {
		return fmt.Errorf("mfa: all changes are made; the check afterwards failed: %w", err)
	}
	report := Judge(facts, &Options{Profile: &a.plan.Profile, Now: a.opts.Now().UTC()})
	a.result.Report = &report
	a.result.Appeared = a.appeared(facts, a.plan.knows)
	return nil
}

// outcome says how far each change got.
func (a *applier) outcome() Result {
	names := map[changeState]string{notBegun: "notBegun", intended: "open", made: "made", undoing: "open", undone: "undone"}
	a.result.Changes = []ChangeResult{}
	for _, c := range a.plan.Changes {
		a.result.Changes = append(a.result.Changes, ChangeResult{
			ID: c.ID, State: names[a.history.changes[c.ID]], TargetID: a.target(&c), RequestID: a.requests[c.ID],
		})
	}
	return a.result
}

// created says whether an object is one that the plan created.
func (a *applier) created(_, id string) bool {
	return slices.ContainsFunc(a.plan.Changes, func(c entramfa.Change) bool {
		creates := c.Kind == entramfa.CreatePolicy || c.Kind == entramfa.CreateNamedLocation
		return creates && strings.EqualFold(a.history.targets[c.ID], id)
	})
}
