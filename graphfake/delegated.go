package graphfake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// What an application may that calls for somebody: a permission of the token opens
// the route, and whom it calls for must be allowed to do it.
// Source: https://learn.microsoft.com/graph/permissions-overview.

// DelegatedToken returns an access token as an account gets it that signs in to an
// application with these permissions, by its id or user principal name. It opens
// what the permissions and the account's directory roles open. An account that
// doesn't exist gives Graph's 404.
func (t *Tenant) DelegatedToken(user string, permissions ...string) (string, error) {
	t.mu.Lock()
	found, err := t.directory.user(user)
	t.mu.Unlock()
	if err != nil {
		return "", err
	}
	return t.sealed(t.claimsFor(graphURI, func(c *claims) {
		t.fillUser(c, found)
		c.AppID, c.AMR, c.Scopes = callerAppID, []string{"pwd"}, strings.Join(permissions, " ")
	})), nil
}

// delegated says that an application has the token for somebody. The token that
// Tenant.Token makes for an account has app roles, and isn't one.
func (c claims) delegated() bool { return c.IDType == "user" && c.Roles == nil }

// permissions are what the token holds for routes.
func (c claims) permissions() []string {
	if c.delegated() {
		return strings.Fields(c.Scopes)
	}
	return c.Roles
}

// mayCall returns the refusal of a call for which the token, or the account behind
// it, lacks something.
func (t *Tenant) mayCall(c *call, r *route) *entramfa.GraphError {
	if !c.delegated {
		if r.opens(c.roles) {
			return nil
		}
		return r.denied()
	}
	own := t.own(c, r)
	if !r.opensDelegated(c.roles, own) {
		return r.denied()
	}
	roles := r.wantedRoles()
	if own && r.method == http.MethodGet || len(roles) == 0 {
		return nil
	}
	t.mu.Lock()
	held := t.directory.tenantRoles(c.who.ID)
	t.mu.Unlock()
	if !slices.ContainsFunc(append(roles, globalAdmin), func(role string) bool { return slices.Contains(held, role) }) {
		return r.deniedRole()
	}
	return nil
}

// own says whether a call is about who calls.
func (t *Tenant) own(c *call, r *route) bool {
	path := strings.ToLower(r.path)
	if path == "/me" || strings.HasPrefix(path, "/me/") {
		return true
	}
	if !strings.HasPrefix(path, "/users/{}") || len(c.vars) == 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	user, err := t.directory.user(c.vars[0])
	return err == nil && self(c.who, user)
}

// opensDelegated says whether the scopes of a token open the route. Of what is the
// caller's own a permission is enough that doesn't end in .All.
func (r *route) opensDelegated(scopes []string, own bool) bool {
	wanted := slices.Concat(r.permissions, delegatedToo[r.method+" "+strings.ToLower(r.path)])
	if own {
		for _, permission := range wanted {
			if narrow, all := strings.CutSuffix(permission, ".All"); all && strings.HasPrefix(narrow, "User") {
				wanted = append(wanted, narrow)
			}
		}
	} else {
		wanted = slices.DeleteFunc(wanted, func(permission string) bool { return ownOnly(permission) && strings.Contains(r.path, "{}") })
	}
	return grantedFold(scopes, wanted) &&
		!slices.ContainsFunc(r.also, func(wanted []string) bool { return !grantedFold(scopes, wanted) })
}

// ownOnly says that a delegated permission is about who signed in.
func ownOnly(permission string) bool {
	return strings.HasPrefix(permission, "User") && !strings.HasSuffix(permission, ".All")
}

// grantedFold is granted without case, as scopes are compared.
func grantedFold(scopes, wanted []string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool { return containsFold(wanted, scope) })
}

// delegatedToo are the delegated permissions that open a call beside its application
// permissions, where they aren't those without .All. Source: as in permissions.go.
var delegatedToo = map[string][]string{
	"GET /organization":                                      {"User.Read"},
	"GET /rolemanagement/directory/roleassignments":          {"RoleManagement.Read.All"},
	"GET /rolemanagement/directory/roleassignments/{}":       {"RoleManagement.Read.All"},
	"GET /serviceprincipals":                                 {"Directory.ReadWrite.All"},
	"GET /users/{}/licensedetails":                           {"User.Read"},
	"GET /users/{}/memberof":                                 {"User.Read"},
	"GET /users/{}/memberof/microsoft.graph.group":           {"User.Read"},
	"GET /users/{}/transitivememberof":                       {"User.Read"},
	"GET /users/{}/transitivememberof/microsoft.graph.group": {"User.Read"},
	"POST /users/{}/getmemberobjects":                        {"User.Read"},
	"POST /users/{}/checkmemberobjects":                      {"User.Read"},
	"GET /me":                                                {"User.Read"},
	"GET /me/memberof":                                       {"User.Read"},
	"GET /me/transitivememberof":                             {"User.Read"},
}

// need is what roles the calls under a path ask of an account, one of which is
// enough, and Global Administrator always is. Without one any member of the tenant may.
type need struct {
	path        string
	read, write []string
}

var (
	readsConditional  = []string{securityReader, globalReader, securityAdmin, conditionalAdmin, globalSecureAccess}
	writesConditional = []string{conditionalAdmin, securityAdmin}
	readsMethods      = []string{globalReader, authenticationAdmin, privilegedAuthAdmin}
	readsReports      = []string{reportsReader, securityReader, securityAdmin, securityOperator, globalReader}
	managesUsers      = []string{userAdmin, directoryWriters}
)

// needs are the roles by the path of a route, the first that fits. The roles are those
// of the pages of each call, of which
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies is the first;
// whom a role reaches mayManage says. For security defaults and for the policy on
// authentication methods the pages name fewer than the roles' own page does:
// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
var needs = []need{
	{"/identity/conditionalaccess/authenticationstrength", append(slices.Clip(readsConditional), authPolicyAdmin), append(slices.Clip(writesConditional), authPolicyAdmin)},
	{"/identity/conditionalaccess", readsConditional, writesConditional},
	{"/policies/authenticationstrengthpolicies", append(slices.Clip(readsConditional), authPolicyAdmin), append(slices.Clip(writesConditional), authPolicyAdmin)},
	{"/policies/identitysecuritydefaultsenforcementpolicy", readsConditional, writesConditional},
	{"/policies/authenticationmethodspolicy", []string{globalReader, securityReader, securityAdmin, authPolicyAdmin}, []string{authPolicyAdmin}},
	{"/users/{}/authentication/requirements", []string{globalReader, authPolicyAdmin, authenticationAdmin, privilegedAuthAdmin}, []string{authPolicyAdmin, authenticationAdmin, privilegedAuthAdmin}},
	{"/users/{}/authentication", readsMethods, []string{authenticationAdmin, privilegedAuthAdmin}},
	{"/auditlogs", readsReports, nil},
	{"/reports", readsReports, nil},
	{"/rolemanagement", []string{directoryReaders, globalReader, privilegedRoleAdmin, securityReader, securityAdmin}, []string{privilegedRoleAdmin}},
	{"/directoryroles", nil, []string{privilegedRoleAdmin}},
	{"/groups", nil, []string{groupsAdmin, userAdmin, directoryWriters, privilegedRoleAdmin}},
	{"/applications", nil, []string{applicationAdmin, cloudApplicationAdmin}},
	{"/serviceprincipals", nil, []string{applicationAdmin, cloudApplicationAdmin}},
}

// createsUsers are the writes of accounts of which no other rule says who may.
var createsUsers = []string{"POST /users", "DELETE /users/{}"}

// wantedRoles are the roles of which the route asks one; none where any member may, or
// where the route itself looks whom the caller reaches.
func (r *route) wantedRoles() []string {
	path, reads := strings.ToLower(r.path), r.success == 0
	if slices.Contains(createsUsers, r.method+" "+path) {
		return slices.Clone(managesUsers)
	}
	for _, n := range needs {
		if path != n.path && !strings.HasPrefix(path, n.path+"/") {
			continue
		}
		if reads {
			return slices.Clone(n.read)
		}
		return slices.Clone(n.write)
	}
	return nil
}

// deniedRole is how the service behind the route says that the account lacks a role.
// No permission is missing. Only the words for the sign-in log are published.
func (r *route) deniedRole() *entramfa.GraphError {
	refusal := r.denied()
	switch r.service {
	case reports:
		refusal = graphError(http.StatusForbidden, "Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles")
	case conditionalAccess:
		refusal = graphError(http.StatusForbidden, "AccessDenied", "You do not have permission to perform the requested operation.")
	}
	refusal.Permissions = []string{}
	return refusal
}

// fillUser writes an account into a token. Its roles are those that it holds now.
func (t *Tenant) fillUser(c *claims, user mfa.User) {
	c.ObjectID, c.Subject, c.UPN, c.PreferredUsername, c.Name = user.ID, user.ID, user.UserPrincipalName, user.UserPrincipalName, user.DisplayName
	c.IDType, c.ClientAuth = "user", "0"
	t.mu.Lock()
	defer t.mu.Unlock()
	c.DirectoryRoles = t.directory.tenantRoles(user.ID)
}
