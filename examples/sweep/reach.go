package main

import (
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// reach is what a policy in force does, and to how many.
type reach struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Verdict  entramfa.Verdict `json:"verdict"`
	Accounts int              `json:"accounts"`
	Perhaps  int              `json:"perhaps"`
	// Missing says why it can't be told what the policy does.
	Missing []string `json:"missing,omitempty"`

	whom string
}

const (
	// few is how many accounts are named in a line; in a tenant of more than
	// small, those whom a policy reaches are counted alone.
	few   = 3
	small = 1000
)

// newReach looks at a policy by itself; alone is the tenant with no other.
func newReach(alone policy.Tenant, p policy.Reach, d *policy.Directory, people *census, signIns policy.SignIn) reach {
	r := reach{ID: p.ID, Name: p.Name, Verdict: p.Verdict, Accounts: p.Accounts, Perhaps: p.Perhaps}
	if p.Verdict.Outcome == entramfa.Unknown {
		r.Missing = missing(alone, signIns)
	}
	reached := p.Accounts + p.Perhaps
	some := reached > 0 && reached < d.Len() && d.Len() <= small
	if some && (reached <= few || d.Len()-reached <= few) {
		r.whom = people.whom(policy.Prepare(alone).Sweep(d, signIns))
	}
	return r
}

// title is the name of the policy.
func (r reach) title() string {
	if r.Name == "" {
		return "policies that could not be read"
	}
	return r.Name
}

// only is a tenant with one of its policies.
func only(rules policy.Tenant, id string) policy.Tenant {
	list, _ := rules.Policies.Get()
	rules.Policies = entramfa.Known(policy.List{
		Policies: slices.DeleteFunc(slices.Clone(list.Policies), func(p policy.Policy) bool { return p.ID != id }),
	})
	return rules
}

// missing says why it can't be told what the only policy of a tenant does to
// these sign-ins, whoever signs in.
func missing(alone policy.Tenant, signIns policy.SignIn) []string {
	list, _ := alone.Policies.Get()
	if len(list.Policies) != 1 || list.Policies[0].Conditions == nil {
		return []string{"what it does"}
	}
	everybody, conditions := list.Policies[0], *list.Policies[0].Conditions
	conditions.Users = &policy.Users{IncludeUsers: []string{"All"}}
	everybody.Conditions = &conditions
	alone.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{everybody}})
	return policy.Judge(alone, policy.Subject{Kinds: entramfa.Known([]string{})}, signIns)[0].Missing
}

// whom names those whom the only policy of a sweep may be about, or the others
// where they are fewer.
func (c *census) whom(alone *policy.Sweep) string {
	others := c.some(alone.Uncovered())
	if others.Count <= few {
		return "all but " + names(others.Accounts)
	}
	return names(c.without(others).Accounts)
}

// without is everybody else.
func (c *census) without(some some) some {
	return c.some(func(yield func(string) bool) {
		for id := range c.names {
			other := !slices.ContainsFunc(some.Accounts, func(a account) bool { return a.ID == id })
			if other && !yield(id) {
				return
			}
		}
	})
}
