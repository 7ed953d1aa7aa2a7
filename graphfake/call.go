package graphfake

import (
	"encoding/json"
	"fmt"
	"net/http"
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
	route   string // path under the first name of its route
	query   string
	header  http.Header
	body    []byte
	roles   []string // app roles of the token, or the scopes of a delegated one
	who     mfa.Identity
	// delegated: an application calls for somebody, who needs the right to it too.
	delegated bool

	vars    []string // keys in the path; an alternate one is name=value
	options options
	// permissions lists those that open routes. A route can't name the table in which it stands.
	permissions func() []string
	counts      bool // the path ends in $count
}

// response is what Graph answers.
type response struct {
	status int
	header http.Header
	body   json.RawMessage
	code   string        // error.code
	cut    bool          // the connection ends in the middle of the body
	slow   time.Duration // after half of the body
	// unknown: the tenant has no such route.
	unknown bool
}

// answer is what a route found, before filter, pages and $select.
type answer struct {
	// context is what follows $metadata# in @odata.context; kind the type in error texts.
	context, kind string
	shape         shape
	rows          []object
	// source gives the rows of a long list in the place of rows.
	source *rowSource
	single bool
	// defaults are the members that are sent without $select; nil means all.
	defaults []string
	// filtered: the route has applied $filter itself.
	filtered bool
	// shapeOf gives the shape of a row where rows differ.
	shapeOf func(object) shape
	// finish is the last touch on a row.
	finish func(object) object
	// page is what of the rows is sent, where it was picked before.
	page *page
	// header and body are those of a call that is accepted and runs on.
	header http.Header
	body   json.RawMessage
}

// answerCall routes a call, asks whether it may pass, and renders what was found.
func (t *Tenant) answerCall(c *call) response {
	match, err := c.find()
	if err != nil {
		return unknown(t.failed(err, operation{c.method, c.version, c.path}))
	}
	op := operation{c.method, c.version, match.path}
	if c.method == http.MethodHead {
		op.method = http.MethodGet
	}
	c.vars, c.route, c.permissions = match.vars, match.path, routePermissions
	if c.method == http.MethodOptions {
		return response{status: http.StatusNoContent, header: http.Header{"Allow": {match.allow()}}}
	}
	r := match.of(op.method)
	if r == nil || c.counts && !r.countable() {
		return unknown(t.failed(wrongMethod(), op))
	}
	if refusal := c.checkMedia(); refusal != nil {
		return t.failed(refusal, op)
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

// find routes the path of the call. The number of rows of a list is asked for under it.
func (c *call) find() (found, *entramfa.GraphError) {
	segments, refusal := c.segments()
	if refusal != nil {
		return found{}, refusal
	}
	if last := len(segments) - 1; last > 0 && strings.EqualFold(segments[last], "$count") {
		match, err := find(c.version, segments[:last])
		if r := match.of(http.MethodGet); err == nil && (r == nil || !r.countable()) {
			return found{}, noSegment("$count")
		}
		c.counts = true
		return match, err
	}
	return find(c.version, segments)
}

// unknown marks the answer to a call that the tenant has no route for.
func unknown(reply response) response {
	reply.unknown = true
	return reply
}

func wrongMethod() *entramfa.GraphError {
	return graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

// pass runs a call through the gates in the order in which the service has them.
func (t *Tenant) pass(c *call, r *route) (json.RawMessage, http.Header, *entramfa.GraphError) {
	if err := t.mayCall(c, r); err != nil {
		return nil, nil, err
	}
	if err := t.checkQuery(c, r); err != nil {
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

// withoutOwnID drops from the body of a PATCH the id that stands in the path anyway:
// github.com/manicminer/hamilton, behind Terraform's provider, repeats it.
func (c *call) withoutOwnID() {
	body, err := parseObject(c.body)
	if c.method == http.MethodPatch && err == nil && len(c.vars) > 0 && body.given("id") && sameText(body.text("id"), c.vars[len(c.vars)-1]) {
		c.body = raw(body.without("id"))
	}
}

// reach calls what stands behind a route: one that writes has the true state, one
// that reads what reads see of it.
func (t *Tenant) reach(c *call, r *route) (answer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.success != 0 {
		t.progress()
		c.withoutOwnID()
		return recorded(t, operation{r.method, c.version, fillPath(r.path, c.vars)}, func() (answer, error) { return r.serve(&t.directory, t, c) })
	}
	if r.watched {
		defer t.looked(c.vars[0])
	}
	d := t.shown()
	found, err := r.serve(d, t, c)
	if err == nil && r.expands != nil && len(c.options.expand) > 0 {
		err = t.expand(d, c, r, &found)
	}
	return found, err
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
	header.Set("Cache-Control", "no-cache")
	if c.counts {
		header.Set("Content-Type", "text/plain")
	}
	if applied := c.preferencesApplied(v); applied != "" {
		header.Set("Preference-Applied", applied)
	}
	return header
}
