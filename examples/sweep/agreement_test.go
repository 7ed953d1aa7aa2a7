package main

import (
	"testing"

	"github.com/entramfa/entramfa/examples/internal/opentest"
)

// TestCheckAndSignInAgree signs every account of the built-in tenant in: what the
// check says is what the sign-in meets and what the log holds.
func TestCheckAndSignInAgree(t *testing.T) {
	opentest.Agrees(t, opentest.BuiltIn(t, embeddedTenant))
}
