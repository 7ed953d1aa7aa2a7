// Exempt frees an account of the MFA that stands between it and its
// non-interactive sign-in: it shows the plan, applies it, verifies it, and rolls
// it back.
//
//	go run ./examples/exempt
//	go run ./examples/exempt -load DIR -account svc@contoso.com -profile exchange -from 203.0.113.0/28
//	go run ./examples/exempt -tenant ID -account svc@contoso.com -profile exchange -from 203.0.113.0/28
//	go run ./examples/exempt -tenant ID -account svc@contoso.com -profile exchange -from 203.0.113.0/28 -apply -journal FILE
//	go run ./examples/exempt -tenant ID -rollback -journal FILE
//
// Without arguments it goes the whole way on four tenants that it carries with it,
// in memory. With -load it plans from a folder of exported tenant JSON, offline.
// With -tenant it plans for a real tenant, signed in as DefaultAzureCredential
// finds; it changes one only where -apply or -rollback says so.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// The exit statuses. 64 and 69 are those of sysexits.h.
const (
	exitDone        = 0 // the account is clear, will be by the plan, or everything is rolled back
	exitStands      = 1 // refused, not clear, or stopped on the way
	exitUnknown     = 2 // it can't be told
	exitUsage       = 64
	exitUnavailable = 69 // as open.Status says
)

// tenant is what the program reads and changes.
type tenant interface {
	open.Reader
	mfa.ReadWriter
	mfa.GroupSource
	mfa.SignInLogReader
}

var (
	_ tenant = (*msgraph.Client)(nil)
	_ tenant = (*graphfake.Tenant)(nil)
)

func main() {
	// An interrupt, or whoever stops a container, stops between two changes; in the gap
	// mfa.Apply finishes it first.
	open.Main(run, os.Interrupt, syscall.SIGTERM)
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout, stderr)
	if err == nil && opts.BuiltIn() {
		ctx, cancel := opts.Limit(ctx)
		defer cancel()
		return demonstrate(ctx, opts, stdout, stderr)
	}
	return opts.Run(ctx, err, stderr, nil, func(ctx context.Context, reader open.Reader) int {
		t, ok := reader.(tenant)
		if !ok {
			return opts.Fail(stderr, fmt.Errorf("%T can't be changed", reader))
		}
		return program{tenant: t, options: opts, stdout: stdout, stderr: stderr}.run(ctx)
	})
}

// program answers one command line about one tenant.
type program struct {
	tenant         tenant
	tenantID       string // empty where it could not be read
	options        options
	stdout, stderr io.Writer
	// wait stands in for waiting; nil waits.
	wait func(ctx context.Context, d time.Duration) error
}

func (p program) run(ctx context.Context) int {
	var err error
	if p.tenantID, err = p.rightTenant(ctx); err != nil {
		return p.fail(err)
	}
	switch {
	case p.options.rollback:
		return p.rollBack(ctx)
	case p.options.verify:
		return p.verifyAgain(ctx)
	case p.options.apply:
		return p.apply(ctx)
	}
	return p.plan(ctx)
}

// rightTenant returns which tenant it is, and refuses another than was asked for. An export may not say
// which one it is; the plan then says that it can't be made.
func (p program) rightTenant(ctx context.Context) (string, error) {
	organization, err := p.tenant.Organization(ctx)
	if err != nil {
		return "", nil // whoever needs it asks again, and says why
	}
	return organization.ID, p.options.Same(organization.ID, organization.DisplayName)
}

// fail says what went wrong, and turns it into the exit status.
func (p program) fail(err error) int {
	status := p.options.Fail(p.stderr, inFlags(p.options.Explain(err)))
	if open.Stopped(err) {
		return exitStands
	}
	return status
}
