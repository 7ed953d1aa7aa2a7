package policy

import "context"

// The What If API of Conditional Access:
// https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate.
//
//   - It is asked about one sign-in of one identity and answers every policy
//     with whether it applies, and if not, with the first reason found.
//   - What the question leaves out takes a default, about which the documents
//     disagree, or is answered notEnoughInformation: so every condition is sent.
//   - It says which policies apply, not what comes of them, and nothing about
//     security defaults, per-user MFA or Microsoft's mandatory MFA.

// Evaluator asks a tenant what its policies would do to a sign-in.
type Evaluator interface {
	// WhatIf returns what Microsoft's own What If says of each policy, all of
	// them or an error. It changes nothing. It needs Policy.Read.ConditionalAccess
	// or Policy.Read.All.
	WhatIf(ctx context.Context, question WhatIf) ([]WhatIfResult, error)
}

// WhatIf is a question to the What If API: would the policies apply to this
// sign-in? NewWhatIf makes one.
type WhatIf struct {
	SignInIdentity   WhatIfIdentity   `json:"signInIdentity"`
	SignInContext    WhatIfContext    `json:"signInContext"`
	SignInConditions WhatIfConditions `json:"signInConditions"`
	// AppliedPoliciesOnly leaves the policies that don't apply out of the answer,
	// and with them the reasons.
	AppliedPoliciesOnly bool `json:"appliedPoliciesOnly"`
}

// The kinds of WhatIfIdentity and WhatIfContext, as @odata.type names them.
const (
	UserSignIn             = "#microsoft.graph.userSignIn"
	ServicePrincipalSignIn = "#microsoft.graph.servicePrincipalSignIn"

	ApplicationContext           = "#microsoft.graph.applicationContext"
	AuthenticationContextContext = "#microsoft.graph.authContext"
	UserActionContext            = "#microsoft.graph.userActionContext"
)

// WhatIfIdentity is who signs in; Type tells which kind of identity, and a kind
// leaves the fields of the others empty.
// Source: https://learn.microsoft.com/graph/api/resources/signinidentity.
type WhatIfIdentity struct {
	Type string `json:"@odata.type"`
	// UserID is the object id of a user. ExternalUserType and ExternalTenantID
	// are for guests and external users.
	UserID           string `json:"userId,omitempty"`
	ExternalTenantID string `json:"externalTenantId,omitempty"`
	ExternalUserType string `json:"externalUserType,omitempty"`
	// ServicePrincipalID is the object id of a service principal.
	ServicePrincipalID string `json:"servicePrincipalId,omitempty"`
}

// WhatIfContext is what the sign-in is for; Type tells which kind, and a kind
// leaves the fields of the others empty. The API takes one: it can't be asked
// about an application that wants an authentication context.
// Source: https://learn.microsoft.com/graph/api/resources/signincontext.
type WhatIfContext struct {
	Type string `json:"@odata.type"`
	// IncludeApplications holds app ids of resources. The groups Office365 and
	// MicrosoftAdminPortals are not resolved.
	IncludeApplications []string `json:"includeApplications,omitempty"`
	// AuthenticationContextValue is one of c1 to c99.
	AuthenticationContextValue string `json:"authenticationContextValue,omitempty"`
	// UserAction is registerSecurityInformation or registerOrJoinDevices.
	UserAction string `json:"userAction,omitempty"`
}

// WhatIfConditions is how the identity signs in. Every member is sent, for the
// defaults are documented in two ways: a nil one as null, and one that was left
// empty as a word that the API doesn't have.
// Source: https://learn.microsoft.com/graph/api/resources/signinconditions.
type WhatIfConditions struct {
	ClientAppType  string `json:"clientAppType"`
	DevicePlatform string `json:"devicePlatform"`
	IPAddress      string `json:"ipAddress"`
	// Country is two letters of ISO 3166, nil for an address whose country isn't known.
	Country                   *string           `json:"country"`
	SignInRiskLevel           string            `json:"signInRiskLevel"`
	UserRiskLevel             string            `json:"userRiskLevel"`
	ServicePrincipalRiskLevel string            `json:"servicePrincipalRiskLevel"`
	InsiderRiskLevel          string            `json:"insiderRiskLevel"`
	AuthenticationFlow        WhatIfFlow        `json:"authenticationFlow"`
	DeviceInfo                *WhatIfDeviceInfo `json:"deviceInfo"`
}

// WhatIfFlow is how the sign-in was handed over.
type WhatIfFlow struct {
	// TransferMethod is none, deviceCodeFlow or authenticationTransfer.
	TransferMethod string `json:"transferMethod"`
}

// WhatIfDeviceInfo is the registered device of a sign-in; the zero one is a
// device that isn't registered.
// Source: https://learn.microsoft.com/graph/api/resources/deviceinfo.
type WhatIfDeviceInfo struct {
	DeviceID               string   `json:"deviceId,omitempty"`
	DisplayName            string   `json:"displayName,omitempty"`
	EnrollmentProfileName  string   `json:"enrollmentProfileName,omitempty"`
	ExtensionAttribute1    string   `json:"extensionAttribute1,omitempty"`
	ExtensionAttribute2    string   `json:"extensionAttribute2,omitempty"`
	ExtensionAttribute3    string   `json:"extensionAttribute3,omitempty"`
	ExtensionAttribute4    string   `json:"extensionAttribute4,omitempty"`
	ExtensionAttribute5    string   `json:"extensionAttribute5,omitempty"`
	ExtensionAttribute6    string   `json:"extensionAttribute6,omitempty"`
	ExtensionAttribute7    string   `json:"extensionAttribute7,omitempty"`
	ExtensionAttribute8    string   `json:"extensionAttribute8,omitempty"`
	ExtensionAttribute9    string   `json:"extensionAttribute9,omitempty"`
	ExtensionAttribute10   string   `json:"extensionAttribute10,omitempty"`
	ExtensionAttribute11   string   `json:"extensionAttribute11,omitempty"`
	ExtensionAttribute12   string   `json:"extensionAttribute12,omitempty"`
	ExtensionAttribute13   string   `json:"extensionAttribute13,omitempty"`
	ExtensionAttribute14   string   `json:"extensionAttribute14,omitempty"`
	ExtensionAttribute15   string   `json:"extensionAttribute15,omitempty"`
	IsCompliant            *bool    `json:"isCompliant,omitempty"`
	Manufacturer           string   `json:"manufacturer,omitempty"`
	MDMAppID               string   `json:"mdmAppId,omitempty"`
	Model                  string   `json:"model,omitempty"`
	OperatingSystem        string   `json:"operatingSystem,omitempty"`
	OperatingSystemVersion string   `json:"operatingSystemVersion,omitempty"`
	Ownership              string   `json:"ownership,omitempty"`
	PhysicalIDs            []string `json:"physicalIds,omitempty"`
	ProfileType            string   `json:"profileType,omitempty"`
	SystemLabels           []string `json:"systemLabels,omitempty"`
	TrustType              string   `json:"trustType,omitempty"`
}
