package graphfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// writeRow puts a row into a table under ReplicationDelay; of finds the table in a
// state of the tenant.
func writeRow[T any](t *Tenant, kind writtenKind, of func(*directory) *table[T], id string, row T) {
	rows := of(&t.directory)
	before, was := rows.get(id)
	t.replicate(kind, id, func(d *directory) { of(d).restore(id, before, was) })
	rows.put(id, row)
}

// eraseRow takes a row out of a table under ReplicationDelay.
func eraseRow[T any](t *Tenant, kind writtenKind, of func(*directory) *table[T], id string) {
	rows := of(&t.directory)
	before, was := rows.get(id)
	t.replicate(kind, id, func(d *directory) { of(d).restore(id, before, was) })
	rows.remove(id)
}

// writable is what a write of a type may hold.
type writable struct {
	kind   string // the type, as error texts name it
	code   string // error.code of the service behind it
	fields []field
}

// field is a member that a write may hold, and whether a value fits it.
type field struct {
	name string
	fits func(json.RawMessage) bool
}

// read reads the body of a write: with the names of the schema, and without its
// annotations but @odata.type, which comes first.
func (w writable) read(body []byte) (object, error) {
	sent, refusal := readBodyObject(body)
	if refusal != nil {
		return nil, refusal
	}
	kept := object{}
	for _, m := range sent {
		f := w.find(m.name)
		switch {
		case m.name == "@odata.type":
			kept = slices.Insert(kept, 0, m)
		case isAnnotation(m.name):
		case f == nil:
			return nil, w.refuse("The property '%s' does not exist on type '%s'. Make sure to only use property names that are defined by the type.", m.name, w.kind)
		case !f.fits(m.value):
			return nil, w.refuse("Invalid value specified for property '%s' of resource '%s'.", f.name, w.kind)
		default:
			kept = append(kept, member{f.name, m.value})
		}
	}
	return kept, nil
}

// need refuses a body that lacks a member, or has it empty.
func (w writable) need(sent object, names ...string) error {
	for _, name := range names {
		if value := sent.get(name); absent(value) || string(value) == `""` {
			return w.refuse("A value is required for property '%s' of resource '%s'.", name, w.kind)
		}
	}
	return nil
}

func (w writable) find(name string) *field {
	for i := range w.fields {
		if strings.EqualFold(w.fields[i].name, name) {
			return &w.fields[i]
		}
	}
	return nil
}

func (w writable) refuse(format string, args ...any) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, w.code, format, args...)
}

// What a value of a member may be.

func isText(value json.RawMessage) bool { return decodes[string](value) }

func isBool(value json.RawMessage) bool { return decodes[bool](value) }

func isInt(value json.RawMessage) bool { return decodes[int32](value) }

func isDateTime(value json.RawMessage) bool { return decodes[time.Time](value) }

func isObject(value json.RawMessage) bool {
	_, err := parseObject(value)
	return err == nil
}

func isTexts(value json.RawMessage) bool {
	var list []*string
	return json.Unmarshal(value, &list) == nil && list != nil && !slices.Contains(list, nil)
}

func isObjects(value json.RawMessage) bool {
	var list []json.RawMessage
	return json.Unmarshal(value, &list) == nil && list != nil &&
		!slices.ContainsFunc(list, func(item json.RawMessage) bool { return !isObject(item) })
}

// decodes says whether a value is of a type; null is of none.
func decodes[T any](value json.RawMessage) bool {
	var found *T
	return json.Unmarshal(value, &found) == nil && found != nil
}

// orNull is fits for a member that can be null.
func orNull(fits func(json.RawMessage) bool) func(json.RawMessage) bool {
	return func(value json.RawMessage) bool { return string(value) == "null" || fits(value) }
}

// oneOf is fits for an enumeration.
func oneOf(values ...string) func(json.RawMessage) bool {
	return func(value json.RawMessage) bool {
		var text string
		return json.Unmarshal(value, &text) == nil && slices.Contains(values, text)
	}
}

// textsOf returns the texts of a list that was read.
func textsOf(value json.RawMessage) []string {
	texts := []string{}
	_ = json.Unmarshal(value, &texts) // it fitted
	return texts
}

// boolOf returns a member that is a boolean, false where there is none.
func (o object) boolOf(name string) bool {
	var is bool
	_ = json.Unmarshal(o.get(name), &is) // absent is no
	return is
}

// plain answers what is of no entity set.
func (c *call) plain(context string, members ...member) answer {
	body := object{}
	if viewOf(c.version, c.header).metadata != "none" {
		body = append(body, member{"@odata.context", raw(c.base + "/" + c.version + "/$metadata#" + context)})
	}
	return answer{header: c.answerHeader(), body: raw(append(body, members...))}
}
