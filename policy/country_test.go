package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCountries(t *testing.T) {
	codes := strings.Fields(countries)
	assert.IsIncreasing(t, codes)
	assert.Len(t, codes, 250, "249 of ISO 3166-1, and XK")
	for _, code := range codes {
		assert.True(t, isCountry(code), code)
		assert.True(t, isCountry(strings.ToLower(code)), code)
	}
	for _, text := range []string{"", "N", "UK", "EL", "??", "G8", "ZZ", "AA", "NLD", "A ", " A", "N\x0c", "\x4e\x2c"} {
		assert.False(t, isCountry(text), "%q", text)
	}
}
