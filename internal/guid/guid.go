// Package guid tells object ids from names.
package guid

import "strings"

// Is says whether a text has the form of an object id: 8-4-4-4-12 hexadecimal
// digits.
func Is(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, r := range text {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}
