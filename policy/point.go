package policy

import "net/netip"

// point is a single sign-in.
type point struct {
	target                          target
	clientAppType, platform         string
	origin                          origin
	device                          Device // nil: not registered
	signInRisk, userRisk            string
	insiderRisk, authenticationFlow string
}

// target is what a sign-in is for: a resource, which may ask for an
// authentication context, or a user action.
type target struct{ application, context, action string }

// property is one of the properties of a sign-in that conditions look at. Each
// condition looks at one, and they are independent of each other.
type property int

const (
	onTarget property = iota
	onClientAppType
	onPlatform
	onOrigin
	onDevice
	onSignInRisk
	onUserRisk
	onInsiderRisk
	onAuthenticationFlow
	properties
)

// narrow sets one property of a set of sign-ins to that of a sample.
func (p point) narrow(on property, s *SignIn) {
	switch on {
	case onTarget:
		p.target.narrow(s)
	case onClientAppType:
		s.ClientAppTypes = []string{p.clientAppType}
	case onPlatform:
		s.Platforms = []string{p.platform}
	case onOrigin:
		s.Addresses = []netip.Prefix{netip.PrefixFrom(p.origin.address, p.origin.address.BitLen())}
		s.Countries, s.GPSCountries = []string{p.origin.country}, []string{p.origin.gps}
		s.CompliantNetworks = []bool{p.origin.compliantNetwork}
	case onDevice:
		p.device.narrow(s)
	case onSignInRisk:
		s.SignInRiskLevels = []string{p.signInRisk}
	case onUserRisk:
		s.UserRiskLevels = []string{p.userRisk}
	case onInsiderRisk:
		s.InsiderRiskLevels = []string{p.insiderRisk}
	case onAuthenticationFlow:
		s.AuthenticationFlows = []string{p.authenticationFlow}
	}
}

func (t target) narrow(s *SignIn) {
	s.Applications, s.UserActions, s.AuthenticationContexts = []string{}, []string{}, []string{}
	if t.action != "" {
		s.UserActions = []string{t.action}
		return
	}
	s.Applications = []string{t.application}
	if t.context != "" {
		s.AuthenticationContexts = []string{t.context}
	}
}
