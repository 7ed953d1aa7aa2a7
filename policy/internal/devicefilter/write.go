package devicefilter

import "strings"

func (c comparison) write(b *strings.Builder) {
	b.WriteString("device." + c.property + " -" + c.operator.name + " ")
	c.operand.write(b)
}

// write always sets brackets. With them -not counts as one level, see
// parser.unary: what could be read once can be read again.
func (n negation) write(b *strings.Builder) {
	b.WriteString("-" + wordNot + " (")
	n.inner.write(b)
	b.WriteString(")")
}

// write sets brackets around -or within -and, the weaker of the two.
func (j junction) write(b *strings.Builder) {
	for i, term := range j.terms {
		if i > 0 {
			b.WriteString(" -" + j.word + " ")
		}
		if inner, ok := term.(junction); ok && inner.word == wordOr {
			b.WriteString("(")
			term.write(b)
			b.WriteString(")")
			continue
		}
		term.write(b)
	}
}

func (o operand) write(b *strings.Builder) {
	if !o.list {
		b.WriteString(o.literals[0].source())
		return
	}
	sources := make([]string, len(o.literals))
	for i, l := range o.literals {
		sources[i] = l.source()
	}
	b.WriteString("[" + strings.Join(sources, ", ") + "]")
}

// source is the literal as a rule has it. Between double quotes a grave accent
// only escapes, so a text that has one stands between single quotes.
func (l literal) source() string {
	switch {
	case l.kind != textLiteral:
		return l.text
	case strings.Contains(l.text, "`"):
		return "'" + strings.ReplaceAll(l.text, "'", "''") + "'"
	}
	return `"` + strings.ReplaceAll(l.text, `"`, "`\"") + `"`
}
