package mfa

import "github.com/entramfa/entramfa/internal/openjson"

// Organization is the tenant itself.
// Source: https://learn.microsoft.com/graph/api/resources/organization.
type Organization struct {
	// ID is the tenant id.
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`

	members openjson.Members
}

// Domain is a domain of the tenant.
// Source: https://learn.microsoft.com/graph/api/resources/domain.
type Domain struct {
	ID string `json:"id"`
	// AuthenticationType is Managed or Federated.
	AuthenticationType string `json:"authenticationType"`
	// PasswordValidityPeriodInDays is after how many days a password expires:
	// nil where the tenant never set it, 2147483647 for never.
	PasswordValidityPeriodInDays *int `json:"passwordValidityPeriodInDays"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (o *Organization) UnmarshalJSON(text []byte) (err error) {
	o.members, err = openjson.Decode(text, o)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (o Organization) MarshalJSON() ([]byte, error) { return openjson.Encode(o, o.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (d *Domain) UnmarshalJSON(text []byte) (err error) {
	d.members, err = openjson.Decode(text, d)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (d Domain) MarshalJSON() ([]byte, error) { return openjson.Encode(d, d.members) }
