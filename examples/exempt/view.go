package main

import (
	"fmt"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// lineWidth is how many characters a line has at most.
const lineWidth = 118

// page is a text for a person, in the making.
type page struct {
	strings.Builder
	names names
}

// line prints a text behind its indentation and a label, wrapped, with names for ids.
func (p *page) line(indent int, label, text string) {
	p.WriteString(layout.Paragraph(strings.Repeat(" ", indent)+label, p.names.in(text), lineWidth))
}

// heading begins a part.
func (p *page) heading(text string) { fmt.Fprintf(p, "\n  %s\n", text) }

// planText shows a plan: first whether it does what it is for.
func planText(made proposal) string {
	p := page{names: made.names}
	plan := made.Plan
	p.line(0, "", fmt.Sprintf("%s (%s)", plan.Account.UserPrincipalName, plan.Account.DisplayName))
	p.line(2, "tenant  ", fmt.Sprintf("%s (%s)", plan.Tenant.ID, plan.Tenant.DisplayName))
	p.line(2, "plan    ", plan.ID)
	p.line(2, "sign-in ", "OAuth password grants to "+signInText(plan.Profile))
	p.line(2, "now     ", verdictText(plan.Before))
	p.line(2, "after   ", strings.ToUpper(afterText(plan)))
	p.notLifted(plan)
	p.changes(plan)
	if len(plan.Changes) > 0 {
		p.others(plan.Others)
	}
	if plan.Gap != nil {
		p.heading("A GAP")
		p.line(4, "", plan.Gap.Text)
	}
	p.list("TO KNOW BEFORE", append(plan.Notes[:len(plan.Notes):len(plan.Notes)], made.Notes...))
	p.list("APPLYING IT NEEDS", plan.Permissions)
	return p.String()
}

func afterText(plan mfa.Plan) string {
	switch {
	case plan.Clear && len(plan.Changes) == 0:
		return "clear: there is nothing to do"
	case plan.Clear:
		return "clear"
	}
	return "not clear: " + verdictText(plan.After)
}

func verdictText(v entramfa.Verdict) string {
	what := map[entramfa.Outcome]string{
		entramfa.Clear: "clear", entramfa.MFA: "MFA stands in the way", entramfa.Blocked: "blocked", entramfa.Unknown: "it can't be told",
	}[v.Outcome]
	switch {
	case v.Outcome == entramfa.Clear || v.Outcome == entramfa.Unknown:
		return what
	case v.Extent == entramfa.Always:
		return what + " of every sign-in"
	}
	return what + " of some sign-ins"
}

// signInText says which sign-ins are meant.
func signInText(s policy.SignIn) string {
	to, from := "any resource", "anywhere"
	if len(s.Applications) > 0 {
		var names []string
		for _, id := range s.Applications {
			names = append(names, resourceName(id))
		}
		to = strings.Join(names, ", ")
	}
	if len(s.Addresses) > 0 {
		var ranges []string
		for _, prefix := range s.Addresses {
			ranges = append(ranges, prefix.String())
		}
		from = strings.Join(ranges, ", ")
	}
	if len(s.Countries) > 0 {
		from += " in " + strings.Join(s.Countries, ", ")
	}
	if len(s.Platforms) > 0 {
		from += ", on " + strings.Join(s.Platforms, ", ")
	}
	return to + ", from " + from
}

func (p *page) notLifted(plan mfa.Plan) {
	if len(plan.NotLifted) == 0 {
		return
	}
	p.heading("NOT LIFTED")
	for _, n := range plan.NotLifted {
		p.line(4, "", n.Name)
		p.line(6, "because  ", n.Because)
		p.line(6, "instead  ", n.Instead)
	}
}

func (p *page) changes(plan mfa.Plan) {
	switch n := len(plan.Changes); n {
	case 0:
		p.heading("NO CHANGES")
		return
	case 1:
		p.heading("1 CHANGE")
	default:
		p.heading(fmt.Sprintf("%d CHANGES, made in this order and undone in the reverse one", n))
	}
	for _, c := range plan.Changes {
		p.line(4, fmt.Sprintf("%2s  ", c.ID), whatText(c))
		p.line(8, "why   ", c.Reason)
		label := "what  "
		for _, member := range changedMembers(c.Before, c.After) {
			p.line(8, label, withoutReferences(member))
			label = "      "
		}
		p.line(8, "undo  ", c.Undo)
	}
}

// whatText says what a change does in a few words.
func whatText(c entramfa.Change) string {
	verb := map[entramfa.ChangeKind]string{
		entramfa.ChangePolicy: "change the policy", entramfa.CreatePolicy: "create the policy", entramfa.CreateNamedLocation: "create the named location",
		entramfa.ChangeSecurityDefaults: "switch off", entramfa.ChangePerUserMFA: "set the per-user MFA state of", entramfa.AddGroupMember: "add the account to the group",
	}[c.Kind]
	if verb == "" {
		verb = string(c.Kind) + " of"
	}
	return fmt.Sprintf("%s %q", verb, c.TargetName)
}

func (p *page) others(o mfa.Others) {
	p.heading("WHOM ELSE IT TOUCHES")
	switch {
	case o.Untouched:
		p.line(4, "", "nobody")
	case o.Count > 0:
		p.line(4, "", layout.Count(o.Count, "other account", "other accounts")+": "+strings.Join(o.Changed, ", ")+andMore(o.Count-len(o.Changed)))
	default:
		p.line(4, "", "every other account")
	}
	for _, proof := range o.Proof {
		p.line(4, "proof  ", proof)
	}
}

// andMore says that a list is longer than what is shown of it.
func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

func (p *page) list(heading string, texts []string) {
	if len(texts) == 0 {
		return
	}
	p.heading(heading)
	for _, text := range texts {
		p.line(4, "- ", flagNames(text))
	}
}

// progressText is one line about one change.
func progressText(at mfa.Progress) string {
	return layout.Clean(progressLabel(at) + doneText(at))
}

// doneText says what happens to a change: what it does, or what undoing it did.
func doneText(at mfa.Progress) string {
	switch at.Stage {
	case mfa.StageUndoing:
		return at.Change.Undo
	case mfa.StageUndone:
		return undoneText(at.Change)
	}
	return whatText(at.Change)
}

func progressLabel(at mfa.Progress) string {
	return fmt.Sprintf("%2d of %d  %-6s  ", at.Index, at.Of, at.Stage)
}

// deedText shows what was done.
func deedText(done deed) string {
	var p page
	if done.Result != nil {
		p.result(done)
	}
	if done.Verification != nil {
		p.verification(*done.Verification)
	}
	return p.String()
}

func (p *page) result(done deed) {
	p.heading("DONE")
	count := map[string]int{}
	for _, c := range done.Result.Changes {
		count[c.State]++
	}
	var parts []string
	for _, state := range []string{"made", "undone", "open", "notBegun"} {
		if n := count[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, map[string]string{"made": "made", "undone": "undone", "open": "open, which may be made or not", "notBegun": "not begun"}[state]))
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "nothing"
	}
	p.line(4, "", "of "+layout.Count(len(done.Plan.Changes), "change", "changes")+": "+text)
	if done.Result.Gap > 0 {
		p.line(4, "", "the gap without security defaults and without the policies in their place took "+layout.Duration(done.Result.Gap))
	}
	if done.Result.Unprotected {
		p.line(4, "", "THE TENANT IS NOT PROTECTED: security defaults are off, and not all of the policies in their place are on")
	}
	for _, text := range done.Result.NotUndone {
		p.line(4, "", "not undone: "+text)
	}
	for _, name := range done.Result.Appeared {
		p.line(4, "", "somebody else added a policy meanwhile, plan again: "+name)
	}
	if done.Result.Report != nil {
		p.line(4, "", "a check now says: "+verdictText(done.Result.Report.Verdict))
	}
	if done.Error != "" {
		p.line(4, "", "it stopped there: the reason stands on stderr")
	}
}

func (p *page) verification(v mfa.Verification) {
	p.heading("IS IT IN EFFECT?")
	for _, state := range []struct {
		name string
		mfa.Proved
	}{{"Graph", v.Graph}, {"What If", v.WhatIf}, {"a sign-in", v.SignIn}} {
		p.line(4, layout.Pad(state.name, 11)+layout.Pad(proofText(state.Proof), 11), state.Text)
	}
	for _, name := range v.Appeared {
		p.line(4, "", "somebody else added a policy since: "+name)
	}
}

func proofText(proof mfa.Proof) string {
	texts := map[mfa.Proof]string{mfa.ProofYes: "yes", mfa.ProofNotYet: "not yet", mfa.ProofNo: "no"}
	if text, known := texts[proof]; known {
		return text
	}
	return "not known"
}
