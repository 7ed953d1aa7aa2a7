package graphfake_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// wholePolicy is the example of the resource's reference page, by our own values.
const wholePolicy = `{
  "id": "11111111-1111-4111-8111-111111111111", "templateId": null, "displayName": "Require MFA for admins",
  "createdDateTime": "2026-01-10T08:00:00.0000000Z", "modifiedDateTime": null, "deletedDateTime": null, "state": "enabled",
  "conditions": {
    "userRiskLevels": [], "signInRiskLevels": [], "servicePrincipalRiskLevels": [], "clientAppTypes": ["all"],
    "insiderRiskLevels": null, "platforms": null, "locations": null, "devices": null, "clientApplications": null, "authenticationFlows": null,
    "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [],
      "includeAuthenticationContextClassReferences": [], "applicationFilter": null},
    "users": {"includeUsers": [], "excludeUsers": ["22222222-2222-4222-8222-222222222222"], "includeGroups": [], "excludeGroups": [],
      "includeRoles": ["62e90394-69f5-4237-9190-012177145e10"], "excludeRoles": [],
      "includeGuestsOrExternalUsers": null, "excludeGuestsOrExternalUsers": null}
  },
  "grantControls": {"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": [], "termsOfUse": [],
    "authenticationStrength@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies('11111111-1111-4111-8111-111111111111')/grantControls/authenticationStrength/$entity",
    "authenticationStrength": null},
  "sessionControls": null
}`

func TestPolicyHasTheFullShape(t *testing.T) {
	var tenant graphfake.Tenant
	_, err := tenant.AddPolicy(policy.Policy{
		ID: "11111111-1111-4111-8111-111111111111", DisplayName: "Require MFA for admins", State: policy.StateEnabled,
		CreatedDateTime: new("2026-01-10T08:00:00.0000000Z"),
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
			Users:          &policy.Users{ExcludeUsers: []string{"22222222-2222-4222-8222-222222222222"}, IncludeRoles: []string{policy.GlobalAdministrator}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies/11111111-1111-4111-8111-111111111111", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+tenant.Token("Policy.Read.All"))
	response, err := tenant.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, "200 OK", response.Status)
	var got, want map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&got))
	require.NoError(t, json.Unmarshal([]byte(wholePolicy), &want))
	assert.Equal(t, "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies/$entity", got["@odata.context"])
	delete(got, "@odata.context")
	assert.Equal(t, want, got)
}

// policies is a tenant with a policy that v1.0 shows and one that it hides.
func policies(t *testing.T) (tenant *graphfake.Tenant, shown, hidden string) {
	tenant = &graphfake.Tenant{}
	shown, err := tenant.AddPolicy(policy.Policy{
		DisplayName:   "Shown",
		Conditions:    &policy.Conditions{Platforms: &policy.Platforms{IncludePlatforms: []string{"linux"}}},
		GrantControls: &policy.GrantControls{BuiltInControls: []string{"mfa", "riskRemediation"}},
	})
	require.NoError(t, err)
	hidden, err = tenant.AddPolicy(policy.Policy{
		DisplayName: "Hidden", SessionControls: &policy.SessionControls{ContinuousAccessEvaluation: []byte(`{"mode":"disabled"}`)},
	})
	require.NoError(t, err)
	return tenant, shown, hidden
}

func TestV1HidesWhatOnlyBetaKnows(t *testing.T) {
	tenant, shown, hidden := policies(t)
	c := serve(t, tenant, "Policy.Read.All")
	const list = "/identity/conditionalAccess/policies"
	assert.Equal(t, []string{shown}, c.ok("/v1.0"+list).names("id"))
	assert.Equal(t, []string{shown, hidden}, c.ok("/beta"+list).names("id"))
	r := c.get("/v1.0" + list + "/" + hidden)
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.True(t, strings.HasPrefix(r.error("message"), "1038: "), r.error("message"))
	assert.Equal(t, "Hidden", c.ok("/beta" + list + "/" + hidden).body["displayName"])
	assert.NotContains(t, c.ok("/v1.0"+list+"/"+shown).body, "partialEnablementStrategy")
	assert.Contains(t, c.ok("/beta"+list+"/"+shown).body, "partialEnablementStrategy")
	assert.Equal(t, "ResourceNotFound", c.get("/beta"+list+"/none").code())
}

func TestUnknownFutureValue(t *testing.T) {
	tenant, shown, _ := policies(t)
	c := serve(t, tenant, "Policy.Read.All")
	controls := func(c *client) any {
		return c.ok("/v1.0/identity/conditionalAccess/policies/" + shown).body["grantControls"].(map[string]any)["builtInControls"]
	}
	assert.Equal(t, []any{"mfa", "unknownFutureValue"}, controls(c))
	asked := c.with("Prefer", "return=minimal, include-unknown-enum-members")
	assert.Equal(t, []any{"mfa", "riskRemediation"}, controls(asked))
	r := asked.ok("/v1.0/identity/conditionalAccess/policies")
	assert.Equal(t, "include-unknown-enum-members", r.Header.Get("Preference-Applied"))
}

func TestAliasesLetterCaseAndKeys(t *testing.T) {
	tenant, shown, _ := policies(t)
	user := tenant.AddUser(mfa.User{UserPrincipalName: "o'brien_x#EXT#@contoso.com"})
	c := serve(t, tenant, everything...)
	for _, path := range []string{
		"/v1.0/policies/conditionalAccessPolicies", "/V1.0/identity/conditionalaccess/Policies", "/beta/conditionalAccess/policies",
	} {
		assert.Contains(t, c.ok(path).names("id"), shown, path)
	}
	for _, path := range []string{
		"/v1.0/users/" + user, "/v1.0/users('" + user + "')", "/v1.0/Users/" + strings.ToUpper(user),
		"/v1.0/users/O%27Brien_x%23EXT%23%40contoso.com", "/v1.0/users('o''brien_x%23EXT%23@contoso.com')", "/v1.0/users/" + user + "/",
	} {
		assert.Equal(t, user, c.ok(path).body["id"], path)
	}
	assert.Contains(t, c.ok("/v1.0/policies/authenticationStrengthPolicies").names("displayName"), "Phishing-resistant MFA")
}

func TestNamedLocations(t *testing.T) {
	var tenant graphfake.Tenant
	ip := tenant.AddNamedLocation(policy.NamedLocation{DisplayName: "Office", IPRanges: []policy.IPRange{{CIDRAddress: "192.0.2.0/24"}}})
	tenant.AddNamedLocation(policy.NamedLocation{Type: policy.CountryNamedLocation, DisplayName: "Home", CountriesAndRegions: []string{"NL"}})
	c := serve(t, &tenant, "Policy.Read.All")
	const list = "/v1.0/identity/conditionalAccess/namedLocations"
	assert.Equal(t, []string{policy.IPNamedLocation, policy.CountryNamedLocation}, c.ok(list).names("@odata.type"))
	assert.Equal(t, []string{ip}, c.ok(list+"?$filter=displayName+eq+'Office'").names("id"))
	assert.Equal(t, "Office", c.ok(list + "/" + ip).body["displayName"])
	r := c.get(list + "/" + policy.LocationMFATrustedIPs)
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
	assert.Equal(t, "NamedLocation with id 00000000-0000-0000-0000-000000000000 does not exist in the directory", r.error("message"))
}

func TestUserFilters(t *testing.T) {
	var tenant graphfake.Tenant
	for _, name := range []string{"Service O'Brien", "Service B", "Other"} {
		tenant.AddUser(mfa.User{ID: name, UserPrincipalName: strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@contoso.com", DisplayName: name})
	}
	c := serve(t, &tenant, "User.Read.All")
	for filter, want := range map[string][]string{
		"startswith(displayName,'service%20o''')":                        {"Service O'Brien"},
		"startswith(displayName,+'Service')":                             {"Service O'Brien", "Service B"},
		"displayName+eq+'other'":                                         {"Other"},
		"userPrincipalName+eq+%27SERVICE.B%40contoso.com%27":             {"Service B"},
		"id%20eq%20'Other'":                                              {"Other"},
		"accountEnabled+eq+true+and+startswith(displayName,'Service+B')": {"Service B"},
		"displayName+eq+'Other'+or+displayName+eq+'Service+B'":           {"Service B", "Other"},
		"displayName+eq+null":                                            {},
	} {
		assert.Equal(t, want, c.ok("/v1.0/users?$filter="+filter).names("id"), filter)
	}
	for _, filter := range []string{
		"displayName", "displayName+eq", "displayName+ne+'x'", "displayName+eq+'x", "startswith(displayName)", "'a'+eq+'b'",
		"displayName+eq+'x'+xor+id+eq+'y'", "displayName+eq+'x'+and", "endswith(displayName,'x')", "aboutMe+eq+'x'", "",
	} {
		assert.Equal(t, "Request_UnsupportedQuery", c.get("/v1.0/users?$filter="+filter).code(), filter)
	}
}

func TestSelectAndDefaults(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.AddUser(mfa.User{ID: "u", UserPrincipalName: "svc@contoso.com"})
	c := serve(t, &tenant, "User.Read.All")
	all := c.ok("/v1.0/users/u").body
	assert.NotContains(t, all, "accountEnabled", "only who selects it gets it")
	assert.Equal(t, []any{}, all["businessPhones"])
	some := c.ok("/v1.0/users/u?$select=id,accountEnabled,onPremisesSyncEnabled").body
	delete(some, "@odata.context")
	assert.Equal(t, map[string]any{"id": "u", "accountEnabled": true, "onPremisesSyncEnabled": nil}, some)
	r := c.get("/v1.0/users/u?$select=id,shoeSize")
	assert.Equal(t, "BadRequest", r.code())
	assert.Contains(t, r.error("message"), "Could not find a property named 'shoeSize' on type 'microsoft.graph.user'.")
}

func TestPagesFollowTheirLinks(t *testing.T) {
	tenant := graphfake.Tenant{PageSize: 2}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	var want []string
	for range 5 {
		group := tenant.AddGroup(policy.Group{DisplayName: "G"})
		require.NoError(t, tenant.AddMember(group, user))
		want = append(want, group)
	}
	c := serve(t, &tenant, everything...)
	eventual := c.with("ConsistencyLevel", "eventual")
	path := "/v1.0/users/svc@contoso.com/transitiveMemberOf/microsoft.graph.group"
	link, got, pages := path+"?$count=true&$select=id", []string{}, 0
	for link != "" {
		r := eventual.ok(link)
		if pages == 0 {
			assert.EqualValues(t, 5, r.body["@odata.count"])
			assert.Equal(t, http.StatusBadRequest, c.get(r.body["@odata.nextLink"].(string)).StatusCode, "the header is needed on each page")
		}
		got = append(got, r.names("id")...)
		link, _ = r.body["@odata.nextLink"].(string)
		if link != "" {
			assert.True(t, strings.HasPrefix(link, c.server.URL+path+"?"), link)
		}
		pages++
	}
	assert.Equal(t, want, got)
	assert.Equal(t, 3, pages)
	for _, bad := range []string{"?$skiptoken=x", "?$top=0", "?$top=1000", "?$top=x"} {
		assert.Equal(t, http.StatusBadRequest, c.get("/v1.0/groups"+bad).StatusCode, bad)
	}
	assert.Len(t, c.ok("/v1.0/groups?$top=1").values(), 1)
}

func TestSkipAndCountOfPolicies(t *testing.T) {
	tenant, shown, hidden := policies(t)
	c := serve(t, tenant, "Policy.Read.All")
	r := c.ok("/beta/identity/conditionalAccess/policies?$count=true&$skip=1&$top=1")
	assert.Equal(t, []string{hidden}, r.names("id"))
	assert.EqualValues(t, 2, r.body["@odata.count"])
	r = c.ok("/beta/identity/conditionalAccess/policies?$skip=0&$top=1")
	assert.Equal(t, []string{shown}, r.names("id"))
	next := c.ok(r.body["@odata.nextLink"].(string))
	assert.Equal(t, []string{hidden}, next.names("id"))
	assert.NotContains(t, next.body, "@odata.nextLink")
}

func TestMembershipsCarryRolesAndTypes(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	inner := tenant.AddGroup(policy.Group{DisplayName: "Inner"})
	outer := tenant.AddGroup(policy.Group{DisplayName: "Outer", IsAssignableToRole: new(true)})
	require.NoError(t, tenant.AddMember(inner, user))
	require.NoError(t, tenant.AddMember(outer, inner))
	_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: outer, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	c := serve(t, &tenant, everything...)
	direct := c.ok("/v1.0/users/" + user + "/memberOf")
	assert.Equal(t, []string{"#microsoft.graph.group"}, direct.names("@odata.type"))
	all := c.ok("/v1.0/users/" + user + "/transitiveMemberOf").values()
	require.Len(t, all, 3)
	assert.Equal(t, "#microsoft.graph.directoryRole", all[2]["@odata.type"])
	assert.Equal(t, policy.GlobalAdministrator, all[2]["roleTemplateId"])
	assert.NotEqual(t, policy.GlobalAdministrator, all[2]["id"], "the id of the role in the tenant is another")
	assert.Regexp(t, guidV4, all[2]["id"])

	members := c.ok("/v1.0/groups/" + outer + "/transitiveMembers")
	assert.ElementsMatch(t, []string{user, inner}, members.names("id"))
	eventual := c.with("ConsistencyLevel", "eventual")
	assert.Equal(t, []string{user}, eventual.ok("/v1.0/groups/"+outer+"/transitiveMembers/microsoft.graph.user?$count=true").names("id"))
	assert.Equal(t, []string{inner}, eventual.ok("/v1.0/groups/"+outer+"/members/microsoft.graph.group?$count=true").names("id"))

	blind := serve(t, &tenant, "User.Read.All").ok("/v1.0/users/" + user + "/transitiveMemberOf").values()
	assert.Equal(t, inner, blind[0]["id"])
	assert.Nil(t, blind[0]["displayName"], "who may not read groups sees their ids alone")
}

func TestRoleRoutes(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "S"})
	id, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: policy.GlobalAdministrator})
	require.NoError(t, err)
	c := serve(t, &tenant, everything...).with("ConsistencyLevel", "eventual")
	const roles = "/roleManagement/directory/"
	r := c.ok("/v1.0" + roles + "roleAssignments?$filter=roleDefinitionId+eq+'" + policy.GlobalAdministrator + "'&$expand=principal")
	principal := r.values()[0]["principal"].(map[string]any)
	assert.Equal(t, "#microsoft.graph.user", principal["@odata.type"])
	assert.Equal(t, true, principal["accountEnabled"])
	r = c.ok("/v1.0" + roles + "roleAssignments?$expand=roleDefinition")
	assert.Equal(t, "Global Administrator", r.values()[0]["roleDefinition"].(map[string]any)["displayName"])
	assert.Equal(t, []string{id}, c.ok("/beta"+roles+"transitiveRoleAssignments?$count=true&$filter=principalId+eq+'"+user+"'").names("id"))
	assert.Equal(t, http.StatusBadRequest, c.get("/beta"+roles+"transitiveRoleAssignments?$count=true").StatusCode, "a filter is needed")
	assert.Contains(t, c.get("/v1.0"+roles+"transitiveRoleAssignments?$count=true").error("message"), "segment 'transitiveRoleAssignments'")
	assert.Equal(t, http.StatusBadRequest, c.get("/v1.0"+roles+"roleAssignments?$expand=members").StatusCode)
	assert.Equal(t, []string{"Assigned"}, c.ok("/v1.0"+roles+"roleAssignmentScheduleInstances").names("assignmentType"))
	assert.Empty(t, c.ok("/v1.0"+roles+"roleEligibilityScheduleInstances").values())
	assert.Equal(t, []string{policy.GlobalAdministrator}, c.ok("/v1.0"+roles+"roleDefinitions?$filter=displayName+eq+'Global+Administrator'").names("id"))
	assert.Equal(t, "Global Administrator", c.ok("/v1.0" + roles + "roleDefinitions/" + policy.GlobalAdministrator).body["displayName"])
}

func TestTenantRoutes(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	c := serve(t, &tenant, everything...)
	assert.Equal(t, []string{tenant.ID()}, c.ok("/v1.0/organization").names("id"))
	assert.Equal(t, []string{"contoso.com"}, c.ok("/v1.0/domains").names("id"))
	assert.Equal(t, "Managed", c.ok("/v1.0/domains/Contoso.com").body["authenticationType"])
	assert.Empty(t, c.ok("/v1.0/subscribedSkus").values())
	assert.Equal(t, false, c.ok("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy").body["isEnabled"])
	assert.Equal(t, "disabled", c.ok("/beta/users/svc@contoso.com/authentication/requirements").body["perUserMfaState"])
	r := c.get("/v1.0/users/svc@contoso.com/authentication/requirements")
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Equal(t, "Resource not found for the segment 'requirements'.", r.error("message"))
	assert.Equal(t, []string{mfa.PasswordMethod}, c.ok("/v1.0/users/svc@contoso.com/authentication/methods").names("@odata.type"))
	r = c.do(http.MethodPost, "/v1.0/directoryObjects/getByIds", `{"ids":["`+user+`","gone"],"types":["user","group"]}`)
	assert.Equal(t, []string{user}, r.names("id"))
	for _, body := range []string{``, `[]`, `{"ids":"x"}`, `{"id":[]}`} {
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/directoryObjects/getByIds", body).StatusCode, body)
	}
}

func TestStrictAndRecorded(t *testing.T) {
	var tenant graphfake.Tenant
	c := serve(t, &tenant, everything...)
	for _, test := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v1.0/nothing", 400, "BadRequest"},
		{"GET", "/v1.0/users/x/nothing", 400, "BadRequest"},
		{"GET", "/v1.0/", 400, "BadRequest"},
		{"GET", "/v2.0/users", 400, "BadRequest"},
		{"GET", "/", 400, "BadRequest"},
		{"GET", "/v1.0/users?$orderby=id", 400, "Request_UnsupportedQuery"},
		{"GET", "/v1.0/users?top=1", 400, "Request_BadRequest"},
		{"GET", "/v1.0/users?$top=1&$top=2", 400, "Request_BadRequest"},
		{"GET", "/v1.0/users?%zz", 400, "Request_BadRequest"},
		{"GET", "/v1.0/users?$count=true", 400, "Request_UnsupportedQuery"},
		{"PUT", "/v1.0/users/x", 405, "Request_BadRequest"},
		{"GET", "/v1.0/users/x", 404, "Request_ResourceNotFound"},
	} {
		r := c.do(test.method, test.path, "")
		assert.Equal(t, test.status, r.StatusCode, test.path)
		assert.Equal(t, test.code, r.code(), test.path)
		assert.NotEmpty(t, r.error("message"), test.path)
		log := tenant.Requests()
		last := log[len(log)-1]
		assert.Equal(t, test.status, last.Status, test.path)
		assert.Equal(t, test.code, last.Code, test.path)
		path, query, _ := strings.Cut(test.path, "?")
		assert.Equal(t, []string{test.method, path, query}, []string{last.Method, last.Path, last.Query})
		assert.Empty(t, last.Header.Get("Authorization"))
	}
	assert.Equal(t, "GET, PATCH, DELETE, OPTIONS", c.do("PUT", "/v1.0/users/x", "").Header.Get("Allow"))
	assert.Equal(t, http.StatusNoContent, c.do(http.MethodOptions, "/v1.0/users", "").StatusCode)
	head := c.do(http.MethodHead, "/v1.0/users", "")
	assert.Equal(t, http.StatusOK, head.StatusCode)
	assert.Empty(t, head.text)
	tenant.ForgetRequests()
	assert.Empty(t, tenant.Requests())
}

func TestErrorsCarryTheirRequest(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now}
	c := serve(t, &tenant, everything...).with("client-request-id", "mine")
	r := c.get("/v1.0/users/none")
	inner := r.body["error"].(map[string]any)["innerError"].(map[string]any)
	assert.Equal(t, "mine", inner["client-request-id"])
	assert.Equal(t, "mine", r.Header.Get("client-request-id"))
	assert.Equal(t, r.Header.Get("request-id"), inner["request-id"])
	assert.Regexp(t, guidV4, inner["request-id"])
	assert.Equal(t, "2026-11-01T10:00:00", inner["date"])
	assert.Equal(t, "Sun, 01 Nov 2026 10:00:00 GMT", r.Header.Get("Date"))
}

func TestTokensOpenWhatTheyMay(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now}
	other := graphfake.Tenant{Clock: at.now}
	c := serve(t, &tenant, "Policy.Read.ConditionalAccess", "User.Read.All")
	r := c.get("/v1.0/identity/conditionalAccess/policies")
	assert.Equal(t, http.StatusForbidden, r.StatusCode, "Policy.Read.ConditionalAccess alone is not enough")
	assert.Equal(t, "AccessDenied", r.code())
	assert.Equal(t, "You cannot perform the requested operation, required scopes are missing in the token.", r.error("message"))
	r = c.get("/v1.0/subscribedSkus")
	assert.Equal(t, "Authorization_RequestDenied", r.code())
	assert.Equal(t, "Insufficient privileges to complete the operation.", r.error("message"))
	c.ok("/v1.0/users")

	for name, token := range map[string]string{
		"none": "", "garbage": "garbage", "dots": "a.b.c", "another tenant's": other.Token("User.Read.All"), "cut": c.token[:len(c.token)-3],
	} {
		bad := *c
		bad.token = token
		r := bad.get("/v1.0/users")
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode, name)
		assert.Equal(t, "InvalidAuthenticationToken", r.code(), name)
		assert.Contains(t, r.Header.Get("WWW-Authenticate"), "Bearer", name)
	}
	at.advance(time.Hour)
	assert.Contains(t, c.get("/v1.0/users").error("message"), "expired")
}

func TestMetadataLevels(t *testing.T) {
	tenant, shown, _ := policies(t)
	c := serve(t, tenant, "Policy.Read.All")
	path := "/v1.0/identity/conditionalAccess/policies/" + shown
	none := c.with("Accept", "application/json;odata.metadata=none").ok(path)
	assert.NotContains(t, string(none.text), "@odata")
	assert.Contains(t, none.Header.Get("Content-Type"), "odata.metadata=none")
	full := c.with("Accept", "application/json;odata.metadata=full").ok(path)
	assert.Equal(t, "#microsoft.graph.conditionalAccessPolicy", full.body["@odata.type"])
	assert.Contains(t, c.ok(path).body, "@odata.context")
}

func TestGzip(t *testing.T) {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	c := serve(t, &tenant, everything...).with("Content-Encoding", "gzip")
	plain := `{"ids":["` + user + `"]}`
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write([]byte(plain))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	for _, body := range []string{packed.String(), plain} {
		assert.Equal(t, []string{user}, c.do(http.MethodPost, "/v1.0/directoryObjects/getByIds", body).names("id"), "packed, and plain with a wrong label")
	}
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, "/v1.0/directoryObjects/getByIds", packed.String()[:10]).StatusCode)

	r := c.with("Accept-Encoding", "gzip").ok("/v1.0/users") // asked for by hand, so that the client does not unpack it
	assert.Equal(t, "gzip", r.Header.Get("Content-Encoding"))
	reader, err := gzip.NewReader(bytes.NewReader(r.text))
	require.NoError(t, err)
	require.NoError(t, json.NewDecoder(reader).Decode(&map[string]any{}))
}
