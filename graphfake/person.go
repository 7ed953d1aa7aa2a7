package graphfake

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// Script is what the person behind an account does: once, when Reads calls of Graph
// have read the account's methods or per-user state, and After has passed by Clock.
// The zero Script is a person who comes at once.
type Script struct {
	Reads int
	After time.Duration
	// Registers is the @odata.type of the method that the person registers. Empty
	// means that the person confirms the phone that is registered, and registers
	// Microsoft Authenticator where there is none.
	Registers string
	// AppPassword: the person then creates an app password, which the service lets an
	// account do whose per-user MFA is enforced.
	// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-app-passwords.
	AppPassword bool
}

// person is one who hasn't come yet.
type person struct {
	Script
	since time.Time
	reads int
}

// Person lets somebody act behind an account, named by id or user principal name:
// sign in, register, and so finish what per-user MFA asks for. A password that must
// be changed the person changes, to one that nobody else knows. A disabled account
// can't sign in: its person waits. Without Person nobody ever comes; another
// call takes the place of the first. An account that doesn't exist gives Graph's 404.
func (t *Tenant) Person(user string, script Script) error {
	return t.onUser(user, func(_ *directory, id string) {
		t.people.put(id, person{Script: script, since: t.now()})
	})
}

// AppPasswords returns how many app passwords the person has created. No API of
// Graph shows them.
func (t *Tenant) AppPasswords(user string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress()
	found, err := t.directory.user(user)
	if err != nil {
		return 0
	}
	return t.directory.appPasswords.at(found.ID)
}

// progress lets happen what is due; the caller holds mu.
func (t *Tenant) progress() {
	t.turnRoles()
	for _, r := range t.directory.resets.all() {
		t.runReset(&t.directory, r)
	}
	for id, p := range t.people.each() {
		if p.reads >= p.Reads && !t.now().Before(p.since.Add(p.After)) && t.acts(id, p) {
			t.people.remove(id)
		}
	}
}

// looked counts a call that read of an account what a person changes; the caller holds mu.
func (t *Tenant) looked(user string) {
	found, err := t.directory.user(user)
	if p, waits := t.people.get(found.ID); err == nil && waits {
		p.reads++
		t.people.put(found.ID, p)
	}
}

// acts does what a script says; false while the account can't sign in.
func (t *Tenant) acts(id string, p person) bool {
	d := &t.directory
	user, known := d.users.get(id)
	if !known || user.AccountEnabled != nil && !*user.AccountEnabled {
		return false
	}
	if kept := d.passwords.at(id); kept.mustChange() {
		d.setPassword(id, password{text: rand.Text(), profiled: true})
		t.touchPassword(d, user)
	}
	t.registers(d, id, p.Registers)
	t.finishRegistration(d, id)
	if p.AppPassword && d.stateOf(id) == mfa.PerUserEnforced {
		d.addAppPassword(id)
	}
	return true
}

// registers makes a method the default one: a phone that is there, or a new one.
func (t *Tenant) registers(d *directory, id, kind string) {
	if kind == "" {
		if at := slices.IndexFunc(d.methods.at(id), func(m method) bool { return m.Type == phoneMethodType }); at >= 0 {
			d.setDefaultMethod(id, d.methods.at(id)[at].ID)
			return
		}
		kind = authenticatorApp
	}
	t.noteReport(d, id)
	added := method{Method: mfa.Method{Type: kind, ID: t.newID()}, created: second(t.now())}
	d.addMethod(id, added)
	d.setDefaultMethod(id, added.ID)
	t.settle(writtenMethods, id)
}

func (d *directory) addAppPassword(id string) {
	d.appPasswords.put(id, d.appPasswords.at(id)+1)
}
