package graphfake

import (
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// The body of evaluate: https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate.
// Its members were named otherwise until March 2025
// (https://github.com/maester365/maester/issues/782); the old names are refused
// like any other that the operation doesn't have.

// resource is a type of the body: its members, those that only beta has, and the
// values of the members that have a closed list of them.
type resource struct {
	members, beta []string
	values        map[string][]string
	later         bool // v1.0 has no such type
}

var (
	whatIfParameters = resource{members: []string{"signInIdentity", "signInContext", "signInConditions", "appliedPoliciesOnly"}}

	identities = map[string]resource{
		policy.UserSignIn: {members: []string{"userId", "externalTenantId", "externalUserType"},
			values: map[string][]string{"externalUserType": guestTypes}},
		policy.ServicePrincipalSignIn:  {members: []string{"servicePrincipalId"}},
		"#microsoft.graph.agentSignIn": {members: []string{"agentServicePrincipalId"}, later: true},
	}
	contexts = map[string]resource{
		policy.ApplicationContext:           {members: []string{"includeApplications"}},
		policy.AuthenticationContextContext: {members: []string{"authenticationContextValue"}},
		policy.UserActionContext: {members: []string{"userAction"},
			values: map[string][]string{"userAction": {"registerSecurityInformation", "registerOrJoinDevices"}}},
	}
	signInConditions = resource{
		members: []string{
			"clientAppType", "devicePlatform", "ipAddress", "country", "signInRiskLevel", "userRiskLevel",
			"servicePrincipalRiskLevel", "insiderRiskLevel", "authenticationFlow", "deviceInfo",
		},
		beta: []string{"agentIdRiskLevel"},
		values: map[string][]string{
			"clientAppType":             {"all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"},
			"devicePlatform":            {"android", "iOS", "windows", "windowsPhone", "macOS", "all", "linux"},
			"signInRiskLevel":           riskLevels,
			"userRiskLevel":             riskLevels,
			"servicePrincipalRiskLevel": riskLevels,
			"insiderRiskLevel":          {"none", "minor", "moderate", "elevated"},
		},
	}
	authenticationFlow = resource{members: []string{"transferMethod"},
		values: map[string][]string{"transferMethod": {"none", "deviceCodeFlow", "authenticationTransfer"}}}
	deviceInfo = resource{members: []string{
		"deviceId", "displayName", "enrollmentProfileName", "extensionAttribute1", "extensionAttribute2", "extensionAttribute3",
		"extensionAttribute4", "extensionAttribute5", "extensionAttribute6", "extensionAttribute7", "extensionAttribute8",
		"extensionAttribute9", "extensionAttribute10", "extensionAttribute11", "extensionAttribute12", "extensionAttribute13",
		"extensionAttribute14", "extensionAttribute15", "isCompliant", "manufacturer", "mdmAppId", "model", "operatingSystem",
		"operatingSystemVersion", "ownership", "physicalIds", "profileType", "systemLabels", "trustType",
	}}
)

// parseWhatIf reads the question and refuses what Graph refuses in it.
func parseWhatIf(body []byte, version string) (policy.WhatIf, *entramfa.GraphError) {
	var question policy.WhatIf
	parsed, err := parseObject(body)
	if err != nil {
		return question, wrongWhatIf("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	for _, m := range parsed {
		if !containsFold(whatIfParameters.members, m.name) {
			return question, wrongWhatIf("The parameter '%s' in the request payload is not a valid parameter for the operation 'evaluate'.", m.name)
		}
	}
	for _, check := range []func(object, string) *entramfa.GraphError{checkIdentity, checkContext, checkConditions} {
		if refusal := check(parsed, version); refusal != nil {
			return question, refusal
		}
	}
	if err := json.Unmarshal(body, &question); err != nil {
		return question, wrongWhatIf("Invalid value specified in the request payload of the operation 'evaluate'.")
	}
	return question, checkValues(question)
}

func checkIdentity(body object, version string) *entramfa.GraphError {
	return checkKind(body, "signInIdentity", identities, version)
}

func checkContext(body object, version string) *entramfa.GraphError {
	return checkKind(body, "signInContext", contexts, version)
}

// checkKind checks a parameter of several types, told apart by @odata.type.
func checkKind(body object, name string, kinds map[string]resource, version string) *entramfa.GraphError {
	if !body.given(name) {
		return wrongWhatIf("The parameter '%s' is required for the operation 'evaluate'.", name)
	}
	parsed, err := parseObject(body.get(name))
	if err != nil {
		return wrongWhatIf("Invalid value specified for parameter '%s' of the operation 'evaluate'.", name)
	}
	kind := parsed.text("@odata.type")
	found, known := kinds[kind]
	if !known || found.later && version != beta {
		return wrongWhatIf("A type named '%s' could not be resolved by the model for the parameter '%s'.", kind, name)
	}
	return found.check(parsed, strings.TrimPrefix(kind, "#microsoft.graph."), version)
}

// checkConditions checks the conditions and the objects in them; they may be left out.
func checkConditions(body object, version string) *entramfa.GraphError {
	conditions, refusal := innerOf(body, "signInConditions")
	if refusal != nil {
		return refusal
	}
	if refusal := signInConditions.check(conditions, "signInConditions", version); refusal != nil {
		return refusal
	}
	if refusal := checkInner(conditions, "authenticationFlow", authenticationFlow, version); refusal != nil {
		return refusal
	}
	return checkInner(conditions, "deviceInfo", deviceInfo, version)
}

func checkInner(conditions object, name string, r resource, version string) *entramfa.GraphError {
	inner, refusal := innerOf(conditions, name)
	if refusal != nil {
		return refusal
	}
	return r.check(inner, name, version)
}

// innerOf reads a member that is an object, or isn't given.
func innerOf(o object, name string) (object, *entramfa.GraphError) {
	if !o.given(name) {
		return nil, nil
	}
	inner, err := parseObject(o.get(name))
	if err != nil {
		return nil, wrongWhatIf("Invalid value specified for property '%s'.", name)
	}
	return inner, nil
}

// check refuses a member that the type doesn't have, and a value that the member can't have.
func (r resource) check(o object, kind, version string) *entramfa.GraphError {
	for _, m := range o {
		known := isAnnotation(m.name) || containsFold(r.members, m.name) || version == beta && containsFold(r.beta, m.name)
		if !known {
			return wrongWhatIf("The property '%s' does not exist on type 'microsoft.graph.%s'.", m.name, kind)
		}
		for name, values := range r.values {
			if strings.EqualFold(name, m.name) && !absent(m.value) && !containsFold(values, o.text(name)) {
				return wrongWhatIf("Invalid value specified for property '%s' of resource '%s'.", name, kind)
			}
		}
	}
	return nil
}

// checkValues refuses what is there and says nothing.
func checkValues(q policy.WhatIf) *entramfa.GraphError {
	context, address := q.SignInContext, q.SignInConditions.IPAddress
	switch {
	case context.Type == policy.ApplicationContext && len(context.IncludeApplications) == 0:
		return wrongWhatIf("Invalid value specified for property 'includeApplications' of resource 'applicationContext'.")
	case context.Type == policy.AuthenticationContextContext && context.AuthenticationContextValue == "":
		return wrongWhatIf("Invalid value specified for property 'authenticationContextValue' of resource 'authContext'.")
	case context.Type == policy.UserActionContext && context.UserAction == "":
		return wrongWhatIf("Invalid value specified for property 'userAction' of resource 'userActionContext'.")
	case address == "":
		return nil
	}
	if _, err := netip.ParseAddr(address); err != nil {
		return wrongWhatIf("Invalid value specified for property 'ipAddress' of resource 'signInConditions'.")
	}
	return nil
}
