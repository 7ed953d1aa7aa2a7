package policy

import "slices"

// accountSet is a set of accounts by their number. What is behind its end isn't in it.
type accountSet []uint64

func (b *accountSet) set(n uint32) {
	for int(n/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b *accountSet) add(other accountSet) {
	for len(*b) < len(other) {
		*b = append(*b, 0)
	}
	for i, word := range other {
		(*b)[i] |= word
	}
}

// part returns some of the words, fewer where the set ends.
func (b accountSet) part(from, to int) accountSet {
	if from >= len(b) {
		return nil
	}
	return b[from:min(to, len(b))]
}

// equal says that two sets are the same; sets that share their words quickly.
func (b accountSet) equal(other accountSet) bool {
	if len(b) > 0 && len(b) == len(other) && &b[0] == &other[0] {
		return true
	}
	return slices.Equal(b, other)
}
