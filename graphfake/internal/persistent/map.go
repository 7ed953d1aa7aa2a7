package persistent

import (
	"iter"
	"math/bits"
)

// Map maps texts to values. It is a hash array mapped trie: a node has up to 32
// entries, told apart by five bits of the hash of their keys, and only those that
// there are. The zero Map is empty.
// Source: Bagwell, Ideal Hash Trees, https://infoscience.epfl.ch/record/64398.
type Map[V any] struct {
	root *node[V]
	size int
}

// node is a branch of the trie; used says which of its 32 places are taken.
type node[V any] struct {
	used    uint32
	entries []entry[V]
}

// entry is one key, or a branch of several.
type entry[V any] struct {
	branch *node[V]
	leaf   *leaf[V]
}

type leaf[V any] struct {
	sum   uint64 // the hash of the key
	key   string
	value V
	// next has the same hash in all its bits.
	next *leaf[V]
}

const (
	width = 5
	mask  = 1<<width - 1
)

// hash is FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/.
func hash(key string) uint64 {
	sum := uint64(14695981039346656037)
	for i := range len(key) {
		sum = (sum ^ uint64(key[i])) * 1099511628211
	}
	return sum
}

// Len is the number of keys.
func (m Map[V]) Len() int { return m.size }

// Get returns the value of a key.
func (m Map[V]) Get(key string) (value V, ok bool) {
	sum := hash(key)
	for n := m.root; n != nil; sum >>= width {
		at, taken := n.place(sum)
		if !taken {
			return value, false
		}
		found := n.entries[at]
		if n = found.branch; n == nil {
			return found.leaf.get(key)
		}
	}
	return value, false
}

// place is where the entry for a hash stands, and whether there is one.
func (n *node[V]) place(sum uint64) (at int, taken bool) {
	bit := uint32(1) << (sum & mask)
	return bits.OnesCount32(n.used & (bit - 1)), n.used&bit != 0
}

func (l *leaf[V]) get(key string) (value V, ok bool) {
	for ; l != nil; l = l.next {
		if l.key == key {
			return l.value, true
		}
	}
	return value, false
}

// With returns a map in which the key has the value.
func (m Map[V]) With(key string, value V) Map[V] {
	root, added := m.root.with(0, &leaf[V]{sum: hash(key), key: key, value: value})
	if added {
		m.size++
	}
	return Map[V]{root, m.size}
}

// with returns the branch with a leaf; added says that the key is new.
func (n *node[V]) with(depth int, new *leaf[V]) (changed *node[V], added bool) {
	sum := new.sum >> depth
	if n == nil {
		return &node[V]{1 << (sum & mask), []entry[V]{{leaf: new}}}, true
	}
	at, taken := n.place(sum)
	if !taken {
		return n.inserted(at, sum, entry[V]{leaf: new}), true
	}
	var into entry[V]
	into, added = n.entries[at].with(depth+width, new)
	return n.replaced(at, into), added
}

// with returns what stands at a place when a leaf comes there.
func (e entry[V]) with(depth int, new *leaf[V]) (changed entry[V], added bool) {
	switch {
	case e.branch != nil:
		branch, added := e.branch.with(depth, new)
		return entry[V]{branch: branch}, added
	case e.leaf.sum == new.sum:
		rest, known := e.leaf.without(new.key)
		new.next = rest
		return entry[V]{leaf: new}, !known
	}
	branch, _ := (*node[V])(nil).with(depth, e.leaf)
	branch, _ = branch.with(depth, new)
	return entry[V]{branch: branch}, true
}

func (n *node[V]) inserted(at int, sum uint64, e entry[V]) *node[V] {
	entries := make([]entry[V], len(n.entries)+1)
	copy(entries, n.entries[:at])
	entries[at] = e
	copy(entries[at+1:], n.entries[at:])
	return &node[V]{n.used | 1<<(sum&mask), entries}
}

func (n *node[V]) replaced(at int, e entry[V]) *node[V] {
	entries := make([]entry[V], len(n.entries))
	copy(entries, n.entries)
	entries[at] = e
	return &node[V]{n.used, entries}
}

// Without returns a map that lacks the key.
func (m Map[V]) Without(key string) Map[V] {
	root, removed := m.root.without(hash(key), key)
	if !removed {
		return m
	}
	return Map[V]{root, m.size - 1}
}

func (n *node[V]) without(sum uint64, key string) (changed *node[V], removed bool) {
	if n == nil {
		return nil, false
	}
	at, taken := n.place(sum)
	if !taken {
		return n, false
	}
	var left entry[V]
	if old := n.entries[at]; old.branch != nil {
		left.branch, removed = old.branch.without(sum>>width, key)
	} else {
		left.leaf, removed = old.leaf.without(key)
	}
	switch {
	case !removed:
		return n, false
	case left != entry[V]{}:
		return n.replaced(at, left), true
	case len(n.entries) == 1:
		return nil, true
	}
	return n.dropped(at, sum), true
}

func (n *node[V]) dropped(at int, sum uint64) *node[V] {
	entries := make([]entry[V], 0, len(n.entries)-1)
	entries = append(append(entries, n.entries[:at]...), n.entries[at+1:]...)
	return &node[V]{n.used &^ (1 << (sum & mask)), entries}
}

// without returns the keys of one hash without one of them.
func (l *leaf[V]) without(key string) (rest *leaf[V], removed bool) {
	if l == nil {
		return nil, false
	}
	if l.key == key {
		return l.next, true
	}
	next, removed := l.next.without(key)
	if !removed {
		return l, false
	}
	return &leaf[V]{l.sum, l.key, l.value, next}, true
}

// All runs over the entries, in no order that means anything.
func (m Map[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) { m.root.all(yield) }
}

func (n *node[V]) all(yield func(string, V) bool) bool {
	if n == nil {
		return true
	}
	for _, e := range n.entries {
		if !e.branch.all(yield) {
			return false
		}
		for l := e.leaf; l != nil; l = l.next {
			if !yield(l.key, l.value) {
				return false
			}
		}
	}
	return true
}
