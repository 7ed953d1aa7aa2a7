package mfa_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// When a plan may be refused: rules by what was arranged in the tenant, that share
// nothing with the guards.

func (h *house) emergency() bool {
	return slices.ContainsFunc(h.options.EmergencyAccounts, func(id string) bool { return strings.EqualFold(id, h.account) })
}

func (h *house) lastAdministrator() bool { return h.global && !h.othersCan }

func (h *house) ownAccount() bool {
	return h.options.Caller != nil && h.options.Caller.ID == h.account
}

// unpinnable says that no policy can hold the account to the addresses of its profile.
func (h *house) unpinnable() bool {
	if !h.licensed() || len(h.profile.Addresses) == 0 {
		return true
	}
	return slices.ContainsFunc(h.profile.Addresses, func(p netip.Prefix) bool {
		mapped := p.IsValid() && p.Addr().Is4In6()
		return !p.IsValid() || p.Bits() <= 8 && !mapped || p.Addr().IsPrivate() || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast()
	})
}

// rules say of each guard what must hold where it refuses.
func (h *house) rules() map[mfa.Guard]bool {
	o := h.options
	odd := o.Group != nil && (slices.Contains(o.Group.Group.GroupTypes, "DynamicMembership") || o.Group.Group.OnPremisesSyncEnabled != nil)
	mail := o.Group != nil && *o.Group.Group.MailEnabled && !slices.Contains(o.Group.Group.GroupTypes, "Unified")
	powerful := o.Group != nil && slices.ContainsFunc(append(o.Group.Within, o.Group.Group), func(g policy.Group) bool {
		return g.IsAssignableToRole != nil && *g.IsAssignableToRole
	})
	return map[mfa.Guard]bool{
		mfa.GuardEmergency:         h.emergency(),
		mfa.GuardPerson:            h.person && !o.AllowInteractiveAccount,
		mfa.GuardUnprotected:       h.defaults && !h.licensed() && !o.AllowUnprotectedTenant,
		mfa.GuardCompensation:      !o.SkipCompensation && h.unpinnable(),
		mfa.GuardUnread:            h.licence == "unread",
		mfa.GuardCaller:            h.ownAccount() && !o.SkipCompensation,
		mfa.GuardLastAdministrator: h.lastAdministrator() && !o.SkipCompensation,
		mfa.GuardSynchronized:      odd || mail,
		mfa.GuardOthers:            powerful,
	}
}

// refused: every reason is a good one, and nothing is changed.
func (c *trialOf) refused(t *testing.T, refused *mfa.RefusedError) {
	rules := c.rules()
	assert.NotEqual(t, entramfa.Clear, c.reportOutcome(), "an account that is clear needs nothing: %v", refused)
	for _, r := range refused.Refusals {
		assert.True(t, rules[r.Guard], "%s without a reason: %s", r.Guard, r.Text)
		assert.NotEmpty(t, r.Way)
		c.mix["refused "+string(r.Guard)]++
	}
	c.mix["refused"]++
	assert.NotContains(t, refused.Error(), "report this as a fault")
}

// reportOutcome is not Clear where something off is asked for too.
func (c *trialOf) reportOutcome() entramfa.Outcome {
	if c.options.AlsoDisabled || c.options.AlsoReportOnly {
		return entramfa.Unknown
	}
	return c.report.Outcome
}

// allowed: a plan that changes something passes all guards.
func (c *trialOf) allowed(t *testing.T) {
	if len(c.plan.Changes) == 0 {
		return
	}
	rules := c.rules()
	assert.False(t, rules[mfa.GuardEmergency], "an emergency account")
	assert.False(t, rules[mfa.GuardPerson], "a person's account")
	if c.has(entramfa.ChangeSecurityDefaults) {
		assert.False(t, rules[mfa.GuardUnprotected], "a tenant without protection")
		assert.NotEqual(t, "unread", c.licence)
	}
	if c.has(entramfa.AddGroupMember) {
		assert.False(t, rules[mfa.GuardSynchronized] || rules[mfa.GuardOthers], "a group that is unfit")
	}
	if c.pins() {
		assert.False(t, rules[mfa.GuardCaller], "who applies the plan")
		assert.False(t, rules[mfa.GuardLastAdministrator], "the last administrator")
		require.False(t, c.options.SkipCompensation)
	}
	if c.lifts() && !c.options.SkipCompensation {
		assert.False(t, rules[mfa.GuardCompensation], "an account that escapes unpinned")
		assert.NotEqual(t, "unread", c.licence)
	}
	if !c.licensed() && c.licence != "unread" {
		assert.False(t, slices.ContainsFunc(c.plan.Changes, func(change entramfa.Change) bool {
			return change.Kind == entramfa.ChangePolicy || change.Kind == entramfa.CreatePolicy
		}), "policies can't be edited without a licence")
	}
}

// pins says whether the plan creates a policy about the account.
func (c *trialOf) pins() bool {
	return slices.ContainsFunc(c.plan.Changes, func(change entramfa.Change) bool {
		return change.Kind == entramfa.CreatePolicy && strings.Contains(string(change.After), `"includeUsers":["`+c.account+`"]`)
	})
}
