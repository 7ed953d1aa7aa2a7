package graphfake

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
)

// options are the query options of a call.
// Source: https://learn.microsoft.com/graph/query-parameters.
type options struct {
	selects []string
	expand  []string
	// within are what $select asks for within what is expanded, by folded name.
	within  map[string][]string
	filter  filter
	search  *search
	orderby string
	order   []sortKey // of a route that the tenant sorts
	top     int       // 0: not given
	skip    int
	from    int // where the page begins, from $skiptoken
	token   string
	count   bool
}

// parseOptions reads the query of a call. What the route doesn't allow is
// refused, never ignored.
func (r *route) parseOptions(version, query string) (options, *entramfa.GraphError) {
	var o options
	values, err := url.ParseQuery(query)
	if err != nil {
		return o, badRequest("Invalid query string: %v", err)
	}
	seen := map[string]bool{}
	for _, name := range sortedKeys(values) {
		option, allowed := r.option(version, name)
		switch {
		case !allowed:
			return o, badRequest("Unrecognized query argument specified: '%s'.", name)
		case len(values[name]) > 1 || seen[option]:
			return o, badRequest("Query option '%s' was specified more than once, but it must be specified at most once.", name)
		}
		seen[option] = true
		if err := o.set(option, values.Get(name), r.largestTop()); err != nil {
			return o, err
		}
	}
	return o, nil
}

// option returns a query option without its $, which beta doesn't ask for.
// Source: https://learn.microsoft.com/graph/query-parameters.
func (r *route) option(version, name string) (option string, allowed bool) {
	option, dollar := strings.CutPrefix(strings.ToLower(name), "$")
	if !dollar && version != beta {
		return option, false
	}
	return option, option == "skiptoken" || option == "format" || slices.Contains(r.options, option)
}

func sortedKeys(values url.Values) []string {
	keys := make([]string, 0, len(values))
	for name := range values {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
}

// largestTop is the largest page that a list gives: that of a log holds one more than
// that of the directory.
// Source: https://learn.microsoft.com/graph/api/signin-list.
func (r *route) largestTop() int {
	if r.path == "/auditLogs/signIns" {
		return 1000
	}
	return 999
}

func (o *options) set(option, value string, top int) (failed *entramfa.GraphError) {
	switch option {
	case "select":
		o.selects = splitList(value)
	case "expand":
		failed = o.setExpand(value)
	case "orderby":
		o.orderby = value
	case "filter":
		o.filter, failed = parseFilter(value)
	case "search":
		o.search, failed = parseSearch(value)
	case "top":
		o.top, failed = number(value, "Invalid page size specified: '%s'. Must be between 1 and "+strconv.Itoa(top)+" inclusive.", 1, top)
	case "skip":
		o.skip, failed = number(value, "Invalid value '%s' for $skip query option found.", 0, 1<<30)
	case "count":
		if value != "true" && value != "false" {
			return badRequest("Invalid value '%s' for $count query option found. Valid values are 'true' and 'false'.", value)
		}
		o.count = value == "true"
	case "format":
		return checkFormat(value)
	case "skiptoken":
		o.token = value
	}
	return failed
}

func splitList(value string) []string {
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func number(value, refusal string, least, most int) (int, *entramfa.GraphError) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, unsupportedQuery(refusal, value)
	}
	return n, nil
}

// viewOf reads from the headers how resources are wanted.
func viewOf(version string, header http.Header) view {
	v := view{version: version, metadata: "minimal"}
	for _, accept := range header.Values("Accept") {
		for part := range strings.FieldsFuncSeq(accept, func(r rune) bool { return r == ';' || r == ',' }) {
			level, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(part)), "odata.metadata=")
			if ok && (level == "none" || level == "full") {
				v.metadata = level
			}
		}
	}
	for _, prefer := range header.Values("Prefer") {
		v.futures = v.futures || containsFold(splitList(strings.ReplaceAll(prefer, ";", ",")), "include-unknown-enum-members")
	}
	return v
}

// eventual says whether the call accepts the directory's slower index.
// Source: https://learn.microsoft.com/graph/aad-advanced-queries.
func eventual(header http.Header) bool {
	return strings.EqualFold(header.Get("ConsistencyLevel"), "eventual")
}
