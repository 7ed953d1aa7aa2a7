package graphfake

import (
	"encoding/json"
	"slices"
	"strings"
)

// What a tenant is given may hold credentials: the passwordProfile of a user, a
// secret among its extensions. No question that the tenant answers needs them, so
// that they are dropped before they are kept. Of a method mfa.Method keeps none.

// secretWords are parts of the names of members that hold credentials, folded.
var secretWords = []string{"password", "secret", "temporaryaccesspass", "credential", "privatekey", "passcode", "accesstoken", "refreshtoken"}

// harmless are ends of names that tell of a credential without holding one:
// passwordPolicies, lastPasswordChangeDateTime, isPasswordless.
var harmless = []string{"policies", "datetime", "indays", "less", "type", "state"}

// withoutSecrets returns an object without the members that hold credentials, at any depth.
func withoutSecrets(o object) object {
	kept := make(object, 0, len(o))
	for _, m := range o {
		if !isSecretName(m.name) || !holdsText(m.value) {
			kept = append(kept, member{m.name, valueWithoutSecrets(m.value)})
		}
	}
	return kept
}

func valueWithoutSecrets(value json.RawMessage) json.RawMessage {
	if inner, err := parseObject(value); err == nil {
		return raw(withoutSecrets(inner))
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil || list == nil {
		return value
	}
	for i := range list {
		list[i] = valueWithoutSecrets(list[i])
	}
	return raw(list)
}

func isSecretName(name string) bool {
	name = fold(name)
	has := func(word string) bool { return strings.Contains(name, word) }
	ends := func(word string) bool { return strings.HasSuffix(name, word) }
	return !isAnnotation(name) && slices.ContainsFunc(secretWords, has) && !slices.ContainsFunc(harmless, ends)
}

// holdsText says whether a value can hold a credential: null, a number and a truth value can't.
func holdsText(value json.RawMessage) bool {
	return len(value) > 0 && strings.IndexByte(`"{[`, value[0]) >= 0
}
