package mfa_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// verified says what What If says of a plan for an account that needs nothing.
func verified(t *testing.T, tenant *graphfake.Tenant, user string, time *clock, profile policy.SignIn) mfa.Proved {
	plan := planFor(t, tenant, user, profile, nil)
	require.True(t, plan.Clear)
	require.Empty(t, plan.Changes)
	v, err := mfa.Verify(t.Context(), tenant, plan, journalAt(t), &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
	require.NoError(t, err)
	return v.WhatIf
}

// addConditions adds an enabled policy that demands MFA under conditions.
func addConditions(t testing.TB, tenant *graphfake.Tenant, conditions string) {
	var p policy.Policy
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],%s},
		"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, conditions), &p))
	_, err := tenant.AddPolicy(p)
	require.NoError(t, err)
}

// What If doesn't resolve the group Office365: that it lets such a policy apply is no
// proof against the plan, nor is its word one for it.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/what-if-tool.
func TestVerifyKnowsTheGapsOfWhatIf(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addConditions(t, tenant, `"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"],"excludeApplications":["Office365"]}`)
	proof := verified(t, tenant, user, time, policy.SharePointSignIn())
	assert.Equal(t, mfa.ProofNone, proof.Proof)
	assert.Contains(t, proof.Text, "Office365")
}
