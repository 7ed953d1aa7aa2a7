package mfa

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Phone is a phone number that shows its last two digits only, everywhere: in
// text, in JSON and in logs. The number itself is not kept; beside its last digits
// there is a mark by which this process, and no other, tells whether it is the same
// number (Is).
type Phone struct {
	last string
	mark [sha256.Size]byte
}

// NewPhone keeps the last two characters of a number.
func NewPhone(number string) Phone {
	number = strings.TrimSpace(number)
	if len(number) <= 2 {
		return Phone{mark: markOf(number)}
	}
	return Phone{last: number[len(number)-2:], mark: markOf(number)}
}

// Is says whether the phone has this number, in whatever form it is written. A Phone
// that was read from text which shows the last digits alone has none.
func (p Phone) Is(number Secret) bool {
	mark := markOf(number.Reveal())
	return hmac.Equal(p.mark[:], mark[:])
}

// phoneKey is a key of this process: what it marks means nothing to another.
var phoneKey = sync.OnceValue(func() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return key
})

// markOf marks the digits of a number, so that spaces and signs don't matter.
func markOf(number string) (mark [sha256.Size]byte) {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == 'x' {
			return r
		}
		return -1
	}, strings.ToLower(number))
	mac := hmac.New(sha256.New, phoneKey())
	mac.Write([]byte(digits))
	copy(mark[:], mac.Sum(nil))
	return mark
}

// String returns the last two digits behind an ellipsis: …34.
func (p Phone) String() string { return "…" + p.last }

// MarshalText writes what String returns.
func (p Phone) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalJSON drops all but the last digits.
func (p *Phone) UnmarshalJSON(text []byte) error {
	var number string
	if err := json.Unmarshal(text, &number); err != nil {
		return err
	}
	*p = NewPhone(number)
	return nil
}

var errPhone = errors.New("a phone number is wanted in the international form of E.164: + and country code, then the number, 8 to 15 digits in all; an extension follows an x")

// bracketedZero is what is dialled within a country alone, and is no part of a number.
var bracketedZero = regexp.MustCompile(`\(\s*0\s*\)`)

// GraphPhone writes a number in the form that Graph wants, "+1 2065550100" or
// "+1 2065550100x123", from the international form of E.164, with or without spaces,
// dots, hyphens and brackets, but for "(0)". A number that names no country is an error, which never
// shows it: nobody can tell which country is meant.
// Source: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod.
func GraphPhone(number string) (Secret, error) {
	main, extension, _ := strings.Cut(strings.ToLower(strings.TrimSpace(number)), "x")
	if bracketedZero.MatchString(main) {
		return Secret{}, errPhone
	}
	digits, ok := digitsOf(main)
	more, okay := digitsOf("+" + extension)
	if !ok || !okay || len(digits) < 8 || len(digits) > 15 {
		return Secret{}, errPhone
	}
	code, err := countryCode(digits)
	if err != nil {
		return Secret{}, err
	}
	text := fmt.Sprintf("+%s %s", code, digits[len(code):])
	if more != "" {
		text += "x" + more
	}
	return NewSecret(text), nil
}

// digitsOf returns the digits after a plus sign; false where anything else stands among them.
func digitsOf(text string) (string, bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(text), "+")
	var digits strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case !strings.ContainsRune(" .-()", r):
			return "", false
		}
	}
	return digits.String(), ok
}

// countryCode returns the country code with which a number begins. Codes have one
// digit in zones 1 and 7, two digits where they are listed, and three else.
// Source: https://www.itu.int/pub/T-SP-E.164D.
func countryCode(digits string) (string, error) {
	const two = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "
	switch {
	case digits[0] == '0':
		return "", errPhone
	case digits[0] == '1', digits[0] == '7':
		return digits[:1], nil
	case strings.Contains(two, " "+digits[:2]+" "):
		return digits[:2], nil
	}
	return digits[:3], nil
}
