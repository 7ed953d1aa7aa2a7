package securitydefaults

import "github.com/entramfa/entramfa/internal/openjson"

// Policy is the switch: Graph's identitySecurityDefaultsEnforcementPolicy, of
// which every tenant has one.
// Source: https://learn.microsoft.com/graph/api/resources/identitysecuritydefaultsenforcementpolicy.
type Policy struct {
	ID          string  `json:"id"`
	DisplayName string  `json:"displayName"`
	Description *string `json:"description"`
	// IsEnabled is nil where the answer didn't hold it: then nothing is known.
	IsEnabled *bool `json:"isEnabled"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (p *Policy) UnmarshalJSON(text []byte) (err error) {
	p.members, err = openjson.Decode(text, p)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (p Policy) MarshalJSON() ([]byte, error) { return openjson.Encode(p, p.members) }
