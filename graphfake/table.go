package graphfake

import (
	"maps"
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

// clone returns a table that can be changed without changing this one.
func (t *table[T]) clone() table[T] {
	return table[T]{order: slices.Clone(t.order), rows: maps.Clone(t.rows)}
}

// restore puts a row back as it was, or takes it out where there was none.
func (t *table[T]) restore(id string, row T, was bool) {
	if was {
		t.put(id, row)
	} else {
		t.remove(id)
	}
}
