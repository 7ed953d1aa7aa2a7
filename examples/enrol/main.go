// Enrol gives an account MFA: a phone, a new password, the demand for MFA, the
// registration by a person and an app password. It shows the plan, applies it until
// it waits for the person, goes on days later, and rolls back what can be undone.
//
//	go run ./examples/enrol
//	go run ./examples/enrol -tenant ID -account NAME -phone-from-env -set-password
//	go run ./examples/enrol -tenant ID -account NAME -phone-from-env -set-password -apply -journal FILE
//	go run ./examples/enrol -tenant ID -resume -journal FILE
//	go run ./examples/enrol -tenant ID -rollback -journal FILE
//
// Without arguments it goes the whole way on a tenant that it carries with it, in
// memory. With -tenant it plans for a real tenant, signed in as
// DefaultAzureCredential finds; it changes one only where -apply, -resume or
// -rollback says so. Secrets come from environment variables alone.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// The exit statuses; 2, 64 and 69 are as open.Status says.
const (
	exitDone   = 0 // planned, enrolled, or rolled back
	exitStands = 1 // refused, or stopped on the way
	exitWaits  = 3 // it waits for a person: -resume goes on
	exitUsage  = 64
)

// tenant is what the program reads and changes.
type tenant interface {
	open.Reader
	mfa.ReadWriter
	mfa.Enroller
}

var (
	_ tenant = (*msgraph.Client)(nil)
	_ tenant = (*graphfake.Tenant)(nil)
)

func main() {
	// An interrupt stops between two changes.
	open.Main(run, os.Interrupt, syscall.SIGTERM)
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout, stderr)
	if err == nil && opts.BuiltIn() {
		ctx, cancel := opts.Limit(ctx)
		defer cancel()
		if err := demonstrate(ctx, opts, stdout); err != nil {
			return opts.Fail(stderr, err)
		}
		return exitDone
	}
	return opts.Run(ctx, err, stderr, nil, func(ctx context.Context, reader open.Reader) int {
		t, ok := reader.(tenant)
		if !ok {
			return opts.Fail(stderr, fmt.Errorf("%T can't be changed", reader))
		}
		return newProgram(t, opts, stdout, stderr).run(ctx)
	})
}

// program answers one command line about one tenant.
type program struct {
	tenant         tenant
	options        options
	page           *page
	stdout, stderr io.Writer
}

func newProgram(t tenant, opts options, stdout, stderr io.Writer) program {
	return program{tenant: t, options: opts, page: opts.page(stdout), stdout: stdout, stderr: stderr}
}

// page is for a person; with -json nobody reads it.
func (o *options) page(stdout io.Writer) *page {
	if o.json {
		stdout = io.Discard
	}
	return &page{stdout}
}

// deed is what was done, as JSON gives it.
type deed struct {
	Plan   mfa.Plan    `json:"plan"`
	Result *mfa.Result `json:"result,omitempty"`
	// Error says what stopped it; empty where nothing did.
	Error string `json:"error,omitempty"`
}

func (p program) run(ctx context.Context) int {
	organization, err := p.tenant.Organization(ctx)
	if err == nil {
		err = p.options.Same(organization.ID, organization.DisplayName)
	}
	if err != nil {
		return p.fail(err)
	}
	switch {
	case p.options.resume:
		return p.goOn(ctx, mfa.Resume)
	case p.options.rollback:
		return p.goOn(ctx, mfa.Rollback)
	}
	plan, report, err := p.plan(ctx)
	if err != nil {
		return p.fail(err)
	}
	p.page.truth(report)
	p.page.plan(plan)
	switch {
	case p.options.apply:
		return p.apply(ctx, plan)
	case p.options.json:
		err = layout.JSON(p.stdout, plan)
	}
	if err != nil {
		return p.fail(err)
	}
	return exitDone
}

// plan checks the account and plans. Of a real tenant it is known who would apply it.
func (p program) plan(ctx context.Context) (mfa.Plan, mfa.Report, error) {
	report, err := mfa.Check(ctx, p.tenant, p.options.Account, nil)
	if err != nil {
		return mfa.Plan{}, report, err
	}
	wanted := p.options.enrolment()
	if p.options.Tenant != "" {
		if err := p.caller(ctx, &wanted); err != nil {
			return mfa.Plan{}, report, err
		}
	}
	plan, err := mfa.PlanEnrolment(report, &wanted)
	return plan, report, err
}

// caller says who would apply the plan, and which roles an account holds.
func (p program) caller(ctx context.Context, wanted *mfa.EnrolmentOptions) error {
	who, err := p.tenant.Identity(ctx)
	if err != nil {
		return err
	}
	wanted.Caller = &who
	if who.Kind == mfa.IdentityUser {
		wanted.CallerRoles, err = p.tenant.RoleAssignments(ctx, who.ID)
	}
	return err
}

func (p program) apply(ctx context.Context, plan mfa.Plan) int {
	journal, err := mfa.OpenJournal(p.options.journal)
	if err != nil {
		return p.fail(open.Wrong("%w", err))
	}
	defer journal.Close()
	result, err := mfa.Apply(ctx, p.tenant, plan, journal, p.applyOptions())
	return p.show(plan, result, err)
}

// goOn goes on with the plan of a journal that is there, or undoes it.
func (p program) goOn(ctx context.Context, do func(context.Context, mfa.ReadWriter, mfa.Journal, string, *mfa.ApplyOptions) (mfa.Result, error)) int {
	if _, err := os.Stat(p.options.journal); err != nil {
		return p.fail(open.Wrong("-journal: %w", err))
	}
	journal, err := mfa.OpenJournal(p.options.journal)
	if err != nil {
		return p.fail(open.Wrong("%w", err))
	}
	defer journal.Close()
	plan, err := mfa.JournalPlan(journal, "")
	if err != nil {
		return p.fail(err)
	}
	result, err := do(ctx, p.tenant, journal, plan.ID, p.applyOptions())
	return p.show(plan, result, err)
}

func (p program) applyOptions() *mfa.ApplyOptions {
	return &mfa.ApplyOptions{Secrets: secretsFromEnvironment(&tellingSink{page: p.page}), Progress: p.page.progress}
}

// show shows what was done, also where it stopped on the way.
func (p program) show(plan mfa.Plan, result mfa.Result, err error) int {
	p.page.result(result)
	done := deed{Plan: plan, Result: &result}
	if err != nil {
		done.Error = err.Error()
	}
	if p.options.json {
		if err := layout.JSON(p.stdout, done); err != nil {
			return p.fail(err)
		}
	}
	switch {
	case err != nil:
		return p.fail(err)
	case result.Waiting != nil:
		return exitWaits
	}
	return exitDone
}

// fail says what went wrong, and turns it into the exit status.
func (p program) fail(err error) int {
	status := p.options.Fail(p.stderr, p.options.Explain(err))
	if open.Stopped(err) {
		return exitStands
	}
	return status
}
