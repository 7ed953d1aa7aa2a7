package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

const (
	account   = "b0000000-0000-4000-8000-000000000001"
	someone   = "b0000000-0000-4000-8000-000000000002"
	direct    = "a0000000-0000-4000-8000-000000000001"
	nested    = "a0000000-0000-4000-8000-000000000002"
	foreign   = "a0000000-0000-4000-8000-000000000003"
	holder    = "a0000000-0000-4000-8000-000000000004"
	office    = "d0000000-0000-4000-8000-000000000001"
	homeID    = "e0000000-0000-4000-8000-000000000001"
	exchange  = "29232cdf-9323-42fd-ade2-1d097af3e4de"
	security  = "194ae4cb-b126-40b2-bd5b-6091b380977d"
	helpdesk  = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	userAdmin = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	teams     = "69091246-20e8-4a56-aa4d-066075b2a7a8"
)

// subject is an ordinary member: in a group and in one nested around it, an
// Exchange Administrator, a Security Administrator through a group, a Helpdesk
// Administrator for an administrative unit alone, eligible for User Administrator.
func subject() policy.Subject {
	group := func(id, name string, path ...string) policy.Membership {
		return policy.Membership{Group: policy.Group{ID: id, DisplayName: name}, Path: append(path, name), Nested: len(path) > 0}
	}
	return policy.Subject{
		ID:     account,
		Kinds:  entramfa.Known([]string(nil)),
		Groups: entramfa.Known([]policy.Membership{group(direct, "Inner"), group(nested, "Outer", "Inner"), group(holder, "Holders")}),
		Roles: entramfa.Known([]policy.RoleAssignment{
			role(account, exchange, "/"), role(holder, security, "/"), role(account, helpdesk, "/administrativeUnits/1"), custom(),
		}),
		EligibleRoles: entramfa.Known([]policy.RoleAssignment{role(account, userAdmin, "/")}),
	}
}

func role(principal, id, scope string) policy.RoleAssignment {
	return policy.RoleAssignment{PrincipalID: principal, RoleDefinitionID: id, DirectoryScopeID: &scope}
}

// custom is a role that the tenant made, on the id of a built-in one: such a policy can't be saved.
func custom() policy.RoleAssignment {
	no := false
	r := role(account, teams, "/")
	r.RoleDefinition = &policy.RoleDefinition{ID: teams, DisplayName: "Made here", IsBuiltIn: &no}
	return r
}

func tenant(policies ...policy.Policy) policy.Tenant {
	return policy.Tenant{
		Policies:       entramfa.Known(policy.List{Policies: policies}),
		NamedLocations: entramfa.Known([]policy.NamedLocation{{Type: policy.IPNamedLocation, ID: office, DisplayName: "Office", IPRanges: []policy.IPRange{{CIDRAddress: "203.0.113.0/24"}}}}),
		Strengths:      entramfa.Known([]policy.AuthenticationStrength{{ID: "custom", AllowedCombinations: []policy.Flags{"password"}}}),
		Objects:        entramfa.Known([]policy.Principal{{ID: direct}, {ID: nested}, {ID: foreign, DisplayName: "Foreign"}, {ID: someone}}),
	}
}

// parse makes a policy of what a case changes of an enabled one that demands
// MFA of all users for all resources; "users", "conditions" and so on are
// merged into it.
func parse(t *testing.T, change string) policy.Policy {
	t.Helper()
	whole := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(`{
		"id": "p", "displayName": "P", "state": "enabled",
		"conditions": {"clientAppTypes": ["all"], "applications": {"includeApplications": ["All"]}, "users": {"includeUsers": ["All"]}},
		"grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}`), &whole))
	changed := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte("{"+change+"}"), &changed), change)
	conditions := whole["conditions"].(map[string]any)
	for name, value := range changed {
		if users, ok := value.(map[string]any); ok && name == "users" {
			for _, list := range []string{"includeUsers", "includeGroups", "includeRoles"} {
				if _, said := users[list]; !said {
					users[list] = []any{} // as Graph sends it
				}
			}
		}
		switch name {
		case "partOfUsers":
			conditions["users"] = value
		case "state", "grantControls", "sessionControls", "displayName", "templateId", "partialEnablementStrategy", "conditions":
			whole[name] = value
		default:
			conditions[name] = value
		}
	}
	text, err := json.Marshal(whole)
	require.NoError(t, err)
	var p policy.Policy
	require.NoError(t, json.Unmarshal(text, &p), change)
	return p
}

// judged is one case: what a policy says, and what has to come out: outcome,
// extent, and a text that a reason, a caveat or a missing entry holds.
type judged struct{ change, want, text string }

func TestUserCondition(t *testing.T) {
	for _, c := range []judged{
		{`"users": {"includeUsers": ["All"]}`, "mfa always", "all users are included"},
		{`"users": {"includeUsers": ["all"]}`, "mfa always", "all users are included"},
		{`"users": {"includeUsers": ["None"]}`, "clear never", "no user is included"},
		{`"users": {"includeUsers": [], "includeGroups": [], "includeRoles": []}`, "clear never", "not among"},
		{`"partOfUsers": {}`, "unknown unknown", "did not say"},
		{`"partOfUsers": {"excludeUsers": ["` + someone + `"]}`, "unknown unknown", "did not say"},
		{`"partOfUsers": {"includeUsers": []}`, "unknown unknown", "did not say"},
		{`"partOfUsers": {"includeUsers": null, "includeGroups": [], "includeRoles": []}`, "unknown unknown", "did not say"},
		{`"partOfUsers": {"includeRoles": ["` + teams + `"]}`, "unknown unknown", "did not say"},
		{`"partOfUsers": {"includeUsers": ["All"]}`, "mfa always", ""},
		{`"partOfUsers": {"includeUsers": ["None"]}`, "clear never", ""},
		{`"users": {"includeUsers": [], "includeUsers@odata.nextLink": "x"}`, "unknown unknown", "nextLink"},
		{`"users": {"includeGroups": ["Inner"]}`, "unknown unknown", "no object id"},
		{`"users": {"includeGroups": ["{` + direct + `}"]}`, "unknown unknown", "no object id"},
		{`"users": {"includeRoles": ["Global Administrator"]}`, "unknown unknown", "no template id"},
		{`"users": {"includeUsers": ["None"]}, "identities": {"include": ["All"]}`, "unknown unknown", "names no users"},
		{`"users": {"includeUsers": ["` + account + `"]}`, "mfa always", "the account itself is included"},
		{`"users": {"includeUsers": ["` + strings.ToUpper(account) + `"]}`, "mfa always", "the account itself"},
		{`"users": {"includeUsers": ["` + someone + `"]}`, "clear never", "not among"},
		{`"users": {"includeUsers": ["All"], "excludeUsers": ["` + account + `"]}`, "clear never", "the account itself is excluded"},
		{`"users": {"includeUsers": ["All"], "excludeUsers": ["` + someone + `"]}`, "mfa always", ""},
		{`"users": {"includeUsers": ["AllAgentIdUsers"]}`, "clear never", ""},
		{`"users": {"includeUsers": ["Everybody"]}`, "unknown unknown", `what "Everybody" means`},
		{`"users": {"includeUsers": ["All"], "excludeUsers": ["Current administrator will be excluded"]}`, "unknown unknown", "Current administrator"},
		{`"users": {"includeUsers": ["Everybody"], "excludeUsers": ["` + account + `"]}`, "clear never", "the account itself is excluded"},
		// groups
		{`"users": {"includeGroups": ["` + direct + `"]}`, "mfa always", `group "Inner" is included | Inner`},
		{`"users": {"includeGroups": ["` + nested + `"]}`, "mfa always", `group "Outer" is included | Inner > Outer`},
		{`"users": {"includeGroups": ["` + foreign + `"]}`, "clear never", "not among"},
		{`"users": {"includeUsers": ["All"], "excludeGroups": ["` + nested + `"]}`, "clear never", `group "Outer" is excluded | Inner > Outer`},
		{`"users": {"includeUsers": ["All"], "excludeGroups": ["` + foreign + `"]}`, "mfa always", ""},
		{`"users": {"includeGroups": ["a0000000-0000-4000-8000-00000000dead"]}`, "clear never", "no longer exists"},
		{`"users": {"includeUsers": ["All"], "excludeGroups": ["a0000000-0000-4000-8000-00000000dead"]}`, "mfa always", "no longer exists"},
		// roles
		{`"users": {"includeRoles": ["` + exchange + `"]}`, "mfa always", "the role Exchange Administrator, which the account holds, is included"},
		{`"users": {"includeRoles": ["` + security + `"]}`, "mfa always", "holds through a group, is included | Holders > Security Administrator"},
		{`"users": {"includeRoles": ["` + helpdesk + `"]}`, "clear never", "for /administrativeUnits/1 alone"},
		{`"users": {"includeRoles": ["` + userAdmin + `"]}`, "clear never", "eligible for the role User Administrator"},
		{`"users": {"includeRoles": ["` + teams + `"]}`, "clear never", "custom one"},
		{`"users": {"includeRoles": ["` + policy.GlobalAdministrator + `"]}`, "clear never", "not among"},
		{`"users": {"includeUsers": ["All"], "excludeRoles": ["` + exchange + `"]}`, "clear never", "is excluded"},
		{`"users": {"includeUsers": ["All"], "excludeRoles": ["` + security + `"]}`, "unknown unknown", "no public document says it"},
		{`"users": {"includeUsers": ["All"], "excludeRoles": ["` + helpdesk + `"]}`, "mfa always", ""},
		{`"users": {"includeUsers": ["All"], "excludeRoles": ["` + userAdmin + `"]}`, "mfa always", "once it is activated the account is excluded"},
		{`"users": {"includeUsers": ["All"], "excludeRoles": ["` + teams + `"]}`, "mfa always", ""},
		// guests
		{`"users": {"includeUsers": ["GuestsOrExternalUsers"]}`, "clear never", "none of the guests"},
		{`"users": {"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest, b2bCollaborationGuest", "externalTenants": null}}`, "clear never", "not among"},
		{`"users": {"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest,martian"}}`, "unknown unknown", "martian"},
		// newer schema
		{`"users": {"includeUsers": ["None"], "includeDevices": ["All"]}`, "unknown unknown", "includeDevices"},
		{`"users": {"includeUsers": ["All"], "includeNothing": []}`, "mfa always", ""},
		{`"users": {"includeUsers": ["All"], "excludeUsers": ["` + account + `"], "includeDevices": ["All"]}`, "clear never", ""},
		{`"users": null`, "unknown unknown", "conditions.users"},
		{`"conditions": null`, "unknown unknown", "conditions.users"},
	} {
		check(t, subject(), c)
	}
}

func TestGuests(t *testing.T) {
	types := func(side, types, tenants string) string {
		return fmt.Sprintf(`"users": {%s"%sGuestsOrExternalUsers": {"guestOrExternalUserTypes": %q, "externalTenants": %s}}`,
			map[string]string{"include": "", "exclude": `"includeUsers": ["All"], `}[side], side, types, tenants)
	}
	enumerated := func(id string) string {
		return `{"@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants", "membershipKind": "enumerated", "members": ["` + id + `"]}`
	}
	guest := subject()
	guest.Kinds = entramfa.Known([]string{policy.B2BCollaborationGuest})
	known := guest
	known.HomeTenantID = homeID
	either := subject()
	either.Kinds = entramfa.Known([]string{policy.InternalGuest, policy.B2BCollaborationGuest})
	internal := subject()
	internal.Kinds = entramfa.Known([]string{policy.InternalGuest})
	all := `{"membershipKind": "all"}`
	for _, c := range []struct {
		subject policy.Subject
		judged
	}{
		{guest, judged{`"users": {"includeUsers": ["GuestsOrExternalUsers"]}`, "mfa always", "the account is a b2bCollaborationGuest"}},
		{guest, judged{types("include", "b2bCollaborationGuest , serviceProvider", all), "mfa always", ""}},
		{guest, judged{types("include", "b2bCollaborationMember,serviceProvider", all), "clear never", ""}},
		{guest, judged{types("include", "b2bCollaborationGuest", "null"), "mfa always", ""}},
		{guest, judged{types("include", "b2bCollaborationGuest", enumerated(homeID)), "unknown unknown", "one of the guests"}},
		{known, judged{types("include", "b2bCollaborationGuest", enumerated(homeID)), "mfa always", ""}},
		{known, judged{types("include", "b2bCollaborationGuest", enumerated(someone)), "clear never", ""}},
		{known, judged{types("exclude", "b2bCollaborationGuest", enumerated(homeID)), "clear never", "excluded"}},
		{known, judged{types("exclude", "b2bCollaborationGuest", enumerated(someone)), "mfa always", ""}},
		{known, judged{types("include", "b2bCollaborationGuest", `{"membershipKind": "partners"}`), "unknown unknown", ""}},
		{either, judged{types("include", "internalGuest", all), "unknown unknown", "internalGuest or b2bCollaborationGuest"}},
		{either, judged{types("include", "internalGuest,b2bCollaborationGuest", all), "mfa always", ""}},
		{internal, judged{types("include", "internalGuest,b2bCollaborationGuest", enumerated(homeID)), "unknown unknown", ""}},
		{internal, judged{types("exclude", "internalGuest", enumerated(homeID)), "unknown unknown", ""}},
		{guest, judged{`"users": {"includeGuestsOrExternalUsers": {"externalTenants": null}}`, "unknown unknown", "did not say"}},
	} {
		check(t, c.subject, c.judged)
	}
}

func TestIdsThatAreNoIds(t *testing.T) {
	nameless := subject()
	nameless.ID = "svc"
	check(t, nameless, judged{`"users": {"includeUsers": ["` + account + `"]}`, "unknown unknown", `"svc", which is none`})
	check(t, nameless, judged{`"users": {"includeUsers": ["All"], "excludeUsers": ["` + account + `"]}`, "unknown unknown", "svc"})

	named := subject()
	named.Groups = entramfa.Known([]policy.Membership{{Group: policy.Group{ID: "Finance"}}, {Group: policy.Group{ID: direct}}})
	check(t, named, judged{`"users": {"includeGroups": ["` + foreign + `"]}`, "unknown unknown", `the group "Finance"`})
	check(t, named, judged{`"users": {"includeGroups": ["` + direct + `"]}`, "mfa always", ""})

	named = subject()
	named.Roles = entramfa.Known([]policy.RoleAssignment{role(account, "Global Administrator", "/")})
	check(t, named, judged{`"users": {"includeRoles": ["` + policy.GlobalAdministrator + `"]}`, "unknown unknown", `the role "Global Administrator"`})
}

func TestAgentUsersAreNotOverlooked(t *testing.T) {
	agent := subject()
	agent.AgentUser = true
	for _, c := range []judged{
		{`"users": {"includeUsers": ["None"]}, "agents": {"includeAgentUsers": ["All"]}`, "unknown unknown", "agent users"},
		{`"users": {"includeUsers": ["AllAgentIdUsers"]}`, "mfa always", "the account is one"},
		{`"users": {"includeUsers": ["None"]}`, "clear never", ""},
	} {
		check(t, agent, c)
	}
}

func TestNothingIsClearBecauseItWasNotRead(t *testing.T) {
	nobody := policy.Subject{ID: account}
	for _, c := range []judged{
		{`"users": {"includeUsers": ["All"]}`, "mfa always", ""},
		{`"users": {"includeGroups": ["` + direct + `"]}`, "unknown unknown", "whether the account is in a group that is included"},
		{`"users": {"includeRoles": ["` + exchange + `"]}`, "unknown unknown", "Exchange Administrator"},
		{`"users": {"includeUsers": ["GuestsOrExternalUsers"]}`, "unknown unknown", "guest"},
		{`"users": {"includeUsers": ["All"], "excludeGroups": ["` + direct + `"]}`, "unknown unknown", "not read"},
		{`"users": {"includeUsers": ["All"], "excludeRoles": ["` + exchange + `"]}`, "unknown unknown", "not read"},
		{`"users": {"includeUsers": ["None"], "excludeGroups": ["` + direct + `"]}`, "clear never", ""},
		{`"users": {"includeUsers": ["All"], "excludeUsers": ["` + account + `"], "excludeGroups": ["` + direct + `"]}`, "clear never", ""},
		{`"users": {"includeGroups": ["` + direct + `"]}, "grantControls": null`, "clear never", ""},
		{`"users": {"includeGroups": ["` + direct + `"]}, "applications": {"includeUserActions": ["urn:user:registerdevice"]}`, "clear never", "registerdevice"},
	} {
		check(t, nobody, c)
	}
	findings := policy.Judge(policy.Tenant{Policies: entramfa.Missing[policy.List](errors.New("refused"))}, subject(), policy.PasswordSignIn())
	require.Len(t, findings, 1)
	assert.Equal(t, entramfa.Unknown, findings[0].Outcome)
	assert.Contains(t, findings[0].Missing[0], "refused")

	var half policy.Policy
	require.NoError(t, json.Unmarshal([]byte(`{"state":"enabled","conditions":{"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}}}`), &half))
	for _, p := range []policy.Policy{half, {}, {State: policy.StateEnabled}} {
		findings = policy.Judge(tenant(p), subject(), policy.PasswordSignIn())
		assert.Equal(t, entramfa.Unknown, findings[0].Outcome, "a policy of which a part was read")
		assert.NotEmpty(t, findings[0].Missing)
	}

	findings = policy.Judge(policy.Tenant{Policies: entramfa.Known(policy.List{Hidden: "v1.0 hides"})}, subject(), policy.PasswordSignIn())
	require.Len(t, findings, 1)
	assert.Equal(t, entramfa.Unknown, findings[0].Outcome)
	assert.Equal(t, []string{"v1.0 hides"}, findings[0].Missing)
}

func TestOtherConditions(t *testing.T) {
	for _, c := range []judged{
		{`"applications": null`, "unknown unknown", ""},
		{`"applications": {}`, "unknown unknown", "names no resource"},
		{`"applications": {"includeApplications": ["None"]}`, "clear never", "None"},
		{`"applications": {"includeApplications": ["All"], "excludeApplications": ["00000003-0000-0ff1-ce00-000000000000"]}`, "mfa sometimes", "all resources but 00000003-0000-0ff1-ce00-000000000000"},
		{`"applications": {"includeApplications": ["All"], "excludeApplications": ["Office366"]}`, "unknown unknown", "Office366"},
		{`"applications": {"includeApplications": ["Office365"]}`, "mfa sometimes", "Office365"},
		{`"applications": {"includeApplications": [], "applicationFilter": {"mode": "include", "rule": "r"}}`, "unknown unknown", "filter"},
		{`"applications": {"includeApplications": ["All"], "applicationFilter": {"mode": "exclude", "rule": "r"}}`, "unknown unknown", "filter"},
		{`"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}`, "clear never", "registersecurityinfo"},
		{`"applications": {"includeUserActions": ["urn:user:registersecurityinfo"], "includeApplications": ["All"]}`, "unknown unknown", "exclude each other"},
		{`"applications": {"includeAuthenticationContextClassReferences": ["c1"]}`, "mfa sometimes", "c1"},
		{`"applications": {"includeApplications": ["All"], "networkAccess": {"x": 1}}`, "unknown unknown", "networkAccess"},
		{`"clientAppTypes": []`, "mfa always", ""},
		{`"clientAppTypes": ["mobileAppsAndDesktopClients"]`, "mfa sometimes", "as mobileAppsAndDesktopClients"},
		{`"clientAppTypes": ["mobileAppsAndDesktopClients", "browser"]`, "mfa always", ""},
		{`"clientAppTypes": ["exchangeActiveSync", "other"]`, "clear never", "legacy protocols"},
		{`"clientAppTypes": ["browser"]`, "mfa sometimes", "confidential clients"},
		{`"clientAppTypes": ["holograms"]`, "unknown unknown", "holograms"},
		{`"authenticationFlows": {"transferMethods": "deviceCodeFlow , authenticationTransfer"}`, "clear never", "deviceCodeFlow"},
		{`"authenticationFlows": {"transferMethods": null}`, "mfa always", ""},
		{`"authenticationFlows": {"transferMethods": "none"}`, "mfa always", ""},
		{`"authenticationFlows": {"transferMethods": "none,deviceCodeFlow"}`, "unknown unknown", "none"},
		{`"authenticationFlows": {"transferMethods": "telepathy"}`, "unknown unknown", "telepathy"},
		{`"authenticationFlows": {"protocolFlows": "x"}`, "unknown unknown", "protocolFlows"},
		{`"platforms": {"includePlatforms": ["all"]}`, "mfa always", ""},
		{`"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}`, "mfa sometimes", "but iOS"},
		{`"platforms": {"includePlatforms": ["windows"]}`, "mfa sometimes", "windows"},
		{`"locations": {"includeLocations": ["All"]}`, "mfa always", ""},
		{`"locations": {"includeLocations": ["All"], "excludeLocations": ["` + office + `"]}`, "mfa sometimes", `from everywhere but "Office" (address ranges: 1)`},
		{`"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}`, "unknown unknown", "shown by no API"},
		{`"locations": {"includeLocations": ["00000000-0000-0000-0000-000000000000"]}`, "unknown unknown", "the MFA trusted IPs"},
		{`"locations": {"includeLocations": ["d0000000-0000-4000-8000-00000000dead"]}`, "unknown unknown", "no named location with this id"},
		{`"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}`, "mfa always", "for unregistered devices too"},
		{`"devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}`, "clear never", "comes from none"},
		{`"devices": {"deviceFilter": {"mode": "include", "rule": "device.trustType -ne \"ServerAD\""}}`, "mfa always", "unregistered"},
		{`"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.model -notIn [\"x\"]"}}`, "clear never", "comes from none"},
		{`"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.model -eq null"}}`, "unknown unknown", "model"},
		{`"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.colour -eq \"red\""}}`, "unknown unknown", "colour"},
		{`"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.model ="}}`, "unknown unknown", "what the device filter"},
		{`"devices": {"deviceFilter": {"mode": "report", "rule": "device.isCompliant -eq True"}}`, "unknown unknown", "report"},
		{`"devices": {"deviceFilter": null}`, "mfa always", ""},
		{`"devices": {"deviceFilter": {"Mode": null, "Rule": null}}`, "mfa always", ""},
		{`"applications": {"includeApplications": ["All"], "applicationFilter": {"Mode": null, "Rule": null}}`, "mfa always", ""},
		{`"applications": {"includeUserActions": ["signin"]}`, "unknown unknown", "signin"},
		{`"locations": {"newThing": {"a": 1}}`, "unknown unknown", "newThing"},
		{`"deviceStates": {"includeStates": ["All"]}`, "unknown unknown", "retired"},
		{`"signInRiskLevels": ["high"]`, "mfa sometimes", "high"},
		{`"userRiskLevels": ["medium", "high"]`, "mfa sometimes", "medium or high"},
		{`"insiderRiskLevels": "minor, elevated"`, "mfa sometimes", "minor or elevated"},
		{`"times": null, "clients": null, "signInRiskDetections": []`, "mfa always", ""},
		{`"weather": {"include": ["rain"]}`, "unknown unknown", "weather"},
		{`"users": {"includeUsers": ["None"]}, "agents": {"includeAgentUsers": ["All"]}, "agentContext": {"x": ["y"]}`, "clear never", ""},
		{`"partialEnablementStrategy": {"percent": 5}`, "unknown unknown", "partialEnablementStrategy"},
		{`"grantControls": {"operator": "OR", "builtInControls": ["block"]}, "locations": {"includeLocations": ["All"], "excludeLocations": ["` + office + `"]}`, "blocked sometimes", "blocks"},
	} {
		check(t, subject(), c)
	}
}

func TestGrantControls(t *testing.T) {
	controls := func(operator, list string) string {
		return fmt.Sprintf(`"grantControls": {"operator": %s, "builtInControls": %s}`, operator, list)
	}
	strength := func(text string) string {
		return `"grantControls": {"operator": "OR", "builtInControls": [], "authenticationStrength": ` + text + `}`
	}
	cases := []judged{
		{controls(`"OR"`, `["block"]`), "blocked always", "blocks"},
		{controls(`"OR"`, `["block", "mfa"]`), "blocked always", "blocks"},
		{controls(`"OR"`, `["verifiedID"]`), "unknown unknown", "verifiedID"},
		{controls(`"OR"`, `["mfa", "verifiedID"]`), "unknown unknown", "verifiedID"},
		{controls(`"AND"`, `["mfa", "verifiedID"]`), "mfa always", ""},
		{controls(`null`, `["mfa", "compliantDevice"]`), "mfa always", ""},
		{controls(`"XOR"`, `["mfa", "verifiedID"]`), "unknown unknown", ""},
		{controls(`"OR"`, `[], "authenticationStrength": null`), "clear never", "demands nothing"},
		{controls(`"OR"`, `[]`), "unknown unknown", "a part of the grantControls"},
		{`"grantControls": {}`, "unknown unknown", "a part of the grantControls"},
		{`"grantControls": {"operator": "OR", "builtInControls": [], "authenticationStrength@odata.bind": "x"}`, "unknown unknown", "a part"},
		{controls(`"OR"`, `["mfa"], "AuthenticationStrength": {"Id": null, "DisplayName": null}`), "mfa always", ""},
		{`"grantControls": null`, "clear never", "demands nothing"},
		{`"grantControls": {"operator": "OR", "builtInControls": [], "termsOfUse": ["t"]}`, "mfa always", "accepted before"},
		{`"grantControls": {"operator": "OR", "builtInControls": [], "customAuthenticationFactors": ["f"]}`, "mfa always", ""},
		{`"grantControls": {"operator": "AND", "builtInControls": [], "retina": true}`, "unknown unknown", "retina"},
		{strength(`{"id": "00000000-0000-0000-0000-000000000004"}`), "mfa always", ""},
		{strength(`{"id": "x", "displayName": "Lax", "requirementsSatisfied": "none", "allowedCombinations": ["fido2", "password"]}`), "clear never", "a password alone meets"},
		{strength(`{"id": "x", "displayName": "Strict", "allowedCombinations": ["password, sms", "fido2"]}`), "mfa always", `"Strict"`},
		{strength(`{"id": "custom"}`), "clear never", ""},
		{strength(`{"id": "gone"}`), "unknown unknown", "gone"},
		{`"grantControls": {"operator": "AND", "builtInControls": ["compliantDevice"], "authenticationStrength": {"id": "custom"}}`, "mfa always", ""},
		{`"grantControls": {"operator": "OR", "builtInControls": ["compliantDevice"], "authenticationStrength": {"id": "custom"}}`, "clear never", ""},
		// session controls
		{`"grantControls": null, "sessionControls": {"signInFrequency": {"isEnabled": true, "value": 4, "type": "hours"}}`, "clear never", "AADSTS70043"},
		{`"grantControls": null, "sessionControls": {"continuousAccessEvaluation": {"mode": "strictLocation"}}`, "clear never", "another address"},
		{`"grantControls": null, "sessionControls": {"secureSignInSession": {"isEnabled": true}}`, "blocked sometimes", "token protection"},
		{`"grantControls": null, "sessionControls": {"secureSignInSession": {"isEnabled": false}}`, "clear never", ""},
		{`"grantControls": null, "sessionControls": {"moonPhase": {"isEnabled": true}}`, "unknown unknown", "moonPhase"},
		{`"grantControls": null, "sessionControls": {"secureSignInSession": {"IsEnabled": null}}`, "clear never", ""},
		{`"grantControls": null, "sessionControls": {"signInFrequency": {"isEnabled": true, "authenticationType": "secondaryAuthentication"}}`, "unknown unknown", "second factor"},
		{`"sessionControls": {"moonPhase": {"isEnabled": true}}`, "mfa always", ""},
	}
	for _, control := range []string{"mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication", "passwordChange", "riskRemediation"} {
		cases = append(cases, judged{controls(`"OR"`, `["`+control+`"]`), "mfa always", "it demands " + control})
	}
	for _, c := range cases {
		check(t, subject(), c)
	}
}

func TestStates(t *testing.T) {
	for _, c := range []judged{
		{`"state": "disabled"`, "clear never", "disabled"},
		{`"state": "enabledForReportingButNotEnforced"`, "clear never", "it would do this if it were enabled: mfa, always"},
		{`"state": "Enabled"`, "mfa always", ""},
		{`"state": "partiallyEnabled"`, "unknown unknown", "partiallyEnabled"},
		{`"state": null`, "unknown unknown", ""},
		{`"state": "partiallyEnabled", "users": {"includeUsers": ["None"]}`, "clear never", ""},
		{`"state": "enabledForReportingButNotEnforced", "weather": {"x": 1}`, "clear never", "weather"},
	} {
		check(t, subject(), c)
	}
}

func TestOrigin(t *testing.T) {
	for name, want := range map[string]policy.Origin{
		"Microsoft-managed: Block legacy authentication": policy.OriginMicrosoftManaged,
		"Baseline Security Mode: Block device code flow": policy.OriginBaselineSecurityMode,
		"[SharePoint admin center]Use app-enforced":      policy.OriginSharePointAdminCenter,
		"Baseline policy: Require MFA for admins":        policy.OriginRetiredBaseline,
		"Require MFA": policy.OriginTenant,
	} {
		assert.Equal(t, want, policy.Policy{DisplayName: name}.Origin(), name)
	}
	managed, mode := "4200930c-0da2-4e33-ca01-000000000007", "4200930C-0DA2-4E33-CA01-300000000011"
	assert.Equal(t, policy.OriginMicrosoftManaged, policy.Policy{TemplateID: &managed}.Origin())
	assert.Equal(t, policy.OriginBaselineSecurityMode, policy.Policy{TemplateID: &mode}.Origin())
	check(t, subject(), judged{`"displayName": "Baseline policy: Require MFA for admins"`, "mfa always", "made by hand"})
	check(t, subject(), judged{`"displayName": "Microsoft-managed: MFA for all users"`, "mfa always", "its exclusions can be edited"})
}

// check judges the policy of a case and compares.
func check(t *testing.T, s policy.Subject, c judged) {
	t.Helper()
	findings := policy.Judge(tenant(parse(t, c.change)), s, policy.PasswordSignIn())
	require.Len(t, findings, 1)
	f := findings[0]
	assert.Equal(t, c.want, f.Outcome.String()+" "+f.Extent.String(), "%s\n%+v", c.change, f)
	assert.Contains(t, said(f), c.text, c.change)
	if f.Outcome == entramfa.Unknown {
		assert.NotEmpty(t, f.Missing, c.change)
	}
	assert.NotEmpty(t, f.Reasons, c.change)
	assert.NotEmpty(t, f.Advice, c.change)
}

// said joins all texts of a finding.
func said(f entramfa.Finding) string {
	var b strings.Builder
	for _, r := range f.Reasons {
		fmt.Fprintf(&b, "%s | %s\n", r.Text, strings.Join(r.Path, " > "))
	}
	return b.String() + strings.Join(append(f.Caveats, f.Missing...), "\n")
}
