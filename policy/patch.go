package policy

import "encoding/json"

// Patch is a change of a policy that this module makes: its state, its excluded
// users, or both. What is nil stays as it is. Encoded as JSON it is the body of a
// PATCH, which merges objects and replaces lists whole.
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update.
type Patch struct {
	State *State
	// ExcludeUsers is the whole new list; empty and not nil means nobody.
	ExcludeUsers []string
}

// patchJSON is the body.
type patchJSON struct {
	State      *State           `json:"state,omitempty"`
	Conditions *patchConditions `json:"conditions,omitempty"`
}

type patchConditions struct {
	Users patchUsers `json:"users"`
}

type patchUsers struct {
	ExcludeUsers []string `json:"excludeUsers"`
}

// MarshalJSON writes the members that change.
func (p Patch) MarshalJSON() ([]byte, error) {
	body := patchJSON{State: p.State}
	if p.ExcludeUsers != nil {
		body.Conditions = &patchConditions{patchUsers{p.ExcludeUsers}}
	}
	return json.Marshal(body)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Patch) UnmarshalJSON(text []byte) error {
	var body patchJSON
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	*p = Patch{State: body.State}
	if body.Conditions != nil {
		p.ExcludeUsers = append([]string{}, body.Conditions.Users.ExcludeUsers...)
	}
	return nil
}

// Patched returns a copy of the policy with the patch applied. It shares with the
// policy what the patch doesn't change.
func (p Policy) Patched(patch Patch) Policy {
	if patch.State != nil {
		p.State = *patch.State
	}
	if patch.ExcludeUsers == nil {
		return p
	}
	var conditions Conditions
	if p.Conditions != nil {
		conditions = *p.Conditions
	}
	var users Users
	if conditions.Users != nil {
		users = *conditions.Users
	}
	users.ExcludeUsers = append([]string{}, patch.ExcludeUsers...)
	conditions.Users, p.Conditions = &users, &conditions
	return p
}

// Of returns what the members that the patch changes are in a policy: the patch
// that undoes it.
func (patch Patch) Of(p Policy) Patch {
	var before Patch
	if patch.State != nil {
		before.State = &p.State
	}
	if patch.ExcludeUsers != nil {
		before.ExcludeUsers = []string{}
		if p.Conditions != nil && p.Conditions.Users != nil {
			before.ExcludeUsers = append(before.ExcludeUsers, p.Conditions.Users.ExcludeUsers...)
		}
	}
	return before
}
