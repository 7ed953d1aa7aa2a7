package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// question asks about a sign-in of the fixture's service account from an address.
func (f *fixture) question(address string) policy.WhatIf {
	return policy.WhatIf{
		SignInIdentity: policy.WhatIfIdentity{Type: policy.UserSignIn, UserID: f.service},
		SignInContext: policy.WhatIfContext{
			Type: policy.ApplicationContext, IncludeApplications: []string{"00000002-0000-0ff1-ce00-000000000000"},
		},
		SignInConditions: policy.WhatIfConditions{
			ClientAppType: "mobileAppsAndDesktopClients", DevicePlatform: "linux", IPAddress: address, Country: new("NL"),
			SignInRiskLevel: "none", UserRiskLevel: "none", ServicePrincipalRiskLevel: "none", InsiderRiskLevel: "none",
			AuthenticationFlow: policy.WhatIfFlow{TransferMethod: "none"}, DeviceInfo: &policy.WhatIfDeviceInfo{},
		},
	}
}

// testWhatIf: every reader of a tenant can ask What If too.
func testWhatIf(t *testing.T, newReader Maker) {
	f := build(t)
	evaluator, can := newReader(t, f.tenant).(policy.Evaluator)
	require.True(t, can, "the reader has no WhatIf")
	for address, reasons := range map[string]policy.AnalysisReasons{
		"198.51.100.7": policy.AnalysisNotSet, "192.0.2.7": policy.AnalysisLocation,
	} {
		results, err := evaluator.WhatIf(t.Context(), f.question(address))
		require.NoError(t, err)
		require.Len(t, results, 1, "v1.0 leaves out what only beta knows")
		assert.Equal(t, f.plain, results[0].ID)
		assert.Equal(t, policy.StateReportOnly, results[0].State)
		assert.Equal(t, []string{f.outer}, results[0].Conditions.Users.IncludeGroups, "the whole policy comes along")
		assert.Equal(t, reasons == policy.AnalysisNotSet, value(results[0].PolicyApplies))
		assert.Equal(t, reasons, results[0].AnalysisReasons)
	}

	applied := f.question("192.0.2.7")
	applied.AppliedPoliciesOnly = true
	results, err := evaluator.WhatIf(t.Context(), applied)
	require.NoError(t, err)
	assert.Empty(t, results)

	nobody := f.question("192.0.2.7")
	nobody.SignInIdentity.UserID = "99999999-9999-4999-8999-999999999999"
	_, err = evaluator.WhatIf(t.Context(), nobody)
	graphErrorOf(t, err, entramfa.ErrNotFound, "WhatIf about nobody")
}
