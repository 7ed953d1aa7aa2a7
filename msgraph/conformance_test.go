package msgraph_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/internal/conformance"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// The suite that graphfake passes by its methods, over TLS and the SDK's middleware.
func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T, tenant *graphfake.Tenant) mfa.Reader {
		server := httptest.NewTLSServer(tenant)
		t.Cleanup(server.Close)
		adapter := newAdapterWith(t, grants{tenant, append(allPermissions(), "AuditLog.Read.All")}, server, "127.0.0.1")
		var instant waits
		return instant.on(msgraph.New(adapter, nil))
	})
}

// What changes a tenant, the same way.
func TestConformanceOfWrites(t *testing.T) {
	conformance.RunWrites(t, func(t *testing.T, tenant *graphfake.Tenant) mfa.ReadWriter {
		server := httptest.NewTLSServer(tenant)
		t.Cleanup(server.Close)
		permissions := append(allPermissions(), msgraph.WritePermissions()...)
		permissions = append(permissions, "RoleManagement.ReadWrite.Directory") // for groups that can hold roles
		adapter := newAdapterWith(t, grants{tenant, permissions}, server, "127.0.0.1")
		var instant waits
		return instant.on(msgraph.New(adapter, nil))
	})
}

// What enrols an account, the same way. The tokens are those of an application or of
// a signed-in user, as the tenant's Caller is.
func TestConformanceOfEnrolments(t *testing.T) {
	conformance.RunEnrolment(t, func(t *testing.T, tenant *graphfake.Tenant) mfa.Enroller {
		server := httptest.NewTLSServer(tenant)
		t.Cleanup(server.Close)
		permissions := slices.Concat(allPermissions(), msgraph.WritePermissions(), msgraph.EnrolmentPermissions())
		permissions = append(permissions, "UserAuthenticationMethod.ReadWrite.All") // for resets
		adapter := newAdapterWith(t, grants{tenant, permissions}, server, "127.0.0.1")
		var instant waits
		return instant.on(msgraph.New(adapter, nil))
	})
}
