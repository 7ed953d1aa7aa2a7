package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/mfa"
)

// A zero in brackets is dialled within a country alone.
func TestTrunkPrefixInBracketsIsNoPartOfANumber(t *testing.T) {
	for _, number := range []string{"+44 (0)20 7946 0958", "+44(0) 7700 900461"} {
		_, err := mfa.GraphPhone(number)
		if assert.ErrorContains(t, err, "international form", number) {
			assert.NotContains(t, err.Error(), "0958")
		}
	}
	kept, err := mfa.GraphPhone("+39 06 1234 5678") // in Italy the zero is dialled from everywhere
	require.NoError(t, err)
	assert.Equal(t, "+39 0612345678", kept.Reveal())
}
