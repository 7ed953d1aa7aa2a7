package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// EnrollerMaker returns what is under test, which enrols accounts of the tenant. It
// calls as tenant.Caller does.
type EnrollerMaker func(t *testing.T, tenant *graphfake.Tenant) mfa.Enroller

// RunEnrolment runs what every mfa.Enroller promises beside an mfa.ReadWriter. Each
// test has a tenant of its own. Who retries by itself must not wait for real time.
func RunEnrolment(t *testing.T, newEnroller func(t *testing.T, tenant *graphfake.Tenant) mfa.Enroller) {
	tests := map[string]func(*testing.T, EnrollerMaker){
		"phones come and go":           testPhones,
		"phones that are refused":      testPhonesRefused,
		"the phone of the profile":     testMobilePhone,
		"a password is set":            testSetPassword,
		"a password is reset":          testResetPassword,
		"a password doesn't comply":    testWeakPassword,
		"a reset that fails":           testResetFails,
		"only accounts reset":          testResetByApplication,
		"roles":                        testEnrolRoles,
		"registration":                 testRegistration,
		"registrations":                testRegistrations,
		"methods policy":               testMethodsPolicy,
		"a person registers":           testPersonRegisters,
		"enrolment: not found":         testEnrolNotFound,
		"enrolment: permission":        testEnrolPermission,
		"enrolment: throttled":         testEnrolThrottled,
		"enrolment: unavailable":       testEnrolUnavailable,
		"enrolment: once":              testEnrolOnce,
		"enrolment: cancelled":         testEnrolCancelled,
		"enrolment: nothing is leaked": testEnrolSecrets,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, newEnroller) })
	}
}

const (
	mobileID    = "3179e48a-750b-4051-897c-87b9720928f7"
	alternateID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
	officeID    = "e37fc753-ff3b-4958-9484-eaa9425c82bc"

	connectionUPN   = "connect@contoso.com"
	goodPassword    = "Str0ng-enough for all"
	privilegedAuth  = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	authentication  = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
	someoneElsesPwd = "An0ther-long one"
)

// numbers of telephones that nobody has.
func number(last string) mfa.Secret { return mfa.NewSecret("+1 20655501" + last) }

// enrolment is a fixture with an account to enrol, and an administrator who may do it.
type enrolment struct {
	*fixture
	account, admin string
}

func buildEnrolment(t *testing.T) *enrolment {
	t.Helper()
	f := &enrolment{fixture: build(t)}
	f.account = f.tenant.AddUser(mfa.User{UserPrincipalName: connectionUPN, DisplayName: "Connection", LastPasswordChangeDateTime: new("2024-05-01T00:00:00Z")})
	f.admin = f.tenant.AddUser(mfa.User{UserPrincipalName: "admin@contoso.com", DisplayName: "Administrator"})
	f.give(t, f.admin, privilegedAuth)
	return f
}

func (f *enrolment) give(t *testing.T, user, role string) {
	t.Helper()
	_, err := f.tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: role})
	require.NoError(t, err)
}

// as makes an account the caller.
func (f *enrolment) as(id string) *enrolment {
	f.tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: id, Name: "admin@contoso.com"}
	return f
}

// phones lists the phones of an account by the id of the method.
func phones(t *testing.T, r mfa.Reader, user string) map[string]mfa.Method {
	t.Helper()
	methods, err := r.Methods(t.Context(), user)
	require.NoError(t, err)
	found := map[string]mfa.Method{}
	for _, m := range methods {
		if m.Type == phoneMethod {
			found[m.ID] = m
		}
	}
	return found
}

func testPhones(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	e := newEnroller(t, f.tenant)
	before := f.tenant.Snapshot()
	for i, p := range []struct {
		kind   mfa.PhoneType
		id     string
		number mfa.Secret
	}{{mfa.PhoneMobile, mobileID, number("11")}, {mfa.PhoneAlternateMobile, alternateID, number("12")}, {mfa.PhoneOffice, officeID, mfa.NewSecret("+44 2079460000x123")}} {
		made, receipt, err := e.AddPhone(t.Context(), []string{f.account, connectionUPN, f.account}[i], p.kind, p.number)
		require.NoError(t, err, p.kind)
		assert.NotEmpty(t, receipt.RequestID)
		assert.Equal(t, p.id, made.ID, "it is the same for every account")
		assert.Equal(t, phoneMethod, made.Type)
		assert.Equal(t, string(p.kind), value(made.PhoneType))
		require.NotNil(t, made.PhoneNumber)
		assert.True(t, made.PhoneNumber.Is(p.number))
		assert.False(t, made.PhoneNumber.Is(number("99")))
	}
	held := phones(t, e, f.account)
	require.Len(t, held, 3)
	assert.True(t, held[mobileID].PhoneNumber.Is(number("11")), "the list shows it")
	assert.Equal(t, "…11", held[mobileID].PhoneNumber.String())

	receipt, err := e.UpdatePhone(t.Context(), f.account, mobileID, mfa.PhoneMobile, number("21"))
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	assert.True(t, phones(t, e, f.account)[mobileID].PhoneNumber.Is(number("21")))

	for _, id := range []string{alternateID, mobileID, officeID} {
		receipt, err := e.DeletePhone(t.Context(), connectionUPN, id)
		require.NoError(t, err, id)
		assert.NotEmpty(t, receipt.RequestID)
	}
	assert.Empty(t, phones(t, e, f.account))
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}

// testPhonesRefused: what the service refuses is a 400, and changes nothing.
func testPhonesRefused(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	e := newEnroller(t, f.tenant)
	add := func(kind mfa.PhoneType, n string) error {
		_, _, err := e.AddPhone(t.Context(), f.account, kind, mfa.NewSecret(n))
		return err
	}
	update := func(id string, kind mfa.PhoneType, n mfa.Secret) error {
		_, err := e.UpdatePhone(t.Context(), f.account, id, kind, n)
		return err
	}
	remove := func(id string) error { _, err := e.DeletePhone(t.Context(), f.account, id); return err }

	refused := func(name string, err error) { assert.Error(t, err, name) }
	refused("an alternate one without a mobile one", add(mfa.PhoneAlternateMobile, "+1 2065550112"))
	require.NoError(t, add(mfa.PhoneMobile, "+1 2065550111"))
	require.NoError(t, add(mfa.PhoneAlternateMobile, "+1 2065550112"))
	before := f.tenant.Snapshot()
	refused("a second one of a type", add(mfa.PhoneMobile, "+1 2065550113"))
	for _, form := range []string{"2065550113", "+12065550113", "+1 206 555 0113", "+1 (206) 5550113", "", "+1 ", "+1 2065550113x"} {
		refused("the form of a number", add(mfa.PhoneOffice, form))
		refused("the form of a number", update(mobileID, mfa.PhoneMobile, mfa.NewSecret(form)))
	}
	refused("a type that is none", add("pager", "+1 2065550113"))
	refused("another type", update(mobileID, mfa.PhoneOffice, number("13")))
	refused("the mobile one beside an alternate one", remove(mobileID))
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
	require.NoError(t, remove(alternateID))
	require.NoError(t, f.tenant.SetDefaultMethod(f.account, mobileID))
	graph := graphErrorOf(t, remove(mobileID), nil, "the default method")
	assert.Equal(t, http.StatusBadRequest, graph.Status)
	assert.Len(t, phones(t, e, f.account), 1)

	f.tenant.NoPhoneAPI = true
	err := add(mfa.PhoneOffice, "+1 2065550113")
	assert.Contains(t, []int{http.StatusBadRequest, http.StatusNotFound}, graphErrorOf(t, err, nil, "a cloud without phones").Status)
}

func testMobilePhone(t *testing.T, newEnroller EnrollerMaker) {
	f := buildEnrolment(t)
	e := newEnroller(t, f.tenant)
	before := f.tenant.Snapshot()
	none, err := e.MobilePhone(t.Context(), f.account)
	require.NoError(t, err)
	assert.Nil(t, none)

	receipt, err := e.UpdateMobilePhone(t.Context(), connectionUPN, number("31"))
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	set, err := e.MobilePhone(t.Context(), connectionUPN)
	require.NoError(t, err)
	require.NotNil(t, set)
	assert.True(t, set.Is(number("31")))
	assert.Empty(t, phones(t, e, f.account), "it is no method")

	_, err = e.UpdateMobilePhone(t.Context(), f.account, mfa.NewSecret(""))
	require.NoError(t, err)
	none, err = e.MobilePhone(t.Context(), f.account)
	require.NoError(t, err)
	assert.Nil(t, none)
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))

	_, err = e.UpdateMobilePhone(t.Context(), f.service, number("31"))
	assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "a synchronized account").Status)
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}

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

// testEnrolRoles: a delegated caller needs a role that reaches the account.
func testEnrolRoles(t *testing.T, newEnroller EnrollerMaker) {
	calls := map[string]func(context.Context, mfa.Enroller, string) error{
		"AddPhone": func(ctx context.Context, e mfa.Enroller, user string) error {
			_, _, err := e.AddPhone(ctx, user, mfa.PhoneOffice, number("11"))
			return err
		},
		"UpdateMobilePhone": func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.UpdateMobilePhone(ctx, user, number("11"))
			return err
		},
		"SetPassword": func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.SetPassword(ctx, user, mfa.NewSecret(goodPassword))
			return err
		},
		"ResetPassword": func(ctx context.Context, e mfa.Enroller, user string) error {
			_, _, err := e.ResetPassword(ctx, user, mfa.NewSecret(goodPassword))
			return err
		},
	}
	all := []string{"AddPhone", "UpdateMobilePhone", "SetPassword", "ResetPassword"}
	for _, test := range []struct {
		name, callerRole, targetRole string
		may                          []string
	}{
		{"no role", "", "", nil},
		{"a role for something else", globalReader, "", nil},
		{"User Administrator", userAdmin, "", all[1:]},
		{"Authentication Administrator", authentication, "", all},
		{"Authentication Administrator, an administrator", authentication, policy.GlobalAdministrator, nil},
		{"User Administrator, an administrator", userAdmin, exchangeAdmin, nil},
		{"User Administrator, a User Administrator", userAdmin, userAdmin, all[1:]},
		{"Privileged Authentication Administrator, an administrator", privilegedAuth, policy.GlobalAdministrator, all},
		{"Global Administrator, an administrator", policy.GlobalAdministrator, policy.GlobalAdministrator, all},
	} {
		for name, call := range calls {
			f := buildEnrolment(t)
			caller := f.tenant.AddUser(mfa.User{UserPrincipalName: "caller@contoso.com"})
			if test.callerRole != "" {
				f.give(t, caller, test.callerRole)
			}
			if test.targetRole != "" {
				f.give(t, f.account, test.targetRole)
			}
			before := f.as(caller).tenant.Snapshot()
			err := call(t.Context(), newEnroller(t, f.tenant), f.account)
			if slices.Contains(test.may, name) {
				assert.NoError(t, err, "%s: %s", test.name, name)
				continue
			}
			graphErrorOf(t, err, entramfa.ErrPermission, test.name+": "+name)
			assert.Equal(t, string(before), string(f.tenant.Snapshot()))
		}
	}
}

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

// enrolCall is one method of an Enroller, its path, its verb and a permission for it.
type enrolCall struct {
	name, method, path, permission string
	call                           func(context.Context, mfa.Enroller, string) error
}

// enrolCalls lists every method of an Enroller that a ReadWriter doesn't have.
func enrolCalls() []enrolCall {
	const phonePath, phonePermission = "/users/", "UserAuthMethod-Phone.ReadWrite.All"
	return []enrolCall{
		{"AddPhone", http.MethodPost, phonePath, phonePermission, func(ctx context.Context, e mfa.Enroller, user string) error {
			_, _, err := e.AddPhone(ctx, user, mfa.PhoneOffice, number("41"))
			return err
		}},
		{"UpdatePhone", http.MethodPatch, phonePath, phonePermission, func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.UpdatePhone(ctx, user, mobileID, mfa.PhoneMobile, number("42"))
			return err
		}},
		{"DeletePhone", http.MethodDelete, phonePath, phonePermission, func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.DeletePhone(ctx, user, mobileID)
			return err
		}},
		{"MobilePhone", http.MethodGet, "/users/", "User.Read.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.MobilePhone(ctx, user)
			return err
		}},
		{"UpdateMobilePhone", http.MethodPatch, "/users/", "User-Phone.ReadWrite.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.UpdateMobilePhone(ctx, user, number("43"))
			return err
		}},
		{"SetPassword", http.MethodPatch, "/users/", "User-PasswordProfile.ReadWrite.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.SetPassword(ctx, user, mfa.NewSecret(goodPassword))
			return err
		}},
		{"ResetPassword", http.MethodPost, "/users/", "UserAuthenticationMethod.ReadWrite.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, _, err := e.ResetPassword(ctx, user, mfa.NewSecret(goodPassword))
			return err
		}},
		{"Registration", http.MethodGet, "/reports/", "AuditLog.Read.All", func(ctx context.Context, e mfa.Enroller, user string) error {
			_, err := e.Registration(ctx, user)
			return err
		}},
		{"Registrations", http.MethodGet, "/reports/", "AuditLog.Read.All", func(ctx context.Context, e mfa.Enroller, _ string) error {
			_, err := drain(e.Registrations(ctx))
			return err
		}},
		{"MethodsPolicy", http.MethodGet, "/policies/authenticationMethodsPolicy", "Policy.Read.AuthenticationMethod", func(ctx context.Context, e mfa.Enroller, _ string) error {
			_, err := e.MethodsPolicy(ctx)
			return err
		}},
	}
}

// ready is a fixture in which each call succeeds.
func ready(t *testing.T) *enrolment {
	f := buildEnrolment(t)
	require.NoError(t, f.tenant.SetPhone(f.account, mfa.PhoneMobile, "+1 2065550144"))
	return f.as(f.admin)
}

func testEnrolNotFound(t *testing.T, newEnroller EnrollerMaker) {
	const nothing = "99999999-9999-4999-8999-999999999999"
	for _, c := range enrolCalls() {
		if c.name == "Registrations" || c.name == "MethodsPolicy" {
			continue
		}
		f := ready(t)
		before := f.tenant.Snapshot()
		graph := graphErrorOf(t, c.call(t.Context(), newEnroller(t, f.tenant), nothing), entramfa.ErrNotFound, c.name)
		assert.Equal(t, http.StatusNotFound, graph.Status, c.name)
		assert.NotEmpty(t, graph.RequestID, c.name)
		assert.Equal(t, string(before), string(f.tenant.Snapshot()), c.name)
	}
	f := ready(t)
	e := newEnroller(t, f.tenant)
	_, err := e.UpdatePhone(t.Context(), f.account, officeID, mfa.PhoneOffice, number("11"))
	graphErrorOf(t, err, entramfa.ErrNotFound, "no such phone")
	_, err = e.DeletePhone(t.Context(), f.account, officeID)
	graphErrorOf(t, err, entramfa.ErrNotFound, "no such phone")
	_, err = e.Registration(t.Context(), f.disabled)
	graphErrorOf(t, err, entramfa.ErrNotFound, "a disabled account")
	_, err = e.PasswordReset(t.Context(), mfa.PasswordOperation{Location: "/users/" + f.account + "/authentication/operations/" + nothing})
	graphErrorOf(t, err, entramfa.ErrNotFound, "no such operation")
}

func testEnrolPermission(t *testing.T, newEnroller EnrollerMaker) {
	for _, c := range enrolCalls() {
		f := ready(t)
		before := f.tenant.Snapshot()
		f.tenant.Fail(graphfake.Failure{Method: c.method, Path: c.path, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
		graph := graphErrorOf(t, c.call(t.Context(), newEnroller(t, f.tenant), f.account), entramfa.ErrPermission, c.name)
		assert.Equal(t, http.StatusForbidden, graph.Status, c.name)
		assert.Equal(t, c.method, graph.Method, c.name)
		assert.Contains(t, graph.Permissions, c.permission, c.name)
		assert.Equal(t, string(before), string(f.tenant.Snapshot()), c.name)
	}
}

func testEnrolThrottled(t *testing.T, newEnroller EnrollerMaker) {
	for _, c := range enrolCalls() {
		f := ready(t)
		e := newEnroller(t, f.tenant)
		f.tenant.Fail(graphfake.Failure{Method: c.method, Path: c.path, Times: 2, Err: &entramfa.GraphError{Status: http.StatusTooManyRequests}})
		var err error
		for range 3 {
			if err = c.call(t.Context(), e, f.account); err == nil {
				break
			}
			require.ErrorIs(t, err, entramfa.ErrThrottled, c.name)
		}
		assert.NoError(t, err, c.name+" succeeds when the service lets it")
	}
}

// testEnrolUnavailable: what could not be read is an error, never an empty answer.
func testEnrolUnavailable(t *testing.T, newEnroller EnrollerMaker) {
	for _, c := range enrolCalls() {
		f := ready(t)
		e := newEnroller(t, f.tenant)
		f.tenant.Fail(graphfake.Failure{Method: c.method, Path: c.path, Err: &entramfa.GraphError{Status: http.StatusInternalServerError}})
		assert.ErrorIs(t, c.call(t.Context(), e, f.account), entramfa.ErrUnavailable, c.name)
	}
}

// testEnrolOnce: a write whose outcome is open is not repeated.
func testEnrolOnce(t *testing.T, newEnroller EnrollerMaker) {
	for _, failure := range []graphfake.Failure{
		{Applied: true, Err: &entramfa.GraphError{Status: http.StatusGatewayTimeout}},
		{Cut: true},
	} {
		for _, c := range enrolCalls() {
			if c.method == http.MethodGet {
				continue
			}
			f := ready(t)
			calls := 0
			f.tenant.Before = func(method, _ string) {
				if method == c.method {
					calls++
				}
			}
			e := newEnroller(t, f.tenant)
			failure.Method, failure.Path = c.method, c.path
			f.tenant.Fail(failure)
			assert.ErrorIs(t, c.call(t.Context(), e, f.account), entramfa.ErrUnavailable, c.name)
			assert.Equal(t, 1, calls, c.name+" was sent once")
		}
	}
}

func testEnrolCancelled(t *testing.T, newEnroller EnrollerMaker) {
	f := ready(t)
	e := newEnroller(t, f.tenant)
	before := f.tenant.Snapshot()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range enrolCalls() {
		assert.ErrorIs(t, c.call(ctx, e, f.account), context.Canceled, c.name)
	}
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}

// testEnrolSecrets: whole numbers and passwords stand nowhere but on the wire.
func testEnrolSecrets(t *testing.T, newEnroller EnrollerMaker) {
	f := ready(t)
	e := newEnroller(t, f.tenant)
	var said []any
	tell := func(values ...any) { said = append(said, values...) }
	for _, failed := range []bool{false, true} {
		if failed {
			f.tenant.Fail(graphfake.Failure{Err: &entramfa.GraphError{Status: http.StatusBadRequest}})
		}
		method, receipt, err := e.AddPhone(t.Context(), f.account, mfa.PhoneOffice, number("51"))
		tell(method, receipt, err)
		_, err = e.UpdatePhone(t.Context(), f.account, officeID, mfa.PhoneMobile, number("52"))
		tell(err)
		_, err = e.UpdatePhone(t.Context(), f.account, officeID, mfa.PhoneOffice, mfa.NewSecret("+12065550153"))
		tell(err)
		_, err = e.UpdateMobilePhone(t.Context(), f.account, number("54"))
		tell(err)
		phone, err := e.MobilePhone(t.Context(), f.account)
		tell(phone, err)
		_, err = e.SetPassword(t.Context(), f.account, mfa.NewSecret(goodPassword))
		tell(err)
		operation, _, err := e.ResetPassword(t.Context(), f.account, mfa.NewSecret(someoneElsesPwd))
		tell(operation, err)
		user, err := e.User(t.Context(), f.account)
		tell(user, err)
		methods, err := e.Methods(t.Context(), f.account)
		tell(methods, err)
		entry, err := e.Registration(t.Context(), f.account)
		tell(entry, err)
	}
	text := string(f.tenant.Snapshot()) + jsonOf(t, f.tenant.Requests())
	for _, value := range said {
		text += fmt.Sprintf("%v %+v\n", value, value)
		if err, ok := value.(error); ok {
			var graph *entramfa.GraphError
			errors.As(err, &graph)
			value = graph
		}
		shown, err := json.Marshal(value)
		require.NoError(t, err)
		text += string(shown)
	}
	assert.Contains(t, text, "…54", "the last digits are told")
	for _, secret := range []string{"2065550", goodPassword, someoneElsesPwd} {
		assert.NotContains(t, text, secret)
	}
}
