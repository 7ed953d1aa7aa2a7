package graphfake

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// sortKey is one property of $orderby.
type sortKey struct {
	property   string
	descending bool
}

// checkOrder reads $orderby where the tenant sorts; other routes read it themselves.
// Source of which words: https://github.com/microsoftgraph/microsoft-graph-docs/issues/20427,
// https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/3145 and issues/1338.
func (r *route) checkOrder(c *call) *entramfa.GraphError {
	if r.sortable == nil || c.options.orderby == "" {
		return nil
	}
	advanced := r.query(c).advanced || r.service != directoryService
	for part := range strings.SplitSeq(c.options.orderby, ",") {
		key, ok := parseSortKey(part)
		switch {
		case !ok:
			return badRequest("The $orderby expression '%s' is not valid.", c.options.orderby)
		case containsFold(r.sortable, key.property), advanced && containsFold(r.sortable, key.property+"|"):
		case advanced:
			return unsupportedQuery("An unsupported property was specified.")
		default:
			return unsupportedQuery("Unsupported sort property '%s' for '%s'.", key.property, r.resource())
		}
		c.options.order = append(c.options.order, key)
	}
	if !advanced && (c.options.filter.given() || c.options.search != nil) {
		return unsupportedQuery("Sorting not supported for current query.")
	}
	return nil
}

// parseSortKey reads property, with asc or desc behind it or nothing.
func parseSortKey(text string) (sortKey, bool) {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 2 || !isPath(words[0]) {
		return sortKey{}, false
	}
	key := sortKey{property: words[0]}
	if len(words) == 2 {
		key.descending = strings.EqualFold(words[1], "desc")
		return key, key.descending || strings.EqualFold(words[1], "asc")
	}
	return key, true
}

// sorted is a page of the rows that pass, in an order.
func sorted(source *rowSource, f filter, o options, size int) page {
	type keyed struct {
		row  lazyRow
		keys []string
	}
	var rows []keyed
	for row := range source.from(0) {
		object := row.asObject()
		if !f.accepts(object) || !o.search.accepts(object) {
			continue
		}
		keys := make([]string, len(o.order))
		for i, key := range o.order {
			keys[i] = sortText(scope{row: object}.value(key.property))
		}
		rows = append(rows, keyed{row, keys})
	}
	slices.SortStableFunc(rows, func(a, b keyed) int {
		for i, key := range o.order {
			if order := strings.Compare(a.keys[i], b.keys[i]); order != 0 {
				if key.descending {
					return -order
				}
				return order
			}
		}
		return 0
	})
	start := o.from
	if start == 0 {
		start = o.skip
	}
	p := page{total: len(rows)}
	for _, r := range rows[min(start, len(rows)):min(start+size, len(rows))] {
		p.rows = append(p.rows, r.row)
	}
	if size > 0 && start+size < len(rows) {
		p.next = start + size
	}
	return p
}

// sortText is by what values are ordered: texts without case, null first. Times are
// texts of one length.
func sortText(value json.RawMessage) string {
	if text, ok := textOf(value); ok {
		return "1" + strings.ToLower(text)
	}
	if value == nil || string(value) == "null" {
		return "0"
	}
	return "1" + string(value)
}
