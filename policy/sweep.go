package policy

import (
	"iter"
	"math/bits"
	"runtime"
	"sync"

	"github.com/entramfa/entramfa"
)

// Sweep is what Conditional Access does to every account of a directory, over a
// set of sign-ins.
type Sweep struct {
	directory *Directory
	verdicts  [len(verdicts)][]uint64
	uncovered []uint64
	audiences []audience // of Policies
	// Policies says what each policy does that is in force and blocks or demands
	// something, in the order of the list.
	Policies []Reach
}

// verdicts are those that an account may have.
var verdicts = [...]entramfa.Verdict{
	{Outcome: entramfa.Clear, Extent: entramfa.Never},
	{Outcome: entramfa.MFA, Extent: entramfa.Sometimes},
	{Outcome: entramfa.Blocked, Extent: entramfa.Sometimes},
	{Outcome: entramfa.MFA, Extent: entramfa.Always},
	{Outcome: entramfa.Blocked, Extent: entramfa.Always},
	{},
}

// Reach is what one policy in force does, and to how many.
type Reach struct {
	// ID and Name are those of the policy; empty for policies that could not be read.
	ID, Name string
	// Verdict is what the policy does to the sign-ins of an account that it is about.
	Verdict entramfa.Verdict
	// Accounts is the number of accounts that it is about, Perhaps of those of which
	// it can't be told.
	Accounts, Perhaps int
}

// Sweep decides a set of sign-ins for every account: the verdict of each is that
// of Account.Decide, or Unknown where the policies are too tangled to decide so
// many. It goes through 64 accounts at a time, on all processors. It does no I/O.
func (p *Prepared) Sweep(accounts *Directory, signIns SignIn) *Sweep {
	words := (accounts.Len() + 63) / 64
	s := &Sweep{directory: accounts, uncovered: make([]uint64, words)}
	for i := range s.verdicts {
		s.verdicts[i] = make([]uint64, words)
	}
	w := newSweeper(p, accounts, p.table.region(signIns))
	for _, part := range concurrently(words, func(from, to int) []Reach { return w.run(s, from, to) }) {
		for i := range part {
			w.reach[i].Accounts += part[i].Accounts
			w.reach[i].Perhaps += part[i].Perhaps
		}
	}
	s.Policies = w.reach
	for i, policy := range w.policyOf {
		if policy >= 0 {
			s.audiences = append(s.audiences, w.audiences[i])
		}
	}
	return s
}

// Count is the number of accounts with a verdict.
func (s *Sweep) Count(v entramfa.Verdict) int {
	n := 0
	for _, word := range s.with(v) {
		n += bits.OnesCount64(word)
	}
	return n
}

// Accounts lists the object ids, in small letters, of the accounts with a verdict,
// in the order of the directory.
func (s *Sweep) Accounts(v entramfa.Verdict) iter.Seq[string] { return s.directory.list(s.with(v)) }

// Reached lists the accounts that a policy, by its place in Policies, is about.
func (s *Sweep) Reached(policy int) iter.Seq[string] {
	a := &s.audiences[policy]
	about := make([]uint64, len(s.uncovered)+blockWords)
	for from := 0; from < len(s.uncovered); from += blockWords {
		var certain, possible block
		a.fill(from, &certain, &possible)
		copy(about[from:], certain[:])
	}
	about = about[:len(s.uncovered)]
	if n := s.directory.Len() % 64; n > 0 {
		about[len(about)-1] &= 1<<n - 1
	}
	return s.directory.list(about)
}

// WithoutMFA lists the accounts that get through without a second factor by some
// of the sign-ins at least: those that nothing meets, or sometimes only. Of which it
// can't be told are not among them: they have the zero Verdict.
func (s *Sweep) WithoutMFA() iter.Seq[string] {
	free := make([]uint64, len(s.uncovered))
	for i, v := range verdicts {
		if v.Extent == entramfa.Never || v.Extent == entramfa.Sometimes {
			for w, word := range s.verdicts[i] {
				free[w] |= word
			}
		}
	}
	return s.directory.list(free)
}

// Uncovered lists the accounts that no policy is about which is in force and blocks
// or demands something, whatever they sign in to.
func (s *Sweep) Uncovered() iter.Seq[string] { return s.directory.list(s.uncovered) }

// with is the set of accounts with a verdict.
func (s *Sweep) with(v entramfa.Verdict) []uint64 {
	for i := range verdicts {
		if verdicts[i] == v {
			return s.verdicts[i]
		}
	}
	return nil
}

// list gives the ids of a set of accounts.
func (d *Directory) list(set []uint64) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, word := range set {
			for ; word != 0; word &= word - 1 {
				if !yield(d.ids[i*64+bits.TrailingZeros64(word)].String()) {
					return
				}
			}
		}
	}
}

// concurrently shares blocks of accounts among the processors.
func concurrently[T any](words int, work func(from, to int) T) []T {
	blocks := (words + blockWords - 1) / blockWords
	workers := max(1, min(runtime.GOMAXPROCS(0), blocks))
	results := make([]T, workers)
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() {
			results[i] = work(blocks*i/workers*blockWords, min(blocks*(i+1)/workers*blockWords, words))
		})
	}
	wait.Wait()
	return results
}
