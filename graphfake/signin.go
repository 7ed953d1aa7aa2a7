package graphfake

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// signIn is one sign-in at the authority.
type signIn struct {
	at       time.Time
	base     string
	older    bool // by the endpoint with resource in the place of scope
	clientID string
	// confidential: the client has a secret of its own, and counts as a browser.
	confidential bool
	clientAuth   string
	resource     tokenResource
	scope        string // as it was asked for
	capabilities []string
	clientInfo   bool
	// applications are what is signed in to: the resource, and the client itself
	// where it has a secret and asks for an ID token.
	applications []string
	address      netip.Addr // the zero Addr where it isn't known
	correlation  string

	protocol string // as the log writes it
	flow     string // as policies write it
	person   bool   // somebody sits before it, who can do MFA
	quiet    bool   // a session goes on: nobody signs in
	factor   bool   // a second factor was shown
}

// newSignIn reads a request.
func (t *Tenant) newSignIn(request tokenRequest, form url.Values) (signIn, *signInFailure) {
	s := signIn{
		at: t.now(), base: request.base, older: request.older, clientID: form.Get("client_id"), clientAuth: clientAuth(form), scope: form.Get("scope"),
		clientInfo: form.Get("client_info") == "1", address: request.from.Unmap().WithZone(""), correlation: request.correlation,
		protocol: "ropc", flow: "none",
	}
	if s.correlation == "" {
		s.correlation = t.newRequestID()
	}
	failure := checkScope(s.scope)
	if failure == nil {
		s.resource, failure = resourceOf(form, request.base)
	}
	if failure == nil {
		s.capabilities, failure = capabilities(form.Get("claims"))
	}
	if failure != nil {
		return s, failure
	}
	s.applications = []string{s.resource.appID}
	if s.confidential = s.clientAuth != "0"; !s.confidential {
		_, _, failure = t.client(s.clientID)
		return s, failure
	}
	if containsFold(strings.Fields(s.scope), "openid") {
		s.applications = append(s.applications, s.clientID)
	}
	_, failure = t.confidential(form, request.endpoint)
	return s, failure
}

// profiles are the sign-in as policies see it, once for each application that is
// signed in to. Of what can't be told the set has every value.
func (t *Tenant) profiles(s signIn) []policy.SignIn {
	profile := policy.PasswordSignIn()
	profile.AuthenticationContexts = []string{}
	profile.AuthenticationFlows = []string{s.flow}
	profile.ClientAppTypes = []string{"mobileAppsAndDesktopClients"}
	if s.confidential {
		profile.ClientAppTypes = []string{"browser"}
	}
	profile.Platforms = []string{policy.PlatformUnknown}
	profile.CompliantNetworks = []bool{false}
	profile.SignInRiskLevels, profile.UserRiskLevels, profile.InsiderRiskLevels = []string{"none"}, []string{"none"}, []string{"none"}
	if s.address.IsValid() {
		profile.Addresses = []netip.Prefix{netip.PrefixFrom(s.address, s.address.BitLen())}
		profile.Countries = t.countries(s.address)
	}
	profiles := make([]policy.SignIn, len(s.applications))
	for i, id := range s.applications {
		profiles[i] = profile
		profiles[i].Applications = []string{id}
	}
	return profiles
}

// countries is where an address is; nil, any country, where nobody said it.
func (t *Tenant) countries(address netip.Addr) []string {
	if t.CountryOf != nil {
		if country := t.CountryOf(address); country != "" {
			return []string{country}
		}
		return []string{policy.CountryUnknown}
	}
	if address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast() {
		return []string{policy.CountryUnknown} // no public address, and so of no country
	}
	return nil
}

// addressOf is where a request comes from.
func (t *Tenant) addressOf(r *http.Request) netip.Addr {
	if first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ","); t.TrustForwardedFor && first != "" {
		address, _ := netip.ParseAddr(strings.TrimSpace(first))
		return address
	}
	if t.SignInAddress.IsValid() {
		return t.SignInAddress
	}
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	return remote.Addr()
}

// judgeSignIn says what the tenant does to a sign-in whose password was accepted:
// the report that decides, and the refusal; nil where it passes. A person who is asked
// for a second factor shows it, where the account has one registered.
func (t *Tenant) judgeSignIn(ctx context.Context, user mfa.User, s *signIn) (*mfa.Report, *signInFailure) {
	facts, err := mfa.Collect(ctx, t.judge(), user.ID)
	if err != nil {
		return nil, refuseSignIn(90033, "temporarily_unavailable", "The sign-in could not be judged: %v.", err)
	}
	var first *mfa.Report
	for _, profile := range t.profiles(*s) {
		report := mfa.Judge(facts, &mfa.Options{Profile: &profile, Now: s.at})
		if s.person && !s.factor && t.registered(user) && slices.ContainsFunc(t.meets(report), wantsFactor) {
			s.factor = true
		}
		if failure := t.refusal(user, *s, report); failure != nil {
			return &report, failure
		}
		if first == nil {
			first = &report
		}
	}
	return first, nil
}

// refusal is how the endpoint answers what stands in the way; nil where nothing does.
func (t *Tenant) refusal(user mfa.User, s signIn, report mfa.Report) *signInFailure {
	standing := t.standing(report, s)
	blocks := where(standing, func(f entramfa.Finding) bool { return effectOf(f) == entramfa.Blocked })
	demands := where(standing, func(f entramfa.Finding) bool { return effectOf(f) == entramfa.MFA })
	switch {
	case len(standing) == 0:
		return nil
	case slices.ContainsFunc(blocks, func(f entramfa.Finding) bool { return f.Source == entramfa.SourceAccount }):
		// Microsoft publishes no number for this grant of an invited account.
		return refuseSignIn(50020, "invalid_grant", "User account '%s' from another identity provider does not exist in this tenant and cannot access the application.", user.UserPrincipalName)
	case len(blocks) > 0:
		return blocked(blocks)
	case len(demands) > 0:
		return t.demanded(user, s, demands)
	}
	return refuseSignIn(90033, "temporarily_unavailable", "The sign-in could not be judged: %s.", strings.Join(standing[0].Missing, "; "))
}

// standing lists the findings that stand in the way of a single sign-in: those that
// meet it, without those that a second factor satisfies that was shown.
func (t *Tenant) standing(report mfa.Report, s signIn) []entramfa.Finding {
	return where(t.meets(report), func(f entramfa.Finding) bool { return !s.factor || !t.satisfied(f, report.Account.ID) })
}

// meets lists the findings that meet a single sign-in. Where none does for certain,
// those of which it can't be told, unless AllowUndecided lets such a sign-in pass.
func (t *Tenant) meets(report mfa.Report) []entramfa.Finding {
	met := where(report.Findings, func(f entramfa.Finding) bool { return f.Extent == entramfa.Always })
	if len(met) > 0 {
		return met
	}
	together := report.Extent == entramfa.Always // each alone meets some, together they meet this one
	if t.AllowUndecided && !together {
		return nil
	}
	return where(report.Findings, func(f entramfa.Finding) bool { return undecided(f, report.Account) })
}

// undecided says that a finding may stand in the way. Two don't: mandatory MFA for
// Azure meets the call that writes and not the token, and for the account of a
// federated domain the password that was set says that Entra checks it.
func undecided(f entramfa.Finding, account mfa.Account) bool {
	switch {
	case f.Outcome == entramfa.Clear,
		f.Source == entramfa.SourceMandatoryMFA && f.Extent == entramfa.Sometimes,
		f.Source == entramfa.SourceAccount && account.Enabled != nil:
		return false
	}
	return true
}

// effectOf is what a finding does; of one that can't be told, what it would do.
func effectOf(f entramfa.Finding) entramfa.Outcome {
	switch {
	case f.Outcome != entramfa.Unknown:
		return f.Outcome
	case slices.Contains(f.Demands, "block"):
		return entramfa.Blocked
	case len(f.Demands) > 0:
		return entramfa.MFA
	}
	return entramfa.Unknown
}

func where[T any](list []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(one T) bool { return !keep(one) })
}

func blocked(blocks []entramfa.Finding) *signInFailure {
	f := refuseSignIn(53003, "invalid_grant", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")
	f.suberror, f.claims = "message_only", policyClaims(blocks)
	return f
}

// demanded refuses a sign-in of which something is demanded: a second factor
// before anything else, for that is what the service asks first.
func (t *Tenant) demanded(user mfa.User, s signIn, demands []entramfa.Finding) *signInFailure {
	factor := !s.factor && slices.ContainsFunc(demands, wantsFactor)
	var f *signInFailure
	switch {
	case !factor:
		f = demandRefusal(where(demands[0].Demands, func(demand string) bool { return !s.factor || demand != "mfa" }))
	case t.registered(user):
		f = refuseSignIn(50076, "invalid_grant", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '%s'.", s.resource.appID)
		f.suberror = "basic_action"
	default:
		f = refuseSignIn(50079, "invalid_grant", "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '%s'.", s.resource.appID)
		f.suberror = "basic_action"
	}
	f.claims = policyClaims(demands)
	return f
}

func wantsFactor(f entramfa.Finding) bool { return slices.ContainsFunc(f.Demands, isSecondFactor) }

func isSecondFactor(demand string) bool {
	return demand == "mfa" || strings.HasPrefix(demand, "authenticationStrength")
}

// demandRefusal is the refusal for the first of the controls of a policy. The
// numbers are those of the reference; which suberror goes with them, and which of
// several controls decides, is not published; nor is what a second factor gets that
// a strength doesn't allow.
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
func demandRefusal(demands []string) *signInFailure {
	first, _, _ := strings.Cut(strings.Join(demands[:min(1, len(demands))], ""), " ")
	var f *signInFailure
	switch first {
	case "compliantDevice":
		f = refuseSignIn(53000, "invalid_grant", "Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant.")
	case "domainJoinedDevice":
		f = refuseSignIn(53001, "invalid_grant", "Device is not in required device state: domain_joined. Conditional Access policy requires a domain joined device, and the device is not domain joined.")
	case "approvedApplication":
		f = refuseSignIn(53002, "invalid_grant", "Application used is not an approved app for Conditional Access.")
	case "compliantApplication":
		f = refuseSignIn(53009, "invalid_grant", "Application needs to enforce Intune protection policies.")
	case "termsOfUse", "customAuthenticationFactor":
		f = refuseSignIn(50158, "invalid_grant", "External security challenge not satisfied. User will be redirected to another page or authentication provider to satisfy additional authentication challenges.")
		f.suberror = "basic_action"
		return f
	default:
		f = refuseSignIn(53003, "invalid_grant", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")
	}
	f.suberror = "message_only"
	return f
}

// registered says whether the account has a method besides its password.
func (t *Tenant) registered(user mfa.User) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.directory.hasSecondFactor(user.ID)
}

// policyClaims names the policies that refused, as JSON within JSON; "" where none did.
func policyClaims(findings []entramfa.Finding) string {
	var ids []string
	for _, f := range findings {
		if f.Source == entramfa.SourceConditionalAccess && f.ID != "" {
			ids = append(ids, f.ID)
		}
	}
	if ids == nil {
		return ""
	}
	return string(raw(map[string]any{"access_token": map[string]any{"capolids": map[string]any{"essential": true, "values": ids}}}))
}
