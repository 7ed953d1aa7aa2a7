package graphfake

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

var _ mfa.PasswordGranter = (*Tenant)(nil)

// signInFailure is a refusal of the token endpoint.
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
type signInFailure struct {
	code     int
	kind     string // error: invalid_grant, invalid_client
	text     string
	suberror string
	claims   string
	// correlation is the id under which the sign-in log holds it; "" where it doesn't.
	correlation string
}

func refuseSignIn(code int, kind, format string, args ...any) *signInFailure {
	return &signInFailure{code: code, kind: kind, text: fmt.Sprintf(format, args...)}
}

// signInError renders a refusal as the token endpoint does.
func (t *Tenant) signInError(f signInFailure) response {
	trace, correlation := t.newRequestID(), f.correlation
	if correlation == "" {
		correlation = t.newRequestID()
	}
	at := t.now().UTC().Format("2006-01-02 15:04:05Z")
	body := map[string]any{
		"error": f.kind,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			f.code, f.text, trace, correlation, at),
		"error_codes": []int{f.code}, "timestamp": at, "trace_id": trace, "correlation_id": correlation,
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", f.code),
	}
	if f.suberror != "" {
		body["suberror"] = f.suberror
	}
	if f.claims != "" {
		body["claims"] = f.claims
	}
	status := http.StatusBadRequest
	if f.kind == "invalid_client" {
		status = http.StatusUnauthorized
	}
	reply := jsonResponse(status, body)
	reply.code = fmt.Sprintf("AADSTS%d", f.code)
	return reply
}

// tokenRequest is a call of the token endpoint: on which base and address, for
// which tenant, and from where.
type tokenRequest struct {
	base, endpoint, tenant string
	older                  bool // the endpoint with resource in the place of scope
	from                   netip.Addr
	correlation            string
}

// requestOf reads the frame of a request to the authority.
func (t *Tenant) requestOf(r *http.Request, base, tenant string) tokenRequest {
	request := tokenRequest{
		base: base, endpoint: base + r.URL.Path, tenant: tenant, from: t.addressOf(r),
		older: !strings.Contains(strings.ToLower(r.URL.Path), "/v2.0/"),
	}
	if id := r.Header.Get("client-request-id"); guid.Is(id) {
		request.correlation = id
	}
	return request
}

// token answers the token endpoint: v2.0 with scope, and the older one with resource.
func (t *Tenant) token(r *http.Request, base, tenant string, body []byte) response {
	request := t.requestOf(r, base, tenant)
	form, failure := readForm(r, body)
	if failure != nil {
		failure.correlation = request.correlation
		return t.signInError(*failure)
	}
	return t.grant(r.Context(), request, form)
}

// grant answers one request for a token.
func (t *Tenant) grant(ctx context.Context, request tokenRequest, form url.Values) response {
	var granted object
	failure := t.checkForm(request, form)
	if failure == nil {
		granted, failure = t.grantBy(ctx, request, form)
	}
	if failure != nil {
		if failure.correlation == "" {
			failure.correlation = request.correlation
		}
		return t.signInError(*failure)
	}
	if request.older {
		granted = olderAnswer(granted, form, t.now())
	}
	return jsonResponse(http.StatusOK, granted)
}

func (t *Tenant) grantBy(ctx context.Context, request tokenRequest, form url.Values) (object, *signInFailure) {
	kind := form.Get("grant_type")
	if failure := missing(form, wantedBy[kind]...); failure != nil {
		return nil, failure
	}
	switch kind {
	case "client_credentials":
		return t.clientCredentials(request, form)
	case "password":
		return t.passwordGrant(ctx, request, form)
	case "refresh_token":
		return t.refresh(ctx, request, form)
	case deviceGrantType, "device_code":
		return t.redeemDevice(request, form)
	case "authorization_code":
		return nil, refuseSignIn(70000, "invalid_grant", "The provided value for the input parameter 'code' is not valid.")
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		return nil, refuseSignIn(50013, "invalid_grant", "Assertion failed signature validation.")
	}
	return nil, refuseSignIn(70003, "unsupported_grant_type", "The app requested an unsupported grant type '%s'.", kind)
}

// wantedBy is what a grant needs beside grant_type and client_id.
var wantedBy = map[string][]string{
	"password":           {"username", "password"},
	"refresh_token":      {"refresh_token"},
	"authorization_code": {"code"},
	"urn:ietf:params:oauth:grant-type:jwt-bearer": {"assertion"},
}

func (t *Tenant) checkForm(request tokenRequest, form url.Values) *signInFailure {
	kind := form.Get("grant_type")
	if failure := missing(form, "grant_type", "client_id"); failure != nil {
		return failure
	}
	if kind == "password" && (strings.EqualFold(request.tenant, "common") || strings.EqualFold(request.tenant, "consumers")) {
		return refuseSignIn(9001023, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.")
	}
	if failure := t.checkTenant(request.tenant); failure != nil {
		return failure
	}
	switch {
	case request.older || kind != "password" && kind != "client_credentials":
	case form.Has("resource"):
		return refuseSignIn(901002, "invalid_request", "The 'resource' request parameter is not supported.")
	default:
		return missing(form, "scope")
	}
	return nil
}

func (t *Tenant) checkTenant(name string) *signInFailure {
	if t.knowsTenant(name) || multiTenant(name) {
		return nil
	}
	return refuseSignIn(90002, "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", name)
}

// olderAnswer writes an answer as the older endpoint does: numbers as texts.
func olderAnswer(granted object, form url.Values, now time.Time) object {
	for _, name := range []string{"expires_in", "ext_expires_in"} {
		granted = granted.with(name, raw(string(granted.get(name))))
	}
	var life int
	_ = json.Unmarshal([]byte(granted.text("expires_in")), &life) // it was a number
	resource := form.Get("resource")
	return append(granted,
		member{"expires_on", raw(strconv.FormatInt(now.Unix()+int64(life), 10))},
		member{"not_before", raw(strconv.FormatInt(now.Unix(), 10))},
		member{"resource", raw(resource)})
}

// clientCredentials signs an application in by its secret or a signed assertion.
func (t *Tenant) clientCredentials(request tokenRequest, form url.Values) (object, *signInFailure) {
	if multiTenant(request.tenant) {
		return nil, refuseSignIn(50059, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided credentials.")
	}
	application, failure := t.confidential(form, request.endpoint)
	if failure != nil {
		return nil, failure
	}
	if !request.older && !asksForDefault(form.Get("scope")) {
		return nil, refuseSignIn(70011, "invalid_scope", "The provided request must include a 'scope' input parameter that ends with '/.default'.")
	}
	s, failure := t.newSignIn(request, form)
	if failure != nil {
		return nil, failure
	}
	findings, failure := t.judgeWorkload(application, s)
	t.logWorkload(application, s, findings, failure)
	if failure != nil {
		failure.correlation = s.correlation
		return nil, failure
	}
	objectID, name := t.principalOf(application.ID)
	token := t.claimsFor(s.resource.audience, func(c *claims) {
		c.AppID, c.ObjectID, c.Subject, c.IDType = application.ID, objectID, objectID, "app"
		c.AppName = name
		c.ClientAuth, c.Capabilities = clientAuth(form), s.capabilities
		if s.resource.appID == mfa.MicrosoftGraph {
			c.Roles = application.Permissions
		}
	})
	return t.tokenAnswer(token), nil
}

// asksForDefault looks for /.default among scopes: some libraries add openid to it.
func asksForDefault(scope string) bool {
	return slices.ContainsFunc(strings.Fields(scope), func(one string) bool { return strings.HasSuffix(one, "/.default") })
}

// clientAuth says how a client has proved who it is, as a token does.
func clientAuth(form url.Values) string {
	switch {
	case form.Get("client_assertion") != "":
		return "2"
	case form.Get("client_secret") != "":
		return "1"
	}
	return "0"
}

func (t *Tenant) tokenAnswer(token claims) object {
	seconds := raw(token.Expires - token.IssuedAt)
	return object{{"token_type", raw("Bearer")}, {"expires_in", seconds}, {"ext_expires_in", seconds}, {"access_token", raw(t.sealed(token))}}
}

func (t *Tenant) checkCredential(application Application, form url.Values, endpoint string) *signInFailure {
	if text := form.Get("client_assertion"); text != "" {
		if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			return refuseSignIn(900144, "invalid_request", "The request body must contain the following parameter: 'client_assertion_type'.")
		}
		if err := verifyAssertion(text, application, endpoint, t.now()); err != nil {
			return refuseSignIn(700027, "invalid_client", "Client assertion failed signature validation: %v.", err)
		}
		return nil
	}
	secret := form.Get("client_secret")
	switch {
	case secret == "":
		return refuseSignIn(7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case application.addedSecret(secret, t.now()):
		return nil
	case !application.fits(secret):
		return refuseSignIn(7000215, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", application.ID)
	case !application.SecretExpires.IsZero() && !t.now().Before(application.SecretExpires):
		return refuseSignIn(7000222, "invalid_client", "The provided client secret keys for app '%s' are expired.", application.ID)
	}
	return nil
}

func equalSecret(given, kept string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(kept)) == 1
}

// passwordGrant signs an account in by its password, without a person
// (https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc). The
// password is judged first; then everything that mfa.Judge finds in the tenant
// for this very sign-in. Both are written to the sign-in log.
//
// The account of a federated domain signs in so only where a home realm discovery
// policy lets Entra check the password, and its hash is synchronized: a password
// that was set stands for both, and without one there is none in the directory.
func (t *Tenant) passwordGrant(ctx context.Context, request tokenRequest, form url.Values) (object, *signInFailure) {
	s, failure := t.newSignIn(request, form)
	if failure != nil {
		return nil, failure
	}
	user, failure := t.authenticate(form.Get("username"), form.Get("password"))
	return t.signUserIn(ctx, user, s, failure)
}

// signUserIn judges the sign-in of an account that has proved who it is, or has not,
// writes it to the log, and answers the tokens.
func (t *Tenant) signUserIn(ctx context.Context, user mfa.User, s signIn, failure *signInFailure) (object, *signInFailure) {
	var report *mfa.Report
	if failure == nil {
		report, failure = t.judgeSignIn(ctx, user, &s)
	}
	var scopes []string
	if failure == nil {
		scopes, failure = t.consented(s)
	}
	t.logSignIn(user, s, report, failure)
	if failure != nil {
		failure.correlation = s.correlation
		return nil, failure
	}
	return t.userTokens(user, s, scopes), nil
}

// PasswordGrant signs an account in as the token endpoint does, from
// SignInAddress. What is answered holds no token.
func (t *Tenant) PasswordGrant(ctx context.Context, grant mfa.PasswordGrant) (mfa.TokenAnswer, error) {
	if err := ctx.Err(); err != nil {
		return mfa.TokenAnswer{}, err
	}
	request := tokenRequest{base: loginURI, endpoint: loginURI + "/organizations/oauth2/v2.0/token", tenant: "organizations", from: t.SignInAddress}
	reply := t.grant(ctx, request, url.Values{
		"grant_type": {"password"}, "client_id": {grant.ClientID}, "scope": {grant.Resource + "/.default"},
		"username": {grant.Username}, "password": {grant.Password.Reveal()},
	})
	answer, err := parseObject(reply.body)
	if err != nil {
		return mfa.TokenAnswer{}, err
	}
	return mfa.TokenAnswer{Status: reply.status, Body: raw(answer.without("access_token", "refresh_token", "id_token"))}, nil
}

const loginURI = "https://login.microsoftonline.com"

// authenticate checks name, password and state of an account.
func (t *Tenant) authenticate(name, password string) (mfa.User, *signInFailure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	user, err := t.directory.user(name)
	if err != nil {
		return user, refuseSignIn(50034, "invalid_grant", "The user account %s does not exist in the directory.", name)
	}
	t.progress()
	kept, ok := t.directory.passwords.get(user.ID)
	if !ok && t.directory.federated(user) {
		return user, refuseSignIn(50056, "invalid_grant", "Invalid or null password: password does not exist in the directory for this user.")
	}
	if !t.directory.passwordFits(user.ID, password) {
		return user, refuseSignIn(50126, "invalid_grant", "Error validating credentials due to invalid username or password.")
	}
	if user.AccountEnabled != nil && !*user.AccountEnabled {
		return user, refuseSignIn(50057, "invalid_grant", "The user account is disabled.")
	}
	if kept.mustChange() {
		failure := refuseSignIn(50055, "invalid_grant", "The password is expired.")
		failure.suberror = "user_password_expired"
		return user, failure
	}
	return user, nil
}

// federated says whether another identity provider signs the account in.
func (d *directory) federated(user mfa.User) bool {
	_, name, _ := strings.Cut(user.UserPrincipalName, "@")
	domain, known := d.domains.get(name)
	return known && strings.EqualFold(domain.AuthenticationType, "Federated")
}
