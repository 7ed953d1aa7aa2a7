package hashicorp_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/hashicorp/go-azure-sdk/sdk/auth"
	"github.com/hashicorp/go-azure-sdk/sdk/client"
	"github.com/hashicorp/go-azure-sdk/sdk/client/msgraph"
	"github.com/hashicorp/go-azure-sdk/sdk/environments"
	"github.com/hashicorp/go-azure-sdk/sdk/odata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/mfa"
)

// asked are the options of a request.
type asked struct{ odata.Query }

func (asked) ToHeaders() *client.Headers   { return nil }
func (asked) ToQuery() *client.QueryParams { return nil }
func (a asked) ToOData() *odata.Query      { return &a.Query }

// azureSDK signs in as Terraform's provider does, knowing the address alone.
func azureSDK(t *testing.T, base string, version msgraph.ApiVersion) *msgraph.Client {
	t.Helper()
	ctx := soon(t)
	environment, err := environments.FromEndpoint(ctx, base)
	require.NoError(t, err)
	authorizer, err := auth.NewClientSecretAuthorizer(ctx, auth.ClientSecretAuthorizerOptions{
		Environment: *environment, Api: environment.MicrosoftGraph, TenantId: tenantID, ClientId: clientID, ClientSecret: secret,
	})
	require.NoError(t, err)
	graph, err := msgraph.NewClient(environment.MicrosoftGraph, "test", version)
	require.NoError(t, err)
	graph.SetAuthorizer(authorizer)
	return graph
}

// send makes one call, and decodes the answer into target where there is one.
func send(t *testing.T, graph *msgraph.Client, method, path string, status int, query *odata.Query, body, target any) {
	t.Helper()
	options := client.RequestOptions{ContentType: "application/json; charset=utf-8", ExpectedStatusCodes: []int{status}, HttpMethod: method, Path: path}
	if query != nil {
		options.OptionsObject = asked{*query}
	}
	ctx := soon(t)
	request, err := graph.NewRequest(ctx, options)
	require.NoError(t, err)
	if body != nil {
		require.NoError(t, request.Marshal(body))
	}
	response, err := execute(ctx, request, query)
	require.NoError(t, err)
	if target != nil {
		require.NoError(t, response.Unmarshal(target))
	}
}

// execute reads all pages, unless a number of objects was asked for.
func execute(ctx context.Context, request *client.Request, query *odata.Query) (*client.Response, error) {
	if query != nil && query.Top == 0 {
		return request.ExecutePaged(ctx)
	}
	return request.Execute(ctx)
}

type named struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

type page struct {
	Value []named `json:"value"`
}

func TestAzureSDKWritesPolicies(t *testing.T) {
	_, base := fake(t)
	graph := azureSDK(t, base, msgraph.VersionOnePointZero)
	const policies = "/identity/conditionalAccess/policies"
	var made named
	send(t, graph, http.MethodPost, policies, http.StatusCreated, nil, map[string]any{
		"displayName": "Require MFA", "state": "disabled",
		"conditions":    map[string]any{"users": map[string]any{"includeUsers": []string{"All"}}, "applications": map[string]any{"includeApplications": []string{"All"}}, "clientAppTypes": []string{"all"}},
		"grantControls": map[string]any{"operator": "OR", "builtInControls": []string{"mfa"}},
	}, &made)
	require.NotEmpty(t, made.ID)
	send(t, graph, http.MethodPatch, policies+"/"+made.ID, http.StatusNoContent, nil, map[string]any{"state": "enabled"}, nil)
	var read struct {
		named
		State      string
		Conditions struct {
			Locations any `json:"locations"`
		}
	}
	send(t, graph, http.MethodGet, policies+"/"+made.ID, http.StatusOK, nil, nil, &read)
	assert.Equal(t, "enabled", read.State)
	assert.Nil(t, read.Conditions.Locations)
	var found page
	send(t, graph, http.MethodGet, policies, http.StatusOK, &odata.Query{Filter: "displayName eq 'Require MFA'", Metadata: odata.MetadataFull}, nil, &found)
	assert.Equal(t, []named{made}, found.Value)
	send(t, graph, http.MethodDelete, policies+"/"+made.ID, http.StatusNoContent, nil, nil, nil)
	send(t, graph, http.MethodGet, policies+"/"+made.ID, http.StatusNotFound, nil, nil, nil)
}

func TestAzureSDKReadsAllPages(t *testing.T) {
	tenant, base := fake(t)
	for i := range 250 {
		tenant.AddUser(mfa.User{UserPrincipalName: fmt.Sprintf("user%03d@contoso.com", i), DisplayName: fmt.Sprintf("User %03d", i)})
	}
	graph := azureSDK(t, base, msgraph.VersionBeta)
	var all page
	send(t, graph, http.MethodGet, "/users", http.StatusOK, &odata.Query{Metadata: odata.MetadataMinimal}, nil, &all)
	assert.Len(t, all.Value, 251)
	var few page
	send(t, graph, http.MethodGet, "/users", http.StatusOK, &odata.Query{
		Filter: "startsWith(displayName,'User 00')", Top: 5, Select: []string{"id", "displayName"}, Count: true, ConsistencyLevel: odata.ConsistencyLevelEventual,
	}, nil, &few)
	assert.Len(t, few.Value, 5)
	var ordered page
	send(t, graph, http.MethodGet, "/users", http.StatusOK, &odata.Query{
		OrderBy: odata.OrderBy{Field: "displayName", Direction: odata.Descending}, Top: 2, Count: true, ConsistencyLevel: odata.ConsistencyLevelEventual,
	}, nil, &ordered)
	require.Len(t, ordered.Value, 2)
	assert.Equal(t, "User 249", ordered.Value[0].DisplayName)
	var searched page
	send(t, graph, http.MethodGet, "/users", http.StatusOK, &odata.Query{
		Search: "displayName:Service", Count: true, ConsistencyLevel: odata.ConsistencyLevelEventual,
	}, nil, &searched)
	assert.Len(t, searched.Value, 1)
}

func TestAzureSDKReadsAnError(t *testing.T) {
	_, base := fake(t)
	graph := azureSDK(t, base, msgraph.VersionOnePointZero)
	ctx := soon(t)
	request, err := graph.NewRequest(ctx, client.RequestOptions{
		ContentType: "application/json", ExpectedStatusCodes: []int{http.StatusOK}, HttpMethod: http.MethodGet, Path: "/users/nobody@contoso.com",
	})
	require.NoError(t, err)
	response, err := request.Execute(ctx)
	require.ErrorContains(t, err, "Request_ResourceNotFound")
	require.NotNil(t, response.OData.Error)
	assert.Equal(t, "Request_ResourceNotFound", *response.OData.Error.Code)
}
