package policy

import (
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/devicefilter"
)

// devices is the condition on the device:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices.
func (j *judge) devices(d *Devices, retired *DeviceStates) coverage {
	const name = "devices"
	switch {
	case retired != nil && len(retired.IncludeStates)+len(retired.ExcludeStates) > 0:
		return covers(entramfa.Sometimes, name, "by the retired condition deviceStates")
	case d == nil:
		return always()
	case len(unknownMembers(d.members)) > 0:
		return cantTell(name, "%s", unknownCondition("conditions.devices", unknownMembers(d.members)))
	case d.DeviceFilter != nil && !d.DeviceFilter.blank():
		return j.deviceFilter(*d.DeviceFilter)
	case len(d.IncludeDevices)+len(d.ExcludeDevices)+len(d.IncludeDeviceStates)+len(d.ExcludeDeviceStates) > 0:
		return covers(entramfa.Sometimes, name, "by retired device conditions")
	}
	return always()
}

// deviceFilter judges a filter for a device that is not registered: all its
// properties are null, so that positive operators don't match and negative ones
// do. Where the device may be a registered one, the filter takes in some.
func (j *judge) deviceFilter(f Filter) coverage {
	const name = "devices"
	including, excluding := strings.EqualFold(f.Mode, "include"), strings.EqualFold(f.Mode, "exclude")
	rule, err := devicefilter.Parse(f.Rule)
	switch {
	case err != nil:
		return cantTell(name, "what the device filter %s means: %v", f.Rule, err)
	case len(unknownMembers(f.members)) > 0, !including && !excluding:
		return cantTell(name, "what the device filter in mode %q means", f.Mode)
	}
	unregistered := unknown
	if matched := rule.Match(nil); matched != devicefilter.Unknown {
		unregistered = truthOf(including == (matched == devicefilter.Yes))
	}
	return j.filtered(f, unregistered).by(onDevice, func(p *point) truth {
		if p.registered {
			return unknown
		}
		return unregistered
	})
}

// filtered says what a filter does to the region, by what it does to an
// unregistered device.
func (j *judge) filtered(f Filter, unregistered truth) coverage {
	const name = "devices"
	switch {
	case !j.region.UnregisteredDevice && unregistered != unknown:
		return covers(entramfa.Sometimes, name, "for devices that pass a filter (%s: %s)", f.Mode, f.Rule)
	case unregistered == unknown:
		return cantTell(name, "whether an unregistered device passes the device filter %s", f.Rule)
	case unregistered == yes:
		return covers(entramfa.Always, name, "for unregistered devices too, by the filter (%s: %s)", f.Mode, f.Rule)
	}
	return covers(entramfa.Never, name, "not for unregistered devices, by the filter (%s: %s); a password sign-in comes from none", f.Mode, f.Rule)
}

// blank says that nothing is said of the filter: PowerShell writes an object of
// nulls where Graph writes null.
func (f Filter) blank() bool {
	return f.Mode == "" && f.Rule == "" && f.members.Decoded() && len(unknownMembers(f.members)) == 0
}
