package mfa

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// Kinds of registered methods, as the last part of Graph's type names. Those that
// are no second factor: an email address only resets passwords, a temporary access
// pass ends, a QR code replaces the password.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-methods.
var (
	secondFactorKinds = []string{
		"phone", "microsoftAuthenticator", "passwordlessMicrosoftAuthenticator", "softwareOath", "hardwareOath",
		"fido2", "windowsHelloForBusiness", "platformCredential", "external",
	}
	noSecondFactorKinds = []string{"password", "email", "temporaryAccessPass", "qrCodePin"}
)

// registered says whether one of the methods is a second factor.
func registered(methods entramfa.Value[[]Method]) entramfa.Value[bool] {
	list, known := methods.Get()
	if !known {
		return entramfa.Missing[bool](fmt.Errorf("what is registered: %w", methods.Err()))
	}
	is := func(kinds []string) func(Method) bool {
		return func(m Method) bool { return containsFold(kinds, kindOf(m)) }
	}
	if slices.ContainsFunc(list, is(secondFactorKinds)) {
		return entramfa.Known(true)
	}
	list = slices.DeleteFunc(slices.Clone(list), is(noSecondFactorKinds))
	if len(list) > 0 {
		return entramfa.Missing[bool](fmt.Errorf("whether the registered method %q is a second factor", kindOf(list[0])))
	}
	return entramfa.Known(false)
}

// kindOf is the last part of the type name.
func kindOf(m Method) string {
	return strings.TrimSuffix(m.Type[strings.LastIndex(m.Type, ".")+1:], "AuthenticationMethod")
}
