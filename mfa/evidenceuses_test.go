package mfa_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// from makes a sign-in one from another address, to another resource, with another client.
func from(address, resource, client string) func(*mfa.SignInRecord) {
	return func(r *mfa.SignInRecord) {
		r.ID += address + resource + client
		r.IPAddress, r.ResourceID, r.ClientAppUsed = address, resource, client
	}
}

const modern = "Mobile Apps and Desktop clients"

func TestSignInUseKeepsItsOwnMoments(t *testing.T) {
	far := from("198.51.100.9", mfa.MicrosoftGraph, modern)
	byUser, byCA := demandedBy("user"), demandedBy("multiConditionalAccess")
	e := gathered(t, &signInLog{nonInteractive: []mfa.SignInRecord{
		ropc(1, 50126), ropc(2, 50140), ropc(3, 53003, appliedPolicy("p2", "failure")), ropc(4, 50076, byCA, appliedPolicy("p1", "failure"), appliedPolicy("p3", "notApplied")),
		ropc(5, 0), ropc(6, 50076, byUser, byCA, appliedPolicy("p1", "failure")), ropc(7, 0),
		ropc(2, 0, far), ropc(3, 50079, far, byUser),
	}}, nil)
	require.Len(t, e.Uses, 2)
	here, there := e.Uses[0], e.Uses[1]
	at := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	assert.Equal(t, at(5), here.LastSuccess.At)
	assert.Equal(t, at(3), here.LastRefused.At, "neither a wrong password nor a page is a refusal")
	require.Len(t, here.Demands, 2)
	for _, d := range here.Demands {
		want := map[string]mfa.UseDemand{
			"user":                   {Provider: "user", Source: entramfa.SourcePerUserMFA, Last: *momentAt(here, 6, 50076)},
			"multiConditionalAccess": {Provider: "multiConditionalAccess", Source: entramfa.SourceConditionalAccess, Last: *momentAt(here, 4, 50076)},
		}[d.Provider]
		assert.Equal(t, want, d)
	}
	require.Len(t, here.RefusedBy, 2, "one that did not apply refused nothing")
	assert.Equal(t, mfa.UseRefusal{ID: "p2", Name: "Policy p2", Last: *momentAt(here, 3, 53003)}, here.RefusedBy[0])
	assert.Equal(t, mfa.UseRefusal{ID: "p1", Name: "Policy p1", Last: *momentAt(here, 4, 50076)}, here.RefusedBy[1])

	assert.Equal(t, "198.51.100.9", there.Address)
	assert.Equal(t, at(2), there.LastSuccess.At)
	assert.Equal(t, at(3), there.LastRefused.At)
	assert.Empty(t, there.RefusedBy)
}

// momentAt is a password grant of the use.
func momentAt(u mfa.SignInUse, hours, code int) *mfa.SignInMoment {
	return &mfa.SignInMoment{
		At: now.Add(-time.Duration(hours) * time.Hour), Code: code, Resource: u.ResourceID, Client: u.ClientID, Address: u.Address, Protocol: u.Protocol,
	}
}

func TestAnUnrelatedSignInHidesNothing(t *testing.T) {
	here := policy.GraphSignIn()
	here.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	mapped := policy.GraphSignIn()
	mapped.Addresses = []netip.Prefix{netip.MustParsePrefix("::ffff:203.0.113.0/120")}
	far, exchange := from("198.51.100.9", mfa.MicrosoftGraph, modern), from("203.0.113.7", mfa.ExchangeOnline, modern)
	imap, neighbour := from("203.0.113.7", mfa.MicrosoftGraph, "IMAP4"), from("203.0.113.8", mfa.MicrosoftGraph, modern)
	refused := "the verdict is clear, and the sign-in was refused"
	enough := "the password alone was enough"
	const beside = "it is a sign-in beside the profile"
	for name, c := range map[string]struct {
		profile  *policy.SignIn
		control  string
		change   func(*mfa.Facts)
		records  []mfa.SignInRecord
		disagree []string
		caveats  []string
	}{
		"refused, and passed later elsewhere":      {&here, "", nil, []mfa.SignInRecord{ropc(1, 0, far), ropc(2, 50076)}, []string{refused}, nil},
		"refused, and passed later at another app": {&here, "", nil, []mfa.SignInRecord{ropc(1, 0, exchange), ropc(2, 50076)}, []string{refused}, nil},
		"refused, and passed later by a neighbour": {&here, "", nil, []mfa.SignInRecord{ropc(1, 0, neighbour), ropc(2, 50076)}, []string{refused}, nil},
		"refused, and refused later elsewhere":     {&here, "", nil, []mfa.SignInRecord{ropc(1, 50076, far), ropc(2, 53003)}, []string{"AADSTS53003"}, []string{beside}},
		"refused, and passed later":                {&here, "", nil, []mfa.SignInRecord{ropc(1, 0), ropc(2, 50076)}, nil, nil},
		"refused by IMAP alone":                    {&here, "", nil, []mfa.SignInRecord{ropc(2, 53003, imap)}, nil, []string{beside}},
		"passed, and refused later elsewhere":      {&here, "mfa", nil, []mfa.SignInRecord{ropc(1, 50076, far), ropc(2, 0)}, []string{enough}, nil},
		"passed elsewhere alone":                   {&here, "mfa", nil, []mfa.SignInRecord{ropc(1, 0, far), ropc(2, 50076)}, nil, []string{beside}},
		"refused by a policy that is called clear": {
			&here, "excluded", nil, []mfa.SignInRecord{ropc(1, 0, far), ropc(2, 53003, appliedPolicy(policyID, "failure", "Block"))}, []string{refused, `the policy "Everyone" refused the sign-in`}, nil,
		},
		"a demand, and passed later elsewhere": {
			&here, "mfa", nil, []mfa.SignInRecord{ropc(1, 0, far), ropc(2, 50076, demandedBy("user"))}, []string{"calls perUserMFA clear"}, []string{beside},
		},
		"a person's demand, and passed later elsewhere": {
			&here, "", nil, []mfa.SignInRecord{ropc(1, 0, far), ropc(2, 0, inBrowser(""), demandedBy("user"))}, []string{"calls perUserMFA clear"}, nil,
		},
		"a person's demand, and passed later": {&here, "", nil, []mfa.SignInRecord{ropc(1, 0), ropc(2, 0, inBrowser(""), demandedBy("user"))}, nil, nil},
		"within IPv4 addresses in IPv6":       {&mapped, "", nil, []mfa.SignInRecord{ropc(2, 50076)}, []string{refused}, nil},
		"beside IPv4 addresses in IPv6":       {&mapped, "", nil, []mfa.SignInRecord{ropc(2, 50076, far)}, nil, []string{beside}},
		"an address in IPv6 of one of IPv4":   {&here, "", nil, []mfa.SignInRecord{ropc(2, 50076, from("::ffff:203.0.113.9", mfa.MicrosoftGraph, modern))}, []string{refused}, nil},
		"several of the same": {
			&here, "", nil, []mfa.SignInRecord{ropc(2, 50076), ropc(1, 50076, neighbour), ropc(3, 50076, far)},
			[]string{"(a password sign-in of the log at 2026-11-22T11:00:00Z, and 1 more ways to sign in)"}, []string{"at 2026-11-22T09:00:00Z); " + beside},
		},
	} {
		t.Run(name, func(t *testing.T) {
			evidence := gathered(t, &signInLog{interactive: c.records}, nil)
			e := reportOf(t, c.control, c.profile, c.change).WithEvidence(mfa.Evidence{SignIns: &evidence}).Evidence
			e.Caveats = withoutPerson(e.Caveats)
			require.Len(t, e.Disagreements, len(c.disagree), "%q", e.Disagreements)
			for i, text := range c.disagree {
				assert.Contains(t, e.Disagreements[i], text)
			}
			require.Len(t, e.Caveats, len(c.caveats), "%q", e.Caveats)
			for i, text := range c.caveats {
				assert.Contains(t, e.Caveats[i], text)
			}
		})
	}
}

// withoutPerson leaves out the caveat that a person seems to use the account.
func withoutPerson(caveats []string) []string {
	var others []string
	for _, text := range caveats {
		if !strings.HasPrefix(text, "a person seems") {
			others = append(others, text)
		}
	}
	return others
}

func TestSignInsOfAProfileOfActionsAlone(t *testing.T) {
	registers := policy.SignIn{Applications: []string{}, UserActions: []string{"urn:user:registersecurityinfo"}}
	evidence := gathered(t, &signInLog{interactive: []mfa.SignInRecord{ropc(2, 50076)}}, nil)
	e := reportOf(t, "", &registers, nil).WithEvidence(mfa.Evidence{SignIns: &evidence}).Evidence
	assert.Empty(t, e.Disagreements)
	require.Len(t, e.Caveats, 1)
	assert.Contains(t, e.Caveats[0], "beside the profile")
}
