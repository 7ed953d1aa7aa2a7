package mfa

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
)

// How the token endpoint says why it refuses.

var aadstsNumber = regexp.MustCompile(`AADSTS(\d{1,9})`)

// refusalCodes returns the numbers of error_codes, else the one with which the description begins.
func refusalCodes(body tokenBody) []int {
	var codes []int
	if json.Unmarshal(body.Codes, &codes) == nil && len(codes) > 0 {
		return codes
	}
	found := aadstsNumber.FindStringSubmatch(body.Description)
	if found == nil {
		return nil
	}
	code, _ := strconv.Atoi(found[1]) // nine digits at most
	return []int{code}
}

// demandedPolicies is how claims names policies.
type demandedPolicies struct {
	AccessToken struct {
		CAPolicyIDs policyClaim `json:"capolids"`
		PolicyIDs   policyClaim `json:"polids"` // the older name
	} `json:"access_token"`
}

type policyClaim struct {
	Values []string `json:"values"`
}

// refusalPolicies returns the ids in claims, which is JSON in a JSON string. What is
// no id is left out, and so is what holds the password: an id can't be scrubbed.
func refusalPolicies(claims json.RawMessage, password Secret) []string {
	var text string
	var demanded demandedPolicies
	if json.Unmarshal(claims, &text) != nil || json.Unmarshal([]byte(text), &demanded) != nil {
		return nil
	}
	ids := slices.Concat(demanded.AccessToken.CAPolicyIDs.Values, demanded.AccessToken.PolicyIDs.Values)
	var distinct []string
	for _, id := range ids {
		if guid.Is(id) && password.scrub(id) == id && !containsFold(distinct, id) {
			distinct = append(distinct, id)
		}
	}
	return distinct
}

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
