package main

import (
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// report is the answer, as JSON gives it.
type report struct {
	Tenant     string `json:"tenant"`
	TenantName string `json:"tenantName"`
	// Accounts is how many are enabled; the Disabled ones were left out.
	Accounts int `json:"accounts"`
	Disabled int `json:"disabled"`

	Through    some `json:"through"`    // nothing is asked at any sign-in
	Depends    some `json:"depends"`    // nothing is asked at some sign-ins
	Challenged some `json:"challenged"` // always
	Blocked    some `json:"blocked"`    // always
	Untold     some `json:"untold"`
	// Uncovered are accounts that no policy is about; they are among Through.
	Uncovered some `json:"uncovered"`

	Policies []reach `json:"policies"`
	// Unread is what could not be read.
	Unread []string `json:"unread"`
}

// some is a number of accounts.
type some struct {
	Count    int       `json:"count"`
	Accounts []account `json:"accounts"`
}

func newReport(rules policy.Tenant, s *policy.Sweep, d *policy.Directory, people *census) report {
	verdict := func(outcome entramfa.Outcome, extent entramfa.Extent) some {
		return people.some(s.Accounts(entramfa.Verdict{Outcome: outcome, Extent: extent}))
	}
	return report{
		Accounts: d.Len(), Disabled: len(people.disabled),
		Through:    verdict(entramfa.Clear, entramfa.Never),
		Depends:    join(verdict(entramfa.MFA, entramfa.Sometimes), verdict(entramfa.Blocked, entramfa.Sometimes)),
		Challenged: verdict(entramfa.MFA, entramfa.Always),
		Blocked:    verdict(entramfa.Blocked, entramfa.Always),
		Untold:     verdict(entramfa.Unknown, entramfa.ExtentUnknown),
		Uncovered:  people.some(s.Uncovered()),
		Policies:   []reach{},
		Unread:     unread(rules, d),
	}
}

// some names accounts, by user principal name.
func (c *census) some(ids iter.Seq[string]) some {
	s := some{Accounts: []account{}}
	for id := range ids {
		s.Accounts = append(s.Accounts, c.named(id))
	}
	return s.sorted()
}

func join(a, b some) some {
	return some{Accounts: append(a.Accounts, b.Accounts...)}.sorted()
}

func (s some) sorted() some {
	slices.SortFunc(s.Accounts, func(a, b account) int {
		return strings.Compare(a.UserPrincipalName+a.ID, b.UserPrincipalName+b.ID)
	})
	s.Count = len(s.Accounts)
	return s
}

// unread says what could not be read, and which policies that concerns.
func unread(rules policy.Tenant, d *policy.Directory) []string {
	texts := []string{}
	list, _ := rules.Policies.Get()
	if list.Hidden != "" {
		texts = append(texts, "the list of policies may lack some: "+list.Hidden)
	}
	for _, err := range []error{rules.NamedLocations.Err(), rules.Strengths.Err()} {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	for _, err := range d.Unread() {
		text := strings.TrimPrefix(err.Error(), "policy: ")
		if names := naming(list.Policies, text); len(names) > 0 {
			text += "; named by " + strings.Join(names, ", ")
		}
		if errors.Is(err, entramfa.ErrNotFound) {
			text += "; what names a group that is gone should name it no more"
		}
		texts = append(texts, text)
	}
	return texts
}

// naming lists the policies that name a group of which a text speaks.
func naming(policies []policy.Policy, text string) []string {
	var names []string
	for _, p := range policies {
		if p.Conditions == nil || p.Conditions.Users == nil || p.State != policy.StateEnabled {
			continue
		}
		groups := slices.Concat(p.Conditions.Users.IncludeGroups, p.Conditions.Users.ExcludeGroups)
		if slices.ContainsFunc(groups, func(id string) bool { return strings.Contains(text, strings.ToLower(id)) }) {
			names = append(names, `"`+p.DisplayName+`"`)
		}
	}
	return names
}

func names(accounts []account) string {
	var list []string
	for _, a := range accounts {
		list = append(list, a.name())
	}
	return strings.Join(list, ", ")
}

// name is the user principal name, or the id where it isn't known.
func (a account) name() string {
	if a.UserPrincipalName == "" {
		return a.ID
	}
	return a.UserPrincipalName
}
