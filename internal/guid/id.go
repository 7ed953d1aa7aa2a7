package guid

import "encoding/hex"

// ID is an object id in 16 bytes.
type ID [16]byte

// Parse reads an object id; false where the text is none.
func Parse(text string) (id ID, ok bool) {
	if !Is(text) {
		return id, false
	}
	n := 0
	for i := 0; i < len(text); i += 2 {
		if text[i] == '-' {
			i++
		}
		id[n] = digit(text[i])<<4 | digit(text[i+1])
		n++
	}
	return id, true
}

func digit(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b&^0x20 - 'A' + 10
}

// String returns the id in small letters.
func (id ID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
