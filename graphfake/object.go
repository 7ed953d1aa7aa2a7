package graphfake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
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

// unique returns the object with each member once. A member that stands twice,
// maybe in different case, with two values is an error: one of them would be overlooked.
func (o object) unique() (object, error) {
	values := make(map[string]json.RawMessage, len(o))
	kept := make(object, 0, len(o))
	for _, m := range o {
		before, twice := values[fold(m.name)]
		if twice && !sameJSON(before, m.value) {
			return nil, fmt.Errorf("member %q stands twice", m.name)
		}
		if !twice {
			values[fold(m.name)] = m.value
			kept = append(kept, m)
		}
	}
	return kept, nil
}

func sameJSON(a, b json.RawMessage) bool {
	var left, right any
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && reflect.DeepEqual(left, right)
}

// deleted says whether the object was deleted: deletedDateTime holds a date. A
// date that can't be one is an error, for a live policy must not be overlooked.
func (o object) deleted() (bool, error) {
	at, err := o.date("deletedDateTime")
	return !at.IsZero(), err
}

// date returns a member that is a date, the zero time where it is absent, null or empty.
func (o object) date(name string) (time.Time, error) {
	if !o.given(name) || string(o.get(name)) == `""` {
		return time.Time{}, nil
	}
	text := o.text(name)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} { // both take a fraction too
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 1 {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is no date: %s", name, o.get(name))
}

// halfList tells a list that goes on elsewhere: by a link to what follows, or by
// a count larger than its length. Its annotations stand beside it, before them
// the name of the member that holds it; none in a page. Older answers write them without @.
func halfList(o object, name string, length int) error {
	for _, link := range []string{"@odata.nextLink", "@nextLink", "odata.nextLink"} {
		if o.given(name+link) && string(o.get(name+link)) != `""` {
			return fmt.Errorf("half a list: there is a %s; export what follows and leave the link out", name+link)
		}
	}
	if count, told := o.count(name); told && count > length {
		return fmt.Errorf("half a list: %d are counted, and %d are there; export all of them", count, length)
	}
	return nil
}

// count returns the count that stands beside a list.
func (o object) count(name string) (int, bool) {
	for _, annotation := range []string{"@odata.count", "@count", "odata.count"} {
		var count json.Number // as a text, too
		if o.given(name+annotation) && json.Unmarshal(o.get(name+annotation), &count) == nil {
			if n, err := strconv.Atoi(count.String()); err == nil {
				return n, true
			}
		}
	}
	return 0, false
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
