package graphfake

import (
	"context"

	"github.com/entramfa/entramfa/policy"
)

// Group returns one group.
func (t *Tenant) Group(ctx context.Context, id string) (policy.Group, error) {
	return read(ctx, t, get(v1, "/groups/"+id), func(d *directory) (policy.Group, error) { return d.group(id) })
}

// GroupsOfGroup returns all groups that a group is in.
func (t *Tenant) GroupsOfGroup(ctx context.Context, id string) ([]policy.Group, error) {
	return read(ctx, t, get(v1, "/groups/"+id+"/transitiveMemberOf/microsoft.graph.group"), func(d *directory) ([]policy.Group, error) {
		return d.around(id)
	})
}

// around returns the groups above a group; of a tenant that was loaded, where the
// export says all of them.
func (d *directory) around(id string) ([]policy.Group, error) {
	group, err := d.group(id)
	if err != nil {
		return nil, err
	}
	given := d.held == nil || d.held.has(factAllGroups, group.ID)
	if err := d.held.need(given, "the groups that "+group.DisplayName+" is in", `"memberOf" of the group, and of each that it is in`); err != nil {
		return nil, err
	}
	return d.ancestors(group.ID), nil
}

// groupsAround answers the groups that a group is in.
func groupsAround(cast bool) func(*directory, *Tenant, *call) (answer, error) {
	return func(d *directory, t *Tenant, c *call) (answer, error) {
		groups, err := d.around(c.vars[0])
		if err != nil {
			return answer{}, err
		}
		if cast {
			return answer{context: "groups", kind: "microsoft.graph.group", shape: groupShape, rows: objectsOf(groups)}, nil
		}
		return directoryObjects(typed(groupType, objectsOf(groups))), nil
	}
}
