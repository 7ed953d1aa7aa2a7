package mfa

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/entramfa/entramfa"
)

// JournalSchema names the form of an Entry as JSON. Within one schema members and
// kinds are only added.
const JournalSchema = "entramfa.journal/1"

// EntryKind says what an Entry records.
type EntryKind string

const (
	// EntryBegin: a plan is about to be applied; Plan holds it whole.
	EntryBegin EntryKind = "begin"
	// EntryIntent: a write is about to be sent. Without an EntryDone after it, nobody
	// knows whether it was made: the tenant tells.
	EntryIntent EntryKind = "intent"
	// EntryDone: the change is made, and was seen.
	EntryDone EntryKind = "done"
	// EntryFailed: the service refused the change, or it could not be made sure.
	EntryFailed EntryKind = "failed"
	// EntryEnd: all changes of the plan are made.
	EntryEnd EntryKind = "end"
	// EntryRollback: the plan is about to be undone.
	EntryRollback EntryKind = "rollback"
	// EntryUndoIntent and EntryUndone are intent and done of the way back.
	EntryUndoIntent EntryKind = "undoIntent"
	EntryUndone     EntryKind = "undone"
	// EntryRolledBack: all changes of the plan are undone.
	EntryRolledBack EntryKind = "rolledBack"
	// EntryGap: how long the tenant was without security defaults and without the
	// policies in their place, on the way there, back, or there and put back.
	EntryGap EntryKind = "gap"
	// EntryWaiting: the plan waits for a person.
	EntryWaiting EntryKind = "waiting"
	// EntryTorn: the line before it was torn, as when the process was killed in the
	// middle of it, and counts for nothing.
	EntryTorn EntryKind = "torn"
)

// Entry is one line of a journal. It holds no secret.
type Entry struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at"`
	Kind   EntryKind `json:"kind"`
	// PlanID is the plan that the entry belongs to; By is who applies it, in the
	// entries before a write.
	PlanID string    `json:"planId,omitempty"`
	By     *Identity `json:"by,omitempty"`
	// Plan is the whole plan, in EntryBegin alone.
	Plan *Plan `json:"plan,omitempty"`

	// ChangeID is the change within the plan; TargetID the object that it is about,
	// also of one that was created.
	ChangeID string `json:"changeId,omitempty"`
	TargetID string `json:"targetId,omitempty"`
	// Before and After are the members that change, as they were read before the
	// write and after it. Rest is a digest of everything else of the object.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Rest   string          `json:"rest,omitempty"`
	// RequestID is that of the write, for Microsoft's support.
	RequestID string `json:"requestId,omitempty"`
	// Error says why a change failed; Refused that the service said no, so that
	// nothing was changed.
	Error   string `json:"error,omitempty"`
	Refused bool   `json:"refused,omitempty"`
	// GapMilliseconds is the length of the gap, in EntryGap alone.
	GapMilliseconds int64 `json:"gapMilliseconds,omitempty"`
}

// Journal keeps what is done to a tenant, so that another process finishes it or
// undoes it. FileJournal is one.
type Journal interface {
	// Append stores an entry for good before it returns.
	Append(Entry) error
	// Entries returns all entries, in order.
	Entries() ([]Entry, error)
}

// changeState is how far a change got, by the journal.
type changeState int

const (
	notBegun changeState = iota
	intended             // a write may have been sent
	made
	undoing // an undoing write may have been sent
	undone
)

// history is what a journal says of one plan.
type history struct {
	plan    *Plan
	changes map[string]changeState
	targets map[string]string // change id to the object that it created
	entries map[string]Entry  // the last intent or done of a change
	// sent is when each change was last about to be sent, there or back, and no gap
	// was noted as ended since.
	sent       map[string]time.Time
	ended      bool
	rolledBack bool
	undoing    bool
}

// lastStanding is the id of the plan that was begun last and is not rolled back; where
// all are, the last one.
func lastStanding(entries []Entry) string {
	last, standing := "", []string{}
	for _, e := range entries {
		switch e.Kind {
		case EntryBegin:
			last, standing = e.PlanID, append(standing, e.PlanID)
		case EntryRolledBack:
			standing = slices.DeleteFunc(standing, func(id string) bool { return id == e.PlanID })
		}
	}
	if len(standing) > 0 {
		return standing[len(standing)-1]
	}
	return last
}

// historyOf reads the plan with this id; with an empty id that of lastStanding.
func historyOf(entries []Entry, planID string) (history, error) {
	if planID == "" {
		planID = lastStanding(entries)
	}
	h := history{changes: map[string]changeState{}, targets: map[string]string{}, entries: map[string]Entry{}, sent: map[string]time.Time{}}
	for _, e := range entries {
		if e.PlanID != planID {
			continue
		}
		if e.Schema != JournalSchema {
			return h, fmt.Errorf("mfa: read the journal: an entry has the schema %q, and this version knows %q", e.Schema, JournalSchema)
		}
		h.take(e)
	}
	return h, nil
}

func (h *history) take(e Entry) {
	if e.TargetID != "" && e.ChangeID != "" {
		h.targets[e.ChangeID] = e.TargetID
	}
	switch e.Kind {
	case EntryBegin:
		h.plan, h.ended, h.rolledBack, h.undoing = e.Plan, false, false, false
	case EntryIntent:
		h.changes[e.ChangeID], h.entries[e.ChangeID] = intended, e
		h.sent[e.ChangeID] = e.At
	case EntryDone:
		if e.Before == nil { // it was found made, after an intent that knows
			e.Before = h.entries[e.ChangeID].Before
		}
		h.changes[e.ChangeID], h.entries[e.ChangeID] = made, e
	case EntryFailed:
		h.fail(e)
	case EntryUndoIntent:
		h.changes[e.ChangeID] = undoing
		h.sent[e.ChangeID] = e.At
	case EntryGap:
		delete(h.sent, e.ChangeID)
	case EntryUndone:
		h.changes[e.ChangeID] = undone
	case EntryEnd:
		h.ended = true
	case EntryRollback:
		h.undoing, h.ended = true, false
	case EntryRolledBack:
		h.rolledBack, h.undoing = true, false
	}
}

// fail takes in that a change failed. Where it may have been made all the same, it
// was sent until now: what the tenant shows settles only later. Whose way back was
// refused stays made.
func (h *history) fail(e Entry) {
	if h.changes[e.ChangeID] == undoing && e.Refused {
		h.changes[e.ChangeID] = made
	}
	if h.changes[e.ChangeID] != intended {
		return
	}
	if e.Refused {
		h.changes[e.ChangeID] = notBegun
		return
	}
	last := h.entries[e.ChangeID]
	last.At = e.At
	h.entries[e.ChangeID] = last
}

// JournalPlan returns the plan that a journal holds, for Verify in another process:
// planID names it, and empty means the last one that was not rolled back, or else the
// last. It is entramfa.ErrNotFound where there is none.
func JournalPlan(journal Journal, planID string) (Plan, error) {
	return heldPlan(journal, planID, "mfa: ")
}

// heldPlan is JournalPlan; its own errors begin with the prefix.
func heldPlan(journal Journal, planID, prefix string) (Plan, error) {
	if journal == nil {
		return Plan{}, errors.New(prefix + "a journal is needed")
	}
	entries, err := journal.Entries()
	if err != nil {
		return Plan{}, err
	}
	h, err := historyOf(entries, planID)
	if err != nil {
		return Plan{}, err
	}
	if h.plan == nil {
		return Plan{}, fmt.Errorf("%sthe journal holds no plan %s: %w", prefix, planID, entramfa.ErrNotFound)
	}
	return *h.plan, nil
}

// unfinished names a plan of the journal that was begun and neither finished nor
// rolled back; "" where there is none beside this one.
func unfinished(entries []Entry, besides string) string {
	open := map[string]bool{}
	last := ""
	for _, e := range entries {
		switch e.Kind {
		case EntryBegin, EntryRollback:
			open[e.PlanID] = true
		case EntryEnd, EntryRolledBack:
			delete(open, e.PlanID)
		}
	}
	delete(open, besides)
	for id := range open {
		last = max(last, id)
	}
	return last
}
