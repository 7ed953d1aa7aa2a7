// Whatif shows what the Conditional Access policies of a tenant do to the
// sign-ins of an account, one sign-in or all of them, and why.
//
//	go run ./examples/whatif
//	go run ./examples/whatif -compare
//	go run ./examples/whatif -tenant ID -account svc@contoso.com -app exchange -from 203.0.113.7
//
// Without arguments it decides three questions about an account of a tenant
// that it carries with it. With -load it reads a folder of exported tenant
// JSON, offline. With -tenant it reads a real tenant, signed in as
// DefaultAzureCredential finds. With -compare it holds its own answers against
// Microsoft's What If. It never changes a tenant.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/mfa"
)

// The exit statuses. 64 and 69 are those of sysexits.h.
const (
	exitAllowed     = 0
	exitRefused     = 1 // every sign-in is refused; with -compare: a difference that nothing explains
	exitUnknown     = 2 // it can't be told, or depends on the sign-in; with -compare: not all could be asked
	exitUsage       = 64
	exitUnavailable = 69
)

func main() { open.Main(run, os.Interrupt) }

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout, stderr)
	return opts.Run(ctx, err, stderr, embeddedTenant, func(ctx context.Context, tenant open.Reader) int {
		return answer(ctx, tenant, opts, stdout, stderr)
	})
}

// answer asks the tenant, and returns the exit status.
func answer(ctx context.Context, tenant open.Reader, opts options, stdout, stderr io.Writer) int {
	scenarios, err := opts.list()
	if err != nil {
		return opts.Fail(stderr, err)
	}
	facts, err := mfa.Collect(ctx, tenant, opts.Account)
	if err != nil {
		return opts.Fail(stderr, opts.Explain(err))
	}
	if organization, known := facts.Organization.Get(); known {
		err = opts.Same(organization.ID, organization.DisplayName)
	}
	if err != nil {
		return opts.Fail(stderr, err)
	}
	fmt.Fprintf(stdout, "%s  %s\n", layout.Clean(facts.User.UserPrincipalName), layout.Clean(facts.User.DisplayName))
	if opts.compare {
		status, err := compare(ctx, stdout, tenant, facts, scenarios)
		if err != nil {
			return opts.Fail(stderr, err)
		}
		return status
	}
	return decide(stdout, facts, opts.questions())
}

// decide answers the questions, and turns a single answer into the exit status.
// Of several none is the program's answer.
func decide(stdout io.Writer, facts mfa.Facts, questions []scenario) int {
	var verdict entramfa.Verdict
	for _, q := range questions {
		verdict = show(stdout, facts, q)
	}
	fmt.Fprintln(stdout, "\nThis is Conditional Access alone. Security defaults, per-user MFA and Microsoft's mandatory\nMFA are not looked at here; examples/check looks at all of them.")
	switch {
	case len(questions) > 1 || verdict.Outcome == entramfa.Clear:
		return exitAllowed
	case verdict.Outcome != entramfa.Unknown && verdict.Extent == entramfa.Always:
		return exitRefused
	}
	return exitUnknown
}
