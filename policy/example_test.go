package policy_test

import (
	"encoding/json"
	"fmt"

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
