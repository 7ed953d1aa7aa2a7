package mfa_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

// A password that was set before an answer got lost stays set, whatever is refused later.
func TestPasswordThatMayBeSetIsNotCalledRefused(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true})
	tenant.Fail(graphfake.Failure{Method: http.MethodPatch, Path: "/v1.0/users/" + user, Times: 1, Cut: true})
	kept, journal := &vault{}, journalAt(t)
	options := secretly(time, kept)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.ErrorContains(t, err, "nobody holds it", "it says where the account stands")
	options.Secrets.Password = func(context.Context) (mfa.Secret, error) { return mfa.NewSecret("short"), nil }
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.ErrorIs(t, err, entramfa.ErrPasswordRefused)
	assert.Equal(t, "open", result.Changes[0].State)
	result, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Contains(t, strings.Join(result.NotUndone, "\n"), "setPassword")
	assert.Empty(t, kept.kept)
}

func TestPasswordThatIsRefusedAtFirstWasNotSet(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true})
	journal, options := journalAt(t), secretly(time, &vault{})
	options.Secrets.Password = func(context.Context) (mfa.Secret, error) { return mfa.NewSecret("short"), nil }
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.ErrorIs(t, err, entramfa.ErrPasswordRefused)
	assert.NotContains(t, err.Error(), "nobody holds it")
	assert.Equal(t, "notBegun", result.Changes[0].State)
}

// A reset that was begun goes on while the service is busy: it is asked again, and not begun twice.
func TestResetIsFollowedThroughABusyService(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	operator(t, tenant, globalAdministrator)
	require.NoError(t, tenant.GivePassword(user, "The-former-0ne!"))
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true, ByReset: true})
	tenant.PasswordResetTakes = 20 * seconds
	tenant.Fail(graphfake.Failure{Method: http.MethodGet, Path: "/v1.0/users/" + user + "/authentication/operations", Times: 2, Err: &entramfa.GraphError{Status: http.StatusServiceUnavailable}})
	kept, resets := &vault{}, 0
	tenant.Before = func(method, path string) {
		if method == http.MethodPost && strings.HasSuffix(path, "/resetPassword") {
			resets++
		}
	}
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), secretly(time, kept))
	require.NoError(t, err)
	assert.Len(t, kept.kept, 1)
	assert.Equal(t, 1, resets)
}

// A reset that can't be asked about any more may still end well.
func TestResetThatCanNotBeFollowedIsNotCalledRefused(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	operator(t, tenant, globalAdministrator)
	require.NoError(t, tenant.GivePassword(user, "The-former-0ne!"))
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true, ByReset: true})
	tenant.Fail(graphfake.Failure{Method: http.MethodGet, Path: "/v1.0/users/" + user + "/authentication/operations", Times: 1, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
	result, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), secretly(time, &vault{}))
	require.ErrorIs(t, err, entramfa.ErrPermission)
	require.ErrorContains(t, err, "nobody holds it")
	assert.Equal(t, "open", result.Changes[0].State)
}

// contextualSink gives up where its context has ended, as a client of a vault does.
type contextualSink struct {
	vault
	deadline bool
}

func (s *contextualSink) Deliver(ctx context.Context, c mfa.Credential) error {
	_, s.deadline = ctx.Deadline()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.vault.Deliver(ctx, c)
}

// interrupted ends the context of a call once the service has carried out a password.
type interrupted struct {
	*graphfake.Tenant
	stop func()
}

func (i interrupted) SetPassword(ctx context.Context, user string, password mfa.Secret) (entramfa.Receipt, error) {
	receipt, err := i.Tenant.SetPassword(ctx, user, password)
	i.stop()
	return receipt, err
}

// From when on a password is set the sink alone has it.
func TestPasswordIsHandedOverAlthoughTheCallerGaveUp(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sink := &contextualSink{}
	options := time.options()
	options.Secrets = &mfa.Secrets{Sink: sink}
	journal := journalAt(t)
	result, err := mfa.Apply(ctx, interrupted{tenant, cancel}, plan, journal, options)
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, sink.kept, 1)
	assert.True(t, sink.deadline, "but no sink keeps it for ever")
	assert.Equal(t, "made", result.Changes[0].State)
}

func TestAppPasswordThatCanNotBeHad(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, fullEnrolment())
	journal, kept := journalAt(t), &vault{}
	options := secretly(time, kept)
	asked := 0
	options.Secrets.AppPassword = func(context.Context) (mfa.Secret, error) {
		if asked++; asked == 1 {
			kept.fail = 1 // of the hand-over
			return mfa.NewSecret(handedIn), nil
		}
		return mfa.Secret{}, errors.New("the prompt is gone")
	}
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.ErrorContains(t, err, "the sink did not take the appPassword")
	_, err = mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.ErrorContains(t, err, "could not be had", "it is no waiting for a person")
	options.Secrets.AppPassword = func(context.Context) (mfa.Secret, error) { return mfa.Secret{}, nil }
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	require.NotNil(t, result.Waiting)
	require.NotNil(t, result.Waiting.Change.Human, "it says what to do")
	assert.Equal(t, entramfa.DoneHandedIn, result.Waiting.Change.Human.Done)
}

func TestAppPasswordThatNobodyReceivesIsNotAskedFor(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{AppPassword: true})
	options := time.options()
	options.Secrets = &mfa.Secrets{AppPassword: func(context.Context) (mfa.Secret, error) {
		t.Error("it is shown once")
		return mfa.NewSecret(handedIn), nil
	}}
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), options)
	refusedAs(t, err, mfa.GuardSecret, true)
}

// fullJournal can't be written any more from a kind of entry on.
type fullJournal struct {
	mfa.Journal
	from mfa.EntryKind
}

func (j fullJournal) Append(e mfa.Entry) error {
	if e.Kind == j.from {
		return errors.New("no space left on device")
	}
	return j.Journal.Append(e)
}

func TestJournalThatCanNotSayThatThePlanWaits(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{})
	_, err := mfa.Apply(t.Context(), tenant, plan, fullJournal{journalAt(t), mfa.EntryWaiting}, time.options())
	require.ErrorContains(t, err, "no space left")
}

// Whoever can't be asked is not waited for.
func TestServiceThatDoesNotAnswerIsNoPersonWhoDoesNotCome(t *testing.T) {
	tenant, user, clock := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{})
	options, journal := clock.options(), journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	tenant.Fail(graphfake.Failure{Path: "/v1.0/reports", Err: &entramfa.GraphError{Status: http.StatusServiceUnavailable}})
	options.Patience = 2 * time.Minute
	result, err := mfa.Resume(t.Context(), tenant, journal, "", options)
	require.ErrorIs(t, err, entramfa.ErrUnavailable)
	assert.Nil(t, result.Waiting)
}
