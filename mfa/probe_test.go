package mfa_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

const policyID = "c0000000-0000-4000-8000-000000000001"

// granter answers every grant in the same way, and counts them.
type granter struct {
	answer mfa.TokenAnswer
	err    error
	asked  int
}

func (g *granter) PasswordGrant(_ context.Context, grant mfa.PasswordGrant) (mfa.TokenAnswer, error) {
	g.asked++
	return g.answer, g.err
}

func grantOf(password string) mfa.PasswordGrant {
	return mfa.PasswordGrant{
		Username: "svc@contoso.com", Password: mfa.NewSecret(password),
		Resource: mfa.MicrosoftGraph, ClientID: mfa.AzureCLI,
	}
}

// refusedWith is an answer as the token endpoint gives it.
func refusedWith(kind, suberror, claims string, codes ...int) mfa.TokenAnswer {
	body := map[string]any{"error": kind, "error_description": "Refused. Trace ID: x", "error_codes": codes, "trace_id": "t", "correlation_id": "c"}
	if suberror != "" {
		body["suberror"] = suberror
	}
	if claims != "" {
		body["claims"] = claims
	}
	text, _ := json.Marshal(body)
	return mfa.TokenAnswer{Status: 400, Body: text}
}

func claimsOf(member string, ids ...string) string {
	text, _ := json.Marshal(map[string]any{"access_token": map[string]any{member: map[string]any{"essential": true, "values": ids}}})
	return string(text)
}

func TestProbeReadsEachAnswer(t *testing.T) {
	ca, defaults := entramfa.SourceConditionalAccess, entramfa.SourceSecurityDefaults
	all := []entramfa.Source{ca, entramfa.SourcePerUserMFA, defaults, entramfa.SourceMandatoryMFA}
	body := func(text string) mfa.TokenAnswer { return mfa.TokenAnswer{Status: 400, Body: json.RawMessage(text)} }
	for name, c := range map[string]struct {
		answer   mfa.TokenAnswer
		outcome  entramfa.Outcome
		accepted *bool
		sources  []entramfa.Source
		policies []string
		text     string
	}{
		"token":               {mfa.TokenAnswer{Status: 200, Body: json.RawMessage(`{"token_type":"Bearer","expires_in":3599}`)}, entramfa.Clear, pointer(true), nil, nil, "its password alone"},
		"MFA by a policy":     {refusedWith("invalid_grant", "basic_action", claimsOf("capolids", policyID), 50076), entramfa.MFA, pointer(true), []entramfa.Source{ca}, []string{policyID}, "AADSTS50076"},
		"MFA, older claims":   {refusedWith("invalid_grant", "basic_action", claimsOf("polids", policyID, strings.ToUpper(policyID)), 50079), entramfa.MFA, pointer(true), []entramfa.Source{ca}, []string{policyID}, "AADSTS50079"},
		"MFA by anything":     {refusedWith("interaction_required", "basic_action", "", 50076), entramfa.MFA, pointer(true), all, nil, "second factor"},
		"MFA, odd claims":     {refusedWith("invalid_grant", "basic_action", "{nonsense", 50072), entramfa.MFA, pointer(true), all, nil, "registered"},
		"MFA by description":  {body(`{"error":"invalid_grant","error_description":"AADSTS50074: Strong authentication"}`), entramfa.MFA, pointer(true), all, nil, "AADSTS50074"},
		"blocked by a policy": {refusedWith("invalid_grant", "message_only", claimsOf("capolids", policyID), 53003), entramfa.Blocked, pointer(true), []entramfa.Source{ca}, []string{policyID}, "refuses"},
		"blocked":             {refusedWith("invalid_grant", "message_only", "", 53003), entramfa.Blocked, pointer(true), []entramfa.Source{ca}, nil, "refuses"},
		"device":              {refusedWith("invalid_grant", "", "", 53000), entramfa.MFA, pointer(true), []entramfa.Source{ca}, nil, "compliant device"},
		"terms of use":        {refusedWith("invalid_grant", "", "", 50158), entramfa.MFA, pointer(true), []entramfa.Source{ca}, nil, "terms of use"},
		"security defaults":   {refusedWith("invalid_grant", "", "", 530035), entramfa.Blocked, nil, []entramfa.Source{defaults}, nil, "security defaults"},
		"disabled":            {refusedWith("invalid_grant", "", "", 50057), entramfa.Blocked, nil, []entramfa.Source{entramfa.SourceAccount}, nil, "disabled"},
		"wrong password":      {refusedWith("invalid_grant", "", "", 50126), entramfa.Unknown, pointer(false), nil, nil, "not accepted"},
		"no account":          {refusedWith("invalid_grant", "", "", 50034), entramfa.Unknown, pointer(false), nil, nil, "no such account"},
		"locked":              {refusedWith("invalid_grant", "", "", 50053), entramfa.Unknown, nil, nil, nil, "locked"},
		"expired":             {refusedWith("invalid_grant", "user_password_expired", "", 50055), entramfa.Unknown, pointer(true), nil, nil, "expired"},
		"no consent":          {refusedWith("invalid_grant", "consent_required", "", 65001), entramfa.Unknown, pointer(true), nil, nil, "consent"},
		"a new number":        {refusedWith("invalid_grant", "", "", 59999), entramfa.Unknown, nil, nil, nil, "refused"},
		"a new one of CA":     {refusedWith("invalid_grant", "", claimsOf("capolids", policyID), 59999), entramfa.Unknown, nil, []entramfa.Source{ca}, []string{policyID}, "refused"},
		"known and new":       {refusedWith("invalid_grant", "", "", 50076, 59999), entramfa.Unknown, nil, nil, nil, "refused"},
		"contradiction":       {refusedWith("invalid_grant", "", "", 50076, 53003), entramfa.Unknown, nil, nil, nil, "refused"},
		"two of one kind":     {refusedWith("invalid_grant", "", "", 50076, 50079), entramfa.MFA, pointer(true), all, nil, "AADSTS50076, AADSTS50079"},
		"no number":           {body(`{"error":"temporarily_unavailable"}`), entramfa.Unknown, nil, nil, nil, "refused"},
		"a page":              {mfa.TokenAnswer{Status: 200, Body: json.RawMessage(`<html>`)}, entramfa.Unknown, nil, nil, nil, "none of the sign-in service"},
		"no token":            {mfa.TokenAnswer{Status: 200, Body: json.RawMessage(`{}`)}, entramfa.Unknown, nil, nil, nil, "neither"},
		"token and status":    {mfa.TokenAnswer{Status: 400, Body: json.RawMessage(`{"token_type":"Bearer"}`)}, entramfa.Unknown, nil, nil, nil, "neither"},
		"success and error":   {mfa.TokenAnswer{Status: 200, Body: json.RawMessage(`{"token_type":"Bearer","error":"invalid_grant"}`)}, entramfa.Unknown, nil, nil, nil, "neither"},
		"no body":             {mfa.TokenAnswer{Status: 502}, entramfa.Unknown, nil, nil, nil, "none of the sign-in service"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &granter{answer: c.answer}
			result, err := mfa.Probe(t.Context(), g, grantOf("p4ss word"), &mfa.ProbeOptions{Now: now})
			require.NoError(t, err)
			assert.Equal(t, c.outcome, result.Outcome)
			assert.Equal(t, c.accepted, result.PasswordAccepted)
			assert.Equal(t, c.sources, result.Sources)
			assert.Equal(t, c.policies, result.Policies)
			assert.Contains(t, result.Text, c.text)
			assert.Equal(t, c.outcome == entramfa.Unknown, len(result.Missing) > 0, "Missing: %v", result.Missing)
			assert.NotEmpty(t, result.Advice)
			assert.Equal(t, now, result.At)
			assert.Equal(t, c.answer.Status, result.Status)
			assert.Equal(t, 1, g.asked, "one sign-in, whatever comes back")
		})
	}
}

func TestProbeKeepsTheRawAnswerOfANumberThatItDoesNotKnow(t *testing.T) {
	result, err := mfa.Probe(t.Context(), &granter{answer: refusedWith("invalid_grant", "additional_action", "", 59999)}, grantOf("secret"), nil)
	require.NoError(t, err)
	assert.Equal(t, []int{59999}, result.Codes)
	assert.Equal(t, "additional_action", result.Suberror)
	assert.Equal(t, "invalid_grant", result.Error)
	assert.Contains(t, result.Advice[0].Text, "error?code=59999")
	assert.False(t, result.At.IsZero())
}

func TestProbeRefusesWhatCostsASignInForNothing(t *testing.T) {
	for name, change := range map[string]func(*mfa.PasswordGrant){
		"user principal name": func(g *mfa.PasswordGrant) { g.Username = "svc" },
		"password":            func(g *mfa.PasswordGrant) { g.Password = mfa.Secret{} },
		"white space":         func(g *mfa.PasswordGrant) { g.Password = mfa.NewSecret("secret ") },
		"resource":            func(g *mfa.PasswordGrant) { g.Resource = "" },
		"client id":           func(g *mfa.PasswordGrant) { g.ClientID = "" },
	} {
		grant, g := grantOf("secret"), &granter{}
		change(&grant)
		_, err := mfa.Probe(t.Context(), g, grant, nil)
		assert.ErrorContains(t, err, name)
		assert.Zero(t, g.asked, name)
	}
	_, err := mfa.Probe(t.Context(), nil, grantOf("secret"), nil)
	assert.ErrorContains(t, err, "needs a granter")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := &granter{}
	_, err = mfa.Probe(ctx, g, grantOf("secret"), nil)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, g.asked)
}

// TestProbeNeverShowsThePassword looks everywhere, at a service and a granter that say all they know.
func TestProbeNeverShowsThePassword(t *testing.T) {
	for _, password := range []string{"correct-horse", `p"w\d<&>é+ %`[:11], "with blank", `ends with "`, "tab\there", "a&b<c>d"} {
		quoted, err := json.Marshal(password)
		require.NoError(t, err)
		forms := []string{
			password, url.QueryEscape(password), url.PathEscape(password), string(quoted[1 : len(quoted)-1]), fmt.Sprintf("%q", password)[1:],
			html.EscapeString(password), base64.StdEncoding.EncodeToString([]byte(password)), base64.RawURLEncoding.EncodeToString([]byte(password)),
		}
		told := strings.Join(forms, " | ")
		body, err := json.Marshal(map[string]any{
			"error": "invalid_grant" + password, "error_description": "AADSTS50126: " + told, "error_codes": []int{50126},
			"suberror": told, "trace_id": told, "correlation_id": told, "claims": claimsOf("capolids", told, password, policyID),
		})
		require.NoError(t, err)
		grant := grantOf(password)
		answered, err := mfa.Probe(t.Context(), &granter{answer: mfa.TokenAnswer{Status: 400, Body: body}}, grant, nil)
		require.NoError(t, err)
		_, failed := mfa.Probe(t.Context(), &granter{err: fmt.Errorf("POST with %s: %w", told, entramfa.ErrUnavailable)}, grant, nil)
		assert.ErrorIs(t, failed, entramfa.ErrUnavailable)
		assert.NotErrorIs(t, failed, entramfa.ErrThrottled)
		assert.Equal(t, []string{policyID}, answered.Policies, "ids alone")
		report := mfa.Judge(clearFacts(), &mfa.Options{Now: now}).WithEvidence(mfa.Evidence{Probe: &answered})

		var logged strings.Builder
		slog.New(slog.NewTextHandler(&logged, nil)).Info("probe", "result", answered, "grant", grant, "err", failed)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("probe", "result", answered, "grant", grant, "err", failed)
		var everything strings.Builder
		for _, value := range []any{answered, &answered, grant, &grant, grant.Password, failed, report} {
			fmt.Fprintf(&everything, "%v %+v %#v %s\n", value, value, value, value)
			text, err := json.Marshal(value)
			require.NoError(t, err)
			everything.Write(text)
		}
		everything.WriteString(logged.String())
		for _, form := range append(forms, strings.TrimSpace(password)) {
			assert.NotContains(t, everything.String(), form)
		}
		assert.Contains(t, everything.String(), "[redacted]")
	}
}

// TestProbeScrubsEveryWritingOfHTML: a proxy's page may name characters by name or number.
func TestProbeScrubsEveryWritingOfHTML(t *testing.T) {
	for _, told := range []string{"a&amp;b&lt;&quot;c", "a&#38;b&#60;&#34;c", "a&#x26;b&#x3C;&#x22;c", "a&amp;b<\"c", "YSZiPCJj"} {
		_, err := mfa.Probe(t.Context(), &granter{err: fmt.Errorf("proxy: <pre>password=%s</pre> &amp;", told)}, grantOf(`a&b<"c`), nil)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), told)
		assert.Contains(t, err.Error(), "password=[redacted]</pre>")
	}
	_, err := mfa.Probe(t.Context(), &granter{err: errors.New("a &amp; b")}, grantOf(`a&b<"c`), nil)
	assert.ErrorContains(t, err, "a &amp; b", "what holds no password stays as it is")
}

// TestProbeWithAnIDForAPassword: a policy's id can't be told from it.
func TestProbeWithAnIDForAPassword(t *testing.T) {
	password := "c0000000-0000-4000-8000-0000000000aa"
	result, err := mfa.Probe(t.Context(), &granter{answer: refusedWith("invalid_grant", "", claimsOf("capolids", password, policyID, "Everyone"), 53003)}, grantOf(password), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{policyID}, result.Policies)
}

func TestProbeWithoutAnAnswer(t *testing.T) {
	cause := &entramfa.GraphError{Kind: entramfa.ErrThrottled, Status: 429}
	_, err := mfa.Probe(t.Context(), &granter{err: cause}, grantOf("secret"), nil)
	assert.ErrorIs(t, err, entramfa.ErrThrottled)
	var graph *entramfa.GraphError
	assert.True(t, errors.As(err, &graph), "what doesn't hold the password stays whole")
}
