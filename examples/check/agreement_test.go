package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/internal/conformance"
)

// TestCheckAndSignInAgree signs every account of the built-in tenant in: what the
// check says is what the sign-in meets and what the log holds.
func TestCheckAndSignInAgree(t *testing.T) {
	reader, err := embeddedTenant()
	require.NoError(t, err)
	tenant, ok := reader.(*graphfake.Tenant)
	require.True(t, ok)
	met := conformance.Agreement(t, tenant)
	for _, outcome := range []entramfa.Outcome{entramfa.Clear, entramfa.MFA, entramfa.Blocked} {
		assert.Positive(t, met[outcome], "%s: %v", outcome, met)
	}
}
