package msgraph

import (
	"net/http"
	"net/url"
	"strings"
)

// version is a version of Graph, as it stands in a path.
type version string

const (
	v1   version = "v1.0"
	beta version = "beta"
)

// request is one call of Graph. It is a value: what changes it returns a copy.
type request struct {
	version version
	method  string
	// template is the path with {id} for each key, as the permission table has it.
	template string
	// path is relative to the version and escaped; query is encoded.
	path, query string
	// link is the whole address of a further page, used instead of path and query.
	link   *url.URL
	header map[string]string
	body   []byte
	// counted: the answer is asked to say how many items the list has.
	counted bool
	// asksCaller: the answer is asked to say who calls, so that a 403 will do.
	asksCaller bool
	// changes: the call changes the tenant, so that it must not be made twice.
	changes bool
	// veil hides the secret in the body, nil where there is none.
	veil *veil
}

// get makes a read of a path whose {id} are filled with keys.
func get(v version, template string, keys ...string) request {
	path := template
	for _, key := range keys {
		path = fill(path, key)
	}
	return request{version: v, method: http.MethodGet, template: template, path: path}
}

// change makes a request that changes what stands at such a path.
func change(method string, v version, template string, keys ...string) request {
	r := get(v, template, keys...)
	r.method, r.changes = method, true
	return r
}

// fill puts a key in the place of the first {id}. A key that starts with $ goes
// into the parentheses of OData, for Graph would take it for a query option.
// Source: https://learn.microsoft.com/graph/api/user-get, "User principal name
// begins with a $".
func fill(path, key string) string {
	if strings.HasPrefix(key, "$") {
		return strings.Replace(path, "/{id}", "('"+escape(doubleQuotes(key))+"')", 1)
	}
	return strings.Replace(path, "{id}", escape(key), 1)
}

// with adds a query option; the value is escaped, the name is not.
func (r request) with(name, value string) request {
	if r.query != "" {
		r.query += "&"
	}
	r.query += name + "=" + escape(value)
	return r
}

// advanced asks for the capabilities of Graph that need an index of their own:
// casts and counts over memberships.
// Source: https://learn.microsoft.com/graph/aad-advanced-queries.
func (r request) advanced() request {
	r.counted = true
	return r.headed("ConsistencyLevel", "eventual").with("$count", "true")
}

// headed adds a header.
func (r request) headed(name, value string) request {
	header := map[string]string{name: value}
	for k, v := range r.header {
		header[k] = v
	}
	r.header = header
	return r
}

// at returns the request for a further page: the link, with the request's headers.
func (r request) at(link *url.URL) request {
	r.link, r.body, r.method = link, nil, http.MethodGet
	return r
}

// relative is the address within a batch.
func (r request) relative() string {
	if r.query == "" {
		return r.path
	}
	return r.path + "?" + r.query
}

// url is the address outside a batch.
func (r request) url(root *url.URL) (*url.URL, error) {
	if r.link != nil {
		return r.link, nil
	}
	return url.Parse(root.String() + "/" + string(r.version) + r.relative())
}

// escape encodes everything but letters, digits and -._~, so that a user
// principal name with #, ', / or a letter of any script stays one segment.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// quoted writes a string literal of OData.
func quoted(s string) string { return "'" + doubleQuotes(s) + "'" }

func doubleQuotes(s string) string { return strings.ReplaceAll(s, "'", "''") }
