package builtinrole_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/internal/guid"
)

func TestNames(t *testing.T) {
	assert.Equal(t, "Global Administrator", builtinrole.Name("62E90394-69F5-4237-9190-012177145E10"))
	assert.Empty(t, builtinrole.Name("00000000-0000-0000-0000-000000000000"))
	count := 0
	for id, name := range builtinrole.All() {
		assert.True(t, guid.Is(id), id)
		assert.NotEmpty(t, name)
		count++
	}
	assert.Equal(t, 143, count)
}
