package mfa_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// bookJournal is a Journal in memory, whose entries survive as JSON alone.
type bookJournal struct{ lines [][]byte }

func (j *bookJournal) Append(e mfa.Entry) error {
	line, err := json.Marshal(e)
	j.lines = append(j.lines, line)
	return err
}

func (j *bookJournal) Entries() ([]mfa.Entry, error) {
	var entries []mfa.Entry
	for _, line := range j.lines {
		var e mfa.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// journal is one in memory for most, for a file is slow to synchronize.
func (h *house) journal(t testing.TB) mfa.Journal {
	if h.in(8) {
		return journalAt(t)
	}
	return &bookJournal{}
}

func entriesOf(t testing.TB, journal mfa.Journal) int {
	entries, err := journal.Entries()
	require.NoError(t, err)
	return len(entries)
}

// makes sends the writes of a plan but one, as its text says and with nothing of
// Apply. Where security defaults stay on, policies can't be enabled.
func (h *house) makes(t testing.TB, plan mfa.Plan, but int) {
	created := map[string]string{}
	for i, c := range plan.Changes {
		if i == but {
			continue
		}
		for id, object := range created {
			c.After = json.RawMessage(strings.ReplaceAll(string(c.After), `"change:`+id+`"`, `"`+object+`"`))
			if c.TargetID == "change:"+id {
				c.TargetID = object
			}
		}
		id, err := h.make(t, c)
		if plan.Changes[but].Kind == entramfa.ChangeSecurityDefaults && c.Kind == entramfa.ChangePolicy {
			continue
		}
		require.NoError(t, err, "%s of %q", c.Kind, c.TargetName)
		created[c.ID] = id
	}
}

// make sends one write, and returns the id of what it created.
func (h *house) make(t testing.TB, c entramfa.Change) (string, error) {
	ctx := t.Context()
	switch c.Kind {
	case entramfa.ChangePolicy:
		_, err := h.tenant.UpdatePolicy(ctx, c.TargetID, decoded[policy.Patch](t, c.After))
		return "", err
	case entramfa.CreatePolicy:
		p, _, err := h.tenant.CreatePolicy(ctx, decoded[policy.Policy](t, c.After))
		return p.ID, err
	case entramfa.CreateNamedLocation:
		l, _, err := h.tenant.CreateNamedLocation(ctx, decoded[policy.NamedLocation](t, c.After))
		return l.ID, err
	case entramfa.ChangeSecurityDefaults:
		_, err := h.tenant.UpdateSecurityDefaults(ctx, decoded[struct{ IsEnabled bool }](t, c.After).IsEnabled)
		return "", err
	case entramfa.ChangePerUserMFA:
		_, err := h.tenant.UpdateRequirements(ctx, c.TargetID, decoded[mfa.Requirements](t, c.After).PerUserMFAState)
		return "", err
	case entramfa.AddGroupMember:
		_, err := h.tenant.AddGroupMember(ctx, c.TargetID, decoded[struct{ Member string }](t, c.After).Member)
		return "", err
	}
	require.Fail(t, "no such change", c.Kind)
	return "", nil
}

func decoded[T any](t testing.TB, text json.RawMessage) (value T) {
	require.NoError(t, json.Unmarshal(text, &value))
	return value
}
