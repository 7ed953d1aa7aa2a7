package mfa

import "github.com/entramfa/entramfa/policy"

// Subject returns the account as Conditional Access sees it, for policy.Judge
// and what else asks about policies alone.
func (f Facts) Subject() policy.Subject { return subject(f) }
