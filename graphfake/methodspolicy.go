package graphfake

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
)

// methodPolicies are the methods that a policy allows, as a new tenant has them.
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodconfiguration.
var methodPolicies = []string{"Fido2", "MicrosoftAuthenticator", "Sms", "TemporaryAccessPass", "HardwareOath", "SoftwareOath", "Voice", "Email", "X509Certificate"}

// allUsers is the target that everybody is.
const allUsers = "all_users"

// SetMethodPolicy arranges for whom a method is allowed. ID says which, Sms for
// instance; a State that is empty means enabled, IncludeTargets nil everybody. Of a
// method that nothing was arranged for everybody is allowed it. In a tenant that was
// loaded the policy is known from then on.
func (t *Tenant) SetMethodPolicy(configuration mfa.MethodConfiguration) {
	c := isolated(configuration)
	if c.State == "" {
		c.State = "enabled"
	}
	if c.Type == "" {
		c.Type = configurationType(c.ID)
	}
	if c.IncludeTargets == nil {
		c.IncludeTargets = everybody()
	}
	if c.ExcludeTargets == nil {
		c.ExcludeTargets = []mfa.MethodTarget{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.directory.methodPolicies.put(c.ID, c)
}

func everybody() []mfa.MethodTarget { return []mfa.MethodTarget{{TargetType: "group", ID: allUsers}} }

func configurationType(id string) string {
	if id == "" {
		return ""
	}
	return "#microsoft.graph." + strings.ToLower(id[:1]) + id[1:] + "AuthenticationMethodConfiguration"
}

// methodConfigurations lists them: those that were arranged in the place of the usual ones.
func (d *directory) methodConfigurations() []mfa.MethodConfiguration {
	var all []mfa.MethodConfiguration
	for _, id := range methodPolicies {
		all = append(all, d.methodConfiguration(id))
	}
	return append(all, d.methodPolicies.where(func(c mfa.MethodConfiguration) bool { return !containsFold(methodPolicies, c.ID) })...)
}

func (d *directory) methodConfiguration(id string) mfa.MethodConfiguration {
	if arranged, ok := d.methodPolicies.get(id); ok {
		return arranged
	}
	return mfa.MethodConfiguration{
		Type: configurationType(id), ID: id, State: "enabled", IncludeTargets: everybody(), ExcludeTargets: []mfa.MethodTarget{},
	}
}

// methodsPolicy is the policy as Graph writes it.
func (d *directory) methodsPolicy() (object, error) {
	if err := d.held.need(d.methodPolicies.len() > 0, "the authentication methods policy", "configurations, by SetMethodPolicy"); err != nil {
		return nil, err
	}
	rows := []object{}
	for _, configuration := range d.methodConfigurations() {
		rows = append(rows, configurationRow(configuration))
	}
	return merge(object{
		{"id", raw("authenticationMethodsPolicy")},
		{"displayName", raw("Authentication Methods Policy")},
		{"description", raw("The tenant-wide policy that controls which authentication methods are allowed in the tenant, authentication method registration requirements, and self-service password reset settings")},
		{"lastModifiedDateTime", raw(nil)},
		{"policyVersion", raw("1.5")},
		{"policyMigrationState", raw("migrationComplete")},
		{"authenticationMethodConfigurations", raw(rows)},
	}, d.methodsPolicyOwn), nil
}

// policiesFor names the configurations, any one of which allows a method.
func policiesFor(m method) []string {
	kind := strings.TrimSuffix(strings.TrimPrefix(m.Type, "#microsoft.graph."), "AuthenticationMethod")
	switch {
	case m.Type != phoneMethodType:
		return []string{kind} // fido2 and Fido2: compared without case
	case m.PhoneType != nil && *m.PhoneType == string(mfa.PhoneMobile):
		return []string{"Sms", "Voice"}
	}
	return []string{"Voice"}
}

// usable says whether the policy lets an account use a method.
func (d *directory) usable(userID string, m method) bool {
	return slices.ContainsFunc(policiesFor(m), func(id string) bool { return d.allowed(userID, d.methodConfiguration(id)) })
}

func (d *directory) allowed(userID string, c mfa.MethodConfiguration) bool {
	return strings.EqualFold(c.State, "enabled") && d.targets(userID, c.IncludeTargets) && !d.targets(userID, c.ExcludeTargets)
}

// targets says whether an account is one of those that are meant.
func (d *directory) targets(userID string, targets []mfa.MethodTarget) bool {
	around := d.holdersOf(userID)
	return slices.ContainsFunc(targets, func(target mfa.MethodTarget) bool {
		return sameText(target.ID, allUsers) || containsFold(around, target.ID)
	})
}

// withSMSState adds to a phone whether a text message alone signs in with it. The
// tenant registers a mobile number for that by itself where the policy says that it can.
// Source: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod.
func (d *directory) withSMSState(m method, userID string) object {
	row := m.row()
	if m.Type != phoneMethodType || m.PhoneType == nil {
		return row
	}
	return row.with("smsSignInState", raw(d.smsState(m, userID)))
}

func (d *directory) smsState(m method, userID string) string {
	switch {
	case *m.PhoneType != string(mfa.PhoneMobile):
		return "notSupported"
	case !d.signsInBySMS(userID):
		return "notAllowedByPolicy"
	case d.numberElsewhere(m, userID):
		return "phoneNumberNotUnique"
	}
	return "ready"
}

// signsInBySMS says whether the policy has a target of the account with isUsableForSignIn.
func (d *directory) signsInBySMS(userID string) bool {
	sms := d.methodConfiguration("Sms")
	if !d.allowed(userID, sms) {
		return false
	}
	return slices.ContainsFunc(sms.IncludeTargets, func(target mfa.MethodTarget) bool {
		var usable bool
		_ = json.Unmarshal(objectOf(target).get("isUsableForSignIn"), &usable) // absent is no
		return usable && d.targets(userID, []mfa.MethodTarget{target})
	})
}

// numberElsewhere says whether another account signs in with the number. Of two
// the one keeps it that the tenant had first.
func (d *directory) numberElsewhere(m method, userID string) bool {
	for other := range d.users.each() {
		if sameText(other, userID) {
			return false
		}
		phone := d.phone(other, phoneIDs[mfa.PhoneMobile])
		if phone != nil && m.number != "" && phone.number == m.number && d.signsInBySMS(other) {
			return true
		}
	}
	return false
}
