package graphfake

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// What a second factor satisfies that was shown.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths.

// combinations are what an account can show with a method, in the words of strengths.
var combinations = map[string][]string{
	phoneMethodType:  {"password,sms", "password,voice"},
	authenticatorApp: {"password,microsoftAuthenticatorPush"},
	"#microsoft.graph.softwareOathAuthenticationMethod":                       {"password,softwareOath"},
	"#microsoft.graph.hardwareOathAuthenticationMethod":                       {"password,hardwareOath"},
	"#microsoft.graph.fido2AuthenticationMethod":                              {"fido2"},
	"#microsoft.graph.platformCredentialAuthenticationMethod":                 {"windowsHelloForBusiness"},
	"#microsoft.graph.windowsHelloForBusinessAuthenticationMethod":            {"windowsHelloForBusiness"},
	"#microsoft.graph.x509CertificateAuthenticationMethod":                    {"x509CertificateMultiFactor"},
	"#microsoft.graph.temporaryAccessPassAuthenticationMethod":                {"temporaryAccessPassOneTime", "temporaryAccessPassMultiUse"},
	"#microsoft.graph.passwordlessMicrosoftAuthenticatorAuthenticationMethod": {"deviceBasedPush"},
}

// satisfied says whether a second factor, shown with what the account has registered,
// is all that a finding asks for.
func (t *Tenant) satisfied(f entramfa.Finding, userID string) bool {
	if effectOf(f) != entramfa.MFA || !wantsFactor(f) {
		return false
	}
	if f.Source != entramfa.SourceConditionalAccess {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.shown()
	p, known := d.policies.get(f.ID)
	return known && d.meetsControls(d.withStrength(p).GrantControls, userID)
}

// meetsControls holds the controls of a policy against a second factor.
func (d *directory) meetsControls(controls *policy.GrantControls, userID string) bool {
	if controls == nil || containsFold(controls.BuiltInControls, "block") {
		return false
	}
	var met []bool
	for _, control := range controls.BuiltInControls {
		met = append(met, strings.EqualFold(control, "mfa"))
	}
	if strength := controls.AuthenticationStrength; strength != nil {
		met = append(met, d.meetsStrength(*strength, userID))
	}
	for range len(controls.TermsOfUse) + len(controls.CustomAuthenticationFactors) {
		met = append(met, false)
	}
	if controls.Operator != nil && strings.EqualFold(*controls.Operator, "OR") {
		return slices.Contains(met, true)
	}
	return len(met) > 0 && !slices.Contains(met, false)
}

// meetsStrength says whether one of the combinations that a strength allows can be
// shown with what is registered.
func (d *directory) meetsStrength(strength policy.AuthenticationStrength, userID string) bool {
	var allowed []string
	for _, combination := range strength.AllowedCombinations {
		allowed = append(allowed, sortedCombination(string(combination)))
	}
	return slices.ContainsFunc(d.methods.at(userID), func(m method) bool {
		return slices.ContainsFunc(combinations[m.Type], func(shown string) bool { return slices.Contains(allowed, sortedCombination(shown)) })
	})
}

// sortedCombination writes a combination so that two with the same parts are equal.
func sortedCombination(combination string) string {
	parts := strings.Split(fold(combination), ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
