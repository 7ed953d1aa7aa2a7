package cells

import "math/bits"

// Set is a set of boxes: bit i%64 of word i/64 says whether box i is in it. Sets
// that are put together have the same length.
type Set []uint64

// NewSet returns the empty set of n possible boxes.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Add puts box i into the set.
func (s Set) Add(i int) { s[i/64] |= 1 << (i % 64) }

// Remove takes box i out of the set.
func (s Set) Remove(i int) { s[i/64] &^= 1 << (i % 64) }

// Has says whether box i is in the set.
func (s Set) Has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// Empty says whether the set has no box.
func (s Set) Empty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

// Len is the number of boxes in the set.
func (s Set) Len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Meets says whether the sets have a box in common.
func (s Set) Meets(other Set) bool {
	for i, word := range s {
		if word&other[i] != 0 {
			return true
		}
	}
	return false
}

// In says whether every box of the set is in the other.
func (s Set) In(other Set) bool {
	for i, word := range s {
		if word&^other[i] != 0 {
			return false
		}
	}
	return true
}

// And keeps in the set what is in the other too.
func (s Set) And(other Set) {
	for i := range s {
		s[i] &= other[i]
	}
}

// Or adds what is in the other.
func (s Set) Or(other Set) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Each calls with every box of the set, in order.
func (s Set) Each(call func(int)) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			call(i*64 + bits.TrailingZeros64(word))
		}
	}
}

// and sets the set to what two others have in common.
func (s Set) and(a, b Set) {
	for i := range s {
		s[i] = a[i] & b[i]
	}
}
