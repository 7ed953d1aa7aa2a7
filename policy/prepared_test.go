package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// answer is what happens to a single sign-in, as a verdict says it.
func answer(o entramfa.Outcome) string {
	if o == entramfa.Clear {
		return "clear never"
	}
	return o.String() + " always"
}

// signIn is a single random one.
func (d dice) signIn() policy.SignIn {
	s := d.region(1)
	if len(s.UserActions) > 0 {
		s.Applications = []string{}
	}
	if len(s.Devices) > 0 {
		s.UnregisteredDevice = false
	}
	return s
}

// One sign-in each: 1,000,000 random triples of a policy set, an account and a
// sign-in, decided by prepared accounts and by the naive evaluator.
func TestPreparedAccountsAgreeWithTheNaiveEvaluator(t *testing.T) {
	sets := 2000
	if testing.Short() || raceEnabled {
		sets = 40
	}
	w, tenant := naiveWorld()
	counts := map[string]int{}
	for seed := range sets {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 10))}
		var policies []policy.Policy
		for range 1 + d.IntN(8) {
			policies = append(policies, d.policy())
		}
		tenant.Policies = entramfa.Known(policy.List{Policies: policies})
		prepared := policy.Prepare(tenant)
		for n := range 10 {
			s := d.member(n)
			one, mine := prepared.Account(s), w.of(s)
			for range 50 {
				region := d.signIn()
				v := one.Decide(region)
				want := answer(mine.outcomeAt(policies, points(region)[0]))
				if fmt.Sprint(v.Outcome, " ", v.Extent) != want {
					disagree(t, seed, trial{Policies: policies, SignIn: region}, mine.decides(tenant, s))
				}
				counts[want]++
			}
		}
	}
	t.Log(counts)
	for _, want := range []string{"clear never", "mfa always", "blocked always"} {
		assert.Greater(t, counts[want], sets, want)
	}
}

// TestManyPolicies has more policies than a machine word has bits.
func TestManyPolicies(t *testing.T) {
	w, tenant := naiveWorld()
	for seed := range 40 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 11))}
		var policies []policy.Policy
		for range 50 + d.IntN(150) {
			policies = append(policies, d.policy())
		}
		tenant.Policies = entramfa.Known(policy.List{Policies: policies})
		s := d.member(0)
		one, mine := policy.Prepare(tenant).Account(s), w.of(s)
		for i := range 40 {
			region := d.region(1 + i%2)
			v := one.Decide(region)
			if fmt.Sprint(v.Outcome, " ", v.Extent) != mine.decided(policies, region) {
				disagree(t, seed, trial{Policies: policies, SignIn: region}, mine.decides(tenant, s))
			}
		}
	}
}

func TestGroupsAreThoseToRead(t *testing.T) {
	disabled := parse(t, `"users": {"includeGroups": ["`+foreign+`"]}`)
	disabled.State = policy.StateDisabled
	prepared := policy.Prepare(tenant(
		parse(t, `"users": {"includeUsers": ["All"], "excludeGroups": ["`+nested+`", "no id"]}`),
		parse(t, `"users": {"includeGroups": ["`+direct+`", "`+nested+`"]}`), disabled,
	))
	assert.Equal(t, []string{direct, nested}, slices.Sorted(slices.Values(prepared.Groups())))
}

// vague gives a random policy conditions of which something isn't known, and some
// that look at two things of a target at once.
func (d dice) vague(p policy.Policy) policy.Policy {
	c := *p.Conditions
	odd := []string{policy.LocationAllTrusted, policy.LocationMFATrustedIPs, "d0000000-0000-4000-8000-00000000dead", office, branch, abroad, "All"}
	d.maybe(2, func() {
		c.Locations = &policy.Locations{IncludeLocations: d.oneOrMore(2, odd...), ExcludeLocations: d.some(odd[:5]...)}
	})
	d.maybe(4, func() {
		c.Applications = &policy.Applications{IncludeAuthenticationContextClassReferences: d.oneOrMore(2, "c1", "c2")}
	})
	d.maybe(5, func() { c.ClientAppTypes = d.oneOrMore(2, "browser", "martian", "mobileAppsAndDesktopClients") })
	d.maybe(3, func() {
		p.SessionControls = &policy.SessionControls{SecureSignInSession: json.RawMessage(`{"isEnabled": true}`)}
		// Beside a demand Judge names the demand; this one is met.
		p.GrantControls = &policy.GrantControls{AuthenticationStrength: &policy.AuthenticationStrength{ID: "s", AllowedCombinations: []policy.Flags{"password"}}}
	})
	d.maybe(10, func() { p.State = "odd" })
	d.maybe(10, func() { p.GrantControls = &policy.GrantControls{BuiltInControls: []string{"martian"}} })
	p.Conditions = &c
	return p
}

// TestDecideIsJudgeOfOnePolicy holds the two against each other where a policy
// stands alone: they come to their answers in different ways.
func TestDecideIsJudgeOfOnePolicy(t *testing.T) {
	_, tenant := naiveWorld()
	s := naiveSubject()
	counts := map[string]int{}
	for seed := range 20_000 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 12))}
		p := d.vague(d.broad())
		region := d.region(2)
		region.ClientAppTypes = d.oneOrMore(2, "browser", "mobileAppsAndDesktopClients")
		region.Applications = d.oneOrMore(2, appA, appB, exchangeID, "00000003-0000-0000-c000-000000000000")
		region.AuthenticationContexts = d.some("c1", "c3")
		answers := func(c trial) (got, want string) {
			if len(c.Policies) == 0 {
				return "", ""
			}
			tenant.Policies = entramfa.Known(policy.List{Policies: c.Policies})
			v, f := policy.Decide(tenant, s, c.SignIn), policy.Judge(tenant, s, c.SignIn)[0]
			if f.Outcome == entramfa.Unknown && v.Extent == entramfa.Sometimes {
				return "", "" // Judge looks at each condition alone; the naive evaluator is the judge of this
			}
			return fmt.Sprint(v.Outcome, " ", v.Extent), fmt.Sprint(f.Outcome, " ", f.Extent)
		}
		got, want := answers(trial{Policies: []policy.Policy{p}, SignIn: region})
		if got != want {
			disagree(t, seed, trial{Policies: []policy.Policy{p}, SignIn: region}, answers)
		}
		counts[want]++
	}
	t.Log(counts)
	assert.Greater(t, counts["unknown unknown"], 500)
}

// FuzzDecide holds the ways to an answer against each other on any policy: Judge
// alone, Decide for a set and for a single sign-in, Sweep, Explain and Diff.
func FuzzDecide(f *testing.F) {
	f.Add(full)
	f.Add(corpusPolicy)
	f.Add(`{"state":"enabled","conditions":{"users":{"includeUsers":["All"],"excludeRoles":["x"]},"locations":{"includeLocations":["AllTrusted"]},"applications":{"includeApplications":["Office365"],"excludeApplications":["` + exchangeID + `"]}},"grantControls":{"builtInControls":["mfa"]},"sessionControls":{"secureSignInSession":{"isEnabled":true}}}`)
	one := dice{rand.New(rand.NewPCG(1, 13))}.signIn()
	f.Fuzz(func(t *testing.T, text string) {
		var p policy.Policy
		if json.Unmarshal([]byte(text), &p) != nil {
			return
		}
		_, place := naiveWorld()
		place.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{p}})
		s := subject()
		prepared := policy.Prepare(place)
		mine := prepared.Account(s)
		for _, region := range []policy.SignIn{policy.PasswordSignIn(), {}, one} {
			found, v := policy.Judge(place, s, region)[0], mine.Decide(region)
			require.Equal(t, found.Outcome == entramfa.Clear, v.Outcome == entramfa.Clear, "Judge says %+v, Decide %+v", found, v)
			require.Equal(t, v, policy.Decide(place, s, region))
			require.Equal(t, 1, prepared.Sweep(directory(s), region).Count(v), "a sweep says otherwise")
			_, findings := mine.Explain(region)
			require.Equal(t, found, *findings[0])
			nothing := policy.Tenant{Policies: entramfa.Known(policy.List{})}
			require.Equal(t, v.Outcome != entramfa.Clear, len(diff(nothing, place, region, s)) == 1, "the policy changes what happens, or doesn't")
		}
	})
}
