package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Elsewhere lists what differs between two reads of a policy beside the members
// that the patch changes and modifiedDateTime: one text each, with the path and both
// values. It is empty where somebody who made the patch changed nothing else.
//
// It compares what the JSON says: the order of members doesn't count, nor that of
// texts in a list, for every such list of a policy is a set; null, [] and absence
// are three things. Both reads have to be of the same version of Graph. An error
// means that one of the policies can't be written as JSON.
func (patch Patch) Elsewhere(before, after Policy) ([]string, error) {
	a, err := patch.rest(before)
	if err != nil {
		return nil, err
	}
	b, err := patch.rest(after)
	if err != nil {
		return nil, err
	}
	return differences(nil, "", a, b), nil
}

// rest is a policy as JSON without what the patch changes and what every write
// changes.
func (patch Patch) rest(p Policy) (map[string]any, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("policy: compare the policy %s: %w", p.ID, err)
	}
	var rest map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&rest); err != nil {
		return nil, fmt.Errorf("policy: compare the policy %s: %w", p.ID, err)
	}
	drop(rest, "modifiedDateTime", "@odata.context", "@odata.etag")
	if patch.State != nil {
		drop(rest, "state")
	}
	if patch.ExcludeUsers != nil {
		drop(member(member(rest, "conditions"), "users"), "excludeUsers")
	}
	return rest, nil
}

// drop deletes members, whose names are compared without case as everywhere.
func drop(object map[string]any, names ...string) {
	maps.DeleteFunc(object, func(name string, _ any) bool { return containsFold(names, name) })
}

// member returns an object within an object, nil where there is none.
func member(object map[string]any, name string) map[string]any {
	for key, value := range object {
		if strings.EqualFold(key, name) {
			inner, _ := value.(map[string]any)
			return inner
		}
	}
	return nil
}

// differences adds what differs between two JSON values to a list.
func differences(list []string, path string, a, b any) []string {
	objectA, isA := a.(map[string]any)
	objectB, isB := b.(map[string]any)
	if !isA || !isB {
		if reflect.DeepEqual(unordered(a), unordered(b)) {
			return list
		}
		return append(list, fmt.Sprintf("%s: %s -> %s", path, compact(a), compact(b)))
	}
	for _, name := range keysOfBoth(objectA, objectB) {
		inA, inB := presence(objectA, name), presence(objectB, name)
		list = differences(list, strings.TrimPrefix(path+"."+name, "."), inA, inB)
	}
	return list
}

// keysOfBoth lists the keys of two maps in order, each once.
func keysOfBoth[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// absent is what stands for a member that an object doesn't have.
type absent struct{}

func presence(object map[string]any, name string) any {
	if value, has := object[name]; has {
		return value
	}
	return absent{}
}

// unordered sorts a list of texts.
func unordered(value any) any {
	list, _ := value.([]any)
	texts := make([]string, len(list))
	for i, entry := range list {
		text, isText := entry.(string)
		if !isText {
			return value
		}
		texts[i] = text
	}
	if list == nil {
		return value
	}
	slices.Sort(texts)
	return texts
}

func compact(value any) string {
	if value == (absent{}) {
		return "absent"
	}
	text, _ := json.Marshal(value) // it was decoded from JSON
	return string(text)
}
