package policy

import (
	"math/bits"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/cells"
)

// sweeper decides block by block. It holds what is the same for all accounts.
type sweeper struct {
	region    *region
	audiences []audience // of the effects
	reach     []Reach    // of the policies
	// policyOf says which policy has an effect, -1 for one that has another effect too.
	policyOf      []int
	blocks, meets coverage64
}

func newSweeper(p *Prepared, accounts *Directory, r *region) *sweeper {
	w := &sweeper{region: r, blocks: newCoverage64(r.blocks), meets: newCoverage64(r.meets)}
	for i, e := range p.table.effects {
		w.audiences = append(w.audiences, accounts.audience(e))
		verdict := r.alone(i)
		if i > 0 && e.policy != nil && e.policy == p.table.effects[i-1].policy {
			last := &w.reach[len(w.reach)-1]
			last.Verdict = worst(last.Verdict, verdict)
			w.policyOf = append(w.policyOf, -1)
			continue
		}
		w.policyOf = append(w.policyOf, len(w.reach))
		id, name := e.named()
		w.reach = append(w.reach, Reach{ID: id, Name: name, Verdict: verdict})
	}
	return w
}

// alone is what one effect does to the region, where it is about the account.
func (r *region) alone(i int) entramfa.Verdict {
	only := cells.NewSet(len(r.table.effects))
	only.Add(i)
	return decide(r.extent(r.blocks, only, only), r.extent(r.meets, only, only))
}

// worst is what two effects of one policy do.
func worst(a, b entramfa.Verdict) entramfa.Verdict {
	return entramfa.Combine([]entramfa.Finding{{Outcome: a.Outcome, Extent: a.Extent}, {Outcome: b.Outcome, Extent: b.Extent}})
}

// run decides the accounts of some words, and counts whom the policies are about.
func (w *sweeper) run(s *Sweep, from, to int) []Reach {
	rows := newRows(len(w.audiences))
	reach := make([]Reach, len(w.reach))
	for ; from < to; from += blockWords {
		rows.fill(w.audiences, from, s.directory.Len())
		w.count(rows, reach)
		w.decide(s, rows, from, to)
	}
	return reach
}

func (w *sweeper) count(r *rows, reach []Reach) {
	for i, policy := range w.policyOf {
		if policy < 0 {
			continue
		}
		for k, word := range r.about[i] {
			reach[policy].Accounts += bits.OnesCount64(word)
			reach[policy].Perhaps += bits.OnesCount64(r.possible[i][k] &^ word)
		}
	}
}

// decide is decide, for the accounts of a block.
func (w *sweeper) decide(s *Sweep, r *rows, from, to int) {
	blocked, met := w.blocks.extents(r, w.region), w.meets.extents(r, w.region)
	untouched := r.untouched()
	for i := from; i < min(from+blockWords, to); i++ {
		k := i - from
		rest := r.there[k]
		set := func(v int, word uint64) {
			s.verdicts[v][i] = word & rest
			rest &^= word
		}
		set(4, blocked.always[k])
		set(3, met.always[k])
		set(0, met.never[k])
		set(5, met.unknown[k]|blocked.unknown[k])
		set(2, blocked.sometimes[k])
		set(1, met.sometimes[k])
		s.uncovered[i] = untouched[k] & r.there[k]
	}
}

// rows are, for each effect, the accounts of a block that it is about, and those
// that it may be about.
type rows struct {
	about, possible []block
	there           block // the accounts that there are
	exact           bool  // of every account it is known
}

func newRows(effects int) *rows {
	return &rows{about: make([]block, effects), possible: make([]block, effects)}
}

func (r *rows) fill(audiences []audience, from, accounts int) {
	r.begin(from, accounts)
	r.exact = true
	for i := range audiences {
		r.exact = r.exact && audiences[i].exact()
		r.fillOne(&audiences[i], i, from)
	}
}

func (r *rows) fillOne(a *audience, i, from int) {
	a.fill(from, &r.about[i], &r.possible[i])
	r.about[i].and(&r.there)
	r.possible[i].and(&r.there)
}

// fillSome fills the rows of some effects.
func (r *rows) fillSome(audiences []audience, effects cells.Set, from, accounts int) {
	r.begin(from, accounts)
	effects.Each(func(i int) { r.fillOne(&audiences[i], i, from) })
}

// begin notes which accounts there are in a block.
func (r *rows) begin(from, accounts int) {
	for k := range r.there {
		left := accounts - (from+k)*64
		r.there[k] = ^uint64(0) >> max(0, 64-max(0, left))
	}
}

func (b *block) and(other *block) {
	for i := range b {
		b[i] &= other[i]
	}
}

// untouched are the accounts that no effect may be about.
func (r *rows) untouched() *block {
	var touched block
	for i := range r.possible {
		touched.or(r.possible[i][:])
	}
	for k := range touched {
		touched[k] = ^touched[k]
	}
	return &touched
}
