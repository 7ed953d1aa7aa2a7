package mfa

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// replaceSecurityDefaults plans what has to happen before the account can leave
// security defaults, which exclude nobody: policies in their place are created
// report-only, the defaults go off, the policies are enabled. Graph refuses any
// other order.
// Source: https://learn.microsoft.com/entra/fundamentals/security-defaults.
func (p *planner) replaceSecurityDefaults() {
	finding := securitydefaults.Judge(p.after.SecurityDefaults, defaultsAccount(p.after, (Options{Profile: &p.plan.Profile}).applications()))
	if finding.Outcome == entramfa.Clear {
		return
	}
	if !defaultsOn(p.after) {
		p.notLifted(finding, strings.Join(finding.Missing, "; "), adviceText(finding))
		return
	}
	switch has, known := licensed(p.before).Get(); {
	case !known:
		p.refuse(GuardUnread, "grant the checking identity LicenseAssignment.Read.All and check again",
			"whether the tenant may have policies in the place of security defaults is not known: %v", p.before.SubscribedSKUs.Err())
	case has:
		p.swap()
	case p.opts.AllowUnprotectedTenant:
		p.switchOff("the tenant has no Entra ID P1, so that nothing can take their place")
		p.note("AFTER THIS PLAN NOBODY IN THE TENANT IS ASKED FOR MFA: set per-user MFA to enabled for every other account, the administrators first")
	default:
		p.refuse(GuardUnprotected, "use an app registration with a certificate, which security defaults don't concern, or set per-user MFA for every other account and then set AllowUnprotectedTenant",
			"security defaults exclude nobody, and without Entra ID P1 nothing can take their place: to switch them off would leave everybody without MFA")
	}
}

func defaultsOn(f Facts) bool {
	defaults, _ := f.SecurityDefaults.Get()
	return defaults.IsEnabled != nil && *defaults.IsEnabled
}

// swap plans the replacements: created, switched, enabled. The policies that pin
// the account are enabled right after.
func (p *planner) swap() {
	var roles []string
	for _, role := range securitydefaults.Administrators() {
		roles = append(roles, role.TemplateID)
	}
	waiting := p.waiting()
	var created []*entramfa.Change
	for _, replacement := range p.replacements(roles) {
		created = append(created, p.create(replacement, "it takes the place of security defaults"))
	}
	from := p.switchOff("they exclude nobody, and Graph refuses enabled policies beside them").ID
	for _, c := range created {
		p.enable(c)
	}
	last := p.plan.Changes[len(p.plan.Changes)-1].ID
	p.plan.Gap = &Gap{From: from, To: last, Text: fmt.Sprintf(
		"between change %s and change %s neither security defaults nor the policies protect the tenant, for Graph allows no moment in which both do: "+
			"%d policies are enabled one after the other, about one a second; if one fails, security defaults go on again. Rolling back has such a gap, too", from, last, len(created))}
	for _, c := range waiting {
		p.enable(c)
	}
	p.note("users whom security defaults asked for MFA only when Microsoft thought it necessary are asked at every sign-in; other unattended accounts are refused")
	p.note("Microsoft may add policies of its own once security defaults are off; Apply looks for them")
}

// replacements are the policies in the place of security defaults. That on
// registration is among them where it can lock nobody out: who has no method yet must
// be able to register somewhere.
func (p *planner) replacements(roles []string) []policy.Policy {
	policies, err := policy.SecurityDefaultsReplacements(roles, "")
	if err != nil {
		p.refuse(GuardUnprotected, "report this as a fault of the library", "%v", err)
		return nil
	}
	registration, err := policy.SecuredRegistration("")
	switch {
	case err != nil:
		p.refuse(GuardUnprotected, "report this as a fault of the library", "%v", err)
	case p.opts.SkipSecureRegistration:
		p.note("registration of security information is not secured by a policy of its own (SkipSecureRegistration): as under security defaults, whoever signs in first with the password registers")
	case p.opts.AlsoSecureRegistration || p.hasTrustedLocation():
		policies = append(policies, registration)
		p.note("WHOEVER HAS NO METHOD YET CAN REGISTER FROM A TRUSTED LOCATION ALONE, guests and Global Administrators excepted: who works elsewhere needs a Temporary Access Pass. SkipSecureRegistration leaves that policy out")
	case !p.before.ConditionalAccess.NamedLocations.Known():
		p.refuse(GuardUnread, "grant the checking identity Policy.Read.All and check again, or set SkipSecureRegistration",
			"whether the tenant has a trusted location could not be read: %v", p.before.ConditionalAccess.NamedLocations.Err())
	default:
		p.note("registration of security information is not secured by a policy of its own: the tenant has no trusted location from which somebody without a method could register; as under security defaults, whoever signs in first with the password registers. AlsoSecureRegistration adds the policy")
	}
	for i := range policies {
		policies[i] = p.leaveOut(policies[i])
	}
	return policies
}

// leaveOut excludes the account from a replacement that demands MFA for resources,
// whatever its roles are now, and from one that meets its profile. That which blocks
// legacy clients and that on registration mostly don't, and go on to hold for it.
func (p *planner) leaveOut(of policy.Policy) policy.Policy {
	demands := slices.Contains(of.GrantControls.BuiltInControls, "mfa") && len(of.Conditions.Applications.IncludeUserActions) == 0
	if !demands && p.asEnabled(of).Outcome == entramfa.Clear {
		p.note("the account stays within %q, which leaves its profile alone", of.DisplayName)
		return of
	}
	return withoutAccount(of, p.plan.Account.ID)
}

// withoutAccount is a policy that leaves an account out.
func withoutAccount(of policy.Policy, account string) policy.Policy {
	return of.Patched(policy.Patch{ExcludeUsers: append([]string{account}, of.Conditions.Users.ExcludeUsers...)})
}

func (p *planner) hasTrustedLocation() bool {
	locations, _ := p.before.ConditionalAccess.NamedLocations.Get()
	return slices.ContainsFunc(locations, func(l policy.NamedLocation) bool {
		return l.IsTrusted != nil && *l.IsTrusted && len(l.IPRanges) > 0
	})
}

// waiting returns the policies that this plan creates and that can't be enabled yet.
func (p *planner) waiting() []*entramfa.Change {
	var list []*entramfa.Change
	for i := range p.plan.Changes {
		if p.plan.Changes[i].Kind == entramfa.CreatePolicy {
			list = append(list, &p.plan.Changes[i])
		}
	}
	return list
}

// create plans a policy, named as this plan's own. Beside security defaults it
// can't be enabled.
func (p *planner) create(of policy.Policy, why string) *entramfa.Change {
	of.DisplayName += " " + p.plan.mark()
	of.State = policy.StateEnabled
	if defaultsOn(p.after) {
		of.State = policy.StateReportOnly
	}
	c := p.add(entramfa.Change{
		Kind: entramfa.CreatePolicy, TargetName: of.DisplayName, Before: encoded(nil), After: encoded(of),
		Reason: why, Undo: "delete the policy",
	})
	of.ID = created(c.ID)
	p.setPolicies(append(p.policies()[:len(p.policies()):len(p.policies())], of))
	p.need("Policy.ReadWrite.ConditionalAccess", "Policy.Read.All", "Application.Read.All")
	return c
}

// created is how a plan names what its change creates.
func created(changeID string) string { return "change:" + changeID }

// enable plans that a policy of this plan goes from report-only to enabled.
func (p *planner) enable(c *entramfa.Change) {
	on, reportOnly := policy.StateEnabled, policy.StateReportOnly
	id, name := created(c.ID), c.TargetName
	p.add(entramfa.Change{
		Kind: entramfa.ChangePolicy, TargetID: id, TargetName: name,
		Before: encoded(policy.Patch{State: &reportOnly}), After: encoded(policy.Patch{State: &on}),
		Reason: "security defaults are off now", Undo: "set the policy to report-only",
	})
	policies := append([]policy.Policy(nil), p.policies()...)
	for i := range policies {
		if policies[i].ID == id {
			policies[i].State = on
		}
	}
	p.setPolicies(policies)
}

// switchOff plans that security defaults go off.
func (p *planner) switchOff(why string) *entramfa.Change {
	defaults, _ := p.after.SecurityDefaults.Get()
	off := false
	defaults.IsEnabled = &off
	p.after.SecurityDefaults = entramfa.Known(defaults)
	p.need("Policy.ReadWrite.SecurityDefaults", "Policy.Read.All")
	return p.add(entramfa.Change{
		Kind: entramfa.ChangeSecurityDefaults, TargetID: defaults.ID, TargetName: "Security defaults",
		Before: encoded(enabledSwitch{true}), After: encoded(enabledSwitch{false}),
		Reason: why, Undo: "switch security defaults on again",
	})
}

// enabledSwitch is the form of the switch in a change.
type enabledSwitch struct {
	IsEnabled bool `json:"isEnabled"`
}
