package main

import (
	"embed"

	"github.com/entramfa/entramfa/examples/internal/open"
)

//go:embed tenant
var embedded embed.FS

// embeddedAccounts are one account of each kind of verdict: clear, MFA demanded
// by several sources at once, blocked, and one that can't be told.
func embeddedAccounts() []string {
	return []string{
		"svc-backup@contoso.com",
		"Cloud App Security Service Account for SharePoint",
		"svc-directory@contoso.com",
		"svc-reports@contoso.com",
	}
}

// embeddedTenant is the tenant that the program carries with it.
func embeddedTenant() (open.Reader, error) {
	return open.Embedded(embedded, "tenant")
}
