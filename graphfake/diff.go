package graphfake

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Difference is one value in which two tenants differ.
type Difference struct {
	// Path names the value in what Snapshot shows, from the list to the member, an object
	// of a list by its id: policies/<id>/conditions/users/excludeUsers. A slash or a tilde in a
	// name is written as in a JSON pointer, ~1 and ~0.
	Path string
	// Before and After are the values as JSON, nil where there is none. A list of
	// texts is one value.
	Before, After json.RawMessage
}

// String returns the difference as one line.
func (d Difference) String() string {
	shown := func(value json.RawMessage) string {
		if value == nil {
			return "nothing"
		}
		return string(value)
	}
	return d.Path + ": " + shown(d.Before) + " -> " + shown(d.After)
}

// Diff returns in what the second tenant differs from the first, sorted by path; none
// where Snapshot of both is the same. What is an object in one of them alone is one
// difference. Like a snapshot it holds no secrets.
func Diff(before, after *Tenant) []Difference {
	return differences(before.document(), after.document())
}

func (t *Tenant) document() any { return documentOf(t.Snapshot()) }

// document is what a snapshot of the state holds.
func (d *directory) document() any { return documentOf(raw(d.snapshot())) }

func documentOf(text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic("graphfake: " + err.Error()) // it is a snapshot
	}
	return value
}

func differences(before, after any) []Difference {
	var found []Difference
	compare("", before, after, func(d Difference) { found = append(found, d) })
	slices.SortFunc(found, func(a, b Difference) int { return strings.Compare(a.Path, b.Path) })
	return found
}

// compare reports where two values differ, as deep as both are objects.
func compare(path string, before, after any, report func(Difference)) {
	left, isObject := membersOf(before)
	right, areObjects := membersOf(after)
	if !isObject || !areObjects {
		if a, b := raw(before), raw(after); !bytes.Equal(a, b) {
			report(Difference{path, a, b})
		}
		return
	}
	for name, value := range left {
		other, there := right[name]
		if !there {
			report(Difference{under(path, name), raw(value), nil})
			continue
		}
		compare(under(path, name), value, other, report)
	}
	for name := range maps.Keys(right) {
		if _, there := left[name]; !there {
			report(Difference{under(path, name), nil, raw(right[name])})
		}
	}
}

// membersOf returns the members of an object, or the objects of a list by their ids.
func membersOf(value any) (map[string]any, bool) {
	switch value := value.(type) {
	case map[string]any:
		return value, true
	case []any:
		byID := make(map[string]any, len(value))
		for _, item := range value {
			object, _ := item.(map[string]any)
			id, _ := object["id"].(string)
			if _, twice := byID[id]; twice || id == "" {
				return nil, false
			}
			byID[id] = item
		}
		return byID, true // of an empty list, too, which is like one of objects
	}
	return nil, false
}

var pointer = strings.NewReplacer("~", "~0", "/", "~1")

func under(path, name string) string {
	name = pointer.Replace(name)
	if path == "" {
		return name
	}
	return path + "/" + name
}
