package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
)

// The widths of the three columns, in characters.
const (
	sourceWidth = 30
	effectWidth = 22
	textWidth   = 64
	lineWidth   = sourceWidth + effectWidth + textWidth + 4
)

// table writes a report for a person. Policies that leave the account alone are
// counted, unless all are asked for.
func table(report mfa.Report, all bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", layout.Clean(report.Account.UserPrincipalName), layout.Clean(report.Account.DisplayName))
	if report.Tenant != nil {
		fmt.Fprintf(&b, "  tenant %s  %s\n", layout.Clean(report.Tenant.ID), layout.Clean(report.Tenant.DisplayName))
	}
	for _, line := range layout.Wrap(describe(report.Account), lineWidth) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	fmt.Fprintf(&b, "  %s\n\n", strings.ToUpper(headline(report.Verdict)))
	row(&b, "SOURCE", "WHAT IT DOES", []string{"WHY, HOW SURE, WHAT TO DO"})
	row(&b, strings.Repeat("-", sourceWidth), strings.Repeat("-", effectWidth), []string{strings.Repeat("-", textWidth)})
	var alone []entramfa.Finding
	for _, f := range report.Findings {
		if f.Source == entramfa.SourceConditionalAccess && f.Outcome == entramfa.Clear && !all {
			alone = append(alone, f)
			continue
		}
		row(&b, sourceName(f), effect(f), explain(f))
	}
	if len(alone) > 0 {
		row(&b, layout.Count(len(alone), "more policy", "more policies"), "clear", aside(alone))
	}
	if app := better(report.Findings); app != "" {
		row(&b, "Better than all of it", "", labelled("do", []string{app}))
	}
	return b.String() + "\n"
}

// better is the advice to replace the account, said once for all findings that
// have other advice too.
func better(findings []entramfa.Finding) string {
	for _, f := range findings {
		if len(f.Advice) > 1 && f.Advice[1].Action == entramfa.ActionUseApplication {
			return f.Advice[1].Text
		}
	}
	return ""
}

// aside speaks of policies that leave the account alone: of each only what its
// being clear rests on.
func aside(findings []entramfa.Finding) []string {
	lines := labelled("why", []string{"they leave the account alone; -all shows each"})
	for _, f := range findings {
		lines = append(lines, labelled("but", prefixed(f.Name+": ", f.Caveats))...)
	}
	return lines
}

func prefixed(prefix string, texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, prefix+text)
	}
	return out
}

// headline says a verdict in a few words.
func headline(v entramfa.Verdict) string {
	switch {
	case v.Outcome == entramfa.Clear:
		return "clear"
	case v.Outcome == entramfa.MFA && v.Extent == entramfa.Always:
		return "MFA stands in the way"
	case v.Outcome == entramfa.Blocked && v.Extent == entramfa.Always:
		return "blocked"
	case v.Outcome == entramfa.Unknown:
		return "can't be told"
	}
	return "can't be told without knowing the sign-in"
}

// deciding names what the verdict rests on.
func deciding(report mfa.Report) []string {
	var texts []string
	for _, f := range report.Findings {
		v := entramfa.Verdict{Outcome: f.Outcome, Extent: f.Extent}
		depends := report.Extent == entramfa.Sometimes
		if f.Outcome != entramfa.Clear && (depends || v == report.Verdict) {
			texts = append(texts, layout.Clean(sourceName(f)+": "+decider(f)))
		}
	}
	if report.Outcome == entramfa.Clear {
		texts = append(texts, "no source touches the account's non-interactive sign-in")
	}
	return texts
}

// decider is what a finding rests on: what was missing, else the last reason.
func decider(f entramfa.Finding) string {
	if len(f.Missing) > 0 {
		return strings.Join(f.Missing, "; ")
	}
	reasons := reasonTexts(f)
	return reasons[len(reasons)-1]
}

func sourceName(f entramfa.Finding) string {
	if f.Source == entramfa.SourceConditionalAccess && f.ID != "" {
		return "Conditional Access: " + f.Name
	}
	return f.Name
}

func effect(f entramfa.Finding) string {
	switch f.Outcome {
	case entramfa.Clear:
		return "clear"
	case entramfa.Unknown:
		return "can't be told"
	}
	what := "demands " + strings.ReplaceAll(strings.Join(f.Demands, ", "), "authenticationStrength", "strength")
	if f.Outcome == entramfa.Blocked {
		what = "blocks"
	}
	if f.Extent == entramfa.Always {
		return what + ", every sign-in"
	}
	return what + ", some sign-ins"
}

// explain fills the third column.
func explain(f entramfa.Finding) []string {
	var lines []string
	lines = append(lines, labelled("why", reasonTexts(f))...)
	lines = append(lines, labelled("missing", f.Missing)...)
	lines = append(lines, labelled("sure", sure(f))...)
	for i, a := range f.Advice {
		if a.Action != entramfa.ActionNone && (i == 0 || a.Action != entramfa.ActionUseApplication) {
			lines = append(lines, labelled("do", []string{a.Text})...)
		}
	}
	return lines
}

func sure(f entramfa.Finding) []string {
	texts := map[entramfa.Extent]string{
		entramfa.ExtentUnknown: "not known",
		entramfa.Never:         "no sign-in is touched",
		entramfa.Sometimes:     "some sign-ins are touched, others not",
		entramfa.Always:        "every sign-in is touched",
	}
	return append([]string{texts[f.Extent]}, f.Caveats...)
}

func reasonTexts(f entramfa.Finding) []string {
	var texts []string
	for _, r := range f.Reasons {
		text := r.Text
		if len(r.Path) > 1 {
			text += " (by way of " + strings.Join(r.Path, " > ") + ")"
		}
		texts = append(texts, text)
	}
	return texts
}

// labelled writes texts under a label, wrapped to the third column.
func labelled(label string, texts []string) []string {
	var lines []string
	for _, text := range texts {
		for _, line := range layout.Wrap(text, textWidth-9) {
			lines = append(lines, fmt.Sprintf("%-8s %s", label, line))
			label = ""
		}
	}
	return lines
}

// row writes three columns side by side, each as long as it needs.
func row(b *strings.Builder, source, effect string, text []string) {
	first, second := layout.Wrap(source, sourceWidth), layout.Wrap(effect, effectWidth)
	for i := range max(len(first), len(second), len(text)) {
		line := fmt.Sprintf("  %s  %s  %s", layout.Pad(at(first, i), sourceWidth), layout.Pad(at(second, i), effectWidth), at(text, i))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// describe says what is known of the account in a line.
func describe(a mfa.Account) string {
	words := []string{a.ID}
	if a.Kind != nil {
		words = append(words, *a.Kind)
	}
	words = slices.Concat(words,
		say(a.Enabled, "enabled", "disabled", "enabled or not is unknown"),
		say(a.Synchronized, "synchronized from on-premises", "cloud only", "synchronized or not is unknown"),
		say(a.Federated, "federated", "", ""),
		say(a.PasswordExpires, "password expires", "password never expires", "password expiry unknown"),
		say(a.GlobalAdministrator, "Global Administrator", "", "Global Administrator or not is unknown"),
	)
	if a.OnlyGlobalAdministrator != nil && *a.OnlyGlobalAdministrator {
		words = append(words, "the tenant's only one")
	}
	switch {
	case a.Methods == nil:
		words = append(words, "registered methods unknown")
	case len(a.Methods) == 0:
		words = append(words, "no second factor registered")
	default:
		words = append(words, "registered: "+strings.Join(a.Methods, ", "))
	}
	return strings.Join(words, ", ")
}

func say(fact *bool, yes, no, unknown string) []string {
	text := unknown
	if fact != nil && *fact {
		text = yes
	} else if fact != nil {
		text = no
	}
	if text == "" {
		return nil
	}
	return []string{text}
}
