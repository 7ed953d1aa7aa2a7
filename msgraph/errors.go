package msgraph

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// failure is a GraphError that Graph did not write: nothing came back, or
// something that isn't Graph's, or no token could be had.
type failure struct {
	graph  *entramfa.GraphError
	reason string
	cause  error // nil where it could hold a secret
	// unsent: the request did not leave, so that nothing was changed.
	unsent bool
}

// Error names the call and the reason.
func (f *failure) Error() string {
	text := fmt.Sprintf("%s %s: %s", f.graph.Method, f.graph.Path, f.reason)
	if f.graph.RequestID != "" {
		text += fmt.Sprintf(" (request-id %s)", f.graph.RequestID)
	}
	return text
}

// Unwrap returns the GraphError, and the cause where there is one.
func (f *failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.graph}
	}
	return []error{f.graph, f.cause}
}

// stopped is the error of a request whose context ended before it was sent.
func stopped(r request, err error) error {
	return fmt.Errorf("%s %s: %w", r.method, r.path, err)
}

// unanswered is the error of a request whose context ended while it waited for a host.
func unanswered(r request, host string, err error) error {
	return fmt.Errorf("%s %s: no answer from %s: %w", r.method, r.path, host, err)
}

// lost explains why no answer came; token says whether there was one to send.
func lost(ctx context.Context, r request, host string, token bool, err error) error {
	var broken *brokenAnswer
	var network *url.Error
	switch {
	case ctx.Err() != nil && r.changes:
		return unreachable(r, fmt.Errorf("no answer from %s: %w", host, ctx.Err()))
	case ctx.Err() != nil:
		return unanswered(r, host, ctx.Err())
	case errors.As(err, &broken):
		return unreachable(r, fmt.Errorf("the answer of %s is broken: %w", host, broken.error))
	case errors.As(err, &network):
		// The text of a url.Error holds the whole address, with the query.
		if u, parseErr := url.Parse(network.URL); parseErr == nil {
			host = u.Host
		}
		return unreachable(r, fmt.Errorf("no answer from %s: %w", host, network.Err))
	case token && r.changes:
		return &failure{graph: graphError(r, entramfa.ErrUnavailable), reason: "the request adapter failed: " + r.show(err.Error())}
	}
	refused := tokenRefused(r, err)
	refused.unsent = true
	return refused
}

// unreachable is the error of a request that got no answer.
func unreachable(r request, cause error) error {
	return &failure{graph: graphError(r, entramfa.ErrUnavailable), reason: r.show(cause.Error()), cause: r.veil.cause(cause), unsent: unconnected(cause)}
}

// unconnected says whether no connection came about over which a request could
// have been sent.
func unconnected(cause error) bool {
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	return errors.As(cause, &dial) && dial.Op == "dial" || errors.As(cause, &certificate)
}

// unreadable is the error of an answer that isn't Graph's, or not whole. It has
// no cause: its text may quote the answer, and what is shown is masked.
func unreadable(r request, a answer, cause error) error {
	e := graphError(r, entramfa.ErrUnavailable)
	e.Status, e.RequestID = a.status, r.show(a.header.Get("request-id"))
	return &failure{graph: e, reason: r.show(cause.Error())}
}

func graphError(r request, kind error) *entramfa.GraphError {
	return &entramfa.GraphError{Method: r.method, Path: r.path, Kind: kind}
}

// readdress makes the error of a batch the error of one of its requests.
func readdress(err error, r request) error {
	var f *failure
	var graph *entramfa.GraphError
	switch {
	case errors.As(err, &f):
		e := *f.graph
		e.Method, e.Path = r.method, r.path
		return &failure{graph: &e, reason: f.reason, cause: f.cause}
	case errors.As(err, &graph):
		e := *graph
		e.Method, e.Path = r.method, r.path
		if errors.Is(e.Kind, entramfa.ErrPermission) {
			e.Permissions, e.Also = r.permissions()
		}
		return &e
	}
	return err
}

// refusal returns the error that an answer is, nil for success.
func refusal(r request, a answer, now time.Time) error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	// A batch of which a request was throttled may answer 424 as a whole
	// (https://learn.microsoft.com/graph/throttling); its items say what happened.
	if a.status == http.StatusFailedDependency && r.template == batchTemplate {
		return nil
	}
	said, isGraph := wordsOf(a.body)
	e := &entramfa.GraphError{
		Method: r.method, Path: r.path, Status: a.status,
		Code: said.code, Message: said.message, RequestID: oneLine(a.header.Get("request-id")),
		RetryAfter: retryAfter(a.header.Get("Retry-After"), now),
	}
	if e.RequestID == "" {
		e.RequestID = said.requestID
	}
	e.Kind = kindOf(a.status, said.code, isGraph)
	switch {
	case errors.Is(e.Kind, entramfa.ErrPermission) && r.asksCaller:
		return nil
	case errors.Is(e.Kind, entramfa.ErrPermission):
		e.Permissions, e.Also = r.permissions()
	case a.status >= 300 && a.status < 400:
		e.Message = "the service redirects, which is not followed; check the base URL"
	case !isGraph && e.Message == "":
		e.Message = notGraph(a)
	}
	if a.status == http.StatusUnauthorized && a.tokenless {
		e.Message = strings.TrimSpace(e.Message + " The request carried no token: check that the adapter has a credential" +
			" and that the host of its base URL is among its valid hosts")
	}
	if isGraph {
		explain(r, e)
	}
	return e
}

// notGraph says what came where Graph's error was expected.
func notGraph(a answer) string {
	var members struct{}
	if err := decode(a, &members); err != nil {
		return oneLine(err.Error())
	}
	return "the answer is not an error of Microsoft Graph"
}

// kindOf finds the kind of an error by its status first: the services behind
// Graph spell their codes differently.
// Source: https://learn.microsoft.com/graph/errors.
func kindOf(status int, code string, isGraph bool) error {
	code = strings.ToLower(code)
	switch {
	case status == http.StatusUnauthorized:
		return entramfa.ErrUnauthenticated
	case status == http.StatusTooManyRequests:
		return entramfa.ErrThrottled
	case status >= 500, status < 400, status == http.StatusFailedDependency, status == http.StatusRequestTimeout:
		return entramfa.ErrUnavailable
	case !isGraph:
		// A proxy's 403 proves no missing permission, its 404 no missing account.
		return entramfa.ErrUnavailable
	case strings.Contains(code, "premium"), strings.Contains(code, "license"):
		// Authentication_RequestFromNonPremiumTenantOrB2CTenant and its like.
		return entramfa.ErrLicense
	case status == http.StatusForbidden:
		return entramfa.ErrPermission
	case status == http.StatusNotFound:
		return entramfa.ErrNotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return entramfa.ErrConflict
	}
	return nil
}

// words is what an error body says.
type words struct{ code, message, requestID string }

// wordsOf reads {"error":{"code":…,"message":…,"innerError":{…}}} and every
// mutilation of it; ok says whether the body has an error member that is an object.
func wordsOf(body []byte) (said words, ok bool) {
	var outer struct{ Error json.RawMessage }
	if json.Unmarshal(body, &outer) != nil {
		return words{}, false
	}
	return wordsIn(outer.Error)
}

// wordsIn reads what is in the error member.
func wordsIn(raw json.RawMessage) (said words, ok bool) {
	if len(raw) > maxError {
		return words{}, false
	}
	members, ok := object(raw)
	if !ok {
		return words{}, false
	}
	inner, _ := object(members["innererror"])
	said = words{text(members["code"]), text(members["message"]), text(inner["request-id"])}
	if said.code == "" {
		said.code = text(inner["code"])
	}
	// Conditional Access tells more by a number, which older answers have only inside.
	if specific := text(inner["message"]); said.message == "" || number(said.message) == "" && number(specific) != "" {
		said.message = specific
	}
	return said, true
}

// object reads an object by the folded names of its members: services write
// innerError and innererror.
func object(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return nil, false
	}
	folded := make(map[string]json.RawMessage, len(members))
	for name, value := range members {
		folded[strings.ToLower(name)] = value
	}
	return folded, true
}

// text reads a string onto one masked line of bounded length, "" for anything else.
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // not a string: nothing to show
	return oneLine(s)
}

const (
	// maxText bounds what is shown of a text from outside.
	maxText = 600
	// maxError bounds the error object of an answer; Graph's have a few hundred bytes.
	maxError = 64 << 10
)

// oneLine prepares a text from outside for a person: secrets are masked before
// it is cut, for half a token is one.
func oneLine(s string) string {
	s = mask(strings.Join(strings.Fields(s), " "))
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText]) + "…"
	}
	return s
}

// show prepares a text from outside about a request: what the request carries is
// hidden first.
func (r request) show(s string) string { return oneLine(r.veil.hide(s)) }

// retryAfter reads the header of that name: seconds or an HTTP date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if then, err := http.ParseTime(value); err == nil && then.After(now) {
		return then.Sub(now)
	}
	return 0
}
