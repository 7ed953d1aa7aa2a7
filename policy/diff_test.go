package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// outcomeAt is what several policies do to one sign-in.
func (w world) outcomeAt(policies []policy.Policy, at point) entramfa.Outcome {
	worst := entramfa.Clear
	for _, p := range policies {
		if outcome := grants(p); outcome > worst && w.applies(p, at) {
			worst = outcome
		}
	}
	return worst
}

// change makes a second set of policies of a first: one is dropped, replaced,
// added or excludes the account.
func (d dice) change(policies []policy.Policy) []policy.Policy {
	after := slices.Clone(policies)
	i := d.IntN(len(after))
	switch d.IntN(5) {
	case 0:
		after = slices.Delete(after, i, i+1)
	case 1:
		after[i] = d.broad()
	case 2:
		after = append(after, d.broad())
	case 3:
		conditions := *after[i].Conditions
		conditions.Users = &policy.Users{IncludeUsers: []string{"All"}, ExcludeUsers: []string{account}}
		after[i].Conditions = &conditions
	}
	return after
}

func TestDiffAgreesWithTheNaiveEvaluator(t *testing.T) {
	w, before := naiveWorld()
	_, after := naiveWorld()
	s := naiveSubject()
	differ, same := 0, 0
	for seed := range 10_000 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 3))}
		var policies []policy.Policy
		for range 1 + d.IntN(4) {
			policies = append(policies, d.broad())
		}
		changed := d.change(policies)
		region := d.region(2)
		before.Policies = entramfa.Known(policy.List{Policies: policies})
		after.Policies = entramfa.Known(policy.List{Policies: changed})

		want := slices.ContainsFunc(points(region), func(at point) bool { return w.outcomeAt(policies, at) != w.outcomeAt(changed, at) })
		got := slices.Collect(policy.Diff(before, after, policy.Same(slices.Values([]policy.Subject{s})), region))
		if want != (len(got) == 1) {
			disagree(t, seed, trial{policies, changed, region}, w.differs(before, s))
		}
		if !want {
			same++
			continue
		}
		differ++
		at := points(got[0].Witness)
		require.Len(t, at, 1, "a witness is one sign-in")
		assert.Equal(t, got[0].Before, w.outcomeAt(policies, at[0]), "seed %d", seed)
		assert.Equal(t, got[0].After, w.outcomeAt(changed, at[0]), "seed %d", seed)
	}
	assert.Greater(t, differ, 1000)
	assert.Greater(t, same, 1000)
}

func TestDiffOfAnExclusion(t *testing.T) {
	other := subject()
	other.ID = someone
	before := tenant(parse(t, `"users": {"includeUsers": ["All"]}`))
	after := tenant(parse(t, `"users": {"includeUsers": ["All"], "excludeUsers": ["`+account+`"]}`))
	changes := slices.Collect(policy.Diff(before, after, policy.Same(slices.Values([]policy.Subject{subject(), other})), policy.SignIn{UserActions: []string{}}))
	require.Len(t, changes, 1, "the other account is treated the same at every sign-in")
	assert.Equal(t, account, changes[0].AccountID)
	assert.Equal(t, "mfa to clear", fmt.Sprint(changes[0].Before, " to ", changes[0].After))
}

func TestDiffSaysWhatBecomesUnknown(t *testing.T) {
	before := tenant()
	after := tenant(parse(t, `"weather": {"x": 1}`))
	one := policy.Same(slices.Values([]policy.Subject{subject()}))
	changes := slices.Collect(policy.Diff(before, after, one, policy.PasswordSignIn()))
	require.Len(t, changes, 1)
	assert.Equal(t, entramfa.Unknown, changes[0].After)
	assert.Empty(t, slices.Collect(policy.Diff(after, after, one, policy.PasswordSignIn())))
	assert.Len(t, slices.Collect(policy.Diff(before, policy.Tenant{}, one, policy.PasswordSignIn())), 1, "policies that were not read")
}

func ExampleDiff() {
	with := func(excluded ...string) policy.Tenant {
		return policy.Tenant{Policies: entramfa.Known(policy.List{Policies: []policy.Policy{{
			State: policy.StateEnabled,
			Conditions: &policy.Conditions{
				Applications: &policy.Applications{IncludeApplications: []string{"All"}},
				Users:        &policy.Users{IncludeUsers: []string{"All"}, ExcludeUsers: excluded},
			},
			GrantControls: &policy.GrantControls{BuiltInControls: []string{"mfa"}},
		}}})}
	}
	accounts := []policy.Subject{{ID: account}, {ID: someone}}
	for change := range policy.Diff(with(), with(account), policy.Same(slices.Values(accounts)), policy.PasswordSignIn()) {
		fmt.Println(change.AccountID, change.Before, "->", change.After)
	}
	// Output:
	// b0000000-0000-4000-8000-000000000001 mfa -> clear
}
