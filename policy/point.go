package policy

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
