package mfa

import (
	"strings"

	"github.com/entramfa/entramfa"
)

// Sources that a sign-in log names and that no check can read: they stand in
// evidence alone.
const (
	// SourcePartner is the demand on every account of a Microsoft partner's own tenant.
	// Source: https://learn.microsoft.com/partner-center/security/partner-security-requirements.
	SourcePartner entramfa.Source = "partnerRequirement"
	// SourceIdentityProtection is Microsoft Entra ID Protection: risk, and its own policies.
	SourceIdentityProtection entramfa.Source = "identityProtection"
)

// providers gives a requirementProvider of the sign-in log its source. Microsoft
// lists the names without their meaning: what a name doesn't tell has no source here.
// Source: https://learn.microsoft.com/graph/api/resources/authenticationrequirementpolicy?view=graph-rest-beta.
var providers = map[string]entramfa.Source{
	"user":                                              entramfa.SourcePerUserMFA,
	"multiconditionalaccess":                            entramfa.SourceConditionalAccess,
	"v1conditionalaccess":                               entramfa.SourceConditionalAccess,
	"v1conditionalaccessdependency":                     entramfa.SourceConditionalAccess,
	"authenticationstrengths":                           entramfa.SourceConditionalAccess,
	"gpslocationcondition":                              entramfa.SourceConditionalAccess,
	"securitydefaults":                                  entramfa.SourceSecurityDefaults,
	"mfaregistrationrequiredbysecuritydefaults":         entramfa.SourceSecurityDefaults,
	"enforcedforcspadmins":                              SourcePartner,
	"riskbasedpolicy":                                   SourceIdentityProtection,
	"tenantsessionriskpolicy":                           SourceIdentityProtection,
	"accountcompromisepolicies":                         SourceIdentityProtection,
	"mfaregistrationrequiredbyidentityprotectionpolicy": SourceIdentityProtection,
}

func sourceOfProvider(provider string) entramfa.Source { return providers[strings.ToLower(provider)] }

// unseen says that no check can read a source.
func unseen(source entramfa.Source) bool {
	return source == SourcePartner || source == SourceIdentityProtection
}
