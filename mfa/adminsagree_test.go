package mfa_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// dice makes random tenants, the same for a seed.
type dice struct{ *rand.Rand }

func (d dice) some(from ...string) []string {
	return slices.DeleteFunc(slices.Clone(from), func(string) bool { return d.IntN(3) > 0 })
}

func (d dice) one(from ...string) string { return from[d.IntN(len(from))] }

// quoted writes a list as JSON.
func quoted(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	return `["` + strings.Join(list, `","`) + `"]`
}

// tenant has some accounts in nested groups, roles of every kind, and a few policies.
func (d dice) tenant(t *testing.T) staff {
	s := newStaff(t)
	kinds := []string{policy.GlobalAdministrator, exchangeAdministrator, globalReader}
	var users, groups []string
	for n := range 3 + d.IntN(6) {
		methods := d.some(phoneMethod, emailMethod, "#microsoft.graph.fido2AuthenticationMethod", "#microsoft.graph.retinaAuthenticationMethod")
		id := s.add(fmt.Sprint("user", n), append(methods, "")...)
		users = append(users, id)
		if d.IntN(4) == 0 {
			require.NoError(t, s.SetPerUserState(id, mfa.PerUserState(d.one("enabled", "enforced"))))
		}
	}
	plain := func() string { return s.AddGroup(policy.Group{DisplayName: "Plain"}) }
	outer, inner := plain(), plain()
	require.NoError(t, s.AddMember(outer, inner))
	groups = append(groups, outer, inner, plain())
	for range 2 {
		team := s.group("Team", d.some(users...)...)
		groups = append(groups, team)
		if d.IntN(2) == 0 {
			s.assign(team, d.one(kinds...))
		} else {
			s.eligible(team, d.one(kinds...))
		}
	}
	for _, group := range groups[:3] {
		for _, user := range d.some(users...) {
			require.NoError(t, s.AddMember(group, user))
		}
	}
	for _, user := range users {
		switch d.IntN(4) {
		case 0:
			s.assign(user, d.one(kinds...))
		case 1:
			s.eligible(user, d.one(kinds...))
		}
	}
	if d.IntN(5) == 0 {
		require.NoError(t, s.SetSecurityDefaults(true))
		return s
	}
	for n := range d.IntN(5) {
		include, exclude := d.one(`["All"]`, `["All"]`, quoted(d.some(users...))), quoted(d.some(users...))
		whom := fmt.Sprintf(`{"includeUsers":%s,"excludeUsers":%s,"includeGroups":%s,"excludeGroups":%s,"includeRoles":%s,"excludeRoles":%s}`,
			include, exclude, quoted(d.some(groups...)), quoted(d.some(groups...)), quoted(d.some(kinds...)), quoted(d.some(kinds...)))
		addPolicy(t, s.Tenant, fmt.Sprint("P", n), whom, d.one("mfa", "mfa", "compliantDevice", "block"))
	}
	return s
}

// naive asks Judge about one account, with what is left of the policies by SecondFactors,
// once these of its eligible roles are activated, a bit for each.
func naive(t *testing.T, s staff, id string, everything policy.SignIn, choice int) entramfa.Verdict {
	t.Helper()
	facts, err := mfa.Collect(t.Context(), s, id)
	require.NoError(t, err)
	facts.ConditionalAccess = policy.SecondFactors(facts.ConditionalAccess)
	held, _ := facts.Roles.Get()
	held = slices.Clone(held)
	eligible, _ := facts.EligibleRoles.Get()
	for n, role := range eligible {
		if choice&(1<<n) != 0 {
			held = append(held, role)
		}
	}
	facts.Roles = entramfa.Known(held)
	report := mfa.Judge(facts, &mfa.Options{Profile: &everything})
	var findings []entramfa.Finding
	for _, f := range report.Findings {
		if f.Source == entramfa.SourcePerUserMFA && passesLegacyClients(facts, everything) {
			f.Extent = entramfa.Sometimes
		}
		if f.Source == entramfa.SourceSecurityDefaults || f.Source == entramfa.SourcePerUserMFA {
			findings = append(findings, f)
		}
	}
	together := policy.Decide(facts.ConditionalAccess, facts.Subject(), everything)
	return entramfa.Combine(append(findings, entramfa.Finding{Outcome: together.Outcome, Extent: together.Extent}))
}

// passesLegacyClients says that the state lets legacy clients in, and nothing else
// stops them.
func passesLegacyClients(facts mfa.Facts, everything policy.SignIn) bool {
	state, _ := facts.Requirements.Get()
	defaults, _ := facts.SecurityDefaults.Get()
	everything.ClientAppTypes = []string{"exchangeActiveSync", "other"}
	stopped := policy.Decide(facts.ConditionalAccess, facts.Subject(), everything).Extent == entramfa.Always
	return state.PerUserMFAState == mfa.PerUserEnabled && !(defaults.IsEnabled != nil && *defaults.IsEnabled) && !stopped
}

// requireActivated goes through every choice of roles: what the account is said to be
// with all of them it is, unless some other choice alone lets it in without MFA.
func requireActivated(t *testing.T, s staff, a mfa.Admin, everything policy.SignIn, seed int) {
	t.Helper()
	facts, err := mfa.Collect(t.Context(), s, a.ID)
	require.NoError(t, err)
	eligible, _ := facts.EligibleRoles.Get()
	var verdicts []entramfa.Verdict
	for choice := range 1 << len(eligible) {
		verdicts = append(verdicts, naive(t, s, a.ID, everything, choice))
	}
	all := verdicts[len(verdicts)-1]
	open := slices.DeleteFunc(slices.Clone(verdicts[1:]), func(v entramfa.Verdict) bool { return v.Extent == entramfa.Always })
	switch {
	case all.Extent == entramfa.Always && verdicts[0].Extent == entramfa.Always && len(open) > 0:
		require.Contains(t, open, a.Activated.Verdict, "seed %d %s", seed, a.DisplayName)
	case all.Extent == entramfa.Always:
		require.Contains(t, append(open, all), a.Activated.Verdict, "seed %d %s", seed, a.DisplayName)
	default:
		require.Equal(t, all, a.Activated.Verdict, "seed %d %s", seed, a.DisplayName)
	}
	everywhere := !slices.ContainsFunc(verdicts, func(v entramfa.Verdict) bool { return v.Extent != entramfa.Always })
	require.Equal(t, everywhere, is(a.Demanded) == "true", "seed %d %s", seed, a.DisplayName)
}

// TestAdminsAgreeWithJudge: random tenants, each account read among the few, among
// all, and alone.
func TestAdminsAgreeWithJudge(t *testing.T) {
	met, everything := map[string]int{}, policy.SignIn{UserActions: []string{}}
	for seed := range 150 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 31))}
		s := d.tenant(t)
		_, all := readAdmins(t, s, &mfa.AdminsOptions{AllUsers: true})
		admins, some := readAdmins(t, s, nil)
		require.Len(t, some, admins.Len())
		for name, a := range all {
			want := naive(t, s, a.ID, everything, 0)
			require.Equal(t, want, a.Now.Verdict, "seed %d %s", seed, name)
			met[fmt.Sprint(want.Outcome, " ", want.Extent)]++
			if a.Activated != nil {
				requireActivated(t, s, a, everything, seed)
				met["activated"]++
			}
			if a.Now.Witness != nil {
				facts, err := mfa.Collect(t.Context(), s, a.ID)
				require.NoError(t, err)
				through := policy.Decide(policy.SecondFactors(facts.ConditionalAccess), facts.Subject(), *a.Now.Witness)
				require.Equal(t, entramfa.Clear, through.Outcome, "seed %d %s", seed, name)
				met["witness"]++
			}
			facts, err := mfa.Collect(t.Context(), s, a.ID)
			require.NoError(t, err)
			alone := mfa.JudgeAdmin(facts, nil)
			requireSame(t, alone, a, seed)
			if one, holder := some[name]; holder {
				requireSame(t, one, a, seed)
				met["holders"]++
			} else {
				require.Empty(t, a.Roles, "seed %d %s", seed, name)
			}
		}
	}
	for _, what := range []string{"mfa always", "blocked always", "clear never", "mfa sometimes", "blocked sometimes", "activated", "witness", "holders"} {
		assert.Greater(t, met[what], 20, "%s: %v", what, met)
	}
}

// requireSame compares all but the way to groups and the texts that name it.
func requireSame(t *testing.T, want, got mfa.Admin, seed int) {
	t.Helper()
	require.Equal(t, want.Now.Verdict, got.Now.Verdict, "seed %d", seed)
	require.Equal(t, want.Now.Witness, got.Now.Witness, "seed %d", seed)
	require.Len(t, got.Now.Demands, len(want.Now.Demands), "seed %d", seed)
	for i, f := range want.Now.Demands {
		require.Equal(t, []any{f.Source, f.ID, f.Outcome, f.Extent}, []any{got.Now.Demands[i].Source, got.Now.Demands[i].ID, got.Now.Demands[i].Outcome, got.Now.Demands[i].Extent}, "seed %d", seed)
	}
	require.Equal(t, want.Activated == nil, got.Activated == nil, "seed %d", seed)
	require.ElementsMatch(t, roles(want), roles(got), "seed %d", seed)
	for _, pair := range [][2]entramfa.Value[bool]{{want.Demanded, got.Demanded}, {want.MFA, got.MFA}, {want.Registered, got.Registered}, {want.CanRegister, got.CanRegister}} {
		require.Equal(t, is(pair[0]), is(pair[1]), "seed %d", seed)
	}
	require.Equal(t, want.Unattended, got.Unattended, "seed %d", seed)
}
