package policy

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// DirectoryReader reads what a Directory holds. Each method returns a stream that
// reads while it is consumed, from the beginning each time, and ends with its
// first error.
type DirectoryReader interface {
	// Accounts streams every account of the tenant, guests and disabled accounts
	// too: the object id, the kinds, and the home tenant where it can be told. Groups
	// and roles are missing unless they came along. It needs User.Read.All.
	Accounts(ctx context.Context) iter.Seq2[Subject, error]
	// TransitiveMembers streams the object ids of the accounts in a group, those in
	// groups within it too. A group that doesn't show its members is an error, and
	// not one without any. It needs GroupMember.Read.All.
	TransitiveMembers(ctx context.Context, groupID string) iter.Seq2[string, error]
	// AllRoleAssignments streams the active role assignments of the tenant, with
	// Principal filled; what may only be activated is not among them. It needs
	// RoleManagement.Read.Directory.
	AllRoleAssignments(ctx context.Context) iter.Seq2[RoleAssignment, error]
}

// EligibilityReader reads who may activate a role in the whole tenant, or join a group.
type EligibilityReader interface {
	// AllRoleEligibilities streams the roles that users and groups may activate, with
	// Principal filled: what a role assignment is once it is activated. It needs
	// RoleEligibilitySchedule.Read.Directory or RoleManagement.Read.Directory, and a
	// tenant with Privileged Identity Management.
	AllRoleEligibilities(ctx context.Context) iter.Seq2[RoleAssignment, error]
	// GroupEligibilities returns who may join a group, or become its owner, through
	// Privileged Identity Management, with Principal filled; none for what is no group.
	// It needs PrivilegedEligibilitySchedule.Read.AzureADGroup.
	GroupEligibilities(ctx context.Context, groupID string) ([]GroupEligibility, error)
}

// ReadDirectory reads the accounts of a tenant, the active roles, and the members
// of the groups that the policies name and of those that hold roles. What the
// accounts bring with them is not read again.
//
// Accounts that can't be listed whole are an error, and so is a context that
// ends. Whatever else can't be read, a group that is gone, a call that is refused
// or throttled, does not end it: that part is not known, a Sweep answers Unknown
// where it matters, and Directory.Unread says what it was.
func ReadDirectory(ctx context.Context, reader DirectoryReader, prepared *Prepared) (*Directory, error) {
	d := &Directory{}
	if err := d.AddAccounts(reader.Accounts(ctx)); err != nil {
		return nil, err
	}
	if len(d.roleless) > 0 {
		d.note(d.AddRoleAssignments(reader.AllRoleAssignments(ctx)))
	}
	for _, id := range d.groupsToRead(prepared) {
		if ctx.Err() != nil {
			break
		}
		d.note(d.AddMembers(id, reader.TransitiveMembers(ctx, id)))
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("policy: read a directory: %w", err)
	}
	return d, nil
}

// Unread says what ReadDirectory could not read, an error each; none where it read
// all. The errors are those of the reader, which errors.Is and errors.As find.
// Who knows better fills the gap: AddMembers without members says that a group
// which is gone has none.
func (d *Directory) Unread() []error { return slices.Clone(d.unread) }

// note keeps the error of a read that leaves a part unknown.
func (d *Directory) note(err error) {
	if err != nil {
		d.unread = append(d.unread, err)
	}
}

// groupsToRead lists the groups that policies name or that hold roles, unless
// every account brought its groups.
func (d *Directory) groupsToRead(prepared *Prepared) []string {
	if len(d.groupless) == 0 {
		return nil
	}
	ids := prepared.Groups()
	for _, holders := range d.roles {
		ids = append(append(ids, holders.groups...), holders.unclearGroups...)
	}
	ids = append(ids, d.oddGroups...)
	slices.Sort(ids)
	return slices.Compact(ids)
}
