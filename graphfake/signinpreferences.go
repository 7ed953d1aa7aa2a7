package graphfake

import (
	"encoding/json"
	"slices"

	"github.com/entramfa/entramfa/mfa"
)

// Which method is asked for first.
// Source: https://learn.microsoft.com/graph/api/resources/signinpreferences.

const preferencesPath = "/users/{}/authentication/signInPreferences"

// preference is what was written of an account.
type preference struct {
	secondary string // as Graph names it; it stands for the default method
	system    bool
}

var preferencesShape = same("null", "isSystemPreferredAuthenticationMethodEnabled", "userPreferredMethodForSecondaryAuthentication")

// preferable are the methods that each value stands for.
// Source: https://learn.microsoft.com/graph/api/authentication-update.
var preferable = []struct {
	value string
	is    func(method) bool
}{
	{"push", isAuthenticator},
	{"oath", isTokenCode},
	{"sms", phoneOf(mfa.PhoneMobile)},
	{"voiceMobile", phoneOf(mfa.PhoneMobile)},
	{"voiceAlternateMobile", phoneOf(mfa.PhoneAlternateMobile)},
	{"voiceOffice", phoneOf(mfa.PhoneOffice)},
}

func isAuthenticator(m method) bool { return sameText(m.Type, authenticatorApp) }

// isTokenCode: the app shows codes, too.
func isTokenCode(m method) bool {
	return isAuthenticator(m) || sameText(m.Type, methodTypeOf("softwareOathMethods").odataType()) || sameText(m.Type, methodTypeOf("hardwareOathMethods").odataType())
}

func phoneOf(kind mfa.PhoneType) func(method) bool {
	return func(m method) bool { return phoneID(m.Method) == phoneIDs[kind] }
}

func getPreferences(d *directory, t *Tenant, c *call) (answer, error) {
	user, err := d.user(c.vars[0])
	if err == nil {
		err = d.held.needOf(factMethods, user)
	}
	return entity("users('"+c.vars[0]+"')/authentication/signInPreferences", "microsoft.graph.signInPreferences", preferencesShape, d.preferencesRow(user.ID), err)
}

func (d *directory) preferencesRow(userID string) object {
	value := json.RawMessage("null")
	if secondary := d.preferred(userID); secondary != "" {
		value = raw(secondary)
	}
	return object{{"isSystemPreferredAuthenticationMethodEnabled", raw(d.preferences.at(userID).system)}, {"userPreferredMethodForSecondaryAuthentication", value}}
}

// preferred names the default method: as it was written, where that still stands for it.
func (d *directory) preferred(userID string) string {
	methods := d.methods.at(userID)
	at := slices.IndexFunc(methods, func(m method) bool { return m.ID != "" && sameText(m.ID, d.defaultMethods.at(userID)) })
	if at < 0 {
		return ""
	}
	first := ""
	for _, p := range preferable {
		if !p.is(methods[at]) {
			continue
		}
		if p.value == d.preferences.at(userID).secondary {
			return p.value
		}
		if first == "" {
			first = p.value
		}
	}
	return first
}

// patchPreferences sets the default method. That it must be registered is not
// documented, nor are the words for it.
func patchPreferences(d *directory, t *Tenant, c *call) (answer, error) {
	owner, err := t.methodOwner(d, c.who, c.vars[0])
	if err != nil {
		return answer{}, err
	}
	writes := writable{"microsoft.graph.signInPreferences", "badRequest", []field{
		{"isSystemPreferredAuthenticationMethodEnabled", orNull(isBool)},
		{"userPreferredMethodForSecondaryAuthentication", oneOf("push", "oath", "voiceMobile", "voiceAlternateMobile", "voiceOffice", "sms")},
	}}
	patch, err := writes.read(c.body)
	if err != nil {
		return answer{}, err
	}
	changed, method := d.preferences.at(owner.ID), d.defaultMethods.at(owner.ID)
	if patch.get("isSystemPreferredAuthenticationMethodEnabled") != nil {
		changed.system = patch.boolOf("isSystemPreferredAuthenticationMethodEnabled")
	}
	if secondary := patch.text("userPreferredMethodForSecondaryAuthentication"); secondary != "" {
		if method = d.methodFor(owner.ID, secondary); method == "" {
			return answer{}, writes.refuse("The user has no method for '%s'.", secondary)
		}
		changed.secondary = secondary
	}
	writeRow(t, writtenPreference, func(d *directory) *table[preference] { return &d.preferences }, owner.ID, changed)
	writeRow(t, writtenPreference, func(d *directory) *table[string] { return &d.defaultMethods }, owner.ID, method)
	return answer{}, nil
}

// methodFor returns the id of the method that a value stands for, "" where there is none.
func (d *directory) methodFor(userID, value string) string {
	for _, p := range preferable {
		if p.value != value {
			continue
		}
		if at := slices.IndexFunc(d.methods.at(userID), p.is); at >= 0 {
			return d.methods.at(userID)[at].ID
		}
	}
	return ""
}

// preferencesSnapshot lists the default method of who has one.
func (d *directory) preferencesSnapshot() map[string]object {
	all := map[string]object{}
	for id := range d.users.each() {
		if d.preferred(id) != "" || d.preferences.at(id).system {
			all[id] = d.preferencesRow(id)
		}
	}
	return all
}
