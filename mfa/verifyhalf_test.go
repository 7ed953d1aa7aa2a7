package mfa_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// halfAnswer is a tenant whose What If answers otherwise.
type halfAnswer struct {
	*graphfake.Tenant
	edit func([]policy.WhatIfResult) []policy.WhatIfResult
}

func (h halfAnswer) WhatIf(ctx context.Context, question policy.WhatIf) ([]policy.WhatIfResult, error) {
	results, err := h.Tenant.WhatIf(ctx, question)
	return h.edit(results), err
}

// applied is a plan that is in effect.
func applied(t *testing.T) (tenant *graphfake.Tenant, user string, time *clock, plan mfa.Plan, journal *mfa.FileJournal) {
	tenant, user, time = licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan = planFor(t, tenant, user, exchangeFromOffice(), nil)
	journal = journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	return tenant, user, time, plan, journal
}

// What the answer doesn't say is no proof that nothing stands in the way.
func TestVerifyTakesNoHalfAnswerOfWhatIf(t *testing.T) {
	for name, c := range map[string]struct {
		edit  func([]policy.WhatIfResult) []policy.WhatIfResult
		proof mfa.Proof
	}{
		"all of it":  {func(r []policy.WhatIfResult) []policy.WhatIfResult { return r }, mfa.ProofYes},
		"nothing":    {func([]policy.WhatIfResult) []policy.WhatIfResult { return nil }, mfa.ProofNone},
		"not of one": {func(r []policy.WhatIfResult) []policy.WhatIfResult { return r[1:] }, mfa.ProofNone},
		"not whether it applies": {func(r []policy.WhatIfResult) []policy.WhatIfResult {
			r[0].PolicyApplies = nil
			return r
		}, mfa.ProofNone},
		"that it was not told enough": {func(r []policy.WhatIfResult) []policy.WhatIfResult {
			r[0].PolicyApplies, r[0].AnalysisReasons = pointer(false), policy.AnalysisNotEnoughInformation
			return r
		}, mfa.ProofNone},
		"a state of a newer schema, which applies": {func(r []policy.WhatIfResult) []policy.WhatIfResult {
			r[0].PolicyApplies, r[0].State = pointer(true), "enabledForSome"
			return r
		}, mfa.ProofNo},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, _, time, plan, journal := applied(t)
			v, err := mfa.Verify(t.Context(), halfAnswer{tenant, c.edit}, plan, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
			require.NoError(t, err)
			assert.Equal(t, c.proof, v.WhatIf.Proof, v.WhatIf.Text)
		})
	}
}

// Every change may show, and yet somebody changed something since that meets the account.
func TestVerifySaysWhatMeetsTheAccountSince(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	group := tenant.AddGroup(policy.Group{DisplayName: "Group", IsAssignableToRole: pointer(false)})
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	addPolicy(t, tenant, "Require MFA of the group", `{"includeGroups":["`+group+`"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	verify := func() mfa.Proved {
		v, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
		require.NoError(t, err)
		return v.Graph
	}
	require.Equal(t, mfa.ProofYes, verify().Proof)
	require.NoError(t, tenant.AddMember(group, user))
	proved := verify()
	assert.Equal(t, mfa.ProofNo, proved.Proof)
	assert.Contains(t, proved.Text, "Require MFA of the group")
	tenant.Fail(graphfake.Failure{Method: "GET", Path: "/users/" + user + "/transitiveMemberOf", Err: &entramfa.GraphError{Status: 403}})
	assert.Equal(t, mfa.ProofNone, verify().Proof, "what can't be read is no proof")
}

// A sign-in costs something: a failed one counts towards the lockout.
func TestVerifySignsNoOtherAccountIn(t *testing.T) {
	tenant, _, time, plan, journal := applied(t)
	other := &granter{answer: refusedWith("invalid_grant", "", "", 50126)}
	grant := grantOf("correct-horse")
	grant.Username = "eve@contoso.com"
	v, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait, Granter: other, Grant: grant})
	require.NoError(t, err)
	assert.Equal(t, mfa.ProofNone, v.SignIn.Proof)
	assert.Contains(t, v.SignIn.Text, "eve@contoso.com")
	assert.Zero(t, other.asked, "another account was signed in")
}

func TestVerifyOfAPlanThatIsNotThatOfTheJournal(t *testing.T) {
	tenant, _, time, plan, journal := applied(t)
	edited := tampered(t, plan, func(p *mfa.Plan) { p.Changes = nil })
	_, err := mfa.Verify(t.Context(), tenant, edited, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
	assert.ErrorContains(t, err, "another plan with the id")
}

func TestVerifyOfAPlanThatIsRolledBackSaysSo(t *testing.T) {
	tenant, _, time, plan, journal := applied(t)
	_, err := mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	v, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
	require.NoError(t, err)
	assert.Equal(t, mfa.ProofNo, v.Graph.Proof)
	assert.Contains(t, v.Graph.Text, "rolled back")
}
