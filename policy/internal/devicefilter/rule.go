package devicefilter

import (
	"slices"
	"strings"
)

// Rule is a device filter rule that has been read. It never changes, so
// goroutines may share it.
type Rule struct {
	expression expression
	properties []string
}

// Match says whether the device matches the rule; it doesn't regard the mode of
// the filter, which includes or excludes what matches. A nil device is one that
// isn't registered in Microsoft Entra ID, as is every client that signs in with a
// user name and password alone: all its properties are null, a positive
// operator doesn't match and a negative one does.
//
// A negated comparison is taken to match where the comparison doesn't, for null
// too: a rule comes out true or false, says the page on groups, but no page says
// it of -not and null.
//
// The answer is Unknown where it depends on a property that isn't known or
// that this package doesn't know by name, or on a comparison whose outcome isn't
// documented: null with null, an operator that isn't listed for a list or a
// boolean, a value of another type than the property, -in without a list.
func (r *Rule) Match(d *Device) Truth {
	if r == nil || r.expression == nil {
		return Unknown
	}
	return r.expression.match(d)
}

// Properties returns the names of the properties that the rule asks for, each
// once, sorted, without "device.". A documented one is spelled as documented, any
// other as the rule has it first.
func (r *Rule) Properties() []string {
	if r == nil {
		return nil
	}
	return slices.Clone(r.properties)
}

// String returns the rule in one form: operators with a hyphen, documented names
// as documented, double quotes, brackets where they matter and after -not. Parse
// reads the same rule from it. A rule that Parse didn't make is the empty text.
func (r *Rule) String() string {
	if r == nil || r.expression == nil {
		return ""
	}
	var b strings.Builder
	r.expression.write(&b)
	return b.String()
}
