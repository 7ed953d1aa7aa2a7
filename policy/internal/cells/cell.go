package cells

import "slices"

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
// ok is false where there are more than limit cells on the way.
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
		least, _ := grow([]Cell{whole}, a, told, len(values))
		a.values = nil
		for _, cell := range least {
			a.values = append(a.values, value{cell.Boxes, cell.At[number]})
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

// grow adds one axis to the cells of the axes before it.
func grow(cells []Cell, axis axis, told Set, limit int) ([]Cell, bool) {
	frontier := frontier{told: told, some: !told.Empty(), groups: map[string][]Cell{}}
	for _, cell := range cells {
		for _, value := range axis.values {
			frontier.add(cell, axis.number, value)
			if frontier.count > limit {
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
		for shift := 0; shift < 64; shift += 8 {
			f.key = append(f.key, byte((word&f.told[i])>>shift))
		}
	}
	group, seen := f.groups[string(f.key)]
	if !seen {
		f.keys = append(f.keys, string(f.key))
	}
	was := len(group)
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
