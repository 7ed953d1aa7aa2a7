package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa/internal/conformance"
)

// TestCheckAndSignInAgree signs every account of the built-in tenants in: what the
// check says is what the sign-in meets and what the log holds.
func TestCheckAndSignInAgree(t *testing.T) {
	for _, name := range []string{"azure", "conditional-access", "security-defaults", "security-defaults-without-licence"} {
		t.Run(name, func(t *testing.T) {
			assert.NotEmpty(t, conformance.Agreement(t, builtIn(t, name)))
		})
	}
}
