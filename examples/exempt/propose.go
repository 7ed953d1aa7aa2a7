package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// proposal is a plan, or why there is none, with the check that it rests on.
type proposal struct {
	Plan   mfa.Plan
	Report mfa.Report
	// Notes say what could not be looked at beside the plan.
	Notes []string

	names names
}

// propose checks the account and plans. now and id are those of the plan; zero and
// empty mean the current time and a random one.
func (p program) propose(ctx context.Context, now time.Time, id string) (proposal, error) {
	var made proposal
	profile := p.options.signIn.Profile()
	report, err := mfa.Check(ctx, p.tenant, p.options.Account, &mfa.Options{Profile: &profile, Now: now})
	if err != nil {
		return made, err
	}
	made.Report = report
	if err := p.evidence(ctx, &made, now); err != nil {
		return made, err
	}
	opts := p.options.exemption()
	opts.Now, opts.ID = now, id
	if p.options.group != "" {
		if opts.Group, err = mfa.ReadExclusionGroup(ctx, p.tenant, p.options.group, report.Account.ID); err != nil {
			return made, err
		}
	}
	if len(p.options.Folders) == 0 { // of an export nobody is the caller, and its accounts are few
		if err := p.aboutOthers(ctx, &opts); err != nil {
			return made, err
		}
	}
	made.Plan, err = mfa.PlanExemption(made.Report, &opts)
	return made, err
}

// evidence reads the sign-in log, by which a guard tells whether a person uses the
// account. An export has none.
func (p program) evidence(ctx context.Context, made *proposal, now time.Time) error {
	if p.options.noSignInLog || len(p.options.Folders) > 0 {
		return nil
	}
	log, err := mfa.SignIns(ctx, p.tenant, made.Report.Account.ID, &mfa.SignInOptions{Now: now})
	if err != nil {
		return err
	}
	made.Report = made.Report.WithEvidence(mfa.Evidence{SignIns: &log})
	for _, missing := range log.Missing {
		made.Notes = append(made.Notes, "whether a person uses the account is told without the sign-in log: "+missing)
	}
	return nil
}

// aboutOthers reads who will apply the plan, and all accounts for the proof that
// no other one is touched.
func (p program) aboutOthers(ctx context.Context, opts *mfa.ExemptionOptions) error {
	caller, err := p.tenant.Identity(ctx)
	switch {
	case err == nil:
		opts.Caller = &caller
	case !errors.Is(err, entramfa.ErrNotRead):
		return fmt.Errorf("who reads the tenant: %w", err)
	}
	if p.options.noDirectory {
		return nil
	}
	opts.Accounts, err = p.directory(ctx)
	return err
}

// directory reads all accounts, and the groups that policies name.
func (p program) directory(ctx context.Context) (*policy.Directory, error) {
	list, err := p.tenant.Policies(ctx)
	if err != nil {
		return nil, err
	}
	rules := policy.Tenant{
		Policies:       entramfa.Known(list),
		NamedLocations: entramfa.Result(p.tenant.NamedLocations(ctx)),
		Strengths:      entramfa.Result(p.tenant.AuthenticationStrengths(ctx)),
	}
	directory, err := policy.ReadDirectory(ctx, p.tenant, policy.Prepare(rules))
	if err != nil {
		return nil, fmt.Errorf("read the accounts of the tenant, for the proof (-no-directory leaves it out): %w", err)
	}
	return directory, nil
}

// plan makes a plan, stores it where the command line says so, and shows it.
func (p program) plan(ctx context.Context) int {
	p.sayAnything()
	made, err := p.propose(ctx, time.Time{}, "")
	if err != nil {
		return p.fail(err)
	}
	if p.options.planFile != "" {
		if err := storePlan(p.options.planFile, made.Plan); err != nil {
			return p.fail(err)
		}
		fmt.Fprintf(p.stderr, "exempt: the plan is stored in %s\n", p.options.planFile)
	}
	if err := p.showPlan(ctx, made); err != nil {
		return p.fail(err)
	}
	return statusOf(made.Plan.Clear, made.Plan.After)
}

func (p program) showPlan(ctx context.Context, made proposal) error {
	return layout.Print(p.stdout, p.options.json, made.Plan, func() string { return p.planText(ctx, made) })
}

// sayAnything warns of a plan for more than may be meant.
func (p program) sayAnything() {
	if p.options.signIn.ToAnything() {
		fmt.Fprintln(p.stderr, "exempt: without -profile or -signs-in-to the plan is for sign-ins to every resource")
	}
}

// statusOf is the exit status of what the account meets in the end.
func statusOf(isClear bool, v entramfa.Verdict) int {
	switch {
	case isClear:
		return exitDone
	case v.Outcome == entramfa.Unknown:
		return exitUnknown
	}
	return exitStands
}
