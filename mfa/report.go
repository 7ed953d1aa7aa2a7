package mfa

import (
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// ReportSchema names the form of a Report as JSON. Within one schema members
// are only added; what a member means doesn't change.
const ReportSchema = "entramfa.report/1"

// Report is the answer for one account over all sources. Encoded as JSON it is
// a document of the form that Schema names: outcome is clear, mfa, blocked or
// unknown; extent is never, sometimes, always or unknown.
type Report struct {
	Schema    string    `json:"schema"`
	CheckedAt time.Time `json:"checkedAt"`
	// Verdict is what the findings say together (entramfa.Combine).
	entramfa.Verdict
	// Tenant says which tenant was read; nil where that could not be.
	Tenant  *Tenant `json:"tenant"`
	Account Account `json:"account"`
	// Profile is that of the options; nil where none was given, and every password grant was judged.
	Profile *policy.SignIn `json:"profile,omitempty"`
	// Findings holds one entry for the account itself, one for security
	// defaults, one for each Conditional Access policy, one for per-user MFA and
	// one for Microsoft's mandatory MFA, those that leave the account alone too.
	Findings []entramfa.Finding `json:"findings"`
	// Evidence is how the account really signs in, where WithEvidence put it beside the verdict.
	Evidence *Evidence `json:"evidence,omitempty"`
	// AppRegistration is what would replace the account.
	AppRegistration AppRegistration `json:"appRegistration"`

	// facts are what was judged, for a plan; nil in a report that was decoded.
	facts *Facts
}

// Tenant names a tenant.
type Tenant struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

func tenantFacts(value entramfa.Value[Organization]) *Tenant {
	o, known := value.Get()
	if !known {
		return nil
	}
	return &Tenant{ID: o.ID, DisplayName: o.DisplayName}
}

// Account is what is known of the account. A nil member is not known.
type Account struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	Enabled           *bool  `json:"enabled"`
	// Kind is member, or the kind of guest or external user in Graph's word.
	Kind         *string `json:"kind"`
	Synchronized *bool   `json:"synchronized"`
	Federated    *bool   `json:"federated"`
	// PasswordExpires says whether the password expires; PasswordExpiresAt when.
	PasswordExpires   *bool      `json:"passwordExpires"`
	PasswordExpiresAt *time.Time `json:"passwordExpiresAt,omitempty"`
	// GlobalAdministrator says whether the account holds that role actively;
	// OnlyGlobalAdministrator whether no other enabled user does.
	GlobalAdministrator     *bool `json:"globalAdministrator"`
	OnlyGlobalAdministrator *bool `json:"onlyGlobalAdministrator"`
	// PerUserMFAState is disabled, enabled or enforced.
	PerUserMFAState *PerUserState `json:"perUserMfaState"`
	// Methods lists the kinds of registered methods beside the password, as the
	// last part of Graph's type names: none registered is an empty list, null is
	// not known. Registering one never makes a password grant pass.
	Methods []string `json:"methods"`
}

func accountFacts(facts Facts) Account {
	u := facts.User
	a := Account{
		ID: u.ID, UserPrincipalName: u.UserPrincipalName, DisplayName: u.DisplayName,
		Enabled: u.AccountEnabled, Kind: kind(u), Methods: methodNames(facts.Methods),
	}
	a.Synchronized = synchronized(u)
	if domain, err := authenticationType(facts.Domain); err == nil {
		federated := strings.EqualFold(domain.AuthenticationType, "Federated")
		a.Federated = &federated
	}
	if expires, known := passwordExpires(facts); known {
		does := !expires.IsZero()
		a.PasswordExpires = &does
		if does {
			a.PasswordExpiresAt = &expires
		}
	}
	if r, known := facts.Requirements.Get(); known {
		a.PerUserMFAState = &r.PerUserMFAState
	}
	a.GlobalAdministrator, a.OnlyGlobalAdministrator = globalAdministrator(facts)
	return a
}

func kind(u User) *string {
	kinds, known := guestKinds(u).Get()
	name := "member"
	switch {
	case !known:
		return nil
	case len(kinds) > 0:
		name = strings.Join(kinds, " or ")
	}
	return &name
}

func methodNames(methods entramfa.Value[[]Method]) []string {
	list, known := methods.Get()
	if !known {
		return nil
	}
	names := []string{}
	for _, m := range secondFactors(list) {
		name := kindOf(m)
		if m.PhoneType != nil {
			name += " (" + *m.PhoneType + ")"
		}
		names = append(names, name)
	}
	return names
}

// globalAdministrator says whether the account is one, and the only one.
func globalAdministrator(facts Facts) (is, only *bool) {
	roles, known := facts.Roles.Get()
	if !known {
		return nil, nil
	}
	held := slices.ContainsFunc(roles, func(r policy.RoleAssignment) bool {
		return r.TenantWide() && strings.EqualFold(r.TemplateID(), policy.GlobalAdministrator)
	})
	if !held {
		no := false
		return &held, &no
	}
	return &held, onlyAdministrator(facts)
}

// onlyAdministrator looks for another one. A group stands for members that were
// not read, and a service principal is nobody who can help.
func onlyAdministrator(facts Facts) *bool {
	holders, known := facts.GlobalAdministrators.Get()
	only, throughGroup := true, false
	for _, h := range holders {
		switch {
		case !h.TenantWide() || strings.EqualFold(h.PrincipalID, facts.User.ID) || h.Principal == nil:
		case strings.EqualFold(h.Principal.Type, "#microsoft.graph.group"):
			throughGroup = true
		case strings.EqualFold(h.Principal.Type, "#microsoft.graph.user") && h.Principal.AccountEnabled != nil && *h.Principal.AccountEnabled:
			only = false
		}
	}
	if !known || only && throughGroup {
		return nil
	}
	return &only
}
