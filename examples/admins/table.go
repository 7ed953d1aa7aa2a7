package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// The widths, in characters.
const (
	lineWidth = 110
	nameWidth = 46
)

// table writes the report for a person.
func table(r report, opts options) string {
	var b strings.Builder
	if r.Tenant != "" {
		fmt.Fprintf(&b, "%s  %s\n", layout.Clean(r.TenantName), layout.Clean(r.Tenant))
	}
	fmt.Fprintf(&b, "%s", layout.Count(r.Administrators, "administrator", "administrators"))
	if opts.allUsers {
		fmt.Fprintf(&b, ", %s judged", layout.Count(r.Partner.Accounts, "account", "accounts"))
	}
	fmt.Fprintln(&b)
	for _, part := range []struct {
		title  string
		status int
	}{{"WITHOUT MFA", exitLacking}, {"CAN'T BE TOLD", exitUnknown}, {"WITH MFA AT EVERY SIGN-IN", exitProtected}} {
		accounts(&b, part.title, r.Accounts, part.status)
	}
	list(&b, "NOT READ", r.Missing)
	partner(&b, r.Partner)
	return b.String()
}

// accounts prints those of a kind.
func accounts(b *strings.Builder, title string, all []mfa.Admin, status int) {
	some := slices.DeleteFunc(slices.Clone(all), func(a mfa.Admin) bool { return statusOf(standing(a)) != status })
	if len(some) == 0 {
		return
	}
	slices.SortFunc(some, func(a, b mfa.Admin) int { return strings.Compare(name(a)+a.ID, name(b)+b.ID) })
	fmt.Fprintf(b, "\n%s\n", title)
	for _, a := range some {
		fmt.Fprintf(b, "  %s  %s\n", layout.Pad(layout.Clean(name(a)), nameWidth), layout.Clean(a.DisplayName))
		for _, line := range lines(a) {
			paragraph(b, "      ", line)
		}
	}
}

func name(a mfa.Admin) string {
	if a.UserPrincipalName == "" {
		return a.ID
	}
	return a.UserPrincipalName
}

// lines says of an account what it holds and why it is where it is.
func lines(a mfa.Admin) []string {
	var list []string
	for _, r := range a.Roles {
		list = append(list, role(r))
	}
	if isDisabled(a) {
		return append(list, "disabled: it can't sign in")
	}
	list = append(list, methods(a), demands(a))
	if has, known := a.Demanded.Get(); !known {
		list = append(list, fmt.Sprintf("not known: %v", a.Demanded.Err()))
	} else if !has && a.Now.Witness != nil {
		list = append(list, "without MFA: "+sample(*a.Now.Witness))
	}
	if a.Activated != nil {
		list = append(list, "once roles are activated: "+coverage(a.Activated.Verdict))
	}
	if a.Unattended {
		list = append(list, "it looks as if nobody attends it")
	}
	return list
}

func role(r mfa.HeldRole) string {
	text := r.Name
	if r.Scope != "/" {
		text += " for " + r.Scope
	}
	if len(r.Path) > 0 {
		text += " through " + strings.Join(r.Path, " > ")
	}
	if r.Eligible {
		text += ", once it is activated"
	}
	return text
}

// methods says what is registered.
func methods(a mfa.Admin) string {
	has, known := a.Registered.Get()
	switch {
	case !known:
		return fmt.Sprintf("not known: %v", a.Registered.Err())
	case has:
		return "registered: " + strings.Join(a.Methods, ", ")
	}
	if can, known := a.CanRegister.Get(); known && can {
		return "no second factor: whoever signs in with the password registers one"
	}
	return "no second factor, and policies don't let it register one"
}

// demands says at which sign-ins MFA is demanded, and by what: where something
// demands it at every one, by that alone.
func demands(a mfa.Admin) string {
	var names []string
	for _, f := range a.Now.Demands {
		if a.Now.Extent != entramfa.Always || f.Extent == entramfa.Always {
			names = append(names, f.Name)
		}
	}
	text := coverage(a.Now.Verdict)
	if len(names) > 0 {
		text += ", by: " + strings.Join(names, "; ")
	}
	return text
}

// coverage says it without the names.
func coverage(v entramfa.Verdict) string {
	switch {
	case v.Outcome == entramfa.Unknown:
		return "whether MFA is demanded can't be told"
	case v.Outcome == entramfa.Clear:
		return "MFA at no sign-in"
	case v.Extent != entramfa.Always:
		return "MFA or a block at some sign-ins"
	case v.Outcome == entramfa.Blocked:
		return "every sign-in is blocked"
	}
	return "MFA at every sign-in"
}

// sample describes a sign-in by what a person can try.
func sample(s policy.SignIn) string {
	var parts []string
	part := func(word string, values []string) {
		if len(values) > 0 && values[0] != policy.PlatformUnknown {
			parts = append(parts, word+" "+values[0])
		}
	}
	if slices.Equal(s.Applications, []string{mfa.MicrosoftGraph}) {
		part("to", []string{"Microsoft Graph"})
	} else {
		part("to", s.Applications)
	}
	part("with", s.ClientAppTypes)
	part("on", s.Platforms)
	if len(s.Addresses) > 0 && !s.Addresses[0].Addr().IsUnspecified() { // from anywhere else
		parts = append(parts, "from "+s.Addresses[0].Addr().String())
	}
	return "a sign-in " + strings.Join(parts, ", ")
}

// partner says how far the partner requirement is met.
func partner(b *strings.Builder, p mfa.PartnerRequirement) {
	answers := map[int]string{exitProtected: "met", exitLacking: "not met", exitUnknown: "can't be told"}
	fmt.Fprintf(b, "\nPARTNER REQUIREMENT: %s\n", answers[statusOf(p.Met)])
	paragraph(b, "  ", fmt.Sprintf("%d of %s meet it, %d don't, of %d it can't be told.", p.With, layout.Count(p.Accounts, "account", "accounts"), p.Without, p.Unknown))
	if p.Unregistered > 0 {
		paragraph(b, "  ", fmt.Sprintf("Of those that meet it %d have no second factor yet, and register one at the next sign-in.", p.Unregistered))
	}
	for _, u := range p.Unattended {
		paragraph(b, "  ", fmt.Sprintf("%s looks as if nobody attends it, and the requirement knows no exclusion: give it a security key, or replace it by an application where a program signs in with it.", u.UserPrincipalName))
	}
	for _, text := range slices.Concat(p.Missing, p.Caveats) {
		paragraph(b, "  - ", text)
	}
}

func list(b *strings.Builder, title string, texts []string) {
	if len(texts) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, text := range texts {
		paragraph(b, "  - ", text)
	}
}

// paragraph prints a text wrapped, indented as its first line begins.
func paragraph(b *strings.Builder, first, text string) {
	b.WriteString(layout.Paragraph(first, text, lineWidth))
}
