package main

import (
	"flag"
	"io"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
)

// options are what the command line says.
type options struct {
	open.Source
	json, allUsers bool
}

const usage = `admins shows what MFA the administrators of a tenant have: every account that holds a
directory role or may activate one, directly or through a group; what demands MFA of it
at every sign-in, and by which sign-in it gets through without; whether a second factor
is registered. It says how far the tenant meets Microsoft's requirement that every
account of a partner's own tenant has MFA. It reads, and never changes a tenant.

  admins                the tenant of a partner, built in
  admins -load DIR      a folder of exported tenant JSON, offline
  admins -tenant ID     a real tenant, signed in by DefaultAzureCredential

Readers are administrators too. -all-users asks about every enabled account, whom the
partner requirement concerns, and names those that lack MFA or of which it can't be told.

A real tenant needs the application permissions Policy.Read.All, User.Read.All,
GroupMember.Read.All, RoleManagement.Read.Directory and UserAuthenticationMethod.Read.All;
Directory.Read.All tells which groups are gone. An export has to hold the role assignments
of the tenant.

Exit status:
  0   every administrator has MFA; with -all-users: the partner requirement is met
  1   some lack it; with -all-users: it isn't met
  2   nobody is known to lack it, and of some account it can't be told
  64  usage
  69  Graph can't be reached, or gives no token

Flags:
`

// parse reads the command line; what is wrong with it is said on stderr.
func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("admins", flag.ContinueOnError)
	o.TenantFlags(flags, time.Hour)
	flags.BoolVar(&o.json, "json", false, "print one JSON document")
	flags.BoolVar(&o.allUsers, "all-users", false, "ask about every enabled account")
	err := open.Parse(flags, usage, args, stdout, stderr, o.ValidateTenant)
	return o, err
}
