package graphfake

import (
	"iter"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// The long lists. What they give is made outside of the tenant's lock: they hold
// copies of the tables.

// pinned returns the rows that a filter leaves when it names their ids, else all.
func (t table[T]) pinned(f filter) table[T] {
	if ids, ok := f.pinned("id"); ok {
		return t.only(ids)
	}
	return t
}

// userSource is the accounts, or those that a filter by id or user principal name leaves.
func (d *directory) userSource(f filter) *rowSource {
	users, mobiles, passwords := d.users.pinned(f), d.mobiles, d.passwords
	if names, ok := f.pinned("userPrincipalName"); ok {
		ids := make([]string, 0, len(names))
		for _, name := range names {
			if id, known := d.upns.get(name); known {
				ids = append(ids, id)
			}
		}
		users = d.users.only(ids)
	}
	if mobiles.len() == 0 && passwords.len() == 0 {
		return users.source(nil)
	}
	return users.source(func(user mfa.User) func(object) object { return profileOf(user.ID, mobiles, passwords) })
}

// profileOf adds to an account what the directory keeps beside it; nil where that is nothing.
func profileOf(id string, mobiles table[string], passwords table[password]) func(object) object {
	number, profile := mobiles.at(id), passwords.at(id).profile()
	if number == "" && profile == nil {
		return nil
	}
	return func(row object) object {
		if number != "" {
			row = row.with("mobilePhone", raw(number))
		}
		if profile != nil {
			row = row.with("passwordProfile", profile)
		}
		return row
	}
}

// policySource is the policies that a version shows.
func (d *directory) policySource(version string) (*rowSource, error) {
	if _, err := d.policyList(); err != nil {
		return nil, err
	}
	var rows []lazyRow
	for _, k := range d.policies.rows.All() {
		if version == beta || !hiddenFromV1(k) {
			rows = append(rows, d.policyRow(k))
		}
	}
	return &rowSource{len(rows), func(start int) iter.Seq[lazyRow] {
		return func(yield func(lazyRow) bool) {
			for _, row := range rows[min(start, len(rows)):] {
				if !yield(row) {
					return
				}
			}
		}
	}}, nil
}

// policyRow is a policy with its strength written out.
func (d *directory) policyRow(k *kept[policy.Policy]) lazyRow {
	whole := d.withStrength(k.row)
	if whole.GrantControls == k.row.GrantControls {
		return lazyRow{kept: k}
	}
	return lazyRow{made: objectOf(whole)}
}

// hiddenFromV1 is beyondV1, which it asks once.
func hiddenFromV1(k *kept[policy.Policy]) bool {
	if k.beyond.Load() == 0 {
		answer := int32(1)
		if policyShape.beyond(k.asObject()) {
			answer = 2
		}
		k.beyond.Store(answer)
	}
	return k.beyond.Load() == 2
}
