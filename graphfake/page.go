package graphfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
)

// checkQuery reads the query options, and refuses those that the route doesn't take.
func (t *Tenant) checkQuery(c *call, r *route) (err *entramfa.GraphError) {
	if c.options, err = r.parseOptions(c.version, r.withoutParameters(c.query)); err != nil {
		return err
	}
	if err := r.checkAdvanced(c); err != nil {
		return err
	}
	if err := c.options.filter.check(routed().filters[r], r.query(c)); err != nil {
		return err
	}
	if err := r.checkSearch(c); err != nil {
		return err
	}
	if err := r.checkOrder(c); err != nil {
		return err
	}
	return t.openToken(c)
}

// query is what the service behind the route allows in this call.
func (r *route) query(c *call) query {
	return query{
		resource: r.resource(), directory: r.service == directoryService,
		advanced: eventual(c.header) && (c.options.count || c.counts),
	}
}

// resource is the type in the words of the directory: User for /users.
func (r *route) resource() string {
	segments := splitPath(r.path)
	name := segments[len(segments)-1]
	if strings.HasPrefix(name, "{") && len(segments) > 1 {
		name = segments[len(segments)-2]
	}
	if start, ok := strings.CutSuffix(name, "ies"); ok {
		name = start + "y"
	}
	name = strings.TrimSuffix(name, "s")
	return strings.ToUpper(name[:1]) + name[1:]
}

// countable says whether the number of rows can be asked for.
func (r *route) countable() bool {
	return r.method == http.MethodGet && slices.Contains(r.options, "count")
}

// checkAdvanced refuses the queries of the directory that want ConsistencyLevel,
// and $count=true for a cast, when they come without.
func (r *route) checkAdvanced(c *call) *entramfa.GraphError {
	o := c.options
	switch {
	case r.service != directoryService:
		return nil
	case c.counts && !eventual(c.header):
		return badRequest("$count is not currently supported.")
	case o.search != nil && !eventual(c.header):
		return unsupportedQuery("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	case r.advanced && !r.query(c).advanced, o.count && !eventual(c.header):
		return unsupportedQuery("Request with $count or an OData cast needs the header ConsistencyLevel: eventual and $count=true.")
	}
	return nil
}

// page is what of a list one answer holds.
type page struct {
	rows []lazyRow
	// expanded are what $expand adds to each row.
	expanded [][]member
	total    int // counted only where it is asked for
	next     int // where the next page begins; 0 is no next page
}

// pick picks the rows of the page that a call asks for, and makes no others than it must.
func (t *Tenant) pick(c *call, r *route, found answer) page {
	source := sourceOf(found)
	f := c.options.filter
	if found.filtered {
		f = filter{}
	}
	size := t.pageSize(c, r)
	if c.counts {
		size = 0
	}
	switch {
	case len(c.options.order) > 0:
		return sorted(source, f, c.options, size)
	case !f.given() && c.options.search == nil:
		return slice(source, c.options, size)
	}
	return sift(source, f, c.options, size)
}

// slice is a page of a list that is sent as it is.
func slice(source *rowSource, o options, size int) page {
	start := o.from
	if start == 0 {
		start = o.skip
	}
	end := min(start+size, source.len)
	p := page{total: source.len, rows: make([]lazyRow, 0, max(0, end-start))}
	if size == 0 || start >= end {
		return p
	}
	for row := range source.from(start) {
		if p.rows = append(p.rows, row); len(p.rows) == size {
			break
		}
	}
	if end < source.len {
		p.next = end
	}
	return p
}

// sift is a page of the rows that pass. A link tells where in the whole list to go on.
func sift(source *rowSource, f filter, o options, size int) page {
	var p page
	at, skip, whole := o.from, 0, o.from == 0 && (o.count || size == 0)
	if o.from == 0 {
		skip = o.skip
	}
	for row := range source.from(o.from) {
		at++
		if object := row.asObject(); !f.accepts(object) || !o.search.accepts(object) {
			continue
		}
		switch p.total++; {
		case p.total <= skip:
		case len(p.rows) < size:
			p.rows = append(p.rows, row)
		case p.next == 0 && size > 0:
			p.next = at - 1
		}
		if p.next > 0 && !whole {
			break
		}
	}
	return p
}

// pageSize is 100 in the directory, unlimited in Conditional Access, unless the
// caller or the tenant wants less.
func (t *Tenant) pageSize(c *call, r *route) int {
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
	if c.options.top > 0 {
		size = c.options.top
	}
	if wanted := c.maxPageSize(); wanted > 0 {
		size = min(size, wanted)
	}
	if t.PageSize > 0 {
		size = min(size, t.PageSize)
	}
	return size
}

// render picks the rows, selects and wraps them.
func (t *Tenant) render(c *call, r *route, found answer) (json.RawMessage, *entramfa.GraphError) {
	v := viewOf(c.version, c.header)
	if err := found.checkSelect(c.options.selects); err != nil {
		return nil, err
	}
	p := found.page
	if p == nil {
		picked := t.pick(c, r, found)
		p = &picked
	}
	switch {
	case c.counts:
		return json.RawMessage(strconv.Itoa(p.total)), nil
	case found.single:
		return raw(append(c.envelope(found, v), found.showRow(c, v, p, 0)...)), nil
	}
	list := c.envelope(found, v)
	if c.options.count && c.options.from == 0 {
		list = append(list, member{"@odata.count", raw(p.total)})
	}
	if p.next > 0 {
		list = append(list, member{"@odata.nextLink", raw(t.nextLink(c, p.next))})
	}
	return list.closedBy("value", found.texts(c, v, p)), nil
}

// showRow is a row with what was expanded.
func (a answer) showRow(c *call, v view, p *page, i int) object {
	shown := a.show(p.rows[i].asObject(), c.options.selects, v)
	if p.expanded != nil {
		shown = append(shown[:len(shown):len(shown)], p.expanded[i]...)
	}
	return shown
}

// texts are the rows of a page as they are sent.
func (a answer) texts(c *call, v view, p *page) []json.RawMessage {
	texts := make([]json.RawMessage, len(p.rows))
	f := a.form(c, v)
	for i, row := range p.rows {
		if p.expanded != nil {
			texts[i] = raw(a.showRow(c, v, p, i))
			continue
		}
		texts[i] = row.text(f, func(o object) object { return a.show(o, c.options.selects, v) })
	}
	return texts
}

// form is how this answer shows its rows.
func (a answer) form(c *call, v view) *form {
	f := &form{view: v, base: c.base, selects: strings.Join(a.defaults, ",")}
	if c.options.selects != nil {
		f.selects = strings.Join(c.options.selects, ",")
	}
	if len(a.shape) > 0 {
		f.shape = &a.shape[0]
	}
	return f
}

// closedBy writes an object with a list as its last member.
func (o object) closedBy(name string, list []json.RawMessage) json.RawMessage {
	size := 256
	for _, item := range list {
		size += len(item) + 1
	}
	out := make([]byte, 0, size)
	head := raw(o)
	out = append(out, head[:len(head)-1]...)
	if len(o) > 0 {
		out = append(out, ',')
	}
	out = append(append(out, raw(name)...), ":["...)
	for i, item := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, item...)
	}
	return append(out, "]}"...)
}

// checkSelect refuses a $select of what the type doesn't have.
func (a answer) checkSelect(names []string) *entramfa.GraphError {
	for _, name := range names {
		if isAnnotation(name) || !a.has(name) {
			return noProperty(name, a.kind)
		}
	}
	return nil
}

func noProperty(name, kind string) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "BadRequest",
		"Parsing OData Select and Expand failed: Could not find a property named '%s' on type '%s'.", name, kind)
}

// looksFor is at how many rows of a list is looked for a member that no schema has.
const looksFor = 1000

// has says whether the type has a property, or one of the first rows.
func (a answer) has(name string) bool {
	if a.shape.find(name) != nil {
		return true
	}
	looked := 0
	for row := range sourceOf(a).from(0) {
		if looked++; row.asObject().get(name) != nil {
			return true
		}
		if looked == looksFor {
			break
		}
	}
	return false
}

func (t *Tenant) nextLink(c *call, from int) string {
	query, _ := url.ParseQuery(c.query) // it was parsed before
	for name := range query {
		if strings.EqualFold(strings.TrimPrefix(name, "$"), "skiptoken") {
			query.Del(name)
		}
	}
	query.Set("$skiptoken", t.sealToken(c, from))
	return fmt.Sprintf("%s/%s%s?%s", c.base, c.version, c.path, query.Encode())
}

// A skip token says where the next page begins; to a client it means nothing. It
// belongs to one list of one tenant: what the list is asked for is sealed with it. It
// holds no secret, and opens nothing: so it goes on after a restart.

func (t *Tenant) sealToken(c *call, from int) string {
	text := fmt.Sprintf("m~%d", from)
	return base64.RawURLEncoding.EncodeToString(append(t.tokenSeal(c, text), text...))
}

const sealLength = 16

func (t *Tenant) tokenSeal(c *call, text string) []byte {
	seal := hmac.New(sha256.New, []byte(t.ID()))
	for _, part := range []string{c.version, fold(c.route), c.options.filter.String(), c.options.search.String(), c.options.orderby, text} {
		fmt.Fprintf(seal, "%d:%s", len(part), part)
	}
	return seal.Sum(nil)[:sealLength]
}

// openToken reads where the page begins.
func (t *Tenant) openToken(c *call) *entramfa.GraphError {
	if c.options.token == "" && !strings.Contains(fold(c.query), "skiptoken") {
		return nil
	}
	token, err := base64.RawURLEncoding.DecodeString(c.options.token)
	if err == nil && len(token) > sealLength {
		text := string(token[sealLength:])
		from, wrong := strconv.Atoi(strings.TrimPrefix(text, "m~"))
		if wrong == nil && from > 0 && hmac.Equal(token[:sealLength], t.tokenSeal(c, text)) {
			c.options.from = from
			return nil
		}
	}
	return badRequest("Skip token is not valid: '%s'.", c.options.token)
}
