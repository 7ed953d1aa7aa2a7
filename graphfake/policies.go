package graphfake

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// AddPolicy adds a Conditional Access policy and returns its id, a new one where
// it has none. A policy with the same id is replaced. It is stored as Graph
// stores one: what it doesn't say is null or empty. Nothing else of it is
// validated: a control or a state that Graph would refuse is kept as it is.
//
// It is refused as Graph does, with a *entramfa.GraphError, when the policy is
// enabled while security defaults are on.
func (t *Tenant) AddPolicy(p policy.Policy) (string, error) {
	p = wholePolicy(p)
	err := t.write(operation{"POST", v1, "/" + policiesPath}, func(d *directory) error {
		if refusal := d.refuseEnabled(p); refusal != nil {
			p.ID = ""
			return refusal
		}
		p.ID = t.idOr(p.ID)
		if p.CreatedDateTime == nil {
			p.CreatedDateTime = timestamp(t.now())
		}
		d.policies.put(p.ID, p)
		t.settle(writtenPolicy, p.ID)
		return nil
	})
	return p.ID, err
}

// refuseEnabled refuses an enabled policy while security defaults are on.
// Source: https://github.com/KelvinTegelaar/CIPP/issues/2214.
func (d *directory) refuseEnabled(p policy.Policy) error {
	if p.State != policy.StateEnabled || !d.defaultsOn() {
		return nil
	}
	return conflicting("Security Defaults is enabled in the tenant. You must disable Security defaults before enabling a Conditional Access policy.")
}

// wholePolicy returns a copy in the shape that a GET sends.
func wholePolicy(p policy.Policy) policy.Policy {
	shown := policyShape.show(objectOf(p), view{version: beta, futures: true, metadata: "minimal"})
	var whole policy.Policy
	if err := json.Unmarshal(raw(shown), &whole); err != nil {
		return isolated(p)
	}
	return whole
}

// RemovePolicy takes a Conditional Access policy out, whoever made it. An id that isn't there gives Graph's 404.
func (t *Tenant) RemovePolicy(id string) error {
	return t.write(operation{"DELETE", v1, "/" + policiesPath + "/" + id}, func(d *directory) error {
		if !d.policies.remove(id) {
			return notFoundCA("ConditionalAccessPolicy", id)
		}
		t.settle(writtenPolicy, id)
		return nil
	})
}

// SetSecurityDefaults switches security defaults on or off. On is refused while
// a Conditional Access policy is enabled, as the portal does; the words of
// Graph's refusal are not published.
// Source: https://learn.microsoft.com/entra/fundamentals/security-defaults.
func (t *Tenant) SetSecurityDefaults(on bool) error {
	return t.write(operation{"PATCH", v1, defaultsPath}, func(d *directory) error {
		if refusal := d.refuseDefaults(on); refusal != nil {
			return refusal
		}
		d.defaults.IsEnabled = &on
		t.settle(writtenDefaults, "")
		return nil
	})
}

// refuseDefaults refuses security defaults while a policy is enabled.
func (d *directory) refuseDefaults(on bool) error {
	for _, p := range d.policies.all() {
		if on && p.State == policy.StateEnabled {
			return conflicting("Security Defaults can not be enabled while the Conditional Access policy '%s' is enabled.", p.DisplayName)
		}
	}
	return nil
}

func (d *directory) defaultsOn() bool { return d.defaults.IsEnabled != nil && *d.defaults.IsEnabled }

// securityDefaults returns the one policy that every tenant has.
func (d *directory) securityDefaults() (securitydefaults.Policy, error) {
	switched := d.defaults
	if switched.ID == "" {
		switched.ID = "00000000-0000-0000-0000-000000000005"
		switched.DisplayName = "Security Defaults"
	}
	if err := d.held.need(switched.IsEnabled != nil, "the state of security defaults", defaultsFile); err != nil {
		return securitydefaults.Policy{}, err
	}
	if switched.IsEnabled == nil {
		switched.IsEnabled = new(false)
	}
	return switched, nil
}

// AddNamedLocation adds a named location of any kind and returns its id, a new
// one where it has none. One with the same id is replaced.
func (t *Tenant) AddNamedLocation(location policy.NamedLocation) string {
	location = isolated(location)
	t.mu.Lock()
	defer t.mu.Unlock()
	location.ID = t.idOr(location.ID)
	if location.Type == "" {
		location.Type = policy.IPNamedLocation
	}
	t.directory.locations.put(location.ID, location)
	t.settle(writtenLocation, location.ID)
	return location.ID
}

// AddAuthenticationStrength adds a strength and returns its id, a new one where
// it has none. One with the same id is replaced. The three built-in ones are always there.
func (t *Tenant) AddAuthenticationStrength(strength policy.AuthenticationStrength) string {
	strength = isolated(strength)
	t.mu.Lock()
	defer t.mu.Unlock()
	strength.ID = t.idOr(strength.ID)
	if strength.PolicyType == "" {
		strength.PolicyType = "custom"
	}
	if strength.RequirementsSatisfied == "" {
		strength.RequirementsSatisfied = "mfa"
	}
	t.directory.strengths.put(strength.ID, strength)
	return strength.ID
}

func (d *directory) policyList() ([]policy.Policy, error) {
	if err := d.policiesHeld(); err != nil {
		return nil, err
	}
	policies := d.policies.all()
	for i := range policies {
		policies[i] = d.withStrength(policies[i])
	}
	return policies, nil
}

// withStrength expands a strength that the policy only names, as the service does.
func (d *directory) withStrength(p policy.Policy) policy.Policy {
	grant := p.GrantControls
	if grant == nil || grant.AuthenticationStrength == nil {
		return p
	}
	strength, ok := d.strength(grant.AuthenticationStrength.ID)
	_, custom := d.strengths.get(grant.AuthenticationStrength.ID) // it may have been changed since
	if !ok || !custom && len(grant.AuthenticationStrength.AllowedCombinations) > 0 {
		return p
	}
	expanded := *grant
	expanded.AuthenticationStrength = &strength
	p.GrantControls = &expanded
	return p
}

func (d *directory) namedLocations() ([]policy.NamedLocation, error) {
	if err := d.held.need(d.held.whole(factLocations), "named locations", locationFile); err != nil {
		return nil, err
	}
	return d.locations.all(), nil
}

func (d *directory) authenticationStrengths() ([]policy.AuthenticationStrength, error) {
	if err := d.held.need(d.held.whole(factStrengths), "authentication strengths", strengthFile); err != nil {
		return nil, err
	}
	strengths := builtInStrengths()
	custom := d.strengths.where(func(s policy.AuthenticationStrength) bool { return !isBuiltIn(s.ID) })
	return append(strengths, custom...), nil
}

func (d *directory) strength(id string) (policy.AuthenticationStrength, bool) {
	for _, strength := range builtInStrengths() {
		if fold(strength.ID) == fold(id) {
			return strength, true
		}
	}
	return d.strengths.get(id)
}

func isBuiltIn(strengthID string) bool {
	return strings.HasPrefix(strengthID, "00000000-0000-0000-0000-")
}

// builtInStrengths returns the three that every tenant has.
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies.
func builtInStrengths() []policy.AuthenticationStrength {
	resistant := []policy.Flags{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"}
	passwordless := append(resistant[:3:3], "deviceBasedPush")
	second := append(passwordless[:4:4],
		"temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "federatedMultiFactor",
		"password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath",
		"password,sms", "password,voice",
		"federatedSingleFactor,microsoftAuthenticatorPush", "federatedSingleFactor,softwareOath",
		"federatedSingleFactor,hardwareOath", "federatedSingleFactor,sms", "federatedSingleFactor,voice")
	return []policy.AuthenticationStrength{
		builtInStrength("00000000-0000-0000-0000-000000000002", "Multifactor authentication", second),
		builtInStrength("00000000-0000-0000-0000-000000000003", "Passwordless MFA", passwordless),
		builtInStrength("00000000-0000-0000-0000-000000000004", "Phishing-resistant MFA", resistant),
	}
}

func builtInStrength(id, name string, combinations []policy.Flags) policy.AuthenticationStrength {
	return policy.AuthenticationStrength{
		ID: id, DisplayName: name, PolicyType: "builtIn",
		RequirementsSatisfied: "mfa", AllowedCombinations: combinations,
	}
}

// policiesOf returns the policies that a version of Graph shows, and whether it hides some.
func (d *directory) policiesOf(version string) (shown []policy.Policy, hides bool, err error) {
	all, err := d.policyList()
	if err != nil || version == beta {
		return all, false, err
	}
	for _, p := range all {
		if beyondV1(p) {
			hides = true
		} else {
			shown = append(shown, p)
		}
	}
	return shown, hides, nil
}

// policyOf returns one policy; v1.0 refuses one that it can't show.
func (d *directory) policyOf(version, id string) (policy.Policy, *entramfa.GraphError) {
	p, ok := d.policies.get(id)
	if !ok {
		return p, notFoundCA("ConditionalAccessPolicy", id)
	}
	return p, beyondVersion(version, p)
}

// beyondVersion is 1038: v1.0 can't show a policy that uses what only beta knows.
// Source: https://github.com/microsoftgraph/msgraph-metadata/issues/647.
func beyondVersion(version string, p policy.Policy) *entramfa.GraphError {
	if version == beta || !beyondV1(p) {
		return nil
	}
	return graphError(http.StatusBadRequest, "BadRequest",
		"1038: The policy contains preview features; use the beta endpoint.")
}

// policiesHeld returns an error that is entramfa.ErrNotRead unless all policies are known.
func (d *directory) policiesHeld() error {
	return d.held.need(d.held.whole(factPolicies), "Conditional Access policies", policyFile)
}

// heldPolicy returns one policy with its strength expanded.
func (d *directory) heldPolicy(version, id string) (policy.Policy, error) {
	if err := d.policiesHeld(); err != nil {
		return policy.Policy{}, err
	}
	p, refusal := d.policyOf(version, id)
	if refusal != nil {
		return policy.Policy{}, refusal
	}
	return d.withStrength(p), nil
}
