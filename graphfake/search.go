package graphfake

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/entramfa/entramfa"
)

// search is a parsed $search of the directory; the nil search accepts everything.
// Source: https://learn.microsoft.com/graph/search-query-parameter.
type search struct {
	op    operator // and, or; "" for a clause
	parts []*search
	// property and text are those of a clause; words what the text is made of.
	property, text string
	words          []string
}

// parseSearch reads "property:text" clauses with AND, OR and parentheses.
func parseSearch(text string) (*search, *entramfa.GraphError) {
	if len(text) > longestFilter {
		return nil, unsupportedQuery("Invalid search clause: it is longer than %d characters.", longestFilter)
	}
	p := &searchParser{text: text}
	s, ok := p.either(0)
	if !ok || p.rest() {
		// The words of the service; which code comes with them is not published.
		return nil, badRequest("Syntax error: character '%s' is not valid at position %d in '%s'.", p.wrong(), p.at, text)
	}
	return s, nil
}

type searchParser struct {
	text string
	at   int
}

// rest says whether something follows.
func (p *searchParser) rest() bool {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
	return p.at < len(p.text)
}

func (p *searchParser) wrong() string {
	for _, r := range p.text[min(p.at, len(p.text)):] {
		return string(r)
	}
	return ""
}

func (p *searchParser) take(word string) bool {
	if p.rest() && strings.HasPrefix(p.text[p.at:], word) {
		p.at += len(word)
		return true
	}
	return false
}

func (p *searchParser) either(depth int) (*search, bool) { return p.joined(depth, "OR", opOr, p.both) }
func (p *searchParser) both(depth int) (*search, bool) {
	return p.joined(depth, "AND", opAnd, p.single)
}

func (p *searchParser) joined(depth int, word string, op operator, part func(int) (*search, bool)) (*search, bool) {
	first, ok := part(depth)
	if !ok {
		return nil, false
	}
	joined := &search{op: op, parts: []*search{first}}
	for p.take(word) {
		next, ok := part(depth)
		if !ok {
			return nil, false
		}
		joined.parts = append(joined.parts, next)
	}
	if len(joined.parts) == 1 {
		return first, true
	}
	return joined, true
}

func (p *searchParser) single(depth int) (*search, bool) {
	if depth > deepestFilter {
		return nil, false
	}
	if p.take("(") {
		inner, ok := p.either(depth + 1)
		return inner, ok && p.take(")")
	}
	if !p.take(`"`) {
		return nil, false
	}
	return p.clause()
}

// clause reads property:text up to the quote that ends it; a quote and a backslash
// in it have a backslash before them.
func (p *searchParser) clause() (*search, bool) {
	var out strings.Builder
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			property, text, ok := strings.Cut(out.String(), ":")
			s := &search{property: strings.TrimSpace(property), text: strings.TrimSpace(text)}
			s.words = searched(s.text)
			return s, ok && isPath(s.property) && s.text != ""
		case c == '\\' && p.at+1 < len(p.text):
			p.at++
			out.WriteByte(p.text[p.at])
		default:
			out.WriteByte(c)
		}
	}
	return nil, false
}

// String writes a search as it would be sent.
func (s *search) String() string {
	switch {
	case s == nil:
		return ""
	case s.op == "":
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.property+":"+s.text) + `"`
	}
	parts := make([]string, len(s.parts))
	for i, part := range s.parts {
		parts[i] = part.String()
		if part.op != "" {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, " "+strings.ToUpper(string(s.op))+" ")
}

// accepts says whether an object is found.
func (s *search) accepts(o object) bool {
	switch {
	case s == nil:
		return true
	case s.op == opAnd:
		return !slices.ContainsFunc(s.parts, func(part *search) bool { return !part.accepts(o) })
	case s.op == opOr:
		return slices.ContainsFunc(s.parts, func(part *search) bool { return part.accepts(o) })
	}
	text, _ := textOf(scope{row: o}.value(s.property))
	if !s.inWords() {
		return text != "" && hasPrefixFold(text, s.text)
	}
	words := wordsOf(text)
	return !slices.ContainsFunc(s.words, func(wanted string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, wanted) })
	})
}

// inWords says whether the property is searched by words: others begin with the text.
func (s *search) inWords() bool {
	return strings.EqualFold(s.property, "displayName") || strings.EqualFold(s.property, "description")
}

// searched are the words of a text that is searched for. What is written without a
// space may stand with one, or a sign, where it is found.
func searched(text string) []string {
	var words []string
	for field := range strings.FieldsSeq(text) {
		words = append(words, pieces(field)...)
	}
	return words
}

// wordsOf are the words of a text in which is searched: its pieces, and what stands
// without a space between as one word.
func wordsOf(text string) []string {
	var words []string
	for field := range strings.FieldsSeq(text) {
		parts := pieces(field)
		words = append(words, parts...)
		if len(parts) > 1 {
			words = append(words, strings.Join(parts, ""))
		}
	}
	return words
}

// pieces divides a text where letters, digits and signs meet, and where a large letter
// follows a small one. Signs are no pieces.
func pieces(text string) []string {
	var found []string
	var piece strings.Builder
	last := rune(0)
	end := func() {
		if piece.Len() > 0 {
			found = append(found, strings.ToLower(piece.String()))
			piece.Reset()
		}
	}
	for _, r := range text {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			end()
			last = 0
			continue
		case last != 0 && (unicode.IsDigit(r) != unicode.IsDigit(last) || unicode.IsUpper(r) && unicode.IsLower(last)):
			end()
		}
		piece.WriteRune(r)
		last = r
	}
	end()
	return found
}

// checkSearch refuses a search by what can't be filtered by.
func (r *route) checkSearch(c *call) *entramfa.GraphError {
	if c.options.search == nil {
		return nil
	}
	return c.options.search.check(routed().filters[r], r.resource())
}

func (s *search) check(table filterTable, resource string) *entramfa.GraphError {
	for _, part := range s.parts {
		if refusal := part.check(table, resource); refusal != nil {
			return refusal
		}
	}
	if _, known := table[fold(s.property)]; s.op == "" && !known {
		return unsupportedQuery("%s", fmt.Sprintf("Unsupported or invalid search clause specified for property '%s' of resource '%s'.", s.property, resource))
	}
	return nil
}
