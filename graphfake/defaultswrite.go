package graphfake

import (
	"encoding/json"
	"net/http"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// switchDefaults switches security defaults as a write does.
func (t *Tenant) switchDefaults(d *directory, on bool) error {
	before, err := d.securityDefaults()
	if err != nil {
		return err
	}
	if err := d.policiesHeld(); err != nil {
		return err
	}
	if refusal := d.refuseDefaults(on); refusal != nil {
		return refusal
	}
	t.writeDefaults(d, on)
	if *before.IsEnabled && !on && t.ManagedPoliciesAppear {
		t.addManagedPolicies(d)
	}
	return nil
}

// readSwitch reads {"isEnabled": true}.
func readSwitch(body []byte) (on bool, refusal *entramfa.GraphError) {
	parsed, refusal := readBodyObject(body)
	if refusal != nil {
		return false, refusal
	}
	given := false
	for _, m := range parsed {
		switch {
		case isAnnotation(m.name):
		case m.name != "isEnabled":
			return false, graphError(http.StatusBadRequest, "BadRequest", "The property '%s' does not exist or can not be written.", m.name)
		case string(m.value) == "null" || json.Unmarshal(m.value, &on) != nil:
			return false, graphError(http.StatusBadRequest, "BadRequest", "Invalid value specified for property 'isEnabled'.")
		default:
			given = true
		}
	}
	if !given {
		return false, graphError(http.StatusBadRequest, "BadRequest", "A value for property 'isEnabled' is wanted.")
	}
	return on, nil
}

// addManagedPolicies puts in the policies with which Microsoft replaces security
// defaults. Their names and kinds are documented; the last digits of their
// template ids are this fake's own.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/managed-policies.
func (t *Tenant) addManagedPolicies(d *directory) {
	state := t.ManagedPolicyState
	if state == "" {
		state = policy.StateReportOnly
	}
	for _, p := range managedPolicies() {
		if d.hasPolicyNamed(p.DisplayName) {
			continue
		}
		p.State, p.ID, p.CreatedDateTime = state, t.newID(), timestamp(t.now())
		t.writePolicy(d, wholePolicy(p))
	}
}

func (d *directory) hasPolicyNamed(name string) bool {
	return len(d.policies.where(func(p policy.Policy) bool { return p.DisplayName == name })) > 0
}

func managedPolicies() []policy.Policy {
	everyone := policy.Users{IncludeUsers: []string{"All"}}
	admins := policy.Users{IncludeRoles: managedRoles()}
	return []policy.Policy{
		managedPolicy("Block legacy authentication", "0000000000f1", everyone, "All", "block", "exchangeActiveSync", "other"),
		managedPolicy("Multifactor authentication for Azure Management", "0000000000f2", everyone, azureManagement, "mfa", "all"),
		managedPolicy("Multifactor authentication for admins", "0000000000f3", admins, "All", "mfa", "all"),
		managedPolicy("Multifactor authentication for all users", "0000000000f4", everyone, "All", "mfa", "all"),
	}
}

// azureManagement is the app id of the Azure Resource Manager.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps.
const azureManagement = "797f4846-ba00-4fd7-ba43-dac1f8f63013"

func managedPolicy(name, template string, users policy.Users, app, control string, clients ...string) policy.Policy {
	return policy.Policy{
		DisplayName: "Microsoft-managed: " + name,
		TemplateID:  new("4200930c-0da2-4e33-ca01-" + template),
		Conditions: &policy.Conditions{
			ClientAppTypes: clients, Users: &users,
			Applications: &policy.Applications{IncludeApplications: []string{app}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{control}},
	}
}

// managedRoles are the administrators of Microsoft's policy "MFA for admins".
// Source: https://learn.microsoft.com/entra/identity/conditional-access/policy-old-require-mfa-admin;
// the ids are of https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
func managedRoles() []string {
	return []string{
		"62e90394-69f5-4237-9190-012177145e10", // Global Administrator
		"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", // Application Administrator
		"c4e39bd9-1100-46d3-8c65-fb160da0071f", // Authentication Administrator
		"b0f54661-2d74-4c50-afa3-1ec803f12efe", // Billing Administrator
		"158c047a-c907-4556-b7ef-446551a6b5f7", // Cloud Application Administrator
		"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", // Conditional Access Administrator
		"29232cdf-9323-42fd-ade2-1d097af3e4de", // Exchange Administrator
		"729827e3-9c14-49f7-bb1b-9608f156bbb8", // Helpdesk Administrator
		"966707d0-3269-4727-9be2-8c3a10f19b9d", // Password Administrator
		"7be44c8a-adaf-4e2a-84d6-ab2649e08a13", // Privileged Authentication Administrator
		"e8611ab8-c189-46e8-94e1-60213ab1f814", // Privileged Role Administrator
		"194ae4cb-b126-40b2-bd5b-6091b380977d", // Security Administrator
		"f28a1f50-f6e7-4571-818b-6a12f2af6b6c", // SharePoint Administrator
		"fe930be7-5e62-47db-91af-98c3a49a38b1", // User Administrator
	}
}
