package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/internal/settle"
)

// Exclude puts an account among the users that a policy excludes. Both are named
// by object id. It returns nil and no error where the account is there already.
//
// It reads the policy, sends the whole new list, which Graph replaces the old one
// by, and reads until three answers in a row show it: half a minute at most. Where
// the service is too busy to take it, it waits, a minute at most, and reads again. It
// says nothing about sign-ins, which may follow later.
//
// A change that comes with an error was sent and may have been made. The error is
// entramfa.ErrConflict where the policy differs elsewhere than before, or lacks an
// exclusion of somebody else's; it shows both. Graph documents no ETag for a policy:
// an exclusion that somebody adds between the read and the write is lost without a
// sign, so let one process at a time change a tenant. It needs what Updater does.
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update.
func Exclude(ctx context.Context, w Updater, policyID, userID string) (*entramfa.Change, error) {
	return exclusion{policyID: policyID, userID: userID, excluded: true}.do(ctx, w)
}

// Include takes an account out of the users that a policy excludes, and undoes
// Exclude: the policy is about the account again, unless it excludes a group, a role
// or a kind of guest that the account is one of. All else is as with Exclude.
func Include(ctx context.Context, w Updater, policyID, userID string) (*entramfa.Change, error) {
	return exclusion{policyID: policyID, userID: userID}.do(ctx, w)
}

// exclusion is whether an account is to be among the users that a policy excludes.
type exclusion struct {
	policyID, userID string
	excluded         bool
}

func (e exclusion) do(ctx context.Context, w Updater) (*entramfa.Change, error) {
	if !guid.Is(e.policyID) || !guid.Is(e.userID) {
		return nil, fmt.Errorf("policy: %s: both have to be object ids", e)
	}
	change, err := settle.Retry(ctx, func(try int) (*entramfa.Change, error) { return e.attempt(ctx, w, try) })
	if err != nil {
		err = fmt.Errorf("policy: %s: %w", e, err)
	}
	return change, err
}

// attempt reads the list and writes the one that it makes of it.
func (e exclusion) attempt(ctx context.Context, w Updater, try int) (*entramfa.Change, error) {
	before, err := w.Policy(ctx, e.policyID)
	if err != nil {
		return nil, err
	}
	list, err := before.ExcludedUsers()
	if err != nil || e.shown(list) {
		return nil, err
	}
	return e.write(ctx, w, try, before, Patch{ExcludeUsers: e.applied(list)})
}

// write sends the patch and looks at what became of it.
func (e exclusion) write(ctx context.Context, w Updater, try int, before Policy, patch Patch) (*entramfa.Change, error) {
	change, err := e.change(before, patch)
	if err != nil {
		return nil, err
	}
	send := func(ctx context.Context) error { _, err := w.UpdatePolicy(ctx, e.policyID, patch); return err }
	read := func(ctx context.Context) (Policy, error) { return w.Policy(ctx, e.policyID) }
	shown := func(p Policy) bool { list, err := p.ExcludedUsers(); return err == nil && e.shown(list) }
	after, sent, err := settle.Write(ctx, try, send, read, shown)
	switch {
	case !sent:
		return nil, err
	case err == nil:
		return change, e.conflict(before, after, patch)
	case errors.Is(err, settle.ErrNotShown) && after.ID != "":
		return change, errors.Join(err, e.conflict(before, after, patch))
	}
	return change, err
}

// conflict says what somebody else changed meanwhile, nil where that is nothing. An
// exclusion that somebody added is no conflict.
func (e exclusion) conflict(before, after Policy, patch Patch) error {
	differing, err := patch.Elsewhere(before, after)
	if err != nil {
		return err
	}
	was, _ := before.ExcludedUsers()
	is, err := after.ExcludedUsers()
	lost := slices.DeleteFunc(slices.Clone(was), func(id string) bool { return strings.EqualFold(id, e.userID) || containsFold(is, id) })
	if err != nil || len(lost) > 0 {
		differing = append(differing, fmt.Sprintf("conditions.users.excludeUsers: %s -> %s", names(was), names(is)))
	}
	if len(differing) == 0 {
		return nil
	}
	return fmt.Errorf("%w: somebody else changed the policy %q meanwhile: %s", entramfa.ErrConflict, before.DisplayName, strings.Join(differing, "; "))
}

// ExcludedUsers is the list of the users that a policy excludes. It is an error where
// the answer didn't hold all of it: whoever sent it back as it came would drop the rest.
func (p Policy) ExcludedUsers() ([]string, error) {
	if p.Conditions == nil || p.Conditions.Users == nil {
		return nil, errors.New("the answer held no conditions.users, so that its exclusions are not known")
	}
	users := p.Conditions.Users
	if users.members.Decoded() && !users.members.Has("excludeUsers") {
		return nil, errors.New("the answer held no conditions.users.excludeUsers, so that its exclusions are not known")
	}
	if users.members.Has("excludeUsers@odata.nextLink") {
		return nil, errors.New("the answer held a part of conditions.users.excludeUsers")
	}
	return users.ExcludeUsers, nil
}

func (e exclusion) shown(list []string) bool { return containsFold(list, e.userID) == e.excluded }

// applied is the list with or without the account.
func (e exclusion) applied(list []string) []string {
	applied := append([]string{}, list...)
	if e.excluded {
		return append(applied, e.userID)
	}
	return slices.DeleteFunc(applied, func(id string) bool { return strings.EqualFold(id, e.userID) })
}

func (e exclusion) change(before Policy, patch Patch) (*entramfa.Change, error) {
	was, err := json.Marshal(patch.Of(before))
	if err != nil {
		return nil, err
	}
	is, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	change := &entramfa.Change{Kind: entramfa.ChangePolicy, TargetID: e.policyID, TargetName: before.DisplayName, Before: was, After: is}
	change.Reason = fmt.Sprintf("the policy is to leave the sign-ins of the account %s alone", e.userID)
	change.Undo = fmt.Sprintf("take the account %s out of the users that the policy excludes", e.userID)
	if !e.excluded {
		change.Reason = fmt.Sprintf("the policy is to be about the account %s again", e.userID)
		change.Undo = fmt.Sprintf("put the account %s among the users that the policy excludes", e.userID)
	}
	return change, nil
}

// String says what is done.
func (e exclusion) String() string {
	if e.excluded {
		return fmt.Sprintf("exclude the account %q from the policy %q", e.userID, e.policyID)
	}
	return fmt.Sprintf("take back the exclusion of the account %q from the policy %q", e.userID, e.policyID)
}
