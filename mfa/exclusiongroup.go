package mfa

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// GroupSource is what ReadExclusionGroup reads. It needs GroupMember.Read.All, and
// Directory.Read.All for the names of the members.
type GroupSource interface {
	policy.ExclusionGroupReader
	policy.ObjectReader
	// TransitiveMembers is that of policy.DirectoryReader.
	TransitiveMembers(ctx context.Context, groupID string) iter.Seq2[string, error]
}

// ReadExclusionGroup reads the group of ExemptionOptions.Group: the group, the
// groups that it is in, and its members beside the account. All of it comes or an
// error: a group of which a part is known is not one to add an account to.
func ReadExclusionGroup(ctx context.Context, source GroupSource, groupID, accountID string) (*ExclusionGroup, error) {
	group, err := source.Group(ctx, groupID)
	if err != nil {
		return nil, fmt.Errorf("mfa: read the group %s: %w", groupID, err)
	}
	within, err := source.GroupsOfGroup(ctx, groupID)
	if err != nil {
		return nil, fmt.Errorf("mfa: read the groups that %s is in: %w", group.DisplayName, err)
	}
	var ids []string
	for id, err := range source.TransitiveMembers(ctx, groupID) {
		if err != nil {
			return nil, fmt.Errorf("mfa: read the members of %s: %w", group.DisplayName, err)
		}
		if !strings.EqualFold(id, accountID) {
			ids = append(ids, id)
		}
	}
	members, err := source.ObjectsByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("mfa: read the names of the members of %s: %w", group.DisplayName, err)
	}
	return &ExclusionGroup{Group: group, Within: within, Members: members}, nil
}
