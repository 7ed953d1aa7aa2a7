package policy_test

import (
	"fmt"
	"iter"
	"log"
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
		worst = max(worst, w.does(p, at))
	}
	return worst
}

// diff compares two states of a tenant with these accounts.
func diff(before, after policy.Tenant, signIns policy.SignIn, accounts ...policy.Subject) []policy.Change {
	d := directory(accounts...)
	changes, err := policy.Diff(policy.Snapshot{Policies: policy.Prepare(before), Accounts: d}, policy.Snapshot{Policies: policy.Prepare(after), Accounts: d}, signIns)
	if err != nil {
		panic(err)
	}
	return slices.Collect(changes)
}

// directory holds accounts with what they bring with them.
func directory(accounts ...policy.Subject) *policy.Directory {
	var d policy.Directory
	if err := d.AddAccounts(stream(accounts...)); err != nil {
		panic(err)
	}
	return &d
}

// stream is a stream without an error.
func stream[T any](list ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
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
		got := diff(before, after, region, s)
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
	changes := diff(before, after, policy.SignIn{UserActions: []string{}}, subject(), other)
	require.Len(t, changes, 1, "the other account is treated the same at every sign-in")
	assert.Equal(t, account, changes[0].AccountID)
	assert.Equal(t, "mfa to clear", fmt.Sprint(changes[0].Before, " to ", changes[0].After))
}

func TestDiffSaysWhatBecomesUnknown(t *testing.T) {
	before := tenant()
	after := tenant(parse(t, `"weather": {"x": 1}`))
	changes := diff(before, after, policy.PasswordSignIn(), subject())
	require.Len(t, changes, 1)
	assert.Equal(t, entramfa.Unknown, changes[0].After)
	assert.Empty(t, diff(after, after, policy.PasswordSignIn(), subject()))
	assert.Len(t, diff(before, policy.Tenant{}, policy.PasswordSignIn(), subject()), 1, "policies that were not read")
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
	var accounts policy.Directory
	err := accounts.AddAccounts(func(yield func(policy.Subject, error) bool) {
		_ = yield(policy.Subject{ID: account}, nil) && yield(policy.Subject{ID: someone}, nil)
	})
	if err != nil {
		log.Fatal(err)
	}
	before := policy.Snapshot{Policies: policy.Prepare(with()), Accounts: &accounts}
	after := policy.Snapshot{Policies: policy.Prepare(with(account)), Accounts: &accounts}
	changes, err := policy.Diff(before, after, policy.PasswordSignIn())
	if err != nil {
		log.Fatal(err)
	}
	for change := range changes {
		fmt.Println(change.AccountID, change.Before, "->", change.After)
	}
	// Output:
	// b0000000-0000-4000-8000-000000000001 mfa -> clear
}
