package mfa

import (
	"context"
	"iter"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/openjson"
)

// PhoneType is the kind of a phone method: an account has at most one of each.
// Source: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod.
type PhoneType string

const (
	PhoneMobile          PhoneType = "mobile"
	PhoneAlternateMobile PhoneType = "alternateMobile"
	PhoneOffice          PhoneType = "office"
)

// mobileMethod is the id of every mobile phone among the methods of an account.
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-update.
const mobileMethod = "3179e48a-750b-4051-897c-87b9720928f7"

// PhoneWriter registers phones as authentication methods. The user is named by
// object id or user principal name, a number is in Graph's form, "+1 2065550100"
// (GraphPhone). It needs UserAuthMethod-Phone.ReadWrite.All; a delegated caller also
// a role: Authentication Administrator, for administrators Privileged Authentication
// Administrator. The cloud that 21Vianet operates doesn't have it.
type PhoneWriter interface {
	// AddPhone registers a phone of a type that the account doesn't have yet. The
	// method that is returned shows the last digits of the number.
	AddPhone(ctx context.Context, user string, phoneType PhoneType, number Secret) (Method, entramfa.Receipt, error)
	// UpdatePhone gives a phone method another number.
	UpdatePhone(ctx context.Context, user, methodID string, phoneType PhoneType, number Secret) (entramfa.Receipt, error)
	// DeletePhone removes a phone method. A mobile phone can't go while there is an
	// alternate one, nor the number that is the default method.
	DeletePhone(ctx context.Context, user, methodID string) (entramfa.Receipt, error)
}

// ContactWriter reads and changes the mobile phone of the profile, which takes no
// part in MFA. It needs User-Phone.ReadWrite.All; that of a synchronized account is
// read-only.
type ContactWriter interface {
	// MobilePhone returns the number of the profile; nil where there is none.
	MobilePhone(ctx context.Context, user string) (*Phone, error)
	// UpdateMobilePhone sets the number; the empty Secret takes it away.
	UpdateMobilePhone(ctx context.Context, user string, number Secret) (entramfa.Receipt, error)
}

// PasswordWriter sets passwords.
type PasswordWriter interface {
	// SetPassword sets the password by passwordProfile, without making the user change
	// it. It needs User-PasswordProfile.ReadWrite.All and a role: User Administrator, for
	// administrators Privileged Authentication Administrator. It doesn't write back to
	// an on-premises directory. A password that the tenant refuses is
	// entramfa.ErrPasswordRefused.
	// Source: https://learn.microsoft.com/graph/api/user-update.
	SetPassword(ctx context.Context, user string, password Secret) (entramfa.Receipt, error)
	// ResetPassword begins a reset, after which the user must change the password at
	// the next sign-in. Delegated callers alone may, not for themselves.
	// Source: https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword.
	ResetPassword(ctx context.Context, user string, password Secret) (PasswordOperation, entramfa.Receipt, error)
	// PasswordReset says how far a reset is.
	PasswordReset(ctx context.Context, operation PasswordOperation) (PasswordOperation, error)
}

// PasswordOperation is a reset that runs: Graph's longRunningOperation.
type PasswordOperation struct {
	// Location is where its state is read, relative to the version.
	Location string `json:"location"`
	// Status is notStarted, running, succeeded or failed; StatusDetail says why.
	Status       string `json:"status"`
	StatusDetail string `json:"statusDetail"`
	// RetryAfterSeconds is how long to wait before it is asked for again.
	RetryAfterSeconds int `json:"retryAfterSeconds"`
}

// RegistrationReader reads the report on what accounts have registered. It lags, and
// leaves disabled accounts out. It needs AuditLog.Read.All.
type RegistrationReader interface {
	// Registration returns the entry of one account, by object id.
	Registration(ctx context.Context, userID string) (Registration, error)
	// Registrations streams the entries of all accounts.
	Registrations(ctx context.Context) iter.Seq2[Registration, error]
}

// Registration is Graph's userRegistrationDetails.
// Source: https://learn.microsoft.com/graph/api/resources/userregistrationdetails.
type Registration struct {
	ID                    string   `json:"id"`
	UserPrincipalName     string   `json:"userPrincipalName"`
	UserDisplayName       string   `json:"userDisplayName"`
	UserType              string   `json:"userType"`
	IsAdmin               *bool    `json:"isAdmin"`
	IsMFARegistered       *bool    `json:"isMfaRegistered"`
	IsMFACapable          *bool    `json:"isMfaCapable"`
	IsPasswordlessCapable *bool    `json:"isPasswordlessCapable"`
	MethodsRegistered     []string `json:"methodsRegistered"`
	LastUpdatedDateTime   *string  `json:"lastUpdatedDateTime"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (r *Registration) UnmarshalJSON(text []byte) (err error) {
	r.members, err = openjson.Decode(text, r)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (r Registration) MarshalJSON() ([]byte, error) { return openjson.Encode(r, r.members) }

// MethodsPolicyReader reads which methods the tenant allows. It needs
// Policy.Read.AuthenticationMethod.
type MethodsPolicyReader interface {
	// MethodsPolicy returns the authentication methods policy.
	MethodsPolicy(ctx context.Context) (MethodsPolicy, error)
}

// MethodsPolicy is Graph's authenticationMethodsPolicy.
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodspolicy.
type MethodsPolicy struct {
	Configurations []MethodConfiguration `json:"authenticationMethodConfigurations"`

	members openjson.Members
}

// MethodConfiguration says for whom a method is allowed. ID is Sms, Voice and the like.
type MethodConfiguration struct {
	Type           string         `json:"@odata.type"`
	ID             string         `json:"id"`
	State          string         `json:"state"` // enabled or disabled
	IncludeTargets []MethodTarget `json:"includeTargets"`
	ExcludeTargets []MethodTarget `json:"excludeTargets"`

	members openjson.Members
}

// MethodTarget is a group, by id, or all_users.
type MethodTarget struct {
	TargetType string `json:"targetType"`
	ID         string `json:"id"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (p *MethodsPolicy) UnmarshalJSON(text []byte) (err error) {
	p.members, err = openjson.Decode(text, p)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (p MethodsPolicy) MarshalJSON() ([]byte, error) { return openjson.Encode(p, p.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (c *MethodConfiguration) UnmarshalJSON(text []byte) (err error) {
	c.members, err = openjson.Decode(text, c)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (c MethodConfiguration) MarshalJSON() ([]byte, error) { return openjson.Encode(c, c.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (t *MethodTarget) UnmarshalJSON(text []byte) (err error) {
	t.members, err = openjson.Decode(text, t)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (t MethodTarget) MarshalJSON() ([]byte, error) { return openjson.Encode(t, t.members) }

// Enroller is everything that an enrolment reads and changes beside a ReadWriter.
type Enroller interface {
	ReadWriter
	PhoneWriter
	ContactWriter
	PasswordWriter
	RegistrationReader
	MethodsPolicyReader
}
