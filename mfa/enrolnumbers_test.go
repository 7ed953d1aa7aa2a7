package mfa_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

// anotherEnding is a number that ends in the digits of phoneNumber.
const anotherEnding = "+31 687654334"

// phoneOf is the mobile phone among the methods of an account.
func phoneOf(t *testing.T, tenant *graphfake.Tenant, user string) *mfa.Phone {
	t.Helper()
	methods, err := tenant.Methods(t.Context(), user)
	require.NoError(t, err)
	for _, m := range methods {
		if m.PhoneNumber != nil {
			return m.PhoneNumber
		}
	}
	return nil
}

// A plan shows the last two digits: one number in a hundred looks like the new one.
func TestNumberThatEndsLikeTheFormerOne(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	require.NoError(t, tenant.SetPhone(user, mfa.PhoneMobile, anotherEnding))
	_, err := tenant.UpdateMobilePhone(t.Context(), user, mfa.NewSecret(anotherEnding))
	require.NoError(t, err)
	before := snapshot(t, tenant)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{Phone: mfa.NewSecret(phoneNumber)})
	require.Equal(t, entramfa.ChangePhoneMethod, plan.Changes[1].Kind)
	journal := journalAt(t)
	_, err = mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, &vault{}))
	require.NoError(t, err)
	assert.True(t, phoneOf(t, tenant, user).Is(mfa.NewSecret(phoneNumber)))

	options := time.options()
	made := snapshot(t, tenant)
	options.Secrets = &mfa.Secrets{FormerPhone: mfa.NewSecret(anotherEnding)}
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", options)
	refusedAs(t, err, mfa.GuardSecret, true)
	require.ErrorContains(t, err, "Secrets.Phone")
	assert.Equal(t, made, snapshot(t, tenant), "nothing is undone before it can be")
	options.Secrets.Phone = mfa.NewSecret(phoneNumber)
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", options)
	require.NoError(t, err)
	assert.True(t, phoneOf(t, tenant, user).Is(mfa.NewSecret(anotherEnding)))
	assert.Equal(t, before, snapshot(t, tenant))
}

// What somebody else made between plan and Apply is not the plan's to undo.
func TestWhatWasThereAlreadyIsLeftInRollback(t *testing.T) {
	for name, c := range map[string]struct {
		before, meanwhile func(*graphfake.Tenant, string) error
	}{
		"a phone": {meanwhile: func(tenant *graphfake.Tenant, user string) error {
			return tenant.SetPhone(user, mfa.PhoneMobile, "+1 2065550134")
		}},
		"a phone with another number": {
			func(tenant *graphfake.Tenant, user string) error {
				return tenant.SetPhone(user, mfa.PhoneMobile, "+31 687654321")
			},
			func(tenant *graphfake.Tenant, user string) error {
				return tenant.SetPhone(user, mfa.PhoneMobile, "+1 2065550134")
			},
		},
		"the per-user state": {meanwhile: func(tenant *graphfake.Tenant, user string) error {
			return tenant.SetPerUserState(user, mfa.PerUserEnforced)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, user, time := licensedTenant(t)
			opts := &mfa.EnrolmentOptions{}
			if name != "the per-user state" {
				opts.Phone = mfa.NewSecret(phoneNumber)
			}
			if c.before != nil {
				require.NoError(t, c.before(tenant, user))
			}
			plan := enrolment(t, tenant, user, opts)
			require.NoError(t, c.meanwhile(tenant, user))
			theirs, journal := snapshot(t, tenant), journalAt(t)
			_, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, &vault{}))
			require.NoError(t, err)
			_, err = mfa.Rollback(t.Context(), tenant, journal, "", secretly(time, &vault{}))
			require.NoError(t, err)
			assert.Equal(t, theirs, snapshot(t, tenant))
		})
	}
}

// Graph deletes no phone that is the default method, and the person who confirmed the
// code made it that.
func TestRollbackLeavesThePhoneThatIsTheDefaultMethod(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{Phone: mfa.NewSecret(phoneNumber)})
	require.NoError(t, tenant.Person(user, graphfake.Script{}))
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, &vault{}))
	require.NoError(t, err)
	require.NoError(t, tenant.SetDefaultMethod(user, mobilePhoneID))
	result, err := mfa.Rollback(t.Context(), tenant, journal, "", secretly(time, &vault{}))
	require.NoError(t, err)
	assert.Contains(t, strings.Join(result.NotUndone, "\n"), "default method")
	assert.NotNil(t, phoneOf(t, tenant, user))
	contact, err := tenant.MobilePhone(t.Context(), user)
	require.NoError(t, err)
	assert.Nil(t, contact, "the rest is undone")
	state, err := tenant.Requirements(t.Context(), user)
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserDisabled, state.PerUserMFAState)
}

// An enrolment takes days, and the profile belongs to others, too.
func TestNumberThatSomebodyElseChangedWhileThePlanWaited(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, fullEnrolment())
	journal := journalAt(t)
	options := secretly(time, &vault{})
	options.Secrets.AppPassword = nil
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	require.NotNil(t, result.Waiting)
	_, err = tenant.UpdateMobilePhone(t.Context(), user, mfa.NewSecret("+31 687654321"))
	require.NoError(t, err)
	result, err = mfa.Resume(t.Context(), tenant, journal, "", secretly(time, &vault{}))
	require.NoError(t, err, "what is made is made")
	assert.Nil(t, result.Waiting)
	contact, err := tenant.MobilePhone(t.Context(), user)
	require.NoError(t, err)
	assert.True(t, contact.Is(mfa.NewSecret("+31 687654321")), "and is not made again")
}

// What stood in the profile is not in the plan: a service that is busy is no other
// administrator.
func TestNumberOfTheProfileIsReplacedWhileTheServiceIsBusy(t *testing.T) {
	for name, failure := range map[string]graphfake.Failure{
		"it refuses":              {Times: 1, Err: &entramfa.GraphError{Status: http.StatusTooManyRequests}},
		"it does not answer":      {Times: 1, Err: &entramfa.GraphError{Status: http.StatusServiceUnavailable}},
		"it answers after all is": {Times: 1, Applied: true, Err: &entramfa.GraphError{Status: http.StatusGatewayTimeout}},
	} {
		tenant, user, time := licensedTenant(t)
		_, err := tenant.UpdateMobilePhone(t.Context(), user, mfa.NewSecret("+31 687654321"))
		require.NoError(t, err)
		plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{Phone: mfa.NewSecret(phoneNumber)})
		failure.Method, failure.Path = http.MethodPatch, "/v1.0/users/"+user
		tenant.Fail(failure)
		_, err = mfa.Apply(t.Context(), tenant, plan, journalAt(t), secretly(time, &vault{}))
		require.NoError(t, err, name)
		contact, err := tenant.MobilePhone(t.Context(), user)
		require.NoError(t, err)
		assert.True(t, contact.Is(mfa.NewSecret(phoneNumber)), name)
	}
}

// mobilePhoneID is that of every mobile phone among the methods of an account.
const mobilePhoneID = "3179e48a-750b-4051-897c-87b9720928f7"
