package mfa_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

const perUserID = "b0000000-0000-4000-8000-000000000001"

// requirements is the per-user state of one account.
type requirements struct {
	state   mfa.PerUserState
	writes  []mfa.PerUserState
	unread  error         // of each read
	refuse  error         // of a write that then does nothing
	lose    error         // of a write that is made all the same
	delay   time.Duration // until a change shows
	due     time.Time     // when what is pending shows
	pending mfa.PerUserState
	moved   func(mfa.PerUserState) mfa.PerUserState // what Microsoft makes of a state
}

func (r *requirements) Requirements(context.Context, string) (mfa.Requirements, error) {
	if r.pending != "" && !time.Now().Before(r.due) {
		r.state, r.pending = r.pending, ""
	}
	return mfa.Requirements{PerUserMFAState: r.state}, r.unread
}

func (r *requirements) UpdateRequirements(_ context.Context, _ string, state mfa.PerUserState) (entramfa.Receipt, error) {
	r.writes = append(r.writes, state)
	if r.refuse != nil {
		return entramfa.Receipt{}, r.refuse
	}
	if r.moved != nil {
		state = r.moved(state)
	}
	r.due, r.pending = time.Now().Add(r.delay), state
	return entramfa.Receipt{}, r.lose
}

func TestSetPerUserState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &requirements{state: "Enforced", delay: 3 * time.Second}
		change, err := mfa.SetPerUserState(t.Context(), r, perUserID, mfa.PerUserDisabled)
		require.NoError(t, err)
		assert.Equal(t, mfa.PerUserDisabled, r.state)
		assert.Equal(t, entramfa.ChangePerUserMFA, change.Kind)
		assert.Equal(t, perUserID, change.TargetID)
		assert.JSONEq(t, `{"perUserMfaState": "enforced"}`, string(change.Before))
		assert.JSONEq(t, `{"perUserMfaState": "disabled"}`, string(change.After))
		assert.Contains(t, change.Reason, "refuses a password alone")
		assert.Contains(t, change.Undo, "enforced again")
		again, err := mfa.SetPerUserState(t.Context(), r, perUserID, mfa.PerUserDisabled)
		assert.NoError(t, err)
		assert.Nil(t, again)

		back, err := mfa.SetPerUserState(t.Context(), r, "svc@contoso.com", mfa.PerUserEnforced)
		require.NoError(t, err)
		assert.Equal(t, []string{"", "svc@contoso.com"}, []string{back.TargetID, back.TargetName}, "a user principal name is no object id")
		assert.Equal(t, []mfa.PerUserState{mfa.PerUserDisabled, mfa.PerUserEnforced}, r.writes)
	})
}

// Microsoft moves a registered user who is enabled on to enforced; a user who was
// enforced and still is was not set to enabled.
func TestSetPerUserStateKnowsWhatMicrosoftMoves(t *testing.T) {
	enforced := func(mfa.PerUserState) mfa.PerUserState { return mfa.PerUserEnforced }
	for was, sees := range map[mfa.PerUserState]bool{mfa.PerUserDisabled: true, mfa.PerUserEnforced: false} {
		synctest.Test(t, func(t *testing.T) {
			change, err := mfa.SetPerUserState(t.Context(), &requirements{state: was, moved: enforced}, perUserID, mfa.PerUserEnabled)
			assert.Equal(t, sees, err == nil, "%v", err)
			assert.NotNil(t, change)
		})
	}
}

func TestSetPerUserStateFails(t *testing.T) {
	lost := &entramfa.GraphError{Status: 504, Kind: entramfa.ErrUnavailable}
	for name, c := range map[string]struct {
		requirements requirements
		user         string
		state        mfa.PerUserState
		writes       int
		sent         bool
		text         string
	}{
		"an unknown state":            {requirements{state: "disabled"}, perUserID, "required", 0, false, "none of"},
		"the state of a newer schema": {requirements{state: "disabled"}, perUserID, "unknownFutureValue", 0, false, "none of"},
		"no state":                    {requirements{state: "disabled"}, perUserID, "", 0, false, "none of"},
		"nobody":                      {requirements{state: "disabled"}, " ", mfa.PerUserEnabled, 0, false, "not named"},
		"from an unknown state":       {requirements{state: "paused"}, perUserID, mfa.PerUserDisabled, 0, false, `"paused"`},
		"an answer without a state":   {requirements{}, perUserID, mfa.PerUserDisabled, 0, false, "doesn't know"},
		"not read":                    {requirements{unread: entramfa.ErrNotFound}, perUserID, mfa.PerUserDisabled, 0, false, "not found"},
		"refused":                     {requirements{state: "enabled", refuse: entramfa.ErrPermission}, perUserID, mfa.PerUserDisabled, 1, false, "permission"},
		"made, and the answer lost":   {requirements{state: "enabled", lose: lost}, perUserID, mfa.PerUserDisabled, 1, true, ""},
		"not made, the answer lost":   {requirements{state: "enabled", refuse: lost}, perUserID, mfa.PerUserDisabled, 1, true, "504"},
		"shown after a minute":        {requirements{state: "enabled", delay: time.Minute}, perUserID, mfa.PerUserDisabled, 1, true, "did not show"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := c.requirements
				change, err := mfa.SetPerUserState(t.Context(), &r, c.user, c.state)
				assert.Equal(t, c.sent, change != nil)
				assert.Len(t, r.writes, c.writes)
				assert.Equal(t, c.text != "", err != nil, "%v", err)
				if c.text != "" {
					assert.ErrorContains(t, err, c.text)
				}
			})
		})
	}
}
