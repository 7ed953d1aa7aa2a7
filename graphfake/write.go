package graphfake

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

var (
	_ mfa.ReadWriter  = (*Tenant)(nil)
	_ mfa.GroupSource = (*Tenant)(nil)
	_ mfa.Locker      = (*Tenant)(nil)
)

// change makes one call that writes, and returns the receipt for it.
func change[T any](ctx context.Context, t *Tenant, op operation, write func(*directory) (T, error)) (T, entramfa.Receipt, error) {
	made, err := served(ctx, t, op, func() (T, error) {
		t.progress()
		return recorded(t, op, func() (T, error) { return write(&t.directory) })
	})
	if err != nil {
		return made, entramfa.Receipt{}, err
	}
	return made, entramfa.Receipt{RequestID: t.newRequestID()}, nil
}

// alter is change for a call that answers nothing.
func alter(ctx context.Context, t *Tenant, op operation, write func(*directory) error) (entramfa.Receipt, error) {
	_, receipt, err := change(ctx, t, op, func(d *directory) (struct{}, error) { return struct{}{}, write(d) })
	return receipt, err
}

// Policy returns one policy as beta shows it.
func (t *Tenant) Policy(ctx context.Context, id string) (policy.Policy, error) {
	return read(ctx, t, get(beta, "/"+policiesPath+"/"+id), func(d *directory) (policy.Policy, error) {
		return d.heldPolicy(beta, id)
	})
}

// CreatePolicy creates a policy by a POST to beta. What the service refuses is
// refused, what it adds is added.
func (t *Tenant) CreatePolicy(ctx context.Context, p policy.Policy) (policy.Policy, entramfa.Receipt, error) {
	body := raw(p)
	return change(ctx, t, operation{http.MethodPost, beta, "/" + policiesPath}, func(d *directory) (policy.Policy, error) {
		return t.createPolicy(d, beta, body)
	})
}

// UpdatePolicy changes members of a policy by a PATCH to beta.
func (t *Tenant) UpdatePolicy(ctx context.Context, id string, patch policy.Patch) (entramfa.Receipt, error) {
	body := raw(patch)
	return alter(ctx, t, operation{http.MethodPatch, beta, "/" + policiesPath + "/" + id}, func(d *directory) error {
		return t.patchPolicy(d, beta, id, body)
	})
}

// DeletePolicy deletes a policy.
func (t *Tenant) DeletePolicy(ctx context.Context, id string) (entramfa.Receipt, error) {
	return alter(ctx, t, operation{http.MethodDelete, beta, "/" + policiesPath + "/" + id}, func(d *directory) error {
		return t.deletePolicy(d, beta, id)
	})
}

// CreateNamedLocation creates a named location of addresses or of countries.
func (t *Tenant) CreateNamedLocation(ctx context.Context, location policy.NamedLocation) (policy.NamedLocation, entramfa.Receipt, error) {
	body := raw(location)
	return change(ctx, t, operation{http.MethodPost, v1, "/" + locationsPath}, func(d *directory) (policy.NamedLocation, error) {
		return t.createLocation(d, body)
	})
}

// DeleteNamedLocation deletes a named location that is not trusted and that no policy names.
func (t *Tenant) DeleteNamedLocation(ctx context.Context, id string) (entramfa.Receipt, error) {
	return alter(ctx, t, operation{http.MethodDelete, v1, "/" + locationsPath + "/" + id}, func(d *directory) error {
		return t.deleteLocation(d, id)
	})
}

// UpdateSecurityDefaults switches security defaults as a client does.
func (t *Tenant) UpdateSecurityDefaults(ctx context.Context, enabled bool) (entramfa.Receipt, error) {
	return alter(ctx, t, operation{http.MethodPatch, v1, defaultsPath}, func(d *directory) error {
		return t.switchDefaults(d, enabled)
	})
}

// UpdateRequirements sets the per-user MFA state of an account, which only beta can.
func (t *Tenant) UpdateRequirements(ctx context.Context, user string, state mfa.PerUserState) (entramfa.Receipt, error) {
	return alter(ctx, t, operation{http.MethodPatch, beta, "/users/" + user + "/authentication/requirements"}, func(d *directory) error {
		return t.changeRequirements(d, user, state)
	})
}

// AddGroupMember makes an account or a group a direct member of a group.
func (t *Tenant) AddGroupMember(ctx context.Context, groupID, memberID string) (entramfa.Receipt, error) {
	return alter(ctx, t, operation{http.MethodPost, v1, "/groups/" + groupID + "/members/$ref"}, func(d *directory) error {
		return t.joinGroup(d, groupID, memberID)
	})
}

// RemoveGroupMember takes a direct member out of a group.
func (t *Tenant) RemoveGroupMember(ctx context.Context, groupID, memberID string) (entramfa.Receipt, error) {
	return alter(ctx, t, operation{http.MethodDelete, v1, "/groups/" + groupID + "/members/" + memberID + "/$ref"}, func(d *directory) error {
		return t.leaveGroup(d, groupID, memberID)
	})
}

// readBodyObject reads the JSON object that a write sends.
func readBodyObject(body []byte) (object, *entramfa.GraphError) {
	parsed, err := parseObject(body)
	if err == nil {
		parsed, err = parsed.unique()
	}
	if err != nil {
		return nil, graphError(http.StatusBadRequest, "BadRequest",
			"Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return parsed, nil
}

// decodeObject reads an object into a resource, whose members have types.
func decodeObject[T any](o object) (resource T, err error) {
	err = json.Unmarshal(raw(o), &resource)
	return resource, err
}
