package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Who may join a group that holds a role, through Privileged Identity Management, may
// activate that role in effect.
// Source: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/concept-pim-for-groups.

// joinersRead is what was read of one group.
type joinersRead struct {
	group string
	list  []policy.GroupEligibility
	err   error
}

// joinersOf prepares the reads of who may join the groups that hold roles, to be made
// together with others.
func (h *holders) joinersOf(reader AdminsReader) ([]*joinersRead, []func(context.Context)) {
	var found []*joinersRead
	var reads []func(context.Context)
	for _, id := range h.groups {
		r := &joinersRead{group: id}
		found = append(found, r)
		reads = append(reads, func(ctx context.Context) { r.list, r.err = reader.GroupEligibilities(ctx, id) })
	}
	return found, reads
}

// takeJoiners takes in who may join. Groups among them are read with their members.
func (h *holders) takeJoiners(ctx context.Context, reader AdminsReader, found []*joinersRead, groups *groupMembers) {
	for _, r := range found {
		if groups.members[r.group] != nil || h.isGroup(r.group) {
			h.addJoiners(*r, groups)
		}
	}
	var inner []string
	for _, id := range sortedKeys(h.joins) {
		if slices.ContainsFunc(h.joins[id], joinsAsGroup) {
			inner = append(inner, id)
		}
	}
	groups.read(ctx, reader, inner, "which may join a group that holds a role", true)
	h.groups = slices.Compact(slices.Sorted(slices.Values(append(h.groups, inner...))))
}

// addJoiners takes in who may join one group; an owner is no member. Without the
// licence nobody can join.
func (h *holders) addJoiners(r joinersRead, groups *groupMembers) {
	for _, e := range r.list {
		if !strings.EqualFold(e.GroupID, r.group) {
			r.list, r.err = nil, fmt.Errorf("the answer is of another group, %q", e.GroupID)
			break
		}
	}
	if r.err != nil && !errors.Is(r.err, entramfa.ErrLicense) {
		h.unjoined[r.group] = r.err
		h.missing = append(h.missing, fmt.Sprintf("who may join the group %s, which holds a role, through Privileged Identity Management: %v", groups.nameOf(r.group), r.err))
	}
	for _, e := range r.list {
		if id := strings.ToLower(e.PrincipalID); !strings.EqualFold(e.AccessID, "owner") {
			h.joins[id] = append(h.joins[id], e)
		}
	}
}

// isGroup says that a principal with roles is a group for sure.
func (h *holders) isGroup(id string) bool {
	return slices.ContainsFunc(slices.Concat(h.active[id], h.eligible[id]), isGroup)
}

// groupsJoin says that the members of some group may join one that holds a role.
func (h *holders) groupsJoin() bool {
	for _, list := range h.joins {
		if slices.ContainsFunc(list, joinsAsGroup) {
			return true
		}
	}
	return false
}

// joinsAsUser says that an account may join, or somebody of whom nobody said what it is.
func joinsAsUser(e policy.GroupEligibility) bool {
	return e.Principal == nil || e.Principal.Type == "" || strings.EqualFold(e.Principal.Type, "#microsoft.graph.user")
}

func joinsAsGroup(e policy.GroupEligibility) bool {
	return e.Principal != nil && strings.EqualFold(e.Principal.Type, "#microsoft.graph.group")
}

// untold says why it is not known whether an account may get a role that policies
// exclude, or leave them, by joining a group; nil where nothing is amiss.
func (h *holders) untold(j *adminJudge, account string, groups []policy.Membership) error {
	for _, id := range sortedKeys(h.unjoined) {
		takes := slices.ContainsFunc(slices.Concat(h.active[id], h.eligible[id]), func(r policy.RoleAssignment) bool {
			return j.excludes[strings.ToLower(r.TemplateID())]
		})
		if takes || j.leavesOut[id] {
			return fmt.Errorf("whether the account may join a group that holds a role, and policies exclude it or the role: %w", h.unjoined[id])
		}
	}
	principals := []string{strings.ToLower(account)}
	for _, m := range groups {
		principals = append(principals, strings.ToLower(m.Group.ID))
	}
	for _, principal := range principals {
		for _, e := range h.joins[principal] {
			if j.leavesOut[strings.ToLower(e.GroupID)] {
				return fmt.Errorf("the account may join the group %s, which policies exclude", e.GroupID)
			}
		}
	}
	return nil
}
