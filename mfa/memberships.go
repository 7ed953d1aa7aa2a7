package mfa

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// maxNested is for how many nested groups the way to them is looked up. The way
// only explains; the judgement rests on the flat list.
const maxNested = 60

// idSet is a set of object ids, which are compared without case.
type idSet map[string]bool

func idsOf(groups []policy.Group) idSet {
	set := make(idSet, len(groups))
	for _, g := range groups {
		set[strings.ToLower(g.ID)] = true
	}
	return set
}

func (s idSet) has(id string) bool { return s[strings.ToLower(id)] }

// nestedToResolve lists the groups that the account is in through others, where
// a policy names one of them and so the way to it is worth a read.
func (c *collector) nestedToResolve() []policy.Group {
	transitive, _ := c.transitive.Get()
	direct, known := c.direct.Get()
	if !known {
		return nil
	}
	first, named := idsOf(direct), idSet{}
	for _, id := range c.namedInPolicies() {
		named[strings.ToLower(id)] = true
	}
	nested := slices.DeleteFunc(slices.Clone(transitive), func(g policy.Group) bool { return first.has(g.ID) })
	if len(nested) > maxNested || !slices.ContainsFunc(nested, func(g policy.Group) bool { return named.has(g.ID) }) {
		return nil
	}
	return nested
}

// memberships joins the flat list of groups with the ways that lead to them.
// The transitive list is what counts: without it nothing is known.
func memberships(direct, transitive entramfa.Value[[]policy.Group], nested []policy.Group, members []entramfa.Value[[]policy.Group]) entramfa.Value[[]policy.Membership] {
	groups, known := transitive.Get()
	if !known {
		return entramfa.Missing[[]policy.Membership](transitive.Err())
	}
	first, firstKnown := direct.Get()
	all, ofFirst := idsOf(groups), idsOf(first)
	for _, g := range first { // replication may show a group as direct alone
		if !all.has(g.ID) {
			groups = append(slices.Clip(groups), g)
		}
	}
	ways := paths(first, nested, members)
	list := make([]policy.Membership, len(groups))
	for i, g := range groups {
		list[i] = policy.Membership{Group: g, Path: ways[g.ID], Nested: firstKnown && !ofFirst.has(g.ID)}
		if len(list[i].Path) == 0 {
			list[i].Path = []string{nameOf(g)}
		}
	}
	return entramfa.Known(list)
}

// paths finds for each group the shortest way from a group that names the
// account, by display names.
func paths(direct, nested []policy.Group, members []entramfa.Value[[]policy.Group]) map[string][]string {
	ways := make(map[string][]string, len(direct))
	for _, g := range direct {
		ways[g.ID] = []string{nameOf(g)}
	}
	inside := make([]idSet, len(nested))
	for i := range nested {
		list, _ := members[i].Get()
		inside[i] = idsOf(list)
	}
	for queue := slices.Clone(direct); len(queue) > 0 && len(nested) > 0; queue = queue[1:] {
		for i, outer := range nested {
			if ways[outer.ID] == nil && inside[i].has(queue[0].ID) {
				ways[outer.ID] = append(slices.Clone(ways[queue[0].ID]), nameOf(outer))
				queue = append(queue, outer)
			}
		}
	}
	return ways
}

func nameOf(g policy.Group) string {
	if g.DisplayName == "" {
		return g.ID
	}
	return g.DisplayName
}
