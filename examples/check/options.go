package main

import (
	"errors"
	"flag"
	"io"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/mfa"
)

// options are what the command line says.
type options struct {
	open.Source
	signIn    open.SignIn
	json, all bool
}

const usage = `check shows what stands between an account and its non-interactive sign-in:
security defaults, Conditional Access, per-user MFA, Microsoft's mandatory MFA.
It reads, and never changes a tenant.

  check                                         four accounts of a built-in tenant
  check -load DIR -account svc@contoso.com      a folder of exported tenant JSON, offline
  check -tenant ID -account svc@contoso.com     a real tenant, signed in by DefaultAzureCredential:
                                                AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or a
                                                certificate, a managed identity, the Azure CLI;
                                                -tenant stands in for AZURE_TENANT_ID

The judged sign-in is an OAuth password grant from anywhere, with any program, to
any resource; -profile, -from, -country, -platform and -signs-in-to say how the account
really signs in, and may each be given several times. -account takes an object id, a user
principal name or a display name.

A -profile is what a usual client asks tokens for; -from and -platform narrow it:
  graph, exchange, sharepoint    a product that asks for Microsoft Graph, Exchange Online
                                 or SharePoint Online; name each that it asks for
  azure-cli, azure-powershell    az login -u -p, Connect-AzAccount -Credential: for Azure
                                 Resource Manager and Microsoft Graph
Who asks for more, such as the secrets of a key vault, lists all of it by -signs-in-to.

Beside an export, -load wants to know the account: a JSON file in the folder (or
in a second one, given by another -load) with the user as Graph gives it, and
  "transitiveMemberOf": [{"id": "<group id>"}]  all its groups, nested ones too, [] for none
  "transitiveRoleAssignments": [{"roleDefinitionId": "<template id>", "directoryScopeId": "/"}]
  "authentication": {"requirements": {"perUserMfaState": "disabled"}}
and the tenant's security defaults, in SecurityDefaults.json: {"isEnabled": false}.
What the folders don't say is not known, and the report says so.

A real tenant needs the application permissions Policy.Read.All, User.Read.All,
GroupMember.Read.All and RoleManagement.Read.Directory; for more detail also
UserAuthenticationMethod.Read.All, LicenseAssignment.Read.All, Domain.Read.All
and Directory.Read.All.

With -json each report is one JSON document (schema ` + mfa.ReportSchema + `).

Exit status, for one account; the reason stands on stderr:
  0   clear                     1   MFA or a block stands in the way of every sign-in
  2   can't be told, depends on the sign-in, or the account could not be read
  64  usage, or no such account
  69  Graph can't be reached, or gives no token

Flags:
`

// parse reads the command line; what is wrong with it is said on stderr.
func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	o.Flags(flags, 2*time.Minute)
	o.signIn.Flags(flags)
	flags.BoolVar(&o.json, "json", false, "print one JSON document a report")
	flags.BoolVar(&o.all, "all", false, "show the policies that leave the account alone, too")
	err := open.Parse(flags, usage, args, stdout, stderr, func(rest []string) error { return o.validate(rest) })
	return o, err
}

func (o options) validate(rest []string) error {
	return errors.Join(o.Validate(rest), o.signIn.Validate(mfa.MicrosoftAdminPortals))
}

// check turns what the command line says of the sign-in into a profile.
func (o options) check() *mfa.Options {
	profile := o.signIn.Profile()
	return &mfa.Options{Profile: &profile}
}
