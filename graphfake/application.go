package graphfake

import (
	"crypto"
	"crypto/x509"
	"slices"
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

	added []credential // by calls of Graph; filled where something signs in
	hash  *secretHash  // of Secret; where that is empty, all that is known
}

// AddApplication adds an application and returns its id, a new one where it has
// none. One with the same id is replaced. It stands among the applications and the
// service principals of the directory, and its permissions among the app roles of
// the latter, whose object id is the application id.
func (t *Tenant) AddApplication(application Application) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	application.ID = t.idOr(application.ID)
	application.hash = nil
	application.Permissions = append([]string(nil), application.Permissions...)
	application.Scopes = append([]string(nil), application.Scopes...)
	t.directory.applications.put(application.ID, application)
	t.register(&t.directory, application)
	return application.ID
}

// client is the application that signs in, with the credentials that calls of Graph gave it.
func (d *directory) client(id string) (Application, bool) {
	application, known := d.applications.get(id)
	if principal, ok := registeredAs(d.principals, id); ok && string(principal.row.get("accountEnabled")) == "false" {
		return application, false
	}
	application.added = d.credentialsOf(id)
	return application, known
}

// addedSecret says whether a secret is one that a call of Graph made, and still works.
func (a Application) addedSecret(secret string, at time.Time) bool {
	return slices.ContainsFunc(a.added, func(c credential) bool { return c.valid(at) && c.fits(secret) })
}
