package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// TestAGroupThatMayHoldRolesIsRefused: Graph writes null for a group that can't,
// and nothing at all where the caller may not read it.
func TestAGroupThatMayHoldRolesIsRefused(t *testing.T) {
	for _, c := range []struct {
		name               string
		assignable, secure *bool
		refused            bool
	}{
		{"a whole object with null", nil, new(true), false},
		{"a whole object with false", new(false), new(true), false},
		{"a whole object with true", new(true), new(true), true},
		{"an object that doesn't tell", nil, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tenant, user, _ := licensedTenant(t)
			group := policy.Group{ID: "a0000000-0000-4000-8000-000000000009", DisplayName: "CA-ServiceAccounts", IsAssignableToRole: c.assignable, SecurityEnabled: c.secure}
			tenant.AddGroup(group)
			addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"],"excludeGroups":["`+group.ID+`"]}`, "mfa")
			profile := exchangeFromOffice()
			report, err := mfa.Check(t.Context(), tenant, user, &mfa.Options{Profile: &profile})
			require.NoError(t, err)
			plan, err := mfa.PlanExemption(report, &mfa.ExemptionOptions{Group: &mfa.ExclusionGroup{Group: group}})
			if c.refused {
				var refused *mfa.RefusedError
				require.ErrorAs(t, err, &refused)
				assert.True(t, refused.Has(mfa.GuardOthers))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, entramfa.AddGroupMember, plan.Changes[len(plan.Changes)-1].Kind)
			assert.True(t, plan.Clear, "%+v", plan.NotLifted)
		})
	}
}
