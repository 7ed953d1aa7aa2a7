package entramfa

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Value is a fact that was asked of a tenant: known, or missing with the
// reason. The zero Value is missing.
type Value[T any] struct {
	value T
	known bool
	err   error
}

// Known returns a fact that was read.
func Known[T any](value T) Value[T] { return Value[T]{value: value, known: true} }

// Missing returns a fact that could not be read, and why; nil means ErrNotRead.
func Missing[T any](err error) Value[T] { return Value[T]{err: err} }

// Result turns what a read returned into a Value.
func Result[T any](value T, err error) Value[T] {
	if err != nil {
		return Missing[T](err)
	}
	return Known(value)
}

// Get returns the fact and whether it is known; when it isn't, the zero T.
func (v Value[T]) Get() (T, bool) { return v.value, v.known }

// Known says whether the fact is known.
func (v Value[T]) Known() bool { return v.known }

// Err says why the fact is missing; nil when it is known. A fact that nobody
// read is missing with ErrNotRead.
func (v Value[T]) Err() error {
	if v.known {
		return nil
	}
	if v.err == nil {
		return ErrNotRead
	}
	return v.err
}

// valueJSON is how a Value is stored: the fact, or why it is missing and of what kind that is.
type valueJSON struct {
	Value   json.RawMessage `json:"value,omitempty"`
	Missing string          `json:"missing,omitempty"`
	Kind    string          `json:"kind,omitempty"`
}

// storedError is the reason of a missing fact that was stored.
type storedError struct {
	text string
	kind error
}

func (e *storedError) Error() string { return e.text }
func (e *storedError) Unwrap() error { return e.kind }

// MarshalJSON writes {"value": ...}, or {"missing": "why", "kind": "..."} where
// the fact isn't known; kind is the text of one of the Err values.
func (v Value[T]) MarshalJSON() ([]byte, error) {
	if v.known {
		text, err := json.Marshal(v.value)
		if err != nil {
			return nil, err
		}
		return json.Marshal(valueJSON{Value: text})
	}
	stored := valueJSON{Missing: v.Err().Error()}
	for _, kind := range kinds() {
		if errors.Is(v.Err(), kind) {
			stored.Kind = kind.Error()
		}
	}
	return json.Marshal(stored)
}

// UnmarshalJSON reads what MarshalJSON wrote. A missing fact stays missing, with
// the same text and the same kind for errors.Is.
func (v *Value[T]) UnmarshalJSON(text []byte) error {
	var stored valueJSON
	if err := json.Unmarshal(text, &stored); err != nil {
		return err
	}
	switch {
	case stored.Value != nil && stored.Missing != "":
		return fmt.Errorf("entramfa: a fact is both known and missing: %s", stored.Missing)
	case stored.Value != nil:
		*v = Value[T]{known: true}
		return json.Unmarshal(stored.Value, &v.value)
	case stored.Missing == "":
		*v = Value[T]{}
		return nil
	}
	reason := &storedError{text: stored.Missing}
	for _, kind := range kinds() {
		if kind.Error() == stored.Kind {
			reason.kind = kind
		}
	}
	*v = Missing[T](reason)
	return nil
}
