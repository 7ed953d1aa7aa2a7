package graphfake

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// A reset of a password runs for a while. Its state is Graph's longRunningOperation.
// Source: https://learn.microsoft.com/graph/api/resources/longrunningoperation.

// reset is one that was begun.
type reset struct {
	id, user   string
	password   string // "" once it is over
	hash       *secretHash
	begun      time.Time
	reads      int
	over       time.Time // the zero time while it runs
	failed     bool
	lastAction time.Time
}

// resetPause is how long the service asks to wait before the next question.
const resetPause = 5

// beginReset begins a reset.
func (t *Tenant) beginReset(d *directory, who mfa.Identity, name, text string) (reset, error) {
	user, err := d.user(name)
	if err != nil {
		return reset{}, err
	}
	if err := t.mayResetPassword(d, who, user); err != nil {
		return reset{}, err
	}
	if d.federated(user) {
		return reset{}, badPhone("The password of a user of a federated domain can't be reset.") // the words are not published
	}
	if err := t.checkPassword(text); err != nil {
		return reset{}, err
	}
	r := reset{id: t.newID(), user: user.ID, password: text, begun: t.now(), lastAction: t.now()}
	d.resets.put(r.id, r)
	return r, nil
}

// mayResetPassword lets administrators do it, no application, and nobody for
// themselves. With which code each is refused is not published.
// Source: https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword.
func (t *Tenant) mayResetPassword(d *directory, who mfa.Identity, user mfa.User) error {
	if who.Kind == mfa.IdentityApplication || self(who, user) {
		return deniedMethods()
	}
	return t.mayManage(d, who, user, mayReset, deniedMethods())
}

// readReset says how far a reset is, which is also what moves it on where the clock doesn't.
func (t *Tenant) readReset(d *directory, who mfa.Identity, name, id string) (reset, error) {
	user, err := d.user(name)
	if err != nil {
		return reset{}, err
	}
	if who.Kind == mfa.IdentityApplication {
		return reset{}, deniedMethods()
	}
	r, known := d.resets.get(id)
	if !known || !sameText(r.user, user.ID) {
		return reset{}, graphError(http.StatusNotFound, "resourceNotFound", "The operation '%s' was not found.", id)
	}
	r.reads++
	return t.runReset(&t.directory, r), nil
}

// status is how far the reset is.
func (r reset) status(now time.Time) string {
	switch {
	case !r.over.IsZero() && r.failed:
		return "failed"
	case !r.over.IsZero():
		return "succeeded"
	case r.reads > 0 || now.After(r.begun):
		return "running"
	}
	return "notStarted"
}

// runReset keeps a reset, and ends it when it is due: by the clock, or at the second
// question.
func (t *Tenant) runReset(d *directory, r reset) reset {
	due := t.PasswordResetTakes > 0 && !t.now().Before(r.begun.Add(t.PasswordResetTakes)) ||
		t.PasswordResetTakes == 0 && r.reads > 1
	if due && r.over.IsZero() {
		r = t.endReset(d, r)
	}
	d.resets.put(r.id, r)
	return r
}

// endReset gives the account its password, unless the reset fails.
func (t *Tenant) endReset(d *directory, r reset) reset {
	r.over, r.failed, r.lastAction = t.now(), t.PasswordResetFails != "", t.now()
	user, known := d.users.get(r.user)
	if known && !r.failed {
		d.setPassword(user.ID, password{text: r.password, hash: r.hash, change: true, profiled: true})
		t.touchPassword(d, user)
	}
	r.password, r.hash = "", nil
	return r
}

// detail says why a reset failed.
func (t *Tenant) detail(r reset) string {
	if r.failed {
		return t.PasswordResetFails
	}
	return ""
}

// resetOf is a reset as a client knows it.
func (t *Tenant) resetOf(r reset) mfa.PasswordOperation {
	operation := mfa.PasswordOperation{Location: r.location(), Status: r.status(t.now()), StatusDetail: t.detail(r)}
	if r.over.IsZero() {
		operation.RetryAfterSeconds = resetPause
	}
	return operation
}

// location is where a reset is read, relative to the version; what the service
// writes behind the question mark belongs to it.
func (r reset) location() string {
	return "/users/" + r.user + "/authentication/operations/" + r.id + "?" + strings.Join(resetParameters, "=graphfake&") + "=graphfake"
}

// resetParameters say to the service where the operation runs.
var resetParameters = []string{"aadgdc", "aadgsu"}

// resetRow is a reset as Graph writes it.
func (t *Tenant) resetRow(r reset) object {
	return object{
		{"id", raw(r.id)},
		{"createdDateTime", raw(second(r.begun))},
		{"lastActionDateTime", raw(second(r.lastAction))},
		{"status", raw(r.status(t.now()))},
		{"statusDetail", raw(t.detail(r))},
		{"resourceLocation", raw(nil)},
	}
}

// resetIDs reads the account and the operation from a location.
func resetIDs(location string) (user, id string, ok bool) {
	path, _, _ := strings.Cut(location, "?")
	segments := splitPath(path)
	if n := len(segments); n >= 5 {
		segments = segments[n-5:]
		ok = sameText(segments[0], "users") && sameText(segments[2], "authentication") && sameText(segments[3], "operations")
		return segments[1], segments[4], ok
	}
	return "", "", false
}

// newPassword is one that the service makes itself.
func newPassword() string { return "Gf1!" + rand.Text()[:12] }

// readNewPassword reads {"newPassword": "..."}; "" where the service shall make one.
func readNewPassword(body []byte) (string, error) {
	if len(body) == 0 {
		return "", nil
	}
	parsed, refusal := readBodyObject(body)
	if refusal != nil {
		return "", refusal
	}
	for _, m := range parsed {
		if m.name != "newPassword" && !isAnnotation(m.name) {
			return "", badPhone("The parameter '%s' in the request payload is not a valid parameter for the operation 'resetPassword'.", m.name)
		}
	}
	if parsed.given("newPassword") && parsed.text("newPassword") == "" {
		return "", badPhone("Invalid value specified for property 'newPassword' of the operation 'resetPassword'.")
	}
	return parsed.text("newPassword"), nil
}
