package persistent

import "iter"

// List is a list that grows at its end. It is a trie over the index with 32 places a
// node; what came last stands in a tail beside it. The zero List is empty.
type List[T any] struct {
	root  *block[T]
	tail  []T
	size  int
	depth int // bits of the index that the root tells apart, beyond those in a leaf
}

// block is a node: items in a leaf, blocks elsewhere.
type block[T any] struct {
	blocks []*block[T]
	items  []T
}

// Len is the number of places.
func (l List[T]) Len() int { return l.size }

// At returns what stands at a place, from 0 to Len()-1.
func (l List[T]) At(i int) T {
	if i >= l.size-len(l.tail) {
		return l.tail[i-(l.size-len(l.tail))]
	}
	return l.leaf(i).items[i&mask]
}

// leaf is the block with the items around a place before the tail.
func (l List[T]) leaf(i int) *block[T] {
	b := l.root
	for bits := l.depth; bits > 0; bits -= width {
		b = b.blocks[i>>bits&mask]
	}
	return b
}

// With returns a list with one more item at its end.
func (l List[T]) With(item T) List[T] {
	if len(l.tail) <= mask {
		tail := make([]T, len(l.tail)+1)
		copy(tail, l.tail)
		tail[len(l.tail)] = item
		return List[T]{l.root, tail, l.size + 1, l.depth}
	}
	full := l.pushed()
	full.tail = []T{item}
	full.size++
	return full
}

// pushed returns the list with its full tail in the trie.
func (l List[T]) pushed() List[T] {
	filled, leaf := l.size-len(l.tail), &block[T]{items: l.tail}
	switch {
	case l.root == nil:
		return List[T]{root: leaf, size: l.size}
	case filled == 1<<(l.depth+width): // the trie is full
		root := &block[T]{blocks: []*block[T]{l.root}}
		return List[T]{root: root.pushed(l.depth+width, filled, leaf), size: l.size, depth: l.depth + width}
	}
	return List[T]{root: l.root.pushed(l.depth, filled, leaf), size: l.size, depth: l.depth}
}

// pushed returns the block with a leaf for the items from a place on.
func (b *block[T]) pushed(bits, at int, leaf *block[T]) *block[T] {
	if bits == 0 {
		return leaf
	}
	var below *block[T]
	place := at >> bits & mask
	blocks := make([]*block[T], max(place+1, b.width()))
	if b != nil {
		copy(blocks, b.blocks)
		below = blocks[place]
	}
	blocks[place] = below.pushed(bits-width, at, leaf)
	return &block[T]{blocks: blocks}
}

func (b *block[T]) width() int {
	if b == nil {
		return 0
	}
	return len(b.blocks)
}

// Set returns a list with another item at a place, from 0 to Len()-1.
func (l List[T]) Set(i int, item T) List[T] {
	before := l.size - len(l.tail)
	if i < before {
		l.root = l.root.set(l.depth, i, item)
		return l
	}
	tail := make([]T, len(l.tail))
	copy(tail, l.tail)
	tail[i-before] = item
	l.tail = tail
	return l
}

func (b *block[T]) set(bits, i int, item T) *block[T] {
	if bits == 0 {
		items := make([]T, len(b.items))
		copy(items, b.items)
		items[i&mask] = item
		return &block[T]{items: items}
	}
	blocks := make([]*block[T], len(b.blocks))
	copy(blocks, b.blocks)
	place := i >> bits & mask
	blocks[place] = blocks[place].set(bits-width, i, item)
	return &block[T]{blocks: blocks}
}

// From runs over the items from a place on.
func (l List[T]) From(start int) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		before := l.size - len(l.tail)
		for i := start; i < before; {
			items := l.leaf(i).items
			for ; ; i++ {
				if !yield(i, items[i&mask]) {
					return
				}
				if i&mask == mask {
					i++
					break
				}
			}
		}
		for i := max(start, before); i < l.size; i++ {
			if !yield(i, l.tail[i-before]) {
				return
			}
		}
	}
}
