package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// object is what a change is about, as the tenant shows it.
type object struct {
	id string
	// value holds the members that the change changes; null for what isn't there.
	value json.RawMessage
	// rest is a digest of everything else of it; policy is the policy, where it is one.
	rest   string
	policy *policy.Policy
}

// target returns the id of the object that a change is about; "" while it isn't there.
func (a *applier) target(c *entramfa.Change) string {
	if id, of := strings.CutPrefix(c.TargetID, "change:"); of {
		return a.history.targets[id]
	}
	if c.TargetID == "" {
		return a.history.targets[c.ID]
	}
	return c.TargetID
}

// look reads the object of a change.
func (a *applier) look(ctx context.Context, c *entramfa.Change) (object, error) {
	switch c.Kind {
	case entramfa.ChangePolicy:
		return a.lookAtPolicy(ctx, c)
	case entramfa.CreatePolicy:
		return a.lookForPolicy(ctx, c)
	case entramfa.CreateNamedLocation:
		return a.lookForLocation(ctx, c)
	case entramfa.ChangeSecurityDefaults:
		defaults, err := a.tenant.SecurityDefaults(ctx)
		if err == nil && defaults.IsEnabled == nil {
			err = errors.New("the answer does not say whether they are on")
		}
		if err != nil {
			return object{}, err
		}
		return object{id: defaults.ID, value: encoded(enabledSwitch{*defaults.IsEnabled})}, nil
	case entramfa.ChangePerUserMFA:
		requirements, err := a.tenant.Requirements(ctx, c.TargetID)
		return object{id: c.TargetID, value: encoded(Requirements{PerUserMFAState: requirements.PerUserMFAState})}, err
	case entramfa.AddGroupMember:
		return a.lookForMember(ctx, c)
	}
	return object{}, fmt.Errorf("this version knows no change of the kind %q", c.Kind)
}

func (a *applier) lookAtPolicy(ctx context.Context, c *entramfa.Change) (object, error) {
	patch, err := patchOf(c.After)
	if err != nil {
		return object{}, err
	}
	id := a.target(c)
	if id == "" {
		return object{value: encoded(nil)}, nil
	}
	p, err := a.tenant.Policy(ctx, id)
	if err != nil {
		return object{}, err
	}
	return object{id: id, value: encoded(patch.Of(p)), rest: restOf(p, patch), policy: &p}, nil
}

// restOf is a digest of a policy without what a patch changes and without the time
// of its last change.
func restOf(p policy.Policy, patch policy.Patch) string {
	p.ModifiedDateTime = nil
	if patch.State != nil {
		p.State = ""
	}
	if patch.ExcludeUsers != nil {
		p = p.Patched(policy.Patch{ExcludeUsers: []string{}})
	}
	return digest(p)
}

// lookForPolicy finds a policy that a change creates: by its id, or by its name,
// which is of this plan alone. One that is there and holds all that was asked for
// has the value of the change.
func (a *applier) lookForPolicy(ctx context.Context, c *entramfa.Change) (object, error) {
	body, err := a.body(c)
	if err != nil {
		return object{}, err
	}
	if id := a.target(c); id != "" {
		p, err := a.tenant.Policy(ctx, id)
		if errors.Is(err, entramfa.ErrNotFound) {
			return object{id: id, value: encoded(nil)}, nil
		}
		return a.found(id, p, body, c), err
	}
	list, err := a.tenant.Policies(ctx)
	if err == nil && list.Confirm != nil {
		list, err = list.Confirm(ctx)
	}
	if err != nil {
		return object{}, err
	}
	for _, p := range list.Policies {
		if p.DisplayName == c.TargetName {
			return a.found(p.ID, p, body, c), nil
		}
	}
	return object{value: encoded(nil)}, nil
}

// lookForLocation finds a named location that a change creates.
func (a *applier) lookForLocation(ctx context.Context, c *entramfa.Change) (object, error) {
	locations, err := a.tenant.NamedLocations(ctx)
	if err != nil {
		return object{}, err
	}
	for _, l := range locations {
		if strings.EqualFold(l.ID, a.target(c)) || l.DisplayName == c.TargetName {
			return a.found(l.ID, l, c.After, c), nil
		}
	}
	return object{value: encoded(nil)}, nil
}

// found is an object that was created. Its value is that of the change where it
// holds all that was asked for, and what there is where it doesn't. The state of a
// policy that a later change of the plan enables is left to that one.
func (a *applier) found(id string, got any, asked json.RawMessage, c *entramfa.Change) object {
	var is, wanted any
	_ = json.Unmarshal(encoded(got), &is) // JSON that was written a moment ago
	_ = json.Unmarshal(asked, &wanted)
	if members, ok := wanted.(map[string]any); ok && a.changedLater(c) {
		delete(members, "state")
	}
	if holds(is, wanted) {
		return object{id: id, value: c.After}
	}
	return object{id: id, value: encoded(got)}
}

func (a *applier) changedLater(c *entramfa.Change) bool {
	return slices.ContainsFunc(a.plan.Changes, func(later entramfa.Change) bool { return later.TargetID == created(c.ID) })
}

// holds says whether a value has all that another one has: the service adds
// members, and returns what it was given.
func holds(is, wanted any) bool {
	switch wanted := wanted.(type) {
	case nil:
		return true
	case map[string]any:
		members, ok := is.(map[string]any)
		for name, value := range wanted {
			ok = ok && holds(members[name], value)
		}
		return ok
	case []any:
		list, ok := is.([]any)
		ok = ok && len(list) == len(wanted) || len(wanted) == 0 && is == nil
		for i := range wanted {
			ok = ok && holds(list[i], wanted[i])
		}
		return ok
	}
	return reflect.DeepEqual(is, wanted)
}

func (a *applier) lookForMember(ctx context.Context, c *entramfa.Change) (object, error) {
	var wanted member
	if err := json.Unmarshal(c.After, &wanted); err != nil {
		return object{}, err
	}
	groups, err := a.tenant.MemberOf(ctx, wanted.ID)
	if err != nil {
		return object{}, err
	}
	for _, group := range groups {
		if strings.EqualFold(group.ID, c.TargetID) {
			return object{id: c.TargetID, value: c.After}, nil
		}
	}
	return object{id: c.TargetID, value: encoded(nil)}, nil
}

// body is what a change creates, with the ids of what earlier changes created.
func (a *applier) body(c *entramfa.Change) (json.RawMessage, error) {
	text := string(c.After)
	for _, earlier := range a.plan.Changes {
		if id := a.history.targets[earlier.ID]; id != "" {
			text = strings.ReplaceAll(text, `"`+created(earlier.ID)+`"`, `"`+id+`"`)
		}
	}
	if strings.Contains(text, `"change:`) {
		return nil, fmt.Errorf("what an earlier change creates is not there yet")
	}
	return json.RawMessage(text), nil
}

// send makes the write of a change, and returns the id of what it created.
func (a *applier) send(ctx context.Context, c *entramfa.Change) (entramfa.Receipt, string, error) {
	id := a.target(c)
	switch c.Kind {
	case entramfa.ChangePolicy:
		patch, err := patchOf(c.After)
		if err != nil {
			return entramfa.Receipt{}, "", err
		}
		receipt, err := a.tenant.UpdatePolicy(ctx, id, patch)
		return receipt, id, err
	case entramfa.CreatePolicy:
		return a.sendPolicy(ctx, c)
	case entramfa.CreateNamedLocation:
		var location policy.NamedLocation
		if err := json.Unmarshal(c.After, &location); err != nil {
			return entramfa.Receipt{}, "", err
		}
		stored, receipt, err := a.tenant.CreateNamedLocation(ctx, location)
		return receipt, stored.ID, err
	case entramfa.AddGroupMember:
		var wanted member
		if err := json.Unmarshal(c.After, &wanted); err != nil {
			return entramfa.Receipt{}, "", err
		}
		receipt, err := a.tenant.AddGroupMember(ctx, id, wanted.ID)
		return receipt, id, err
	}
	receipt, err := a.setSwitch(ctx, c, c.After)
	return receipt, id, err
}

func (a *applier) sendPolicy(ctx context.Context, c *entramfa.Change) (entramfa.Receipt, string, error) {
	body, err := a.body(c)
	if err != nil {
		return entramfa.Receipt{}, "", err
	}
	var p policy.Policy
	if err := json.Unmarshal(body, &p); err != nil {
		return entramfa.Receipt{}, "", err
	}
	stored, receipt, err := a.tenant.CreatePolicy(ctx, p)
	return receipt, stored.ID, err
}

// setSwitch sets what has one value: security defaults and the per-user state.
func (a *applier) setSwitch(ctx context.Context, c *entramfa.Change, to json.RawMessage) (entramfa.Receipt, error) {
	if c.Kind == entramfa.ChangeSecurityDefaults {
		var wanted enabledSwitch
		if err := json.Unmarshal(to, &wanted); err != nil {
			return entramfa.Receipt{}, err
		}
		return a.tenant.UpdateSecurityDefaults(ctx, wanted.IsEnabled)
	}
	var wanted Requirements
	if err := json.Unmarshal(to, &wanted); err != nil {
		return entramfa.Receipt{}, err
	}
	return a.tenant.UpdateRequirements(ctx, c.TargetID, wanted.PerUserMFAState)
}

// sendBack makes the write that undoes a change.
func (a *applier) sendBack(ctx context.Context, c *entramfa.Change) (entramfa.Receipt, error) {
	id := a.target(c)
	switch c.Kind {
	case entramfa.ChangePolicy:
		patch, err := patchOf(c.Before)
		if err != nil {
			return entramfa.Receipt{}, err
		}
		return a.tenant.UpdatePolicy(ctx, id, patch)
	case entramfa.CreatePolicy:
		return a.tenant.DeletePolicy(ctx, id)
	case entramfa.CreateNamedLocation:
		return a.tenant.DeleteNamedLocation(ctx, id)
	case entramfa.AddGroupMember:
		var wanted member
		if err := json.Unmarshal(c.After, &wanted); err != nil {
			return entramfa.Receipt{}, err
		}
		return a.tenant.RemoveGroupMember(ctx, id, wanted.ID)
	}
	return a.setSwitch(ctx, c, c.Before)
}

// same compares two values of a change. The order of excluded users and the case of
// their ids say nothing.
func same(a, b json.RawMessage) bool { return string(inOrder(a)) == string(inOrder(b)) }

func inOrder(text json.RawMessage) json.RawMessage {
	patch, err := patchOf(text)
	if err == nil && patch.ExcludeUsers != nil {
		patch.ExcludeUsers = folded(patch.ExcludeUsers)
		return encoded(patch)
	}
	return canonical(text)
}
