package graphfake

import (
	"slices"

	"github.com/entramfa/entramfa/policy"
)

// writeStrengths: from the table that permissions.go names.
var writeStrengths = []string{"Policy.ReadWrite.ConditionalAccess", "Policy.ReadWrite.AuthenticationMethod"}

const strengthRoot = "/identity/conditionalAccess/authenticationStrength"

// strengthPaths are the names of a path under the strengths, the first one first.
func strengthPaths(rest string) (path string, aliases []string) {
	return strengthRoot + "/policies" + rest, []string{
		"/" + strengthsPath + rest, "/identity/conditionalAccess/authenticationStrengths/policies" + rest,
		"/conditionalAccess/authenticationStrength/policies" + rest,
	}
}

// strengthRoute makes a route below the strengths.
func strengthRoute(r route, rest string) route {
	r.path, r.aliases = strengthPaths(rest)
	r.service = conditionalAccess
	r.permissions = readStrengths
	if r.success != 0 {
		r.permissions = writeStrengths
	}
	return r
}

// strengthRoutes are the calls of authentication strengths that are no list or get of them.
var strengthRoutes = []route{
	strengthRoute(route{method: "POST", success: created, serve: postStrength}, ""),
	strengthRoute(route{method: "PATCH", success: done, serve: patchStrength}, "/{}"),
	strengthRoute(route{method: "DELETE", success: done, serve: deleteStrength}, "/{}"),
	strengthRoute(route{method: "POST", success: 200, serve: updateCombinations}, "/{}/updateAllowedCombinations"),
	strengthRoute(route{method: "POST", success: 200, serve: updateCombinations}, "/{}/microsoft.graph.updateAllowedCombinations"),
	strengthRoute(route{method: "GET", serve: getUsage}, "/{}/usage"),
	strengthRoute(route{method: "GET", serve: getUsage}, "/{}/usage()"),
	strengthRoute(route{method: "GET", serve: getUsage}, "/{}/microsoft.graph.usage()"),
	strengthRoute(route{method: "GET", options: skipOptions, filterable: []string{"id"}, serve: listConfigurations}, "/{}/combinationConfigurations"),
	strengthRoute(route{method: "POST", success: created, serve: postConfiguration}, "/{}/combinationConfigurations"),
	strengthRoute(route{method: "GET", options: entityOptions, serve: getConfiguration}, "/{}/combinationConfigurations/{}"),
	strengthRoute(route{method: "PATCH", success: done, serve: patchConfiguration}, "/{}/combinationConfigurations/{}"),
	strengthRoute(route{method: "DELETE", success: done, serve: deleteConfiguration}, "/{}/combinationConfigurations/{}"),

	{method: "GET", path: strengthRoot + "/authenticationMethodModes", service: conditionalAccess, permissions: readStrengths,
		options: skipOptions, filterable: []string{"id"}, serve: listModes},
	{method: "GET", path: strengthRoot + "/authenticationMethodModes/{}", service: conditionalAccess, permissions: readStrengths,
		options: entityOptions, serve: getMode},
	{method: "GET", path: strengthRoot + "/combinations", service: conditionalAccess, permissions: readStrengths, serve: listCombinations},
}

const strengthKind = "microsoft.graph.authenticationStrengthPolicy"

func postStrength(d *directory, t *Tenant, c *call) (answer, error) {
	strength, err := t.createStrength(d, c.body)
	return entity(strengthsPath, strengthKind, strengthShape, strength, err)
}

func patchStrength(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.patchStrength(d, c.vars[0], c.body)
}

func deleteStrength(d *directory, t *Tenant, c *call) (answer, error) {
	return answer{}, t.deleteStrength(d, c.vars[0])
}

// updateCombinations answers what the combinations were and are, and which policies it concerns.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-updateallowedcombinations.
func updateCombinations(d *directory, t *Tenant, c *call) (answer, error) {
	before, after, err := t.changeCombinations(d, c.vars[0], c.body)
	if err != nil {
		return answer{}, err
	}
	references := []string{}
	for _, p := range d.policiesWith(after.ID) {
		references = append(references, p.ID)
	}
	return c.plain("microsoft.graph.updateAllowedCombinationsResult",
		member{"previousCombinations", raw(before.AllowedCombinations)},
		member{"currentCombinations", raw(after.AllowedCombinations)},
		member{"conditionalAccessReferences", raw(references)},
		member{"additionalInformation", raw(nil)}), nil
}

// getUsage answers the policies that name a strength: those that demand MFA by it,
// which can't be undermined by a change, and the others.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-usage.
func getUsage(d *directory, t *Tenant, c *call) (answer, error) {
	strength, err := d.heldStrength(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	if err := d.policiesHeld(); err != nil {
		return answer{}, err
	}
	lists := map[bool][]object{true: {}, false: {}}
	for _, p := range d.policiesWith(strength.ID) {
		if c.version == beta || !beyondV1(p) {
			demands := demandsMFA(p, strength)
			lists[demands] = append(lists[demands], policyShape.show(objectOf(d.withStrength(p)), viewOf(c.version, c.header)))
		}
	}
	return c.plain("microsoft.graph.authenticationStrengthUsage", member{"none", raw(lists[false])}, member{"mfa", raw(lists[true])}), nil
}

// modeShape: https://learn.microsoft.com/graph/api/resources/authenticationmethodmodedetail.
var modeShape = same("null", "id", "displayName", "authenticationMethod")

// modeRows: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-authenticationmethodmodes.
func modeRows() []object {
	var rows []object
	for _, mode := range [][3]string{
		{"password", "Password", "password"},
		{"voice", "Voice", "voice"},
		{"hardwareOath", "Hardware OATH tokens", "hardwareOath"},
		{"softwareOath", "Software OATH tokens", "softwareOath"},
		{"sms", "SMS", "sms"},
		{"fido2", "FIDO2 Security Key", "fido2"},
		{"windowsHelloForBusiness", "Windows Hello for Business", "windowsHelloForBusiness"},
		{"microsoftAuthenticatorPush", "Microsoft Authenticator (push notification)", "microsoftAuthenticator"},
		{"deviceBasedPush", "Microsoft Authenticator (Passwordless)", "microsoftAuthenticator"},
		{"temporaryAccessPassOneTime", "Temporary Access Pass (one-time use)", "temporaryAccessPass"},
		{"temporaryAccessPassMultiUse", "Temporary Access Pass (multi-use)", "temporaryAccessPass"},
		{"email", "Email one-time passcode", "email"},
		{"x509CertificateSingleFactor", "Certificate-based authentication (single factor)", "x509Certificate"},
		{"x509CertificateMultiFactor", "Certificate-based authentication (multifactor)", "x509Certificate"},
		{"federatedSingleFactor", "Federation (single factor)", "federation"},
		{"federatedMultiFactor", "Federation (multifactor)", "federation"},
	} {
		rows = append(rows, object{{"id", raw(mode[0])}, {"displayName", raw(mode[1])}, {"authenticationMethod", raw(mode[2])}})
	}
	return rows
}

const (
	modesPath = "identity/conditionalAccess/authenticationStrength/authenticationMethodModes"
	modeKind  = "microsoft.graph.authenticationMethodModeDetail"
)

func listModes(d *directory, t *Tenant, c *call) (answer, error) {
	return list(modesPath, modeKind, modeShape, modeRows(), nil)
}

func getMode(d *directory, t *Tenant, c *call) (answer, error) {
	rows := modeRows()
	at := slices.IndexFunc(rows, func(o object) bool { return sameText(o.text("id"), c.vars[0]) })
	if at < 0 {
		return answer{}, notFoundCA("AuthenticationMethodModeDetail", c.vars[0])
	}
	return entity(modesPath, modeKind, modeShape, rows[at], nil)
}

func listCombinations(d *directory, t *Tenant, c *call) (answer, error) {
	return c.plain("identity/conditionalAccess/authenticationStrength/combinations", member{"value", raw(knownCombinations())}), nil
}

// knownCombinations are all that a strength can allow, those that are MFA first.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-authenticationmethodmodes.
func knownCombinations() []policy.Flags {
	return append(strongCombinations(), "x509CertificateSingleFactor", "sms", "password", "federatedSingleFactor", "email")
}

// strongCombinations are those that are MFA: what the built-in strength of this name
// allows, with two that a template of Microsoft's writes there.
func strongCombinations() []policy.Flags {
	return append(builtInStrengths()[0].AllowedCombinations, "password,x509CertificateSingleFactor", "password,x509CertificateMultiFactor")
}
