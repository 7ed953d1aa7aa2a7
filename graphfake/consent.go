package graphfake

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
)

// wellKnownClients are public clients of Microsoft that every tenant knows, with the
// permissions for Graph that /.default gives their tokens. To whatever else they ask
// for an administrator is taken to have consented; an Application with the id says otherwise.
// Source: https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in.
var wellKnownClients = map[string][]string{
	"14d82eec-204b-4c2f-b7e8-296a70dab67e": {"User.Read"}, // Microsoft Graph Command Line Tools
	mfa.AzureCLI:                           {"AuditLog.Read.All", "Directory.AccessAsUser.All", "Group.ReadWrite.All", "User.ReadWrite.All"},
	mfa.AzurePowerShell:                    {"AuditLog.Read.All", "Directory.AccessAsUser.All"},
	"de8bc8b5-d9f9-48b1-a8ad-b748da725064": {"User.Read"}, // Graph Explorer
	"d3590ed6-52b3-4102-aeff-aad2292ab01c": {"User.Read"}, // Microsoft Office
	"aebc6443-996d-45c2-90f0-388ff96faa56": {"User.Read"}, // Visual Studio Code
	"1b730954-1685-4b74-9bfd-dac224a7b894": {"User.Read"}, // Azure Active Directory PowerShell
	"a0c73c16-a7e3-4564-9a95-2bdf47383716": {"User.Read"}, // Exchange Online PowerShell
	"fb78d390-0c51-40cd-8e17-fdbfab77341b": {"User.Read"}, // Exchange REST API based PowerShell
	"9bc3ab49-b65d-410a-85ad-de819febfddc": {"User.Read"}, // SharePoint Online Management Shell
	"12128f48-ec9e-42f0-b203-ea49fb6af367": {"User.Read"}, // Microsoft Teams PowerShell
}

// client finds the application that asks for tokens.
func (t *Tenant) client(id string) (application Application, registered bool, failure *signInFailure) {
	t.mu.Lock()
	application, registered = t.directory.client(id)
	t.mu.Unlock()
	if _, known := wellKnownClients[fold(id)]; !registered && !known {
		return application, false, refuseSignIn(700016, "unauthorized_client",
			"Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", id, t.ID())
	}
	return application, registered, nil
}

// confidential returns an application that has proved who it is.
func (t *Tenant) confidential(form url.Values, endpoint string) (Application, *signInFailure) {
	application, registered, failure := t.client(form.Get("client_id"))
	switch {
	case failure != nil:
		return application, failure
	case !registered:
		return application, refuseSignIn(700025, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
	}
	return application, t.checkCredential(application, form, endpoint)
}

// scopes are the permissions among what a request asks for, without the resource
// before them, and what it asks for of OpenID Connect.
func (s signIn) scopes() (permissions, openID []string) {
	for scope := range strings.FieldsSeq(s.scope) {
		if containsFold(openIDScopes, scope) {
			openID = append(openID, scope)
			continue
		}
		permissions = append(permissions, scope[strings.LastIndex(scope, "/")+1:])
	}
	return permissions, openID
}

// checkScope refuses a scope that can't be one.
// Source: https://www.rfc-editor.org/rfc/rfc6749#section-3.3.
func checkScope(scope string) *signInFailure {
	var resources, defaults int
	for one := range strings.FieldsSeq(scope) {
		if strings.ContainsFunc(one, func(r rune) bool { return r < '!' || r > '~' || r == '"' || r == '\\' }) {
			return refuseSignIn(70011, "invalid_scope", "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", scope)
		}
		if !containsFold(openIDScopes, one) {
			resources++
		}
		if strings.HasSuffix(one, "/.default") || one == ".default" {
			defaults++
		}
	}
	if defaults > 0 && resources > defaults {
		return refuseSignIn(70011, "invalid_scope", "The provided value for the input parameter 'scope' is not valid. .default scope can't be combined with resource-specific scopes.")
	}
	return nil
}

// consented returns the delegated permissions of a token. Those for Graph are looked
// at; of another resource whatever is asked for is taken to be consented to.
func (t *Tenant) consented(s signIn) ([]string, *signInFailure) {
	asked, openID := s.scopes()
	openID = slices.DeleteFunc(openID, func(scope string) bool { return strings.EqualFold(scope, "offline_access") })
	all := s.older || slices.Contains(asked, ".default")
	asked = slices.DeleteFunc(asked, func(scope string) bool { return scope == ".default" })
	if s.resource.appID != mfa.MicrosoftGraph {
		if len(asked) == 0 {
			asked = []string{"user_impersonation"}
		}
		return asked, nil
	}
	application, registered, failure := t.client(s.clientID)
	switch {
	case failure != nil:
		return nil, failure
	case registered && (all && len(application.Scopes) == 0 || slices.ContainsFunc(asked, func(scope string) bool { return !containsFold(application.Scopes, scope) })):
		failure := refuseSignIn(65001, "invalid_grant", "The user or administrator has not consented to use the application with ID '%s'. Send an interactive authorization request for this user and resource.", application.ID)
		failure.suberror = "consent_required"
		return nil, failure
	case registered: // a token holds all that was consented to, whatever was asked for
		asked = application.Scopes
	case all || len(asked) == 0:
		asked = wellKnownClients[fold(s.clientID)]
	}
	return append(slices.Clone(asked), openID...), nil
}

// capable is the capability of a client that understands a claims challenge.
const capable = "cp1"

// capabilities reads what a client says in the parameter claims of itself.
// Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge.
func capabilities(text string) ([]string, *signInFailure) {
	if text == "" {
		return nil, nil
	}
	var asked struct {
		AccessToken struct {
			Capabilities struct {
				Values texts `json:"values"`
			} `json:"xms_cc"`
		} `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &asked); err != nil {
		return nil, malformed()
	}
	return asked.AccessToken.Capabilities.Values, nil
}

// texts is a list of texts, of which one may stand alone.
type texts []string

// UnmarshalJSON reads either.
func (l *texts) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = texts{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}
