package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

func TestTouches(t *testing.T) {
	by := func(users string, more ...string) []policy.Policy {
		return []policy.Policy{parse(t, strings.Join(append([]string{`"users": {` + users + `}`}, more...), ", "))}
	}
	one, two := `"includeUsers": ["`+account+`"]`, `"includeUsers": ["`+strings.ToUpper(account)+`", "`+someone+`"]`
	all, block := `"includeUsers": ["All"]`, `"grantControls": {"operator": "OR", "builtInControls": ["block"]}`
	off, report := `"state": "disabled"`, `"state": "enabledForReportingButNotEnforced"`
	compliant := `"grantControls": {"operator": "OR", "builtInControls": ["compliantDevice"]}`
	excluding := func(ids ...string) string { return all + `, "excludeUsers": ["` + strings.Join(ids, `", "`) + `"]` }
	none := []policy.Policy{}
	for name, c := range map[string]struct {
		before, after []policy.Policy
		want          string
	}{
		"nothing at all":                          {none, nil, ""},
		"the same":                                {by(all), by(all), ""},
		"an exclusion more":                       {by(all + `, "excludeUsers": []`), by(excluding(account)), account},
		"an exclusion of another name":            {by(excluding(someone)), by(excluding(account)), account + " " + someone},
		"an exclusion in capitals":                {by(excluding(account)), by(excluding(strings.ToUpper(account))), ""},
		"an exclusion twice":                      {by(excluding(account)), by(excluding(account, account)), ""},
		"guests are excluded":                     {by(excluding(account)), by(excluding(account, "GuestsOrExternalUsers")), "everybody"},
		"guests were excluded, and still are":     {by(excluding("GuestsOrExternalUsers")), by(excluding("GuestsOrExternalUsers", account)), account},
		"a group is excluded":                     {by(all), by(all + `, "excludeGroups": ["` + direct + `"]`), "everybody"},
		"an exclusion and the state":              {by(all, off), by(excluding(account)), "everybody"},
		"created for one":                         {none, by(one, block), account},
		"created for two":                         {none, by(two, block), account + " " + someone},
		"deleted for one":                         {by(one, block), none, account},
		"switched on for one":                     {by(one, report), by(one), account},
		"what it demands of one":                  {by(one), by(one, block), account},
		"from one to two":                         {by(one), by(two), account + " " + someone},
		"from one to all":                         {by(one), by(all), "everybody"},
		"from all to one":                         {by(all), by(one), "everybody"},
		"from all to one while off":               {by(all, off), by(one, off), ""},
		"from off and all to one":                 {by(all, off), by(one), account},
		"created for all":                         {none, by(all), "everybody"},
		"created for all but one":                 {none, by(excluding(account)), "everybody"},
		"created for a group":                     {none, by(one + `, "includeGroups": ["` + direct + `"]`), "everybody"},
		"created for a role":                      {none, by(one + `, "includeRoles": ["` + teams + `"]`), "everybody"},
		"created for guests":                      {none, by(one + `, "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"}`), "everybody"},
		"created for agents":                      {none, by(one, `"agents": {"includeAgentUsers": ["All"]}`), "everybody"},
		"created for nobody":                      {none, by(`"includeUsers": ["None"]`), "everybody"},
		"created for users of a newer schema":     {none, by(one + `, "moon": "full"`), "everybody"},
		"created with users read in part":         {none, []policy.Policy{parse(t, `"partOfUsers": {"includeUsers": ["`+account+`"]}`)}, "everybody"},
		"created disabled":                        {none, by(all, off), ""},
		"created in report-only":                  {none, by(all, report), ""},
		"created in report-only for devices":      {none, by(all, report, compliant), "everybody"},
		"switched on for all":                     {by(all, report), by(all), "everybody"},
		"into a state of a newer schema":          {by(all, off), by(all, `"state": "partiallyEnabled"`), "everybody"},
		"without users":                           {none, by(one, `"conditions": {"applications": {}}`), "everybody"},
		"no ids":                                  {none, []policy.Policy{{DisplayName: "x", State: policy.StateDisabled}}, "everybody"},
		"ids twice":                               {slices.Concat(by(one), by(two)), none, "everybody"},
		"decoded, against what a program made it": {[]policy.Policy{parse(t, `"partOfUsers": {"includeUsers": ["All"]}`)}, []policy.Policy{made(parse(t, `"partOfUsers": {"includeUsers": ["All"]}`))}, "everybody"},
	} {
		got := policy.Touches(c.before, c.after)
		text := strings.Join(got.Accounts, " ")
		if got.Everybody {
			text = "everybody"
			assert.NotEmpty(t, got.Reasons, name)
			assert.Empty(t, got.Accounts, name)
		}
		assert.NotNil(t, got.Accounts, name)
		assert.Equal(t, c.want, text, name)
		assert.Equal(t, c.want == account || c.want == "", got.Alone(strings.ToUpper(account)), name)
		back := policy.Touches(c.after, c.before)
		assert.Equal(t, got.Everybody, back.Everybody, "%s: the way back touches the same", name)
		assert.Equal(t, got.Accounts, back.Accounts, name)
	}
}

// made is a policy with users that nobody decoded, the same as JSON.
func made(p policy.Policy) policy.Policy {
	conditions := *p.Conditions
	conditions.Users = &policy.Users{IncludeUsers: p.Conditions.Users.IncludeUsers}
	p.Conditions = &conditions
	return p
}

// touching makes a random change of the kinds that a remediation makes, and others.
func (d dice) touching(policies []policy.Policy) []policy.Policy {
	after := slices.Clone(policies)
	for range 1 + d.IntN(3) {
		i := d.IntN(len(after))
		switch d.IntN(8) {
		case 0:
			after = append(after, d.pinned(len(after)))
		case 1:
			after[i].State = policy.State(d.one("disabled", "enabled", "enabledForReportingButNotEnforced", "odd"))
		case 2:
			if len(after) > 1 {
				after = slices.Delete(after, i, i+1)
			}
		case 3:
			after[i] = d.pinned(i)
		default:
			if c := after[i].Conditions; c != nil && c.Users != nil {
				after[i] = after[i].Patched(policy.Patch{ExcludeUsers: d.some(account, someone, accountID(1), strings.ToUpper(accountID(2)), "GuestsOrExternalUsers")})
			}
		}
	}
	return after
}

// pinned is a policy about one or two accounts by id, mostly.
func (d dice) pinned(n int) policy.Policy {
	p := d.odd(d.policy())
	p.ID = fmt.Sprintf("pinned %d", n)
	if p.Conditions == nil {
		return p
	}
	c := *p.Conditions
	c.Users = &policy.Users{IncludeUsers: d.oneOrMore(2, accountID(1), accountID(2), accountID(3)), ExcludeUsers: d.some(accountID(1), "Martians"), ExcludeGroups: d.some(direct)}
	p.Conditions = &c
	return p
}

// TestTouchesIsSound: whoever Diff names over random sign-ins of random tenants is
// touched.
func TestTouchesIsSound(t *testing.T) {
	_, before := naiveWorld()
	_, after := naiveWorld()
	counts := map[string]int{}
	seeds := 3000
	if testing.Short() || raceEnabled {
		seeds = 300
	}
	for seed := range seeds {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 11))}
		var policies []policy.Policy
		for n := range 1 + d.IntN(4) {
			p := d.odd(d.broad())
			d.maybe(3, func() { p = d.pinned(n) })
			p.ID = fmt.Sprint(n)
			policies = append(policies, p)
		}
		changed := d.touching(policies)
		before.Policies = entramfa.Known(policy.List{Policies: policies})
		after.Policies = entramfa.Known(policy.List{Policies: changed})
		var subjects []policy.Subject
		for n := range 8 {
			subjects = append(subjects, d.stranger(n))
		}
		touched, region := policy.Touches(policies, changed), d.region(2)
		d.maybe(2, func() { region = policy.SignIn{} })
		for _, c := range diff(before, after, region, subjects...) {
			counts["changed"]++
			if !touched.Everybody {
				counts["of the touched"]++
				if !assert.Contains(t, touched.Accounts, c.AccountID, "seed %d: %+v\n%s\n%s", seed, c, encode(t, policies), encode(t, changed)) {
					t.FailNow()
				}
			}
		}
		counts[fmt.Sprintf("everybody %v, %d accounts", touched.Everybody, len(touched.Accounts))]++
	}
	t.Log(counts)
	assert.Greater(t, counts["everybody true, 0 accounts"], seeds/20)
	assert.Greater(t, counts["everybody false, 1 accounts"], seeds/20)
	assert.Greater(t, counts["of the touched"], seeds/20)
}
