package policy_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa/policy"
)

const (
	graphID      = "00000003-0000-0000-c000-000000000000"
	sharePointID = "00000003-0000-0ff1-ce00-000000000000"
	azureID      = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	directoryID  = "00000002-0000-0000-c000-000000000000"
	keyVaultID   = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
)

// TestProfilesAreNarrowInTheirResourcesAlone: what a profile leaves out besides
// would be a sign-in of the client that no finding is about.
func TestProfilesAreNarrowInTheirResourcesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		profile      policy.SignIn
		applications []string
	}{
		"Graph":            {policy.GraphSignIn(), []string{graphID}},
		"Exchange Online":  {policy.ExchangeOnlineSignIn(), []string{exchangeOnlineID}},
		"SharePoint":       {policy.SharePointSignIn(), []string{sharePointID}},
		"Azure CLI":        {policy.AzureCLISignIn(), []string{azureID, graphID}},
		"Azure PowerShell": {policy.AzurePowerShellSignIn(), []string{azureID, graphID}},
	} {
		want := policy.PasswordSignIn()
		want.Applications = c.applications
		assert.Equal(t, want, c.profile, name)
	}
}

// TestEachCallMakesAProfileOfItsOwn: what one caller adds to it is nobody else's.
func TestEachCallMakesAProfileOfItsOwn(t *testing.T) {
	for _, profile := range []func() policy.SignIn{policy.GraphSignIn, policy.ExchangeOnlineSignIn, policy.SharePointSignIn, policy.AzureCLISignIn, policy.AzurePowerShellSignIn} {
		first := profile()
		first.Applications[0], first.ClientAppTypes[0] = keyVaultID, "other"
		assert.NotEqual(t, first, profile())
	}
}

// TestProfilesAgainstPolicies judges each profile against a policy on each kind
// of resource, client and flow.
func TestProfilesAgainstPolicies(t *testing.T) {
	only := func(app string) string { return `"applications": {"includeApplications": ["` + app + `"]}` }
	but := func(app string) string {
		return `"applications": {"includeApplications": ["All"], "excludeApplications": ["` + app + `"]}`
	}
	const always, sometimes, untouched, unknown = "mfa always", "mfa sometimes", "clear never", "unknown unknown"
	for _, c := range []struct{ change, graph, exchange, sharePoint, azure string }{
		{only("All"), always, always, always, always},
		{only("None"), untouched, untouched, untouched, untouched},
		{only("Office365"), unknown, always, always, unknown},
		{only("MicrosoftAdminPortals"), untouched, untouched, untouched, unknown},
		{only(exchangeOnlineID), unknown, always, untouched, unknown},
		{only(sharePointID), unknown, untouched, always, unknown},
		{only(azureID), untouched, untouched, untouched, sometimes},
		{only(directoryID), unknown, untouched, untouched, unknown},
		{only(keyVaultID), unknown, untouched, untouched, unknown},
		{but("Office365"), unknown, untouched, untouched, unknown},
		{but(exchangeOnlineID), unknown, untouched, always, unknown},
		{but(sharePointID), unknown, always, untouched, unknown},
		{but(azureID), always, always, always, sometimes},
		{`"clientAppTypes": ["exchangeActiveSync", "other"]`, untouched, untouched, untouched, untouched},
		{`"clientAppTypes": ["mobileAppsAndDesktopClients"]`, sometimes, sometimes, sometimes, sometimes},
		{`"clientAppTypes": ["browser"]`, sometimes, sometimes, sometimes, sometimes},
		{`"authenticationFlows": {"transferMethods": "deviceCodeFlow"}`, untouched, untouched, untouched, untouched},
		{`"platforms": {"includePlatforms": ["windows"]}`, sometimes, sometimes, sometimes, sometimes},
		{`"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}`, untouched, untouched, untouched, untouched},
		{`"applications": {"includeAuthenticationContextClassReferences": ["c1"]}`, sometimes, sometimes, sometimes, sometimes},
	} {
		for name, profile := range map[string]struct {
			signIn policy.SignIn
			want   string
		}{
			"Graph":            {policy.GraphSignIn(), c.graph},
			"Exchange Online":  {policy.ExchangeOnlineSignIn(), c.exchange},
			"SharePoint":       {policy.SharePointSignIn(), c.sharePoint},
			"Azure CLI":        {policy.AzureCLISignIn(), c.azure},
			"Azure PowerShell": {policy.AzurePowerShellSignIn(), c.azure},
		} {
			place := tenant(parse(t, c.change))
			f := policy.Judge(place, subject(), profile.signIn)[0]
			assert.Equal(t, profile.want, fmt.Sprint(f.Outcome, " ", f.Extent), "%s: %s\n%+v", name, c.change, f)
			assert.Equal(t, f.Outcome, policy.Decide(place, subject(), profile.signIn).Outcome, "%s: %s", name, c.change)
		}
	}
}
