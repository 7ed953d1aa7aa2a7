package graphfake

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// shape describes a resource as a GET sends it: which members are always there,
// which ones only beta knows, which enumerations may hold a value of the future.
type shape []property

type property struct {
	name string
	// empty is what is sent where the tenant holds nothing; "" means that nothing is sent.
	empty string
	// beta: the member is in no schema of v1.0.
	beta bool
	// known are the members of an enumeration before unknownFutureValue; the others
	// are sent only to who asks for them.
	known []string
	// inner is the shape of the object, where it is one.
	inner shape
}

// view says how a resource is shown.
type view struct {
	version string
	// futures: the caller asked for members of enumerations behind unknownFutureValue.
	futures bool
	// metadata is none, minimal or full.
	metadata string
}

// show renders a resource as the view asks for it: members in the order of the
// shape, absent ones null or [], members of beta left out on v1.0, annotations
// of an export dropped except @odata.type.
func (s shape) show(o object, v view) object {
	shown := object{}
	for _, m := range o {
		if keepAnnotation(m.name, v) && s.find(m.name) == nil {
			shown = append(shown, m)
		}
	}
	for _, p := range s {
		value := o.get(p.name)
		switch {
		case p.beta && v.version != beta:
		case value != nil:
			shown = append(shown, member{p.name, p.show(value, v)})
		case p.empty != "":
			shown = append(shown, member{p.name, json.RawMessage(p.empty)})
		}
	}
	for _, m := range o {
		if s.find(m.name) == nil && !isAnnotation(m.name) && (v.version == beta || !absent(m.value)) {
			shown = append(shown, m)
		}
	}
	return shown
}

func keepAnnotation(name string, v view) bool { return name == "@odata.type" && v.metadata != "none" }

func (s shape) find(name string) *property {
	for i := range s {
		if strings.EqualFold(s[i].name, name) {
			return &s[i]
		}
	}
	return nil
}

func (p property) show(value json.RawMessage, v view) json.RawMessage {
	if p.known != nil && !v.futures {
		return mask(value, p.known)
	}
	if p.inner == nil || bytes.Equal(value, []byte("null")) {
		return value
	}
	inner, err := parseObject(value)
	if err != nil {
		return value
	}
	return raw(p.inner.show(inner, v))
}

// mask puts unknownFutureValue in the place of members of an enumeration that
// an older client would not know: in a text, in flags joined by commas, in a list of either.
// Source: https://learn.microsoft.com/graph/best-practices-concept#handling-future-members-in-evolvable-enumerations.
func mask(value json.RawMessage, known []string) json.RawMessage {
	var list []string
	if json.Unmarshal(value, &list) == nil && list != nil {
		for i := range list {
			list[i] = maskFlags(list[i], known)
		}
		return raw(list)
	}
	var text string
	if json.Unmarshal(value, &text) == nil && text != "" {
		return raw(maskFlags(text, known))
	}
	return value
}

func maskFlags(text string, known []string) string {
	flags := policy.Flags(text).Values()
	masked := false
	for i, flag := range flags {
		if !slices.Contains(known, flag) {
			flags[i], masked = "unknownFutureValue", true
		}
	}
	if !masked {
		return text
	}
	return strings.Join(slices.Compact(flags), ",")
}

// beyond says whether an object uses a member that v1.0 doesn't know.
func (s shape) beyond(o object) bool {
	return slices.ContainsFunc(o, func(m member) bool {
		if isAnnotation(m.name) || absent(m.value) {
			return false
		}
		p := s.find(m.name)
		if p == nil || p.beta {
			return true
		}
		inner, err := parseObject(m.value)
		return p.inner != nil && err == nil && p.inner.beyond(inner)
	})
}

// beyondV1 says whether v1.0 hides a policy, because it uses what only beta
// knows. Microsoft documents the silence nowhere; its maintainers confirm it:
// https://github.com/microsoft/EntraExporter/issues/35.
func beyondV1(p policy.Policy) bool { return policyShape.beyond(objectOf(p)) }

// same makes properties that are always sent, with one value for the empty ones.
func same(empty string, names ...string) shape {
	var s shape
	for _, name := range names {
		s = append(s, property{name: name, empty: empty})
	}
	return s
}

// onlyBeta makes properties that no v1.0 schema has.
func onlyBeta(empty string, names ...string) shape {
	s := same(empty, names...)
	for i := range s {
		s[i].beta = true
	}
	return s
}

func one(name, empty string, inner shape) shape {
	return shape{{name: name, empty: empty, inner: inner}}
}

func enum(name, empty string, known ...string) shape {
	return shape{{name: name, empty: empty, known: known}}
}
