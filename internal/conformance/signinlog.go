package conformance

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/securitydefaults"
)

func testSignInLog(t *testing.T, newReader Maker) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	tenant := &graphfake.Tenant{Clock: func() time.Time { return at }, PageSize: 2}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	other := tenant.AddUser(mfa.User{UserPrincipalName: "ann@contoso.com"})
	require.NoError(t, tenant.GivePassword(user, "right"))
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserEnforced))
	log, can := newReader(t, tenant).(mfa.SignInLogReader)
	require.True(t, can, "the reader has no sign-in log")
	ask := func(nonInteractive bool) ([]mfa.SignInRecord, error) {
		return drain(log.SignInLog(t.Context(), mfa.SignInQuery{UserID: user, Since: at.Add(-time.Hour), NonInteractive: nonInteractive}))
	}
	_, err := ask(true)
	assert.ErrorIs(t, err, entramfa.ErrLicense)

	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		CapabilityStatus: "Enabled", ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: planP1, ProvisioningStatus: "Success"}},
	})
	for _, record := range []mfa.SignInRecord{
		{ID: "newest", UserID: user, CreatedDateTime: "2026-11-01T09:59:00Z"}, {ID: "ann's", UserID: other},
		{ID: "old", UserID: user, CreatedDateTime: "2026-11-01T08:59:59Z"}, {ID: "edge", UserID: user, CreatedDateTime: "2026-11-01T09:00:00Z"},
		{ID: "middle", UserID: user, CreatedDateTime: "2026-11-01T09:30:00Z"},
	} {
		tenant.AddSignIn(record)
	}
	interactive, err := ask(false)
	require.NoError(t, err)
	var ids []string
	for _, r := range interactive {
		ids = append(ids, r.ID)
	}
	assert.Equal(t, []string{"newest", "middle", "edge"}, ids)

	_, err = tenant.PasswordGrant(t.Context(), mfa.PasswordGrant{Username: "svc@contoso.com", Password: mfa.NewSecret("right"), Resource: mfa.MicrosoftGraph, ClientID: mfa.AzureCLI})
	require.NoError(t, err)
	grants, err := ask(true)
	require.NoError(t, err)
	require.Len(t, grants, 1)
	assert.Equal(t, "ropc", grants[0].AuthenticationProtocol)
	assert.Equal(t, 50079, grants[0].Status.ErrorCode)
	assert.Equal(t, []mfa.RequirementPolicy{{RequirementProvider: "user", Detail: "Per-user MFA"}}, grants[0].RequirementPolicies)
	assert.Equal(t, new(false), grants[0].IsInteractive)

	tenant.Fail(graphfake.Failure{Path: "/auditLogs/signIns", Err: &entramfa.GraphError{Status: http.StatusForbidden}})
	_, err = ask(true)
	assert.ErrorIs(t, err, entramfa.ErrPermission)
}
