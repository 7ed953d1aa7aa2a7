package graphfake_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// filled is a tenant with accounts as a directory has them.
func filled(users int) *graphfake.Tenant {
	tenant := &graphfake.Tenant{}
	for i := range users {
		addUser(tenant, i)
	}
	return tenant
}

func addUser(tenant *graphfake.Tenant, i int) string {
	return tenant.AddUser(mfa.User{UserPrincipalName: fmt.Sprintf("user%d@contoso.com", i), DisplayName: fmt.Sprintf("User %d", i)})
}

// withPolicies is a tenant with policies of the shape that tenants have.
func withPolicies(b testing.TB, policies int) *graphfake.Tenant {
	tenant := &graphfake.Tenant{}
	for i := range policies {
		_, err := tenant.AddPolicy(policy.Policy{
			DisplayName: fmt.Sprintf("CA%03d", i), State: policy.StateEnabled,
			Conditions: &policy.Conditions{
				ClientAppTypes: []string{"all"},
				Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
				Users:          &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)}},
			},
			GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
		})
		require.NoError(b, err)
	}
	return tenant
}

// wire calls a tenant over TLS with connections that are kept.
type wire struct {
	client *http.Client
	base   string
	token  string
}

func dial(b testing.TB, tenant *graphfake.Tenant, packed bool) wire {
	server := httptest.NewTLSServer(tenant)
	b.Cleanup(server.Close)
	client := server.Client()
	transport := client.Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost, transport.DisableCompression = 64, !packed
	return wire{client, server.URL, tenant.Token("Policy.Read.All", "Directory.Read.All")}
}

func (w wire) get(b testing.TB, path string) int64 {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, w.base+path, nil)
	require.NoError(b, err)
	request.Header.Set("Authorization", "Bearer "+w.token)
	response, err := w.client.Do(request)
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusOK, response.StatusCode)
	size, err := io.Copy(io.Discard, response.Body)
	require.NoError(b, err)
	return size
}

// BenchmarkRequests serves lists over TLS to parallel clients on the same cores.
func BenchmarkRequests(b *testing.B) {
	for _, list := range []struct {
		name, path string
		tenant     *graphfake.Tenant
	}{
		{"policies=60", "/v1.0/identity/conditionalAccess/policies", withPolicies(b, 60)},
		{"users=2", "/v1.0/users", filled(2)},
		{"users=999", "/v1.0/users?$top=999", filled(2000)},
	} {
		for _, packed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/gzip=%t", list.name, packed), func(b *testing.B) {
				w := dial(b, list.tenant, packed)
				size := w.get(b, list.path)
				b.SetParallelism(4)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						w.get(b, list.path)
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
				b.ReportMetric(float64(size), "bytes/answer")
				list.tenant.ForgetRequests()
			})
		}
	}
}

// BenchmarkFirstAnswer is a tenant, a server with TLS, a token and one answered request.
func BenchmarkFirstAnswer(b *testing.B) {
	for b.Loop() {
		var tenant graphfake.Tenant
		server := httptest.NewTLSServer(&tenant)
		w := wire{server.Client(), server.URL, tenant.Token("Policy.Read.All")}
		w.get(b, "/v1.0/identity/conditionalAccess/policies")
		server.Close()
	}
}

// sizes are the tenants of the growth benchmarks: GRAPHFAKE_USERS adds one, 1000000 for instance.
func sizes(b *testing.B) []int {
	sizes := []int{1000, 10000, 100000}
	if more := os.Getenv("GRAPHFAKE_USERS"); more != "" {
		users, err := strconv.Atoi(more)
		require.NoError(b, err)
		sizes = append(sizes, users)
	}
	return sizes
}

// BenchmarkGrowth does the same in tenants of growing size, without a socket.
func BenchmarkGrowth(b *testing.B) {
	for _, users := range sizes(b) {
		before := inUse()
		tenant := filled(users)
		arranged := inUse() - before
		token := tenant.Token("Directory.Read.All")
		w := wire{tenant.Client(), "https://graph.microsoft.com", token}
		id := addUser(tenant, users/2)
		b.Run(fmt.Sprintf("users=%d/add", users), func(b *testing.B) {
			clone := tenant.Clone()
			for i := 0; b.Loop(); i++ {
				addUser(clone, users+i)
			}
			b.ReportMetric(float64(arranged)/float64(users), "bytes/user")
		})
		for name, path := range map[string]string{
			"page":     "/v1.0/users?$top=999",
			"id":       "/v1.0/users/" + id,
			"filter":   "/v1.0/users?$filter=userPrincipalName+eq+'user" + strconv.Itoa(users/2) + "@contoso.com'",
			"scan":     "/v1.0/users?$filter=startswith(displayName,'nobody')",
			"filterid": "/v1.0/users?$filter=id+eq+'" + id + "'",
		} {
			b.Run(fmt.Sprintf("users=%d/%s", users, name), func(b *testing.B) {
				for b.Loop() {
					w.get(b, path)
				}
				tenant.ForgetRequests()
			})
		}
		const last = "/v1.0/users?$top=999&$filter=startswith(displayName,'User')"
		b.Run(fmt.Sprintf("users=%d/listed", users), func(b *testing.B) {
			for b.Loop() {
				w.get(b, last)
			}
			b.ReportMetric(float64(inUse()-before)/float64(users), "bytes/user")
			tenant.ForgetRequests()
		})
		runtime.KeepAlive(tenant)
	}
}

// inUse is the heap without garbage.
func inUse() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
