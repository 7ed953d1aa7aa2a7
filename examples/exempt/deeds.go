package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
)

// deed is what was done, as JSON gives it.
type deed struct {
	Plan         mfa.Plan          `json:"plan"`
	Result       *mfa.Result       `json:"result,omitempty"`
	Verification *mfa.Verification `json:"verification,omitempty"`
	// Error says what stopped it; empty where nothing did.
	Error string `json:"error,omitempty"`
}

// apply makes a plan, or takes one that was made, and applies it.
func (p program) apply(ctx context.Context) int {
	made, journal, err := p.toApply(ctx)
	if err != nil {
		return p.fail(err)
	}
	defer journal.Close()
	if !p.options.json {
		fmt.Fprint(p.stdout, p.planText(ctx, made))
	}
	result, err := mfa.Apply(ctx, p.tenant, made.Plan, journal, &mfa.ApplyOptions{AllowIncomplete: p.options.allowNotClear, Progress: p.progress, Wait: p.wait})
	done := deed{Plan: made.Plan, Result: &result}
	if err == nil {
		done.Verification, err = p.verification(ctx, made.Plan, journal)
	}
	if shown := p.showDeed(done, err); shown != nil {
		return p.fail(shown)
	}
	if err != nil {
		return p.fail(err)
	}
	if status := statusOf(result.Report.Outcome == entramfa.Clear, result.Report.Verdict); status != exitDone {
		return status
	}
	return provedSoon(*done.Verification)
}

// toApply is the plan of the journal, the stored one, unchanged, or a new one. The
// journal comes last, so that what can't be planned leaves no file behind.
func (p program) toApply(ctx context.Context) (made proposal, journal *mfa.FileJournal, err error) {
	switch {
	case p.options.resumes():
		journal, made.Plan, err = p.journaled(lastPlan)
		return made, journal, err
	case p.options.planFile != "":
		if made.Plan, err = readPlan(p.options.planFile); err == nil {
			err = p.forTenant(made.Plan.Tenant.ID, "the plan")
		}
	default:
		p.sayAnything()
		made, err = p.propose(ctx, time.Time{}, "")
	}
	if err == nil {
		journal, err = p.openJournal()
	}
	return made, journal, err
}

// progress says what is being done while it is done.
func (p program) progress(at mfa.Progress) {
	fmt.Fprintln(p.stderr, "exempt: "+progressText(at))
}

// verification looks at the three states.
func (p program) verification(ctx context.Context, plan mfa.Plan, journal mfa.Journal) (*mfa.Verification, error) {
	opts := &mfa.VerifyOptions{Wait: p.wait}
	if p.options.probe {
		granter, err := p.options.Granter(p.tenant)
		if err != nil {
			return nil, err
		}
		opts.Granter, opts.Grant = granter, p.grant(plan, mfa.NewSecret(os.Getenv(passwordVariable)))
	}
	v, err := mfa.Verify(ctx, p.tenant, plan, journal, opts)
	return &v, err
}

// grant is a sign-in of the account to the first resource of the plan's profile.
func (p program) grant(plan mfa.Plan, password mfa.Secret) mfa.PasswordGrant {
	resource := mfa.MicrosoftGraph
	if len(plan.Profile.Applications) > 0 {
		resource = plan.Profile.Applications[0]
	}
	return mfa.PasswordGrant{Username: plan.Account.UserPrincipalName, Password: password, Resource: resource, ClientID: p.options.probeClient}
}

// verifyAgain looks at a plan that was applied before.
func (p program) verifyAgain(ctx context.Context) int {
	journal, plan, err := p.journaled(lastPlan)
	if err != nil {
		return p.fail(err)
	}
	defer journal.Close()
	v, err := p.verification(ctx, plan, journal)
	if err != nil {
		return p.fail(err)
	}
	if err := p.showDeed(deed{Plan: plan, Verification: v}, nil); err != nil {
		return p.fail(err)
	}
	return proved(*v)
}

// proved is the exit status of a verification: what says otherwise, or not yet, is
// not clear. A proof that could not be had says nothing, unless it is Graph's.
func proved(v mfa.Verification) int {
	for _, state := range []mfa.Proved{v.Graph, v.WhatIf, v.SignIn} {
		if state.Proof == mfa.ProofNo || state.Proof == mfa.ProofNotYet {
			return exitStands
		}
	}
	if v.Graph.Proof == mfa.ProofNone {
		return exitUnknown
	}
	return exitDone
}

// provedSoon is the exit status right after a plan was applied: sign-ins may follow
// only after minutes to hours.
func provedSoon(v mfa.Verification) int {
	if v.SignIn.Proof == mfa.ProofNotYet {
		v.SignIn.Proof = mfa.ProofNone
	}
	return proved(v)
}

// rollBack undoes the last plan of the journal that is not rolled back.
func (p program) rollBack(ctx context.Context) int {
	journal, plan, err := p.journaled(lastStanding)
	if err != nil {
		return p.fail(err)
	}
	defer journal.Close()
	before, err := standing(journal)
	if err != nil {
		return p.fail(err)
	}
	result, err := mfa.Rollback(ctx, p.tenant, journal, plan.ID, &mfa.ApplyOptions{Progress: p.progress, Wait: p.wait})
	if shown := p.showDeed(deed{Plan: plan, Result: &result}, err); shown != nil {
		return p.fail(shown)
	}
	if err != nil {
		return p.fail(err)
	}
	p.sayWhatStands(len(before))
	return exitDone
}

// sayWhatStands says that there was nothing to roll back, or that there is more.
func (p program) sayWhatStands(plans int) {
	switch plans {
	case 0:
		fmt.Fprintln(p.stderr, "exempt: there was nothing to undo: every plan of the journal is rolled back")
	case 1:
	case 2:
		fmt.Fprintln(p.stderr, "exempt: the plan before it still stands: -rollback again undoes that one")
	default:
		fmt.Fprintf(p.stderr, "exempt: %d plans before it still stand: -rollback again undoes the last of them\n", plans-1)
	}
}

// journaled opens the journal and returns a plan of it, which must be of the tenant.
func (p program) journaled(which func(mfa.Journal) (mfa.Plan, error)) (*mfa.FileJournal, mfa.Plan, error) {
	journal, err := p.openJournal()
	if err != nil {
		return nil, mfa.Plan{}, err
	}
	plan, err := which(journal)
	if err == nil {
		err = p.forTenant(plan.Tenant.ID, "the plan of the journal")
	}
	if err != nil {
		journal.Close()
		return nil, plan, err
	}
	return journal, plan, nil
}

// showDeed prints what was done, also where it stopped on the way.
func (p program) showDeed(done deed, stopped error) error {
	if stopped != nil {
		done.Error = flagNames(stopped.Error())
	}
	return layout.Print(p.stdout, p.options.json, done, func() string { return deedText(done) })
}
