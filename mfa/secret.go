package mfa

import (
	"fmt"
	"log/slog"
)

// Secret is a password. It prints, formats, logs and encodes as a placeholder;
// only Reveal shows it. Within a struct of which fmt may not call the methods, in an
// unexported field, it prints as an address: the text is behind a function.
type Secret struct{ reveal func() string }

// NewSecret wraps a text.
func NewSecret(value string) Secret { return Secret{func() string { return value }} }

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

const redacted = "[redacted]"

// String returns a placeholder.
func (s Secret) String() string { return redacted }

// GoString returns a placeholder, for %#v.
func (s Secret) GoString() string { return redacted }

// Format writes a placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText writes a placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
