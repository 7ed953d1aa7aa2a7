package policy

import (
	"net/netip"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy/internal/cells"
)

// table holds, for every value that a property of a sign-in may have, what it
// does to all effects at once. What a sign-in does to them is then a matter of a
// few ANDs.
type table struct {
	effects    []effect
	conditions *conditions
	// sure are the effects of which something is certain, all every one.
	sure, all cells.Set
	targets   *targetColumns
	origins   *originColumns
	// closed has the columns of the properties with a closed list of values.
	closed       [properties]closedColumns
	unregistered *column // of an unregistered device
	// blocks has, for each client app type, the effects that block it, and behind
	// those the effects that block any client.
	blocks []cells.Set
}

// closedColumns are the columns of an axis.
type closedColumns struct {
	axis    axis
	columns []*column
	set     func(*point, string)
	values  func(*SignIn) []string
}

// closedProperties are the properties with a closed list of values.
func closedProperties() [properties]closedColumns {
	return [properties]closedColumns{
		onClientAppType:      {axis: clientAppTypeAxis, set: func(p *point, v string) { p.clientAppType = v }, values: func(s *SignIn) []string { return s.ClientAppTypes }},
		onPlatform:           {axis: platformAxis, set: func(p *point, v string) { p.platform = v }, values: func(s *SignIn) []string { return s.Platforms }},
		onSignInRisk:         {axis: riskAxis, set: func(p *point, v string) { p.signInRisk = v }, values: func(s *SignIn) []string { return s.SignInRiskLevels }},
		onUserRisk:           {axis: riskAxis, set: func(p *point, v string) { p.userRisk = v }, values: func(s *SignIn) []string { return s.UserRiskLevels }},
		onInsiderRisk:        {axis: insiderAxis, set: func(p *point, v string) { p.insiderRisk = v }, values: func(s *SignIn) []string { return s.InsiderRiskLevels }},
		onAuthenticationFlow: {axis: flowAxis, set: func(p *point, v string) { p.authenticationFlow = v }, values: func(s *SignIn) []string { return s.AuthenticationFlows }},
	}
}

func newTable(effects []effect) *table {
	t := &table{effects: effects, conditions: &conditions{effects: len(effects)}, closed: closedProperties()}
	t.sure, t.all = cells.NewSet(len(effects)), cells.NewSet(len(effects))
	for i, e := range effects {
		t.add(i, e)
	}
	t.targets, t.origins = newTargetColumns(t.conditions, effects), newOriginColumns(effects)
	for on := range t.closed {
		t.fill(property(on))
	}
	t.unregistered = t.device(nil)
	t.fillBlocks()
	return t
}

// add sorts the conditions of one effect by the property that they look at.
func (t *table) add(i int, e effect) {
	t.all.Add(i)
	sure := e.sure
	for _, c := range e.conditions {
		if c.holds == nil && c.extent != entramfa.Always {
			sure = false // it is the same for every sign-in, and not known
		}
		if c.holds != nil && len(c.places) == 0 {
			t.conditions.on[c.on] = append(t.conditions.on[c.on], on{i, c.holds})
		}
	}
	if sure {
		t.sure.Add(i)
	}
}

func (t *table) fill(property property) {
	closed := &t.closed[property]
	for _, value := range closed.axis {
		closed.columns = append(closed.columns, t.closedColumn(property, value))
	}
}

func (t *table) closedColumn(property property, value string) *column {
	var p point
	t.closed[property].set(&p, value)
	c := t.conditions.column(property, &p)
	return &c
}

func (t *table) fillBlocks() {
	always := cells.NewSet(len(t.effects))
	for i, e := range t.effects {
		if e.outcome == entramfa.Blocked {
			always.Add(i)
		}
	}
	for _, client := range clientAppTypeAxis {
		if legacyClients.has(client) {
			t.blocks = append(t.blocks, t.all)
			continue
		}
		t.blocks = append(t.blocks, always)
	}
	t.blocks = append(t.blocks, always)
}

// value is the column of a value of a closed property.
func (t *table) value(property property, value string) *column {
	closed := &t.closed[property]
	if i := closed.axis.index(value); i >= 0 {
		return closed.columns[i]
	}
	return t.closedColumn(property, value)
}

// device is the column of a registered device, or, for nil, of an unregistered one.
func (t *table) device(d Device) *column {
	if d == nil && t.unregistered != nil {
		return t.unregistered
	}
	c := t.conditions.column(onDevice, &point{device: d})
	return &c
}

// blocking are the effects that block a client app type where they hold.
func (t *table) blocking(client string) cells.Set {
	if i := clientAppTypeAxis.index(client); i >= 0 {
		return t.blocks[i]
	}
	return t.blocks[len(clientAppTypeAxis)]
}

// single is a single sign-in: the columns of its properties.
type single struct {
	columns [8]*column
	origin  [4]*sides
	blocks  cells.Set
	sure    cells.Set // the effects that depend on the sign-in alone
	legacy  bool      // by a legacy client
	odd     bool      // a finding may name the device or the platform
}

// single returns false for a set of sign-ins that isn't a single one.
func (t *table) single(s *SignIn) (q single, ok bool) {
	at, ok := s.target()
	device, one := s.device()
	if !ok || !one || len(s.Addresses) != 1 || !s.Addresses[0].IsSingleIP() ||
		len(s.Countries) != 1 || len(s.GPSCountries) != 1 || len(s.CompliantNetworks) != 1 ||
		len(s.ClientAppTypes) != 1 || len(s.Platforms) != 1 || len(s.AuthenticationFlows) != 1 ||
		len(s.SignInRiskLevels) != 1 || len(s.UserRiskLevels) != 1 || len(s.InsiderRiskLevels) != 1 {
		return q, false
	}
	q.columns = [8]*column{
		t.targets.of(at), t.device(device),
		t.value(onClientAppType, s.ClientAppTypes[0]), t.value(onPlatform, s.Platforms[0]),
		t.value(onSignInRisk, s.SignInRiskLevels[0]), t.value(onUserRisk, s.UserRiskLevels[0]),
		t.value(onInsiderRisk, s.InsiderRiskLevels[0]), t.value(onAuthenticationFlow, s.AuthenticationFlows[0]),
	}
	q.origin = t.origins.of(s.Addresses[0].Addr(), s.Countries[0], s.GPSCountries[0], s.CompliantNetworks[0])
	q.sure, q.odd = t.sure, device != nil || platformAxis.index(s.Platforms[0]) < 0
	q.blocks, q.legacy = t.blocking(s.ClientAppTypes[0]), legacyClients.index(s.ClientAppTypes[0]) >= 0
	return q, true
}

// device returns the one device of the sign-ins, false where there are several.
func (s *SignIn) device() (Device, bool) {
	switch {
	case s.UnregisteredDevice && len(s.Devices) == 0:
		return nil, true
	case !s.UnregisteredDevice && len(s.Devices) == 1:
		return s.Devices[0].typed(), true
	}
	return nil, false
}

// target returns the one target of the sign-ins, false where there are several.
func (s *SignIn) target() (target, bool) {
	switch {
	case len(s.Applications) == 1 && s.UserActions != nil && len(s.UserActions) == 0:
		switch {
		case s.AuthenticationContexts == nil || len(s.AuthenticationContexts) > 1:
			return target{}, false
		case len(s.AuthenticationContexts) == 1:
			return target{application: s.Applications[0], context: s.AuthenticationContexts[0]}, true
		}
		return target{application: s.Applications[0]}, true
	case len(s.UserActions) == 1 && s.UserActions[0] != "" && s.Applications != nil && len(s.Applications) == 0:
		return target{action: s.UserActions[0]}, true
	}
	return target{}, false
}

// of returns the columns of the parts of an origin.
func (o *originColumns) of(address netip.Addr, country, gps string, compliant bool) [4]*sides {
	return [4]*sides{o.addresses[o.interval(address.Unmap())], o.countries.of(country), o.gps.of(gps), o.network(compliant)}
}

func (o *originColumns) network(compliant bool) *sides {
	if compliant {
		return o.networks[1]
	}
	return o.networks[0]
}
