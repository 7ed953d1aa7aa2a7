package msgraph

import (
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// lacking returns the name of a member without which an item of a list says
// nothing and that every item of Graph has; "" where nothing is missing.
func lacking(item any) string {
	switch v := item.(type) {
	case *mfa.User:
		return unset("id", v.ID)
	case *mfa.Method:
		// A method without its type would pass for no second factor, or for one.
		return unset("@odata.type", v.Type)
	case *mfa.Registration:
		return unset("id", v.ID)
	case *mfa.Organization:
		return unset("id", v.ID)
	case *signInLine:
		return v.lacking()
	case *policy.Policy:
		return unset("id", v.ID)
	case *policy.NamedLocation:
		return unset("id", v.ID)
	case *policy.AuthenticationStrength:
		return unset("id", v.ID)
	case *policy.Group:
		return unset("id", v.ID)
	case *groupAccount:
		return unset("id", v.ID)
	case *policy.Principal:
		return unset("id", v.ID)
	case *policy.RoleAssignment:
		if key := unset("roleDefinitionId", v.RoleDefinitionID); key != "" {
			return key
		}
		return unset("principalId", v.PrincipalID)
	case *policy.GroupEligibility:
		if key := unset("groupId", v.GroupID) + unset("accessId", v.AccessID); key != "" {
			return key
		}
		return unset("principalId", v.PrincipalID)
	case *securitydefaults.SubscribedSKU:
		return unset("id", v.ID)
	}
	return ""
}

func unset(name, value string) string {
	if value == "" {
		return name
	}
	return ""
}
