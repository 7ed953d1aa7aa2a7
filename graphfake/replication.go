package graphfake

import (
	"slices"
	"time"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// Graph shows a change some time after it was made, and promises no bound. The
// tenant holds the truth, and beside it how the writes that have not arrived
// everywhere are taken back; reads see the truth with these taken back.

// written names what a write changed.
type written struct {
	kind writtenKind
	id   string // folded; of a member, group and member
}

type writtenKind int

const (
	writtenPolicy writtenKind = iota
	writtenLocation
	writtenDefaults
	writtenRequirements
	writtenMember
	writtenMethods
	writtenUser
	writtenMobile
	writtenObject // id is the name of the table and the id
	writtenStrength
	writtenContext
	writtenMethodsPolicy
	writtenPreference
	writtenDefinition
	writtenAssignment
	writtenEligibility
)

// recentWrite is a write that reads may not see yet.
type recentWrite struct {
	at   time.Time
	what written
	undo func(*directory)
}

// replicate notes a write and how it is taken back; the caller holds mu.
func (t *Tenant) replicate(kind writtenKind, id string, undo func(*directory)) {
	if t.ReplicationDelay > 0 {
		t.recent = append(t.recent, recentWrite{t.now(), written{kind, fold(id)}, undo})
	}
}

// settle lets reads see the truth about what was arranged; the caller holds mu.
func (t *Tenant) settle(kind writtenKind, id string) {
	what := written{kind, fold(id)}
	t.recent = slices.DeleteFunc(t.recent, func(w recentWrite) bool { return w.what == what })
}

// shown returns the state as reads see it; the caller holds mu.
func (t *Tenant) shown() *directory {
	t.progress()
	arrived := t.now().Add(-t.ReplicationDelay)
	t.recent = slices.DeleteFunc(t.recent, func(w recentWrite) bool { return !w.at.After(arrived) })
	if len(t.recent) == 0 {
		return &t.directory
	}
	past := t.directory
	for _, w := range slices.Backward(t.recent) {
		w.undo(&past)
	}
	return &past
}

// The writes of each kind. The state is changed, and how to take it back is noted.

func (t *Tenant) writePolicy(d *directory, p policy.Policy) {
	before, was := d.policies.get(p.ID)
	t.replicate(writtenPolicy, p.ID, func(d *directory) { d.policies.restore(p.ID, before, was) })
	d.policies.put(p.ID, p)
}

func (t *Tenant) erasePolicy(d *directory, id string) {
	before, was := d.policies.get(id)
	t.replicate(writtenPolicy, id, func(d *directory) { d.policies.restore(id, before, was) })
	d.policies.remove(id)
}

func (t *Tenant) writeLocation(d *directory, l policy.NamedLocation) {
	before, was := d.locations.get(l.ID)
	t.replicate(writtenLocation, l.ID, func(d *directory) { d.locations.restore(l.ID, before, was) })
	d.locations.put(l.ID, l)
}

func (t *Tenant) eraseLocation(d *directory, id string) {
	before, was := d.locations.get(id)
	t.replicate(writtenLocation, id, func(d *directory) { d.locations.restore(id, before, was) })
	d.locations.remove(id)
}

func (t *Tenant) writeDefaults(d *directory, on bool) {
	before := d.defaults
	t.replicate(writtenDefaults, "", func(d *directory) { d.defaults = before })
	d.defaults.IsEnabled = &on
}

func (t *Tenant) writeRequirements(d *directory, user string, r mfa.Requirements) {
	before, was := d.requirements.get(user)
	t.replicate(writtenRequirements, user, func(d *directory) {
		if was {
			d.setRequirements(user, before)
		} else {
			d.requirements.remove(user)
		}
	})
	d.setRequirements(user, r)
}

func (t *Tenant) writeMember(d *directory, group, member string) {
	t.replicate(writtenMember, memberKey(group, member), func(d *directory) { d.dropMember(group, member) })
	d.addMember(group, member)
}

func (t *Tenant) eraseMember(d *directory, group, member string) {
	t.replicate(writtenMember, memberKey(group, member), func(d *directory) { d.addMember(group, member) })
	d.dropMember(group, member)
}

func memberKey(group, member string) string { return group + "/" + member }

func (t *Tenant) writeMethods(d *directory, user string, methods []method) {
	before := d.methods.at(user)
	t.replicate(writtenMethods, user, func(d *directory) { d.setMethods(user, before) })
	t.noteReport(d, user)
	d.setMethods(user, methods)
}

// writeUser puts an account, a new one or one that changes.
func (t *Tenant) writeUser(d *directory, user mfa.User) {
	before, was := d.users.get(user.ID)
	t.replicate(writtenUser, user.ID, func(d *directory) { d.restoreUser(user.ID, before, was) })
	d.putUser(user)
}

// eraseUser takes an account out. What hangs on it stays.
func (t *Tenant) eraseUser(d *directory, user mfa.User) {
	t.replicate(writtenUser, user.ID, func(d *directory) { d.restoreUser(user.ID, user, true) })
	d.restoreUser(user.ID, user, false)
}

// restoreUser puts an account back as it was, or takes it out where there was none.
func (d *directory) restoreUser(id string, user mfa.User, was bool) {
	if was {
		d.putUser(user)
		return
	}
	if now, known := d.users.get(id); known && fold(d.upns.at(now.UserPrincipalName)) == fold(id) {
		d.upns.remove(now.UserPrincipalName)
	}
	d.users.remove(id)
}

func (t *Tenant) writeMobile(d *directory, user, number string) {
	before := d.mobiles.at(user)
	t.replicate(writtenMobile, user, func(d *directory) { d.setMobile(user, before) })
	d.setMobile(user, number)
}

// place is a table whose rows writes put and remove, and how it is named among what was written.
type place[T any] struct {
	name string
	in   func(*directory) *table[T]
}

func (p place[T]) put(t *Tenant, d *directory, id string, row T) {
	p.note(t, d, id)
	p.in(d).put(id, row)
}

func (p place[T]) remove(t *Tenant, d *directory, id string) {
	p.note(t, d, id)
	p.in(d).remove(id)
}

func (p place[T]) note(t *Tenant, d *directory, id string) {
	before, was := p.in(d).get(id)
	t.replicate(writtenObject, p.name+"/"+id, func(d *directory) { p.in(d).restore(id, before, was) })
}
