package mfa

import (
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// maxNested is for how many nested groups the way to them is looked up. The way
// only explains; the judgement rests on the flat list.
const maxNested = 60

// nestedToResolve lists the groups that the account is in through others, where
// a policy names one of them and so the way to it is worth a read.
func (c *collector) nestedToResolve() []policy.Group {
	transitive, _ := c.transitive.Get()
	direct, known := c.direct.Get()
	if !known {
		return nil
	}
	nested := slices.DeleteFunc(slices.Clone(transitive), func(g policy.Group) bool { return contains(direct, g.ID) })
	named := c.namedInPolicies()
	if len(nested) > maxNested || !slices.ContainsFunc(nested, func(g policy.Group) bool { return slices.Contains(named, g.ID) }) {
		return nil
	}
	return nested
}

func contains(groups []policy.Group, id string) bool {
	return slices.ContainsFunc(groups, func(g policy.Group) bool { return g.ID == id })
}

// memberships joins the flat list of groups with the ways that lead to them.
// The transitive list is what counts: without it nothing is known.
func memberships(direct, transitive entramfa.Value[[]policy.Group], nested []policy.Group, members []entramfa.Value[[]policy.Group]) entramfa.Value[[]policy.Membership] {
	groups, known := transitive.Get()
	if !known {
		return entramfa.Missing[[]policy.Membership](transitive.Err())
	}
	// A group that replication shows as direct alone counts as well.
	first, firstKnown := direct.Get()
	for _, g := range first {
		if !contains(groups, g.ID) {
			groups = append(slices.Clip(groups), g)
		}
	}
	ways := paths(first, nested, members)
	list := make([]policy.Membership, len(groups))
	for i, g := range groups {
		list[i] = policy.Membership{Group: g, Path: ways[g.ID], Nested: firstKnown && !contains(first, g.ID)}
		if len(list[i].Path) == 0 {
			list[i].Path = []string{nameOf(g)}
		}
	}
	return entramfa.Known(list)
}

// paths finds for each group the shortest way from a group that names the
// account, by display names.
func paths(direct, nested []policy.Group, members []entramfa.Value[[]policy.Group]) map[string][]string {
	ways := map[string][]string{}
	queue := slices.Clone(direct)
	for _, g := range direct {
		ways[g.ID] = []string{nameOf(g)}
	}
	for len(queue) > 0 {
		inner := queue[0]
		queue = queue[1:]
		for i, outer := range nested {
			list, _ := members[i].Get()
			if ways[outer.ID] == nil && contains(list, inner.ID) {
				ways[outer.ID] = append(slices.Clone(ways[inner.ID]), nameOf(outer))
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
