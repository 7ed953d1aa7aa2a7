package graphfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// The rules that the service has for a policy, beside its schema. Microsoft
// publishes no list; where no number is known the message has none.

// rule is one of them.
type rule struct {
	// parts are the paths of the members that it is about.
	parts []string
	// number leads the message, where it was seen.
	number string
	// broken says how a policy breaks the rule, "" where it doesn't.
	broken func(d *directory, p policy.Policy) string
}

// rules: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant
// for the controls, https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps
// for the user actions, and the validators of
// https://github.com/deploymenttheory/terraform-provider-microsoft365 for what excludes what.
var rules = []rule{
	{[]string{"grantControls"}, "1032", loneBlock},
	{[]string{"grantControls", "conditions"}, "1032", passwordChange},
	{[]string{"grantControls", "conditions.clientApplications"}, "1032", workloadBlock},
	{[]string{"grantControls.authenticationStrength"}, "", knownStrength},
	{[]string{"grantControls"}, "1032", strengthOrMFA},
	{[]string{"conditions.users"}, "", everyoneAlone},
	{[]string{"conditions.applications"}, "", oneTarget},
	{[]string{"conditions.applications", "grantControls"}, "", deviceRegistration},
	{[]string{"conditions.locations"}, "1040", knownLocations},
	{[]string{"conditions.deviceStates", "conditions.devices"}, "1060", oneDeviceCondition},
	{[]string{"conditions.devices"}, "1088", retiredDeviceStates},
	{[]string{"conditions.devices"}, "", shortDeviceFilter},
	{[]string{"conditions.authenticationFlows", "grantControls"}, "1235", protocolFlowsBlock},
	{[]string{"sessionControls.signInFrequency"}, "", everyTime},
}

// breaks asks the rules about the parts that a write touches.
func (d *directory) breaks(p policy.Policy, touched object) error {
	for _, r := range rules {
		asked := slices.ContainsFunc(r.parts, func(path string) bool { return holds(touched, strings.Split(path, ".")...) })
		if !asked {
			continue
		}
		if why := r.broken(d, complete(p)); why != "" {
			if r.number != "" {
				why = r.number + ": " + why
			}
			return graphError(http.StatusBadRequest, "BadRequest", "%s", why)
		}
	}
	return nil
}

// complete fills the objects of a policy that rules look at.
func complete(p policy.Policy) policy.Policy {
	var conditions policy.Conditions
	if p.Conditions != nil {
		conditions = *p.Conditions
	}
	conditions.Users = orEmpty(conditions.Users)
	conditions.Applications = orEmpty(conditions.Applications)
	p.Conditions, p.GrantControls = &conditions, orEmpty(p.GrantControls)
	return p
}

func orEmpty[T any](pointer *T) *T {
	if pointer == nil {
		return new(T)
	}
	return pointer
}

func controlsOf(p policy.Policy) int {
	n := len(p.GrantControls.BuiltInControls) + len(p.GrantControls.CustomAuthenticationFactors) + len(p.GrantControls.TermsOfUse)
	if p.GrantControls.AuthenticationStrength != nil {
		n++
	}
	return n
}

func demandsOf(p policy.Policy, control string) bool {
	return slices.Contains(p.GrantControls.BuiltInControls, control)
}

const invalidControls = "ConditionalActionPolicy validation failed due to InvalidControls."

func loneBlock(_ *directory, p policy.Policy) string {
	if demandsOf(p, "block") && controlsOf(p) > 1 {
		return invalidControls
	}
	return ""
}

// passwordChange wants MFA beside it, a user risk, every application, and no other condition.
func passwordChange(_ *directory, p policy.Policy) string {
	c := p.Conditions
	if !demandsOf(p, "passwordChange") {
		return ""
	}
	second := demandsOf(p, "mfa") || p.GrantControls.AuthenticationStrength != nil
	operator := p.GrantControls.Operator
	all := slices.Equal(c.Applications.IncludeApplications, []string{"All"}) && len(c.Applications.ExcludeApplications) == 0
	other := len(c.SignInRiskLevels) > 0 || c.Platforms != nil || c.Locations != nil || c.Devices != nil || c.AuthenticationFlows != nil ||
		!slices.Equal(c.ClientAppTypes, []string{"all"})
	if !second || operator == nil || *operator != "AND" || len(c.UserRiskLevels) == 0 || !all || other {
		return "ConditionalActionPolicy validation failed due to InvalidPasswordResetControl."
	}
	return ""
}

// workloadBlock: https://learn.microsoft.com/entra/identity/conditional-access/workload-identity.
func workloadBlock(_ *directory, p policy.Policy) string {
	workload := p.Conditions.ClientApplications
	if workload == nil || len(workload.IncludeServicePrincipals) == 0 || demandsOf(p, "block") && controlsOf(p) == 1 {
		return ""
	}
	return invalidControls
}

func knownStrength(d *directory, p policy.Policy) string {
	strength := p.GrantControls.AuthenticationStrength
	if strength == nil {
		return ""
	}
	if _, known := d.strength(strength.ID); !known {
		return fmt.Sprintf("AuthenticationStrengthPolicy with id %s does not exist in the directory", strength.ID)
	}
	return ""
}

// strengthOrMFA: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strength-how-it-works.
func strengthOrMFA(_ *directory, p policy.Policy) string {
	if p.GrantControls.AuthenticationStrength != nil && demandsOf(p, "mfa") {
		return invalidControls
	}
	return ""
}

// everyoneAlone: All and None stand alone among the included users, and All beside
// no group and no role. None may stand beside roles: so it does in Microsoft's template
// for the devices of administrators.
func everyoneAlone(_ *directory, p policy.Policy) string {
	u := p.Conditions.Users
	for _, word := range []string{"All", "None"} {
		if slices.Contains(u.IncludeUsers, word) && len(u.IncludeUsers) > 1 {
			return fmt.Sprintf("'%s' in includeUsers can not be combined with other users.", word)
		}
	}
	if slices.Contains(u.IncludeUsers, "All") && len(u.IncludeGroups)+len(u.IncludeRoles) > 0 {
		return "'All' in includeUsers can not be combined with groups or roles."
	}
	return ""
}

// oneTarget: a policy is about applications, user actions or authentication contexts.
func oneTarget(_ *directory, p policy.Policy) string {
	a := p.Conditions.Applications
	kinds := 0
	for _, list := range [][]string{a.IncludeApplications, a.IncludeUserActions, a.IncludeAuthenticationContextClassReferences} {
		if len(list) > 0 {
			kinds++
		}
	}
	if kinds > 1 {
		return "Applications, user actions and authentication contexts can not be combined in one policy."
	}
	for _, word := range []string{"All", "None", "AllAgentIdResources"} {
		named := slices.Contains(a.IncludeApplications, word)
		if named && a.ApplicationFilter != nil {
			return fmt.Sprintf("applicationFilter can not be combined with '%s'.", word)
		}
		if named && len(a.IncludeApplications) > 1 && word != "AllAgentIdResources" {
			return fmt.Sprintf("'%s' in includeApplications can not be combined with other applications.", word)
		}
	}
	return ""
}

// deviceRegistration: to register a device a policy may ask for MFA, and look at
// neither client apps nor devices.
func deviceRegistration(_ *directory, p policy.Policy) string {
	c := p.Conditions
	if !slices.Contains(c.Applications.IncludeUserActions, "urn:user:registerdevice") {
		return ""
	}
	second := demandsOf(p, "mfa") || p.GrantControls.AuthenticationStrength != nil
	filtered := c.Devices != nil && c.Devices.DeviceFilter != nil
	if controlsOf(p) > 1 || controlsOf(p) == 1 && !second || filtered || !slices.Equal(c.ClientAppTypes, []string{"all"}) {
		return "The user action urn:user:registerdevice allows multifactor authentication alone, and no condition on client apps or devices."
	}
	return ""
}

// knownLocations: a location that was made just before can be unknown for a while.
// Source: https://github.com/KelvinTegelaar/CIPP-API.
func knownLocations(d *directory, p policy.Policy) string {
	locations := p.Conditions.Locations
	if locations == nil {
		return ""
	}
	for _, id := range slices.Concat(locations.IncludeLocations, locations.ExcludeLocations) {
		_, known := d.locations.get(id)
		if !known && !slices.Contains([]string{policy.LocationAll, policy.LocationAllTrusted, policy.LocationMFATrustedIPs}, id) {
			return fmt.Sprintf("NamedLocation with id %s does not exist in the directory", id)
		}
	}
	return ""
}

// oneDeviceCondition: https://github.com/AlexFilipin/ConditionalAccess/issues/1.
func oneDeviceCondition(_ *directory, p policy.Policy) string {
	if p.Conditions.DeviceStates != nil && p.Conditions.Devices != nil {
		return "deviceStates and devices can not be set together."
	}
	return ""
}

// retiredDeviceStates: https://github.com/AlexFilipin/ConditionalAccess/issues/17.
func retiredDeviceStates(_ *directory, p policy.Policy) string {
	if devices := p.Conditions.Devices; devices != nil && len(devices.IncludeDeviceStates)+len(devices.ExcludeDeviceStates) > 0 {
		return "includeDeviceStates and excludeDeviceStates are no longer supported."
	}
	return ""
}

// longestDeviceFilter: https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices.
const longestDeviceFilter = 3072

func shortDeviceFilter(_ *directory, p policy.Policy) string {
	rule := valueAt(objectOf(p), "conditions", "devices", "deviceFilter", "rule")
	var text string
	if json.Unmarshal(rule, &text) == nil && len(text) > longestDeviceFilter {
		return fmt.Sprintf("The rule of the device filter is longer than %d characters.", longestDeviceFilter)
	}
	return ""
}

// protocolFlowsBlock: https://github.com/microsoft/Microsoft365DSC/issues/7119.
func protocolFlowsBlock(_ *directory, p policy.Policy) string {
	flows := valueAt(objectOf(p), "conditions", "authenticationFlows", "protocolFlows")
	if absent(flows) || string(flows) == `""` || demandsOf(p, "block") && controlsOf(p) == 1 {
		return ""
	}
	return "Policies with protocol flows allow the block control only."
}

// everyTime: https://learn.microsoft.com/graph/api/resources/signinfrequencysessioncontrol.
func everyTime(_ *directory, p policy.Policy) string {
	if p.SessionControls == nil || len(p.SessionControls.SignInFrequency) == 0 {
		return ""
	}
	var frequency struct {
		IsEnabled         *bool   `json:"isEnabled"`
		Value             *int    `json:"value"`
		Type              *string `json:"type"`
		FrequencyInterval *string `json:"frequencyInterval"`
	}
	if err := json.Unmarshal(p.SessionControls.SignInFrequency, &frequency); err != nil {
		return "1007: signInFrequency does not match the schema of its type."
	}
	every := frequency.FrequencyInterval != nil && *frequency.FrequencyInterval == "everyTime"
	if every && (frequency.Value != nil || frequency.Type != nil) {
		return "A sign-in frequency of everyTime has neither a value nor a type."
	}
	return ""
}

// locationsOf lists the named locations that a policy names.
func locationsOf(p policy.Policy) []string {
	if p.Conditions == nil || p.Conditions.Locations == nil {
		return nil
	}
	named := slices.Concat(p.Conditions.Locations.IncludeLocations, p.Conditions.Locations.ExcludeLocations)
	return slices.DeleteFunc(named, func(id string) bool { return !guid.Is(id) })
}
