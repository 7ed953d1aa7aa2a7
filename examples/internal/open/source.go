package open

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// Source is where a command line says that the tenant is, and which account of
// it is meant. Without tenant and folders it is the program's built-in tenant.
type Source struct {
	Folders List
	Tenant  string
	Cloud   string
	Account string
	Timeout time.Duration

	program string // by which its errors begin
}

// Reader is what the programs ask: the facts, Microsoft's own answer, and whole
// directories.
type Reader interface {
	mfa.AdminsReader
	policy.Evaluator
}

// Flags adds the flags that say it; timeout is the default.
func (s *Source) Flags(flags *flag.FlagSet, timeout time.Duration) {
	s.TenantFlags(flags, timeout)
	flags.StringVar(&s.Account, "account", "", "the `account`: object id, user principal name or display name")
}

// TenantFlags adds those of a program that asks about no single account.
func (s *Source) TenantFlags(flags *flag.FlagSet, timeout time.Duration) {
	s.program = flags.Name()
	flags.Var(&s.Folders, "load", "read exported tenant JSON from this `folder`; may be given several times")
	flags.StringVar(&s.Tenant, "tenant", "", "read the real tenant with this `id` or domain")
	flags.StringVar(&s.Cloud, "cloud", "public", "cloud of the real tenant: public, usgov, dod or china")
	flags.DurationVar(&s.Timeout, "timeout", timeout, "give up after this time; 0 waits as long as it takes")
}

// BuiltIn says whether the program's built-in tenant is meant.
func (s *Source) BuiltIn() bool { return s.Tenant == "" && len(s.Folders) == 0 }

// Validate refuses what doesn't go together; rest is what follows the flags.
func (s *Source) Validate(rest []string) error {
	err := s.ValidateTenant(rest)
	if err == nil && !s.BuiltIn() && s.Account == "" {
		return Wrong("name the account with -account")
	}
	return err
}

// ValidateTenant is Validate for a program that asks about no single account.
func (s *Source) ValidateTenant(rest []string) error {
	switch {
	case len(rest) > 0:
		return Wrong("%q is no flag", rest[0])
	case len(s.Folders) > 0 && s.Tenant != "":
		return Wrong("-load and -tenant exclude each other")
	case s.Tenant == "" && s.Cloud != "public":
		return Wrong("-cloud goes with -tenant")
	}
	return validCloud(s.Cloud)
}

// Open opens it: a real tenant, folders, or what builtIn returns.
func (s *Source) Open(stderr io.Writer, builtIn func() (Reader, error)) (Reader, error) {
	switch {
	case s.Tenant != "":
		return signIn(s.Tenant, s.Cloud)
	case len(s.Folders) > 0:
		return folders(s.Folders, stderr)
	}
	return builtIn()
}

// Word refuses a value of a flag that no policy knows: a typing error would look
// like a sign-in that nothing touches.
func Word(flag string, values List, known ...string) error {
	for _, value := range values {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, value) }) {
			return Wrong("-%s %s: there are %s", flag, value, strings.Join(known, ", "))
		}
	}
	return nil
}

// Platforms refuses a platform that Graph has no word for.
func Platforms(values List) error {
	return Word("platform", values, "windows", "linux", "macOS", "android", "iOS", "windowsPhone", policy.PlatformUnknown)
}

// Countries refuses what can be no country.
func Countries(values List) error {
	for _, country := range values {
		if !countryCode.MatchString(country) && country != policy.CountryUnknown {
			return Wrong("-country %s: two letters are wanted, or %s", country, policy.CountryUnknown)
		}
	}
	return nil
}

var countryCode = regexp.MustCompile(`^[A-Za-z]{2}$`)

// Limit ends the context after the timeout.
func (s *Source) Limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.Timeout)
}

// Same refuses facts about another tenant than the one that was asked for: some
// credentials choose the tenant themselves. An empty id could not be read.
func (s *Source) Same(id, name string) error {
	if id == "" || !guid.Is(s.Tenant) || strings.EqualFold(id, s.Tenant) {
		return nil
	}
	return fmt.Errorf("the credential signed in to the tenant %s (%s), not to %s; see AZURE_TENANT_ID", id, layout.Clean(name), s.Tenant)
}

// Identify reads which tenant it is, and refuses another than was asked for. An
// export may not say it, and a permission for it may be missing.
func (s *Source) Identify(ctx context.Context, tenant Reader) (mfa.Organization, error) {
	organization, err := tenant.Organization(ctx)
	if errors.Is(err, entramfa.ErrNotRead) || errors.Is(err, entramfa.ErrPermission) {
		return mfa.Organization{}, nil
	}
	if err != nil {
		return mfa.Organization{}, err
	}
	return organization, s.Same(organization.ID, organization.DisplayName)
}

// Explain adds what a user of the program can do about an error.
func (s *Source) Explain(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w; no answer within %s, -timeout raises that", err, s.Timeout)
	case s.BuiltIn() && errors.Is(err, entramfa.ErrNotFound):
		return fmt.Errorf("%w\n(searched in the built-in tenant; -tenant or -load name another)", err)
	}
	return err
}
