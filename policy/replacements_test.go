package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

const syncAccounts = "d29b2b05-8046-44ba-8758-1e26182fcf32"

// administrators are the template ids of the 17 roles.
func administrators() []string {
	var ids []string
	for _, role := range securitydefaults.Administrators() {
		ids = append(ids, role.TemplateID)
	}
	return ids
}

// replacements leave the account out.
func replacements(t *testing.T) []policy.Policy {
	t.Helper()
	list, err := policy.SecurityDefaultsReplacements(administrators(), account)
	require.NoError(t, err)
	require.Len(t, list, 4)
	return list
}

func TestReplacementsLeaveOutNobodyByWords(t *testing.T) {
	for _, c := range []struct {
		roles   []string
		account string
	}{{administrators(), "All"}, {administrators(), "svc@contoso.com"}, {[]string{"None"}, account}, {nil, account}} {
		_, err := policy.SecurityDefaultsReplacements(c.roles, c.account)
		assert.Error(t, err, "%v", c)
	}
	_, err := policy.SecuredRegistration("All")
	assert.Error(t, err)
}

// prefixes reads ranges.
func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// enforced switches policies on, as the service does with ids.
func enforced(policies ...policy.Policy) policy.Tenant {
	on := policy.StateEnabled
	list := slices.Clone(policies)
	for i := range list {
		list[i] = list[i].Patched(policy.Patch{State: &on})
		list[i].ID = fmt.Sprintf("c0000000-0000-4000-8000-%012d", i+1)
	}
	place := tenant(list...)
	place.NamedLocations = entramfa.Known([]policy.NamedLocation{})
	return place
}

// person is an account of which everything is known; of no kind it is a member.
func person(n int, kind string, roles ...string) policy.Subject {
	s := policy.Subject{
		ID: fmt.Sprintf("b1000000-0000-4000-8000-%012d", n), Kinds: entramfa.Known([]string{}),
		Groups: entramfa.Known([]policy.Membership{}), EligibleRoles: entramfa.Known([]policy.RoleAssignment{}),
	}
	if kind != "" {
		s.Kinds = entramfa.Known([]string{kind})
	}
	assignments := []policy.RoleAssignment{}
	for _, id := range roles {
		assignments = append(assignments, role(s.ID, id, "/"))
	}
	s.Roles = entramfa.Known(assignments)
	return s
}

// everyone is the excluded account, which holds every role, then members, guests of
// every kind and an administrator of each role.
func everyone() []policy.Subject {
	excluded := person(1, "", administrators()...)
	excluded.ID = account
	roles := []policy.RoleAssignment{}
	for _, id := range administrators() {
		roles = append(roles, role(account, id, "/"))
	}
	excluded.Roles = entramfa.Known(roles)
	list := []policy.Subject{excluded, person(2, ""), person(3, "", userAdmin, exchange)}
	for i, kind := range []string{policy.InternalGuest, policy.B2BCollaborationGuest, policy.B2BCollaborationMember, policy.OtherExternalUser, policy.ServiceProvider, policy.B2BDirectConnectUser} {
		list = append(list, person(10+i, kind))
	}
	for i, id := range administrators() {
		list = append(list, person(100+i, "", id))
	}
	d := dice{rand.New(rand.NewPCG(1, 12))}
	for n := range 100 {
		list = append(list, d.stranger(1000+n))
	}
	agent := person(50, "")
	agent.AgentUser = true
	return append(list, agent)
}

var (
	modern    = policy.SignIn{UserActions: []string{}, ClientAppTypes: []string{"browser", "mobileAppsAndDesktopClients"}}
	legacy    = policy.SignIn{UserActions: []string{}, ClientAppTypes: []string{"exchangeActiveSync", "other"}}
	anySignIn = policy.SignIn{}
)

func TestReplacementsMeetEverybodyElse(t *testing.T) {
	place := enforced(replacements(t)...)
	prepared, people := policy.Prepare(place), everyone()
	accounts := directory(people...)
	azure := modern
	azure.Applications = []string{azureID}
	for name, c := range map[string]struct {
		signIns policy.SignIn
		want    string
	}{
		"modern clients":     {modern, "mfa always"},
		"a password grant":   {policy.PasswordSignIn(), "mfa always"},
		"Graph":              {policy.GraphSignIn(), "mfa always"},
		"Azure management":   {azure, "mfa always"},
		"legacy clients":     {legacy, "blocked always"},
		"legacy to Exchange": {policy.SignIn{Applications: []string{exchangeOnlineID}, UserActions: []string{}, ClientAppTypes: []string{"other"}}, "blocked always"},
	} {
		verdicts := verdictsOf(t, prepared.Sweep(accounts, c.signIns), len(people))
		for _, s := range people {
			want := c.want
			if s.ID == account {
				want = "clear never"
			}
			if want == c.want && mayBeSync(s) {
				continue // below
			}
			require.Equal(t, want, verdicts[s.ID], "%s of %+v", name, s)
			v := prepared.Account(s).Decide(c.signIns)
			require.Equal(t, want, fmt.Sprint(v.Outcome, " ", v.Extent), name)
		}
	}
	v := prepared.Account(people[0]).Decide(anySignIn)
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}, v, "the excluded account is met by nothing at all")
}

// mayBeSync says that it isn't known of an account whether it holds the role of Entra
// Connect: then it isn't known whether the policy for all users leaves it out.
func mayBeSync(s policy.Subject) bool {
	roles, known := s.Roles.Get()
	return !known || slices.ContainsFunc(roles, func(r policy.RoleAssignment) bool { return r.RoleDefinitionID == "no id" })
}

// The account of Entra Connect is left out, as of security defaults, but for Azure
// management, legacy clients and the roles of an administrator.
func TestReplacementsLeaveTheSyncAccountOut(t *testing.T) {
	prepared := policy.Prepare(enforced(replacements(t)...))
	sync := prepared.Account(person(1, "", syncAccounts))
	assert.Equal(t, "clear", sync.Decide(policy.ExchangeOnlineSignIn()).Outcome.String())
	assert.Equal(t, "blocked", sync.Decide(legacy).Outcome.String())
	assert.Equal(t, "mfa", sync.Decide(policy.AzureCLISignIn()).Outcome.String())
	both := prepared.Account(person(1, "", syncAccounts, teams))
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always}, both.Decide(modern))
}

// Each policy alone does what its name says, so that one that somebody deletes as
// doubled doesn't take the rest along.
func TestEachReplacementAlone(t *testing.T) {
	azure := modern
	azure.Applications = []string{azureID}
	member := person(2, "")
	for i, c := range []struct{ admin, member, azure, legacy string }{
		{"mfa", "mfa", "mfa", "blocked"},
		{"mfa", "clear", "clear", "clear"},
		{"clear", "clear", "mfa", "clear"},
		{"clear", "clear", "clear", "blocked"},
	} {
		p := replacements(t)[i]
		prepared := policy.Prepare(enforced(p))
		for _, id := range administrators() {
			v := prepared.Account(person(1, "", id)).Decide(policy.ExchangeOnlineSignIn())
			require.Equal(t, c.admin, v.Outcome.String(), "%s: %s", p.DisplayName, id)
		}
		of := prepared.Account(member)
		assert.Equal(t, c.member, of.Decide(policy.ExchangeOnlineSignIn()).Outcome.String(), p.DisplayName)
		assert.Equal(t, c.azure, of.Decide(azure).Outcome.String(), p.DisplayName)
		old := of.Decide(policy.SignIn{Applications: []string{exchangeOnlineID}, UserActions: []string{}, ClientAppTypes: []string{"other"}})
		assert.Equal(t, c.legacy, old.Outcome.String(), p.DisplayName)
	}
}

// Against a tenant without policies nobody gets through who didn't before, and only
// the excluded account is treated as before.
func TestReplacementsWeakenNothing(t *testing.T) {
	before := enforced()
	after := enforced(replacements(t)...)
	people := everyone()
	stricter := map[string]bool{}
	for _, c := range diff(before, after, anySignIn, people...) {
		assert.Equal(t, entramfa.Clear, c.Before)
		assert.NotEqual(t, entramfa.Clear, c.After)
		stricter[c.AccountID] = true
	}
	assert.Len(t, stricter, len(people)-1)
	assert.NotContains(t, stricter, account)
}

// In report-only they do nothing to anybody, and nobody is touched.
func TestReplacementsBeginInReportOnly(t *testing.T) {
	list := replacements(t)
	for i := range list {
		assert.Equal(t, policy.StateReportOnly, list[i].State)
		assert.Empty(t, list[i].ID)
		assert.Nil(t, list[i].TemplateID)
		assert.Equal(t, []string{account}, list[i].Conditions.Users.ExcludeUsers)
		list[i].ID = fmt.Sprint(i)
	}
	assert.Equal(t, policy.Touched{Accounts: []string{}}, policy.Touches(nil, list))
	assert.Empty(t, diff(tenant(), tenant(list...), anySignIn, everyone()...))
	list[0].Conditions.Users.ExcludeUsers[0] = someone
	assert.Equal(t, []string{account}, list[1].Conditions.Users.ExcludeUsers, "the policies share no list")
	leavingNobodyOut, err := policy.SecurityDefaultsReplacements(administrators(), "")
	require.NoError(t, err)
	for _, p := range leavingNobodyOut {
		assert.Equal(t, []string{}, p.Conditions.Users.ExcludeUsers)
	}
}

// The body of the POST has what Graph demands and nothing that it doesn't take.
func TestReplacementAsJSON(t *testing.T) {
	p := replacements(t)[3]
	text, err := json.Marshal(p)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"displayName": "Block legacy authentication (in place of security defaults)",
		"state": "enabledForReportingButNotEnforced",
		"conditions": {
			"clientAppTypes": ["exchangeActiveSync", "other"],
			"applications": {"includeApplications": ["All"], "excludeApplications": []},
			"users": {"includeUsers": ["All"], "excludeUsers": ["`+account+`"], "includeGroups": [], "excludeGroups": [], "includeRoles": [], "excludeRoles": []}
		},
		"grantControls": {"operator": "OR", "builtInControls": ["block"]}
	}`, string(text))
}

// Who has no method and is in no trusted place can register under the four, and not
// beside the fifth: the reason why that one is apart.
func TestSecuredRegistration(t *testing.T) {
	register := policy.SignIn{Applications: []string{}, UserActions: []string{"urn:user:registersecurityinfo"}, ClientAppTypes: []string{"browser"}}
	newcomer, guest, admin, excluded := person(2, ""), person(3, policy.B2BCollaborationGuest), person(4, "", administrators()[0]), person(5, "")
	excluded.ID = account
	four := policy.Prepare(enforced(replacements(t)...))
	for _, s := range []policy.Subject{newcomer, guest, admin, excluded} {
		assert.Equal(t, "clear", four.Account(s).Decide(register).Outcome.String())
	}
	fifth, err := policy.SecuredRegistration(account)
	require.NoError(t, err)
	assert.Equal(t, policy.StateReportOnly, fifth.State)
	place := enforced(fifth)
	trusted := true
	place.NamedLocations = entramfa.Known([]policy.NamedLocation{{Type: policy.IPNamedLocation, ID: office, IsTrusted: &trusted, IPRanges: []policy.IPRange{{CIDRAddress: "2001:db8::/32"}}}})
	prepared := policy.Prepare(place)
	register.Addresses = prefixes("2001:db9::1/128") // of IPv4 it can't be told: MFA trusted IPs are shown by no API
	assert.Equal(t, entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always}, prepared.Account(newcomer).Decide(register))
	for _, s := range []policy.Subject{guest, admin, excluded} {
		assert.Equal(t, "clear", prepared.Account(s).Decide(register).Outcome.String())
	}
	register.Addresses = prefixes("2001:db8::1/128")
	assert.Equal(t, "clear", prepared.Account(newcomer).Decide(register).Outcome.String(), "from a trusted location")
	assert.Equal(t, "clear", prepared.Account(newcomer).Decide(modern).Outcome.String(), "it is about that action alone")
}
