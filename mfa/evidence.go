package mfa

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// Evidence is how an account really signs in, beside what a check says of it. A
// check judges every sign-in of a profile from the tenant's state; evidence is of
// single sign-ins, each with its time.
type Evidence struct {
	// Probe is one sign-in that was made for this purpose, SignIns what the log says.
	Probe   *ProbeResult    `json:"probe,omitempty"`
	SignIns *SignInEvidence `json:"signIns,omitempty"`
	// ChangedAt is when the account or a policy was changed last, where that is
	// known: an older sign-in contradicts nothing, and one soon after little. The caller
	// sets it; nil means that nothing is known of a change.
	ChangedAt *time.Time `json:"changedAt,omitempty"`

	// Disagreements lists where evidence and verdict contradict each other, Caveats
	// where they seem to and the evidence is too old, or of a sign-in beside the
	// profile. WithEvidence fills both in.
	Disagreements []string `json:"disagreements,omitempty"`
	Caveats       []string `json:"caveats,omitempty"`
}

// Microsoft says that a change of a policy or a group is in force after minutes,
// mostly within two hours, and at the latest after a day.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation.
const (
	settling = 2 * time.Hour
	settled  = 24 * time.Hour
)

// WithEvidence returns the report with evidence beside its verdict, and lists
// where the two disagree. It changes neither verdict nor findings: a disagreement
// is for a person to look at. Of the log each way to sign in (SignInUse) within the
// profile is compared by itself, for a sign-in to another resource or from another
// address refutes nothing; what lies beside the profile is a caveat. Evidence about
// another account is refused as a disagreement of its own.
func (r Report) WithEvidence(e Evidence) Report {
	e.Disagreements, e.Caveats = nil, nil
	c := &comparison{report: r, evidence: &e}
	c.probe()
	c.log()
	c.tell()
	r.Evidence = &e
	r.AppRegistration = r.AppRegistration.with(e.SignIns)
	return r
}

// comparison puts evidence beside a report.
type comparison struct {
	report   Report
	evidence *Evidence
	claims   []*claim
}

// claim is a contradiction, by the newest of the sign-ins that show it.
type claim struct {
	text, weak string
	newest     sign
	more       int // sign-ins of other kinds that show the same
}

// sign is a sign-in as it is compared: when, to what, from where; the address is
// empty where it isn't known.
type sign struct {
	what                      string
	at                        time.Time
	resource, address, client string
}

// sign is a sign-in of the use.
func (u SignInUse) sign(m SignInMoment) sign {
	what := "a sign-in of the log"
	if m.password() {
		what = "a password sign-in of the log"
	}
	return sign{what: what, at: m.At, resource: m.Resource, address: m.Address, client: u.ClientApp}
}

// say notes a contradiction, as far as it is one.
func (c *comparison) say(s sign, format string, args ...any) {
	text, weak := fmt.Sprintf(format, args...), c.weak(s)
	i := slices.IndexFunc(c.claims, func(k *claim) bool { return k.text == text && k.weak == weak && k.newest.what == s.what })
	if i < 0 {
		c.claims = append(c.claims, &claim{text: text, weak: weak, newest: s})
		return
	}
	k := c.claims[i]
	k.more++
	if s.at.After(k.newest.at) {
		k.newest = s
	}
}

// tell puts what was noted into the evidence.
func (c *comparison) tell() {
	for _, k := range c.claims {
		text := fmt.Sprintf("%s (%s at %s", k.text, k.newest.what, k.newest.at.UTC().Format(time.RFC3339))
		if k.more > 0 {
			text += fmt.Sprintf(", and %d more ways to sign in", k.more)
		}
		if text += ")"; k.weak != "" {
			c.caveat(text + "; " + k.weak)
			continue
		}
		c.disagree(text)
	}
}

func (c *comparison) disagree(text string) {
	if !slices.Contains(c.evidence.Disagreements, text) {
		c.evidence.Disagreements = append(c.evidence.Disagreements, text)
	}
}

func (c *comparison) caveat(text string) {
	if !slices.Contains(c.evidence.Caveats, text) {
		c.evidence.Caveats = append(c.evidence.Caveats, text)
	}
}

const besideProfile = "it is a sign-in beside the profile"

// weak says why a sign-in proves little against the report; empty where it does prove.
func (c *comparison) weak(s sign) string {
	changed, profile := c.evidence.ChangedAt, c.report.profile()
	switch {
	case !resourceWithin(profile, s.resource), s.address != "" && !addressWithin(profile, s.address), !clientWithin(profile, s.client):
		return besideProfile
	case s.address == "" && len(addressesOfProfile(profile)) > 0:
		return "the profile names addresses, and from which one it came is not known (ProbeOptions.Address says it of a probe)"
	case changed != nil && s.at.Before(*changed):
		return fmt.Sprintf("it is older than the change of %s", changed.UTC().Format(time.RFC3339))
	case changed != nil && s.at.Before(changed.Add(settling)):
		return fmt.Sprintf("the change of %s may not have been in force yet, which takes minutes to hours", changed.UTC().Format(time.RFC3339))
	case s.at.After(c.report.CheckedAt.Add(settled)):
		return "the check is older than a day: check again"
	}
	return ""
}

func (c *comparison) always() bool {
	return c.report.Extent == entramfa.Always && (c.report.Outcome == entramfa.MFA || c.report.Outcome == entramfa.Blocked)
}

func (c *comparison) clear() bool { return c.report.Outcome == entramfa.Clear }

// probe compares the sign-in that was made.
func (c *comparison) probe() {
	p := c.evidence.Probe
	if p == nil {
		return
	}
	if !strings.EqualFold(p.Username, c.report.Account.UserPrincipalName) {
		c.disagree(fmt.Sprintf("the probe is of another account: %s", p.Username))
		return
	}
	s := sign{what: "the probe", at: p.At, resource: p.Resource, address: p.Address}
	switch met := p.Outcome == entramfa.MFA || p.Outcome == entramfa.Blocked; {
	case met && c.clear():
		c.say(s, "the verdict is clear, and the sign-in was refused: %s", p.Text)
	case p.Outcome == entramfa.Clear && c.always():
		c.say(s, "the verdict is %s at every sign-in, and the password alone was enough", c.report.Outcome)
	case met && c.always() && p.Outcome != c.report.Outcome:
		c.say(s, "the verdict is %s, and the sign-in met %s: %s", c.report.Outcome, p.Outcome, p.Text)
	}
	for _, id := range p.Policies {
		c.policy(s, id, "")
	}
	if len(p.Sources) == 1 && len(p.Policies) == 0 {
		c.source(s, p.Sources[0], "the answer comes from it: "+p.Text)
	}
}

// policy compares a policy that stood in the way of a sign-in with its finding.
func (c *comparison) policy(s sign, id, name string) {
	i := slices.IndexFunc(c.report.Findings, func(f entramfa.Finding) bool {
		return f.Source == entramfa.SourceConditionalAccess && strings.EqualFold(f.ID, id)
	})
	switch {
	case i < 0 && name != "":
		c.say(s, "the policy %q (%s) refused the sign-in, and the report doesn't hold it: deleted since, made since, or hidden from the reader", name, id)
	case i < 0:
		c.say(s, "the policy %s refused the sign-in, and the report doesn't hold it: deleted since, made since, or hidden from the reader", id)
	case c.report.Findings[i].Outcome == entramfa.Clear:
		c.say(s, "the policy %q refused the sign-in, and the report calls it clear", c.report.Findings[i].Name)
	}
}

// source compares what stood behind a demand with all findings of its kind.
func (c *comparison) source(s sign, source entramfa.Source, what string) {
	if unseen(source) {
		c.say(s, "%s: no check can read it (%s)", what, source)
		return
	}
	// A list of policies that is known and empty has no finding, and is as clear.
	if !slices.ContainsFunc(c.report.Findings, func(f entramfa.Finding) bool { return f.Source == source && f.Outcome != entramfa.Clear }) {
		c.say(s, "%s, and the report calls %s clear", what, source)
	}
}

// log compares what the sign-in log says of each way to sign in.
func (c *comparison) log() {
	e := c.evidence.SignIns
	if e == nil {
		return
	}
	if !strings.EqualFold(e.UserID, c.report.Account.ID) {
		c.disagree(fmt.Sprintf("the sign-in log is of another account: %s", e.UserID))
		return
	}
	for _, u := range e.Uses {
		if isPasswordGrant(u.Protocol) {
			c.passwordUse(u)
		} else {
			c.otherUse(u)
		}
	}
	for _, d := range e.Demands {
		if d.Source == "" {
			c.caveat(fmt.Sprintf("%s at %s, and this version doesn't know what it means", named(d.Provider), d.Last.At.UTC().Format(time.RFC3339)))
		}
	}
	if e.Person.Found && c.clear() {
		c.caveat(fmt.Sprintf("a person seems to use the account (%d sign-ins): whom an exemption frees of MFA is not the program alone", e.Person.SignIns))
	}
}

// passwordUse compares password grants of one kind. A later one speaks louder than
// an earlier one: what was demanded before the password alone was enough is over.
func (c *comparison) passwordUse(u SignInUse) {
	success, refused := u.LastSuccess, u.LastRefused
	switch {
	case success != nil && !later(refused, success) && c.always():
		c.say(u.sign(*success), "the verdict is %s at every sign-in, and the password alone was enough", c.report.Outcome)
	case refused != nil && !later(success, refused) && c.clear():
		c.refusedInLog(u.sign(*refused), refused.Code)
	}
	for _, d := range u.Demands {
		if unseen(d.Source) || d.Source != "" && !later(success, &d.Last) {
			c.source(u.sign(d.Last), d.Source, named(d.Provider))
		}
	}
	for _, by := range u.RefusedBy {
		if !later(success, &by.Last) && !strings.EqualFold(by.ID, "SecurityDefaults") {
			c.policy(u.sign(by.Last), by.ID, by.Name)
		}
	}
}

// otherUse compares sign-ins of another kind. What no check can read is always
// named; another demand counts where it is no matter of the kind, as with per-user MFA.
func (c *comparison) otherUse(u SignInUse) {
	for _, d := range u.Demands {
		if unseen(d.Source) || d.Source == entramfa.SourcePerUserMFA && !c.passedSince(d.Last) {
			c.source(u.sign(d.Last), d.Source, named(d.Provider))
		}
	}
}

// passedSince says whether the password alone was enough later, within the profile.
func (c *comparison) passedSince(m SignInMoment) bool {
	return slices.ContainsFunc(c.evidence.SignIns.Uses, func(u SignInUse) bool {
		return isPasswordGrant(u.Protocol) && later(u.LastSuccess, &m) && c.weak(u.sign(*u.LastSuccess)) != besideProfile
	})
}

func named(provider string) string {
	return fmt.Sprintf("the sign-in log names the provider %s", provider)
}

// later says that one sign-in is the newer of two; one that isn't there never is.
func later(a, b *SignInMoment) bool { return a != nil && a.At.After(b.At) }

// refusedInLog says that a password sign-in met what the report doesn't know of.
func (c *comparison) refusedInLog(s sign, code int) {
	class := aadstsCodes[code].class
	if class != nil && (class.outcome == entramfa.MFA || class.outcome == entramfa.Blocked) {
		c.say(s, "the verdict is clear, and the sign-in was refused: AADSTS%d, %s", code, class.text)
	}
}
