package main

import (
	"errors"
	"flag"
	"io"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/policy"
)

// options are what the command line says.
type options struct {
	open.Source
	signIns   open.SignIn
	json, all bool
}

const usage = `sweep shows what the Conditional Access policies of a tenant do to the password sign-ins
of every account: who gets through without MFA, who is always asked for it, who is
blocked, and of whom it can't be told. It reads, and never changes a tenant.

  sweep                a built-in tenant
  sweep -load DIR      a folder of exported tenant JSON, offline: the accounts that it holds
  sweep -tenant ID     a real tenant, signed in by DefaultAzureCredential

The judged sign-ins are all OAuth password grants; -profile or -signs-in-to, -from,
-country and -platform narrow them, and may each be given several times.
Disabled accounts are left out.

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
	o.signIns.Flags(flags)
	flags.BoolVar(&o.json, "json", false, "print one JSON document, with every account")
	flags.BoolVar(&o.all, "all", false, "name every account, not the first few")
	err := open.Parse(flags, usage, args, stdout, stderr, func(rest []string) error { return o.validate(rest) })
	return o, err
}

func (o options) validate(rest []string) error {
	return errors.Join(o.ValidateTenant(rest), o.signIns.Validate())
}

// signIn is the set of sign-ins that the command line means.
func (o options) signIn() policy.SignIn { return o.signIns.Profile() }
