package mfa_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// exampleTenant is a tenant in which MFA stands in the way of svc@contoso.com. An
// msgraph.Client in its place is a real one.
func exampleTenant() *graphfake.Tenant {
	enabled, member, or := true, "Member", "OR"
	tenant := &graphfake.Tenant{SignInAddress: netip.MustParseAddr("203.0.113.7")}
	tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{
		SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Enabled",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: securitydefaults.PlanEntraP1, ProvisioningStatus: "Success"}},
	})
	for _, name := range []string{"svc@contoso.com", "ann@contoso.com"} {
		tenant.AddUser(mfa.User{UserPrincipalName: name, DisplayName: name, AccountEnabled: &enabled, UserType: &member})
	}
	_, err := tenant.AddPolicy(policy.Policy{
		DisplayName: "Require MFA", State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Users:          &policy.Users{IncludeUsers: []string{"All"}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: &or, BuiltInControls: []string{"mfa"}},
	})
	must(err)
	must(tenant.GivePassword("svc@contoso.com", "correct horse"))
	must(tenant.SetPerUserState("svc@contoso.com", mfa.PerUserEnforced))
	return tenant
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// exchangeFromOneNetwork is how the account signs in.
func exchangeFromOneNetwork() *policy.SignIn {
	profile := policy.ExchangeOnlineSignIn()
	profile.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}
	return &profile
}

// An account is checked, exempt, and put back.
func Example() {
	ctx, tenant := context.Background(), exampleTenant()
	password := mfa.PasswordGrant{
		Username: "svc@contoso.com", Password: mfa.NewSecret("correct horse"),
		Resource: mfa.ExchangeOnline, ClientID: "14d82eec-204b-4c2f-b7e8-296a70dab67e",
	}
	_, err := tenant.PasswordGrant(ctx, password) // the product tried, and the sign-in log knows
	must(err)

	// What stands in the way, and what the sign-in log says of it.
	report, err := mfa.Check(ctx, tenant, "svc@contoso.com", &mfa.Options{Profile: exchangeFromOneNetwork()})
	must(err)
	log, err := mfa.SignIns(ctx, tenant, report.Account.ID, nil)
	must(err)
	report = report.WithEvidence(mfa.Evidence{SignIns: &log})
	fmt.Println("now:", report.Verdict.Outcome, report.Verdict.Extent)
	for _, demand := range report.Evidence.SignIns.Demands {
		fmt.Println("MFA was demanded by", demand.Source)
	}

	// The plan changes nothing. It can be stored as JSON and reviewed.
	plan, err := mfa.PlanExemption(report, &mfa.ExemptionOptions{ID: "example"})
	must(err)
	fmt.Println("clear by the plan:", plan.Clear, "others untouched:", plan.Others.Untouched)
	for _, c := range plan.Changes {
		fmt.Printf("%s %s %q, undo: %s\n", c.ID, c.Kind, c.TargetName, c.Undo)
	}

	// Applied, with a journal by which it is finished or undone.
	folder, err := os.MkdirTemp("", "")
	must(err)
	defer os.RemoveAll(folder)
	journal, err := mfa.OpenJournal(filepath.Join(folder, "journal"))
	must(err)
	defer journal.Close()
	before := tenant.Snapshot("modifiedDateTime")
	atOnce := func(context.Context, time.Duration) error { return nil } // nil, for a real tenant, waits
	result, err := mfa.Apply(ctx, tenant, plan, journal, &mfa.ApplyOptions{Wait: atOnce})
	must(err)
	fmt.Println("applied:", result.Report.Verdict.Outcome)

	// In effect? By Graph, by Microsoft's What If, and by a sign-in.
	v, err := mfa.Verify(ctx, tenant, plan, journal, &mfa.VerifyOptions{Wait: atOnce, Granter: tenant, Grant: password})
	must(err)
	fmt.Println("in effect:", v.Graph.Proof, v.WhatIf.Proof, v.SignIn.Proof)

	// And back.
	_, err = mfa.Rollback(ctx, tenant, journal, plan.ID, &mfa.ApplyOptions{Wait: atOnce})
	must(err)
	fmt.Println("as before:", string(before) == string(tenant.Snapshot("modifiedDateTime")))
	// Output:
	// now: mfa always
	// MFA was demanded by conditionalAccess
	// MFA was demanded by perUserMFA
	// clear by the plan: true others untouched: true
	// 1 createNamedLocation "entramfa: addresses of svc@contoso.com (plan example)", undo: delete the named location
	// 2 createPolicy "entramfa: block svc@contoso.com from elsewhere (plan example)", undo: delete the policy
	// 3 createPolicy "entramfa: block svc@contoso.com for other resources (plan example)", undo: delete the policy
	// 4 changePolicy "Require MFA", undo: take the account out of the policy's excluded users
	// 5 changePerUserMFA "svc@contoso.com", undo: set the state to enforced
	// applied: clear
	// in effect: yes yes yes
	// as before: true
}

// With the accounts of the tenant, the plan compares each of them before and after.
func ExampleExemptionOptions_accounts() {
	ctx, tenant := context.Background(), exampleTenant()
	facts, err := mfa.Collect(ctx, tenant, "svc@contoso.com")
	must(err)
	accounts, err := policy.ReadDirectory(ctx, tenant, policy.Prepare(facts.ConditionalAccess))
	must(err)
	report := mfa.Judge(facts, &mfa.Options{Profile: exchangeFromOneNetwork()})
	plan, err := mfa.PlanExemption(report, &mfa.ExemptionOptions{Accounts: accounts})
	must(err)
	fmt.Println(plan.Others.Compared, "accounts compared,", plan.Others.Count, "others treated otherwise")
	// Output: 2 accounts compared, 0 others treated otherwise
}
