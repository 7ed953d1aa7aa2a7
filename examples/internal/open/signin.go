package open

import (
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// SignIn is how an account signs in, as a command line says it: to what, from
// where, on which platform.
type SignIn struct {
	Profiles  Profiles
	Resources List
	From      Prefixes
	Platforms List
}

// Flags adds the flags that say it, each of which may be given several times.
func (s *SignIn) Flags(flags *flag.FlagSet) {
	flags.Var(&s.Profiles, "profile", "how the account usually signs in, a `name`: graph, exchange, sharepoint, azure-cli or azure-powershell")
	flags.Var(&s.Resources, "signs-in-to", "app `id` of a resource that the account signs in to")
	flags.Var(&s.From, "from", "`address` or range from which the account signs in")
	flags.Var(&s.Platforms, "platform", "`platform` that the user agent tells: windows, linux, macOS, android, iOS, unknown")
}

// Given says whether the command line says anything of it.
func (s *SignIn) Given() bool {
	return s.Profiles.Given() || len(s.Resources)+len(s.From)+len(s.Platforms) > 0
}

// Validate refuses values that mean nothing; names are the resources that have a
// name beside their app id.
func (s *SignIn) Validate(names ...string) error {
	for _, id := range s.Resources {
		if !guid.Is(id) && !slices.Contains(names, id) {
			return fmt.Errorf("%w: -signs-in-to %s: an app id is wanted, such as 00000003-0000-0000-c000-000000000000 for Microsoft Graph", ErrUsage, id)
		}
	}
	return errors.Join(s.Profiles.Beside("signs-in-to", s.Resources), Platforms(s.Platforms))
}

// Profile is the set of sign-ins that is meant.
func (s *SignIn) Profile() policy.SignIn {
	profile := s.Profiles.SignIn(s.Resources)
	profile.Addresses, profile.Platforms = s.From, s.Platforms
	return profile
}
