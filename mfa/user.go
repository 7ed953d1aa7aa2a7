package mfa

import "github.com/entramfa/entramfa/internal/openjson"

// User is an account as Graph gives it, with the members that a check looks at.
// A nil member was not in the answer, or is null there. It round-trips: unknown
// members are kept, but for a password.
// Source: https://learn.microsoft.com/graph/api/resources/user.
type User struct {
	// Type is #microsoft.graph.agentUser for the account of an AI agent, and mostly absent else.
	Type              string `json:"@odata.type"`
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	AccountEnabled    *bool  `json:"accountEnabled"`
	// UserType is Member or Guest.
	UserType *string `json:"userType"`
	// CreationType is Invitation for an account that was invited; ExternalUserState
	// is set for such an account.
	CreationType      *string `json:"creationType"`
	ExternalUserState *string `json:"externalUserState"`
	// OnPremisesSyncEnabled is true while the account comes from an on-premises directory.
	OnPremisesSyncEnabled *bool `json:"onPremisesSyncEnabled"`
	// PasswordPolicies may hold DisablePasswordExpiration.
	PasswordPolicies           *string `json:"passwordPolicies"`
	LastPasswordChangeDateTime *string `json:"lastPasswordChangeDateTime"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (u *User) UnmarshalJSON(text []byte) error {
	members, err := openjson.Decode(text, u)
	u.members = members.Without("passwordProfile", "password")
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (u User) MarshalJSON() ([]byte, error) { return openjson.Encode(u, u.members) }
