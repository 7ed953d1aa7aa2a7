package policy

import "strings"

// Flags is an enumeration of flags as Graph writes one: member names joined by
// commas, with or without spaces. The text is kept as it was.
type Flags string

// Values returns the member names without spaces; none for the empty text.
func (f Flags) Values() []string {
	var values []string
	for value := range strings.SplitSeq(string(f), ",") {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}

// Has says whether the member is set.
func (f Flags) Has(member string) bool {
	for _, value := range f.Values() {
		if strings.EqualFold(value, member) {
			return true
		}
	}
	return false
}
