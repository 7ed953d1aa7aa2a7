package hashicorp_test

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

const (
	tenantID = "11111111-1111-4111-8111-111111111111"
	clientID = "22222222-2222-4222-8222-222222222222"
	secret   = "a secret of this test"
	tooLong  = 30 * time.Second
)

var permissions = []string{
	"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "AuditLog.Read.All", "Directory.ReadWrite.All", "Domain.Read.All",
	"Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess",
	"RoleManagement.ReadWrite.Directory", "User.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All", "Policy.ReadWrite.SecurityDefaults",
}

// TestMain lets one process trust what all its servers are signed by: the clients make
// transports of their own, and believe the roots that the system names.
func TestMain(m *testing.M) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	folder, err := os.MkdirTemp("", "entramfa")
	if err != nil {
		panic(err)
	}
	file := filepath.Join(folder, "root.pem")
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	server.Close()
	if err := os.WriteFile(file, root, 0o600); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", file)
	log.SetOutput(io.Discard) // the clients say every request
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// fake is a tenant behind TLS, with an application that may do all that is tried here.
func fake(t *testing.T) (tenant *graphfake.Tenant, base string) {
	t.Helper()
	tenant = &graphfake.Tenant{TenantID: tenantID}
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service"})
	tenant.AddApplication(graphfake.Application{ID: clientID, Secret: secret, Permissions: permissions})
	server := httptest.NewUnstartedServer(tenant)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(func() { noSurprise(t, tenant) })
	return tenant, server.URL
}

// noSurprise fails where a client asked for what the fake doesn't know: the fake, and
// not only the client's view of it, must be right.
func noSurprise(t *testing.T, tenant *graphfake.Tenant) {
	for _, r := range tenant.Requests() {
		if r.Status == http.StatusMethodNotAllowed || r.Status >= 500 || r.Code == "Request_UnsupportedQuery" {
			t.Errorf("%s %s?%s: %d %s", r.Method, r.Path, r.Query, r.Status, r.Code)
		}
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](t *testing.T, value *T, status int, err error) T {
	t.Helper()
	require.NoError(t, err, "status %d", status)
	require.NotNil(t, value)
	return *value
}
