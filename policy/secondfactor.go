package policy

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// SecondFactors returns a tenant with its policies as far as they let nobody
// through without a second factor. A password grant, which Judge and Decide are about,
// is stopped by any demand; a person meets some of them without one. So of each policy there stays
//
//   - a block, or a demand for mfa or for a strength whose every combination is MFA;
//     of several controls all, where one of them is enough, and any, where all are wanted;
//   - of any other demand what it does to legacy clients, which it blocks;
//   - where a control isn't known, a control that isn't known.
//
// A compliant or joined device, an approved app, a new password, terms of use and
// custom controls are no second factor, nor are session controls. What the tenant's
// values point to stays as it is. Who asks whether people's sign-ins all meet MFA
// decides this tenant instead; its policies are nothing to write back.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant
// and https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths.
func SecondFactors(tenant Tenant) Tenant {
	list, known := tenant.Policies.Get()
	if !known {
		return tenant
	}
	j := &judge{tenant: tenant}
	reduced := List{Hidden: list.Hidden}
	for _, p := range list.Policies {
		if p, stays := j.secondFactor(p); stays {
			reduced.Policies = append(reduced.Policies, p)
		}
	}
	tenant.Policies = entramfa.Known(reduced)
	return tenant
}

// secondFactor is what stays of a policy.
func (j *judge) secondFactor(p Policy) (Policy, bool) {
	p.SessionControls = nil
	grant := j.grant(&p)
	switch {
	case grant.outcome == entramfa.Clear:
		return p, false
	case grant.outcome == entramfa.Blocked || p.GrantControls == nil || len(grant.demands) == 0:
		return p, true
	}
	open := only("a second factor, if " + strings.Join(grant.demands, " "+operator(p.GrantControls)+" ") + " is one")
	switch j.factor(p.GrantControls) {
	case yes:
		p.GrantControls = only("mfa")
		return p, true
	case unknown:
		p.GrantControls = open
		return p, true
	}
	if p.GrantControls = only("block"); grant.outcome == entramfa.Unknown {
		p.GrantControls = open
	}
	return p.legacyAlone()
}

func only(control string) *GrantControls {
	return &GrantControls{Operator: new("OR"), BuiltInControls: []string{control}}
}

// factor says whether whoever meets the controls has shown a second factor.
func (j *judge) factor(controls *GrantControls) truth {
	demands := j.demands(controls)
	for i := range demands {
		demands[i].met = j.factorOf(controls, demands[i].name)
	}
	all, some := decided(demands, no, yes), decided(demands, yes, no)
	switch operator := operator(controls); {
	case operator == "AND":
		return some
	case operator == "OR" || all == some:
		return all
	}
	return unknown
}

// factorOf says it of one control, by the name that demands gives it.
func (j *judge) factorOf(controls *GrantControls, name string) truth {
	switch {
	case strings.EqualFold(name, "mfa"):
		return yes
	case strings.EqualFold(name, "riskRemediation"):
		return unknown // what it asks for follows from the risk and the account
	case containsFold(unattendable, name), strings.HasPrefix(name, "customAuthenticationFactor "), strings.HasPrefix(name, "termsOfUse "):
		return no
	case controls.AuthenticationStrength != nil && name == "authenticationStrength "+strengthName(*controls.AuthenticationStrength):
		return j.strongFactor(*controls.AuthenticationStrength)
	}
	return unknown
}

// strongFactor says whether every combination of a strength is MFA.
func (j *judge) strongFactor(s AuthenticationStrength) truth {
	combinations := s.AllowedCombinations
	if len(combinations) == 0 {
		combinations = j.combinations(s.ID)
	}
	if len(combinations) == 0 {
		return truthOr(containsFold([]string{StrengthMFA, StrengthPasswordlessMFA, StrengthPhishingResistant}, s.ID), unknown)
	}
	result := yes
	for _, combination := range combinations {
		switch factors(combination) {
		case no:
			return no
		case unknown:
			result = unknown
		}
	}
	return result
}

func truthOr(is bool, otherwise truth) truth {
	if is {
		return yes
	}
	return otherwise
}

// Methods that stand alone in a combination: MFA by themselves, or a single factor.
var (
	wholeFactors = []string{
		"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush",
		"temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "federatedMultiFactor",
	}
	singleFactors = []string{
		"password", "voice", "hardwareOath", "softwareOath", "sms", "microsoftAuthenticatorPush",
		"federatedSingleFactor", "x509CertificateSingleFactor", "email", "qrCodePin",
	}
)

// factors says whether a combination is MFA: two methods are.
func factors(combination Flags) truth {
	methods := combination.Values()
	switch {
	case len(methods) > 1 || len(methods) == 1 && containsFold(wholeFactors, methods[0]):
		return yes
	case len(methods) == 1 && containsFold(singleFactors, methods[0]):
		return no
	}
	return unknown
}

// legacyAlone is the policy for legacy clients alone, where it is about any: they
// can meet no demand.
func (p Policy) legacyAlone() (Policy, bool) {
	if p.Conditions == nil {
		return p, true
	}
	conditions := *p.Conditions
	if types := conditions.ClientAppTypes; len(types) == 0 || containsFold(types, "all") {
		conditions.ClientAppTypes = slices.Clone(legacyClients)
	} else {
		conditions.ClientAppTypes = slices.DeleteFunc(slices.Clone(types), func(client string) bool {
			return clientAppTypeAxis.has(client) && !legacyClients.has(client)
		})
	}
	p.Conditions = &conditions
	return p, len(conditions.ClientAppTypes) > 0
}
