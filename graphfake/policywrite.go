package graphfake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// createPolicy is the POST of a policy: the whole of it is judged, and stored as
// the service stores it.
func (t *Tenant) createPolicy(d *directory, version string, body []byte) (policy.Policy, error) {
	var none policy.Policy
	if err := t.mayWritePolicies(d); err != nil {
		return none, err
	}
	if refusal := d.refuseUnlicensed(); refusal != nil {
		return none, refusal
	}
	if t.MaxPolicies > 0 && d.policies.len() >= t.MaxPolicies {
		// The words of the real refusal are not published.
		return none, graphError(http.StatusBadRequest, "BadRequest", "The maximum number of Conditional Access policies, %d, is reached.", t.MaxPolicies)
	}
	sent, refusal := readPolicy(body, version)
	if refusal != nil {
		return none, refusal
	}
	for _, path := range required {
		if refusal := lacks(sent, path); refusal != nil {
			return none, refusal
		}
	}
	p, err := d.storable(sent, sent)
	if err != nil {
		return none, notYetKnown(err)
	}
	p = wholePolicy(p)
	p.ID, p.CreatedDateTime, p.ModifiedDateTime = t.newID(), timestamp(t.now()), nil
	t.writePolicy(d, p)
	return d.withStrength(p), nil
}

// notYetKnown gives the refusal for an unknown named location the kind by which a
// caller that created one a moment ago tries again.
func notYetKnown(err error) error {
	if refusal := asGraphError(err); strings.HasPrefix(refusal.Message, "1040:") {
		refusal.Kind = entramfa.ErrNotFound
		return refusal
	}
	return err
}

// patchPolicy is the PATCH of a policy: objects are merged, lists replaced whole,
// and what the body doesn't name stays. The rules are judged where the body touches them.
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update.
func (t *Tenant) patchPolicy(d *directory, version, id string, body []byte) error {
	before, err := t.writablePolicy(d, version, id)
	if err != nil {
		return err
	}
	patch, refusal := readPolicy(body, version)
	if refusal != nil {
		return refusal
	}
	if patch.given("templateId") {
		return schemaError("templateId", "it can not be changed")
	}
	for _, path := range required {
		// {} names nothing, and so takes nothing away.
		if sent := valueAt(patch, path...); sent != nil && string(sent) != "{}" {
			if refusal := lacks(patch, path); refusal != nil {
				return refusal
			}
		}
	}
	if refusal := d.refuseEdit(before, patch); refusal != nil {
		return refusal
	}
	p, err := d.storable(merge(objectOf(before), patch), patch)
	if err != nil {
		return err
	}
	p.ModifiedDateTime = timestamp(t.now())
	t.writePolicy(d, p)
	return nil
}

// deletePolicy is the DELETE of a policy.
func (t *Tenant) deletePolicy(d *directory, version, id string) error {
	p, err := t.writablePolicy(d, version, id)
	if err != nil {
		return err
	}
	if p.Origin() == policy.OriginMicrosoftManaged {
		return lockedPolicy("deleted")
	}
	t.erasePolicy(d, p.ID)
	t.keepDeleted(d, p)
	return nil
}

// mayWritePolicies refuses writes of policies that the tenant protects. The
// message is one that was seen; the status is not published.
// Source: https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/2448.
func (t *Tenant) mayWritePolicies(d *directory) error {
	if t.ProtectedActions {
		refusal := graphError(http.StatusForbidden, "AccessDenied", "Operation requires conditional access and client does not support it")
		refusal.Permissions = []string{} // no permission would help
		return refusal
	}
	return d.policiesHeld()
}

// writablePolicy returns the policy that a write names.
func (t *Tenant) writablePolicy(d *directory, version, id string) (policy.Policy, error) {
	if err := t.mayWritePolicies(d); err != nil {
		return policy.Policy{}, err
	}
	p, refusal := d.policyOf(version, id)
	if refusal != nil {
		return p, refusal
	}
	return p, nil
}

// refuseEdit refuses edits of what can't be edited: everything but the state in a
// tenant without a licence, and the locked parts of Microsoft's own policies.
func (d *directory) refuseEdit(p policy.Policy, patch object) error {
	if !onlyDisables(patch) {
		if refusal := d.refuseUnlicensed(); refusal != nil {
			return refusal
		}
	}
	if p.Origin() == policy.OriginMicrosoftManaged && !withinManaged(patch) {
		return lockedPolicy("edited, beside its state and its excluded users, groups and roles")
	}
	return nil
}

// refuseUnlicensed: without Entra ID P1 or P2 in force policies go on working and
// can be disabled and deleted, nothing else. A tenant of which no product was
// stated is not judged. Graph's words are not published: these are of the answer that
// the sign-in log gives to such a tenant.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/overview#license-requirements.
func (d *directory) refuseUnlicensed() error {
	skus := d.skus.all()
	stated := len(skus) > 0 || d.held != nil && d.held.whole(factSKUs)
	if !stated || securitydefaults.Licensed(skus, securitydefaults.PlanEntraP1, securitydefaults.PlanEntraP2) {
		return nil
	}
	return graphError(http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
		"Neither tenant is B2C or tenant doesn't have premium license")
}

func onlyDisables(patch object) bool {
	return len(patch) == 1 && patch.text("state") == string(policy.StateDisabled)
}

// withinManaged says whether a patch stays within what can be edited of a policy of Microsoft's.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/managed-policies.
func withinManaged(patch object) bool {
	for _, path := range leaves(patch, "") {
		switch path {
		case "state", "conditions.users.excludeUsers", "conditions.users.excludeGroups", "conditions.users.excludeRoles":
		default:
			return false
		}
	}
	return true
}

// lockedPolicy is the refusal of a change of Microsoft's own policy; its real words are not published.
func lockedPolicy(what string) error {
	return graphError(http.StatusBadRequest, "BadRequest", "A Microsoft-managed policy can not be %s.", what)
}

// required are the paths to what every policy has.
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies.
var required = [][]string{
	{"displayName"}, {"state"}, {"conditions"},
	{"conditions", "clientAppTypes"}, {"conditions", "applications"}, {"conditions", "users"},
}

// lacks refuses a policy in which something required is absent.
func lacks(p object, path []string) *entramfa.GraphError {
	if value := valueAt(p, path...); absent(value) || string(value) == `""` {
		return schemaError(strings.Join(path, "."), "it is required")
	}
	return nil
}

// storable turns a policy as it would be into one that can be stored, or says why
// it can't be. touched is what was sent: rules about other parts are not asked.
func (d *directory) storable(whole, touched object) (policy.Policy, error) {
	p, err := decodeObject[policy.Policy](whole)
	if err != nil {
		return p, schemaError("", err.Error())
	}
	if refusal := d.breaks(p, touched); refusal != nil {
		return p, refusal
	}
	if holds(touched, "state") {
		if refusal := d.refuseEnabled(p); refusal != nil {
			return p, refusal
		}
	}
	if holds(touched, "grantControls") {
		p.GrantControls = storedGrant(p.GrantControls)
	}
	return p, nil
}

// storedGrant is how the service keeps the grant controls: AND beside a single
// control becomes OR.
func storedGrant(grant *policy.GrantControls) *policy.GrantControls {
	if grant == nil || grant.Operator == nil || *grant.Operator != "AND" {
		return grant
	}
	lone := len(grant.BuiltInControls)
	if grant.AuthenticationStrength != nil {
		lone++
	}
	if lone != 1 || len(grant.CustomAuthenticationFactors)+len(grant.TermsOfUse) > 0 {
		return grant
	}
	stored := *grant
	stored.Operator = new("OR")
	return &stored
}

// merge puts a patch into an object: objects are merged, everything else replaced.
// A strength is named, not edited, and external tenants of another kind are others.
func merge(into, patch object) object {
	for _, m := range patch {
		value := m.value
		inner, isObject := parseObject(m.value)
		before, wasObject := parseObject(into.get(m.name))
		if isObject == nil && wasObject == nil && m.name != "authenticationStrength" && sameKind(before, inner) {
			value = raw(merge(before, inner))
		}
		into = into.with(m.name, value)
	}
	return into
}

func sameKind(before, patch object) bool {
	kind := patch.text("@odata.type")
	return kind == "" || strings.EqualFold(kind, before.text("@odata.type"))
}

// holds says whether an object has a member at a path, be it null.
func holds(o object, path ...string) bool { return valueAt(o, path...) != nil }

// valueAt returns the value at a path, nil where there is none.
func valueAt(o object, path ...string) []byte {
	value := o.get(path[0])
	if len(path) == 1 || value == nil {
		return value
	}
	inner, err := parseObject(value)
	if err != nil {
		return nil
	}
	return valueAt(inner, path[1:]...)
}

// leaves lists the paths to everything in an object that is no object itself.
func leaves(o object, prefix string) []string {
	var paths []string
	for _, m := range o {
		if inner, err := parseObject(m.value); err == nil && len(inner) > 0 {
			paths = append(paths, leaves(inner, prefix+m.name+".")...)
		} else {
			paths = append(paths, prefix+m.name)
		}
	}
	return slices.Clip(paths)
}
