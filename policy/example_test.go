package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

func ExampleJudge() {
	var p policy.Policy
	err := json.Unmarshal([]byte(`{
		"id": "1", "displayName": "Require MFA for finance", "state": "enabled",
		"conditions": {
			"clientAppTypes": ["all"],
			"applications": {"includeApplications": ["All"]},
			"users": {"includeGroups": ["a0000000-0000-4000-8000-000000000001"]}},
		"grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}`), &p)
	if err != nil {
		fmt.Println(err)
		return
	}
	finance := policy.Group{ID: "a0000000-0000-4000-8000-000000000001", DisplayName: "Finance"}

	tenant := policy.Tenant{Policies: entramfa.Known(policy.List{Policies: []policy.Policy{p}})}
	account := policy.Subject{
		ID:     "b0000000-0000-4000-8000-000000000001",
		Groups: entramfa.Known([]policy.Membership{{Group: finance, Path: []string{"Accounting", "Finance"}, Nested: true}}),
	}
	for _, finding := range policy.Judge(tenant, account, policy.PasswordSignIn()) {
		fmt.Println(finding.Name, "-", finding.Outcome, finding.Extent)
		for _, reason := range finding.Reasons {
			fmt.Println(" ", reason.Condition+":", reason.Text, reason.Path)
		}
	}
	// Output:
	// Require MFA for finance - mfa always
	//   state: the policy is enabled []
	//   groups: group "Finance" is included [Accounting Finance]
	//   applications: for all resources []
	//   grantControls: it demands mfa, which a non-interactive sign-in can't meet []
}

// A product that asks for Exchange Online, from two known addresses.
func ExampleExchangeOnlineSignIn() {
	var p policy.Policy
	err := json.Unmarshal([]byte(`{
		"id": "1", "displayName": "Require MFA outside the office", "state": "enabled",
		"conditions": {
			"clientAppTypes": ["all"],
			"applications": {"includeApplications": ["All"]},
			"users": {"includeUsers": ["All"]},
			"locations": {"includeLocations": ["All"], "excludeLocations": ["d0000000-0000-4000-8000-000000000001"]}},
		"grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}`), &p)
	if err != nil {
		fmt.Println(err)
		return
	}
	office := policy.NamedLocation{
		Type: policy.IPNamedLocation, ID: "d0000000-0000-4000-8000-000000000001", DisplayName: "Office",
		IPRanges: []policy.IPRange{{CIDRAddress: "203.0.113.0/24"}},
	}
	tenant := policy.Tenant{
		Policies:       entramfa.Known(policy.List{Policies: []policy.Policy{p}}),
		NamedLocations: entramfa.Known([]policy.NamedLocation{office}),
	}
	account := policy.Subject{ID: "b0000000-0000-4000-8000-000000000001"}

	profile := policy.ExchangeOnlineSignIn()
	fmt.Println("from anywhere:", policy.Decide(tenant, account, profile))
	profile.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("203.0.113.8/32")}
	fmt.Println("from its addresses:", policy.Decide(tenant, account, profile))
	// Output:
	// from anywhere: {mfa sometimes}
	// from its addresses: {clear never}
}

func ExamplePrepared_Sweep() {
	tenant := policy.Tenant{Policies: entramfa.Known(policy.List{Policies: []policy.Policy{{
		DisplayName: "Require MFA but for service accounts", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			Applications: &policy.Applications{IncludeApplications: []string{"All"}},
			Users:        &policy.Users{IncludeUsers: []string{"All"}, ExcludeGroups: []string{"a0000000-0000-4000-8000-000000000001"}},
		},
		GrantControls: &policy.GrantControls{BuiltInControls: []string{"mfa"}},
	}}})}
	prepared := policy.Prepare(tenant)

	// The accounts, then the members of each group that the policies name. Streams
	// of a real tenant come from a reader: see ReadDirectory.
	var accounts policy.Directory
	err := accounts.AddAccounts(stream(
		policy.Subject{ID: "b0000000-0000-4000-8000-000000000001", Kinds: entramfa.Known([]string{})},
		policy.Subject{ID: "b0000000-0000-4000-8000-000000000002", Kinds: entramfa.Known([]string{})},
	))
	for _, group := range prepared.Groups() {
		err = errors.Join(err, accounts.AddMembers(group, stream("b0000000-0000-4000-8000-000000000002")))
	}
	if err != nil {
		fmt.Println(err)
		return
	}

	sweep := prepared.Sweep(&accounts, policy.PasswordSignIn())
	fmt.Println("always challenged:", sweep.Count(entramfa.Verdict{Outcome: entramfa.MFA, Extent: entramfa.Always}))
	for id := range sweep.WithoutMFA() {
		fmt.Println("without MFA:", id)
	}
	for _, p := range sweep.Policies {
		fmt.Println(p.Name, "-", p.Verdict.Outcome, p.Verdict.Extent, "for", p.Accounts)
	}
	// Output:
	// always challenged: 1
	// without MFA: b0000000-0000-4000-8000-000000000002
	// Require MFA but for service accounts - mfa always for 1
}
