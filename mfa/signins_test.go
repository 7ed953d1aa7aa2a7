package mfa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const accountID = "b0000000-0000-4000-8000-000000000001"

// signInLog is a log in memory, in the order in which it is given.
type signInLog struct {
	interactive, nonInteractive       []mfa.SignInRecord
	interactiveErr, nonInteractiveErr error
	asked                             []mfa.SignInQuery
	given                             int
}

func (l *signInLog) SignInLog(ctx context.Context, q mfa.SignInQuery) iter.Seq2[mfa.SignInRecord, error] {
	l.asked = append(l.asked, q)
	records, err := l.interactive, l.interactiveErr
	if q.NonInteractive {
		records, err = l.nonInteractive, l.nonInteractiveErr
	}
	return func(yield func(mfa.SignInRecord, error) bool) {
		for _, r := range records {
			if l.given++; !yield(r, nil) {
				return
			}
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(mfa.SignInRecord{}, err)
		}
	}
}

// ropc is a password grant some hours ago.
func ropc(hours int, code int, change ...func(*mfa.SignInRecord)) mfa.SignInRecord {
	r := mfa.SignInRecord{
		ID: fmt.Sprintf("sign-in %d %d", hours, code), CreatedDateTime: now.Add(-time.Duration(hours) * time.Hour).Format(time.RFC3339),
		UserID: accountID, AppID: mfa.AzureCLI, AppDisplayName: "Backup", ResourceID: mfa.MicrosoftGraph, ResourceDisplayName: "Microsoft Graph",
		IPAddress: "203.0.113.7", ClientAppUsed: "Mobile Apps and Desktop clients", AuthenticationProtocol: "ropc",
		IsInteractive: pointer(false), ConditionalAccessStatus: "notApplied", Status: mfa.SignInStatus{ErrorCode: code},
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func demandedBy(providers ...string) func(*mfa.SignInRecord) {
	return func(r *mfa.SignInRecord) {
		r.AuthenticationRequirement = "multiFactorAuthentication"
		for _, p := range providers {
			r.RequirementPolicies = append(r.RequirementPolicies, mfa.RequirementPolicy{RequirementProvider: p})
		}
	}
}

func appliedPolicy(id, result string, controls ...string) func(*mfa.SignInRecord) {
	return func(r *mfa.SignInRecord) {
		r.AppliedPolicies = append(r.AppliedPolicies, mfa.AppliedPolicy{ID: id, DisplayName: "Policy " + id, Result: result, EnforcedGrantControls: controls})
	}
}

// inBrowser makes a sign-in one of a person.
func inBrowser(browser string) func(*mfa.SignInRecord) {
	return func(r *mfa.SignInRecord) {
		r.ID += " of a person"
		r.IsInteractive, r.ClientAppUsed, r.AuthenticationProtocol = pointer(true), "Browser", "oAuth2"
		r.DeviceDetail = &mfa.DeviceDetail{Browser: browser, OperatingSystem: "Windows10"}
	}
}

func gathered(t *testing.T, log *signInLog, opts *mfa.SignInOptions) mfa.SignInEvidence {
	t.Helper()
	if opts == nil {
		opts = &mfa.SignInOptions{Now: now}
	}
	e, err := mfa.SignIns(t.Context(), log, accountID, opts)
	require.NoError(t, err)
	return e
}

func TestSignInsReadsBothLogs(t *testing.T) {
	log := &signInLog{
		interactive: []mfa.SignInRecord{ropc(2, 0, func(r *mfa.SignInRecord) { r.IsInteractive = nil }), ropc(5, 50126)},
		nonInteractive: []mfa.SignInRecord{
			ropc(1, 50076, demandedBy("user", "multiConditionalAccess"), appliedPolicy("p1", "failure", "Mfa"), appliedPolicy("p2", "reportOnlyFailure", "Block")),
			ropc(3, 50140), ropc(4, 0, appliedPolicy("p1", "notApplied")),
			ropc(2, 0), // that of the other log
		},
	}
	e := gathered(t, log, nil)
	require.Len(t, log.asked, 2)
	assert.Equal(t, []bool{false, true}, []bool{log.asked[0].NonInteractive, log.asked[1].NonInteractive})
	for _, q := range log.asked {
		assert.Equal(t, accountID, q.UserID)
		assert.Equal(t, now.Add(-7*24*time.Hour), q.Since)
	}
	assert.Equal(t, mfa.SignInLog{Read: true, Records: 2, Successes: 1, Failures: 1, Oldest: pointer(now.Add(-5 * time.Hour))}, e.Interactive)
	assert.Equal(t, mfa.SignInLog{Read: true, Records: 4, Successes: 1, Failures: 1, Oldest: pointer(now.Add(-4 * time.Hour))}, e.NonInteractive)
	assert.Equal(t, now.Add(-2*time.Hour), e.LastSuccess.At)
	assert.True(t, e.LastSuccess.Interactive, "the log that it stood in says so")
	assert.Equal(t, 50076, e.LastFailure.Code)
	assert.Equal(t, e.LastSuccess, e.LastPasswordSuccess)
	assert.Equal(t, 50076, e.LastPasswordFailure.Code)
	assert.Empty(t, e.Missing)

	require.Len(t, e.Demands, 2)
	assert.Equal(t, "multiConditionalAccess", e.Demands[0].Provider)
	assert.Equal(t, entramfa.SourceConditionalAccess, e.Demands[0].Source)
	assert.Equal(t, entramfa.SourcePerUserMFA, e.Demands[1].Source)
	require.Len(t, e.Policies, 2)
	assert.Equal(t, map[string]int{"failure": 1, "notApplied": 1}, e.Policies[0].Results)
	assert.Equal(t, []string{"Mfa"}, e.Policies[0].Controls)
	assert.Equal(t, 50076, e.Policies[0].LastRefused.Code)
	assert.Nil(t, e.Policies[1].LastRefused, "report-only refuses nothing")
	assert.Empty(t, e.Policies[1].Controls, "and enforces nothing")
	text, err := json.Marshal(e)
	require.NoError(t, err)
	var again mfa.SignInEvidence
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, e, again)
}

func TestPasswordSignInsOfTheLog(t *testing.T) {
	protocol := func(name string) func(*mfa.SignInRecord) {
		return func(r *mfa.SignInRecord) { r.AuthenticationProtocol = name }
	}
	e := gathered(t, &signInLog{nonInteractive: []mfa.SignInRecord{
		ropc(1, 50126), ropc(2, 50140), ropc(3, 53003, protocol("oAuth2,ropc")), ropc(4, 0, protocol("unknownFutureValue")), ropc(5, 0),
	}}, nil)
	assert.Equal(t, now.Add(-3*time.Hour), e.LastPasswordFailure.At, "a wrong password says nothing, and a page is no failure")
	assert.Equal(t, now.Add(-5*time.Hour), e.LastPasswordSuccess.At)
	assert.Equal(t, now.Add(-1*time.Hour), e.LastFailure.At)
	assert.Equal(t, now.Add(-4*time.Hour), e.LastSuccess.At)
}

func TestSignInsMapsEveryProvider(t *testing.T) {
	for provider, source := range map[string]entramfa.Source{
		"user": entramfa.SourcePerUserMFA, "v1ConditionalAccess": entramfa.SourceConditionalAccess, "multiConditionalAccess": entramfa.SourceConditionalAccess,
		"v1ConditionalAccessDependency": entramfa.SourceConditionalAccess, "authenticationStrengths": entramfa.SourceConditionalAccess,
		"securityDefaults": entramfa.SourceSecurityDefaults, "mfaRegistrationRequiredBySecurityDefaults": entramfa.SourceSecurityDefaults,
		"enforcedForCspAdmins": mfa.SourcePartner, "riskBasedPolicy": mfa.SourceIdentityProtection,
		"tenantSessionRiskPolicy": mfa.SourceIdentityProtection, "accountCompromisePolicies": mfa.SourceIdentityProtection,
		"request": "", "somethingNew": "",
	} {
		e := gathered(t, &signInLog{nonInteractive: []mfa.SignInRecord{ropc(1, 50076, demandedBy(provider))}}, nil)
		require.Len(t, e.Demands, 1)
		assert.Equal(t, provider, e.Demands[0].Provider, "the log's own word is kept")
		assert.Equal(t, source, e.Demands[0].Source, provider)
	}
}

func TestSignInsNamesALogThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		action entramfa.Action
		text   string
	}{
		"licence":    {&entramfa.GraphError{Kind: entramfa.ErrLicense}, entramfa.ActionReview, "Entra ID P1"},
		"permission": {&entramfa.GraphError{Kind: entramfa.ErrPermission}, entramfa.ActionGrant, "AuditLog.Read.All"},
		"throttled":  {&entramfa.GraphError{Kind: entramfa.ErrThrottled}, entramfa.ActionCheckAgain, "later"},
	} {
		t.Run(name, func(t *testing.T) {
			e := gathered(t, &signInLog{interactive: []mfa.SignInRecord{ropc(1, 0)}, interactiveErr: c.err}, nil)
			assert.False(t, e.Interactive.Read)
			assert.NotEmpty(t, e.Interactive.Missing)
			assert.Equal(t, 1, e.Interactive.Records, "what came before the error counts")
			assert.True(t, e.NonInteractive.Read)
			require.Len(t, e.Missing, 1)
			assert.Contains(t, e.Missing[0], "interactive sign-ins")
			require.Len(t, e.Advice, 1)
			assert.Equal(t, c.action, e.Advice[0].Action)
			assert.Contains(t, e.Advice[0].Text, c.text)
			assert.NotEmpty(t, e.Person.Missing, "that no person was seen proves nothing")
		})
	}
	refused := errors.New("refused")
	e := gathered(t, &signInLog{interactiveErr: refused, nonInteractiveErr: refused}, nil)
	assert.Len(t, e.Missing, 2)
}

func TestSignInsSaysWhenItCuts(t *testing.T) {
	log := &signInLog{nonInteractive: []mfa.SignInRecord{ropc(1, 0), ropc(2, 0), ropc(3, 0)}}
	e := gathered(t, log, &mfa.SignInOptions{Now: now, Records: 2, Window: time.Hour * 24 * 30})
	assert.True(t, e.NonInteractive.Read)
	assert.True(t, e.NonInteractive.Cut)
	assert.Equal(t, 2, e.NonInteractive.Records)
	assert.Equal(t, 3, log.given, "not one more than shows that there are more")
	assert.Contains(t, e.Missing[0], "2 sign-ins were read")
	assert.False(t, gathered(t, log, &mfa.SignInOptions{Now: now, Records: 3}).NonInteractive.Cut)
}

func TestSignInsLeavesOutWhatIsNoAnswer(t *testing.T) {
	odd := []mfa.SignInRecord{
		ropc(1, 50076, func(r *mfa.SignInRecord) { r.UserID = "b0000000-0000-4000-8000-0000000000ff" }),
		ropc(2, 50076, func(r *mfa.SignInRecord) { r.CreatedDateTime = "yesterday" }),
		ropc(24*8, 50076), // older than the window
	}
	e := gathered(t, &signInLog{nonInteractive: odd}, nil)
	assert.Nil(t, e.LastFailure)
	assert.Equal(t, []string{"the log of non-interactive sign-ins holds a sign-in of another account", "the log of non-interactive sign-ins holds a sign-in without a time"}, e.Missing)
	blind := gathered(t, &signInLog{nonInteractive: []mfa.SignInRecord{ropc(1, 53003, func(r *mfa.SignInRecord) { r.ConditionalAccessStatus = "failure" })}}, nil)
	assert.Contains(t, blind.Missing[0], "Policy.Read.All")
}

func TestSignInsRefusesMisuse(t *testing.T) {
	_, err := mfa.SignIns(t.Context(), nil, accountID, nil)
	assert.ErrorContains(t, err, "reader")
	for _, name := range []string{"", " ", "svc@contoso.com", "{" + accountID + "}", accountID + " ", accountID[:35]} {
		log := &signInLog{}
		_, err = mfa.SignIns(t.Context(), log, name, nil)
		assert.ErrorContains(t, err, "needs the object id", name)
		assert.Empty(t, log.asked, name)
	}
	_, err = mfa.SignIns(t.Context(), &signInLog{}, accountID, &mfa.SignInOptions{Window: 31 * 24 * time.Hour})
	assert.ErrorContains(t, err, "30 days")
	_, err = mfa.SignIns(t.Context(), &signInLog{}, accountID, &mfa.SignInOptions{Records: -1})
	assert.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = mfa.SignIns(ctx, &signInLog{}, accountID, nil)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestPersonIsToldByInteractiveSignIns(t *testing.T) {
	registered := func(r *mfa.SignInRecord) {
		r.DeviceDetail.DeviceID, r.DeviceDetail.TrustType = "d", "Hybrid Azure AD joined"
		r.DeviceDetail.IsCompliant, r.DeviceDetail.IsManaged = pointer(true), pointer(true)
	}
	without := func(r *mfa.SignInRecord) { r.DeviceDetail = nil }
	interactive := func(is bool) func(*mfa.SignInRecord) {
		return func(r *mfa.SignInRecord) { r.IsInteractive = &is }
	}
	protocol := func(name string) func(*mfa.SignInRecord) {
		return func(r *mfa.SignInRecord) { r.AuthenticationProtocol = name }
	}
	app := func(browser, system string) func(*mfa.SignInRecord) {
		return func(r *mfa.SignInRecord) {
			r.ClientAppUsed = modern
			r.DeviceDetail = &mfa.DeviceDetail{Browser: browser, OperatingSystem: system}
		}
	}
	const unknown = "1 interactive sign-ins of unknown kind"
	for name, c := range map[string]struct {
		record  mfa.SignInRecord
		reason  string // of the person; none is found where it is empty
		missing string
	}{
		"browser":                   {ropc(1, 0, inBrowser("Edge 142.0.0")), "1 interactive sign-ins with a browser (Edge)", ""},
		"MFA asked in browser":      {ropc(1, 50074, inBrowser("Mobile Safari 18.1")), "Mobile Safari", ""},
		"browser in an app":         {ropc(1, 0, inBrowser("Chrome Mobile WebView 120"), protocol("")), "with a browser (Chrome Mobile WebView)", ""},
		"browser without details":   {ropc(1, 0, inBrowser(""), without, protocol("")), "1 interactive sign-ins with a browser", ""},
		"registered device":         {ropc(1, 0, inBrowser(""), registered), "hybrid azure ad joined", ""},
		"Outlook on a telephone":    {ropc(1, 0, inBrowser(""), app("Mobile Safari 18.1", "Ios 18.1"), protocol("")), "from a telephone or tablet (Ios)", ""},
		"Office":                    {ropc(1, 0, inBrowser(""), app("Rich Client 4.61.0.0", "Windows10")), "1 interactive sign-ins that are no password grants (Backup)", ""},
		"Office, MFA completed":     {ropc(1, 0, inBrowser(""), app("Rich Client 4.61.0.0", "Windows10"), protocol(""), demandedBy("user")), "1 interactive sign-ins with completed MFA", ""},
		"Office, MFA not completed": {ropc(1, 50074, inBrowser(""), app("Rich Client 4.61.0.0", "Windows10"), protocol(""), demandedBy("user")), "", unknown},
		"Office, of no protocol":    {ropc(1, 0, inBrowser(""), app("Rich Client 4.61.0.0", "Windows10"), protocol("")), "", unknown},
		"Office, of a new protocol": {ropc(1, 0, inBrowser(""), app("Rich Client 4.61.0.0", "Windows10"), protocol("unknownFutureValue")), "", unknown},
		"the usual protocols":       {ropc(1, 0, inBrowser(""), app("Rich Client 4.61.0.0", "Windows10"), protocol("none")), "that are no password grants", ""},
		"device code":               {ropc(1, 0, inBrowser(""), without, app("", ""), protocol("deviceCode")), "that are no password grants", ""},
		"who acts as a browser":     {ropc(1, 0, inBrowser("Python Requests 2.32")), "that are no password grants", ""},
		"of that, without protocol": {ropc(1, 0, inBrowser("Python Requests 2.32"), protocol("")), "", unknown},
		"a number nobody knows":     {ropc(1, 59999, inBrowser("Edge 142.0.0")), "", unknown},
		"nobody's browser":          {ropc(1, 50126, inBrowser("Chrome 142.0.0")), "", ""},
		"a grant by a library":      {ropc(1, 0, inBrowser("Edge 142.0.0"), protocol("ropc")), "", ""},
		"a grant with flags":        {ropc(1, 0, inBrowser("Edge 142.0.0"), protocol("oAuth2,ropc")), "", ""},
		"a grant, interactive":      {ropc(1, 0, interactive(true)), "", ""},
		"not interactive":           {ropc(1, 0, inBrowser("Edge 142.0.0"), interactive(false)), "", ""},
		"a token got with MFA":      {ropc(1, 0, inBrowser("Edge 142.0.0"), interactive(false), demandedBy("user")), "", "1 non-interactive sign-ins with completed MFA"},
	} {
		t.Run(name, func(t *testing.T) {
			person := gathered(t, &signInLog{interactive: []mfa.SignInRecord{c.record}}, nil).Person
			assert.Equal(t, c.reason != "", person.Found)
			if c.missing == "" {
				assert.Empty(t, person.Missing)
			} else {
				require.Len(t, person.Missing, 1)
				assert.Contains(t, person.Missing[0], c.missing)
			}
			if c.reason != "" {
				assert.Contains(t, fmt.Sprint(person.Reasons), c.reason)
				assert.Equal(t, now.Add(-time.Hour), *person.Last)
			}
		})
	}
}

func TestPersonCountsEverySignIn(t *testing.T) {
	person := gathered(t, &signInLog{interactive: []mfa.SignInRecord{
		ropc(3, 0, inBrowser("Edge 142")), ropc(2, 0, inBrowser("Edge 143")), ropc(1, 0, inBrowser("Python 3"), func(r *mfa.SignInRecord) { r.AuthenticationProtocol = "" }),
	}, interactiveErr: errors.New("throttled")}, nil).Person
	assert.Equal(t, 2, person.SignIns)
	assert.Equal(t, now.Add(-2*time.Hour), *person.Last)
	assert.Equal(t, []entramfa.Reason{{Condition: "deviceDetail", Text: "2 interactive sign-ins with a browser (Edge)"}}, person.Reasons)
	assert.Equal(t, []string{"the log of interactive sign-ins was not read to its end", "1 interactive sign-ins of unknown kind, a person's or not"}, person.Missing)
}

func TestProfileOfTheSignIns(t *testing.T) {
	at := func(address, resource string) func(*mfa.SignInRecord) {
		return func(r *mfa.SignInRecord) { r.IPAddress, r.ResourceID = address, resource }
	}
	_, ok := gathered(t, &signInLog{nonInteractive: []mfa.SignInRecord{ropc(1, 50126)}}, nil).Profile()
	assert.False(t, ok, "a wrong password may be anybody's")

	profile, ok := gathered(t, &signInLog{nonInteractive: []mfa.SignInRecord{
		ropc(1, 0), ropc(2, 0), ropc(3, 53003, at("2001:db8::1", mfa.ExchangeOnline)), ropc(4, 50126, at("198.51.100.1", mfa.SharePointOnline)),
		ropc(5, 0, at("198.51.100.2", mfa.SharePointOnline), func(r *mfa.SignInRecord) { r.AuthenticationProtocol = "none" }),
	}}, nil).Profile()
	require.True(t, ok)
	want := policy.PasswordSignIn()
	want.Applications = []string{mfa.ExchangeOnline, mfa.MicrosoftGraph}
	want.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("2001:db8::1/128")}
	assert.Equal(t, want, profile)

	profile, ok = gathered(t, &signInLog{nonInteractive: []mfa.SignInRecord{
		ropc(1, 0), ropc(2, 0, at("", "")),
		ropc(3, 0, func(r *mfa.SignInRecord) { r.ClientAppUsed = "IMAP4" }),
	}}, nil).Profile()
	require.True(t, ok)
	assert.Nil(t, profile.Applications, "a sign-in to something that isn't named may be to anything")
	assert.Nil(t, profile.Addresses)
	assert.Contains(t, profile.ClientAppTypes, "other")
}

func TestSignInsOutsideOfAProfile(t *testing.T) {
	const office, home = "203.0.113.7", "198.51.100.9"
	e := gathered(t, &signInLog{
		interactive: []mfa.SignInRecord{ropc(1, 0, inBrowser("Edge 142"), from(home, mfa.SharePointOnline, "Browser"))},
		nonInteractive: []mfa.SignInRecord{
			ropc(1, 0), ropc(2, 0), ropc(3, 0, from(office, mfa.ExchangeOnline, modern)), ropc(4, 53003, from(home, mfa.MicrosoftGraph, modern)), ropc(5, 0, from(home, mfa.MicrosoftGraph, modern)),
			ropc(6, 50126, from("192.0.2.1", mfa.MicrosoftGraph, modern)), ropc(7, 0, from("", mfa.MicrosoftGraph, modern)), ropc(8, 0, from(office, "", modern)),
		},
	}, nil)
	graph := policy.GraphSignIn()
	pinned := policy.GraphSignIn()
	pinned.Addresses = []netip.Prefix{netip.MustParsePrefix("::ffff:203.0.113.0/120")}
	addresses := policy.SignIn{Addresses: pinned.Addresses}
	open := policy.SignIn{Addresses: []netip.Prefix{pinned.Addresses[0], {}}}
	for name, c := range map[string]struct {
		profile policy.SignIn
		want    []string
	}{
		"every sign-in":            {policy.SignIn{}, nil},
		"addresses of no meaning":  {open, nil},
		"a resource":               {graph, []string{home + " to " + mfa.SharePointOnline, office + " to " + mfa.ExchangeOnline, office + " to "}},
		"an address":               {addresses, []string{home + " to " + mfa.SharePointOnline, home + " to " + mfa.MicrosoftGraph, " to " + mfa.MicrosoftGraph}},
		"a resource and addresses": {pinned, []string{home + " to " + mfa.SharePointOnline, office + " to " + mfa.ExchangeOnline, home + " to " + mfa.MicrosoftGraph, " to " + mfa.MicrosoftGraph, office + " to "}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, u := range e.Outside(c.profile) {
				got = append(got, u.Address+" to "+u.ResourceID)
			}
			assert.ElementsMatch(t, c.want, got)
		})
	}
	accepted := 0
	for _, u := range e.Outside(policy.SignIn{Applications: []string{}, UserActions: []string{"urn:user:registerdevice"}}) {
		accepted += u.Accepted
	}
	assert.Equal(t, 8, accepted, "no sign-in to a resource is one for user actions alone")
	assert.Len(t, e.Uses, 7, "the evidence itself stays as it is")
	assert.Empty(t, mfa.SignInEvidence{}.Outside(pinned))
}
