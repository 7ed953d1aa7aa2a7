package guid

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIDsRoundTrip(t *testing.T) {
	for _, text := range []string{"00000002-0000-0ff1-ce00-000000000000", "fFfFfFfF-9AbC-4dEf-8012-3456789aBcDe"} {
		id, ok := Parse(text)
		assert.True(t, ok)
		assert.Equal(t, strings.ToLower(text), id.String())
	}
	for _, text := range []string{"", "All", "00000002-0000-0ff1-ce00-00000000000", "00000002-0000-0ff1-ce00-00000000000g", "000000020-000-0ff1-ce00-000000000000"} {
		_, ok := Parse(text)
		assert.False(t, ok, text)
	}
}
