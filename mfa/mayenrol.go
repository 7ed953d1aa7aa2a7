package mfa

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/policy"
)

// Roles by their template ids.
const (
	privilegedAuthenticationAdministrator = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	authenticationAdministrator           = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
	userAdministrator                     = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	helpdeskAdministrator                 = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	passwordAdministrator                 = "966707d0-3269-4727-9be2-8c3a10f19b9d"
	authenticationPolicyAdministrator     = "0526716b-113d-4c15-b2c8-68e3c22b9f80"
)

// mayEnrol says, before anything is written, which of the plan's changes the caller
// lacks the role for. It knows the callers that are accounts; whether an application
// needs a role besides its permissions is not documented for all of the calls.
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions.
func mayEnrol(plan *Plan, facts Facts, caller Identity, held entramfa.Value[[]policy.RoleAssignment]) []Refusal {
	if refusals := neverMay(plan, caller); len(refusals) > 0 || caller.Kind != IdentityUser {
		return refusals
	}
	roles, known := held.Get()
	if !known {
		return []Refusal{{GuardUnread, fmt.Sprintf("which roles %s holds could not be read: %v", caller.Name, held.Err()), "grant RoleManagement.Read.Directory"}}
	}
	target, known := facts.Roles.Get()
	if !known {
		return []Refusal{{GuardUnread, fmt.Sprintf("which roles the account holds could not be read: %v", facts.Roles.Err()), "grant RoleManagement.Read.Directory"}}
	}
	var refusals []Refusal
	for _, c := range plan.Changes {
		wanted := rolesFor(c.Kind, target, facts.Groups)
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(id string) bool { return holdsTenantWide(roles, id) }) {
			refusals = append(refusals, Refusal{GuardRole, fmt.Sprintf("%s lacks the role for change %s (%s)", caller.Name, c.ID, c.Kind),
				"apply the plan with an account that is " + strings.Join(roleNames(wanted), " or ")})
		}
	}
	return refusals
}

// neverMay says which changes no role lets the caller make: an application resets no
// password, and nobody their own, nor changes their own phones.
// Source: https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword,
// https://learn.microsoft.com/graph/api/authentication-post-phonemethods.
func neverMay(plan *Plan, caller Identity) []Refusal {
	own := caller.Kind == IdentityUser && strings.EqualFold(caller.ID, plan.Account.ID)
	var refusals []Refusal
	for _, c := range plan.Changes {
		resets := c.Kind == entramfa.SetPassword && same(c.After, encoded(newPassword{"resetPassword"}))
		switch {
		case resets && caller.Kind != IdentityUser:
			refusals = append(refusals, Refusal{GuardRole, fmt.Sprintf("no application can make change %s: resetPassword is for signed-in administrators", c.ID),
				"leave ByReset out, or apply the plan as an administrator"})
		case own && (resets || c.Kind == entramfa.AddPhoneMethod || c.Kind == entramfa.ChangePhoneMethod):
			refusals = append(refusals, Refusal{GuardRole, fmt.Sprintf("%s can't make change %s (%s) of itself", caller.Name, c.ID, c.Kind),
				"apply the plan with another account"})
		}
	}
	return refusals
}

// rolesFor lists the roles of which one is enough to make a kind of change of an
// account with these roles.
func rolesFor(kind entramfa.ChangeKind, target []policy.RoleAssignment, groups entramfa.Value[[]policy.Membership]) []string {
	top := []string{policy.GlobalAdministrator, privilegedAuthenticationAdministrator}
	admin, lesser := administrates(target, groups)
	switch kind {
	case entramfa.ChangePerUserMFA:
		return []string{policy.GlobalAdministrator, authenticationPolicyAdministrator}
	case entramfa.AddPhoneMethod, entramfa.ChangePhoneMethod:
		if admin && !lesser {
			return top
		}
		return append(top, authenticationAdministrator)
	case entramfa.SetPassword, entramfa.ChangeMobilePhone:
		switch {
		case admin && !lesser:
			return top
		case lesser:
			return append(top, userAdministrator)
		}
		return append(top, userAdministrator, authenticationAdministrator, helpdeskAdministrator, passwordAdministrator)
	}
	return nil
}

// lesserRoles are those whose holders a User Administrator may change, as the
// source of mayEnrol lists them.
func lesserRoles() []string {
	return []string{
		"88d8e3e3-8f55-4a1e-953a-9b9898b8876b", // Directory Readers
		"fdd7a751-b60b-444a-984c-02652fe8fa1c", // Groups Administrator
		"95e79109-95c0-4d8e-aee3-d01accf2d47b", // Guest Inviter
		helpdeskAdministrator,
		"790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", // Message Center Reader
		passwordAdministrator,
		"4a5d8f65-41da-4de4-8968-e035b65339cf", // Reports Reader
		"75934031-6c7e-415a-99d7-48dbd49e875e", // Usage Summary Reports Reader
		userAdministrator,
	}
}

// administrates says whether an account holds a directory role or is in a group that
// can hold one, and whether all of its roles are lesser ones.
func administrates(roles []policy.RoleAssignment, groups entramfa.Value[[]policy.Membership]) (admin, lesser bool) {
	list, _ := groups.Get()
	for _, m := range list {
		if m.Group.IsAssignableToRole != nil && *m.Group.IsAssignableToRole {
			return true, false
		}
	}
	for _, r := range roles {
		admin = true
		if !containsFold(lesserRoles(), r.TemplateID()) {
			return true, false
		}
	}
	return admin, admin
}

func holdsTenantWide(roles []policy.RoleAssignment, id string) bool {
	return slices.ContainsFunc(roles, func(r policy.RoleAssignment) bool { return r.TenantWide() && strings.EqualFold(r.TemplateID(), id) })
}

func roleNames(ids []string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = builtinrole.Name(id)
	}
	return names
}
