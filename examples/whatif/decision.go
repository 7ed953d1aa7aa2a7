package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

const lineWidth = 100

// show prints what the policies do to a set of sign-ins, and returns the verdict.
func show(w io.Writer, facts mfa.Facts, q scenario) entramfa.Verdict {
	verdict := policy.Decide(facts.ConditionalAccess, facts.Subject(), q.SignIn)
	findings := policy.Judge(facts.ConditionalAccess, facts.Subject(), q.SignIn)
	fmt.Fprintf(w, "\n%s\n", layout.Clean(q.Name))
	paragraph(w, "  ", "  ", describe(q.SignIn))
	fmt.Fprintf(w, "\n  %s\n", headline(verdict))
	for _, f := range findings {
		if f.Outcome != entramfa.Clear {
			fmt.Fprintf(w, "\n  %s: %s\n", layout.Clean(f.Name), layout.Clean(effect(f)))
			explain(w, f)
		}
	}
	aside(w, findings)
	return verdict
}

// headline says the verdict in a few words.
func headline(v entramfa.Verdict) string {
	switch {
	case v.Outcome == entramfa.Clear:
		return "ALLOWED: no policy stands in the way"
	case v.Outcome == entramfa.Blocked && v.Extent == entramfa.Always:
		return "BLOCKED"
	case v.Outcome == entramfa.MFA && v.Extent == entramfa.Always:
		return "REFUSED: something is demanded that only a person can give"
	case v.Outcome == entramfa.Unknown:
		return "CAN'T BE TOLD"
	}
	return "DEPENDS ON THE SIGN-IN: some are allowed, others not"
}

func effect(f entramfa.Finding) string {
	what := "demands " + strings.Join(f.Demands, ", ")
	switch f.Outcome {
	case entramfa.Unknown:
		return "can't be told"
	case entramfa.Blocked:
		what = "blocks"
	}
	if f.Extent == entramfa.Always {
		return what
	}
	return what + ", of some sign-ins"
}

// explain prints the reasons in the order in which a person would check them,
// then what they rest on.
func explain(w io.Writer, f entramfa.Finding) {
	for i, r := range f.Reasons {
		text := r.Text
		if len(r.Path) > 1 {
			text += " (by way of " + strings.Join(r.Path, " > ") + ")"
		}
		paragraph(w, fmt.Sprintf("  %3d. ", i+1), "       ", r.Condition+": "+text)
	}
	for _, text := range f.Missing {
		paragraph(w, "       ", "       ", "not known: "+text)
	}
	for _, text := range f.Caveats {
		paragraph(w, "       ", "       ", "but: "+text)
	}
}

// aside names the policies that leave the sign-ins alone, each with the
// condition that takes them out, or with its state.
func aside(w io.Writer, findings []entramfa.Finding) {
	first := true
	for _, f := range findings {
		if f.Outcome != entramfa.Clear {
			continue
		}
		if first {
			fmt.Fprint(w, "\n  These leave it alone:\n")
			first = false
		}
		paragraph(w, "    - ", "      ", f.Name+": "+why(f))
	}
}

// why a policy leaves the sign-ins alone: for a policy that isn't enforced, its
// state and what it would do; else the last thing that was looked at.
func why(f entramfa.Finding) string {
	for _, caveat := range f.Caveats {
		if strings.HasPrefix(caveat, "it would do this") || strings.HasPrefix(caveat, "what it would do") {
			return f.Reasons[0].Text + "; " + caveat
		}
	}
	last := f.Reasons[len(f.Reasons)-1]
	return last.Condition + ": " + last.Text
}

// describe says which sign-ins are meant.
func describe(s policy.SignIn) string {
	var parts []string
	add := func(word string, values []string) {
		if len(values) > 0 {
			parts = append(parts, word+" "+strings.Join(values, " or "))
		}
	}
	add("to", s.Applications)
	add("for", s.UserActions)
	add("asking for", s.AuthenticationContexts)
	add("as", s.ClientAppTypes)
	add("on", s.Platforms)
	add("from", addresses(s))
	add("in", s.Countries)
	add("by", without(s.AuthenticationFlows, "none"))
	add("at sign-in risk", s.SignInRiskLevels)
	add("at user risk", s.UserRiskLevels)
	add("at insider risk", s.InsiderRiskLevels)
	if s.Applications == nil {
		parts = append([]string{"to any resource"}, parts...)
	}
	if s.Addresses == nil {
		parts = append(parts, "from anywhere")
	}
	return strings.Join(parts, ", ")
}

func addresses(s policy.SignIn) []string {
	var texts []string
	for _, prefix := range s.Addresses {
		text := prefix.String()
		if prefix.IsSingleIP() {
			text = prefix.Addr().String()
		}
		texts = append(texts, text)
	}
	return texts
}

func without(values []string, word string) []string {
	if len(values) == 1 && values[0] == word {
		return nil
	}
	return values
}

// paragraph prints a text wrapped at spaces, with names for app ids.
func paragraph(w io.Writer, first, rest, text string) {
	line := first
	empty := true
	for word := range strings.FieldsSeq(layout.Clean(named(text))) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > lineWidth {
			fmt.Fprintln(w, line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	fmt.Fprintln(w, line)
}
