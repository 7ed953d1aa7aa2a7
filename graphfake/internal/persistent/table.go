package persistent

import "iter"

// Table is a map that keeps the order in which its keys came: a key that is given
// another value stays where it is. The zero Table is empty.
type Table[V any] struct {
	rows  Map[row[V]]
	order List[place]
	gaps  int // places whose key was removed
}

type place struct {
	key  string
	gone bool
}

type row[V any] struct {
	at    int
	value V
}

// Len is the number of keys.
func (t Table[V]) Len() int { return t.rows.Len() }

// Get returns the value of a key.
func (t Table[V]) Get(key string) (V, bool) {
	found, ok := t.rows.Get(key)
	return found.value, ok
}

// With returns a table in which the key has the value.
func (t Table[V]) With(key string, value V) Table[V] {
	if old, known := t.rows.Get(key); known {
		t.rows = t.rows.With(key, row[V]{old.at, value})
		return t
	}
	t.rows = t.rows.With(key, row[V]{t.order.Len(), value})
	t.order = t.order.With(place{key: key})
	return t
}

// Without returns a table that lacks the key.
func (t Table[V]) Without(key string) Table[V] {
	old, known := t.rows.Get(key)
	if !known {
		return t
	}
	t.rows, t.order, t.gaps = t.rows.Without(key), t.order.Set(old.at, place{gone: true}), t.gaps+1
	if t.gaps > t.rows.Len()+mask {
		return t.closed()
	}
	return t
}

// closed returns the table without gaps in its order.
func (t Table[V]) closed() Table[V] {
	var whole Table[V]
	for key, value := range t.All() {
		whole = whole.With(key, value)
	}
	return whole
}

// All runs over keys and values in their order.
func (t Table[V]) All() iter.Seq2[string, V] { return t.From(0) }

// From is All without the first ones.
func (t Table[V]) From(skip int) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		start := 0
		if t.gaps == 0 {
			start, skip = min(skip, t.order.Len()), 0
		}
		for _, p := range t.order.From(start) {
			if p.gone {
				continue
			}
			if skip > 0 {
				skip--
				continue
			}
			found, _ := t.rows.Get(p.key)
			if !yield(p.key, found.value) {
				return
			}
		}
	}
}
