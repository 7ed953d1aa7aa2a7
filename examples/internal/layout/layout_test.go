package layout

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWrapKeepsToTheWidth(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		lines []string
	}{
		{"", 5, []string{""}},
		{"one two three", 7, []string{"one two", "three"}},
		{"b0000000-0000-4000", 10, []string{"b0000000-", "0000-4000"}},
		{"äöüäöüäöü", 4, []string{"äöüä", "öüäö", "ü"}},
		{"a\x1b[2Kb\u202ec\nd", 20, []string{"a [2Kb c d"}},
	} {
		assert.Equal(t, c.lines, Wrap(c.text, c.width), c.text)
	}
}

func TestParagraphIsIndentedAsItBegins(t *testing.T) {
	assert.Equal(t, "  — one\n    two\n    three\n", Paragraph("  — ", "one two three", 9))
	assert.Equal(t, "  -\n", Paragraph("  - ", "", 9), "no spaces at the end of a line")
}

func TestPadCountsCharacters(t *testing.T) {
	assert.Equal(t, "ö  ", Pad("ö", 3))
	assert.Equal(t, "long", Pad("long", 3))
}

func TestCountKnowsOneAndSeveral(t *testing.T) {
	for n, want := range map[int]string{0: "0 changes", 1: "1 change", 2: "2 changes"} {
		assert.Equal(t, want, Count(n, "change", "changes"))
	}
}

func TestDurationIsRounded(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "less than 1 ms", 999 * time.Microsecond: "less than 1 ms", time.Millisecond: "1 ms", 1499 * time.Microsecond: "1 ms",
		12345678: "12 ms", 999499 * time.Microsecond: "999 ms", 999500 * time.Microsecond: "1.0 s",
		3000370 * time.Microsecond: "3.0 s", 61260 * time.Millisecond: "61.3 s",
	} {
		assert.Equal(t, want, Duration(d), d.String())
	}
}

func TestJSONKeepsTextAsItIs(t *testing.T) {
	var b strings.Builder
	assert.NoError(t, JSON(&b, map[string]string{"name": "a <b> & c"}))
	assert.Equal(t, "{\n  \"name\": \"a <b> & c\"\n}\n", b.String())
}
