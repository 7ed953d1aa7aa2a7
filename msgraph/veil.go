package msgraph

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/entramfa/entramfa/mfa"
)

// veil hides what a request carries in whatever comes back: a service, or what
// stands before it, may repeat the body in an error. It finds the text itself and the
// text as JSON, URLs, HTML and programs escape it, in any mixture of these, and behind
// base64 and hex. The nil veil hides nothing.
type veil struct{ secret *regexp.Regexp }

// veilOver hides a password.
func veilOver(secret mfa.Secret) *veil { return veilOf(spelled(secret.Reveal())) }

// veilOverPhone hides a phone number however its digits are set apart, with its
// country code and without.
func veilOverPhone(number mfa.Secret) *veil { return veilOf(dialled(number.Reveal())) }

func veilOf(pattern string) *veil {
	if pattern == "" {
		return nil
	}
	return &veil{regexp.MustCompile("(?is)" + pattern)}
}

// spaces are those that strings.Fields parts words at.
const spaces = " \t\r\n\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

// spelled is the pattern of a text.
func spelled(text string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		if b.Len() > 0 {
			b.WriteString(between(spaces) + "+")
		}
		for _, r := range word {
			b.WriteString("(?:" + character(r) + ")")
		}
	}
	return b.String()
}

// dialled is the pattern of a phone number.
func dialled(number string) string {
	if split, err := mfa.GraphPhone(number); err == nil {
		number = split.Reveal()
	}
	main, extension, _ := strings.Cut(strings.ToLower(number), "x")
	code, local, apart := strings.Cut(strings.TrimSpace(main), " ")
	if !apart {
		code, local = "", main
	}
	if len(digits(local)) < 4 { // too little to be told from other figures
		return spelled(number)
	}
	gap := between(" +-.()/\u00a0") + "*"
	pattern := separated(digits(local), gap)
	if code = digits(code); code != "" {
		pattern = "(?:" + separated(code, gap) + gap + ")?" + pattern
	}
	if extension = digits(extension); extension != "" {
		pattern += "(?:" + gap + "(?:" + character('x') + ")?" + gap + separated(extension, gap) + ")?"
	}
	return pattern
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

func separated(text, gap string) string {
	var characters []string
	for _, r := range text {
		characters = append(characters, "(?:"+character(r)+")")
	}
	return strings.Join(characters, gap)
}

// between is the pattern of any one of these characters.
func between(set string) string {
	var any []string
	for _, r := range set {
		any = append(any, character(r))
	}
	return "(?:" + strings.Join(any, "|") + ")"
}

// character is the pattern of a character in all its spellings.
func character(r rune) string {
	forms := []string{regexp.QuoteMeta(string(r)), percent(r), escaped(r), entity(r)}
	switch {
	case r == ' ':
		forms = append(forms, `\s`, `\+`, percent('+'))
	case r == '\\':
		forms = append([]string{`\\+`}, forms...)
	case strings.ContainsRune("\t\r\n", r):
		forms = append(forms, `\\+`+map[rune]string{'\t': "t", '\r': "r", '\n': "n"}[r])
	case !unicode.IsLetter(r) && !unicode.IsDigit(r):
		forms = append(forms, `\\+`+regexp.QuoteMeta(string(r)))
	}
	return strings.Join(forms, "|")
}

// percent is the pattern of a character in a URL, also where it was encoded twice.
func percent(r rune) string {
	var b strings.Builder
	for _, octet := range utf8.AppendRune(nil, r) {
		fmt.Fprintf(&b, "%%(?:25)*%02x", octet)
	}
	return b.String()
}

// escaped is the pattern of a character in JSON and in the strings of programs.
func escaped(r rune) string {
	var b strings.Builder
	fmt.Fprintf(&b, `\\+u\{?0*%x\}?`, r)
	if units := utf16.AppendRune(nil, r); len(units) == 2 {
		fmt.Fprintf(&b, `|\\+u%04x\\+u%04x`, units[0], units[1])
	}
	if r < 0x100 {
		fmt.Fprintf(&b, `|\\+x%02x`, r)
	}
	return b.String()
}

// entity is the pattern of a character in HTML and XML.
func entity(r rune) string {
	pattern := fmt.Sprintf("&(?:amp;)*#(?:0*%d|x0*%x);?", r, r)
	if name := map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos", '\u00a0': "nbsp"}[r]; name != "" {
		pattern += "|&(?:amp;)*" + name + ";"
	}
	return pattern
}

var (
	// packed is what base64 or hex may be; wrapped is that over several lines, or with
	// its signs escaped.
	packed  = regexp.MustCompile(`[A-Za-z0-9+/_-]{4,}`)
	wrapped = regexp.MustCompile(`(?i)(?:[a-z0-9+/_\s\\-]|%(?:25)*2[bf])+`)
)

// hide replaces the secret.
func (v *veil) hide(text string) string {
	if v == nil || text == "" {
		return text
	}
	text = v.secret.ReplaceAllString(text, masked)
	unpacked := func(run string) string {
		if v.packedIn(run, 2) {
			return masked
		}
		return run
	}
	return wrapped.ReplaceAllStringFunc(packed.ReplaceAllStringFunc(text, unpacked), unpacked)
}

// packedIn says whether the secret is in what a run of characters encodes, at
// whatever place the encoding begins, so many layers deep.
func (v *veil) packedIn(run string, layers int) bool {
	run = strings.Join(strings.Fields(standard.Replace(run)), "")
	for start := range min(4, len(run)) {
		for _, text := range decodings(run[start:]) {
			if v.in(text, layers-1) {
				return true
			}
		}
	}
	return false
}

// in says whether the secret is in a text, as it is, as UTF-16, or packed.
func (v *veil) in(text []byte, layers int) bool {
	if v.secret.Match(text) || v.secret.MatchString(wide(text, 0)) || v.secret.MatchString(wide(text, 1)) {
		return true
	}
	if layers == 0 {
		return false
	}
	for _, run := range packed.FindAll(text, -1) {
		if v.packedIn(string(run), layers) {
			return true
		}
	}
	return false
}

// wide reads UTF-16 from the first or second octet on. Windows has the lower octet of
// a character first, so that the other order is this one begun elsewhere, but for
// characters beyond Latin-1.
func wide(text []byte, start int) string {
	var units []uint16
	for i := start; i+1 < len(text); i += 2 {
		units = append(units, binary.LittleEndian.Uint16(text[i:]))
	}
	return string(utf16.Decode(units))
}

// standard turns the alphabet of URLs, and escaped signs, into those of base64.
var standard = strings.NewReplacer("-", "+", "_", "/", `\`, "",
	"%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/", "%252B", "+", "%252b", "+", "%252F", "/", "%252f", "/")

// decodings are the texts that a run may stand for.
func decodings(run string) [][]byte {
	var texts [][]byte
	plain := run
	if len(plain)%4 == 1 {
		plain = plain[:len(plain)-1]
	}
	if text, err := base64.RawStdEncoding.DecodeString(plain); err == nil {
		texts = append(texts, text)
	}
	if text, err := hex.DecodeString(run[:len(run)/2*2]); err == nil {
		texts = append(texts, text)
	}
	return texts
}

// maxVeiled bounds the answer to a request that carries a secret; Graph's have a few
// hundred bytes.
const maxVeiled = 32 << 10

// answer hides the secret in the body of an answer and in those of its headers that
// are read. What is too long to be searched is no answer of Graph.
func (v *veil) answer(a answer) (answer, error) {
	if v == nil {
		return a, nil
	}
	if len(a.body) > maxVeiled {
		return answer{}, &brokenAnswer{fmt.Errorf("it is longer than %d bytes", maxVeiled)}
	}
	header := http.Header{}
	for _, name := range []string{"request-id", "Retry-After", "Location"} {
		if value := a.header.Get(name); value != "" && len(value) <= maxVeiled {
			header.Set(name, v.hide(value))
		}
	}
	a.header, a.body = header, v.body(a.body)
	return a, nil
}

// body hides the secret in a body: in the texts of JSON, for its escapes could be
// cut through, or in the body as it is.
func (v *veil) body(body []byte) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil || decoder.More() {
		return []byte(v.hide(string(body)))
	}
	text, _ := json.Marshal(v.value(value)) // it was JSON before
	return text
}

// value hides the secret in a value of JSON.
func (v *veil) value(value any) any {
	switch value := value.(type) {
	case string:
		return v.hide(value)
	case json.Number:
		if hidden := v.hide(value.String()); hidden != value.String() {
			return hidden
		}
	case []any:
		for i := range value {
			value[i] = v.value(value[i])
		}
	case map[string]any:
		kept := make(map[string]any, len(value))
		for name, inner := range value {
			kept[v.name(name)] = v.value(inner)
		}
		return kept
	}
	return value
}

// name hides the secret in the name of a member, unless it is one that is read.
func (v *veil) name(name string) string {
	switch strings.ToLower(name) {
	case "error", "code", "message", "innererror", "request-id", "id", "phonetype", "phonenumber", "newpassword":
		return name
	}
	return v.hide(name)
}

// cause returns an error that is what another is, for errors.Is, and holds nothing of
// it but the text without the secret: an error of a transport may hold the request.
func (v *veil) cause(err error) error {
	if v == nil || err == nil {
		return err
	}
	return &veiled{v.hide(err.Error()), func(target error) bool { return errors.Is(err, target) }}
}

// veiled is the error of a request that carried a secret.
type veiled struct {
	text string
	is   func(error) bool
}

// Error returns the text without the secret.
func (e *veiled) Error() string { return e.text }

// Is says whether the error was that one.
func (e *veiled) Is(target error) bool { return e.is(target) }
