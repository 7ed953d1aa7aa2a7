package graphfake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// A check runs on the tenant as it does on Graph.
func Example() {
	var tenant graphfake.Tenant
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Connector"})
	if err := tenant.SetPerUserState(user, mfa.PerUserEnforced); err != nil {
		panic(err)
	}
	report, err := mfa.Check(context.Background(), &tenant, "svc@contoso.com", nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Outcome, report.Extent)
	// Output: mfa always
}

// The same tenant speaks Graph to any HTTP client.
func ExampleTenant_ServeHTTP() {
	var tenant graphfake.Tenant
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Connector"})
	server := httptest.NewTLSServer(&tenant)
	defer server.Close()

	request, err := http.NewRequest(http.MethodGet, server.URL+"/v1.0/users/svc@contoso.com?$select=displayName", nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+tenant.Token("User.Read.All"))
	response, err := server.Client().Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	var user mfa.User
	if err := json.NewDecoder(response.Body).Decode(&user); err != nil {
		panic(err)
	}
	fmt.Println(response.StatusCode, user.DisplayName)
	for _, r := range tenant.Requests() {
		fmt.Println(r.Method, r.Path, r.Status)
	}
	// Output:
	// 200 Connector
	// GET /v1.0/users/svc@contoso.com 200
}

// What the real service refuses is a state of the tenant.
func ExampleTenant_Fail() {
	var tenant graphfake.Tenant
	tenant.Fail(graphfake.Failure{Path: "/v1.0/subscribedSkus", Times: 1, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
	_, err := tenant.SubscribedSKUs(context.Background())
	fmt.Println(errors.Is(err, entramfa.ErrPermission))
	_, err = tenant.SubscribedSKUs(context.Background())
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

// What Conditional Access does to every account of a tenant. An msgraph.Client in
// the place of the Tenant reads a real one.
func ExampleTenant_Accounts() {
	var tenant graphfake.Tenant
	exempt := tenant.AddGroup(policy.Group{DisplayName: "Exempt"})
	tenant.AddUser(mfa.User{UserPrincipalName: "ann@contoso.com"})
	service := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	if err := tenant.AddMember(exempt, service); err != nil {
		panic(err)
	}
	_, err := tenant.AddPolicy(policy.Policy{
		DisplayName: "MFA for all", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Users:          &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{exempt}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}},
	})
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	prepared := policy.Prepare(policy.Tenant{
		Policies:       entramfa.Result(tenant.Policies(ctx)),
		NamedLocations: entramfa.Result(tenant.NamedLocations(ctx)),
		Strengths:      entramfa.Result(tenant.AuthenticationStrengths(ctx)),
	})
	directory, err := policy.ReadDirectory(ctx, &tenant, prepared)
	if err != nil {
		panic(err)
	}
	sweep := prepared.Sweep(directory, policy.PasswordSignIn())
	fmt.Println(sweep.Policies[0].Name, "reaches", sweep.Policies[0].Accounts, "of", directory.Len())
	for id := range sweep.WithoutMFA() {
		fmt.Println(id == service, "gets through")
	}
	fmt.Println(directory.Unread())
	// Output:
	// MFA for all reaches 1 of 2
	// true gets through
	// []
}

func ExampleTenant_AddPolicy() {
	var tenant graphfake.Tenant
	if err := tenant.SetSecurityDefaults(true); err != nil {
		panic(err)
	}
	_, err := tenant.AddPolicy(policy.Policy{DisplayName: "Block", State: policy.StateEnabled})
	var graph *entramfa.GraphError
	if errors.As(err, &graph) {
		fmt.Println(graph.Status, graph.Message)
	}
	// Output: 400 Security Defaults is enabled in the tenant. You must disable Security defaults before enabling a Conditional Access policy.
}

// A user and its memberships stand beside exported policies and groups.
func ExampleLoad() {
	export := fstest.MapFS{
		"Groups/CA-ServiceAccounts.json": {Data: []byte(`{"id": "77c1ed37-0000-4000-8000-000000000001", "displayName": "CA-ServiceAccounts", "groupTypes": []}`)},
	}
	beside := fstest.MapFS{
		"Users/svc.json": {Data: []byte(`{"userPrincipalName": "svc@contoso.com", "transitiveMemberOf": [{"displayName": "CA-ServiceAccounts"}]}`)},
	}
	tenant, err := graphfake.Load(export, beside)
	if err != nil {
		panic(err)
	}
	groups, err := tenant.TransitiveMemberOf(context.Background(), "svc@contoso.com")
	if err != nil {
		panic(err)
	}
	fmt.Println(groups[0].DisplayName)
	_, err = tenant.SecurityDefaults(context.Background())
	fmt.Println(errors.Is(err, entramfa.ErrNotRead))
	// Output:
	// CA-ServiceAccounts
	// true
}

// Who is enabled moves on when the person behind the account has registered.
func ExampleTenant_Person() {
	ctx := context.Background()
	var tenant graphfake.Tenant
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	if err := tenant.Person("svc@contoso.com", graphfake.Script{Reads: 2}); err != nil {
		fmt.Println(err)
	}
	if _, err := tenant.UpdateRequirements(ctx, "svc@contoso.com", mfa.PerUserEnabled); err != nil {
		fmt.Println(err)
	}
	for range 3 {
		requirements, err := tenant.Requirements(ctx, "svc@contoso.com")
		fmt.Println(requirements.PerUserMFAState, err)
	}
	// Output:
	// enabled <nil>
	// enabled <nil>
	// enforced <nil>
}
