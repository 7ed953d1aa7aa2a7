package graphfake

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// accepts says whether an object passes. Texts are compared without case.
func (f filter) accepts(o object) bool {
	return f.root == nil || f.root.accepts(scope{row: o})
}

// scope is where a path of a filter begins: at the row, or at an item of a collection.
type scope struct {
	row      object
	variable string
	item     json.RawMessage
}

// value returns what a path leads to, nil for nothing.
func (s scope) value(path string) json.RawMessage {
	first, rest, deeper := strings.Cut(path, "/")
	var value json.RawMessage
	if s.variable != "" && first == s.variable {
		value = s.item
	} else {
		value = s.row.get(first)
	}
	for deeper {
		first, rest, deeper = strings.Cut(rest, "/")
		inner, err := parseObject(value)
		if err != nil {
			return nil
		}
		value = inner.get(first)
	}
	return value
}

func (c *condition) accepts(s scope) bool {
	switch c.op {
	case opAnd:
		for _, part := range c.parts {
			if !part.accepts(s) {
				return false
			}
		}
		return true
	case opOr:
		for _, part := range c.parts {
			if part.accepts(s) {
				return true
			}
		}
		return false
	case opNot:
		return !c.parts[0].accepts(s)
	case opAny, opAll:
		return c.acceptsItems(s)
	}
	return c.acceptsValue(s.value(c.path))
}

// acceptsItems is true of any where one item passes, of all where each does.
func (c *condition) acceptsItems(s scope) bool {
	for _, item := range items(s.value(c.path)) {
		if c.parts[0].accepts(scope{s.row, c.variable, item}) == (c.op == opAny) {
			return c.op == opAny
		}
	}
	return c.op == opAll
}

func items(value json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	_ = json.Unmarshal(value, &list) // what is no list has no items
	return list
}

func (c *condition) acceptsValue(value json.RawMessage) bool {
	if c.counted {
		value = json.RawMessage(strconv.Itoa(len(items(value))))
	}
	for _, wanted := range c.values {
		if c.matches(value, wanted) {
			return true
		}
	}
	return false
}

func (c *condition) matches(value json.RawMessage, wanted literal) bool {
	switch c.op {
	case opStartsWith, opEndsWith, opContains:
		text, ok := textOf(value)
		return ok && c.matchesText(strings.ToLower(text), strings.ToLower(wanted.text))
	case opEqual, opIn:
		return wanted.equals(value)
	case opNotEqual:
		return !wanted.equals(value)
	}
	order, comparable := wanted.order(value)
	switch {
	case !comparable:
		return false
	case order == 0:
		return c.op == opGreaterOrEqual || c.op == opLessOrEqual
	}
	return (order > 0) == (c.op == opGreater || c.op == opGreaterOrEqual)
}

func (c *condition) matchesText(text, wanted string) bool {
	switch c.op {
	case opStartsWith:
		return strings.HasPrefix(text, wanted)
	case opEndsWith:
		return strings.HasSuffix(text, wanted)
	}
	return strings.Contains(text, wanted)
}

// equals compares with a value of JSON; one that is absent is null.
func (v literal) equals(value json.RawMessage) bool {
	switch v.kind {
	case nullLiteral:
		return value == nil || string(value) == "null"
	case boolLiteral:
		return string(value) == v.text
	case textLiteral, guidLiteral, enumLiteral:
		text, ok := textOf(value)
		return ok && strings.EqualFold(text, v.text)
	}
	order, comparable := v.order(value)
	return comparable && order == 0
}

// order compares a value of JSON with a literal: above 0 where the value is the greater one.
func (v literal) order(value json.RawMessage) (order int, comparable bool) {
	switch v.kind {
	case numberLiteral:
		number, err := strconv.ParseFloat(string(value), 64)
		return cmp.Compare(number, v.number), err == nil
	case timeLiteral:
		text, _ := textOf(value)
		at, err := time.Parse(time.RFC3339, text)
		return at.Compare(v.at), err == nil
	case textLiteral, guidLiteral:
		text, ok := textOf(value)
		return strings.Compare(strings.ToLower(text), strings.ToLower(v.text)), ok
	}
	return 0, false
}

// textOf returns the value of a JSON string.
func textOf(value json.RawMessage) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err == nil
}
