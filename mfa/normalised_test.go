package mfa_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// gutted stores a policy on all users as one on nobody.
type gutted struct{ *graphfake.Tenant }

func gut(p policy.Policy) policy.Policy {
	c := *p.Conditions
	u := *c.Users
	u.IncludeUsers, u.IncludeRoles = []string{"None"}, []string{}
	c.Users, p.Conditions = &u, &c
	return p
}

func (g gutted) CreatePolicy(ctx context.Context, p policy.Policy) (policy.Policy, entramfa.Receipt, error) {
	return g.Tenant.CreatePolicy(ctx, gut(p))
}

func policiesOf(t *testing.T, tenant *graphfake.Tenant) []policy.Policy {
	var s struct{ Policies []policy.Policy }
	require.NoError(t, json.Unmarshal(tenant.Snapshot(), &s))
	return s.Policies
}

// What was created is held against what was asked for before anything rests on it.
func TestServiceThatStoresAnotherPolicy(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	_, err := mfa.Apply(t.Context(), gutted{w.tenant}, w.plan, w.journal, w.clock.options())
	assert.Error(t, err)
	assert.True(t, w.protected(t), "security defaults are off, and nobody is asked for MFA")
}

func TestReplacementThatWasEditedBeforeTheGap(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	lift := denied(w.tenant, defaultsPath, 0)
	_, err := w.apply(t.Context())
	require.Error(t, err)
	lift()
	edited := 0
	w.tenant.Before = nil
	for _, p := range policiesOf(t, w.tenant) {
		if slices.Contains(p.GrantControls.BuiltInControls, "mfa") {
			require.NoError(t, w.tenant.RemovePolicy(p.ID))
			_, err := w.tenant.AddPolicy(gut(p))
			require.NoError(t, err)
			edited++
		}
	}
	require.Positive(t, edited)
	_, err = w.apply(t.Context())
	assert.Error(t, err)
	assert.True(t, w.protected(t), "security defaults are off, and nobody is asked for MFA")
}

func TestPinThatWasEditedAfterwards(t *testing.T) {
	tenant, user, clock := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, clock.options())
	require.NoError(t, err)
	for _, p := range policiesOf(t, tenant) {
		if strings.Contains(p.DisplayName, "from elsewhere") {
			require.NoError(t, tenant.RemovePolicy(p.ID))
			p = gut(p)
			p.GrantControls.BuiltInControls = []string{"compliantDevice"}
			_, err := tenant.AddPolicy(p)
			require.NoError(t, err)
		}
	}
	v, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: clock.Now, Wait: clock.Wait})
	require.NoError(t, err)
	assert.NotEqual(t, mfa.ProofYes, v.Graph.Proof, v.Graph.Text)
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", clock.options())
	assert.Error(t, err, "deleted what somebody made of it, and didn't say so")
}

// reordered returns the lists of a created policy, and the ranges of a location, in another order.
type reordered struct{ *graphfake.Tenant }

func (o reordered) CreatePolicy(ctx context.Context, p policy.Policy) (policy.Policy, entramfa.Receipt, error) {
	c := *p.Conditions
	c.ClientAppTypes = slices.Clone(c.ClientAppTypes)
	slices.Reverse(c.ClientAppTypes)
	u := *c.Users
	u.IncludeRoles = slices.Clone(u.IncludeRoles)
	slices.Reverse(u.IncludeRoles)
	c.Users, p.Conditions = &u, &c
	return o.Tenant.CreatePolicy(ctx, p)
}

func (o reordered) CreateNamedLocation(ctx context.Context, l policy.NamedLocation) (policy.NamedLocation, entramfa.Receipt, error) {
	l.IPRanges = append([]policy.IPRange{}, l.IPRanges...)
	for i, j := 0, len(l.IPRanges)-1; i < j; i, j = i+1, j-1 {
		l.IPRanges[i], l.IPRanges[j] = l.IPRanges[j], l.IPRanges[i]
	}
	return o.Tenant.CreateNamedLocation(ctx, l)
}

func TestServiceThatOrdersLists(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	_, err := mfa.Apply(t.Context(), reordered{w.tenant}, w.plan, w.journal, w.clock.options())
	assert.NoError(t, err)
	_, err = mfa.Rollback(t.Context(), reordered{w.tenant}, w.journal, "", w.clock.options())
	assert.NoError(t, err)
}

func TestServiceThatOrdersRanges(t *testing.T) {
	tenant, user, clock := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	profile := exchangeFromOffice()
	profile.Addresses = append(profile.Addresses, netip.MustParsePrefix("198.51.100.0/28"), netip.MustParsePrefix("2606:4700::/48"))
	plan := planFor(t, tenant, user, profile, nil)
	journal := journalAt(t)
	view := reordered{tenant}
	_, err := mfa.Apply(t.Context(), view, plan, journal, clock.options())
	assert.NoError(t, err)
	_, err = mfa.Apply(t.Context(), view, plan, journal, clock.options())
	assert.NoError(t, err, "again")
	_, err = mfa.Rollback(t.Context(), view, journal, "", clock.options())
	assert.NoError(t, err, "back")
}

// pruned drops the ids of deleted users from what is written.
type pruned struct {
	*graphfake.Tenant
	gone string
}

func (s pruned) UpdatePolicy(ctx context.Context, id string, patch policy.Patch) (entramfa.Receipt, error) {
	patch.ExcludeUsers = slices.DeleteFunc(slices.Clone(patch.ExcludeUsers), func(u string) bool { return u == s.gone })
	return s.Tenant.UpdatePolicy(ctx, id, patch)
}

func TestServiceThatDropsDeletedUsers(t *testing.T) {
	const gone = "99999999-0000-4000-8000-000000000000"
	tenant, user, clock := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"],"excludeUsers":["`+gone+`"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	journal := journalAt(t)
	view := pruned{tenant, gone}
	_, err := mfa.Apply(t.Context(), view, plan, journal, clock.options())
	assert.NoError(t, err)
	_, err = mfa.Apply(t.Context(), view, plan, journal, clock.options())
	assert.NoError(t, err, "again")
	_, err = mfa.Rollback(t.Context(), view, journal, "", clock.options())
	assert.NoError(t, err, "back")
}
