package main

import (
	_ "embed"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const embeddedAccount = "svc-reports@contoso.com"

// The ids of the built-in tenant.
const (
	reporting  = "a0000000-0000-4000-8000-000000000001"
	headOffice = "d0000000-0000-4000-8000-000000000001"
	benelux    = "d0000000-0000-4000-8000-000000000002"
	gpsAtHome  = "d0000000-0000-4000-8000-000000000003"
)

// embeddedPolicies are the policies of the built-in tenant, as Graph gives them.
//
//go:embed policies.json
var embeddedPolicies []byte

// embeddedTenant is a tenant in memory. Its account is met by some policies,
// depending on how it signs in.
func embeddedTenant() (open.Reader, error) {
	var t graphfake.Tenant
	t.AddGroup(policy.Group{ID: reporting, DisplayName: "Reporting"})
	account := t.AddUser(mfa.User{
		ID: "b0000000-0000-4000-8000-000000000001", UserPrincipalName: embeddedAccount, DisplayName: "Reporting Service Account",
	})
	if err := t.AddMember(reporting, account); err != nil {
		return nil, err
	}
	t.AddNamedLocation(policy.NamedLocation{
		ID: headOffice, Type: policy.IPNamedLocation, DisplayName: "Head office", IsTrusted: new(true),
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/24"}},
	})
	t.AddNamedLocation(policy.NamedLocation{
		ID: benelux, Type: policy.CountryNamedLocation, DisplayName: "Benelux", CountriesAndRegions: []string{"BE", "NL", "LU"},
		IncludeUnknownCountriesAndRegions: new(false), CountryLookupMethod: new("clientIpAddress"),
	})
	t.AddNamedLocation(policy.NamedLocation{
		ID: gpsAtHome, Type: policy.CountryNamedLocation, DisplayName: "Netherlands by GPS", CountriesAndRegions: []string{"NL"},
		IncludeUnknownCountriesAndRegions: new(false), CountryLookupMethod: new("authenticatorAppGps"),
	})
	return &t, open.AddPolicies(&t, embeddedPolicies)
}
