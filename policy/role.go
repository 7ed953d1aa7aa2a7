package policy

import (
	"strings"

	"github.com/entramfa/entramfa/internal/openjson"
)

// GlobalAdministrator is the template id of the role that may do everything.
const GlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

// RoleAssignment gives a directory role to a user or a group: a
// unifiedRoleAssignment, standing or activated, or, where a function says so, a
// unifiedRoleEligibilityScheduleInstance, which gives the role only after activation.
// Source: https://learn.microsoft.com/graph/api/resources/unifiedroleassignment.
type RoleAssignment struct {
	ID string `json:"id"`
	// PrincipalID is the user, or the group through which users hold the role.
	PrincipalID string `json:"principalId"`
	// RoleDefinitionID is the template id for a built-in role.
	RoleDefinitionID string `json:"roleDefinitionId"`
	// DirectoryScopeID is / for the whole tenant; an administrative unit or an object else.
	DirectoryScopeID *string         `json:"directoryScopeId"`
	AppScopeID       *string         `json:"appScopeId"`
	RoleDefinition   *RoleDefinition `json:"roleDefinition"`
	Principal        *Principal      `json:"principal"`

	members openjson.Members
}

// RoleDefinition is a directory role, where a read was asked to expand it.
type RoleDefinition struct {
	ID          string  `json:"id"`
	DisplayName string  `json:"displayName"`
	IsBuiltIn   *bool   `json:"isBuiltIn"`
	TemplateID  *string `json:"templateId"`

	members openjson.Members
}

// Principal is who holds a role, where a read was asked to expand it: a user, a
// group or a service principal. AccountEnabled is nil for a group.
type Principal struct {
	Type              string `json:"@odata.type"`
	ID                string `json:"id"`
	DisplayName       string `json:"displayName"`
	UserPrincipalName string `json:"userPrincipalName"`
	AccountEnabled    *bool  `json:"accountEnabled"`

	members openjson.Members
}

// TenantWide says whether the assignment counts everywhere in the tenant. One
// that doesn't say its scope is taken as not tenant-wide.
func (a RoleAssignment) TenantWide() bool {
	return a.DirectoryScopeID != nil && strings.TrimSpace(*a.DirectoryScopeID) == "/"
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (a *RoleAssignment) UnmarshalJSON(text []byte) (err error) {
	a.members, err = openjson.Decode(text, a)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (a RoleAssignment) MarshalJSON() ([]byte, error) { return openjson.Encode(a, a.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (d *RoleDefinition) UnmarshalJSON(text []byte) (err error) {
	d.members, err = openjson.Decode(text, d)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (d RoleDefinition) MarshalJSON() ([]byte, error) { return openjson.Encode(d, d.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (p *Principal) UnmarshalJSON(text []byte) (err error) {
	p.members, err = openjson.Decode(text, p)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (p Principal) MarshalJSON() ([]byte, error) { return openjson.Encode(p, p.members) }
