package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// changedMembers lists the members of a change, each as path and value: what was
// before and what will be after where there was something before. An empty list says
// nothing of what is created, and is left out.
func changedMembers(before, after json.RawMessage) []string {
	was, is := map[string]string{}, map[string]string{}
	flatten(was, "", before)
	flatten(is, "", after)
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(is)) {
		switch old, known := was[path]; {
		case !known && is[path] == "[]":
		case !known || path == "":
			lines = append(lines, strings.TrimPrefix(path+": ", ": ")+is[path])
		default:
			lines = append(lines, fmt.Sprintf("%s: %s -> %s", path, old, is[path]))
		}
	}
	return lines
}

// flatten notes the values of an object by their paths. Lists are values; null says
// nothing and is left out.
func flatten(into map[string]string, path string, text json.RawMessage) {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) == nil && object != nil {
		for name, value := range object {
			flatten(into, strings.TrimPrefix(path+"."+name, "."), value)
		}
		return
	}
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil || compact.String() == "null" {
		return
	}
	into[path] = strings.ReplaceAll(compact.String(), `","`, `", "`)
}
