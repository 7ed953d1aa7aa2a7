package msgraph_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

// Over HTTP a policy comes with annotations, whose change is nobody's: an exclusion
// meets no conflict, within the one request a second that Conditional Access takes.
func TestExcludeOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &graphfake.Tenant{ReplicationDelay: 5 * time.Second, ThrottleConditionalAccess: true}
		id, err := tenant.AddPolicy(policy.Policy{
			DisplayName: "Phishing-resistant", State: policy.StateEnabled,
			Conditions: &policy.Conditions{
				ClientAppTypes: []string{"all"}, Applications: &policy.Applications{IncludeApplications: []string{"All"}},
				Users: &policy.Users{IncludeUsers: []string{"All"}},
			},
			GrantControls: &policy.GrantControls{Operator: new("OR"), AuthenticationStrength: &policy.AuthenticationStrength{ID: policy.StrengthPhishingResistant}},
		})
		require.NoError(t, err)
		client := reach(t, tenant, 100*time.Millisecond, append(allPermissions(), msgraph.WritePermissions()...)...)
		const account = "b0000000-0000-4000-8000-000000000001"
		change, err := policy.Exclude(t.Context(), client, id, account)
		require.NoError(t, err)
		require.NotNil(t, change)
		stored, err := client.Policy(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{account}, stored.Conditions.Users.ExcludeUsers)
		again, err := policy.Exclude(t.Context(), client, id, account)
		assert.NoError(t, err)
		assert.Nil(t, again)
		patched := 0
		for _, r := range tenant.Requests() {
			if r.Method == "PATCH" && r.Status < 300 {
				patched++
			}
		}
		assert.Equal(t, 1, patched)
	})
}
