package main

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// The groups of the built-in tenant, the role that one of them holds, and the
// office that a policy names.
const (
	emergency     = "a0000000-0000-4000-8000-000000000001"
	serviceGroup  = "a0000000-0000-4000-8000-000000000002"
	oldPrinters   = "a0000000-0000-4000-8000-000000000003" // in serviceGroup
	retired       = "a0000000-0000-4000-8000-000000000004"
	reporting     = "a0000000-0000-4000-8000-000000000005"
	mailTeam      = "a0000000-0000-4000-8000-000000000006"
	headOffice    = "d0000000-0000-4000-8000-000000000001"
	exchangeAdmin = "29232cdf-9323-42fd-ade2-1d097af3e4de"
)

// embeddedPolicies are the policies of the built-in tenant, as Graph gives them.
//
//go:embed policies.json
var embeddedPolicies []byte

// person is an account of the built-in tenant.
type person struct {
	upn, name string
	change    func(*mfa.User)
	groups    []string
}

func guest(u *mfa.User) {
	u.UserType, u.CreationType, u.ExternalUserState = new("Guest"), new("Invitation"), new("Accepted")
}

func temporary(u *mfa.User) { u.UserType = new("Guest") }

func disabled(u *mfa.User) { u.AccountEnabled = new(false) }

func people() []person {
	return []person{
		{upn: "ann@contoso.com", name: "Ann Peeters"},
		{upn: "ben@contoso.com", name: "Ben Aydin"},
		{upn: "carla@contoso.com", name: "Carla Rossi"},
		{upn: "left@contoso.com", name: "Who left last year", change: disabled},
		{upn: "dora@contoso.com", name: "Dora, Global Administrator"},
		{upn: "erik@contoso.com", name: "Erik, Exchange Administrator by his team", groups: []string{mailTeam}},
		{upn: "emergency-1@contoso.com", name: "Emergency access 1", groups: []string{emergency}},
		{upn: "emergency-2@contoso.com", name: "Emergency access 2", groups: []string{emergency}},
		{upn: "maria_fabrikam.com#EXT#@contoso.com", name: "Maria, of a partner", change: guest},
		{upn: "temp@contoso.com", name: "Temporary staff", change: temporary},
		{upn: "svc-backup@contoso.com", name: "Backup Service Account", groups: []string{serviceGroup}},
		{upn: "svc-printer@contoso.com", name: "Scan to mail", groups: []string{oldPrinters}},
		{upn: "svc-retired@contoso.com", name: "Old Directory Synchronization", groups: []string{retired}},
		{upn: "svc-reports@contoso.com", name: "Reporting Service Account", groups: []string{serviceGroup, reporting}},
	}
}

// embeddedTenant is a tenant in memory. Its service accounts need no MFA and are
// held to the head office; one was put into a group within theirs, which the
// policy on the head office leaves out.
func embeddedTenant() (open.Reader, error) {
	var t graphfake.Tenant
	for id, name := range map[string]string{
		emergency: "Emergency access", serviceGroup: "Service accounts", oldPrinters: "Old printers", retired: "To be retired", reporting: "Reporting",
	} {
		t.AddGroup(policy.Group{ID: id, DisplayName: name})
	}
	t.AddGroup(policy.Group{ID: mailTeam, DisplayName: "Mail team", IsAssignableToRole: new(true)})
	t.AddNamedLocation(policy.NamedLocation{
		ID: headOffice, Type: policy.IPNamedLocation, DisplayName: "Head office", IsTrusted: new(true),
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/24"}},
	})
	err := errors.Join(addPeople(&t), t.AddMember(serviceGroup, oldPrinters), assign(&t), open.AddPolicies(&t, embeddedPolicies))
	return &t, err
}

func addPeople(t *graphfake.Tenant) error {
	for i, p := range people() {
		user := mfa.User{ID: fmt.Sprintf("b0000000-0000-4000-8000-%012d", i+1), UserPrincipalName: p.upn, DisplayName: p.name}
		if p.change != nil {
			p.change(&user)
		}
		t.AddUser(user)
		for _, group := range p.groups {
			if err := t.AddMember(group, user.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// assign gives one role to an account, and one to a group.
func assign(t *graphfake.Tenant) error {
	_, err := t.AssignRole(policy.RoleAssignment{PrincipalID: "dora@contoso.com", RoleDefinitionID: policy.GlobalAdministrator})
	_, err2 := t.AssignRole(policy.RoleAssignment{PrincipalID: mailTeam, RoleDefinitionID: exchangeAdmin})
	return errors.Join(err, err2)
}
