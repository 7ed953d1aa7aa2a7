package graphfake

import (
	"iter"
	"strings"

	"github.com/entramfa/entramfa/graphfake/internal/persistent"
)

// table keeps rows by id, without case, in the order in which they came. A copy of it
// is a table of its own, and costs nothing.
type table[T any] struct{ rows persistent.Table[*kept[T]] }

func fold(id string) string { return strings.ToLower(id) }

func (t *table[T]) put(id string, row T) { t.rows = t.rows.With(fold(id), &kept[T]{row: row}) }

func (t table[T]) get(id string) (row T, ok bool) {
	found, ok := t.rows.Get(fold(id))
	if ok {
		row = found.row
	}
	return row, ok
}

// at returns a row, the zero value where there is none.
func (t table[T]) at(id string) T {
	row, _ := t.get(id)
	return row
}

func (t *table[T]) remove(id string) bool {
	before := t.rows.Len()
	t.rows = t.rows.Without(fold(id))
	return t.rows.Len() < before
}

func (t table[T]) len() int { return t.rows.Len() }

// each runs over folded ids and rows, in their order.
func (t table[T]) each() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for id, k := range t.rows.All() {
			if !yield(id, k.row) {
				return
			}
		}
	}
}

// where returns the rows that keep accepts; never nil, for a list of Graph is [] when it is empty.
func (t table[T]) where(keep func(T) bool) []T {
	rows := []T{}
	for _, row := range t.each() {
		if keep(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (t table[T]) all() []T {
	rows := make([]T, 0, t.len())
	for _, row := range t.each() {
		rows = append(rows, row)
	}
	return rows
}

// restore puts a row back as it was, or takes it out where there was none.
func (t *table[T]) restore(id string, row T, was bool) {
	if was {
		t.put(id, row)
	} else {
		t.remove(id)
	}
}

// ids returns the folded ids, in their order.
func (t table[T]) ids() []string {
	ids := make([]string, 0, t.len())
	for id := range t.each() {
		ids = append(ids, id)
	}
	return ids
}
