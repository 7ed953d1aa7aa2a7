package layout

import (
	"testing"

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

func TestPadCountsCharacters(t *testing.T) {
	assert.Equal(t, "ö  ", Pad("ö", 3))
	assert.Equal(t, "long", Pad("long", 3))
}
