package graphfake_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// populated is a tenant with something of everything that a write changes.
func populated(t *testing.T) (tenant *graphfake.Tenant, user, group, policyID string) {
	t.Helper()
	tenant = &graphfake.Tenant{TenantID: "11111111-1111-4111-8111-111111111111", MaxPolicies: 7}
	user = tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service"})
	group = tenant.AddGroup(policy.Group{DisplayName: "Excluded"})
	require.NoError(t, tenant.AddMember(group, user))
	policyID, err := tenant.AddPolicy(policy.Policy{DisplayName: "P", State: policy.StateEnabled})
	require.NoError(t, err)
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserEnabled))
	require.NoError(t, tenant.GivePassword(user, "Correct-Horse-7"))
	return tenant, user, group, policyID
}

func TestCloneIsEqualAndApart(t *testing.T) {
	tenant, user, group, policyID := populated(t)
	before := tenant.Snapshot()
	clone := tenant.Clone()
	assert.Equal(t, string(before), string(clone.Snapshot()))

	change := func(tenant *graphfake.Tenant) {
		ctx := t.Context()
		_, err := tenant.RemoveGroupMember(ctx, group, user)
		require.NoError(t, err)
		_, err = tenant.DeletePolicy(ctx, policyID)
		require.NoError(t, err)
		_, err = tenant.UpdateRequirements(ctx, user, mfa.PerUserDisabled)
		require.NoError(t, err)
		require.NoError(t, tenant.GivePassword(user, "Another-Horse-8"))
		tenant.AddUser(mfa.User{UserPrincipalName: "new@contoso.com"})
	}
	change(clone)
	assert.Equal(t, string(before), string(tenant.Snapshot()), "the original stays")
	changed := clone.Snapshot()
	change(tenant)
	assert.Equal(t, string(changed), string(clone.Snapshot()), "the clone stays")

	second := clone.Clone()
	second.Restore(clone)
	assert.Equal(t, string(changed), string(second.Snapshot()))
}

func TestCloneHasTheSettings(t *testing.T) {
	tenant := &graphfake.Tenant{}
	filled := reflect.ValueOf(tenant).Elem()
	for i := range filled.NumField() {
		switch field := filled.Field(i); {
		case !filled.Type().Field(i).IsExported():
		case field.Kind() == reflect.Bool:
			field.SetBool(true)
		case field.Kind() == reflect.Int, field.Kind() == reflect.Int64:
			field.SetInt(7)
		case field.Kind() == reflect.String:
			field.SetString("x")
		}
	}
	tenant.Clock = func() time.Time { return time.Unix(1, 0) }
	clone := reflect.ValueOf(tenant.Clone()).Elem()
	for i := range filled.NumField() {
		if field := filled.Type().Field(i); field.IsExported() && field.Type.Kind() != reflect.Func {
			assert.Equal(t, filled.Field(i).Interface(), clone.Field(i).Interface(), field.Name)
		}
	}
	assert.False(t, clone.FieldByName("Clock").IsNil())
}

func TestCloneCountsFailuresByItself(t *testing.T) {
	tenant, _, _, policyID := populated(t)
	tenant.Fail(graphfake.Failure{Times: 1, Err: &entramfa.GraphError{Status: http.StatusServiceUnavailable}})
	clone := tenant.Clone()
	for _, tenant := range []*graphfake.Tenant{tenant, clone} {
		_, err := tenant.Policy(t.Context(), policyID)
		require.ErrorIs(t, err, entramfa.ErrUnavailable)
		_, err = tenant.Policy(t.Context(), policyID)
		require.NoError(t, err)
	}
}

func TestTokenOfTheOriginalOpensTheClone(t *testing.T) {
	tenant, _, _, _ := populated(t)
	token := tenant.Token("Policy.Read.All")
	for _, tenant := range []*graphfake.Tenant{tenant, tenant.Clone()} {
		request := httptest.NewRequest(http.MethodGet, "https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		tenant.ServeHTTP(recorder, request)
		assert.Equal(t, http.StatusOK, recorder.Code)
		assert.Len(t, tenant.Requests(), 1)
	}
}

func TestRestoreTakesWritesBack(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	tenant, user, group, _ := populated(t)
	tenant.Clock, tenant.ReplicationDelay = func() time.Time { return now }, time.Minute
	before := tenant.Clone()
	_, err := tenant.RemoveGroupMember(t.Context(), group, user)
	require.NoError(t, err)
	tenant.Restore(before)
	assert.Equal(t, string(before.Snapshot()), string(tenant.Snapshot()))
	now = now.Add(time.Hour)
	groups, err := tenant.MemberOf(t.Context(), user)
	require.NoError(t, err)
	assert.Len(t, groups, 1)
}

func BenchmarkClone(b *testing.B) {
	for _, users := range []int{10, 10_000} {
		b.Run(fmt.Sprint(users, " users"), func(b *testing.B) {
			var tenant graphfake.Tenant
			for i := range users {
				tenant.AddUser(mfa.User{UserPrincipalName: fmt.Sprintf("user%d@contoso.com", i)})
			}
			b.ReportAllocs()
			for b.Loop() {
				tenant.Clone()
			}
		})
	}
}
