package entramfa

// Value is a fact that was asked of a tenant: known, or missing with the
// reason. The zero Value is missing.
type Value[T any] struct {
	value T
	known bool
	err   error
}

// Known returns a fact that was read.
func Known[T any](value T) Value[T] { return Value[T]{value: value, known: true} }

// Missing returns a fact that could not be read, and why.
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
