package securitydefaults

import (
	"fmt"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/unread"
)

// Account is what security defaults look at in an account. What its zero Values
// leave missing is named in the finding.
type Account struct {
	UserPrincipalName string
	// Roles holds the active directory roles, those held through groups too.
	Roles entramfa.Value[[]Role]
	// Licensed says whether the tenant has Entra ID P1 or P2, and so could put
	// Conditional Access in the place of security defaults.
	Licensed entramfa.Value[bool]
	// ManagesAzure says that the account signs in to Azure Resource Manager.
	ManagesAzure bool
}

// Role is an active directory role, by template id.
type Role struct {
	TemplateID string
	// TenantWide is false for a role that is held for an administrative unit or an object alone.
	TenantWide bool
}

// Judge says what security defaults do to the account's non-interactive sign-in.
//
// Source: https://learn.microsoft.com/entra/fundamentals/security-defaults.
// Security defaults exclude nobody: holders of 17 administrator roles do MFA at
// every sign-in, everybody does for Azure management, and everybody else when
// Microsoft judges it necessary, which can't be foreseen. The one account left
// out is that of Entra Connect or cloud sync. It does no I/O.
func Judge(policy entramfa.Value[Policy], account Account) entramfa.Finding {
	f := entramfa.Finding{Source: entramfa.SourceSecurityDefaults, Name: "Security defaults"}
	p, known := policy.Get()
	switch {
	case !known:
		return notRead(f, policy.Err())
	case p.IsEnabled == nil:
		return notRead(f, fmt.Errorf("the answer did not say whether they are on"))
	case !*p.IsEnabled:
		return clear(f, "isEnabled", "security defaults are off")
	}
	f.Reasons = []entramfa.Reason{{Condition: "isEnabled", Text: "security defaults are on, and exclude nobody"}}
	decide(&f, account)
	if f.Outcome != entramfa.Clear {
		f.Demands = []string{"mfa"}
		f.Advice = advice(account.Licensed)
	}
	return f
}

func decide(f *entramfa.Finding, account Account) {
	roles, known := account.Roles.Get()
	admin, scoped := administrator(roles)
	switch {
	case account.ManagesAzure:
		met(f, entramfa.Always, "applications", "whoever manages Azure resources must do MFA")
	case admin != "":
		met(f, entramfa.Always, "roles", fmt.Sprintf("the account holds the role %s: administrators do MFA at every sign-in", admin))
	case known && isSyncAccount(account.UserPrincipalName, roles):
		*f = clear(*f, "roles", "the account is the one of Entra Connect or cloud sync, which security defaults leave out")
		f.Caveats = append(f.Caveats, "the synchronization account is told by its role and its name")
	case scoped != "":
		met(f, entramfa.Sometimes, "roles", fmt.Sprintf("the account holds the role %s for a part of the tenant; whether that makes it an administrator here is not documented", scoped))
	default:
		met(f, entramfa.Sometimes, "users", "every user must register for MFA, and do it when Microsoft judges it necessary by place, device, role and task, which nobody can foresee")
	}
	if !known && !account.ManagesAzure {
		f.Missing = append(f.Missing, fmt.Sprintf("whether the account holds an administrator role, which would make it every sign-in: %v", account.Roles.Err()))
	}
}

func met(f *entramfa.Finding, extent entramfa.Extent, condition, text string) {
	f.Outcome, f.Extent = entramfa.MFA, extent
	f.Reasons = append(f.Reasons, entramfa.Reason{Condition: condition, Text: text})
}

func clear(f entramfa.Finding, condition, text string) entramfa.Finding {
	f.Outcome, f.Extent = entramfa.Clear, entramfa.Never
	f.Reasons = append(f.Reasons, entramfa.Reason{Condition: condition, Text: text})
	f.Advice = []entramfa.Advice{{Action: entramfa.ActionNone, Text: "nothing"}}
	return f
}

func notRead(f entramfa.Finding, err error) entramfa.Finding {
	f.Reasons = []entramfa.Reason{{Condition: "isEnabled", Text: "whether security defaults are on could not be read"}}
	f.Missing = []string{fmt.Sprintf("the security defaults: %v", err)}
	f.Advice = []entramfa.Advice{unread.Advice(err, "Policy.Read.All")}
	return f
}

// syncRole is Directory Synchronization Accounts. The names are those that
// Entra Connect and cloud sync give their accounts.
const syncRole = "d29b2b05-8046-44ba-8758-1e26182fcf32"

// isSyncAccount asks for the role and the name: either alone can be given to
// any account, and would make a wrong Clear.
func isSyncAccount(upn string, roles []Role) bool {
	upn = strings.ToLower(upn)
	if !strings.HasPrefix(upn, "sync_") && !strings.HasPrefix(upn, "adtoaadsyncserviceaccount@") {
		return false
	}
	for _, role := range roles {
		if role.TenantWide && strings.EqualFold(role.TemplateID, syncRole) {
			return true
		}
	}
	return false
}

func advice(licensed entramfa.Value[bool]) []entramfa.Advice {
	app := entramfa.Advice{Action: entramfa.ActionUseApplication, Text: "replace the account by an app registration with a certificate, which security defaults leave alone"}
	has, known := licensed.Get()
	switch {
	case !known:
		return []entramfa.Advice{{Action: entramfa.ActionReplaceSecurityDefaults, Text: fmt.Sprintf("security defaults exclude nobody; with Entra ID P1 they can be replaced by Conditional Access policies that exclude the account (whether the tenant has P1 is not known: %v)", licensed.Err())}, app}
	case has:
		return []entramfa.Advice{{Action: entramfa.ActionReplaceSecurityDefaults, Text: "security defaults exclude nobody: replace them by Conditional Access policies that demand the same of everybody else and exclude the account"}, app}
	}
	app.Text = "the tenant has no Entra ID P1, so security defaults can only be switched off for everybody, which leaves the tenant bare: replace the account by an app registration with a certificate instead"
	return []entramfa.Advice{app}
}
