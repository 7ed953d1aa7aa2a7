package graphfake

import (
	"crypto"
	"crypto/x509"
	"time"
)

// Application is an app registration with its service principal in the tenant.
type Application struct {
	// ID is the application (client) id.
	ID string
	// Secret is the client secret; empty means that the application has none. No
	// answer, log or error holds it.
	Secret string
	// SecretExpires is when the secret stops working; zero means never.
	SecretExpires time.Time
	// Certificate or PublicKey, an *rsa.PublicKey, verifies client assertions.
	Certificate *x509.Certificate
	PublicKey   crypto.PublicKey
	// Permissions are the application permissions that an administrator has
	// consented to, Policy.Read.All for instance; they are the roles of its tokens.
	Permissions []string
	// Scopes are the delegated permissions for Microsoft Graph that an administrator
	// has consented to for everybody: its users' tokens hold them. To those of other
	// resources nobody need have consented.
	Scopes []string
}

// AddApplication adds an application and returns its id, a new one where it has
// none. One with the same id is replaced.
func (t *Tenant) AddApplication(application Application) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	application.ID = t.idOr(application.ID)
	application.Permissions = append([]string(nil), application.Permissions...)
	application.Scopes = append([]string(nil), application.Scopes...)
	t.directory.applications.put(application.ID, application)
	return application.ID
}
