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

// A tenant without policies costs no round trip more than others, though v1.0 is
// asked too, and with Conditional Access throttled it is still clear.
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
			assert.Equal(t, 200*time.Millisecond, time.Since(start))
			var asked []string
			for _, r := range tenant.Requests() {
				for _, item := range r.Items {
					if strings.HasSuffix(item.Path, "/identity/conditionalAccess/policies") {
						asked = append(asked, strings.TrimSuffix(r.Path, "$batch")+item.Path)
					}
				}
			}
			assert.Len(t, asked, 2, "%v", asked)
			assert.Contains(t, asked[0], "beta")
			assert.Contains(t, asked[1], "v1.0")
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

// Until v1.0 was asked too, an empty list clears nobody.
func TestAnEmptyListThatIsNotConfirmed(t *testing.T) {
	tenant := &graphfake.Tenant{}
	reader := reach(t, tenant, 0, allPermissions()...)
	together := reader.Together(t.Context(), 2)
	go func() { _, _ = reader.SecurityDefaults(together) }()
	list, err := reader.Policies(together)
	require.NoError(t, err)
	require.NotNil(t, list.Confirm)
	findings := policy.Judge(policy.Tenant{Policies: entramfa.Known(list)}, policy.Subject{}, policy.PasswordSignIn())
	assert.Equal(t, entramfa.Unknown, entramfa.Combine(findings).Outcome)

	list, err = list.Confirm(t.Context())
	require.NoError(t, err)
	assert.Equal(t, policy.List{}, list)
}
