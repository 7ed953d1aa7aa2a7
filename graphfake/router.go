package graphfake

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/entramfa/entramfa"
)

// found is the routes that fit a path, one for each method, with the keys in the
// path and the path under its first name.
type found struct {
	routes []*route
	vars   []string
	path   string
}

// of returns the route for a method, nil where there is none.
func (f found) of(method string) *route {
	for _, r := range f.routes {
		if r.method == method {
			return r
		}
	}
	return nil
}

// allow lists the methods of the path.
func (f found) allow() string {
	methods := []string{}
	for _, r := range f.routes {
		methods = append(methods, r.method)
	}
	return strings.Join(append(methods, http.MethodOptions), ", ")
}

// router finds routes by the segments of a path. A name goes before a key.
type router struct {
	names map[string]*router // by folded segment
	key   *router
	// v1 are the routes here that v1.0 has, all those that beta has.
	v1, all []*route
	// servesV1: v1.0 has a route here or below.
	servesV1 bool
}

// routing is all that is known about routes before the first call.
type routing struct {
	root    *router
	filters map[*route]filterTable
}

// routed is built when the first call is routed.
var routed = sync.OnceValue(func() routing {
	all := routing{&router{}, map[*route]filterTable{}}
	for _, table := range routeTables() {
		for i := range table {
			r := &table[i]
			all.filters[r] = newFilterTable(r.filterable)
			for _, path := range append([]string{r.path}, r.aliases...) {
				all.root.add(splitPath(path), r)
			}
		}
	}
	return all
})

func (n *router) add(segments []string, r *route) {
	n.servesV1 = n.servesV1 || !r.beta
	for _, segment := range segments {
		n = n.child(segment)
		n.servesV1 = n.servesV1 || !r.beta
	}
	n.all = append(n.all, r)
	if !r.beta {
		n.v1 = append(n.v1, r)
	}
}

// child returns the branch for a segment of a route, a new one where there is none.
func (n *router) child(segment string) *router {
	if segment == "{}" {
		if n.key == nil {
			n.key = &router{}
		}
		return n.key
	}
	if n.names == nil {
		n.names = map[string]*router{}
	}
	if n.names[fold(segment)] == nil {
		n.names[fold(segment)] = &router{}
	}
	return n.names[fold(segment)]
}

// walk is a way through the tree.
type walk struct {
	version  string
	segments []string
	vars     []string
	longest  int // segments that fit some route
}

// find returns the routes of the version at the end of the segments, nil where there are none.
func (w *walk) find(n *router, at int) []*route {
	if at > w.longest && n.serves(w.version) {
		w.longest = at
	}
	if at == len(w.segments) {
		return n.in(w.version)
	}
	segment := w.segments[at]
	if next := n.named(segment); next != nil {
		if found := w.find(next, at+1); found != nil {
			return found
		}
	}
	if n.key == nil || segment == "" || strings.HasPrefix(segment, "$") {
		return nil
	}
	vars := w.vars
	w.vars = append(vars, segment)
	if found := w.find(n.key, at+1); found != nil {
		return found
	}
	w.vars = vars
	return nil
}

// named returns the branch of a name. The namespace of a cast and of a function may be
// left out or cut short: the SDKs write graph.group for microsoft.graph.group.
func (n *router) named(segment string) *router {
	folded := fold(segment)
	if next := n.names[folded]; next != nil {
		return next
	}
	if name, ok := strings.CutPrefix(folded, "microsoft.graph."); ok {
		return n.names[name]
	}
	if name, ok := strings.CutPrefix(folded, "graph."); ok {
		return n.names["microsoft.graph."+name]
	}
	return nil
}

// in returns the routes here that a version has.
func (n *router) in(version string) []*route {
	if version == beta {
		return n.all
	}
	return n.v1
}

// serves says whether a version has a route here or below.
func (n *router) serves(version string) bool { return version == beta || n.servesV1 }

// longestPath is how many segments a path may have; no route has as many.
const longestPath = 32

// find routes a path. Names of segments are compared without case.
func find(version string, segments []string) (found, *entramfa.GraphError) {
	if len(segments) > longestPath {
		return found{}, noSegment(segments[longestPath])
	}
	w := &walk{version: version, segments: segments}
	routes := w.find(routed().root, 0)
	if routes != nil {
		return found{routes, w.vars, fillPath(routes[0].path, w.vars)}, nil
	}
	return found{}, noSegment(segments[min(w.longest, len(segments)-1)])
}

func fillPath(pattern string, vars []string) string {
	for _, value := range vars {
		pattern = strings.Replace(pattern, "{}", value, 1)
	}
	return pattern
}

// splitPath splits an escaped path into segments. users('key'), users(id='key') and
// users/key are the same two; of applications(appId='key') the second is appId=key. Segments without text are left out, as the library under the service does:
// https://github.com/OData/odata.net, UriPathParser. There is always one, be it empty.
func splitPath(path string) []string {
	var segments []string
	for segment := range strings.SplitSeq(path, "/") {
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		if segment == "" {
			continue
		}
		name, key, ok := splitKey(segment)
		if !ok {
			segments = append(segments, segment)
			continue
		}
		segments = append(segments, name, key)
	}
	if segments == nil {
		return []string{""}
	}
	return segments
}

// splitKey divides name(key). What has several parameters or none is a function, and
// stays whole.
func splitKey(segment string) (name, key string, ok bool) {
	name, inner, ok := strings.Cut(segment, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed || name == "" || inner == "" {
		return "", "", false
	}
	member, value, named := strings.Cut(inner, "=")
	if !named || strings.HasPrefix(inner, "'") {
		member, value = "", inner
	}
	text, isText := unquoted(value)
	switch {
	case !isText && strings.ContainsAny(value, "'(),@="), strings.ContainsAny(member, "'(), "):
		return "", "", false
	case member != "" && !strings.EqualFold(member, "id"):
		return name, member + "=" + text, true
	}
	return name, text, true
}

// unquoted returns the text of a literal in quotes, and one without as it is.
func unquoted(value string) (text string, quotes bool) {
	if len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' {
		return value, false
	}
	inner := value[1 : len(value)-1]
	if strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
		return value, false
	}
	return strings.ReplaceAll(inner, "''", "'"), true
}
