package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/policy/internal/devicefilter"
)

// Device is what is known of a registered device: the value of each property by
// the name that device filters have for it, such as isCompliant, trustType or
// operatingSystem, without regard to case.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices.
//
//   - A string, for isCompliant a bool, for physicalIds and systemLabels a list of
//     strings: the property is set so.
//   - nil, which is null in JSON: the property is known to be null.
//   - No entry, or a value of another type: the property isn't known. A filter
//     that asks for it is Unknown, where that matters.
//
// Device filters see extensionAttribute1 to 15 only of a device that is
// compliant, hybrid joined or managed by Intune: of one that isn't known to be so
// by isCompliant, trustType or mdmAppId they count as not known.
type Device map[string]any

// typed returns a copy in which lists of strings that were read from JSON are
// such. It is never nil: inside, nil is a device that isn't registered.
func (d Device) typed() Device {
	typed := Device{}
	for name, value := range d {
		typed[name] = value
		if texts, ok := textsOf(value); ok {
			typed[name] = texts
		}
	}
	return typed
}

func textsOf(value any) (texts []string, ok bool) {
	list, ok := value.([]any)
	for _, element := range list {
		text, isText := element.(string)
		texts, ok = append(texts, text), ok && isText
	}
	return texts, ok
}

// match says whether the device matches a rule; nil is one that isn't registered.
func (d Device) match(rule *devicefilter.Rule) truth {
	var device *devicefilter.Device
	if d != nil {
		device = (*devicefilter.Device)(&d)
	}
	switch rule.Match(device) {
	case devicefilter.Yes:
		return yes
	case devicefilter.No:
		return no
	}
	return unknown
}

// narrow makes sign-ins come from this device alone.
func (d Device) narrow(s *SignIn) {
	s.UnregisteredDevice, s.Devices = d == nil, []Device{}
	if d != nil {
		s.Devices = []Device{d}
	}
}

// text describes the device for a sentence.
func (d Device) text() string {
	switch {
	case d == nil:
		return "an unregistered device"
	case len(d) == 0:
		return "a registered device of which nothing is known"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		value := d[name]
		if value == nil {
			value = "null"
		}
		parts = append(parts, fmt.Sprintf("%s %v", name, value))
	}
	return "a registered device (" + strings.Join(parts, ", ") + ")"
}

func (s SignIn) deviceTexts() []string {
	var texts []string
	for _, d := range s.devices() {
		texts = append(texts, d.text())
	}
	return texts
}

// open says whether the set has every device in it, registered or not.
func (s SignIn) open() bool { return !s.UnregisteredDevice && len(s.Devices) == 0 }

// devices lists the devices of the set: nil is one that isn't registered. Where
// every device is in it, one of which nothing is known stands for the registered
// ones.
func (s SignIn) devices() []Device {
	switch {
	case s.open():
		return []Device{nil, {}}
	case s.UnregisteredDevice:
		return append([]Device{nil}, s.Devices...)
	}
	return s.Devices
}
