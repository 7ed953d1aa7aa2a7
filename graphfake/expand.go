package graphfake

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// expansion answers a relationship of one object, whose id is the first key of the
// call: what serves /users/{id}/memberOf serves $expand=memberOf.
type expansion func(d *directory, t *Tenant, c *call) (answer, error)

// mostExpanded is how many objects $expand shows of a relationship, without a link to more.
// Source: https://learn.microsoft.com/graph/query-parameters.
const mostExpanded = 20

// setExpand reads $expand: names, each maybe with ($select=...) behind it.
func (o *options) setExpand(value string) *entramfa.GraphError {
	o.within = map[string][]string{}
	for _, part := range splitOutside(value) {
		name, inner, nested := strings.Cut(strings.TrimSpace(part), "(")
		name = strings.TrimSpace(name)
		if !isPath(name) {
			return badExpand("'%s' is no relationship.", part)
		}
		o.expand = append(o.expand, name)
		if !nested {
			continue
		}
		inner, closed := strings.CutSuffix(inner, ")")
		option, list, given := strings.Cut(inner, "=")
		option = strings.TrimSpace(option)
		if !closed || !given || !strings.EqualFold(option, "$select") && !strings.EqualFold(option, "select") || strings.ContainsAny(list, "();") {
			return badExpand("Only $select is supported within $expand: '%s'.", part)
		}
		o.within[fold(name)] = splitList(list)
	}
	return nil
}

func badExpand(format string, args ...any) *entramfa.GraphError {
	return graphError(400, "BadRequest", "Parsing OData Select and Expand failed: "+format, args...)
}

// splitOutside splits at the commas outside of parentheses.
func splitOutside(value string) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(value) {
		switch value[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts, start = append(parts, value[start:i]), i+1
			}
		}
	}
	return append(parts, value[start:])
}

// expand picks the page and adds the relationships to its rows; the caller holds mu.
func (t *Tenant) expand(d *directory, c *call, r *route, found *answer) error {
	if err := r.checkExpand(c, found.kind); err != nil {
		return err
	}
	picked := t.pick(c, r, *found)
	picked.expanded = make([][]member, len(picked.rows))
	for i, row := range picked.rows {
		for _, name := range c.options.expand {
			related, err := t.related(d, c, r, name, row.asObject().text("id"))
			if err != nil {
				return err
			}
			picked.expanded[i] = append(picked.expanded[i], related)
		}
	}
	found.page = &picked
	return nil
}

// checkExpand takes one relationship, and none in an advanced query.
// Source: https://learn.microsoft.com/graph/query-parameters and aad-advanced-queries;
// the words are not published.
func (r *route) checkExpand(c *call, kind string) error {
	for _, name := range c.options.expand {
		if _, _, known := r.expansion(name); !known {
			return noProperty(name, kind)
		}
	}
	switch {
	case len(c.options.expand) > 1:
		return badRequest("Only one property can be expanded in a single query.")
	case r.query(c).advanced || c.options.search != nil:
		return unsupportedQuery("$expand is not supported in an advanced query.")
	}
	return nil
}

func (r *route) expansion(name string) (written string, e expansion, known bool) {
	for written, e := range r.expands {
		if strings.EqualFold(written, name) {
			return written, e, true
		}
	}
	return "", nil, false
}

// related is a relationship of an object, as a member of it.
func (t *Tenant) related(d *directory, c *call, r *route, name, id string) (member, error) {
	written, serve, _ := r.expansion(name)
	inner := *c
	inner.vars, inner.options = []string{id}, options{selects: c.options.within[fold(name)]}
	found, err := serve(d, t, &inner)
	if err != nil {
		return member{}, err
	}
	if refusal := found.checkSelect(inner.options.selects); refusal != nil {
		return member{}, refusal
	}
	v := viewOf(c.version, c.header)
	rows := []object{}
	for row := range sourceOf(found).from(0) {
		if rows = append(rows, found.show(row.asObject(), inner.options.selects, v)); len(rows) == mostExpanded || found.single {
			break
		}
	}
	if found.single {
		return member{written, raw(rows[0])}, nil
	}
	return member{written, raw(rows)}, nil
}

// sourceOf gives the rows of an answer.
func sourceOf(a answer) *rowSource {
	if a.source != nil {
		return a.source
	}
	return madeRows(a.rows)
}

// narrowed leaves of an expanded object what $select asks for within it.
func (o options) narrowed(name string, value json.RawMessage) json.RawMessage {
	wanted, given := o.within[fold(name)]
	row, err := parseObject(value)
	if !given || err != nil {
		return value
	}
	return raw(slices.DeleteFunc(row, func(m member) bool { return !isAnnotation(m.name) && !containsFold(wanted, m.name) }))
}
