package main

import (
	"embed"
	"io"
	"io/fs"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
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

// reader opens what the command line asks for: a real tenant, a folder, or the
// embedded tenant.
func (o options) reader(stderr io.Writer) (mfa.Reader, error) {
	switch {
	case o.tenant != "":
		return open.Tenant(o.tenant, o.cloud)
	case len(o.load) > 0:
		return open.Folders(o.load, stderr)
	}
	tenant, err := fs.Sub(embedded, "tenant")
	if err != nil {
		return nil, err
	}
	return graphfake.Load(tenant)
}
