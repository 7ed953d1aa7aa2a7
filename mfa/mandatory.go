package mfa

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
)

// App ids of resources and clients that a service account signs in to.
const (
	MicrosoftGraph   = "00000003-0000-0000-c000-000000000000"
	ExchangeOnline   = "00000002-0000-0ff1-ce00-000000000000"
	SharePointOnline = "00000003-0000-0ff1-ce00-000000000000"
	// AzureManagement is Azure Resource Manager, with the portal, the CLI and PowerShell.
	AzureManagement = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	// AzurePortal is the Azure portal with the Entra and Intune admin centers.
	AzurePortal = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
	// AzureCLI and AzurePowerShell write to Azure Resource Manager.
	AzureCLI        = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	AzurePowerShell = "1950a258-227b-4e31-a9cf-717495945fc2"
	azureMobileApp  = "0c1307d4-29d6-4389-a11c-5cbe7f65d7fa"
	// MicrosoftAdminPortals is the group that Conditional Access knows by this name.
	MicrosoftAdminPortals = "MicrosoftAdminPortals"
)

// judgeMandatory says what Microsoft's mandatory MFA does, by what the account
// signs in to. It is kept apart from Conditional Access: no exclusion helps.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication.
func judgeMandatory(applications []string) entramfa.Finding {
	f := entramfa.Finding{Source: entramfa.SourceMandatoryMFA, Name: "Microsoft's mandatory MFA"}
	portals, azure := false, false
	for _, id := range applications {
		portals = portals || containsFold([]string{AzurePortal, MicrosoftAdminPortals}, id)
		azure = azure || managesAzure(id)
	}
	odd := slices.DeleteFunc(slices.Clone(applications), func(id string) bool { return guid.Is(id) || strings.EqualFold(id, MicrosoftAdminPortals) })
	app := advise(entramfa.ActionUseApplication, "no exclusion is possible: use a workload identity, an app registration or a managed identity, which it does not concern")
	switch {
	case portals:
		f.Outcome, f.Extent, f.Demands = entramfa.MFA, entramfa.Always, []string{"mfa"}
		f.Reasons = reasons("applications", "the account signs in to an admin portal, which wants MFA of every user")
		f.Advice = app
	case azure:
		f.Outcome, f.Extent, f.Demands = entramfa.MFA, entramfa.Sometimes, []string{"mfa"}
		f.Reasons = reasons("applications", "the account manages Azure resources: to create, update or delete them wants MFA, to read them doesn't")
		f.Advice = app
	case len(odd) > 0:
		f.Missing = []string{fmt.Sprintf("what %s is: it is no app id", strings.Join(odd, ", "))}
		f.Reasons = reasons("applications", "what the account signs in to is not known")
		f.Advice = advise(entramfa.ActionReview, "name what the account signs in to by app ids")
	default:
		f.Outcome, f.Extent = entramfa.Clear, entramfa.Never
		f.Reasons = reasons("applications", "it concerns the admin portals and Azure Resource Manager, not "+strings.Join(appNames(applications), ", "))
		f.Advice = advise(entramfa.ActionNone, "nothing, unless the account manages Azure resources or opens an admin portal")
	}
	return f
}

// managesAzure says whether an app is Azure Resource Manager or a client that
// does nothing else.
func managesAzure(id string) bool {
	return containsFold([]string{AzureManagement, AzureCLI, AzurePowerShell, azureMobileApp}, id)
}

func appNames(ids []string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		switch strings.ToLower(id) {
		case MicrosoftGraph:
			names[i] = "Microsoft Graph"
		case ExchangeOnline:
			names[i] = "Exchange Online"
		case SharePointOnline:
			names[i] = "SharePoint Online"
		default:
			names[i] = id
		}
	}
	return names
}
