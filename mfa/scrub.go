package mfa

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
)

// scrub takes the secret out of a text, in each form in which a text may hold it.
// Of HTML there are many for the same text: where one still holds the secret when it
// is read as a browser does, what was read is scrubbed and returned.
func (s Secret) scrub(text string) string {
	forms := s.forms()
	text = replaceAll(text, forms)
	read := html.UnescapeString(text)
	if clean := replaceAll(read, forms); clean != read {
		return clean
	}
	return text
}

func replaceAll(text string, forms []string) string {
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

// forms are the secret as it is, and as a form, an address, JSON, HTML or base64
// holds it; the longest first, for one may be a part of another.
func (s Secret) forms() []string {
	if s.Reveal() == "" {
		return nil
	}
	quoted, _ := json.Marshal(s.Reveal()) // a string always can be
	escaped, bytes := strconv.Quote(s.Reveal()), []byte(s.Reveal())
	forms := []string{
		s.Reveal(), url.QueryEscape(s.Reveal()), url.PathEscape(s.Reveal()),
		string(quoted[1 : len(quoted)-1]), escaped[1 : len(escaped)-1], html.EscapeString(s.Reveal()),
		base64.StdEncoding.EncodeToString(bytes), base64.RawStdEncoding.EncodeToString(bytes),
		base64.URLEncoding.EncodeToString(bytes), base64.RawURLEncoding.EncodeToString(bytes),
	}
	slices.SortStableFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return forms
}

// scrubbed is an error whose own text held a secret. It keeps nothing of the
// chain, which holds it too, but what errors.Is finds there.
type scrubbed struct {
	text  string
	kinds []error
}

func (e *scrubbed) Error() string   { return e.text }
func (e *scrubbed) Unwrap() []error { return e.kinds }

// withoutSecret returns the error, or one without the secret where its text holds it.
func withoutSecret(err error, secret Secret) error {
	clean := secret.scrub(err.Error())
	if clean == err.Error() {
		return err
	}
	bare := &scrubbed{text: clean}
	for _, kind := range []error{
		context.Canceled, context.DeadlineExceeded, entramfa.ErrUnavailable, entramfa.ErrThrottled, entramfa.ErrUnauthenticated,
		entramfa.ErrPermission, entramfa.ErrNotFound, entramfa.ErrNotRead,
	} {
		if errors.Is(err, kind) {
			bare.kinds = append(bare.kinds, kind)
		}
	}
	return bare
}
