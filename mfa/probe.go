package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// ProbeOptions change how Probe works. The zero ProbeOptions and nil mean the same.
type ProbeOptions struct {
	// Now is the time of the result; zero means the current time.
	Now time.Time
	// Address is the public source address from which the granter asks, as Entra sees
	// it; the answer doesn't tell it. WithEvidence takes a probe without it as a
	// caveat where the profile names addresses.
	Address netip.Addr
}

// ProbeResult is what one sign-in of an account was answered. It holds neither
// the password nor a token.
type ProbeResult struct {
	At       time.Time `json:"at"`
	Username string    `json:"username"`
	// Resource is what the token was asked for, ClientID the program that asked.
	Resource string `json:"resource"`
	ClientID string `json:"clientId"`
	// Address is where it was asked from, as ProbeOptions says; empty where that isn't known.
	Address string `json:"address,omitempty"`

	// Outcome is Clear for a token, MFA or Blocked for an answer that says so, and
	// Unknown for one that proves nothing; Text says which it is.
	Outcome entramfa.Outcome `json:"outcome"`
	Text    string           `json:"text"`
	// PasswordAccepted says whether the password was right; nil where the answer doesn't tell.
	PasswordAccepted *bool `json:"passwordAccepted"`
	// Sources can have given the answer: one where it is told, several where the
	// answer doesn't say which of them, none where it proves nothing.
	Sources []entramfa.Source `json:"sources,omitempty"`
	// Policies holds the ids of the Conditional Access policies that the answer names.
	Policies []string `json:"policies,omitempty"`

	// Status is the HTTP status, Codes the AADSTS numbers; Error, Suberror,
	// Description and the two ids are the service's own words.
	Status        int    `json:"status"`
	Codes         []int  `json:"codes,omitempty"`
	Error         string `json:"error,omitempty"`
	Suberror      string `json:"suberror,omitempty"`
	Description   string `json:"description,omitempty"`
	TraceID       string `json:"traceId,omitempty"`
	CorrelationID string `json:"correlationId,omitempty"`

	// Caveats hold what the answer doesn't tell; Missing is never empty when Outcome is Unknown.
	Caveats []string          `json:"caveats,omitempty"`
	Missing []string          `json:"missing,omitempty"`
	Advice  []entramfa.Advice `json:"advice,omitempty"`
}

// Probe signs the account in with its password, once, and says what the answer
// means. It is the account's real sign-in: it stands in the sign-in log, and a
// wrong password counts towards the account's lockout, so that it is never
// repeated here and should not be in a loop. It proves something of this one
// sign-in alone: this resource, this client, the address from which the granter asks.
//
// An error means that the grant can't be asked for as it is, or that no answer
// came; a refusal is a result. A grant names an account by its user principal name,
// a password, the app id of a resource and a client, the one that the account's own
// program uses: another may lack consent. Neither result nor error holds the password.
func Probe(ctx context.Context, granter PasswordGranter, grant PasswordGrant, opts *ProbeOptions) (ProbeResult, error) {
	if err := checkGrant(granter, grant); err != nil {
		return ProbeResult{}, err
	}
	if err := ctx.Err(); err != nil {
		return ProbeResult{}, fmt.Errorf("mfa: probe: %w", err)
	}
	var o ProbeOptions
	if opts != nil {
		o = *opts
	}
	if o.Now.IsZero() {
		o.Now = time.Now().UTC().Truncate(time.Second)
	}
	answer, err := granter.PasswordGrant(ctx, grant)
	if err != nil {
		return ProbeResult{}, withoutSecret(fmt.Errorf("mfa: the sign-in of %s got no answer: %w", grant.Username, err), grant.Password)
	}
	result := ProbeResult{At: o.Now, Username: grant.Username, Resource: grant.Resource, ClientID: grant.ClientID, Status: answer.Status}
	if o.Address.IsValid() {
		result.Address = o.Address.Unmap().WithZone("").String()
	}
	result.read(answer, grant.Password)
	return result, nil
}

// checkGrant refuses what can't be a sign-in, before it costs one.
func checkGrant(granter PasswordGranter, grant PasswordGrant) error {
	password := grant.Password.Reveal()
	switch {
	case granter == nil:
		return errors.New("mfa: Probe needs a granter")
	case !strings.Contains(grant.Username, "@"):
		return errors.New("mfa: Probe needs the account's user principal name")
	case password == "":
		return errors.New("mfa: Probe needs the account's password")
	case strings.TrimSpace(password) != password:
		// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc.
		return errors.New("mfa: a password that begins or ends with white space does not work with a password grant")
	case grant.Resource == "":
		return errors.New("mfa: Probe needs the app id of the resource that the account signs in to")
	case grant.ClientID == "":
		return errors.New("mfa: Probe needs the client id of the program that signs in")
	}
	return nil
}

// tokenBody is what is read of an answer.
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc.
type tokenBody struct {
	TokenType     string          `json:"token_type"`
	Error         string          `json:"error"`
	Suberror      string          `json:"suberror"`
	Description   string          `json:"error_description"`
	Codes         json.RawMessage `json:"error_codes"`
	Claims        json.RawMessage `json:"claims"`
	TraceID       string          `json:"trace_id"`
	CorrelationID string          `json:"correlation_id"`
}

// read fills in what an answer says.
func (r *ProbeResult) read(answer TokenAnswer, password Secret) {
	var body tokenBody
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		r.undecided("the answer is none of the sign-in service", "what the sign-in service says: the answer is no JSON of its form")
		return
	}
	clean := func(text string) string { return password.scrub(text) }
	r.Error, r.Suberror, r.Description = clean(body.Error), clean(body.Suberror), clean(body.Description)
	r.TraceID, r.CorrelationID = clean(body.TraceID), clean(body.CorrelationID)
	switch {
	case answer.Status == 200 && body.Error == "" && body.TokenType != "":
		r.granted()
	case answer.Status == 200 || body.Error == "":
		r.undecided("the answer is neither a token nor a refusal", "what the sign-in service says")
	default:
		r.Codes, r.Policies = refusalCodes(body), refusalPolicies(body.Claims, password)
		r.judge()
	}
}

func (r *ProbeResult) granted() {
	r.Outcome, r.PasswordAccepted = entramfa.Clear, new(true)
	r.Text = fmt.Sprintf("the account got a token for %s with its password alone", appNames([]string{r.Resource})[0])
	r.Caveats = []string{
		"it holds for this one sign-in: from this address, with this program, to this resource, at this time",
		"a policy that changed is in force after minutes, and at the latest after a day",
	}
	r.Advice = advise(entramfa.ActionNone, "nothing")
}

// undecided says that an answer proves nothing.
func (r *ProbeResult) undecided(text, missing string) {
	r.Outcome, r.Text, r.Sources = entramfa.Unknown, text, nil
	r.Missing = []string{missing}
	r.Advice = advise(entramfa.ActionReview, "look at the sign-in in the sign-in log")
}

// judge says what the numbers of a refusal mean together.
func (r *ProbeResult) judge() {
	known, unknown := r.known()
	if len(known) == 0 || len(unknown) > 0 || !sameOutcome(known) {
		r.undecided("the sign-in was refused", "what "+r.numbers()+" means for MFA")
		if len(r.Codes) > 0 {
			r.Advice = advise(entramfa.ActionReview, fmt.Sprintf("see https://login.microsoftonline.com/error?code=%d", r.Codes[0]))
		}
		r.byPolicies()
		return
	}
	first := known[0]
	r.Outcome, r.PasswordAccepted = first.class.outcome, agreed(known)
	r.Sources, r.Advice = slices.Clone(first.class.sources), []entramfa.Advice{first.class.advice}
	r.Text = fmt.Sprintf("%s: %s (%s)", r.numbers(), first.class.text, first.meaning)
	if r.Outcome == entramfa.Unknown {
		r.Missing = []string{"whether MFA is demanded: " + first.class.text}
	}
	r.byPolicies()
	if r.Outcome != entramfa.Unknown && len(r.Sources) > 1 {
		r.Caveats = append(r.Caveats, "the answer doesn't say which of the sources it comes from")
	}
}

// byPolicies says that policies gave the answer, where it names some.
func (r *ProbeResult) byPolicies() {
	if len(r.Policies) > 0 {
		r.Sources = slices.Clone(byPolicy)
	}
}

// known splits the numbers into those that are known and the others.
func (r *ProbeResult) known() (known []aadsts, unknown []int) {
	for _, code := range r.Codes {
		if meaning, ok := aadstsCodes[code]; ok {
			known = append(known, meaning)
		} else {
			unknown = append(unknown, code)
		}
	}
	return known, unknown
}

func sameOutcome(codes []aadsts) bool {
	return !slices.ContainsFunc(codes, func(c aadsts) bool { return c.class.outcome != codes[0].class.outcome })
}

// agreed says whether the password was accepted, where no number contradicts another.
func agreed(codes []aadsts) *bool {
	var result *bool
	for _, c := range codes {
		switch {
		case c.accepted == nil:
		case result != nil && *result != *c.accepted:
			return nil
		default:
			result = new(*c.accepted)
		}
	}
	return result
}

// numbers names what the service answered.
func (r *ProbeResult) numbers() string {
	if len(r.Codes) == 0 {
		return fmt.Sprintf("the answer %d %q without a number", r.Status, r.Error)
	}
	names := make([]string, len(r.Codes))
	for i, code := range r.Codes {
		names[i] = fmt.Sprintf("AADSTS%d", code)
	}
	return strings.Join(names, ", ")
}
