package mfa

import (
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// Subject returns the account as Conditional Access sees it, for policy.Judge
// and what else asks about policies alone.
func (f Facts) Subject() policy.Subject {
	s := f.User.Subject()
	s.Groups, s.Roles, s.EligibleRoles = f.Groups, f.Roles, f.EligibleRoles
	return s
}

// Subject returns the account as Conditional Access sees it, without groups and
// roles, which are read by themselves. The kinds rest on UserType,
// CreationType, ExternalUserState and UserPrincipalName; of which tenant a guest
// is, none of them says.
func (u User) Subject() policy.Subject {
	return policy.Subject{
		ID:        u.ID,
		Kinds:     guestKinds(u),
		AgentUser: strings.EqualFold(strings.TrimPrefix(u.Type, "#"), agentUser),
	}
}
