// Package guid tells object ids from names.
package guid

// Is says whether a text has the form of an object id: 8-4-4-4-12 hexadecimal
// digits.
func Is(text string) bool {
	return len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' &&
		hexadecimal(text[:8]) && hexadecimal(text[9:13]) && hexadecimal(text[14:18]) && hexadecimal(text[19:23]) && hexadecimal(text[24:])
}

func hexadecimal(text string) bool {
	for i := range len(text) {
		if b := text[i]; b-'0' > 9 && (b|0x20)-'a' > 5 {
			return false
		}
	}
	return true
}
