package mfa_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

func raw(s string) json.RawMessage { return json.RawMessage(s) }

// tampered stores a plan as JSON, lets somebody edit it, and reads it again.
func tampered(t *testing.T, plan mfa.Plan, edit func(*mfa.Plan)) mfa.Plan {
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	var p mfa.Plan
	require.NoError(t, json.Unmarshal(text, &p))
	edit(&p)
	return p
}

// Whoever can write the file of a plan can do no more with it than a plan does.
func TestTamperedPlanIsRefused(t *testing.T) {
	const attacker = "66666666-0000-4000-8000-000000000001"
	for name, edit := range map[string]func(tenant *graphfake.Tenant, id, group string, p *mfa.Plan){
		"excludes another account": func(_ *graphfake.Tenant, id, _ string, p *mfa.Plan) {
			for i, c := range p.Changes {
				if c.TargetID == id {
					p.Changes[i].After = raw(strings.Replace(string(c.After), `"`+p.Account.ID+`"`, `"`+p.Account.ID+`","`+attacker+`"`, 1))
				}
			}
		},
		"disables the policy for everybody": func(_ *graphfake.Tenant, id, _ string, p *mfa.Plan) {
			p.Changes = []entramfa.Change{{ID: "1", Kind: entramfa.ChangePolicy, TargetID: id, TargetName: "x", Before: raw(`{"state":"enabled"}`), After: raw(`{"state":"disabled"}`)}}
		},
		"adds another account to a group": func(_ *graphfake.Tenant, _, group string, p *mfa.Plan) {
			p.Changes = []entramfa.Change{{ID: "1", Kind: entramfa.AddGroupMember, TargetID: group, TargetName: "x", Before: raw(`null`), After: raw(`{"member":"` + attacker + `"}`)}}
		},
		"creates a policy that blocks everybody": func(_ *graphfake.Tenant, _, _ string, p *mfa.Plan) {
			p.Changes = []entramfa.Change{{ID: "1", Kind: entramfa.CreatePolicy, TargetName: "evil", Before: raw(`null`), After: raw(`{"displayName":"evil","state":"enabled","conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}},"grantControls":{"operator":"OR","builtInControls":["block"]}}`)}}
		},
		"rests on nothing": func(tenant *graphfake.Tenant, id, _ string, p *mfa.Plan) { // digests gone: nothing is stale
			for i := range p.Basis {
				p.Basis[i].Digests = nil
			}
			off := policy.StateReportOnly
			_, err := tenant.UpdatePolicy(context.Background(), id, policy.Patch{State: &off})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, user, time := licensedTenant(t)
			tenant.AddUser(mfa.User{ID: attacker, UserPrincipalName: "eve@contoso.com"})
			id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
			group := tenant.AddGroup(policy.Group{DisplayName: "G", IsAssignableToRole: pointer(false)})
			plan := tampered(t, planFor(t, tenant, user, exchangeFromOffice(), nil), func(p *mfa.Plan) { edit(tenant, id, group, p) })
			before := snapshot(t, tenant)
			_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
			assert.Error(t, err, "proof in the plan: %v", plan.Others.Proof)
			assert.True(t, before == snapshot(t, tenant), "the tenant was changed")
		})
	}
}

func TestTamperedPlanAdoptsNoPolicyOfTheTenant(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := tampered(t, planFor(t, tenant, user, exchangeFromOffice(), nil), func(p *mfa.Plan) {
		p.Changes = []entramfa.Change{{ID: "1", Kind: entramfa.CreatePolicy, TargetName: "Require MFA", Before: raw(`null`), After: raw(`{"displayName":"Require MFA"}`)}}
	})
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.Error(t, err)
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.Error(t, err)
	_, err = tenant.Policy(t.Context(), id)
	assert.NoError(t, err)
}

func TestPlanWithoutItsGapIsRefused(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	w.plan = tampered(t, w.plan, func(p *mfa.Plan) { p.Gap = nil })
	_, err := w.apply(t.Context())
	require.ErrorContains(t, err, "gap")
	require.True(t, w.protected(t))
	assert.Equal(t, w.before, snapshot(t, w.tenant))
}

// Rollback of a journal that no Apply wrote.
func TestJournalMadeByHandIsRefused(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	plan.Changes = []entramfa.Change{{ID: "1", Kind: entramfa.ChangePolicy, TargetID: id, TargetName: "x", Before: raw(`{"state":"disabled"}`), After: raw(`{"state":"enabled"}`)}}
	journal := journalAt(t)
	for _, e := range []mfa.Entry{{Kind: mfa.EntryBegin, Plan: &plan}, {Kind: mfa.EntryIntent, ChangeID: "1"}} {
		e.Schema, e.PlanID, e.At = mfa.JournalSchema, plan.ID, time.Now()
		require.NoError(t, journal.Append(e))
	}
	before := snapshot(t, tenant)
	_, err := mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	assert.Error(t, err)
	assert.True(t, before == snapshot(t, tenant), "the tenant was changed")
}

func TestPlanWithOneIDTwiceIsRefused(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	w.plan = tampered(t, w.plan, func(p *mfa.Plan) { p.Changes[1].ID = p.Changes[0].ID })
	_, err := w.apply(t.Context())
	require.Error(t, err)
	assert.True(t, w.before == snapshot(t, w.tenant), "the tenant was changed")
}

func TestVerifyOfAnotherTenantIsRefused(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	_, err := w.apply(t.Context())
	require.NoError(t, err)
	w.plan.Tenant.ID = "11111111-2222-4333-8444-555555555555"
	_, err = mfa.Verify(t.Context(), w.tenant, w.plan, w.journal, &mfa.VerifyOptions{Now: w.clock.Now, Wait: w.clock.Wait})
	assert.ErrorContains(t, err, "it is for the tenant")
}
