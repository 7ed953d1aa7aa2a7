package graphfake

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// password is that of an account. It is compared, and never shown.
type password struct {
	text string
	hash *secretHash // of the text; where there is no text, all that is known
	// change: the account must change it at its next sign-in; withMFA: after a second factor.
	change, withMFA bool
	// profiled: a write said whether it must be changed.
	profiled bool
}

// profile is what Graph tells of it; nil where nothing was written yet.
func (p password) profile() json.RawMessage {
	if !p.profiled {
		return nil
	}
	return raw(object{
		{"password", raw(nil)}, {"forceChangePasswordNextSignIn", raw(p.change)}, {"forceChangePasswordNextSignInWithMfa", raw(p.withMFA)},
	})
}

// setPassword sets the password of an account. Another one ends its sessions.
func (d *directory) setPassword(id string, p password) {
	if kept, had := d.passwords.get(id); had && kept.text != p.text {
		d.revokeSessions(id)
	}
	d.passwords.put(id, p)
}

// passwordProfile is what a write says of a password; nil is not said.
type passwordProfile struct {
	Password *string `json:"password"`
	Change   *bool   `json:"forceChangePasswordNextSignIn"`
	WithMFA  *bool   `json:"forceChangePasswordNextSignInWithMfa"`
}

// readProfile reads a passwordProfile. No error shows what stands in it.
func readProfile(value json.RawMessage) (*passwordProfile, error) {
	parsed, err := parseObject(value)
	if err != nil {
		return nil, badProfile()
	}
	for _, m := range parsed {
		switch m.name {
		case "password", "forceChangePasswordNextSignIn", "forceChangePasswordNextSignInWithMfa":
		default:
			return nil, badProfile()
		}
	}
	var profile passwordProfile
	if json.Unmarshal(raw(parsed), &profile) != nil {
		return nil, badProfile()
	}
	return &profile, nil
}

func badProfile() *entramfa.GraphError {
	return badRequest("Invalid value specified for property 'passwordProfile' of resource 'User'.")
}

// checkProfile refuses a password that doesn't comply, and any for an account whose
// password is another's: the words for a federated one are not published.
func (t *Tenant) checkProfile(d *directory, user mfa.User, profile passwordProfile) error {
	if d.federated(user) {
		return badRequest("The password of a user of a federated domain can't be set.")
	}
	if profile.Password == nil {
		return nil
	}
	return t.checkPassword(*profile.Password)
}

// The rules for passwords of cloud accounts.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy.
const (
	shortestPassword = 8
	longestPassword  = 256
	wantedClasses    = 3
)

// checkPassword holds a password against the rules, which have one refusal for all.
func (t *Tenant) checkPassword(text string) error {
	length := len([]rune(text))
	if length < shortestPassword || length > longestPassword || classes(text) < wantedClasses || t.banned(text) {
		refusal := badRequest("The specified password does not comply with password complexity requirements. Please provide a different password.")
		refusal.Kind = entramfa.ErrPasswordRefused
		return refusal
	}
	return nil
}

// classes counts the kinds of characters; 0 where one is none that is allowed.
func classes(text string) int {
	kinds := map[string]bool{}
	for _, r := range text {
		switch {
		case r < ' ' || r >= unicode.MaxASCII:
			return 0
		case unicode.IsLower(r):
			kinds["lower"] = true
		case unicode.IsUpper(r):
			kinds["upper"] = true
		case unicode.IsDigit(r):
			kinds["digit"] = true
		default:
			kinds["symbol"] = true
		}
	}
	return len(kinds)
}

// banned says whether a password holds a word of the tenant's list.
func (t *Tenant) banned(text string) bool {
	for _, word := range t.BannedWords {
		if word != "" && strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// writeProfile does what a passwordProfile says. A password that is set must be
// changed at the next sign-in unless the write says that it need not.
// Source: https://learn.microsoft.com/graph/api/resources/passwordprofile.
func (t *Tenant) writeProfile(d *directory, user mfa.User, profile passwordProfile) {
	kept := d.passwords.at(user.ID)
	kept.profiled = true
	if profile.Password != nil {
		kept.text, kept.hash, kept.change, kept.withMFA = *profile.Password, nil, true, false
	}
	if profile.Change != nil {
		kept.change = *profile.Change
	}
	if profile.WithMFA != nil {
		kept.withMFA = *profile.WithMFA
	}
	d.setPassword(user.ID, kept)
	if profile.Password != nil {
		t.touchPassword(d, user)
	}
}

// touchPassword notes when the password was changed.
func (t *Tenant) touchPassword(d *directory, user mfa.User) {
	user.LastPasswordChangeDateTime = new(second(t.now()))
	t.writeUser(d, user)
}

// mustChange says that a sign-in ends at the change of the password.
func (p password) mustChange() bool { return p.change || p.withMFA }
