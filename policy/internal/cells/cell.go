package cells

import (
	"encoding/binary"
	"slices"
)

// Cell is the boxes that hold for a combination of values, and one combination
// for which they do: of each axis the number of a value.
type Cell struct {
	Boxes Set
	At    []int
}

// Least returns, of the cells of the space within mask, those that hold no other
// cell with the same boxes among told: for every combination of values one of
// them holds the same of told, and nothing beside it that the combination
// doesn't hold. With an empty told these are the smallest cells; else those that
// hold nothing of told are left out.
//
// ok is false where there are more than limit cells on the way, or too many to
// compare.
func (s Space) Least(mask, told Set, limit int) (list []Cell, ok bool) {
	list = []Cell{{Boxes: slices.Clone(mask), At: make([]int, len(s))}}
	for _, axis := range s.reduced(list[0], told) {
		if list, ok = grow(list, axis, told, limit); !ok {
			return nil, false
		}
	}
	return list, true
}

// reduced keeps of each axis the values that a least cell may have, and puts those
// axes first that have few of them.
func (s Space) reduced(whole Cell, told Set) []axis {
	var axes []axis
	for number, values := range s {
		a := axis{number: number}
		for i, boxes := range values {
			a.values = append(a.values, value{boxes, i})
		}
		if least, ok := grow([]Cell{whole}, a, told, len(values)); ok {
			a.values = nil
			for _, cell := range least {
				a.values = append(a.values, value{cell.Boxes, cell.At[number]})
			}
		}
		axes = append(axes, a)
	}
	slices.SortStableFunc(axes, func(a, b axis) int { return len(a.values) - len(b.values) })
	return axes
}

// axis is one of the axes by its number, with some of its values by theirs.
type axis struct {
	number int
	values []value
}

type value struct {
	boxes  Set
	number int
}

// maxWork bounds the comparisons of sets for one axis.
const maxWork = 1 << 24

// grow adds one axis to the cells of the axes before it.
func grow(cells []Cell, axis axis, told Set, limit int) ([]Cell, bool) {
	frontier := frontier{work: maxWork, told: told, some: !told.Empty(), groups: map[string][]Cell{}}
	for _, cell := range cells {
		for _, value := range axis.values {
			frontier.add(cell, axis.number, value)
			if frontier.count > limit || frontier.work <= 0 {
				return nil, false
			}
		}
	}
	return frontier.cells(), true
}

// frontier holds the cells of the axes so far, grouped by what they hold of told.
type frontier struct {
	told   Set
	some   bool // told isn't empty
	groups map[string][]Cell
	keys   []string
	count  int
	work   int // comparisons that are left
	set    Set
	key    []byte
}

// add puts in the cell that a value makes of another, unless there is one that it holds.
func (f *frontier) add(cell Cell, axis int, value value) {
	if f.set == nil {
		f.set = make(Set, len(value.boxes))
	}
	f.set.and(cell.Boxes, value.boxes)
	if f.some && !f.set.Meets(f.told) {
		return
	}
	f.key = f.key[:0]
	for i, word := range f.set {
		f.key = binary.LittleEndian.AppendUint64(f.key, word&f.told[i])
	}
	group, seen := f.groups[string(f.key)]
	if !seen {
		f.keys = append(f.keys, string(f.key))
	}
	was := len(group)
	f.work -= was + 1
	if slices.ContainsFunc(group, func(c Cell) bool { return c.Boxes.In(f.set) }) {
		return
	}
	group = slices.DeleteFunc(group, func(c Cell) bool { return f.set.In(c.Boxes) })
	at := slices.Clone(cell.At)
	at[axis] = value.number
	group = append(group, Cell{Boxes: slices.Clone(f.set), At: at})
	f.count += len(group) - was
	f.groups[string(f.key)] = group
}

// cells lists the cells in the order in which they were found.
func (f *frontier) cells() []Cell {
	var list []Cell
	for _, key := range f.keys {
		list = append(list, f.groups[key]...)
	}
	return list
}

// Find looks for a cell that passes, through the cells within mask that hold
// something of told, each set of boxes once, and stops at the first. It takes a
// step for each set from those that it was given; ok is false where they did not
// suffice.
func (s Space) Find(mask, told Set, steps *int, passes func(Cell) bool) (cell Cell, found, ok bool) {
	w := walker{space: s, told: told, steps: steps, passes: passes, at: make([]int, len(s))}
	found = w.walk(mask, 0)
	return w.cell, found, *steps > 0
}

type walker struct {
	space  Space
	told   Set
	steps  *int
	passes func(Cell) bool
	at     []int
	cell   Cell
}

func (w *walker) walk(left Set, axis int) bool {
	if *w.steps <= 0 || !left.Meets(w.told) {
		return false
	}
	if axis == len(w.space) {
		w.cell = Cell{Boxes: left, At: slices.Clone(w.at)}
		return w.passes(w.cell)
	}
	seen := map[string]bool{}
	for i, value := range w.space[axis] {
		set, text := make(Set, len(left)), []byte{}
		set.and(left, value)
		for _, word := range set {
			text = binary.LittleEndian.AppendUint64(text, word)
		}
		if *w.steps--; seen[string(text)] {
			continue
		}
		seen[string(text)], w.at[axis] = true, i
		if w.walk(set, axis+1) {
			return true
		}
	}
	return false
}
