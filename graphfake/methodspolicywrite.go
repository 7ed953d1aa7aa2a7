package graphfake

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
)

// The policy of authentication methods as writes make it. The words of refusals are
// not published.

const (
	configurationsURL = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
	methodConfigKind  = "microsoft.graph.authenticationMethodConfiguration"
)

var writeMethodsPolicy = []string{"Policy.ReadWrite.AuthenticationMethod"}

var methodsPolicyRoutes = []route{
	{method: "PATCH", path: "/policies/authenticationMethodsPolicy", service: conditionalAccess, permissions: writeMethodsPolicy, success: done, serve: patchMethodsPolicy},
	{method: "GET", path: configurationsURL, service: conditionalAccess, permissions: readMethodsPolicy, options: skipOptions,
		filterable: []string{"id", "state"}, serve: listMethodConfigurations},
	{method: "GET", path: configurationsURL + "/{}", service: conditionalAccess, permissions: readMethodsPolicy, options: entityOptions, serve: getMethodConfiguration},
	{method: "PATCH", path: configurationsURL + "/{}", service: conditionalAccess, permissions: writeMethodsPolicy, success: done, serve: patchMethodConfiguration},
	{method: "DELETE", path: configurationsURL + "/{}", service: conditionalAccess, permissions: writeMethodsPolicy, success: done, serve: resetMethodConfiguration},
}

// methodsPolicyWrites: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-update;
// beta has one member more.
var (
	methodsPolicyWrites = writable{"microsoft.graph.authenticationMethodsPolicy", "BadRequest", []field{
		{"registrationEnforcement", fits(registrationEnforcement)},
		{"reportSuspiciousActivitySettings", isObject},
		{"policyMigrationState", orNull(oneOf("preMigration", "migrationInProgress", "migrationComplete"))},
	}}
	methodsPolicyBetaWrites = writable{methodsPolicyWrites.kind, "BadRequest",
		append(slices.Clip(methodsPolicyWrites.fields), field{"systemCredentialPreferences", isObject})}

	registrationEnforcement = writable{"microsoft.graph.registrationEnforcement", "BadRequest", []field{
		{"authenticationMethodsRegistrationCampaign", orNull(isObject)}}}
)

// configurationFields are what a configuration has beside its state and its targets.
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodconfiguration and the types under it.
var configurationFields = map[string][]field{
	"Fido2": {{"isSelfServiceRegistrationAllowed", orNull(isBool)}, {"isAttestationEnforced", orNull(isBool)}, {"keyRestrictions", orNull(isObject)},
		{"defaultPasskeyProfile", orNull(isText)}, {"passkeyProfiles", isObjects}},
	"MicrosoftAuthenticator": {{"isSoftwareOathEnabled", orNull(isBool)}, {"featureSettings", orNull(isObject)}},
	"TemporaryAccessPass": {{"defaultLength", isInt}, {"defaultLifetimeInMinutes", isInt}, {"minimumLifetimeInMinutes", isInt},
		{"maximumLifetimeInMinutes", isInt}, {"isUsableOnce", isBool}},
	"Voice": {{"isOfficePhoneAllowed", orNull(isBool)}},
	"Email": {{"allowExternalIdToUseEmailOtp", oneOf("default", "enabled", "disabled")}},
	"X509Certificate": {{"certificateUserBindings", isObjects}, {"authenticationModeConfiguration", orNull(isObject)},
		{"certificateAuthorityScopes", isObjects}, {"crlValidationConfiguration", orNull(isObject)}, {"issuerHintsConfiguration", orNull(isObject)}},
}

// targetFields are what a target has beside its id and its type.
var targetFields = map[string][]field{
	"Sms":                    {{"isUsableForSignIn", orNull(isBool)}},
	"MicrosoftAuthenticator": {{"authenticationMode", orNull(oneOf("any", "push", "deviceBasedPush"))}, {"outlookMobileAllowedState", isText}, {"numberMatchingRequiredState", isText}, {"displayAppInformationRequiredState", isText}},
	"Fido2":                  {{"allowedPasskeyProfiles", isTexts}},
}

// usualConfiguration is what a configuration holds that nobody changed, as the
// reference shows it: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get.
var usualConfiguration = map[string]string{
	"Fido2":               `{"isSelfServiceRegistrationAllowed":true,"isAttestationEnforced":true,"keyRestrictions":{"isEnforced":false,"enforcementType":"block","aaGuids":[]}}`,
	"TemporaryAccessPass": `{"defaultLifetimeInMinutes":60,"defaultLength":8,"minimumLifetimeInMinutes":60,"maximumLifetimeInMinutes":480,"isUsableOnce":false}`,
	"Email":               `{"allowExternalIdToUseEmailOtp":"default"}`,
	"Voice":               `{"isOfficePhoneAllowed":false}`,
}

// fits is a check of an object by what a write of it may hold.
func fits(w writable) func(json.RawMessage) bool {
	return func(value json.RawMessage) bool {
		_, err := w.read(value)
		return err == nil
	}
}

func areTargets(id string, more ...field) func(json.RawMessage) bool {
	target := writable{"microsoft.graph.authenticationMethodTarget", "BadRequest",
		append([]field{{"id", isText}, {"targetType", oneOf("group", "user")}}, more...)}
	return func(value json.RawMessage) bool {
		var list []json.RawMessage
		if !isObjects(value) || json.Unmarshal(value, &list) != nil {
			return false
		}
		return !slices.ContainsFunc(list, func(item json.RawMessage) bool {
			read, err := target.read(item)
			return err != nil || target.need(read, "id", "targetType") != nil
		})
	}
}

// configurationWrites is what a PATCH of a configuration may hold.
func configurationWrites(id string) writable {
	id = canonicalID(id)
	included := append([]field{{"isRegistrationRequired", orNull(isBool)}}, targetFields[id]...)
	return writable{strings.TrimPrefix(configurationType(id), "#"), "BadRequest", append([]field{
		{"id", isText}, {"state", oneOf("enabled", "disabled")}, {"includeTargets", areTargets(id, included...)}, {"excludeTargets", areTargets(id)},
	}, configurationFields[id]...)}
}

// canonicalID writes the id of a configuration as the service does.
func canonicalID(id string) string {
	for _, known := range methodPolicies {
		if sameText(id, known) {
			return known
		}
	}
	return id
}

func methodPolicyTable(d *directory) *table[mfa.MethodConfiguration] { return &d.methodPolicies }

// configurationRow is a configuration as Graph writes it.
func configurationRow(c mfa.MethodConfiguration) object {
	row := objectOf(c)
	for _, list := range []string{"includeTargets", "excludeTargets"} {
		if row.get(list) == nil {
			row = row.with(list, json.RawMessage("[]"))
		}
	}
	usual, _ := parseObject([]byte(usualConfiguration[canonicalID(c.ID)]))
	for _, m := range usual {
		if row.get(m.name) == nil {
			row = row.with(m.name, m.value)
		}
	}
	return row
}

func patchMethodsPolicy(d *directory, t *Tenant, c *call) (answer, error) {
	if _, err := d.methodsPolicy(); err != nil {
		return answer{}, err
	}
	writes := methodsPolicyWrites
	if c.version == beta {
		writes = methodsPolicyBetaWrites
	}
	patch, err := writes.read(c.body)
	if err == nil {
		t.writeMethodsPolicy(d, merge(d.methodsPolicyOwn, patch.without("@odata.type")))
	}
	return answer{}, err
}

// writeMethodsPolicy keeps what was written of the policy itself.
func (t *Tenant) writeMethodsPolicy(d *directory, own object) {
	before := d.methodsPolicyOwn
	t.replicate(writtenMethodsPolicy, "", func(d *directory) { d.methodsPolicyOwn = before })
	d.methodsPolicyOwn = own.with("lastModifiedDateTime", raw(timestamp(t.now())))
}

func listMethodConfigurations(d *directory, t *Tenant, c *call) (answer, error) {
	_, err := d.methodsPolicy()
	rows := []object{}
	for _, configuration := range d.methodConfigurations() {
		rows = append(rows, configurationRow(configuration))
	}
	return list(strings.TrimPrefix(configurationsURL, "/"), methodConfigKind, methodConfigShape, rows, err)
}

func getMethodConfiguration(d *directory, t *Tenant, c *call) (answer, error) {
	configuration, err := d.heldConfiguration(c.vars[0])
	return entity(strings.TrimPrefix(configurationsURL, "/"), methodConfigKind, methodConfigShape, configurationRow(configuration), err)
}

// heldConfiguration finds a configuration by its id, without case.
func (d *directory) heldConfiguration(id string) (mfa.MethodConfiguration, error) {
	if _, err := d.methodsPolicy(); err != nil {
		return mfa.MethodConfiguration{}, err
	}
	all := d.methodConfigurations()
	at := slices.IndexFunc(all, func(c mfa.MethodConfiguration) bool { return sameText(c.ID, id) })
	if at < 0 {
		return mfa.MethodConfiguration{}, notFoundCA("AuthenticationMethodConfiguration", id)
	}
	return all[at], nil
}

// patchMethodConfiguration changes a configuration; the body must name its type.
// Source: https://learn.microsoft.com/graph/api/smsauthenticationmethodconfiguration-update.
func patchMethodConfiguration(d *directory, t *Tenant, c *call) (answer, error) {
	before, err := d.heldConfiguration(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	writes := configurationWrites(before.ID)
	patch, err := writes.read(c.body)
	if err != nil {
		return answer{}, err
	}
	if !sameText(patch.text("@odata.type"), before.Type) {
		return answer{}, writes.refuse("The @odata.type '%s' is wanted.", before.Type)
	}
	if id := patch.text("id"); id != "" && !sameText(id, before.ID) {
		return answer{}, writes.refuse("The id of a configuration can not be changed.")
	}
	changed, err := decodeObject[mfa.MethodConfiguration](merge(configurationRow(before), patch.without("id", "@odata.type")))
	if err != nil {
		return answer{}, writes.refuse("%v", err)
	}
	if err := checkPassLifetimes(writes, changed); err != nil {
		return answer{}, err
	}
	t.writeMethodsPolicy(d, d.methodsPolicyOwn)
	writeRow(t, writtenMethodsPolicy, methodPolicyTable, changed.ID, changed)
	return answer{}, nil
}

// checkPassLifetimes: https://learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration.
func checkPassLifetimes(writes writable, c mfa.MethodConfiguration) error {
	if canonicalID(c.ID) != passConfiguration {
		return nil
	}
	var length int
	_ = json.Unmarshal(configurationRow(c).get("defaultLength"), &length) // it fitted
	p := passPolicyOf(c)
	switch {
	case length != p.Length:
		return writes.refuse("defaultLength must be between %d and %d.", shortestLength, longestLength)
	case p.Least < shortestPass || p.Most > longestPass || p.Least > p.Most || p.Usual < p.Least || p.Usual > p.Most:
		return writes.refuse("The lifetimes must be between %d and %d minutes, and defaultLifetimeInMinutes between the minimum and the maximum.", shortestPass, longestPass)
	}
	return nil
}

// resetMethodConfiguration takes back what was changed: the configuration is again as
// a new tenant has it.
// Source: https://learn.microsoft.com/graph/api/smsauthenticationmethodconfiguration-delete.
func resetMethodConfiguration(d *directory, t *Tenant, c *call) (answer, error) {
	configuration, err := d.heldConfiguration(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	t.writeMethodsPolicy(d, d.methodsPolicyOwn)
	usual := mfa.MethodConfiguration{
		Type: configuration.Type, ID: configuration.ID, State: "enabled", IncludeTargets: everybody(), ExcludeTargets: []mfa.MethodTarget{},
	}
	writeRow(t, writtenMethodsPolicy, methodPolicyTable, configuration.ID, usual)
	return answer{}, nil
}

var methodConfigShape = same("", "id", "state", "includeTargets", "excludeTargets")

// methodsPolicySnapshot is what was changed of the policy.
func (d *directory) methodsPolicySnapshot() object {
	rows := []object{}
	for _, configuration := range d.methodPolicies.all() {
		rows = append(rows, configurationRow(configuration))
	}
	return append(slices.Clip(d.methodsPolicyOwn), member{"authenticationMethodConfigurations", raw(sortedByID(rows, methodConfigShape))})
}
