package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/internal/settle"
)

// SetPerUserState sets the legacy per-user MFA state of a user, who is named by
// object id, or by user principal name, which policy.Exclude doesn't take. A name may
// come to be that of somebody else: whoever has the id gives that. The change that it
// returns has no TargetID where the user was named by name.
//
//   - PerUserDisabled: this source lets a password alone pass; Conditional Access
//     and security defaults demand what they did before.
//   - PerUserEnabled: the user registers at the next modern sign-in, and Microsoft
//     then moves the state to enforced by itself; a registered user is moved too. A
//     password grant is refused from now on, legacy protocols work until then.
//   - PerUserEnforced: legacy protocols take an app password alone. Of an account that
//     hasn't registered they BREAK AT ONCE: set enabled instead.
//
// It refuses any other state, and to leave one that it doesn't know, which it could
// not set again. It returns nil and no error where the state is set already. It reads
// until three answers in a row show the change, half a minute at most; a change that
// comes with an error was sent and may have been made. Of a user who was disabled,
// enforced shows that enabled was set. It needs what RequirementsWriter does.
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates.
func SetPerUserState(ctx context.Context, w RequirementsWriter, user string, state PerUserState) (*entramfa.Change, error) {
	change, err := settle.Retry(ctx, func(try int) (*entramfa.Change, error) { return setPerUserState(ctx, w, try, user, state) })
	if err != nil {
		err = fmt.Errorf("mfa: set the per-user MFA state of %q to %q: %w", user, state, err)
	}
	return change, err
}

func setPerUserState(ctx context.Context, w RequirementsWriter, try int, user string, state PerUserState) (*entramfa.Change, error) {
	switch {
	case strings.TrimSpace(user) == "":
		return nil, errors.New("the user is not named")
	case !state.known():
		return nil, errors.New("the state is none of disabled, enabled, enforced")
	}
	before, err := w.Requirements(ctx, user)
	was := before.PerUserMFAState.folded()
	switch {
	case err != nil:
		return nil, err
	case was == state:
		return nil, nil
	case !was.known():
		return nil, fmt.Errorf("the state is %q, which this version doesn't know and could not set again", before.PerUserMFAState)
	}
	send := func(ctx context.Context) error { _, err := w.UpdateRequirements(ctx, user, state); return err }
	read := func(ctx context.Context) (Requirements, error) { return w.Requirements(ctx, user) }
	shown := func(r Requirements) bool { return state.shown(r.PerUserMFAState.folded(), was) }
	_, sent, err := settle.Write(ctx, try, send, read, shown)
	if !sent {
		return nil, err
	}
	return perUserChange(user, was, state), err
}

// known says whether it is one of the three states.
func (s PerUserState) known() bool {
	return s == PerUserDisabled || s == PerUserEnabled || s == PerUserEnforced
}

func (s PerUserState) folded() PerUserState { return PerUserState(strings.ToLower(string(s))) }

// shown says whether a read shows the state that was set in the place of another. A
// registered user who is enabled is moved on to enforced.
func (s PerUserState) shown(read, was PerUserState) bool {
	return read == s || s == PerUserEnabled && was == PerUserDisabled && read == PerUserEnforced
}

func perUserChange(user string, was, is PerUserState) *entramfa.Change {
	c := &entramfa.Change{Kind: entramfa.ChangePerUserMFA, TargetName: user, Before: was.patch(), After: is.patch()}
	if guid.Is(user) {
		c.TargetID = user
	}
	c.Reason = fmt.Sprintf("the account is to do MFA by its per-user state, which was %s", was)
	if is == PerUserDisabled {
		c.Reason = fmt.Sprintf("the per-user state %s refuses a password alone, whatever the policies say", was)
	}
	c.Undo = fmt.Sprintf("set the per-user MFA state to %s again", was)
	return c
}

// patch is the member that changes.
func (s PerUserState) patch() json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"perUserMfaState":%q}`, string(s)))
}
