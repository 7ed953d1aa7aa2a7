package policy

import (
	"fmt"
	"strings"

	"github.com/entramfa/entramfa"
)

// locations is the condition on the source address:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network.
// It says on which locations a policy depends, not whether an address lies in one.
func (j *judge) locations(l *Locations) coverage {
	const name = "locations"
	if l == nil || len(l.IncludeLocations)+len(l.ExcludeLocations) == 0 {
		return always()
	}
	if names := unknownMembers(l.members); len(names) > 0 {
		return cantTell(name, "%s", unknownCondition("conditions.locations", names))
	}
	all := containsFold(l.IncludeLocations, LocationAll)
	if all && len(l.ExcludeLocations) == 0 {
		return covers(entramfa.Always, name, "from everywhere")
	}
	c := coverage{extent: entramfa.Sometimes}
	included, excluded := j.describe(l.IncludeLocations, &c), j.describe(l.ExcludeLocations, &c)
	text := "from " + included
	if all {
		text = "from everywhere"
	}
	if excluded != "" {
		text += " but " + excluded
	}
	c.reason = reasonf(name, "%s", text)
	if len(c.missing) > 0 {
		c.extent = entramfa.ExtentUnknown
	}
	return c
}

// describe names locations, and adds to c what isn't known of them.
func (j *judge) describe(ids []string, c *coverage) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = j.describeOne(id, c)
	}
	return strings.Join(names, ", ")
}

func (j *judge) describeOne(id string, c *coverage) string {
	switch {
	case strings.EqualFold(id, LocationAll):
		return "everywhere"
	case strings.EqualFold(id, LocationAllTrusted):
		c.caveats = append(c.caveats, "trusted locations include the trusted IPs of the legacy MFA settings, which no API shows")
		return "all trusted locations"
	case id == LocationMFATrustedIPs:
		c.caveats = append(c.caveats, "the trusted IPs of the legacy MFA settings are shown by no API")
		return "the MFA trusted IPs"
	}
	return j.describeNamed(id, c)
}

func (j *judge) describeNamed(id string, c *coverage) string {
	locations, known := j.tenant.NamedLocations.Get()
	if !known {
		c.caveats = append(c.caveats, fmt.Sprintf("what the named location %s is, is not known: %v", id, j.tenant.NamedLocations.Err()))
		return "the named location " + id
	}
	for _, l := range locations {
		if strings.EqualFold(l.ID, id) {
			return l.describe()
		}
	}
	c.missing = append(c.missing, fmt.Sprintf("what the location %s is: the tenant has no named location with this id", id))
	return "the location " + id + ", which does not exist"
}

// describe says what the location is, in a few words.
func (l NamedLocation) describe() string {
	switch {
	case strings.EqualFold(l.Type, CountryNamedLocation) || len(l.CountriesAndRegions) > 0:
		return fmt.Sprintf("%q (%s)", l.DisplayName, strings.Join(l.CountriesAndRegions, ", "))
	case strings.EqualFold(l.Type, IPNamedLocation):
		return fmt.Sprintf("%q (%d address ranges)", l.DisplayName, len(l.IPRanges))
	}
	return fmt.Sprintf("%q", l.DisplayName)
}
