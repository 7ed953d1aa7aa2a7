package graphfake

import (
	"net/http"
	"slices"
)

// Request is one HTTP request that the tenant answered. It holds no body and
// no Authorization header.
type Request struct {
	Method string
	// Path is as the client wrote it, with the version; for an item of a batch the
	// version is the batch's.
	Path string
	// Query is the raw query.
	Query  string
	Header http.Header
	Status int
	// Code is error.code of Graph, or the AADSTS number of the token endpoint; empty on success.
	Code string
	// Items are the requests within a $batch, in the order in which they were sent.
	Items []Request
}

// Requests returns what was asked over HTTP so far, in the order of arrival of the answers.
// Reads by method are not among it.
func (t *Tenant) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.log)
}

// ForgetRequests empties what Requests returns.
func (t *Tenant) ForgetRequests() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = nil
}

func (t *Tenant) record(r Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = append(t.log, r)
}

// public returns the headers without what nobody should keep.
func public(header http.Header) http.Header {
	kept := header.Clone()
	kept.Del("Authorization")
	kept.Del("Cookie")
	return kept
}
