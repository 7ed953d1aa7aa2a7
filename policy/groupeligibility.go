package policy

import "github.com/entramfa/entramfa/internal/openjson"

// GroupEligibility lets a user or a group join a group through Privileged Identity
// Management: a privilegedAccessGroupEligibilityScheduleInstance.
// Source: https://learn.microsoft.com/graph/api/resources/privilegedaccessgroupeligibilityscheduleinstance.
type GroupEligibility struct {
	ID      string `json:"id"`
	GroupID string `json:"groupId"`
	// PrincipalID is the user, or the group whose members may join.
	PrincipalID string `json:"principalId"`
	// AccessID is member, or owner: an owner may add members, and is none.
	AccessID  string     `json:"accessId"`
	Principal *Principal `json:"principal"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (e *GroupEligibility) UnmarshalJSON(text []byte) (err error) {
	e.members, err = openjson.Decode(text, e)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (e GroupEligibility) MarshalJSON() ([]byte, error) { return openjson.Encode(e, e.members) }
