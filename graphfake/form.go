package graphfake

import (
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// largestForm is how much of a form the authority reads: tokens and assertions fit
// into it many times. What the service takes is not published.
const largestForm = 256 << 10

// readForm reads the body of a request to the authority. The service reads nothing
// else, so that a body of another type lacks every parameter.
func readForm(r *http.Request, body []byte) (url.Values, *signInFailure) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return url.Values{}, nil
	}
	if len(body) > largestForm {
		return nil, malformed()
	}
	return parseForm(string(body))
}

// parseForm reads parameters, each of which may stand there once.
func parseForm(text string) (url.Values, *signInFailure) {
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, malformed()
	}
	for name, values := range form {
		switch {
		case len(values) > 1:
			return nil, refuseSignIn(9000411, "invalid_request", "The request is not properly formatted. The parameter '%s' is duplicated.", name)
		case !utf8.ValidString(name) || !utf8.ValidString(values[0]):
			return nil, malformed()
		}
	}
	return form, nil
}

func malformed() *signInFailure {
	return refuseSignIn(9002313, "invalid_request", "Invalid request. Request is malformed or invalid.")
}

// missing refuses a form without a parameter, or with an empty one.
func missing(form url.Values, names ...string) *signInFailure {
	for _, name := range names {
		if form.Get(name) == "" {
			return refuseSignIn(900144, "invalid_request", "The request body must contain the following parameter: '%s'.", name)
		}
	}
	return nil
}
