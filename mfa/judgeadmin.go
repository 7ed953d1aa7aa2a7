package mfa

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// JudgeAdmin says what MFA there is for one account, from facts that were collected
// before: those of Collect, of which the organization, the global administrators and
// the domain don't count. Nil options judge every sign-in to a resource; Admins does
// it for many accounts. It does no I/O.
func JudgeAdmin(facts Facts, opts *AdminsOptions) Admin {
	o := opts.withDefaults()
	return newAdminJudge(facts.ConditionalAccess, *o.SignIns).judge(facts)
}

// adminJudge judges the accounts of a tenant.
type adminJudge struct {
	coverer  *coverer
	legacy   *coverer // of legacy clients alone; nil where none is asked about
	signIns  policy.SignIn
	excludes idSet // the roles that policies exclude
	// leavesOut are the groups that policies exclude.
	leavesOut idSet
}

func newAdminJudge(tenant policy.Tenant, signIns policy.SignIn) *adminJudge {
	j := &adminJudge{coverer: newCoverer(tenant, signIns), signIns: signIns, excludes: idSet{}, leavesOut: idSet{}}
	if old, some := legacySignIns(signIns); some {
		j.legacy = newCoverer(tenant, old)
	}
	list, _ := tenant.Policies.Get()
	for _, p := range list.Policies {
		if p.State != policy.StateEnabled || p.Conditions == nil || p.Conditions.Users == nil {
			continue
		}
		for _, role := range p.Conditions.Users.ExcludeRoles {
			j.excludes[strings.ToLower(role)] = true
		}
		for _, group := range p.Conditions.Users.ExcludeGroups {
			j.leavesOut[strings.ToLower(group)] = true
		}
	}
	return j
}

func (j *adminJudge) judge(facts Facts) Admin {
	u := facts.User
	a := Admin{
		ID: u.ID, UserPrincipalName: u.UserPrincipalName, DisplayName: u.DisplayName, Enabled: u.AccountEnabled, Kind: kind(u),
		Roles: heldRoles(facts), Methods: methodNames(facts.Methods), Registered: registered(facts.Methods),
		Missing: unknownFacts(facts),
	}
	if r, known := facts.Requirements.Get(); known {
		a.PerUserMFAState = &r.PerUserMFAState
	}
	a.Now, a.CanRegister = j.coverage(facts)
	a.Demanded = demanded(a.Now)
	if eligible, known := facts.EligibleRoles.Get(); known && len(eligible) > 0 {
		coverage, always := j.afterActivation(facts, eligible)
		a.Activated = &coverage
		a.Demanded = both(a.Demanded, always)
	} else if !known && len(j.excludes) > 0 {
		a.Demanded = both(a.Demanded, entramfa.Missing[bool](fmt.Errorf("which roles the account may activate, and policies exclude roles: %w", facts.EligibleRoles.Err())))
	}
	a.MFA = both(a.Demanded, a.Registered)
	has, known := a.Registered.Get()
	a.Unattended = known && !has && enabled(u) && open(a.Now.Verdict)
	return a
}

func enabled(u User) bool { return u.AccountEnabled != nil && *u.AccountEnabled }

// open says that some sign-in goes through for certain.
func open(v entramfa.Verdict) bool {
	return v.Extent == entramfa.Never || v.Extent == entramfa.Sometimes
}

// activated is the account once it has activated every role.
func activated(facts Facts, eligible []policy.RoleAssignment) Facts {
	if roles, known := facts.Roles.Get(); known {
		facts.Roles = entramfa.Known(slices.Concat(roles, eligible))
	}
	facts.EligibleRoles = entramfa.Known([]policy.RoleAssignment(nil))
	return facts
}

// coverage says how the account's sign-ins are covered, and whether it can register.
func (j *adminJudge) coverage(facts Facts) (Coverage, entramfa.Value[bool]) {
	defaults := securitydefaults.Judge(facts.SecurityDefaults, defaultsAccount(facts, nil))
	perUser, past := j.perUser(facts)
	rules := j.coverer.cover(facts.Subject())
	findings := []entramfa.Finding{defaults, perUser, {Outcome: rules.verdict.Outcome, Extent: rules.verdict.Extent}}
	c := Coverage{Verdict: entramfa.Combine(findings)}
	for _, f := range slices.Concat([]entramfa.Finding{defaults, perUser}, rules.findings) {
		if f.Outcome != entramfa.Clear {
			c.Demands = append(c.Demands, f)
		}
	}
	if facts.User.AccountEnabled != nil && !*facts.User.AccountEnabled {
		c.Verdict = entramfa.Verdict{Outcome: entramfa.Blocked, Extent: entramfa.Always}
	}
	if open(c.Verdict) && defaults.Outcome == entramfa.Clear {
		c.Witness = rules.witness
		if perUser.Extent == entramfa.Sometimes {
			c.Witness = past
		}
	}
	return c, rules.canRegister
}

// demanded says whether no sign-in goes through without a second factor. What
// security defaults ask of who is no administrator, nobody can foresee.
func demanded(c Coverage) entramfa.Value[bool] {
	if c.Extent == entramfa.Always {
		return entramfa.Known(true)
	}
	var missing []string
	for _, f := range c.Demands {
		switch {
		case f.Outcome == entramfa.Unknown:
			missing = append(missing, f.Missing...)
		case f.Source == entramfa.SourceSecurityDefaults:
			missing = append(missing, append(slices.Clone(f.Missing), "at which sign-ins security defaults ask the account for MFA: "+f.Reasons[len(f.Reasons)-1].Text)...)
		}
	}
	switch {
	case len(missing) > 0 && (c.Outcome == entramfa.Unknown || c.Witness == nil):
		return entramfa.Missing[bool](errors.New(strings.Join(missing, "; ")))
	case c.Outcome == entramfa.Unknown:
		return entramfa.Missing[bool](errors.New("whether the policies together meet every sign-in: they are too tangled, or depend on what isn't known"))
	}
	return entramfa.Known(false)
}

// both is true where both are, false where one is false, and else not known.
func both(a, b entramfa.Value[bool]) entramfa.Value[bool] {
	for _, v := range []entramfa.Value[bool]{a, b} {
		if is, known := v.Get(); known && !is {
			return v
		}
	}
	switch {
	case !a.Known() && !b.Known():
		return entramfa.Missing[bool](fmt.Errorf("%w; %w", a.Err(), b.Err()))
	case !a.Known():
		return a
	}
	return b
}

// unknownFacts names what of the account could not be read.
func unknownFacts(facts Facts) []string {
	var missing []string
	for _, fact := range []struct {
		name string
		err  error
	}{
		{"the groups", facts.Groups.Err()}, {"the roles", facts.Roles.Err()}, {"the roles that may be activated", facts.EligibleRoles.Err()},
		{"the per-user MFA state", facts.Requirements.Err()}, {"the registered methods", facts.Methods.Err()},
	} {
		if fact.err != nil {
			missing = append(missing, fmt.Sprintf("%s: %v", fact.name, fact.err))
		}
	}
	if facts.User.AccountEnabled == nil {
		missing = append(missing, "whether the account is enabled")
	}
	return missing
}

// heldRoles lists the roles, the active ones first.
func heldRoles(facts Facts) []HeldRole {
	list := []HeldRole{}
	active, _ := facts.Roles.Get()
	for _, role := range active {
		list = append(list, heldRole(facts, role, false))
	}
	eligible, _ := facts.EligibleRoles.Get()
	for _, role := range eligible {
		list = append(list, heldRole(facts, role, true))
	}
	return list
}

func heldRole(facts Facts, role policy.RoleAssignment, eligible bool) HeldRole {
	held := HeldRole{TemplateID: strings.ToLower(role.TemplateID()), Name: roleName(role), Scope: text(role.DirectoryScopeID), Eligible: eligible}
	if !strings.EqualFold(role.PrincipalID, facts.User.ID) {
		held.Path = wayTo(facts, role)
	}
	return held
}

func roleName(role policy.RoleAssignment) string {
	if d := role.RoleDefinition; d != nil && d.DisplayName != "" {
		return d.DisplayName
	}
	if name := builtinrole.Name(role.TemplateID()); name != "" {
		return name
	}
	return role.TemplateID()
}

// wayTo is the way to the group that holds a role.
func wayTo(facts Facts, role policy.RoleAssignment) []string {
	groups, _ := facts.Groups.Get()
	for _, m := range groups {
		if strings.EqualFold(m.Group.ID, role.PrincipalID) && len(m.Path) > 0 && m.Group.DisplayName != "" {
			return m.Path
		}
	}
	if role.Principal != nil && role.Principal.DisplayName != "" {
		return []string{role.Principal.DisplayName}
	}
	return []string{role.PrincipalID}
}
