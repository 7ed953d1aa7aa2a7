// Package guid tells object ids from names.
package guid

// Is says whether a text has the form of an object id: 8-4-4-4-12 hexadecimal
// digits.
func Is(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (text[i] == '-') || !dash && !hexadecimal(text[i]) {
			return false
		}
	}
	return true
}

func hexadecimal(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}
