package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// Two roles that may be activated by themselves: the one policies include, the other
// they leave out.
func TestOneOfSeveralRolesThatTakesMFAAway(t *testing.T) {
	s := newStaff(t)
	id := s.add("eligible")
	s.eligible(id, globalReader)
	s.eligible(id, policy.GlobalAdministrator)
	addPolicy(t, s.Tenant, "MFA for all but readers", `{"includeUsers":["All"],"excludeUsers":[],"includeGroups":[],"excludeGroups":[],"includeRoles":[],"excludeRoles":["`+globalReader+`"]}`, "mfa")
	addPolicy(t, s.Tenant, "MFA for chiefs", `{"includeUsers":[],"includeGroups":[],"includeRoles":["`+policy.GlobalAdministrator+`"]}`, "mfa")
	admins, found := readAdmins(t, s, nil)
	a := found["eligible"]
	assert.Equal(t, entramfa.MFA, a.Now.Outcome)
	assert.Equal(t, []string{"false", "false", "false"}, []string{is(a.Demanded), is(a.MFA), is(admins.Partner().Met)})
	require.NotNil(t, a.Activated)
	assert.NotNil(t, a.Activated.Witness, "it shows the sign-in that gets through")
}

// Of an account that is enabled and has not registered, legacy clients take the password.
func TestEnabledPerUserStateLeavesLegacyClients(t *testing.T) {
	for name, c := range map[string]struct {
		state       mfa.PerUserState
		blocked     bool
		demanded    string
		clientTypes []string
	}{
		"enabled":                             {mfa.PerUserEnabled, false, "false", []string{"exchangeActiveSync", "other"}},
		"enabled, legacy clients are blocked": {mfa.PerUserEnabled, true, "true", nil},
		"enforced":                            {mfa.PerUserEnforced, false, "true", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStaff(t)
			id := s.add("admin")
			s.assign(id, policy.GlobalAdministrator)
			require.NoError(t, s.SetPerUserState(id, c.state))
			if c.blocked {
				_, err := s.AddPolicy(policy.Policy{
					DisplayName: "Block legacy clients", State: policy.StateEnabled,
					Conditions: &policy.Conditions{
						ClientAppTypes: []string{"exchangeActiveSync", "other"}, Applications: &policy.Applications{IncludeApplications: []string{"All"}},
						Users: &policy.Users{IncludeUsers: []string{"All"}},
					},
					GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"block"}},
				})
				require.NoError(t, err)
			}
			_, found := readAdmins(t, s, nil)
			a := found["admin"]
			assert.Equal(t, c.demanded, is(a.Demanded), a.Demanded.Err())
			if c.clientTypes == nil {
				assert.Nil(t, a.Now.Witness)
				return
			}
			require.NotNil(t, a.Now.Witness)
			assert.Subset(t, c.clientTypes, a.Now.Witness.ClientAppTypes)
		})
	}
}
