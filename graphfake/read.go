package graphfake

import (
	"context"
	"encoding/json"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

var _ mfa.Reader = (*Tenant)(nil)

// The versions of Graph.
const (
	v1   = "v1.0"
	beta = "beta"
)

// operation is one call of Graph, its path without the version and the query.
type operation struct{ method, version, path string }

func get(version, path string) operation { return operation{"GET", version, path} }

// read makes one call that reads, of the state as reads see it.
func read[T any](ctx context.Context, t *Tenant, op operation, state func(*directory) (T, error)) (T, error) {
	if t.judges != nil {
		return judged(ctx, t.judges, op, state)
	}
	return served(ctx, t, op, func() (T, error) { return state(t.shown()) })
}

// look is read for what the person behind an account changes: who comes after a
// number of reads, counts them.
func look[T any](ctx context.Context, t *Tenant, op operation, user string, state func(*directory) (T, error)) (T, error) {
	if t.judges != nil {
		return judged(ctx, t.judges, op, state)
	}
	return served(ctx, t, op, func() (T, error) {
		defer t.looked(user)
		return state(t.shown())
	})
}

// judged is read for who judges a sign-in: nothing arranged stands in the way.
func judged[T any](ctx context.Context, t *Tenant, op operation, state func(*directory) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	t.mu.Lock()
	found, err := state(t.shown())
	t.mu.Unlock()
	return found, t.signed(err, op)
}

// served makes one call by method: it honours ctx, asks whether something arranged
// stands in the way, then has the call served under mu.
func served[T any](ctx context.Context, t *Tenant, op operation, serve func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	t.arrived(op)
	refusal, f := t.refuse(op)
	if refusal != nil {
		return none, t.sign(refusal, op)
	}
	t.mu.Lock()
	found, err := serve()
	t.mu.Unlock()
	if err = f.spoil(op, err); err != nil {
		return none, t.signed(err, op)
	}
	return found, nil
}

// signed is sign for an error that may be no error of Graph.
func (t *Tenant) signed(err error, op operation) error {
	if graph, ok := err.(*entramfa.GraphError); ok {
		return t.sign(graph, op)
	}
	return err
}

// write makes one change by arrangement. A refusal is signed as that of the call which would make it.
func (t *Tenant) write(op operation, change func(*directory) error) error {
	t.mu.Lock()
	err := change(&t.directory)
	t.mu.Unlock()
	return t.signed(err, op)
}

// sign completes an error that leaves the tenant: which call, which request, and
// which permission when one was missing.
func (t *Tenant) sign(err *entramfa.GraphError, op operation) *entramfa.GraphError {
	signed := *err
	signed.Method, signed.Path = op.method, op.path
	if signed.RequestID == "" {
		signed.RequestID = t.newRequestID()
	}
	if signed.Kind == entramfa.ErrPermission && signed.Permissions == nil {
		signed.Permissions = permissionsOf(op)
	}
	return &signed
}

// refusedVersion says whether an error means that a version of Graph doesn't
// answer the call, so that the other version is worth a try.
func refusedVersion(err error) bool {
	graph, ok := err.(*entramfa.GraphError)
	return ok && (graph.Status == 400 || graph.Status == 403 || graph.Status == 404 || graph.Status >= 500)
}

// Policies returns the Conditional Access policies as beta shows them. Where
// beta is refused it returns what v1.0 shows, and Hidden says so.
func (t *Tenant) Policies(ctx context.Context) (policy.List, error) {
	const path = "/identity/conditionalAccess/policies"
	policies, err := read(ctx, t, get(beta, path), (*directory).policyList)
	if err == nil || !refusedVersion(err) {
		return policy.List{Policies: policies}, err
	}
	shown, second := read(ctx, t, get(v1, path), func(d *directory) ([]policy.Policy, error) {
		shown, _, err := d.policiesOf(v1)
		return shown, err
	})
	if second != nil {
		return policy.List{}, second
	}
	return policy.List{Policies: shown, Hidden: "beta was refused (" + err.Error() + "); v1.0 leaves out policies that use what only beta knows"}, nil
}

// NamedLocations returns every named location.
func (t *Tenant) NamedLocations(ctx context.Context) ([]policy.NamedLocation, error) {
	return read(ctx, t, get(v1, "/identity/conditionalAccess/namedLocations"), (*directory).namedLocations)
}

// AuthenticationStrengths returns the built-in and the custom strengths.
func (t *Tenant) AuthenticationStrengths(ctx context.Context) ([]policy.AuthenticationStrength, error) {
	return read(ctx, t, get(v1, "/identity/conditionalAccess/authenticationStrength/policies"), (*directory).authenticationStrengths)
}

// SecurityDefaults returns the switch.
func (t *Tenant) SecurityDefaults(ctx context.Context) (securitydefaults.Policy, error) {
	return read(ctx, t, get(v1, defaultsPath), (*directory).securityDefaults)
}

// SubscribedSKUs returns every product of the tenant.
func (t *Tenant) SubscribedSKUs(ctx context.Context) ([]securitydefaults.SubscribedSKU, error) {
	return read(ctx, t, get(v1, "/subscribedSkus"), (*directory).subscribedSKUs)
}

// Organization returns the tenant.
func (t *Tenant) Organization(ctx context.Context) (mfa.Organization, error) {
	return read(ctx, t, get(v1, "/organization"), func(d *directory) (mfa.Organization, error) {
		row, err := d.organizationRow(t.ID())
		if err != nil {
			return mfa.Organization{}, err
		}
		var o mfa.Organization
		err = json.Unmarshal(raw(row), &o)
		return o, err
	})
}

// Domain returns one domain by name.
func (t *Tenant) Domain(ctx context.Context, name string) (mfa.Domain, error) {
	return read(ctx, t, get(v1, "/domains/"+name), func(d *directory) (mfa.Domain, error) { return d.domain(name) })
}

// User returns an account by id or user principal name, without case.
func (t *Tenant) User(ctx context.Context, user string) (mfa.User, error) {
	return read(ctx, t, get(v1, "/users/"+user), func(d *directory) (mfa.User, error) { return d.user(user) })
}

// UsersByDisplayName returns the accounts whose display name starts with the text, without case.
func (t *Tenant) UsersByDisplayName(ctx context.Context, prefix string) ([]mfa.User, error) {
	return read(ctx, t, get(v1, "/users"), func(d *directory) ([]mfa.User, error) { return d.usersByDisplayName(prefix) })
}

// Requirements returns the per-user MFA state, which only beta has.
func (t *Tenant) Requirements(ctx context.Context, user string) (mfa.Requirements, error) {
	return look(ctx, t, get(beta, "/users/"+user+"/authentication/requirements"), user,
		func(d *directory) (mfa.Requirements, error) { return d.requirementsOf(user) })
}

// Methods returns the registered methods, the password among them.
func (t *Tenant) Methods(ctx context.Context, user string) ([]mfa.Method, error) {
	return look(ctx, t, get(v1, "/users/"+user+"/authentication/methods"), user,
		func(d *directory) ([]mfa.Method, error) { return d.methodsOf(user) })
}

// MemberOf returns the groups that name the user as a direct member.
func (t *Tenant) MemberOf(ctx context.Context, user string) ([]policy.Group, error) {
	return read(ctx, t, get(v1, "/users/"+user+"/memberOf"),
		func(d *directory) ([]policy.Group, error) { return d.memberOf(user) })
}

// TransitiveMemberOf returns all groups of the user, direct and nested.
func (t *Tenant) TransitiveMemberOf(ctx context.Context, user string) ([]policy.Group, error) {
	return read(ctx, t, get(v1, "/users/"+user+"/transitiveMemberOf"),
		func(d *directory) ([]policy.Group, error) { return d.transitiveMemberOf(user) })
}

// MemberGroups returns the groups that are direct members of a group.
func (t *Tenant) MemberGroups(ctx context.Context, groupID string) ([]policy.Group, error) {
	return read(ctx, t, get(v1, "/groups/"+groupID+"/members"),
		func(d *directory) ([]policy.Group, error) { return d.memberGroups(groupID) })
}

// RoleAssignments returns the active roles of a user, those held through groups
// too. Where beta is refused it asks v1.0 for the user and for each of its groups.
func (t *Tenant) RoleAssignments(ctx context.Context, userID string) ([]policy.RoleAssignment, error) {
	roles := func(d *directory) ([]policy.RoleAssignment, error) { return d.roleAssignments(userID) }
	found, err := read(ctx, t, get(beta, "/roleManagement/directory/transitiveRoleAssignments"), roles)
	if err == nil || !refusedVersion(err) {
		return found, err
	}
	if _, err := t.TransitiveMemberOf(ctx, userID); err != nil {
		return nil, err
	}
	return read(ctx, t, get(v1, "/roleManagement/directory/roleAssignments"), roles)
}

// RoleEligibilities returns the roles that a user or a group may activate.
func (t *Tenant) RoleEligibilities(ctx context.Context, principalID string) ([]policy.RoleAssignment, error) {
	return read(ctx, t, get(v1, "/roleManagement/directory/roleEligibilityScheduleInstances"),
		func(d *directory) ([]policy.RoleAssignment, error) { return d.roleEligibilities(principalID) })
}

// RoleHolders returns who holds a role actively, with Principal filled.
func (t *Tenant) RoleHolders(ctx context.Context, roleTemplateID string) ([]policy.RoleAssignment, error) {
	return read(ctx, t, get(v1, "/roleManagement/directory/roleAssignments"),
		func(d *directory) ([]policy.RoleAssignment, error) { return d.roleHolders(roleTemplateID) })
}

// ObjectsByID returns those of the users and groups that exist.
func (t *Tenant) ObjectsByID(ctx context.Context, ids []string) ([]policy.Principal, error) {
	return read(ctx, t, operation{"POST", v1, "/directoryObjects/getByIds"},
		func(d *directory) ([]policy.Principal, error) { return d.objectsByID(ids) })
}
