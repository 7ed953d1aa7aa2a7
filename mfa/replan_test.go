package mfa_test

import (
	"context"
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

// edited is a tenant with a plan, a group that nothing excludes, and a policy that
// leaves the account alone.
type editedTenant struct {
	tenant             *graphfake.Tenant
	user, group, other string
	time               *clock
	plan               mfa.Plan
}

// toEdit has the policies that meet the account exclude a group or not; all ids are
// the same then.
func toEdit(t *testing.T, excludesGroup bool) editedTenant {
	var e editedTenant
	e.tenant, e.user, e.time = licensedTenant(t)
	e.group = e.tenant.AddGroup(policy.Group{DisplayName: "Finance", IsAssignableToRole: pointer(false), SecurityEnabled: pointer(true)})
	excluded := ""
	if excludesGroup {
		excluded = `"` + e.group + `"`
	}
	addPolicy(t, e.tenant, "Require MFA", `{"includeUsers":["All"],"excludeGroups":[`+excluded+`]}`, "mfa")
	e.other = e.tenant.AddUser(mfa.User{UserPrincipalName: "eve@contoso.com", DisplayName: "Eve", AccountEnabled: pointer(true), UserType: pointer("Member")})
	addPolicy(t, e.tenant, "Block Eve", `{"includeUsers":["`+e.other+`"]}`, "block")
	opts := &mfa.ExemptionOptions{ID: "0123456789abcdefghij"}
	if excludesGroup {
		group, err := mfa.ReadExclusionGroup(t.Context(), e.tenant, e.group, e.user)
		require.NoError(t, err)
		opts.Group = group
	}
	e.plan = planFor(t, e.tenant, e.user, exchangeFromOffice(), opts)
	require.True(t, e.plan.Clear)
	return e
}

// Each change of an edited plan may be one that a plan makes, and all of them together
// are none.
func TestPlanThatIsNotTheOnePlannedIsRefusedWhole(t *testing.T) {
	for name, edit := range map[string]func(t *testing.T, e editedTenant, p *mfa.Plan){
		"its pins are taken out": func(_ *testing.T, _ editedTenant, p *mfa.Plan) {
			p.Changes = []entramfa.Change{changeOf(*p, entramfa.ChangePolicy)}
		},
		"nothing is left of it": func(_ *testing.T, _ editedTenant, p *mfa.Plan) { p.Changes = nil },
		"an exclusion from a policy that leaves the account alone": func(t *testing.T, e editedTenant, p *mfa.Plan) {
			more := changeOf(*p, entramfa.ChangePolicy)
			i := slices.IndexFunc(p.Basis, func(b mfa.Basis) bool { return b.Name == "Block Eve" })
			more.ID, more.TargetID, more.TargetName = "99", p.Basis[i].ID, "Block Eve"
			p.Changes = append(p.Changes, more)
		},
		"a membership of a group that nothing excludes": func(t *testing.T, e editedTenant, p *mfa.Plan) {
			other := toEdit(t, true)
			require.Equal(t, e.group, other.group)
			more := changeOf(other.plan, entramfa.AddGroupMember)
			more.ID = "99"
			p.Changes, p.Joins = append(p.Changes, more), other.plan.Joins
			i := slices.IndexFunc(other.plan.Basis, func(b mfa.Basis) bool { return b.Kind == "group" })
			p.Basis = append(p.Basis, other.plan.Basis[i])
		},
		"a policy for everybody where nothing is replaced": func(t *testing.T, e editedTenant, p *mfa.Plan) {
			require.NoError(t, e.tenant.SetSecurityDefaults(false))
			w := newTrial(t, "defaults", 0)
			for _, c := range w.plan.Changes {
				if c.Kind == entramfa.CreatePolicy && strings.HasPrefix(c.TargetName, "Require MFA for all users") {
					c.ID = "99"
					c.After = raw(strings.Replace(strings.Replace(string(c.After), `"enabledForReportingButNotEnforced"`, `"enabled"`, 1), w.user, e.user, 1))
					p.Changes = append(p.Changes, c)
				}
			}
		},
		"it names another account than it changes": func(_ *testing.T, e editedTenant, p *mfa.Plan) {
			p.Account.UserPrincipalName = "eve@contoso.com"
		},
		"its pins are skipped, and are there": func(_ *testing.T, e editedTenant, p *mfa.Plan) { p.Options.SkipCompensation = true },
	} {
		t.Run(name, func(t *testing.T) {
			e := toEdit(t, false)
			plan := tampered(t, e.plan, func(p *mfa.Plan) { edit(t, e, p) })
			before := snapshot(t, e.tenant)
			_, err := mfa.Apply(t.Context(), e.tenant, plan, journalAt(t), e.time.options())
			assert.Equal(t, before, snapshot(t, e.tenant), "the tenant was changed")
			var refused *mfa.RefusedError
			if assert.ErrorAs(t, err, &refused) {
				assert.True(t, refused.Has(mfa.GuardAltered), "%v", err)
			}
		})
	}
}

// The one option by which nothing takes the place of security defaults, switched on in
// the file of a plan for a tenant that has a licence.
func TestPlanEditedToLeaveTheTenantBareIsRefused(t *testing.T) {
	w := newTrial(t, "defaults", 0)
	w.plan = tampered(t, w.plan, func(p *mfa.Plan) {
		p.Gap, p.Options.AllowUnprotectedTenant = nil, true
		p.Changes = slices.DeleteFunc(p.Changes, func(c entramfa.Change) bool { return c.Kind == entramfa.ChangePolicy })
	})
	_, err := w.apply(t.Context())
	assert.True(t, w.protected(t), "security defaults are off, and nothing is in their place")
	assert.Equal(t, w.before, snapshot(t, w.tenant))
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardAltered), "%v", err)
}

// That the account will be clear is not believed of a file.
func TestPlanEditedToBeClearIsRefused(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, policy.AzureCLISignIn(), &mfa.ExemptionOptions{SkipCompensation: true})
	require.False(t, plan.Clear)
	plan = tampered(t, plan, func(p *mfa.Plan) { p.Clear, p.NotLifted = true, nil })
	before := snapshot(t, tenant)
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	assert.Equal(t, before, snapshot(t, tenant))
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(mfa.GuardIncomplete), "%v", err)
	assert.ErrorContains(t, err, "mandatory MFA")
}

// shuffled lists the policies in another order at each read.
type shuffled struct{ *graphfake.Tenant }

func (s shuffled) Policies(ctx context.Context) (policy.List, error) {
	list, err := s.Tenant.Policies(ctx)
	list.Policies = slices.Clone(list.Policies)
	slices.Reverse(list.Policies)
	return list, err
}

// What was planned with any option is planned again, from the file, in whatever order
// Graph lists the policies.
func TestStoredPlanIsAppliedWithEachOfItsOptions(t *testing.T) {
	for n, opts := range []mfa.ExemptionOptions{
		{}, {AlsoReportOnly: true}, {AlsoDisabled: true}, {SkipCompensation: true}, {AllowInteractiveAccount: true}, {PartnerTenant: true},
		{AlsoSecureRegistration: true}, {SkipSecureRegistration: true}, {EmergencyAccounts: []string{"55555555-0000-4000-8000-000000000001"}},
	} {
		for _, defaults := range []bool{false, true} {
			tenant, user, time := licensedTenant(t)
			state := policy.StateEnabled
			if defaults {
				state = policy.StateReportOnly
				require.NoError(t, tenant.SetSecurityDefaults(true))
			}
			addState(t, tenant, state, `"includeUsers":["All"]`, "", "mfa")
			addState(t, tenant, policy.StateReportOnly, `"includeUsers":["All"]`, "", "mfa")
			addState(t, tenant, policy.StateDisabled, `"includeUsers":["All"]`, "", "block")
			addState(t, tenant, state, `"includeUsers":["`+user+`"]`, "", "block")
			plan := tampered(t, planFor(t, tenant, user, exchangeFromOffice(), &opts), func(*mfa.Plan) {})
			apply := time.options()
			apply.AllowIncomplete = opts.PartnerTenant
			_, err := mfa.Apply(t.Context(), shuffled{tenant}, plan, journalAt(t), apply)
			assert.NoError(t, err, "%d, defaults %v", n, defaults)
		}
	}
}

// Somebody may not read at the time of the plan what he may read later.
func TestWhatCouldNotBeReadDidNotChange(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	tenant.Fail(graphfake.Failure{Method: "GET", Path: defaultsPath, Err: &entramfa.GraphError{Status: 403}})
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	require.ErrorIs(t, err, entramfa.ErrPermission)
	assert.ErrorContains(t, err, "security defaults could not be read")
	assert.NotContains(t, err.Error(), "changed since")
}

// A name is no condition.
func TestRefusalSaysThatAPolicyWasRenamed(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
	plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
	addPolicyWith(t, tenant, id, "Demand MFA", `{"includeUsers":["All"]}`, "mfa")
	_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	require.ErrorContains(t, err, `the policy "Require MFA" is called "Demand MFA" now`)
	assert.NotContains(t, err.Error(), "changed in other")
}

// A plan that was begun can't be planned again before it is rolled back.
func TestRefusalOfABegunPlanSendsToTheWayBack(t *testing.T) {
	w := newTrial(t, "exclusions", 0)
	lift := denied(w.tenant, "/identity/conditionalAccess/policies", 2)
	_, err := w.apply(t.Context())
	require.ErrorIs(t, err, entramfa.ErrPermission)
	lift()
	w.tenant.Before = nil
	addPolicy(t, w.tenant, "Another", `{"includeUsers":["None"]}`, "mfa")
	_, err = w.apply(t.Context())
	require.ErrorContains(t, err, `the policy "Another" is new`)
	assert.ErrorContains(t, err, "roll this plan back, then check and plan again")
}
