package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// options are what the command line says.
type options struct {
	open.Source
	profiles     open.Profiles
	applications open.List
	from         open.Prefixes
	platforms    open.List
	json, all    bool
}

const usage = `sweep shows what the Conditional Access policies of a tenant do to the password sign-ins
of every account: who gets through without MFA, who is always asked for it, who is
blocked, and of whom it can't be told. It reads, and never changes a tenant.

  sweep                a built-in tenant
  sweep -load DIR      a folder of exported tenant JSON, offline: the accounts that it holds
  sweep -tenant ID     a real tenant, signed in by DefaultAzureCredential

The judged sign-ins are all OAuth password grants; -profile or -signs-in-to, -from and
-platform narrow them, and may each be given several times. Disabled accounts are left out.

A real tenant needs the application permissions Policy.Read.All, User.Read.All,
GroupMember.Read.All and RoleManagement.Read.Directory; for a group whose members
are hidden also Member.Read.Hidden. A thousand accounts are one request, and so are a
thousand members of a group that a policy names.

Exit status:
  0   every account is always asked for MFA, or blocked
  1   some account gets through without MFA, by some sign-ins at least
  2   nobody is known to get through, and of some account it can't be told
  64  usage
  69  Graph can't be reached, or gives no token

Flags:
`

// parse reads the command line; what is wrong with it is said on stderr.
func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("sweep", flag.ContinueOnError)
	o.TenantFlags(flags, time.Hour)
	flags.Var(&o.profiles, "profile", "how the accounts usually sign in, a `name`: graph, exchange, sharepoint, azure-cli or azure-powershell")
	flags.Var(&o.applications, "signs-in-to", "app `id` of a resource that the accounts sign in to")
	flags.Var(&o.from, "from", "`address` or range from which they sign in")
	flags.Var(&o.platforms, "platform", "`platform` that the user agent tells: windows, linux, macOS, android, iOS, unknown")
	flags.BoolVar(&o.json, "json", false, "print one JSON document, with every account")
	flags.BoolVar(&o.all, "all", false, "name every account, not the first few")
	err := open.Parse(flags, usage, args, stdout, stderr, func(rest []string) error { return o.validate(rest) })
	return o, err
}

func (o options) validate(rest []string) error {
	for _, id := range o.applications {
		if !guid.Is(id) {
			return fmt.Errorf("%w: -signs-in-to %s: an app id is wanted", open.ErrUsage, id)
		}
	}
	return errors.Join(o.ValidateTenant(rest), o.profiles.Beside("signs-in-to", o.applications), open.Platforms(o.platforms))
}

// signIn is the set of sign-ins that the command line means.
func (o options) signIn() policy.SignIn {
	s := o.profiles.SignIn(o.applications)
	s.Addresses, s.Platforms = o.from, o.platforms
	return s
}
