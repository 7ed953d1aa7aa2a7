package msgraph

import (
	"context"
	"net/http"

	"github.com/entramfa/entramfa"
)

const (
	membersOf      = "/groups/{id}/members/"
	memberRefsPath = membersOf + "$ref"
	// memberRefPath ends in $ref: without it Graph deletes the member itself.
	memberRefPath = membersOf + "{id}/$ref"
	objectPath    = "/directoryObjects/{id}"
)

// AddGroupMember makes an account or a group a direct member of a group. It
// needs GroupMember.ReadWrite.All, and RoleManagement.ReadWrite.Directory for a
// group that can hold roles.
// Source: https://learn.microsoft.com/graph/api/group-post-members.
func (c *Client) AddGroupMember(ctx context.Context, groupID, memberID string) (entramfa.Receipt, error) {
	root, err := c.root()
	if err != nil {
		return entramfa.Receipt{}, err
	}
	member, err := get(v1, objectPath, memberID).url(root)
	if err != nil {
		return entramfa.Receipt{}, err
	}
	body := map[string]string{"@odata.id": member.String()}
	return c.update(ctx, change(http.MethodPost, v1, memberRefsPath, groupID), body, groupID, memberID)
}

// RemoveGroupMember takes a direct member out of a group, with the permissions
// of AddGroupMember.
// Source: https://learn.microsoft.com/graph/api/group-delete-members.
func (c *Client) RemoveGroupMember(ctx context.Context, groupID, memberID string) (entramfa.Receipt, error) {
	return c.update(ctx, change(http.MethodDelete, v1, memberRefPath, groupID, memberID), nil, groupID, memberID)
}
