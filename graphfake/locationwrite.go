package graphfake

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Named locations as writes make them. Which numbers lead the service's refusals
// of them is not published.

// ipShape and countryShape: https://learn.microsoft.com/graph/api/resources/ipnamedlocation,
// https://learn.microsoft.com/graph/api/resources/countrynamedlocation.
var (
	ipShape      = same("", "displayName", "isTrusted", "ipRanges")
	countryShape = slices.Concat(same("", "displayName", "countriesAndRegions", "includeUnknownCountriesAndRegions"),
		enum("countryLookupMethod", "", "clientIpAddress", "authenticatorAppGps"))
)

// mostLocations is how many a tenant has, mostRanges how many ranges each holds, and
// widestRange is the widest prefix.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network.
const (
	mostLocations = 195
	mostRanges    = 2000
	widestRange   = 8
)

// createLocation is the POST of a named location.
func (t *Tenant) createLocation(d *directory, body []byte) (policy.NamedLocation, error) {
	var none policy.NamedLocation
	if err := d.locationsHeld(); err != nil {
		return none, err
	}
	sent, refusal := readLocation(body, "")
	if refusal != nil {
		return none, refusal
	}
	location, err := storableLocation(sent)
	if err != nil {
		return none, err
	}
	if d.locations.len() >= mostLocations {
		return none, graphError(http.StatusBadRequest, "BadRequest", "The maximum number of named locations, %d, is reached.", mostLocations)
	}
	location.ID, location.CreatedDateTime = t.newID(), timestamp(t.now())
	t.writeLocation(d, location)
	return location, nil
}

// patchLocation is the PATCH of a named location.
func (t *Tenant) patchLocation(d *directory, id string, body []byte) error {
	if err := d.locationsHeld(); err != nil {
		return err
	}
	before, err := d.location(id)
	if err != nil {
		return err
	}
	patch, refusal := readLocation(body, before.Type)
	if refusal != nil {
		return refusal
	}
	location, err := storableLocation(merge(objectOf(before), patch))
	if err != nil {
		return err
	}
	location.ModifiedDateTime = timestamp(t.now())
	t.writeLocation(d, location)
	return nil
}

// deleteLocation is the DELETE of a named location. That a trusted one is refused
// is known from clients that take the trust away first, the words of it are not:
// https://github.com/hashicorp/terraform-provider-azuread.
func (t *Tenant) deleteLocation(d *directory, id string) error {
	if err := d.locationsHeld(); err != nil {
		return err
	}
	location, err := d.location(id)
	if err != nil {
		return err
	}
	if location.IsTrusted != nil && *location.IsTrusted {
		return graphError(http.StatusBadRequest, "BadRequest", "A trusted named location can not be deleted. Update isTrusted to false first.")
	}
	for _, p := range d.policies.all() {
		if containsFold(locationsOf(p), location.ID) {
			return graphError(http.StatusBadRequest, "BadRequest", "The named location is referenced by the Conditional Access policy '%s'.", p.DisplayName)
		}
	}
	t.eraseLocation(d, location.ID)
	return nil
}

func (d *directory) locationsHeld() error {
	return d.held.need(d.held.whole(factLocations), "named locations", locationFile)
}

func (d *directory) location(id string) (policy.NamedLocation, error) {
	location, ok := d.locations.get(id)
	if !ok {
		return location, notFoundCA("NamedLocation", id)
	}
	return location, nil
}

// readLocation reads what a write sends of a location, of a kind that is given or
// that the body names.
func readLocation(body []byte, kind string) (object, *entramfa.GraphError) {
	sent, refusal := readBodyObject(body)
	if refusal != nil {
		return nil, refusal
	}
	named := sent.text("@odata.type")
	if kind != "" && named != "" && !strings.EqualFold(kind, named) {
		return nil, schemaError("@odata.type", "the location is of another kind")
	}
	if kind == "" {
		kind = named
	}
	if refusal := refuseReadOnly(sent); refusal != nil {
		return nil, refusal
	}
	for known, s := range map[string]shape{policy.IPNamedLocation: ipShape, policy.CountryNamedLocation: countryShape} {
		if strings.EqualFold(kind, known) {
			kept, refusal := s.accept(sent.without(readOnly...), beta, "")
			return append(object{{"@odata.type", raw(known)}}, kept...), refusal
		}
	}
	return nil, schemaError("@odata.type", "a location of addresses or of countries is wanted")
}

// storableLocation turns a location as it would be into one that can be stored.
func storableLocation(whole object) (policy.NamedLocation, error) {
	location, err := decodeObject[policy.NamedLocation](whole)
	switch {
	case err != nil:
		return location, schemaError("", err.Error())
	case location.DisplayName == "":
		return location, schemaError("displayName", "it is required")
	case strings.EqualFold(location.Type, policy.CountryNamedLocation):
		return storableCountries(location)
	}
	if len(location.IPRanges) == 0 || len(location.IPRanges) > mostRanges {
		return location, schemaError("ipRanges", "1 to 2000 ranges are wanted")
	}
	for i, r := range location.IPRanges {
		kind := kindOfRange(r.CIDRAddress)
		if kind == "" || r.Type != "" && !strings.EqualFold(r.Type, kind) {
			return location, schemaError("ipRanges", "'"+r.CIDRAddress+"' is no range of its kind with a prefix longer than /8")
		}
		location.IPRanges[i].Type = kind
	}
	if location.IsTrusted == nil {
		location.IsTrusted = new(false)
	}
	return location, nil
}

func storableCountries(location policy.NamedLocation) (policy.NamedLocation, error) {
	if len(location.CountriesAndRegions) == 0 {
		return location, schemaError("countriesAndRegions", "a country is wanted")
	}
	for _, country := range location.CountriesAndRegions {
		if !countryCode.MatchString(country) {
			return location, schemaError("countriesAndRegions", "'"+country+"' is no country: two letters of ISO 3166 are wanted")
		}
	}
	if location.IncludeUnknownCountriesAndRegions == nil {
		location.IncludeUnknownCountriesAndRegions = new(false)
	}
	if location.CountryLookupMethod == nil {
		location.CountryLookupMethod = new("clientIpAddress")
	}
	return location, nil
}

// countryCode: https://learn.microsoft.com/graph/api/resources/countrynamedlocation.
var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// kindOfRange is the @odata.type of a range, which may be left out; "" where the text is
// no range.
// Source: https://github.com/manicminer/hamilton, msgraph/namedlocations_test.go, which
// ran against the service.
func kindOfRange(text string) string {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || prefix.Bits() <= widestRange:
		return ""
	case prefix.Addr().Is4():
		return "#microsoft.graph.iPv4CidrRange"
	}
	return "#microsoft.graph.iPv6CidrRange"
}
