package graphfake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// stateSchema names the form of what WriteState writes.
const stateSchema = "graphfake.state/1"

// WriteState writes the whole state of the tenant as one JSON document, which
// ReadState reads: a program keeps its tenant so over a restart. It is the truth,
// which reads may not see yet, and what was made by arrangement too.
//
// The document is an object; all its members are always there, in this order.
// "schema" is graphfake.state/1, "tenantId" the id, "made" how many ids were made. Each
// other member is a list of the tenant, an object of rows by their folded ids in the
// order in which they came: users, groups, policies and whatever Graph has a resource
// for as Graph's beta shows it, with members that this module doesn't know; "groupMembers"
// the ids by group; what is about an account by its id. "known" says what an
// export holds of which the tenant was loaded, null for one that was not.
//
// It holds telephone numbers in full, for without them the tenant would be another
// one, and so it is to be kept where only its owner reads it. Passwords, those of
// resets that run, and client secrets stand in it as salted hashes (PBKDF2) alone; the first
// time, making them takes a while where there are many. The key that signs the tokens isn't
// in it, so that a token doesn't outlive the tenant. Nor are the settings, arranged failures and
// the requests. Two writes of one state give the same bytes.
func (t *Tenant) WriteState(w io.Writer) error {
	d := t.hashed()
	t.mu.Lock()
	whole := wholeState{directory: *d, made: t.made, people: t.people}
	t.mu.Unlock()
	whole.directory.held = d.held.clone() // its maps are written to
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "{\"schema\":%s,\n\"tenantId\":%s,\n\"made\":%d", raw(stateSchema), raw(t.TenantID), whole.made)
	for _, s := range sections() {
		fmt.Fprintf(out, ",\n%s:", raw(s.name()))
		if err := s.write(out, &whole); err != nil {
			return fmt.Errorf("graphfake: the state: %s: %w", s.name(), err)
		}
	}
	out.WriteString("}\n")
	return out.Flush()
}

// wholeState is what a state document holds.
type wholeState struct {
	directory
	tenantID string
	made     int
	people   table[person]
}

// ReadState returns a tenant in the state that WriteState wrote. It is read strictly.
// What it doesn't know is an error with the offset in its bytes: another schema, a member too many or too few, what no row can be. Of a phone of which the tenant knew the last digits
// alone, mfa.Phone.Is tells nothing any more.
func ReadState(r io.Reader) (*Tenant, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	whole, err := parseState(data)
	if err != nil {
		return nil, fmt.Errorf("graphfake: the state: %w", err)
	}
	return &Tenant{TenantID: whole.tenantID, made: whole.made, directory: whole.directory, people: whole.people}, nil
}

func parseState(data []byte) (*wholeState, error) {
	text := document{text: data}
	root, err := text.parse()
	if err != nil {
		return nil, err
	}
	members, err := root.members()
	if err != nil {
		return nil, err
	}
	whole := &wholeState{}
	order := append([]string{"schema", "tenantId", "made"}, sectionNames()...)
	for i, m := range members {
		if i >= len(order) || m.name != order[i] {
			return nil, &offsetError{m.at, fmt.Errorf("member %q is not known here", m.name)}
		}
		if err := whole.read(m); err != nil {
			return nil, err
		}
	}
	if len(members) < len(order) {
		return nil, &offsetError{len(data), fmt.Errorf("member %q is missing", order[len(members)])}
	}
	return whole, nil
}

// read takes one member of the document.
func (s *wholeState) read(m namedPiece) error {
	switch m.name {
	case "schema":
		var schema string
		if json.Unmarshal(m.text, &schema) != nil || schema != stateSchema {
			return &offsetError{m.at, fmt.Errorf("the schema is %s, and %q is wanted", m.text, stateSchema)}
		}
		return nil
	case "tenantId":
		return m.strictly(&s.tenantID)
	case "made":
		if err := m.strictly(&s.made); err != nil {
			return err
		}
		if s.made < 0 {
			return &offsetError{m.at, errors.New("made is negative")}
		}
		return nil
	}
	for _, section := range sections() {
		if section.name() == m.name {
			return section.read(m, s)
		}
	}
	return nil
}

func sectionNames() []string {
	var names []string
	for _, s := range sections() {
		names = append(names, s.name())
	}
	return names
}

// namedPiece is a member of an object, with its place.
type namedPiece struct {
	name string
	piece
}

// members returns the members of an object. One that stands twice is an error.
func (p piece) members() ([]namedPiece, error) {
	decoder := json.NewDecoder(bytes.NewReader(p.text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, &offsetError{p.at, errNoObject}
	}
	var found []namedPiece
	seen := map[string]bool{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, &offsetError{p.at, err}
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, &offsetError{p.at, err}
		}
		m := namedPiece{key.(string), piece{value, p.at + int(decoder.InputOffset()) - len(value)}}
		if seen[m.name] {
			return nil, &offsetError{m.at, fmt.Errorf("member %q stands twice", m.name)}
		}
		seen[m.name] = true
		found = append(found, m)
	}
	return found, nil
}

// strictly decodes a value, of which every member must be known.
func (p piece) strictly(into any) error {
	decoder := json.NewDecoder(bytes.NewReader(p.text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return &offsetError{p.at, err}
	}
	return nil
}

// section is one member of the document that holds a part of the state.
type section interface {
	name() string
	write(*bufio.Writer, *wholeState) error
	read(namedPiece, *wholeState) error
	// part is where the state has it.
	part(*wholeState) any
}

// stateTable is a table in a state, each row in the form S.
type stateTable[T, S any] struct {
	called string
	in     func(*wholeState) *table[T]
	save   func(T) (S, error)
	load   func(S) (T, error)
	// check looks at a row that was read, by its id, and makes what it implies; nil does nothing.
	check func(s *wholeState, id string, row T) error
}

func (r stateTable[T, S]) name() string           { return r.called }
func (r stateTable[T, S]) part(s *wholeState) any { return r.in(s) }

// write writes a row a line.
func (r stateTable[T, S]) write(out *bufio.Writer, s *wholeState) error {
	out.WriteByte('{')
	next := "\n"
	for id, row := range r.in(s).each() {
		saved, err := r.save(row)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		text, err := json.Marshal(saved)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		out.WriteString(next)
		out.Write(raw(id))
		out.WriteByte(':')
		out.Write(text)
		next = ",\n"
	}
	out.WriteByte('}')
	return nil
}

func (r stateTable[T, S]) read(p namedPiece, s *wholeState) error {
	members, err := p.members()
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := r.readRow(m, s); err != nil {
			return fmt.Errorf("%s: %w", r.called, err)
		}
	}
	return nil
}

func (r stateTable[T, S]) readRow(m namedPiece, s *wholeState) error {
	var saved S
	switch {
	case m.name != fold(m.name):
		return &offsetError{m.at, fmt.Errorf("the id %q is not in lower case", m.name)}
	case string(m.text) == "null":
		return &offsetError{m.at, errors.New("null is no row")}
	}
	if err := m.strictly(&saved); err != nil {
		return err
	}
	row, err := r.load(saved)
	if err == nil && r.check != nil {
		err = r.check(s, m.name, row)
	}
	if err != nil {
		return &offsetError{m.at, err}
	}
	r.in(s).put(m.name, row)
	return nil
}

// resourceTable is a table whose rows are resources, which write themselves, by their ids.
func resourceTable[T any](name string, in func(*wholeState) *table[T], id func(T) string) section {
	return stateTable[T, T]{name, in, itself[T], itself[T], func(_ *wholeState, key string, row T) error {
		if fold(id(row)) != key {
			return fmt.Errorf("the row %q has the id %q", key, id(row))
		}
		return nil
	}}
}

// plainTable is a table whose rows write themselves, by the ids of something else.
func plainTable[T any](name string, in func(*wholeState) *table[T]) section {
	return stateTable[T, T]{name, in, itself[T], itself[T], nil}
}

func itself[T any](row T) (T, error) { return row, nil }

// stateValue is a part of the state that is no table.
type stateValue[T, S any] struct {
	called string
	in     func(*wholeState) *T
	save   func(T) (S, error)
	load   func(S) (T, error)
}

func (v stateValue[T, S]) name() string           { return v.called }
func (v stateValue[T, S]) part(s *wholeState) any { return v.in(s) }

func (v stateValue[T, S]) write(out *bufio.Writer, s *wholeState) error {
	saved, err := v.save(*v.in(s))
	if err != nil {
		return err
	}
	text, err := json.Marshal(saved)
	out.Write(text)
	return err
}

func (v stateValue[T, S]) read(p namedPiece, s *wholeState) error {
	var saved S
	if err := p.strictly(&saved); err != nil {
		return err
	}
	loaded, err := v.load(saved)
	if err != nil {
		return &offsetError{p.at, fmt.Errorf("%s: %w", v.called, err)}
	}
	*v.in(s) = loaded
	return nil
}

// eachOf applies a conversion to a list.
func eachOf[T, S any](convert func(T) (S, error)) func([]T) ([]S, error) {
	return func(list []T) ([]S, error) {
		converted := make([]S, len(list))
		for i, item := range list {
			var err error
			if converted[i], err = convert(item); err != nil {
				return nil, err
			}
		}
		return converted, nil
	}
}

func foldedIDs[V any](rows table[V]) []string {
	ids := rows.ids()
	slices.Sort(ids)
	return ids
}
