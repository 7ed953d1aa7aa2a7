package policy

import "github.com/entramfa/entramfa/internal/openjson"

// The kinds of NamedLocation, as @odata.type names them.
const (
	IPNamedLocation               = "#microsoft.graph.ipNamedLocation"
	CountryNamedLocation          = "#microsoft.graph.countryNamedLocation"
	CompliantNetworkNamedLocation = "#microsoft.graph.compliantNetworkNamedLocation"
)

// Special values of a location condition.
const (
	LocationAll        = "All"
	LocationAllTrusted = "AllTrusted"
	// LocationMFATrustedIPs stands for the trusted IPs of the legacy MFA
	// settings, which no API shows; GET on it answers 404.
	LocationMFATrustedIPs = "00000000-0000-0000-0000-000000000000"
)

// NamedLocation is a named location of any kind; Type tells which, and a kind
// leaves the fields of the others empty. It round-trips as Policy does.
// Source: https://learn.microsoft.com/graph/api/resources/namedlocation.
type NamedLocation struct {
	Type             string  `json:"@odata.type"`
	ID               string  `json:"id"`
	DisplayName      string  `json:"displayName"`
	CreatedDateTime  *string `json:"createdDateTime"`
	ModifiedDateTime *string `json:"modifiedDateTime"`
	DeletedDateTime  *string `json:"deletedDateTime"`

	// IsTrusted and IPRanges belong to an IP named location; IsTrusted to a compliant network too.
	IsTrusted *bool     `json:"isTrusted"`
	IPRanges  []IPRange `json:"ipRanges"`

	// CountriesAndRegions holds two-letter codes of ISO 3166; CountryLookupMethod
	// is clientIpAddress or authenticatorAppGps.
	CountriesAndRegions               []string `json:"countriesAndRegions"`
	IncludeUnknownCountriesAndRegions *bool    `json:"includeUnknownCountriesAndRegions"`
	CountryLookupMethod               *string  `json:"countryLookupMethod"`

	// CompliantNetworkType belongs to a compliant network (beta).
	CompliantNetworkType *string `json:"compliantNetworkType"`

	members openjson.Members
}

// IPRange is a range of IPv4 or IPv6 addresses in CIDR notation.
type IPRange struct {
	// Type is #microsoft.graph.iPv4CidrRange or #microsoft.graph.iPv6CidrRange.
	Type        string `json:"@odata.type"`
	CIDRAddress string `json:"cidrAddress"`

	members openjson.Members
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (l *NamedLocation) UnmarshalJSON(text []byte) (err error) {
	l.members, err = openjson.Decode(text, l)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (l NamedLocation) MarshalJSON() ([]byte, error) { return openjson.Encode(l, l.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (r *IPRange) UnmarshalJSON(text []byte) (err error) {
	r.members, err = openjson.Decode(text, r)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (r IPRange) MarshalJSON() ([]byte, error) { return openjson.Encode(r, r.members) }
