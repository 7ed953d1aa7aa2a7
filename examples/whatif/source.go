package main

import (
	"io"

	"github.com/entramfa/entramfa/examples/internal/open"
)

// open opens what the command line asks for: a real tenant, a folder, or the
// built-in tenant.
func (o options) open(stderr io.Writer) (tenant, error) {
	switch {
	case o.tenant != "":
		return open.Tenant(o.tenant, o.cloud)
	case len(o.load) > 0:
		return open.Folders(o.load, stderr)
	}
	return embeddedTenant()
}
