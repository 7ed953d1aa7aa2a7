package policy

import "github.com/entramfa/entramfa"

// Decide says what all Conditional Access policies of a tenant together do to a
// set of an account's sign-ins: blocked or met by a demand, always or sometimes,
// or clear. Several policies that meet some sign-ins each may together meet all
// of them; Judge says it of each policy alone. Who asks more than once prepares
// the tenant.
//
// It is exact over the properties of a SignIn, taken as independent of each
// other. It is Unknown where something isn't known that could matter. It does
// no I/O.
func Decide(tenant Tenant, subject Subject, signIns SignIn) entramfa.Verdict {
	if !tenant.Policies.Known() {
		return entramfa.Verdict{}
	}
	j := &judge{tenant: tenant, subject: subject}
	return prepare(tenant, func(p *Policy) bool { return j.about(p) != no }).Account(subject).Decide(signIns)
}

// decide weighs what is blocked, and what is blocked or met by a demand: a block
// of all decides, then blocks and demands that do together, then whether anything
// is met at all.
func decide(blocked, met entramfa.Extent) entramfa.Verdict {
	switch {
	case blocked == entramfa.Always:
		return entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}
	case met == entramfa.Always:
		return entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always}
	case met == entramfa.Never:
		return entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}
	case met == entramfa.ExtentUnknown || blocked == entramfa.ExtentUnknown:
		return entramfa.Verdict{}
	case blocked == entramfa.Sometimes:
		return entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Sometimes}
	}
	return entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Sometimes}
}
