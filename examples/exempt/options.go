package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

// passwordVariable names the environment variable that holds the password for -probe.
const passwordVariable = "ENTRAMFA_PASSWORD"

// options are what the command line says.
type options struct {
	open.Source
	signIn open.SignIn

	// How it is planned.
	group                           string
	emergency                       open.List
	skipCompensation                bool
	alsoReportOnly, alsoDisabled    bool
	alsoSecureRegistration          bool
	allowInteractive                bool
	allowUnprotected, allowNotClear bool
	partnerTenant                   bool
	noDirectory, noSignInLog        bool

	// What is done with the plan.
	planFile, journal       string
	apply, rollback, verify bool
	probe                   bool
	probeClient             string
	json                    bool
}

const usage = `exempt frees an account of the MFA that stands between it and its non-interactive
sign-in. It shows the plan: whether the account will be clear, what can't be lifted and
what to do instead, each change with its reason and how it is undone, and whom else it
touches. It changes a tenant only where -apply or -rollback says so.

  exempt                                        four built-in tenants, in memory: plan,
                                                apply, verify, roll back
  exempt -load DIR -account svc@contoso.com     the plan, offline, from exported tenant JSON
  exempt -tenant ID -account svc@contoso.com    the plan for a real tenant, signed in by
                                                DefaultAzureCredential
  exempt -tenant ID ... -plan FILE              stores the plan as JSON, in a new file
  exempt -tenant ID ... -apply -journal FILE    plans and applies; -apply is the consent
  exempt -tenant ID -apply -plan FILE -journal FILE
                                                applies a stored plan as it is
  exempt -tenant ID -apply -journal FILE        goes on with the plan of the journal
  exempt -tenant ID -verify -journal FILE       looks again whether it is in effect: sign-ins
                                                follow after minutes or hours
  exempt -tenant ID -rollback -journal FILE     undoes what the journal says was done

Say how the account signs in: -profile or -signs-in-to, -from, -country, -platform, each
as often as needed (examples/check explains them). A policy that leaves these sign-ins
alone stays as it is. From elsewhere the account is blocked, so that -from is needed,
unless -skip-compensation.

The journal is written before and after each change. An interrupt stops between two
changes; where security defaults are replaced, the moment without either is finished
first. What was stopped is in the journal: it can be gone on with, or rolled back.

-probe signs the account in once, after -apply or with -verify, with the password in the
environment variable ` + passwordVariable + `; it stands in the sign-in log, and a wrong
password counts towards the account's lockout. No flag takes a password.

A plan needs the application permissions of a check (Policy.Read.All, User.Read.All,
GroupMember.Read.All, RoleManagement.Read.Directory, LicenseAssignment.Read.All,
UserAuthenticationMethod.Read.All), and AuditLog.Read.All to see whether a person uses
the account; it says what applying it needs.

With -json a plan is one JSON document (schema ` + mfa.PlanSchema + `). Without, names
stand for the object ids of accounts, and for the ids of roles and well-known apps.

Exit status; the reason stands on stderr:
  0   the account is clear or will be by the plan; applied, verified, rolled back
  1   refused, not clear, or stopped on the way
  2   it can't be told
  64  usage, no such account, no such plan or journal
  69  Graph can't be reached, or gives no token

Flags:
`

// parse reads the command line; what is wrong with it is said on stderr.
func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("exempt", flag.ContinueOnError)
	o.Flags(flags, time.Hour)
	o.signIn.Flags(flags)
	o.planFlags(flags)
	o.deedFlags(flags)
	err := open.Parse(flags, usage, args, stdout, stderr, func(rest []string) error {
		given := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
		return errors.Join(o.ValidateTenant(rest), o.signIn.Validate(mfa.MicrosoftAdminPortals), o.validateIDs(), o.validate(given))
	})
	return o, err
}

// planFlags are those by which a plan is made.
func (o *options) planFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.group, "group", "", "object `id` of a group that policies exclude: the account is added to it instead of to each policy")
	flags.Var(&o.emergency, "emergency", "object `id` of an emergency access account, which no plan may touch; may be given several times")
	flags.BoolVar(&o.skipCompensation, "skip-compensation", false, "leave out the policies that block the account from everywhere but its addresses")
	flags.BoolVar(&o.alsoReportOnly, "also-report-only", false, "exclude it from report-only policies that would meet it, too")
	flags.BoolVar(&o.alsoDisabled, "also-disabled", false, "exclude it from disabled policies that would meet it, too")
	flags.BoolVar(&o.alsoSecureRegistration, "also-secure-registration", false, "in the place of security defaults, also demand MFA for registering outside trusted locations")
	flags.BoolVar(&o.allowInteractive, "allow-interactive", false, "exempt an account that a person uses")
	flags.BoolVar(&o.allowUnprotected, "allow-unprotected", false, "switch security defaults off where nothing can take their place: nobody is asked for MFA then")
	flags.BoolVar(&o.partnerTenant, "partner-tenant", false, "the tenant is that of a Microsoft partner")
	flags.BoolVar(&o.noDirectory, "no-directory", false, "don't read the accounts of a real tenant to compare each, before and after")
	flags.BoolVar(&o.noSignInLog, "no-sign-in-log", false, "don't read the sign-in log of a real tenant for signs of a person")
}

// deedFlags say what is done with the plan.
func (o *options) deedFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.planFile, "plan", "", "`file` to store the plan in; with -apply, the stored plan to apply")
	flags.StringVar(&o.journal, "journal", "", "`file` of the journal; -apply creates it where there is none")
	flags.BoolVar(&o.apply, "apply", false, "apply the plan")
	flags.BoolVar(&o.allowNotClear, "allow-incomplete", false, "with -apply: apply a plan although the account won't be clear after it")
	flags.BoolVar(&o.verify, "verify", false, "look whether the plan of the journal is in effect")
	flags.BoolVar(&o.rollback, "rollback", false, "undo what the journal says was done")
	flags.BoolVar(&o.probe, "probe", false, "with -apply or -verify: sign the account in, once")
	flags.StringVar(&o.probeClient, "probe-client", open.CommandLineTools, "with -probe: client `id` of the program that uses the account")
	flags.BoolVar(&o.json, "json", false, "print JSON")
}

func (o *options) validateIDs() error {
	for _, id := range slices.Concat(o.emergency, o.given(o.group)) {
		if !guid.Is(id) {
			return open.Wrong("%q is no object id", id)
		}
	}
	if !guid.Is(o.probeClient) {
		return open.Wrong("-probe-client %s: a client id is wanted", o.probeClient)
	}
	return nil
}

func (o *options) given(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// The flags by which a plan is made, and those that belong to one way of use.
var (
	planning  = []string{"account", "profile", "signs-in-to", "from", "country", "platform", "group", "emergency", "skip-compensation", "also-report-only", "also-disabled", "also-secure-registration", "allow-interactive", "allow-unprotected", "partner-tenant", "no-directory", "no-sign-in-log"}
	withApply = []string{"allow-incomplete"}
	onBuiltIn = []string{"json", "timeout", "cloud"}
)

// onTenant are the flags that go with a real tenant alone.
var onTenant = []string{"apply", "verify", "rollback", "journal", "probe", "probe-client", "allow-incomplete"}

// builtInTakes refuses flags that say nothing to the built-in tenants.
func builtInTakes(given map[string]bool) error {
	if name := firstGiven(given, func(name string) bool { return slices.Contains(onTenant, name) }); name != "" {
		return open.Wrong("-%s goes with -tenant: the built-in tenants are changed, verified and rolled back without it", name)
	}
	if name := firstGiven(given, func(name string) bool { return !slices.Contains(onBuiltIn, name) }); name != "" {
		return open.Wrong("-%s goes with -tenant or -load: the built-in tenants take none", name)
	}
	return nil
}

// validate refuses flags that don't go together: one that is ignored would be
// taken for one that is heeded.
func (o *options) validate(given map[string]bool) error {
	if o.BuiltIn() {
		return builtInTakes(given)
	}
	if err := o.together(given); err != nil {
		return err
	}
	if o.planFile != "" && !o.apply {
		if err := newPlanFile(o.planFile); err != nil {
			return err
		}
	}
	return o.ignored(given)
}

// together refuses what is done with a plan and lacks something, or excludes another.
func (o *options) together(given map[string]bool) error {
	journaled := o.apply || o.rollback || o.verify
	switch {
	case o.apply && o.rollback, o.apply && o.verify, o.verify && o.rollback:
		return open.Wrong("-apply, -verify and -rollback exclude each other")
	case journaled && len(o.Folders) > 0:
		return open.Wrong("an export can't be changed, nor verified: name the tenant with -tenant")
	case o.apply && o.journal == "" && o.Account == "" && o.planFile == "":
		return open.Wrong("-apply needs -journal FILE, and what to apply: -account with -profile or -signs-in-to and -from, by which it plans, or -plan FILE; neither where the journal holds the plan already")
	case journaled && o.journal == "":
		return open.Wrong("-journal is needed: it is by the journal that changes are finished, verified and undone")
	case !journaled && o.journal != "":
		return open.Wrong("-journal goes with -apply, -verify or -rollback")
	case (o.rollback || o.verify) && o.planFile != "":
		return open.Wrong("-plan goes with -apply, or with neither: the journal holds the plan")
	case o.probe && !o.apply && !o.verify:
		return open.Wrong("-probe goes with -apply or -verify")
	case given["probe-client"] && !o.probe:
		return open.Wrong("-probe-client goes with -probe")
	case o.probe && strings.TrimSpace(os.Getenv(passwordVariable)) == "":
		return open.Wrong("-probe: the environment variable %s holds no password", passwordVariable)
	case !o.stored() && o.Account == "":
		return open.Wrong("name the account with -account")
	case o.planFile != "" && o.planFile == o.journal:
		return open.Wrong("-plan and -journal name the same file")
	}
	return nil
}

// ignored refuses the first flag, by name, that would not be heeded.
func (o *options) ignored(given map[string]bool) error {
	stored := o.stored()
	name := firstGiven(given, func(name string) bool {
		return stored && slices.Contains(planning, name) || !o.apply && slices.Contains(withApply, name)
	})
	switch {
	case name == "":
		return nil
	case stored:
		return open.Wrong("-%s goes with making a plan: a stored one is taken as it is", name)
	}
	return open.Wrong("-%s goes with -apply", name)
}

// stored says that a plan is there already: that of the journal, or of a file.
func (o *options) stored() bool {
	return o.rollback || o.verify || o.resumes() || o.apply && o.planFile != ""
}

// resumes says that the plan of the journal is to be finished.
func (o *options) resumes() bool { return o.apply && o.planFile == "" && o.Account == "" }

// firstGiven returns the first flag, by name, of which something holds.
func firstGiven(given map[string]bool, holds func(string) bool) string {
	var names []string
	for name := range given {
		if holds(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// exemption turns the command line into the options of a plan.
func (o *options) exemption() mfa.ExemptionOptions {
	return mfa.ExemptionOptions{
		AlsoReportOnly: o.alsoReportOnly, AlsoDisabled: o.alsoDisabled, SkipCompensation: o.skipCompensation,
		EmergencyAccounts: o.emergency, AllowInteractiveAccount: o.allowInteractive, AllowUnprotectedTenant: o.allowUnprotected,
		AlsoSecureRegistration: o.alsoSecureRegistration, PartnerTenant: o.partnerTenant,
	}
}

// inFlags names the flags of this program beside the options of the library of
// which an error speaks.
func inFlags(err error) error { return &flagged{err} }

type flagged struct{ error }

func (f *flagged) Unwrap() error { return f.error }
func (f *flagged) Error() string { return flagNames(f.error.Error()) }

// flagNames puts flags in the place of the library's options.
func flagNames(text string) string {
	return strings.NewReplacer(
		"set SkipCompensation", "give -skip-compensation",
		"set AllowInteractiveAccount", "give -allow-interactive",
		"set AllowUnprotectedTenant", "give -allow-unprotected",
		"set AllowIncomplete", "give -allow-incomplete",
		"AlsoSecureRegistration adds", "-also-secure-registration adds",
		"SignIns and Report.WithEvidence tell it from the sign-in log", "the sign-in log of a real tenant tells it",
		"in the Addresses of the profile", "with -from",
		"the Addresses of the profile", "the addresses of -from",
		"by app ids in the Applications of the profile", "with -signs-in-to or -profile",
	).Replace(text)
}
