package policy_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// without says whether a person with everything but a second factor, a compliant
// device and a new password among it, gets through.
func (w world) without(policies []policy.Policy, at point) bool {
	return !slices.ContainsFunc(policies, func(p policy.Policy) bool {
		switch outcome := w.does(p, at); outcome {
		case entramfa.MFA:
			return wantsFactor(p.GrantControls)
		default:
			return outcome == entramfa.Blocked
		}
	})
}

func wantsFactor(g *policy.GrantControls) bool {
	var factors []bool
	for _, control := range g.BuiltInControls {
		factors = append(factors, control == "mfa")
	}
	if g.AuthenticationStrength != nil {
		factors = append(factors, g.AuthenticationStrength.AllowedCombinations[0] != "password")
	}
	if *g.Operator == "AND" {
		return slices.Contains(factors, true)
	}
	return !slices.Contains(factors, false)
}

func TestSecondFactorsAgreeWithTheNaiveEvaluator(t *testing.T) {
	w, tenant := naiveWorld()
	account, met := naiveSubject(), map[bool]int{}
	for seed := range 5_000 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 21))}
		var policies []policy.Policy
		for range 1 + d.IntN(5) {
			policies = append(policies, d.broad())
		}
		tenant.Policies = entramfa.Known(policy.List{Policies: policies})
		one := policy.Prepare(policy.SecondFactors(tenant)).Account(account)
		for range 10 {
			signIn := d.signIn()
			want := w.without(policies, points(signIn)[0])
			met[want]++
			got := one.Decide(signIn)
			require.NotEqual(t, entramfa.Unknown, got.Outcome)
			require.Equal(t, want, got.Outcome == entramfa.Clear, "seed %d", seed)
		}
	}
	assert.Greater(t, met[true], 5_000)
	assert.Greater(t, met[false], 5_000)
}

func TestUncoveredIsASignInThatNothingMeets(t *testing.T) {
	w, tenant := naiveWorld()
	account, met := naiveSubject(), map[bool]int{}
	for seed := range 10_000 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 22))}
		var policies []policy.Policy
		for range 1 + d.IntN(5) {
			policies = append(policies, d.broad())
		}
		tenant.Policies = entramfa.Known(policy.List{Policies: policies})
		region := d.region(2)
		want := slices.ContainsFunc(points(region), func(at point) bool { return w.outcomeAt(policies, at) == entramfa.Clear })
		one := policy.Prepare(tenant).Account(account)
		witness, found := one.Uncovered(region)
		met[want]++
		require.Equal(t, want, found, "seed %d", seed)
		if !found {
			continue
		}
		at := points(witness)
		require.Len(t, at, 1)
		require.Equal(t, entramfa.Clear, w.outcomeAt(policies, at[0]), "seed %d", seed)
		require.Equal(t, entramfa.Clear, one.Decide(witness).Outcome)
	}
	assert.Greater(t, met[true], 1_000)
	assert.Greater(t, met[false], 1_000)
}

func TestUncoveredClaimsNothingThatIsNotKnown(t *testing.T) {
	_, found := policy.Prepare(policy.Tenant{}).Account(subject()).Uncovered(policy.SignIn{})
	assert.False(t, found, "the policies were not read")
	odd := tenant(parse(t, `"weather": {"x": 1}`))
	_, found = policy.Prepare(odd).Account(subject()).Uncovered(policy.SignIn{UserActions: []string{}})
	assert.False(t, found, "it may be met")
	witness, found := policy.Prepare(tenant()).Account(subject()).Uncovered(policy.SignIn{UserActions: []string{}})
	assert.True(t, found)
	assert.Empty(t, witness.UserActions)
}

// TestWhatIsASecondFactor: each policy is for all users and resources.
func TestWhatIsASecondFactor(t *testing.T) {
	everything := policy.SignIn{UserActions: []string{}}
	for name, c := range map[string]struct{ controls, want string }{
		"mfa":                        {`{"operator":"OR","builtInControls":["mfa"]}`, "mfa always"},
		"mfa or a device":            {`{"operator":"OR","builtInControls":["mfa","compliantDevice"]}`, "blocked sometimes"},
		"mfa and a device":           {`{"operator":"AND","builtInControls":["mfa","compliantDevice"]}`, "mfa always"},
		"by an operator of tomorrow": {`{"operator":"XOR","builtInControls":["mfa","compliantDevice"]}`, "unknown unknown"},
		"a device":                   {`{"operator":"OR","builtInControls":["compliantDevice","domainJoinedDevice"]}`, "blocked sometimes"},
		"terms of use":               {`{"operator":"OR","termsOfUse":["t"],"builtInControls":[],"authenticationStrength":null}`, "blocked sometimes"},
		"a custom control":           {`{"operator":"OR","customAuthenticationFactors":["duo"],"builtInControls":[],"authenticationStrength":null}`, "blocked sometimes"},
		"a control of tomorrow":      {`{"operator":"OR","builtInControls":["retina"]}`, "unknown unknown"},
		"mfa or one of tomorrow":     {`{"operator":"OR","builtInControls":["mfa","retina"]}`, "unknown unknown"},
		"mfa and one of tomorrow":    {`{"operator":"AND","builtInControls":["mfa","retina"]}`, "mfa always"},
		"a device or of tomorrow":    {`{"operator":"OR","builtInControls":["compliantDevice","retina"]}`, "unknown unknown"}, // of legacy clients
		"block":                      {`{"operator":"OR","builtInControls":["block"]}`, "blocked always"},
		"nothing":                    {`null`, "clear never"},
		"the built-in strength":      {`{"operator":"OR","builtInControls":[],"authenticationStrength":{"id":"00000000-0000-0000-0000-000000000002"}}`, "mfa always"},
		"a strength of text alone":   {`{"operator":"OR","builtInControls":[],"authenticationStrength":{"id":"s","allowedCombinations":["fido2","sms"]}}`, "blocked sometimes"},
		"a strength with a password": {`{"operator":"OR","builtInControls":[],"authenticationStrength":{"id":"s","allowedCombinations":["fido2","password"]}}`, "clear never"},
		"a strength of two":          {`{"operator":"OR","builtInControls":[],"authenticationStrength":{"id":"s","allowedCombinations":["password,sms","federatedMultiFactor"]}}`, "mfa always"},
		"a method of tomorrow":       {`{"operator":"OR","builtInControls":[],"authenticationStrength":{"id":"s","allowedCombinations":["fido2","retina"]}}`, "unknown unknown"},
		"a strength nobody read":     {`{"operator":"OR","builtInControls":[],"authenticationStrength":{"id":"s"}}`, "unknown unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			place := tenant(parse(t, `"users": {"includeUsers": ["All"]}`))
			list, _ := place.Policies.Get()
			list.Policies[0].GrantControls = decoded(t, c.controls)
			place.Policies = entramfa.Known(list)
			got := policy.Prepare(policy.SecondFactors(place)).Account(subject()).Decide(everything)
			assert.Equal(t, c.want, text(got))
		})
	}
}

func TestSecondFactorsLeaveTheTenantAlone(t *testing.T) {
	p := parse(t, `"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"]`)
	p.GrantControls = decoded(t, `{"operator":"OR","builtInControls":["compliantDevice"]}`)
	place := tenant(p)
	was := jsonOf(t, p)
	reduced, _ := policy.SecondFactors(place).Policies.Get()
	require.Len(t, reduced.Policies, 1)
	assert.Equal(t, []string{"exchangeActiveSync", "easSupported", "other"}, reduced.Policies[0].Conditions.ClientAppTypes)
	list, _ := place.Policies.Get()
	assert.Equal(t, was, jsonOf(t, list.Policies[0]))
	assert.False(t, policy.SecondFactors(policy.Tenant{}).Policies.Known())
}

// decoded is the grant controls of a policy as Graph gives them.
func decoded(t *testing.T, controls string) *policy.GrantControls {
	t.Helper()
	var p policy.Policy
	require.NoError(t, json.Unmarshal([]byte(`{"grantControls":`+controls+`}`), &p))
	return p.GrantControls
}

func jsonOf(t *testing.T, p policy.Policy) string {
	t.Helper()
	text, err := json.Marshal(p)
	require.NoError(t, err)
	return string(text)
}
