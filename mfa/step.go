package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
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
		return object{id: c.TargetID, value: perUserValue(c, requirements.PerUserMFAState)}, err
	case entramfa.AddGroupMember:
		return a.lookForMember(ctx, c)
	case entramfa.ChangeMobilePhone:
		return a.lookAtContact(ctx, c)
	case entramfa.AddPhoneMethod, entramfa.ChangePhoneMethod:
		return a.lookAtPhone(ctx, c)
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
	is := object{id: id, value: encoded(patch.Of(p)), rest: restOf(p, patch), policy: &p}
	if strings.HasPrefix(c.TargetID, "change:") {
		return is, a.stillOurs(c, p)
	}
	if _, err := p.ExcludedUsers(); err != nil {
		return object{}, fmt.Errorf("%w: %w", entramfa.ErrConflict, err)
	}
	is.value, err = a.withoutDeleted(ctx, c, patch.Of(p))
	return is, err
}

// stillOurs says whether a policy that the plan created is what the plan made it,
// but for its state: one that somebody else changed is neither enabled nor deleted.
func (a *applier) stillOurs(c *entramfa.Change, p policy.Policy) error {
	id, _ := strings.CutPrefix(c.TargetID, "change:")
	creation := a.plan.change(id)
	if creation == nil {
		return fmt.Errorf("no change %q creates it", id)
	}
	body, err := a.body(creation)
	if err != nil {
		return err
	}
	if is := a.found(p.ID, p, body, creation); !same(is.value, creation.After) {
		return &errMoved{is.value, creation.After, creation.After}
	}
	return nil
}

// withoutDeleted is the value of a list of excluded users. The service may drop the
// ids of users that no longer exist when it writes: a list that lacks nothing else of
// what the plan made it, or of what it was, is that one.
func (a *applier) withoutDeleted(ctx context.Context, c *entramfa.Change, is policy.Patch) (json.RawMessage, error) {
	value := encoded(is)
	if is.ExcludeUsers == nil || same(value, c.After) || same(value, c.Before) {
		return value, nil
	}
	for _, wanted := range []json.RawMessage{c.After, c.Before} {
		patch, err := patchOf(wanted)
		if err != nil {
			return nil, err
		}
		missing := slices.DeleteFunc(folded(patch.ExcludeUsers), func(id string) bool { return containsFold(is.ExcludeUsers, id) })
		word := slices.ContainsFunc(missing, func(id string) bool { return !guid.Is(id) })
		more := slices.ContainsFunc(is.ExcludeUsers, func(id string) bool { return !containsFold(patch.ExcludeUsers, id) })
		if word || more || len(missing) == 0 || containsFold(missing, a.plan.Account.ID) {
			continue
		}
		there, err := a.tenant.ObjectsByID(ctx, missing)
		if err == nil && len(there) == 0 {
			return wanted, nil
		}
	}
	return value, nil
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
	if holds(is, wanted) && !demandsMore(is, wanted) {
		return object{id: id, value: c.After}
	}
	return object{id: id, value: encoded(got)}
}

func (a *applier) changedLater(c *entramfa.Change) bool {
	return slices.ContainsFunc(a.plan.Changes, func(later entramfa.Change) bool { return later.TargetID == created(c.ID) })
}

// holds says whether a value has all that another one has: the service adds members,
// orders lists as it likes, and writes ids and ranges in its own way.
func holds(is, wanted any) bool {
	switch wanted := wanted.(type) {
	case nil:
		return true
	case string:
		text, ok := is.(string)
		return ok && sameText(text, wanted)
	case map[string]any:
		members, ok := is.(map[string]any)
		for name, value := range wanted {
			ok = ok && holds(members[name], value)
		}
		return ok
	case []any:
		list, ok := is.([]any)
		return ok && len(list) == len(wanted) && holdsEach(list, wanted) || len(wanted) == 0 && is == nil
	}
	return reflect.DeepEqual(is, wanted)
}

// demandsMore says whether a policy has a condition or a control more than another
// value: a place, a platform or a kind of guest that somebody added makes another
// policy of it. What is empty says nothing; the service adds that by itself.
func demandsMore(is, wanted any) bool {
	has, _ := is.(map[string]any)
	asked, _ := wanted.(map[string]any)
	return slices.ContainsFunc([]string{"conditions", "grantControls", "sessionControls"}, func(part string) bool {
		return hasMore(has[part], asked[part])
	})
}

func hasMore(is, wanted any) bool {
	members, isObject := is.(map[string]any)
	if wanted == nil {
		return !empty(is)
	}
	asked, _ := wanted.(map[string]any)
	for name, value := range members {
		if !strings.Contains(name, "@") && isObject && hasMore(value, asked[name]) {
			return true
		}
	}
	return false
}

// empty says that a value says nothing.
func empty(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			if !strings.Contains(name, "@") && !empty(inner) {
				return false
			}
		}
		return true
	case []any:
		return len(value) == 0
	}
	return value == nil || value == "" || value == false
}

// holdsEach says whether each of the wanted is one of a list, and no two the same one.
func holdsEach(list, wanted []any) bool {
	left := slices.Clone(list)
	for _, w := range wanted {
		i := slices.IndexFunc(left, func(value any) bool { return holds(value, w) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// sameText compares ids without case and ranges by what they mean.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	if guid.Is(a) && guid.Is(b) {
		return strings.EqualFold(a, b)
	}
	x, errX := netip.ParsePrefix(a)
	y, errY := netip.ParsePrefix(b)
	return errX == nil && errY == nil && x.Masked() == y.Masked()
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
	case entramfa.ChangeMobilePhone, entramfa.AddPhoneMethod, entramfa.ChangePhoneMethod:
		return a.sendNumber(ctx, c)
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
	case entramfa.ChangeMobilePhone, entramfa.AddPhoneMethod, entramfa.ChangePhoneMethod:
		return a.sendNumberBack(ctx, c)
	}
	return a.setSwitch(ctx, c, c.Before)
}

// same compares two values of a change. The order of excluded users and the case of
// their ids say nothing.
func same(a, b json.RawMessage) bool { return string(inOrder(a)) == string(inOrder(b)) }

func inOrder(text json.RawMessage) json.RawMessage {
	patch, err := patchOf(text)
	isPatch := err == nil && patch.ExcludeUsers != nil && string(canonical(encoded(patch))) == string(canonical(text))
	if isPatch { // and no policy, of which everything else would be left out
		patch.ExcludeUsers = slices.Compact(folded(patch.ExcludeUsers))
		return encoded(patch)
	}
	return canonical(text)
}
