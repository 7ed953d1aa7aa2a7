package graphfake

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/mfa"
)

// Of the credentials a snapshot shows what tells two states apart, and no secret.

// methodsSnapshot lists what is registered, by account; who has the password alone isn't there.
func (d *directory) methodsSnapshot() map[string][]object {
	all := map[string][]object{}
	for id, methods := range d.methods.each() {
		var rows []object
		for _, m := range methods {
			if !m.isPassword() {
				rows = append(rows, m.masked())
			}
		}
		slices.SortFunc(rows, func(a, b object) int { return strings.Compare(a.text("id"), b.text("id")) })
		if rows != nil {
			all[id] = rows
		}
	}
	return all
}

// masked is a method with the last digits of a number and its digest.
func (m method) masked() object {
	row := append(objectOf(m.Method), m.extra...)
	if m.number != "" {
		row = row.with("digest", raw(digest(m.number)))
	}
	return row
}

func (d *directory) mobilesSnapshot() map[string]object {
	all := map[string]object{}
	for id, number := range d.mobiles.each() {
		if number != "" {
			all[id] = object{{"mobilePhone", raw(mfa.NewPhone(number))}, {"digest", raw(digest(number))}}
		}
	}
	return all
}

// passwordsSnapshot says of the passwords that were written when, and whether they
// must be changed.
func (d *directory) passwordsSnapshot() map[string]object {
	all := map[string]object{}
	for id, p := range d.passwords.each() {
		if p.profiled {
			user, _ := d.users.get(id)
			all[id] = object{
				{"lastPasswordChangeDateTime", raw(user.LastPasswordChangeDateTime)},
				{"forceChangePasswordNextSignIn", raw(p.change)}, {"forceChangePasswordNextSignInWithMfa", raw(p.withMFA)},
			}
		}
	}
	return all
}

// digest tells numbers apart in a test. It is so short that it fits a multitude of
// numbers: nobody finds the one by trying them all.
func digest(number string) string {
	sum := sha256.Sum256([]byte(number))
	return fmt.Sprintf("%x", sum[:2])
}
