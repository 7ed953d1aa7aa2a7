package devicefilter

import (
	"fmt"
	"slices"
	"strings"
)

// property is one attribute of a device that rules may ask for.
type property struct {
	name string
	kind propertyKind
	// managed: the value is there only for some devices, see Device.
	managed bool
}

type propertyKind int

const (
	textProperty propertyKind = iota
	booleanProperty
	listProperty
)

var properties = append([]property{
	{name: "deviceId"},
	{name: "displayName"},
	{name: "deviceOwnership"},
	{name: "enrollmentProfileName"},
	{name: "isCompliant", kind: booleanProperty},
	{name: "manufacturer"},
	{name: "mdmAppId"},
	{name: "model"},
	{name: "operatingSystem"},
	{name: "operatingSystemVersion"},
	{name: "physicalIds", kind: listProperty},
	{name: "profileType"},
	{name: "systemLabels", kind: listProperty},
	{name: "trustType"},
}, extensionAttributes()...)

func extensionAttributes() []property {
	var list []property
	for n := 1; n <= 15; n++ {
		list = append(list, property{name: fmt.Sprintf("extensionAttribute%d", n), managed: true})
	}
	return list
}

// propertyNamed finds a property without regard to case: the page itself
// writes device.deviceid.
func propertyNamed(name string) (property, bool) {
	i := slices.IndexFunc(properties, func(p property) bool { return strings.EqualFold(p.name, name) })
	if i < 0 {
		return property{name: name}, false
	}
	return properties[i], true
}

// accepts says whether a value is of the property's type, or null.
func (p property) accepts(value any) bool {
	switch value.(type) {
	case nil:
		return true
	case string:
		return p.kind == textProperty
	case bool:
		return p.kind == booleanProperty
	case []string:
		return p.kind == listProperty
	}
	return false
}
