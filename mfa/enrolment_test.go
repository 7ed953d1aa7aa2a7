package mfa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

const (
	phoneNumber = "+1 206 555 0134"
	given       = "S3cret-of-the-vault!"
	handedIn    = "qwhfdlpmvzsktbrn"
)

// vault is a CredentialSink that keeps what it gets, or fails.
type vault struct {
	kept []mfa.Credential
	fail int
}

func (v *vault) Deliver(_ context.Context, c mfa.Credential) error {
	if v.fail > 0 {
		v.fail--
		return fmt.Errorf("the vault is sealed, and would not take %s", c.Secret.Reveal())
	}
	v.kept = append(v.kept, c)
	return nil
}

func enrolment(t *testing.T, tenant *graphfake.Tenant, account string, opts *mfa.EnrolmentOptions) mfa.Plan {
	t.Helper()
	report, err := mfa.Check(t.Context(), tenant, account, nil)
	require.NoError(t, err)
	if opts.Now.IsZero() {
		opts.Now = newClock().now
	}
	plan, err := mfa.PlanEnrolment(report, opts)
	require.NoError(t, err)
	return plan
}

func fullEnrolment() *mfa.EnrolmentOptions {
	return &mfa.EnrolmentOptions{Phone: mfa.NewSecret(phoneNumber), SetPassword: true, AppPassword: true}
}

func secretsFor(v *vault) *mfa.Secrets {
	return &mfa.Secrets{
		Phone:       mfa.NewSecret(phoneNumber),
		Password:    func(context.Context) (mfa.Secret, error) { return mfa.NewSecret(given), nil },
		AppPassword: func(context.Context) (mfa.Secret, error) { return mfa.NewSecret(handedIn), nil },
		Sink:        v,
	}
}

func TestEnrolmentWaitsForThePersonAndGoesOn(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	before := snapshot(t, tenant)
	plan := enrolment(t, tenant, "Cloud App Security Service Account for SharePoint", &mfa.EnrolmentOptions{SetPassword: true, AppPassword: true})
	human := entramfa.HumanStep
	assert.Equal(t, []entramfa.ChangeKind{entramfa.SetPassword, entramfa.ChangePerUserMFA, human, human, entramfa.HandOver}, kinds(plan))
	assert.Contains(t, strings.Join(plan.Notes, "\n"), "UNATTENDED USE ENDS WITH IT")
	assert.Contains(t, strings.Join(plan.Notes, "\n"), "SharePoint since May 2026")
	require.NoError(t, tenant.Person(user, graphfake.Script{After: 18 * 24 * hours, AppPassword: true}))

	path := filepath.Join(t.TempDir(), "journal")
	journal, err := mfa.OpenJournal(path)
	require.NoError(t, err)
	kept := &vault{}
	options := time.options()
	options.Secrets = secretsFor(kept)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	require.NotNil(t, result.Waiting, "%+v", result)
	assert.Equal(t, "https://mysignins.microsoft.com/security-info", result.Waiting.Change.Human.Address)
	assert.False(t, result.Waiting.Late)
	require.Len(t, kept.kept, 1)
	assert.Equal(t, given, kept.kept[0].Secret.Reveal())
	require.NoError(t, journal.Close())

	// Days later, in another process.
	time.now = time.now.AddDate(0, 0, 16)
	journal, err = mfa.OpenJournal(path)
	require.NoError(t, err)
	defer journal.Close()
	options.Secrets = secretsFor(kept)
	result, err = mfa.Resume(t.Context(), tenant, journal, "", options)
	require.NoError(t, err)
	require.NotNil(t, result.Waiting)
	assert.True(t, result.Waiting.Late, "the person did not come, and the plan still waits")
	time.now = time.now.AddDate(0, 0, 4)
	result, err = mfa.Resume(t.Context(), tenant, journal, "", options)
	require.NoError(t, err)
	require.Nil(t, result.Waiting)
	require.Len(t, kept.kept, 2)
	assert.Equal(t, mfa.CredentialAppPassword, kept.kept[1].Kind)
	state, err := tenant.Requirements(t.Context(), user)
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserEnforced, state.PerUserMFAState)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	planText, err := json.Marshal(plan)
	require.NoError(t, err)
	everything := string(text) + string(planText) + fmt.Sprintf("%+v %#v %s", result, kept, err)
	for _, secret := range []string{given, handedIn} {
		assert.NotContains(t, everything, secret)
	}

	result, err = mfa.Rollback(t.Context(), tenant, journal, "", options)
	require.NoError(t, err)
	assert.Len(t, result.NotUndone, 4)
	assert.Contains(t, strings.Join(result.NotUndone, "\n"), "it can't be undone")
	state, err = tenant.Requirements(t.Context(), user)
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserDisabled, state.PerUserMFAState)
	assert.NotEqual(t, before, snapshot(t, tenant), "the password, and what the person registered, stay")
}

// A phone that an administrator set counts as registered: nobody has to come for that.
func TestEnrolmentByAPhoneThatIsGiven(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, fullEnrolment())
	human := entramfa.HumanStep
	assert.Equal(t, []entramfa.ChangeKind{
		entramfa.ChangeMobilePhone, entramfa.AddPhoneMethod, entramfa.SetPassword, entramfa.ChangePerUserMFA, human, human, entramfa.HandOver,
	}, kinds(plan))
	path := filepath.Join(t.TempDir(), "journal")
	journal, err := mfa.OpenJournal(path)
	require.NoError(t, err)
	defer journal.Close()
	kept := &vault{}
	options := time.options()
	_, err = mfa.Apply(t.Context(), tenant, plan, journal, options)
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused, "nothing is begun without what it needs")
	assert.True(t, refused.Has(mfa.GuardSecret))
	options.Secrets = secretsFor(kept)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	assert.Nil(t, result.Waiting)
	assert.Len(t, kept.kept, 2)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	planText, err := json.Marshal(plan)
	require.NoError(t, err)
	everything := string(text) + string(planText) + fmt.Sprintf("%+v %#v %v", result, kept, options.Secrets)
	for _, secret := range []string{given, handedIn, "2065550134", "206 555 0134", "5550134"} {
		assert.NotContains(t, everything, secret)
	}
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", options)
	require.NoError(t, err)
	phone, err := tenant.MobilePhone(t.Context(), user)
	require.NoError(t, err)
	assert.Nil(t, phone)
	methods, err := tenant.Methods(t.Context(), user)
	require.NoError(t, err)
	assert.Len(t, methods, 1, "the password alone")
}

func TestEnrolmentIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	report := func(t *testing.T, change func(*mfa.User)) mfa.Report {
		tenant, _, _ := licensedTenant(t)
		u := mfa.User{UserPrincipalName: "other@contoso.com", DisplayName: "Other", AccountEnabled: pointer(true), UserType: pointer("Member")}
		change(&u)
		r, err := mfa.Check(t.Context(), tenant, tenant.AddUser(u), nil)
		require.NoError(t, err)
		return r
	}
	for name, c := range map[string]struct {
		change func(*mfa.User)
		guard  mfa.Guard
	}{
		"disabled":     {func(u *mfa.User) { u.AccountEnabled = pointer(false) }, mfa.GuardAccount},
		"invited":      {func(u *mfa.User) { u.CreationType, u.UserType = pointer("Invitation"), pointer("Guest") }, mfa.GuardAccount},
		"synchronized": {func(u *mfa.User) { u.OnPremisesSyncEnabled = pointer(true) }, mfa.GuardSynchronized},
	} {
		_, err := mfa.PlanEnrolment(report(t, c.change), fullEnrolment())
		var refused *mfa.RefusedError
		if assert.ErrorAs(t, err, &refused, name) {
			assert.True(t, refused.Has(c.guard), "%s: %v", name, err)
		}
	}
}

func TestEnrolmentRefusesWrongPhones(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	report, err := mfa.Check(t.Context(), tenant, user, nil)
	require.NoError(t, err)
	for _, number := range []string{"206 555 0134", "0031612345678", "+", "+1", "+1 206 CALL ME", "+0 123456789", "+1234567890123456", "tel:+12065550134"} {
		_, err := mfa.PlanEnrolment(report, &mfa.EnrolmentOptions{Phone: mfa.NewSecret(number)})
		if assert.ErrorContains(t, err, "international form", number) {
			assert.NotContains(t, err.Error(), "206")
		}
	}
	for number, want := range map[string]string{
		"+12065550134": "+1 2065550134", "+31 (6) 12-34.56 78": "+31 612345678", "+352621123456": "+352 621123456", "+12065550134x12": "+1 2065550134x12",
	} {
		secret, err := mfa.GraphPhone(number)
		require.NoError(t, err, number)
		assert.Equal(t, want, secret.Reveal())
	}
}

func TestPhoneThatIsThereAlready(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	number, err := mfa.GraphPhone(phoneNumber)
	require.NoError(t, err)
	_, _, err = tenant.AddPhone(t.Context(), user, mfa.PhoneMobile, number)
	require.NoError(t, err)
	assert.NotContains(t, kinds(enrolment(t, tenant, user, fullEnrolment())), entramfa.AddPhoneMethod)

	opts := fullEnrolment()
	opts.Phone, opts.SetPassword, opts.AppPassword = mfa.NewSecret("+1 206 555 0199"), false, false
	plan := enrolment(t, tenant, user, opts)
	require.Equal(t, entramfa.ChangePhoneMethod, plan.Changes[1].Kind)
	journal := journalAt(t)
	options := time.options()
	options.Secrets = &mfa.Secrets{Phone: mfa.NewSecret("+1 206 555 0199")}
	_, err = mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.ErrorContains(t, err, "FormerPhone")
	options.Secrets = &mfa.Secrets{FormerPhone: mfa.NewSecret(phoneNumber)}
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", options)
	require.NoError(t, err)
	methods, err := tenant.Methods(t.Context(), user)
	require.NoError(t, err)
	assert.True(t, methods[len(methods)-1].PhoneNumber.Is(mfa.NewSecret(phoneNumber)))
}

func TestSinkThatFails(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	opts := fullEnrolment()
	opts.AppPassword = false
	plan := enrolment(t, tenant, user, opts)
	journal := journalAt(t)
	kept := &vault{fail: 1}
	options := time.options()
	asked := 0
	options.Secrets = secretsFor(kept)
	options.Secrets.Password = func(context.Context) (mfa.Secret, error) { asked++; return mfa.NewSecret(given), nil }
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.ErrorContains(t, err, "sink")
	assert.NotContains(t, err.Error(), given)
	_, err = mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	assert.Equal(t, 2, asked, "the secret is asked for again")
	assert.Len(t, kept.kept, 1)
	_, err = mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	assert.Equal(t, 2, asked, "and not once it is delivered")
}

func TestPasswordThatTheTenantRefuses(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	opts := fullEnrolment()
	opts.AppPassword = false
	plan := enrolment(t, tenant, user, opts)
	options := time.options()
	options.Secrets = secretsFor(&vault{})
	options.Secrets.Password = func(context.Context) (mfa.Secret, error) { return mfa.NewSecret("short"), nil }
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	var failed *mfa.ChangeError
	require.True(t, errors.As(err, &failed))
	assert.Equal(t, entramfa.SetPassword, failed.Change.Kind)
	options.Secrets.Password = nil // one is made
	_, err = mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
}

const hours = time.Hour
