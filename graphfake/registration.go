package graphfake

import (
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// The report on what accounts have registered lags: it shows the methods as they
// were RegistrationLatency ago.

// earlier is what an account had registered until a time.
type earlier struct {
	until   time.Time
	methods []method
}

// noteReport keeps what the report goes on to show of an account whose methods change.
func (t *Tenant) noteReport(d *directory, id string) {
	if t.RegistrationLatency <= 0 {
		return
	}
	list := slices.DeleteFunc(slices.Clone(d.earlier.at(id)), func(e earlier) bool { return !e.until.After(t.reported()) })
	d.earlier.put(id, append(list, earlier{t.now(), d.methods.at(id)}))
}

// reported is the time as of which the report speaks.
func (t *Tenant) reported() time.Time { return t.now().Add(-t.RegistrationLatency) }

// reportedMethods is what the report shows of an account.
func (t *Tenant) reportedMethods(d *directory, id string) []method {
	for _, e := range d.earlier.at(id) {
		if e.until.After(t.reported()) {
			return e.methods
		}
	}
	return d.methods.at(id)
}

// registration is the entry of an account. A disabled one has none.
func (t *Tenant) registration(d *directory, id string) (object, error) {
	user, known := d.users.get(id)
	if !known || user.AccountEnabled != nil && !*user.AccountEnabled {
		if known || d.held == nil {
			return nil, notFound(id)
		}
		return nil, d.held.missing("the user "+id, userFile)
	}
	if err := d.held.needOf(factMethods, user); err != nil {
		return nil, err
	}
	return t.registrationRow(d, user), nil
}

// registrations lists the entries of all accounts.
func (t *Tenant) registrations(d *directory) ([]object, error) {
	ids, err := d.reportedIDs()
	rows := make([]object, 0, len(ids))
	for _, id := range ids {
		user, _ := d.users.get(id)
		rows = append(rows, t.registrationRow(d, user))
	}
	return rows, err
}

// reportedIDs lists the accounts that have an entry.
func (d *directory) reportedIDs() ([]string, error) {
	if err := d.held.need(d.users.len() > 0, "any user", userFile); err != nil {
		return nil, err
	}
	var ids []string
	for id, user := range d.users.each() {
		if user.AccountEnabled != nil && !*user.AccountEnabled {
			continue
		}
		if err := d.held.needOf(factMethods, user); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (t *Tenant) registrationRow(d *directory, user mfa.User) object {
	strong, names := false, []string{}
	capable := false
	for _, m := range t.reportedMethods(d, user.ID) {
		name := reportName(m)
		if name == "" {
			continue
		}
		names = append(names, name)
		strong = strong || name != "email"
		capable = capable || name != "email" && d.usable(user.ID, m)
	}
	return object{
		{"id", raw(user.ID)},
		{"userPrincipalName", raw(user.UserPrincipalName)},
		{"userDisplayName", raw(user.DisplayName)},
		{"userType", raw(reportUserType(user))},
		{"isAdmin", raw(d.isAdmin(user))},
		{"isSsprRegistered", raw(len(names) > 0)},
		{"isSsprEnabled", raw(false)},
		{"isSsprCapable", raw(false)},
		{"isMfaRegistered", raw(strong)},
		{"isMfaCapable", raw(capable)},
		{"isPasswordlessCapable", raw(slices.ContainsFunc(names, passwordless))},
		{"methodsRegistered", raw(names)},
		{"isSystemPreferredAuthenticationMethodEnabled", raw(false)},
		{"systemPreferredAuthenticationMethods", raw([]string{})},
		{"userPreferredMethodForSecondaryAuthentication", raw("none")},
		{"lastUpdatedDateTime", raw(timestamp(t.reported()))},
	}
}

// isAdmin says whether an account holds a role; nil where an export doesn't tell.
func (d *directory) isAdmin(user mfa.User) *bool {
	roles, err := d.rolesAnywhere(user)
	if err != nil {
		return nil
	}
	return new(len(roles) > 0)
}

func reportUserType(user mfa.User) string {
	if user.UserType != nil && strings.EqualFold(*user.UserType, "Guest") {
		return "guest"
	}
	return "member"
}

// reportName is how the report names a method; "" of one that it doesn't list.
// Source: https://learn.microsoft.com/graph/api/resources/userregistrationdetails.
func reportName(m method) string {
	if m.Type == phoneMethodType {
		if m.PhoneType == nil {
			return "mobilePhone"
		}
		return phoneNames[mfa.PhoneType(*m.PhoneType)]
	}
	return methodNames[strings.TrimSuffix(strings.TrimPrefix(m.Type, "#microsoft.graph."), "AuthenticationMethod")]
}

var phoneNames = map[mfa.PhoneType]string{
	mfa.PhoneMobile: "mobilePhone", mfa.PhoneAlternateMobile: "alternateMobilePhone", mfa.PhoneOffice: "officePhone",
}

var methodNames = map[string]string{
	"microsoftAuthenticator":  "microsoftAuthenticatorPush",
	"softwareOath":            "softwareOneTimePasscode",
	"hardwareOath":            "hardwareOneTimePasscode",
	"fido2":                   "fido2SecurityKey",
	"windowsHelloForBusiness": "windowsHelloForBusiness",
	"temporaryAccessPass":     "temporaryAccessPass",
	"email":                   "email",
	"x509Certificate":         "x509CertificateMultiFactor",
}

func passwordless(name string) bool {
	return slices.Contains([]string{"fido2SecurityKey", "windowsHelloForBusiness", "x509CertificateMultiFactor"}, name)
}

// registrationShape: https://learn.microsoft.com/graph/api/resources/userregistrationdetails.
var registrationShape = same("null", "id", "userPrincipalName", "userDisplayName", "userType", "isAdmin", "isSsprRegistered", "isSsprEnabled",
	"isSsprCapable", "isMfaRegistered", "isMfaCapable", "isPasswordlessCapable", "methodsRegistered",
	"isSystemPreferredAuthenticationMethodEnabled", "systemPreferredAuthenticationMethods",
	"userPreferredMethodForSecondaryAuthentication", "lastUpdatedDateTime")
