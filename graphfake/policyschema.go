package graphfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// What a write may hold: the members of the schema and their enumerations,
// https://github.com/microsoftgraph/msgraph-metadata. The service answers
// everything else with 1007; Microsoft documents none of its numbers. Sources:
// https://github.com/microsoft/terraform-provider-msgraph/issues/63 and
// https://github.com/hashicorp/terraform-provider-azuread/issues/730.

// schemaError is 1007: a member or a value that the schema doesn't have. No path means the whole object.
func schemaError(path, why string) *entramfa.GraphError {
	about := why
	if path != "" {
		about = "Property '" + path + "': " + why
	}
	return graphError(http.StatusBadRequest, "BadRequest",
		"1007: The provided object is null or does not match the schema of its type. %s.", about)
}

// policyWriteShape is policyShape with what stands in the session controls.
var policyWriteShape = policyShape.with("sessionControls", sessionWriteShape)

// sessionWriteShape: https://learn.microsoft.com/graph/api/resources/conditionalaccesssessioncontrols.
var sessionWriteShape = sessionShape.
	with("applicationEnforcedRestrictions", same("", "isEnabled")).
	with("cloudAppSecurity", slices.Concat(same("", "isEnabled"), enum("cloudAppSecurityType", "", "mcasConfigured", "monitorOnly", "blockDownloads"))).
	with("persistentBrowser", slices.Concat(same("", "isEnabled"), enum("mode", "", "always", "never"))).
	with("secureSignInSession", same("", "isEnabled")).
	with("signInFrequency", slices.Concat(same("", "isEnabled", "value"),
		enum("type", "", "days", "hours"),
		enum("authenticationType", "", "primaryAndSecondaryAuthentication", "secondaryAuthentication"),
		enum("frequencyInterval", "", "timeBased", "everyTime"))).
	with("continuousAccessEvaluation", enum("mode", "", "strictEnforcement", "disabled", "strictLocation")).
	with("globalSecureAccessFilteringProfile", same("", "profileId", "isEnabled"))

// with returns the shape with another inner one for a member.
func (s shape) with(name string, inner shape) shape {
	changed := slices.Clone(s)
	changed.find(name).inner = inner
	return changed
}

// laterValues are members of enumerations behind unknownFutureValue: they can be written.
var laterValues = map[string][]string{
	"includePlatforms": {"linux"}, "excludePlatforms": {"linux"}, "builtInControls": {"riskRemediation"},
}

// closedValues are the values of members whose shape lists none.
var closedValues = map[string][]string{
	"state":          {string(policy.StateEnabled), string(policy.StateDisabled), string(policy.StateReportOnly)},
	"operator":       {"AND", "OR"},
	"mode":           {"include", "exclude"},
	"membershipKind": {"all", "enumerated"},
}

// readOnly are members that the service sets; their absence can be written.
var readOnly = []string{"id", "createdDateTime", "modifiedDateTime", "deletedDateTime", "partialEnablementStrategy"}

// forgotten are members that beta takes and does not keep.
// Source: https://github.com/deploymenttheory/terraform-provider-microsoft365, docs/development.
var forgotten = []string{"clients", "signInRiskDetections", "globalSecureAccess"}

// readPolicy reads what a write sends of a policy.
func readPolicy(body []byte, version string) (object, *entramfa.GraphError) {
	sent, refusal := readBodyObject(body)
	if refusal == nil {
		refusal = refuseReadOnly(sent)
	}
	if refusal != nil {
		return nil, refusal
	}
	return policyWriteShape.accept(sent.without(readOnly...), version, "")
}

// refuseReadOnly refuses what the service sets.
func refuseReadOnly(sent object) *entramfa.GraphError {
	for _, name := range readOnly {
		if value := sent.get(name); !absent(value) && string(value) != `""` {
			return schemaError(name, "it is read-only")
		}
	}
	return nil
}

// accept returns an object as it can be stored: with the names of the schema, and
// without the annotations. What the schema doesn't have is 1007.
func (s shape) accept(sent object, version, path string) (object, *entramfa.GraphError) {
	unique, err := sent.unique()
	if err != nil {
		return nil, schemaError(strings.TrimSuffix(path, "."), err.Error())
	}
	kept := object{}
	for _, m := range unique {
		switch p := s.find(m.name); {
		case m.name == "@odata.type" && strings.HasSuffix(path, "externalTenants."):
			kept = append(kept, m) // elsewhere the schema knows the type; the SDKs send it everywhere
		case isAnnotation(m.name), version == beta && slices.Contains(forgotten, m.name):
		case p == nil, p.beta && version != beta:
			return nil, schemaError(path+m.name, "it does not exist")
		default:
			value, refusal := p.accept(m.value, version, path+p.name)
			if refusal != nil {
				return nil, refusal
			}
			kept = append(kept, member{p.name, value})
		}
	}
	return kept, nil
}

// accept returns the value of a member as it can be stored.
func (p property) accept(value json.RawMessage, version, path string) (json.RawMessage, *entramfa.GraphError) {
	if string(value) == "null" {
		return value, nil
	}
	if values := p.values(); values != nil {
		return acceptValues(p.name, value, values, path)
	}
	if p.inner == nil {
		return value, nil
	}
	inner, err := parseObject(value)
	if err != nil {
		return nil, schemaError(path, "an object is wanted")
	}
	inner, refusal := p.inner.accept(inner, version, path+".")
	if refusal != nil {
		return nil, refusal
	}
	if p.name == "authenticationStrength" {
		return acceptStrength(inner, path)
	}
	return raw(inner), nil
}

// values lists what an enumeration takes, nil where the member is none.
func (p property) values() []string {
	if p.known != nil {
		return append(slices.Clip(p.known), laterValues[p.name]...)
	}
	return closedValues[p.name]
}

// acceptValues checks the values of an enumeration: one, flags joined by commas, or
// a list of either.
func acceptValues(name string, value json.RawMessage, values []string, path string) (json.RawMessage, *entramfa.GraphError) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		accepted, refusal := acceptFlags(name, text, values, path)
		return raw(accepted), refusal
	}
	var list []string
	if json.Unmarshal(value, &list) != nil {
		return nil, schemaError(path, "its type is another one")
	}
	for i := range list {
		var refusal *entramfa.GraphError
		if list[i], refusal = acceptFlags(name, list[i], values, path); refusal != nil {
			return nil, refusal
		}
	}
	return raw(list), nil
}

// acceptFlags checks one value, or several. Those of guests are taken in any case,
// and come back as the schema writes them.
func acceptFlags(name, text string, values []string, path string) (string, *entramfa.GraphError) {
	flags := policy.Flags(text).Values()
	for i, flag := range flags {
		at := slices.IndexFunc(values, func(v string) bool {
			return v == flag || name == "guestOrExternalUserTypes" && strings.EqualFold(v, flag)
		})
		if at < 0 {
			return "", schemaError(path, "it has no value '"+flag+"'")
		}
		flags[i] = values[at]
	}
	return strings.Join(flags, ","), nil
}

// acceptStrength keeps the name of a strength alone: it is read with what it allows.
func acceptStrength(strength object, path string) (json.RawMessage, *entramfa.GraphError) {
	id := strength.text("id")
	if id == "" {
		return nil, schemaError(path+".id", "it is required")
	}
	return raw(object{{"id", raw(id)}}), nil
}
