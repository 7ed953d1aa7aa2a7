package main

import (
	"errors"
	"flag"
	"io"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
)

// options are what the command line says.
type options struct {
	open.Source
	profiles           open.Profiles
	apps               open.List
	clients, platforms open.List
	from               open.Prefixes
	countries          open.List
	noRisk             bool
	compare            bool
	scenarios          string
}

const usage = `whatif shows what the Conditional Access policies of a tenant do to the sign-ins of
an account, one sign-in or all of them, and why. It reads, and never changes a tenant.

  whatif                                         one account of a built-in tenant: two
                                                 sign-ins, and all of its sign-ins
  whatif -load DIR -account svc@contoso.com      a folder of exported tenant JSON, offline
  whatif -tenant ID -account svc@contoso.com     a real tenant, signed in by DefaultAzureCredential

The judged sign-ins are all OAuth password grants; -profile or -app, -client, -platform,
-from and -country say which of them, and may each be given several times; -no-risk
leaves those at risk out. With one value each it is a single sign-in. An app is an app
id, or graph, exchange, sharepoint, azure. A -profile stands for the apps that a usual
client asks for: azure-cli and azure-powershell for azure and graph, the others for the
one of their name.

With -compare the program asks What If of Microsoft Graph the same (on the built-in
tenant and on an export: an imitation of it) about a list of single sign-ins, holds
its own answers against it, policy by policy, and explains each difference: a known
gap of that API, or a fault. -scenarios names a JSON file with another list:
  [{"name": "Exchange Online from abroad", "signIn": {"addresses": ["198.51.100.7/32"], "countries": ["US"]}}]
A signIn has the members of the Go type policy.SignIn; those that it leaves out are a
password grant to Exchange Online by a modern client on Windows from 203.0.113.7 in
the Netherlands, without any risk.

A real tenant needs the application permissions Policy.Read.All, User.Read.All,
GroupMember.Read.All and RoleManagement.Read.Directory.

Exit status:
  0   allowed; with -compare: all agree but for known gaps
  1   every sign-in is refused or asks for MFA; with -compare: a fault
  2   it can't be told, or depends on the sign-in; with -compare: a sign-in could not be asked about
  64  usage, or no such account
  69  Graph can't be reached, or gives no token
The questions that are asked without flags together give 0.

Flags:
`

// parse reads the command line; what is wrong with it is said on stderr.
func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("whatif", flag.ContinueOnError)
	o.Flags(flags, 2*time.Minute)
	flags.Var(&o.profiles, "profile", "how the account usually signs in, a `name`: graph, exchange, sharepoint, azure-cli or azure-powershell")
	flags.Var(&o.apps, "app", "`resource` that the account signs in to: an app id, graph, exchange, sharepoint or azure")
	flags.Var(&o.clients, "client", "`client` app type: browser, mobileAppsAndDesktopClients, exchangeActiveSync, easSupported or other")
	flags.Var(&o.platforms, "platform", "`platform` that the user agent tells: windows, linux, macOS, android, iOS, unknown")
	flags.Var(&o.from, "from", "`address` or range from which the account signs in")
	flags.Var(&o.countries, "country", "`country` of that address: two letters, or unknown")
	flags.BoolVar(&o.noRisk, "no-risk", false, "mean sign-ins without sign-in, user and insider risk alone")
	flags.BoolVar(&o.compare, "compare", false, "hold the answers against Microsoft's What If")
	flags.StringVar(&o.scenarios, "scenarios", "", "JSON `file` with the sign-ins to compare")
	err := open.Parse(flags, usage, args, stdout, stderr, func(rest []string) error { return o.validate(rest) })
	return o.withDefaults(), err
}

func (o options) validate(rest []string) error {
	switch {
	case o.scenarios != "" && !o.compare:
		return open.Wrong("-scenarios goes with -compare")
	case o.compare && o.narrowed():
		return open.Wrong("-compare takes its sign-ins from -scenarios, not from the other flags")
	}
	return errors.Join(o.Validate(rest), o.profiles.Beside("app", o.apps), o.validateValues())
}

// validateValues refuses words that no policy knows: a typing error would look
// like a sign-in that nothing touches.
func (o options) validateValues() error {
	err := errors.Join(open.Platforms(o.platforms), open.Countries(o.countries),
		open.Word("client", o.clients, "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"))
	if err != nil {
		return err
	}
	for _, app := range o.apps {
		if _, known := appID(app); !known {
			return open.Wrong("-app %s: an app id is wanted, or graph, exchange, sharepoint, azure", app)
		}
	}
	return nil
}

// narrowed says whether the command line says which sign-ins are meant.
func (o options) narrowed() bool {
	return o.profiles.Given() || len(o.apps)+len(o.clients)+len(o.platforms)+len(o.from)+len(o.countries) > 0 || o.noRisk
}

func (o options) withDefaults() options {
	if o.Account == "" {
		o.Account = embeddedAccount
	}
	return o
}

// questions are what the command line asks, or, where it asks nothing of the
// built-in tenant, two sign-ins and all of them.
func (o options) questions() []scenario {
	if o.BuiltIn() && o.Account == embeddedAccount && !o.narrowed() {
		return embeddedQuestions()
	}
	var apps []string
	for _, app := range o.apps {
		id, _ := appID(app)
		apps = append(apps, id)
	}
	s := o.profiles.SignIn(apps)
	s.Addresses, s.Countries, s.Platforms = o.from, o.countries, o.platforms
	if len(o.clients) > 0 {
		s.ClientAppTypes = o.clients
	}
	if o.noRisk {
		s.SignInRiskLevels, s.UserRiskLevels, s.InsiderRiskLevels = []string{"none"}, []string{"none"}, []string{"none"}
	}
	return []scenario{{Name: "The password sign-ins that were asked about", SignIn: s}}
}
