package devicefilter

import "fmt"

// SyntaxError is why a rule can't be read. It doesn't prove that Microsoft Entra
// refuses the rule: the language isn't documented to the last letter.
type SyntaxError struct {
	Offset   int    // in bytes from the start of the rule
	Expected string // what could stand there
	Found    string // the start of what does, empty at the end of the rule
}

// Error names the place, what was expected and what was found.
func (e *SyntaxError) Error() string {
	found := "the rule ends"
	if e.Found != "" {
		found = fmt.Sprintf("found %q", e.Found)
	}
	return fmt.Sprintf("device filter rule: at byte %d: expected %s, %s", e.Offset, e.Expected, found)
}

// syntaxError quotes a few characters of the rule from offset on.
func syntaxError(rule string, offset int, expected string) *SyntaxError {
	const quoted = 24
	found := rule[offset:]
	runes := 0
	for i := range found {
		if runes == quoted {
			found = found[:i] + "…"
			break
		}
		runes++
	}
	return &SyntaxError{Offset: offset, Expected: expected, Found: found}
}
