package graphfake

import (
	"slices"
	"strings"
	"time"
)

// filter is a parsed $filter; the zero filter accepts everything.
// Source: https://learn.microsoft.com/graph/filter-query-parameter.
type filter struct{ root *condition }

// condition is a node of a filter: a connective of others, or a test of one property.
type condition struct {
	op operator
	// parts are those of and, or and not, and the one of a lambda.
	parts []*condition
	// path is the property, its parts divided by slashes. In a lambda it begins with
	// the name of the variable.
	path string
	// counted: the number of items of the property is meant.
	counted bool
	// values are what the property is compared with: more than one only for in.
	values []literal
	// variable is that of a lambda.
	variable string
}

type operator string

const (
	opAnd operator = "and"
	opOr  operator = "or"
	opNot operator = "not"

	opEqual          operator = "eq"
	opNotEqual       operator = "ne"
	opGreater        operator = "gt"
	opGreaterOrEqual operator = "ge"
	opLess           operator = "lt"
	opLessOrEqual    operator = "le"
	opIn             operator = "in"

	opStartsWith operator = "startswith"
	opEndsWith   operator = "endswith"
	opContains   operator = "contains"

	opAny operator = "any"
	opAll operator = "all"
)

var (
	comparisons = []operator{opEqual, opNotEqual, opGreater, opGreaterOrEqual, opLess, opLessOrEqual}
	functions   = []operator{opStartsWith, opEndsWith, opContains}
	lambdas     = []operator{opAny, opAll}
)

// literal is a value in a filter. Its text is what is compared: of a string without
// its quotes.
type literal struct {
	kind literalKind
	text string
	// enum is the type before the text of an enumeration in the long form.
	enum   string
	at     time.Time
	number float64
}

type literalKind int

const (
	nullLiteral literalKind = iota
	boolLiteral
	textLiteral
	numberLiteral
	timeLiteral // a date, or a date with a time
	guidLiteral
	enumLiteral
)

// given says whether there is a filter.
func (f filter) given() bool { return f.root != nil }

// tests runs over the conditions on a property, those within lambdas left out.
func (c *condition) tests(yield func(*condition) bool) bool {
	switch {
	case c == nil:
		return true
	case c.op == opAnd || c.op == opOr || c.op == opNot:
		for _, part := range c.parts {
			if !part.tests(yield) {
				return false
			}
		}
		return true
	}
	return yield(c)
}

// names says whether the filter is about a property.
func (f filter) names(property string) bool {
	found := false
	f.root.tests(func(c *condition) bool {
		found = strings.EqualFold(c.path, property)
		return !found
	})
	return found
}

// equal returns the one value that a property must have, when the filter says no more than that.
func (f filter) equal(property string) (string, bool) {
	if f.root == nil || f.root.op != opEqual {
		return "", false
	}
	values, ok := f.pinned(property)
	if !ok {
		return "", false
	}
	return values[0], true
}

// pinned returns the values of which a property must have one, where the filter
// demands that whatever else it says: a list can be looked up by them.
func (f filter) pinned(property string) ([]string, bool) {
	if f.root == nil {
		return nil, false
	}
	demands := []*condition{f.root}
	if f.root.op == opAnd {
		demands = f.root.parts
	}
	for _, c := range demands {
		if (c.op == opEqual || c.op == opIn) && !c.counted && strings.EqualFold(c.path, property) {
			return literalTexts(c.values)
		}
	}
	return nil, false
}

// literalTexts are literals that are all text.
func literalTexts(values []literal) ([]string, bool) {
	if slices.ContainsFunc(values, func(v literal) bool { return v.kind != textLiteral && v.kind != guidLiteral }) {
		return nil, false
	}
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.text
	}
	return list, true
}
