// Sweep shows what the Conditional Access policies of a tenant do to the password
// sign-ins of every account: who gets through without MFA, who is always asked
// for it, who is blocked, and of whom it can't be told.
//
//	go run ./examples/sweep
//	go run ./examples/sweep -load DIR
//	go run ./examples/sweep -tenant ID -from 203.0.113.0/24
//
// Without arguments it sweeps a tenant that it carries with it. With -load it
// reads a folder of exported tenant JSON, offline. With -tenant it reads a real
// tenant, signed in as DefaultAzureCredential finds. It never changes a tenant.
package main

import (
	"context"
	"io"
	"os"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/policy"
)

// The exit statuses. 64 and 69 are those of sysexits.h.
const (
	exitCovered     = 0 // every account is always asked for MFA, or blocked
	exitThrough     = 1 // some account gets through without MFA
	exitUnknown     = 2
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

// answer sweeps the tenant, prints the report, and returns the exit status.
func answer(ctx context.Context, tenant open.Reader, opts options, stdout, stderr io.Writer) int {
	r, err := sweep(ctx, tenant, opts)
	if err != nil {
		return opts.Fail(stderr, opts.Explain(err))
	}
	if err := layout.Print(stdout, opts.json, r, func() string { return table(r, opts) }); err != nil {
		return opts.Fail(stderr, err)
	}
	switch {
	case r.Through.Count+r.Depends.Count > 0:
		return exitThrough
	case r.Untold.Count > 0 || r.Accounts == 0:
		return exitUnknown
	}
	return exitCovered
}

// sweep reads the policies, then the accounts and their memberships, and decides.
func sweep(ctx context.Context, reader open.Reader, opts options) (report, error) {
	organization, err := opts.Identify(ctx, reader)
	if err != nil {
		return report{}, err
	}
	rules, err := readPolicies(ctx, reader)
	if err != nil {
		return report{}, err
	}
	people := &census{Reader: reader}
	if err := people.count(ctx); err != nil {
		return report{}, err
	}
	prepared := policy.Prepare(rules)
	directory, err := policy.ReadDirectory(ctx, people, prepared)
	if err != nil {
		return report{}, err
	}
	swept := prepared.Sweep(directory, opts.signIn())
	r := newReport(rules, swept, directory, people)
	r.Tenant, r.TenantName = organization.ID, organization.DisplayName
	for _, p := range swept.Policies {
		r.Policies = append(r.Policies, newReach(only(rules, p.ID), p, directory, people, opts.signIn()))
	}
	return r, nil
}

// readPolicies reads what the policies are made of. Without the list itself
// there is no answer; what else is missing makes some of it unknown.
func readPolicies(ctx context.Context, reader policy.Reader) (policy.Tenant, error) {
	list, err := reader.Policies(ctx)
	if err != nil {
		return policy.Tenant{}, err
	}
	return policy.Tenant{
		Policies:       entramfa.Known(list),
		NamedLocations: entramfa.Result(reader.NamedLocations(ctx)),
		Strengths:      entramfa.Result(reader.AuthenticationStrengths(ctx)),
	}, nil
}
