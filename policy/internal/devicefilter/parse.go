package devicefilter

import (
	"fmt"
	"slices"
	"strings"
)

// maxDepth is how many brackets and -not may stand within each other. Microsoft
// takes rules up to 3072 characters, which people don't nest so far.
const maxDepth = 256

const propertyPrefix = "device."

// Parse reads a rule. It takes operators and keywords with or without hyphen and
// in any case, as it does property names, a property that it doesn't know, and a
// rule longer than the 3072 characters that Microsoft stores. An operator needn't
// be one that is documented for the property: see [Rule.Match]. The error is a
// [*SyntaxError].
func Parse(rule string) (*Rule, error) {
	p := parser{scanner: scanner{rule: rule}, seen: map[string]string{}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if p.token.kind != endToken {
		return nil, p.expected("-and, -or or the end of the rule")
	}
	return &Rule{expression: e, properties: p.properties()}, nil
}

// parser reads by recursive descent: -or is the weakest, then -and, -not, and the
// comparison (https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership#operator-precedence).
type parser struct {
	scanner
	token token // the next one
	depth int
	seen  map[string]string // properties, by their names in lower case
}

func (p *parser) advance() (err error) {
	p.token, err = p.next()
	return err
}

func (p *parser) expected(what string) error {
	return syntaxError(p.rule, p.token.offset, what)
}

// take goes on to the next token where this one is of the kind.
func (p *parser) take(kind tokenKind, what string) error {
	if p.token.kind != kind {
		return p.expected(what)
	}
	return p.advance()
}

func (p *parser) disjunction() (expression, error) { return p.junction(wordOr, p.conjunction) }

func (p *parser) conjunction() (expression, error) { return p.junction(wordAnd, p.unary) }

func (p *parser) junction(word string, term func() (expression, error)) (expression, error) {
	var terms []expression
	for {
		e, err := term()
		if err != nil {
			return nil, err
		}
		terms = append(terms, e)
		if !p.token.is(word) {
			return join(word, terms), nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// unary counts -not with the brackets that follow it as one level.
func (p *parser) unary() (expression, error) {
	negated := p.token.is(wordNot)
	if !negated && p.token.kind != openToken {
		return p.comparison()
	}
	if p.depth == maxDepth {
		return nil, p.expected(fmt.Sprintf("at most %d brackets and -not within each other", maxDepth))
	}
	p.depth++
	defer func() { p.depth-- }()
	if negated {
		return p.negation()
	}
	return p.brackets()
}

func (p *parser) negation() (expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	operand := p.unary
	if p.token.kind == openToken {
		operand = p.brackets
	}
	inner, err := operand()
	if err != nil {
		return nil, err
	}
	return negation{inner}, nil
}

func (p *parser) brackets() (expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	return e, p.take(closeToken, "-and, -or or )")
}

func (p *parser) comparison() (expression, error) {
	name, err := p.property()
	if err != nil {
		return nil, err
	}
	op, known := operatorNamed(p.token.text)
	if p.token.kind != wordToken || !known {
		return nil, p.expected("one of the operators " + operatorNames())
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	value, err := p.operand()
	if err != nil {
		return nil, err
	}
	return comparison{property: name, operator: op, operand: value}, nil
}

// property reads device.<name> and returns the name, spelled as documented
// where it is.
func (p *parser) property() (string, error) {
	text := p.token.text
	isProperty := p.token.kind == wordToken && !p.token.hyphen &&
		len(text) > len(propertyPrefix) && strings.EqualFold(text[:len(propertyPrefix)], propertyPrefix) &&
		!strings.ContainsAny(text[len(propertyPrefix):], ".$")
	if !isProperty {
		return "", p.expected("a comparison such as device.model -eq \"…\", -not or (")
	}
	known, _ := propertyNamed(text[len(propertyPrefix):])
	if key := strings.ToLower(known.name); p.seen[key] == "" {
		p.seen[key] = known.name
	}
	return known.name, p.advance()
}

func (p *parser) operand() (operand, error) {
	if p.token.kind != openListToken {
		l, err := p.literal("a text in quotes, True, False, null or a list in [ ]")
		return operand{literals: []literal{l}}, err
	}
	list := operand{list: true}
	for first := true; first || p.token.kind == commaToken; first = false {
		if err := p.advance(); err != nil { // past the bracket, then past each comma
			return operand{}, err
		}
		l, err := p.literal("a text in quotes, True, False or null")
		if err != nil {
			return operand{}, err
		}
		list.literals = append(list.literals, l)
	}
	return list, p.take(closeListToken, "a comma or ]")
}

func (p *parser) literal(what string) (literal, error) {
	l := literal{kind: textLiteral, text: p.token.text}
	switch {
	case p.token.kind == textToken:
	case p.token.kind != wordToken || p.token.hyphen:
		return literal{}, p.expected(what)
	case p.token.is("true"):
		l = literalTrue
	case p.token.is("false"):
		l = literalFalse
	case p.token.is("null"), p.token.is("$null"):
		l = literalNull
	default:
		return literal{}, p.expected(what)
	}
	return l, p.advance()
}

// properties lists what the rule asks for.
func (p *parser) properties() []string {
	var names []string
	for _, name := range p.seen {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names
}
