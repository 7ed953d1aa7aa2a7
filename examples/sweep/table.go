package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
)

// The widths of the columns, in characters.
const (
	lineWidth   = 110
	nameWidth   = 48
	effectWidth = 28
)

// shown is how many accounts of a kind are named, unless all are asked for.
const shown = 20

// table writes the report for a person.
func table(r report, opts options) string {
	var b strings.Builder
	if r.Tenant != "" {
		fmt.Fprintf(&b, "%s  %s\n", layout.Clean(r.TenantName), layout.Clean(r.Tenant))
	}
	fmt.Fprintf(&b, "%s, %s\n", layout.Count(r.Accounts, "enabled account", "enabled accounts"), layout.Count(len(r.Policies), "policy in force", "policies in force"))
	if r.Disabled > 0 {
		fmt.Fprintf(&b, "%s left out\n", layout.Count(r.Disabled, "disabled account is", "disabled accounts are"))
	}
	paragraph(&b, "", "what is judged: "+describe(opts))
	fmt.Fprintln(&b)
	accounts(&b, "get through with a password alone", r.Through, opts.all, true)
	accounts(&b, "of these are out of the reach of every policy", r.Uncovered, opts.all, false)
	accounts(&b, "get through by some sign-ins, by others not", r.Depends, opts.all, true)
	accounts(&b, "are always asked for MFA", r.Challenged, opts.all, opts.all)
	accounts(&b, "are always blocked", r.Blocked, opts.all, opts.all)
	accounts(&b, "can't be told", r.Untold, opts.all, true)
	doubts(&b, r)
	policies(&b, r)
	fmt.Fprintln(&b)
	paragraph(&b, "", "This is Conditional Access alone. Security defaults, per-user MFA and Microsoft's mandatory MFA are not looked at "+
		"here; examples/check looks at all of them for one account, and says why.")
	return b.String()
}

// accounts prints how many there are of a kind, and names them.
func accounts(b *strings.Builder, what string, s some, all, name bool) {
	fmt.Fprintf(b, "%6d  %s\n", s.Count, what)
	if !name {
		return
	}
	for i, a := range s.Accounts {
		if i == shown && !all {
			fmt.Fprintf(b, "            and %d more, which -all names\n", s.Count-shown)
			break
		}
		guest := ""
		if a.Guest {
			guest = "  (guest)"
		}
		text := "            " + layout.Pad(layout.Clean(a.name()), nameWidth-8) + "  " + layout.Clean(a.DisplayName) + guest
		fmt.Fprintln(b, strings.TrimRight(text, " "))
	}
}

// doubts says why something can't be told.
func doubts(b *strings.Builder, r report) {
	reasons := r.Unread
	for _, p := range r.Policies {
		for _, missing := range p.Missing {
			reasons = append(reasons, fmt.Sprintf("%s: %s", p.title(), missing))
		}
		if p.Perhaps > 0 {
			reasons = append(reasons, fmt.Sprintf("%s: whether it is about %s", p.title(), layout.Count(p.Perhaps, "account", "accounts")))
		}
	}
	if len(reasons) == 0 {
		return
	}
	fmt.Fprint(b, "\nNOT KNOWN\n")
	for _, reason := range reasons {
		paragraph(b, "  - ", reason)
	}
}

// policies prints what each policy does and whom it reaches.
func policies(b *strings.Builder, r report) {
	if len(r.Policies) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s  %s  %s\n", layout.Pad("POLICY IN FORCE", nameWidth), layout.Pad("WHAT IT DOES", effectWidth), "WHOM IT IS ABOUT")
	for _, p := range r.Policies {
		fmt.Fprintf(b, "%s  %s  %s\n", layout.Pad(cut(layout.Clean(p.title()), nameWidth), nameWidth), layout.Pad(effect(p.Verdict), effectWidth), reaches(p, r.Accounts))
		if p.whom != "" {
			paragraph(b, "    ", p.whom)
		}
	}
}

// reaches is how many accounts a policy is about, of all.
func reaches(p reach, all int) string {
	switch {
	case p.Perhaps > 0:
		return fmt.Sprintf("%d to %d of %d", p.Accounts, p.Accounts+p.Perhaps, all)
	case p.Accounts == 0:
		return "nobody"
	case p.Accounts == all:
		return "everybody"
	}
	return fmt.Sprintf("%d of %d", p.Accounts, all)
}

// effect is what a policy does to the sign-ins of those whom it reaches.
func effect(v entramfa.Verdict) string {
	what := map[entramfa.Outcome]string{entramfa.MFA: "demands MFA", entramfa.Blocked: "blocks"}[v.Outcome]
	switch {
	case v.Outcome == entramfa.Clear:
		return "leaves them alone"
	case what == "":
		return "can't be told"
	case v.Extent == entramfa.Always:
		return what + ", every sign-in"
	}
	return what + ", some sign-ins"
}

// describe says which sign-ins are judged.
func describe(opts options) string {
	s := opts.signIn()
	to, from, on := "any resource", "anywhere", ""
	if len(s.Applications) > 0 {
		to = strings.Join(s.Applications, " or ")
	}
	if len(opts.signIns.From) > 0 {
		var ranges []string
		for _, prefix := range opts.signIns.From {
			ranges = append(ranges, prefix.String())
		}
		from = strings.Join(ranges, " or ")
	}
	if len(s.Countries) > 0 {
		from += " in " + strings.Join(s.Countries, " or ")
	}
	if len(s.Platforms) > 0 {
		on = ", on " + strings.Join(s.Platforms, " or ")
	}
	return fmt.Sprintf("OAuth password grants to %s, from %s%s", to, from, on)
}

// cut shortens a text that is longer than its column.
func cut(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width-3]) + "..."
	}
	return text
}

// paragraph prints a text wrapped at spaces, indented as its first line begins.
func paragraph(b *strings.Builder, first, text string) {
	line, rest := first, strings.Repeat(" ", len(first))
	for i, word := range strings.Fields(layout.Clean(text)) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > lineWidth {
			fmt.Fprintln(b, line)
			line = rest + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(b, line)
}
