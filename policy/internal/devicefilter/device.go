package devicefilter

import "strings"

// Device is what is known of one registered device: the value of each property
// by its name, without "device." and without regard to case.
//
//   - A string, for isCompliant a bool, for physicalIds and systemLabels a
//     []string: the property is known to be set so.
//   - nil: the property is known to be null.
//   - No entry, or a value of another type: the property isn't known.
//
// The service sees extensionAttribute1 to 15 only of a device that is compliant,
// hybrid joined or managed by Intune. Of a device that isn't known to be so by
// isCompliant, trustType or mdmAppId they count as not known, whatever the
// entry, because the documentation doesn't say what a rule then sees.
type Device map[string]any

// intune is the mdmAppId of a device that Intune manages:
// https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership#rules-for-devices.
const intune = "0000000a-0000-0000-c000-000000000000"

// value returns what is known of a property; all are null for a device that
// isn't registered.
func (d *Device) value(name string) (value any, known bool) {
	p, known := propertyNamed(name)
	switch {
	case !known:
		return nil, false
	case d == nil:
		return nil, true
	case p.managed && !d.managed():
		return nil, false
	}
	value, known = d.entry(p.name)
	if !known || !p.accepts(value) {
		return nil, false
	}
	return value, true
}

// entry finds an entry without regard to case. Two entries for one property
// could contradict each other: then nothing is known.
func (d *Device) entry(name string) (value any, known bool) {
	for key, v := range *d {
		if !strings.EqualFold(key, name) {
			continue
		}
		if known {
			return nil, false
		}
		value, known = v, true
	}
	return value, known
}

// managed says whether the device is known to be one whose extension
// attributes the service sees.
func (d *Device) managed() bool {
	is := func(name, value string) bool {
		entry, _ := d.entry(name)
		text, _ := entry.(string)
		return strings.EqualFold(text, value)
	}
	compliant, _ := d.entry("isCompliant")
	return compliant == true || is("trustType", "ServerAD") || is("mdmAppId", intune)
}
