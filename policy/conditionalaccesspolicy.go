package policy

import (
	"encoding/json"

	"github.com/entramfa/entramfa/internal/openjson"
)

// State is the state of a policy. A value that Microsoft adds later stays what it was.
type State string

const (
	// StateEnabled: the policy is enforced.
	StateEnabled State = "enabled"
	// StateDisabled: the policy is ignored.
	StateDisabled State = "disabled"
	// StateReportOnly: the policy is evaluated and logged, and not enforced.
	StateReportOnly State = "enabledForReportingButNotEnforced"
)

// Policy is a Conditional Access policy as Graph gives it, in v1.0 and in beta:
// the resource conditionalAccessPolicy
// (https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy).
//
// It round-trips: a policy that was decoded encodes to the same JSON, with the
// members and enumeration values that this package doesn't know, in the same
// order. Times are RFC 3339 texts as Graph writes them. A policy is never
// written back whole: an update is a PATCH of the members that change.
type Policy struct {
	ID               string           `json:"id"`
	TemplateID       *string          `json:"templateId"`
	DisplayName      string           `json:"displayName"`
	CreatedDateTime  *string          `json:"createdDateTime"`
	ModifiedDateTime *string          `json:"modifiedDateTime"`
	DeletedDateTime  *string          `json:"deletedDateTime"`
	State            State            `json:"state"`
	Conditions       *Conditions      `json:"conditions"`
	GrantControls    *GrantControls   `json:"grantControls"`
	SessionControls  *SessionControls `json:"sessionControls"`

	members openjson.Members
}

// Conditions decide which sign-ins a policy applies to: all of them have to match.
type Conditions struct {
	ClientAppTypes             []string             `json:"clientAppTypes"`
	SignInRiskLevels           []string             `json:"signInRiskLevels"`
	UserRiskLevels             []string             `json:"userRiskLevels"`
	ServicePrincipalRiskLevels []string             `json:"servicePrincipalRiskLevels"`
	InsiderRiskLevels          *Flags               `json:"insiderRiskLevels"`
	AgentIDRiskLevels          *Flags               `json:"agentIdRiskLevels"` // beta
	Applications               *Applications        `json:"applications"`
	Users                      *Users               `json:"users"`
	ClientApplications         *ClientApplications  `json:"clientApplications"`
	Platforms                  *Platforms           `json:"platforms"`
	Locations                  *Locations           `json:"locations"`
	Devices                    *Devices             `json:"devices"`
	DeviceStates               *DeviceStates        `json:"deviceStates"` // beta, retired
	AuthenticationFlows        *AuthenticationFlows `json:"authenticationFlows"`
	Agents                     *Agents              `json:"agents"` // beta

	members openjson.Members
}

// Users is the user condition. Exclusion wins over inclusion. Graph sends every
// list, be it empty: a condition that was decoded and lacks one of the inclusions
// was read in part, and whom it includes isn't known.
type Users struct {
	// IncludeUsers and ExcludeUsers hold object ids, or All, None, GuestsOrExternalUsers.
	IncludeUsers []string `json:"includeUsers"`
	ExcludeUsers []string `json:"excludeUsers"`
	// IncludeGroups and ExcludeGroups hold object ids of groups of any kind; members of nested groups count.
	IncludeGroups []string `json:"includeGroups"`
	ExcludeGroups []string `json:"excludeGroups"`
	// IncludeRoles and ExcludeRoles hold template ids of built-in directory roles.
	IncludeRoles []string `json:"includeRoles"`
	ExcludeRoles []string `json:"excludeRoles"`

	IncludeGuestsOrExternalUsers *GuestsOrExternalUsers `json:"includeGuestsOrExternalUsers"`
	ExcludeGuestsOrExternalUsers *GuestsOrExternalUsers `json:"excludeGuestsOrExternalUsers"`

	members openjson.Members
}

// GuestsOrExternalUsers names kinds of guests and external users, of all or of
// listed tenants.
type GuestsOrExternalUsers struct {
	GuestOrExternalUserTypes Flags            `json:"guestOrExternalUserTypes"`
	ExternalTenants          *ExternalTenants `json:"externalTenants"`

	members openjson.Members
}

// ExternalTenants is the home tenants that GuestsOrExternalUsers means; nil means all.
type ExternalTenants struct {
	// MembershipKind is all or enumerated; Members are tenant ids.
	MembershipKind string   `json:"membershipKind"`
	Members        []string `json:"members"`

	members openjson.Members
}

// Applications is the condition on target resources.
type Applications struct {
	// IncludeApplications holds app ids, or All, None, Office365, MicrosoftAdminPortals.
	IncludeApplications []string `json:"includeApplications"`
	ExcludeApplications []string `json:"excludeApplications"`
	// IncludeUserActions holds urn:user:registersecurityinfo or urn:user:registerdevice.
	IncludeUserActions []string `json:"includeUserActions"`
	// IncludeAuthenticationContextClassReferences holds c1 to c99.
	IncludeAuthenticationContextClassReferences []string `json:"includeAuthenticationContextClassReferences"`
	ApplicationFilter                           *Filter  `json:"applicationFilter"`

	members openjson.Members
}

// Filter is a rule over properties, as of devices or applications.
type Filter struct {
	// Mode is include or exclude.
	Mode string `json:"mode"`
	Rule string `json:"rule"`

	members openjson.Members
}

// ClientApplications is the condition on workload identities; it concerns no user.
type ClientApplications struct {
	IncludeServicePrincipals        []string `json:"includeServicePrincipals"`
	ExcludeServicePrincipals        []string `json:"excludeServicePrincipals"`
	ServicePrincipalFilter          *Filter  `json:"servicePrincipalFilter"`
	IncludeAgentIDServicePrincipals []string `json:"includeAgentIdServicePrincipals"` // beta
	ExcludeAgentIDServicePrincipals []string `json:"excludeAgentIdServicePrincipals"` // beta
	AgentIDServicePrincipalFilter   *Filter  `json:"agentIdServicePrincipalFilter"`   // beta

	members openjson.Members
}

// Platforms is the condition on the device platform, which comes unverified from the user agent.
type Platforms struct {
	IncludePlatforms []string `json:"includePlatforms"`
	ExcludePlatforms []string `json:"excludePlatforms"`

	members openjson.Members
}

// Locations is the condition on named locations: ids, All, AllTrusted, or the
// zero GUID, which stands for the trusted IPs of the legacy MFA settings.
type Locations struct {
	IncludeLocations []string `json:"includeLocations"`
	ExcludeLocations []string `json:"excludeLocations"`

	members openjson.Members
}

// Devices is the condition on devices.
type Devices struct {
	DeviceFilter        *Filter  `json:"deviceFilter"`
	IncludeDevices      []string `json:"includeDevices"`      // beta, retired
	ExcludeDevices      []string `json:"excludeDevices"`      // beta, retired
	IncludeDeviceStates []string `json:"includeDeviceStates"` // beta, retired
	ExcludeDeviceStates []string `json:"excludeDeviceStates"` // beta, retired

	members openjson.Members
}

// DeviceStates is the retired form of Devices.
type DeviceStates struct {
	IncludeStates []string `json:"includeStates"`
	ExcludeStates []string `json:"excludeStates"`

	members openjson.Members
}

// AuthenticationFlows is the condition on how a sign-in was handed over.
type AuthenticationFlows struct {
	// TransferMethods is deviceCodeFlow, authenticationTransfer, or both.
	TransferMethods *Flags `json:"transferMethods"`

	members openjson.Members
}

// Agents is the condition on agent users; it concerns no other account.
type Agents struct {
	IncludeAgentUsers []string `json:"includeAgentUsers"`
	ExcludeAgentUsers []string `json:"excludeAgentUsers"`

	members openjson.Members
}

// GrantControls is what a policy demands before it grants access.
type GrantControls struct {
	// Operator is AND or OR; a lone strength may stand without.
	Operator                    *string                 `json:"operator"`
	BuiltInControls             []string                `json:"builtInControls"`
	CustomAuthenticationFactors []string                `json:"customAuthenticationFactors"`
	TermsOfUse                  []string                `json:"termsOfUse"`
	AuthenticationStrength      *AuthenticationStrength `json:"authenticationStrength"`

	members openjson.Members
}

// AuthenticationStrength is an authenticationStrengthPolicy: the combinations
// of methods that satisfy it.
type AuthenticationStrength struct {
	ID                    string  `json:"id"`
	CreatedDateTime       *string `json:"createdDateTime"`
	ModifiedDateTime      *string `json:"modifiedDateTime"`
	DisplayName           string  `json:"displayName"`
	Description           *string `json:"description"`
	PolicyType            string  `json:"policyType"`
	RequirementsSatisfied Flags   `json:"requirementsSatisfied"`
	// AllowedCombinations holds one text a combination, its methods joined by commas.
	AllowedCombinations []Flags `json:"allowedCombinations"`

	members openjson.Members
}

// SessionControls limits a session that was granted. It demands no second
// factor by itself. What stands in it is kept and not judged by this package.
type SessionControls struct {
	ApplicationEnforcedRestrictions json.RawMessage `json:"applicationEnforcedRestrictions"`
	CloudAppSecurity                json.RawMessage `json:"cloudAppSecurity"`
	PersistentBrowser               json.RawMessage `json:"persistentBrowser"`
	SignInFrequency                 json.RawMessage `json:"signInFrequency"`
	SecureSignInSession             json.RawMessage `json:"secureSignInSession"`
	ContinuousAccessEvaluation      json.RawMessage `json:"continuousAccessEvaluation"` // beta
	DisableResilienceDefaults       *bool           `json:"disableResilienceDefaults"`

	members openjson.Members
}
