package policy

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
)

// audience is the accounts of a directory that an effect is about.
type audience struct {
	in, out group
	// unsure says that nobody is included for certain.
	unsure bool
	// anyway are accounts that the effect may be about although the user condition
	// leaves them out.
	anyway group
}

// group is a set of accounts in parts: yes are in it, maybe may be.
type group struct {
	all, unknown bool
	yes, maybe   []accountSet
	few          few
}

// few lists accounts by number, in order, and those that may be.
type few struct{ yes, maybe []uint32 }

// audience lists whom an effect is about, by the same rules as matchUsers has for
// one account.
func (d *Directory) audience(e effect) audience {
	if e.policy == nil || e.policy.Conditions == nil || e.policy.Conditions.Users == nil {
		return audience{unsure: true, anyway: group{unknown: true}}
	}
	users := e.policy.Conditions.Users
	a := audience{
		in:     d.side(users.IncludeUsers, users.IncludeGroups, users.IncludeRoles, users.IncludeGuestsOrExternalUsers, false),
		out:    d.side(users.ExcludeUsers, users.ExcludeGroups, users.ExcludeRoles, users.ExcludeGuestsOrExternalUsers, true),
		unsure: len(unknownMembers(users.members)) > 0,
	}
	if a.unsure || !saysWhom(users) {
		a.in.unknown = true
	}
	for _, kind := range d.kinds {
		if e.policy.Conditions.Agents != nil && kind.subject.AgentUser {
			a.anyway.few.maybe = append(a.anyway.few.maybe, kind.accounts...)
		}
	}
	slices.Sort(a.anyway.few.maybe)
	nobody := (&judge{}).otherSubjects(e.policy.Conditions, match{truth: no})
	a.anyway.unknown = nobody.truth != no
	return a
}

// side is the included or the excluded accounts.
func (d *Directory) side(users, groups, roles []string, guests *GuestsOrExternalUsers, excluding bool) group {
	var g group
	for _, entry := range users {
		d.addUser(&g, entry)
	}
	for _, id := range groups {
		d.addGroup(&g, id)
	}
	for _, id := range roles {
		d.addRole(&g, id, excluding)
	}
	if guests != nil {
		d.addKinds(&g, func(j *judge) match { return j.matchGuests(guests, "") })
	}
	slices.Sort(g.few.yes)
	slices.Sort(g.few.maybe)
	return g
}

func (d *Directory) addUser(g *group, entry string) {
	id, isID := guid.Parse(entry)
	switch {
	case strings.EqualFold(entry, "All"):
		g.all = true
	case isID:
		if n, known := d.number[id]; known {
			g.few.yes = append(g.few.yes, n)
		}
	default:
		d.addKinds(g, func(j *judge) match { return j.matchUser(entry, "") })
	}
}

func (d *Directory) addGroup(g *group, id string) {
	m := d.groups[strings.ToLower(id)]
	switch {
	case !guid.Is(id):
		g.unknown = true
		return
	case m != nil:
		g.yes, g.few.yes = append(g.yes, m.accounts), append(g.few.yes, m.few...)
	}
	if m == nil || !m.whole {
		g.maybe = append(g.maybe, d.groupless)
	}
}

func (d *Directory) addRole(g *group, id string, excluding bool) {
	if !guid.Is(id) {
		g.unknown = true
		return
	}
	g.maybe = append(g.maybe, d.roleless)
	d.addUnclear(g, d.oddGroups)
	r := d.roles[strings.ToLower(id)]
	if r == nil {
		return
	}
	d.addUnclear(g, r.unclearGroups)
	g.yes, g.maybe = append(g.yes, r.direct), append(g.maybe, r.unclear)
	through := group{yes: []accountSet{r.through}}
	for _, holder := range r.groups {
		d.addGroup(&through, holder)
	}
	g.maybe = append(g.maybe, through.maybe...)
	if excluding { // that a role held through a group counts is nowhere said
		g.maybe, g.few.maybe = append(g.maybe, through.yes...), append(g.few.maybe, through.few.yes...)
		return
	}
	g.yes, g.few.yes = append(g.yes, through.yes...), append(g.few.yes, through.few.yes...)
}

// addUnclear adds the members of groups as accounts that may be meant.
func (d *Directory) addUnclear(g *group, groups []string) {
	for _, id := range groups {
		var members group
		d.addGroup(&members, id)
		g.unknown = g.unknown || members.unknown
		g.maybe = append(append(g.maybe, members.yes...), members.maybe...)
		g.few.maybe = append(g.few.maybe, members.few.yes...)
	}
}

// addKinds adds the accounts of the kinds that an entry matches.
func (d *Directory) addKinds(g *group, matches func(*judge) match) {
	ordinary := &judge{subject: Subject{Kinds: entramfa.Known([]string{})}}
	if matches(ordinary).truth == unknown {
		g.unknown = true
	}
	for _, kind := range d.kinds {
		switch matches(&judge{subject: kind.subject}).truth {
		case yes:
			g.few.yes = append(g.few.yes, kind.accounts...)
		case unknown:
			g.few.maybe = append(g.few.maybe, kind.accounts...)
		}
	}
}

// blockWords is how many words of 64 accounts are looked at together: a block of
// all effects fits into a processor's cache.
const blockWords = 64

// block is some accounts of a directory.
type block [blockWords]uint64

// fill sets the accounts that are in the group for certain, and those that may be.
// The block begins at a word.
func (g *group) fill(from int, certain, possible *block) {
	*certain, *possible = block{}, block{}
	if g.all {
		certain.fill()
	}
	for _, b := range g.yes {
		certain.or(b.part(from, from+blockWords))
	}
	certain.set(g.few.yes, from)
	*possible = *certain
	if g.unknown {
		possible.fill()
	}
	for _, b := range g.maybe {
		possible.or(b.part(from, from+blockWords))
	}
	possible.set(g.few.maybe, from)
}

// exact says that of every account it is known whether the effect is about it.
func (a *audience) exact() bool {
	return !a.unsure && !a.anyway.vague() && !a.in.vague() && !a.out.vague()
}

// vague says that some accounts may be in the group.
func (g *group) vague() bool {
	return g.unknown || len(g.few.maybe) > 0 || slices.ContainsFunc(g.maybe, func(b accountSet) bool { return len(b) > 0 })
}

func (b *block) fill() {
	for i := range b {
		b[i] = ^uint64(0)
	}
}

func (b *block) or(part accountSet) {
	for i, word := range part {
		b[i] |= word
	}
}

// set adds the accounts of a list that lie in the block.
func (b *block) set(list []uint32, from int) {
	if len(list) == 0 {
		return
	}
	first, end := uint32(from*64), uint32((from+blockWords)*64)
	i, _ := slices.BinarySearch(list, first)
	for ; i < len(list) && list[i] < end; i++ {
		b[list[i]/64-uint32(from)] |= 1 << (list[i] % 64)
	}
}

// fill sets the accounts that the effect is about for certain, and those that it
// may be about.
func (a *audience) fill(from int, certain, possible *block) {
	var out, mayOut block
	a.in.fill(from, certain, possible)
	a.out.fill(from, &out, &mayOut)
	for i := range certain {
		certain[i] &^= mayOut[i]
		possible[i] &^= out[i]
	}
	if a.unsure {
		*certain = block{}
	}
	if a.anyway.unknown || len(a.anyway.few.maybe) > 0 {
		a.anyway.fill(from, &out, &mayOut)
		possible.or(mayOut[:])
	}
}
