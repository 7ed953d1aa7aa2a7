package graphfake

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// Applications and service principals as objects of the directory, and the app roles
// that service principals have. What signs in is an Application.

// registration is an application or a service principal.
type registration struct {
	id, appID string
	row       object
}

func registrationOf(row object) registration {
	return registration{row.text("id"), row.text("appId"), row}
}

var (
	registeredPlace = place[registration]{"applications", func(d *directory) *table[registration] { return &d.registered }}
	principalPlace  = place[registration]{"servicePrincipals", func(d *directory) *table[registration] { return &d.principals }}
)

// registeredAs finds one by its application id.
func registeredAs(rows table[registration], appID string) (registration, bool) {
	for _, r := range rows.each() {
		if sameText(r.appID, appID) {
			return r, true
		}
	}
	return registration{}, false
}

// alternateKey reads the form name='value' that a key in brackets may have; the plain key is an id.
func alternateKey(key, name string) (string, bool) {
	given, value, found := strings.Cut(key, "=")
	if !found || given != name {
		return "", false
	}
	return value, true
}

// application finds one by object id, or by appId='...'.
func (d *directory) application(key string) (registration, error) {
	if appID, ok := alternateKey(key, "appId"); ok {
		if found, ok := registeredAs(d.registered, appID); ok {
			return found, nil
		}
		return registration{}, notFound(appID)
	}
	if found, ok := d.registered.get(key); ok {
		return found, nil
	}
	return registration{}, notFound(key)
}

// servicePrincipal finds one by object id, or by appId='...'. That of Microsoft Graph is in every tenant.
func (d *directory) servicePrincipal(key string) (registration, error) {
	if appID, ok := alternateKey(key, "appId"); ok {
		if found, ok := d.principalOf(appID); ok {
			return found, nil
		}
		return registration{}, notFound(appID)
	}
	if found, ok := d.principals.get(key); ok {
		return found, nil
	}
	if sameText(key, graphPrincipalID) {
		return graphPrincipal(), nil
	}
	return registration{}, notFound(key)
}

func (d *directory) principalOf(appID string) (registration, bool) {
	if found, ok := registeredAs(d.principals, appID); ok {
		return found, true
	}
	return graphPrincipal(), sameText(appID, mfa.MicrosoftGraph)
}

// allPrincipals lists Microsoft Graph's before the others.
func (d *directory) allPrincipals() []object {
	rows := []object{}
	if _, own := registeredAs(d.principals, mfa.MicrosoftGraph); !own {
		rows = append(rows, graphPrincipal().row)
	}
	return append(rows, rowsIn(d.principals)...)
}

func rowsIn(registrations table[registration]) []object {
	rows := make([]object, 0, registrations.len())
	for _, r := range registrations.each() {
		rows = append(rows, r.row)
	}
	return rows
}

// microsoftTenant owns the applications of Microsoft.
const microsoftTenant = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

// graphPrincipalID is the object id of the service principal of Microsoft Graph. In
// the service it is another one in each tenant.
var graphPrincipalID = derivedID("servicePrincipal", mfa.MicrosoftGraph)

// graphPrincipal is the service principal of Microsoft Graph, without its app roles.
func graphPrincipal() registration {
	row := principalRow(graphPrincipalID, mfa.MicrosoftGraph, "Microsoft Graph", microsoftTenant)
	row = row.with("servicePrincipalNames", raw([]string{"https://graph.microsoft.com", mfa.MicrosoftGraph}))
	return registrationOf(row)
}

func principalRow(id, appID, name, owner string) object {
	return object{
		{"id", raw(id)}, {"accountEnabled", raw(true)}, {"appDisplayName", raw(name)}, {"appId", raw(appID)},
		{"appOwnerOrganizationId", raw(owner)}, {"appRoleAssignmentRequired", raw(false)}, {"displayName", raw(name)},
		{"servicePrincipalNames", raw([]string{appID})}, {"servicePrincipalType", raw("Application")}, {"signInAudience", raw("AzureADMultipleOrgs")},
	}
}

// derivedID makes an id that is the same in every run, of whatever it is made of.
func derivedID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(parts, "/"))))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // version 4, RFC 4122
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// routePermissions are the permissions that open routes.
func routePermissions() []string {
	var names []string
	for _, table := range routeTables() {
		for _, r := range table {
			names = slices.Concat(append(names, r.permissions...), slices.Concat(r.also...))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// withRoles gives the service principal of Microsoft Graph its app roles: the
// permissions that open routes.
func (c *call) withRoles(principal object) object {
	if !sameText(principal.text("appId"), mfa.MicrosoftGraph) || principal.given("appRoles") {
		return principal
	}
	roles := []object{}
	for _, name := range c.permissions() {
		if name == "Directory.AccessAsUser.All" {
			continue // it is delegated alone
		}
		roles = append(roles, object{
			{"allowedMemberTypes", raw([]string{"Application"})}, {"description", raw(name)}, {"displayName", raw(name)},
			{"id", raw(graphRoleID(name))}, {"isEnabled", raw(true)}, {"origin", raw("Application")}, {"value", raw(name)},
		})
	}
	return principal.with("appRoles", raw(roles))
}

// graphRoleID is the id of an app role of Microsoft Graph, a made one where it isn't listed.
func graphRoleID(name string) string {
	if id, ok := graphRoleIDs[name]; ok {
		return id
	}
	return derivedID("appRole", name)
}

// roleGrant is an app role that a principal has at a resource.
// Source: https://learn.microsoft.com/graph/api/resources/approleassignment.
type roleGrant struct {
	principal, resource, role string // ids; of principal and resource object ids
	value                     string // the name of the role, which stands in tokens; "" for none
	at                        time.Time
}

// id is made of what is assigned: the same cannot be assigned twice.
func (g roleGrant) id() string {
	sum := sha256.Sum256([]byte(strings.ToLower(g.principal + "/" + g.resource + "/" + g.role)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// addGrant keeps a role, and has the tokens of its application carry it.
func (d *directory) addGrant(g roleGrant) {
	d.grants.put(g.id(), g)
	d.permit(g.principal)
}

func (d *directory) dropGrant(g roleGrant) {
	d.grants.remove(g.id())
	d.permit(g.principal)
}

// permit writes the app roles that a service principal has at Microsoft Graph into
// the application with which it signs in.
func (d *directory) permit(principalID string) {
	principal, known := d.principals.get(principalID)
	if !known {
		return
	}
	client, known := d.applications.get(principal.appID)
	if !known {
		return
	}
	client.Permissions = []string{}
	graph, _ := d.principalOf(mfa.MicrosoftGraph)
	for _, g := range d.grants.each() {
		if fold(g.principal) == fold(principalID) && fold(g.resource) == fold(graph.id) && g.value != "" {
			client.Permissions = append(client.Permissions, g.value)
		}
	}
	d.applications.put(client.ID, client)
}

// writeGrant and eraseGrant are the writes of a role. Tokens carry it at once.
func (t *Tenant) writeGrant(d *directory, g roleGrant) {
	t.replicate(writtenObject, "grants/"+g.id(), func(d *directory) { d.grants.remove(g.id()) })
	d.addGrant(g)
}

func (t *Tenant) eraseGrant(d *directory, g roleGrant) {
	t.replicate(writtenObject, "grants/"+g.id(), func(d *directory) { d.grants.put(g.id(), g) })
	d.dropGrant(g)
}

// roleAt finds an app role of a resource by its id. Every resource has the one of
// all zeros, which has no name.
func roleAt(resource registration, id string) (value string, found bool) {
	if id == "00000000-0000-0000-0000-000000000000" {
		return "", true
	}
	roles, _ := parseObjects(resource.row.get("appRoles"))
	for _, role := range roles {
		if sameText(role.text("id"), id) {
			return role.text("value"), string(role.get("isEnabled")) != "false"
		}
	}
	return "", false
}

// register gives an application that is arranged its objects in the directory.
func (t *Tenant) register(d *directory, application Application) {
	principal, known := registeredAs(d.principals, application.ID)
	if !known {
		if _, there := registeredAs(d.registered, application.ID); !there {
			app := t.newApplicationRow(d, derivedID("application", application.ID), application.ID, application.ID)
			d.registered.put(app.id, app)
		}
		// The object id is the application id: arranged applications are named by it.
		principal = registrationOf(principalRow(application.ID, application.ID, application.ID, t.ID()))
		d.principals.put(principal.id, principal)
	}
	graph, _ := d.principalOf(mfa.MicrosoftGraph)
	for id, g := range d.grants.each() {
		if fold(g.principal) == fold(principal.id) && fold(g.resource) == fold(graph.id) {
			d.grants.remove(id)
		}
	}
	for _, name := range application.Permissions {
		g := roleGrant{principal: principal.id, resource: graph.id, role: graphRoleID(name), value: name, at: t.now()}
		d.grants.put(g.id(), g)
	}
}

// credential is a secret or a certificate that was added to an application or a
// service principal. It is compared, and never shown.
type credential struct {
	row    object // as it is listed
	secret string // "" where only its hash is known
	hash   *secretHash
	key    []byte // a certificate, DER
}

// fits says whether it is a secret, and this one.
func (c credential) fits(given string) bool {
	if c.secret != "" {
		return equalSecret(given, c.secret)
	}
	return c.hash.fits(given)
}

func (c credential) id() string { return c.row.text("keyId") }

// valid says whether a credential works at a time.
func (c credential) valid(at time.Time) bool {
	from, wrongStart := c.row.date("startDateTime")
	until, wrongEnd := c.row.date("endDateTime")
	return wrongStart == nil && wrongEnd == nil && !at.Before(from) && (until.IsZero() || at.Before(until))
}

// credentialsOf lists the credentials with which an application signs in: its own and
// those of its service principal.
func (d *directory) credentialsOf(appID string) []credential {
	var all []credential
	if app, ok := registeredAs(d.registered, appID); ok {
		all = append(all, d.credentials.at(app.id)...)
	}
	if principal, ok := registeredAs(d.principals, appID); ok {
		all = append(all, d.credentials.at(principal.id)...)
	}
	return all
}

func principalNameTaken(appID string) error {
	refusal := graphError(http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue",
		"The service principal cannot be created, updated, or restored because the service principal name %s is already in use.", appID)
	refusal.Kind = entramfa.ErrConflict
	return refusal
}

// principalOf is the object id and the name that the tokens of an application carry.
func (t *Tenant) principalOf(appID string) (id, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	principal, _ := registeredAs(t.directory.principals, appID)
	return t.directory.objectIDOf(appID), principal.row.text("displayName")
}

func (d *directory) objectIDOf(appID string) string {
	if principal, ok := registeredAs(d.principals, appID); ok {
		return principal.id
	}
	return appID
}
