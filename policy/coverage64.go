package policy

import (
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/cells"
)

// maxCells bounds the cells that are held against all accounts at once. Where there
// are more, each account is decided alone.
const maxCells = 1 << 13

// coverage64 says how much of a region effects cover together, for 64 accounts at
// a time: all sign-ins of an account are met where in each cell an effect is about
// the account.
type coverage64 struct {
	boxes
	certain, possible cellList
	// exact says that what is possible is certain, one by one that there were too
	// many cells.
	exact, oneByOne bool
}

// cellList lists cells by their effects; common are those that are in all of them.
type cellList struct {
	common []int
	cells  [][]int
}

func newCoverage64(b boxes) coverage64 {
	c := coverage64{boxes: b, exact: b.exact()}
	told := make(cells.Set, len(b.heldCertain))
	certain, ok := b.certain.Least(b.heldCertain, told, maxCells)
	c.certain, c.oneByOne = newCellList(certain), !ok || len(certain) == 0
	c.possible = c.certain
	if !c.exact {
		possible, ok := b.possible.Least(b.heldPossible, told, maxCells)
		c.possible, c.oneByOne = newCellList(possible), c.oneByOne || !ok
	}
	return c
}

// exact says that the certain boxes are the possible ones.
func (b *boxes) exact() bool {
	same := slices.Equal(b.heldCertain, b.heldPossible)
	for on := range b.certain {
		same = same && slices.EqualFunc(b.certain[on], b.possible[on], slices.Equal[cells.Set])
	}
	return same
}

func newCellList(list []cells.Cell) (l cellList) {
	if len(list) == 0 {
		return l
	}
	common := slices.Clone(list[0].Boxes)
	for _, cell := range list[1:] {
		common.And(cell.Boxes)
	}
	common.Each(func(i int) { l.common = append(l.common, i) })
	slices.SortFunc(list, func(a, b cells.Cell) int { return a.Boxes.Len() - b.Boxes.Len() })
	for _, cell := range list {
		var rest []int
		cell.Boxes.Each(func(i int) {
			if !common.Has(i) {
				rest = append(rest, i)
			}
		})
		l.cells = append(l.cells, rest)
	}
	return l
}

// extents are, for each extent, the accounts of a block that have it.
type extents struct{ never, sometimes, always, unknown block }

// extents is extent, for the accounts of a block.
func (c *coverage64) extents(r *rows, region *region) *extents {
	if c.oneByOne {
		return c.alone(r, region)
	}
	certain, possible := joint(r.about, c.heldCertain), joint(r.possible, c.heldPossible)
	surely := c.certain.covered(r.about, certain)
	perhaps := surely
	if !c.exact || !r.exact {
		perhaps = c.possible.covered(r.possible, possible)
	}
	var e extents
	for k := range possible {
		e.never[k] = ^possible[k]
		e.always[k] = surely[k]
		e.sometimes[k] = certain[k] &^ surely[k] &^ perhaps[k]
		e.unknown[k] = possible[k] &^ surely[k] &^ e.sometimes[k]
	}
	return &e
}

// joint are the accounts of which one of the effects is.
func joint(rows []block, effects cells.Set) *block {
	var b block
	effects.Each(func(i int) { b.or(rows[i][:]) })
	return &b
}

// covered are those of the accounts of which in every cell an effect is.
func (l *cellList) covered(rows []block, accounts *block) *block {
	var base block
	for _, i := range l.common {
		base.or(rows[i][:])
	}
	need := *accounts
	need.without(&base)
	for _, cell := range l.cells {
		if need == (block{}) {
			break
		}
		var met block
		for _, i := range cell {
			met.or(rows[i][:])
		}
		need.and(&met)
	}
	need.or(base[:])
	return &need
}

func (b *block) without(other *block) {
	for i := range b {
		b[i] &^= other[i]
	}
}

// maxBlockSteps bounds the work of a block in which each account is decided alone;
// of those that come after nothing is known.
const maxBlockSteps = 1 << 22

// alone decides account by account.
func (c *coverage64) alone(r *rows, region *region) *extents {
	var e extents
	steps := maxBlockSteps
	for account := range uint32(blockWords * 64) {
		if !r.there.has(account) {
			continue
		}
		certain, possible := r.effects(account)
		switch region.extentWithin(c.boxes, certain, possible, &steps) {
		case entramfa.Never:
			e.never.add(account)
		case entramfa.Sometimes:
			e.sometimes.add(account)
		case entramfa.Always:
			e.always.add(account)
		default:
			e.unknown.add(account)
		}
	}
	return &e
}

func (b *block) has(account uint32) bool { return b[account/64]&(1<<(account%64)) != 0 }
func (b *block) add(account uint32)      { b[account/64] |= 1 << (account % 64) }

// effects are those that are about one account of the block, and that may be.
func (r *rows) effects(account uint32) (certain, possible cells.Set) {
	certain, possible = cells.NewSet(len(r.about)), cells.NewSet(len(r.about))
	for i := range r.about {
		if r.about[i].has(account) {
			certain.Add(i)
		}
		if r.possible[i].has(account) {
			possible.Add(i)
		}
	}
	return certain, possible
}
