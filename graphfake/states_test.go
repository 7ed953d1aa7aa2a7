package graphfake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// plain returns the policy mfaForAll.
func plain(t *testing.T, state policy.State) policy.Policy {
	t.Helper()
	var p policy.Policy
	require.NoError(t, json.Unmarshal([]byte(mfaForAll), &p))
	p.State = state
	return p
}

func added(t *testing.T, tenant *graphfake.Tenant, p policy.Policy) string {
	t.Helper()
	id, err := tenant.AddPolicy(p)
	require.NoError(t, err)
	return id
}

func TestMicrosoftsPoliciesAreLocked(t *testing.T) {
	byName, byTemplate := plain(t, policy.StateReportOnly), plain(t, policy.StateReportOnly)
	byName.DisplayName = "Microsoft-managed: MFA"
	byTemplate.TemplateID = new("4200930c-0da2-4e33-ca01-000000000007")
	for _, managed := range []policy.Policy{byName, byTemplate} {
		var tenant graphfake.Tenant
		id := added(t, &tenant, managed)
		before := string(tenant.Snapshot())
		c := serve(t, &tenant, everything...)
		one := "/v1.0" + policiesURL + "/" + id
		for _, patch := range []string{
			`{"displayName":"Ours"}`, `{"state":"disabled","grantControls":null}`, `{"conditions":{"users":{"includeUsers":["x"]}}}`,
			`{"conditions":{"users":{"excludeGuestsOrExternalUsers":null}}}`, `{"conditions":{"clientAppTypes":["other"]}}`,
		} {
			r := c.do(http.MethodPatch, one, patch)
			assert.Equal(t, http.StatusBadRequest, r.StatusCode, patch)
			assert.Contains(t, r.error("message"), "Microsoft-managed", patch)
		}
		assert.Equal(t, http.StatusBadRequest, c.do(http.MethodDelete, one, "").StatusCode)
		assert.Equal(t, before, string(tenant.Snapshot()))
		free := `{"state":"enabled","conditions":{"users":{"excludeUsers":["x"],"excludeGroups":["y"],"excludeRoles":["z"]}}}`
		assert.Equal(t, http.StatusNoContent, c.do(http.MethodPatch, one, free).StatusCode)
		assert.Equal(t, []any{"y"}, c.ok(one).at("conditions.users.excludeGroups"))
		require.NoError(t, tenant.RemovePolicy(id), "arranging is not writing")
	}
}

func TestManagedPoliciesAppearWhenDefaultsGoOff(t *testing.T) {
	for given, want := range map[policy.State]policy.State{"": policy.StateReportOnly, policy.StateEnabled: policy.StateEnabled} {
		tenant := graphfake.Tenant{ManagedPoliciesAppear: true, ManagedPolicyState: given}
		_, err := tenant.UpdateSecurityDefaults(t.Context(), false)
		require.NoError(t, err)
		assert.Empty(t, policiesOf(t, &tenant), "they were off before")
		require.NoError(t, tenant.SetSecurityDefaults(true))
		require.NoError(t, tenant.SetSecurityDefaults(false))
		assert.Empty(t, policiesOf(t, &tenant), "arranging is not writing")

		require.NoError(t, tenant.SetSecurityDefaults(true))
		_, err = tenant.UpdateSecurityDefaults(t.Context(), false)
		require.NoError(t, err)
		appeared := policiesOf(t, &tenant)
		require.Len(t, appeared, 4)
		for _, p := range appeared {
			assert.Equal(t, want, p.State)
			assert.Equal(t, policy.OriginMicrosoftManaged, p.Origin(), p.DisplayName)
			assert.NotNil(t, p.CreatedDateTime)
			assert.NotNil(t, p.Conditions.Users.ExcludeUsers, "whole, as a GET sends them")
			assert.NotEmpty(t, p.GrantControls.BuiltInControls)
		}
		for _, p := range appeared {
			_, err = tenant.UpdatePolicy(t.Context(), p.ID, policy.Patch{State: new(policy.StateDisabled)})
			require.NoError(t, err)
		}
		_, err = tenant.UpdateSecurityDefaults(t.Context(), true)
		require.NoError(t, err)
		_, err = tenant.UpdateSecurityDefaults(t.Context(), false)
		require.NoError(t, err)
		assert.Len(t, policiesOf(t, &tenant), 4, "they are there already")
	}
}

func policiesOf(t *testing.T, tenant *graphfake.Tenant) []policy.Policy {
	t.Helper()
	list, err := tenant.Policies(t.Context())
	require.NoError(t, err)
	return list.Policies
}

func TestATenantTakesSoManyPolicies(t *testing.T) {
	tenant := graphfake.Tenant{MaxPolicies: 2}
	for range 2 {
		_, _, err := tenant.CreatePolicy(t.Context(), plain(t, policy.StateDisabled))
		require.NoError(t, err)
	}
	_, _, err := tenant.CreatePolicy(t.Context(), plain(t, policy.StateDisabled))
	var graph *entramfa.GraphError
	require.ErrorAs(t, err, &graph)
	assert.Equal(t, http.StatusBadRequest, graph.Status)
	assert.Len(t, policiesOf(t, &tenant), 2)
	added(t, &tenant, plain(t, policy.StateDisabled))
	assert.Len(t, policiesOf(t, &tenant), 3, "arranging is not writing")
}

func TestProtectedActionsRefuseWritesOfPolicies(t *testing.T) {
	tenant := graphfake.Tenant{ProtectedActions: true}
	id := added(t, &tenant, plain(t, policy.StateDisabled))
	before := string(tenant.Snapshot())
	_, _, create := tenant.CreatePolicy(t.Context(), plain(t, policy.StateDisabled))
	for name, err := range map[string]error{
		"create": create,
		"update": second(tenant.UpdatePolicy(t.Context(), id, policy.Patch{State: new(policy.StateDisabled)})),
		"delete": second(tenant.DeletePolicy(t.Context(), id)),
	} {
		var graph *entramfa.GraphError
		require.ErrorAs(t, err, &graph, name)
		assert.Equal(t, "AccessDenied", graph.Code, name)
		assert.Contains(t, graph.Message, "Operation requires conditional access", name)
		assert.Empty(t, graph.Permissions, "no permission would help")
	}
	assert.Equal(t, before, string(tenant.Snapshot()))
	_, err := tenant.UpdateSecurityDefaults(t.Context(), true)
	assert.NoError(t, err, "it is no policy")
	_, err = tenant.Policy(t.Context(), id)
	assert.NoError(t, err, "reading is free")
}

func TestALicenceIsJudgedWhereProductsAreStated(t *testing.T) {
	sku := func(status, plan string) securitydefaults.SubscribedSKU {
		return securitydefaults.SubscribedSKU{CapabilityStatus: status, ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: plan, ProvisioningStatus: "Success"}}}
	}
	for name, test := range map[string]struct {
		skus     []securitydefaults.SubscribedSKU
		licensed bool
	}{
		"nothing was said":  {nil, true},
		"P1":                {[]securitydefaults.SubscribedSKU{sku("Enabled", securitydefaults.PlanEntraP1)}, true},
		"P2, in its grace":  {[]securitydefaults.SubscribedSKU{sku("Warning", securitydefaults.PlanEntraP2)}, true},
		"something else":    {[]securitydefaults.SubscribedSKU{sku("Enabled", "8a256a2b-b617-496d-b51b-e76466e88db0")}, false},
		"P1, but suspended": {[]securitydefaults.SubscribedSKU{sku("Suspended", securitydefaults.PlanEntraP1)}, false},
	} {
		var tenant graphfake.Tenant
		for _, s := range test.skus {
			tenant.AddSubscribedSKU(s)
		}
		_, _, err := tenant.CreatePolicy(t.Context(), plain(t, policy.StateDisabled))
		if test.licensed {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorIs(t, err, entramfa.ErrLicense, name)
		}
	}
}

func TestWritesOfConditionalAccessAreThrottledToo(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, ThrottleConditionalAccess: true}
	id := added(t, &tenant, plain(t, policy.StateReportOnly))
	_, err := tenant.Policy(t.Context(), id)
	require.NoError(t, err)
	before := string(tenant.Snapshot())
	_, err = tenant.UpdatePolicy(t.Context(), id, policy.Patch{State: new(policy.StateDisabled)})
	assert.ErrorIs(t, err, entramfa.ErrThrottled)
	assert.Equal(t, before, string(tenant.Snapshot()))
	at.advance(time.Second)
	_, err = tenant.UpdatePolicy(t.Context(), id, policy.Patch{State: new(policy.StateDisabled)})
	assert.NoError(t, err)
}

// TestReadsLagBehindWrites looks at every kind of object before and after the delay.
func TestReadsLagBehindWrites(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, ReplicationDelay: time.Minute}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	other := tenant.AddUser(mfa.User{UserPrincipalName: "other@contoso.com"})
	group := tenant.AddGroup(policy.Group{DisplayName: "Exempt"})
	require.NoError(t, tenant.AddMember(group, other))
	kept, gone := added(t, &tenant, plain(t, policy.StateDisabled)), added(t, &tenant, plain(t, policy.StateDisabled))
	place := tenant.AddNamedLocation(policy.NamedLocation{Type: policy.CountryNamedLocation, DisplayName: "Old"})
	c := serve(t, &tenant, everything...)
	old := shownBy(t, &tenant, c, user, group)

	made, _, err := tenant.CreatePolicy(t.Context(), plain(t, policy.StateReportOnly))
	require.NoError(t, err)
	_, err = tenant.UpdatePolicy(t.Context(), kept, policy.Patch{ExcludeUsers: []string{"first"}})
	require.NoError(t, err)
	require.NoError(t, second(tenant.DeletePolicy(t.Context(), gone)))
	_, _, err = tenant.CreateNamedLocation(t.Context(), policy.NamedLocation{Type: policy.CountryNamedLocation, DisplayName: "New", CountriesAndRegions: []string{"SE"}})
	require.NoError(t, err)
	require.NoError(t, second(tenant.DeleteNamedLocation(t.Context(), place)))
	require.NoError(t, second(tenant.UpdateSecurityDefaults(t.Context(), true)))
	require.NoError(t, second(tenant.UpdateRequirements(t.Context(), user, mfa.PerUserEnforced)))
	require.NoError(t, second(tenant.AddGroupMember(t.Context(), group, user)))
	require.NoError(t, second(tenant.RemoveGroupMember(t.Context(), group, other)))

	assert.Equal(t, old, shownBy(t, &tenant, c, user, group))
	_, err = tenant.Policy(t.Context(), made.ID)
	assert.ErrorIs(t, err, entramfa.ErrNotFound)
	assert.ErrorIs(t, second(tenant.DeletePolicy(t.Context(), gone)), entramfa.ErrNotFound, "writes see the truth")

	at.advance(30 * time.Second)
	_, err = tenant.UpdatePolicy(t.Context(), kept, policy.Patch{ExcludeUsers: []string{"second"}})
	require.NoError(t, err)
	at.advance(30*time.Second - 1)
	assert.Equal(t, old, shownBy(t, &tenant, c, user, group), "a moment too early")
	at.advance(1)
	shown := shownBy(t, &tenant, c, user, group)
	for i := range shown {
		assert.NotEqual(t, old[i], shown[i])
	}
	assert.NotContains(t, shown[0], gone)
	assert.Contains(t, shown[0], `"first"`, "of two writes the one that is old enough")
	at.advance(30 * time.Second)
	assert.Contains(t, shownBy(t, &tenant, c, user, group)[0], `"second"`)
}

// shownBy reads everything that writes change, by method and over HTTP, which must agree.
func shownBy(t *testing.T, tenant *graphfake.Tenant, c *client, user, group string) []string {
	t.Helper()
	locations, err := tenant.NamedLocations(t.Context())
	require.NoError(t, err)
	defaults, err := tenant.SecurityDefaults(t.Context())
	require.NoError(t, err)
	requirements, err := tenant.Requirements(t.Context(), user)
	require.NoError(t, err)
	groups, err := tenant.TransitiveMemberOf(t.Context(), user)
	require.NoError(t, err)
	policies := policiesOf(t, tenant)
	ids := c.ok("/beta" + policiesURL).names("id")
	require.Len(t, ids, len(policies))
	for i, p := range policies {
		require.Equal(t, p.ID, ids[i])
	}
	require.Len(t, c.ok("/v1.0"+locationsURL).values(), len(locations))
	require.Equal(t, *defaults.IsEnabled, c.ok("/v1.0" + defaultsURL).body["isEnabled"])
	require.Equal(t, string(requirements.PerUserMFAState), c.ok("/beta/users/" + user + "/authentication/requirements").body["perUserMfaState"])
	members := c.ok("/v1.0/groups/" + group + "/members").names("id")
	require.Equal(t, len(groups) > 0, slices.Contains(members, user))
	var shown []string
	for _, part := range []any{policies, locations, defaults, requirements, groups, members} {
		text, err := json.Marshal(part)
		require.NoError(t, err)
		shown = append(shown, string(text))
	}
	return shown
}

func TestSignInsLagBehindWrites(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, ReplicationDelay: time.Minute}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	require.NoError(t, tenant.GivePassword(user, "a password"))
	c := serve(t, &tenant, everything...)
	signIn := func() int {
		form := url.Values{"grant_type": {"password"}, "client_id": {mfa.AzureCLI}, "username": {"svc@contoso.com"}, "password": {"a password"}, "scope": {"https://graph.microsoft.com/.default"}}
		return c.with("Content-Type", "application/x-www-form-urlencoded").do(http.MethodPost, "/organizations/oauth2/v2.0/token", form.Encode()).StatusCode
	}
	require.NoError(t, second(tenant.UpdateRequirements(t.Context(), user, mfa.PerUserEnforced)))
	assert.Equal(t, http.StatusOK, signIn(), "the state has not arrived")
	at.advance(time.Minute)
	assert.Equal(t, http.StatusBadRequest, signIn())
	require.NoError(t, second(tenant.UpdateRequirements(t.Context(), user, mfa.PerUserDisabled)))
	assert.Equal(t, http.StatusBadRequest, signIn())
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserDisabled))
	assert.Equal(t, http.StatusOK, signIn(), "what is arranged is seen at once")
}

func TestWhatIsArrangedIsSeenAtOnce(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now, ReplicationDelay: time.Minute}
	user, group := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"}), tenant.AddGroup(policy.Group{DisplayName: "G"})
	id := added(t, &tenant, plain(t, policy.StateDisabled))
	require.NoError(t, second(tenant.UpdatePolicy(t.Context(), id, policy.Patch{ExcludeUsers: []string{"ours"}})))
	theirs := plain(t, policy.StateReportOnly)
	theirs.ID = id
	added(t, &tenant, theirs)
	p, err := tenant.Policy(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, policy.StateReportOnly, p.State)

	require.NoError(t, second(tenant.DeletePolicy(t.Context(), id)))
	p.ID = ""
	added(t, &tenant, p)
	assert.Len(t, policiesOf(t, &tenant), 2, "the deleted one is still shown, the new one already")
	require.NoError(t, second(tenant.AddGroupMember(t.Context(), group, user)))
	require.NoError(t, tenant.Delete(user))
	members := serve(t, &tenant, everything...).ok("/v1.0/groups/" + group + "/members")
	assert.Empty(t, members.values())
	require.NoError(t, tenant.SetSecurityDefaults(true))
	defaults, err := tenant.SecurityDefaults(t.Context())
	require.NoError(t, err)
	assert.True(t, *defaults.IsEnabled)
}

func TestAFailureAfterTheChange(t *testing.T) {
	for name, failure := range map[string]graphfake.Failure{
		"answered with an error": {Applied: true, Err: &entramfa.GraphError{Status: http.StatusGatewayTimeout}},
		"cut":                    {Cut: true},
	} {
		var tenant graphfake.Tenant
		failure.Path, failure.Times = "/identity/conditionalAccess", 1
		tenant.Fail(failure)
		_, receipt, err := tenant.CreatePolicy(t.Context(), plain(t, policy.StateDisabled))
		assert.ErrorIs(t, err, entramfa.ErrUnavailable, name)
		assert.Equal(t, failure.Cut, errors.Is(err, io.ErrUnexpectedEOF), name)
		assert.Empty(t, receipt.RequestID, name)
		made := policiesOf(t, &tenant)
		require.Len(t, made, 1, name+": it was made all the same")

		tenant.Fail(failure)
		_, err = tenant.DeletePolicy(t.Context(), nothing)
		assert.Equal(t, !failure.Cut, errors.Is(err, entramfa.ErrNotFound), name+": what is refused is refused")
	}
}

func TestAnAnswerBreaksOff(t *testing.T) {
	for _, call := range []struct {
		method, body string
		begins       bool // the answer has a body
	}{{http.MethodGet, "", true}, {http.MethodPost, mfaForAll, true}, {http.MethodPatch, `{"state":"disabled"}`, false}, {http.MethodDelete, "", false}} {
		for name, withSocket := range map[string]bool{"TLS": true, "memory": false} {
			var tenant graphfake.Tenant
			path := policiesURL
			if call.method != http.MethodPost {
				path += "/" + added(t, &tenant, plain(t, policy.StateReportOnly))
			}
			before := string(tenant.Snapshot())
			tenant.Fail(graphfake.Failure{Method: call.method, Path: policiesURL, Cut: true, Times: 1})
			c := serve(t, &tenant, everything...)
			doer, base := c.server.Client(), c.server.URL
			if !withSocket {
				doer, base = tenant.Client(), "https://graph.microsoft.com"
			}
			request, err := http.NewRequestWithContext(t.Context(), call.method, base+"/v1.0"+path, strings.NewReader(call.body))
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+c.token)
			response, err := doer.Do(request)
			if call.begins {
				require.NoError(t, err, name)
				text, broken := io.ReadAll(response.Body)
				response.Body.Close()
				assert.ErrorIs(t, broken, io.ErrUnexpectedEOF, name)
				assert.NotEmpty(t, text, name)
				assert.False(t, json.Valid(text), name)
			} else {
				require.Error(t, err, name)
			}
			assert.Equal(t, call.method != http.MethodGet, before != string(tenant.Snapshot()), "%s: the service did it", call.method)
			log := tenant.Requests()
			require.Len(t, log, 1, "and wrote it down")
			assert.Less(t, log[0].Status, 300)
		}
	}
}

func TestACutItemCutsItsBatch(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.Fail(graphfake.Failure{Path: defaultsURL, Cut: true})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://graph.microsoft.com/v1.0/$batch",
		strings.NewReader(`{"requests":[{"id":"1","method":"GET","url":"/policies/identitySecurityDefaultsEnforcementPolicy"}]}`))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+tenant.Token(everything...))
	response, err := tenant.Client().Do(request)
	require.NoError(t, err)
	_, err = io.ReadAll(response.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestAFailureAfterSomeCalls(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.Fail(graphfake.Failure{Path: defaultsURL, After: 2, Times: 1})
	var failed []bool
	for range 5 {
		_, err := tenant.SecurityDefaults(t.Context())
		failed = append(failed, err != nil)
	}
	assert.Equal(t, []bool{false, false, true, false, false}, failed)
}

func TestBeforeActsBetweenCalls(t *testing.T) {
	tenant := &graphfake.Tenant{}
	id := added(t, tenant, plain(t, policy.StateDisabled))
	var calls []string
	tenant.Before = func(method, path string) {
		calls = append(calls, method+" "+path)
		if method == http.MethodPatch { // another administrator is faster
			require.NoError(t, tenant.RemovePolicy(id))
		}
	}
	_, err := tenant.Policy(t.Context(), id)
	require.NoError(t, err)
	_, err = tenant.UpdatePolicy(t.Context(), id, policy.Patch{State: new(policy.StateEnabled)})
	assert.ErrorIs(t, err, entramfa.ErrNotFound)
	c := serve(t, tenant, everything...)
	c.ok("/v1.0/policies/conditionalAccessPolicies")
	c.do(http.MethodPost, "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/subscribedSkus"}]}`)
	c.get("/v1.0/nothing/here")
	one := "/beta" + policiesURL + "/" + id
	assert.Equal(t, []string{"GET " + one, "PATCH " + one, "GET /v1.0" + policiesURL, "POST /v1.0/$batch", "GET /v1.0/subscribedSkus"}, calls)
}

func TestSnapshotsCompareStates(t *testing.T) {
	build := func(names ...string) *graphfake.Tenant {
		tenant := &graphfake.Tenant{Clock: newClock().now}
		for _, name := range names {
			p := plain(t, policy.StateDisabled)
			p.ID, p.DisplayName = name, name
			added(t, tenant, p)
			tenant.AddUser(mfa.User{ID: "user " + name, UserPrincipalName: name + "@contoso.com"})
			tenant.AddGroup(policy.Group{ID: "group " + name})
		}
		for _, name := range names {
			require.NoError(t, tenant.AddMember("group a", "user "+name))
		}
		return tenant
	}
	first, another := build("a", "b"), build("b", "a")
	assert.Equal(t, string(first.Snapshot()), string(another.Snapshot()), "the order does not count")
	for name, change := range map[string]func(*graphfake.Tenant) error{
		"policy": func(tenant *graphfake.Tenant) error {
			return second(tenant.UpdatePolicy(t.Context(), "a", policy.Patch{ExcludeUsers: []string{"x"}}))
		},
		"gone":     func(tenant *graphfake.Tenant) error { return second(tenant.DeletePolicy(t.Context(), "a")) },
		"defaults": func(tenant *graphfake.Tenant) error { return second(tenant.UpdateSecurityDefaults(t.Context(), true)) },
		"state": func(tenant *graphfake.Tenant) error {
			return second(tenant.UpdateRequirements(t.Context(), "user a", mfa.PerUserEnabled))
		},
		"member": func(tenant *graphfake.Tenant) error {
			return second(tenant.RemoveGroupMember(t.Context(), "group a", "user b"))
		},
		"location": func(tenant *graphfake.Tenant) error {
			tenant.AddNamedLocation(policy.NamedLocation{DisplayName: "x"})
			return nil
		},
		"user": func(tenant *graphfake.Tenant) error {
			tenant.AddUser(mfa.User{UserPrincipalName: "new@contoso.com"})
			return nil
		},
		"its memory": func(tenant *graphfake.Tenant) error {
			return second(tenant.UpdatePolicy(t.Context(), "a", policy.Patch{ExcludeUsers: []string{}}))
		},
	} {
		tenant := build("a", "b")
		require.NoError(t, change(tenant), name)
		assert.NotEqual(t, string(first.Snapshot()), string(tenant.Snapshot()), name)
		if name == "its memory" {
			assert.Equal(t, string(first.Snapshot("modifiedDateTime")), string(tenant.Snapshot("modifiedDateTime")), "when a policy was modified can be left out")
		}
	}
}

func ExampleTenant_Snapshot() {
	var tenant graphfake.Tenant
	tenant.AddUser(mfa.User{ID: "1", UserPrincipalName: "svc@contoso.com"})
	fmt.Println(string(tenant.Snapshot()))
	// Output:
	// {"authenticationContexts":[],"authenticationMethods":{},"authenticationMethodsPolicy":{"authenticationMethodConfigurations":[]},"authenticationStrengths":[],"groupMembers":{},"mobilePhones":{},"namedLocations":[],"objects":{"users":[{"accountEnabled":true,"id":"1","userPrincipalName":"svc@contoso.com","userType":"Member"}]},"passwords":{},"perUserMfaStates":{"1":"disabled"},"policies":[],"roles":{"roleAssignments":[],"roleDefinitions":[],"roleEligibilities":[]},"securityDefaults":false,"signInPreferences":{}}
}

// writePaths are the calls that FuzzWrite makes.
var writePaths = [][2]string{
	{http.MethodPost, policiesURL}, {http.MethodPatch, policiesURL + "/known"}, {http.MethodPost, locationsURL}, {http.MethodPatch, locationsURL + "/known"},
	{http.MethodPatch, defaultsURL}, {http.MethodPatch, "/users/known/authentication/requirements"}, {http.MethodPost, "/groups/known/members/$ref"},
}

// FuzzWrite: whatever is written, the tenant takes it whole or not at all, and can
// be read and judged afterwards.
func FuzzWrite(f *testing.F) {
	for _, body := range []string{
		mfaForAll, `{"state":"enabled"}`, `{"conditions":{"users":{"excludeUsers":["x"]}}}`, `{"conditions":null}`, `{"isEnabled":true}`, `{"perUserMfaState":"enabled"}`,
		`{"@odata.id":"https://graph.microsoft.com/v1.0/users/known"}`, `{"displayName":"x","displayname":"y"}`, `{"sessionControls":{"signInFrequency":[]}}`,
		`{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"x","ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.0/24"}]}`,
	} {
		for i := range writePaths {
			f.Add(i, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		var tenant graphfake.Tenant
		tenant.AddUser(mfa.User{ID: "known", UserPrincipalName: "svc@contoso.com"})
		tenant.AddGroup(policy.Group{ID: "known"})
		known := plain(t, policy.StateReportOnly)
		known.ID = "known"
		added(t, &tenant, known)
		tenant.AddNamedLocation(policy.NamedLocation{ID: "known", DisplayName: "x", Type: policy.CountryNamedLocation, CountriesAndRegions: []string{"SE"}})
		before := string(tenant.Snapshot())
		call := writePaths[uint(which)%uint(len(writePaths))]
		request, err := http.NewRequestWithContext(t.Context(), call[0], "https://graph.microsoft.com/beta"+call[1], strings.NewReader(string(body)))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+tenant.Token(everything...))
		response, err := tenant.Client().Do(request)
		require.NoError(t, err)
		assert.Contains(t, []int{200, 201, 204, 400, 404, 413}, response.StatusCode)
		if response.StatusCode >= 400 {
			assert.Equal(t, before, string(tenant.Snapshot()))
		}
		_, err = mfa.Check(t.Context(), &tenant, "svc@contoso.com", nil)
		assert.NoError(t, err)
	})
}
