package entramfa

import "fmt"

// Outcome says what a source of MFA does to the account's non-interactive
// sign-in. The zero value is Unknown: what nobody looked at is never Clear.
type Outcome int

const (
	// Unknown: the answer could not be told. Finding.Missing names what was not known.
	Unknown Outcome = iota
	// Clear: the source leaves every non-interactive sign-in of the account alone.
	Clear
	// MFA: the source demands something that only a person can give: a second
	// factor, a registered device, a new password, consent to terms of use.
	MFA
	// Blocked: the source refuses the sign-in whatever is presented.
	Blocked
)

var outcomeNames = names[Outcome]{"unknown", "clear", "mfa", "blocked"}

// String returns "unknown", "clear", "mfa" or "blocked".
func (o Outcome) String() string { return outcomeNames.text(o) }

// MarshalText writes the name that String returns.
func (o Outcome) MarshalText() ([]byte, error) { return outcomeNames.marshal(o) }

// UnmarshalText reads a name that String returns; any other text is an error.
func (o *Outcome) UnmarshalText(text []byte) error { return outcomeNames.unmarshal(o, text) }

// Extent says how many of the account's non-interactive sign-ins are meant.
// The zero value is ExtentUnknown.
type Extent int

const (
	// ExtentUnknown: it could not be told which sign-ins are touched.
	ExtentUnknown Extent = iota
	// Never: no sign-in is touched.
	Never
	// Sometimes: some sign-ins may be touched and others not; the reasons say on what it depends.
	Sometimes
	// Always: every sign-in is touched.
	Always
)

var extentNames = names[Extent]{"unknown", "never", "sometimes", "always"}

// String returns "unknown", "never", "sometimes" or "always".
func (e Extent) String() string { return extentNames.text(e) }

// MarshalText writes the name that String returns.
func (e Extent) MarshalText() ([]byte, error) { return extentNames.marshal(e) }

// UnmarshalText reads a name that String returns; any other text is an error.
func (e *Extent) UnmarshalText(text []byte) error { return extentNames.unmarshal(e, text) }

// names gives a small enumeration its texts, by value.
type names[E ~int] []string

func (n names[E]) text(e E) string {
	if int(e) < 0 || int(e) >= len(n) {
		return fmt.Sprintf("%T(%d)", e, int(e))
	}
	return n[e]
}

func (n names[E]) marshal(e E) ([]byte, error) {
	if int(e) < 0 || int(e) >= len(n) {
		return nil, fmt.Errorf("entramfa: %s has no name", n.text(e))
	}
	return []byte(n[e]), nil
}

func (n names[E]) unmarshal(e *E, text []byte) error {
	for i, name := range n {
		if name == string(text) {
			*e = E(i)
			return nil
		}
	}
	return fmt.Errorf("entramfa: %q is none of %q", text, []string(n))
}
