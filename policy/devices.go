package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/devicefilter"
)

// devices is the condition on the device:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices.
func (j *judge) devices(d *Devices, retired *DeviceStates) coverage {
	const name = "devices"
	switch {
	case retired != nil && len(retired.IncludeStates)+len(retired.ExcludeStates) > 0:
		return cantTell(name, "which sign-ins the retired condition deviceStates takes in")
	case d == nil:
		return always()
	case len(unknownMembers(d.members)) > 0:
		return cantTell(name, "%s", unknownCondition("conditions.devices", unknownMembers(d.members)))
	case d.DeviceFilter != nil && !d.DeviceFilter.blank():
		return j.deviceFilter(*d.DeviceFilter)
	case len(d.IncludeDevices)+len(d.ExcludeDevices)+len(d.IncludeDeviceStates)+len(d.ExcludeDeviceStates) > 0:
		return cantTell(name, "which sign-ins the retired device conditions take in")
	}
	return always()
}

// deviceFilter judges a filter. Of a device that isn't registered all properties
// are null, so that positive operators don't match and negative ones do.
func (j *judge) deviceFilter(f Filter) coverage {
	const name = "devices"
	including, excluding := strings.EqualFold(f.Mode, "include"), strings.EqualFold(f.Mode, "exclude")
	rule, err := devicefilter.Parse(f.Rule)
	switch {
	case err != nil:
		return cantTell(name, "what the device filter %s means: %v", f.quoted(), err)
	case len(unknownMembers(f.members)) > 0, !including && !excluding:
		return cantTell(name, "what the device filter in mode %q means", f.Mode)
	}
	holds := func(d Device) truth {
		if excluding {
			return d.match(rule).not()
		}
		return d.match(rule)
	}
	return j.filtered(f, holds).by(onDevice, func(p *point) truth { return holds(p.device) })
}

// filtered says what a filter does to the region, by what it does to a device.
// Of all registered devices it takes some in.
func (j *judge) filtered(f Filter, holds func(Device) truth) coverage {
	devices := j.region.devices()
	extent, inside := cover(devices, holds)
	if j.region.open() && holds(nil) != unknown {
		extent = entramfa.Sometimes
	}
	c := f.text(extent, j.region)
	switch {
	case extent == entramfa.ExtentUnknown:
		i := slices.IndexFunc(devices, func(d Device) bool { return holds(d) == unknown })
		c = cantTell("devices", "whether %s passes the device filter %s", devices[i].text(), f.quoted())
		c.constant = false
	case extent == entramfa.Sometimes && holds(inside) == yes:
		c.narrow = inside.narrow
	}
	return c
}

// text says over which devices of the region a filter holds.
func (f Filter) text(extent entramfa.Extent, region SignIn) coverage {
	const name = "devices"
	switch {
	case extent == entramfa.Always && region.UnregisteredDevice:
		return covers(extent, name, "for unregistered devices too, by the filter (%s: %s)", f.Mode, f.quoted())
	case extent == entramfa.Always:
		return covers(extent, name, "for every device, by the filter (%s: %s)", f.Mode, f.quoted())
	case extent == entramfa.Never && len(region.Devices) == 0:
		return covers(extent, name, "not for unregistered devices, by the filter (%s: %s); a password sign-in comes from none", f.Mode, f.quoted())
	case extent == entramfa.Never:
		return covers(extent, name, "for none of the devices, by the filter (%s: %s)", f.Mode, f.quoted())
	}
	return covers(extent, name, "for devices that pass a filter (%s: %s)", f.Mode, f.quoted())
}

// quoted is the rule for a text: whole as long as it has no more than the 3072
// characters that Microsoft stores.
func (f Filter) quoted() string {
	const most = 3072
	if utf8.RuneCountInString(f.Rule) <= most {
		return f.Rule
	}
	return string([]rune(f.Rule)[:most]) + "…"
}

// blank says that nothing is said of the filter: PowerShell writes an object of
// nulls where Graph writes null.
func (f Filter) blank() bool {
	return f.Mode == "" && f.Rule == "" && f.members.Decoded() && len(unknownMembers(f.members)) == 0
}
