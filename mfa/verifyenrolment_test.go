package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

// Verify says of an enrolment whether MFA is in effect: a password that is enough
// alone is no proof of it.
func TestVerifyOfAnEnrolment(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	require.NoError(t, tenant.GivePassword(user, given))
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{AppPassword: true})
	require.NoError(t, tenant.Person(user, graphfake.Script{AppPassword: true}))
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, &vault{}))
	require.NoError(t, err)
	verify := func() mfa.Verification {
		v, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{
			Now: time.Now, Wait: time.Wait, Granter: tenant,
			Grant: mfa.PasswordGrant{Username: "svc@contoso.com", Password: mfa.NewSecret(given), Resource: mfa.MicrosoftGraph, ClientID: mfa.AzureCLI},
		})
		require.NoError(t, err)
		return v
	}
	v := verify()
	assert.Equal(t, mfa.ProofYes, v.Graph.Proof, v.Graph.Text)
	assert.Equal(t, mfa.ProofNone, v.WhatIf.Proof, v.WhatIf.Text)
	assert.Equal(t, mfa.ProofYes, v.SignIn.Proof, v.SignIn.Text)
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserDisabled))
	v = verify()
	assert.Equal(t, mfa.ProofNotYet, v.Graph.Proof, v.Graph.Text)
	assert.Equal(t, mfa.ProofNotYet, v.SignIn.Proof, v.SignIn.Text)
}

func TestVerifyOfAnEnrolmentThatWaits(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{})
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	v, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: time.Now, Wait: time.Wait})
	require.NoError(t, err)
	assert.Equal(t, mfa.ProofNotYet, v.Graph.Proof, v.Graph.Text)
}
