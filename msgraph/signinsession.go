package msgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// publicAuthority answers the discovery of authorities that MSAL doesn't know.
const publicAuthority = "login.microsoftonline.com"

// signInSession is the HTTP client of one password grant. It lets pass what leads
// to the grant of Entra itself and no other request, lets the grant pass once, and
// keeps its answer. MSAL's errors are not shown: they hold the request, and the
// request holds the password.
type signInSession struct {
	client    *http.Client
	authority string // host and port
	discover  bool
	grant     mfa.PasswordGrant

	sent    bool // the password has left
	answer  *mfa.TokenAnswer
	problem error
}

// Do sends a request of MSAL.
func (s *signInSession) Do(r *http.Request) (*http.Response, error) {
	response, err := s.exchange(r)
	if err != nil && s.problem == nil {
		s.problem = err
	}
	return response, err
}

// CloseIdleConnections is asked for by MSAL; the connections are the caller's.
func (s *signInSession) CloseIdleConnections() {}

func (s *signInSession) exchange(r *http.Request) (*http.Response, error) {
	if s.problem != nil {
		return nil, s.problem
	}
	if err := s.allow(r); err != nil {
		return nil, err
	}
	password := r.Method == http.MethodPost
	s.sent = s.sent || password
	response, err := s.client.Do(r)
	if err != nil {
		return nil, s.cut(r, err)
	}
	body, err := read(response)
	_ = response.Body.Close() // all that is wanted was read
	if err != nil {
		return nil, s.cut(r, err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	a := answer{status: response.StatusCode, header: response.Header, body: body}
	if password {
		s.answer, err = s.keep(a)
	} else {
		err = s.look(r, a)
	}
	return response, err
}

// allow refuses a request that isn't a step to the grant of Entra itself.
func (s *signInSession) allow(r *http.Request) error {
	discovery := s.discover && r.URL.Host == publicAuthority && r.URL.Path == "/common/discovery/instance"
	switch {
	case r.URL.Scheme != "https", !strings.EqualFold(r.URL.Host, s.authority) && !(discovery && r.Method == http.MethodGet):
		return s.fails(entramfa.ErrUnavailable, "the sign-in leads to %s, which is not the authority host; the password was not sent there", r.URL.Host)
	case r.Method == http.MethodGet:
		return nil
	case s.sent:
		return s.fails(entramfa.ErrUnavailable, "the password would be sent twice")
	case r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") || !passwordForm(r):
		return s.fails(entramfa.ErrUnavailable, "the sign-in is no password grant of Microsoft Entra; the password was not sent")
	}
	return nil
}

// passwordForm says whether the body of a request is that of a password grant.
func passwordForm(r *http.Request) bool {
	if r.GetBody == nil {
		return false
	}
	body, err := r.GetBody()
	if err != nil {
		return false
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return false
	}
	form, err := url.ParseQuery(string(text))
	return err == nil && form.Get("grant_type") == "password"
}

// look reads the answers before the grant: who checks the password of the
// account's domain, and refusals.
func (s *signInSession) look(r *http.Request, a answer) error {
	if a.status != http.StatusOK {
		return s.refused(a)
	}
	if !strings.Contains(strings.ToLower(r.URL.Path), "/userrealm/") {
		return nil
	}
	var realm struct {
		AccountType string `json:"account_type"`
	}
	if err := decode(a, &realm); err != nil {
		return s.fails(entramfa.ErrUnavailable, "who checks the password can't be told: %s", s.clean(err.Error()))
	}
	switch strings.ToLower(realm.AccountType) {
	case "managed":
		return nil
	case "federated":
		return s.fails(entramfa.ErrNotRead, "the account's domain is federated: another identity provider checks its password, to which it was not sent")
	}
	return s.fails(entramfa.ErrNotRead, "the sign-in service doesn't know the account's domain; the password was not sent")
}

// refused is the error of an answer before the grant.
func (s *signInSession) refused(a answer) error {
	if number := aadsts.FindSubmatch(a.body); number != nil {
		code := string(number[1])
		meaning, known := signIns[code]
		if !known {
			meaning.advice = "see https://login.microsoftonline.com/error?code=" + code
		}
		if meaning.kind == nil {
			meaning.kind = entramfa.ErrUnauthenticated
		}
		return s.fails(meaning.kind, "AADSTS%s: %s", code, meaning.advice)
	}
	return s.fails(kindOfSignIn(a.status), "the sign-in service answers %d %s", a.status, http.StatusText(a.status))
}

// kindOfSignIn is the kind of an answer that isn't the sign-in service's own.
func kindOfSignIn(status int) error {
	if status == http.StatusTooManyRequests {
		return entramfa.ErrThrottled
	}
	return entramfa.ErrUnavailable
}

// keep returns the answer to the grant without its tokens.
func (s *signInSession) keep(a answer) (*mfa.TokenAnswer, error) {
	var said map[string]any
	err := decodeNumbers(a, &said)
	switch token, _ := said["access_token"].(string); {
	case err == nil && a.status >= 300 && a.status < 400:
		err = errors.New("it redirects, which is not followed")
	case err == nil && a.status == http.StatusOK && token == "":
		err = errors.New("it holds no token")
	}
	if err != nil {
		return nil, s.fails(kindOfSignIn(a.status), "the answer to the sign-in, with status %d, is not that of Microsoft Entra: %s", a.status, s.clean(err.Error()))
	}
	body, err := json.Marshal(withoutSecrets(said, s.grant.Password.Reveal()))
	if err != nil {
		return nil, s.fails(entramfa.ErrUnavailable, "the answer to the sign-in can't be written")
	}
	return &mfa.TokenAnswer{Status: a.status, Body: body}, nil
}

// cut is the error of a request that got no whole answer.
func (s *signInSession) cut(r *http.Request, err error) error {
	// The text of a url.Error holds the whole address.
	var network *url.Error
	if errors.As(err, &network) {
		err = network.Err
	}
	problem := s.fails(entramfa.ErrUnavailable, "no answer from %s: %s", r.URL.Host, s.clean(err.Error()))
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			problem.kinds = append(problem.kinds, end)
		}
	}
	return problem
}

// unusable is the error of a grant that ended in MSAL.
func (s *signInSession) unusable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		problem := s.fails(entramfa.ErrUnavailable, "no answer: %v", ctx.Err())
		problem.kinds = append(problem.kinds, ctx.Err())
		return problem
	}
	return s.fails(entramfa.ErrUnavailable, "the sign-in service can't be used: %s", s.clean(err.Error()))
}

// clean prepares a text from outside for an error.
func (s *signInSession) clean(text string) string {
	return oneLine(hide(text, s.grant.Password.Reveal()))
}

func (s *signInSession) fails(kind error, format string, args ...any) *signInError {
	reason := fmt.Sprintf(format, args...)
	if s.sent {
		reason += "; the attempt may have been made"
	}
	return &signInError{s.grant.Username, reason, []error{kind}}
}

// signInError says why there is no answer to a password grant.
type signInError struct {
	username, reason string
	kinds            []error
}

// Error names the account and the reason.
func (e *signInError) Error() string {
	return fmt.Sprintf("sign %s in with its password: %s", e.username, e.reason)
}

// Unwrap returns the kind, and the context's error where it ended.
func (e *signInError) Unwrap() []error { return e.kinds }
