package mfa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/unread"
	"github.com/entramfa/entramfa/policy"
)

// gatherer turns records of the sign-in log into evidence.
type gatherer struct {
	options  SignInOptions
	evidence SignInEvidence
	demands  map[string]*MFADemand
	policies map[string]*PolicyUse
	uses     map[useKey]*SignInUse
	person   person
	// blind counts sign-ins that policies judged, and of which the log names none.
	blind int
	seen  map[string]bool // ids of records
}

func newGatherer(userID string, o SignInOptions) *gatherer {
	return &gatherer{
		options:  o,
		evidence: SignInEvidence{UserID: userID, From: o.Now.Add(-o.Window), To: o.Now},
		demands:  map[string]*MFADemand{}, policies: map[string]*PolicyUse{}, uses: map[useKey]*SignInUse{},
		seen: map[string]bool{},
	}
}

// read reads one of the logs.
func (g *gatherer) read(ctx context.Context, reader SignInLogReader, nonInteractive bool) {
	log, name := &g.evidence.Interactive, "the log of interactive sign-ins"
	if nonInteractive {
		log, name = &g.evidence.NonInteractive, "the log of non-interactive sign-ins"
	}
	query := SignInQuery{UserID: g.evidence.UserID, Since: g.evidence.From, NonInteractive: nonInteractive}
	for record, err := range reader.SignInLog(ctx, query) {
		if err != nil {
			g.unread(log, name, err)
			return
		}
		if log.Records == g.options.Records {
			log.Cut = true
			break
		}
		log.Records++
		if problem := g.add(log, record, nonInteractive); problem != "" {
			g.missing(name + " holds " + problem)
		}
	}
	log.Read = true
	if log.Cut {
		g.missing(fmt.Sprintf("what is older in %s: %d sign-ins were read", name, log.Records))
	}
}

// unread says that a log could not be read, or not to its end.
func (g *gatherer) unread(log *SignInLog, name string, err error) {
	log.Missing = err.Error()
	g.missing(fmt.Sprintf("%s: %v", name, err))
	advice := unread.Advice(err, "AuditLog.Read.All")
	if errors.Is(err, entramfa.ErrLicense) {
		advice = entramfa.Advice{Action: entramfa.ActionReview, Text: "Microsoft Graph gives the sign-in log to tenants with Entra ID P1 alone; without it look at the sign-ins in the Entra admin center, which shows 7 days"}
	}
	if !slices.Contains(g.evidence.Advice, advice) {
		g.evidence.Advice = append(g.evidence.Advice, advice)
	}
}

func (g *gatherer) missing(text string) {
	if !slices.Contains(g.evidence.Missing, text) {
		g.evidence.Missing = append(g.evidence.Missing, text)
	}
}

// add takes one record in; a record that can't be one of the answer is named and left out.
func (g *gatherer) add(log *SignInLog, r SignInRecord, nonInteractive bool) (problem string) {
	at, err := time.Parse(time.RFC3339, r.CreatedDateTime)
	switch {
	case err != nil:
		return "a sign-in without a time"
	case !strings.EqualFold(r.UserID, g.evidence.UserID):
		return "a sign-in of another account"
	case at.Before(g.evidence.From):
		return "" // older than what was asked for
	case r.ID != "" && g.seen[r.ID]:
		return "" // in both logs, or twice
	}
	g.seen[r.ID] = true
	m := momentOf(r, at, nonInteractive)
	log.note(m)
	g.newest(m)
	g.demanded(r, m)
	g.judged(r, m)
	g.used(r, m)
	g.person.add(r, m)
	return ""
}

func momentOf(r SignInRecord, at time.Time, nonInteractive bool) SignInMoment {
	interactive := !nonInteractive
	if r.IsInteractive != nil {
		interactive = *r.IsInteractive
	}
	return SignInMoment{
		At: at, Code: r.Status.ErrorCode, Resource: r.ResourceID, Client: r.AppID, Address: r.IPAddress,
		Protocol: r.AuthenticationProtocol, Interactive: interactive,
	}
}

func (log *SignInLog) note(m SignInMoment) {
	switch {
	case m.Code == 0:
		log.Successes++
	case !m.interrupted():
		log.Failures++
	}
	if log.Oldest == nil || m.At.Before(*log.Oldest) {
		log.Oldest = new(m.At)
	}
}

// interrupted says that a page was shown, which is no failure.
func (m SignInMoment) interrupted() bool {
	return aadstsCodes[m.Code].class == &classInterrupt
}

// accepted says whether the password was right, or what stood in its place.
func (m SignInMoment) accepted() bool {
	code := aadstsCodes[m.Code]
	return m.Code == 0 || code.accepted != nil && *code.accepted
}

// password says that it was a password grant.
func (m SignInMoment) password() bool { return isPasswordGrant(m.Protocol) }

// isPasswordGrant looks among the protocols of a sign-in, which are flags.
func isPasswordGrant(protocol string) bool {
	return containsFold(policy.Flags(protocol).Values(), "ropc")
}

// newest keeps the newest of each kind.
func (g *gatherer) newest(m SignInMoment) {
	e := &g.evidence
	switch {
	case m.Code == 0:
		keep(&e.LastSuccess, m)
	case !m.interrupted():
		keep(&e.LastFailure, m)
	}
	switch {
	case !m.password():
	case m.Code == 0:
		keep(&e.LastPasswordSuccess, m)
	case m.accepted() && !m.interrupted():
		keep(&e.LastPasswordFailure, m)
	}
}

func keep(newest **SignInMoment, m SignInMoment) {
	if *newest == nil || m.At.After((*newest).At) {
		*newest = new(m)
	}
}

// demanded notes who demanded MFA of a sign-in.
func (g *gatherer) demanded(r SignInRecord, m SignInMoment) {
	for _, by := range r.RequirementPolicies {
		d := g.demands[fold(by.RequirementProvider)]
		if d == nil {
			d = &MFADemand{Provider: by.RequirementProvider, Source: sourceOfProvider(by.RequirementProvider), Detail: by.Detail, Last: m}
			g.demands[fold(by.RequirementProvider)] = d
		}
		d.SignIns++
		if m.At.After(d.Last.At) {
			d.Last = m
		}
		if m.password() {
			keep(&d.LastPassword, m)
		}
	}
}

// judged notes what the policies did. An empty list beside a verdict of Conditional
// Access means that the caller may not read policies.
func (g *gatherer) judged(r SignInRecord, m SignInMoment) {
	if len(r.AppliedPolicies) == 0 && (r.ConditionalAccessStatus == "success" || r.ConditionalAccessStatus == "failure") {
		g.blind++
	}
	for _, applied := range r.AppliedPolicies {
		p := g.policies[fold(applied.ID)]
		if p == nil {
			p = &PolicyUse{ID: applied.ID, Name: applied.DisplayName, Results: map[string]int{}}
			g.policies[fold(applied.ID)] = p
		}
		p.Results[applied.Result]++
		if applied.Result == "failure" || applied.Result == "success" {
			p.Controls = union(p.Controls, applied.EnforcedGrantControls)
		}
		if applied.Result == "failure" && m.password() {
			keep(&p.LastRefused, m)
		}
	}
}

func union(list, more []string) []string {
	for _, text := range more {
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// useKey tells one use from another.
type useKey struct {
	client, resource, address, clientApp, protocol string
	interactive                                    bool
}

// used notes to what and from where the sign-in was.
func (g *gatherer) used(r SignInRecord, m SignInMoment) {
	key := useKey{fold(r.AppID), fold(r.ResourceID), r.IPAddress, r.ClientAppUsed, r.AuthenticationProtocol, m.Interactive}
	u := g.uses[key]
	if u == nil {
		u = &SignInUse{
			ClientID: key.client, ResourceID: key.resource, Address: key.address,
			ClientApp: key.clientApp, Protocol: key.protocol, Interactive: key.interactive,
		}
		g.uses[key] = u
	}
	u.ClientName, u.ResourceName = cmp.Or(u.ClientName, r.AppDisplayName), cmp.Or(u.ResourceName, r.ResourceDisplayName)
	u.count(m)
	for _, by := range r.RequirementPolicies {
		u.demanded(by.RequirementProvider, m)
	}
	for _, applied := range r.AppliedPolicies {
		if applied.Result == "failure" {
			u.refused(applied, m)
		}
	}
}

// count notes how one sign-in ended.
func (u *SignInUse) count(m SignInMoment) {
	u.SignIns++
	if m.accepted() {
		u.Accepted++
	}
	if m.At.After(u.Last) {
		u.Last = m.At
	}
	switch {
	case m.Code == 0:
		u.Successes++
		keep(&u.LastSuccess, m)
	case m.accepted() && !m.interrupted():
		keep(&u.LastRefused, m)
	}
}

// demanded notes that a provider demanded MFA of a sign-in.
func (u *SignInUse) demanded(provider string, m SignInMoment) {
	i := slices.IndexFunc(u.Demands, func(d UseDemand) bool { return strings.EqualFold(d.Provider, provider) })
	switch {
	case i < 0:
		u.Demands = append(u.Demands, UseDemand{provider, sourceOfProvider(provider), m})
	case m.At.After(u.Demands[i].Last.At):
		u.Demands[i].Last = m
	}
}

// refused notes that a policy refused a sign-in.
func (u *SignInUse) refused(by AppliedPolicy, m SignInMoment) {
	i := slices.IndexFunc(u.RefusedBy, func(r UseRefusal) bool { return strings.EqualFold(r.ID, by.ID) })
	switch {
	case i < 0:
		u.RefusedBy = append(u.RefusedBy, UseRefusal{by.ID, by.DisplayName, m})
	case m.At.After(u.RefusedBy[i].Last.At):
		u.RefusedBy[i].Last = m
	}
}

// identity puts uses in an order that is always the same.
func (u SignInUse) identity() string {
	return fmt.Sprintf("%q", []string{u.ClientID, u.ResourceID, u.Address, u.ClientApp, u.Protocol, fmt.Sprint(u.Interactive)})
}

// finish puts what was gathered in order, the newest or the most frequent first.
func (g *gatherer) finish() SignInEvidence {
	e := g.evidence
	e.Demands, e.Policies, e.Uses = []MFADemand{}, []PolicyUse{}, []SignInUse{}
	for _, d := range g.demands {
		e.Demands = append(e.Demands, *d)
	}
	for _, p := range g.policies {
		slices.Sort(p.Controls)
		e.Policies = append(e.Policies, *p)
	}
	for _, u := range g.uses {
		e.Uses = append(e.Uses, *u)
	}
	slices.SortFunc(e.Demands, func(a, b MFADemand) int {
		return cmp.Or(b.Last.At.Compare(a.Last.At), strings.Compare(a.Provider, b.Provider))
	})
	slices.SortFunc(e.Policies, func(a, b PolicyUse) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	slices.SortFunc(e.Uses, func(a, b SignInUse) int {
		return cmp.Or(cmp.Compare(b.SignIns, a.SignIns), b.Last.Compare(a.Last), strings.Compare(a.identity(), b.identity()))
	})
	if g.blind > 0 {
		e.Missing = append(e.Missing, fmt.Sprintf("which policies applied to %d sign-ins: the log names none without Policy.Read.All", g.blind))
		e.Advice = append(e.Advice, entramfa.Advice{Action: entramfa.ActionGrant, Text: "grant the checking identity Policy.Read.All"})
	}
	e.Person = g.person.finish(e.Interactive)
	return e
}

func fold(text string) string { return strings.ToLower(text) }
