package graphfake

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/entramfa/entramfa"
)

// What a write of the directory may set. A member that isn't listed is refused: one
// that a resource has as read-only, one that it doesn't have as unknown.

// valueKind is the type of a member.
type valueKind int

const (
	textValue    valueKind = iota // a text, or null
	filledValue                   // a text that is neither null nor empty
	flagValue                     // true or false
	textsValue                    // a list of texts
	objectValue                   // an object, or null
	objectsValue                  // a list of objects
	timeValue                     // a time, or null
)

// settable is a member that a write may set.
type settable struct {
	name string
	kind valueKind
	// longest is how many characters a text may have; 0 where no bound is published.
	longest int
}

// schema is what may be written of one resource.
type schema struct {
	resource string // as errors name it
	shape    shape
	fields   []settable
}

// settables makes members of one kind.
func settables(kind valueKind, names ...string) []settable {
	list := make([]settable, len(names))
	for i, name := range names {
		list[i] = settable{name: name, kind: kind}
	}
	return list
}

// check refuses the first member that can't be written so, and writes the names of the
// others as the schema has them: the CLI for Microsoft 365 sends mailNickName. What the
// caller reads itself is named in except.
func (s schema) check(body object, except ...string) error {
	for i, m := range body {
		if m.name == "@odata.type" || containsFold(except, m.name) {
			continue
		}
		if err := s.checkMember(&body[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s schema) checkMember(m *member) error {
	for _, f := range s.fields {
		if sameText(f.name, m.name) {
			m.name = f.name
			if !f.takes(m.value) {
				return s.invalid(m.name)
			}
			return nil
		}
	}
	if s.shape.find(m.name) != nil {
		return badRequest("Property '%s' is read-only and cannot be set.", m.name)
	}
	return badRequest("Property '%s' does not exist as a declared property or extension property.", m.name)
}

func (s schema) invalid(name string) *entramfa.GraphError {
	return badRequest("Invalid value specified for property '%s' of resource '%s'.", name, s.resource)
}

// need refuses a body that lacks a member that a new object must have.
func (s schema) need(body object, names ...string) error {
	for _, name := range names {
		if !body.given(name) {
			return badRequest("A value is required for property '%s' of resource '%s'.", name, s.resource)
		}
	}
	return nil
}

// takes says whether a member may have a value.
func (f settable) takes(value json.RawMessage) bool {
	null := string(value) == "null"
	switch f.kind {
	case flagValue:
		return string(value) == "true" || string(value) == "false"
	case textsValue:
		var list []*string
		return !null && json.Unmarshal(value, &list) == nil && !hasNil(list)
	case objectsValue:
		_, err := parseObjects(value)
		return !null && err == nil
	case objectValue:
		_, err := parseObject(value)
		return null || err == nil
	case timeValue:
		var at *time.Time
		return json.Unmarshal(value, &at) == nil
	}
	return f.takesText(value, null)
}

func (f settable) takesText(value json.RawMessage, null bool) bool {
	var text string
	if json.Unmarshal(value, &text) != nil || null && f.kind == filledValue {
		return false
	}
	return (f.kind != filledValue || text != "") && (f.longest == 0 || utf8.RuneCountInString(text) <= f.longest)
}

// parseObjects reads a list of objects.
func parseObjects(value json.RawMessage) ([]object, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, err
	}
	parsed := make([]object, len(list))
	for i, text := range list {
		var err error
		if parsed[i], err = parseObject(text); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

func hasNil(list []*string) bool {
	for _, text := range list {
		if text == nil {
			return true
		}
	}
	return false
}

// merged returns a row with the members of a body, those that are named left out.
func merged(row, body object, except ...string) object {
	for _, m := range body {
		if !isAnnotation(m.name) && !containsFold(except, m.name) {
			row = row.with(m.name, m.value)
		}
	}
	return row
}
