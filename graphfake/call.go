package graphfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// call is one call of Graph: a request, or an item of a batch.
type call struct {
	method  string
	version string
	base    string // scheme and host that the client used
	path    string // escaped, without the version
	query   string
	header  http.Header
	body    []byte
	roles   []string // app roles of the token, or the scopes of a delegated one
	who     mfa.Identity
	// delegated: an application calls for somebody, who needs the right to it too.
	delegated bool

	vars    []string // keys in the path
	options options
	// permissions lists those that open routes. A route can't name the table in which it stands.
	permissions func() []string
}

// response is what Graph answers.
type response struct {
	status int
	header http.Header
	body   json.RawMessage
	code   string        // error.code
	cut    bool          // the connection ends in the middle of the body
	slow   time.Duration // after half of the body
}

// answer is what a route found, before filter, pages and $select.
type answer struct {
	// context is what follows $metadata# in @odata.context; kind the type in error texts.
	context, kind string
	shape         shape
	rows          []object
	single        bool
	// defaults are the members that are sent without $select; nil means all.
	defaults []string
	// filtered: the route has applied $filter itself.
	filtered bool
	// shapeOf gives the shape of a row where rows differ.
	shapeOf func(object) shape
	// finish is the last touch on a row.
	finish func(object) object
	// header and body are those of a call that is accepted and runs on.
	header http.Header
	body   json.RawMessage
}

// answerCall routes a call, asks whether it may pass, and renders what was found.
func (t *Tenant) answerCall(c *call) response {
	segments, err := c.segments()
	if err != nil {
		return t.failed(err, operation{c.method, c.version, c.path})
	}
	match, err := find(c.version, segments)
	if err != nil {
		return t.failed(err, operation{c.method, c.version, c.path})
	}
	op := operation{c.method, c.version, match.path}
	if c.method == http.MethodHead {
		op.method = http.MethodGet
	}
	c.vars, c.permissions = match.vars, routePermissions
	if c.method == http.MethodOptions {
		return response{status: http.StatusNoContent, header: http.Header{"Allow": {match.allow()}}}
	}
	r := match.of(op.method)
	if r == nil {
		return t.failed(wrongMethod(), op)
	}
	return t.faulty(op, t.metered(c, r, op, func() response {
		body, header, refusal := t.pass(c, r)
		switch {
		case refusal != nil:
			return t.failed(refusal, op)
		case header != nil:
			return response{status: max(r.success, http.StatusOK), header: header, body: body}
		case r.success == http.StatusNoContent:
			return response{status: r.success, header: http.Header{}}
		}
		return response{status: max(r.success, http.StatusOK), header: c.answerHeader(), body: body}
	}))
}

func wrongMethod() *entramfa.GraphError {
	return graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

// pass runs a call through the gates in the order in which the service has them.
func (t *Tenant) pass(c *call, r *route) (json.RawMessage, http.Header, *entramfa.GraphError) {
	if err := t.mayCall(c, r); err != nil {
		return nil, nil, err
	}
	if err := r.checkQuery(c); err != nil {
		return nil, nil, err
	}
	found, failure := t.reach(c, r)
	switch {
	case failure != nil:
		return nil, nil, asGraphError(failure)
	case found.header != nil || r.success == http.StatusNoContent:
		return found.body, found.header, nil
	}
	body, err := t.render(c, r, found)
	return body, nil, err
}

// checkQuery reads the query options, and refuses those that the route doesn't take.
func (r *route) checkQuery(c *call) (err *entramfa.GraphError) {
	if c.options, err = parseOptions(r.withoutParameters(c.query), append(r.options, "skiptoken")); err != nil {
		return err
	}
	if err := r.advancedOnly(c); err != nil {
		return err
	}
	return c.options.filter.check(r.filterable)
}

// withoutParameters returns a query without what only the service itself writes there.
func (r *route) withoutParameters(query string) string {
	if len(r.parameters) == 0 {
		return query
	}
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(r.parameters, name)
	})
	return strings.Join(pairs, "&")
}

// reach calls what stands behind a route: one that writes has the true state, one
// that reads what reads see of it.
func (t *Tenant) reach(c *call, r *route) (answer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.success != 0 {
		t.progress()
		return recorded(t, operation{r.method, c.version, fillPath(r.path, c.vars)}, func() (answer, error) { return r.serve(&t.directory, t, c) })
	}
	if r.watched {
		defer t.looked(c.vars[0])
	}
	return r.serve(t.shown(), t, c)
}

// advancedOnly refuses the queries of the directory that want ConsistencyLevel,
// and $count=true for a cast, when they come without.
func (r *route) advancedOnly(c *call) *entramfa.GraphError {
	if r.service == conditionalAccess {
		return nil
	}
	if (r.advanced || c.options.count) && (!eventual(c.header) || !c.options.count) {
		return unsupportedQuery("Request with $count or an OData cast needs the header ConsistencyLevel: eventual and $count=true.")
	}
	return nil
}

// render filters, pages, selects and wraps the rows.
func (t *Tenant) render(c *call, r *route, found answer) (json.RawMessage, *entramfa.GraphError) {
	v := viewOf(c.version, c.header)
	if err := found.checkSelect(c.options.selects); err != nil {
		return nil, err
	}
	if found.single {
		shown := found.show(found.rows[0], c.options.selects, v)
		return raw(append(c.envelope(found, v), shown...)), nil
	}
	rows := found.rows
	if !found.filtered {
		rows = slices.DeleteFunc(slices.Clone(rows), func(o object) bool { return !c.options.filter.accepts(o) })
	}
	total := len(rows)
	from := min(c.options.from+c.options.skip, total)
	if c.options.from > 0 {
		from = min(c.options.from, total)
	}
	to := min(from+t.pageSize(r, c.options.top), total)
	list := c.envelope(found, v)
	if c.options.count && c.options.from == 0 {
		list = append(list, member{"@odata.count", raw(total)})
	}
	if to < total {
		list = append(list, member{"@odata.nextLink", raw(c.nextLink(to))})
	}
	values := make([]object, 0, to-from)
	for _, o := range rows[from:to] {
		values = append(values, found.show(o, c.options.selects, v))
	}
	return raw(append(list, member{"value", raw(values)})), nil
}

// pageSize is 100 in the directory, unlimited in Conditional Access, unless the
// caller or the tenant wants less.
func (t *Tenant) pageSize(r *route, top int) int {
	if r.method == http.MethodPost {
		return 1 << 20 // getByIds answers its thousand ids at once
	}
	size := 100
	switch r.service {
	case conditionalAccess:
		size = 1 << 20
	case reports:
		size = 1000
	}
	if top > 0 {
		size = top
	}
	if t.PageSize > 0 {
		size = min(size, t.PageSize)
	}
	return size
}

func (c *call) nextLink(from int) string {
	query, _ := url.ParseQuery(c.query) // it was parsed before
	query.Set("$skiptoken", skipToken(from))
	return fmt.Sprintf("%s/%s%s?%s", c.base, c.version, c.path, query.Encode())
}

func (c *call) envelope(found answer, v view) object {
	if v.metadata == "none" {
		return object{}
	}
	context := found.context
	if len(c.options.selects) > 0 {
		context += "(" + strings.Join(c.options.selects, ",") + ")"
	}
	if found.single {
		context += "/$entity"
	}
	return object{{"@odata.context", raw(fmt.Sprintf("%s/%s/$metadata#%s", c.base, c.version, context))}}
}

// checkSelect refuses a $select of what the type doesn't have.
func (a answer) checkSelect(names []string) *entramfa.GraphError {
	for _, name := range names {
		known := a.shape.find(name) != nil || slices.ContainsFunc(a.rows, func(o object) bool { return o.get(name) != nil })
		if !known || isAnnotation(name) {
			return graphError(http.StatusBadRequest, "BadRequest",
				"Parsing OData Select and Expand failed: Could not find a property named '%s' on type '%s'.", name, a.kind)
		}
	}
	return nil
}

func (a answer) show(o object, selects []string, v view) object {
	s := a.shape
	if a.shapeOf != nil {
		s = a.shapeOf(o)
	}
	shown := s.show(o, v)
	if v.metadata == "full" && shown.get("@odata.type") == nil {
		shown = append(object{{"@odata.type", raw("#" + a.kind)}}, shown...)
	}
	if selects == nil {
		selects = a.defaults
		if a.shapeOf != nil && o.text("@odata.type") == userType {
			selects = defaultUserMembers
		}
	}
	if selects != nil {
		shown = slices.DeleteFunc(shown, func(m member) bool {
			return !isAnnotation(m.name) && !containsFold(selects, m.name)
		})
	}
	if a.finish != nil {
		shown = a.finish(shown)
	}
	return shown
}

func (c *call) answerHeader() http.Header {
	v := viewOf(c.version, c.header)
	header := http.Header{}
	header.Set("Content-Type", "application/json;odata.metadata="+v.metadata+";odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	header.Set("OData-Version", "4.0")
	if v.futures {
		header.Set("Preference-Applied", "include-unknown-enum-members")
	}
	return header
}
