package policy_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Cases that a reviewer found, in which two ways to an answer gave two.

func text(v entramfa.Verdict) string { return fmt.Sprint(v.Outcome, " ", v.Extent) }

// requireSame holds Judge, Decide, a prepared account, its Explain and Sweep
// against each other.
func requireSame(t *testing.T, want string, place policy.Tenant, s policy.Subject, signIns policy.SignIn) {
	t.Helper()
	prepared := policy.Prepare(place)
	explained, findings := prepared.Account(s).Explain(signIns)
	var list []entramfa.Finding
	for _, f := range findings {
		list = append(list, *f)
	}
	require.Equal(t, want, text(entramfa.Combine(policy.Judge(place, s, signIns))), "Judge")
	require.Equal(t, want, text(entramfa.Combine(list)), "the findings of Explain")
	require.Equal(t, want, text(explained), "Explain")
	require.Equal(t, want, text(policy.Decide(place, s, signIns)), "Decide")
	require.Equal(t, want, verdictsOf(t, prepared.Sweep(directory(s), signIns), 1)[s.ID], "Sweep")
}

func plainSubject(groups ...string) policy.Subject {
	return policy.Subject{
		ID: account, Kinds: entramfa.Known([]string{}), Groups: entramfa.Known(memberOf(groups...)),
		Roles: entramfa.Known([]policy.RoleAssignment{}), EligibleRoles: entramfa.Known([]policy.RoleAssignment{}),
	}
}

// TestOddSignIns: values that are none, and apps about which a policy says
// something without naming them.
func TestOddSignIns(t *testing.T) {
	for _, c := range []struct {
		want, change string
		narrow       func(*policy.SignIn)
	}{
		{"unknown unknown", `"applications": {"includeApplications": ["` + appA + `"]}`, func(s *policy.SignIn) { s.Applications = []string{"ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"} }},
		{"unknown unknown", `"applications": {"includeApplications": ["All"], "excludeApplications": ["` + appA + `"]}`, func(s *policy.SignIn) { s.Applications = []string{"CA7F3F0B-7d91-482c-8e09-c5d840d0eac5"} }},
		{"unknown unknown", `"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}`, func(s *policy.SignIn) { s.Applications, s.UserActions = []string{}, []string{""} }},
		{"clear never", `"applications": {"includeApplications": ["All"]}`, func(s *policy.SignIn) { s.Applications, s.UserActions = []string{}, []string{""} }},
		{"unknown unknown", `"applications": {"includeAuthenticationContextClassReferences": ["c1"]}`, func(s *policy.SignIn) { s.AuthenticationContexts = []string{"1"} }},
		{"unknown unknown", `"applications": {"includeAuthenticationContextClassReferences": ["c1"]}`, func(s *policy.SignIn) { s.AuthenticationContexts = []string{"c01"} }},
		{"mfa always", `"applications": {"includeAuthenticationContextClassReferences": ["c1", "odd"]}`, func(s *policy.SignIn) { s.AuthenticationContexts = []string{"C1"} }},
		{"unknown unknown", `"applications": {"includeAuthenticationContextClassReferences": ["c1", "odd"]}`, func(s *policy.SignIn) { s.AuthenticationContexts = []string{"c2"} }},
		{"clear never", `"applications": {"includeAuthenticationContextClassReferences": [""]}`, func(s *policy.SignIn) { s.AuthenticationContexts = []string{} }},
		{"unknown unknown", `"applications": {"includeUserActions": ["urn:user:registerdevice"], "includeAuthenticationContextClassReferences": ["c1"]}`, func(s *policy.SignIn) { s.AuthenticationContexts = []string{"c1"} }},
		{"unknown unknown", `"locations": {"includeLocations": ["` + branch + `"]}`, func(s *policy.SignIn) { s.Countries = []string{"UK"} }},
		{"unknown unknown", `"locations": {"includeLocations": ["` + branch + `"]}`, func(s *policy.SignIn) { s.Countries = []string{"??"} }},
		{"clear never", `"locations": {"includeLocations": ["` + branch + `"]}`, func(s *policy.SignIn) { s.Countries = []string{"us"} }},
		{"mfa always", `"locations": {"includeLocations": ["` + branch + `"]}`, func(s *policy.SignIn) { s.Countries = []string{"gb"} }},
	} {
		place := tenant(parse(t, c.change))
		place.NamedLocations = entramfa.Known([]policy.NamedLocation{{Type: policy.CountryNamedLocation, ID: branch, CountriesAndRegions: []string{"GB", "GR"}}})
		region := policy.PasswordSignIn()
		c.narrow(&region)
		t.Run(c.change, func(t *testing.T) { requireSame(t, c.want, place, plainSubject(), region) })
	}
}

// TestActionsNobodyKnows: a region of every user action has those too that this
// version doesn't know.
func TestActionsNobodyKnows(t *testing.T) {
	block := `, "grantControls": {"operator": "OR", "builtInControls": ["block"]}`
	region := policy.PasswordSignIn()
	region.Applications, region.UserActions = []string{}, nil
	both := parse(t, `"applications": {"includeUserActions": ["urn:user:registersecurityinfo", "urn:user:registerdevice"]}`+block)
	requireSame(t, "unknown unknown", tenant(both), plainSubject(), region)
	other := parse(t, `"applications": {"includeUserActions": ["urn:user:accountrecovery"]}, "users": {"includeUsers": ["None"]}`)
	requireSame(t, "unknown unknown", tenant(both, other), plainSubject(), region)
	hidden := tenant(parse(t, block[2:]))
	list, _ := hidden.Policies.Get()
	list.Hidden = "v1.0"
	hidden.Policies = entramfa.Known(list)
	assert.Equal(t, "unknown unknown", text(policy.Decide(hidden, plainSubject(), region)))
}

// TestEntriesWithoutText mean nobody knows whom.
func TestEntriesWithoutText(t *testing.T) {
	guest := plainSubject()
	guest.Kinds = entramfa.Known([]string{policy.B2BCollaborationGuest})
	for _, change := range []string{`"users": {"includeUsers": [""]}`, `"users": {"includeUsers": ["All"], "excludeUsers": [""]}`} {
		for _, s := range []policy.Subject{plainSubject(), guest} {
			requireSame(t, "unknown unknown", tenant(parse(t, change)), s, policy.PasswordSignIn())
		}
		assert.Equal(t, "unknown unknown", text(policy.Decide(tenant(parse(t, change)), policy.Subject{}, policy.PasswordSignIn())))
	}
}

// TestRolesOfGroups: assignments to a group count as those to an account do.
func TestRolesOfGroups(t *testing.T) {
	scope := "/"
	template := policy.RoleDefinition{TemplateID: &[]string{"f0000000-0000-4000-8000-00000000000f"}[0]}
	for _, r := range []policy.RoleAssignment{
		{PrincipalID: direct, RoleDefinitionID: exchange},
		{PrincipalID: direct, RoleDefinitionID: "no id", DirectoryScopeID: &scope},
		{PrincipalID: direct, RoleDefinitionID: exchange, DirectoryScopeID: &scope, RoleDefinition: &template},
		{PrincipalID: account, RoleDefinitionID: exchange, DirectoryScopeID: &scope, RoleDefinition: &template},
		{PrincipalID: direct, RoleDefinitionID: exchange, DirectoryScopeID: &scope},
	} {
		for _, change := range []string{`"users": {"includeRoles": ["` + exchange + `"]}`, `"users": {"includeUsers": ["All"], "excludeRoles": ["` + exchange + `"]}`} {
			d := directory(policy.Subject{ID: account, Kinds: entramfa.Known([]string{})})
			require.NoError(t, d.AddMembers(direct, stream(account)))
			require.NoError(t, d.AddRoleAssignments(stream(r)))
			s := plainSubject(direct)
			s.Roles = entramfa.Known([]policy.RoleAssignment{r})
			prepared := policy.Prepare(tenant(parse(t, change)))
			assert.Equal(t, text(prepared.Account(s).Decide(policy.PasswordSignIn())), verdictsOf(t, prepared.Sweep(d, policy.PasswordSignIn()), 1)[account], "%s %+v", change, r)
		}
	}
}

// TestJoined: who joins a group that holds a role holds it, and the directory that
// was joined stays as it is, for goroutines too.
func TestJoined(t *testing.T) {
	holder := plainSubject(direct)
	holder.ID, holder.Roles = someone, entramfa.Known([]policy.RoleAssignment{role(direct, exchange, "/")})
	was := directory(holder, plainSubject())
	is, err := was.Joined(direct, account)
	require.NoError(t, err)
	p := policy.Prepare(tenant(parse(t, `"users": {"includeRoles": ["`+exchange+`"]}`)))
	changes, err := policy.Diff(policy.Snapshot{Policies: p, Accounts: was}, policy.Snapshot{Policies: p, Accounts: is}, policy.PasswordSignIn())
	require.NoError(t, err)
	assert.Len(t, slices.Collect(changes), 1)
	assert.Error(t, is.AddMembers(nested, stream(account)))
	assert.Error(t, is.AddRoleAssignments(stream[policy.RoleAssignment]()))
	assert.Error(t, is.AddAccounts(stream[policy.Subject]()))
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			for k := range 50 {
				_, err := was.Joined(fmt.Sprintf("a0000000-0000-4000-8000-%06d%06d", n, k), account)
				assert.NoError(t, err)
				p.Sweep(was, policy.PasswordSignIn())
			}
		})
	}
	wait.Wait()
}

// TestExplainForgets: a finding is remembered for no sign-in of which another
// finding is told.
func TestExplainForgets(t *testing.T) {
	bound := `, "grantControls": null, "sessionControls": {"secureSignInSession": {"isEnabled": true}}`
	for _, change := range []string{
		`"applications": {"includeApplications": ["` + exchangeOnlineID + `", "` + appA + `"]}` + bound,
		`"applications": {"includeApplications": ["MicrosoftAdminPortals"], "excludeApplications": ["` + appB + `"]}` + bound,
		`"deviceStates": {"includeStates": ["All"]}`,
	} {
		place := tenant(parse(t, change))
		mine := policy.Prepare(place).Account(plainSubject())
		s := benchSignIns()[0]
		for _, app := range []string{appB, appA, exchangeOnlineID} {
			s.Applications = []string{app}
			verdict, findings := mine.Explain(s)
			assert.Equal(t, policy.Judge(place, plainSubject(), s)[0], *findings[0], change)
			assert.Equal(t, verdict.Outcome == entramfa.Clear, findings[0].Outcome == entramfa.Clear, change)
		}
	}
}

// TestLocationsInPart: of a location of which a part was read nothing is certain
// but what was read.
func TestLocationsInPart(t *testing.T) {
	for name, c := range map[string]struct{ location, condition, want string }{
		"no ranges":               {`"@odata.type": "#microsoft.graph.ipNamedLocation"`, office, "unknown unknown"},
		"ranges that are null":    {`"@odata.type": "#microsoft.graph.ipNamedLocation", "ipRanges": null`, office, "unknown unknown"},
		"empty ranges":            {`"@odata.type": "#microsoft.graph.ipNamedLocation", "ipRanges": []`, office, "clear never"},
		"no countries":            {`"@odata.type": "#microsoft.graph.countryNamedLocation"`, office, "unknown unknown"},
		"a range of a newer kind": {`"@odata.type": "#microsoft.graph.ipNamedLocation", "ipRanges": [{"cidrAddress": "10.0.0.0/8", "moon": "full"}]`, office, "unknown unknown"},
		"not said to be trusted":  {`"@odata.type": "#microsoft.graph.ipNamedLocation", "ipRanges": [{"cidrAddress": "2001:db8::/32"}]`, "AllTrusted", "unknown unknown"},
		"not trusted":             {`"@odata.type": "#microsoft.graph.ipNamedLocation", "isTrusted": false, "ipRanges": [{"cidrAddress": "2001:db8::/32"}]`, "AllTrusted", "clear never"},
	} {
		t.Run(name, func(t *testing.T) {
			var l policy.NamedLocation
			require.NoError(t, json.Unmarshal([]byte(`{`+c.location+`, "id": "`+office+`", "displayName": "Office"}`), &l))
			place := tenant(parse(t, `"locations": {"includeLocations": ["`+c.condition+`"]}`))
			place.NamedLocations = entramfa.Known([]policy.NamedLocation{l})
			region := policy.PasswordSignIn()
			region.Addresses, region.Countries = []netip.Prefix{netip.MustParsePrefix("2001:db8::7/128")}, []string{"NL"}
			requireSame(t, c.want, place, plainSubject(), region)
		})
	}
	twice := tenant(parse(t, `"locations": {"includeLocations": ["`+office+`"]}`))
	twice.NamedLocations = entramfa.Known([]policy.NamedLocation{
		{Type: policy.IPNamedLocation, ID: office, IPRanges: []policy.IPRange{{CIDRAddress: "10.0.0.0/8"}}},
		{Type: policy.IPNamedLocation, ID: office, IPRanges: []policy.IPRange{{CIDRAddress: "11.0.0.0/8"}}},
	})
	region := policy.PasswordSignIn()
	region.Addresses = []netip.Prefix{netip.MustParsePrefix("11.0.0.7/32")}
	requireSame(t, "mfa always", twice, plainSubject(), region)
}

// TestDiffCountsWhatCannotBeToldOnce: an account that stays Unknown at a sign-in
// is treated the same there.
func TestDiffCountsWhatCannotBeToldOnce(t *testing.T) {
	s := plainSubject()
	s.Groups = entramfa.Value[[]policy.Membership]{}
	group := `"users": {"includeGroups": ["` + direct + `"]}, "platforms": {"includePlatforms": ["windows"]}`
	block := group + `, "grantControls": {"operator": "OR", "builtInControls": ["block"]}`
	changes := diff(tenant(parse(t, group), parse(t, `"platforms": {"includePlatforms": ["iOS"]}`)), tenant(parse(t, block)), policy.PasswordSignIn(), s)
	require.Len(t, changes, 1)
	assert.Equal(t, "mfa clear [iOS]", fmt.Sprint(changes[0].Before, " ", changes[0].After, " ", changes[0].Witness.Platforms))
	assert.Empty(t, diff(tenant(parse(t, group)), tenant(parse(t, block)), policy.PasswordSignIn(), s))
}

// TestRolesNobodyKnowsThroughJoined: who joins a group through which another holds
// a role of which something isn't known may hold it.
func TestRolesNobodyKnowsThroughJoined(t *testing.T) {
	for _, r := range []policy.RoleAssignment{{PrincipalID: direct, RoleDefinitionID: exchange}, role(direct, "no id", "/")} {
		holder := plainSubject(direct)
		holder.ID, holder.Roles = someone, entramfa.Known([]policy.RoleAssignment{r})
		is, err := directory(holder, plainSubject()).Joined(direct, account)
		require.NoError(t, err)
		p := policy.Prepare(tenant(parse(t, `"users": {"includeRoles": ["`+exchange+`"]}`)))
		v := verdictsOf(t, p.Sweep(is, policy.PasswordSignIn()), 2)
		assert.Equal(t, []string{"unknown unknown", "unknown unknown"}, []string{v[someone], v[account]})
	}
}

// TestConditionsInPart: what a condition includes wasn't in the answer.
func TestConditionsInPart(t *testing.T) {
	for _, change := range []string{
		`"platforms": {"excludePlatforms": ["iOS"]}`, `"platforms": {"includePlatforms": null, "excludePlatforms": ["iOS"]}`,
		`"locations": {"excludeLocations": ["` + office + `"]}`, `"applications": {"includeApplications": ["00000003-0000-0000-c000-000000000000"]}`,
	} {
		region := policy.PasswordSignIn()
		region.Applications = []string{policy.DirectoryScopes}
		requireSame(t, "unknown unknown", tenant(parse(t, change)), plainSubject(), region)
	}
	both := tenant(parse(t, `"sessionControls": {"secureSignInSession": {"isEnabled": true}}`))
	region := policy.PasswordSignIn()
	region.Applications = []string{exchangeOnlineID}
	requireSame(t, "blocked always", both, plainSubject(), region)
	nothing := tenant(parse(t, `"applications": {"includeAuthenticationContextClassReferences": [""]}`))
	requireSame(t, "unknown unknown", nothing, plainSubject(), policy.PasswordSignIn())
}

// TestDiffOfTooManyTargets: where targets can't be told apart, who may change is
// named, and policies that stay are not.
func TestDiffOfTooManyTargets(t *testing.T) {
	many := parse(t, `"users": {"includeUsers": ["None"]}`)
	for n := range 700 {
		many.Conditions.Applications.ExcludeApplications = append(many.Conditions.Applications.ExcludeApplications, benchID("e", n))
	}
	asking := parse(t, `"users": {"includeUsers": ["None"]}`)
	asking.Conditions.Applications = &policy.Applications{}
	for n := range 99 {
		asking.Conditions.Applications.IncludeAuthenticationContextClassReferences = append(asking.Conditions.Applications.IncludeAuthenticationContextClassReferences, fmt.Sprint("c", n+1))
	}
	first := parse(t, `"applications": {"includeApplications": ["`+benchID("e", 1)+`"]}`)
	second := parse(t, `"applications": {"includeApplications": ["`+benchID("e", 2)+`"]}`)
	changes := diff(tenant(many, asking, first), tenant(many, asking, second), policy.PasswordSignIn(), plainSubject())
	require.Len(t, changes, 1)
	assert.Equal(t, "unknown unknown", fmt.Sprint(changes[0].Before, " ", changes[0].After))
	assert.Empty(t, diff(tenant(many, asking, first), tenant(many, asking, first), policy.PasswordSignIn(), plainSubject()))
}
