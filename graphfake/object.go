package graphfake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// object is a JSON object with its members in order.
type object []member

type member struct {
	name  string
	value json.RawMessage
}

var errNoObject = errors.New("an object is wanted")

// parseObject reads a JSON object. Of a member that stands twice both are kept.
func parseObject(text []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil {
		return nil, err
	} else if open != json.Delim('{') {
		return nil, errNoObject
	}
	parsed := object{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		parsed = append(parsed, member{name.(string), value})
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	return parsed, nil
}

// objectOf writes a resource as an object. The resources of this module always are one.
func objectOf(resource any) object {
	text, err := json.Marshal(resource)
	if err != nil {
		panic("graphfake: " + err.Error()) // every resource passed through isolated
	}
	parsed, err := parseObject(text)
	if err != nil {
		panic("graphfake: " + err.Error())
	}
	return parsed
}

func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// get returns the value of a member, by name without case; nil where there is none.
func (o object) get(name string) json.RawMessage {
	for _, m := range o {
		if strings.EqualFold(m.name, name) {
			return m.value
		}
	}
	return nil
}

// given says whether a member is there and not null: [] is given.
func (o object) given(name string) bool {
	value := o.get(name)
	return value != nil && string(value) != "null"
}

// text returns the value of a member that is a string, "" for anything else.
func (o object) text(name string) string {
	var text string
	if json.Unmarshal(o.get(name), &text) != nil {
		return ""
	}
	return text
}

// with returns the object with a member set: in its place, or at the end.
func (o object) with(name string, value json.RawMessage) object {
	for i, m := range o {
		if strings.EqualFold(m.name, name) {
			changed := append(object(nil), o...)
			changed[i].value = value
			return changed
		}
	}
	return append(o[:len(o):len(o)], member{name, value})
}

// without returns the object without some members.
func (o object) without(names ...string) object {
	kept := make(object, 0, len(o))
	for _, m := range o {
		if !containsFold(names, m.name) {
			kept = append(kept, m)
		}
	}
	return kept
}

// raw writes a value that always has a JSON form: a string, a number, a list of them, an object.
func raw(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic("graphfake: " + err.Error())
	}
	return text
}

// absent says whether a value says nothing: null, [] or {}.
func absent(value json.RawMessage) bool {
	switch string(bytes.TrimSpace(value)) {
	case "", "null", "[]", "{}":
		return true
	}
	return false
}

func isAnnotation(name string) bool {
	return strings.Contains(name, "@") || strings.HasPrefix(name, "#")
}
