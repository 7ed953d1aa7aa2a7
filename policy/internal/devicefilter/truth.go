package devicefilter

// Truth is whether a device matches a rule. Its zero is Unknown.
type Truth int

// The three answers. No and Yes hold whatever the properties are that aren't
// known; Unknown doesn't mean that both are possible.
const (
	Unknown Truth = iota
	No
	Yes
)

// String returns unknown, no or yes.
func (t Truth) String() string {
	switch t {
	case No:
		return "no"
	case Yes:
		return "yes"
	}
	return "unknown"
}

func truthOf(b bool) Truth {
	if b {
		return Yes
	}
	return No
}

func (t Truth) not() Truth {
	switch t {
	case No:
		return Yes
	case Yes:
		return No
	}
	return Unknown
}

func (t Truth) or(other Truth) Truth {
	switch {
	case t == Yes || other == Yes:
		return Yes
	case t == No && other == No:
		return No
	}
	return Unknown
}
