package policy

import (
	"context"

	"github.com/entramfa/entramfa"
)

// The methods that write send a change once, never again by themselves. Of 429,
// entramfa.ErrThrottled, the service says that it did nothing; GraphError.RetryAfter
// is how long to wait. Any other error but a refusal leaves open whether the change was
// made. Whoever sends it again reads before: meanwhile somebody else may have changed
// the same thing, and none of these methods asks; Graph documents no ETag for these
// resources.

// Updater changes policies.
type Updater interface {
	// Policy returns one policy as beta shows it. What isn't there is
	// entramfa.ErrNotFound, also for some seconds after it was created. It needs
	// Policy.Read.All.
	Policy(ctx context.Context, id string) (Policy, error)
	// UpdatePolicy changes the members that the patch holds, and no other. It
	// needs Policy.ReadWrite.ConditionalAccess and Policy.Read.All.
	UpdatePolicy(ctx context.Context, id string, patch Patch) (entramfa.Receipt, error)
}

// Creator creates and deletes policies, with the permissions of Updater and
// Application.Read.All.
type Creator interface {
	// CreatePolicy returns the policy as the service stored it, with its id.
	CreatePolicy(ctx context.Context, p Policy) (Policy, entramfa.Receipt, error)
	// DeletePolicy deletes a policy; it can be restored for 30 days. One that isn't
	// there is entramfa.ErrNotFound.
	DeletePolicy(ctx context.Context, id string) (entramfa.Receipt, error)
}

// LocationWriter creates and deletes named locations. It needs
// Policy.ReadWrite.ConditionalAccess and Policy.Read.All.
type LocationWriter interface {
	// CreateNamedLocation returns the location as the service stored it, with its id.
	CreateNamedLocation(ctx context.Context, location NamedLocation) (NamedLocation, entramfa.Receipt, error)
	// DeleteNamedLocation deletes a named location that is not trusted. One that
	// isn't there is entramfa.ErrNotFound.
	DeleteNamedLocation(ctx context.Context, id string) (entramfa.Receipt, error)
}

// MemberWriter changes who is in a group, of a kind that is neither dynamic nor
// synchronized. It needs GroupMember.ReadWrite.All, and
// RoleManagement.ReadWrite.Directory for a group that can hold roles.
type MemberWriter interface {
	// AddGroupMember makes an account or a group a direct member. One that is a
	// member already is a 400 of Graph.
	AddGroupMember(ctx context.Context, groupID, memberID string) (entramfa.Receipt, error)
	// RemoveGroupMember takes a direct member out. One that is none is entramfa.ErrNotFound.
	RemoveGroupMember(ctx context.Context, groupID, memberID string) (entramfa.Receipt, error)
}
