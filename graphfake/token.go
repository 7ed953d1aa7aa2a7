package graphfake

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

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
	from                   netip.Addr
}

// token answers the token endpoint: v2.0 with scope, and the older one with resource.
func (t *Tenant) token(r *http.Request, base, tenant string, body []byte) response {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return t.signInError(*refuseSignIn(900144, "invalid_request", "The request body must be a form."))
	}
	request := tokenRequest{base: base, endpoint: base + r.URL.Path, tenant: tenant, from: t.addressOf(r)}
	return t.grant(r.Context(), request, form)
}

// grant answers one request for a token.
func (t *Tenant) grant(ctx context.Context, request tokenRequest, form url.Values) response {
	var granted object
	failure := t.checkForm(request.tenant, form)
	if failure == nil {
		switch form.Get("grant_type") {
		case "client_credentials":
			granted, failure = t.clientCredentials(request.tenant, form, request.endpoint)
		case "password":
			granted, failure = t.passwordGrant(ctx, request, form)
		default:
			failure = refuseSignIn(70003, "unsupported_grant_type", "The app requested an unsupported grant type '%s'.", form.Get("grant_type"))
		}
	}
	if failure != nil {
		return t.signInError(*failure)
	}
	return jsonResponse(http.StatusOK, granted)
}

func (t *Tenant) checkForm(tenant string, form url.Values) *signInFailure {
	for _, name := range []string{"grant_type", "client_id"} {
		if form.Get(name) == "" {
			return refuseSignIn(900144, "invalid_request", "The request body must contain the following parameter: '%s'.", name)
		}
	}
	if form.Get("grant_type") == "password" && (strings.EqualFold(tenant, "common") || strings.EqualFold(tenant, "consumers")) {
		return refuseSignIn(9001023, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.")
	}
	if !t.knowsTenant(tenant) && !multiTenant(tenant) {
		return refuseSignIn(90002, "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant)
	}
	return nil
}

// audienceOf returns the resource that a token is asked for.
func audienceOf(form url.Values) (audience string, ok bool) {
	if resource := form.Get("resource"); resource != "" {
		return resource, true
	}
	for scope := range strings.FieldsSeq(form.Get("scope")) {
		if resource, found := strings.CutSuffix(scope, "/.default"); found {
			return resource, true
		}
	}
	return "https://graph.microsoft.com", false
}

// clientCredentials signs an application in by its secret or a signed assertion.
func (t *Tenant) clientCredentials(tenant string, form url.Values, endpoint string) (object, *signInFailure) {
	if multiTenant(tenant) {
		return nil, refuseSignIn(50059, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided credentials.")
	}
	t.mu.Lock()
	application, known := t.directory.applications.get(form.Get("client_id"))
	t.mu.Unlock()
	if !known {
		return nil, refuseSignIn(700016, "unauthorized_client", "Application with identifier '%s' was not found in the directory '%s'.", form.Get("client_id"), t.ID())
	}
	if failure := t.checkCredential(application, form, endpoint); failure != nil {
		return nil, failure
	}
	audience, ok := audienceOf(form)
	if !ok {
		return nil, refuseSignIn(70011, "invalid_scope", "The provided request must include a 'scope' input parameter that ends with '/.default'.")
	}
	token := t.sealed(t.claimsFor(audience, func(c *claims) {
		c.AppID, c.ObjectID, c.Subject, c.IDType, c.Roles = application.ID, application.ID, application.ID, "app", application.Permissions
	}))
	return tokenAnswer(token), nil
}

func tokenAnswer(token string) object {
	seconds := raw(int(tokenLife / time.Second))
	return object{{"token_type", raw("Bearer")}, {"expires_in", seconds}, {"ext_expires_in", seconds}, {"access_token", raw(token)}}
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
	case application.Secret == "" || !equalSecret(secret, application.Secret):
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
	s, failure := t.newSignIn(request.base, request.endpoint, request.from, form)
	if failure != nil {
		return nil, failure
	}
	user, failure := t.authenticate(form.Get("username"), form.Get("password"))
	var report *mfa.Report
	if failure == nil {
		report, failure = t.judgeSignIn(ctx, user, s)
	}
	t.logSignIn(user, s, report, failure)
	if failure != nil {
		failure.correlation = s.correlation
		return nil, failure
	}
	return t.userTokens(user, s, request.base, form), nil
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
	if !ok || !equalSecret(password, kept.text) {
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

// userTokens answers a password grant that passed. Its access token carries no
// app role, so that it opens no route of this fake.
func (t *Tenant) userTokens(user mfa.User, s signIn, base string, form url.Values) object {
	fill := func(c *claims) {
		c.AppID, c.ObjectID, c.Subject, c.UPN = form.Get("client_id"), user.ID, user.ID, user.UserPrincipalName
		c.IDType, c.AMR, c.Scopes = "user", []string{"pwd"}, form.Get("scope")
		c.PreferredUsername = user.UserPrincipalName
	}
	answer := append(tokenAnswer(t.sealed(t.claimsFor(s.resource.audience, fill))), member{"scope", raw(form.Get("scope"))})
	scopes := strings.Fields(form.Get("scope"))
	if slices.Contains(scopes, "openid") {
		id := t.claimsFor(form.Get("client_id"), fill)
		id.Issuer, id.Version = base+"/"+t.ID()+"/v2.0", "2.0"
		answer = append(answer, member{"id_token", raw(t.sealed(id))})
	}
	if form.Get("client_info") == "1" {
		answer = append(answer, member{"client_info", raw(encode(raw(map[string]string{"uid": user.ID, "utid": t.ID()})))})
	}
	return answer
}
