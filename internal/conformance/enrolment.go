package conformance

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	runEach[EnrollerMaker](t, tests, newEnroller)
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
