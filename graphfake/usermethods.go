package graphfake

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
)

// The methods of an account by their type, beside its phones.

// methodType is a type of methods with a list of its own.
type methodType struct {
	segment, kind string
	// family is the one of the permissions, UserAuthMethod-Email.Read.All for instance;
	// from the table that permissions.go names.
	family string
	shape  shape
	beta   bool
	fixed  bool // it can't be deleted
}

// methodTypes: https://learn.microsoft.com/graph/api/resources/authenticationmethods-overview and the types under it.
var methodTypes = []methodType{
	{segment: "microsoftAuthenticatorMethods", kind: "microsoftAuthenticatorAuthenticationMethod", family: "MicrosoftAuthApp",
		shape: same("null", "id", "createdDateTime", "displayName", "deviceTag", "phoneAppVersion")},
	{segment: "fido2Methods", kind: "fido2AuthenticationMethod", family: "Passkey",
		shape: slices.Concat(same("null", "id", "displayName", "createdDateTime", "aaGuid", "model"), same("[]", "attestationCertificates"), same("null", "attestationLevel"))},
	{segment: "softwareOathMethods", kind: "softwareOathAuthenticationMethod", family: "SoftwareOATH",
		shape: same("null", "id", "secretKey", "createdDateTime")},
	{segment: "hardwareOathMethods", kind: "hardwareOathAuthenticationMethod", family: "HardwareOATH", beta: true,
		shape: same("null", "id", "createdDateTime")},
	{segment: "temporaryAccessPassMethods", kind: "temporaryAccessPassAuthenticationMethod", family: "TAP",
		shape: same("null", "id", "temporaryAccessPass", "createdDateTime", "startDateTime", "lifetimeInMinutes", "isUsableOnce", "isUsable", "methodUsabilityReason")},
	{segment: "emailMethods", kind: "emailAuthenticationMethod", family: "Email",
		shape: same("null", "id", "emailAddress")},
	{segment: "windowsHelloForBusinessMethods", kind: "windowsHelloForBusinessAuthenticationMethod", family: "WindowsHello",
		shape: same("null", "id", "displayName", "createdDateTime", "keyStrength")},
	{segment: "platformCredentialMethods", kind: "platformCredentialAuthenticationMethod", family: "PlatformCred",
		shape: same("null", "id", "displayName", "createdDateTime", "keyStrength", "platform")},
	{segment: "passwordMethods", kind: "passwordAuthenticationMethod", family: "Password", fixed: true,
		shape: same("null", "id", "password", "createdDateTime")},
}

func (k methodType) reads() []string {
	prefix := "UserAuthMethod-" + k.family
	return append([]string{prefix + ".Read.All", prefix + ".ReadWrite.All"}, readMethods...)
}

func (k methodType) writes() []string {
	return []string{"UserAuthMethod-" + k.family + ".ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
}

func (k methodType) path() string { return "/users/{}/authentication/" + k.segment }

func (k methodType) odataType() string { return "#microsoft.graph." + k.kind }

func (k methodType) context(c *call) string {
	return "users('" + c.vars[0] + "')/authentication/" + k.segment
}

// userMethodRoutes are the lists of each type, and what beside them is about methods.
var userMethodRoutes = func() []route {
	all := []route{
		{method: "GET", path: "/users/{}/authentication/methods/{}", service: authenticationMethods, permissions: readMethods, options: entityOptions, watched: true, serve: getMethod},
		{method: "POST", path: passes.path(), service: authenticationMethods, permissions: passes.writes(), success: created, serve: postPass},
		{method: "POST", path: emails.path(), service: authenticationMethods, permissions: emails.writes(), success: created, serve: postEmail},
		{method: "PATCH", path: emails.path() + "/{}", service: authenticationMethods, permissions: emails.writes(), success: done, serve: patchEmail},
		{method: "GET", path: preferencesPath, beta: true, service: authenticationMethods, permissions: readMethods, options: entityOptions, serve: getPreferences},
		{method: "PATCH", path: preferencesPath, beta: true, service: authenticationMethods, permissions: writeMethods, success: done, serve: patchPreferences},
	}
	for _, k := range methodTypes {
		one := route{service: authenticationMethods, permissions: k.reads(), beta: k.beta, watched: true}
		listed, got, deleted := one, one, one
		listed.method, listed.path, listed.options, listed.serve = "GET", k.path(), listOptions, k.list
		listed.filterable = []string{"id"}
		got.method, got.path, got.options, got.serve = "GET", k.path()+"/{}", entityOptions, k.get
		deleted.method, deleted.path, deleted.permissions, deleted.success, deleted.serve = "DELETE", k.path()+"/{}", k.writes(), done, k.delete
		deleted.watched = false
		all = append(all, listed, got)
		if !k.fixed {
			all = append(all, deleted)
		}
	}
	return all
}()

var writeMethods = []string{"UserAuthenticationMethod.ReadWrite.All"}

func methodTypeOf(segment string) methodType {
	return methodTypes[slices.IndexFunc(methodTypes, func(k methodType) bool { return k.segment == segment })]
}

var passes, emails = methodTypeOf("temporaryAccessPassMethods"), methodTypeOf("emailMethods")

// rows are the methods of the type that an account has. A list of one type doesn't name it.
func (k methodType) rows(d *directory, t *Tenant, user string) ([]object, error) {
	rows, err := d.methodRows(user, func(m method) bool { return sameText(m.Type, k.odataType()) })
	rows = t.withUsability(d, user, rows)
	for i := range rows {
		rows[i] = rows[i].without("@odata.type")
	}
	return rows, err
}

func (k methodType) list(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := k.rows(d, t, c.vars[0])
	return list(k.context(c), "microsoft.graph."+k.kind, k.shape, rows, err)
}

func (k methodType) get(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := k.rows(d, t, c.vars[0])
	return k.one(c, rows, c.vars[1], err)
}

func (k methodType) one(c *call, rows []object, id string, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	at := slices.IndexFunc(rows, func(o object) bool { return sameText(o.text("id"), id) })
	if at < 0 {
		return answer{}, noMethod(id)
	}
	return entity(k.context(c), "microsoft.graph."+k.kind, k.shape, rows[at], nil)
}

// delete removes a method, which can't be the default one: so Microsoft documents it for phones.
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete.
func (k methodType) delete(d *directory, t *Tenant, c *call) (answer, error) {
	owner, err := t.methodOwner(d, c.who, c.vars[0])
	if err != nil {
		return answer{}, err
	}
	methods := d.methods.at(owner.ID)
	at := slices.IndexFunc(methods, func(m method) bool { return sameText(m.Type, k.odataType()) && sameText(m.ID, c.vars[1]) })
	switch {
	case at < 0:
		return answer{}, noMethod(c.vars[1])
	case sameText(d.defaultMethods.at(owner.ID), methods[at].ID):
		return answer{}, badPhone("The method is the default one of the user and can't be removed.")
	}
	t.writeMethods(d, owner.ID, slices.Delete(slices.Clone(methods), at, at+1))
	return answer{}, nil
}

// methodOwner returns the account whose methods who calls may change: its own, or one
// that its roles reach.
func (t *Tenant) methodOwner(d *directory, who mfa.Identity, user string) (mfa.User, error) {
	owner, err := d.user(user)
	if err == nil {
		err = d.held.needOf(factMethods, owner)
	}
	if err != nil || self(who, owner) {
		return owner, err
	}
	return owner, t.mayManage(d, who, owner, mayChangeMethods, deniedMethods())
}

// getMethod answers one method of any type.
func getMethod(d *directory, t *Tenant, c *call) (answer, error) {
	rows, err := d.methodRows(c.vars[0], anyMethod)
	if err != nil {
		return answer{}, err
	}
	for _, row := range t.withUsability(d, c.vars[0], rows) {
		if sameText(row.text("id"), c.vars[1]) {
			return entity("users('"+c.vars[0]+"')/authentication/methods", "microsoft.graph.authenticationMethod", methodShape, row, nil)
		}
	}
	return answer{}, noMethod(c.vars[1])
}

// readMethod reads the body of a write of a method.
func readMethod(kind methodType, body []byte, fields ...field) (object, error) {
	writes := writable{"microsoft.graph." + kind.kind, "badRequest", fields}
	sent, err := writes.read(body)
	if named := sent.text("@odata.type"); err == nil && named != "" && !strings.EqualFold(named, kind.odataType()) {
		err = writes.refuse("The @odata.type '%s' is wanted.", kind.odataType())
	}
	return sent.without("@odata.type"), err
}
