package mfa

import (
	"slices"
	"strings"
)

// AppRegistration is what would replace the account: an application that signs in
// with a certificate, which no policy on users concerns.
// Source: https://learn.microsoft.com/entra/architecture/secure-service-accounts.
type AppRegistration struct {
	Text string `json:"text"`
	// Permissions says for each resource what the application would need.
	Permissions []AppPermission `json:"permissions"`
}

// AppPermission is what an application needs at one resource.
type AppPermission struct {
	ResourceID string `json:"resourceId"`
	Resource   string `json:"resource"`
	// Permissions lists application permissions, the least first; it is empty where
	// only the product knows which of them its calls need. Text says what else is needed.
	Permissions []string `json:"permissions"`
	Text        string   `json:"text"`
}

// appRegistration lists what the resources need that the account signs in to.
func appRegistration(applications []string) AppRegistration {
	a := AppRegistration{
		Text:        "an app registration with a certificate would replace the account: no MFA is asked of it, no password is kept, and what it may do is listed",
		Permissions: []AppPermission{},
	}
	for i, id := range applications {
		a.Permissions = append(a.Permissions, appPermission(id, appNames(applications)[i]))
	}
	return a
}

// with adds the resources that the account signed in to by the log and that the
// profile doesn't name.
func (a AppRegistration) with(signIns *SignInEvidence) AppRegistration {
	if signIns == nil {
		return a
	}
	a.Permissions = slices.Clone(a.Permissions)
	for _, use := range signIns.Uses {
		known := slices.ContainsFunc(a.Permissions, func(p AppPermission) bool { return strings.EqualFold(p.ResourceID, use.ResourceID) })
		if use.ResourceID == "" || use.Successes == 0 || known {
			continue
		}
		p := appPermission(use.ResourceID, use.ResourceName)
		p.Text += "; by the sign-in log the account signs in to it"
		a.Permissions = append(a.Permissions, p)
	}
	return a
}

// appPermission knows the resources that connection accounts use.
// Source: https://learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2,
// https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread,
// https://learn.microsoft.com/entra/identity-platform/howto-create-service-principal-portal.
func appPermission(id, name string) AppPermission {
	p := AppPermission{ResourceID: id, Resource: name, Permissions: []string{}}
	switch strings.ToLower(id) {
	case MicrosoftGraph:
		p.Text = "the application permission of each call that the product makes: the reference of the call names the least; for a check by this library they are those of msgraph.Permissions"
	case ExchangeOnline:
		p.Permissions = []string{"Exchange.ManageAsApp"}
		p.Text = "and a directory role for the service principal, Exchange Administrator or a lesser one"
	case SharePointOnline:
		p.Permissions = []string{"Sites.Selected", "Sites.FullControl.All"}
		p.Text = "Sites.Selected with a grant for each site, where the product works on certain sites"
	case AzureManagement:
		p.Resource, p.Text = "Azure Resource Manager", "no application permission: an Azure role for the service principal at the scopes it works on"
	default:
		p.Text = "the application permissions or app roles that this resource publishes"
	}
	return p
}
