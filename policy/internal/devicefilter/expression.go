package devicefilter

import "strings"

// expression is a part of a rule that matches or doesn't.
type expression interface {
	match(*Device) Truth
	write(*strings.Builder)
}

// comparison is property, operator and value.
type comparison struct {
	property string
	operator operator
	operand  operand
}

// negation is -not.
type negation struct{ inner expression }

// junction is two or more terms joined by -and or -or. A long rule is a long
// list of terms, not a deep tree.
type junction struct {
	word  string
	terms []expression
}

const (
	wordAnd = "and"
	wordOr  = "or"
	wordNot = "not"
)

// operand is one literal, or a list of them.
type operand struct {
	literals []literal
	list     bool
}

type literal struct {
	kind literalKind
	text string
}

type literalKind int

const (
	textLiteral literalKind = iota
	booleanLiteral
	nullLiteral
)

var (
	literalTrue  = literal{booleanLiteral, "True"}
	literalFalse = literal{booleanLiteral, "False"}
	literalNull  = literal{nullLiteral, "null"}
)

// join puts terms together, taking those of a junction of the same kind as its
// own: brackets there change nothing.
func join(word string, parts []expression) expression {
	if len(parts) == 1 {
		return parts[0]
	}
	var terms []expression
	for _, part := range parts {
		if j, ok := part.(junction); ok && j.word == word {
			terms = append(terms, j.terms...)
			continue
		}
		terms = append(terms, part)
	}
	return junction{word: word, terms: terms}
}
