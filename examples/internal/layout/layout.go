// Package layout lays out what a program says: text for a terminal, or a JSON document.
package layout

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Clean takes out of a text what would steer a terminal: names are whatever
// somebody in the tenant wrote.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
}

// Pad fills a text up to a width.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// Count is a number with the word for one or for several.
func Count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

// Duration rounds a duration for a person: seconds with one digit behind the point,
// milliseconds where it is shorter.
func Duration(d time.Duration) string {
	switch {
	case d >= 999500*time.Microsecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	}
	return "less than 1 ms"
}

// Wrap cleans a text and breaks it at spaces into lines of at most width
// characters, and words that are longer where they must be.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range words(text, width) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// Paragraph wraps a text to a width behind what its first line begins with, and
// indents the other lines by as much.
func Paragraph(first, text string, width int) string {
	var b strings.Builder
	rest := strings.Repeat(" ", utf8.RuneCountInString(first))
	for _, line := range Wrap(text, width-len(rest)) {
		b.WriteString(strings.TrimRight(first+line, " ") + "\n")
		first = rest
	}
	return b.String()
}

// words splits a text at spaces, and longer words behind a hyphen or at the width.
func words(text string, width int) []string {
	var list []string
	for word := range strings.FieldsSeq(Clean(text)) {
		rest := []rune(word)
		for len(rest) > width {
			cut := width
			if i := strings.LastIndexByte(string(rest[:width]), '-'); i > 0 {
				cut = utf8.RuneCountInString(string(rest[:width])[:i+1])
			}
			list, rest = append(list, string(rest[:cut])), rest[cut:]
		}
		list = append(list, string(rest))
	}
	return list
}

// Print prints a value as a text for a person, or as JSON.
func Print(w io.Writer, asJSON bool, value any, text func() string) error {
	if asJSON {
		return JSON(w, value)
	}
	_, err := io.WriteString(w, text())
	return err
}

// JSON writes a value as one indented document, in which text stands as it is.
func JSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
