package policy_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// TestExplainIsWhatDecideAndJudgeSay asks one account the same and other things
// again and again, so that most findings are remembered ones.
func TestExplainIsWhatDecideAndJudgeSay(t *testing.T) {
	_, tenant := naiveWorld()
	for seed := range 200 {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 8))}
		var list policy.List
		for range 1 + d.IntN(6) {
			list.Policies = append(list.Policies, d.odd(d.broad()), d.policy())
		}
		d.maybe(10, func() { list.Hidden = "v1.0" })
		tenant.Policies = entramfa.Known(list)
		d.maybe(30, func() { tenant.Policies = entramfa.Value[policy.List]{} })
		s := d.stranger(0)
		account := policy.Prepare(tenant).Account(s)
		for range 40 {
			region := d.region(1 + d.IntN(4)/3)
			d.maybe(8, func() { region.Platforms = []string{d.one("amiga", "c64")} })
			d.maybe(8, func() { region.ClientAppTypes = []string{"other"} })
			verdict, findings := account.Explain(region)
			require.Equal(t, policy.Decide(tenant, s, region), verdict)
			want := policy.Judge(tenant, s, region)
			require.Len(t, findings, len(want))
			for i := range want {
				require.Equal(t, want[i], *findings[i], "seed %d", seed)
			}
		}
	}
}

// TestAccountsAreShared asks from several goroutines; the race detector looks on.
func TestAccountsAreShared(t *testing.T) {
	_, tenant := naiveWorld()
	d := dice{rand.New(rand.NewPCG(1, 9))}
	var list policy.List
	for range 20 {
		list.Policies = append(list.Policies, d.broad())
	}
	tenant.Policies = entramfa.Known(list)
	account := policy.Prepare(tenant).Account(naiveSubject())
	region := d.region(1)
	want, _ := account.Explain(region)
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			d := dice{rand.New(rand.NewPCG(uint64(n), 9))}
			for range 100 {
				account.Explain(d.region(1))
				got, _ := account.Explain(region)
				assert.Equal(t, want, got)
			}
		})
	}
	wait.Wait()
}
