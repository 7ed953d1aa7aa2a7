package policy

import (
	"errors"
	"iter"
	"slices"

	"github.com/entramfa/entramfa"
)

// Change is an account of which at least one sign-in has another outcome.
type Change struct {
	// AccountID is the object id of the account, in small letters.
	AccountID string
	// Before and After are what happens to Witness: Clear, MFA, Blocked, or
	// Unknown where it can't be told.
	Before, After entramfa.Outcome
	// Witness is one sign-in whose outcome changes. Changes share what it holds: it
	// must not be changed.
	Witness SignIn
}

// Snapshot is a tenant at one moment: its policies and its accounts.
type Snapshot struct {
	Policies *Prepared
	Accounts *Directory
}

// Diff says whose outcome changes between two states of a tenant, over a set of
// sign-ins: one Change, with a witness, for each account of which a sign-in is
// treated otherwise after than before, in the order of the directory. It is exact
// over the properties of a SignIn, taken as independent of each other; who doesn't
// appear is treated the same at every sign-in of the set. What can't be told counts
// as an outcome of its own: an account appears when it becomes unknown, or stops to
// be.
//
// The policies of both states are values of their own: a copy of a Policy shares its
// conditions, and a change of one would be a change of both. Both states have the
// same accounts, and the directory the groups that either names; a change of groups
// is another directory (see Directory.Joined). It is an error if they haven't. An account for which the
// policies are too tangled to compare appears with both outcomes Unknown and a
// witness that is the whole set. It does no I/O, and works on all processors.
func Diff(before, after Snapshot, signIns SignIn) (iter.Seq[Change], error) {
	if !slices.Equal(before.Accounts.ids, after.Accounts.ids) {
		return nil, errors.New("policy: compare two states of a tenant: they have not the same accounts in the same order")
	}
	d := newDiffer(before, after, signIns)
	return func(yield func(Change) bool) {
		for found := range d.run() {
			for _, f := range found {
				if !yield(d.change(f)) {
					return
				}
			}
		}
	}, nil
}

// found is an account that is treated otherwise, and the cell in which it is.
type found struct {
	account       uint32
	before, after entramfa.Outcome
	witness       *SignIn // nil where there are too many cells
}

func (d *differ) change(f found) Change {
	c := Change{AccountID: d.accounts.ids[f.account].String(), Before: f.before, After: f.after, Witness: d.signIns}
	if f.witness != nil {
		c.Witness = *f.witness
	}
	return c
}

// run looks through all accounts, some blocks at a time.
func (d *differ) run() iter.Seq[[]found] {
	const blocks = 64
	words := (d.accounts.Len() + 63) / 64
	return func(yield func([]found) bool) {
		if d.told.Empty() {
			return
		}
		for from := 0; from < words; from += blocks * blockWords {
			some := min(blocks*blockWords, words-from)
			for _, part := range concurrently(some, func(first, end int) []found { return d.look(from+first, from+end) }) {
				if !yield(part) {
					return
				}
			}
		}
	}
}
