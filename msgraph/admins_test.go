package msgraph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

// manyAdmins is a tenant in which so many accounts hold a role, half of them through a
// group; a policy demands MFA of everybody but a group of one.
func manyAdmins(t testing.TB, count int) *graphfake.Tenant {
	t.Helper()
	tenant := &graphfake.Tenant{}
	team := tenant.AddGroup(policy.Group{DisplayName: "Administrators", IsAssignableToRole: new(true)})
	exempt := tenant.AddGroup(policy.Group{DisplayName: "Exempt"})
	assign := func(principal string) {
		_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: principal, RoleDefinitionID: policy.GlobalAdministrator})
		require.NoError(t, err)
	}
	assign(team)
	for n := range count {
		upn := fmt.Sprintf("admin%d@contoso.com", n)
		id := tenant.AddUser(mfa.User{UserPrincipalName: upn, DisplayName: upn, UserType: new("Member"), AccountEnabled: new(true)})
		require.NoError(t, tenant.AddMethod(id, mfa.Method{Type: "#microsoft.graph.fido2AuthenticationMethod"}))
		if n%2 == 0 {
			require.NoError(t, tenant.AddMember(team, id))
		} else {
			assign(id)
		}
		if n == 0 {
			require.NoError(t, tenant.AddMember(exempt, id))
		}
	}
	_, err := tenant.AddPolicy(policy.Policy{
		DisplayName: "MFA for all", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"}, Applications: &policy.Applications{IncludeApplications: []string{"All"}},
			Users: &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{exempt}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	return tenant
}

// scanned reads and judges all administrators, and returns how many lack MFA.
func scanned(t testing.TB, reader mfa.AdminsReader) (all, without int) {
	t.Helper()
	admins, err := mfa.ReadAdmins(t.Context(), reader, nil)
	require.NoError(t, err)
	for admin, err := range admins.All(t.Context()) {
		require.NoError(t, err)
		has, known := admin.MFA.Get()
		require.True(t, known, admin.Missing)
		if all++; !has {
			without++
		}
	}
	return all, without
}

func TestAdminsTravelInFullBatches(t *testing.T) {
	for count, most := range map[int]int{
		// The reads that are the same for all: five in a batch, beta's own policies, the
		// objects; the roles, the eligible roles, the members of one group.
		40:  8 + 2*4, // three batches of v1.0 and one of beta for twenty accounts
		240: 9 + 12*2,
	} {
		tenant := manyAdmins(t, count)
		reader := reach(t, tenant, 0, allPermissions()...)
		all, without := scanned(t, reader)
		assert.Equal(t, []int{count, 1}, []int{all, without})
		assert.LessOrEqual(t, len(tenant.Requests()), most)
		for _, r := range tenant.Requests() {
			assert.NotContains(t, r.Path, "/authentication/", "none leaves alone")
		}
	}
}

// What it costs to judge 2,000 administrators where each request to Graph takes 50 ms.
// The work: half of them hold the role through a group, one policy that excludes a
// group, over TLS with the SDK's middleware, four batches at a time. Two reads for
// each are 4,000, 200 batches of twenty. The server shares the processor.
func BenchmarkAdmins(b *testing.B) {
	const latency = 50 * time.Millisecond
	tenant := manyAdmins(b, 2000)
	var atOnce, most atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if now := atOnce.Add(1); now > most.Load() {
			most.Store(now)
		}
		time.Sleep(latency)
		tenant.ServeHTTP(w, r)
		atOnce.Add(-1)
	}))
	defer server.Close()
	reader := msgraph.New(newAdapterWith(b, grants{tenant, allPermissions()}, server, "127.0.0.1"), nil)
	scanned(b, reader) // connections stand
	single := time.Now()
	for range 5 {
		if _, err := reader.SecurityDefaults(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	roundTrip := time.Since(single) / 5
	tenant.ForgetRequests()
	for b.Loop() {
		if all, _ := scanned(b, reader); all != 2000 {
			b.Fatal(all)
		}
	}
	batches, items := 0, 0
	for _, r := range tenant.Requests() {
		items += max(1, len(r.Items))
		if len(r.Items) > 0 {
			batches++
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(roundTrip), "roundtrips/op")
	b.ReportMetric(float64(len(tenant.Requests()))/float64(b.N), "requests/op")
	b.ReportMetric(float64(batches)/float64(b.N), "batches/op")
	b.ReportMetric(float64(items)/float64(b.N), "reads/op")
	b.ReportMetric(float64(most.Load()), "at-once")
}
