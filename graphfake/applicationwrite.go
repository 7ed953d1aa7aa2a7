package graphfake

import (
	"encoding/json"
	"slices"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

// Creating and changing applications and service principals.
// Source: https://learn.microsoft.com/graph/api/application-post-applications and
// https://learn.microsoft.com/graph/api/serviceprincipal-post-serviceprincipals.

var applicationSchema = schema{"Application", applicationShape, slices.Concat(
	[]settable{{"displayName", filledValue, 256}, {"description", textValue, 1024}},
	settables(filledValue, "signInAudience"),
	settables(textValue, "groupMembershipClaims", "notes", "serviceManagementReference", "tokenEncryptionKeyId", "uniqueName", "samlMetadataUrl",
		"defaultRedirectUri", "nativeAuthenticationApisEnabled"),
	settables(textsValue, "identifierUris", "tags"),
	settables(objectsValue, "addIns", "appRoles", "requiredResourceAccess", "keyCredentials"),
	settables(objectValue, "api", "info", "optionalClaims", "parentalControlSettings", "publicClient", "servicePrincipalLockConfiguration",
		"requestSignatureVerification", "web", "spa"),
	settables(flagValue, "isFallbackPublicClient", "isDeviceOnlyAuthSupported"),
)}

var principalSchema = schema{"ServicePrincipal", principalShape, slices.Concat(
	settables(filledValue, "displayName", "servicePrincipalType"),
	settables(textValue, "description", "homepage", "loginUrl", "logoutUrl", "notes", "preferredSingleSignOnMode",
		"preferredTokenSigningKeyThumbprint", "tokenEncryptionKeyId"),
	settables(textsValue, "alternativeNames", "notificationEmailAddresses", "replyUrls", "servicePrincipalNames", "tags"),
	settables(objectsValue, "addIns", "appRoles", "keyCredentials", "oauth2PermissionScopes"),
	settables(objectValue, "samlSingleSignOnSettings", "info"),
	settables(flagValue, "accountEnabled", "appRoleAssignmentRequired"),
)}

// audiences: https://learn.microsoft.com/graph/api/resources/application.
var audiences = []string{"AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}

// newApplicationRow is an application as it is created.
func (t *Tenant) newApplicationRow(d *directory, id, appID, name string) registration {
	var publisher json.RawMessage = raw(nil)
	if domain := d.defaultDomain(); domain != "" {
		publisher = raw(domain)
	}
	return registrationOf(object{
		{"id", raw(id)}, {"appId", raw(appID)}, {"createdDateTime", raw(second(t.now()))}, {"displayName", raw(name)},
		{"publisherDomain", publisher}, {"signInAudience", raw(audiences[0])},
	})
}

// createApplication creates an application, without a service principal. Secrets that
// the body asks for are made, and stand in this answer alone.
func (t *Tenant) createApplication(d *directory, c *call) (object, error) {
	body, refusal := readBodyObject(c.body)
	if refusal != nil {
		return nil, refusal
	}
	if err := applicationSchema.check(body, "passwordCredentials"); err != nil {
		return nil, err
	}
	if err := applicationSchema.need(body, "displayName"); err != nil {
		return nil, err
	}
	if err := d.checkApplication(body, ""); err != nil {
		return nil, err
	}
	keys, err := t.readKeys(body.get("keyCredentials"), nil)
	if err != nil {
		return nil, err
	}
	secrets, err := t.readSecrets(body.get("passwordCredentials"))
	if err != nil {
		return nil, err
	}
	app := t.newApplicationRow(d, t.newID(), t.newID(), "")
	app = registrationOf(merged(app.row, body, "keyCredentials", "passwordCredentials"))
	registeredPlace.put(t, d, app.id, app)
	credentialPlace.put(t, d, app.id, slices.Concat(keys, secrets))
	if id := d.callerObject(c); id != "" {
		t.writeOwner(d, app.id, id)
	}
	return d.registrationRow(app).with("passwordCredentials", raw(revealed(secrets))), nil
}

// callerObject is the id of the account or the service principal that calls, "" where it is none of the tenant's.
func (d *directory) callerObject(c *call) string {
	if kind := d.kindOf(c.who.ID); kind == userType || kind == principalType {
		return c.who.ID
	}
	if principal, ok := registeredAs(d.principals, c.who.Name); ok && c.who.Kind == mfa.IdentityApplication {
		return principal.id
	}
	return ""
}

// checkApplication judges the values that a write gives an application; id is "" for a new one.
func (d *directory) checkApplication(body object, id string) error {
	if body.given("signInAudience") && !slices.Contains(audiences, body.text("signInAudience")) {
		return applicationSchema.invalid("signInAudience")
	}
	if err := d.checkURIs(body, id); err != nil {
		return err
	}
	if err := checkAppRoles(body.get("appRoles")); err != nil {
		return err
	}
	return checkAccess(body.get("requiredResourceAccess"))
}

// checkURIs: an identifier URI belongs to one application.
func (d *directory) checkURIs(body object, id string) error {
	var uris []string
	if body.get("identifierUris") == nil || json.Unmarshal(body.get("identifierUris"), &uris) != nil {
		return nil
	}
	for key, other := range d.registered.each() {
		var taken []string
		if key == fold(id) || json.Unmarshal(other.row.get("identifierUris"), &taken) != nil {
			continue
		}
		if slices.ContainsFunc(uris, func(uri string) bool { return containsFold(taken, uri) }) {
			return alreadyTaken("identifierUris")
		}
	}
	return nil
}

// checkAppRoles: each role has an id of its own and a name.
func checkAppRoles(value json.RawMessage) error {
	roles, err := parseObjects(value)
	if value == nil || err != nil {
		return nil // its type was judged before
	}
	seen := map[string]bool{}
	for _, role := range roles {
		id := fold(role.text("id"))
		if !guid.Is(id) || seen[id] || role.text("displayName") == "" {
			return applicationSchema.invalid("appRoles")
		}
		seen[id] = true
	}
	return nil
}

// checkAccess: what an application asks for names resources and permissions by their ids.
func checkAccess(value json.RawMessage) error {
	resources, err := parseObjects(value)
	if value == nil || err != nil {
		return nil
	}
	for _, resource := range resources {
		access, err := parseObjects(resource.get("resourceAccess"))
		wrong := slices.ContainsFunc(access, func(o object) bool {
			return !guid.Is(o.text("id")) || o.text("type") != "Role" && o.text("type") != "Scope"
		})
		if err != nil || wrong || !guid.Is(resource.text("resourceAppId")) {
			return applicationSchema.invalid("requiredResourceAccess")
		}
	}
	return nil
}

// updateApplication changes members of an application, and of its service principal what follows from them.
func (t *Tenant) updateApplication(d *directory, c *call) error {
	app, err := d.application(c.vars[0])
	if err == nil {
		err = d.mayWriteObject(c, app)
	}
	if err != nil {
		return err
	}
	body, refusal := readBodyObject(c.body)
	if refusal != nil {
		return refusal
	}
	if err := applicationSchema.check(body); err != nil {
		return err
	}
	if err := d.checkApplication(body, app.id); err != nil {
		return err
	}
	if err := t.writeKeys(d, app.id, body); err != nil {
		return err
	}
	changed := registrationOf(merged(app.row, body, "keyCredentials"))
	registeredPlace.put(t, d, app.id, changed)
	if principal, ok := registeredAs(d.principals, app.appID); ok {
		principal.row = followed(principal.row, changed.row, body)
		principalPlace.put(t, d, principal.id, principal)
	}
	return nil
}

// followed writes into a service principal what it takes from its application.
func followed(principal, app, body object) object {
	if body.given("displayName") {
		principal = principal.with("displayName", app.get("displayName")).with("appDisplayName", app.get("displayName"))
	}
	if body.get("appRoles") != nil {
		principal = principal.with("appRoles", app.get("appRoles"))
	}
	if body.get("identifierUris") != nil {
		principal = principal.with("servicePrincipalNames", namesOf(app))
	}
	return principal
}

func namesOf(app object) json.RawMessage {
	names := []string{app.text("appId")}
	var uris []string
	if json.Unmarshal(app.get("identifierUris"), &uris) == nil {
		names = append(names, uris...)
	}
	return raw(names)
}

// mayWriteObject refuses who may write only what it owns to write another's.
// Source: https://learn.microsoft.com/graph/permissions-reference#applicationreadwriteownedby.
func (d *directory) mayWriteObject(c *call, object registration) error {
	if granted(c.roles, writeAnyApp) || d.owners.at(object.id).has(d.callerObject(c)) {
		return nil
	}
	return denied403()
}

// createPrincipal creates the service principal of an application of the tenant, or of one of Microsoft's.
func (t *Tenant) createPrincipal(d *directory, c *call) (object, error) {
	body, refusal := readBodyObject(c.body)
	if refusal != nil {
		return nil, refusal
	}
	if err := principalSchema.check(body, "appId"); err != nil {
		return nil, err
	}
	if err := principalSchema.need(body, "appId"); err != nil {
		return nil, err
	}
	row, err := d.principalFor(t, fold(body.text("appId")))
	if err != nil {
		return nil, err
	}
	keys, err := t.readKeys(body.get("keyCredentials"), nil)
	if err != nil {
		return nil, err
	}
	made := registrationOf(merged(row, body, "keyCredentials", "appId"))
	principalPlace.put(t, d, made.id, made)
	if len(keys) > 0 {
		credentialPlace.put(t, d, made.id, keys)
	}
	if _, own := registeredAs(d.registered, made.appID); own {
		d.applications.put(made.appID, Application{ID: made.appID})
	}
	if id := d.callerObject(c); id != "" {
		t.writeOwner(d, made.id, id)
	}
	return d.registrationRow(made), nil
}

// principalFor makes a service principal for an application.
func (d *directory) principalFor(t *Tenant, appID string) (object, error) {
	if _, taken := d.principalOf(appID); taken {
		return nil, principalNameTaken(appID)
	}
	app, own := registeredAs(d.registered, appID)
	name, owner := app.row.text("displayName"), t.ID()
	if !own {
		name, owner = resourceNames[appID], microsoftTenant
	}
	if name == "" {
		return nil, badRequest("The appId '%s' of the service principal does not reference a valid application object.", appID)
	}
	row := principalRow(t.newID(), appID, name, owner).with("createdDateTime", raw(second(t.now())))
	if own {
		row = row.with("servicePrincipalNames", namesOf(app.row)).with("signInAudience", app.row.get("signInAudience"))
		if app.row.given("appRoles") {
			row = row.with("appRoles", app.row.get("appRoles"))
		}
	}
	return row, nil
}

// updatePrincipal changes members of a service principal.
func (t *Tenant) updatePrincipal(d *directory, c *call) error {
	principal, err := d.ownPrincipal(c)
	if err != nil {
		return err
	}
	body, refusal := readBodyObject(c.body)
	if refusal != nil {
		return refusal
	}
	if err := principalSchema.check(body); err != nil {
		return err
	}
	if err := checkAppRoles(body.get("appRoles")); err != nil {
		return err
	}
	if err := t.writeKeys(d, principal.id, body); err != nil {
		return err
	}
	principal.row = merged(principal.row, body, "keyCredentials")
	principalPlace.put(t, d, principal.id, principal)
	return nil
}

// ownPrincipal is the service principal that a write is about. That of Microsoft
// Graph can't be written; the words are not published.
func (d *directory) ownPrincipal(c *call) (registration, error) {
	principal, err := d.servicePrincipal(c.vars[0])
	if err != nil {
		return principal, err
	}
	if principal.id == graphPrincipalID {
		return principal, badRequest("The service principal of Microsoft Graph can't be changed.")
	}
	return principal, d.mayWriteObject(c, principal)
}
