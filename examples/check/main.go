// Check shows what stands between an account and its non-interactive sign-in.
//
//	go run ./examples/check
//	go run ./examples/check -load DIR -account svc@contoso.com
//	go run ./examples/check -tenant ID -account svc@contoso.com
//
// Without arguments it checks four accounts of a tenant that it carries with
// it. With -load it reads a folder of exported tenant JSON, offline. With
// -tenant it reads a real tenant, signed in as DefaultAzureCredential finds.
// It never changes a tenant.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/mfa"
)

// The exit statuses. 64 and 69 are those of sysexits.h.
const (
	exitClear       = 0
	exitStands      = 1 // MFA or a block stands in the way of every sign-in
	exitUnknown     = 2 // it can't be told, or depends on the sign-in
	exitUsage       = 64
	exitUnavailable = 69 // as open.Status says
)

func main() { open.Main(run, os.Interrupt) }

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout, stderr)
	return opts.Run(ctx, err, stderr, embeddedTenant, func(ctx context.Context, reader open.Reader) int {
		if opts.Account == "" {
			return checkAll(ctx, reader, opts, stdout, stderr)
		}
		return checkOne(ctx, reader, opts, stdout, stderr)
	})
}

// checkOne checks one account; the exit status is the verdict.
func checkOne(ctx context.Context, reader mfa.Reader, opts options, stdout, stderr io.Writer) int {
	report, err := mfa.Check(ctx, reader, opts.Account, opts.check())
	if err != nil {
		return opts.Fail(stderr, opts.Explain(err))
	}
	if report.Tenant != nil {
		err = opts.Same(report.Tenant.ID, report.Tenant.DisplayName)
	}
	if err != nil {
		return opts.Fail(stderr, err)
	}
	if err := show(stdout, report, opts); err != nil {
		return opts.Fail(stderr, err)
	}
	return verdict(stderr, report)
}

// checkAll checks the four accounts of the embedded tenant. It ends with 0
// whatever it finds, for it shows and judges nothing.
func checkAll(ctx context.Context, reader mfa.Reader, opts options, stdout, stderr io.Writer) int {
	for _, account := range embeddedAccounts() {
		report, err := mfa.Check(ctx, reader, account, opts.check())
		if err != nil {
			return opts.Fail(stderr, err)
		}
		if err := show(stdout, report, opts); err != nil {
			return opts.Fail(stderr, err)
		}
	}
	return exitClear
}

// show prints a report as a table, or as one JSON document.
func show(w io.Writer, report mfa.Report, opts options) error {
	return layout.Print(w, opts.json, report, func() string { return table(report, opts.all) })
}

// verdict turns a report into the exit status, and says the reason on stderr.
func verdict(stderr io.Writer, report mfa.Report) int {
	const few = 3
	reasons := deciding(report)
	if more := len(reasons) - few; more > 0 {
		reasons = append(reasons[:few:few], fmt.Sprintf("and %d more, which the report shows", more))
	}
	fmt.Fprintf(stderr, "%s: %s\n", headline(report.Verdict), strings.Join(reasons, "\n  "))
	switch {
	case report.Outcome == entramfa.Clear:
		return exitClear
	case report.Extent == entramfa.Always && report.Outcome != entramfa.Unknown:
		return exitStands
	}
	return exitUnknown
}
