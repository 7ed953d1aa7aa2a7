package policy

import (
	"math/bits"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/cells"
)

// differ compares two states block by block. It knows the effects of both; one
// that both have, over the same sign-ins, it knows once.
type differ struct {
	accounts *Directory
	signIns  SignIn
	region   *region
	// before and after say whom each effect is about; nobody where a state lacks it.
	before, after []audience
	// mask are the effects that hold for some sign-in, told those of them that are
	// not about the same accounts in both states.
	mask, told cells.Set
	paired     []bool // the effects of the first state that are in the second too
	space      cells.Space
	cells      []differingCell
	aspects    int  // how many the sets have: two where all is known
	tangled    bool // there were too many cells
}

// differingCell is a cell in which the states may differ: by the effects that are
// told apart, in sight of the rest.
type differingCell struct {
	boxes      cells.Set
	told, rest [most][]int
	witness    SignIn
}

// A set in the space of a differ has aspects: the effects that hold for certain,
// of these those that block, and, where that isn't the same, those that may hold.
// What happens follows from whether there is one of each: a block that may be,
// beside a demand that is, makes no difference, as decide has it.
const (
	meets = iota
	blocks
	mayMeet
	most
)

func newDiffer(before, after Snapshot, signIns SignIn) *differ {
	first := len(before.Policies.table.effects)
	effects := slices.Concat(before.Policies.table.effects, after.Policies.table.effects)
	d := &differ{accounts: before.Accounts, signIns: signIns, region: newTable(effects).region(signIns)}
	d.before, d.after, d.paired = make([]audience, len(effects)), make([]audience, len(effects)), make([]bool, len(effects))
	for i, e := range effects {
		if i < first {
			d.before[i] = before.Accounts.audience(e)
		} else {
			d.after[i] = after.Accounts.audience(e)
		}
	}
	d.mask = slices.Clone(d.region.meets.heldPossible)
	d.pair(first)
	d.told = cells.NewSet(len(effects))
	d.mask.Each(func(i int) {
		if !d.before[i].equal(&d.after[i]) {
			d.told.Add(i)
		}
	})
	if d.aspects = most; d.exact() {
		d.aspects = mayMeet
	}
	d.divide()
	return d
}

// exact says that what may be is what is.
func (d *differ) exact() bool {
	exact := d.mask.In(d.region.table.sure)
	for _, samples := range d.region.samples {
		for _, s := range samples {
			exact = exact && and(s.maybe, d.mask).In(s.yes)
		}
	}
	d.mask.Each(func(i int) { exact = exact && d.before[i].exact() && d.after[i].exact() })
	return exact
}

// pair makes one effect of two that are the same in both states.
func (d *differ) pair(first int) {
	keys := make([]string, len(d.after))
	d.mask.Each(func(i int) { keys[i] = d.region.key(i) })
	if d.region.blurred { // then the samples don't tell effects apart
		d.mask.Each(func(i int) { keys[i] += d.region.table.effects[i].written() })
	}
	d.pairBy(first, func(i int) string { id, _ := d.region.table.effects[i].named(); return keys[i] + id })
	d.pairBy(first, func(i int) string { return keys[i] })
}

// pairBy pairs effects with the same key: those of the same policy first, for two
// policies that do the same may be about other accounts.
func (d *differ) pairBy(first int, key func(int) string) {
	free := map[string][]int{}
	for i := range first {
		if d.mask.Has(i) && !d.paired[i] {
			free[key(i)] = append(free[key(i)], i)
		}
	}
	for i := first; i < len(d.after); i++ {
		if same := free[key(i)]; d.mask.Has(i) && len(same) > 0 {
			k := same[0]
			free[key(i)], d.after[k], d.after[i] = same[1:], d.after[i], audience{}
			d.paired[k] = true
			d.mask.Remove(i)
		}
	}
}

// key is the same for effects that do the same to every sign-in of the region.
func (r *region) key(i int) string {
	key := []byte{byte(r.table.effects[i].outcome), 0}
	if r.table.sure.Has(i) {
		key[1] = 1
	}
	for _, samples := range r.samples {
		for _, s := range samples {
			does := byte('0')
			if s.yes.Has(i) {
				does++
			}
			if s.maybe.Has(i) {
				does++
			}
			key = append(key, does)
		}
	}
	return string(key)
}

// equal says that two audiences are made of the same accounts.
func (a *audience) equal(b *audience) bool {
	return a.unsure == b.unsure && a.in.equal(&b.in) && a.out.equal(&b.out) && a.anyway.equal(&b.anyway)
}

func (g *group) equal(other *group) bool {
	return g.all == other.all && g.unknown == other.unknown &&
		slices.Equal(g.few.yes, other.few.yes) && slices.Equal(g.few.maybe, other.few.maybe) &&
		slices.EqualFunc(g.yes, other.yes, accountSet.equal) && slices.EqualFunc(g.maybe, other.maybe, accountSet.equal)
}

// divide makes the cells in which the states may differ.
func (d *differ) divide() {
	for on, samples := range d.region.samples {
		var axis []cells.Set
		for _, s := range samples {
			blocking := s.blocks
			if property(on) != onClientAppType {
				blocking = d.region.table.all
			}
			axis = append(axis, d.join(s.yes, and(s.yes, blocking), s.maybe))
		}
		d.space = append(d.space, axis)
	}
	if d.tangled = d.region.blurred; d.tangled || d.told.Empty() {
		return
	}
	sure := and(d.mask, d.region.table.sure)
	list, ok := d.space.Least(d.join(sure, sure, d.mask), d.join(d.told, d.told, d.told), maxCells)
	d.tangled = !ok
	for _, cell := range list {
		d.cells = append(d.cells, d.cell(cell))
	}
}

func and(a, b cells.Set) cells.Set {
	set := slices.Clone(a)
	set.And(b)
	return set
}

// join makes one set of the aspects.
func (d *differ) join(sets ...cells.Set) cells.Set { return slices.Concat(sets[:d.aspects]...) }

// aspect is one of them.
func (d *differ) aspect(set cells.Set, aspect int) cells.Set {
	words := len(d.mask)
	return set[aspect*words : (aspect+1)*words]
}

func (d *differ) cell(c cells.Cell) differingCell {
	cell := differingCell{boxes: c.Boxes}
	for p := range d.aspects {
		d.aspect(c.Boxes, p).Each(func(i int) {
			if d.told.Has(i) {
				cell.told[p] = append(cell.told[p], i)
			} else {
				cell.rest[p] = append(cell.rest[p], i)
			}
		})
	}
	for on, sample := range c.At {
		d.region.samples[on][sample].point.narrow(property(on), &cell.witness)
	}
	return cell
}

// states are the rows of both.
type states struct {
	before, after *rows
	aspects       int
}

// look finds the accounts of some words that are treated otherwise.
func (d *differ) look(from, to int) []found {
	s := states{newRows(len(d.before)), newRows(len(d.after)), d.aspects}
	var list []found
	for ; from < to; from += blockWords {
		start := len(list)
		s.before.fillSome(d.before, d.told, from, d.accounts.Len())
		s.after.fillSome(d.after, d.told, from, d.accounts.Len())
		if d.candidates(&s) == (block{}) {
			continue
		}
		s.before.fillSome(d.before, and(d.mask, not(d.told)), from, d.accounts.Len())
		list = d.compare(list, &s, from)
		slices.SortFunc(list[start:], func(a, b found) int { return int(a.account) - int(b.account) })
	}
	return list
}

func not(set cells.Set) cells.Set {
	other := make(cells.Set, len(set))
	for i, word := range set {
		other[i] = ^word
	}
	return other
}

// candidates are the accounts of the block of which an effect is in one state, or
// may be, and not in the same way in the other.
func (d *differ) candidates(s *states) block {
	var b block
	d.told.Each(func(i int) {
		for k := range b {
			b[k] |= (s.before.about[i][k] ^ s.after.about[i][k]) | (s.before.possible[i][k] ^ s.after.possible[i][k])
		}
	})
	return b
}

// compare holds the cells against the accounts of the block.
func (d *differ) compare(list []found, s *states, from int) []found {
	left := d.candidates(s)
	if d.tangled {
		return d.compareAlone(list, s, from, &left)
	}
	for number := range d.cells {
		cell := &d.cells[number]
		if left == (block{}) {
			break
		}
		changed := s.changed(cell)
		for k := range changed {
			for word := changed[k] & left[k]; word != 0; word &= word - 1 {
				account := uint32(k*64 + bits.TrailingZeros64(word))
				before, after := s.outcomes(cell, account)
				list = append(list, found{uint32(from*64) + account, before, after, &cell.witness})
			}
			left[k] &^= changed[k]
		}
	}
	return list
}

// changed are the accounts that a cell treats otherwise: by the effects that are
// told apart, unless the rest does the same to them anyway.
func (s *states) changed(c *differingCell) *block {
	var changed block
	for p := range s.aspects {
		var before, after, rest block
		s.before.meet(&before, c.told[p], p)
		s.after.meet(&after, c.told[p], p)
		if before == after {
			continue
		}
		s.before.meet(&rest, c.rest[p], p)
		for k := range changed {
			changed[k] |= (before[k] ^ after[k]) &^ rest[k]
		}
	}
	return &changed
}

// meet adds the accounts of which one of the effects is, or may be.
func (r *rows) meet(b *block, effects []int, aspect int) {
	rows := r.about
	if aspect == mayMeet {
		rows = r.possible
	}
	for _, i := range effects {
		b.or(rows[i][:])
	}
}

// outcomes are what happens to one account in a cell.
func (s *states) outcomes(c *differingCell, account uint32) (before, after entramfa.Outcome) {
	return s.outcome(s.before, c, account), s.outcome(s.after, c, account)
}

// outcome is Unknown where something may happen and nothing does for certain.
func (s *states) outcome(r *rows, c *differingCell, account uint32) entramfa.Outcome {
	met := func(aspect int) bool {
		return r.has(c.told[aspect], aspect, account) || s.before.has(c.rest[aspect], aspect, account)
	}
	switch {
	case met(blocks):
		return entramfa.Blocked
	case met(meets):
		return entramfa.MFA
	case s.aspects == most && met(mayMeet):
		return entramfa.Unknown
	}
	return entramfa.Clear
}

func (r *rows) has(effects []int, aspect int, account uint32) bool {
	rows := r.about
	if aspect == mayMeet {
		rows = r.possible
	}
	return slices.ContainsFunc(effects, func(i int) bool { return rows[i].has(account) })
}

// maxFindSteps bounds the work of a block in which each account is compared alone.
const maxFindSteps = 1 << 18

// compareAlone looks through the sign-ins for each account, with the effects that
// are about it, which are fewer.
func (d *differ) compareAlone(list []found, s *states, from int, left *block) []found {
	steps := maxFindSteps
	for account := range uint32(blockWords * 64) {
		if !left.has(account) {
			continue
		}
		f := found{account: uint32(from*64) + account}
		if d.differs(s, account, &f, &steps) {
			list = append(list, f)
		}
	}
	return list
}

// differs looks at one account. Where that takes too long it says so by two
// outcomes that are Unknown.
func (d *differ) differs(s *states, account uint32, f *found, steps *int) bool {
	if d.region.blurred {
		return true
	}
	certain, possible := s.before.effects(account)
	certainAfter, possibleAfter := s.after.effects(account)
	certain.Or(certainAfter)
	possible.Or(possibleAfter)
	sure := and(certain, d.region.table.sure)
	var at differingCell
	_, differs, ok := d.space.Find(d.join(sure, sure, possible), d.join(d.told, d.told, d.told), steps, func(c cells.Cell) bool {
		at = d.cell(c)
		return s.changed(&at).has(account)
	})
	if differs {
		f.before, f.after = s.outcomes(&at, account)
		f.witness = &at.witness
	}
	return differs || !ok
}
