package securitydefaults_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/securitydefaults"
)

const (
	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
	directoryReaders    = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	syncAccounts        = "d29b2b05-8046-44ba-8758-1e26182fcf32"
)

func policy(enabled bool) entramfa.Value[securitydefaults.Policy] {
	return entramfa.Known(securitydefaults.Policy{IsEnabled: &enabled})
}

func roles(tenantWide bool, ids ...string) entramfa.Value[[]securitydefaults.Role] {
	list := []securitydefaults.Role{}
	for _, id := range ids {
		list = append(list, securitydefaults.Role{TemplateID: id, TenantWide: tenantWide})
	}
	return entramfa.Known(list)
}

func TestJudge(t *testing.T) {
	type account = securitydefaults.Account
	for name, c := range map[string]struct {
		policy  entramfa.Value[securitydefaults.Policy]
		account account
		want    string
	}{
		"off":                            {policy(false), account{}, "clear never"},
		"not read":                       {entramfa.Missing[securitydefaults.Policy](errors.New("refused")), account{}, "unknown unknown"},
		"no isEnabled in the answer":     {entramfa.Known(securitydefaults.Policy{}), account{}, "unknown unknown"},
		"plain user":                     {policy(true), account{Roles: roles(true)}, "mfa sometimes"},
		"a role that is none of the 17":  {policy(true), account{Roles: roles(true, directoryReaders)}, "mfa sometimes"},
		"administrator":                  {policy(true), account{Roles: roles(true, directoryReaders, globalAdministrator)}, "mfa always"},
		"administrator of a part":        {policy(true), account{Roles: roles(false, globalAdministrator)}, "mfa sometimes"},
		"roles not read":                 {policy(true), account{}, "mfa sometimes"},
		"Azure":                          {policy(true), account{ManagesAzure: true}, "mfa always"},
		"synchronization account":        {policy(true), account{UserPrincipalName: "Sync_DC01_1234@contoso.onmicrosoft.com", Roles: roles(true, syncAccounts)}, "clear never"},
		"cloud synchronization account":  {policy(true), account{UserPrincipalName: "ADToAADSyncServiceAccount@contoso.onmicrosoft.com", Roles: roles(true, syncAccounts)}, "clear never"},
		"its name alone":                 {policy(true), account{UserPrincipalName: "Sync_DC01_1234@contoso.onmicrosoft.com", Roles: roles(true)}, "mfa sometimes"},
		"its role alone":                 {policy(true), account{UserPrincipalName: "svc@contoso.com", Roles: roles(true, syncAccounts)}, "mfa sometimes"},
		"its role not read":              {policy(true), account{UserPrincipalName: "Sync_DC01_1234@contoso.onmicrosoft.com"}, "mfa sometimes"},
		"it is an administrator as well": {policy(true), account{UserPrincipalName: "Sync_DC01_1@contoso.com", Roles: roles(true, syncAccounts, globalAdministrator)}, "mfa always"},
	} {
		f := securitydefaults.Judge(c.policy, c.account)
		assert.Equal(t, c.want, fmt.Sprint(f.Outcome, " ", f.Extent), name)
		assert.NotEmpty(t, f.Reasons, name)
		assert.NotEmpty(t, f.Advice, name)
		if f.Outcome == entramfa.Unknown || !c.account.Roles.Known() && c.want == "mfa sometimes" {
			assert.NotEmpty(t, f.Missing, name)
		}
	}
}

func TestAdviceFollowsTheLicence(t *testing.T) {
	for _, c := range []struct {
		licensed entramfa.Value[bool]
		want     entramfa.Action
	}{
		{entramfa.Known(true), entramfa.ActionReplaceSecurityDefaults},
		{entramfa.Known(false), entramfa.ActionUseApplication},
		{entramfa.Missing[bool](errors.New("refused")), entramfa.ActionReplaceSecurityDefaults},
	} {
		f := securitydefaults.Judge(policy(true), securitydefaults.Account{Licensed: c.licensed})
		assert.Equal(t, c.want, f.Advice[0].Action)
	}
}

func TestLicensed(t *testing.T) {
	sku := func(status, plan, provisioning string) []securitydefaults.SubscribedSKU {
		return []securitydefaults.SubscribedSKU{{CapabilityStatus: status, ServicePlans: []securitydefaults.ServicePlan{
			{ServicePlanID: "8a256a2b-b617-496d-b51b-e76466e88db0", ProvisioningStatus: "Success"},
			{ServicePlanID: plan, ProvisioningStatus: provisioning}}}}
	}
	for _, c := range []struct {
		skus []securitydefaults.SubscribedSKU
		want bool
	}{
		{nil, false},
		{sku("Enabled", securitydefaults.PlanEntraP1, "Success"), true},
		{sku("Warning", securitydefaults.PlanEntraP2, "Success"), true},
		{sku("Suspended", securitydefaults.PlanEntraP1, "Success"), false},
		{sku("Enabled", securitydefaults.PlanEntraP1, "Disabled"), false},
		{sku("Enabled", "other", "Success"), false},
	} {
		assert.Equal(t, c.want, securitydefaults.Licensed(c.skus, securitydefaults.PlanEntraP1, securitydefaults.PlanEntraP2))
	}
}

func TestRoundTrips(t *testing.T) {
	text := `{"id":"00000000-0000-0000-0000-000000000005","isEnabled":null,"controlTypes":[],"securityDefaultsUpsell":{"action":"autoEnable","dueDateTime":null}}`
	var p securitydefaults.Policy
	require.NoError(t, json.Unmarshal([]byte(text), &p))
	out, err := json.Marshal(p)
	require.NoError(t, err)
	assert.Equal(t, text, string(out))

	text = `{"skuId":"s","capabilityStatus":"LockedOut","prepaidUnits":{"enabled":1},"servicePlans":[{"servicePlanId":"p","later":true}]}`
	var s securitydefaults.SubscribedSKU
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	out, err = json.Marshal(s)
	require.NoError(t, err)
	assert.Equal(t, text, string(out))
}

func ExampleJudge() {
	on := true
	finding := securitydefaults.Judge(
		entramfa.Known(securitydefaults.Policy{IsEnabled: &on}),
		securitydefaults.Account{
			Roles:    entramfa.Known([]securitydefaults.Role{{TemplateID: globalAdministrator, TenantWide: true}}),
			Licensed: entramfa.Known(false),
		})
	fmt.Println(finding.Outcome, finding.Extent)
	fmt.Println(finding.Reasons[1].Text)
	fmt.Println(finding.Advice[0].Action)
	// Output:
	// mfa always
	// the account holds the role Global Administrator: administrators do MFA at every sign-in
	// useApplication
}
