package graphfake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// The bounds of a filter. Those of the service are not published, but for 15
// conditions joined by or; these keep bad input from costing stack or time.
const (
	longestFilter    = 32 << 10
	deepestFilter    = 50
	largestFilter    = 1000 // conditions and values
	mostAlternatives = 15
)

// parseFilter reads a $filter. What it does not know is refused, as Graph refuses
// what it does not support.
func parseFilter(text string) (filter, *entramfa.GraphError) {
	if len(text) > longestFilter {
		return filter{}, unsupportedQuery("Invalid filter clause: it is longer than %d characters.", longestFilter)
	}
	tokens, err := filterTokens(text)
	if err != nil {
		return filter{}, badFilter(text, err)
	}
	p := &filterParser{tokens: tokens}
	root, err := p.either()
	if err == nil && p.at < len(tokens) {
		err = fmt.Errorf("'and' or 'or' is wanted, not %q", p.peek().text)
	}
	if err != nil {
		return filter{}, badFilter(text, err)
	}
	return filter{root}, nil
}

func badFilter(text string, err error) *entramfa.GraphError {
	return unsupportedQuery("Invalid filter clause: %v in '%s'.", err, text)
}

type filterToken struct {
	text   string
	quoted bool
	// joined: nothing stands between the token and the one before.
	joined bool
}

func (t filterToken) is(word string) bool { return !t.quoted && strings.EqualFold(t.text, word) }

func (t filterToken) isOneOf(operators []operator) bool {
	return !t.quoted && slices.Contains(operators, operator(strings.ToLower(t.text)))
}

// filterTokens splits a filter into words, quoted texts (a quote in them is
// doubled), commas, colons and parentheses.
func filterTokens(text string) ([]filterToken, error) {
	var tokens []filterToken
	for at := 0; at < len(text); {
		start := at
		for at < len(text) && isSpace(text[at]) {
			at++
		}
		if at == len(text) {
			break
		}
		token, length, err := nextToken(text[at:])
		if err != nil {
			return nil, err
		}
		token.joined = at == start && len(tokens) > 0
		tokens, at = append(tokens, token), at+length
	}
	return tokens, nil
}

func nextToken(text string) (token filterToken, length int, err error) {
	switch {
	case text[0] == '\'':
		value, rest, err := quoted(text[1:])
		return filterToken{text: value, quoted: true}, len(text) - len(rest), err
	case strings.IndexByte("(),", text[0]) >= 0:
		return filterToken{text: text[:1]}, 1, nil
	case text[0] == ':':
		return filterToken{text: ":"}, 1, nil
	}
	end := strings.IndexAny(text, " \t\r\n'(),")
	if end < 0 {
		end = len(text)
	}
	// A colon ends the name of a variable, and stands within a time.
	if colon := strings.IndexByte(text[:end], ':'); colon > 0 && !isDigit(text[0]) {
		end = colon
	}
	return filterToken{text: text[:end]}, end, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// quoted reads up to the quote that ends a text.
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

// filterParser reads by recursive descent.
type filterParser struct {
	tokens    []filterToken
	at, depth int
	size      int
	// variables are those of the lambdas around.
	variables []string
}

func (p *filterParser) peek() filterToken {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return filterToken{}
}

// take consumes the word if it comes next.
func (p *filterParser) take(word string) bool {
	if p.at < len(p.tokens) && p.peek().is(word) {
		p.at++
		return true
	}
	return false
}

func (p *filterParser) want(word string) error {
	if !p.take(word) {
		return fmt.Errorf("%q is wanted at position %d", word, p.at)
	}
	return nil
}

// count bounds what a filter may hold.
func (p *filterParser) count() error {
	if p.size++; p.size > largestFilter {
		return fmt.Errorf("more than %d conditions and values", largestFilter)
	}
	return nil
}

func (p *filterParser) either() (*condition, error) { return p.joined(opOr, p.both) }
func (p *filterParser) both() (*condition, error)   { return p.joined(opAnd, p.negated) }

// joined reads conditions with a connective between them.
func (p *filterParser) joined(op operator, part func() (*condition, error)) (*condition, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	joined := &condition{op: op, parts: []*condition{first}}
	for p.take(string(op)) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		joined.parts = append(joined.parts, next)
	}
	if len(joined.parts) == 1 {
		return first, nil
	}
	return joined, nil
}

func (p *filterParser) negated() (*condition, error) {
	if p.depth++; p.depth > deepestFilter {
		return nil, fmt.Errorf("recursion depth exceeded allowed limit")
	}
	defer func() { p.depth-- }()
	if !p.take("not") {
		return p.single()
	}
	part, err := p.negated()
	return &condition{op: opNot, parts: []*condition{part}}, err
}

// single reads one condition, or several in parentheses.
func (p *filterParser) single() (*condition, error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	if p.take("(") {
		inner, err := p.either()
		if err == nil {
			err = p.want(")")
		}
		return inner, err
	}
	if p.at+1 < len(p.tokens) && p.peek().isOneOf(functions) && p.tokens[p.at+1].is("(") {
		return p.function()
	}
	return p.test()
}

// function reads startswith(property,'text') and its like, and what some clients
// write behind it: eq true.
func (p *filterParser) function() (*condition, error) {
	c := &condition{op: operator(strings.ToLower(p.peek().text))}
	p.at += 2
	if err := p.property(c); err != nil {
		return nil, err
	}
	if err := p.want(","); err != nil {
		return nil, err
	}
	if !p.peek().quoted {
		return nil, fmt.Errorf("%s wants a text in quotes", c.op)
	}
	c.values = []literal{{kind: textLiteral, text: p.peek().text}}
	p.at++
	if err := p.want(")"); err != nil {
		return nil, err
	}
	return p.truth(c)
}

func (p *filterParser) truth(c *condition) (*condition, error) {
	if !p.take("eq") {
		return c, nil
	}
	switch {
	case p.take("true"):
		return c, nil
	case p.take("false") && p.depth < deepestFilter:
		return &condition{op: opNot, parts: []*condition{c}}, nil
	}
	return nil, fmt.Errorf("%s is compared with true or false", c.op)
}

// property reads the path of a property.
func (p *filterParser) property(c *condition) error {
	token := p.peek()
	if token.quoted || !isPath(token.text) {
		return fmt.Errorf("a property is wanted at position %d", p.at)
	}
	p.at++
	c.path = token.text
	if path, counted := cutSuffixFold(c.path, "/$count"); counted {
		c.path, c.counted = path, true
	}
	if first, _, _ := strings.Cut(c.path, "/"); len(p.variables) > 0 && !slices.Contains(p.variables, first) {
		return fmt.Errorf("%q is not within the collection", c.path)
	}
	return nil
}

// isPath says whether a word names a property: parts of letters, digits, underscores
// and dots with slashes between, the last of which may be $count.
func isPath(text string) bool {
	if path, counted := cutSuffixFold(text, "/$count"); counted {
		text = path
	}
	for part := range strings.SplitSeq(text, "/") {
		if part == "" || isDigit(part[0]) || strings.ContainsFunc(part, func(r rune) bool { return !isNameRune(r) }) {
			return false
		}
	}
	return true
}

func isNameRune(r rune) bool {
	return r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func cutSuffixFold(text, suffix string) (string, bool) {
	at := len(text) - len(suffix)
	if at > 0 && strings.EqualFold(text[at:], suffix) {
		return text[:at], true
	}
	return text, false
}

// test reads a comparison, a property in a list, or a lambda.
func (p *filterParser) test() (*condition, error) {
	c := &condition{}
	if err := p.property(c); err != nil {
		return nil, err
	}
	next := p.peek()
	switch {
	case next.is("("):
		return p.lambda(c)
	case next.isOneOf(comparisons):
		p.at++
		c.op = operator(strings.ToLower(next.text))
		value, err := p.literal()
		c.values = []literal{value}
		return c, err
	case p.take(string(opIn)):
		c.op = opIn
		return c, p.list(c)
	}
	return nil, fmt.Errorf("an operator is wanted after %q", c.path)
}

func isLambda(path string) bool {
	return slices.Contains(lambdas, operator(strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])))
}

// list reads the values of in.
func (p *filterParser) list(c *condition) error {
	if err := p.want("("); err != nil {
		return err
	}
	for {
		value, err := p.literal()
		if err != nil {
			return err
		}
		c.values = append(c.values, value)
		if !p.take(",") {
			return p.want(")")
		}
	}
}

// lambda reads collection/any(x: condition on x).
func (p *filterParser) lambda(c *condition) (*condition, error) {
	cut := strings.LastIndexByte(c.path, '/')
	if c.counted || cut < 0 || !isLambda(c.path) {
		return nil, fmt.Errorf("%q is no function", c.path)
	}
	c.path, c.op = c.path[:cut], operator(strings.ToLower(c.path[cut+1:]))
	p.at++
	c.variable = p.peek().text
	if p.peek().quoted || !isPath(c.variable) || strings.ContainsAny(c.variable, "/.$") || slices.Contains(p.variables, c.variable) {
		return nil, fmt.Errorf("%s wants a variable", c.op)
	}
	p.at++
	if err := p.want(":"); err != nil {
		return nil, err
	}
	p.variables = append(p.variables, c.variable)
	inner, err := p.either()
	p.variables = p.variables[:len(p.variables)-1]
	if err != nil {
		return nil, err
	}
	c.parts = []*condition{inner}
	return c, p.want(")")
}

// literal reads a value.
func (p *filterParser) literal() (literal, error) {
	if err := p.count(); err != nil {
		return literal{}, err
	}
	if p.at == len(p.tokens) {
		return literal{}, fmt.Errorf("a value is wanted at its end")
	}
	token := p.peek()
	p.at++
	if token.quoted {
		return literal{kind: textLiteral, text: token.text}, nil
	}
	if next := p.peek(); next.quoted && next.joined { // microsoft.graph.state'enabled'
		p.at++
		return enumOf(token.text, next.text)
	}
	return plainLiteral(token.text)
}

// enumOf is an enumeration in the long form; a guid may be written like one.
func enumOf(name, text string) (literal, error) {
	if strings.EqualFold(name, "guid") && isGUID(text) {
		return literal{kind: guidLiteral, text: text}, nil
	}
	if !isPath(name) || !strings.Contains(name, ".") || strings.Contains(name, "/") {
		return literal{}, fmt.Errorf("%q is no type of an enumeration", name)
	}
	return literal{kind: enumLiteral, text: text, enum: name}, nil
}

// plainLiteral reads a value without quotes.
func plainLiteral(text string) (literal, error) {
	switch {
	case text == "null":
		return literal{text: text}, nil
	case text == "true", text == "false":
		return literal{kind: boolLiteral, text: text}, nil
	case isGUID(text):
		return literal{kind: guidLiteral, text: text}, nil
	}
	if at, ok := parseTime(text); ok {
		return literal{kind: timeLiteral, text: text, at: at}, nil
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "xXpPiInN_") {
		return literal{kind: numberLiteral, text: text, number: number}, nil
	}
	return literal{}, fmt.Errorf("%q is no literal", text)
}

// parseTime reads a date, or a date with a time and its offset.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func isGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if c := text[i] | 0x20; dash != (text[i] == '-') || !dash && !isDigit(text[i]) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
