package policy

// How service accounts usually sign in: each profile is PasswordSignIn for the
// resources that its client asks tokens for, and narrower in nothing else. What
// is known besides, the addresses for instance, is the caller's to set.

// GraphSignIn is every password grant for Microsoft Graph. No policy can name
// Graph, which is met through the services behind it: one on certain resources,
// other than Azure management and the admin portals, is Unknown here, not Clear.
// A client with a secret that asks for an ID token signs in to itself too: append
// its app id to Applications.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps.
func GraphSignIn() SignIn { return signInTo(microsoftGraph) }

// ExchangeOnlineSignIn is every password grant for Exchange Online, such as
// Connect-ExchangeOnline -Credential, which modules from July 2026 on don't have
// (MC1248389). It is not basic authentication, a client of the type other, nor
// Connect-IPPSSession, which asks for the compliance service. A client with a
// secret: see GraphSignIn.
// Source: https://learn.microsoft.com/powershell/module/exchange/connect-exchangeonline.
func ExchangeOnlineSignIn() SignIn { return signInTo(exchangeOnline) }

// SharePointSignIn is every password grant for SharePoint Online and OneDrive. It
// is not SharePoint's own sign-in by name and password (IDCRL), which Microsoft
// ended in May 2026 (MC1184649). A program that asks for Microsoft Graph too, as
// some commands of PnP PowerShell do, signs in to both: append the Applications
// of GraphSignIn. A client with a secret: see GraphSignIn.
// Source: https://pnp.github.io/powershell/cmdlets/Connect-PnPOnline.html.
func SharePointSignIn() SignIn { return signInTo(sharePoint) }

// AzureCLISignIn is az login with a user's name and password, a password grant of
// a public client: for Azure Resource Manager, and for Microsoft Graph in commands
// such as az ad. It is not az login by browser, device code, service principal or
// managed identity. Commands on what a resource holds (az keyvault secret, az
// storage with --auth-mode login) and az rest ask for other services: append their
// app ids. Microsoft's mandatory MFA for Azure clients is not Conditional Access:
// mfa.Check has a finding of its own for it.
// Source: https://learn.microsoft.com/cli/azure/authenticate-azure-cli-interactively
// and https://learn.microsoft.com/cli/azure/microsoft-graph-migration.
func AzureCLISignIn() SignIn { return signInTo(azureManagement, microsoftGraph) }

// AzurePowerShellSignIn is Connect-AzAccount with a user's -Credential, a password
// grant of a public client that works in Windows PowerShell 5.1 alone: for Azure
// Resource Manager, and for Microsoft Graph in commands such as Get-AzADUser. What
// AzureCLISignIn leaves out and leaves to mfa.Check, it does too. Microsoft Graph
// PowerShell asks for Graph alone: GraphSignIn.
// Source: https://learn.microsoft.com/powershell/module/az.accounts/connect-azaccount
// and https://learn.microsoft.com/powershell/azure/azps-msgraph-migration-changes.
func AzurePowerShellSignIn() SignIn { return signInTo(azureManagement, microsoftGraph) }

// signInTo is every password grant for these resources.
func signInTo(applications ...string) SignIn {
	s := PasswordSignIn()
	s.Applications = applications
	return s
}
