package mfa

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// holders says who holds a directory role: by principal, which is an account or a
// group, in small letters.
type holders struct {
	opts             AdminsOptions
	groups           []string // the principals that are groups, or may be
	active, eligible map[string][]policy.RoleAssignment
	activeErr        error // why the active roles are not known
	eligibleErr      error
	// accounts are those with an administrator role, in the order in which they were
	// found; is tells them.
	accounts []string
	is       idSet
	missing  []string
	// joins lists by principal, in small letters, the groups with roles that it may
	// join; unjoined why that is not known of some.
	joins    map[string][]policy.GroupEligibility
	unjoined map[string]error
}

// readHolders reads the assignments and eligibilities of the tenant.
func readHolders(ctx context.Context, reader AdminsReader, opts AdminsOptions) (*holders, error) {
	h := &holders{opts: opts, is: idSet{}, joins: map[string][]policy.GroupEligibility{}, unjoined: map[string]error{}}
	if h.active, h.activeErr = byPrincipal(reader.AllRoleAssignments(ctx)); h.activeErr != nil {
		if !opts.AllUsers {
			return nil, h.activeErr
		}
		h.missing = append(h.missing, fmt.Sprintf("who holds a directory role: %v", h.activeErr))
	}
	h.eligible, h.eligibleErr = byPrincipal(reader.AllRoleEligibilities(ctx))
	if errors.Is(h.eligibleErr, entramfa.ErrLicense) {
		// Without the licence nobody can activate a role:
		// https://learn.microsoft.com/entra/id-governance/licensing-fundamentals.
		h.eligible, h.eligibleErr = nil, nil
	}
	if h.eligibleErr != nil {
		h.missing = append(h.missing, fmt.Sprintf("who may activate a directory role: %v", h.eligibleErr))
	}
	h.groups = h.principalGroups()
	return h, nil
}

func byPrincipal(roles iter.Seq2[policy.RoleAssignment, error]) (map[string][]policy.RoleAssignment, error) {
	list := map[string][]policy.RoleAssignment{}
	for role, err := range roles {
		if err != nil {
			return nil, err
		}
		id := strings.ToLower(role.PrincipalID)
		list[id] = append(list[id], role)
	}
	return list, nil
}

// principalGroups lists the principals that are groups, or may be.
func (h *holders) principalGroups() []string {
	var ids []string
	for _, list := range []map[string][]policy.RoleAssignment{h.active, h.eligible} {
		for id, roles := range list {
			if slices.ContainsFunc(roles, mayBeGroup) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// nameGroups adds the names of the groups that hold roles.
func (h *holders) nameGroups(names map[string]string) {
	for _, list := range []map[string][]policy.RoleAssignment{h.active, h.eligible} {
		for id, roles := range list {
			if role := roles[0]; mayBeGroup(role) && role.Principal != nil && role.Principal.DisplayName != "" {
				names[id] = role.Principal.DisplayName
			}
		}
	}
}

func mayBeGroup(role policy.RoleAssignment) bool {
	return role.Principal == nil || role.Principal.Type == "" || strings.EqualFold(role.Principal.Type, "#microsoft.graph.group")
}

func isGroup(role policy.RoleAssignment) bool {
	return role.Principal != nil && strings.EqualFold(role.Principal.Type, "#microsoft.graph.group")
}

func isUser(role policy.RoleAssignment) bool {
	return role.Principal != nil && strings.EqualFold(role.Principal.Type, "#microsoft.graph.user")
}

// expand lists the accounts that hold an administrator role, those in groups too.
func (h *holders) expand(groups *groupMembers) {
	for _, list := range []map[string][]policy.RoleAssignment{h.active, h.eligible} {
		for _, id := range sortedKeys(list) {
			roles := slices.DeleteFunc(slices.Clone(list[id]), func(r policy.RoleAssignment) bool { return !h.opts.administrative(r) })
			switch {
			case len(roles) == 0:
			case slices.ContainsFunc(roles, isUser):
				h.add(id)
			case groups.unread[id] != nil && !slices.ContainsFunc(roles, isGroup):
				h.add(id) // nobody said what it is
			default:
				for member := range groups.in(id) {
					h.add(member)
				}
			}
		}
	}
}

// expandJoiners lists the accounts that may join a group with an administrator role.
func (h *holders) expandJoiners(groups *groupMembers) {
	for _, id := range sortedKeys(h.joins) {
		some := slices.DeleteFunc(slices.Clone(h.joins[id]), func(e policy.GroupEligibility) bool { return !h.administers(e.GroupID) })
		switch {
		case len(some) == 0:
		case joinsAsUser(some[0]):
			h.add(id)
		case joinsAsGroup(some[0]):
			for member := range groups.in(id) {
				h.add(member)
			}
		}
	}
}

// administers says whether a group holds an administrator role, or may activate one.
func (h *holders) administers(group string) bool {
	group = strings.ToLower(group)
	return slices.ContainsFunc(slices.Concat(h.active[group], h.eligible[group]), h.opts.administrative)
}

func (h *holders) add(id string) {
	if !h.is.has(id) {
		h.is[id] = true
		h.accounts = append(h.accounts, id)
	}
}

// of returns the roles of an account, active and eligible, by its groups.
func (h *holders) of(account string, groups entramfa.Value[[]policy.Membership], through []string) (active, eligible entramfa.Value[[]policy.RoleAssignment]) {
	in, known := groups.Get()
	principals := []string{strings.ToLower(account)}
	for _, m := range in {
		principals = append(principals, strings.ToLower(m.Group.ID))
	}
	joined := h.joined(principals)
	roles := func(of map[string][]policy.RoleAssignment, err error) entramfa.Value[[]policy.RoleAssignment] {
		byGroup := slices.ContainsFunc(through, func(group string) bool { return len(of[group]) > 0 })
		switch {
		case err != nil:
			return entramfa.Missing[[]policy.RoleAssignment](err)
		case !known && byGroup:
			return entramfa.Missing[[]policy.RoleAssignment](groups.Err())
		}
		var list []policy.RoleAssignment
		for _, principal := range principals {
			list = append(list, of[principal]...)
		}
		return entramfa.Known(list)
	}
	active, eligible = roles(h.active, h.activeErr), roles(h.eligible, h.eligibleErr)
	switch list, read := eligible.Get(); {
	case read && !known && h.groupsJoin():
		eligible = entramfa.Missing[[]policy.RoleAssignment](groups.Err())
	case read && len(joined) > 0:
		eligible = entramfa.Known(append(list, joined...))
	}
	return active, eligible
}

// joined are the roles of the groups that principals may join.
func (h *holders) joined(principals []string) []policy.RoleAssignment {
	var list []policy.RoleAssignment
	for _, principal := range principals {
		for _, e := range h.joins[principal] {
			group := strings.ToLower(e.GroupID)
			list = append(list, slices.Concat(h.active[group], h.eligible[group])...)
		}
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
