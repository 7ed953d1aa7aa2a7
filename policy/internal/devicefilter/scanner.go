package devicefilter

import (
	"strings"
	"unicode"
)

// token is the smallest part of a rule.
type token struct {
	kind   tokenKind
	offset int
	text   string // of a word without its hyphen, of a quoted text without escapes
	hyphen bool   // of a word
}

type tokenKind int

const (
	endToken tokenKind = iota
	openToken
	closeToken
	openListToken
	closeListToken
	commaToken
	wordToken
	textToken
)

// is says whether the token is an operator or keyword, with or without hyphen.
func (t token) is(word string) bool {
	return t.kind == wordToken && strings.EqualFold(t.text, word)
}

// scanner cuts a rule into tokens.
type scanner struct {
	rule string
	pos  int
}

func (s *scanner) next() (token, error) {
	rest := strings.TrimLeftFunc(s.rule[s.pos:], unicode.IsSpace)
	s.pos = len(s.rule) - len(rest)
	if rest == "" {
		return token{kind: endToken, offset: s.pos}, nil
	}
	if kind := strings.IndexByte("()[],", rest[0]); kind >= 0 {
		s.pos++
		return token{kind: openToken + tokenKind(kind), offset: s.pos - 1}, nil
	}
	switch rest[0] {
	case '"':
		return s.doubleQuoted()
	case '\'':
		return s.singleQuoted()
	}
	return s.word()
}

// word reads a property, operator or keyword. The page on groups writes some
// operators with an en dash; an editor made it of the hyphen.
func (s *scanner) word() (token, error) {
	t := token{kind: wordToken, offset: s.pos}
	for _, hyphen := range []string{"-", "–"} {
		if strings.HasPrefix(s.rule[s.pos:], hyphen) {
			t.hyphen = true
			s.pos += len(hyphen)
			break
		}
	}
	start := s.pos
	for s.pos < len(s.rule) && isWordByte(s.rule[s.pos]) {
		s.pos++
	}
	t.text = s.rule[start:s.pos]
	if t.text == "" {
		return token{}, syntaxError(s.rule, t.offset, "a bracket, a property, an operator or a value")
	}
	return t, nil
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '$'
}

// doubleQuoted reads a text in which `" stands for the quote. The grave accent
// before anything else isn't documented and is refused.
func (s *scanner) doubleQuoted() (token, error) {
	t := token{kind: textToken, offset: s.pos}
	var b strings.Builder
	for rest := s.rule[s.pos+1:]; ; {
		i := strings.IndexAny(rest, "`\"")
		switch {
		case i < 0:
			return token{}, syntaxError(s.rule, t.offset, `a text that ends with "`)
		case rest[i] == '"':
			t.text = b.String() + rest[:i]
			s.pos = len(s.rule) - len(rest) + i + 1
			return t, nil
		case !strings.HasPrefix(rest[i+1:], `"`):
			return token{}, syntaxError(s.rule, len(s.rule)-len(rest)+i+1, "\" after the grave accent")
		}
		b.WriteString(rest[:i] + `"`)
		rest = rest[i+2:]
	}
}

// singleQuoted reads a text in which two single quotes stand for one.
func (s *scanner) singleQuoted() (token, error) {
	t := token{kind: textToken, offset: s.pos}
	var b strings.Builder
	for rest := s.rule[s.pos+1:]; ; {
		text, after, closed := strings.Cut(rest, "'")
		if !closed {
			return token{}, syntaxError(s.rule, t.offset, "a text that ends with '")
		}
		b.WriteString(text)
		if !strings.HasPrefix(after, "'") {
			t.text = b.String()
			s.pos = len(s.rule) - len(after)
			return t, nil
		}
		b.WriteString("'")
		rest = after[1:]
	}
}
