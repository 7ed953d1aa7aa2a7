package mfa_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// addPolicy adds a random policy, by a write that the strict tenant judges; one in
// thirty holds a word of a newer Graph.
func (h *house) addPolicy(t testing.TB) {
	p := h.randomPolicy()
	h.policies++
	if h.in(30) {
		_, err := h.tenant.AddPolicy(h.newer(t, p))
		require.NoError(t, err)
		return
	}
	_, _, err := h.tenant.CreatePolicy(t.Context(), p)
	var refused *entramfa.GraphError
	if errors.As(err, &refused) {
		h.refusedPolicies++
		return
	}
	require.NoError(t, err)
}

// newer gives the conditions a member that this version doesn't know.
func (h *house) newer(t testing.TB, p policy.Policy) policy.Policy {
	text, err := json.Marshal(p)
	require.NoError(t, err)
	text = []byte(strings.Replace(string(text), `"conditions":{`, `"conditions":{"weather":{"moon":"full"},`, 1))
	var odd policy.Policy
	require.NoError(t, json.Unmarshal(text, &odd))
	return odd
}

func (h *house) randomPolicy() policy.Policy {
	if h.in(12) {
		return h.handmadePin()
	}
	c := &policy.Conditions{ClientAppTypes: []string{"all"}, Users: h.whom(), Applications: h.targets()}
	p := policy.Policy{DisplayName: fmt.Sprintf("Policy %d", h.policies), State: h.state(), Conditions: c, GrantControls: h.controls()}
	if h.in(8) {
		p.DisplayName, p.TemplateID = "Microsoft-managed: "+p.DisplayName, new("4200930c-0da2-4e33-ca01-000000000007")
	}
	h.narrow(p)
	if len(c.Applications.IncludeUserActions) > 0 {
		c.ClientAppTypes, c.Devices = []string{"all"}, nil
		p.GrantControls = &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"mfa"}}
	}
	if h.in(15) { // session controls alone
		p.GrantControls = nil
		p.SessionControls = &policy.SessionControls{SignInFrequency: json.RawMessage(`{"isEnabled":true,"value":4,"type":"hours","frequencyInterval":"timeBased"}`)}
	}
	if h.in(25) {
		p.GrantControls = &policy.GrantControls{Operator: new("AND"), BuiltInControls: []string{"mfa", "passwordChange"}}
		p.Conditions = &policy.Conditions{
			ClientAppTypes: []string{"all"}, Users: c.Users, UserRiskLevels: []string{"high"},
			Applications: &policy.Applications{IncludeApplications: []string{"All"}},
		}
	}
	return p
}

// state is what it can be beside security defaults.
func (h *house) state() policy.State {
	state := policy.State(h.one("enabled", "enabled", "enabled", "enabled", string(policy.StateReportOnly), "disabled"))
	if h.defaults && state == policy.StateEnabled {
		state = policy.StateReportOnly
	}
	return state
}

// handmadePin is one that somebody made for the account before, well or not.
func (h *house) handmadePin() policy.Policy {
	p := policy.Policy{
		DisplayName: "Block svc from elsewhere", State: h.state(),
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Users:          &policy.Users{IncludeUsers: []string{h.account}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{"block"}},
	}
	switch h.IntN(4) {
	case 0:
		p.Conditions.Applications.ExcludeApplications = []string{h.one(mfa.ExchangeOnline, mfa.SharePointOnline)}
	case 1:
		p.Conditions.Users = &policy.Users{IncludeUsers: []string{"All"}, ExcludeUsers: h.some(2, h.others...)}
	default:
		p.Conditions.Locations = &policy.Locations{IncludeLocations: []string{"All"}, ExcludeLocations: h.upTo(2, h.places[:2]...)}
	}
	return p
}

// whom is a random user condition.
func (h *house) whom() *policy.Users {
	u := &policy.Users{IncludeUsers: []string{}, ExcludeGroups: h.some(3, h.groupIDs()...), ExcludeRoles: h.some(12, policy.GlobalAdministrator, directoryReaders, synchronizationRole)}
	u.ExcludeUsers = h.some(4, h.others...)
	if h.in(12) {
		u.ExcludeUsers = append(u.ExcludeUsers, h.one(strings.ToUpper(h.account), "GuestsOrExternalUsers", "c0000000-0000-4000-8000-00000000dead"))
	}
	if h.in(10) {
		u.ExcludeGuestsOrExternalUsers = h.guests()
	}
	switch h.IntN(10) {
	case 0, 1:
		u.IncludeGroups = h.upTo(2, h.groupIDs()...)
	case 2:
		u.IncludeRoles = h.upTo(3, policy.GlobalAdministrator, exchangeAdministrator, userAdministrator, directoryReaders)
	case 3:
		u.IncludeUsers = append(h.some(3, h.others...), h.account)
		u.IncludeGroups = h.some(4, h.groupIDs()...)
	case 4:
		u.IncludeGuestsOrExternalUsers = h.guests()
	case 5:
		u.IncludeUsers = []string{h.one("None", "GuestsOrExternalUsers", "All")}
	default:
		u.IncludeUsers = []string{"All"}
	}
	return u
}

func (h *house) groupIDs() []string {
	var ids []string
	for _, g := range h.groups {
		ids = append(ids, g.ID)
	}
	return append(ids, deletedGroup)
}

func (h *house) guests() *policy.GuestsOrExternalUsers {
	g := &policy.GuestsOrExternalUsers{GuestOrExternalUserTypes: policy.Flags(h.one("b2bCollaborationGuest", "internalGuest,b2bCollaborationGuest", "internalGuest", "b2bCollaborationMember,serviceProvider"))}
	if h.in(2) {
		g.ExternalTenants = &policy.ExternalTenants{MembershipKind: "all"}
		if h.in(2) {
			g.ExternalTenants = &policy.ExternalTenants{MembershipKind: "enumerated", Members: []string{partnerTenant}}
		}
	}
	return g
}

// targets is a random condition on resources.
func (h *house) targets() *policy.Applications {
	switch h.IntN(16) {
	case 0:
		return &policy.Applications{IncludeUserActions: []string{h.one("urn:user:registersecurityinfo", "urn:user:registerdevice")}}
	case 1:
		return &policy.Applications{IncludeAuthenticationContextClassReferences: []string{"c1"}}
	case 2, 3, 4:
		return &policy.Applications{IncludeApplications: h.upTo(3, mfa.ExchangeOnline, mfa.SharePointOnline, mfa.AzureManagement, "a1111111-1111-4111-8111-111111111111", "a2222222-2222-4222-8222-222222222222")}
	case 5, 6:
		return &policy.Applications{IncludeApplications: []string{"Office365"}, ExcludeApplications: h.some(3, mfa.SharePointOnline)}
	case 7:
		return &policy.Applications{IncludeApplications: []string{mfa.MicrosoftAdminPortals}}
	case 8, 9:
		return &policy.Applications{IncludeApplications: []string{"All"}, ExcludeApplications: h.upTo(2, mfa.ExchangeOnline, mfa.SharePointOnline, "Office365", mfa.AzureManagement)}
	}
	return &policy.Applications{IncludeApplications: []string{"All"}}
}

// narrow adds conditions.
func (h *house) narrow(p policy.Policy) {
	c := p.Conditions
	if h.in(3) {
		c.ClientAppTypes = h.upTo(2, "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other")
	}
	if h.in(5) {
		c.Platforms = &policy.Platforms{IncludePlatforms: []string{"all"}, ExcludePlatforms: h.some(2, "windows", "iOS", "android", "linux")}
		if h.in(3) {
			c.Platforms = &policy.Platforms{IncludePlatforms: h.upTo(3, "windows", "iOS", "android", "macOS", "linux")}
		}
	}
	if h.in(3) {
		c.Locations = &policy.Locations{IncludeLocations: []string{"All"}, ExcludeLocations: h.some(3, append([]string{policy.LocationAllTrusted}, h.places...)...)}
		if h.in(3) {
			c.Locations = &policy.Locations{IncludeLocations: h.upTo(2, h.places...), ExcludeLocations: h.some(5, policy.LocationAllTrusted, policy.LocationMFATrustedIPs)}
		}
	}
	if h.in(8) {
		c.SignInRiskLevels = h.upTo(2, "low", "medium", "high")
	}
	if h.in(10) {
		c.UserRiskLevels = h.upTo(2, "medium", "high")
	}
	if h.in(16) {
		c.InsiderRiskLevels = new(policy.Flags(strings.Join(h.upTo(2, "minor", "moderate", "elevated"), ",")))
	}
	if h.in(14) {
		c.AuthenticationFlows = &policy.AuthenticationFlows{TransferMethods: new(policy.Flags(h.one("deviceCodeFlow", "deviceCodeFlow,authenticationTransfer")))}
	}
	if h.in(8) {
		c.Devices = &policy.Devices{DeviceFilter: &policy.Filter{Mode: h.one("include", "exclude"), Rule: h.one(`device.isCompliant -eq True`, `device.trustType -ne "ServerAD"`, `device.model -startsWith "Surface"`)}}
	}
}

func (h *house) controls() *policy.GrantControls {
	g := &policy.GrantControls{Operator: new(h.one("AND", "OR")), BuiltInControls: []string{"mfa"}}
	switch h.IntN(10) {
	case 0, 1:
		g.BuiltInControls = []string{"block"}
	case 2:
		g.BuiltInControls = h.upTo(3, "mfa", "compliantDevice", "domainJoinedDevice", "compliantApplication")
	case 3, 4:
		g.BuiltInControls = h.some(6, "compliantDevice")
		id := h.one(append([]string{policy.StrengthMFA, policy.StrengthPhishingResistant}, h.strengs...)...)
		g.AuthenticationStrength = &policy.AuthenticationStrength{ID: id}
	case 5:
		g.TermsOfUse = []string{"d1111111-1111-4111-8111-111111111111"}
	}
	return g
}
