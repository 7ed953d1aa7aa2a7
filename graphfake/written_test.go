package graphfake_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

func TestWrittenTellsWhatACallChanged(t *testing.T) {
	at := newClock()
	tenant := graphfake.Tenant{Clock: at.now}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	group := tenant.AddGroup(policy.Group{DisplayName: "Exempt"})
	c := serve(t, &tenant, everything...)
	id := c.do(http.MethodPost, "/v1.0/identity/conditionalAccess/namedLocations", location).body["id"].(string)
	c.do(http.MethodPatch, "/beta/identity/conditionalAccess/namedLocations/"+id, `{"displayName":"There"}`)
	c.do(http.MethodPatch, "/beta/identity/conditionalAccess/namedLocations/"+id, `{"nosuch":1}`)
	c.get("/v1.0/identity/conditionalAccess/namedLocations")
	_, err := tenant.AddGroupMember(t.Context(), group, user)
	require.NoError(t, err)
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserEnforced)) // by arrangement

	written := tenant.Written()
	require.Len(t, written, 3)
	assert.Equal(t, "POST /v1.0/identity/conditionalAccess/namedLocations", written[0].Method+" "+written[0].Path)
	require.Len(t, written[0].Changes, 1)
	assert.Equal(t, "namedLocations/"+id, written[0].Changes[0].Path)
	assert.Nil(t, written[0].Changes[0].Before)
	assert.Contains(t, string(written[0].Changes[0].After), `"displayName":"Here"`)
	assert.Contains(t, written[1].String(), "PATCH /beta/identity/conditionalAccess/namedLocations/"+id+
		"\n  namedLocations/"+id+`/displayName: "Here" -> "There"`)
	assert.Equal(t, "POST /v1.0/groups/"+group+"/members/$ref\n  groupMembers/"+group+`: [] -> ["`+user+`"]`, written[2].String())
	assert.Empty(t, tenant.Clone().Written())
	tenant.ForgetRequests()
	assert.Empty(t, tenant.Written())
}

func TestDiffIsEmptyForAClone(t *testing.T) {
	var tenant graphfake.Tenant
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	assert.Empty(t, graphfake.Diff(&tenant, tenant.Clone()))
}

func TestDiffIsSortedAndHoldsNoSecrets(t *testing.T) {
	var before graphfake.Tenant
	user := before.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	gone, err := before.AddPolicy(policy.Policy{DisplayName: "Gone", State: policy.StateDisabled})
	require.NoError(t, err)
	kept, err := before.AddPolicy(policy.Policy{DisplayName: "Kept", State: policy.StateDisabled})
	require.NoError(t, err)
	after := before.Clone()
	require.NoError(t, after.RemovePolicy(gone))
	_, err = after.UpdatePolicy(t.Context(), kept, policy.Patch{})
	require.NoError(t, err)
	require.NoError(t, after.SetPerUserState(user, mfa.PerUserEnabled))
	require.NoError(t, after.SetPhone(user, mfa.PhoneMobile, "+1 2065550142"))
	_, err = after.SetPassword(t.Context(), user, mfa.NewSecret("Hush-hush-1"))
	require.NoError(t, err)
	found := graphfake.Diff(&before, after)
	assert.True(t, slices.IsSortedFunc(found, func(a, b graphfake.Difference) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	}))
	lines := map[string]string{}
	for _, d := range found {
		lines[d.Path] = d.String()
		assert.NotContains(t, d.String(), "55501")
		assert.NotContains(t, d.String(), "ush-hush")
	}
	assert.Equal(t, "perUserMfaStates/"+user+`: "disabled" -> "enabled"`, lines["perUserMfaStates/"+user])
	assert.Contains(t, lines["policies/"+gone], " -> nothing")
	assert.Contains(t, lines["authenticationMethods/"+user], "nothing -> [")
	back := graphfake.Diff(after, &before)
	require.Len(t, back, len(found))
	for i, d := range back {
		assert.Equal(t, graphfake.Difference{Path: d.Path, Before: d.After, After: d.Before}, found[i])
	}
}
