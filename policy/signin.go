package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/devicefilter"
)

// The conditions beside the user, for the sign-in that this package judges: an
// OAuth password grant (https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc)
// from anywhere, with any program, to any resource. What depends on the place,
// the program or the resource is Sometimes.

// coverage is over which sign-ins one condition holds.
type coverage struct {
	extent  entramfa.Extent
	reason  entramfa.Reason
	caveats []string
	missing []string
}

func always() coverage { return coverage{extent: entramfa.Always} }

func covers(extent entramfa.Extent, condition, format string, args ...any) coverage {
	return coverage{extent: extent, reason: reasonf(condition, format, args...)}
}

func cantTell(condition, format string, args ...any) coverage {
	text := fmt.Sprintf(format, args...)
	return coverage{reason: entramfa.Reason{Condition: condition, Text: "can't be told: " + text}, missing: []string{text}}
}

// conditions lists the coverage of every condition beside the user.
func (j *judge) conditions(c *Conditions) []coverage {
	list := []coverage{
		applications(c.Applications),
		clientAppTypes(c.ClientAppTypes),
		authenticationFlows(c.AuthenticationFlows),
		platforms(c.Platforms),
		j.locations(c.Locations),
		devices(c.Devices, c.DeviceStates),
		levels("signInRiskLevels", "sign-in risk", c.SignInRiskLevels),
		levels("userRiskLevels", "user risk", c.UserRiskLevels),
		levels("servicePrincipalRiskLevels", "service principal risk", c.ServicePrincipalRiskLevels),
		flagLevels("insiderRiskLevels", "insider risk", c.InsiderRiskLevels),
		flagLevels("agentIdRiskLevels", "agent risk", c.AgentIDRiskLevels),
	}
	if names := unknownMembers(c.members); len(names) > 0 {
		list = append(list, cantTell("conditions", "%s", unknownCondition("conditions", names)))
	}
	return list
}

// applications is the condition on resources:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps.
func applications(a *Applications) coverage {
	const name = "applications"
	switch {
	case a == nil:
		return cantTell(name, "the policy says nothing of applications")
	case len(unknownMembers(a.members)) > 0:
		return cantTell(name, "%s", unknownCondition("conditions.applications", unknownMembers(a.members)))
	case len(a.IncludeApplications) > 0 && len(a.IncludeUserActions)+len(a.IncludeAuthenticationContextClassReferences) > 0:
		return cantTell(name, "the policy names resources beside user actions or authentication contexts, which exclude each other")
	case len(a.IncludeUserActions) > 0:
		return covers(entramfa.Never, name, "it is about %s, not about signing in to a resource", strings.Join(a.IncludeUserActions, ", "))
	case len(a.IncludeAuthenticationContextClassReferences) > 0:
		return covers(entramfa.Sometimes, name, "when a resource asks for the authentication context %s", strings.Join(a.IncludeAuthenticationContextClassReferences, " or "))
	case a.ApplicationFilter != nil:
		return covers(entramfa.Sometimes, name, "for applications that pass a filter (%s: %s)", a.ApplicationFilter.Mode, a.ApplicationFilter.Rule)
	}
	return includedApplications(a)
}

func includedApplications(a *Applications) coverage {
	const name = "applications"
	all, excluded := containsFold(a.IncludeApplications, "All"), strings.Join(a.ExcludeApplications, ", ")
	switch {
	case all && excluded == "":
		return covers(entramfa.Always, name, "all resources are included")
	case all:
		return covers(entramfa.Sometimes, name, "for all resources but %s", excluded)
	case len(a.IncludeApplications) == 0:
		return cantTell(name, "the policy names no resource")
	case !slices.ContainsFunc(a.IncludeApplications, func(id string) bool { return !strings.EqualFold(id, "None") }):
		return covers(entramfa.Never, name, "no resource is included")
	}
	return covers(entramfa.Sometimes, name, "for the resources %s", strings.Join(a.IncludeApplications, ", "))
}

// clientAppTypes is the condition on the client:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions.
func clientAppTypes(types []string) coverage {
	const name = "clientAppTypes"
	has := func(t string) bool { return containsFold(types, t) }
	foreign := func(t string) bool {
		return !containsFold([]string{"exchangeActiveSync", "easSupported", "other", "browser"}, t)
	}
	switch {
	case len(types) == 0, has("all"), has("mobileAppsAndDesktopClients"):
		return always() // an old policy without the list applies to modern clients
	case slices.ContainsFunc(types, foreign):
		return cantTell(name, "what the client app types %s mean", strings.Join(types, ", "))
	case has("browser"):
		return covers(entramfa.Sometimes, name, "for browsers and for confidential clients: a product that signs in with a client secret beside the password is one")
	}
	c := covers(entramfa.Never, name, "it is about legacy protocols alone (%s)", strings.Join(types, ", "))
	c.caveats = []string{"it holds for a product that signs in by OAuth: public sign-in logs show the password grant as a modern client, no document says it. A product that still speaks SMTP, POP, IMAP or EWS with a password is met"}
	return c
}

// authenticationFlows: https://learn.microsoft.com/entra/identity/conditional-access/concept-authentication-flows.
func authenticationFlows(f *AuthenticationFlows) coverage {
	const name = "authenticationFlows"
	if f == nil {
		return always()
	}
	if names := unknownMembers(f.members); len(names) > 0 {
		return cantTell(name, "%s", unknownCondition("conditions.authenticationFlows", names))
	}
	if f.TransferMethods == nil {
		return always()
	}
	methods := f.TransferMethods.Values()
	for _, method := range methods {
		switch {
		case strings.EqualFold(method, "none"):
			return always()
		case !containsFold([]string{"deviceCodeFlow", "authenticationTransfer"}, method):
			return cantTell(name, "what the flow %s is", method)
		}
	}
	if len(methods) == 0 {
		return always()
	}
	return covers(entramfa.Never, name, "it is about %s, not about a password sign-in", strings.Join(methods, ", "))
}

// platforms: the platform comes from the user agent, which a program chooses.
func platforms(p *Platforms) coverage {
	const name = "platforms"
	switch {
	case p == nil:
		return always()
	case len(unknownMembers(p.members)) > 0:
		return cantTell(name, "%s", unknownCondition("conditions.platforms", unknownMembers(p.members)))
	case len(p.IncludePlatforms) == 0 && len(p.ExcludePlatforms) == 0:
		return always()
	case containsFold(p.IncludePlatforms, "all") && len(p.ExcludePlatforms) == 0:
		return always()
	case containsFold(p.IncludePlatforms, "all"):
		return covers(entramfa.Sometimes, name, "on every platform but %s; a program that names no known platform is met", strings.Join(p.ExcludePlatforms, ", "))
	}
	return covers(entramfa.Sometimes, name, "on %s, as the program's user agent says", strings.Join(p.IncludePlatforms, ", "))
}

// devices: a password grant comes from no registered device.
// https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices.
func devices(d *Devices, retired *DeviceStates) coverage {
	const name = "devices"
	switch {
	case retired != nil && len(retired.IncludeStates)+len(retired.ExcludeStates) > 0:
		return covers(entramfa.Sometimes, name, "by the retired condition deviceStates")
	case d == nil:
		return always()
	case len(unknownMembers(d.members)) > 0:
		return cantTell(name, "%s", unknownCondition("conditions.devices", unknownMembers(d.members)))
	case d.DeviceFilter != nil:
		return deviceFilter(*d.DeviceFilter)
	case len(d.IncludeDevices)+len(d.ExcludeDevices)+len(d.IncludeDeviceStates)+len(d.ExcludeDeviceStates) > 0:
		return covers(entramfa.Sometimes, name, "by retired device conditions")
	}
	return always()
}

// deviceFilter judges a filter for the device of a password grant, which is not
// registered: all its properties are null, so that positive operators don't match
// and negative ones do.
func deviceFilter(f Filter) coverage {
	const name = "devices"
	including, excluding := strings.EqualFold(f.Mode, "include"), strings.EqualFold(f.Mode, "exclude")
	rule, err := devicefilter.Parse(f.Rule)
	switch {
	case err != nil:
		return cantTell(name, "what the device filter %s means: %v", f.Rule, err)
	case len(unknownMembers(f.members)) > 0, !including && !excluding:
		return cantTell(name, "what the device filter in mode %q means", f.Mode)
	}
	switch matched := rule.Match(nil); {
	case matched == devicefilter.Unknown:
		return cantTell(name, "whether an unregistered device passes the device filter %s", f.Rule)
	case including == (matched == devicefilter.Yes):
		return covers(entramfa.Always, name, "for unregistered devices too, by the filter (%s: %s)", f.Mode, f.Rule)
	}
	return covers(entramfa.Never, name, "not for unregistered devices, by the filter (%s: %s); a password sign-in comes from none", f.Mode, f.Rule)
}

// levels is a condition on a risk that Microsoft measures.
func levels(condition, what string, levels []string) coverage {
	if len(levels) == 0 {
		return always()
	}
	return covers(entramfa.Sometimes, condition, "when the %s is %s", what, strings.Join(levels, " or "))
}

func flagLevels(condition, what string, flags *Flags) coverage {
	if flags == nil {
		return always()
	}
	return levels(condition, what, flags.Values())
}
