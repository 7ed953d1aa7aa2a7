package graphfake

import "strings"

// String writes a filter as it would be sent: parsed again it is the same filter.
func (f filter) String() string {
	if f.root == nil {
		return ""
	}
	var out strings.Builder
	f.root.write(&out)
	return out.String()
}

func (c *condition) write(out *strings.Builder) {
	switch c.op {
	case opAnd, opOr:
		for i, part := range c.parts {
			if i > 0 {
				out.WriteString(" " + string(c.op) + " ")
			}
			part.writeWithin(out, c.op)
		}
	case opNot:
		out.WriteString("not ")
		c.parts[0].writeWithin(out, opNot)
	case opStartsWith, opEndsWith, opContains:
		out.WriteString(string(c.op) + "(" + c.property() + "," + c.values[0].String() + ")")
	case opAny, opAll:
		out.WriteString(c.path + "/" + string(c.op) + "(" + c.variable + ":")
		c.parts[0].write(out)
		out.WriteByte(')')
	default:
		out.WriteString(c.property() + " " + string(c.op) + " ")
		c.writeValues(out)
	}
}

// writeWithin puts a connective into parentheses where it stands in another.
func (c *condition) writeWithin(out *strings.Builder, around operator) {
	if c.op != opAnd && c.op != opOr {
		c.write(out)
		return
	}
	out.WriteByte('(')
	c.write(out)
	out.WriteByte(')')
}

func (c *condition) property() string {
	if c.counted {
		return c.path + "/$count"
	}
	return c.path
}

func (c *condition) writeValues(out *strings.Builder) {
	if c.op != opIn {
		out.WriteString(c.values[0].String())
		return
	}
	for i, value := range c.values {
		out.WriteByte("(,"[min(i, 1)])
		out.WriteString(value.String())
	}
	out.WriteByte(')')
}

func (v literal) String() string {
	if v.kind == textLiteral || v.kind == enumLiteral {
		return v.enum + "'" + strings.ReplaceAll(v.text, "'", "''") + "'"
	}
	return v.text
}
