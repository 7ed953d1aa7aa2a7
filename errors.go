package entramfa

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of error that a caller acts on, for errors.Is.
var (
	// ErrNotFound: the object does not exist, or the caller may not see that it does.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous: a name fits several objects.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrUnauthenticated: no token could be had, or the service refused it: an expired secret, a wrong tenant.
	ErrUnauthenticated = errors.New("not authenticated")
	// ErrPermission: the caller lacks a permission. It does not prove that the object exists.
	ErrPermission = errors.New("permission missing")
	// ErrLicense: the tenant lacks the licence for the call.
	ErrLicense = errors.New("licence missing")
	// ErrConflict: the object changed meanwhile.
	ErrConflict = errors.New("conflict")
	// ErrThrottled: the service asked to slow down, and still did after all retries.
	ErrThrottled = errors.New("throttled")
	// ErrUnavailable: the service can't be reached, or answered with something that isn't Graph's.
	ErrUnavailable = errors.New("service unavailable")
	// ErrNotRead: nobody asked for the fact, or an export doesn't hold it.
	ErrNotRead = errors.New("not read")
	// ErrPasswordRefused: the tenant's rules for passwords refuse it: another one is wanted.
	ErrPasswordRefused = errors.New("password refused")
)

// kinds lists the kinds of error.
func kinds() []error {
	return []error{
		ErrNotFound, ErrAmbiguous, ErrUnauthenticated, ErrPermission, ErrLicense,
		ErrConflict, ErrThrottled, ErrUnavailable, ErrNotRead, ErrPasswordRefused,
	}
}

// GraphError is an error that Microsoft Graph returned, for diagnosis.
// errors.Is finds its Kind.
type GraphError struct {
	// Method and Path of the call, the path relative to the version, without the query.
	Method, Path string
	// Kind is one of the Err values of this package, nil where none fits.
	Kind error
	// Status is the HTTP status; Code and Message are Graph's own words.
	Status  int
	Code    string
	Message string
	// RequestID is what Microsoft's support asks for.
	RequestID string
	// RetryAfter is what the service asked to wait; 0 where it didn't say.
	RetryAfter time.Duration
	// Permissions lists application permissions of which any one is enough, the
	// least first, where one was missing.
	Permissions []string
	// Also lists those that the call needs beside one of Permissions, each of them.
	Also []string
}

// Error says what was attempted, what came back and what to do.
func (e *GraphError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d", e.Method, e.Path, e.Status)
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if len(e.Permissions) > 0 {
		fmt.Fprintf(&b, "; grant %s", e.grants())
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request-id %s)", e.RequestID)
	}
	return b.String()
}

// grants says what to grant: "A or B", "A and C", "A or B, and C".
func (e *GraphError) grants() string {
	text := strings.Join(e.Permissions, " or ")
	if len(e.Also) == 0 {
		return text
	}
	if len(e.Permissions) > 1 {
		text += ","
	}
	return text + " and " + strings.Join(e.Also, " and ")
}

// Unwrap returns Kind.
func (e *GraphError) Unwrap() error { return e.Kind }

// Candidate is an account that a name may have meant.
type Candidate struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
}

// AccountError says that a name fits no account, or several. errors.Is finds
// ErrNotFound or ErrAmbiguous.
type AccountError struct {
	// Name is what was asked for.
	Name string
	// Candidates lists the accounts that fit, or, where none fits exactly, those that come near.
	Candidates []Candidate
	// Kind is ErrNotFound or ErrAmbiguous.
	Kind error
}

// Error names the candidates by user principal name and id.
func (e *AccountError) Error() string {
	var b strings.Builder
	switch {
	case errors.Is(e.Kind, ErrAmbiguous):
		fmt.Fprintf(&b, "%q fits %d accounts; name one by id or user principal name", e.Name, len(e.Candidates))
	case len(e.Candidates) == 0:
		fmt.Fprintf(&b, "no account %q; give an object id, a user principal name or the whole display name", e.Name)
	default:
		fmt.Fprintf(&b, "no account %q; near it", e.Name)
	}
	for _, c := range e.Candidates {
		fmt.Fprintf(&b, "\n  %s  %s  %s", c.ID, c.UserPrincipalName, c.DisplayName)
	}
	return b.String()
}

// Unwrap returns Kind.
func (e *AccountError) Unwrap() error { return e.Kind }
