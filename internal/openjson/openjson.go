// Package openjson decodes a JSON object into a struct and encodes it again
// without losing what the struct doesn't know: unknown members, the order of
// the members, and the difference between null, [] and absence.
//
// Graph grows members between two releases of this module, and exports carry
// annotations; a resource that is read, kept and written must not drop them.
package openjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// Members remembers how an object was written. The zero Members is an object
// that was never decoded.
type Members struct {
	list []member
}

// member is one member as it was read: raw is nil where a field holds the
// value, and null where the field has no value for null.
type member struct {
	name string
	raw  json.RawMessage
}

// Decoded says whether the object was decoded from JSON.
func (m Members) Decoded() bool { return m.list != nil }

// Unknown yields the members that the struct has no field for, in the order of
// the text, where their value isn't null.
func (m Members) Unknown() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for _, member := range m.list {
			if member.raw != nil && string(member.raw) != "null" && !yield(member.name, member.raw) {
				return
			}
		}
	}
}

// Without returns the members less those of these names, for what must not be kept.
func (m Members) Without(names ...string) Members {
	kept := Members{list: []member{}}
	for _, member := range m.list {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, member.name) }) {
			kept.list = append(kept.list, member)
		}
	}
	return kept
}

// Has says whether the object that was decoded had the member, be it null.
func (m Members) Has(name string) bool {
	for _, member := range m.list {
		if strings.EqualFold(member.name, name) {
			return true
		}
	}
	return false
}

// Decode reads a JSON object into the struct that target points to, by the
// names in its json tags, and returns what it needs to write the same object
// again. Names are compared without case, for exports made by PowerShell write
// IncludeUsers where Graph writes includeUsers, and a condition that is
// overlooked makes a policy look harmless. A member that stands twice is an error.
func Decode(text []byte, target any) (Members, error) {
	value := reflect.ValueOf(target).Elem()
	fields := fieldsOf(value.Type())
	members := Members{list: []member{}}
	seen := map[string]bool{}
	err := eachMember(text, func(name string, raw json.RawMessage) error {
		folded := strings.ToLower(name)
		if seen[folded] {
			return fmt.Errorf("member %q stands twice", name)
		}
		seen[folded] = true
		index, known := fields[folded]
		if !known {
			members.list = append(members.list, member{name, raw})
			return nil
		}
		if string(raw) == "null" && !nilable(value.Field(index).Kind()) {
			members.list = append(members.list, member{name, raw})
			return nil
		}
		members.list = append(members.list, member{name: name})
		if err := json.Unmarshal(raw, value.Field(index).Addr().Interface()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return members, err
}

// eachMember calls f for each member of the object in text.
func eachMember(text []byte, f func(name string, raw json.RawMessage) error) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	open, err := decoder.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('{') {
		return fmt.Errorf("an object is wanted, not %v", open)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return err
		}
		if err := f(name.(string), raw); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

// Encode writes the struct as a JSON object: the members that were decoded in
// their order, then fields that were not among them and aren't zero. A field
// whose tag says omitempty is left out when it is zero and was never decoded,
// like every other.
func Encode(source any, members Members) ([]byte, error) {
	value := reflect.Indirect(reflect.ValueOf(source))
	fields := fieldsOf(value.Type())
	var out bytes.Buffer
	out.WriteByte('{')
	written := map[string]bool{}
	for _, m := range members.list {
		raw := m.raw
		index, known := fields[strings.ToLower(m.name)]
		if raw == nil || known && !value.Field(index).IsZero() {
			var err error
			if raw, err = json.Marshal(value.Field(index).Interface()); err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
		}
		written[strings.ToLower(m.name)] = true
		writeMember(&out, m.name, raw)
	}
	for i := range value.NumField() {
		name := fieldName(value.Type().Field(i))
		if name == "" || written[strings.ToLower(name)] || value.Field(i).IsZero() {
			continue
		}
		raw, err := json.Marshal(value.Field(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		writeMember(&out, name, raw)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// nilable says whether a field of the kind has a value of its own for null.
func nilable(kind reflect.Kind) bool {
	return kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Map
}

func writeMember(out *bytes.Buffer, name string, raw json.RawMessage) {
	if out.Len() > 1 {
		out.WriteByte(',')
	}
	key, _ := json.Marshal(name) // a string always marshals
	out.Write(key)
	out.WriteByte(':')
	out.Write(raw)
}

// fieldsOf maps the folded member names of a struct to its field indexes.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if name := fieldName(t.Field(i)); name != "" {
			fields[strings.ToLower(name)] = i
		}
	}
	return fields
}

// fieldName returns the member name of an exported field, "" where it has none.
func fieldName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if !field.IsExported() || name == "-" {
		return ""
	}
	return name
}
