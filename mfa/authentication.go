package mfa

import "github.com/entramfa/entramfa/internal/openjson"

// PerUserState is the legacy per-user MFA state.
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates.
type PerUserState string

const (
	// PerUserDisabled: this source asks for nothing.
	PerUserDisabled PerUserState = "disabled"
	// PerUserEnabled: the account must register at its next modern sign-in; legacy protocols still take the password.
	PerUserEnabled PerUserState = "enabled"
	// PerUserEnforced: MFA at every sign-in.
	PerUserEnforced PerUserState = "enforced"
)

// Requirements is Graph's strongAuthenticationRequirements of a user, in beta alone.
// Source: https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta.
type Requirements struct {
	PerUserMFAState PerUserState `json:"perUserMfaState"`

	members openjson.Members
}

// Method is one registered authentication method. It holds what is listed here
// and nothing else: a method may carry a pass, a secret key or a whole phone
// number, and a phone number keeps its last two digits.
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethod.
type Method struct {
	Type string `json:"@odata.type"`
	ID   string `json:"id"`
	// PhoneType is mobile, alternateMobile or office, for a phone.
	PhoneType *string `json:"phoneType,omitempty"`
	// PhoneNumber shows its last two digits once it was decoded.
	PhoneNumber *Phone `json:"phoneNumber,omitempty"`
}

// PasswordMethod is the Type of the one method that every account has and that is no second factor.
const PasswordMethod = "#microsoft.graph.passwordAuthenticationMethod"

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (r *Requirements) UnmarshalJSON(text []byte) (err error) {
	r.members, err = openjson.Decode(text, r)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (r Requirements) MarshalJSON() ([]byte, error) { return openjson.Encode(r, r.members) }
