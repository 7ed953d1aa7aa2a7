package policy

import "github.com/entramfa/entramfa/internal/openjson"

// Every object of a policy keeps the members that its type doesn't know. The
// pairs below are all alike; encoding/json finds them wherever the type stands.

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (p *Policy) UnmarshalJSON(text []byte) (err error) {
	p.members, err = openjson.Decode(text, p)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (p Policy) MarshalJSON() ([]byte, error) { return openjson.Encode(p, p.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (c *Conditions) UnmarshalJSON(text []byte) (err error) {
	c.members, err = openjson.Decode(text, c)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (c Conditions) MarshalJSON() ([]byte, error) { return openjson.Encode(c, c.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (u *Users) UnmarshalJSON(text []byte) (err error) {
	u.members, err = openjson.Decode(text, u)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (u Users) MarshalJSON() ([]byte, error) { return openjson.Encode(u, u.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (g *GuestsOrExternalUsers) UnmarshalJSON(text []byte) (err error) {
	g.members, err = openjson.Decode(text, g)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (g GuestsOrExternalUsers) MarshalJSON() ([]byte, error) { return openjson.Encode(g, g.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (e *ExternalTenants) UnmarshalJSON(text []byte) (err error) {
	e.members, err = openjson.Decode(text, e)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (e ExternalTenants) MarshalJSON() ([]byte, error) { return openjson.Encode(e, e.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (a *Applications) UnmarshalJSON(text []byte) (err error) {
	a.members, err = openjson.Decode(text, a)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (a Applications) MarshalJSON() ([]byte, error) { return openjson.Encode(a, a.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (f *Filter) UnmarshalJSON(text []byte) (err error) {
	f.members, err = openjson.Decode(text, f)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (f Filter) MarshalJSON() ([]byte, error) { return openjson.Encode(f, f.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (c *ClientApplications) UnmarshalJSON(text []byte) (err error) {
	c.members, err = openjson.Decode(text, c)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (c ClientApplications) MarshalJSON() ([]byte, error) { return openjson.Encode(c, c.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (p *Platforms) UnmarshalJSON(text []byte) (err error) {
	p.members, err = openjson.Decode(text, p)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (p Platforms) MarshalJSON() ([]byte, error) { return openjson.Encode(p, p.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (l *Locations) UnmarshalJSON(text []byte) (err error) {
	l.members, err = openjson.Decode(text, l)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (l Locations) MarshalJSON() ([]byte, error) { return openjson.Encode(l, l.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (d *Devices) UnmarshalJSON(text []byte) (err error) {
	d.members, err = openjson.Decode(text, d)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (d Devices) MarshalJSON() ([]byte, error) { return openjson.Encode(d, d.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (d *DeviceStates) UnmarshalJSON(text []byte) (err error) {
	d.members, err = openjson.Decode(text, d)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (d DeviceStates) MarshalJSON() ([]byte, error) { return openjson.Encode(d, d.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (a *AuthenticationFlows) UnmarshalJSON(text []byte) (err error) {
	a.members, err = openjson.Decode(text, a)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (a AuthenticationFlows) MarshalJSON() ([]byte, error) { return openjson.Encode(a, a.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (a *Agents) UnmarshalJSON(text []byte) (err error) {
	a.members, err = openjson.Decode(text, a)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (a Agents) MarshalJSON() ([]byte, error) { return openjson.Encode(a, a.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (g *GrantControls) UnmarshalJSON(text []byte) (err error) {
	g.members, err = openjson.Decode(text, g)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (g GrantControls) MarshalJSON() ([]byte, error) { return openjson.Encode(g, g.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (a *AuthenticationStrength) UnmarshalJSON(text []byte) (err error) {
	a.members, err = openjson.Decode(text, a)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (a AuthenticationStrength) MarshalJSON() ([]byte, error) { return openjson.Encode(a, a.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (s *SessionControls) UnmarshalJSON(text []byte) (err error) {
	s.members, err = openjson.Decode(text, s)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (s SessionControls) MarshalJSON() ([]byte, error) { return openjson.Encode(s, s.members) }
