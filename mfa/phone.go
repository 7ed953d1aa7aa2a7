package mfa

import (
	"encoding/json"
	"strings"
)

// Phone is a phone number that shows its last two digits only, everywhere: in
// text, in JSON and in logs. What was there before is not kept.
type Phone struct{ last string }

// NewPhone keeps the last two characters of a number.
func NewPhone(number string) Phone {
	number = strings.TrimSpace(number)
	if len(number) <= 2 {
		return Phone{}
	}
	return Phone{last: number[len(number)-2:]}
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
