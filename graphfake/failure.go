package graphfake

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// Failure makes calls of the tenant fail, by HTTP and by method alike: refused,
// or after they were carried out.
type Failure struct {
	// Method is the verb of the calls, GET for instance; empty means every verb.
	Method string
	// Path is how the paths of the calls begin, compared without case: /beta is
	// all of beta, /v1.0/subscribedSkus the licences. Without a version,
	// /users/, it means both. Routes with several names are meant by the first
	// one: /identity/conditionalAccess/policies. A batch is /$batch, its items have
	// their own paths.
	Path string
	// After is how many calls pass before the first one is refused.
	After int
	// Times is how many calls are refused; 0 means every one.
	Times int
	// Applied: the service does what it was asked and answers Err all the same, as
	// with a time-out behind the change. What it refuses by itself, it refuses.
	Applied bool
	// Cut: the service does what it was asked, and the connection ends in the middle
	// of the answer's body, or before an answer that has none. By method the error is
	// io.ErrUnexpectedEOF. Err does not count.
	Cut bool
	// Slow: the service does what it was asked, and half of the answer's body comes this
	// long before the other half, which may be cut off. It is real time, over HTTP alone.
	Slow time.Duration
	// Body is what is answered in the place of Graph's JSON, as a proxy does: a page of HTML,
	// or half a document. Its status is that of Err, 200 where there is none, and its
	// Content-Type is ContentType, text/html where that is empty. The call is refused unless it is
	// Applied. By method the error is Err.
	Body, ContentType string
	// Probability is how likely a call that fits is met, by the dice of Weather.Seed; 0
	// means that it is. A call that isn't met counts neither for After nor for Times.
	Probability float64
	// Err is what is answered: Status, Code, Message and RetryAfter count. An
	// empty Code is filled with the usual one, and nil is a 500.
	Err *entramfa.GraphError
}

type failure struct {
	Failure
	after, left int // calls
}

// served says whether the call is carried out before it fails.
func (f *failure) served() bool {
	return f.Applied || f.Cut || f.Slow > 0 && f.Err == nil && f.Body == ""
}

// Fail arranges a refusal. The first one that fits a call answers it. The
// returned function takes it back.
//
// The token endpoint never fails by it, and a sign-in there is judged by the
// state alone.
func (t *Tenant) Fail(f Failure) (undo func()) {
	arranged := &failure{Failure: f, after: f.After, left: f.Times}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, arranged)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.dropFailure(arranged)
	}
}

func (t *Tenant) dropFailure(gone *failure) {
	for i, f := range t.failures {
		if f == gone {
			t.failures = append(t.failures[:i:i], t.failures[i+1:]...)
			return
		}
	}
}

// refuse says whether a call is refused by an arranged failure or by the limit
// of Conditional Access. The failure is returned beside; it may let the call be served.
func (t *Tenant) refuse(op operation) (*entramfa.GraphError, *failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.arranged(op)
	switch {
	case f == nil:
		return t.throttle(op.path), nil
	case f.served():
		return nil, f
	}
	return f.answer(), f
}

// arranged returns the failure that meets a call, and counts it.
func (t *Tenant) arranged(op operation) *failure {
	for _, f := range t.failures {
		if !f.fits(op) || f.Probability > 0 && t.roll() >= f.Probability {
			continue
		}
		if f.after > 0 {
			f.after--
			continue
		}
		if f.Times > 0 {
			if f.left--; f.left == 0 {
				t.dropFailure(f)
			}
		}
		return f
	}
	return nil
}

// faulty serves a call of HTTP, unless or until something arranged stands in its way.
func (t *Tenant) faulty(op operation, serve func() response) response {
	t.arrived(op)
	refusal, f := t.refuse(op)
	if refusal != nil {
		return f.garble(t.failed(refusal, op))
	}
	reply := serve()
	switch {
	case f == nil:
	case f.Cut:
		reply.cut = true
	case f.Applied && reply.status < http.StatusBadRequest:
		reply = t.failed(f.answer(), op)
	}
	return f.garble(reply)
}

// garble does to an answer what a network does.
func (f *failure) garble(reply response) response {
	if f == nil {
		return reply
	}
	reply.slow = f.Slow
	if f.Body == "" {
		return reply
	}
	reply.status, reply.code, reply.body = http.StatusOK, "", []byte(f.Body)
	if f.Err != nil && f.Err.Status != 0 {
		reply.status = f.Err.Status
	}
	kind := f.ContentType
	if kind == "" {
		kind = "text/html"
	}
	reply.header = reply.header.Clone()
	reply.header.Set("Content-Type", kind)
	return reply
}

// spoil is what a caller by method gets of a call that was served.
func (f *failure) spoil(op operation, err error) error {
	switch {
	case f == nil:
		return err
	case f.Cut:
		return fmt.Errorf("%s %s: %w: the answer broke off: %w", op.method, op.path, entramfa.ErrUnavailable, io.ErrUnexpectedEOF)
	case err == nil && f.Applied:
		return f.answer()
	}
	return err
}

// arrived calls Before.
func (t *Tenant) arrived(op operation) {
	if t.Before != nil {
		t.Before(op.method, "/"+op.version+op.path)
	}
}

// throttle is the limit of Conditional Access: one request a second for the tenant, all callers together.
func (t *Tenant) throttle(path string) *entramfa.GraphError {
	if !t.ThrottleConditionalAccess && !t.Weather.Limits || !limitedAccess(path) {
		return nil
	}
	now := t.now()
	if !t.lastCA.IsZero() && now.Sub(t.lastCA) < time.Second {
		return graphError(http.StatusTooManyRequests, "TooManyRequests", "Too Many Requests")
	}
	t.lastCA = now
	return nil
}

// limitedAccess says whether that limit is for a path.
func limitedAccess(path string) bool {
	return strings.HasPrefix(path, "/identity/conditionalAccess/policies") || strings.HasPrefix(path, "/identity/conditionalAccess/namedLocations")
}

func (f *failure) fits(op operation) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, op.method) {
		return false
	}
	prefix := fold(f.Path)
	return strings.HasPrefix(fold("/"+op.version+op.path), prefix) || strings.HasPrefix(fold(op.path), prefix)
}

func (f *failure) answer() *entramfa.GraphError {
	answer := entramfa.GraphError{Status: http.StatusInternalServerError}
	if f.Err != nil {
		answer = *f.Err
	}
	if answer.Code == "" {
		answer.Code = usualCode(answer.Status)
	}
	if answer.Message == "" {
		answer.Message = http.StatusText(answer.Status)
	}
	if answer.Kind == nil {
		answer.Kind = kindOf(answer.Status, answer.Code)
	}
	return &answer
}

func usualCode(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "InvalidAuthenticationToken"
	case http.StatusForbidden:
		return "Authorization_RequestDenied"
	case http.StatusNotFound:
		return "Request_ResourceNotFound"
	case http.StatusTooManyRequests:
		return "TooManyRequests"
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable"
	}
	return strings.ReplaceAll(http.StatusText(status), " ", "")
}
