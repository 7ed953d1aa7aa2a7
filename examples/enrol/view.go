package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
)

// lineWidth is how many characters a line has at most.
const lineWidth = 118

// page prints for a person.
type page struct{ out io.Writer }

// line prints a text behind its indentation and a label, wrapped.
func (p *page) line(indent int, label, text string) {
	io.WriteString(p.out, layout.Paragraph(strings.Repeat(" ", indent)+label, text, lineWidth))
}

// heading begins a part.
func (p *page) heading(text string) { fmt.Fprintf(p.out, "\n  %s\n", text) }

// truth says first what enrolment no longer gives, and what does in its place.
func (p *page) truth(report mfa.Report) {
	p.heading("WHAT ENROLMENT NO LONGER GIVES")
	p.line(4, "- ", "Unattended use ends with it: a password grant can't do MFA, whatever is registered.")
	p.line(4, "- ", "App passwords open nothing in SharePoint since May 2026, and in Exchange Online nothing but SMTP AUTH.")
	p.heading("WHAT DOES")
	p.line(4, "", report.AppRegistration.Text)
	for _, a := range report.AppRegistration.Permissions {
		p.line(4, "- ", strings.TrimPrefix(strings.Join(a.Permissions, ", ")+"; ", "; ")+a.Text+" ("+a.Resource+")")
	}
}

// plan shows each change: what, why, and how it is undone.
func (p *page) plan(plan mfa.Plan) {
	p.heading(fmt.Sprintf("THE PLAN FOR %s (%s): %s", plan.Account.UserPrincipalName, plan.Account.DisplayName, layout.Count(len(plan.Changes), "change", "changes")))
	for _, c := range plan.Changes {
		p.line(4, fmt.Sprintf("%2s  ", c.ID), whatText(c))
		p.line(8, "why   ", c.Reason)
		p.human(c)
		p.line(8, "undo  ", c.Undo)
	}
	p.heading("TO KNOW BEFORE")
	for _, note := range plan.Notes {
		p.line(4, "- ", note)
	}
	p.heading("APPLYING IT NEEDS")
	p.line(4, "", strings.Join(plan.Permissions, ", "))
}

// human says what a person has to do.
func (p *page) human(c entramfa.Change) {
	if c.Human == nil {
		return
	}
	p.line(8, "who   ", "a person, at "+c.Human.Address+", until "+c.Human.Due.UTC().Format("2 January 2006"))
	p.line(8, "what  ", c.Human.Text)
}

// whatText says what a change does in a few words.
func whatText(c entramfa.Change) string {
	switch c.Kind {
	case entramfa.ChangeMobilePhone:
		return "set the mobile phone of the profile: " + string(c.After)
	case entramfa.AddPhoneMethod:
		return "register the phone as a method: " + string(c.After)
	case entramfa.ChangePhoneMethod:
		return "register another number: " + string(c.After)
	case entramfa.SetPassword:
		return "set a new password"
	case entramfa.ChangePerUserMFA:
		return "set the per-user MFA state: " + string(c.After)
	case entramfa.CreatePolicy:
		return fmt.Sprintf("create the policy %q", c.TargetName)
	case entramfa.HumanStep:
		return "wait for a person"
	case entramfa.HandOver:
		return "hand the app password over to the product"
	}
	return string(c.Kind)
}

// progress is a line for each change that is done or undone.
func (p *page) progress(at mfa.Progress) {
	if at.Stage == mfa.StageBegun || at.Stage == mfa.StageUndoing {
		return
	}
	text := whatText(at.Change)
	switch {
	case at.Stage == mfa.StageUndone:
		text = at.Change.Undo
	case at.Change.Human != nil:
		text = doneText(at.Change.Human.Done)
	}
	p.line(4, fmt.Sprintf("%d of %d  %-6s  ", at.Index, at.Of, at.Stage), text)
}

// doneText says what Graph showed of a person's step: that somebody came it does not tell.
func doneText(done entramfa.HumanDone) string {
	switch done {
	case entramfa.DoneRegistered:
		return "the account is registered, as Graph shows it: by a person, or by the phone that was registered here"
	case entramfa.DoneHandedIn:
		return "the app password was handed in"
	}
	return "done: " + string(done)
}

// result shows how far it got.
func (p *page) result(result mfa.Result) {
	states := map[string]int{}
	for _, c := range result.Changes {
		states[c.State]++
	}
	for _, state := range []struct{ name, text string }{{"made", "made"}, {"undone", "undone"}, {"open", "open: made, or not"}, {"notBegun", "not begun"}} {
		if n := states[state.name]; n > 0 {
			p.line(4, "", layout.Count(n, "change", "changes")+" "+state.text)
		}
	}
	if w := result.Waiting; w != nil {
		late := ""
		if w.Late {
			late = "; it should have been done by now"
		}
		p.line(4, "", fmt.Sprintf("IT WAITS FOR A PERSON (change %s%s)", w.Change.ID, late))
		p.human(w.Change)
	}
	for _, text := range result.NotUndone {
		p.line(4, "not undone  ", text)
	}
}
