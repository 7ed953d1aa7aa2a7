package mfa

import (
	"fmt"
	"log/slog"
)

// Secret is a password. It prints, formats, logs and encodes as a placeholder;
// only Reveal shows it.
type Secret struct{ value string }

// NewSecret wraps a text.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return s.value }

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
