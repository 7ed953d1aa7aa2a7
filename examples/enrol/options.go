package main

import (
	"flag"
	"io"
	"os"
	"strings"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

// options are what the command line says.
type options struct {
	open.Source
	phone, setPassword, appPassword, byPolicy bool
	emergency                                 open.List
	apply, resume, rollback                   bool
	journal                                   string
	json                                      bool
}

const usage = `enrol gives an account MFA, and says what that ends: its unattended use. It shows the
plan, and changes a tenant only where -apply, -resume or -rollback says so.

  enrol                                         the whole way on a built-in tenant, in memory
  enrol -load DIR -account NAME                 the plan, offline, from exported tenant JSON
  enrol -tenant ID -account NAME                the plan for a real tenant, signed in by
                                                DefaultAzureCredential
  enrol -tenant ID -account NAME ... -apply -journal FILE
                                                applies it until it waits for a person
  enrol -tenant ID -resume -journal FILE        goes on with it, days later
  enrol -tenant ID -rollback -journal FILE      undoes what can be undone

With -json a plan is one JSON document (schema ` + mfa.PlanSchema + `), and what was done is
one with the plan and the result.

No flag takes a secret. They are read from the environment, again with each call:
  ` + phoneVariable + `         the mobile phone, such as +12065550134
  ` + passwordVariable + `  the new password
  ` + appPasswordVariable + `  the app password that the person made, with -resume
  ` + formerPhoneVariable + `  the number that was registered before, with -rollback

Exit status; the reason stands on stderr:
  0   planned, enrolled, or rolled back
  1   refused, or stopped on the way
  2   it can't be told
  3   it waits for a person: -resume goes on
  64  usage, no such account, no such journal
  69  Graph can't be reached, or gives no token

Flags:
`

// parse reads the command line; what is wrong with it is said on stderr.
func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("enrol", flag.ContinueOnError)
	o.Flags(flags, time.Hour)
	flags.BoolVar(&o.phone, "phone-from-env", false, "register the mobile phone in "+phoneVariable)
	flags.BoolVar(&o.setPassword, "set-password", false, "set the password in "+passwordVariable)
	flags.BoolVar(&o.appPassword, "app-password", false, "have a person make an app password")
	flags.BoolVar(&o.byPolicy, "by-policy", false, "demand MFA by a Conditional Access policy in the place of the per-user state; needs Entra ID P1")
	flags.Var(&o.emergency, "emergency", "object `id` of an emergency access account, which no plan may touch; may be given several times")
	flags.BoolVar(&o.apply, "apply", false, "apply the plan until it waits for a person")
	flags.BoolVar(&o.resume, "resume", false, "go on with the plan of the journal")
	flags.BoolVar(&o.rollback, "rollback", false, "undo what the journal says was done")
	flags.StringVar(&o.journal, "journal", "", "`file` of the journal; -apply creates it where there is none")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	err := open.Parse(flags, usage, args, stdout, stderr, func(rest []string) error {
		var given []string
		flags.Visit(func(f *flag.Flag) { given = append(given, f.Name) })
		if err := o.ValidateTenant(rest); err != nil {
			return err
		}
		return o.validate(given)
	})
	return o, err
}

// validate refuses flags that don't go together: one that is ignored would be
// taken for one that is heeded.
func (o *options) validate(given []string) error {
	deeds := count(o.apply, o.resume, o.rollback)
	for _, name := range given {
		switch {
		case o.BuiltIn() && name != "timeout" && name != "cloud" && name != "json":
			return open.Wrong("-%s goes with -tenant or -load: the built-in tenant takes none", name)
		case (o.resume || o.rollback) && planning(name):
			return open.Wrong("-%s goes with making a plan: that of the journal is taken as it is", name)
		}
	}
	for _, id := range o.emergency {
		if !guid.Is(id) {
			return open.Wrong("-emergency: %q is no object id", id)
		}
	}
	switch {
	case deeds > 1:
		return open.Wrong("-apply, -resume and -rollback exclude each other")
	case deeds > 0 && len(o.Folders) > 0:
		return open.Wrong("an export can't be changed: name the tenant with -tenant")
	case deeds > 0 && o.journal == "":
		return open.Wrong("-journal is needed: it is by the journal that an enrolment goes on and is undone")
	case deeds == 0 && o.journal != "":
		return open.Wrong("-journal goes with -apply, -resume or -rollback")
	case !o.BuiltIn() && !o.resume && !o.rollback && o.Account == "":
		return open.Wrong("name the account with -account")
	case o.phone && blank(phoneVariable):
		return open.Wrong("-phone-from-env: the environment variable %s holds no number", phoneVariable)
	case o.apply && o.setPassword && blank(passwordVariable):
		return open.Wrong("-set-password: the environment variable %s holds no password", passwordVariable)
	}
	return nil
}

// planning says whether a flag is one by which a plan is made.
func planning(name string) bool {
	switch name {
	case "account", "phone-from-env", "set-password", "app-password", "by-policy", "emergency":
		return true
	}
	return false
}

func blank(variable string) bool { return strings.TrimSpace(os.Getenv(variable)) == "" }

func count(flags ...bool) (n int) {
	for _, given := range flags {
		if given {
			n++
		}
	}
	return n
}

// enrolment turns the command line into the options of a plan.
func (o *options) enrolment() mfa.EnrolmentOptions {
	wanted := mfa.EnrolmentOptions{SetPassword: o.setPassword, AppPassword: o.appPassword, ByPolicy: o.byPolicy, EmergencyAccounts: o.emergency}
	if o.phone {
		wanted.Phone = mfa.NewSecret(os.Getenv(phoneVariable))
	}
	return wanted
}
