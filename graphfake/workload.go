package graphfake

import (
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// Conditional Access for workload identities: policies that name applications of the
// tenant, and can only block them.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/workload-identity.

// judgeWorkload says what the policies do to the sign-in of an application: what they
// said of it, and the refusal, nil where it passes.
func (t *Tenant) judgeWorkload(application Application, s signIn) ([]entramfa.Finding, *signInFailure) {
	t.mu.Lock()
	d := t.shown()
	policies, objectID := d.policies.all(), d.objectIDOf(application.ID)
	tenant := policy.Tenant{NamedLocations: entramfa.Result(d.namedLocations()), Strengths: entramfa.Result(d.authenticationStrengths())}
	t.mu.Unlock()
	s.flow = "none"
	profile := t.profiles(s)[0]
	profile.ClientAppTypes, profile.UserRiskLevels, profile.SignInRiskLevels = nil, []string{"none"}, []string{"none"}
	var findings []entramfa.Finding
	for _, p := range policies {
		users, applies := onWorkload(p, objectID)
		if !applies {
			continue
		}
		tenant.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{users}})
		subject := policy.Subject{ID: application.ID, Groups: entramfa.Known([]policy.Membership{}), Roles: entramfa.Known([]policy.RoleAssignment{})}
		f := policy.Judge(tenant, subject, profile)[0]
		if filtered(p) && f.Outcome != entramfa.Clear { // whether a filter on attributes means the application isn't known
			f.Outcome, f.Extent = entramfa.Unknown, entramfa.Sometimes
			f.Missing = append(f.Missing, "the attributes of the application "+application.ID)
		}
		findings = append(findings, f)
	}
	return findings, t.workloadRefusal(findings)
}

// onWorkload writes a policy on applications as one on all users, which package policy
// judges; false where it doesn't name the application. A policy on a risk that the
// application doesn't have is about others.
func onWorkload(p policy.Policy, id string) (policy.Policy, bool) {
	if p.Conditions == nil || p.Conditions.ClientApplications == nil || len(p.Conditions.ServicePrincipalRiskLevels) > 0 {
		return p, false
	}
	named := p.Conditions.ClientApplications
	included := containsFold(named.IncludeServicePrincipals, "ServicePrincipalsInMyTenant") || containsFold(named.IncludeServicePrincipals, id)
	if !included || containsFold(named.ExcludeServicePrincipals, id) {
		return p, false
	}
	conditions := *p.Conditions
	conditions.ClientApplications, conditions.ClientAppTypes = nil, []string{"all"}
	conditions.Users = &policy.Users{IncludeUsers: []string{"All"}}
	p.Conditions = &conditions
	return p, true
}

// filtered says that a policy chooses applications by their attributes, too.
func filtered(p policy.Policy) bool {
	filter := p.Conditions.ClientApplications.ServicePrincipalFilter
	return filter != nil && filter.Rule != ""
}

// workloadRefusal refuses what a policy blocks, and what can't be told unless
// AllowUndecided lets it pass.
func (t *Tenant) workloadRefusal(findings []entramfa.Finding) *signInFailure {
	blocks := where(findings, func(f entramfa.Finding) bool { return f.Outcome == entramfa.Blocked && f.Extent == entramfa.Always })
	if len(blocks) == 0 && !t.AllowUndecided {
		blocks = where(findings, func(f entramfa.Finding) bool { return effectOf(f) == entramfa.Blocked })
	}
	if len(blocks) == 0 {
		return nil
	}
	return blocked(blocks)
}

// logWorkload writes the sign-in of an application to the log.
func (t *Tenant) logWorkload(application Application, s signIn, findings []entramfa.Finding, failure *signInFailure) {
	record := mfa.SignInRecord{
		CreatedDateTime: s.at.UTC().Format(time.RFC3339), AppID: application.ID,
		ResourceID: s.resource.appID, ResourceDisplayName: resourceNames[s.resource.appID],
		CorrelationID: s.correlation, AuthenticationProtocol: "none", IsInteractive: new(false), SignInEventTypes: []string{servicePrincipalSignIn},
		Status: mfa.SignInStatus{FailureReason: "Other."}, ConditionalAccessStatus: "notApplied", AuthenticationRequirement: "singleFactorAuthentication",
	}
	if s.address.IsValid() {
		record.IPAddress = s.address.String()
	}
	if failure != nil {
		record.Status = mfa.SignInStatus{ErrorCode: failure.code, FailureReason: failure.text}
	}
	for _, f := range findings {
		applied := mfa.AppliedPolicy{ID: f.ID, DisplayName: f.Name, Result: "notApplied"}
		if failure != nil && strings.Contains(failure.claims, f.ID) {
			applied.Result, applied.EnforcedGrantControls, record.ConditionalAccessStatus = "failure", []string{"Block"}, "failure"
		}
		record.AppliedPolicies = append(record.AppliedPolicies, applied)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addSignIn(record, s.at, s.at.Add(t.SignInLatency))
}

// servicePrincipalSignIn is the kind of the sign-ins of applications in the log.
const servicePrincipalSignIn = "servicePrincipal"
