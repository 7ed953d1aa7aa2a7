package hashicorp_test

import (
	"net/http"
	"testing"

	"github.com/manicminer/hamilton/auth"
	"github.com/manicminer/hamilton/environments"
	"github.com/manicminer/hamilton/msgraph"
	"github.com/manicminer/hamilton/odata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hamilton makes a client of one kind of entity after another ready to use.
func hamilton(t *testing.T) func(*msgraph.Client) {
	_, base := fake(t)
	environment := environments.Global
	environment.AzureADEndpoint = environments.AzureADEndpoint(base)
	environment.MsGraph.Endpoint = environments.ApiEndpoint(base)
	config := auth.Config{
		Environment: environment, TenantID: tenantID, ClientID: clientID, EnableClientSecretAuth: true, ClientSecret: secret,
	}
	authorizer, err := config.NewAuthorizer(soon(t), environment.MsGraph)
	require.NoError(t, err)
	return func(c *msgraph.Client) {
		c.Endpoint, c.Authorizer, c.DisableRetries = environments.ApiEndpoint(base), authorizer, true
	}
}

func TestHamiltonWritesUsers(t *testing.T) {
	ctx, ready := soon(t), hamilton(t)
	users := msgraph.NewUsersClient(tenantID)
	ready(&users.BaseClient)
	answer, status, err := users.Create(ctx, msgraph.User{
		AccountEnabled: new(true), DisplayName: new("Ada"), MailNickname: new("ada"), UserPrincipalName: new("ada@contoso.com"),
		PasswordProfile: &msgraph.UserPasswordProfile{Password: new("Correct-Horse-7-Battery")},
	})
	made := must(t, answer, status, err)
	_, err = users.Update(ctx, msgraph.User{DirectoryObject: msgraph.DirectoryObject{ID: made.ID}, DisplayName: new("Ada L.")})
	require.NoError(t, err)
	read, status, err := users.Get(ctx, "ada@contoso.com", odata.Query{})
	assert.Equal(t, "Ada L.", *must(t, read, status, err).DisplayName)
	list, status, err := users.List(ctx, odata.Query{Filter: "userPrincipalName eq 'ada@contoso.com'"})
	assert.Len(t, must(t, list, status, err), 1)
	_, err = users.Delete(ctx, *made.ID)
	require.NoError(t, err)
	_, status, _ = users.Get(ctx, *made.ID, odata.Query{})
	assert.Equal(t, http.StatusNotFound, status)
	restored, status, err := users.RestoreDeleted(ctx, *made.ID)
	assert.Equal(t, *made.ID, *must(t, restored, status, err).ID)
	_, err = users.Delete(ctx, *made.ID)
	require.NoError(t, err)
	_, err = users.DeletePermanently(ctx, *made.ID)
	require.NoError(t, err)
}

func TestHamiltonWritesGroups(t *testing.T) {
	ctx, ready := soon(t), hamilton(t)
	users, groups := msgraph.NewUsersClient(tenantID), msgraph.NewGroupsClient(tenantID)
	ready(&users.BaseClient)
	ready(&groups.BaseClient)
	found, status, err := users.List(ctx, odata.Query{Filter: "userPrincipalName eq 'svc@contoso.com'"})
	service := must(t, found, status, err)[0]
	made, status, err := groups.Create(ctx, msgraph.Group{
		DisplayName: new("CA-Excluded"), MailEnabled: new(false), MailNickname: new("ca-excluded"), SecurityEnabled: new(true),
	})
	group := must(t, made, status, err)
	member := service.DirectoryObject
	member.ODataId = (*odata.Id)(new(member.Uri(groups.BaseClient.Endpoint, groups.BaseClient.ApiVersion)))
	group.Members, group.Owners = &msgraph.Members{member}, &msgraph.Owners{member}
	_, err = groups.AddMembers(ctx, &group)
	require.NoError(t, err)
	_, err = groups.AddOwners(ctx, &group)
	require.NoError(t, err)
	ids, status, err := groups.ListMembers(ctx, *group.ID)
	assert.Equal(t, []string{*service.ID}, must(t, ids, status, err))
	ids, status, err = groups.ListOwners(ctx, *group.ID)
	assert.Equal(t, []string{*service.ID}, must(t, ids, status, err))
	memberships, status, err := users.ListGroupMemberships(ctx, *service.ID, odata.Query{})
	assert.Len(t, must(t, memberships, status, err), 1)
	objects := msgraph.NewDirectoryObjectsClient(tenantID)
	ready(&objects.BaseClient)
	around, status, err := objects.GetMemberGroups(ctx, *service.ID, true)
	assert.Len(t, must(t, around, status, err), 1)
	_, err = groups.RemoveMembers(ctx, *group.ID, &[]string{*service.ID})
	require.NoError(t, err)
	_, err = groups.Delete(ctx, *group.ID)
	require.NoError(t, err)
}

func TestHamiltonWritesConditionalAccess(t *testing.T) {
	ctx, ready := soon(t), hamilton(t)
	locations, policies := msgraph.NewNamedLocationsClient(tenantID), msgraph.NewConditionalAccessPoliciesClient(tenantID)
	ready(&locations.BaseClient)
	ready(&policies.BaseClient)
	place, status, err := locations.CreateIP(ctx, msgraph.IPNamedLocation{
		BaseNamedLocation: &msgraph.BaseNamedLocation{DisplayName: new("Office")},
		IPRanges:          &[]msgraph.IPNamedLocationIPRange{{CIDRAddress: new("203.0.113.0/24")}}, IsTrusted: new(true),
	})
	office := must(t, place, status, err)
	countries, status, err := locations.CreateCountry(ctx, msgraph.CountryNamedLocation{
		BaseNamedLocation: &msgraph.BaseNamedLocation{DisplayName: new("Countries")}, CountriesAndRegions: &[]string{"NL"},
	})
	must(t, countries, status, err)
	read, status, err := locations.Get(ctx, *office.ID, odata.Query{})
	assert.IsType(t, msgraph.IPNamedLocation{}, must(t, read, status, err))
	_, err = locations.Delete(ctx, *office.ID)
	require.Error(t, err, "it is trusted")

	made, status, err := policies.Create(ctx, msgraph.ConditionalAccessPolicy{
		DisplayName: new("Require MFA"), State: new(msgraph.ConditionalAccessPolicyStateDisabled),
		Conditions: &msgraph.ConditionalAccessConditionSet{
			ClientAppTypes: &[]msgraph.ConditionalAccessClientAppType{msgraph.ConditionalAccessClientAppTypeAll},
			Applications:   &msgraph.ConditionalAccessApplications{IncludeApplications: &[]string{"All"}},
			Users:          &msgraph.ConditionalAccessUsers{IncludeUsers: &[]string{"All"}},
			Locations:      &msgraph.ConditionalAccessLocations{IncludeLocations: &[]string{"All"}, ExcludeLocations: &[]string{*office.ID}},
		},
		GrantControls: &msgraph.ConditionalAccessGrantControls{Operator: new("OR"), BuiltInControls: &[]msgraph.ConditionalAccessGrantControl{msgraph.ConditionalAccessGrantControlMfa}},
	})
	policy := must(t, made, status, err)
	_, err = policies.Update(ctx, msgraph.ConditionalAccessPolicy{ID: policy.ID, State: new(msgraph.ConditionalAccessPolicyStateEnabled)})
	require.NoError(t, err)
	again, status, err := policies.Get(ctx, *policy.ID, odata.Query{})
	assert.Equal(t, msgraph.ConditionalAccessPolicyStateEnabled, *must(t, again, status, err).State)
	_, err = policies.Delete(ctx, *policy.ID)
	require.NoError(t, err)
	_, err = locations.UpdateIP(ctx, msgraph.IPNamedLocation{BaseNamedLocation: &msgraph.BaseNamedLocation{ID: office.ID}, IsTrusted: new(false)})
	require.NoError(t, err)
	_, err = locations.Delete(ctx, *office.ID)
	require.NoError(t, err)
}

func TestHamiltonWritesRoles(t *testing.T) {
	ctx, ready := soon(t), hamilton(t)
	users, definitions, assignments := msgraph.NewUsersClient(tenantID), msgraph.NewRoleDefinitionsClient(tenantID), msgraph.NewRoleAssignmentsClient(tenantID)
	for _, c := range []*msgraph.Client{&users.BaseClient, &definitions.BaseClient, &assignments.BaseClient} {
		ready(c)
	}
	found, status, err := users.List(ctx, odata.Query{})
	service := must(t, found, status, err)[0]
	all, status, err := definitions.List(ctx, odata.Query{Filter: "displayName eq 'Global Reader'"})
	reader := must(t, all, status, err)[0]
	made, status, err := assignments.Create(ctx, msgraph.UnifiedRoleAssignment{
		DirectoryScopeId: new("/"), PrincipalId: service.ID, RoleDefinitionId: reader.ID,
	})
	assignment := must(t, made, status, err)
	held, status, err := assignments.List(ctx, odata.Query{Filter: "principalId eq '" + *service.ID + "'"})
	assert.Len(t, must(t, held, status, err), 1)
	_, err = assignments.Delete(ctx, *assignment.ID)
	require.NoError(t, err)
}

func TestHamiltonWritesMethods(t *testing.T) {
	ctx, ready := soon(t), hamilton(t)
	methods := msgraph.NewAuthenticationMethodsClient(tenantID)
	ready(&methods.BaseClient)
	const account = "svc@contoso.com"
	made, status, err := methods.CreatePhoneMethod(ctx, account, msgraph.PhoneAuthenticationMethod{
		PhoneNumber: new("+1 4255550123"), PhoneType: new(msgraph.AuthenticationPhoneTypeMobile),
	})
	phone := must(t, made, status, err)
	list, status, err := methods.List(ctx, account, odata.Query{})
	assert.Len(t, must(t, list, status, err), 2)
	_, err = methods.DeletePhoneMethod(ctx, account, *phone.ID)
	require.NoError(t, err)
	domains := msgraph.NewDomainsClient(tenantID)
	ready(&domains.BaseClient)
	known, status, err := domains.List(ctx, odata.Query{})
	assert.Len(t, must(t, known, status, err), 1)
}
