package mfa

import (
	"fmt"
	"strings"
)

// Guard names what keeps a plan from doing harm. The values never change their meaning.
type Guard string

const (
	// GuardCaller: the plan would lock out whoever applies it.
	GuardCaller Guard = "caller"
	// GuardLastAdministrator: the plan would lock out the last Global Administrator.
	GuardLastAdministrator Guard = "lastGlobalAdministrator"
	// GuardEmergency: the plan would touch an emergency access account.
	GuardEmergency Guard = "emergencyAccount"
	// GuardPerson: a person uses the account.
	GuardPerson Guard = "person"
	// GuardUnprotected: the tenant would be left without MFA for anybody.
	GuardUnprotected Guard = "unprotectedTenant"
	// GuardCompensation: the account would escape MFA without being pinned.
	GuardCompensation Guard = "compensation"
	// GuardSynchronized: what would be changed comes from an on-premises directory.
	GuardSynchronized Guard = "synchronized"
	// GuardOthers: another account's outcome would change.
	GuardOthers Guard = "otherAccounts"
	// GuardIncomplete: the account would not be clear after the plan.
	GuardIncomplete Guard = "incomplete"
	// GuardStale: the tenant changed since the plan was made.
	GuardStale Guard = "stale"
	// GuardAltered: the plan is none that this version makes: it was edited, or made by
	// another version.
	GuardAltered Guard = "altered"
	// GuardAccount: the account can't be enrolled from here.
	GuardAccount Guard = "account"
	// GuardRole: the caller lacks the directory role for a change.
	GuardRole Guard = "role"
	// GuardSecret: something is missing that neither plan nor journal holds.
	GuardSecret Guard = "secret"
	// GuardUnread: something that a guard needs could not be read.
	GuardUnread Guard = "unread"
)

// Refusal is a guard that refuses a plan.
type Refusal struct {
	Guard Guard
	// Text says why; Way what to do, with the option that drops the guard where
	// there is one.
	Text, Way string
}

// RefusedError says that guards refuse a plan. Nothing was changed, but for a gap
// that was closed.
type RefusedError struct {
	Account  string
	Refusals []Refusal
	// GapClosed says that a run before had ended between security defaults and the
	// policies in their place, and that this was brought to its end first, for the
	// tenant had no protection.
	GapClosed bool
}

// Error lists the refusals with the way out of each.
func (e *RefusedError) Error() string {
	var b strings.Builder
	changed := "nothing was changed"
	if e.GapClosed {
		changed = "the gap between security defaults and the policies in their place, which a run before had left open, was closed, and nothing else was changed"
	}
	fmt.Fprintf(&b, "mfa: the plan for %s is refused; %s", e.Account, changed)
	for _, r := range e.Refusals {
		fmt.Fprintf(&b, "\n  %s: %s; %s", r.Guard, r.Text, r.Way)
	}
	return b.String()
}

// Has says whether a guard is among the refusals.
func (e *RefusedError) Has(guard Guard) bool {
	for _, r := range e.Refusals {
		if r.Guard == guard {
			return true
		}
	}
	return false
}
