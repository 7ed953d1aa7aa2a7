package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// decided is what going through all sign-ins one by one gives for several policies.
func (w world) decided(policies []policy.Policy, s policy.SignIn) string {
	blocked, met, all := 0, 0, points(s)
	for _, at := range all {
		worst := entramfa.Clear
		for _, p := range policies {
			worst = max(worst, w.does(p, at))
		}
		if worst == entramfa.Blocked {
			blocked++
		}
		if worst != entramfa.Clear {
			met++
		}
	}
	switch {
	case blocked == len(all):
		return "blocked always"
	case met == len(all):
		return "mfa always"
	case blocked > 0:
		return "blocked sometimes"
	case met > 0:
		return "mfa sometimes"
	}
	return "clear never"
}

// broad is a policy about everybody with few conditions, so that several meet
// the same sign-ins.
func (d dice) broad() policy.Policy {
	p := d.policy()
	c := p.Conditions
	c.Users = &policy.Users{IncludeUsers: []string{"All"}}
	keep := d.IntN(6)
	for i, drop := range []func(){
		func() { c.ClientAppTypes = []string{"all"} },
		func() { c.Applications = &policy.Applications{IncludeApplications: []string{"All"}} },
		func() { c.Platforms = nil },
		func() { c.Locations = nil },
		func() { c.SignInRiskLevels, c.UserRiskLevels, c.InsiderRiskLevels = nil, nil, nil },
		func() { c.AuthenticationFlows, c.Devices = nil, nil },
	} {
		if i != keep {
			drop()
		}
	}
	return p
}

func TestDecideAgreesWithTheNaiveEvaluator(t *testing.T) {
	w, tenant := naiveWorld()
	s := naiveSubject()
	counts, together := map[string]int{}, 0
	for seed := range 20_000 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 2))}
		var policies []policy.Policy
		for range 1 + d.IntN(6) {
			policies = append(policies, d.broad())
		}
		region := d.region(2)
		tenant.Policies = entramfa.Known(policy.List{Policies: policies})
		v := policy.Decide(tenant, s, region)
		want := w.decided(policies, region)
		counts[want]++
		if want == "mfa always" || want == "blocked always" {
			alone := false
			for _, p := range policies {
				one := w.expected(p, region)
				alone = alone || one == want || one == "blocked always"
			}
			if !alone {
				together++
			}
		}
		if got := fmt.Sprint(v.Outcome, " ", v.Extent); got != want {
			disagree(t, seed, trial{Policies: policies, SignIn: region}, w.decides(tenant, s))
		}
	}
	for _, want := range []string{"clear never", "mfa always", "mfa sometimes", "blocked always", "blocked sometimes"} {
		assert.Greater(t, counts[want], 100, want)
	}
	assert.Greater(t, together, 200, "policies that meet every sign-in only together")
	t.Log(counts, together)
}

func TestPoliciesTogether(t *testing.T) {
	elsewhere := `"locations": {"includeLocations": ["All"], "excludeLocations": ["` + office + `"]}`
	there := `"locations": {"includeLocations": ["` + office + `"]}`
	block := `, "grantControls": {"operator": "OR", "builtInControls": ["block"]}`
	for _, c := range []struct {
		policies []string
		want     string
	}{
		{[]string{elsewhere}, "mfa sometimes"},
		{[]string{elsewhere, there}, "mfa always"},
		{[]string{elsewhere + block, there}, "mfa always"},
		{[]string{elsewhere + block, there + block}, "blocked always"},
		{[]string{elsewhere + `, "state": "disabled"`, there}, "mfa sometimes"},
		{[]string{elsewhere + `, "weather": {"x": 1}`, there}, "unknown unknown"},
		{[]string{`"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}`, `"platforms": {"includePlatforms": ["iOS"]}`}, "mfa always"},
		{[]string{`"users": {"includeUsers": ["None"]}`}, "clear never"},
		{nil, "clear never"},
	} {
		var policies []policy.Policy
		for _, change := range c.policies {
			policies = append(policies, parse(t, change))
		}
		v := policy.Decide(tenant(policies...), subject(), policy.PasswordSignIn())
		assert.Equal(t, c.want, fmt.Sprint(v.Outcome, " ", v.Extent), "%v", c.policies)
	}
	assert.Equal(t, entramfa.Verdict{}, policy.Decide(policy.Tenant{}, subject(), policy.PasswordSignIn()))
	hidden := policy.Tenant{Policies: entramfa.Known(policy.List{Hidden: "v1.0"})}
	assert.Equal(t, entramfa.Verdict{}, policy.Decide(hidden, subject(), policy.PasswordSignIn()))
}
