package conformance

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/policy"
)

func policyID(p policy.Policy) string { return p.ID }

func find(t *testing.T, policies []policy.Policy, id string) policy.Policy {
	t.Helper()
	for _, p := range policies {
		if p.ID == id {
			return p
		}
	}
	require.Fail(t, "no policy "+id)
	return policy.Policy{}
}

func testPolicies(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	list, err := reader.Policies(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list.Hidden, "the list of beta is whole")
	assert.ElementsMatch(t, []string{f.plain, f.future, f.betaOnly}, idsOf(list.Policies, policyID))

	plain := find(t, list.Policies, f.plain)
	assert.Equal(t, policy.StateReportOnly, plain.State)
	assert.Equal(t, []string{f.outer}, plain.Conditions.Users.IncludeGroups)
	assert.Equal(t, []string{f.deleted}, plain.Conditions.Users.ExcludeUsers, "a policy goes on naming what was deleted")
	assert.Equal(t, []string{f.location}, plain.Conditions.Locations.ExcludeLocations)
	require.NotNil(t, plain.GrantControls.AuthenticationStrength)
	assert.Equal(t, "Keys only", plain.GrantControls.AuthenticationStrength.DisplayName, "a strength comes expanded")
	assert.Equal(t, []policy.Flags{"fido2"}, plain.GrantControls.AuthenticationStrength.AllowedCombinations)

	future := find(t, list.Policies, f.future)
	assert.Equal(t, []string{"all", "telepathy"}, future.Conditions.ClientAppTypes, "a value of the future survives")
	assert.Equal(t, []string{"mfa", "riskRemediation", "handshake"}, future.GrantControls.BuiltInControls)
	assert.Equal(t, []string{"linux", "windows"}, future.Conditions.Platforms.IncludePlatforms)
	assert.Equal(t, []string{"internalGuest", "martian"}, future.Conditions.Users.IncludeGuestsOrExternalUsers.GuestOrExternalUserTypes.Values())
	text, err := json.Marshal(future)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"weather":{"includeWeather":["rain"]}`, "so does a member of the future")

	agents := find(t, list.Policies, f.betaOnly)
	require.NotNil(t, agents.Conditions.AgentIDRiskLevels)
	assert.Equal(t, policy.Flags("high"), *agents.Conditions.AgentIDRiskLevels)
}

func testHidden(t *testing.T, newReader Maker) {
	for _, path := range []string{"/beta/identity/conditionalAccess/policies", "/beta"} {
		for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
			f := build(t)
			reader := newReader(t, f.tenant)
			f.tenant.Fail(graphfake.Failure{Path: path, Err: &entramfa.GraphError{Status: status}})
			list, err := reader.Policies(t.Context())
			require.NoError(t, err, path)
			assert.Equal(t, []string{f.plain}, idsOf(list.Policies, policyID), "v1.0 leaves out what only beta knows")
			assert.NotEmpty(t, list.Hidden, "and the list says so")
			roles, err := reader.RoleAssignments(t.Context(), f.service)
			require.NoError(t, err, "without beta the roles come from v1.0")
			assert.Len(t, roles, 3)
		}
	}
}

func testLocationsAndStrengths(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	locations, err := reader.NamedLocations(t.Context())
	require.NoError(t, err)
	require.Len(t, locations, 2)
	for _, l := range locations {
		switch l.Type {
		case policy.IPNamedLocation:
			assert.Equal(t, f.location, l.ID)
			assert.True(t, value(l.IsTrusted))
			require.Len(t, l.IPRanges, 1)
			assert.Equal(t, "192.0.2.0/24", l.IPRanges[0].CIDRAddress)
			assert.Equal(t, "#microsoft.graph.iPv4CidrRange", l.IPRanges[0].Type)
		case policy.CountryNamedLocation:
			assert.Equal(t, []string{"NL"}, l.CountriesAndRegions)
			assert.True(t, value(l.IncludeUnknownCountriesAndRegions))
		default:
			assert.Fail(t, "unknown kind "+l.Type)
		}
	}
	strengths, err := reader.AuthenticationStrengths(t.Context())
	require.NoError(t, err)
	assert.Len(t, strengths, 4)
	names := idsOf(strengths, func(s policy.AuthenticationStrength) string { return s.ID })
	assert.Subset(t, names, []string{
		"00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000003", "00000000-0000-0000-0000-000000000004", f.strength,
	})
	for _, s := range strengths {
		assert.Equal(t, "mfa", string(s.RequirementsSatisfied))
		assert.NotEmpty(t, s.AllowedCombinations, s.DisplayName)
		assert.Equal(t, s.ID == f.strength, s.PolicyType == "custom")
	}
}
