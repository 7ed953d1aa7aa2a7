package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// foreignCase is a list of a condition in which words may stand that no document
// has, and a region of the property that it looks at.
type foreignCase struct {
	condition string
	region    []string
	narrow    func(*policy.SignIn, []string)
	// want is what the lists say of a single value, written anew.
	want func(value string) string
}

// inList is the rule of a list: a listed value is in, any other is not, unless a
// foreign word may mean it.
func inList(list []string, value string) string {
	switch {
	case has(list, value):
		return "yes"
	case has(list, "martian"):
		return "unknown"
	}
	return "no"
}

func (d dice) foreignCase() foreignCase {
	quoted := func(list []string) string {
		text, _ := json.Marshal(list)
		return string(text)
	}
	of := func(name string, narrow func(*policy.SignIn, []string), values ...string) foreignCase {
		list := d.oneOrMore(3, slices.Concat(values, []string{"martian"})...)
		text := fmt.Sprintf(`%q: %s`, name, quoted(list))
		switch name {
		case "insiderRiskLevels":
			text = fmt.Sprintf(`%q: %q`, name, strings.Join(list, ","))
		case "authenticationFlows":
			text = fmt.Sprintf(`%q: {"transferMethods": %q}`, name, strings.Join(list, ","))
		}
		return foreignCase{text, d.oneOrMore(3, values...), narrow, func(v string) string { return inList(list, v) }}
	}
	switch d.IntN(6) {
	case 0:
		return of("clientAppTypes", func(s *policy.SignIn, v []string) { s.ClientAppTypes = v }, "browser", "mobileAppsAndDesktopClients", "other")
	case 1:
		return of("signInRiskLevels", func(s *policy.SignIn, v []string) { s.SignInRiskLevels = v }, "none", "low", "high")
	case 2:
		return of("userRiskLevels", func(s *policy.SignIn, v []string) { s.UserRiskLevels = v }, "none", "medium", "high")
	case 3:
		return of("insiderRiskLevels", func(s *policy.SignIn, v []string) { s.InsiderRiskLevels = v }, "minor", "moderate", "elevated")
	case 4:
		return of("authenticationFlows", func(s *policy.SignIn, v []string) { s.AuthenticationFlows = v }, "deviceCodeFlow", "authenticationTransfer")
	}
	in, out := d.oneOrMore(3, "windows", "iOS", "linux", "martian"), d.some("windows", "iOS", "martian")
	return foreignCase{
		fmt.Sprintf(`"platforms": {"includePlatforms": %s, "excludePlatforms": %s}`, quoted(in), quoted(out)),
		d.oneOrMore(3, "windows", "iOS", "linux"), func(s *policy.SignIn, v []string) { s.Platforms = v },
		func(v string) string {
			included, excluded := inList(in, v), inList(out, v)
			switch {
			case included == "no" || excluded == "yes":
				return "no"
			case included == "yes" && excluded == "no":
				return "yes"
			}
			return "unknown"
		},
	}
}

// expected is what the single values come to.
func (c foreignCase) expected() string {
	seen := map[string]bool{}
	for _, value := range c.region {
		seen[c.want(value)] = true
	}
	switch {
	case seen["yes"] && seen["no"]:
		return "blocked sometimes"
	case seen["unknown"]:
		return "unknown unknown"
	case seen["yes"]:
		return "blocked always"
	}
	return "clear never"
}

// TestForeignWordsBesideKnownOnes: of random lists with a word that no document
// has, Judge and Decide say what the values say one by one.
func TestForeignWordsBesideKnownOnes(t *testing.T) {
	counts := map[string]int{}
	for seed := range 5_000 {
		c := dice{rand.New(rand.NewPCG(uint64(seed), 4))}.foreignCase()
		region := policy.PasswordSignIn()
		c.narrow(&region, c.region)
		place := tenant(parse(t, c.condition+`, "grantControls": {"operator": "OR", "builtInControls": ["block"]}`))
		f := policy.Judge(place, subject(), region)[0]
		v := policy.Decide(place, subject(), region)
		want := c.expected()
		require.Equal(t, want, fmt.Sprint(f.Outcome, " ", f.Extent), "%s, %v: %+v", c.condition, c.region, f)
		require.Equal(t, want, fmt.Sprint(v.Outcome, " ", v.Extent), "%s, %v", c.condition, c.region)
		if f.Outcome == entramfa.Unknown {
			require.Contains(t, strings.Join(f.Missing, "; "), "martian", c.condition)
		}
		counts[want]++
	}
	for _, want := range []string{"clear never", "blocked sometimes", "blocked always", "unknown unknown"} {
		assert.Greater(t, counts[want], 100, want)
	}
}
