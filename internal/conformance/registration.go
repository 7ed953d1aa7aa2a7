package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

func testRegistration(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	now := time.Now()
	f.tenant.Clock, f.tenant.RegistrationLatency = func() time.Time { return now }, time.Minute
	e := newEnroller(t, f.tenant)
	entry, err := e.Registration(t.Context(), f.account)
	require.NoError(t, err)
	assert.Equal(t, f.account, entry.ID)
	assert.Equal(t, connectionUPN, entry.UserPrincipalName)
	assert.Equal(t, "Connection", entry.UserDisplayName)
	assert.Equal(t, "member", entry.UserType)
	for name, flag := range map[string]*bool{"isAdmin": entry.IsAdmin, "isMfaRegistered": entry.IsMFARegistered, "isMfaCapable": entry.IsMFACapable, "isPasswordlessCapable": entry.IsPasswordlessCapable} {
		require.NotNil(t, flag, name)
		assert.False(t, *flag, name)
	}
	assert.Empty(t, entry.MethodsRegistered)
	assert.NotNil(t, entry.LastUpdatedDateTime)

	_, _, err = e.AddPhone(t.Context(), f.account, mfa.PhoneMobile, number("11"))
	require.NoError(t, err)
	entry, err = e.Registration(t.Context(), f.account)
	require.NoError(t, err)
	assert.False(t, value(entry.IsMFARegistered), "it lags")
	now = now.Add(time.Minute)
	entry, err = e.Registration(t.Context(), f.account)
	require.NoError(t, err)
	assert.True(t, value(entry.IsMFARegistered))
	assert.True(t, value(entry.IsMFACapable))
	assert.Equal(t, []string{"mobilePhone"}, entry.MethodsRegistered)

	f.tenant.SetMethodPolicy(mfa.MethodConfiguration{ID: "Sms", State: "disabled"})
	f.tenant.SetMethodPolicy(mfa.MethodConfiguration{ID: "Voice", State: "disabled"})
	entry, err = e.Registration(t.Context(), f.account)
	require.NoError(t, err)
	assert.True(t, value(entry.IsMFARegistered))
	assert.False(t, value(entry.IsMFACapable), "a number that the policy doesn't let it use")
	admin, err := e.Registration(t.Context(), f.admin)
	require.NoError(t, err)
	assert.True(t, value(admin.IsAdmin))
}

func testRegistrations(t *testing.T, newEnroller EnrollerMaker) {
	for _, size := range []int{0, 1} {
		f := buildEnrolment(t)
		f.tenant.PageSize = size
		entries, err := drain(newEnroller(t, f.tenant).Registrations(t.Context()))
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{f.account, f.admin, f.service, f.guest},
			idsOf(entries, func(r mfa.Registration) string { return r.ID }), "a disabled account has none")
		for _, entry := range entries {
			assert.Equal(t, entry.ID == f.service, value(entry.IsMFARegistered), entry.UserPrincipalName)
			assert.Equal(t, entry.ID == f.guest, entry.UserType == "guest", entry.UserPrincipalName)
		}
	}
}

func testMethodsPolicy(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	f.tenant.SetMethodPolicy(mfa.MethodConfiguration{ID: "Voice", State: "disabled"})
	f.tenant.SetMethodPolicy(mfa.MethodConfiguration{
		ID: "Sms", IncludeTargets: []mfa.MethodTarget{{TargetType: "group", ID: f.inner}}, ExcludeTargets: []mfa.MethodTarget{{TargetType: "group", ID: f.outer}},
	})
	allowed, err := newEnroller(t, f.tenant).MethodsPolicy(t.Context())
	require.NoError(t, err)
	found := map[string]mfa.MethodConfiguration{}
	for _, c := range allowed.Configurations {
		found[c.ID] = c
	}
	assert.Equal(t, "disabled", found["Voice"].State)
	assert.Equal(t, "enabled", found["Sms"].State)
	assert.Equal(t, "#microsoft.graph.smsAuthenticationMethodConfiguration", found["Sms"].Type)
	require.Len(t, found["Sms"].IncludeTargets, 1)
	assert.Equal(t, f.inner, found["Sms"].IncludeTargets[0].ID)
	require.Len(t, found["Sms"].ExcludeTargets, 1)
	assert.Equal(t, f.outer, found["Sms"].ExcludeTargets[0].ID)
	assert.Equal(t, "enabled", found["MicrosoftAuthenticator"].State)
	require.Len(t, found["MicrosoftAuthenticator"].IncludeTargets, 1)
	assert.Equal(t, "all_users", found["MicrosoftAuthenticator"].IncludeTargets[0].ID)
}

// testPersonRegisters: an account that is enabled moves on when its person registers.
func testPersonRegisters(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	e := newEnroller(t, f.tenant)
	state := func() mfa.PerUserState {
		r, err := e.Requirements(t.Context(), connectionUPN)
		require.NoError(t, err)
		return r.PerUserMFAState
	}
	_, err := e.UpdateRequirements(t.Context(), f.account, mfa.PerUserEnabled)
	require.NoError(t, err)
	_, _, err = e.AddPhone(t.Context(), f.account, mfa.PhoneMobile, number("11"))
	require.NoError(t, err)
	require.NoError(t, f.tenant.Person(f.account, graphfake.Script{Reads: 2}))
	assert.Equal(t, mfa.PerUserEnabled, state())
	assert.Equal(t, mfa.PerUserEnabled, state())
	assert.Equal(t, mfa.PerUserEnforced, state())

	for _, to := range []mfa.PerUserState{mfa.PerUserDisabled, mfa.PerUserEnabled} {
		_, err = e.UpdateRequirements(t.Context(), f.account, to)
		require.NoError(t, err)
		assert.Equal(t, to, state(), "without a new registration it stays enabled")
	}
	registered := f.tenant.AddUser(mfa.User{UserPrincipalName: "registered@contoso.com"})
	_, _, err = e.AddPhone(t.Context(), registered, mfa.PhoneMobile, number("12"))
	require.NoError(t, err)
	_, err = e.UpdateRequirements(t.Context(), registered, mfa.PerUserEnabled)
	require.NoError(t, err)
	moved, err := e.Requirements(t.Context(), registered)
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserEnforced, moved.PerUserMFAState, "who has registered moves on")
}
