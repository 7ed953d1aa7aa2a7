package graphfake

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
)

// Graph's errors, in its words. Method, Path and RequestID are filled where the
// error leaves the tenant.
// Source: https://learn.microsoft.com/graph/errors.

func graphError(status int, code, format string, args ...any) *entramfa.GraphError {
	return &entramfa.GraphError{
		Kind: kindOf(status, code), Status: status, Code: code, Message: fmt.Sprintf(format, args...),
	}
}

// kindOf gives the kind of error by which a caller acts on a status.
func kindOf(status int, code string) error {
	switch {
	case status == http.StatusUnauthorized:
		return entramfa.ErrUnauthenticated
	case status < http.StatusInternalServerError && (strings.Contains(fold(code), "premium") || strings.Contains(fold(code), "license")):
		return entramfa.ErrLicense
	case status == http.StatusForbidden:
		return entramfa.ErrPermission
	case status == http.StatusNotFound:
		return entramfa.ErrNotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return entramfa.ErrConflict
	case status == http.StatusTooManyRequests:
		return entramfa.ErrThrottled
	case status >= http.StatusInternalServerError:
		return entramfa.ErrUnavailable
	}
	return nil
}

func badRequest(format string, args ...any) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "Request_BadRequest", format, args...)
}

// conflicting is the 400 by which Conditional Access refuses what stands against
// something else of the tenant.
func conflicting(format string, args ...any) *entramfa.GraphError {
	refusal := graphError(http.StatusBadRequest, "BadRequest", format, args...)
	refusal.Kind = entramfa.ErrConflict
	return refusal
}

func unsupportedQuery(format string, args ...any) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "Request_UnsupportedQuery", format, args...)
}

func noSegment(segment string) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '%s'.", segment)
}

// notFound is the directory's answer for an object that isn't there.
func notFound(id string) *entramfa.GraphError {
	return graphError(http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)
}

// notFoundCA is Conditional Access's answer for an object that isn't there.
func notFoundCA(kind, id string) *entramfa.GraphError {
	return graphError(http.StatusNotFound, "ResourceNotFound", "%s with id %s does not exist in the directory", kind, id)
}

// asGraphError turns any error of the state into one that Graph could send. What
// an export does not hold has no counterpart in Graph: it is 501, which no client repeats.
func asGraphError(err error) *entramfa.GraphError {
	var graph *entramfa.GraphError
	if errors.As(err, &graph) {
		return graph
	}
	if errors.Is(err, entramfa.ErrNotRead) {
		return &entramfa.GraphError{
			Kind: entramfa.ErrNotRead, Status: http.StatusNotImplemented, Code: "NotRead", Message: err.Error(),
		}
	}
	return graphError(http.StatusInternalServerError, "InternalServerError", "%v", err)
}
