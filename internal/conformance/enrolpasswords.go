package conformance

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// signsIn says with which numbers the token endpoint refuses a password; none where it takes it.
func (f *enrolment) signsIn(t *testing.T, password string) []int {
	t.Helper()
	probe, err := mfa.Probe(t.Context(), f.tenant, mfa.PasswordGrant{
		Username: connectionUPN, Password: mfa.NewSecret(password), Resource: mfa.MicrosoftGraph, ClientID: mfa.AzureCLI,
	}, nil)
	require.NoError(t, err)
	return probe.Codes
}

func (f *enrolment) withoutPolicies(t *testing.T) {
	t.Helper()
	for _, id := range []string{f.plain, f.future, f.betaOnly} {
		_, err := f.tenant.DeletePolicy(t.Context(), id)
		require.NoError(t, err)
	}
}

func testSetPassword(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	f.withoutPolicies(t)
	require.NoError(t, f.tenant.GivePassword(f.account, "old"))
	e := newEnroller(t, f.tenant)
	assert.Empty(t, f.signsIn(t, "old"))
	receipt, err := e.SetPassword(t.Context(), connectionUPN, mfa.NewSecret(goodPassword))
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	assert.Empty(t, f.signsIn(t, goodPassword), "it need not be changed")
	assert.Equal(t, []int{50126}, f.signsIn(t, "old"))
	user, err := e.User(t.Context(), f.account)
	require.NoError(t, err)
	assert.NotEqual(t, "2024-05-01T00:00:00Z", value(user.LastPasswordChangeDateTime))

	_, err = e.SetPassword(t.Context(), f.service, mfa.NewSecret(goodPassword))
	assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "a synchronized account").Status)
	federated := f.tenant.AddUser(mfa.User{UserPrincipalName: "svc@fed.contoso.com"})
	_, err = e.SetPassword(t.Context(), federated, mfa.NewSecret(goodPassword))
	assert.Contains(t, []int{http.StatusBadRequest, http.StatusForbidden}, graphErrorOf(t, err, nil, "a federated account").Status)
}

func testResetPassword(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	f.withoutPolicies(t)
	f.as(f.admin)
	require.NoError(t, f.tenant.GivePassword(f.account, "old"))
	now := time.Now()
	f.tenant.Clock, f.tenant.PasswordResetTakes = func() time.Time { return now }, 10*time.Second
	e := newEnroller(t, f.tenant)
	operation, receipt, err := e.ResetPassword(t.Context(), connectionUPN, mfa.NewSecret(goodPassword))
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	assert.NotEmpty(t, operation.Location)
	assert.Positive(t, operation.RetryAfterSeconds)
	assert.Empty(t, f.signsIn(t, "old"), "not yet")
	for _, step := range []struct {
		after  time.Duration
		status string
	}{{time.Second, "running"}, {8 * time.Second, "running"}, {time.Second, "succeeded"}, {time.Hour, "succeeded"}} {
		if step.after < time.Hour { // a token lives as long
			now = now.Add(step.after)
		}
		operation, err = e.PasswordReset(t.Context(), operation)
		require.NoError(t, err)
		assert.Equal(t, step.status, operation.Status)
		assert.NotEmpty(t, operation.Location, "it can be asked again")
	}
	assert.Equal(t, []int{50055}, f.signsIn(t, goodPassword), "it must be changed")
	assert.Equal(t, []int{50126}, f.signsIn(t, "old"))

	_, err = e.SetPassword(t.Context(), f.account, mfa.NewSecret(someoneElsesPwd))
	require.NoError(t, err)
	assert.Empty(t, f.signsIn(t, someoneElsesPwd), "a password that is set need not")
}

func testWeakPassword(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	f.as(f.admin).tenant.BannedWords = []string{"contoso"}
	e := newEnroller(t, f.tenant)
	before := f.tenant.Snapshot()
	for _, weak := range []string{"Sh0rt-x", "all lower case", "NoDigitsOrSymbols", "my Contoso 1", "Käse-Brot 12", fmt.Sprintf("Aa1%0260d", 0)} {
		_, err := e.SetPassword(t.Context(), f.account, mfa.NewSecret(weak))
		assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "SetPassword").Status)
		assert.NotContains(t, err.Error(), weak)
		_, _, err = e.ResetPassword(t.Context(), f.account, mfa.NewSecret(weak))
		assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "ResetPassword").Status)
		assert.NotContains(t, err.Error(), weak)
	}
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}

func testResetFails(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	f.withoutPolicies(t)
	f.as(f.admin).tenant.PasswordResetFails = "the directory on premises is away"
	require.NoError(t, f.tenant.GivePassword(f.account, "old"))
	e := newEnroller(t, f.tenant)
	operation, _, err := e.ResetPassword(t.Context(), f.account, mfa.NewSecret(goodPassword))
	require.NoError(t, err)
	for range 2 {
		operation, err = e.PasswordReset(t.Context(), operation)
		require.NoError(t, err)
	}
	assert.Equal(t, "failed", operation.Status)
	assert.Equal(t, "the directory on premises is away", operation.StatusDetail)
	assert.Empty(t, f.signsIn(t, "old"), "it is what it was")
}

func testResetByApplication(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	_, _, err := newEnroller(t, f.tenant).ResetPassword(t.Context(), f.account, mfa.NewSecret(goodPassword))
	graphErrorOf(t, err, entramfa.ErrPermission, "an application")
	f.as(f.admin)
	_, _, err = newEnroller(t, f.tenant).ResetPassword(t.Context(), f.admin, mfa.NewSecret(goodPassword))
	assert.Contains(t, []int{http.StatusBadRequest, http.StatusForbidden}, graphErrorOf(t, err, nil, "the caller itself").Status)
}
