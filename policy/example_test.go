package policy_test

import (
	"encoding/json"
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
