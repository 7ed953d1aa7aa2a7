package cells

import "slices"

// Space lists, for each axis and each of its values, the boxes that take the
// value in. No axis is without values.
type Space [][]Set

// Free says whether there is a combination of values for which none of the boxes in
// mask holds. It takes a step for each comparison of two sets from those that it
// was given; ok is false where they did not suffice.
func (s Space) Free(mask Set, steps *int) (free, ok bool) {
	f := finder{steps: steps}
	if f.prepare(s, mask); *steps > 0 {
		free = f.free(mask, 0)
	}
	return free, *steps > 0
}

// finder looks for a cell without boxes, axis by axis.
type finder struct {
	axes  Space
	whole []Set // for each axis the boxes that take in every value of it and of those that follow
	steps *int
	rooms [][]Set // for each axis the room for the sets of its values
}

// prepare leaves out the axes on which no box of the mask tells values apart, and
// puts those first that have few values to tell apart.
func (f *finder) prepare(space Space, mask Set) {
	for _, axis := range space {
		if values := least(nil, axis, mask, f.steps); len(values) > 1 || len(values) == 1 && !mask.In(values[0]) {
			f.axes = append(f.axes, values)
		}
	}
	slices.SortStableFunc(f.axes, func(a, b []Set) int { return len(a) - len(b) })
	f.whole = make([]Set, len(f.axes)+1)
	f.whole[len(f.axes)] = slices.Clone(mask)
	for i, axis := range slices.Backward(f.axes) {
		f.whole[i] = slices.Clone(f.whole[i+1])
		for _, value := range axis {
			f.whole[i].And(value)
		}
		f.rooms = append(f.rooms, nil)
	}
}

// free goes on with the boxes that hold so far.
func (f *finder) free(left Set, axis int) bool {
	if left.Empty() {
		return true
	}
	if *f.steps--; *f.steps <= 0 || left.Meets(f.whole[axis]) {
		return false // one box holds, whatever the values of the axes that are left
	}
	f.rooms[axis] = least(f.rooms[axis][:0], f.axes[axis], left, f.steps)
	for _, value := range f.rooms[axis] {
		if f.free(value, axis+1) {
			return true
		}
	}
	return false
}

// least returns, of the values of an axis, what they leave of the mask: once each,
// smallest first, and only those that hold no other. It appends to room, and uses
// the sets that are behind its end. Where the steps end it returns a part.
func least(room, axis []Set, mask Set, steps *int) []Set {
	for _, value := range axis {
		if *steps -= len(room) + 1; *steps <= 0 {
			break
		}
		set := next(&room, len(mask))
		set.and(value, mask)
		room = keep(room, set)
	}
	slices.SortStableFunc(room, func(a, b Set) int { return a.Len() - b.Len() })
	return room
}

// next returns a set behind the end of the room.
func next(room *[]Set, words int) Set {
	if n := len(*room); n < cap(*room) {
		if set := (*room)[:n+1][n]; set != nil {
			return set
		}
	}
	return make(Set, words)
}

// keep adds a set to those that hold no other, unless it holds one of them, and
// drops those that hold it.
func keep(list []Set, set Set) []Set {
	kept := 0
	for i, other := range list {
		if other.In(set) {
			return list
		}
		if !set.In(other) {
			list[kept], list[i] = list[i], list[kept]
			kept++
		}
	}
	// What is dropped stays behind the end, as room.
	list = append(list[:len(list):cap(list)], set)
	last := len(list) - 1
	list[kept], list[last] = list[last], list[kept]
	return list[:kept+1]
}
