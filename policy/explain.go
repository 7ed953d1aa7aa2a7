package policy

import (
	"sync"

	"github.com/entramfa/entramfa"
)

// Explain says what all policies together do to a set of the account's sign-ins,
// as Decide does, and what each of them does and why, as Judge does: one finding a
// policy, in the order of the list.
//
// For a single sign-in, one value for each property, it remembers the findings: one
// depends on which conditions of the policy the sign-in meets, and there are few
// ways to. The first call for a tenant takes about as long as Prepare. What the
// findings hold is shared between calls and must not be changed.
func (a *Account) Explain(signIns SignIn) (entramfa.Verdict, []*entramfa.Finding) {
	verdict := a.Decide(signIns)
	list, known := a.prepared.tenant.Policies.Get()
	q, single := a.prepared.every().single(&signIns)
	if !known || !single {
		return verdict, pointers(Judge(a.prepared.tenant, a.subject, signIns))
	}
	findings := make([]*entramfa.Finding, len(list.Policies), len(list.Policies)+1)
	if missing := a.memory.recall(findings, &q); len(missing) > 0 {
		j := a.prepared.judge(a.subject, signIns)
		for _, i := range missing {
			f := j.policy(list.Policies[i])
			findings[i] = &f
		}
		a.memory.remember(findings, &q, missing)
	}
	if list.Hidden != "" {
		f := hidden(list.Hidden)
		findings = append(findings, &f)
	}
	return verdict, findings
}

func pointers(findings []entramfa.Finding) []*entramfa.Finding {
	list := make([]*entramfa.Finding, len(findings))
	for i := range findings {
		list[i] = &findings[i]
	}
	return list
}

// everyPolicy is the table of all policies, one effect each, whatever they do.
func (p *Prepared) everyPolicy() *table {
	j := p.judge(Subject{}, anySignIn)
	list, _ := p.tenant.Policies.Get()
	effects := make([]effect, len(list.Policies))
	for i := range list.Policies {
		policy := &list.Policies[i]
		bound := j.controls(policy).bound // it may be met by no sign-in for two reasons
		effects[i] = effect{policy: policy, sure: !bound, bound: bound}
		if policy.Conditions != nil {
			effects[i].conditions = j.conditions(policy.Conditions, bound)
		}
	}
	return newTable(effects)
}

// way is the way in which a single sign-in meets the conditions of a policy: a bit
// for each property, and one for a legacy client.
type way uint32

// vague is the way of a sign-in of which it isn't known whether it meets a
// condition: what a finding says of it may name the sign-in.
const vague = ^way(0)

func (q *single) way(i int) way {
	if q.odd || !q.sure.Has(i) {
		return vague
	}
	w, bit := i/64, uint64(1)<<(i%64)
	var result way
	for _, c := range q.columns {
		yes, maybe := c.yes[w]&bit != 0, c.maybe[w]&bit != 0
		if yes != maybe {
			return vague
		}
		result = result<<1 | truthBit(yes)
	}
	certain, possible := joined(&q.origin, w)
	if (certain^possible)&bit != 0 {
		return vague
	}
	return result<<2 | truthBit(certain&bit != 0)<<1 | truthBit(q.legacy)
}

func truthBit(b bool) way {
	if b {
		return 1
	}
	return 0
}

// memory holds the findings of an account: for each policy those of the ways that
// came up.
type memory struct {
	mu       sync.RWMutex
	findings [][]remembered
}

type remembered struct {
	way     way
	finding *entramfa.Finding
}

// recall fills in the findings that are known, and lists the others.
func (m *memory) recall(findings []*entramfa.Finding, q *single) (missing []int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for i := range findings {
		if findings[i] = m.find(i, q.way(i)); findings[i] == nil {
			missing = append(missing, i)
		}
	}
	return missing
}

func (m *memory) find(i int, way way) *entramfa.Finding {
	if i >= len(m.findings) {
		return nil
	}
	for _, r := range m.findings[i] {
		if r.way == way {
			return r.finding
		}
	}
	return nil
}

func (m *memory) remember(findings []*entramfa.Finding, q *single, which []int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.findings == nil {
		m.findings = make([][]remembered, len(findings))
	}
	for _, i := range which {
		way := q.way(i)
		if way != vague && findings[i].Outcome != entramfa.Unknown && m.find(i, way) == nil {
			m.findings[i] = append(m.findings[i], remembered{way, findings[i]})
		}
	}
}
