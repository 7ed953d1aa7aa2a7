package mfa

import (
	"fmt"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/unread"
	"github.com/entramfa/entramfa/policy"
)

// agentUser is the @odata.type of the account of an AI agent.
const agentUser = "microsoft.graph.agentUser"

// external says whether the account signs in with the credentials of another
// tenant or identity provider: it was invited, or carries the mark of one that was.
func external(u User) bool {
	return text(u.ExternalUserState) != "" || strings.EqualFold(text(u.CreationType), "Invitation") ||
		strings.Contains(strings.ToUpper(u.UserPrincipalName), "#EXT#")
}

// guestKinds says which kind of guest or external user the account may be; none
// for an ordinary member.
// Source: https://learn.microsoft.com/entra/external-id/user-properties.
func guestKinds(u User) entramfa.Value[[]string] {
	guest, member := strings.EqualFold(text(u.UserType), "Guest"), strings.EqualFold(text(u.UserType), "Member")
	switch {
	case !guest && !member:
		return entramfa.Missing[[]string](fmt.Errorf("the account's userType is %q", text(u.UserType)))
	case guest && external(u):
		return entramfa.Known([]string{policy.B2BCollaborationGuest})
	case guest:
		return entramfa.Known([]string{policy.InternalGuest})
	case external(u):
		return entramfa.Known([]string{policy.B2BCollaborationMember})
	}
	return entramfa.Known([]string(nil))
}

// judgeAccount says whether the account can sign in with a password at all.
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc.
func judgeAccount(facts Facts, now time.Time) entramfa.Finding {
	f := entramfa.Finding{Source: entramfa.SourceAccount, ID: facts.User.ID, Name: "The account itself"}
	domain, domainErr := authenticationType(facts.Domain)
	switch enabled := facts.User.AccountEnabled; {
	case enabled == nil:
		f.Missing = []string{"whether the account is enabled: the answer did not say"}
		f.Reasons = reasons("accountEnabled", "whether the account is enabled is not known")
		f.Advice = advise(entramfa.ActionReview, "look at the account in the Entra admin center")
	case !*enabled:
		f.Outcome, f.Extent = entramfa.Blocked, entramfa.Always
		f.Reasons = reasons("accountEnabled", "the account is disabled")
		f.Advice = advise(entramfa.ActionEnable, "enable the account, if it is meant to sign in")
	case external(facts.User):
		f.Outcome, f.Extent = entramfa.Blocked, entramfa.Always
		f.Reasons = reasons("userType", "the account was invited and signs in elsewhere; a password grant does not work for it")
		f.Advice = advise(entramfa.ActionUseApplication, "use an app registration with a certificate, or an account of the tenant itself")
	case domainErr == nil && strings.EqualFold(domain.AuthenticationType, "Federated"):
		f.Reasons = reasons("authenticationType", fmt.Sprintf("the domain %s is federated: the sign-in is judged by the federated identity provider first", domain.ID))
		f.Missing = []string{"what the federated identity provider demands, and whether the tenant lets Entra check the password itself"}
		f.Advice = advise(entramfa.ActionUseApplication, "use an app registration with a certificate, or an account of a managed domain")
	case domainErr != nil && mayBeFederated(facts.User):
		f.Reasons = reasons("authenticationType", "whether the account's domain is federated could not be read, and an account that may come from on-premises can be of one")
		f.Missing = []string{fmt.Sprintf("whether the domain of the account is federated: %v", domainErr)}
		f.Advice = []entramfa.Advice{unread.Advice(domainErr, "Domain.Read.All")}
	default:
		f.Outcome, f.Extent = entramfa.Clear, entramfa.Never
		f.Reasons = reasons("accountEnabled", "the account is enabled and belongs to the tenant")
		f.Advice = advise(entramfa.ActionNone, "nothing")
		f.Caveats = passwordCaveats(facts, now)
	}
	return f
}

// authenticationType returns the domain, or why it isn't known who judges its sign-ins.
func authenticationType(value entramfa.Value[Domain]) (Domain, error) {
	domain, known := value.Get()
	switch {
	case !known:
		return Domain{}, value.Err()
	case strings.EqualFold(domain.AuthenticationType, "Managed"), strings.EqualFold(domain.AuthenticationType, "Federated"):
		return domain, nil
	}
	return domain, fmt.Errorf("the domain %s has the authentication type %q", domain.ID, domain.AuthenticationType)
}

// mayBeFederated says whether the account can be of a federated domain: it comes
// from on-premises, or it isn't known whether it does. Accounts of the cloud are
// of managed domains, as every onmicrosoft.com is.
func mayBeFederated(u User) bool {
	synced := synchronized(u)
	return (synced == nil || *synced) && !strings.HasSuffix(strings.ToLower(u.UserPrincipalName), ".onmicrosoft.com")
}

// synchronized says whether the account comes from an on-premises directory.
// Graph gives null for an account of the cloud; an answer without the member
// tells nothing.
func synchronized(u User) *bool {
	if u.OnPremisesSyncEnabled == nil && u.members.Decoded() && !u.members.Has("onPremisesSyncEnabled") {
		return nil
	}
	synced := u.OnPremisesSyncEnabled != nil && *u.OnPremisesSyncEnabled
	return &synced
}

// passwordCaveats says what of the account may stop a password some day.
func passwordCaveats(facts Facts, now time.Time) []string {
	var caveats []string
	if _, err := authenticationType(facts.Domain); err != nil {
		caveats = append(caveats, fmt.Sprintf("whether the account's domain is federated is not known, and an account of the cloud is of a managed one: %v", err))
	}
	if expires, known := passwordExpires(facts); known && !expires.IsZero() {
		text := fmt.Sprintf("the password expires on %s", expires.Format(time.DateOnly))
		if expires.Before(now) {
			text = fmt.Sprintf("the password seems to have expired on %s (AADSTS50055)", expires.Format(time.DateOnly))
		}
		caveats = append(caveats, text+"; a service account's should not: set DisablePasswordExpiration")
	}
	return caveats
}

// neverExpires is what a domain holds whose passwords don't expire.
const neverExpires = 2147483647

// passwordExpires says when the password expires; the zero time is never.
func passwordExpires(facts Facts) (time.Time, bool) {
	if strings.Contains(text(facts.User.PasswordPolicies), "DisablePasswordExpiration") {
		return time.Time{}, true
	}
	domain, known := facts.Domain.Get()
	if !known || domain.PasswordValidityPeriodInDays == nil || facts.User.OnPremisesSyncEnabled != nil && *facts.User.OnPremisesSyncEnabled {
		return time.Time{}, false
	}
	if *domain.PasswordValidityPeriodInDays == neverExpires {
		return time.Time{}, true
	}
	changed, err := time.Parse(time.RFC3339, text(facts.User.LastPasswordChangeDateTime))
	if err != nil {
		return time.Time{}, false
	}
	return changed.AddDate(0, 0, *domain.PasswordValidityPeriodInDays), true
}

func reasons(condition, text string) []entramfa.Reason {
	return []entramfa.Reason{{Condition: condition, Text: text}}
}

func advise(action entramfa.Action, text string) []entramfa.Advice {
	return []entramfa.Advice{{Action: action, Text: text}}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
