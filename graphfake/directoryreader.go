package graphfake

import (
	"context"
	"iter"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

var _ mfa.AdminsReader = (*Tenant)(nil)

// longestPage is how many objects a page of a stream holds, as clients ask for them.
const longestPage = 999

// Users streams every account of the tenant; of one that was loaded, those that
// the export holds.
func (t *Tenant) Users(ctx context.Context) iter.Seq2[mfa.User, error] {
	return paged(ctx, t, get(v1, "/users"), (*directory).userIDs, func(d *directory, id string) mfa.User {
		user, _ := d.users.get(id)
		return user
	})
}

// Accounts streams what Users does, as Conditional Access sees the accounts. In a
// tenant that was loaded an account brings the groups and roles that the export
// gives with it.
func (t *Tenant) Accounts(ctx context.Context) iter.Seq2[policy.Subject, error] {
	return paged(ctx, t, get(v1, "/users"), (*directory).userIDs, (*directory).accountOf)
}

// TransitiveMembers streams the object ids of the users in a group, direct and nested.
func (t *Tenant) TransitiveMembers(ctx context.Context, groupID string) iter.Seq2[string, error] {
	members := func(d *directory) ([]string, error) { return d.usersIn(groupID) }
	return paged(ctx, t, get(v1, "/groups/"+groupID+"/transitiveMembers/microsoft.graph.user"), members,
		func(_ *directory, id string) string { return id })
}

// AllRoleAssignments streams the active role assignments of the tenant, with Principal filled.
func (t *Tenant) AllRoleAssignments(ctx context.Context) iter.Seq2[policy.RoleAssignment, error] {
	return paged(ctx, t, get(v1, "/roleManagement/directory/roleAssignments"), (*directory).assignmentIDs, func(d *directory, id string) policy.RoleAssignment {
		role, _ := d.assignments.get(id)
		return d.expandRole(role)
	})
}

// AllRoleEligibilities streams the roles that users and groups may activate, with Principal filled.
func (t *Tenant) AllRoleEligibilities(ctx context.Context) iter.Seq2[policy.RoleAssignment, error] {
	return paged(ctx, t, get(v1, "/roleManagement/directory/roleEligibilityScheduleInstances"), (*directory).eligibilityIDs, func(d *directory, id string) policy.RoleAssignment {
		role, _ := d.eligibilities.get(id)
		return d.expandRole(role)
	})
}

// paged streams a list as a client reads it: one call of Graph a page.
func paged[T any](ctx context.Context, t *Tenant, op operation, ids func(*directory) ([]string, error), row func(*directory, string) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for from, more := 0, true; more; from += t.streamed() {
			rows, err := read(ctx, t, op, func(d *directory) ([]T, error) {
				list, err := ids(d)
				end := from + t.streamed()
				more = end < len(list)
				return rowsFrom(d, list[min(from, len(list)):min(end, len(list))], row), err
			})
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func rowsFrom[T any](d *directory, ids []string, row func(*directory, string) T) []T {
	rows := make([]T, len(ids))
	for i, id := range ids {
		rows[i] = row(d, id)
	}
	return rows
}

// streamed is how many objects a page of a stream holds.
func (t *Tenant) streamed() int {
	if t.PageSize > 0 {
		return min(t.PageSize, longestPage)
	}
	return longestPage
}

func (d *directory) userIDs() ([]string, error) {
	return d.users.ids(), d.held.need(d.users.len() > 0, "any user", userFile)
}

func (d *directory) assignmentIDs() ([]string, error) {
	return d.assignments.ids(), d.held.need(d.held.whole(factRoles), "role assignments", roleFile)
}

func (d *directory) eligibilityIDs() ([]string, error) {
	return d.eligibilities.ids(), d.held.need(d.held.whole(factEligibilities), "the eligible roles of the tenant", eligibilityFile)
}

// accountOf is an account as Conditional Access sees it, with what an export gives with it.
func (d *directory) accountOf(id string) policy.Subject {
	user, _ := d.users.get(id)
	s := user.Subject()
	if d.held == nil {
		return s
	}
	if groups, err := d.transitiveMemberOf(id); err == nil {
		in := make([]policy.Membership, len(groups))
		for i, group := range groups {
			in[i].Group = group
		}
		s.Groups = entramfa.Known(in)
	}
	if roles, err := d.roleAssignments(id); err == nil {
		s.Roles = entramfa.Known(roles)
	}
	return s
}

// usersIn lists the users in a group, direct and nested.
func (d *directory) usersIn(groupID string) ([]string, error) {
	if err := d.everyoneHeld(groupID); err != nil {
		return nil, err
	}
	users, _ := d.split(d.descendants(groupID))
	ids := make([]string, len(users))
	for i, user := range users {
		ids[i] = user.ID
	}
	return ids, nil
}

// everyoneHeld returns an error that is entramfa.ErrNotRead unless the members of
// a group and of the groups within it are known.
func (d *directory) everyoneHeld(groupID string) error {
	group, err := d.group(groupID)
	if err != nil {
		return err
	}
	for _, id := range append([]string{group.ID}, d.descendants(group.ID)...) {
		if nested, ok := d.groups.get(id); ok {
			if err := d.membersHeld(nested); err != nil {
				return err
			}
		}
	}
	return nil
}
