package graphfake_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	mobilePhoneID    = "3179e48a-750b-4051-897c-87b9720928f7"
	alternatePhoneID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
	officePhoneID    = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
	passwordID       = "28c10230-6103-485e-b985-444c60001490"

	phonesURL = "/v1.0/users/svc@contoso.com/authentication/phoneMethods"
	userURL   = "/v1.0/users/svc@contoso.com"
	resetURL  = userURL + "/authentication/methods/" + passwordID + "/resetPassword"

	goodPassword = "Str0ng-enough"

	privilegedAuth = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	userAdmin      = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	authAdmin      = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
	helpdesk       = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
)

// enrolling is a set of permissions that opens every route of an enrolment.
var enrolling = append([]string{
	"UserAuthMethod-Phone.ReadWrite.All", "User-Phone.ReadWrite.All", "User-PasswordProfile.ReadWrite.All",
	"UserAuthMethod-Password.ReadWrite.All", "AuditLog.Read.All",
}, everything...)

// enrolTenant has an account, and an administrator who calls.
func enrolTenant(t *testing.T) (tenant *graphfake.Tenant, account string) {
	tenant = &graphfake.Tenant{}
	account = tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service"})
	admin := tenant.AddUser(mfa.User{UserPrincipalName: "admin@contoso.com"})
	assign(t, tenant, admin, privilegedAuth)
	tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: admin, Name: "admin@contoso.com"}
	return tenant, account
}

func assign(t *testing.T, tenant *graphfake.Tenant, principal, role string) {
	t.Helper()
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: principal, RoleDefinitionID: role})
	require.NoError(t, err)
}

func TestPhonesOverHTTP(t *testing.T) {
	at := newClock()
	tenant, _ := enrolTenant(t)
	tenant.Clock = at.now
	c := serve(t, tenant, enrolling...)
	made := c.do(http.MethodPost, phonesURL, `{"phoneNumber":"+1 2065550111","phoneType":"mobile"}`)
	require.Equal(t, http.StatusCreated, made.StatusCode, string(made.text))
	assert.Equal(t, mobilePhoneID, made.body["id"])
	assert.Equal(t, "+1 2065550111", made.body["phoneNumber"], "Graph tells the whole number")
	assert.Equal(t, "mobile", made.body["phoneType"])
	assert.Equal(t, "notAllowedByPolicy", made.body["smsSignInState"])
	assert.Equal(t, "2026-11-01T10:00:00Z", made.body["createdDateTime"])
	for _, url := range []string{phonesURL, userURL + "/authentication/methods"} {
		assert.Contains(t, string(c.ok(url).text), "+1 2065550111", url)
	}
	assert.Equal(t, []string{"#microsoft.graph.passwordAuthenticationMethod", "#microsoft.graph.phoneAuthenticationMethod"},
		c.ok(userURL+"/authentication/methods").names("@odata.type"))

	one := phonesURL + "/" + mobilePhoneID
	require.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, one, `{"phoneNumber":"+1 2065550122x7","phoneType":"mobile"}`).StatusCode)
	require.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, one, `{"phoneNumber":"+1 2065550133"}`).StatusCode, "the type needn't be said")
	assert.Equal(t, "+1 2065550133", c.ok(one).body["phoneNumber"])
	require.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, one, "").StatusCode)
	assert.Equal(t, http.StatusNotFound, c.get(one).StatusCode)
	assert.Empty(t, c.ok(phonesURL).values())
}

func TestPhonesAreRefusedOverHTTP(t *testing.T) {
	tenant, account := enrolTenant(t)
	require.NoError(t, tenant.SetPhone(account, mfa.PhoneMobile, "+1 2065550111"))
	require.NoError(t, tenant.SetPhone(account, mfa.PhoneAlternateMobile, "+1 2065550112"))
	c := serve(t, tenant, enrolling...)
	before := string(tenant.Snapshot())
	for _, test := range []struct {
		method, url, body string
		status            int
	}{
		{"POST", phonesURL, `{"phoneNumber":"+1 2065550113","phoneType":"mobile"}`, 400},
		{"POST", phonesURL, `{"phoneNumber":"+1 2065550113"}`, 400},
		{"POST", phonesURL, `{"phoneNumber":"+1-2065550113","phoneType":"office"}`, 400},
		{"POST", phonesURL, `{"phoneNumber":"2065550113","phoneType":"office"}`, 400},
		{"POST", phonesURL, `{"phoneNumber":12065550113,"phoneType":"office"}`, 400},
		{"POST", phonesURL, `{"phoneNumber":"+1 2065550113","phoneType":"office","smsSignInState":"ready"}`, 400},
		{"POST", phonesURL, `{`, 400},
		{"POST", strings.Replace(phonesURL, "svc", "nobody", 1), `{"phoneNumber":"+1 2065550113","phoneType":"office"}`, 404},
		{"PATCH", phonesURL + "/" + mobilePhoneID, `{"phoneNumber":"+1 2065550113","phoneType":"office"}`, 400},
		{"PATCH", phonesURL + "/" + mobilePhoneID, `{"phoneType":"mobile"}`, 400},
		{"PATCH", phonesURL + "/" + officePhoneID, `{"phoneNumber":"+1 2065550113","phoneType":"office"}`, 404},
		{"DELETE", phonesURL + "/" + mobilePhoneID, ``, 400},
		{"DELETE", phonesURL + "/" + officePhoneID, ``, 404},
		{"PUT", phonesURL + "/" + mobilePhoneID, `{}`, 405},
	} {
		r := c.do(test.method, test.url, test.body)
		assert.Equal(t, test.status, r.StatusCode, "%s %s %s", test.method, test.body, r.text)
		assert.NotContains(t, string(r.text), "20655501")
		assert.NotEmpty(t, r.code())
	}
	assert.Equal(t, before, string(tenant.Snapshot()))
	require.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, phonesURL+"/"+alternatePhoneID, "").StatusCode)
	require.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, phonesURL+"/"+mobilePhoneID, "").StatusCode)

	tenant.NoPhoneAPI = true
	for _, r := range []reply{c.get(phonesURL), c.get(phonesURL + "/" + mobilePhoneID), c.do(http.MethodPost, phonesURL, `{"phoneNumber":"+1 2065550113","phoneType":"office"}`)} {
		assert.Equal(t, http.StatusBadRequest, r.StatusCode)
		assert.Equal(t, "Resource not found for the segment 'phoneMethods'.", r.error("message"))
	}
}

func TestArrangedPhones(t *testing.T) {
	tenant, account := enrolTenant(t)
	require.NoError(t, tenant.SetPhone("svc@contoso.com", mfa.PhoneOffice, "+1 2065550111"))
	require.NoError(t, tenant.SetPhone(account, mfa.PhoneOffice, "+1 2065550112"))
	require.NoError(t, tenant.AddMethod(account, mfa.Method{
		Type: "#microsoft.graph.phoneAuthenticationMethod", PhoneType: new("mobile"), PhoneNumber: new(mfa.NewPhone("+1 2065550113")),
	}))
	methods, err := tenant.Methods(t.Context(), account)
	require.NoError(t, err)
	require.Len(t, methods, 3)
	assert.Equal(t, officePhoneID, methods[1].ID)
	assert.True(t, methods[1].PhoneNumber.Is(mfa.NewSecret("+1 2065550112")), "the second takes the place of the first")
	assert.Equal(t, mobilePhoneID, methods[2].ID)
	assert.True(t, methods[2].PhoneNumber.Is(mfa.NewSecret("+1 2065550113")))

	for _, err := range []error{
		tenant.SetPhone("nobody", mfa.PhoneOffice, "+1 2065550111"),
		tenant.SetPhone(account, "pager", "+1 2065550111"),
		tenant.SetPhone(account, mfa.PhoneOffice, "+12065550111"),
	} {
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "20655501")
	}
}

func TestSMSSignIn(t *testing.T) {
	tenant, account := enrolTenant(t)
	var sms mfa.MethodConfiguration
	require.NoError(t, json.Unmarshal([]byte(`{"id":"Sms","state":"enabled","includeTargets":[{"targetType":"group","id":"all_users","isUsableForSignIn":true}]}`), &sms))
	tenant.SetMethodPolicy(sms)
	other := tenant.AddUser(mfa.User{UserPrincipalName: "other@contoso.com"})
	require.NoError(t, tenant.SetPhone(account, mfa.PhoneMobile, "+1 2065550111"))
	require.NoError(t, tenant.SetPhone(account, mfa.PhoneOffice, "+1 2065550111"))
	require.NoError(t, tenant.SetPhone(other, mfa.PhoneMobile, "+1 2065550111"))
	c := serve(t, tenant, enrolling...)
	assert.Equal(t, []string{"ready", "notSupported"}, c.ok(phonesURL).names("smsSignInState"))
	assert.Equal(t, []string{"phoneNumberNotUnique"}, c.ok(strings.Replace(phonesURL, "svc", "other", 1)).names("smsSignInState"))
}

func TestUserPatch(t *testing.T) {
	tenant, account := enrolTenant(t)
	c := serve(t, tenant, enrolling...)
	require.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, userURL, `{"mobilePhone":"+1 2065550155"}`).StatusCode)
	assert.Equal(t, "+1 2065550155", c.ok(userURL).body["mobilePhone"])
	assert.Equal(t, []string{"+1 2065550155", ""}, c.ok("/v1.0/users?$select=mobilePhone").names("mobilePhone"))
	found, err := tenant.User(t.Context(), account)
	require.NoError(t, err)
	text, err := json.Marshal(found)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "2065550155", "the account that Go code gets doesn't hold it")

	before := string(tenant.Snapshot())
	for _, test := range []struct {
		body   string
		status int
	}{
		{`{"displayName":"x"}`, 403}, {`{"nonsense":1}`, 400}, {`{"mobilePhone":7}`, 400}, {`{"mobilePhone":"` + strings.Repeat("1", 65) + `"}`, 400},
		{`{"passwordProfile":{"password":"short"}}`, 400}, {`{"passwordProfile":"x"}`, 400}, {`{"passwordProfile":{"password":"Str0ng-enough","hint":"x"}}`, 400},
		{`{"mobilePhone":"+1 2065550156","passwordProfile":{"password":"weak-weak"}}`, 400}, {`[]`, 400},
	} {
		r := c.do(http.MethodPatch, userURL, test.body)
		assert.Equal(t, test.status, r.StatusCode, test.body)
		assert.NotContains(t, string(r.text), "weak-weak")
	}
	assert.Equal(t, before, string(tenant.Snapshot()), "all or nothing")
	require.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, userURL, `{"mobilePhone":null}`).StatusCode)
	assert.Nil(t, c.ok(userURL).body["mobilePhone"])
}

// A phone opens no password, and the other way round; User.ReadWrite.All opens the phone alone.
func TestPermissionsOfUserPatch(t *testing.T) {
	const phone, password = `{"mobilePhone":"1"}`, `{"passwordProfile":{"password":"Str0ng-enough"}}`
	for _, test := range []struct{ permission, body string }{
		{"User-Phone.ReadWrite.All", phone}, {"User.ReadWrite.All", phone}, {"User-PasswordProfile.ReadWrite.All", password},
	} {
		tenant, _ := enrolTenant(t)
		c := serve(t, tenant, test.permission)
		for _, body := range []string{phone, password} {
			want := http.StatusForbidden
			if body == test.body {
				want = http.StatusNoContent
			}
			assert.Equal(t, want, c.do(http.MethodPatch, userURL, body).StatusCode, "%s %s", test.permission, body)
		}
	}
	tenant, _ := enrolTenant(t)
	c := serve(t, tenant, everything...)
	assert.Equal(t, http.StatusForbidden, c.do(http.MethodPatch, userURL, phone).StatusCode)
	assert.Equal(t, http.StatusForbidden, c.do(http.MethodPost, phonesURL, `{"phoneNumber":"+1 2065550113","phoneType":"office"}`).StatusCode, "who reads methods doesn't write them")
	assert.Equal(t, http.StatusForbidden, c.do(http.MethodPost, resetURL, `{}`).StatusCode)
	assert.Equal(t, http.StatusForbidden, c.get("/v1.0/reports/authenticationMethods/userRegistrationDetails").StatusCode)
}

// grants signs the account in, and returns the numbers of the refusal; none where it passes.
func grants(t *testing.T, tenant *graphfake.Tenant, password string) []int {
	t.Helper()
	probe, err := mfa.Probe(t.Context(), tenant, mfa.PasswordGrant{
		Username: "svc@contoso.com", Password: mfa.NewSecret(password), Resource: mfa.MicrosoftGraph, ClientID: mfa.AzureCLI,
	}, nil)
	require.NoError(t, err)
	return probe.Codes
}

func TestForcedPasswordChange(t *testing.T) {
	for profile, codes := range map[string][]int{
		`{"password":"Str0ng-enough"}`:                                                                                    {50055},
		`{"password":"Str0ng-enough","forceChangePasswordNextSignIn":true}`:                                               {50055},
		`{"password":"Str0ng-enough","forceChangePasswordNextSignIn":false}`:                                              nil,
		`{"password":"Str0ng-enough","forceChangePasswordNextSignIn":false,"forceChangePasswordNextSignInWithMfa":true}`:  {50055},
		`{"password":"Str0ng-enough","forceChangePasswordNextSignIn":false,"forceChangePasswordNextSignInWithMfa":false}`: nil,
	} {
		tenant, _ := enrolTenant(t)
		c := serve(t, tenant, enrolling...)
		require.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, userURL, `{"passwordProfile":`+profile+`}`).StatusCode)
		assert.Equal(t, codes, grants(t, tenant, goodPassword), profile)
		if codes != nil {
			require.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, userURL,
				`{"passwordProfile":{"forceChangePasswordNextSignIn":false,"forceChangePasswordNextSignInWithMfa":false}}`).StatusCode)
			assert.Empty(t, grants(t, tenant, goodPassword), "the same password, no change")
		}
		shown := c.ok(userURL + "?$select=passwordProfile,lastPasswordChangeDateTime")
		assert.Equal(t, map[string]any{"password": nil, "forceChangePasswordNextSignIn": false,
			"forceChangePasswordNextSignInWithMfa": strings.Contains(profile, "WithMfa\":true") && codes == nil}, shown.body["passwordProfile"], profile)
		assert.NotEmpty(t, shown.body["lastPasswordChangeDateTime"])
	}
}

func TestResetOverHTTP(t *testing.T) {
	tenant, account := enrolTenant(t)
	require.NoError(t, tenant.GivePassword(account, "old"))
	c := serve(t, tenant, enrolling...)
	begun := c.do(http.MethodPost, resetURL, `{"newPassword":"`+goodPassword+`"}`)
	require.Equal(t, http.StatusAccepted, begun.StatusCode, string(begun.text))
	assert.Empty(t, begun.text)
	assert.Equal(t, "5", begun.Header.Get("Retry-After"))
	location := begun.Header.Get("Location")
	assert.True(t, strings.HasPrefix(location, c.server.URL+"/v1.0/users/"+account+"/authentication/operations/"), location)
	assert.Contains(t, location, "?aadgdc=")
	for _, status := range []string{"running", "succeeded"} {
		assert.Empty(t, grants(t, tenant, "old"), "not before it is done")
		assert.Equal(t, status, c.ok(location).body["status"])
	}
	assert.Equal(t, []int{50055}, grants(t, tenant, goodPassword))
	assert.Equal(t, http.StatusBadRequest, c.get(location+"&other=1").StatusCode)

	made := c.do(http.MethodPost, strings.Replace(resetURL, "/methods/", "/passwordMethods/", 1), `{}`)
	require.Equal(t, http.StatusAccepted, made.StatusCode)
	password, _ := made.body["newPassword"].(string)
	c.ok(made.Header.Get("Location"))
	c.ok(made.Header.Get("Location"))
	assert.Equal(t, []int{50055}, grants(t, tenant, password), "the service's own one")

	for _, test := range []struct {
		url, body string
		status    int
	}{
		{strings.Replace(resetURL, passwordID, mobilePhoneID, 1), `{}`, 404}, {resetURL, `{"newPassword":"weak"}`, 400},
		{resetURL, `{"newPassword":7}`, 400}, {resetURL, `{"password":"Str0ng-enough"}`, 400}, {resetURL, `{"newPassword":""}`, 400},
	} {
		assert.Equal(t, test.status, c.do(http.MethodPost, test.url, test.body).StatusCode, test.body)
	}
}

func TestResetByTheClock(t *testing.T) {
	at := newClock()
	tenant, account := enrolTenant(t)
	tenant.Clock, tenant.PasswordResetTakes = at.now, time.Minute
	operation, _, err := tenant.ResetPassword(t.Context(), account, mfa.NewSecret(goodPassword))
	require.NoError(t, err)
	assert.Equal(t, "notStarted", operation.Status)
	at.advance(time.Minute)
	assert.Equal(t, []int{50055}, grants(t, tenant, goodPassword), "it needs nobody to ask")

	_, err = tenant.PasswordReset(t.Context(), mfa.PasswordOperation{Location: "/users/" + account})
	assert.Error(t, err)
	tenant.Caller = mfa.Identity{}
	_, err = tenant.PasswordReset(t.Context(), operation)
	assert.ErrorIs(t, err, entramfa.ErrPermission, "an application may not even ask")
}

func TestWhoMayChangeWhom(t *testing.T) {
	number := mfa.NewSecret("+1 2065550111")
	for _, test := range []struct {
		name    string
		arrange func(t *testing.T, tenant *graphfake.Tenant, caller, account string)
		may     bool
	}{
		{"no role", func(*testing.T, *graphfake.Tenant, string, string) {}, false},
		{"a role that reaches", func(t *testing.T, tenant *graphfake.Tenant, caller, _ string) { assign(t, tenant, caller, authAdmin) }, true},
		{"a role in a unit alone", func(t *testing.T, tenant *graphfake.Tenant, caller, _ string) {
			_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: caller, RoleDefinitionID: authAdmin, DirectoryScopeID: new("/administrativeUnits/1")})
			require.NoError(t, err)
		}, false},
		{"a role through a group", func(t *testing.T, tenant *graphfake.Tenant, caller, _ string) {
			group := tenant.AddGroup(policy.Group{DisplayName: "Admins", IsAssignableToRole: new(true)})
			require.NoError(t, tenant.AddMember(group, caller))
			assign(t, tenant, group, authAdmin)
		}, true},
		{"an account with a role in a unit", func(t *testing.T, tenant *graphfake.Tenant, caller, account string) {
			assign(t, tenant, caller, authAdmin)
			_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: account, RoleDefinitionID: userAdmin, DirectoryScopeID: new("/administrativeUnits/1")})
			require.NoError(t, err)
		}, false},
		{"an account in a group that can hold roles", func(t *testing.T, tenant *graphfake.Tenant, caller, account string) {
			assign(t, tenant, caller, authAdmin)
			require.NoError(t, tenant.AddMember(tenant.AddGroup(policy.Group{DisplayName: "Safe", IsAssignableToRole: new(true)}), account))
		}, false},
		{"such an account, and a role for everybody", func(t *testing.T, tenant *graphfake.Tenant, caller, account string) {
			assign(t, tenant, caller, privilegedAuth)
			require.NoError(t, tenant.AddMember(tenant.AddGroup(policy.Group{DisplayName: "Safe", IsAssignableToRole: new(true)}), account))
		}, true},
		{"the caller itself", func(t *testing.T, tenant *graphfake.Tenant, _, account string) {
			assign(t, tenant, account, privilegedAuth)
			tenant.Caller.ID = account
		}, false},
		{"an application", func(_ *testing.T, tenant *graphfake.Tenant, _, _ string) { tenant.Caller = mfa.Identity{} }, true},
		{"an application that needs a role", func(_ *testing.T, tenant *graphfake.Tenant, _, _ string) {
			tenant.Caller, tenant.ApplicationsNeedRoles = mfa.Identity{}, true
		}, false},
		{"an application with a role", func(t *testing.T, tenant *graphfake.Tenant, _, _ string) {
			tenant.Caller, tenant.ApplicationsNeedRoles = mfa.Identity{}, true
			who, err := tenant.Identity(t.Context())
			require.NoError(t, err)
			_, err = tenant.AssignRole(policy.RoleAssignment{PrincipalID: who.ID, RoleDefinitionID: authAdmin, Principal: &policy.Principal{Type: "#microsoft.graph.servicePrincipal", ID: who.ID}})
			require.NoError(t, err)
		}, true},
	} {
		for _, face := range []string{"method", "HTTP", "batch"} {
			tenant, account := &graphfake.Tenant{}, ""
			account = tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
			caller := tenant.AddUser(mfa.User{UserPrincipalName: "caller@contoso.com"})
			tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: caller, Name: "caller@contoso.com"}
			test.arrange(t, tenant, caller, account)
			var passed bool
			const body = `{"phoneNumber":"+1 2065550111","phoneType":"mobile"}`
			switch face {
			case "method":
				_, _, err := tenant.AddPhone(t.Context(), account, mfa.PhoneMobile, number)
				if err != nil {
					assert.ErrorIs(t, err, entramfa.ErrPermission, test.name)
					assert.NotContains(t, err.Error(), "UserAuthMethod", "no permission is missing")
				}
				passed = err == nil
			case "HTTP":
				r := serve(t, tenant, enrolling...).do(http.MethodPost, phonesURL, body)
				passed = r.StatusCode == http.StatusCreated
				assert.True(t, passed || r.StatusCode == http.StatusForbidden && r.code() == "accessDenied", "%s: %s", test.name, r.text)
			case "batch":
				r := serve(t, tenant, enrolling...).do(http.MethodPost, "/v1.0/$batch",
					`{"requests":[{"id":"1","method":"POST","url":"/users/`+account+`/authentication/phoneMethods","headers":{"Content-Type":"application/json"},"body":`+body+`}]}`)
				passed = strings.Contains(string(r.text), `"status":201`)
			}
			assert.Equal(t, test.may, passed, "%s: %s", test.name, face)
			methods, err := tenant.Methods(t.Context(), account)
			require.NoError(t, err)
			assert.Len(t, methods, map[bool]int{true: 2, false: 1}[test.may], test.name)
		}
	}
}

func TestHelpdeskResetsWhoIsNoAdministrator(t *testing.T) {
	for target, may := range map[string]bool{"": true, helpdesk: true, userAdmin: false, policy.GlobalAdministrator: false} {
		tenant := &graphfake.Tenant{}
		account := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
		caller := tenant.AddUser(mfa.User{UserPrincipalName: "caller@contoso.com"})
		assign(t, tenant, caller, helpdesk)
		if target != "" {
			assign(t, tenant, account, target)
		}
		tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: caller}
		_, err := tenant.SetPassword(t.Context(), account, mfa.NewSecret(goodPassword))
		assert.Equal(t, may, err == nil, target)
	}
}

func TestMissingPermissionIsNamed(t *testing.T) {
	tenant, account := enrolTenant(t)
	tenant.Fail(graphfake.Failure{Method: http.MethodPatch, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
	var graph *entramfa.GraphError
	_, err := tenant.UpdateMobilePhone(t.Context(), account, mfa.NewSecret("1"))
	require.ErrorAs(t, err, &graph)
	assert.Contains(t, graph.Permissions, "User-Phone.ReadWrite.All")
	assert.NotContains(t, graph.Permissions, "User-PasswordProfile.ReadWrite.All")
	_, err = tenant.SetPassword(t.Context(), account, mfa.NewSecret(goodPassword))
	require.ErrorAs(t, err, &graph)
	assert.Contains(t, graph.Permissions, "User-PasswordProfile.ReadWrite.All")
	assert.NotContains(t, graph.Permissions, "User-Phone.ReadWrite.All")
}

func TestPhoneIsASecondFactor(t *testing.T) {
	tenant, account := enrolTenant(t)
	require.NoError(t, tenant.GivePassword(account, goodPassword))
	require.NoError(t, tenant.SetPerUserState(account, mfa.PerUserEnforced))
	assert.Equal(t, []int{50079}, grants(t, tenant, goodPassword))
	_, _, err := tenant.AddPhone(t.Context(), account, mfa.PhoneMobile, mfa.NewSecret("+1 2065550111"))
	require.NoError(t, err)
	assert.Equal(t, []int{50076}, grants(t, tenant, goodPassword))
	_, err = tenant.DeletePhone(t.Context(), account, mobilePhoneID)
	require.NoError(t, err)
	assert.Equal(t, []int{50079}, grants(t, tenant, goodPassword))
}

func TestReportOverHTTP(t *testing.T) {
	const url = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
	tenant, account := enrolTenant(t)
	require.NoError(t, tenant.SetPhone(account, mfa.PhoneOffice, "+1 2065550111"))
	require.NoError(t, tenant.AddMethod(account, mfa.Method{Type: "#microsoft.graph.emailAuthenticationMethod"}))
	mail := tenant.AddUser(mfa.User{UserPrincipalName: "mail@contoso.com"})
	require.NoError(t, tenant.AddMethod(mail, mfa.Method{Type: "#microsoft.graph.emailAuthenticationMethod"}))
	off := tenant.AddUser(mfa.User{UserPrincipalName: "off@contoso.com", AccountEnabled: new(false)})
	c := serve(t, tenant, enrolling...)
	assert.Equal(t, []string{"svc@contoso.com", "admin@contoso.com", "mail@contoso.com"}, c.ok(url).names("userPrincipalName"))
	assert.Equal(t, []string{"svc@contoso.com"}, c.ok(url+"?$filter=isMfaRegistered+eq+true").names("userPrincipalName"), "mail is no second factor")
	entry := c.ok(url + "/" + account).body
	assert.Equal(t, []any{"officePhone", "email"}, entry["methodsRegistered"])
	assert.Equal(t, true, entry["isMfaCapable"])
	assert.Equal(t, false, entry["isAdmin"])
	assert.Equal(t, true, c.ok(url + "/" + tenant.Caller.ID).body["isAdmin"])
	assert.Equal(t, http.StatusNotFound, c.get(url+"/"+off).StatusCode)
	assert.Equal(t, http.StatusNotFound, c.get(url+"/"+nothing).StatusCode)
	tenant.SetMethodPolicy(mfa.MethodConfiguration{ID: "voice", ExcludeTargets: []mfa.MethodTarget{{TargetType: "group", ID: tenantGroup(t, tenant, account)}}})
	assert.Equal(t, false, c.ok(url + "/" + account).body["isMfaCapable"], "an office phone is for calls alone")
}

func tenantGroup(t *testing.T, tenant *graphfake.Tenant, member string) string {
	group := tenant.AddGroup(policy.Group{DisplayName: "No calls", SecurityEnabled: new(true)})
	require.NoError(t, tenant.AddMember(group, member))
	return group
}

func TestMethodsPolicyOverHTTP(t *testing.T) {
	tenant, _ := enrolTenant(t)
	const url = "/v1.0/policies/authenticationMethodsPolicy"
	r := serve(t, tenant, "Policy.Read.AuthenticationMethod").ok(url)
	assert.Equal(t, "authenticationMethodsPolicy", r.body["id"])
	configurations, _ := r.body["authenticationMethodConfigurations"].([]any)
	ids := map[string]string{}
	for _, c := range configurations {
		o := c.(map[string]any)
		ids[o["id"].(string)], _ = o["state"].(string)
		assert.Equal(t, []any{}, o["excludeTargets"])
	}
	for _, id := range []string{"Sms", "Voice", "MicrosoftAuthenticator"} {
		assert.Equal(t, "enabled", ids[id], id)
	}
	assert.Equal(t, http.StatusForbidden, serve(t, tenant, "User.Read.All").get(url).StatusCode)
}

func TestEnrolmentIsReplicated(t *testing.T) {
	at := newClock()
	tenant, account := enrolTenant(t)
	tenant.Clock, tenant.ReplicationDelay = at.now, time.Minute
	_, _, err := tenant.AddPhone(t.Context(), account, mfa.PhoneMobile, mfa.NewSecret("+1 2065550111"))
	require.NoError(t, err)
	_, err = tenant.UpdateMobilePhone(t.Context(), account, mfa.NewSecret("+1 2065550112"))
	require.NoError(t, err)
	for _, arrived := range []bool{false, true} {
		if arrived {
			at.advance(time.Minute)
		}
		methods, err := tenant.Methods(t.Context(), account)
		require.NoError(t, err)
		assert.Equal(t, arrived, len(methods) == 2)
		mobile, err := tenant.MobilePhone(t.Context(), account)
		require.NoError(t, err)
		assert.Equal(t, arrived, mobile != nil)
	}
	_, _, err = tenant.AddPhone(t.Context(), account, mfa.PhoneMobile, mfa.NewSecret("+1 2065550111"))
	assert.Error(t, err, "writes see the truth")
}

func TestLoadedTenantKnowsWhatItDoesntKnow(t *testing.T) {
	tenant := loaded(t, map[string]string{
		"a.json": `{"id":"a","userPrincipalName":"a@contoso.com","accountEnabled":true}`,
		"b.json": `{"id":"b","userPrincipalName":"b@contoso.com","accountEnabled":true,"mobilePhone":null,"authentication":{"methods":[]}}`,
		"c.json": `{"id":"c","userPrincipalName":"c@contoso.com","accountEnabled":true,"mobilePhone":"+1 2065550111"}`,
	})
	for _, user := range []string{"a", "c"} {
		_, err := tenant.Registration(t.Context(), user)
		assert.ErrorIs(t, err, entramfa.ErrNotRead)
		_, _, err = tenant.AddPhone(t.Context(), user, mfa.PhoneMobile, mfa.NewSecret("+1 2065550111"))
		assert.ErrorIs(t, err, entramfa.ErrNotRead)
	}
	_, err := tenant.MobilePhone(t.Context(), "a")
	assert.ErrorIs(t, err, entramfa.ErrNotRead)
	none, err := tenant.MobilePhone(t.Context(), "b")
	require.NoError(t, err)
	assert.Nil(t, none)
	known, err := tenant.MobilePhone(t.Context(), "c")
	require.NoError(t, err)
	assert.True(t, known.Is(mfa.NewSecret("+1 2065550111")))
	_, err = tenant.Registration(t.Context(), "b")
	assert.NoError(t, err)
	_, err = tenant.MethodsPolicy(t.Context())
	assert.ErrorIs(t, err, entramfa.ErrNotRead)
	tenant.SetMethodPolicy(mfa.MethodConfiguration{ID: "Sms"})
	_, err = tenant.MethodsPolicy(t.Context())
	assert.NoError(t, err)
}

// What goes over the wire stands nowhere else: no log, snapshot or error holds it.
func TestNoNumberAndNoPasswordIsKeptInSight(t *testing.T) {
	tenant, account := enrolTenant(t)
	c := serve(t, tenant, enrolling...)
	seen := ""
	for _, call := range []struct{ method, url, body string }{
		{"POST", phonesURL, `{"phoneNumber":"+1 2065550111","phoneType":"mobile"}`},
		{"POST", phonesURL, `{"phoneNumber":"+1 2065550111","phoneType":"mobile"}`},
		{"POST", phonesURL, `{"phoneNumber":"+12065550111","phoneType":"office"}`},
		{"POST", phonesURL, `{"phoneNumber":"+1 2065550111","phoneNumber":"+1 2065550112","phoneType":"office"}`},
		{"PATCH", userURL, `{"mobilePhone":"+1 2065550113"}`},
		{"PATCH", userURL, `{"passwordProfile":{"password":"Sesame-0pen you","x":"Sesame-0pen you"}}`},
		{"PATCH", userURL, `{"passwordProfile":{"password":["Sesame-0pen you"]}}`},
		{"PATCH", userURL, `{"passwordProfile":{"password":"Sesame-0pen you"}}`},
		{"POST", resetURL, `{"newPassword":"Sesame-0pen you"}`},
		{"POST", resetURL, `{"newPassword":"Sesame-0pen you","more":1}`},
		{"POST", "/v1.0/$batch", `{"requests":[{"id":"1","method":"PATCH","url":"/users/` + account + `","headers":{"Content-Type":"application/json"},"body":{"passwordProfile":{"password":"Sesame-0pen you"}}}]}`},
		{"GET", userURL + "?$select=passwordProfile", ""},
	} {
		r := c.do(call.method, call.url, call.body)
		if r.StatusCode >= 400 || call.method == "GET" {
			seen += string(r.text)
		}
		seen += r.Header.Get("Location")
	}
	log, err := json.Marshal(tenant.Requests())
	require.NoError(t, err)
	snapshot := string(tenant.Snapshot())
	assert.Contains(t, snapshot, `"phoneNumber":"…11"`)
	assert.Contains(t, snapshot, `"mobilePhone":"…13"`)
	for _, secret := range []string{"2065550", "Sesame"} {
		assert.NotContains(t, seen+string(log)+snapshot, secret)
	}
	_, err = tenant.UpdatePhone(t.Context(), account, mobilePhoneID, mfa.PhoneMobile, mfa.NewSecret("+1 2065550211"))
	require.NoError(t, err)
	assert.NotEqual(t, snapshot, string(tenant.Snapshot()), "another number with the same last digits is told apart")
}
