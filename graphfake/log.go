package graphfake

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Request is one HTTP request that the tenant answered. It holds no body and
// no Authorization header.
type Request struct {
	Method string
	// Path is as the client wrote it, with the version; for an item of a batch the
	// version is the batch's.
	Path string
	// Query is the raw query. Of what may be a credential, and of all that the token
	// endpoint was sent in it, only the names are kept.
	Query  string
	Header http.Header
	Status int
	// Code is error.code of Graph, or the AADSTS number of the token endpoint; empty on success.
	Code string
	// Items are the requests within a $batch, in the order in which they were sent.
	Items []Request

	unknown bool // the tenant has no such route
}

// Requests returns what was asked over HTTP so far, in the order of arrival of the answers.
// Reads by method are not among it.
func (t *Tenant) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.log)
}

// Unknown returns those of the Requests, and of the items of their batches, that the
// tenant has no route for, in whatever version: what the real service would answer is
// not known then, and a test that passes all the same may have tested nothing.
func (t *Tenant) Unknown() []Request {
	var unknown []Request
	for _, r := range t.Requests() {
		for _, one := range append([]Request{r}, r.Items...) {
			if one.unknown {
				unknown = append(unknown, one)
			}
		}
	}
	return unknown
}

// ForgetRequests empties what Requests and Written return.
func (t *Tenant) ForgetRequests() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log, t.writes = nil, nil
}

func (t *Tenant) record(r Request) {
	r.Query = publicQuery(r.Path, r.Query)
	for i, item := range r.Items {
		r.Items[i].Query = publicQuery(item.Path, item.Query)
	}
	if t.Log != nil {
		t.Log(r)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = append(t.log, r)
}

// public returns the headers without what nobody should keep.
func public(header http.Header) http.Header {
	kept := header.Clone()
	kept.Del("Authorization")
	kept.Del("Proxy-Authorization")
	kept.Del("Cookie")
	kept.Del("Referer") // an address, maybe with a query
	return kept
}

const hidden = "hidden"

// publicQuery hides the values of a query that may be credentials: those with the
// name of one, and at the token endpoint, whose form some clients send in the query, all.
func publicQuery(path, query string) string {
	all := strings.HasSuffix(fold(strings.TrimRight(path, "/")), "/token")
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	changed := false
	for i, pair := range pairs {
		name, _, valued := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		switch {
		case valued && (all || err != nil || isCredential(plain)):
			pairs[i], changed = name+"="+hidden, true
		case all:
			pairs[i], changed = hidden, true
		}
	}
	if !changed {
		return query
	}
	return strings.Join(pairs, "&")
}

// isCredential says whether a parameter of a sign-in holds a credential.
func isCredential(name string) bool {
	switch name = fold(strings.TrimSpace(name)); name {
	case "assertion", "client_assertion", "code", "device_code", "code_verifier", "id_token", "id_token_hint", "sig":
		return true
	}
	return isSecretName(strings.ReplaceAll(name, "_", ""))
}
