package graphfake

import (
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// logSignIn writes a sign-in of an account to the sign-in log, refused or not; of an
// account that the tenant doesn't know there is nothing to write. Without a
// report the password was refused, and no policy was asked.
func (t *Tenant) logSignIn(user mfa.User, s signIn, report *mfa.Report, failure *signInFailure) {
	if user.ID == "" {
		return
	}
	record := t.recordOf(user, s, failure)
	if report != nil {
		t.addJudgement(&record, s, *report, failure)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addSignIn(record, s.at, s.at.Add(t.SignInLatency))
}

// recordOf is what the log says of any sign-in of an account.
func (t *Tenant) recordOf(user mfa.User, s signIn, failure *signInFailure) mfa.SignInRecord {
	record := mfa.SignInRecord{
		CreatedDateTime: s.at.UTC().Format(time.RFC3339),
		UserID:          user.ID, UserPrincipalName: user.UserPrincipalName,
		AppID: s.clientID, ClientAppUsed: "Mobile Apps and Desktop clients",
		ResourceID: s.resource.appID, ResourceDisplayName: resourceNames[s.resource.appID],
		CorrelationID: s.correlation, AuthenticationProtocol: s.protocol,
		IsInteractive: new(s.person || t.PasswordGrantsInteractive && !s.quiet),
		DeviceDetail:  &mfa.DeviceDetail{IsCompliant: new(false), IsManaged: new(false)},
		Status:        mfa.SignInStatus{FailureReason: "Other."},

		ConditionalAccessStatus: "notApplied", AuthenticationRequirement: "singleFactorAuthentication",
	}
	if s.confidential {
		record.ClientAppUsed = "Browser"
	}
	if s.address.IsValid() {
		record.IPAddress = s.address.String()
	}
	if failure != nil {
		record.Status = mfa.SignInStatus{ErrorCode: failure.code, FailureReason: failure.text}
	}
	return record
}

// addJudgement adds what stood behind the outcome.
func (t *Tenant) addJudgement(record *mfa.SignInRecord, s signIn, report mfa.Report, failure *signInFailure) {
	record.AppliedPolicies = t.appliedPolicies(s, report, failure)
	for _, applied := range record.AppliedPolicies {
		if applied.Result == "failure" {
			record.ConditionalAccessStatus = "failure"
		}
		if applied.Result == "success" && record.ConditionalAccessStatus != "failure" {
			record.ConditionalAccessStatus = "success"
		}
	}
	if failure == nil && !s.factor {
		return
	}
	for _, f := range t.meets(report) {
		provider := providerOf[f.Source]
		if effectOf(f) != entramfa.MFA || !slices.ContainsFunc(f.Demands, isSecondFactor) {
			continue
		}
		record.AuthenticationRequirement = "multiFactorAuthentication"
		required := mfa.RequirementPolicy{RequirementProvider: provider, Detail: f.Name}
		if f.Source == entramfa.SourceConditionalAccess {
			required.Detail = "Conditional Access"
		}
		if provider != "" && !slices.Contains(record.RequirementPolicies, required) {
			record.RequirementPolicies = append(record.RequirementPolicies, required)
		}
	}
}

// providerOf is how the log names who demands MFA. For Microsoft's mandatory MFA
// it is not published.
var providerOf = map[entramfa.Source]string{
	entramfa.SourcePerUserMFA:        "user",
	entramfa.SourceSecurityDefaults:  "securityDefaults",
	entramfa.SourceConditionalAccess: "multiConditionalAccess",
}

// appliedPolicies lists every policy with its result.
func (t *Tenant) appliedPolicies(s signIn, report mfa.Report, failure *signInFailure) []mfa.AppliedPolicy {
	var standing []entramfa.Finding
	if failure != nil {
		standing = t.standing(report, s)
	}
	var satisfied []entramfa.Finding
	if s.factor {
		satisfied = where(t.meets(report), func(f entramfa.Finding) bool { return t.satisfied(f, report.Account.ID) })
	}
	among := func(list []entramfa.Finding, f entramfa.Finding) bool {
		return slices.ContainsFunc(list, func(other entramfa.Finding) bool { return other.Source == f.Source && other.ID == f.ID })
	}
	would := t.reportOnly(s, report)
	t.mu.Lock()
	defer t.mu.Unlock()
	shown := t.shown()
	var list []mfa.AppliedPolicy
	for _, f := range report.Findings {
		stands := among(standing, f)
		switch {
		case f.Source == entramfa.SourceSecurityDefaults && stands:
			list = append(list, mfa.AppliedPolicy{ID: "SecurityDefaults", DisplayName: "Security Defaults", EnforcedGrantControls: []string{"Mfa"}, Result: "failure"})
		case f.Source == entramfa.SourceConditionalAccess && f.ID != "":
			p, _ := shown.policies.get(f.ID)
			list = append(list, appliedPolicy(p, f, stands, among(satisfied, f), would[f.ID]))
		}
	}
	return list
}

// appliedPolicy is one policy in the log.
func appliedPolicy(p policy.Policy, f entramfa.Finding, stands, satisfied bool, would string) mfa.AppliedPolicy {
	applied := mfa.AppliedPolicy{ID: f.ID, DisplayName: f.Name, Result: "notApplied"}
	switch {
	case would != "":
		applied.Result = would
	case strings.EqualFold(string(p.State), string(policy.StateDisabled)):
		applied.Result = "notEnabled"
	case stands || satisfied:
		applied.Result = "failure"
		if satisfied {
			applied.Result = "success"
		}
		for _, demand := range f.Demands {
			applied.EnforcedGrantControls = append(applied.EnforcedGrantControls, enforcedAs(demand))
		}
	}
	return applied
}

// enforcedAs is how the log writes a control.
func enforcedAs(demand string) string {
	switch demand {
	case "mfa":
		return "Mfa"
	case "block":
		return "Block"
	case "compliantDevice":
		return "RequireCompliantDevice"
	case "domainJoinedDevice":
		return "RequireDomainJoinedDevice"
	}
	return demand
}

// reportOnly says what the policies in report-only mode would have done, by id.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-report-only.
func (t *Tenant) reportOnly(s signIn, report mfa.Report) map[string]string {
	would := map[string]string{}
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.shown()
	account, err := d.subject(policy.WhatIfIdentity{UserID: report.Account.ID})
	if err != nil {
		return would
	}
	for _, p := range d.policies.all() {
		if !strings.EqualFold(string(p.State), string(policy.StateReportOnly)) {
			continue
		}
		enabled := d.withStrength(p)
		enabled.State = policy.StateEnabled
		tenant := policy.Tenant{
			Policies:       entramfa.Known(policy.List{Policies: []policy.Policy{enabled}}),
			NamedLocations: entramfa.Result(d.namedLocations()),
			Strengths:      entramfa.Result(d.authenticationStrengths()),
		}
		would[p.ID] = reportOnlyResult(policy.Judge(tenant, account, *report.Profile)[0])
	}
	return would
}

func reportOnlyResult(f entramfa.Finding) string {
	switch f.Outcome {
	case entramfa.Blocked:
		return "reportOnlyFailure"
	case entramfa.MFA:
		return "reportOnlyInterrupted"
	case entramfa.Clear:
		return "reportOnlyNotApplied"
	}
	return "unknown"
}
