package mfa_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

var (
	tenants = flag.Int("tenants", 500, "how many random tenants TestExemptionsOfRandomTenants takes")
	seed    = flag.Int("seed", 0, "the first of their seeds")
)

// What has to happen among 500 random tenants, so that no property holds for want of cases.
var classes = []string{
	"clear", "incomplete", "nothing to do", "defaults replaced", "defaults off", "group joined", "per-user", "excluded", "excluded while off",
	"managed excluded", "addresses pinned", "applications pinned", "unpinned", "compared", "dropped",
	"refused by Apply",
	"refused caller", "refused lastGlobalAdministrator", "refused emergencyAccount", "refused person", "refused unprotectedTenant",
	"refused compensation", "refused synchronized", "refused otherAccounts", "refused unread",
}

// TestExemptionsOfRandomTenants exempts an account of many random tenants, and
// holds every promise of PlanExemption, Apply and Rollback against each. One that
// failed is run again by -seed 17 -tenants 1; -tenants 20000 -v tries more.
func TestExemptionsOfRandomTenants(t *testing.T) {
	n := *tenants
	if testing.Short() || raceEnabled {
		n = min(n, 100)
	}
	mix, failed := mix{}, 0
	for s := *seed; s < *seed+n; s++ {
		if !t.Run(fmt.Sprint("seed=", s), func(t *testing.T) { (&trialOf{seed: s, house: newHouse(t, s), mix: mix}).run(t) }) {
			failed++
		}
		require.Less(t, failed, 10, "enough")
	}
	t.Log(mix)
	if mix["tenants"] >= 500 {
		for _, class := range classes {
			assert.Positive(t, mix[class], "no random tenant was %q", class)
		}
		assert.Less(t, mix["policies refused"], mix["policies"]/4, "the strict tenant takes most policies")
	}
}

// mix counts what happened to the tenants.
type mix map[string]int

func (m mix) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "\n%7d %s", m[name], name)
	}
	return b.String()
}

// trialOf is one random tenant, from plan to rollback.
type trialOf struct {
	*house
	seed          int
	mix           mix
	report        mfa.Report
	plan          mfa.Plan
	before, after policy.Tenant
	people        *policy.Directory // before
	snapshotted   string
}

func (c *trialOf) run(t *testing.T) {
	c.mix["tenants"]++
	c.mix["policies"] += c.policies
	c.mix["policies refused"] += c.refusedPolicies
	c.report = c.check(t)
	plan, err := mfa.PlanExemption(c.report, &c.options)
	var refused *mfa.RefusedError
	if errors.As(err, &refused) {
		c.refused(t, refused)
		return
	}
	require.NoError(t, err)
	c.plan = plan
	c.allowed(t)
	c.classify()
	if c.locksOut(t) {
		return
	}
	c.before = c.conditionalAccess(t)
	c.people, c.snapshotted = c.directory(t, c.before), c.snapshot()
	journal := c.journal(t)
	c.applies(t, journal)
	c.holds(t)
	c.isVerified(t, journal)
	c.othersStay(t)
	c.staysPinned(t)
	c.doesNothingMore(t, journal)
	c.comesBack(t, journal)
	c.isMinimal(t)
}

// classify counts what kind of plan it is.
func (c *trialOf) classify() {
	count := func(class string, is bool) {
		if is {
			c.mix[class]++
		}
	}
	count("clear", c.plan.Clear && len(c.plan.Changes) > 0)
	count("incomplete", !c.plan.Clear)
	count("nothing to do", len(c.plan.Changes) == 0)
	count("defaults replaced", c.plan.Gap != nil)
	count("defaults off", c.has(entramfa.ChangeSecurityDefaults) && c.plan.Gap == nil)
	count("group joined", c.has(entramfa.AddGroupMember))
	count("per-user", c.has(entramfa.ChangePerUserMFA))
	count("compared", c.plan.Others.Compared > 0)
	count("addresses pinned", c.has(entramfa.CreateNamedLocation))
	count("applications pinned", slices.ContainsFunc(c.plan.Changes, func(ch entramfa.Change) bool { return strings.Contains(ch.TargetName, "for other resources") }))
	count("unpinned", c.lifts() && c.options.SkipCompensation)
	for _, change := range c.plan.Changes {
		exclusion := change.Kind == entramfa.ChangePolicy && !strings.HasPrefix(change.TargetID, "change:")
		count("excluded", exclusion)
		count("excluded while off", exclusion && strings.HasPrefix(change.Reason, "it is "))
		count("managed excluded", exclusion && strings.HasPrefix(change.TargetName, "Microsoft-managed"))
	}
}

func (c *trialOf) has(kind entramfa.ChangeKind) bool {
	return slices.ContainsFunc(c.plan.Changes, func(change entramfa.Change) bool { return change.Kind == kind })
}

// locksOut: a plan that blocks whoever applies it is refused by Apply, where it
// wasn't known before.
func (c *trialOf) locksOut(t *testing.T) bool {
	caller, err := c.tenant.Identity(t.Context())
	require.NoError(t, err)
	if caller.ID != c.account || !c.pins() {
		return false
	}
	writes, options := c.writes.Load(), c.clock.options()
	options.AllowIncomplete = true
	_, err = mfa.Apply(t.Context(), c.tenant, c.plan, &bookJournal{}, options)
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardCaller), err)
	assert.Equal(t, writes, c.writes.Load(), "nothing is written")
	c.mix["refused by Apply"]++
	return true
}

// applies the plan as it comes back from JSON.
func (c *trialOf) applies(t *testing.T, journal mfa.Journal) {
	text, err := json.MarshalIndent(c.plan, "", "\t")
	require.NoError(t, err)
	var stored mfa.Plan
	require.NoError(t, json.Unmarshal(text, &stored))
	again, err := json.MarshalIndent(stored, "", "\t")
	require.NoError(t, err)
	require.Equal(t, string(text), string(again), "the plan survives JSON")
	options := c.clock.options()
	if !c.plan.Clear {
		c.refusesIncomplete(t, stored, journal)
		options.AllowIncomplete = true
	}
	result, err := mfa.Apply(t.Context(), c.tenant, stored, journal, options)
	require.NoError(t, err)
	require.NotNil(t, result.Report)
	assert.Empty(t, result.Appeared)
	for _, change := range result.Changes {
		assert.Equal(t, "made", change.State)
	}
}

func (c *trialOf) refusesIncomplete(t *testing.T, plan mfa.Plan, journal mfa.Journal) {
	writes := c.writes.Load()
	assert.NotEmpty(t, plan.NotLifted, "a plan that isn't clear says why")
	_, err := mfa.Apply(t.Context(), c.tenant, plan, journal, c.clock.options())
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardIncomplete), err)
	assert.Equal(t, writes, c.writes.Load(), "nothing is written")
}

// holds: the tenant is now what the plan said that it would be.
func (c *trialOf) holds(t *testing.T) {
	after := c.check(t)
	assert.Equal(t, c.plan.After, after.Verdict)
	switch {
	case c.options.PartnerTenant:
		assert.False(t, c.plan.Clear)
	default:
		assert.Equal(t, c.plan.Clear, after.Outcome == entramfa.Clear, "plan %+v, then %+v", c.plan.NotLifted, after.Findings)
	}
	c.after = c.conditionalAccess(t)
}

// isVerified: every change shows, and What If doesn't say otherwise where the account is clear.
func (c *trialOf) isVerified(t *testing.T, journal mfa.Journal) {
	v, err := mfa.Verify(t.Context(), c.tenant, c.plan, journal, &mfa.VerifyOptions{Now: c.clock.Now, Wait: c.clock.Wait})
	require.NoError(t, err)
	assert.Equal(t, mfa.ProofYes, v.Graph.Proof, v.Graph.Text)
	assert.Empty(t, v.Appeared)
	if c.plan.Clear {
		assert.NotEqual(t, mfa.ProofNo, v.WhatIf.Proof, v.WhatIf.Text)
		c.mix["What If: "+string(v.WhatIf.Proof)]++
	}
}

// doesNothingMore: planning again plans nothing, applying again writes nothing.
func (c *trialOf) doesNothingMore(t *testing.T, journal mfa.Journal) {
	again, err := mfa.PlanExemption(c.check(t), c.with(func(o *mfa.ExemptionOptions) { o.ID, o.Accounts = "another", nil }))
	require.NoError(t, err)
	assert.Empty(t, again.Changes, "there is nothing left to do")
	writes, entries := c.writes.Load(), entriesOf(t, journal)
	options := c.clock.options()
	options.AllowIncomplete = true
	_, err = mfa.Apply(t.Context(), c.tenant, c.plan, journal, options)
	require.NoError(t, err)
	assert.Equal(t, writes, c.writes.Load(), "applying again writes nothing")
	assert.Equal(t, entries, entriesOf(t, journal), "nor does it note anything")
}

func (c *trialOf) with(change func(*mfa.ExemptionOptions)) *mfa.ExemptionOptions {
	options := c.options
	change(&options)
	return &options
}

// comesBack: rolled back, the tenant is byte for byte what it was, and would be
// planned for as before.
func (c *trialOf) comesBack(t *testing.T, journal mfa.Journal) {
	if len(c.plan.Changes) == 0 {
		assert.Equal(t, c.snapshotted, c.snapshot())
		return
	}
	_, err := mfa.Rollback(t.Context(), c.tenant, journal, "", c.clock.options())
	require.NoError(t, err)
	require.Equal(t, c.snapshotted, c.snapshot())
	writes, entries := c.writes.Load(), entriesOf(t, journal)
	_, err = mfa.Rollback(t.Context(), c.tenant, journal, c.plan.ID, c.clock.options())
	require.NoError(t, err)
	assert.Equal(t, writes, c.writes.Load(), "rolling back again writes nothing")
	assert.Equal(t, entries, entriesOf(t, journal))
	again, err := mfa.PlanExemption(c.check(t), &c.options)
	require.NoError(t, err)
	assert.Equal(t, c.plan.Changes, again.Changes)
	assert.Equal(t, c.plan.Basis, again.Basis)
}

// isMinimal: without any one of what lifts something, the account isn't clear. Each
// is tried on the tenant as it was, by the writes of the plan but that one.
func (c *trialOf) isMinimal(t *testing.T) {
	if !c.plan.Clear {
		return
	}
	for i, change := range c.plan.Changes {
		off := c.options.AlsoReportOnly || c.options.AlsoDisabled
		joins := change.Kind == entramfa.AddGroupMember && !off // else it may be for later
		if !joins && !liftsNow(change) || len(c.plan.Changes) > 6 && c.in(2) {
			continue
		}
		clone := newHouse(t, c.seed)
		require.Equal(t, c.snapshotted, clone.snapshot(), "the same seed makes the same tenant")
		clone.makes(t, c.plan, i)
		assert.NotEqual(t, entramfa.Clear, clone.check(t).Outcome, "without change %s, %s of %q", change.ID, change.Kind, change.TargetName)
		c.mix["dropped"]++
	}
}

// liftsNow says whether a change takes something out of the account's way. One for
// a policy that is off is for later.
func liftsNow(change entramfa.Change) bool {
	switch change.Kind {
	case entramfa.ChangePolicy:
		return !strings.HasPrefix(change.TargetID, "change:") && !strings.HasPrefix(change.Reason, "it is ")
	case entramfa.ChangeSecurityDefaults, entramfa.ChangePerUserMFA:
		return true
	}
	return false
}
