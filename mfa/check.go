package mfa

import (
	"context"
	"errors"
	"time"

	"github.com/entramfa/entramfa/policy"
)

// Options narrow what Check asks. The zero Options and nil mean the same.
type Options struct {
	// Profile is how the account really signs in: to what, from where, on which
	// platform; policy.GraphSignIn and the like are profiles to start from. Nil
	// means policy.PasswordSignIn, every password grant. A policy that is clear in
	// the profile and not beside it says so in a caveat. A profile without
	// Applications means Microsoft Graph, Exchange Online and SharePoint
	// Online where Microsoft's mandatory MFA and security defaults ask what the
	// account signs in to.
	Profile *policy.SignIn
	// Now is the time of the report; zero means the current time.
	Now time.Time
}

// Check says what stands between an account and its non-interactive sign-in,
// the Profile of the options: it collects the facts and judges them.
// The account is named by object id, user principal name or display name.
//
// The report is never clear because something could not be read: that is an
// Unknown finding which names what was missing. The errors are those of Collect.
// Check takes a reader, so it can't change the tenant.
//
// The smallest useful set of application permissions is Policy.Read.All,
// User.Read.All, GroupMember.Read.All and RoleManagement.Read.Directory;
// UserAuthenticationMethod.Read.All, LicenseAssignment.Read.All,
// Domain.Read.All and Directory.Read.All add detail. Domain.Read.All is needed
// for an account that is synchronized: whether its domain is federated decides.
func Check(ctx context.Context, reader Reader, account string, opts *Options) (Report, error) {
	if reader == nil {
		return Report{}, errors.New("mfa: Check needs a reader")
	}
	facts, err := Collect(ctx, reader, account)
	if err != nil {
		return Report{}, err
	}
	return Judge(facts, opts), nil
}
