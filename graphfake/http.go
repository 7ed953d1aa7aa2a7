package graphfake

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
)

var _ http.Handler = (*Tenant)(nil)

// largestBody is how much of a request is read; Graph takes 4 MB.
const largestBody = 4 << 20

// ServeHTTP answers Microsoft Graph under /v1.0 and /beta and the authority
// that gives tokens beside them. It takes gzip, and gives it to who asks for it.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !t.travel(r.Context()) {
		panic(http.ErrAbortHandler) // who asked has gone
	}
	reply, items := t.answerHTTP(r)
	id := t.newRequestID()
	client := r.Header.Get("client-request-id")
	if client == "" {
		client = id
	}
	header := w.Header()
	for name, values := range reply.header {
		header[name] = values
	}
	header.Set("request-id", id)
	header.Set("client-request-id", client)
	header.Set("Date", t.now().UTC().Format(http.TimeFormat))
	body := t.stamp(reply, id, client)
	t.record(Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Header: public(r.Header),
		Status: reply.status, Code: reply.code, Items: items, unknown: reply.unknown,
	})
	t.writeBody(w, r, reply, body)
}

// stamp puts innerError into an error of Graph.
func (t *Tenant) stamp(reply response, id, client string) []byte {
	if reply.code == "" {
		return reply.body
	}
	parsed, err := parseObject(reply.body)
	if err != nil {
		return reply.body
	}
	failure, err := parseObject(parsed.get("error"))
	if err != nil {
		return reply.body
	}
	inner := raw(map[string]string{
		"date": t.now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": client,
	})
	return raw(parsed.with("error", raw(failure.with("innerError", inner))))
}

func (t *Tenant) writeBody(w http.ResponseWriter, r *http.Request, reply response, body []byte) {
	header := w.Header()
	if len(body) > 0 && takesGzip(r.Header) {
		body = t.pack(body)
		header.Set("Content-Encoding", "gzip")
		header.Set("Vary", "Accept-Encoding")
	}
	if reply.status != http.StatusNoContent {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	switch {
	case reply.slow > 0 && len(body) > 0 && r.Method != http.MethodHead:
		crawl(w, r, reply, body)
		return
	case reply.cut:
		breakOff(w, reply.status, body)
	}
	w.WriteHeader(reply.status)
	if r.Method != http.MethodHead && len(body) > 0 {
		w.Write(body) // a client that has gone needs no answer
	}
}

// pack makes gzip, fast rather than small: client and server are mostly one machine.
// A writer weighs a megabyte: it is used again.
func (t *Tenant) pack(body []byte) []byte {
	var packed bytes.Buffer
	writer, ok := t.packers.Get().(*gzip.Writer)
	if !ok {
		writer, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one that there is
	}
	writer.Reset(&packed)
	writer.Write(body) // a bytes.Buffer takes everything
	writer.Close()
	t.packers.Put(writer)
	return packed.Bytes()
}

// crawl sends half of the body, and after a while the rest, unless it is cut off.
func crawl(w http.ResponseWriter, r *http.Request, reply response, body []byte) {
	w.WriteHeader(reply.status)
	w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush() // a recorder has nothing to flush
	if !pause(r.Context(), reply.slow) || reply.cut {
		panic(http.ErrAbortHandler)
	}
	w.Write(body[len(body)/2:])
}

// breakOff sends half of the body and ends the connection; without a body it
// sends nothing at all.
func breakOff(w http.ResponseWriter, status int, body []byte) {
	if half := body[:len(body)/2]; len(half) > 0 {
		w.WriteHeader(status)
		w.Write(half)
		_ = http.NewResponseController(w).Flush() // a recorder has nothing to flush
	}
	panic(http.ErrAbortHandler)
}

// answerHTTP tells Graph from the token endpoint.
func (t *Tenant) answerHTTP(r *http.Request) (response, []Request) {
	body, refusal := readBody(r)
	if refusal != nil {
		return t.failed(refusal, operation{}), nil
	}
	base := baseOf(r)
	version, path, _ := strings.Cut(strings.TrimLeft(r.URL.EscapedPath(), "/"), "/")
	version = strings.ToLower(version)
	if version != v1 && version != beta {
		if reply, ok := t.login(r, base, body); ok {
			return reply, nil
		}
		return unknown(t.failed(graphError(http.StatusBadRequest, "BadRequest", "Invalid version: %s", version), operation{})), nil
	}
	c := &call{
		method: r.Method, version: version, base: base, path: "/" + t.withoutTenant(path),
		query: r.URL.RawQuery, header: r.Header, body: body,
	}
	token, wrong := t.tokenOf(r.Header.Get("Authorization"), base)
	if wrong != nil {
		return t.unauthenticated(wrong, base), nil
	}
	c.roles, c.who, c.delegated = token.permissions(), token.identity(), token.delegated()
	if isBatch(c.path) {
		return t.answerBatch(c)
	}
	return t.answerCall(c), nil
}

// withoutTenant returns a path without the tenant that older clients write before it,
// which is always that of the token.
func (t *Tenant) withoutTenant(path string) string {
	first, rest, _ := strings.Cut(path, "/")
	if strings.EqualFold(first, "myorganization") || t.knowsTenant(first) {
		return rest
	}
	return path
}

// baseOf returns the scheme and host that the client used.
func baseOf(r *http.Request) string {
	scheme, host := "http", r.Host
	if r.TLS != nil || r.URL.Scheme == "https" {
		scheme = "https"
	}
	if host == "" {
		host = r.URL.Host
	}
	return scheme + "://" + host
}

// readBody reads a request's body. Whether it is gzip is told by its first two
// bytes: after a retry some clients send a plain body that is still labelled gzip.
func readBody(r *http.Request) ([]byte, *entramfa.GraphError) {
	if r.Body == nil {
		return nil, nil
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "gzip") && !strings.EqualFold(coding, "identity") {
		return nil, graphError(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content encoding '%s' is not supported.", coding)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, largestBody+1))
	if err == nil && bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		body, err = unpack(body)
	}
	if err != nil {
		return nil, badRequest("Unable to read the request: %v", err)
	}
	if len(body) > largestBody {
		return nil, graphError(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is larger than %d bytes.", largestBody)
	}
	return body, nil
}

func unpack(body []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(reader, largestBody+1))
}

// failed renders an error of Graph; innerError is added where it leaves the server.
func (t *Tenant) failed(err *entramfa.GraphError, op operation) response {
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	if err.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int((err.RetryAfter+999999999)/1e9)))
	}
	if err.Status == http.StatusMethodNotAllowed {
		if found, wrong := find(op.version, splitPath(op.path)); wrong == nil {
			header.Set("Allow", found.allow())
		}
	}
	body := object{{"error", raw(withDetails(object{{"code", raw(err.Code)}, {"message", raw(err.Message)}}, err.Message))}}
	return response{status: err.Status, header: header, body: raw(body), code: err.Code}
}

// jsonResponse is an answer of the login endpoints.
func jsonResponse(status int, body any) response {
	header := http.Header{}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store, no-cache")
	text, err := json.Marshal(body)
	if err != nil {
		panic("graphfake: " + err.Error())
	}
	return response{status: status, header: header, body: text}
}
