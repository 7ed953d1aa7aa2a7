package devicefilter

import (
	"slices"
	"strings"
)

// operator compares a property with a value.
type operator struct {
	name     string
	relation relation
	// negative: the operator holds where the relation doesn't.
	negative bool
}

type relation int

const (
	equals relation = iota
	in
	startsWith
	endsWith
	contains
)

var operators = []operator{
	{"eq", equals, false},
	{"ne", equals, true},
	{"in", in, false},
	{"notIn", in, true},
	{"startsWith", startsWith, false},
	{"notStartsWith", startsWith, true},
	{"endsWith", endsWith, false},
	{"notEndsWith", endsWith, true},
	{"contains", contains, false},
	{"notContains", contains, true},
}

func operatorNamed(name string) (operator, bool) {
	i := slices.IndexFunc(operators, func(o operator) bool { return strings.EqualFold(o.name, name) })
	if i < 0 {
		return operator{}, false
	}
	return operators[i], true
}

func operatorNames() string {
	names := make([]string, len(operators))
	for i, o := range operators {
		names[i] = "-" + o.name
	}
	return strings.Join(names, ", ")
}
