package graphfake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

const authenticator = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"

func stateOf(t *testing.T, tenant *graphfake.Tenant, user string) mfa.PerUserState {
	t.Helper()
	r, err := tenant.Requirements(t.Context(), user)
	require.NoError(t, err)
	return r.PerUserMFAState
}

func methodsOf(t *testing.T, tenant *graphfake.Tenant, user string) []string {
	t.Helper()
	methods, err := tenant.Methods(t.Context(), user)
	require.NoError(t, err)
	var types []string
	for _, m := range methods[1:] {
		types = append(types, m.Type)
	}
	return types
}

func TestPersonComesAfterReads(t *testing.T) {
	tenant, account := enrolTenant(t)
	require.NoError(t, tenant.SetPerUserState(account, mfa.PerUserEnabled))
	require.NoError(t, tenant.Person("svc@contoso.com", graphfake.Script{Reads: 3, AppPassword: true}))
	c := serve(t, tenant, enrolling...)
	assert.Empty(t, methodsOf(t, tenant, account))
	assert.Equal(t, "enabled", c.ok("/beta/users/" + account + "/authentication/requirements").body["perUserMfaState"])
	assert.Empty(t, c.ok(phonesURL).values())
	// The third call was the last that saw it so.
	assert.Equal(t, []string{authenticator}, methodsOf(t, tenant, account))
	assert.Equal(t, mfa.PerUserEnforced, stateOf(t, tenant, account))
	assert.Equal(t, 1, tenant.AppPasswords("svc@contoso.com"), "once")
}

func TestPersonComesAfterAWhile(t *testing.T) {
	at := newClock()
	tenant, account := enrolTenant(t)
	tenant.Clock = at.now
	require.NoError(t, tenant.SetPerUserState(account, mfa.PerUserEnabled))
	require.NoError(t, tenant.GivePassword(account, goodPassword))
	require.NoError(t, tenant.Person(account, graphfake.Script{After: time.Hour, Registers: "#microsoft.graph.softwareOathAuthenticationMethod"}))
	at.advance(time.Hour - time.Second)
	assert.Equal(t, []int{50079}, grants(t, tenant, goodPassword))
	at.advance(time.Second)
	assert.Equal(t, []int{50076}, grants(t, tenant, goodPassword), "whether somebody reads or not")
	assert.Equal(t, []string{"#microsoft.graph.softwareOathAuthenticationMethod"}, methodsOf(t, tenant, account))
	assert.Zero(t, tenant.AppPasswords(account))
}

func TestNobodyComesWithoutPerson(t *testing.T) {
	at := newClock()
	tenant, account := enrolTenant(t)
	tenant.Clock = at.now
	require.NoError(t, tenant.SetPerUserState(account, mfa.PerUserEnabled))
	for range 50 {
		at.advance(time.Hour)
		assert.Equal(t, mfa.PerUserEnabled, stateOf(t, tenant, account))
	}
	assert.Empty(t, methodsOf(t, tenant, account))
	assert.ErrorIs(t, tenant.Person("nobody", graphfake.Script{}), entramfa.ErrNotFound)
	assert.Zero(t, tenant.AppPasswords("nobody"))
}

// A person confirms the phone that is there, which then can't be taken away.
func TestPersonConfirmsThePhone(t *testing.T) {
	tenant, account := enrolTenant(t)
	require.NoError(t, tenant.SetPhone(account, mfa.PhoneMobile, "+1 2065550111"))
	require.NoError(t, tenant.Person(account, graphfake.Script{AppPassword: true}))
	assert.Equal(t, []string{"#microsoft.graph.phoneAuthenticationMethod"}, methodsOf(t, tenant, account))
	assert.Equal(t, mfa.PerUserDisabled, stateOf(t, tenant, account), "who isn't enabled doesn't move")
	assert.Zero(t, tenant.AppPasswords(account), "nor gets an app password")
	_, err := tenant.DeletePhone(t.Context(), account, mobilePhoneID)
	assert.Error(t, err)
	require.NoError(t, tenant.SetDefaultMethod(account, ""))
	_, err = tenant.DeletePhone(t.Context(), account, mobilePhoneID)
	assert.NoError(t, err)
}

func TestPersonOfADisabledAccountWaits(t *testing.T) {
	tenant := &graphfake.Tenant{}
	user := mfa.User{ID: "u", UserPrincipalName: "u@contoso.com", AccountEnabled: new(false)}
	tenant.AddUser(user)
	require.NoError(t, tenant.Person("u", graphfake.Script{}))
	assert.Empty(t, methodsOf(t, tenant, "u"))
	user.AccountEnabled = new(true)
	tenant.AddUser(user)
	assert.Equal(t, []string{authenticator}, methodsOf(t, tenant, "u"))
}

// A person who must change the password takes it away from the program.
func TestPersonChangesThePassword(t *testing.T) {
	tenant, account := enrolTenant(t)
	at := newClock()
	tenant.Clock, tenant.PasswordResetTakes = at.now, time.Second
	_, _, err := tenant.ResetPassword(t.Context(), account, mfa.NewSecret(goodPassword))
	require.NoError(t, err)
	at.advance(time.Second)
	assert.Equal(t, []int{50055}, grants(t, tenant, goodPassword))
	require.NoError(t, tenant.Person(account, graphfake.Script{}))
	assert.Equal(t, []int{50126}, grants(t, tenant, goodPassword))
}

func TestPerUserStateMovesOn(t *testing.T) {
	set := func(state mfa.PerUserState) func(*testing.T, *graphfake.Tenant, string) {
		return func(t *testing.T, tenant *graphfake.Tenant, user string) {
			_, err := tenant.UpdateRequirements(t.Context(), user, state)
			require.NoError(t, err)
		}
	}
	phone := func(t *testing.T, tenant *graphfake.Tenant, user string) {
		_, _, err := tenant.AddPhone(t.Context(), user, mfa.PhoneMobile, mfa.NewSecret("+1 2065550111"))
		require.NoError(t, err)
	}
	person := func(t *testing.T, tenant *graphfake.Tenant, user string) {
		require.NoError(t, tenant.Person(user, graphfake.Script{}))
	}
	finishes := func(_ *testing.T, tenant *graphfake.Tenant, _ string) { tenant.PhoneFinishesRegistration = true }
	enable, disable, enforce := set(mfa.PerUserEnabled), set(mfa.PerUserDisabled), set(mfa.PerUserEnforced)
	type steps = []func(*testing.T, *graphfake.Tenant, string)
	for name, test := range map[string]struct {
		steps steps
		want  mfa.PerUserState
	}{
		"nobody registers":                             {steps{enable}, mfa.PerUserEnabled},
		"the person registers":                         {steps{enable, person}, mfa.PerUserEnforced},
		"the person registered before":                 {steps{person, enable}, mfa.PerUserEnforced},
		"an administrator's phone":                     {steps{enable, phone}, mfa.PerUserEnabled},
		"an administrator's phone that counts":         {steps{finishes, enable, phone}, mfa.PerUserEnforced},
		"a phone, and who is enabled then":             {steps{phone, enable}, mfa.PerUserEnforced},
		"a phone, and the person confirms it":          {steps{enable, phone, person}, mfa.PerUserEnforced},
		"disabled and enabled again":                   {steps{enable, person, disable, enable}, mfa.PerUserEnabled},
		"disabled and enabled again, and enforced":     {steps{enable, person, disable, enable, enforce}, mfa.PerUserEnforced},
		"disabled, registered anew, and enabled again": {steps{enable, person, disable, person, enable}, mfa.PerUserEnforced},
		"enabled again, and registered anew":           {steps{enable, person, disable, enable, person}, mfa.PerUserEnforced},
		"disabled stays":                               {steps{enable, person, disable}, mfa.PerUserDisabled},
		"enforced without a registration":              {steps{enforce}, mfa.PerUserEnforced},
		"back from enforced":                           {steps{phone, enforce, enable}, mfa.PerUserEnabled},
	} {
		tenant, account := enrolTenant(t)
		for _, step := range test.steps {
			step(t, tenant, account)
			_, err := tenant.Organization(t.Context()) // a call, at which the person comes
			require.NoError(t, err)
		}
		assert.Equal(t, test.want, stateOf(t, tenant, account), name)
	}
}
