package mfa

import (
	"fmt"
	"net/netip"
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
// is for a person to look at. Evidence about another account is refused
// as a disagreement of its own.
func (r Report) WithEvidence(e Evidence) Report {
	e.Disagreements, e.Caveats = nil, nil
	c := &comparison{report: r, evidence: &e}
	c.probe()
	c.log()
	r.Evidence = &e
	r.AppRegistration = r.AppRegistration.with(e.SignIns)
	return r
}

// comparison puts evidence beside a report.
type comparison struct {
	report   Report
	evidence *Evidence
}

// sign is a sign-in as it is compared: when, to what, from where; the address is
// empty where it isn't known.
type sign struct {
	what              string
	at                time.Time
	resource, address string
}

func (m SignInMoment) sign(what string) sign {
	return sign{what: what, at: m.At, resource: m.Resource, address: m.Address}
}

const (
	aPasswordSignIn = "a password sign-in of the log"
	aSignIn         = "a sign-in of the log"
)

// say notes a contradiction, as far as it is one.
func (c *comparison) say(s sign, format string, args ...any) {
	text := fmt.Sprintf(format, args...) + fmt.Sprintf(" (%s at %s)", s.what, s.at.UTC().Format(time.RFC3339))
	if weak := c.weak(s); weak != "" {
		c.caveat(text + "; " + weak)
		return
	}
	c.disagree(text)
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

// weak says why a sign-in proves little against the report; empty where it does prove.
func (c *comparison) weak(s sign) string {
	changed := c.evidence.ChangedAt
	switch {
	case !c.resourceInProfile(s.resource), s.address != "" && !c.addressInProfile(s.address):
		return "it is a sign-in beside the profile"
	case s.address == "" && len(c.addresses()) > 0:
		return "the profile names addresses, and from which one it came is not known"
	case changed != nil && s.at.Before(*changed):
		return fmt.Sprintf("it is older than the change of %s", changed.UTC().Format(time.RFC3339))
	case changed != nil && s.at.Before(changed.Add(settling)):
		return fmt.Sprintf("the change of %s may not have been in force yet, which takes minutes to hours", changed.UTC().Format(time.RFC3339))
	case s.at.After(c.report.CheckedAt.Add(settled)):
		return "the check is older than a day: check again"
	}
	return ""
}

func (c *comparison) resourceInProfile(resource string) bool {
	p := c.report.Profile
	return p == nil || len(p.Applications) == 0 || containsFold(p.Applications, resource)
}

// addresses are those that the profile names; none means every one.
func (c *comparison) addresses() []netip.Prefix {
	if c.report.Profile == nil || slices.ContainsFunc(c.report.Profile.Addresses, func(p netip.Prefix) bool { return !p.IsValid() }) {
		return nil
	}
	return c.report.Profile.Addresses
}

func (c *comparison) addressInProfile(text string) bool {
	prefixes := c.addresses()
	address, err := netip.ParseAddr(text)
	return len(prefixes) == 0 || err == nil && slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(address.Unmap().WithZone("")) })
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
	s := sign{what: "the probe", at: p.At, resource: p.Resource}
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

// log compares what the sign-in log says. A later sign-in speaks louder than an
// earlier one: what was demanded before the password alone was enough is over.
func (c *comparison) log() {
	e := c.evidence.SignIns
	if e == nil {
		return
	}
	if !strings.EqualFold(e.UserID, c.report.Account.ID) {
		c.disagree(fmt.Sprintf("the sign-in log is of another account: %s", e.UserID))
		return
	}
	success, failure := e.LastPasswordSuccess, e.LastPasswordFailure
	switch {
	case success != nil && !later(failure, success) && c.always():
		c.say(success.sign(aPasswordSignIn), "the verdict is %s at every sign-in, and the password alone was enough", c.report.Outcome)
	case failure != nil && !later(success, failure) && c.clear():
		c.refusedInLog(*failure)
	}
	for _, d := range e.Demands {
		c.demand(d, success)
	}
	for _, p := range e.Policies {
		if p.LastRefused != nil && !later(success, p.LastRefused) && !strings.EqualFold(p.ID, "SecurityDefaults") {
			c.policy(p.LastRefused.sign(aPasswordSignIn), p.ID, p.Name)
		}
	}
	if e.Person.Found && c.clear() {
		c.caveat(fmt.Sprintf("a person seems to use the account (%d sign-ins): whom an exemption frees of MFA is not the program alone", e.Person.SignIns))
	}
}

// later says that one sign-in is the newer of two; one that isn't there never is.
func later(a, b *SignInMoment) bool { return a != nil && a.At.After(b.At) }

// refusedInLog says that the newest password sign-in met what the report doesn't know of.
func (c *comparison) refusedInLog(m SignInMoment) {
	class := aadstsCodes[m.Code].class
	if class != nil && (class.outcome == entramfa.MFA || class.outcome == entramfa.Blocked) {
		c.say(m.sign(aPasswordSignIn), "the verdict is clear, and the sign-in was refused: AADSTS%d, %s", m.Code, class.text)
	}
}

// demand compares who demanded MFA. What no check can read is always named; a
// demand of another kind of sign-in counts where it is no matter of the kind, as
// with per-user MFA.
func (c *comparison) demand(d MFADemand, success *SignInMoment) {
	what := fmt.Sprintf("the sign-in log names the provider %s", d.Provider)
	last := d.LastPassword
	over := last != nil && later(success, last)
	switch {
	case d.Source == "":
		c.caveat(fmt.Sprintf("%s at %s, and this version doesn't know what it means", what, d.Last.At.UTC().Format(time.RFC3339)))
	case unseen(d.Source), d.Source == entramfa.SourcePerUserMFA && last == nil && !later(success, &d.Last):
		c.source(d.Last.sign(aSignIn), d.Source, what)
	case last != nil && !over:
		c.source(last.sign(aPasswordSignIn), d.Source, what)
	}
}
