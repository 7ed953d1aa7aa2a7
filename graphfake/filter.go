package graphfake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// filter is a parsed $filter: clauses joined by and, these by or.
// Source: https://learn.microsoft.com/graph/filter-query-parameter.
type filter [][]clause

// clause is one condition on one property: eq, startswith, or one of the others
// that the route allows.
type clause struct {
	property string
	prefix   bool // startswith
	value    any  // string, bool, nil or time.Time
	// op is ge or le on a time, or any: a list that holds the value; "" for the two above.
	op string
}

// parseFilter reads a $filter. It knows eq, startswith, ge and le on a time, any on
// a list, and, or; what it does not know is refused, as Graph refuses what it does
// not support.
func parseFilter(text string) (filter, *entramfa.GraphError) {
	tokens, err := filterTokens(text)
	if err != nil {
		return nil, badFilter(text, err)
	}
	parsed := filter{nil}
	for {
		c, rest, err := parseClause(tokens)
		if err != nil {
			return nil, badFilter(text, err)
		}
		last := len(parsed) - 1
		parsed[last] = append(parsed[last], c)
		if len(rest) == 0 {
			return parsed, nil
		}
		switch {
		case rest[0].is("and"):
		case rest[0].is("or"):
			parsed = append(parsed, nil)
		default:
			return nil, badFilter(text, fmt.Errorf("'and' or 'or' is wanted, not %q", rest[0].text))
		}
		tokens = rest[1:]
	}
}

func badFilter(text string, err error) *entramfa.GraphError {
	return unsupportedQuery("Invalid filter clause: %v in '%s'.", err, text)
}

type filterToken struct {
	text   string
	quoted bool
}

func (t filterToken) is(word string) bool { return !t.quoted && t.text == word }

// filterTokens splits a filter into words, quoted texts (a quote in them is
// doubled), commas and parentheses.
func filterTokens(text string) ([]filterToken, error) {
	var tokens []filterToken
	for text = strings.TrimLeft(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		switch {
		case text[0] == '\'':
			value, rest, err := quoted(text[1:])
			if err != nil {
				return nil, err
			}
			tokens, text = append(tokens, filterToken{value, true}), rest
		case strings.ContainsRune("(),", rune(text[0])):
			tokens, text = append(tokens, filterToken{text[:1], false}), text[1:]
		default:
			end := strings.IndexAny(text, " \t'(),")
			if end < 0 {
				end = len(text)
			}
			tokens, text = append(tokens, filterToken{text[:end], false}), text[end:]
		}
	}
	return tokens, nil
}

func quoted(text string) (value, rest string, err error) {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "'")
		if !found {
			return "", "", fmt.Errorf("unterminated string literal")
		}
		out.WriteString(before)
		if !strings.HasPrefix(after, "'") {
			return out.String(), after, nil
		}
		out.WriteByte('\'')
		text = after[1:]
	}
}

func parseClause(tokens []filterToken) (clause, []filterToken, error) {
	if len(tokens) >= 6 && !tokens[0].quoted && strings.EqualFold(tokens[0].text, "startswith") &&
		tokens[1].is("(") && isProperty(tokens[2]) && tokens[3].is(",") && tokens[4].quoted && tokens[5].is(")") {
		return clause{property: tokens[2].text, prefix: true, value: tokens[4].text}, tokens[6:], nil
	}
	if c, rest, ok := parseTimeClause(tokens); ok {
		return c, rest, nil
	}
	if c, rest, ok := parseAnyClause(tokens); ok {
		return c, rest, nil
	}
	if len(tokens) >= 3 && isProperty(tokens[0]) && tokens[1].is("eq") {
		value, err := literal(tokens[2])
		return clause{property: tokens[0].text, value: value}, tokens[3:], err
	}
	return clause{}, nil, fmt.Errorf("'property eq value' or 'startswith(property,'text')' is wanted")
}

// parseTimeClause reads property ge time.
func parseTimeClause(tokens []filterToken) (clause, []filterToken, bool) {
	if len(tokens) < 3 || !isProperty(tokens[0]) || !tokens[1].is("ge") && !tokens[1].is("le") || tokens[2].quoted {
		return clause{}, nil, false
	}
	at, err := time.Parse(time.RFC3339, tokens[2].text)
	return clause{property: tokens[0].text, op: tokens[1].text, value: at}, tokens[3:], err == nil
}

// parseAnyClause reads property/any(x: x eq 'text').
func parseAnyClause(tokens []filterToken) (clause, []filterToken, bool) {
	if len(tokens) < 3 || tokens[0].quoted || !tokens[1].is("(") || tokens[2].quoted {
		return clause{}, nil, false
	}
	property, isAny := strings.CutSuffix(tokens[0].text, "/any")
	name, first, ok := strings.Cut(tokens[2].text, ":")
	rest := tokens[3:]
	if first != "" { // x:x
		rest = append([]filterToken{{text: first}}, rest...)
	}
	if !isAny || !ok || name == "" || len(rest) < 4 || !rest[0].is(name) || !rest[1].is("eq") || !rest[2].quoted || !rest[3].is(")") {
		return clause{}, nil, false
	}
	return clause{property: property, op: "any", value: rest[2].text}, rest[4:], true
}

func isProperty(t filterToken) bool {
	return !t.quoted && t.text != "" && !strings.ContainsAny(t.text, "(),")
}

func literal(t filterToken) (any, error) {
	switch {
	case t.quoted:
		return t.text, nil
	case t.text == "null":
		return nil, nil
	case t.text == "true", t.text == "false":
		return t.text == "true", nil
	}
	return nil, fmt.Errorf("%q is no literal", t.text)
}

// check refuses properties that can't be filtered by. A name in the list means eq
// and startswith; ge and le are allowed by createdDateTime:ge, any by its like.
func (f filter) check(filterable []string) *entramfa.GraphError {
	for _, all := range f {
		for _, c := range all {
			if !containsFold(filterable, c.allowedAs()) {
				return unsupportedQuery("Unsupported or invalid query filter clause specified for property '%s' of resource.", c.property)
			}
		}
	}
	return nil
}

// allowedAs is how a route lists that it allows the clause.
func (c clause) allowedAs() string {
	switch c.op {
	case "":
		return c.property
	case "le":
		return c.property + ":ge"
	}
	return c.property + ":" + c.op
}

// names says whether the filter is about a property.
func (f filter) names(property string) bool {
	return slices.ContainsFunc(f, func(all []clause) bool {
		return slices.ContainsFunc(all, func(c clause) bool { return strings.EqualFold(c.property, property) })
	})
}

// equal returns the one value that a property must have, when the filter says no more than that.
func (f filter) equal(property string) (string, bool) {
	if len(f) != 1 || len(f[0]) != 1 || f[0][0].prefix || f[0][0].op != "" || !strings.EqualFold(f[0][0].property, property) {
		return "", false
	}
	value, ok := f[0][0].value.(string)
	return value, ok
}

// accepts says whether an object passes. The directory compares without case.
func (f filter) accepts(o object) bool {
	if f == nil {
		return true
	}
	for _, all := range f {
		passed := true
		for _, c := range all {
			passed = passed && c.accepts(o.get(c.property))
		}
		if passed {
			return true
		}
	}
	return false
}

func (c clause) accepts(value json.RawMessage) bool {
	switch c.op {
	case "any":
		var list []string
		text, _ := c.value.(string)
		return json.Unmarshal(value, &list) == nil && containsFold(list, text)
	case "ge", "le":
		return c.acceptsTime(value)
	}
	var found any
	if value != nil && json.Unmarshal(value, &found) != nil {
		return false
	}
	text, isText := found.(string)
	wanted, wantsText := c.value.(string)
	switch {
	case isText && wantsText && c.prefix:
		return hasPrefixFold(text, wanted)
	case isText && wantsText:
		return strings.EqualFold(text, wanted)
	}
	return !c.prefix && found == c.value
}

func (c clause) acceptsTime(value json.RawMessage) bool {
	var at time.Time
	bound, isTime := c.value.(time.Time)
	if !isTime || json.Unmarshal(value, &at) != nil {
		return false
	}
	return at.Equal(bound) || at.After(bound) == (c.op == "ge")
}
