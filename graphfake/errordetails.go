package graphfake

import "strings"

// Beside the message of some refusals the directory tells in details which member
// is meant. The message tells it too: it is read from there.
// Source of the form: https://learn.microsoft.com/graph/errors, of the codes
// https://github.com/microsoftgraph/microsoft-graph-docs/issues/1508.

// detailed are messages with the member that is meant between two texts, or with
// something else there and the member as target; and the code of the detail.
var detailed = []struct{ before, after, code, target string }{
	{"Another object with the same value for property ", " already exists.", "ObjectConflict", ""},
	{"Property ", " is invalid.", "InvalidValue", ""},
	{"The domain portion of the ", " property is invalid. You must use one of the verified domain names in your organization.", "InvalidValue", ""},
	{"The appId '", "' of the service principal does not reference a valid application object.", "NoBackingApplicationObject", "appId"},
	{"The service principal cannot be created, updated, or restored because the service principal name ", " is already in use.", "ConflictingObjects", "servicePrincipalName"},
}

// withDetails adds details to what an error holds.
func withDetails(failure object, message string) object {
	for _, d := range detailed {
		rest, begins := strings.CutPrefix(message, d.before)
		target, ends := strings.CutSuffix(rest, d.after)
		if d.target != "" {
			target = d.target
		}
		if begins && ends {
			detail := object{{"code", raw(d.code)}, {"message", raw(message)}, {"target", raw(target)}}
			return append(failure, member{"details", raw([]object{detail})})
		}
	}
	return failure
}
