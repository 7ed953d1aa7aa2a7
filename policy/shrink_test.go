package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// trial is a case on which two evaluators are compared: policies, for a Diff
// those they are changed to, and a set of sign-ins.
type trial struct {
	Policies []policy.Policy `json:"policies"`
	Changed  []policy.Policy `json:"changed,omitempty"`
	SignIn   policy.SignIn   `json:"signIn"`
}

// evaluators gives the answers of both, the same for equal trials.
type evaluators func(trial) (got, want string)

// disagree fails the test with the least that is left of a trial on which the
// evaluators disagree.
func disagree(t *testing.T, seed int, c trial, answers evaluators) {
	t.Helper()
	c = shrink(c, func(c trial) bool { got, want := answers(c); return got != want })
	got, want := answers(c)
	text, err := json.MarshalIndent(c, "", " ")
	require.NoError(t, err)
	require.NotEqual(t, want, got, "seed %d: what is left no longer fails\n%s", seed, text)
	require.Fail(t, "the evaluators disagree", "seed %d: got %s, want %s\n%s", seed, got, want, text)
}

// judges compares what Judge says of each policy.
func (w world) judges(tenant policy.Tenant, s policy.Subject) evaluators {
	return func(c trial) (got, want string) {
		tenant.Policies = entramfa.Known(policy.List{Policies: c.Policies})
		for i, f := range policy.Judge(tenant, s, c.SignIn) {
			got += fmt.Sprintln(f.Outcome, f.Extent)
			want += w.expected(c.Policies[i], c.SignIn) + "\n"
		}
		return got, want
	}
}

// decides compares what Decide says of all policies together.
func (w world) decides(tenant policy.Tenant, s policy.Subject) evaluators {
	return func(c trial) (got, want string) {
		tenant.Policies = entramfa.Known(policy.List{Policies: c.Policies})
		v := policy.Decide(tenant, s, c.SignIn)
		return fmt.Sprint(v.Outcome, " ", v.Extent), w.decided(c.Policies, c.SignIn)
	}
}

// differs compares whether the change of the policies is seen.
func (w world) differs(before policy.Tenant, s policy.Subject) evaluators {
	return func(c trial) (got, want string) {
		after := before
		before.Policies = entramfa.Known(policy.List{Policies: c.Policies})
		after.Policies = entramfa.Known(policy.List{Policies: c.Changed})
		changes := diff(before, after, c.SignIn, s)
		changed := slices.ContainsFunc(points(c.SignIn), func(at point) bool { return w.outcomeAt(c.Policies, at) != w.outcomeAt(c.Changed, at) })
		return fmt.Sprint("changed: ", len(changes) == 1), fmt.Sprint("changed: ", changed)
	}
}

// shrinker takes away from a trial what it fails without.
type shrinker struct {
	fails func() bool
	tries int  // that are left
	less  bool // something was taken away in this round
}

// shrink returns a trial that fails too, and of which nothing can be taken away
// alone. It changes the policies that the trial points to. Nothing is put back and
// the tries are counted, so it ends.
func shrink(c trial, fails func(trial) bool) trial {
	c.Policies, c.Changed = slices.Clone(c.Policies), slices.Clone(c.Changed)
	s := &shrinker{fails: func() bool { return fails(c) }, tries: 100_000, less: true}
	for s.less {
		s.less = false
		s.lists(&c)
		s.region(&c.SignIn)
		for _, p := range slices.Concat(c.Policies, c.Changed) {
			s.conditions(p.Conditions)
			s.controls(p.GrantControls)
		}
	}
	return c
}

// try puts something smaller in the place of a part, and the part back where the
// trial no longer fails.
func try[T any](s *shrinker, part *T, smaller T) {
	was := *part
	if s.tries <= 0 || reflect.DeepEqual(was, smaller) {
		return
	}
	s.tries--
	*part = smaller
	if s.fails() {
		s.less = true
		return
	}
	*part = was
}

// plainly puts a plain condition in the place of one that is there.
func plainly[T any](s *shrinker, part **T, plain T) {
	if *part != nil {
		try(s, part, &plain)
	}
}

// entries drops entries of a list, one by one, down to least.
func entries[T any](s *shrinker, least int, lists ...*[]T) {
	for _, list := range lists {
		for i := len(*list) - 1; i >= 0 && len(*list) > least; i-- {
			try(s, list, slices.Delete(slices.Clone(*list), i, i+1))
		}
	}
}

// lists drops policies, alone and one of each list together: what two lists have
// in common makes no difference between them.
func (s *shrinker) lists(c *trial) {
	entries(s, 0, &c.Policies, &c.Changed)
	for i := len(c.Policies) - 1; i >= 0; i-- {
		for k := len(c.Changed) - 1; k >= 0 && i < len(c.Policies); k-- {
			less := *c
			less.Policies = slices.Delete(slices.Clone(c.Policies), i, i+1)
			less.Changed = slices.Delete(slices.Clone(c.Changed), k, k+1)
			try(s, c, less)
		}
	}
}

// region drops values. It keeps what the sign-ins are for: a resource or a user
// action. No list but these two and the devices
// beside an unregistered one becomes empty, for that would mean every value.
func (s *shrinker) region(r *policy.SignIn) {
	entries(s, min(1, len(r.Applications)), &r.Applications)
	entries(s, least(len(r.Applications) > 0), &r.UserActions)
	entries(s, least(len(r.UserActions) > 0), &r.Applications)
	entries(s, 1, &r.ClientAppTypes, &r.Platforms, &r.Countries, &r.GPSCountries, &r.AuthenticationContexts,
		&r.SignInRiskLevels, &r.UserRiskLevels, &r.InsiderRiskLevels, &r.AuthenticationFlows)
	entries(s, 1, &r.Addresses)
	entries(s, 1, &r.CompliantNetworks)
	entries(s, least(r.UnregisteredDevice), &r.Devices)
	if len(r.Devices) > 0 {
		try(s, &r.UnregisteredDevice, false)
	}
}

// least is how many entries a list keeps where another may stand for it.
func least(other bool) int {
	if other {
		return 0
	}
	return 1
}

// conditions drops whole conditions, then entries. Where Graph always sends a
// condition, one that takes everything in stands for none.
func (s *shrinker) conditions(c *policy.Conditions) {
	if c == nil {
		return
	}
	plainly(s, &c.Users, policy.Users{IncludeUsers: []string{"All"}})
	plainly(s, &c.Applications, policy.Applications{IncludeApplications: []string{"All"}})
	try(s, &c.ClientAppTypes, []string{"all"})
	try(s, &c.Platforms, nil)
	try(s, &c.Locations, nil)
	try(s, &c.Devices, nil)
	try(s, &c.AuthenticationFlows, nil)
	try(s, &c.InsiderRiskLevels, nil)
	try(s, &c.SignInRiskLevels, nil)
	try(s, &c.UserRiskLevels, nil)
	s.values(c)
}

// values drops entries of the conditions that are left; a list that says what is
// meant keeps one.
func (s *shrinker) values(c *policy.Conditions) {
	entries(s, 1, &c.ClientAppTypes, &c.SignInRiskLevels, &c.UserRiskLevels)
	s.flags(&c.InsiderRiskLevels)
	if u := c.Users; u != nil {
		entries(s, 0, &u.ExcludeUsers, &u.IncludeGroups, &u.ExcludeGroups, &u.IncludeRoles, &u.ExcludeRoles)
		entries(s, 1, &u.IncludeUsers)
	}
	if a := c.Applications; a != nil {
		entries(s, 0, &a.ExcludeApplications)
		entries(s, 1, &a.IncludeApplications, &a.IncludeUserActions, &a.IncludeAuthenticationContextClassReferences)
	}
	if p := c.Platforms; p != nil {
		entries(s, 0, &p.ExcludePlatforms)
		entries(s, 1, &p.IncludePlatforms)
	}
	if l := c.Locations; l != nil {
		entries(s, 0, &l.ExcludeLocations)
		entries(s, 1, &l.IncludeLocations)
	}
	if f := c.AuthenticationFlows; f != nil {
		s.flags(&f.TransferMethods)
	}
}

// flags drops values of an enumeration, down to one.
func (s *shrinker) flags(f **policy.Flags) {
	if *f == nil {
		return
	}
	values := (*f).Values()
	for i := len(values) - 1; i >= 0 && len(values) > 1; i-- {
		less := policy.Flags(strings.Join(slices.Delete(slices.Clone(values), i, i+1), ","))
		try(s, f, &less)
		values = (*f).Values()
	}
}

// controls drops what is demanded, down to one control or a strength.
func (s *shrinker) controls(g *policy.GrantControls) {
	if g == nil {
		return
	}
	operator := "OR"
	try(s, g, policy.GrantControls{Operator: &operator, BuiltInControls: []string{"mfa"}})
	if len(g.BuiltInControls) > 0 {
		try(s, &g.AuthenticationStrength, nil)
	}
	entries(s, least(g.AuthenticationStrength != nil), &g.BuiltInControls)
}

// blind is what an evaluator sees that forgets to look at excluded platforms.
func blind(c trial) trial {
	c.Policies, c.Changed = slices.Clone(c.Policies), slices.Clone(c.Changed)
	for _, list := range [][]policy.Policy{c.Policies, c.Changed} {
		for i := range list {
			if conditions := *list[i].Conditions; conditions.Platforms != nil {
				conditions.Platforms = &policy.Platforms{IncludePlatforms: conditions.Platforms.IncludePlatforms}
				list[i].Conditions = &conditions
			}
		}
	}
	return c
}

// trial makes a case with a few policies, some of them narrow, and a change of them.
func (d dice) trial() trial {
	var c trial
	for range 1 + d.IntN(5) {
		c.Policies = append(c.Policies, d.broad())
		d.maybe(3, func() { c.Policies = append(c.Policies, d.policy()) })
	}
	c.Changed, c.SignIn = d.change(c.Policies), d.region(2)
	return c
}

// A wrong evaluator is planted: what is left of each trial that finds it is the
// one policy with the one condition that is judged wrongly, and one sign-in.
func TestShrinkLeavesAMinimalCase(t *testing.T) {
	w, tenant := naiveWorld()
	s := naiveSubject()
	n := 50
	if testing.Short() || raceEnabled {
		n = 10
	}
	for name, answers := range map[string]evaluators{"Judge": w.judges(tenant, s), "Decide": w.decides(tenant, s), "Diff": w.differs(tenant, s)} {
		t.Run(name, func(t *testing.T) {
			fails := func(c trial) bool {
				got, _ := answers(c)
				_, want := answers(blind(c))
				return got != want
			}
			found := 0
			for seed := uint64(0); found < n; seed++ {
				require.Less(t, seed, uint64(100_000), "the wrong evaluator is found too seldom")
				make := func() trial { return dice{rand.New(rand.NewPCG(seed, 4))}.trial() }
				if !fails(make()) {
					continue
				}
				found++
				c := shrink(make(), fails)
				assert.True(t, fails(c), "what is left fails no longer")
				assert.Equal(t, encode(t, c), encode(t, shrink(make(), fails)), "it is the same each time")
				requireMinimal(t, c)
			}
		})
	}
}

func requireMinimal(t *testing.T, c trial) {
	t.Helper()
	text := string(encode(t, c))
	list := slices.Concat(c.Policies, c.Changed)
	require.Len(t, list, 1, text)
	require.Len(t, points(c.SignIn), 1, text)
	excluded := list[0].Conditions.Platforms
	require.NotNil(t, excluded, text)
	assert.Len(t, excluded.IncludePlatforms, 1, text)
	assert.Equal(t, c.SignIn.Platforms, excluded.ExcludePlatforms, text)
	assert.Equal(t, []string{"mfa"}, list[0].GrantControls.BuiltInControls, text)
	assert.Nil(t, list[0].GrantControls.AuthenticationStrength, text)
	plain := policy.Conditions{Users: &policy.Users{IncludeUsers: []string{"All"}}, Applications: &policy.Applications{IncludeApplications: []string{"All"}}, ClientAppTypes: []string{"all"}, Platforms: excluded}
	if actions := c.SignIn.UserActions; len(actions) > 0 { // a policy on resources would leave it alone
		plain.Applications = &policy.Applications{IncludeUserActions: actions}
	}
	assert.Equal(t, &plain, list[0].Conditions, "no other condition is left")
}

// What fails whatever is taken away ends with next to nothing, what never fails
// again as it was, and neither takes long.
func TestShrinkEnds(t *testing.T) {
	for seed := range uint64(100) {
		make := func() trial { return dice{rand.New(rand.NewPCG(seed, 4))}.trial() }
		tries := 0
		c := shrink(make(), func(trial) bool { tries++; return true })
		assert.Empty(t, slices.Concat(c.Policies, c.Changed))
		assert.Len(t, points(c.SignIn), 1)
		assert.Less(t, tries, 1000)
		assert.Equal(t, encode(t, make()), encode(t, shrink(make(), func(trial) bool { return false })))
	}
}
