package main

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// The groups of the built-in tenant, the roles that it gives, and the office that a
// policy names.
const (
	emergency  = "a0000000-0000-4000-8000-000000000001"
	exempt     = "a0000000-0000-4000-8000-000000000002"
	mailTeam   = "a0000000-0000-4000-8000-000000000003"
	headOffice = "d0000000-0000-4000-8000-000000000001"

	exchange   = "29232cdf-9323-42fd-ade2-1d097af3e4de"
	sharePoint = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"
	users      = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	helpdesk   = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	billing    = "b0f54661-2d74-4c50-afa3-1ec803f12efe"
	readers    = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
)

// The methods that the accounts have.
const (
	key   = "#microsoft.graph.fido2AuthenticationMethod"
	app   = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"
	email = "#microsoft.graph.emailAuthenticationMethod"
)

// embeddedPolicies are the policies of the built-in tenant, as Graph gives them.
//
//go:embed policies.json
var embeddedPolicies []byte

// person is an account of the built-in tenant.
type person struct {
	upn, name      string
	role, eligible string
	methods        []string
	group          string
	change         func(*mfa.User)
	perUser        mfa.PerUserState
}

func disabled(u *mfa.User) { u.AccountEnabled = new(false) }

func guest(u *mfa.User) {
	u.UserType, u.CreationType, u.ExternalUserState = new("Guest"), new("Invitation"), new("Accepted")
}

func people() []person {
	return []person{
		{upn: "alma", name: "Alma, Global Administrator", role: policy.GlobalAdministrator, methods: []string{key}},
		{upn: "boris", name: "Boris, in the mail team", group: mailTeam, methods: []string{app}},
		{upn: "chiara", name: "Chiara, who can become one", eligible: users, methods: []string{app}},
		{upn: "deniz", name: "Deniz, at the help desk", role: helpdesk, methods: []string{app}},
		{upn: "eva", name: "Eva, who pays the bills", role: billing, methods: []string{app}, perUser: mfa.PerUserEnforced},
		{upn: "felix", name: "Felix, new in the mail team", group: mailTeam, methods: []string{email}},
		{upn: "greta", name: "Greta, who looks after the sites", role: sharePoint, methods: []string{app}},
		{upn: "hugo", name: "Hugo, who left", role: users, change: disabled},
		{upn: "ines_partner.example#EXT#", name: "Ines, an auditor", role: readers, methods: []string{app}, change: guest},
		{upn: "emergency-1", name: "Emergency access 1", role: policy.GlobalAdministrator, group: emergency, methods: []string{key}},
		{upn: "emergency-2", name: "Emergency access 2", role: policy.GlobalAdministrator, group: emergency},
		{upn: "svc-backup", name: "Backup Service Account", role: exchange, group: exempt},
		{upn: "jan", name: "Jan, in accounting", methods: []string{app}},
		{upn: "svc-printer", name: "Scan to mail", group: exempt},
	}
}

// unreadable is the account whose methods the service doesn't show.
const unreadable = "greta"

// embeddedTenant is a partner's tenant in memory.
func embeddedTenant() (open.Reader, error) {
	var t graphfake.Tenant
	t.AddGroup(policy.Group{ID: emergency, DisplayName: "Emergency access"})
	t.AddGroup(policy.Group{ID: exempt, DisplayName: "Exempt from MFA"})
	t.AddGroup(policy.Group{ID: mailTeam, DisplayName: "Mail team", IsAssignableToRole: new(true)})
	t.AddNamedLocation(policy.NamedLocation{
		ID: headOffice, Type: policy.IPNamedLocation, DisplayName: "Head office", IsTrusted: new(true),
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/24"}},
	})
	_, err := t.AssignRole(policy.RoleAssignment{PrincipalID: mailTeam, RoleDefinitionID: exchange})
	for i, p := range people() {
		err = errors.Join(err, add(&t, fmt.Sprintf("b0000000-0000-4000-8000-%012d", i+1), p))
	}
	return &t, errors.Join(err, open.AddPolicies(&t, embeddedPolicies))
}

// add adds an account with what it holds.
func add(t *graphfake.Tenant, id string, p person) error {
	user := mfa.User{ID: id, UserPrincipalName: p.upn + "@contoso.com", DisplayName: p.name}
	if p.change != nil {
		p.change(&user)
	}
	t.AddUser(user)
	var errs []error
	for _, method := range p.methods {
		errs = append(errs, t.AddMethod(id, mfa.Method{Type: method}))
	}
	if p.group != "" {
		errs = append(errs, t.AddMember(p.group, id))
	}
	if p.role != "" {
		_, err := t.AssignRole(policy.RoleAssignment{PrincipalID: id, RoleDefinitionID: p.role})
		errs = append(errs, err)
	}
	if p.eligible != "" {
		_, err := t.MakeEligible(policy.RoleAssignment{PrincipalID: id, RoleDefinitionID: p.eligible})
		errs = append(errs, err)
	}
	if p.perUser != "" {
		errs = append(errs, t.SetPerUserState(id, p.perUser))
	}
	if p.upn == unreadable {
		t.Fail(graphfake.Failure{Path: "/users/" + id + "/authentication/methods", Err: &entramfa.GraphError{Status: http.StatusForbidden}})
	}
	return errors.Join(errs...)
}
