package graphfake

import (
	"net/url"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

// resourceHosts gives the hosts by which programs ask for a token their app ids.
// Source: https://learn.microsoft.com/graph/deployments and
// https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in.
var resourceHosts = map[string]string{
	"graph.microsoft.com":              mfa.MicrosoftGraph,
	"graph.microsoft.us":               mfa.MicrosoftGraph,
	"dod-graph.microsoft.us":           mfa.MicrosoftGraph,
	"microsoftgraph.chinacloudapi.cn":  mfa.MicrosoftGraph,
	"graph.windows.net":                azureADGraph,
	"outlook.office365.com":            mfa.ExchangeOnline,
	"outlook.office.com":               mfa.ExchangeOnline,
	"outlook.office365.us":             mfa.ExchangeOnline,
	"partner.outlook.cn":               mfa.ExchangeOnline,
	"management.azure.com":             mfa.AzureManagement,
	"management.core.windows.net":      mfa.AzureManagement,
	"management.usgovcloudapi.net":     mfa.AzureManagement,
	"management.chinacloudapi.cn":      mfa.AzureManagement,
	"management.core.chinacloudapi.cn": mfa.AzureManagement,
	"vault.azure.net":                  "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
	"storage.azure.com":                "e406a681-f3d4-42a8-90b6-c2b029497af1",
	"manage.office.com":                "c5393580-f805-4401-95e8-94b7a6ef2fc2",
}

const azureADGraph = "00000002-0000-0000-c000-000000000000"

// sharePointHosts are how the hosts of SharePoint end, one of each tenant.
var sharePointHosts = []string{".sharepoint.com", ".sharepoint.us", ".sharepoint.cn", ".sharepoint-mil.us"}

// resourceNames are the display names that the sign-in log gives resources.
var resourceNames = map[string]string{
	mfa.MicrosoftGraph:   "Microsoft Graph",
	mfa.ExchangeOnline:   "Office 365 Exchange Online",
	mfa.SharePointOnline: "Office 365 SharePoint Online",
	mfa.AzureManagement:  "Windows Azure Service Management API",
	azureADGraph:         "Windows Azure Active Directory",
}

// openIDScopes name no resource.
var openIDScopes = []string{"openid", "profile", "email", "offline_access"}

// tokenResource is what a token is asked for: as the request writes it, and by app id.
type tokenResource struct{ audience, appID string }

// resourceOf reads which resource a request is for; the base of the fake itself is
// Microsoft Graph, as clients with a cloud of their own ask for it.
func resourceOf(form url.Values, base string) (tokenResource, *signInFailure) {
	if asked := form.Get("resource"); asked != "" {
		return knownResource(asked, base)
	}
	var found *tokenResource
	for scope := range strings.FieldsSeq(form.Get("scope")) {
		if containsFold(openIDScopes, scope) {
			continue
		}
		r, failure := knownResource(audienceOfScope(scope), base)
		switch {
		case failure != nil:
			return r, failure
		case found != nil && found.appID != r.appID:
			return r, refuseSignIn(700022, "invalid_request", "The provided value for the input parameter scope is not valid because it contains more than one resource.")
		}
		found = &r
	}
	if found == nil {
		return knownResource(graphURI, base)
	}
	return *found, nil
}

const graphURI = "https://graph.microsoft.com"

// audienceOfScope returns the resource before the last part of a scope; a bare
// permission is one of Microsoft Graph.
func audienceOfScope(scope string) string {
	at := strings.LastIndex(scope, "/")
	if at < 0 || !strings.Contains(scope, "://") && !guid.Is(scope[:at]) {
		return graphURI
	}
	return strings.TrimRight(scope[:at], "/")
}

// knownResource returns a resource, or the refusal of one that the tenant has no service principal of.
func knownResource(asked, base string) (tokenResource, *signInFailure) {
	if id := appIDOf(strings.TrimRight(asked, "/"), base); id != "" {
		return tokenResource{asked, id}, nil
	}
	return tokenResource{}, refuseSignIn(500011, "invalid_resource", "The resource principal named %s was not found in the tenant.", asked)
}

// appIDOf gives the app id of an address; "" where none is known.
func appIDOf(asked, base string) string {
	if id := strings.TrimPrefix(asked, "api://"); guid.Is(id) {
		return strings.ToLower(id)
	}
	parsed, err := url.Parse(asked)
	if err != nil || parsed.Host == "" || parsed.Scheme == "api" {
		return ""
	}
	if strings.EqualFold(parsed.Scheme+"://"+parsed.Host, base) {
		return mfa.MicrosoftGraph
	}
	host := strings.ToLower(parsed.Hostname())
	for _, suffix := range sharePointHosts {
		if strings.HasSuffix(host, suffix) {
			return mfa.SharePointOnline
		}
	}
	return resourceHosts[host]
}
