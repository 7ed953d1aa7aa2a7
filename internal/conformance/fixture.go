package conformance

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

const (
	guestUPN    = "eve_example.org#EXT#@contoso.com"
	phoneMethod = "#microsoft.graph.phoneAuthenticationMethod"
	planP1      = securitydefaults.PlanEntraP1

	globalReader  = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	exchangeAdmin = "29232cdf-9323-42fd-ade2-1d097af3e4de"
	userAdmin     = "fe930be7-5e62-47db-91af-98c3a49a38b1"
)

// fixture is a tenant with something of everything, and the ids in it.
type fixture struct {
	tenant                   *graphfake.Tenant
	service, guest, disabled string
	deleted                  string // a user who was deleted
	inner, middle, outer     string // the service account's groups, nested: security, distribution, Microsoft 365
	circleA, circleB         string // each a member of the other
	roleInner, roleOuter     string // nested; roleOuter holds a role
	plain, future, betaOnly  string // policies
	location, strength       string
}

func build(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{tenant: &graphfake.Tenant{}}
	f.users(t)
	f.groups(t)
	f.roles(t)
	f.policies(t)
	f.tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Enabled",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: planP1, ProvisioningStatus: "Success"}},
	})
	f.tenant.AddDomain(mfa.Domain{ID: "fed.contoso.com", AuthenticationType: "Federated", PasswordValidityPeriodInDays: new(90)})
	return f
}

func (f *fixture) users(t *testing.T) {
	f.service = f.tenant.AddUser(mfa.User{
		UserPrincipalName: "svc@contoso.com", DisplayName: "Service O'Brien",
		OnPremisesSyncEnabled: new(true), PasswordPolicies: new("DisablePasswordExpiration"),
		LastPasswordChangeDateTime: new("2024-05-01T00:00:00Z"),
	})
	f.guest = f.tenant.AddUser(mfa.User{
		UserPrincipalName: guestUPN, DisplayName: "Guest + & friends", UserType: new("Guest"),
		CreationType: new("Invitation"), ExternalUserState: new("Accepted"),
	})
	f.disabled = f.tenant.AddUser(mfa.User{UserPrincipalName: "old@contoso.com", DisplayName: "service, old", AccountEnabled: new(false)})
	f.deleted = f.tenant.AddUser(mfa.User{UserPrincipalName: "gone@contoso.com", DisplayName: "Gone"})
	require.NoError(t, f.tenant.SetPerUserState(f.service, mfa.PerUserEnforced))
	require.NoError(t, f.tenant.AddMethod(f.service, mfa.Method{
		Type: phoneMethod, PhoneType: new("mobile"), PhoneNumber: new(mfa.NewPhone("+1 5550100123")),
	}))
}

func (f *fixture) groups(t *testing.T) {
	add := func(name string, kind policy.Group) string {
		kind.DisplayName = name
		return f.tenant.AddGroup(kind)
	}
	f.inner = add("Inner", policy.Group{SecurityEnabled: new(true), MailEnabled: new(false), GroupTypes: []string{"DynamicMembership"}})
	f.middle = add("Middle", policy.Group{SecurityEnabled: new(false), MailEnabled: new(true)})
	f.outer = add("Outer", policy.Group{SecurityEnabled: new(false), MailEnabled: new(true), GroupTypes: []string{"Unified"}})
	f.circleA = add("Circle A", policy.Group{SecurityEnabled: new(true)})
	f.circleB = add("Circle B", policy.Group{SecurityEnabled: new(true)})
	f.roleInner = add("Role inner", policy.Group{SecurityEnabled: new(true)})
	f.roleOuter = add("Role outer", policy.Group{SecurityEnabled: new(true), IsAssignableToRole: new(true)})
	unrelated := add("Unrelated", policy.Group{SecurityEnabled: new(true)})
	for _, m := range [][2]string{
		{f.inner, f.service}, {f.middle, f.inner}, {f.outer, f.middle}, {f.middle, f.guest},
		{f.circleA, f.service}, {f.circleB, f.circleA}, {f.circleA, f.circleB},
		{f.roleInner, f.service}, {f.roleOuter, f.roleInner}, {unrelated, f.guest}, {f.inner, f.deleted},
	} {
		require.NoError(t, f.tenant.AddMember(m[0], m[1]))
	}
	require.NoError(t, f.tenant.Delete(f.deleted))
}

func (f *fixture) roles(t *testing.T) {
	for _, r := range []policy.RoleAssignment{
		{PrincipalID: f.service, RoleDefinitionID: globalReader},
		{PrincipalID: f.service, RoleDefinitionID: exchangeAdmin, DirectoryScopeID: new("/administrativeUnits/1")},
		{PrincipalID: f.roleOuter, RoleDefinitionID: policy.GlobalAdministrator},
		{PrincipalID: f.disabled, RoleDefinitionID: policy.GlobalAdministrator},
	} {
		_, err := f.tenant.AssignRole(r)
		require.NoError(t, err)
	}
	for _, r := range []policy.RoleAssignment{
		{PrincipalID: f.service, RoleDefinitionID: userAdmin},
		{PrincipalID: f.roleOuter, RoleDefinitionID: exchangeAdmin},
	} {
		_, err := f.tenant.MakeEligible(r)
		require.NoError(t, err)
	}
}

// futurePolicy uses values that this module may know only later.
const futurePolicy = `{
	"displayName": "Future", "state": "enabled", "description": "kept",
	"conditions": {
		"clientAppTypes": ["all", "telepathy"],
		"users": {"includeUsers": ["All"], "excludeUsers": [], "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest, martian"}},
		"applications": {"includeApplications": ["All"]},
		"platforms": {"includePlatforms": ["linux", "windows"]},
		"weather": {"includeWeather": ["rain"]}
	},
	"grantControls": {"operator": "OR", "builtInControls": ["mfa", "riskRemediation", "handshake"]}
}`

func (f *fixture) policies(t *testing.T) {
	f.location = f.tenant.AddNamedLocation(policy.NamedLocation{
		Type: policy.IPNamedLocation, DisplayName: "Office", IsTrusted: new(true),
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "192.0.2.0/24"}},
	})
	f.tenant.AddNamedLocation(policy.NamedLocation{
		Type: policy.CountryNamedLocation, DisplayName: "Home", CountriesAndRegions: []string{"NL"}, IncludeUnknownCountriesAndRegions: new(true),
	})
	f.strength = f.tenant.AddAuthenticationStrength(policy.AuthenticationStrength{
		DisplayName: "Keys only", AllowedCombinations: []policy.Flags{"fido2"},
	})
	f.plain = f.policy(t, policy.Policy{
		DisplayName: "Keys for everyone", State: policy.StateReportOnly,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Users:          &policy.Users{IncludeGroups: []string{f.outer}, ExcludeUsers: []string{f.deleted}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
			Locations:      &policy.Locations{IncludeLocations: []string{"All"}, ExcludeLocations: []string{f.location}},
		},
		GrantControls: &policy.GrantControls{AuthenticationStrength: &policy.AuthenticationStrength{ID: f.strength}},
	})
	var future policy.Policy
	require.NoError(t, json.Unmarshal([]byte(futurePolicy), &future))
	f.future = f.policy(t, future)
	f.betaOnly = f.policy(t, policy.Policy{
		DisplayName: "Agents", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			Users:             &policy.Users{IncludeUsers: []string{"None"}},
			AgentIDRiskLevels: new(policy.Flags("high")),
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"block"}},
	})
}

func (f *fixture) policy(t *testing.T, p policy.Policy) string {
	id, err := f.tenant.AddPolicy(p)
	require.NoError(t, err)
	return id
}
