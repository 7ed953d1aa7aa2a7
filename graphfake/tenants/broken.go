package tenants

import (
	"context"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

func background() context.Context { return context.Background() }

// Broken is what grows in years: a policy that names a user and a group that are gone,
// groups in a circle, with the service account in it, two accounts of one display name,
// a policy in a language of a newer schema, one that demands nothing, and no emergency
// account. What the policy of the newer schema does to the service account nobody can
// tell.
func Broken() *graphfake.Tenant {
	s := newSite(6)
	s.licensed("AAD_PREMIUM", securitydefaults.PlanEntraP1, "Enabled")
	s.person("twin1@contoso.example", "Twin")
	s.person("twin2@contoso.example", "Twin")
	first := s.group("Circle 1", s.id(Service))
	second := s.group("Circle 2", first)
	ok(s.AddMember(first, second))
	gone, left := s.group("Gone"), s.person("left@contoso.example", "Left")
	users := without(everybody(), gone, second)
	users.ExcludeUsers = []string{left}
	s.policy("MFA but for who is gone", policy.StateEnabled, users, everything(), anywhere, demand())
	s.policy("A newer schema", policy.StateEnabled, everybody(), everything(), anywhere, grant("OR", "livenessCheck"))
	s.policy("Nothing", policy.StateEnabled, everybody(), everything(), anywhere, grant("OR"))
	ok(s.Delete(gone))
	ok(s.Delete(left))
	return s.Tenant
}

// Lapsed had Entra ID P1: its policies are still enforced, and nobody can edit them. One
// demands MFA of the service account.
func Lapsed() *graphfake.Tenant {
	s := newSite(7)
	s.licensed("AAD_PREMIUM", securitydefaults.PlanEntraP1, "Suspended")
	s.policy("MFA for everybody", policy.StateEnabled, everybody(), everything(), anywhere, demand())
	return s.Tenant
}

// Legacy has no licence, security defaults off, and the per-user switch alone: enabled
// for the service account, which has registered nothing.
func Legacy() *graphfake.Tenant {
	s := newSite(8)
	ok(s.SetPerUserState(Service, mfa.PerUserEnabled))
	ok(s.SetPerUserState(Administrator, mfa.PerUserEnforced))
	return s.Tenant
}
