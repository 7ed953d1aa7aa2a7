package cells

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// random makes a space of a few axes over n boxes.
func random(d *rand.Rand, n int) Space {
	space := make(Space, 1+d.IntN(4))
	for axis := range space {
		for range 1 + d.IntN(4) {
			set := NewSet(n)
			for box := range n {
				if d.IntN(3) > 0 {
					set.Add(box)
				}
			}
			space[axis] = append(space[axis], set)
		}
	}
	return space
}

// all lists every cell, combination by combination.
func all(space Space, mask Set) []Set {
	list := []Set{mask}
	for _, axis := range space {
		var more []Set
		for _, left := range list {
			for _, value := range axis {
				set := slices.Clone(left)
				set.And(value)
				more = append(more, set)
			}
		}
		list = more
	}
	return list
}

func subset(d *rand.Rand, n int) Set {
	set := NewSet(n)
	for box := range n {
		if d.IntN(2) == 0 {
			set.Add(box)
		}
	}
	return set
}

func TestFreeIsWhatCountingGives(t *testing.T) {
	free := 0
	for seed := range 20_000 {
		d := rand.New(rand.NewPCG(uint64(seed), 1))
		n := 1 + d.IntN(130)
		if seed%2 == 0 {
			n = 1 + d.IntN(8)
		}
		space, mask := random(d, n), subset(d, n)
		want := slices.ContainsFunc(all(space, mask), Set.Empty)
		steps := 1 << 20
		got, ok := space.Free(mask, &steps)
		require.True(t, ok)
		require.Equal(t, want, got, "seed %d", seed)
		if got {
			free++
		}
	}
	assert.Greater(t, free, 2000)
	assert.Less(t, free, 18_000)
}

func TestLeastCellsStandForAll(t *testing.T) {
	for seed := range 5_000 {
		d := rand.New(rand.NewPCG(uint64(seed), 2))
		n := 1 + d.IntN(80)
		space, mask, told := random(d, n), subset(d, n), NewSet(n)
		for range d.IntN(4) {
			told.Add(d.IntN(n))
		}
		every := all(space, mask)
		least, ok := space.Least(mask, told, 1<<20)
		require.True(t, ok)
		same := func(a, b Set) bool {
			return !slices.ContainsFunc(slices.Collect(within(n)), func(i int) bool { return told.Has(i) && a.Has(i) != b.Has(i) })
		}
		for _, cell := range every {
			if !told.Empty() && !cell.Meets(told) {
				continue
			}
			require.True(t, slices.ContainsFunc(least, func(c Cell) bool { return same(c.Boxes, cell) && c.Boxes.In(cell) }), "seed %d: no cell stands for one", seed)
		}
		for i, c := range least {
			at := slices.Clone(mask)
			for axis, value := range c.At {
				at.And(space[axis][value])
			}
			require.Equal(t, c.Boxes, at, "seed %d: a cell is that of its values", seed)
			for k, other := range least {
				require.False(t, i != k && same(c.Boxes, other.Boxes) && c.Boxes.In(other.Boxes), "seed %d: one cell is too many", seed)
			}
		}
	}
}

func within(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// TestLimits stops what would take too long, and says so.
func TestLimits(t *testing.T) {
	const n = 24
	var space Space
	for box := 0; box < n; box += 2 { // each axis lets one of two boxes go
		first, second := subsetAll(n), subsetAll(n)
		first.Remove(box)
		second.Remove(box + 1)
		space = append(space, []Set{first, second})
	}
	_, ok := space.Least(subsetAll(n), NewSet(n), 1000)
	assert.False(t, ok, "4,096 cells, none in another")
	cells, ok := space.Least(subsetAll(n), NewSet(n), 4096)
	assert.True(t, ok)
	assert.Len(t, cells, 4096)
	steps := 1
	_, ok = space.Free(subsetAll(n), &steps)
	assert.False(t, ok)
}

func subsetAll(n int) Set {
	set := NewSet(n)
	for i := range n {
		set.Add(i)
	}
	return set
}

// TestLeastGivesUpAloud: an axis with too many values that hold no other.
func TestLeastGivesUpAloud(t *testing.T) {
	var axis []Set
	for mask := range uint64(1 << 16) {
		if (Set{mask}).Len() == 8 {
			axis = append(axis, Set{mask})
		}
	}
	list, ok := Space{axis}.Least(Set{1<<16 - 1}, Set{0}, 1<<13)
	assert.False(t, ok)
	assert.Empty(t, list)
}
