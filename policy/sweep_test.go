package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// accountID is that of one account of many; the first is the one that the random
// policies name.
func accountID(n int) string {
	if n == 0 {
		return account
	}
	return fmt.Sprintf("b0000000-0000-4000-8000-%012d", 1000+n)
}

func memberOf(groups ...string) []policy.Membership {
	list := []policy.Membership{}
	for _, g := range groups {
		list = append(list, policy.Membership{Group: policy.Group{ID: g}})
	}
	return list
}

// member is a random account of which everything is known.
func (d dice) member(n int) policy.Subject {
	s := policy.Subject{
		ID: accountID(n), Kinds: entramfa.Known([]string{}), EligibleRoles: entramfa.Known([]policy.RoleAssignment{}),
		Groups: entramfa.Known(memberOf(d.some(direct, nested, foreign)...)),
	}
	roles := []policy.RoleAssignment{}
	for _, id := range d.some(exchange, userAdmin, teams) {
		roles = append(roles, role(s.ID, id, "/"))
	}
	s.Roles = entramfa.Known(roles)
	return s
}

// stranger is a random account with everything that makes a user condition hard:
// guests, agents, roles that don't count or through a group, what nobody read.
func (d dice) stranger(n int) policy.Subject {
	s := d.member(n)
	d.maybe(3, func() { s.Kinds = entramfa.Known(d.oneOrMore(2, policy.B2BCollaborationGuest, policy.InternalGuest)) })
	d.maybe(3, func() { s.HomeTenantID = "e0000000-0000-4000-8000-000000000001" })
	d.maybe(6, func() { s.Kinds = entramfa.Value[[]string]{} })
	d.maybe(6, func() { s.AgentUser = true })
	d.maybe(5, func() { s.Groups = entramfa.Value[[]policy.Membership]{} })
	d.maybe(8, func() { s.Groups = entramfa.Known(memberOf(direct, "not an id")) })
	d.maybe(5, func() { s.Roles = entramfa.Value[[]policy.RoleAssignment]{} })
	d.maybe(3, func() {
		scope, custom := "/administrativeUnits/x", false
		roles := []policy.RoleAssignment{role(d.one(s.ID, direct), d.one(exchange, teams, "no id"), "/"), role(s.ID, userAdmin, d.one(scope, "", "/"))}
		roles[1].RoleDefinition = &policy.RoleDefinition{IsBuiltIn: &custom}
		d.maybe(2, func() { roles[1].RoleDefinition, roles[1].DirectoryScopeID = nil, nil })
		s.Roles = entramfa.Known(roles)
	})
	return s
}

// odd makes the user condition of a random policy a hard one.
func (d dice) odd(p policy.Policy) policy.Policy {
	c := *p.Conditions
	u := *c.Users
	d.maybe(3, func() {
		u.IncludeUsers = d.oneOrMore(2, "GuestsOrExternalUsers", "AllAgentIdUsers", "Martians", account)
	})
	d.maybe(4, func() { u.ExcludeUsers = d.oneOrMore(1, "GuestsOrExternalUsers", "AllAgentIdUsers", "Martians") })
	d.maybe(4, func() { u.IncludeGuestsOrExternalUsers = d.guests() })
	d.maybe(4, func() { u.ExcludeGuestsOrExternalUsers = d.guests() })
	d.maybe(8, func() { u.ExcludeGroups = append(u.ExcludeGroups, "no id") })
	d.maybe(8, func() { u.IncludeRoles = append(u.IncludeRoles, "no id") })
	d.maybe(10, func() { u = policy.Users{ExcludeGroups: u.ExcludeGroups} })
	d.maybe(6, func() { c.Agents = &policy.Agents{IncludeAgentUsers: []string{"All"}} })
	c.Users, p.Conditions = &u, &c
	d.maybe(10, func() { p.State = policy.State(d.one("disabled", "enabledForReportingButNotEnforced", "odd")) })
	d.maybe(10, func() { p.Conditions = nil })
	d.maybe(10, func() { p = d.newer(p) })
	return p
}

// newer gives the user condition a member of a newer schema.
func (d dice) newer(p policy.Policy) policy.Policy {
	text, _ := json.Marshal(map[string]any{
		"id": "p", "state": "enabled", "grantControls": p.GrantControls,
		"conditions": map[string]any{
			"applications": map[string]any{"includeApplications": []string{"All"}}, "clientAppTypes": []string{"all"},
			"users": map[string]any{"includeUsers": []string{"All"}, "excludeUsers": []string{account}, "moon": "full"},
		},
	})
	var odd policy.Policy
	_ = json.Unmarshal(text, &odd)
	return odd
}

func (d dice) guests() *policy.GuestsOrExternalUsers {
	g := &policy.GuestsOrExternalUsers{GuestOrExternalUserTypes: policy.Flags(d.one("b2bCollaborationGuest", "internalGuest,b2bCollaborationGuest", "internalGuest", "martian", ""))}
	d.maybe(2, func() {
		g.ExternalTenants = &policy.ExternalTenants{MembershipKind: d.one("all", "enumerated", "odd"), Members: d.some("e0000000-0000-4000-8000-000000000001")}
	})
	return g
}

// verdictsOf gives the verdict of each account of a sweep, each exactly one.
func verdictsOf(t *testing.T, s *policy.Sweep, accounts int) map[string]string {
	t.Helper()
	of := map[string]string{}
	for _, v := range []entramfa.Verdict{
		{}, {Outcome: entramfa.Clear, Extent: entramfa.Never}, {Outcome: entramfa.MFA, Extent: entramfa.Sometimes}, {Outcome: entramfa.MFA, Extent: entramfa.Always},
		{Outcome: entramfa.Blocked, Extent: entramfa.Sometimes}, {Outcome: entramfa.Blocked, Extent: entramfa.Always},
	} {
		n := 0
		for id := range s.Accounts(v) {
			require.Empty(t, of[id], "an account has one verdict")
			of[id] = fmt.Sprint(v.Outcome, " ", v.Extent)
			n++
		}
		require.Equal(t, n, s.Count(v))
	}
	require.Len(t, of, accounts)
	return of
}

// TestSweepIsWhatDecideSaysOfEach compares all accounts at once with each alone.
func TestSweepIsWhatDecideSaysOfEach(t *testing.T) {
	_, tenant := naiveWorld()
	counts := map[string]int{}
	seeds := 400
	if testing.Short() || raceEnabled {
		seeds = 30
	}
	for seed := range seeds {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 5))}
		var list policy.List
		for range 1 + d.IntN(6) {
			list.Policies = append(list.Policies, d.odd(d.broad()), d.odd(d.policy()))
		}
		d.maybe(20, func() { list.Hidden = "v1.0" })
		tenant.Policies = entramfa.Known(list)
		d.maybe(30, func() { tenant.Policies = entramfa.Value[policy.List]{} })
		var subjects []policy.Subject
		for n := range 100 {
			subjects = append(subjects, d.stranger(n))
		}
		prepared, region := policy.Prepare(tenant), d.region(2)
		verdicts := verdictsOf(t, prepared.Sweep(directory(subjects...), region), len(subjects))
		for _, s := range subjects {
			v := prepared.Account(s).Decide(region)
			want := fmt.Sprint(v.Outcome, " ", v.Extent)
			require.Equal(t, want, verdicts[s.ID], "seed %d, %+v\n%s", seed, s, encode(t, list))
			counts[want]++
		}
	}
	t.Log(counts)
	if seeds < 400 {
		return
	}
	for _, want := range []string{"clear never", "mfa sometimes", "mfa always", "blocked sometimes", "blocked always", "unknown unknown"} {
		assert.Greater(t, counts[want], 100, want)
	}
}

// world of one account.
func (w world) of(s policy.Subject) world {
	w.groups, w.roles = nil, nil
	groups, _ := s.Groups.Get()
	for _, m := range groups {
		w.groups = append(w.groups, m.Group.ID)
	}
	roles, _ := s.Roles.Get()
	for _, r := range roles {
		w.roles = append(w.roles, r.RoleDefinitionID)
	}
	w.account = s.ID
	return w
}

// streamed is a directory that gets its memberships by group and by role.
func streamed(t *testing.T, subjects []policy.Subject) *policy.Directory {
	t.Helper()
	members := map[string][]string{direct: {"b0000000-0000-4000-8000-999999999999"}, nested: {}, foreign: {"b0000000-0000-4000-8000-999999999998"}}
	var assignments []policy.RoleAssignment
	var bare []policy.Subject
	for _, s := range subjects {
		groups, _ := s.Groups.Get()
		for _, m := range groups {
			members[m.Group.ID] = append(members[m.Group.ID], s.ID)
		}
		roles, _ := s.Roles.Get()
		assignments = append(assignments, roles...)
		bare = append(bare, policy.Subject{ID: s.ID, Kinds: s.Kinds})
	}
	d := directory(bare...)
	for group, ids := range members {
		require.NoError(t, d.AddMembers(group, stream(ids...)))
	}
	require.NoError(t, d.AddRoleAssignments(stream(assignments...)))
	return d
}

// TestSweepAgreesWithTheNaiveEvaluator goes through every sign-in of every account.
func TestSweepAgreesWithTheNaiveEvaluator(t *testing.T) {
	w, tenant := naiveWorld()
	for seed := range 150 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 6))}
		var policies []policy.Policy
		for range 1 + d.IntN(4) {
			policies = append(policies, d.policy(), d.broad())
		}
		tenant.Policies = entramfa.Known(policy.List{Policies: policies})
		var subjects []policy.Subject
		for n := range 70 {
			subjects = append(subjects, d.member(n))
		}
		region := d.region(2)
		sweep := policy.Prepare(tenant).Sweep(streamed(t, subjects), region)
		verdicts := verdictsOf(t, sweep, len(subjects))
		free, uncovered := slices.Collect(sweep.WithoutMFA()), slices.Collect(sweep.Uncovered())
		about := make([]int, len(policies))
		for _, s := range subjects {
			mine, want := w.of(s), w.of(s).decided(policies, region)
			require.Equal(t, want, verdicts[s.ID], "seed %d", seed)
			assert.Equal(t, slices.Contains([]string{"clear never", "mfa sometimes", "blocked sometimes"}, want), slices.Contains(free, s.ID))
			touched := false
			for i, p := range policies {
				if mine.user(p.Conditions.Users) && grants(p) != entramfa.Clear {
					about[i]++
					touched = true
				}
			}
			assert.Equal(t, !touched, slices.Contains(uncovered, s.ID))
		}
		compareReach(t, sweep, policies, about)
	}
}

func compareReach(t *testing.T, sweep *policy.Sweep, policies []policy.Policy, about []int) {
	t.Helper()
	inForce := 0
	for i, p := range policies {
		if grants(p) == entramfa.Clear {
			continue
		}
		r := sweep.Policies[inForce]
		inForce++
		assert.Equal(t, about[i], r.Accounts)
		assert.Len(t, slices.Collect(sweep.Reached(inForce-1)), about[i])
		assert.Zero(t, r.Perhaps)
	}
	assert.Len(t, sweep.Policies, inForce)
}

// TestReach says of each policy what Judge says of it.
func TestReach(t *testing.T) {
	elsewhere := `"locations": {"includeLocations": ["All"], "excludeLocations": ["` + office + `"]}`
	place := tenant(
		parse(t, elsewhere), parse(t, `"users": {"includeGroups": ["`+direct+`"]}, "grantControls": {"operator": "OR", "builtInControls": ["block"]}`),
		parse(t, `"platforms": {"includePlatforms": ["amiga"]}`),
	)
	in := policy.Subject{ID: account, Kinds: entramfa.Known([]string{}), Groups: entramfa.Known(memberOf(direct))}
	sweep := policy.Prepare(place).Sweep(directory(in, policy.Subject{ID: someone}), policy.PasswordSignIn())
	require.Len(t, sweep.Policies, 3)
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Sometimes}, sweep.Policies[0].Verdict)
	assert.Equal(t, 2, sweep.Policies[0].Accounts)
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}, sweep.Policies[1].Verdict)
	assert.Equal(t, []int{1, 1}, []int{sweep.Policies[1].Accounts, sweep.Policies[1].Perhaps}, "of the other account nobody gave the groups")
	assert.Equal(t, entramfa.Verdict{}, sweep.Policies[2].Verdict)
}

// TestDiffOfManyIsTheDiffOfEach compares two states over many accounts, of which
// some change their groups, with each account alone.
func TestDiffOfManyIsTheDiffOfEach(t *testing.T) {
	_, before := naiveWorld()
	_, after := naiveWorld()
	changed, same := 0, 0
	for seed := range 150 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 7))}
		var policies []policy.Policy
		for range 1 + d.IntN(3) {
			policies = append(policies, d.odd(d.broad()), d.policy())
		}
		before.Policies = entramfa.Known(policy.List{Policies: policies})
		after.Policies = entramfa.Known(policy.List{Policies: d.change(policies)})
		var subjects []policy.Subject
		for n := range 70 {
			subjects = append(subjects, d.stranger(n))
		}
		region, was := d.region(2), directory(subjects...)
		is, err := was.Joined(foreign, accountID(5))
		require.NoError(t, err)
		changes, err := policy.Diff(policy.Snapshot{Policies: policy.Prepare(before), Accounts: was}, policy.Snapshot{Policies: policy.Prepare(after), Accounts: is}, region)
		require.NoError(t, err)
		all := map[string]policy.Change{}
		for c := range changes {
			all[c.AccountID] = c
		}
		for n, s := range subjects {
			alone := directory(s)
			joined := alone
			if n == 5 {
				joined, err = alone.Joined(foreign, s.ID)
				require.NoError(t, err)
			}
			one, err := policy.Diff(policy.Snapshot{Policies: policy.Prepare(before), Accounts: alone}, policy.Snapshot{Policies: policy.Prepare(after), Accounts: joined}, region)
			require.NoError(t, err)
			list := slices.Collect(one)
			c, differs := all[s.ID]
			require.Equal(t, len(list) == 1, differs, "seed %d", seed)
			if !differs {
				same++
				continue
			}
			changed++
			requireWitness(t, before, s, c.Witness, c.Before)
			if n != 5 {
				requireWitness(t, after, s, c.Witness, c.After)
			}
		}
	}
	assert.Greater(t, changed, 500)
	assert.Greater(t, same, 500)
}

// requireWitness decides the one sign-in of a witness.
func requireWitness(t *testing.T, tenant policy.Tenant, s policy.Subject, witness policy.SignIn, want entramfa.Outcome) {
	t.Helper()
	require.Len(t, points(witness), 1)
	v := policy.Decide(tenant, s, witness)
	if want != entramfa.Unknown && v.Outcome != entramfa.Unknown {
		require.Equal(t, want, v.Outcome)
		return
	}
	require.True(t, want == entramfa.Unknown || v.Outcome == want)
}

func TestDirectoryRefuses(t *testing.T) {
	failing := errors.New("throttled")
	broken := func(yield func(policy.Subject, error) bool) { yield(policy.Subject{}, failing) }
	for name, add := range map[string]func(*policy.Directory) error{
		"no object id":          func(d *policy.Directory) error { return d.AddAccounts(stream(policy.Subject{ID: "svc@contoso.com"})) },
		"an account twice":      func(d *policy.Directory) error { return d.AddAccounts(stream(policy.Subject{ID: account})) },
		"a stream that breaks":  func(d *policy.Directory) error { return d.AddAccounts(broken) },
		"a group without an id": func(d *policy.Directory) error { return d.AddMembers("VIPs", stream(account)) },
		"a member by name":      func(d *policy.Directory) error { return d.AddMembers(direct, stream("svc@contoso.com")) },
		"a holder by name": func(d *policy.Directory) error {
			return d.AddRoleAssignments(stream(role("svc@contoso.com", exchange, "/")))
		},
		"members that break": func(d *policy.Directory) error { return d.AddMembers(direct, halfway(account, failing)) },
		"assignments that break": func(d *policy.Directory) error {
			return d.AddRoleAssignments(halfway(role(account, exchange, "/"), failing))
		},
		"an account after a group": func(d *policy.Directory) error {
			return errors.Join(d.AddMembers(direct, stream[string]()), d.AddAccounts(stream[policy.Subject]()))
		},
		"a group of an unknown one": func(d *policy.Directory) error { _, err := d.Joined(direct, someone); return err },
		"a group that is none":      func(d *policy.Directory) error { _, err := d.Joined("VIPs", account); return err },
	} {
		t.Run(name, func(t *testing.T) {
			d := directory(policy.Subject{ID: account})
			require.Error(t, add(d))
			assert.Equal(t, 1, d.Len())
		})
	}
	d := directory(policy.Subject{ID: account, Kinds: entramfa.Known([]string{})})
	require.ErrorIs(t, d.AddMembers(direct, halfway(account, failing)), failing)
	sweep := policy.Prepare(tenant(parse(t, `"users": {"includeGroups": ["`+direct+`"]}`))).Sweep(d, policy.PasswordSignIn())
	assert.Equal(t, 1, sweep.Count(entramfa.Verdict{}), "of a group that was half read nothing is known")
	_, err := policy.Diff(policy.Snapshot{Policies: policy.Prepare(tenant()), Accounts: d}, policy.Snapshot{Policies: policy.Prepare(tenant()), Accounts: directory()}, policy.PasswordSignIn())
	assert.Error(t, err)
}

// halfway is a stream that ends with an error.
func halfway[T any](first T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		_ = yield(first, nil) && yield(none, err)
	}
}

// TestGroupsOfManySizes has a group that a list holds and one that doesn't fit.
func TestGroupsOfManySizes(t *testing.T) {
	var subjects []policy.Subject
	for n := range 3000 {
		groups := []string{direct}
		if n%100 == 0 {
			groups = []string{direct, nested}
		}
		if n%7 == 0 {
			groups = nil
		}
		s := plainSubject(groups...)
		s.ID = accountID(n)
		subjects = append(subjects, s)
	}
	prepared := policy.Prepare(tenant(parse(t, `"users": {"includeGroups": ["`+direct+`"], "excludeGroups": ["`+nested+`"]}`)))
	sweep := prepared.Sweep(directory(subjects...), policy.PasswordSignIn())
	verdicts := verdictsOf(t, sweep, len(subjects))
	met := 0
	for _, s := range subjects {
		v := prepared.Account(s).Decide(policy.PasswordSignIn())
		assert.Equal(t, fmt.Sprint(v.Outcome, " ", v.Extent), verdicts[s.ID])
		if v.Outcome == entramfa.MFA {
			met++
		}
	}
	assert.Equal(t, met, sweep.Policies[0].Accounts)
	assert.Greater(t, met, 2000)
}
