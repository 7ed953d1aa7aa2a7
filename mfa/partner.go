package mfa

import (
	"errors"
	"fmt"

	"github.com/entramfa/entramfa"
)

// PartnerRequirement is how far a tenant meets what Microsoft demands of partners: MFA
// for every user account of the partner's own tenant, guests too, without exclusion.
// Source: https://learn.microsoft.com/partner-center/security/partner-security-requirements-faq.
type PartnerRequirement struct {
	// Met is true where of every account that can sign in MFA is demanded at every
	// sign-in, or it is blocked, and it has a second factor registered or can register
	// one; false where one account is known for which that doesn't hold. What is missing
	// says the text of its error.
	Met entramfa.Value[bool] `json:"met"`
	// Accounts is how many were judged, With and Without of how many it is known that
	// they meet the requirement or don't, Unknown of how many it isn't. Disabled ones are
	// among With. Unregistered are those of With that have no second factor yet.
	Accounts     int `json:"accounts"`
	With         int `json:"with"`
	Without      int `json:"without"`
	Unknown      int `json:"unknown"`
	Unregistered int `json:"unregistered"`
	// Unattended names accounts that look as if nobody attends them, a thousand at
	// most: the requirement knows no exclusion for them. They are among Without.
	Unattended []entramfa.Candidate `json:"unattended,omitempty"`
	// Missing names why the answer may not be whole.
	Missing []string `json:"missing,omitempty"`
	// Caveats hold what the answer rests on.
	Caveats []string `json:"caveats,omitempty"`
}

// maxUnattended bounds the accounts that a PartnerRequirement names.
const maxUnattended = 1000

// Partner says how far the tenant meets the partner requirement, by the accounts that
// All went through. It is known to be met only after All came to its end over all
// users; one administrator without MFA is enough for the contrary.
func (a *Admins) Partner() PartnerRequirement {
	p := a.tally.found
	p.Missing = append([]string{}, a.tally.missing...)
	switch {
	case !a.tally.begun || !a.tally.ended:
		p.Missing = append(p.Missing, "the accounts that were not judged: range over All to its end")
	case !a.tally.all:
		p.Missing = append(p.Missing, "the accounts that hold no administrator role: AllUsers asks about them")
	}
	if defaults, known := a.tenant.SecurityDefaults.Get(); known && defaults.IsEnabled != nil && *defaults.IsEnabled {
		p.Caveats = append(p.Caveats, "security defaults are on, which Microsoft names as a way to meet the requirement; they ask plain users for MFA only when Microsoft judges it necessary")
	}
	p.Met = p.met(a.tally.all && a.tally.ended)
	return p
}

func (p PartnerRequirement) met(whole bool) entramfa.Value[bool] {
	switch {
	case p.Without > 0:
		return entramfa.Known(false)
	case !whole:
		return entramfa.Missing[bool](errors.New("not every account was judged"))
	case p.Accounts == 0:
		return entramfa.Missing[bool](errors.New("there is no account"))
	case p.Unknown > 0:
		return entramfa.Missing[bool](fmt.Errorf("of %d of %d accounts it can't be told", p.Unknown, p.Accounts))
	}
	return entramfa.Known(true)
}

// tally counts the accounts of a scan.
type tally struct {
	begun, ended, all bool
	missing           []string
	found             PartnerRequirement
}

func (t *tally) add(a Admin) {
	p := &t.found
	p.Accounts++
	switch meets, known := meetsRequirement(a).Get(); {
	case !known:
		p.Unknown++
	case !meets:
		p.Without++
	default:
		p.With++
		if has, known := a.Registered.Get(); known && !has {
			p.Unregistered++
		}
	}
	if a.Unattended && len(p.Unattended) < maxUnattended {
		p.Unattended = append(p.Unattended, entramfa.Candidate{ID: a.ID, UserPrincipalName: a.UserPrincipalName, DisplayName: a.DisplayName})
	}
}

// meetsRequirement says it of one account. Who is blocked always needs no factor.
func meetsRequirement(a Admin) entramfa.Value[bool] {
	if a.Now.Outcome == entramfa.Blocked && a.Now.Extent == entramfa.Always {
		return a.Demanded
	}
	return both(a.Demanded, either(a.Registered, a.CanRegister))
}

// either is true where one is, false where both are, and else not known.
func either(a, b entramfa.Value[bool]) entramfa.Value[bool] {
	for _, v := range []entramfa.Value[bool]{a, b} {
		if is, known := v.Get(); known && is {
			return v
		}
	}
	if !a.Known() {
		return a
	}
	return b
}
