package policy

import "github.com/entramfa/entramfa"

// Kinds of guests and external users, as guestOrExternalUserTypes names them.
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessguestsorexternalusers.
const (
	InternalGuest          = "internalGuest"
	B2BCollaborationGuest  = "b2bCollaborationGuest"
	B2BCollaborationMember = "b2bCollaborationMember"
	B2BDirectConnectUser   = "b2bDirectConnectUser"
	OtherExternalUser      = "otherExternalUser"
	ServiceProvider        = "serviceProvider"
)

// Subject is the account whose sign-ins are judged, as the user condition of a
// policy sees it. What its zero Values leave missing makes a judgement Unknown
// wherever a policy asks for it.
type Subject struct {
	// ID is the object id of the account.
	ID string
	// Kinds lists the kinds of guest or external user that the account may be:
	// Known and none for an ordinary member of the tenant, several where it can't be
	// told which.
	Kinds entramfa.Value[[]string]
	// HomeTenantID is the home tenant of an external user, empty where it isn't known.
	HomeTenantID string
	// AgentUser says that the account is one of an AI agent, not of a person or a product.
	AgentUser bool
	// Groups holds every group of the account, direct and nested, of every kind.
	Groups entramfa.Value[[]Membership]
	// Roles holds the active directory roles, those held through groups too;
	// EligibleRoles those that count only once they are activated.
	Roles         entramfa.Value[[]RoleAssignment]
	EligibleRoles entramfa.Value[[]RoleAssignment]
}

// Membership is a group of an account.
type Membership struct {
	Group Group
	// Path holds the display names of the groups from the one that names the
	// account to Group; only Group where the way between them isn't known.
	Path []string
	// Nested says that the group is known not to name the account itself.
	Nested bool
}

// Tenant is what a judgement needs beside the account.
type Tenant struct {
	Policies       entramfa.Value[List]
	NamedLocations entramfa.Value[[]NamedLocation]
	Strengths      entramfa.Value[[]AuthenticationStrength]
	// Objects are those of the users and groups named in policies that exist: they
	// give names to a finding, and tell what was deleted. What else is missing here
	// makes a judgement Unknown where a policy depends on it.
	Objects entramfa.Value[[]Principal]
}
