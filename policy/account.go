package policy

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy/internal/cells"
)

// Prepared is the Conditional Access of a tenant, made ready for many questions.
// It never changes, and goroutines may share it.
type Prepared struct {
	tenant  Tenant
	located []*place
	table   *table
	every   func() *table // of all policies, made when it is asked for
}

// Prepare makes a tenant's policies ready for many questions. It takes about as
// long as one Judge, and pays when more than one account or set of sign-ins is asked
// about. The tenant's values, and what they point to, must not change after. It
// does no I/O.
func Prepare(tenant Tenant) *Prepared {
	return prepare(tenant, func(*Policy) bool { return true })
}

func prepare(tenant Tenant, some func(*Policy) bool) *Prepared {
	p := &Prepared{tenant: tenant, located: located(tenant)}
	p.table = newTable(p.judge(Subject{}, anySignIn).effects(some))
	p.every = sync.OnceValue(p.everyPolicy)
	return p
}

func (p *Prepared) judge(subject Subject, signIns SignIn) *judge {
	return &judge{tenant: p.tenant, subject: subject, region: signIns.whole(), located: p.located}
}

// anySignIn is a single one: of the conditions of a policy a table wants to know
// for which sign-ins they hold, and nothing of any in particular.
var anySignIn = SignIn{
	Applications: []string{anyOtherApp}, UserActions: []string{}, AuthenticationContexts: []string{},
	ClientAppTypes: clientAppTypeAxis[:1], Platforms: platformAxis[:1],
	Addresses: []netip.Prefix{netip.PrefixFrom(netip.IPv6Unspecified(), 128)}, Countries: []string{CountryUnknown}, GPSCountries: []string{CountryUnknown},
	CompliantNetworks: []bool{false}, UnregisteredDevice: true,
	SignInRiskLevels: riskAxis[:1], UserRiskLevels: riskAxis[:1], InsiderRiskLevels: insiderAxis[:1], AuthenticationFlows: flowAxis[:1],
}

// Account is an account of a prepared tenant. Goroutines may share it.
type Account struct {
	prepared          *Prepared
	subject           Subject
	certain, possible cells.Set // the effects that are about the account
	memory            memory    // what Explain said
}

// Account makes an account ready for many questions. What the subject holds must
// not change after.
func (p *Prepared) Account(subject Subject) *Account {
	n := len(p.table.effects)
	a := &Account{prepared: p, subject: subject, certain: cells.NewSet(n), possible: cells.NewSet(n)}
	j := &judge{tenant: p.tenant, subject: subject}
	for i, e := range p.table.effects {
		about := j.about(e.policy)
		if about == yes && p.table.sure.Has(i) {
			a.certain.Add(i)
		}
		if about != no {
			a.possible.Add(i)
		}
	}
	return a
}

// about says whether a policy is one on the account.
func (j *judge) about(p *Policy) truth {
	if p == nil || p.Conditions == nil || p.Conditions.Users == nil {
		return unknown
	}
	users := j.matchUsers(p.Conditions.Users)
	if users.truth == no {
		users = j.otherSubjects(p.Conditions, users)
	}
	return users.truth
}

// Decide says what all policies together do to a set of the account's sign-ins, as
// the function Decide does. For a single sign-in, one value for each property, from
// an unregistered device and with no authentication context, it allocates nothing.
func (a *Account) Decide(signIns SignIn) entramfa.Verdict {
	if !a.prepared.tenant.Policies.Known() {
		return entramfa.Verdict{}
	}
	if q, ok := a.prepared.table.single(&signIns); ok {
		return a.decideSingle(&q)
	}
	r := a.prepared.table.region(signIns)
	return decide(r.extent(r.blocks, a.certain, a.possible), r.extent(r.meets, a.certain, a.possible))
}

// decideSingle goes through the effects 64 at a time.
func (a *Account) decideSingle(q *single) entramfa.Verdict {
	var met, mayMeet, blocked uint64
	for w, possible := range a.possible {
		if possible == 0 {
			continue
		}
		certain := a.certain[w]
		for _, c := range q.columns {
			certain &= c.yes[w]
			possible &= c.maybe[w]
		}
		here, perhaps := joined(&q.origin, w)
		met |= certain & here
		mayMeet |= possible & perhaps
		blocked |= certain & here & q.blocks[w]
	}
	switch {
	case blocked != 0:
		return entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}
	case met != 0:
		return entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always}
	case mayMeet == 0:
		return entramfa.Verdict{Outcome: entramfa.Clear, Extent: entramfa.Never}
	}
	return entramfa.Verdict{}
}

// Groups lists the object ids, in small letters, of the groups that the policies
// name which are in force and block or demand something, each once: those whose
// members a Directory needs.
func (p *Prepared) Groups() []string {
	var ids []string
	for _, e := range p.table.effects {
		if e.policy == nil || e.policy.Conditions == nil || e.policy.Conditions.Users == nil {
			continue
		}
		for _, id := range slices.Concat(e.policy.Conditions.Users.IncludeGroups, e.policy.Conditions.Users.ExcludeGroups) {
			if guid.Is(id) {
				ids = append(ids, strings.ToLower(id))
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
