package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// another adds a policy that asks everybody for MFA.
func another(t *testing.T, tenant *graphfake.Tenant) string {
	t.Helper()
	or := "OR"
	id, err := tenant.AddPolicy(policy.Policy{
		DisplayName: "New", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"}, Users: &policy.Users{IncludeUsers: []string{"All"}},
			Applications: &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: &or, BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	return id
}

func toApply(journal string) []string {
	return []string{"-account", "svc-backup@contoso.com", "-profile", "exchange", "-from", "203.0.113.0/28", "-no-directory", "-apply", "-journal", journal}
}

// Somebody adds a policy after the plan was made and checked: What If says no, and so
// does the exit status.
func TestApplyWhoseVerificationSaysNoIsNoSuccess(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	asked := 0
	tenant.Before = func(_, path string) {
		if strings.HasSuffix(path, "/evaluate") {
			if asked++; asked == 1 {
				another(t, tenant)
			}
		}
	}
	status, out, reason := on(t.Context(), t, tenant, toApply(filepath.Join(t.TempDir(), "journal"))...)
	require.Positive(t, asked)
	assert.Equal(t, exitStands, status, reason)
	assert.Contains(t, out, "New")
}

func TestSignInsThatFollowLaterAreNoFailureOfApply(t *testing.T) {
	yes, no, late := mfa.Proved{Proof: mfa.ProofYes}, mfa.Proved{Proof: mfa.ProofNo}, mfa.Proved{Proof: mfa.ProofNotYet}
	for name, c := range map[string]struct {
		mfa.Verification
		status int
	}{
		"all of it":           {mfa.Verification{Graph: yes, WhatIf: yes, SignIn: yes}, exitDone},
		"the sign-in not yet": {mfa.Verification{Graph: yes, WhatIf: yes, SignIn: late}, exitDone},
		"the sign-in never":   {mfa.Verification{Graph: yes, WhatIf: yes, SignIn: no}, exitStands},
		"not What If":         {mfa.Verification{Graph: yes, WhatIf: no, SignIn: late}, exitStands},
		"not Graph":           {mfa.Verification{Graph: no, WhatIf: yes, SignIn: late}, exitStands},
	} {
		assert.Equal(t, c.status, provedSoon(c.Verification), name)
	}
}

// Two plans in one journal are rolled back one after the other, and then there is
// nothing to undo.
func TestRollbackUndoesOnePlanAfterTheOther(t *testing.T) {
	tenant := builtIn(t, "conditional-access")
	before := state(tenant)
	journal := filepath.Join(t.TempDir(), "journal")
	status, _, reason := on(t.Context(), t, tenant, toApply(journal)...)
	require.Equal(t, exitDone, status, reason)
	id := another(t, tenant)
	status, _, reason = on(t.Context(), t, tenant, toApply(journal)...)
	require.Equal(t, exitDone, status, reason)
	for i, said := range []string{"the plan before it still stands", "", "there was nothing to undo"} {
		status, _, reason := on(t.Context(), t, tenant, "-rollback", "-journal", journal)
		require.Equal(t, exitDone, status, reason)
		assert.Contains(t, reason, said)
		if said == "" {
			assert.NotContains(t, reason, "still stands")
			assert.NotContains(t, reason, "nothing to undo")
			require.NoError(t, tenant.RemovePolicy(id))
		}
		assert.Equal(t, i > 0, before == state(tenant), "after %d", i+1)
	}
}
