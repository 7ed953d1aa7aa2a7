package msgraph_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

// A tenant without policies costs one round trip more than others, to hear it
// from v1.0 too, and with Conditional Access throttled it is still clear.
func TestCheckOfATenantWithoutPolicies(t *testing.T) {
	for _, throttled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tenant := &graphfake.Tenant{ThrottleConditionalAccess: throttled}
			tenant.AddUser(mfa.User{UserPrincipalName: account})
			reader := reach(t, tenant, 100*time.Millisecond, allPermissions()...)
			start := time.Now()
			report, err := mfa.Check(t.Context(), reader, account, nil)
			require.NoError(t, err)
			assert.Equal(t, entramfa.Clear, report.Outcome)
			if throttled {
				assert.Less(t, time.Since(start), 6*time.Second)
				return
			}
			assert.Equal(t, 300*time.Millisecond, time.Since(start))
			var asked []string
			for _, r := range tenant.Requests() {
				if strings.HasSuffix(r.Path, "/policies") {
					asked = append(asked, r.Path)
				}
			}
			assert.Equal(t, []string{v1Policies}, asked, "the one beside the batches")
		})
	}
}

// Whoever stands in the way of beta alone must not make an account look clear.
func TestCheckIsNeverClearByAnEmptyBeta(t *testing.T) {
	tenant := &graphfake.Tenant{}
	tenant.AddUser(mfa.User{UserPrincipalName: account})
	_, err := tenant.AddPolicy(policy.Policy{
		DisplayName: "Terms", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"}, Users: &policy.Users{IncludeUsers: []string{"All"}},
			Applications: &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == betaPolicies:
			reply(`{"value":[]}`)(w, r)
		case strings.HasPrefix(r.URL.Path, "/beta/$batch"):
			graphError(http.StatusNotFound, "ResourceNotFound")(w, r) // each request alone
		default:
			tenant.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	reader := msgraph.New(newAdapterWith(t, grants{tenant, allPermissions()}, server, "127.0.0.1"), nil)
	report, err := mfa.Check(t.Context(), reader, account, nil)
	require.NoError(t, err)
	assert.Equal(t, entramfa.MFA, report.Outcome, "v1.0 lists a policy that asks for MFA")
}
