package mfa

import (
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// legacyClients are the clients that know no MFA.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication.
var legacyClients = []string{"exchangeActiveSync", "other"}

// legacySignIns are those of the sign-ins that legacy clients make; false where none is.
func legacySignIns(signIns policy.SignIn) (policy.SignIn, bool) {
	some := slices.Clone(legacyClients)
	if len(signIns.ClientAppTypes) > 0 {
		some = slices.DeleteFunc(some, func(client string) bool { return !containsFold(signIns.ClientAppTypes, client) })
	}
	signIns.ClientAppTypes = some
	return signIns, len(some) > 0
}

// perUser is what the per-user state does to all clients. While it is enabled legacy
// clients still take the password, unless security defaults or a policy stop them: a
// sign-in of theirs that nothing stops is returned beside.
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates.
func (j *adminJudge) perUser(facts Facts) (entramfa.Finding, *policy.SignIn) {
	f := judgePerUser(facts.Requirements, facts.Methods)
	requirements, _ := facts.Requirements.Get()
	if requirements.PerUserMFAState.folded() != PerUserEnabled || defaultsOn(facts) || j.legacy == nil {
		return f, nil
	}
	legacy := j.legacy.cover(facts.Subject())
	switch {
	case legacy.verdict.Extent == entramfa.Always:
		return f, nil
	case legacy.verdict.Outcome == entramfa.Unknown:
		f.Outcome, f.Extent = entramfa.Unknown, entramfa.ExtentUnknown
		f.Missing = append(f.Missing, "whether policies stop legacy clients, which take the password alone while the per-user state is enabled")
	default:
		f.Extent = entramfa.Sometimes
	}
	f.Reasons = append(f.Reasons, reasons("perUserMfaState", "legacy clients take the password alone until the state moves on to enforced")...)
	return f, legacy.witness
}
