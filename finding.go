package entramfa

// Source is one of the places in Microsoft Entra from which a demand for MFA,
// or a refusal, can come.
type Source string

const (
	// SourceAccount is the account itself: disabled, a guest, federated.
	SourceAccount Source = "account"
	// SourceSecurityDefaults is the tenant's security defaults.
	SourceSecurityDefaults Source = "securityDefaults"
	// SourceConditionalAccess is one Conditional Access policy, or the list of them when it could not be read.
	SourceConditionalAccess Source = "conditionalAccess"
	// SourcePerUserMFA is the legacy per-user MFA state.
	SourcePerUserMFA Source = "perUserMFA"
	// SourceMandatoryMFA is the MFA that Microsoft demands for its admin portals and for Azure Resource Manager.
	SourceMandatoryMFA Source = "mandatoryMFA"
	// SourcePartner is Microsoft's requirement that every account of a partner's own tenant has MFA.
	SourcePartner Source = "partnerRequirement"
)

// Finding is what one source does to one account's non-interactive sign-in.
// A finding is data, never an error: a finding that could not be made is one
// whose Outcome is Unknown and whose Missing says why.
type Finding struct {
	// Source names the kind of source; ID and Name the very one: for a
	// Conditional Access policy its object id and display name.
	Source Source `json:"source"`
	ID     string `json:"id,omitempty"`
	Name   string `json:"name"`

	Outcome Outcome `json:"outcome"`
	Extent  Extent  `json:"extent"`

	// Demands holds what is demanded of the sign-in, in Graph's words: mfa,
	// compliantDevice, authenticationStrength, block.
	Demands []string `json:"demands,omitempty"`
	// Reasons says why, in the order in which a person would check it.
	Reasons []Reason `json:"reasons"`
	// Caveats hold what the finding rests on and what no public document confirms.
	Caveats []string `json:"caveats,omitempty"`
	// Missing names what was not known. It is never empty when Outcome is Unknown.
	Missing []string `json:"missing,omitempty"`
	// Advice says what to do, the first entry first.
	Advice []Advice `json:"advice,omitempty"`
}

// Reason is one step of the explanation of a finding.
type Reason struct {
	// Condition is what was looked at, in Graph's words where it has one:
	// state, users, groups, roles, applications, grantControls.
	Condition string `json:"condition"`
	// Text says in a sentence what was found there.
	Text string `json:"text"`
	// Path leads from the account to the group or role that decided, by display
	// name; for a role held through a group the group stands before the role.
	// It is empty where the account itself is named.
	Path []string `json:"path,omitempty"`
}

// Action is the kind of an Advice. The values never change their meaning.
type Action string

const (
	// ActionNone: nothing has to be done.
	ActionNone Action = "none"
	// ActionExclude: exclude the account from the Conditional Access policy.
	ActionExclude Action = "excludeFromPolicy"
	// ActionReplaceSecurityDefaults: put policies in the place of security defaults, which exclude nobody.
	ActionReplaceSecurityDefaults Action = "replaceSecurityDefaults"
	// ActionDisablePerUserMFA: set the account's per-user MFA state to disabled.
	ActionDisablePerUserMFA Action = "disablePerUserMFA"
	// ActionUseApplication: replace the account by an app registration with a certificate.
	ActionUseApplication Action = "useApplication"
	// ActionGrant: give the checking identity the permission that was missing.
	ActionGrant Action = "grantPermission"
	// ActionCheckAgain: the service could not answer; ask again later.
	ActionCheckAgain Action = "checkAgain"
	// ActionReview: a person has to look at something that can't be told from here.
	ActionReview Action = "review"
	// ActionEnable: enable the account.
	ActionEnable Action = "enableAccount"
)

// Advice is something to do about a finding.
type Advice struct {
	Action Action `json:"action"`
	Text   string `json:"text"`
}
