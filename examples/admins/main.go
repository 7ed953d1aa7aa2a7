// Admins shows what MFA the administrators of a tenant have, and how far the tenant
// meets Microsoft's requirement for partners: MFA for every account.
//
//	go run ./examples/admins
//	go run ./examples/admins -all-users
//	go run ./examples/admins -tenant ID -json
//
// Without arguments it looks at the tenant of a partner that it carries with it. With
// -load it reads a folder of exported tenant JSON, offline. With -tenant it reads a
// real tenant, signed in as DefaultAzureCredential finds. It never changes a tenant.
package main

import (
	"context"
	"io"
	"os"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/mfa"
)

// The exit statuses. 64 and 69 are those of sysexits.h.
const (
	exitProtected   = 0
	exitLacking     = 1
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

// answer judges the accounts, prints the report, and returns the exit status.
func answer(ctx context.Context, tenant open.Reader, opts options, stdout, stderr io.Writer) int {
	r, err := read(ctx, tenant, opts)
	if err != nil {
		return opts.Fail(stderr, opts.Explain(err))
	}
	if err := layout.Print(stdout, opts.json, r, func() string { return table(r, opts) }); err != nil {
		return opts.Fail(stderr, err)
	}
	return r.status(opts)
}

// report is the answer, as JSON gives it.
type report struct {
	Tenant     string `json:"tenant"`
	TenantName string `json:"tenantName"`
	// Administrators is how many accounts hold a directory role or may activate one.
	// Complete says that nothing could hide another one.
	Administrators int  `json:"administrators"`
	Complete       bool `json:"complete"`
	// Accounts are those that were judged: with -all-users those that hold a role, and
	// of the others whoever is not known to have MFA.
	Accounts []mfa.Admin            `json:"accounts"`
	Partner  mfa.PartnerRequirement `json:"partner"`
	// Missing is what could not be read of the tenant.
	Missing []string `json:"missing"`
}

// read reads and judges.
func read(ctx context.Context, reader open.Reader, opts options) (report, error) {
	organization, err := opts.Identify(ctx, reader)
	if err != nil {
		return report{}, err
	}
	admins, err := mfa.ReadAdmins(ctx, reader, &mfa.AdminsOptions{AllUsers: opts.allUsers})
	if err != nil {
		return report{}, err
	}
	r := report{
		Tenant: organization.ID, TenantName: organization.DisplayName,
		Administrators: admins.Len(), Complete: admins.Complete(), Accounts: []mfa.Admin{}, Missing: admins.Missing(),
	}
	for admin, err := range admins.All(ctx) {
		if err != nil {
			return report{}, err
		}
		if has, _ := admin.MFA.Get(); !has || len(admin.Roles) > 0 {
			r.Accounts = append(r.Accounts, admin)
		}
	}
	r.Partner = admins.Partner()
	return r, nil
}

// status is the exit status. A disabled account lacks nothing.
func (r report) status(opts options) int {
	if opts.allUsers {
		return statusOf(r.Partner.Met)
	}
	status := exitProtected
	if !r.Complete || len(r.Accounts) == 0 {
		status = exitUnknown
	}
	for _, a := range r.Accounts {
		switch statusOf(standing(a)) {
		case exitLacking:
			return exitLacking
		case exitUnknown:
			status = exitUnknown
		}
	}
	return status
}

func statusOf(v entramfa.Value[bool]) int {
	is, known := v.Get()
	switch {
	case !known:
		return exitUnknown
	case !is:
		return exitLacking
	}
	return exitProtected
}

// standing is whether an account has MFA. One that is disabled lacks nothing.
func standing(a mfa.Admin) entramfa.Value[bool] {
	if isDisabled(a) {
		return a.Demanded
	}
	return a.MFA
}

func isDisabled(a mfa.Admin) bool { return a.Enabled != nil && !*a.Enabled }
