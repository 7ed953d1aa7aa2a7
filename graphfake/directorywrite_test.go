package graphfake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// writer opens every route about the directory.
var writer = []string{
	"User.ReadWrite.All", "User-PasswordProfile.ReadWrite.All", "Group.ReadWrite.All", "Directory.Read.All", "GroupMember.ReadWrite.All",
	"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "Domain.Read.All", "Organization.Read.All",
}

const newUser = `{"accountEnabled":true,"displayName":"Adele Vance","mailNickname":"AdeleV","userPrincipalName":"AdeleV@contoso.com",
	"passwordProfile":{"forceChangePasswordNextSignIn":false,"password":"xWwvJ]6NMw+bWH-d"}}`

// contoso is a tenant with a verified domain and one that isn't verified.
func contoso(t *testing.T) *graphfake.Tenant {
	t.Helper()
	tenant := &graphfake.Tenant{Clock: newClock().now}
	for _, text := range []string{
		`{"id":"contoso.com","authenticationType":"Managed","isDefault":true,"isVerified":true,"isInitial":true}`,
		`{"id":"unverified.com","authenticationType":"Managed","isVerified":false}`,
	} {
		var domain mfa.Domain
		require.NoError(t, json.Unmarshal([]byte(text), &domain))
		tenant.AddDomain(domain)
	}
	return tenant
}

// gone asks three times for an object that was deleted.
func (c *client) gone(path string) {
	c.t.Helper()
	for range 3 {
		r := c.get(path)
		assert.Equal(c.t, http.StatusNotFound, r.StatusCode, path)
		assert.Equal(c.t, "Request_ResourceNotFound", r.code(), path)
	}
}

func ref(id string) string {
	return fmt.Sprintf(`{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/%s"}`, id)
}

// with returns a JSON object with members changed; nil takes one away.
func with(t *testing.T, text string, changes map[string]any) string {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &o))
	for name, value := range changes {
		if o[name] = value; value == nil {
			delete(o, name)
		}
	}
	changed, err := json.Marshal(o)
	require.NoError(t, err)
	return string(changed)
}

func TestCreateUser(t *testing.T) {
	tenant := contoso(t)
	c := serve(t, tenant, writer...)
	r := c.do(http.MethodPost, "/v1.0/users", newUser)
	require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.text)
	id, _ := r.body["id"].(string)
	assert.Regexp(t, guidV4, id)
	assert.Contains(t, r.body["@odata.context"], "/v1.0/$metadata#users/$entity")
	assert.Equal(t, "Adele Vance", r.body["displayName"])
	assert.NotContains(t, string(r.text), "xWwvJ")
	assert.NotContains(t, r.body, "passwordProfile", "no default member")

	whole := c.ok("/v1.0/users/AdeleV@contoso.com?$select=id,userType,createdDateTime,accountEnabled,identities,securityIdentifier,mail,passwordProfile").body
	assert.Equal(t, "Member", whole["userType"])
	assert.Equal(t, true, whole["accountEnabled"])
	assert.Equal(t, "2026-11-01T10:00:00Z", whole["createdDateTime"])
	assert.Nil(t, whole["mail"])
	assert.Regexp(t, `^S-1-12-1-\d+-\d+-\d+-\d+$`, whole["securityIdentifier"])
	identity, _ := whole["identities"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"signInType": "userPrincipalName", "issuer": "contoso.com", "issuerAssignedId": "AdeleV@contoso.com"}, identity)
	assert.Equal(t, id, c.ok("/v1.0/users(userPrincipalName='adelev@contoso.com')").body["id"])

	login := url.Values{"grant_type": {"password"}, "client_id": {mfa.AzureCLI}, "scope": {"https://graph.microsoft.com/.default"}, "username": {"adelev@contoso.com"}, "password": {"xWwvJ]6NMw+bWH-d"}}
	answer := signInWith(t, c, login)
	assert.Equal(t, http.StatusOK, answer.StatusCode, "%s", answer.text)
}

// signInWith posts a form to the token endpoint.
func signInWith(t *testing.T, c *client, form url.Values) reply {
	t.Helper()
	response, err := c.server.Client().PostForm(c.server.URL+"/organizations/oauth2/v2.0/token", form)
	if form.Get("grant_type") == "client_credentials" {
		response, err = c.server.Client().PostForm(c.server.URL+"/"+graphfake.DefaultTenantID+"/oauth2/v2.0/token", form)
	}
	require.NoError(t, err)
	defer response.Body.Close()
	r := reply{Response: response}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&r.body))
	r.text, _ = json.Marshal(r.body)
	return r
}

func TestRefusedUsers(t *testing.T) {
	tenant := contoso(t)
	tenant.AddUser(mfa.User{UserPrincipalName: "taken@contoso.com"})
	c := serve(t, tenant, writer...)
	before := string(tenant.Snapshot())
	profile := func(password string) map[string]any {
		return map[string]any{"passwordProfile": map[string]any{"password": password}}
	}
	for name, test := range map[string]struct {
		changes       map[string]any
		message, code string
	}{
		"no name":                {map[string]any{"displayName": nil}, "A value is required for property 'displayName' of resource 'User'.", ""},
		"no state":               {map[string]any{"accountEnabled": nil}, "A value is required for property 'accountEnabled' of resource 'User'.", ""},
		"no nickname":            {map[string]any{"mailNickname": nil}, "A value is required for property 'mailNickname' of resource 'User'.", ""},
		"no principal name":      {map[string]any{"userPrincipalName": nil}, "A value is required for property 'userPrincipalName' of resource 'User'.", ""},
		"no password":            {map[string]any{"passwordProfile": nil}, "A password must be specified to create a new user.", ""},
		"an empty profile":       {map[string]any{"passwordProfile": map[string]any{}}, "A password must be specified to create a new user.", ""},
		"a weak password":        {profile("password"), "The specified password does not comply with password complexity requirements. Please provide a different password.", ""},
		"a name that is taken":   {map[string]any{"userPrincipalName": "TAKEN@contoso.com"}, "Another object with the same value for property userPrincipalName already exists.", "ObjectConflict"},
		"a foreign domain":       {map[string]any{"userPrincipalName": "a@fabrikam.com"}, "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.", "InvalidValue"},
		"an unverified domain":   {map[string]any{"userPrincipalName": "a@unverified.com"}, "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.", "InvalidValue"},
		"a name without domain":  {map[string]any{"userPrincipalName": "adele"}, "Property userPrincipalName is invalid.", "InvalidValue"},
		"a name with a space":    {map[string]any{"userPrincipalName": "a b@contoso.com"}, "Property userPrincipalName is invalid.", "InvalidValue"},
		"a bad nickname":         {map[string]any{"mailNickname": "a b"}, "Invalid value specified for property 'mailNickname' of resource 'User'.", ""},
		"a long name":            {map[string]any{"displayName": strings.Repeat("x", 257)}, "Invalid value specified for property 'displayName' of resource 'User'.", ""},
		"a text for a flag":      {map[string]any{"accountEnabled": "true"}, "Invalid value specified for property 'accountEnabled' of resource 'User'.", ""},
		"a number for a text":    {map[string]any{"jobTitle": 7}, "Invalid value specified for property 'jobTitle' of resource 'User'.", ""},
		"an empty text":          {map[string]any{"jobTitle": ""}, "Invalid value specified for property 'jobTitle' of resource 'User'.", ""},
		"two business phones":    {map[string]any{"businessPhones": []string{"1", "2"}}, "Invalid value specified for property 'businessPhones' of resource 'User'.", ""},
		"an unknown type":        {map[string]any{"userType": "Robot"}, "Invalid value specified for property 'userType' of resource 'User'.", ""},
		"no country":             {map[string]any{"usageLocation": "Germany"}, "Invalid value specified for property 'usageLocation' of resource 'User'.", ""},
		"an unknown policy":      {map[string]any{"passwordPolicies": "Never"}, "Invalid value specified for property 'passwordPolicies' of resource 'User'.", ""},
		"an unknown member":      {map[string]any{"nonsense": 1}, "Property 'nonsense' does not exist as a declared property or extension property.", ""},
		"another case":           {map[string]any{"DisplayName": "x"}, "", ""},
		"a read-only member":     {map[string]any{"createdDateTime": "2026-01-01T00:00:00Z"}, "Property 'createdDateTime' is read-only and cannot be set.", ""},
		"a member on premises":   {map[string]any{"onPremisesSyncEnabled": true}, "Property 'onPremisesSyncEnabled' is read-only and cannot be set.", ""},
		"a phone of wrong shape": {map[string]any{"mobilePhone": 7}, "Invalid value specified for property 'mobilePhone' of resource 'User'.", ""},
	} {
		r := c.do(http.MethodPost, "/v1.0/users", with(t, newUser, test.changes))
		assert.Equal(t, http.StatusBadRequest, r.StatusCode, name)
		if test.message != "" {
			assert.Equal(t, test.message, r.error("message"), name)
			assert.Equal(t, "Request_BadRequest", r.code(), name)
		}
		failure, _ := r.body["error"].(map[string]any)
		details, _ := failure["details"].([]any)
		if test.code == "" {
			assert.Empty(t, details, name)
			continue
		}
		require.Len(t, details, 1, name)
		assert.Equal(t, map[string]any{"code": test.code, "message": test.message, "target": "userPrincipalName"}, details[0], name)
	}
	for _, body := range []string{``, `[]`, `null`, `{`, `{"displayName":"a","displayName":"b"}`, `"x"`} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/users", body).StatusCode, body)
	}
	assert.Equal(t, before, string(tenant.Snapshot()), "nothing was written")
	assert.Equal(t, http.StatusForbidden, serve(t, tenant, "User.Read.All").do(http.MethodPost, "/v1.0/users", newUser).StatusCode)
}

func TestPatchUserMembers(t *testing.T) {
	tenant := contoso(t)
	c := serve(t, tenant, writer...)
	id := c.post("/v1.0/users", newUser)
	tenant.AddUser(mfa.User{UserPrincipalName: "taken@contoso.com"})
	one := "/v1.0/users/" + id
	c.succeeds(http.MethodPatch, one, `{"accountEnabled":false,"jobTitle":"Manager","businessPhones":["+1 425 555 0109"],"usageLocation":"US","userPrincipalName":"Adele@contoso.com","mobilePhone":"+1 2065550100"}`)
	changed := c.ok("/v1.0/users/adele@contoso.com?$select=id,accountEnabled,jobTitle,businessPhones,usageLocation,mobilePhone,identities,displayName").body
	assert.Equal(t, id, changed["id"])
	assert.Equal(t, []any{false, "Manager", []any{"+1 425 555 0109"}, "US", "+1 2065550100", "Adele Vance"},
		[]any{changed["accountEnabled"], changed["jobTitle"], changed["businessPhones"], changed["usageLocation"], changed["mobilePhone"], changed["displayName"]})
	assert.Contains(t, fmt.Sprint(changed["identities"]), "issuerAssignedId:Adele@contoso.com")
	c.gone("/v1.0/users/AdeleV@contoso.com")
	c.succeeds(http.MethodPatch, one, `{"jobTitle":null}`)
	assert.Nil(t, c.ok(one).body["jobTitle"])

	before := string(tenant.Snapshot())
	for _, body := range []string{
		`{"userPrincipalName":"taken@contoso.com"}`, `{"userPrincipalName":"x@fabrikam.com"}`, `{"displayName":null}`, `{"displayName":""}`,
		`{"onPremisesSyncEnabled":true}`, `{"id":"x"}`, `{"jobTitle":"x","accountEnabled":null}`, `{"userType":"x"}`, `[]`,
	} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPatch, one, body).StatusCode, body)
	}
	assert.Equal(t, before, string(tenant.Snapshot()), "all or nothing")

	for permission, body := range map[string]string{
		"User.EnableDisableAccount.All": `{"accountEnabled":true}`, "User-Phone.ReadWrite.All": `{"businessPhones":[]}`,
		"User-Mail.ReadWrite.All": `{"otherMails":["a@b.com"]}`, "User-PasswordProfile.ReadWrite.All": `{"passwordProfile":{"forceChangePasswordNextSignIn":true}}`,
	} {
		narrow := serve(t, tenant, permission)
		narrow.succeeds(http.MethodPatch, one, body)
		r := narrow.do(http.MethodPatch, one, `{"displayName":"x"}`)
		assert.Equal(t, http.StatusForbidden, r.StatusCode, permission)
		assert.Equal(t, "Authorization_RequestDenied", r.code(), permission)
	}
}

func TestSynchronizedUserKeepsWhatComesFromElsewhere(t *testing.T) {
	tenant := contoso(t)
	id := tenant.AddUser(mfa.User{UserPrincipalName: "hybrid@contoso.com", DisplayName: "Hybrid", OnPremisesSyncEnabled: new(true)})
	c := serve(t, tenant, writer...)
	r := c.do(http.MethodPatch, "/v1.0/users/"+id, `{"displayName":"x"}`)
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Contains(t, r.error("message"), "on-premises mastered")
	c.succeeds(http.MethodPatch, "/v1.0/users/"+id, `{"usageLocation":"DE"}`)
}

func TestDeletedUserIsRestoredWithAllThatHungOnIt(t *testing.T) {
	at := newClock()
	tenant := contoso(t)
	tenant.Clock = at.now
	c := serve(t, tenant, writer...)
	id := c.post("/v1.0/users", newUser)
	group := tenant.AddGroup(policy.Group{DisplayName: "G", SecurityEnabled: new(true)})
	require.NoError(t, tenant.AddMember(group, id))
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: id, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	c.succeeds(http.MethodPost, "/v1.0/groups/"+group+"/owners/$ref", ref(id))
	before := string(tenant.Snapshot())

	c.succeeds(http.MethodDelete, "/v1.0/users/"+id, "")
	c.gone("/v1.0/users/" + id)
	c.gone("/v1.0/users/adelev@contoso.com")
	assert.Equal(t, http.StatusNotFound, c.do(http.MethodDelete, "/v1.0/users/"+id, "").StatusCode)
	assert.Empty(t, c.ok("/v1.0/groups/"+group+"/members").values())
	assert.Empty(t, c.ok("/v1.0/groups/"+group+"/owners").values())
	list := c.ok("/v1.0/directory/deletedItems/microsoft.graph.user?$select=id,userPrincipalName,deletedDateTime").values()
	require.Len(t, list, 1)
	assert.Equal(t, strings.ReplaceAll(id, "-", "")+"AdeleV@contoso.com", list[0]["userPrincipalName"])
	assert.Equal(t, "2026-11-01T10:00:00Z", list[0]["deletedDateTime"])
	assert.Empty(t, c.ok("/v1.0/directory/deletedItems/microsoft.graph.group").values())
	assert.Equal(t, "#microsoft.graph.user", c.ok("/v1.0/directory/deletedItems/" + id).body["@odata.type"])

	other := c.post("/v1.0/users", newUser)
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/directory/deletedItems/"+id+"/restore", "").StatusCode, "the name is taken")
	c.succeeds(http.MethodDelete, "/v1.0/users/"+other, "")
	c.succeeds(http.MethodDelete, "/v1.0/directory/deletedItems/"+other, "")
	c.gone("/v1.0/directory/deletedItems/" + other)

	restored := c.do(http.MethodPost, "/v1.0/directory/deletedItems/"+id+"/restore", "{}")
	require.Equal(t, http.StatusOK, restored.StatusCode, "%s", restored.text)
	assert.Equal(t, "AdeleV@contoso.com", restored.body["userPrincipalName"])
	assert.JSONEq(t, before, string(tenant.Snapshot()), "as it was")
	c.gone("/v1.0/directory/deletedItems/" + id)

	c.succeeds(http.MethodDelete, "/v1.0/users/"+id, "")
	at.advance(30 * 24 * time.Hour)
	c = serve(t, tenant, writer...) // another token: the old one is expired
	c.gone("/v1.0/directory/deletedItems/" + id)
	assert.Empty(t, c.ok("/v1.0/directory/deletedItems/microsoft.graph.user").values())
}

const newGroup = `{"displayName":"Team","mailEnabled":false,"mailNickname":"team","securityEnabled":true}`

func TestCreateGroups(t *testing.T) {
	tenant := contoso(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	c := serve(t, tenant, writer...)
	bind := fmt.Sprintf(`["https://graph.microsoft.com/v1.0/users/%s"]`, user)
	id := c.post("/v1.0/groups", `{"displayName":"Team","mailEnabled":false,"mailNickname":"team","securityEnabled":true,"members@odata.bind":`+bind+`,"owners@odata.bind":`+bind+`}`)
	group := c.ok("/v1.0/groups/" + id).body
	assert.Equal(t, []any{"Team", false, true, []any{}, nil, nil}, []any{group["displayName"], group["mailEnabled"], group["securityEnabled"], group["groupTypes"], group["visibility"], group["mail"]})
	assert.Equal(t, []string{user}, c.ok("/v1.0/groups/"+id+"/members").names("id"))
	assert.Equal(t, []string{user}, c.ok("/v1.0/groups/"+id+"/owners").names("id"))
	assert.Equal(t, []string{id}, c.ok("/v1.0/users/"+user+"/ownedObjects").names("id"))

	unified := c.do(http.MethodPost, "/beta/groups", with(t, newGroup, map[string]any{"mailEnabled": true, "securityEnabled": false, "groupTypes": []string{"Unified"}}))
	require.Equal(t, http.StatusCreated, unified.StatusCode, "%s", unified.text)
	assert.Equal(t, []any{"team@contoso.com", []any{"SMTP:team@contoso.com"}, "Public"}, []any{unified.body["mail"], unified.body["proxyAddresses"], unified.body["visibility"]})

	before := string(tenant.Snapshot())
	many := make([]string, 21)
	for i := range many {
		many[i] = "https://graph.microsoft.com/v1.0/users/" + user
	}
	for name, changes := range map[string]map[string]any{
		"no name": {"displayName": nil}, "no nickname": {"mailNickname": nil}, "no mail": {"mailEnabled": nil}, "no security": {"securityEnabled": nil},
		"mail alone": {"mailEnabled": true}, "neither": {"securityEnabled": false}, "unknown kind": {"groupTypes": []string{"X"}},
		"unified without mail": {"groupTypes": []string{"Unified"}}, "nickname that is taken": {"mailEnabled": true, "groupTypes": []string{"Unified"}},
		"bad nickname": {"mailNickname": "a@b"}, "dynamic without rule": {"groupTypes": []string{"DynamicMembership"}}, "rule alone": {"membershipRule": "user.city -eq \"x\""},
		"unknown visibility": {"visibility": "Open"}, "unknown member": {"nonsense": 1}, "read-only member": {"id": "x"}, "mail": {"mail": "x@contoso.com"},
		"nobody": {"members@odata.bind": []string{"https://graph.microsoft.com/v1.0/users/none"}}, "no address": {"members@odata.bind": []string{"x"}}, "too many": {"members@odata.bind": many},
		"no list": {"owners@odata.bind": "x"}, "a group as owner": {"owners@odata.bind": []string{"https://graph.microsoft.com/v1.0/groups/" + id}},
		"dynamic and for roles": {"isAssignableToRole": true, "groupTypes": []string{"DynamicMembership"}, "membershipRule": "x"},
		"for roles and public":  {"isAssignableToRole": true, "visibility": "Public"},
		"for roles in a group":  {"isAssignableToRole": true, "members@odata.bind": []string{"https://graph.microsoft.com/v1.0/groups/" + id}},
	} {
		r := c.do(http.MethodPost, "/v1.0/groups", with(t, newGroup, changes))
		assert.Contains(t, []int{http.StatusBadRequest, http.StatusNotFound}, r.StatusCode, "%s: %s", name, r.text)
		assert.NotEmpty(t, r.error("message"), name)
	}
	assert.Equal(t, before, string(tenant.Snapshot()))
	plain := serve(t, tenant, "Group.ReadWrite.All")
	assert.Equal(t, http.StatusForbidden, plain.do(http.MethodPost, "/v1.0/groups", with(t, newGroup, map[string]any{"isAssignableToRole": true})).StatusCode)
	roles := c.post("/v1.0/groups", with(t, newGroup, map[string]any{"isAssignableToRole": true}))
	assert.Equal(t, "Private", c.ok("/v1.0/groups/" + roles).body["visibility"])
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPatch, "/v1.0/groups/"+roles, `{"isAssignableToRole":false}`).StatusCode, "immutable")
	assert.Equal(t, http.StatusForbidden, plain.do(http.MethodDelete, "/v1.0/groups/"+roles, "").StatusCode)
}

func TestPatchAndDeleteGroups(t *testing.T) {
	tenant := contoso(t)
	a, b := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"}), tenant.AddUser(mfa.User{UserPrincipalName: "b@contoso.com"})
	c := serve(t, tenant, writer...)
	id := c.post("/v1.0/groups", newGroup)
	one := "/v1.0/groups/" + id
	address := "https://graph.microsoft.com/v1.0/directoryObjects/"
	c.succeeds(http.MethodPatch, one, `{"description":"x","members@odata.bind":["`+address+a+`","`+address+b+`"]}`)
	assert.Equal(t, "x", c.ok(one).body["description"])
	assert.ElementsMatch(t, []string{a, b}, c.ok(one+"/members").names("id"))
	before := string(tenant.Snapshot())
	for _, body := range []string{
		`{"members@odata.bind":["` + address + a + `"]}`, `{"description":"y","members@odata.bind":["` + address + `none"]}`, `{"displayName":null}`, `{"groupTypes":["Unified"]}`, `{"mailEnabled":true}`,
		`{"owners@odata.bind":["` + address + a + `"]}`, `{"nonsense":1}`, `[]`,
	} {
		assert.Contains(t, []int{400, 404}, c.do(http.MethodPatch, one, body).StatusCode, body)
	}
	assert.Equal(t, before, string(tenant.Snapshot()), "all or nothing")
	narrow := serve(t, tenant, "GroupMember.ReadWrite.All", "GroupMember.Read.All")
	assert.Equal(t, http.StatusForbidden, narrow.do(http.MethodPatch, one, `{"description":"z"}`).StatusCode)

	c.succeeds(http.MethodPost, one+"/owners/$ref", ref(a))
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, one+"/owners/$ref", ref(a)).StatusCode, "an owner already")
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodDelete, one+"/owners/"+a+"/$ref", "").StatusCode, "the last owner stays")
	c.succeeds(http.MethodPost, one+"/owners/$ref", ref(b))
	c.succeeds(http.MethodDelete, one+"/owners/"+a+"/$ref", "")
	assert.Equal(t, http.StatusNotFound, c.do(http.MethodDelete, one+"/owners/"+a+"/$ref", "").StatusCode)

	state := string(tenant.Snapshot())
	c.succeeds(http.MethodDelete, one, "")
	c.gone(one)
	c.gone(one + "/members")
	assert.Equal(t, []string{id}, c.ok("/v1.0/directory/deletedItems/microsoft.graph.group").names("id"))
	assert.Equal(t, http.StatusOK, c.do(http.MethodPost, "/v1.0/directory/deletedItems/"+id+"/restore", "").StatusCode)
	assert.JSONEq(t, state, string(tenant.Snapshot()))

	list := tenant.AddGroup(policy.Group{DisplayName: "List", MailEnabled: new(true)})
	synced := tenant.AddGroup(policy.Group{DisplayName: "Synced", SecurityEnabled: new(true), OnPremisesSyncEnabled: new(true)})
	for _, kept := range []string{list, synced} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodDelete, "/v1.0/groups/"+kept, "").StatusCode)
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPatch, "/v1.0/groups/"+kept, `{"description":"x"}`).StatusCode)
	}
}

func TestMembershipQuestions(t *testing.T) {
	tenant := contoso(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	inner := tenant.AddGroup(policy.Group{DisplayName: "Inner", SecurityEnabled: new(true)})
	outer := tenant.AddGroup(policy.Group{DisplayName: "Outer", SecurityEnabled: new(false)})
	other := tenant.AddGroup(policy.Group{DisplayName: "Other", SecurityEnabled: new(true)})
	require.NoError(t, tenant.AddMember(inner, user))
	require.NoError(t, tenant.AddMember(outer, inner))
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	c := serve(t, tenant, writer...)
	role := c.ok("/v1.0/directoryRoles(roleTemplateId='" + policy.GlobalAdministrator + "')").body["id"].(string)
	ids := func(path, body string) []any {
		r := c.do(http.MethodPost, path, body)
		require.Equal(t, http.StatusOK, r.StatusCode, "%s: %s", path, r.text)
		assert.Contains(t, r.body["@odata.context"], "$metadata#Collection(Edm.String)")
		list, _ := r.body["value"].([]any)
		return list
	}
	for _, base := range []string{"/v1.0/users/" + user, "/v1.0/users/a@contoso.com", "/v1.0/directoryObjects/" + user} {
		assert.ElementsMatch(t, []any{inner, outer}, ids(base+"/getMemberGroups", `{"securityEnabledOnly":false}`))
		assert.ElementsMatch(t, []any{inner}, ids(base+"/getMemberGroups", `{"securityEnabledOnly":true}`))
		assert.ElementsMatch(t, []any{inner, outer, role}, ids(base+"/getMemberObjects", `{"securityEnabledOnly":false}`))
		assert.Equal(t, []any{outer}, ids(base+"/checkMemberGroups", `{"groupIds":["`+outer+`","`+other+`"]}`))
		assert.Equal(t, []any{role}, ids(base+"/microsoft.graph.checkMemberObjects", `{"ids":["`+role+`","`+other+`"]}`))
	}
	assert.Equal(t, []any{outer}, ids("/v1.0/groups/"+inner+"/getMemberGroups", `{"securityEnabledOnly":false}`))
	tooMany, _ := json.Marshal(map[string]any{"groupIds": slices.Repeat([]string{other}, 21)})
	for _, body := range []string{``, `{}`, `{"groupIds":"x"}`, `{"groupIds":null}`, `{"groupIds":[],"more":1}`, string(tooMany)} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/users/"+user+"/checkMemberGroups", body).StatusCode, body)
	}
	assert.Equal(t, http.StatusNotFound, c.do(http.MethodPost, "/v1.0/users/none/checkMemberGroups", `{"groupIds":[]}`).StatusCode)
	advanced := c.with("ConsistencyLevel", "eventual")
	assert.Equal(t, []string{role}, advanced.ok("/v1.0/users/"+user+"/transitiveMemberOf/microsoft.graph.directoryRole?$count=true").names("id"))
	assert.Equal(t, []string{outer}, c.ok("/v1.0/groups/"+inner+"/memberOf").names("id"))
}

func TestDirectoryRoles(t *testing.T) {
	tenant := contoso(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	plain := tenant.AddGroup(policy.Group{DisplayName: "G", SecurityEnabled: new(true)})
	c := serve(t, tenant, writer...)
	assert.Equal(t, []string{policy.GlobalAdministrator}, c.ok("/v1.0/directoryRoles").names("roleTemplateId"))
	assert.Len(t, c.ok("/v1.0/directoryRoleTemplates").values(), 100, "a page")
	const reader = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	assert.Equal(t, "Directory Readers", c.ok("/v1.0/directoryRoleTemplates/" + reader).body["displayName"])
	c.gone("/v1.0/directoryRoles(roleTemplateId='" + reader + "')")
	id := c.post("/v1.0/directoryRoles", `{"roleTemplateId":"`+reader+`"}`)
	assert.NotEqual(t, reader, id)
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/directoryRoles", `{"roleTemplateId":"`+reader+`"}`).StatusCode, "active already")
	assert.Equal(t, http.StatusNotFound, c.do(http.MethodPost, "/v1.0/directoryRoles", `{"roleTemplateId":"x"}`).StatusCode)
	members := "/v1.0/directoryRoles/" + id + "/members"
	c.succeeds(http.MethodPost, members+"/$ref", ref(user))
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, members+"/$ref", ref(user)).StatusCode, "a member already")
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, members+"/$ref", ref(plain)).StatusCode, "not assignable")
	assert.Equal(t, http.StatusNotFound, c.do(http.MethodPost, members+"/$ref", ref("none")).StatusCode)
	assert.Equal(t, []string{user}, c.ok(members).names("id"))
	assert.Equal(t, []string{reader}, c.ok("/v1.0/roleManagement/directory/roleAssignments").names("roleDefinitionId"), "it is a role assignment")
	c.succeeds(http.MethodDelete, members+"/"+user+"/$ref", "")
	assert.Equal(t, http.StatusNotFound, c.do(http.MethodDelete, members+"/"+user+"/$ref", "").StatusCode)
	assert.Empty(t, c.ok("/v1.0/roleManagement/directory/roleAssignments").values())
	assert.Len(t, c.ok("/v1.0/directoryRoles").values(), 2, "it stays active")
	assert.Equal(t, http.StatusForbidden, serve(t, tenant, "Directory.Read.All").do(http.MethodPost, members+"/$ref", ref(user)).StatusCode)
}

func TestObjectsOfAnyType(t *testing.T) {
	tenant := contoso(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"})
	group := tenant.AddGroup(policy.Group{DisplayName: "G", SecurityEnabled: new(true)})
	app := tenant.AddApplication(graphfake.Application{})
	c := serve(t, tenant, writer...)
	for id, kind := range map[string]string{user: "user", group: "group", app: "servicePrincipal"} {
		assert.Equal(t, "#microsoft.graph."+kind, c.ok("/v1.0/directoryObjects/" + id).body["@odata.type"])
	}
	body := fmt.Sprintf(`{"ids":["%s","%s","%s","none"],"types":["servicePrincipal","group"]}`, user, group, app)
	assert.Equal(t, []string{group, app}, c.do(http.MethodPost, "/v1.0/directoryObjects/getByIds", body).names("id"))
	c.gone("/v1.0/directoryObjects/none")
	narrow := serve(t, tenant, "GroupMember.Read.All", "Group.ReadWrite.All")
	assert.Equal(t, http.StatusForbidden, narrow.get("/v1.0/directoryObjects/"+user).StatusCode, "a group alone")
	assert.Equal(t, http.StatusForbidden, narrow.do(http.MethodDelete, "/v1.0/directoryObjects/"+user, "").StatusCode)
	for id, path := range map[string]string{user: "/v1.0/users/", group: "/v1.0/groups/", app: "/v1.0/servicePrincipals/"} {
		c.succeeds(http.MethodDelete, "/v1.0/directoryObjects/"+id, "")
		c.gone("/v1.0/directoryObjects/" + id)
		c.gone(path + id)
	}
}

func TestMeIsTheAccountOfTheToken(t *testing.T) {
	tenant := contoso(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com", DisplayName: "A"})
	group := tenant.AddGroup(policy.Group{DisplayName: "G", SecurityEnabled: new(true)})
	require.NoError(t, tenant.AddMember(group, user))
	r := serve(t, tenant, writer...).get("/v1.0/me")
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Equal(t, "BadRequest", r.code())
	assert.Equal(t, "/me request is only valid with delegated authentication flow.", r.error("message"))

	tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: user, Name: "a@contoso.com"}
	c := serve(t, tenant, append(writer, "UserAuthenticationMethod.Read.All")...)
	assert.Equal(t, user, c.ok("/v1.0/me").body["id"])
	assert.Equal(t, user, c.ok("/v1.0/Me?$select=id").body["id"])
	assert.Equal(t, []string{group}, c.ok("/v1.0/me/memberOf").names("id"))
	assert.Len(t, c.ok("/v1.0/me/authentication/methods").values(), 1)
	groups := c.do(http.MethodPost, "/v1.0/me/checkMemberGroups", `{"groupIds":["`+group+`"]}`)
	assert.Equal(t, []any{group}, groups.body["value"])
	c.succeeds(http.MethodPatch, "/v1.0/me", `{"jobTitle":"x"}`)
	assert.Equal(t, "x", c.ok("/v1.0/me").body["jobTitle"])
	assert.Equal(t, http.StatusBadRequest, c.get("/v1.0/me/nothing").StatusCode)
}

func TestApplicationsSignInAsTheyWereRegistered(t *testing.T) {
	at := newClock()
	tenant := contoso(t)
	tenant.Clock = at.now
	c := serve(t, tenant, writer...)
	r := c.do(http.MethodPost, "/v1.0/applications", `{"displayName":"Robot","requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"df021288-bdef-4463-88db-98f22de89214","type":"Role"}]}]}`)
	require.Equal(t, http.StatusCreated, r.StatusCode, "%s", r.text)
	app, appID := r.body["id"].(string), r.body["appId"].(string)
	assert.Equal(t, []any{"AzureADMyOrg", "contoso.com", []any{}}, []any{r.body["signInAudience"], r.body["publisherDomain"], r.body["passwordCredentials"]})
	added := c.do(http.MethodPost, "/v1.0/applications/"+app+"/addPassword", `{"passwordCredential":{"displayName":"ci","endDateTime":"2026-11-02T10:00:00Z"}}`)
	require.Equal(t, http.StatusOK, added.StatusCode, "%s", added.text)
	secret, _ := added.body["secretText"].(string)
	require.Len(t, secret, 40)
	shown := c.ok("/v1.0/applications(appId='" + appID + "')")
	assert.NotContains(t, string(shown.text), secret, "it is shown once")
	assert.Contains(t, string(shown.text), `"hint":"`+secret[:3]+`"`)
	assert.NotContains(t, string(tenant.Snapshot()), secret)

	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {appID}, "client_secret": {secret}, "scope": {"https://graph.microsoft.com/.default"}}
	assert.Equal(t, http.StatusBadRequest, signInWith(t, c, form).StatusCode, "no service principal yet")
	principal := c.post("/v1.0/servicePrincipals", `{"appId":"`+appID+`"}`)
	again := c.do(http.MethodPost, "/v1.0/servicePrincipals", `{"appId":"`+appID+`"}`)
	assert.Equal(t, http.StatusConflict, again.StatusCode)
	assert.Equal(t, "Request_MultipleObjectsWithSameKeyValue", again.code())
	unknown := c.do(http.MethodPost, "/v1.0/servicePrincipals", `{"appId":"99999999-9999-4999-8999-999999999999"}`)
	assert.Contains(t, string(unknown.text), `"code":"NoBackingApplicationObject"`)

	token := func() *client {
		answer := signInWith(t, c, form)
		require.Equal(t, http.StatusOK, answer.StatusCode, "%s", answer.text)
		own := *c
		own.token, _ = answer.body["access_token"].(string)
		return &own
	}
	assert.Equal(t, http.StatusForbidden, token().get("/v1.0/users").StatusCode, "no role yet")
	graph := c.ok("/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')").body
	role := ""
	for _, r := range graph["appRoles"].([]any) {
		if r := r.(map[string]any); r["value"] == "User.Read.All" {
			role, _ = r["id"].(string)
		}
	}
	require.Equal(t, "df021288-bdef-4463-88db-98f22de89214", role)
	grants := "/v1.0/servicePrincipals/" + principal + "/appRoleAssignments"
	body := fmt.Sprintf(`{"principalId":"%s","resourceId":"%s","appRoleId":"%s"}`, principal, graph["id"], role)
	grant := c.post(grants, body)
	assert.Equal(t, "Permission being assigned already exists on the object", c.do(http.MethodPost, grants, body).error("message"))
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, grants, strings.ReplaceAll(body, role, "99999999-9999-4999-8999-999999999999")).StatusCode)
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, grants, `{}`).StatusCode)
	assert.Equal(t, []string{"Microsoft Graph"}, c.ok(grants).names("resourceDisplayName"))
	assert.Equal(t, http.StatusOK, token().get("/v1.0/users").StatusCode, "the token has the role")
	c.succeeds(http.MethodDelete, grants+"/"+grant, "")
	assert.Equal(t, http.StatusForbidden, token().get("/v1.0/users").StatusCode)

	at.advance(24 * time.Hour)
	assert.Equal(t, http.StatusUnauthorized, signInWith(t, c, form).StatusCode, "the secret is expired")
	c = serve(t, tenant, writer...)
	key, _ := added.body["keyId"].(string)
	c.succeeds(http.MethodPost, "/v1.0/applications/"+app+"/removePassword", `{"keyId":"`+key+`"}`)
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/applications/"+app+"/removePassword", `{"keyId":"`+key+`"}`).StatusCode)

	c.succeeds(http.MethodPatch, "/v1.0/applications/"+app, `{"displayName":"Robot 2"}`)
	assert.Equal(t, "Robot 2", c.ok("/v1.0/servicePrincipals/" + principal).body["displayName"])
	state := string(tenant.Snapshot())
	c.succeeds(http.MethodDelete, "/v1.0/applications/"+app, "")
	c.gone("/v1.0/applications/" + app)
	c.gone("/v1.0/servicePrincipals/" + principal)
	assert.Equal(t, http.StatusBadRequest, signInWith(t, c, form).StatusCode)
	assert.Equal(t, http.StatusOK, c.do(http.MethodPost, "/v1.0/directory/deletedItems/"+app+"/restore", "").StatusCode)
	assert.Equal(t, principal, c.ok("/v1.0/servicePrincipals(appId='" + appID + "')").body["id"], "it comes back with its application")
	assert.JSONEq(t, state, string(tenant.Snapshot()))
}

func TestArrangedApplicationIsOneOfTheDirectory(t *testing.T) {
	tenant := contoso(t)
	id := tenant.AddApplication(graphfake.Application{Secret: "s3cret-value", Permissions: []string{"User.Read.All", "Own.Permission"}})
	c := serve(t, tenant, writer...)
	assert.Equal(t, []string{id}, c.ok("/v1.0/applications").names("appId"))
	principal := c.ok("/v1.0/servicePrincipals(appId='" + id + "')").body
	assert.Equal(t, "Application", principal["servicePrincipalType"])
	grants := c.ok("/v1.0/servicePrincipals/" + principal["id"].(string) + "/appRoleAssignments")
	require.Len(t, grants.values(), 2)
	assert.NotContains(t, string(grants.text)+string(tenant.Snapshot()), "s3cret-value")
	for i := range grants.values() {
		c.succeeds(http.MethodDelete, "/v1.0/servicePrincipals/"+principal["id"].(string)+"/appRoleAssignments/"+grants.names("id")[i], "")
	}
	answer := signInWith(t, c, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {"s3cret-value"}, "scope": {"https://graph.microsoft.com/.default"}})
	require.Equal(t, http.StatusOK, answer.StatusCode)
	c.token, _ = answer.body["access_token"].(string)
	assert.Equal(t, http.StatusForbidden, c.get("/v1.0/users").StatusCode, "the roles were taken away")
}

func TestRefusedApplications(t *testing.T) {
	tenant := contoso(t)
	c := serve(t, tenant, writer...)
	app := c.post("/v1.0/applications", `{"displayName":"A","identifierUris":["api://a"]}`)
	before := string(tenant.Snapshot())
	for _, body := range []string{
		`{}`, `{"displayName":""}`, `{"displayName":"B","signInAudience":"All"}`, `{"displayName":"B","identifierUris":["api://a"]}`, `{"displayName":"B","appId":"x"}`,
		`{"displayName":"B","nonsense":1}`, `{"displayName":"B","requiredResourceAccess":[{"resourceAppId":"x"}]}`, `{"displayName":"B","appRoles":[{"id":"x"}]}`,
		`{"displayName":"B","keyCredentials":[{"key":"AAAA","type":"AsymmetricX509Cert","usage":"Verify"}]}`, `{"displayName":"B","passwordCredentials":[{"secretText":"own"}]}`, `[]`,
	} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/applications", body).StatusCode, body)
	}
	for _, body := range []string{`{"displayName":null}`, `{"appId":"x"}`, `{"web":7}`, `{"passwordCredentials":[]}`} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPatch, "/v1.0/applications/"+app, body).StatusCode, body)
	}
	for _, body := range []string{`{"passwordCredential":7}`, `{"more":1}`, `{"passwordCredential":{"endDateTime":"x"}}`, `{"passwordCredential":{"endDateTime":"2020-01-01T00:00:00Z"}}`} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/applications/"+app+"/addPassword", body).StatusCode, body)
	}
	assert.Equal(t, before, string(tenant.Snapshot()))
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodDelete, "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')", "").StatusCode)
	owned := serve(t, tenant, "Application.ReadWrite.OwnedBy")
	assert.Equal(t, http.StatusForbidden, owned.do(http.MethodPatch, "/v1.0/applications/"+app, `{"displayName":"X"}`).StatusCode, "another's")
}

func TestDirectoryWritesArriveLater(t *testing.T) {
	at := newClock()
	tenant := contoso(t)
	tenant.Clock, tenant.ReplicationDelay = at.now, time.Minute
	user := tenant.AddUser(mfa.User{UserPrincipalName: "old@contoso.com", DisplayName: "Old"})
	group := tenant.AddGroup(policy.Group{DisplayName: "G", SecurityEnabled: new(true)})
	require.NoError(t, tenant.AddMember(group, user))
	c := serve(t, tenant, writer...)
	arrives := func() { at.advance(time.Minute) }

	id := c.post("/v1.0/users", newUser)
	c.gone("/v1.0/users/" + id)
	arrives()
	c.ok("/v1.0/users/" + id)
	c.succeeds(http.MethodPatch, "/v1.0/users/"+id, `{"userPrincipalName":"new@contoso.com"}`)
	c.ok("/v1.0/users/adelev@contoso.com")
	c.gone("/v1.0/users/new@contoso.com")
	arrives()
	c.gone("/v1.0/users/adelev@contoso.com")
	c.ok("/v1.0/users/new@contoso.com")

	c.succeeds(http.MethodDelete, "/v1.0/users/"+user, "")
	c.ok("/v1.0/users/old@contoso.com")
	assert.Equal(t, []string{user}, c.ok("/v1.0/groups/"+group+"/members").names("id"))
	assert.Empty(t, c.ok("/v1.0/directory/deletedItems/microsoft.graph.user").values())
	arrives()
	c.gone("/v1.0/users/" + user)
	assert.Empty(t, c.ok("/v1.0/groups/"+group+"/members").values())
	assert.Equal(t, http.StatusOK, c.do(http.MethodPost, "/v1.0/directory/deletedItems/"+user+"/restore", "").StatusCode)
	c.gone("/v1.0/users/" + user)
	assert.Empty(t, c.ok("/v1.0/groups/"+group+"/members").values())
	arrives()
	c.ok("/v1.0/users/" + user)
	assert.Equal(t, []string{user}, c.ok("/v1.0/groups/"+group+"/members").names("id"))

	team := c.post("/v1.0/groups", newGroup)
	app := c.post("/v1.0/applications", `{"displayName":"A"}`)
	c.gone("/v1.0/groups/" + team)
	c.gone("/v1.0/applications/" + app)
	arrives()
	c.ok("/v1.0/groups/" + team)
	c.ok("/v1.0/applications/" + app)
}

func TestManager(t *testing.T) {
	tenant := contoso(t)
	a, b := tenant.AddUser(mfa.User{UserPrincipalName: "a@contoso.com"}), tenant.AddUser(mfa.User{UserPrincipalName: "b@contoso.com"})
	c := serve(t, tenant, writer...)
	c.gone("/v1.0/users/" + a + "/manager")
	c.succeeds(http.MethodPut, "/v1.0/users/"+a+"/manager/$ref", ref(b))
	assert.Equal(t, b, c.ok("/v1.0/users/" + a + "/manager").body["id"])
	assert.Equal(t, []string{a}, c.ok("/v1.0/users/"+b+"/directReports").names("id"))
	c.succeeds(http.MethodDelete, "/v1.0/users/"+a+"/manager/$ref", "")
	c.gone("/v1.0/users/" + a + "/manager")
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPut, "/v1.0/users/"+a+"/manager/$ref", `{}`).StatusCode)
}

func TestTenantItself(t *testing.T) {
	tenant := contoso(t)
	sku := securitydefaults.SubscribedSKU{ID: graphfake.DefaultTenantID + "_6fd2c87f-b296-42f0-b197-1e91e994b900", SKUID: "6fd2c87f-b296-42f0-b197-1e91e994b900", SKUPartNumber: "ENTERPRISEPACK"}
	other := securitydefaults.SubscribedSKU{SKUID: "078d2b04-f1bd-4111-bbd4-b4b1b354cef4", SKUPartNumber: "AAD_PREMIUM"}
	tenant.AddSubscribedSKU(sku)
	id := tenant.AddSubscribedSKU(other)
	c := serve(t, tenant, writer...)
	assert.Equal(t, graphfake.DefaultTenantID, c.ok("/v1.0/organization/" + graphfake.DefaultTenantID).body["id"])
	c.gone("/v1.0/organization/none")
	assert.Equal(t, "ENTERPRISEPACK", c.ok("/v1.0/subscribedSkus/" + sku.ID).body["skuPartNumber"])
	assert.Equal(t, "AAD_PREMIUM", c.ok("/v1.0/subscribedSkus/" + id).body["skuPartNumber"])
	assert.Equal(t, "AAD_PREMIUM", c.ok("/v1.0/subscribedSkus/" + graphfake.DefaultTenantID + "_" + other.SKUID).body["skuPartNumber"])
	c.gone("/v1.0/subscribedSkus/none")
	domain := c.ok("/v1.0/domains/contoso.com").body
	assert.Equal(t, []any{true, true, true}, []any{domain["isDefault"], domain["isVerified"], domain["isInitial"]})
}
