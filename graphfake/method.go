package graphfake

import (
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// The @odata.type of the methods that the tenant itself makes.
const (
	phoneMethodType  = "#microsoft.graph.phoneAuthenticationMethod"
	authenticatorApp = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"
)

// method is a registered method with what mfa.Method doesn't keep.
type method struct {
	mfa.Method
	// number is the whole number of a phone, "" where only its last digits are known.
	number  string
	created string
	// extra are the members of its type that mfa.Method doesn't have; none is a secret.
	extra object
}

// isPassword says whether it is the method that every account has.
func (m method) isPassword() bool { return m.Type == mfa.PasswordMethod }

// registeredMethod makes a method of what was arranged. A phone has the id of its type.
func (t *Tenant) registeredMethod(arranged mfa.Method) method {
	kept := isolated(arranged)
	if arranged.PhoneNumber != nil {
		kept.PhoneNumber = new(*arranged.PhoneNumber) // as text it would lose by what it is compared
	}
	if id := phoneID(kept); kept.ID == "" && id != "" {
		kept.ID = id
	}
	kept.ID = t.idOr(kept.ID)
	return method{Method: kept}
}

// phoneID is the id that a phone has for its type; "" of what is none.
func phoneID(m mfa.Method) string {
	if m.Type != phoneMethodType || m.PhoneType == nil {
		return ""
	}
	return phoneIDs[mfa.PhoneType(*m.PhoneType)]
}

// row is the method as Graph writes it.
func (m method) row() object {
	row := objectOf(m.Method)
	if m.created != "" {
		row = row.with("createdDateTime", raw(m.created))
	}
	if m.number != "" {
		row = row.with("phoneNumber", raw(m.number))
	}
	return append(row, m.extra...)
}

func (d *directory) addMethod(id string, added method) {
	d.setMethods(id, append(slices.Clone(d.methods.at(id)), added))
}

func (d *directory) setMethods(id string, methods []method) {
	d.methods.put(id, methods)
}

// allMethods returns the methods of an account, the password among them.
func (d *directory) allMethods(idOrUPN string) ([]method, error) {
	user, err := d.user(idOrUPN)
	if err != nil {
		return nil, err
	}
	if err := d.held.needOf(factMethods, user); err != nil {
		return nil, err
	}
	methods := d.methods.at(user.ID)
	if slices.ContainsFunc(methods, method.isPassword) {
		return slices.Clone(methods), nil
	}
	return append([]method{{Method: mfa.Method{Type: mfa.PasswordMethod, ID: passwordMethodID}}}, methods...), nil
}

func (d *directory) methodsOf(idOrUPN string) ([]mfa.Method, error) {
	all, err := d.allMethods(idOrUPN)
	if err != nil {
		return nil, err
	}
	methods := make([]mfa.Method, len(all))
	for i, m := range all {
		methods[i] = m.Method
	}
	return methods, nil
}

// hasSecondFactor says whether an account has a method that is a second factor.
func (d *directory) hasSecondFactor(id string) bool {
	return slices.ContainsFunc(d.methods.at(id), func(m method) bool { return !m.isPassword() && !isEmail(m) })
}

// methodRows are the methods of an account as Graph lists them.
func (d *directory) methodRows(idOrUPN string, keep func(method) bool) ([]object, error) {
	all, err := d.allMethods(idOrUPN)
	if err != nil {
		return nil, err
	}
	user, err := d.user(idOrUPN)
	rows := []object{}
	for _, m := range all {
		if keep(m) {
			rows = append(rows, d.withSMSState(m, user.ID))
		}
	}
	return rows, err
}

func anyMethod(method) bool { return true }

// second writes a time as the directory does.
func second(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func sameText(a, b string) bool { return strings.EqualFold(a, b) }
