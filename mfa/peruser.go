package mfa

import (
	"fmt"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/unread"
)

// judgePerUser says what the legacy per-user MFA state does: enabled and
// enforced both refuse a password grant.
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates.
func judgePerUser(requirements entramfa.Value[Requirements], methods entramfa.Value[[]Method]) entramfa.Finding {
	f := entramfa.Finding{Source: entramfa.SourcePerUserMFA, Name: "Per-user MFA"}
	r, known := requirements.Get()
	switch state := strings.ToLower(string(r.PerUserMFAState)); {
	case !known:
		f.Missing = []string{fmt.Sprintf("the per-user MFA state: %v", requirements.Err())}
		f.Reasons = reasons("perUserMfaState", "the state could not be read; only Graph beta has it")
		f.Advice = []entramfa.Advice{unread.Advice(requirements.Err(), "Policy.Read.All")}
	case state == string(PerUserDisabled):
		f.Outcome, f.Extent = entramfa.Clear, entramfa.Never
		f.Reasons = reasons("perUserMfaState", "the state is disabled")
		f.Advice = advise(entramfa.ActionNone, "nothing")
	case state == string(PerUserEnabled), state == string(PerUserEnforced):
		f.Outcome, f.Extent, f.Demands = entramfa.MFA, entramfa.Always, []string{"mfa"}
		f.Reasons = reasons("perUserMfaState", fmt.Sprintf("the state is %s: a password alone is refused with %s", state, refusal(methods)))
		f.Advice = advise(entramfa.ActionDisablePerUserMFA, "set the account's per-user MFA to disabled; Microsoft advises against it beside Conditional Access")
	default:
		f.Missing = []string{fmt.Sprintf("what the per-user MFA state %q means", r.PerUserMFAState)}
		f.Reasons = reasons("perUserMfaState", fmt.Sprintf("the state is %q, which this version doesn't know", r.PerUserMFAState))
		f.Advice = advise(entramfa.ActionReview, "look at the account's per-user MFA in the Entra admin center")
	}
	return f
}

// refusal names the error by which Entra refuses the password.
func refusal(methods entramfa.Value[[]Method]) string {
	list, known := methods.Get()
	switch {
	case !known:
		return "AADSTS50076 or AADSTS50079"
	case len(secondFactors(list)) == 0:
		return "AADSTS50079, for no second factor is registered"
	}
	return "AADSTS50076"
}

// secondFactors drops the password, which every account has.
func secondFactors(methods []Method) []Method {
	var list []Method
	for _, m := range methods {
		if !strings.EqualFold(m.Type, PasswordMethod) {
			list = append(list, m)
		}
	}
	return list
}
