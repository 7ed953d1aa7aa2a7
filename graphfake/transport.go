package graphfake

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// Transport answers requests to any host without a socket.
func (t *Tenant) Transport() http.RoundTripper { return transport{t} }

// Client returns an HTTP client on Transport. It sends no token by itself: see Tenant.Token.
func (t *Tenant) Client() *http.Client { return &http.Client{Transport: t.Transport()} }

type transport struct{ tenant *Tenant }

// RoundTrip honours the request's context as it is when the call begins.
func (s transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	broken := s.serve(w, r)
	if err := r.Context().Err(); broken && err != nil {
		return nil, err
	}
	if broken && w.body.Len() == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	var body io.Reader = &w.body
	length := int64(w.body.Len())
	if broken {
		body, length = io.MultiReader(body, brokenOff{}), -1
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(body), ContentLength: length, Request: r,
	}, nil
}

// serve says whether the tenant broke the answer off, as a server does it.
func (s transport) serve(w http.ResponseWriter, r *http.Request) (broken bool) {
	defer func() {
		if reason := recover(); reason != nil {
			if reason != http.ErrAbortHandler {
				panic(reason)
			}
			broken = true
		}
	}()
	s.tenant.ServeHTTP(w, r)
	return false
}

// brokenOff is the end of a body whose connection ended.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// recorder is an http.ResponseWriter in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header            { return w.header }
func (w *recorder) WriteHeader(status int)         { w.status = status }
func (w *recorder) Write(text []byte) (int, error) { return w.body.Write(text) }
