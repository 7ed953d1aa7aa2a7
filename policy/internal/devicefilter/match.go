package devicefilter

import (
	"strings"
	"unicode"
)

func (c comparison) match(d *Device) Truth {
	value, known := d.value(c.property)
	if !known {
		return Unknown
	}
	truth := c.holds(value)
	if c.operator.negative {
		return truth.not()
	}
	return truth
}

func (n negation) match(d *Device) Truth { return n.inner.match(d).not() }

// match: -and is the negation of -or over the negated terms.
func (j junction) match(d *Device) Truth {
	all := j.word == wordAnd
	truth := No
	for _, term := range j.terms {
		t := term.match(d)
		if all {
			t = t.not()
		}
		truth = truth.or(t)
	}
	if all {
		return truth.not()
	}
	return truth
}

// holds says whether the relation holds, before a negative operator turns it
// round. For null it doesn't.
//
// Null compared with null is Unknown. Groups have null as a value to check for,
// but the page on device filters doesn't list it and lets no positive operator
// match, and every negative one, where a property is null.
func (c comparison) holds(value any) Truth {
	switch {
	case value == nil && c.operand.hasNull():
		return Unknown
	case value == nil:
		return No
	case c.operator.relation == equals && !c.operand.list, c.operator.relation == in && c.operand.list:
		return equalsAny(value, c.operand.literals)
	case c.operand.list || c.operand.literals[0].kind != textLiteral:
		return Unknown
	}
	return holdsPart(c.operator.relation, value, fold(c.operand.literals[0].text))
}

// holdsPart is -contains, -startsWith and -endsWith. Of a list the first means a
// whole element; the others aren't documented there, nor for isCompliant.
func holdsPart(r relation, value any, part string) Truth {
	list, isList := value.([]string)
	text, isText := value.(string)
	switch {
	case r == contains && isList:
		return containsElement(list, part)
	case r == contains && isText:
		return truthOf(strings.Contains(fold(text), part))
	case r == startsWith && isText:
		return truthOf(strings.HasPrefix(fold(text), part))
	case r == endsWith && isText:
		return truthOf(strings.HasSuffix(fold(text), part))
	}
	return Unknown
}

func containsElement(list []string, folded string) Truth {
	for _, element := range list {
		if fold(element) == folded {
			return Yes
		}
	}
	return No
}

func equalsAny(value any, literals []literal) Truth {
	truth := No
	for _, l := range literals {
		truth = truth.or(equalsLiteral(value, l))
	}
	return truth
}

// equalsLiteral compares a value that isn't null. The page writes
// -eq "True" for isCompliant, policies write -eq True: both are the boolean.
func equalsLiteral(value any, l literal) Truth {
	if _, isList := value.([]string); isList {
		return Unknown
	}
	if l.kind == nullLiteral {
		return No
	}
	switch v := value.(type) {
	case string:
		if l.kind == textLiteral {
			return truthOf(fold(v) == fold(l.text))
		}
	case bool:
		if strings.EqualFold(l.text, literalTrue.text) {
			return truthOf(v)
		}
		if strings.EqualFold(l.text, literalFalse.text) {
			return truthOf(!v)
		}
	}
	return Unknown
}

func (o operand) hasNull() bool {
	for _, l := range o.literals {
		if l.kind == nullLiteral {
			return true
		}
	}
	return false
}

// fold makes texts equal that differ in case alone, rune by rune, so that a
// part of a text is found as the whole would be.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, text)
}
