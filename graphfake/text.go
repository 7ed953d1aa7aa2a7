package graphfake

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// document is the text of a file as UTF-8, whatever it was on disk.
type document struct {
	text []byte
	// start is how long the byte-order mark was; wide says that a code unit had two bytes.
	start int
	wide  bool
	// marks has one place for each stretch of a wide text, so that the offset of any
	// position is near one.
	marks []mark
}

// mark is a position in the text and the offset of the same character in the file.
type mark struct{ position, offset int }

// stretch is how far marks stand apart.
const stretch = 1024

// offset says where a position of the text stands in the bytes of the file.
func (d document) offset(position int) int {
	position = min(position, len(d.text))
	if !d.wide {
		return d.start + position
	}
	from := mark{0, d.start}
	if i := min(position/stretch, len(d.marks)-1); i >= 0 {
		// The first character behind a border may begin a few bytes later.
		if from = d.marks[i]; from.position > position {
			from = d.marks[i-1]
		}
	}
	units := 0
	for _, r := range string(d.text[from.position:position]) {
		units += utf16.RuneLen(r)
	}
	return from.offset + 2*units
}

// offsetError says where in a file something is wrong.
type offsetError struct {
	offset int
	err    error
}

func (e *offsetError) Error() string { return fmt.Sprintf("offset %d: %v", e.offset, e.err) }
func (e *offsetError) Unwrap() error { return e.err }

// decodeText reads UTF-8 with or without a byte-order mark, and UTF-16 of
// either order. Without a mark UTF-16 is told by the zero byte beside the first character.
func decodeText(data []byte) (document, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return decodeWide(data, 2, binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return decodeWide(data, 2, binary.BigEndian)
	case len(data) > 1 && data[0] != 0 && data[1] == 0:
		return decodeWide(data, 0, binary.LittleEndian)
	case len(data) > 1 && data[0] == 0 && data[1] != 0:
		return decodeWide(data, 0, binary.BigEndian)
	}
	text, marked := bytes.CutPrefix(data, []byte{0xef, 0xbb, 0xbf})
	d := document{text: text}
	if marked {
		d.start = 3
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return d, &offsetError{d.start + at, errors.New("neither UTF-8 nor UTF-16")}
		}
		at += size
	}
	return d, nil
}

func decodeWide(data []byte, start int, order binary.ByteOrder) (document, error) {
	d := document{start: start, wide: true}
	for at := start; at < len(data); {
		if at+1 == len(data) {
			return d, &offsetError{at, errors.New("half a UTF-16 character at the end")}
		}
		r, size := rune(order.Uint16(data[at:])), 2
		if utf16.IsSurrogate(r) {
			if at+4 > len(data) {
				return d, &offsetError{at, errors.New("half a UTF-16 surrogate pair")}
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(data[at+2:]))); r == utf8.RuneError {
				return d, &offsetError{at, errors.New("half a UTF-16 surrogate pair")}
			}
			size = 4
		}
		if len(d.text) >= len(d.marks)*stretch {
			d.marks = append(d.marks, mark{len(d.text), at})
		}
		d.text = utf8.AppendRune(d.text, r)
		at += size
	}
	return d, nil
}

// piece is a JSON value and where it stands in the text.
type piece struct {
	text json.RawMessage
	at   int
}

// parse checks that the text is one JSON value and returns it.
func (d document) parse() (piece, error) {
	var value json.RawMessage
	err := json.Unmarshal(d.text, &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		// Offset counts the byte that is wrong; at the end of the text there is none.
		at := int(syntax.Offset)
		if at > 0 && syntax.Error() != "unexpected end of JSON input" {
			at--
		}
		return piece{}, &offsetError{d.offset(at), err}
	}
	if err != nil {
		return piece{}, &offsetError{d.offset(0), err}
	}
	return piece{value, len(d.text) - len(bytes.TrimLeft(d.text, " \t\r\n"))}, nil
}

// elements returns the values of a list.
func (p piece) elements() ([]piece, error) {
	decoder := json.NewDecoder(bytes.NewReader(p.text))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var found []piece
	for decoder.More() {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		found = append(found, piece{value, p.at + int(decoder.InputOffset()) - len(value)})
	}
	return found, nil
}

// member returns the value of a member of an object, with its place.
func (p piece) member(name string) (piece, bool) {
	decoder := json.NewDecoder(bytes.NewReader(p.text))
	if _, err := decoder.Token(); err != nil {
		return piece{}, false
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return piece{}, false
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return piece{}, false
		}
		if text, ok := key.(string); ok && fold(text) == fold(name) {
			return piece{value, p.at + int(decoder.InputOffset()) - len(value)}, true
		}
	}
	return piece{}, false
}

func (p piece) isList() bool { return len(p.text) > 0 && bytes.TrimLeft(p.text, " \t\r\n")[0] == '[' }
