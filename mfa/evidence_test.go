package mfa_test

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// probed is the result of a probe that gets the answer, an hour after the check.
func probed(t *testing.T, answer mfa.TokenAnswer) *mfa.ProbeResult {
	t.Helper()
	result, err := mfa.Probe(t.Context(), &granter{answer: answer}, grantOf("secret"), &mfa.ProbeOptions{Now: now.Add(time.Hour)})
	require.NoError(t, err)
	return &result
}

var token = mfa.TokenAnswer{Status: 200, Body: json.RawMessage(`{"token_type":"Bearer"}`)}

// reportOf judges the facts with one policy that excludes or demands, and per-user MFA as it is.
func reportOf(t *testing.T, control string, profile *policy.SignIn, change func(*mfa.Facts)) mfa.Report {
	t.Helper()
	facts := clearFacts()
	if control != "" {
		users := `{"includeUsers":["All"],"excludeUsers":["` + accountID + `"]}`
		if control != "excluded" {
			users = `{"includeUsers":["All"]}`
		} else {
			control = "mfa"
		}
		var p policy.Policy
		require.NoError(t, json.Unmarshal([]byte(`{"id":"`+policyID+`","displayName":"Everyone","state":"enabled","conditions":{"clientAppTypes":["all"],
			"applications":{"includeApplications":["All"]},"users":`+users+`},"grantControls":{"operator":"OR","builtInControls":["`+control+`"]}}`), &p))
		facts.ConditionalAccess.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{p}})
	}
	if change != nil {
		change(&facts)
	}
	return mfa.Judge(facts, &mfa.Options{Now: now, Profile: profile})
}

func TestProbeBesideTheVerdict(t *testing.T) {
	graph, exchange := policy.GraphSignIn(), policy.ExchangeOnlineSignIn()
	pinned := policy.GraphSignIn()
	pinned.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}
	mfaBy := refusedWith("invalid_grant", "basic_action", claimsOf("capolids", policyID), 50076)
	mfaByOther := refusedWith("invalid_grant", "basic_action", claimsOf("capolids", "c0000000-0000-4000-8000-0000000000ff"), 50076)
	for name, c := range map[string]struct {
		control  string
		profile  *policy.SignIn
		answer   mfa.TokenAnswer
		disagree []string
		caveat   string
	}{
		"clear, token":               {"", nil, token, nil, ""},
		"clear, refused":             {"", nil, refusedWith("invalid_grant", "", "", 50076), []string{"the verdict is clear, and the sign-in was refused: AADSTS50076"}, ""},
		"clear, blocked":             {"", nil, refusedWith("invalid_grant", "", "", 53003), []string{"the sign-in was refused: AADSTS53003", "calls conditionalAccess clear"}, ""},
		"clear, wrong password":      {"", nil, refusedWith("invalid_grant", "", "", 50126), nil, ""},
		"MFA, refused":               {"mfa", nil, mfaBy, nil, ""},
		"MFA, token":                 {"mfa", nil, token, []string{"the verdict is mfa at every sign-in, and the password alone was enough (the probe at 2026-11-22T13:00:00Z)"}, ""},
		"MFA, blocked":               {"mfa", nil, refusedWith("invalid_grant", "", "", 53003), []string{"the verdict is mfa, and the sign-in met blocked"}, ""},
		"blocked, token":             {"block", nil, token, []string{"the verdict is blocked"}, ""},
		"excluded, and yet":          {"excluded", nil, mfaBy, []string{"the verdict is clear", `the policy "Everyone" refused the sign-in, and the report calls it clear`}, ""},
		"by a policy nobody read":    {"mfa", nil, mfaByOther, []string{"the report doesn't hold it"}, ""},
		"security defaults":          {"", nil, refusedWith("invalid_grant", "", "", 530035), []string{"the sign-in was refused", "calls securityDefaults clear"}, ""},
		"clear in another profile":   {"", &exchange, refusedWith("invalid_grant", "", "", 50076), nil, "beside the profile"},
		"clear in this profile":      {"", &graph, refusedWith("invalid_grant", "", "", 50076), []string{"the verdict is clear"}, ""},
		"clear at certain addresses": {"", &pinned, refusedWith("invalid_grant", "", "", 50076), nil, "from which one it came is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			report := reportOf(t, c.control, c.profile, nil)
			with := report.WithEvidence(mfa.Evidence{Probe: probed(t, c.answer), Disagreements: []string{"of before"}})
			require.Len(t, with.Evidence.Disagreements, len(c.disagree), "%q", with.Evidence.Disagreements)
			for i, text := range c.disagree {
				assert.Contains(t, with.Evidence.Disagreements[i], text)
			}
			if c.caveat == "" {
				assert.Empty(t, with.Evidence.Caveats)
			} else {
				require.Len(t, with.Evidence.Caveats, 1)
				assert.Contains(t, with.Evidence.Caveats[0], c.caveat)
			}
			assert.Nil(t, report.Evidence, "the report itself stays as it is")
			assert.Equal(t, report.Verdict, with.Verdict)
			assert.Equal(t, report.Findings, with.Findings)
		})
	}
}

func TestProbeFromAnAddress(t *testing.T) {
	profile := policy.GraphSignIn()
	profile.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("fe80::/64")}
	for address, c := range map[string]struct{ kept, caveat string }{
		"203.0.113.7":        {"203.0.113.7", ""},
		"::ffff:203.0.113.7": {"203.0.113.7", ""},
		"fe80::1%eth0":       {"fe80::1", ""},
		"198.51.100.1":       {"198.51.100.1", "beside the profile"},
		"":                   {"", "from which one it came is not known"},
	} {
		opts := &mfa.ProbeOptions{Now: now}
		if address != "" {
			opts.Address = netip.MustParseAddr(address)
		}
		probe, err := mfa.Probe(t.Context(), &granter{answer: refusedWith("invalid_grant", "", "", 50076)}, grantOf("secret"), opts)
		require.NoError(t, err)
		assert.Equal(t, c.kept, probe.Address)
		e := reportOf(t, "", &profile, nil).WithEvidence(mfa.Evidence{Probe: &probe}).Evidence
		if c.caveat == "" {
			assert.Len(t, e.Disagreements, 1, address)
			assert.Empty(t, e.Caveats, address)
			continue
		}
		assert.Empty(t, e.Disagreements, address)
		require.Len(t, e.Caveats, 1, address)
		assert.Contains(t, e.Caveats[0], c.caveat)
	}
}

func TestEvidenceOfAnotherTimeProvesLittle(t *testing.T) {
	refused := probed(t, refusedWith("invalid_grant", "", "", 50076))
	report := reportOf(t, "", nil, nil)
	for name, c := range map[string]struct {
		changed time.Time
		text    string
	}{
		"before the change":     {refused.At.Add(time.Minute), "older than the change of 2026-11-22T13:01:00Z"},
		"soon after the change": {refused.At.Add(-time.Hour), "may not have been in force yet"},
		"long after the change": {refused.At.Add(-3 * time.Hour), ""},
	} {
		e := report.WithEvidence(mfa.Evidence{Probe: refused, ChangedAt: &c.changed}).Evidence
		if c.text == "" {
			assert.Len(t, e.Disagreements, 1, name)
			continue
		}
		assert.Empty(t, e.Disagreements, name)
		require.Len(t, e.Caveats, 1, name)
		assert.Contains(t, e.Caveats[0], c.text)
	}
	report.CheckedAt = refused.At.Add(-25 * time.Hour)
	assert.Contains(t, report.WithEvidence(mfa.Evidence{Probe: refused}).Evidence.Caveats[0], "check again")
}

func TestSignInLogBesideTheVerdict(t *testing.T) {
	perUserOn := func(f *mfa.Facts) { f.Requirements = perUser("enforced") }
	exchange := policy.ExchangeOnlineSignIn()
	elsewhere := policy.GraphSignIn()
	elsewhere.Addresses = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	here := policy.GraphSignIn()
	here.Addresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	byPolicy := appliedPolicy(policyID, "failure", "Mfa")
	for name, c := range map[string]struct {
		control  string
		profile  *policy.SignIn
		change   func(*mfa.Facts)
		records  []mfa.SignInRecord
		disagree []string
		caveat   string
	}{
		"clear, success":                 {records: []mfa.SignInRecord{ropc(1, 0)}},
		"clear, wrong password":          {records: []mfa.SignInRecord{ropc(1, 50126)}},
		"clear, refused":                 {records: []mfa.SignInRecord{ropc(1, 50076)}, disagree: []string{"the verdict is clear, and the sign-in was refused: AADSTS50076"}},
		"clear, refused and passed":      {records: []mfa.SignInRecord{ropc(1, 0), ropc(2, 50076, demandedBy("multiConditionalAccess"), byPolicy)}},
		"clear, refused elsewhere":       {profile: &elsewhere, records: []mfa.SignInRecord{ropc(1, 50076)}, caveat: "beside the profile"},
		"clear, refused here":            {profile: &here, records: []mfa.SignInRecord{ropc(1, 50076)}, disagree: []string{"the verdict is clear"}},
		"clear, refused by another app":  {profile: &exchange, records: []mfa.SignInRecord{ropc(1, 50076)}, caveat: "beside the profile"},
		"MFA, success":                   {control: "mfa", records: []mfa.SignInRecord{ropc(1, 0)}, disagree: []string{"the password alone was enough (a password sign-in of the log at 2026-11-22T11:00:00Z)"}},
		"MFA, success and then refused":  {control: "mfa", records: []mfa.SignInRecord{ropc(1, 50076, byPolicy), ropc(2, 0)}},
		"MFA, success with a token":      {control: "mfa", records: []mfa.SignInRecord{ropc(1, 0, func(r *mfa.SignInRecord) { r.AuthenticationProtocol = "refreshTokenGrant" })}},
		"a policy that is called clear":  {control: "excluded", records: []mfa.SignInRecord{ropc(1, 50076, byPolicy)}, disagree: []string{"the verdict is clear", `the policy "Everyone" refused the sign-in`}},
		"a policy that is not there":     {control: "mfa", records: []mfa.SignInRecord{ropc(1, 50076, appliedPolicy("gone", "failure"))}, disagree: []string{`the policy "Policy gone" (gone) refused the sign-in, and the report doesn't hold it`}},
		"per-user MFA that is off":       {control: "mfa", records: []mfa.SignInRecord{ropc(1, 50076, demandedBy("user"))}, disagree: []string{"the sign-in log names the provider user, and the report calls perUserMFA clear"}},
		"per-user MFA that is on":        {change: perUserOn, records: []mfa.SignInRecord{ropc(1, 50076, demandedBy("user"))}},
		"per-user MFA of a person":       {control: "mfa", records: []mfa.SignInRecord{ropc(1, 0, inBrowser(""), demandedBy("user"))}, disagree: []string{"provider user"}},
		"per-user MFA of before":         {records: []mfa.SignInRecord{ropc(1, 0), ropc(2, 0, inBrowser(""), demandedBy("user"))}, caveat: "a person seems to use the account"},
		"partner requirement":            {control: "mfa", records: []mfa.SignInRecord{ropc(1, 50076, demandedBy("enforcedForCspAdmins"))}, disagree: []string{"no check can read it (partnerRequirement)"}},
		"identity protection":            {control: "mfa", records: []mfa.SignInRecord{ropc(1, 50076, demandedBy("riskBasedPolicy"))}, disagree: []string{"no check can read it (identityProtection)"}},
		"a provider nobody knows":        {control: "mfa", records: []mfa.SignInRecord{ropc(1, 50076, demandedBy("astrology"))}, caveat: "provider astrology"},
		"a person's policy is no matter": {records: []mfa.SignInRecord{ropc(1, 0, inBrowser(""), demandedBy("multiConditionalAccess"))}, caveat: "a person seems to use the account"},
		"a person uses it":               {records: []mfa.SignInRecord{ropc(1, 0, inBrowser("Edge 142"))}, caveat: "a person seems to use the account"},
	} {
		t.Run(name, func(t *testing.T) {
			evidence := gathered(t, &signInLog{interactive: c.records}, nil)
			e := reportOf(t, c.control, c.profile, c.change).WithEvidence(mfa.Evidence{SignIns: &evidence}).Evidence
			require.Len(t, e.Disagreements, len(c.disagree), "%q", e.Disagreements)
			for i, text := range c.disagree {
				assert.Contains(t, e.Disagreements[i], text)
			}
			if c.caveat == "" {
				assert.Empty(t, e.Caveats)
			} else {
				require.Len(t, e.Caveats, 1, "%q", e.Caveats)
				assert.Contains(t, e.Caveats[0], c.caveat)
			}
		})
	}
}

func TestEvidenceOfAnotherAccount(t *testing.T) {
	probe := probed(t, token)
	probe.Username = "other@contoso.com"
	e := reportOf(t, "mfa", nil, nil).WithEvidence(mfa.Evidence{Probe: probe, SignIns: &mfa.SignInEvidence{UserID: "other"}}).Evidence
	assert.Equal(t, []string{"the probe is of another account: other@contoso.com", "the sign-in log is of another account: other"}, e.Disagreements)
}

func TestReportWithEvidenceIsOfTheSameSchema(t *testing.T) {
	graph := policy.GraphSignIn()
	plain, err := json.Marshal(reportOf(t, "mfa", nil, nil))
	require.NoError(t, err)
	assert.NotContains(t, string(plain), `"evidence"`)
	assert.NotContains(t, string(plain), `"profile"`)
	report := reportOf(t, "mfa", &graph, nil).WithEvidence(mfa.Evidence{Probe: probed(t, token)})
	text, err := json.Marshal(report)
	require.NoError(t, err)
	var again mfa.Report
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, "entramfa.report/1", again.Schema)
	assert.Equal(t, report.Evidence, again.Evidence)
	assert.Equal(t, &graph, again.Profile)
}
