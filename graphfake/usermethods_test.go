package graphfake_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

const (
	authenticationURL = userURL + "/authentication"
	methodsPolicyURL  = "/v1.0/policies/authenticationMethodsPolicy"
	configurationsURL = methodsPolicyURL + "/authenticationMethodConfigurations"
)

var managing = append([]string{"UserAuthenticationMethod.ReadWrite.All"}, enrolling...)

func TestMethodsHaveAListOfTheirType(t *testing.T) {
	for segment, kind := range map[string]string{
		"microsoftAuthenticatorMethods":  "microsoftAuthenticatorAuthenticationMethod",
		"fido2Methods":                   "fido2AuthenticationMethod",
		"softwareOathMethods":            "softwareOathAuthenticationMethod",
		"windowsHelloForBusinessMethods": "windowsHelloForBusinessAuthenticationMethod",
		"platformCredentialMethods":      "platformCredentialAuthenticationMethod",
	} {
		t.Run(segment, func(t *testing.T) {
			tenant, _ := enrolTenant(t)
			require.NoError(t, tenant.AddMethod("svc@contoso.com", mfa.Method{Type: "#microsoft.graph." + kind, ID: "m1"}))
			require.NoError(t, tenant.AddMethod("svc@contoso.com", mfa.Method{Type: "#microsoft.graph." + kind, ID: "m2"}))
			c := serve(t, tenant, managing...)
			list := authenticationURL + "/" + segment
			all := c.ok(list)
			assert.Equal(t, []string{"m1", "m2"}, all.names("id"))
			assert.NotContains(t, all.values()[0], "@odata.type", "a list of one type doesn't name it")
			assert.Equal(t, "m2", c.ok(list + "/m2").body["id"])
			assert.Equal(t, "#microsoft.graph."+kind, c.ok(authenticationURL + "/methods/m2").body["@odata.type"])
			assert.Equal(t, "resourceNotFound", c.get(list+"/m3").code())
			assert.Equal(t, http.StatusNotFound, c.get(authenticationURL+"/methods/m3").StatusCode)
			assert.Equal(t, http.StatusMethodNotAllowed, c.do(http.MethodPatch, list+"/m1", `{}`).StatusCode)

			require.NoError(t, tenant.SetDefaultMethod("svc@contoso.com", "m1"))
			c.refused(tenant, 400, http.MethodDelete, list+"/m1", "")
			c.succeeds(http.MethodDelete, list+"/m2", "")
			c.refused(tenant, 404, http.MethodDelete, list+"/m2", "")
			c.refused(tenant, 404, http.MethodDelete, "/v1.0/users/nobody@contoso.com/authentication/"+segment+"/m1", "")
			assert.Equal(t, []string{"m1"}, c.ok(list).names("id"))

			denied := serve(t, tenant, "User.Read.All")
			assert.Equal(t, "accessDenied", denied.get(list).code())
			reader := serve(t, tenant, "UserAuthenticationMethod.Read.All")
			reader.ok(list)
			assert.Equal(t, http.StatusForbidden, reader.do(http.MethodDelete, list+"/m1", "").StatusCode)
		})
	}
}

func TestThePasswordMethodIsThere(t *testing.T) {
	tenant, _ := enrolTenant(t)
	c := serve(t, tenant, "UserAuthMethod-Password.Read.All")
	list := authenticationURL + "/passwordMethods"
	assert.Equal(t, []string{passwordID}, c.ok(list).names("id"))
	assert.Nil(t, c.ok(list + "/" + passwordID).body["password"])
	assert.Equal(t, http.StatusMethodNotAllowed, serve(t, tenant, managing...).do(http.MethodDelete, list+"/"+passwordID, "").StatusCode)
}

func TestWhoMayDeleteMethods(t *testing.T) {
	tenant, _ := enrolTenant(t)
	require.NoError(t, tenant.AddMethod("admin@contoso.com", mfa.Method{Type: "#microsoft.graph.fido2AuthenticationMethod", ID: "k"}))
	user, err := tenant.User(t.Context(), "svc@contoso.com")
	require.NoError(t, err)
	tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: user.ID, Name: user.UserPrincipalName}
	c := serve(t, tenant, managing...)
	refused := c.refused(tenant, 403, http.MethodDelete, "/v1.0/users/admin@contoso.com/authentication/fido2Methods/k", "")
	assert.Equal(t, "accessDenied", refused.code())
	c.refused(tenant, 403, http.MethodPost, authenticationURL+"/temporaryAccessPassMethods", `{}`)
	require.NoError(t, tenant.AddMethod("svc@contoso.com", mfa.Method{Type: "#microsoft.graph.fido2AuthenticationMethod", ID: "own"}))
	c.succeeds(http.MethodDelete, authenticationURL+"/fido2Methods/own", "")
}

func TestPasses(t *testing.T) {
	at := newClock()
	tenant, _ := enrolTenant(t)
	tenant.Clock = at.now
	c := serve(t, tenant, managing...)
	list := authenticationURL + "/temporaryAccessPassMethods"
	made := c.do(http.MethodPost, list, `{"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethod","lifetimeInMinutes":60,"isUsableOnce":true,"startDateTime":"2026-11-01T11:00:00Z"}`)
	require.Equal(t, http.StatusCreated, made.StatusCode, "%s", made.text)
	pass, _ := made.body["temporaryAccessPass"].(string)
	assert.Len(t, pass, 8)
	assert.Equal(t, "NotYetValid", made.body["methodUsabilityReason"])
	assert.Equal(t, false, made.body["isUsable"])
	id, _ := made.body["id"].(string)

	at.advance(time.Hour)
	c.token = tenant.Token(managing...)
	read := c.ok(list + "/" + id)
	assert.Nil(t, read.body["temporaryAccessPass"], "it is shown once")
	assert.NotContains(t, string(c.ok(authenticationURL+"/methods").text), pass)
	assert.NotContains(t, string(tenant.Snapshot()), pass)
	assert.Equal(t, "EnabledByPolicy", read.body["methodUsabilityReason"])
	assert.Equal(t, true, read.body["isUsableOnce"])
	assert.Equal(t, 60.0, read.body["lifetimeInMinutes"])
	at.advance(time.Hour)
	c.token = tenant.Token(managing...)
	assert.Equal(t, "Expired", c.ok(authenticationURL + "/methods/" + id).body["methodUsabilityReason"])

	second := c.post(list, `{}`)
	assert.NotEqual(t, id, second)
	assert.Equal(t, []string{second}, c.ok(list).names("id"), "an account has one")
	assert.Equal(t, "2026-11-01T12:00:00Z", c.ok(list + "/" + second).body["startDateTime"])

	for _, body := range []string{
		`{"lifetimeInMinutes":59}`, `{"lifetimeInMinutes":481}`, `{"lifetimeInMinutes":"60"}`, `{"lifetimeInMinutes":1e12}`, `{"isUsableOnce":1}`,
		`{"startDateTime":"tomorrow"}`, `{"temporaryAccessPass":"abc"}`, `{"@odata.type":"#microsoft.graph.emailAuthenticationMethod"}`, `[]`, ``,
	} {
		c.refused(tenant, 400, http.MethodPost, list, body)
	}
	guest := tenant.AddUser(mfa.User{UserPrincipalName: "g_x.com#EXT#@contoso.com"})
	c.refused(tenant, 400, http.MethodPost, "/v1.0/users/"+guest+"/authentication/temporaryAccessPassMethods", `{}`)

	const passType = `"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration"`
	c.succeeds(http.MethodPatch, configurationsURL+"/temporaryaccesspass", `{`+passType+`,"isUsableOnce":true,"maximumLifetimeInMinutes":43200,"defaultLength":20}`)
	c.refused(tenant, 400, http.MethodPost, list, `{"isUsableOnce":false}`)
	longer := c.do(http.MethodPost, list, `{"lifetimeInMinutes":43200}`)
	assert.Len(t, longer.body["temporaryAccessPass"], 20)
	c.succeeds(http.MethodPatch, configurationsURL+"/TemporaryAccessPass", `{`+passType+`,"state":"disabled"}`)
	c.refused(tenant, 400, http.MethodPost, list, `{}`)
	assert.Equal(t, "DisabledByPolicy", c.ok(list).values()[0]["methodUsabilityReason"])
	last, _ := longer.body["id"].(string)
	c.succeeds(http.MethodDelete, list+"/"+last, "")
	assert.Empty(t, c.ok(list).values())
}

func TestEmails(t *testing.T) {
	at := newClock()
	tenant, _ := enrolTenant(t)
	tenant.Clock, tenant.ReplicationDelay = at.now, time.Minute
	c := serve(t, tenant, managing...)
	list := authenticationURL + "/emailMethods"
	for _, body := range []string{`{}`, `{"emailAddress":"x"}`, `{"emailAddress":"A <a@b.com>"}`, `{"emailAddress":null}`, `{"emailAddress":1}`, `{"emailAddress":"a@b.com","x":1}`} {
		c.refused(tenant, 400, http.MethodPost, list, body)
	}
	id := c.post(list, `{"emailAddress":"a@example.com"}`)
	assert.Equal(t, "3ddfcfc8-9383-446f-83cc-3ab9be4be18f", id)
	assert.Empty(t, c.ok(list).values(), "it replicates")
	at.advance(time.Minute)
	assert.Equal(t, []string{"a@example.com"}, c.ok(list).names("emailAddress"))
	c.refused(tenant, 400, http.MethodPost, list, `{"emailAddress":"b@example.com"}`)
	c.succeeds(http.MethodPatch, list+"/"+id, `{"emailAddress":"b@example.com"}`)
	c.refused(tenant, 404, http.MethodPatch, list+"/"+nothing, `{"emailAddress":"b@example.com"}`)
	assert.Equal(t, "a@example.com", c.ok(list + "/" + id).body["emailAddress"])
	at.advance(time.Minute)
	assert.Equal(t, "b@example.com", c.ok(authenticationURL + "/methods/" + id).body["emailAddress"])

	c.succeeds(http.MethodDelete, list+"/"+id, "")
	at.advance(time.Minute)
	assert.Empty(t, c.ok(list).values())
}

// TestAnEmailIsNoSecondFactor: who has one alone is asked to register.
func TestAnEmailIsNoSecondFactor(t *testing.T) {
	tenant, _ := enrolTenant(t)
	c := serve(t, tenant, managing...)
	c.post(authenticationURL+"/emailMethods", `{"emailAddress":"a@example.com"}`)
	require.NoError(t, tenant.SetPerUserState("svc@contoso.com", mfa.PerUserEnabled))
	state, err := tenant.Requirements(t.Context(), "svc@contoso.com")
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserEnabled, state.PerUserMFAState)
}

func TestSignInPreferences(t *testing.T) {
	tenant, _ := enrolTenant(t)
	c := serve(t, tenant, managing...)
	const url = "/beta/users/svc@contoso.com/authentication/signInPreferences"
	assert.Equal(t, http.StatusBadRequest, c.get("/v1.0/users/svc@contoso.com/authentication/signInPreferences").StatusCode, "only beta has it")
	assert.Nil(t, c.ok(url).body["userPreferredMethodForSecondaryAuthentication"])
	for _, body := range []string{
		`{"userPreferredMethodForSecondaryAuthentication":"sms"}`, `{"userPreferredMethodForSecondaryAuthentication":"x"}`,
		`{"userPreferredMethodForSecondaryAuthentication":null}`, `{"isSystemPreferredAuthenticationMethodEnabled":"true"}`, `{"x":true}`, `[]`,
	} {
		c.refused(tenant, 400, http.MethodPatch, url, body)
	}
	require.NoError(t, tenant.SetPhone("svc@contoso.com", mfa.PhoneMobile, "+1 2065550111"))
	require.NoError(t, tenant.AddMethod("svc@contoso.com", mfa.Method{Type: "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod", ID: "app"}))
	for value, id := range map[string]string{"sms": mobilePhoneID, "voiceMobile": mobilePhoneID, "push": "app", "oath": "app"} {
		c.succeeds(http.MethodPatch, url, fmt.Sprintf(`{"userPreferredMethodForSecondaryAuthentication":%q}`, value))
		assert.Equal(t, value, c.ok(url).body["userPreferredMethodForSecondaryAuthentication"])
		list := "phoneMethods/"
		if id == "app" {
			list = "microsoftAuthenticatorMethods/"
		}
		c.refused(tenant, 400, http.MethodDelete, authenticationURL+"/"+list+id, "")
	}
	c.succeeds(http.MethodPatch, url, `{"isSystemPreferredAuthenticationMethodEnabled":true}`)
	assert.Equal(t, true, c.ok(url).body["isSystemPreferredAuthenticationMethodEnabled"])
	require.NoError(t, tenant.SetDefaultMethod("svc@contoso.com", ""))
	assert.Nil(t, c.ok(url).body["userPreferredMethodForSecondaryAuthentication"])
	assert.Equal(t, http.StatusForbidden, serve(t, tenant, "UserAuthenticationMethod.Read.All").do(http.MethodPatch, url, `{}`).StatusCode)
}

func TestTheMethodsPolicyIsWritten(t *testing.T) {
	at := newClock()
	tenant := &graphfake.Tenant{Clock: at.now, ReplicationDelay: time.Minute}
	c := serve(t, tenant, everything...)
	c.succeeds(http.MethodPatch, methodsPolicyURL, `{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":{"state":"enabled","snoozeDurationInDays":1}},"policyMigrationState":"migrationInProgress"}`)
	assert.Equal(t, "migrationComplete", c.ok(methodsPolicyURL).body["policyMigrationState"])
	at.advance(time.Minute)
	read := c.ok(methodsPolicyURL)
	assert.Equal(t, "migrationInProgress", read.body["policyMigrationState"])
	assert.Equal(t, "enabled", read.at("registrationEnforcement.authenticationMethodsRegistrationCampaign.state"))
	assert.Equal(t, "2026-11-01T10:00:00.0000000Z", read.body["lastModifiedDateTime"])
	for _, body := range []string{`{"policyMigrationState":"x"}`, `{"authenticationMethodConfigurations":[]}`, `{"registrationEnforcement":{"x":1}}`, `{"systemCredentialPreferences":{}}`, `[]`} {
		c.refused(tenant, 400, http.MethodPatch, methodsPolicyURL, body)
	}
	c.succeeds(http.MethodPatch, "/beta/policies/authenticationMethodsPolicy", `{"systemCredentialPreferences":{"state":"enabled"}}`)
	assert.Equal(t, http.StatusForbidden, serve(t, tenant, "Policy.Read.All").do(http.MethodPatch, methodsPolicyURL, `{}`).StatusCode)
}

func TestMethodConfigurations(t *testing.T) {
	tenant, account := enrolTenant(t)
	c := serve(t, tenant, managing...)
	for id, kind := range map[string]string{
		"microsoftAuthenticator": "microsoftAuthenticator", "sms": "sms", "fido2": "fido2", "temporaryAccessPass": "temporaryAccessPass",
		"softwareOath": "softwareOath", "voice": "voice", "email": "email", "x509Certificate": "x509Certificate",
	} {
		t.Run(id, func(t *testing.T) {
			one := configurationsURL + "/" + id
			kind := `"@odata.type":"#microsoft.graph.` + kind + `AuthenticationMethodConfiguration"`
			assert.Equal(t, "enabled", c.ok(one).body["state"])
			c.succeeds(http.MethodPatch, one, `{`+kind+`,"state":"disabled","includeTargets":[{"targetType":"group","id":"g","isRegistrationRequired":false}]}`)
			changed := c.ok(one)
			assert.Equal(t, "disabled", changed.body["state"])
			assert.Equal(t, "g", changed.body["includeTargets"].([]any)[0].(map[string]any)["id"])
			assert.Equal(t, []any{}, changed.body["excludeTargets"])
			for _, body := range []string{
				`{"state":"disabled"}`, `{` + kind + `,"state":"on"}`, `{` + kind + `,"includeTargets":[{"id":"g"}]}`, `{` + kind + `,"includeTargets":[1]}`,
				`{` + kind + `,"colour":1}`, `{` + kind + `,"includeTargets":[{"id":"g","targetType":"group","colour":1}]}`, `{` + kind + `,"id":"other"}`,
				`{"@odata.type":"#microsoft.graph.x","state":"disabled"}`, ``,
			} {
				c.refused(tenant, 400, http.MethodPatch, one, body)
			}
			c.succeeds(http.MethodDelete, one, "")
			assert.Equal(t, "enabled", c.ok(one).body["state"], "as a new tenant has it")
		})
	}
	c.refused(tenant, 404, http.MethodPatch, configurationsURL+"/x", `{}`)
	c.refused(tenant, 404, http.MethodDelete, configurationsURL+"/x", ``)
	assert.Len(t, c.ok(configurationsURL).values(), 9)
	const pass = `{"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",`
	for _, body := range []string{`"defaultLength":7}`, `"minimumLifetimeInMinutes":9}`, `"maximumLifetimeInMinutes":50}`, `"defaultLifetimeInMinutes":500}`} {
		c.refused(tenant, 400, http.MethodPatch, configurationsURL+"/TemporaryAccessPass", pass+body)
	}

	// The report reads what was written.
	require.NoError(t, tenant.SetPhone("svc@contoso.com", mfa.PhoneOffice, "+1 2065550111"))
	report := "/v1.0/reports/authenticationMethods/userRegistrationDetails/" + account
	assert.Equal(t, true, c.ok(report).body["isMfaCapable"])
	c.succeeds(http.MethodPatch, configurationsURL+"/voice", `{"@odata.type":"#microsoft.graph.voiceAuthenticationMethodConfiguration","state":"disabled"}`)
	assert.Equal(t, false, c.ok(report).body["isMfaCapable"])
	policy, err := tenant.MethodsPolicy(t.Context())
	require.NoError(t, err)
	for _, configuration := range policy.Configurations {
		if configuration.ID == "Voice" {
			assert.Equal(t, "disabled", configuration.State)
		}
	}
}

// TestAnArrangedPolicyOfPassesIsHeld: whatever its id is written like, and whatever it holds.
func TestAnArrangedPolicyOfPassesIsHeld(t *testing.T) {
	for _, length := range []string{"0", "-1", "1000", `"x"`} {
		tenant, _ := enrolTenant(t)
		var arranged mfa.MethodConfiguration
		require.NoError(t, arranged.UnmarshalJSON([]byte(`{"id":"temporaryaccesspass","defaultLength":`+length+`}`)))
		tenant.SetMethodPolicy(arranged)
		c := serve(t, tenant, managing...)
		made := c.do(http.MethodPost, authenticationURL+"/temporaryAccessPassMethods", `{}`)
		require.Equal(t, http.StatusCreated, made.StatusCode, "%s", made.text)
		assert.NotEmpty(t, made.body["temporaryAccessPass"])
	}
}
