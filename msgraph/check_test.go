package msgraph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

const account = "svc@contoso.com"

// busyTenant has an account with nested and role-assignable groups, eligible
// roles, and policies that name groups, users and one that only beta shows.
func busyTenant(t testing.TB) *graphfake.Tenant {
	t.Helper()
	tenant := &graphfake.Tenant{}
	id := tenant.AddUser(mfa.User{UserPrincipalName: account, DisplayName: "Connection account"})
	inner := tenant.AddGroup(policy.Group{DisplayName: "Service accounts"})
	for i := range 12 {
		outer := tenant.AddGroup(policy.Group{DisplayName: fmt.Sprintf("Department %d", i), IsAssignableToRole: new(i < 5)})
		require.NoError(t, tenant.AddMember(outer, inner))
		_, err := tenant.AddPolicy(policy.Policy{
			DisplayName: fmt.Sprintf("Demand %d", i), State: policy.StateEnabled,
			Conditions: &policy.Conditions{
				ClientAppTypes: []string{"all"},
				Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
				Users:          &policy.Users{IncludeGroups: []string{outer}, ExcludeUsers: []string{"11111111-1111-4111-8111-111111111111"}},
			},
			GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
		})
		require.NoError(t, err)
	}
	require.NoError(t, tenant.AddMember(inner, id))
	require.NoError(t, tenant.SetPerUserState(account, mfa.PerUserEnforced))
	require.NoError(t, tenant.AddMethod(account, mfa.Method{Type: "#microsoft.graph.emailAuthenticationMethod"}))
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: id, RoleDefinitionID: policy.GlobalAdministrator, DirectoryScopeID: new("/")})
	require.NoError(t, err)
	return tenant
}

// grants is a credential whose tokens carry permissions in the tenant.
type grants struct {
	tenant      *graphfake.Tenant
	permissions []string
}

func (g grants) GetToken(context.Context, azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: g.tenant.Token(g.permissions...), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func allPermissions() []string {
	required, optional := msgraph.Permissions()
	return append(required, optional...)
}

// reach returns a client for the tenant without a socket.
func reach(t testing.TB, tenant *graphfake.Tenant, latency time.Duration, permissions ...string) *msgraph.Client {
	t.Helper()
	client, err := msgraph.Connect(grants{tenant, permissions}, &msgraph.Options{
		HTTPClient: &http.Client{Transport: slow{tenant.Transport(), latency}},
	})
	require.NoError(t, err)
	return client
}

// slow makes each request take a time.
type slow struct {
	http.RoundTripper
	latency time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.latency)
	return s.RoundTripper.RoundTrip(r)
}

// The whole answer costs two round trips to Graph, one after the other, however
// many sources there are: with 100 ms for each request it takes 200 ms.
func TestCheckTakesTwoRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := busyTenant(t)
		reader := reach(t, tenant, 100*time.Millisecond, allPermissions()...)
		start := time.Now()
		report, err := mfa.Check(t.Context(), reader, account, nil)
		require.NoError(t, err)
		assert.Equal(t, 200*time.Millisecond, time.Since(start))

		var sent []string
		for _, r := range tenant.Requests() {
			assert.Equal(t, http.StatusOK, r.Status)
			for _, it := range r.Items {
				assert.Equal(t, http.StatusOK, it.Status, it.Path)
			}
			assert.LessOrEqual(t, len(r.Items), 20)
			sent = append(sent, r.Path)
		}
		slices.Sort(sent)
		assert.Equal(t, []string{
			"/beta/$batch", // policies and per-user MFA
			"/beta/roleManagement/directory/transitiveRoleAssignments", // a single request is no batch
			"/v1.0/$batch", "/v1.0/$batch",
		}, sent)
		for _, f := range report.Findings {
			assert.Empty(t, f.Missing, f.Name)
		}
	})
}

func TestCheckSaysTheSameOverHTTP(t *testing.T) {
	for _, pageSize := range []int{0, 1} {
		t.Run(fmt.Sprintf("page size %d", pageSize), func(t *testing.T) {
			tenant := busyTenant(t)
			tenant.PageSize = pageSize
			opts := &mfa.Options{Now: noon}
			want, err := mfa.Check(t.Context(), tenant, account, opts)
			require.NoError(t, err)
			got, err := mfa.Check(t.Context(), reach(t, tenant, 0, allPermissions()...), account, opts)
			require.NoError(t, err)
			wanted, err := json.Marshal(want)
			require.NoError(t, err)
			text, err := json.Marshal(got)
			require.NoError(t, err)
			assert.JSONEq(t, string(wanted), string(text))
		})
	}
}

// The Conditional Access service takes one request a second and says nothing about when.
func TestCheckOutlastsThrottling(t *testing.T) {
	for _, as424 := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tenant := busyTenant(t)
			want, err := mfa.Check(t.Context(), tenant, account, nil)
			require.NoError(t, err)
			tenant.ThrottleConditionalAccess, tenant.ThrottledBatchIs424 = true, as424
			start := time.Now()
			got, err := mfa.Check(t.Context(), reach(t, tenant, 0, allPermissions()...), account, nil)
			require.NoError(t, err)
			assert.Equal(t, want.Findings, got.Findings)
			assert.GreaterOrEqual(t, time.Since(start), time.Second)
			assert.Less(t, time.Since(start), 5*time.Second)
			for _, r := range tenant.Requests()[2:] {
				assert.False(t, strings.HasSuffix(r.Path, "$batch") && r.Status == http.StatusTooManyRequests, "only the throttled item is repeated")
			}
		})
	}
}

// No answer is clear because something could not be read.
func TestCheckIsNeverClearWithoutPermission(t *testing.T) {
	tenant := &graphfake.Tenant{}
	tenant.AddUser(mfa.User{UserPrincipalName: account})
	report, err := mfa.Check(t.Context(), tenant, account, nil)
	require.NoError(t, err)
	require.Equal(t, entramfa.Clear, report.Outcome)

	report, err = mfa.Check(t.Context(), reach(t, tenant, 0, "User.Read.All"), account, nil)
	require.NoError(t, err)
	assert.Equal(t, entramfa.Unknown, report.Outcome)
	var missing []string
	for _, f := range report.Findings {
		missing = append(missing, f.Missing...)
	}
	assert.Contains(t, strings.Join(missing, "\n"), "Policy.Read.All")

	_, err = mfa.Check(t.Context(), reach(t, tenant, 0), account, nil)
	require.ErrorIs(t, err, entramfa.ErrPermission)
	require.ErrorContains(t, err, "grant User.Read.All")
}

func TestCheckWithoutBeta(t *testing.T) {
	tenant := busyTenant(t)
	tenant.Fail(graphfake.Failure{Path: "/beta/", Err: &entramfa.GraphError{Status: http.StatusNotFound}})
	reader := reach(t, tenant, 0, allPermissions()...)
	list, err := reader.Policies(t.Context())
	require.NoError(t, err)
	assert.Len(t, list.Policies, 12)
	assert.NotEmpty(t, list.Hidden)
	user, err := reader.User(t.Context(), account)
	require.NoError(t, err)
	roles, err := reader.RoleAssignments(t.Context(), user.ID)
	require.NoError(t, err)
	require.Len(t, roles, 1)
	assert.Equal(t, policy.GlobalAdministrator, roles[0].RoleDefinitionID)
}

func TestUnknownAccount(t *testing.T) {
	reader := reach(t, busyTenant(t), 0, allPermissions()...)
	_, err := mfa.Check(t.Context(), reader, "nobody@contoso.com", nil)
	require.ErrorIs(t, err, entramfa.ErrNotFound)
	_, err = mfa.Check(t.Context(), reader, "Connection account", nil)
	require.NoError(t, err)
}

// What a check costs where each request to Graph takes 100 ms. The work: one
// account by user principal name, 12 policies, 13 groups nested in two levels,
// over TLS with the SDK's middleware. The server shares the processor.
func BenchmarkCheckOverHTTP(b *testing.B) {
	const latency = 100 * time.Millisecond
	tenant := busyTenant(b)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(latency)
		tenant.ServeHTTP(w, r)
	}))
	defer server.Close()
	reader := msgraph.New(newAdapterWith(b, grants{tenant, allPermissions()}, server, "127.0.0.1"), nil)
	check := func() {
		if _, err := mfa.Check(b.Context(), reader, account, nil); err != nil {
			b.Fatal(err)
		}
	}
	check() // connections stand
	single := time.Now()
	for range 5 {
		if _, err := reader.SecurityDefaults(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	roundTrip := time.Since(single) / 5
	tenant.ForgetRequests()
	for b.Loop() {
		check()
	}
	items := 0
	for _, r := range tenant.Requests() {
		items += max(1, len(r.Items))
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(roundTrip), "roundtrips/op")
	b.ReportMetric(float64(len(tenant.Requests()))/float64(b.N), "requests/op")
	b.ReportMetric(float64(items)/float64(b.N), "reads/op")
}
