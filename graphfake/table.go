package graphfake

import (
	"slices"
	"strings"
)

// table keeps rows by id, without case, in the order in which they came.
type table[T any] struct {
	order []string
	rows  map[string]T
}

func fold(id string) string { return strings.ToLower(id) }

func (t *table[T]) put(id string, row T) {
	if t.rows == nil {
		t.rows = map[string]T{}
	}
	id = fold(id)
	if _, known := t.rows[id]; !known {
		t.order = append(t.order, id)
	}
	t.rows[id] = row
}

func (t *table[T]) get(id string) (T, bool) {
	row, ok := t.rows[fold(id)]
	return row, ok
}

func (t *table[T]) remove(id string) bool {
	id = fold(id)
	if _, known := t.rows[id]; !known {
		return false
	}
	delete(t.rows, id)
	t.order = slices.DeleteFunc(t.order, func(other string) bool { return other == id })
	return true
}

// where returns the rows that keep accepts; never nil, for a list of Graph is [] when it is empty.
func (t *table[T]) where(keep func(T) bool) []T {
	rows := make([]T, 0, len(t.order))
	for _, id := range t.order {
		if row := t.rows[id]; keep(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (t *table[T]) all() []T { return t.where(func(T) bool { return true }) }
