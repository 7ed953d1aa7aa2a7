package graphfake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

var _ policy.Evaluator = (*Tenant)(nil)

const evaluatePath = "/identity/conditionalAccess/evaluate"

// WhatIf says of each policy whether it would apply to a sign-in, as the What If
// API does, with the gaps that the API is known for: it does not resolve the
// groups Office365 and MicrosoftAdminPortals, nor look at the services behind an
// application; it judges enabled policies and those in report-only mode, and
// answers policyNotEnabled for the others; it names the first unmet condition
// alone; and where the question leaves a condition out that a policy asks for,
// or the tenant does not know enough, it answers notEnoughInformation; what a
// question about a registered device leaves out of it counts as left out. A policy
// that only beta can show is left out.
//
// It knows users alone: a question about a service principal is an error that is
// entramfa.ErrNotRead.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/what-if-tool.
func (t *Tenant) WhatIf(ctx context.Context, question policy.WhatIf) ([]policy.WhatIfResult, error) {
	return read(ctx, t, operation{"POST", v1, evaluatePath}, func(d *directory) ([]policy.WhatIfResult, error) {
		asked, err := parseWhatIf(raw(question), v1)
		if err != nil {
			return nil, err
		}
		return d.whatIf(asked, v1)
	})
}

// evaluate answers the route.
func evaluate(d *directory, t *Tenant, c *call) (answer, error) {
	asked, wrong := parseWhatIf(c.body, c.version)
	if wrong != nil {
		return answer{}, wrong
	}
	rows, err := rowsOf(d.whatIf(asked, c.version))
	found, err := list("Collection(microsoft.graph.whatIfAnalysisResult)", "microsoft.graph.whatIfAnalysisResult", whatIfShape, rows, err)
	found.finish = strengthContext(c)
	return found, err
}

// whatIfShape: https://learn.microsoft.com/graph/api/resources/whatifanalysisresult.
var whatIfShape = slices.Concat(policyShape, same("null", "policyApplies"), enum("analysisReasons", "null",
	"notSet", "notEnoughInformation", "invalidCondition", "users", "workloadIdentities", "application", "userActions",
	"authenticationContext", "devicePlatform", "devices", "clientApps", "location", "signInRisk", "emptyPolicy",
	"invalidPolicy", "policyNotEnabled", "userRisk", "time", "insiderRisk", "authenticationFlow"))

// whatIf judges every policy that the version shows.
func (d *directory) whatIf(q policy.WhatIf, version string) ([]policy.WhatIfResult, error) {
	if q.SignInIdentity.Type != policy.UserSignIn {
		return nil, fmt.Errorf("graphfake has no service principals: %w", entramfa.ErrNotRead)
	}
	account, err := d.subject(q.SignInIdentity)
	if err != nil {
		return nil, err
	}
	shown, _, err := d.policiesOf(version)
	if err != nil {
		return nil, err
	}
	signIn := signInOf(q)
	results := []policy.WhatIfResult{}
	for _, p := range shown {
		result := d.whatIfOf(p, account, signIn)
		if *result.PolicyApplies || !q.AppliedPoliciesOnly {
			results = append(results, result)
		}
	}
	return results, nil
}

// whatIfOf judges one policy. A block in the place of its controls makes the
// conditions all that counts.
func (d *directory) whatIfOf(p policy.Policy, account policy.Subject, signIn policy.SignIn) policy.WhatIfResult {
	judged := byAppID(p, signIn.Applications)
	judged.GrantControls = &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"block"}}
	judged.SessionControls = nil
	if strings.EqualFold(string(p.State), string(policy.StateReportOnly)) {
		judged.State = policy.StateEnabled
	}
	tenant := policy.Tenant{
		Policies:       entramfa.Known(policy.List{Policies: []policy.Policy{judged}}),
		NamedLocations: entramfa.Result(d.namedLocations()),
		Strengths:      entramfa.Result(d.authenticationStrengths()),
	}
	finding := policy.Judge(tenant, account, signIn)[0]
	applies := finding.Outcome == entramfa.Blocked && finding.Extent == entramfa.Always
	reasons := policy.Analysis(judged, finding)
	if finding.Outcome == entramfa.Blocked && !applies { // of some sign-ins that fit the question, not of all
		reasons = policy.AnalysisNotEnoughInformation
	}
	return policy.WhatIfResult{Policy: p, PolicyApplies: &applies, AnalysisReasons: reasons}
}

// byAppID returns the policy as the API reads its applications: All, and what is
// named by the very app id that the question names.
func byAppID(p policy.Policy, asked []string) policy.Policy {
	if p.Conditions == nil || p.Conditions.Applications == nil || len(asked) == 0 {
		return p
	}
	conditions, applications := *p.Conditions, *p.Conditions.Applications
	named := func(entry string) bool { return strings.EqualFold(entry, "All") || containsFold(asked, entry) }
	keep := func(entries []string) []string {
		return slices.DeleteFunc(slices.Clone(entries), func(entry string) bool { return !named(entry) })
	}
	applications.ExcludeApplications = keep(applications.ExcludeApplications)
	if len(applications.IncludeApplications) > 0 {
		applications.IncludeApplications = keep(applications.IncludeApplications)
		if len(applications.IncludeApplications) == 0 {
			applications.IncludeApplications = []string{"None"}
		}
	}
	conditions.Applications, p.Conditions = &applications, &conditions
	return p
}

// subject is the account that the question names, as the policies see it.
func (d *directory) subject(who policy.WhatIfIdentity) (policy.Subject, error) {
	if !guid.Is(who.UserID) {
		if _, known := d.users.get(who.UserID); !known {
			return policy.Subject{}, wrongWhatIf("Invalid value specified for property 'userId' of resource 'userSignIn'.")
		}
	}
	user, err := d.user(who.UserID)
	if err != nil {
		return policy.Subject{}, err
	}
	facts := mfa.Facts{
		User:          user,
		Roles:         entramfa.Result(d.roleAssignments(user.ID)),
		EligibleRoles: entramfa.Result(d.roleEligibilities(user.ID)),
	}
	facts.Groups = memberOf(entramfa.Result(d.transitiveMemberOf(user.ID)))
	subject := facts.Subject()
	subject.HomeTenantID = who.ExternalTenantID
	if who.ExternalUserType != "" && who.ExternalUserType != "none" {
		subject.Kinds = entramfa.Known([]string{who.ExternalUserType})
	}
	return subject, nil
}

func memberOf(groups entramfa.Value[[]policy.Group]) entramfa.Value[[]policy.Membership] {
	list, known := groups.Get()
	if !known {
		return entramfa.Missing[[]policy.Membership](groups.Err())
	}
	var memberships []policy.Membership
	for _, group := range list {
		memberships = append(memberships, policy.Membership{Group: group, Path: []string{group.DisplayName}})
	}
	return entramfa.Known(memberships)
}

// signInOf is the set of sign-ins that fit the question: a condition that was
// left out has every value.
func signInOf(q policy.WhatIf) policy.SignIn {
	c := q.SignInConditions
	s := policy.SignIn{
		ClientAppTypes: given(c.ClientAppType), Platforms: given(c.DevicePlatform),
		SignInRiskLevels: given(c.SignInRiskLevel), UserRiskLevels: given(c.UserRiskLevel), InsiderRiskLevels: given(c.InsiderRiskLevel),
		AuthenticationFlows: given(c.AuthenticationFlow.TransferMethod),
		Applications:        []string{}, UserActions: []string{}, AuthenticationContexts: []string{},
		UnregisteredDevice: unregistered(c.DeviceInfo), Devices: devicesOf(c.DeviceInfo),
	}
	if c.Country != nil {
		s.Countries = given(*c.Country)
	}
	if address, err := netip.ParseAddr(c.IPAddress); err == nil {
		s.Addresses = []netip.Prefix{netip.PrefixFrom(address, address.BitLen())}
	}
	switch context := q.SignInContext; context.Type {
	case policy.ApplicationContext:
		s.Applications = context.IncludeApplications
	case policy.AuthenticationContextContext:
		// Which application asks for the context is no part of the question.
		s.Applications, s.AuthenticationContexts = []string{"the application that asks for the context"}, []string{context.AuthenticationContextValue}
	case policy.UserActionContext:
		s.UserActions = []string{userActions[context.UserAction]}
	}
	return s
}

// userActions gives the API's user actions the names that policies have for them.
var userActions = map[string]string{
	"registerSecurityInformation": "urn:user:registersecurityinfo",
	"registerOrJoinDevices":       "urn:user:registerdevice",
}

func given(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// unregistered says whether the question tells of a device that it isn't
// registered: a device of which nothing is told.
func unregistered(device *policy.WhatIfDeviceInfo) bool {
	return device != nil && len(objectOf(*device)) == 0
}

// devicesOf is the registered device of which the question tells. What it leaves
// out isn't known.
func devicesOf(info *policy.WhatIfDeviceInfo) []policy.Device {
	if info == nil || unregistered(info) {
		return nil
	}
	device := policy.Device{}
	if err := json.Unmarshal(raw(*info), &device); err != nil {
		panic("graphfake: " + err.Error()) // it was written a line before
	}
	if ownership, told := device["ownership"]; told { // the name that device filters have for it
		device["deviceOwnership"] = ownership
		delete(device, "ownership")
	}
	return []policy.Device{device}
}

func wrongWhatIf(format string, args ...any) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "BadRequest", format, args...)
}
