package graphfake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// The device code flow: a program shows a code, a person enters it elsewhere and
// signs in, and meanwhile the program asks whether that has happened.
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.

const (
	deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"
	deviceLife      = 15 * time.Minute
	deviceInterval  = 5 * time.Second
	// mostDevices is how many codes may wait at a time.
	mostDevices = 1000
)

// deviceGrant is a program that waits for a person.
type deviceGrant struct {
	signIn
	code, userCode string
	expires        time.Time
	polled         time.Time
	user           string         // object id of who signed in
	failure        *signInFailure // what the tenant said to it
}

// deviceCode begins a flow.
func (t *Tenant) deviceCode(r *http.Request, base, tenant string, body []byte) response {
	request := t.requestOf(r, base, tenant)
	form, failure := readForm(r, body)
	if failure == nil && request.older && len(form) == 0 {
		form, failure = parseForm(r.URL.RawQuery) // older clients write everything there
	}
	var grant deviceGrant
	if failure == nil {
		grant, failure = t.beginDevice(request, form)
	}
	if failure != nil {
		failure.correlation = request.correlation
		return t.signInError(*failure)
	}
	const page = "https://microsoft.com/devicelogin"
	life, interval, address := raw(int(deviceLife/time.Second)), raw(int(deviceInterval/time.Second)), "verification_uri"
	if request.older {
		life, interval, address = raw(string(life)), raw(string(interval)), "verification_url"
	}
	return jsonResponse(http.StatusOK, object{
		{"user_code", raw(grant.userCode)}, {"device_code", raw(grant.code)}, {address, raw(page)},
		{"expires_in", life}, {"interval", interval},
		{"message", raw("To sign in, use a web browser to open the page " + page + " and enter the code " + grant.userCode + " to authenticate.")},
	})
}

func (t *Tenant) beginDevice(request tokenRequest, form url.Values) (deviceGrant, *signInFailure) {
	failure := missing(form, "client_id")
	if failure == nil {
		failure = t.checkTenant(request.tenant)
	}
	if failure == nil && !request.older {
		failure = missing(form, "scope")
	}
	if failure != nil {
		return deviceGrant{}, failure
	}
	s, failure := t.newSignIn(request, form)
	if failure != nil {
		return deviceGrant{}, failure
	}
	s.protocol, s.flow, s.person = "deviceCode", "deviceCodeFlow", true
	grant := deviceGrant{signIn: s, code: rand.Text() + rand.Text(), userCode: rand.Text()[:9], expires: t.now().Add(deviceLife)}
	t.mu.Lock()
	defer t.mu.Unlock()
	for code, waiting := range t.devices.each() {
		if !t.now().Before(waiting.expires.Add(deviceLife)) { // until then it is told that it has expired
			t.devices.remove(code)
		}
	}
	if t.devices.len() >= mostDevices {
		return deviceGrant{}, refuseSignIn(90055, "temporarily_unavailable", "Too many requests are waiting for the tenant.")
	}
	t.devices.put(grant.code, grant)
	return grant, nil
}

// AnswerDeviceCode is the person who enters the code that a program showed, and signs
// in with an account, named by id or user principal name, and its password. Whom a
// policy asks for MFA does it, where the account has a method registered. It says why
// the sign-in was refused; the program is told the same when a policy refused it. With
// a wrong code, name or password the program goes on waiting.
func (t *Tenant) AnswerDeviceCode(userCode, user, password string) error {
	grant, err := t.waitingDevice(userCode)
	if err != nil {
		return err
	}
	account, failure := t.authenticate(user, password)
	if failure != nil {
		t.logSignIn(account, grant.signIn, nil, failure)
		return failure.asError()
	}
	report, failure := t.judgeSignIn(context.Background(), account, &grant.signIn)
	if failure == nil {
		_, failure = t.consented(grant.signIn)
	}
	t.logSignIn(account, grant.signIn, report, failure)
	if failure != nil {
		failure.correlation = grant.correlation
	}
	grant.user, grant.failure = account.ID, failure
	if !t.settleDevice(grant) {
		return errNoDevice
	}
	if failure != nil {
		return failure.asError()
	}
	return nil
}

// settleDevice notes what came of a sign-in; false where another was faster.
func (t *Tenant) settleDevice(grant deviceGrant) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting, known := t.devices.get(grant.code)
	if !known || waiting.user != "" {
		return false
	}
	t.devices.put(grant.code, grant)
	return true
}

var errNoDevice = errors.New("AADSTS70018: no program waits with this code, or it has expired")

// asError is the refusal as a person reads it.
func (f signInFailure) asError() error { return fmt.Errorf("AADSTS%d: %s", f.code, f.text) }

// waitingDevice finds the program that shows a code.
func (t *Tenant) waitingDevice(userCode string) (deviceGrant, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, grant := range t.devices.each() {
		if strings.EqualFold(grant.userCode, strings.TrimSpace(userCode)) && grant.user == "" && t.now().Before(grant.expires) {
			grant.at = t.now()
			return grant, nil
		}
	}
	return deviceGrant{}, errNoDevice
}

// redeemDevice answers a program that asks whether somebody has signed in. A code
// that was redeemed, or refused, is gone.
func (t *Tenant) redeemDevice(request tokenRequest, form url.Values) (object, *signInFailure) {
	code := form.Get("device_code")
	if code == "" {
		code = form.Get("code") // so the older endpoint names it
	}
	if code == "" {
		return nil, missing(form, "device_code")
	}
	grant, user, failure := t.polledDevice(code, form.Get("client_id"))
	if failure != nil {
		return nil, failure
	}
	if grant.clientAuth != "0" || form.Get("client_secret") != "" || form.Get("client_assertion") != "" {
		if _, failure := t.confidential(form, request.endpoint); failure != nil {
			return nil, failure
		}
	}
	if form.Get("claims") != "" {
		if grant.capabilities, failure = capabilities(form.Get("claims")); failure != nil {
			return nil, failure
		}
	}
	grant.clientInfo = form.Get("client_info") == "1"
	scopes, failure := t.consented(grant.signIn)
	if failure != nil {
		return nil, failure
	}
	return t.userTokens(user, grant.signIn, scopes), nil
}

// polledDevice says how far a flow is. The number that goes with slow_down is not published.
func (t *Tenant) polledDevice(code, clientID string) (deviceGrant, mfa.User, *signInFailure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	grant, known := t.devices.get(code)
	switch {
	case !known || fold(grant.clientID) != fold(clientID):
		return grant, mfa.User{}, refuseSignIn(70018, "bad_verification_code", "The provided value for the input parameter 'device_code' is not valid.")
	case !now.Before(grant.expires):
		return grant, mfa.User{}, refuseSignIn(70020, "expired_token", "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
	case grant.user == "":
		soon := !grant.polled.IsZero() && now.Sub(grant.polled) < deviceInterval-time.Second
		grant.polled = now
		t.devices.put(code, grant)
		if soon {
			return grant, mfa.User{}, refuseSignIn(70016, "slow_down", "OAuth 2.0 device flow error. The client polls too often. Continue polling at a longer interval.")
		}
		return grant, mfa.User{}, refuseSignIn(70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
	}
	t.devices.remove(code)
	if grant.failure != nil {
		return grant, mfa.User{}, grant.failure
	}
	user, exists := t.directory.users.get(grant.user)
	if !exists || user.AccountEnabled != nil && !*user.AccountEnabled {
		return grant, user, refuseSignIn(50057, "invalid_grant", "The user account is disabled.")
	}
	return grant, user, nil
}
