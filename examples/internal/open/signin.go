package open

import (
	"errors"
	"flag"
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
	Countries List
	Platforms List
}

// Flags adds the flags that say it, each of which may be given several times.
func (s *SignIn) Flags(flags *flag.FlagSet) {
	flags.Var(&s.Profiles, "profile", "how the account usually signs in, a `name`: graph, exchange, sharepoint, azure-cli or azure-powershell")
	flags.Var(&s.Resources, "signs-in-to", "app `id` of a resource that the account signs in to")
	flags.Var(&s.From, "from", "`address` or range from which the account signs in")
	flags.Var(&s.Countries, "country", "`country` that Microsoft finds for that address: two letters, or unknown")
	flags.Var(&s.Platforms, "platform", "`platform` that the user agent tells: windows, linux, macOS, android, iOS, unknown")
}

// Validate refuses values that mean nothing; names are the resources that have a
// name beside their app id.
func (s *SignIn) Validate(names ...string) error {
	for _, id := range s.Resources {
		if !guid.Is(id) && !slices.Contains(names, id) {
			return Wrong("-signs-in-to %s: an app id is wanted, such as 00000003-0000-0000-c000-000000000000 for Microsoft Graph", id)
		}
	}
	return errors.Join(s.Profiles.Beside("signs-in-to", s.Resources), Countries(s.Countries), Platforms(s.Platforms))
}

// Profile is the set of sign-ins that is meant.
func (s *SignIn) Profile() policy.SignIn {
	profile := s.Profiles.SignIn(s.Resources)
	profile.Addresses, profile.Countries, profile.Platforms = s.From, s.Countries, s.Platforms
	return profile
}

// ToAnything says that nothing names what the account signs in to: every resource
// is meant.
func (s *SignIn) ToAnything() bool { return !s.Profiles.Given() && len(s.Resources) == 0 }
