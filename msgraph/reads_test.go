package msgraph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

func TestReadsOnTheWire(t *testing.T) {
	advanced := map[string]string{"ConsistencyLevel": "eventual"}
	groupQuery := "?$count=true&$select=id%2CdisplayName%2CisAssignableToRole%2CsecurityEnabled%2CmailEnabled%2CgroupTypes%2ConPremisesSyncEnabled&$top=999"
	userSelect := "$select=" + strings.ReplaceAll(msgraph.UserMembers, ",", "%2C")
	tests := map[string]struct {
		read    func(context.Context, *msgraph.Client) (any, error)
		uri     string
		headers map[string]string
		body    string // of the request
		answer  string
		want    string // of the result, as JSON
	}{
		"User": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) { return c.User(ctx, "svc@contoso.com") },
			uri:  "/v1.0/users/svc%40contoso.com?" + userSelect, answer: userJSON, want: userJSON,
		},
		"UsersByDisplayName": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) {
				return c.UsersByDisplayName(ctx, "O'Brien & Söhne+")
			},
			uri:    "/v1.0/users?$filter=startswith%28displayName%2C%27O%27%27Brien%20%26%20S%C3%B6hne%2B%27%29&" + userSelect,
			answer: `{"value":[` + userJSON + `]}`, want: `[` + userJSON + `]`,
		},
		"Requirements": {
			read:   func(ctx context.Context, c *msgraph.Client) (any, error) { return c.Requirements(ctx, "u1") },
			uri:    "/beta/users/u1/authentication/requirements",
			answer: `{"perUserMfaState":"enforced"}`, want: `{"perUserMfaState":"enforced"}`,
		},
		"Methods": {
			read:   func(ctx context.Context, c *msgraph.Client) (any, error) { return c.Methods(ctx, "u1") },
			uri:    "/v1.0/users/u1/authentication/methods",
			answer: `{"value":[{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"p","phoneType":"mobile","phoneNumber":"+43 1 555 1234"}]}`,
			want:   `[{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"p","phoneType":"mobile","phoneNumber":"…34"}]`,
		},
		"MemberOf": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) { return c.MemberOf(ctx, "u1") },
			uri:  "/v1.0/users/u1/memberOf/microsoft.graph.group" + groupQuery, headers: advanced,
			answer: `{"value":[{"@odata.type":"#microsoft.graph.group","id":"g1"}]}`, // one that may not be read
			want:   `[{"@odata.type":"#microsoft.graph.group","id":"g1"}]`,
		},
		"TransitiveMemberOf": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) { return c.TransitiveMemberOf(ctx, "u1") },
			uri:  "/v1.0/users/u1/transitiveMemberOf/microsoft.graph.group" + groupQuery, headers: advanced,
			answer: `{"value":[{"id":"g1","isAssignableToRole":null}]}`, want: `[{"id":"g1","isAssignableToRole":null}]`,
		},
		"MemberGroups": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) { return c.MemberGroups(ctx, "g1") },
			uri:  "/v1.0/groups/g1/members/microsoft.graph.group" + groupQuery, headers: advanced,
			answer: `{"value":[]}`, want: `null`,
		},
		"Policies": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) { return c.Policies(ctx) },
			uri:  "/beta/identity/conditionalAccess/policies", headers: map[string]string{"Prefer": "include-unknown-enum-members"},
			answer: `{"value":[{"id":"p1","grantControls":{"builtInControls":["riskRemediation"]},"new":[1]}]}`,
			want:   `{"Policies":[{"id":"p1","grantControls":{"builtInControls":["riskRemediation"]},"new":[1]}],"Hidden":""}`,
		},
		"NamedLocations": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) { return c.NamedLocations(ctx) },
			uri:  "/beta/identity/conditionalAccess/namedLocations", headers: map[string]string{"Prefer": "include-unknown-enum-members"},
			answer: `{"value":[{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"l1"}]}`,
			want:   `[{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"l1"}]`,
		},
		"AuthenticationStrengths": {
			read:   func(ctx context.Context, c *msgraph.Client) (any, error) { return c.AuthenticationStrengths(ctx) },
			uri:    "/v1.0/policies/authenticationStrengthPolicies",
			answer: `{"value":[{"id":"s1","allowedCombinations":["password, sms"]}]}`,
			want:   `[{"id":"s1","allowedCombinations":["password, sms"]}]`,
		},
		"SecurityDefaults": {
			read:   func(ctx context.Context, c *msgraph.Client) (any, error) { return c.SecurityDefaults(ctx) },
			uri:    "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
			answer: `{"id":"d","isEnabled":false}`, want: `{"id":"d","isEnabled":false}`,
		},
		"SubscribedSKUs": {
			read:   func(ctx context.Context, c *msgraph.Client) (any, error) { return c.SubscribedSKUs(ctx) },
			uri:    "/v1.0/subscribedSkus",
			answer: `{"value":[{"id":"k","capabilityStatus":"Enabled"}]}`, want: `[{"id":"k","capabilityStatus":"Enabled"}]`,
		},
		"Domain": {
			read:   func(ctx context.Context, c *msgraph.Client) (any, error) { return c.Domain(ctx, "contoso.com") },
			uri:    "/v1.0/domains/contoso.com",
			answer: `{"id":"contoso.com","authenticationType":"Managed"}`, want: `{"id":"contoso.com","authenticationType":"Managed"}`,
		},
		"RoleAssignments": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) { return c.RoleAssignments(ctx, "u1") },
			uri:  "/beta/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId%20eq%20%27u1%27", headers: advanced,
			answer: `{"value":[{"id":"r","principalId":"g1","roleDefinitionId":"x","directoryScopeId":"/"}]}`,
			want:   `[{"id":"r","principalId":"g1","roleDefinitionId":"x","directoryScopeId":"/"}]`,
		},
		"RoleEligibilities": {
			read:   func(ctx context.Context, c *msgraph.Client) (any, error) { return c.RoleEligibilities(ctx, "u1") },
			uri:    "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId%20eq%20%27u1%27",
			answer: `{"value":[]}`, want: `null`,
		},
		"RoleHolders": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) {
				return c.RoleHolders(ctx, policy.GlobalAdministrator)
			},
			uri:    "/v1.0/roleManagement/directory/roleAssignments?$filter=roleDefinitionId%20eq%20%2762e90394-69f5-4237-9190-012177145e10%27&$expand=principal",
			answer: `{"value":[{"id":"r","principalId":"u1","roleDefinitionId":"x","principal":{"@odata.type":"#microsoft.graph.user","id":"u1"}}]}`,
			want:   `[{"id":"r","principalId":"u1","roleDefinitionId":"x","principal":{"@odata.type":"#microsoft.graph.user","id":"u1"}}]`,
		},
		"ObjectsByID": {
			read: func(ctx context.Context, c *msgraph.Client) (any, error) {
				return c.ObjectsByID(ctx, []string{"u1", "gone"})
			},
			uri:  "/v1.0/directoryObjects/getByIds",
			body: `{"ids":["u1","gone"]}`, answer: `{"value":[{"@odata.type":"#microsoft.graph.user","id":"u1"}]}`,
			want: `[{"@odata.type":"#microsoft.graph.user","id":"u1"}]`,
		},
	}
	for name, test := range tests {
		path, _, _ := strings.Cut(test.uri, "?")
		path = strings.ReplaceAll(path, "%40", "@")
		w := newWire(t, map[string]http.HandlerFunc{path: reply(test.answer)})
		client := w.client(t, nil)
		check := func(t *testing.T, got any, err error) {
			require.NoError(t, err)
			text, err := json.Marshal(got)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(text))
		}
		t.Run(name, func(t *testing.T) {
			got, err := test.read(t.Context(), client)
			check(t, got, err)
			require.Len(t, w.calls(), 1)
			sent := w.calls()[0]
			assert.Equal(t, test.uri, sent.uri)
			assert.Equal(t, test.body, sent.body)
			for header, value := range test.headers {
				assert.Equal(t, value, sent.header.Get(header), header)
			}
			assert.Equal(t, "Bearer token", sent.header.Get("Authorization"))
			assert.Empty(t, sent.header.Get("Content-Encoding"), "a body must not be compressed")
		})
		t.Run(name+" in a batch", func(t *testing.T) {
			before := len(w.calls())
			ctx := client.Together(t.Context(), 2)
			other := make(chan error)
			go func() {
				_, err := test.read(ctx, client)
				other <- err
			}()
			got, err := test.read(ctx, client)
			check(t, got, err)
			require.NoError(t, <-other)
			sent := w.calls()[before:]
			require.Len(t, sent, 1, "both reads travel in one request")
			require.Len(t, sent[0].items, 2)
			for _, it := range sent[0].items {
				version := strings.TrimSuffix(sent[0].uri, "/$batch")
				assert.Equal(t, test.uri, version+it.URL)
				for header, value := range test.headers {
					assert.Equal(t, value, it.Headers[header], header)
				}
				assert.Equal(t, test.body, string(it.Body))
				if test.body != "" {
					assert.Equal(t, "application/json", it.Headers["Content-Type"])
				}
			}
		})
	}
}

func TestNamesInPaths(t *testing.T) {
	tests := map[string]string{
		"svc@contoso.com": "/users/svc%40contoso.com",
		"guest_fabrikam.com#EXT#@c.onmicrosoft.com": "/users/guest_fabrikam.com%23EXT%23%40c.onmicrosoft.com",
		"o'brien@contoso.com":                       "/users/o%27brien%40contoso.com",
		"a/b?c=d&e@contoso.com":                     "/users/a%2Fb%3Fc%3Dd%26e%40contoso.com",
		"a+b %2f@contoso.com":                       "/users/a%2Bb%20%252f%40contoso.com",
		"jürgen.Ωμέγα@contoso.com":                  "/users/j%C3%BCrgen.%CE%A9%CE%BC%CE%AD%CE%B3%CE%B1%40contoso.com",
		"$o'b@contoso.com":                          "/users('%24o%27%27b%40contoso.com')",
	}
	for name, path := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, nil)
			client := w.client(t, nil)
			_, err := client.User(t.Context(), name)
			require.Error(t, err)
			uri, _, _ := strings.Cut(w.calls()[0].uri, "?")
			assert.Equal(t, "/v1.0"+path, uri)

			ctx := client.Together(t.Context(), 2)
			done := make(chan error)
			go func() { _, err := client.User(ctx, name); done <- err }()
			_, err = client.User(ctx, name)
			require.Error(t, err)
			require.Error(t, <-done)
			uri, _, _ = strings.Cut(w.calls()[1].items[0].URL, "?")
			assert.Equal(t, path, uri)
		})
	}
}

func TestMembersAskedForAreThoseOfTheTypes(t *testing.T) {
	assert.ElementsMatch(t, jsonNames(mfa.User{}), strings.Split(msgraph.UserMembers, ","))
	assert.ElementsMatch(t, jsonNames(policy.Group{}), strings.Split(msgraph.GroupMembers, ","))
}

func jsonNames(value any) []string {
	var names []string
	for field := range reflect.TypeOf(value).Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && !strings.HasPrefix(name, "@odata.") {
			names = append(names, name)
		}
	}
	return names
}

func TestObjectsByIDInChunks(t *testing.T) {
	w := newWire(t, nil)
	w.answers = map[string]http.HandlerFunc{"/v1.0/directoryObjects/getByIds": func(rw http.ResponseWriter, r *http.Request) {
		var body struct{ IDs []string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		reply(fmt.Sprintf(`{"value":[{"id":"first of %d"}]}`, len(body.IDs)))(rw, r)
	}}
	client := w.client(t, nil)
	found, err := client.ObjectsByID(t.Context(), make([]string, 2001))
	require.NoError(t, err)
	require.Len(t, found, 3)
	assert.Equal(t, "first of 1000", found[0].ID)
	assert.Equal(t, "first of 1", found[2].ID)

	found, err = client.ObjectsByID(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Len(t, w.calls(), 3, "no ids need no request")
}
