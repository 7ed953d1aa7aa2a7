package mfa

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// exclude excludes the account from every policy that isn't clear for the profile:
// first through the group of the options, then by name.
func (p *planner) exclude() {
	p.throughGroup()
	policies := slices.Clone(p.policies())
	for i, f := range p.policyFindings() {
		switch f, why := p.toLift(policies[i], f); {
		case f == nil:
		case off(policies[i]) && (p.lapsed() || p.unreadable(*f) || !p.settles(policies[i])): // it stands in nobody's way
		case p.lapsed():
			p.notLifted(*f, "the tenant has no Entra ID P1: its policies stay enforced and can't be edited",
				"buy a licence again, have an administrator disable the policy for everybody, or use an app registration with a certificate")
		case p.unreadable(*f):
			p.notLifted(*f, "whether it meets the account is not known: "+strings.Join(f.Missing, "; ")+": "+p.unread().Error(), "give the checking identity the permission, or what else is missing, and check and plan again")
		case p.partly(policies[i]) != nil:
			p.notLifted(*f, p.partly(policies[i]).Error(), "check and plan again; to write the list back as it came would drop the rest of it")
		case !p.settles(policies[i]):
			p.notLifted(*f, "even with the account excluded it can't be told: "+strings.Join(f.Missing, "; "), adviceText(*f))
		default:
			policies[i] = p.excludeFrom(policies[i], why)
		}
	}
	p.setPolicies(policies)
	p.sayWhatIsOff(policies)
}

// policyFindings returns one finding a policy; that on a list which isn't whole is left out.
func (p *planner) policyFindings() []entramfa.Finding {
	return policy.Judge(p.after.ConditionalAccess, p.after.Subject(), p.plan.Profile)[:len(p.policies())]
}

// lapsed says that the tenant is known to have no licence under which a policy can be edited.
func (p *planner) lapsed() bool {
	has, known := licensed(p.before).Get()
	return known && !has
}

// toLift returns the finding for which the account has to be excluded from a
// policy, and why; nil where there is no need.
func (p *planner) toLift(of policy.Policy, f entramfa.Finding) (*entramfa.Finding, string) {
	if f.Outcome != entramfa.Clear {
		return &f, strings.Join(append(reasonTexts(f), f.Missing...), "; ")
	}
	state := strings.ToLower(string(of.State))
	reportOnly := state == strings.ToLower(string(policy.StateReportOnly)) && p.opts.AlsoReportOnly
	disabled := state == string(policy.StateDisabled) && p.opts.AlsoDisabled
	if !reportOnly && !disabled {
		return nil, ""
	}
	if g := p.asEnabled(of); g.Outcome != entramfa.Clear {
		return &g, fmt.Sprintf("it is %s; enabled, it would meet the account: %s", stateText(of.State), strings.Join(append(reasonTexts(g), g.Missing...), "; "))
	}
	return nil, ""
}

// asEnabled judges a policy as if it were enabled.
func (p *planner) asEnabled(of policy.Policy) entramfa.Finding {
	enabled := policy.StateEnabled
	tenant := p.after.ConditionalAccess
	tenant.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{of.Patched(policy.Patch{State: &enabled})}})
	return policy.Judge(tenant, p.after.Subject(), p.plan.Profile)[0]
}

// unreadable says that a finding is Unknown and that something of the account or the
// tenant on which findings rest could not be read: whoever reads it may find that
// there is nothing to lift. What can't be told although all was read, for a word of a
// newer Graph in the policy, is no such thing: there the exclusion decides.
func (p *planner) unreadable(f entramfa.Finding) bool {
	return f.Outcome == entramfa.Unknown && p.unread() != nil
}

// unread says why one of the facts is missing on which findings rest; nil where all are known.
func (p *planner) unread() error {
	f := p.before
	return errors.Join(f.Groups.Err(), f.Roles.Err(), f.ConditionalAccess.NamedLocations.Err(), f.ConditionalAccess.Strengths.Err())
}

// excludeFrom adds the change that appends the account to a policy's exclusions.
func (p *planner) excludeFrom(of policy.Policy, why string) policy.Policy {
	before, after := p.exclusion(of)
	p.add(entramfa.Change{
		Kind: entramfa.ChangePolicy, TargetID: of.ID, TargetName: of.DisplayName,
		Before: encoded(before), After: encoded(after), Reason: why,
		Undo: "take the account out of the policy's excluded users",
	})
	p.need("Policy.ReadWrite.ConditionalAccess", "Policy.Read.All")
	return of.Patched(after)
}

// exclusion is the excluded users of a policy as they are and with the account.
func (p *planner) exclusion(of policy.Policy) (before, after policy.Patch) {
	before = policy.Patch{ExcludeUsers: []string{}}.Of(of)
	return before, policy.Patch{ExcludeUsers: append(slices.Clone(before.ExcludeUsers), p.plan.Account.ID)}
}

// partly says that the answer held no exclusions of a policy, or a part of them.
func (p *planner) partly(of policy.Policy) error {
	_, err := of.ExcludedUsers()
	return err
}

// settles says that excluding the account takes the policy out of its way, were it
// enabled. Of one with a word of a newer Graph it may not: the exclusion would be made
// in vain, and again by the next plan.
func (p *planner) settles(of policy.Policy) bool {
	_, after := p.exclusion(of)
	return p.asEnabled(of.Patched(after)).Outcome == entramfa.Clear
}

// throughGroup plans the one membership by which the policies that exclude the
// group of the options let the account go.
func (p *planner) throughGroup() {
	if p.opts.Group == nil || p.lapsed() {
		return
	}
	group, policies := p.opts.Group.Group, p.policies()
	var names []string
	for i, f := range p.policyFindings() {
		if f, _ := p.toLift(policies[i], f); f != nil && !p.unreadable(*f) && excludesGroup(policies[i], group.ID) && p.settles(policies[i]) {
			names = append(names, policies[i].DisplayName)
		}
	}
	switch {
	case len(names) == 0:
		p.note("no policy that meets the account excludes the group %s", group.DisplayName)
	case !p.groupUnfit(group):
		before := p.everywhere()
		p.joinGroup(group, names)
		p.sayWhatElse(before, names)
	}
}

// everywhere judges the policies for every sign-in of the account.
func (p *planner) everywhere() []entramfa.Finding {
	return policy.Judge(p.after.ConditionalAccess, p.after.Subject(), policy.SignIn{})[:len(p.policies())]
}

// sayWhatElse notes what the membership alters beside the policies that are in the
// account's way: those, too, that only touch sign-ins outside of the profile.
func (p *planner) sayWhatElse(before []entramfa.Finding, lifted []string) {
	for i, f := range p.everywhere() {
		of := p.policies()[i]
		if slices.Contains(lifted, of.DisplayName) || f.Outcome == before[i].Outcome && f.Extent == before[i].Extent {
			continue
		}
		if f.Outcome == entramfa.Clear {
			p.note("by the group the account escapes %q, too, which leaves its profile alone: to be excluded by name would not do that", of.DisplayName)
		} else {
			p.note("by the group %q comes to hold for the account (%s, %s)", of.DisplayName, f.Outcome, f.Extent)
		}
	}
}

func excludesGroup(of policy.Policy, id string) bool {
	return of.Conditions != nil && of.Conditions.Users != nil && containsFold(of.Conditions.Users.ExcludeGroups, id)
}

// groupUnfit refuses a group whose members can't be changed here, or that gives roles.
func (p *planner) groupUnfit(group policy.Group) bool {
	const way = "choose another group, or none: then the account is excluded by name"
	switch {
	case containsFold(group.GroupTypes, "DynamicMembership"):
		p.refuse(GuardSynchronized, way, "the members of the group %s follow from a rule", group.DisplayName)
	case group.OnPremisesSyncEnabled != nil && *group.OnPremisesSyncEnabled:
		p.refuse(GuardSynchronized, way, "the group %s comes from an on-premises directory", group.DisplayName)
	case group.MailEnabled != nil && *group.MailEnabled && !containsFold(group.GroupTypes, "Unified"):
		p.refuse(GuardSynchronized, way, "the group %s is one of Exchange, and Graph can't change its members", group.DisplayName)
	case mayHoldRoles(group):
		p.refuse(GuardOthers, way, "the group %s can hold directory roles, or may, and would give them to the account", group.DisplayName)
	case slices.ContainsFunc(p.opts.Group.Within, holdsRoles):
		p.refuse(GuardOthers, way, "the group %s is in one that can hold directory roles, and would give them to the account", group.DisplayName)
	default:
		return false
	}
	return true
}

// holdsRoles says that directory roles can be given to a group. Entra nests nothing in
// such a group, so that one around another is said to be none where nothing is said.
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept.
func holdsRoles(group policy.Group) bool {
	return group.IsAssignableToRole != nil && *group.IsAssignableToRole
}

// mayHoldRoles says that directory roles can be given to a group, or that its object
// doesn't tell: Graph writes null for most groups that can't hold any, and a whole
// object always says whether the group is a security group.
// Source: https://learn.microsoft.com/graph/api/resources/group.
func mayHoldRoles(group policy.Group) bool {
	if group.IsAssignableToRole == nil {
		return group.SecurityEnabled == nil
	}
	return *group.IsAssignableToRole
}

func (p *planner) joinGroup(group policy.Group, policies []string) {
	p.add(entramfa.Change{
		Kind: entramfa.AddGroupMember, TargetID: group.ID, TargetName: group.DisplayName,
		Before: encoded(nil), After: encoded(member{p.plan.Account.ID}),
		Reason: "the group is excluded from " + strings.Join(policies, ", "),
		Undo:   "take the account out of the group",
	})
	p.need("GroupMember.ReadWrite.All")
	p.plan.Basis = append(p.plan.Basis, groupBasis(*p.opts.Group))
	p.plan.Joins = []string{group.ID}
	for _, around := range p.opts.Group.Within {
		p.plan.Joins = append(p.plan.Joins, around.ID)
	}
	var names []string
	for _, m := range p.opts.Group.Members {
		names = append(names, m.DisplayName)
	}
	p.note("other members of the group %s, who share the exemption: %d (%s)", group.DisplayName, len(names), strings.Join(names, ", "))
	p.note("what else the group %s gives its members, licences and access for instance, the account gets too", group.DisplayName)
	groups, _ := p.after.Groups.Get()
	groups = append(slices.Clone(groups), policy.Membership{Group: group, Path: []string{group.DisplayName}})
	for _, around := range p.opts.Group.Within {
		groups = append(groups, policy.Membership{Group: around, Path: []string{group.DisplayName, around.DisplayName}, Nested: true})
	}
	if p.after.Groups.Known() {
		p.after.Groups = entramfa.Known(groups)
	}
}

// member is the form of a membership in a change.
type member struct {
	ID string `json:"member"`
}

// sayWhatIsOff notes the policies that would meet the account if they were enabled.
func (p *planner) sayWhatIsOff(policies []policy.Policy) {
	for _, of := range policies {
		if !off(of) || p.asEnabled(of).Outcome == entramfa.Clear {
			continue
		}
		p.note("the policy %q is %s and left alone; enabled, it would meet the account", of.DisplayName, stateText(of.State))
	}
}

func off(of policy.Policy) bool {
	return strings.EqualFold(string(of.State), string(policy.StateReportOnly)) || strings.EqualFold(string(of.State), string(policy.StateDisabled))
}

func stateText(state policy.State) string {
	if strings.EqualFold(string(state), string(policy.StateReportOnly)) {
		return "report-only"
	}
	return string(state)
}
