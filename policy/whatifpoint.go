package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// NewWhatIf makes the question whether the policies would apply to one sign-in
// of an account. It sends every condition, and leaves AppliedPoliciesOnly off.
//
// The sign-in has to be a single one: one value for each property, a single
// address, an application or a user action. Else, and where the API has no word
// for a value, such as a platform that the user agent doesn't tell, it returns
// an error that names every property which is in the way.
//
// An authentication context is asked about without the application that wants
// it: the API takes one or the other. Of a registered device it sends what is
// known and isn't null; whether the API takes the rest for null or for not known
// is documented nowhere.
func NewWhatIf(account Subject, signIn SignIn) (WhatIf, error) {
	var p asker
	question := WhatIf{
		SignInIdentity: identity(account),
		SignInContext:  p.context(signIn),
		SignInConditions: WhatIfConditions{
			ClientAppType:             p.word(clientAppTypeAxis, "clientAppTypes", signIn.ClientAppTypes),
			DevicePlatform:            p.platform(signIn.Platforms),
			IPAddress:                 p.address(signIn.Addresses),
			Country:                   p.country(signIn),
			SignInRiskLevel:           p.word(riskAxis, "signInRiskLevels", signIn.SignInRiskLevels),
			UserRiskLevel:             p.word(riskAxis, "userRiskLevels", signIn.UserRiskLevels),
			ServicePrincipalRiskLevel: "none",
			InsiderRiskLevel:          p.word(insiderAxis, "insiderRiskLevels", signIn.InsiderRiskLevels),
			AuthenticationFlow:        WhatIfFlow{TransferMethod: p.word(flowAxis, "authenticationFlows", signIn.AuthenticationFlows)},
			DeviceInfo:                p.device(signIn),
		},
	}
	p.network(signIn.CompliantNetworks)
	if account.ID == "" {
		p.wrong = append(p.wrong, "the account has no object id")
	}
	if len(p.wrong) > 0 {
		return WhatIf{}, fmt.Errorf("policy: What If can't be asked about this sign-in: %s", strings.Join(p.wrong, "; "))
	}
	return question, nil
}

// identity names the account. What kind of external user it is, is told where
// there is no doubt.
func identity(account Subject) WhatIfIdentity {
	who := WhatIfIdentity{Type: UserSignIn, UserID: account.ID}
	if kinds, _ := account.Kinds.Get(); len(kinds) == 1 {
		who.ExternalUserType, who.ExternalTenantID = kinds[0], account.HomeTenantID
	}
	return who
}

// asker takes the one value of each property of a sign-in, and notes what has none.
type asker struct{ wrong []string }

func (p *asker) fail(format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

func (p *asker) one(property string, values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	p.fail("%s has %s, not one value", property, count(len(values), values == nil))
	return ""
}

// word takes a value that the axis has: the API refuses others.
func (p *asker) word(a axis, property string, values []string) string {
	value := p.one(property, values)
	if foreign := a.foreign([]string{value}, ""); len(foreign) > 0 {
		p.fail("%s: Graph has no word %s, but %s", property, value, names(a))
	}
	return value
}

func count(n int, every bool) string {
	switch {
	case every:
		return "every value"
	case n == 0:
		return "no value"
	}
	return fmt.Sprintf("%d values", n)
}

func (p *asker) context(s SignIn) WhatIfContext {
	switch {
	case s.AuthenticationContexts == nil && s.forResources():
		p.fail("authenticationContexts has every value; an empty list says that the resource asks for none")
	case s.forResources() && s.forActions():
		p.fail("applications and userActions both have values; an empty list says that the sign-in is for none")
	case !s.forResources():
		return WhatIfContext{Type: UserActionContext, UserAction: p.userAction(s.UserActions)}
	case len(s.AuthenticationContexts) > 0:
		p.one("applications", s.Applications)
		return WhatIfContext{Type: AuthenticationContextContext, AuthenticationContextValue: p.one("authenticationContexts", s.AuthenticationContexts)}
	}
	app := p.one("applications", s.Applications)
	if strings.EqualFold(app, DirectoryScopes) {
		p.fail("applications: the API can't be told that a sign-in asks for directory scopes alone")
	}
	return WhatIfContext{Type: ApplicationContext, IncludeApplications: []string{app}}
}

// whatIfActions are the user actions as the API names them.
var whatIfActions = map[string]string{
	"urn:user:registersecurityinfo": "registerSecurityInformation",
	"urn:user:registerdevice":       "registerOrJoinDevices",
}

func (p *asker) userAction(actions []string) string {
	action := p.one("userActions", actions)
	name, known := whatIfActions[strings.ToLower(action)]
	if !known && action != "" {
		p.fail("userActions: the API has no word for %s", action)
	}
	return name
}

func (p *asker) platform(platforms []string) string {
	platform := p.word(platformAxis, "platforms", platforms)
	if strings.EqualFold(platform, PlatformUnknown) {
		p.fail("platforms: the API has no word for a platform that the user agent doesn't tell")
	}
	return platform
}

func (p *asker) address(ranges []netip.Prefix) string {
	if len(ranges) == 1 && ranges[0].IsSingleIP() {
		return ranges[0].Addr().String()
	}
	if len(ranges) == 1 {
		p.fail("addresses has a range, %s, not one address", ranges[0])
		return ""
	}
	p.fail("addresses has %s, not one value", count(len(ranges), ranges == nil))
	return ""
}

// country is told once, by address: the API does not ask for one by GPS.
func (p *asker) country(s SignIn) *string {
	country, gps := p.one("countries", s.Countries), p.one("gpsCountries", s.GPSCountries)
	if gps != "" && !strings.EqualFold(gps, CountryUnknown) {
		p.fail("gpsCountries: the API can't be told a country by GPS")
	}
	if strings.EqualFold(country, CountryUnknown) {
		return nil
	}
	if country != "" && !isCountry(country) {
		p.fail("countries: %s is no code of a country", country)
	}
	return &country
}

func (p *asker) network(compliant []bool) {
	switch {
	case len(compliant) != 1:
		p.fail("compliantNetworks has %s, not one value", count(len(compliant), compliant == nil))
	case compliant[0]:
		p.fail("compliantNetworks: the API can't be told of a compliant network")
	}
}

// device is the one device: that of which nothing is told isn't registered.
func (p *asker) device(s SignIn) *WhatIfDeviceInfo {
	var info WhatIfDeviceInfo
	switch {
	case s.open():
		p.fail("unregisteredDevice is not set and devices has no value, which leaves the device open")
	case s.UnregisteredDevice && len(s.Devices) > 0:
		p.fail("unregisteredDevice and devices both have a device")
	case len(s.Devices) > 1:
		p.fail("devices has %s, not one value", count(len(s.Devices), false))
	case len(s.Devices) == 1:
		info = p.deviceInfo(s.Devices[0])
	}
	return &info
}

// deviceInfo tells what is known of a registered device and isn't null.
func (p *asker) deviceInfo(d Device) (info WhatIfDeviceInfo) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		switch value := d[name]; {
		case seen[strings.ToLower(name)]:
			p.fail("devices: the device has two values of %s", name)
		case value == "":
			p.fail("devices: the API can't be told of an empty %s", name)
		case value != nil && !info.set(name, value):
			p.fail("devices: the API can't be told of %s %v", name, value)
		}
		seen[strings.ToLower(name)] = true
	}
	if text, err := json.Marshal(info); err != nil || string(text) == "{}" {
		p.fail("devices: the API takes a device of which nothing is told for one that isn't registered")
	}
	return info
}

// set sets a property that a device filter has by this name, to a value of its type.
func (i *WhatIfDeviceInfo) set(name string, value any) bool {
	switch {
	case strings.EqualFold(name, "deviceOwnership"):
		name = "ownership"
	case strings.EqualFold(name, "ownership"):
		return false
	}
	text, err := json.Marshal(map[string]any{name: value})
	if err != nil {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(i) == nil
}
