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
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/entramfa/entramfa"
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitClear
	case err != nil:
		return exitUsage // parse has said why
	}
	if opts.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opts.timeout)
		defer cancel()
	}
	reader, err := opts.reader(stderr)
	if err != nil {
		return fail(stderr, err)
	}
	if opts.account == "" {
		return checkAll(ctx, reader, opts, stdout, stderr)
	}
	report, err := mfa.Check(ctx, reader, opts.account, opts.check())
	if err != nil {
		return fail(stderr, opts.explain(err))
	}
	if err := opts.sameTenant(report); err != nil {
		return fail(stderr, err)
	}
	if err := show(stdout, report, opts); err != nil {
		return fail(stderr, err)
	}
	return verdict(stderr, report)
}

// sameTenant refuses a report about another tenant than the one that was asked
// for: some credentials choose the tenant themselves.
func (o options) sameTenant(report mfa.Report) error {
	if report.Tenant == nil || !guid.MatchString(o.tenant) || strings.EqualFold(report.Tenant.ID, o.tenant) {
		return nil
	}
	return fmt.Errorf("the credential signed in to the tenant %s (%s), not to %s; see AZURE_TENANT_ID", report.Tenant.ID, report.Tenant.DisplayName, o.tenant)
}

// explain adds what a user of this program can do about an error.
func (o options) explain(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w; no answer within %s, -timeout raises that", err, o.timeout)
	case o.tenant == "" && len(o.load) == 0 && errors.Is(err, entramfa.ErrNotFound):
		return fmt.Errorf("%w\n(searched in the built-in tenant; -tenant or -load name another)", err)
	}
	return err
}

// checkAll checks the four accounts of the embedded tenant. It ends with 0
// whatever it finds, for it shows and judges nothing.
func checkAll(ctx context.Context, reader mfa.Reader, opts options, stdout, stderr io.Writer) int {
	for _, account := range embeddedAccounts() {
		report, err := mfa.Check(ctx, reader, account, opts.check())
		if err != nil {
			return fail(stderr, err)
		}
		if err := show(stdout, report, opts); err != nil {
			return fail(stderr, err)
		}
	}
	return exitClear
}

// show prints a report as a table, or as one JSON document.
func show(w io.Writer, report mfa.Report, opts options) error {
	if opts.json {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	_, err := io.WriteString(w, table(report, opts.all))
	return err
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

// fail says what went wrong, and turns it into the exit status.
func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "check:", err)
	return open.Status(err)
}
