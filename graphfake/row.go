package graphfake

import (
	"encoding/json"
	"iter"
	"sync/atomic"
)

// kept is a row of a table. It is never changed, so that what it looks like on the
// wire is worked out once, by whoever asks first, for all copies of the table.
type kept[T any] struct {
	row    T
	object atomic.Pointer[object]
	shown  atomic.Pointer[shownRow]
	// beyond says of a policy whether v1.0 hides it: 0 before it was looked at, 1 no, 2 yes.
	beyond atomic.Int32
}

// shownRow is a row as an answer held it, for the next answer of the same form.
type shownRow struct {
	form *form
	text json.RawMessage
}

// form is what makes two answers show a row alike.
type form struct {
	view
	shape *property // the first one of the shape tells it from others
	// base is the address in the annotations of a row, where it has one.
	base, selects string
}

// asObject is the row as an object; the caller doesn't change it.
func (k *kept[T]) asObject() object {
	if found := k.object.Load(); found != nil {
		return *found
	}
	made := objectOf(k.row)
	k.object.Store(&made)
	return made
}

func (k *kept[T]) memory() *atomic.Pointer[shownRow] { return &k.shown }

// lazyRow is a row of a list that is only made where it is wanted.
type lazyRow struct {
	kept interface {
		asObject() object
		memory() *atomic.Pointer[shownRow]
	}
	// more is what the service shows beside what the table keeps; nil for nothing.
	more func(object) object
	made object // of a row that no table keeps
}

func (r lazyRow) asObject() object {
	switch {
	case r.kept == nil:
		return r.made
	case r.more != nil:
		return r.more(r.kept.asObject())
	}
	return r.kept.asObject()
}

// text returns the row in a form, as it was shown before where it was.
func (r lazyRow) text(f *form, show func(object) object) json.RawMessage {
	if r.kept == nil || r.more != nil {
		return raw(show(r.asObject()))
	}
	memory := r.kept.memory()
	if last := memory.Load(); last != nil && *last.form == *f {
		return last.text
	}
	text := raw(show(r.asObject()))
	memory.Store(&shownRow{f, text})
	return text
}

// rowSource gives the rows of a list, from a place on. It may be asked after the
// tenant's lock is released: it holds tables of its own.
type rowSource struct {
	len  int
	from func(start int) iter.Seq[lazyRow]
}

// madeRows are rows that were made already.
func madeRows(rows []object) *rowSource {
	return &rowSource{len(rows), func(start int) iter.Seq[lazyRow] {
		return func(yield func(lazyRow) bool) {
			for _, o := range rows[min(start, len(rows)):] {
				if !yield(lazyRow{made: o}) {
					return
				}
			}
		}
	}}
}

// source gives the rows of a table, with what more says of each.
func (t table[T]) source(more func(T) func(object) object) *rowSource {
	return &rowSource{t.len(), func(start int) iter.Seq[lazyRow] {
		return func(yield func(lazyRow) bool) {
			for _, k := range t.rows.From(start) {
				row := lazyRow{kept: k}
				if more != nil {
					row.more = more(k.row)
				}
				if !yield(row) {
					return
				}
			}
		}
	}}
}

// only returns a table of those of the ids that are there, in their order in ids.
func (t table[T]) only(ids []string) table[T] {
	var some table[T]
	for _, id := range ids {
		if k, ok := t.rows.Get(fold(id)); ok {
			some.rows = some.rows.With(fold(id), k)
		}
	}
	return some
}

// objectAt is a row as an object, nil where there is none.
func (t table[T]) objectAt(id string) object {
	if k, ok := t.rows.Get(fold(id)); ok {
		return k.asObject()
	}
	return nil
}
