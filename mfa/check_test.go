package mfa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// newTenant has one account, in a group within a group within a group.
func newTenant(t testing.TB) (tenant *graphfake.Tenant, user string, groups []string) {
	tenant = &graphfake.Tenant{}
	tenant.AddDomain(mfa.Domain{ID: "contoso.com", AuthenticationType: "Managed"})
	user = tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Cloud App Security Service Account for SharePoint", AccountEnabled: pointer(true), UserType: pointer("Member")})
	inner := user
	for _, name := range []string{"Inner", "Middle", "Outer"} {
		group := tenant.AddGroup(policy.Group{DisplayName: name})
		require.NoError(t, tenant.AddMember(group, inner))
		groups, inner = append(groups, group), group
	}
	return tenant, user, groups
}

// addPolicy adds an enabled policy for all resources with the user condition and the controls.
func addPolicy(t testing.TB, tenant *graphfake.Tenant, name, users, control string) string {
	return addPolicyWith(t, tenant, "", name, users, control)
}

func addPolicyWith(t testing.TB, tenant *graphfake.Tenant, id, name, users, control string) string {
	p := policy.Policy{}
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":%q,"state":"enabled","conditions":{"clientAppTypes":["all"],
		"applications":{"includeApplications":["All"]},"users":%s},"grantControls":{"operator":"OR","builtInControls":[%q]}}`, name, users, control), &p))
	p.ID = id
	id, err := tenant.AddPolicy(p)
	require.NoError(t, err)
	return id
}

func TestCheckFindsTheAccountByEveryName(t *testing.T) {
	tenant, user, _ := newTenant(t)
	for _, name := range []string{user, strings.ToUpper(user), "svc@contoso.com", "SVC@CONTOSO.COM", "cloud app security service account for sharepoint"} {
		report, err := mfa.Check(t.Context(), tenant, name, nil)
		require.NoError(t, err, name)
		assert.Equal(t, user, report.Account.ID, name)
		assert.Equal(t, entramfa.Clear, report.Outcome, "%s: %+v", name, report)
		assert.Equal(t, pointer(false), report.Account.Federated, name)
	}
}

// fickle finds by display name an account that is never there.
type fickle struct {
	mfa.Reader
	asked int
}

func (f *fickle) UsersByDisplayName(context.Context, string) ([]mfa.User, error) {
	f.asked++
	return []mfa.User{{ID: fmt.Sprintf("b0000000-0000-4000-8000-%012d", f.asked), DisplayName: "Service"}}, nil
}

func TestCheckOfAnAccountThatIsFoundAndGone(t *testing.T) {
	tenant, _, _ := newTenant(t)
	for _, name := range []string{"Service", "service"} {
		reader := &fickle{Reader: tenant}
		_, err := mfa.Check(t.Context(), reader, name, nil)
		assert.ErrorIs(t, err, entramfa.ErrNotFound)
		assert.Equal(t, 1, reader.asked)
	}
}

func TestCheckWithoutAReader(t *testing.T) {
	_, err := mfa.Check(t.Context(), nil, "svc@contoso.com", nil)
	assert.ErrorContains(t, err, "needs a reader")
}

// Of an account that is gone nobody else takes the place, whatever the display name.
func TestCheckOfAPrincipalNameTakesNobodyOfThatDisplayName(t *testing.T) {
	tenant := &graphfake.Tenant{}
	tenant.AddUser(mfa.User{UserPrincipalName: "mallory@contoso.com", DisplayName: "svc@contoso.com"})
	_, err := mfa.Check(t.Context(), tenant, "svc@contoso.com", nil)
	var account *entramfa.AccountError
	require.ErrorAs(t, err, &account)
	require.ErrorIs(t, err, entramfa.ErrNotFound)
	assert.Empty(t, account.Candidates)
}

func TestCheckOfADisplayNameWithAnAt(t *testing.T) {
	tenant, _, _ := newTenant(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "x@contoso.com", DisplayName: "Backup @ night", AccountEnabled: pointer(true), UserType: pointer("Member")})
	report, err := mfa.Check(t.Context(), tenant, "Backup @ night", nil)
	require.NoError(t, err)
	assert.Equal(t, user, report.Account.ID)
}

func TestCheckSaysWhichAccountsAreMeant(t *testing.T) {
	tenant, _, _ := newTenant(t)
	tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com", DisplayName: "Service"})
	tenant.AddUser(mfa.User{UserPrincipalName: "b@contoso.com", DisplayName: "Service"})

	var problem *entramfa.AccountError
	_, err := mfa.Check(t.Context(), tenant, "Service", nil)
	require.ErrorAs(t, err, &problem)
	assert.ErrorIs(t, err, entramfa.ErrAmbiguous)
	assert.Len(t, problem.Candidates, 2)

	_, err = mfa.Check(t.Context(), tenant, "Cloud App Security", nil)
	require.ErrorAs(t, err, &problem)
	assert.ErrorIs(t, err, entramfa.ErrNotFound)
	assert.Equal(t, "svc@contoso.com", problem.Candidates[0].UserPrincipalName)

	for _, name := range []string{"nobody@contoso.com", "b0000000-0000-4000-8000-0000000000ff", "Nobody", ""} {
		_, err = mfa.Check(t.Context(), tenant, name, nil)
		assert.ErrorIs(t, err, entramfa.ErrNotFound, name)
	}
}

func TestCheckWithAProfile(t *testing.T) {
	tenant, user, _ := newTenant(t)
	office := tenant.AddNamedLocation(policy.NamedLocation{Type: policy.IPNamedLocation, DisplayName: "Office", IPRanges: []policy.IPRange{{CIDRAddress: "203.0.113.0/24"}}})
	var p policy.Policy
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"Elsewhere","state":"enabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},
		"applications":{"includeApplications":["All"]},"locations":{"includeLocations":["All"],"excludeLocations":[%q]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, office), &p))
	_, err := tenant.AddPolicy(p)
	require.NoError(t, err)
	for from, want := range map[string]string{
		"203.0.113.0/28":  "clear never",
		"203.0.112.0/23":  "mfa sometimes",
		"198.51.100.0/24": "mfa always",
	} {
		profile := policy.PasswordSignIn()
		profile.Addresses = []netip.Prefix{netip.MustParsePrefix(from)}
		report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
		require.NoError(t, err)
		assert.Equal(t, want, fmt.Sprint(report.Outcome, " ", report.Extent), from)
		if want == "clear never" {
			assert.Contains(t, fmt.Sprint(find(t, report, "Elsewhere").Caveats), "outside the profile it may be met (mfa, sometimes): for instance a sign-in")
		}
	}
}

// TestCheckWithAPreset: what no sign-in to Exchange Online meets leaves the
// verdict clear, and is named where another password sign-in would meet it.
func TestCheckWithAPreset(t *testing.T) {
	tenant, user, _ := newTenant(t)
	for name, condition := range map[string]string{
		"SharePoint": `"clientAppTypes":["all"],"applications":{"includeApplications":["` + mfa.SharePointOnline + `"]}`,
		"Legacy":     `"clientAppTypes":["exchangeActiveSync","other"],"applications":{"includeApplications":["All"]}`,
		"Others":     `"clientAppTypes":["all"],"applications":{"includeApplications":["All"],"excludeApplications":["` + mfa.ExchangeOnline + `"]}`,
	} {
		var p policy.Policy
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":%q,"state":"enabled","conditions":{"users":{"includeUsers":["All"]},%s},
			"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, name, condition), &p))
		_, err := tenant.AddPolicy(p)
		require.NoError(t, err)
	}
	for want, profile := range map[string]policy.SignIn{
		"clear never":     policy.ExchangeOnlineSignIn(),
		"mfa always":      policy.SharePointSignIn(),
		"unknown unknown": policy.GraphSignIn(),
		"mfa sometimes":   policy.PasswordSignIn(),
	} {
		report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
		require.NoError(t, err)
		assert.Equal(t, want, fmt.Sprint(report.Outcome, " ", report.Extent), "%v", profile.Applications)
	}
	profile := policy.ExchangeOnlineSignIn()
	report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
	require.NoError(t, err)
	for name, outside := range map[string]string{
		"SharePoint": "[outside the profile it may be met (mfa, sometimes): for instance a sign-in to " + mfa.SharePointOnline,
		"Others":     "[outside the profile it may be met (mfa, sometimes): for instance a sign-in to any other application",
		"Legacy":     "[it holds for a product that signs in by OAuth", // no password grant meets it
	} {
		assert.Contains(t, fmt.Sprint(find(t, report, name).Caveats), outside)
	}
}

func TestPoliciesThatMeetEverySignInTogether(t *testing.T) {
	tenant, user, _ := newTenant(t)
	for _, platforms := range []string{`{"includePlatforms":["all"],"excludePlatforms":["windows"]}`, `{"includePlatforms":["windows"]}`} {
		var p policy.Policy
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},
			"applications":{"includeApplications":["All"]},"platforms":%s},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, platforms), &p))
		_, err := tenant.AddPolicy(p)
		require.NoError(t, err)
		report, err := mfa.Check(t.Context(), tenant, user, nil)
		require.NoError(t, err)
		want := entramfa.Sometimes
		if len(report.Findings) == 6 {
			want = entramfa.Always
		}
		assert.Equal(t, entramfa.Verdict{Outcome: entramfa.MFA, Extent: want}, report.Verdict)
	}
}

func TestCheckTellsTheWayThroughGroups(t *testing.T) {
	tenant, user, groups := newTenant(t)
	addPolicy(t, tenant, "Nested", `{"includeGroups":["`+groups[2]+`"]}`, "mfa")
	addPolicy(t, tenant, "Excluded", `{"includeUsers":["All"],"excludeGroups":["`+groups[1]+`"]}`, "mfa")
	report, err := mfa.Check(t.Context(), tenant, user, nil)
	require.NoError(t, err)
	assert.Equal(t, entramfa.MFA, report.Outcome)
	assert.Equal(t, []string{"Inner", "Middle", "Outer"}, find(t, report, "Nested").Reasons[1].Path)
	assert.Equal(t, entramfa.Clear, find(t, report, "Excluded").Outcome)
	assert.Equal(t, []string{"Inner", "Middle"}, find(t, report, "Excluded").Reasons[1].Path)
}

func TestCheckSurvivesGroupsInACircle(t *testing.T) {
	tenant, user, groups := newTenant(t)
	require.NoError(t, tenant.AddMember(groups[0], groups[2]))
	addPolicy(t, tenant, "Nested", `{"includeGroups":["`+groups[2]+`"]}`, "block")
	report, err := mfa.Check(t.Context(), tenant, user, nil)
	require.NoError(t, err)
	assert.Equal(t, entramfa.Blocked, report.Outcome)
}

func TestCheckSeesRolesThroughGroups(t *testing.T) {
	tenant, user, _ := newTenant(t)
	group := tenant.AddGroup(policy.Group{DisplayName: "Admins", IsAssignableToRole: pointer(true)})
	require.NoError(t, tenant.AddMember(group, user))
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: group, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	_, err = tenant.MakeEligible(policy.RoleAssignment{PrincipalID: group, RoleDefinitionID: "29232cdf-9323-42fd-ade2-1d097af3e4de"})
	require.NoError(t, err)
	addPolicy(t, tenant, "Admins", `{"includeRoles":["`+policy.GlobalAdministrator+`"]}`, "mfa")
	addPolicy(t, tenant, "Exchange", `{"includeRoles":["29232cdf-9323-42fd-ade2-1d097af3e4de"]}`, "mfa")

	report, err := mfa.Check(t.Context(), tenant, user, nil)
	require.NoError(t, err)
	assert.Equal(t, pointer(true), report.Account.GlobalAdministrator)
	assert.Nil(t, report.Account.OnlyGlobalAdministrator, "the group may have other members")
	assert.Equal(t, []string{"Admins", "Global Administrator"}, find(t, report, "Admins").Reasons[1].Path)
	assert.Contains(t, fmt.Sprint(find(t, report, "Exchange").Caveats), "eligible for the role Exchange Administrator")
}

func find(t *testing.T, report mfa.Report, name string) entramfa.Finding {
	for _, f := range report.Findings {
		if f.Name == name {
			return f
		}
	}
	require.Fail(t, "no finding", name)
	return entramfa.Finding{}
}

// partial is a reader whose named methods fail.
type partial struct {
	mfa.Reader
	fails map[string]bool
}

var errRefused = errors.New("refused")

func (p partial) err(method string) error {
	if p.fails[method] {
		return errRefused
	}
	return nil
}

func (p partial) User(ctx context.Context, user string) (mfa.User, error) {
	u, err := p.Reader.User(ctx, user)
	return u, errors.Join(err, p.err("User"))
}

func (p partial) TransitiveMemberOf(ctx context.Context, user string) ([]policy.Group, error) {
	g, err := p.Reader.TransitiveMemberOf(ctx, user)
	return g, errors.Join(err, p.err("TransitiveMemberOf"))
}

func (p partial) MemberOf(ctx context.Context, user string) ([]policy.Group, error) {
	g, err := p.Reader.MemberOf(ctx, user)
	return g, errors.Join(err, p.err("MemberOf"))
}

func (p partial) MemberGroups(ctx context.Context, group string) ([]policy.Group, error) {
	g, err := p.Reader.MemberGroups(ctx, group)
	return g, errors.Join(err, p.err("MemberGroups"))
}

func (p partial) RoleAssignments(ctx context.Context, user string) ([]policy.RoleAssignment, error) {
	r, err := p.Reader.RoleAssignments(ctx, user)
	return r, errors.Join(err, p.err("RoleAssignments"))
}

func (p partial) RoleEligibilities(ctx context.Context, principal string) ([]policy.RoleAssignment, error) {
	r, err := p.Reader.RoleEligibilities(ctx, principal)
	return r, errors.Join(err, p.err("RoleEligibilities"))
}

func TestCheckWithReadsThatFail(t *testing.T) {
	tenant, user, groups := newTenant(t)
	addPolicy(t, tenant, "Nested", `{"includeGroups":["`+groups[2]+`"]}`, "mfa")
	addPolicy(t, tenant, "Role", `{"includeRoles":["`+policy.GlobalAdministrator+`"]}`, "mfa")
	for failing, want := range map[string]string{
		"TransitiveMemberOf": "Nested unknown, Role clear",
		"MemberOf":           "Nested mfa, Role clear",
		"MemberGroups":       "Nested mfa, Role clear",
		"RoleAssignments":    "Nested mfa, Role unknown",
		"RoleEligibilities":  "Nested mfa, Role clear",
	} {
		report, err := mfa.Check(t.Context(), partial{tenant, map[string]bool{failing: true}}, user, nil)
		require.NoError(t, err, failing)
		got := fmt.Sprintf("Nested %s, Role %s", find(t, report, "Nested").Outcome, find(t, report, "Role").Outcome)
		assert.Equal(t, want, got, failing)
	}
	_, err := mfa.Check(t.Context(), partial{tenant, map[string]bool{"User": true}}, user, nil)
	assert.ErrorIs(t, err, errRefused)
}

func TestCheckStopsWithItsContext(t *testing.T) {
	tenant, user, _ := newTenant(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{user, "Cloud App Security Service Account for SharePoint"} {
		_, err := mfa.Check(ctx, tenant, name, nil)
		assert.ErrorIs(t, err, context.Canceled)
	}
}

// grouping counts the reads that Check announces and makes.
type grouping struct {
	*graphfake.Tenant
	announced []int
	made      atomic.Int64
}

type groupKey struct{}

func (g *grouping) Together(ctx context.Context, reads int) context.Context {
	g.announced = append(g.announced, reads)
	return context.WithValue(ctx, groupKey{}, g)
}

func (g *grouping) Domain(ctx context.Context, name string) (mfa.Domain, error) {
	if ctx.Value(groupKey{}) != nil {
		g.made.Add(1)
	}
	return g.Tenant.Domain(ctx, name)
}

func TestCheckAnnouncesItsReads(t *testing.T) {
	tenant, user, _ := newTenant(t)
	for name, steps := range map[string][]int{"svc@contoso.com": {13, 2}, user: {12, 3}} {
		reader := &grouping{Tenant: tenant}
		_, err := mfa.Check(t.Context(), reader, name, nil)
		require.NoError(t, err)
		assert.Equal(t, steps, reader.announced, name)
		assert.Equal(t, int64(1), reader.made.Load(), name)
	}
}

// busyTenant has 1,000 users, one of them the account, in three nested groups,
// and policies for all users that exclude one of these groups each.
func busyTenant(b *testing.B, policies int) (*graphfake.Tenant, string) {
	tenant, user, groups := newTenant(b)
	for i := range policies {
		addPolicy(b, tenant, fmt.Sprint("Policy ", i), `{"includeUsers":["All"],"excludeGroups":["`+groups[i%3]+`"]}`, "mfa")
	}
	for i := range 999 {
		tenant.AddUser(mfa.User{UserPrincipalName: fmt.Sprintf("u%d@contoso.com", i)})
	}
	return tenant, user
}

// BenchmarkCheck collects and judges one account of an in-memory tenant.
func BenchmarkCheck(b *testing.B) {
	for _, policies := range []int{10, 60, 240} {
		b.Run(fmt.Sprint("policies=", policies), func(b *testing.B) {
			tenant, user := busyTenant(b, policies)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mfa.Check(b.Context(), tenant, user, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkJudge judges facts that were collected before.
func BenchmarkJudge(b *testing.B) {
	for _, policies := range []int{10, 60, 240} {
		b.Run(fmt.Sprint("policies=", policies), func(b *testing.B) {
			tenant, user := busyTenant(b, policies)
			facts, err := mfa.Collect(b.Context(), tenant, user)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				mfa.Judge(facts, nil)
			}
		})
	}
}

func ExampleCheck() {
	var tenant graphfake.Tenant
	enabled, member := true, "Member"
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Backup", AccountEnabled: &enabled, UserType: &member})
	if err := tenant.SetPerUserState("svc@contoso.com", mfa.PerUserEnforced); err != nil {
		fmt.Println(err)
		return
	}
	report, err := mfa.Check(context.Background(), &tenant, "svc@contoso.com", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Outcome, report.Extent)
	for _, finding := range report.Findings {
		if finding.Outcome != entramfa.Clear {
			fmt.Println(finding.Name+":", finding.Reasons[0].Text)
			fmt.Println("to do:", finding.Advice[0].Action)
		}
	}
	// Output:
	// mfa always
	// Per-user MFA: the state is enforced: a password alone is refused with AADSTS50079, for no second factor is registered
	// to do: disablePerUserMFA
}
