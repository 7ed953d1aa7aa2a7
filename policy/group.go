package policy

import "github.com/entramfa/entramfa/internal/openjson"

// Group is a group of any kind: security, Microsoft 365, distribution, dynamic.
// It round-trips as Policy does.
// Source: https://learn.microsoft.com/graph/api/resources/group.
type Group struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	// IsAssignableToRole says that directory roles can be given to the group.
	IsAssignableToRole *bool `json:"isAssignableToRole"`
	SecurityEnabled    *bool `json:"securityEnabled"`
	MailEnabled        *bool `json:"mailEnabled"`
	// GroupTypes holds Unified for a Microsoft 365 group, DynamicMembership for one
	// whose members follow from a rule.
	GroupTypes []string `json:"groupTypes"`
	// OnPremisesSyncEnabled is true for a group that comes from an on-premises directory.
	OnPremisesSyncEnabled *bool `json:"onPremisesSyncEnabled"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (g *Group) UnmarshalJSON(text []byte) (err error) {
	g.members, err = openjson.Decode(text, g)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (g Group) MarshalJSON() ([]byte, error) { return openjson.Encode(g, g.members) }
