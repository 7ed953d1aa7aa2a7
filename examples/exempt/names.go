package main

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/mfa"
)

// names are those of accounts, by their object ids.
type names map[string]string

// anID is an object id, an app id or the template id of a role.
var anID = regexp.MustCompile(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)

// in puts names in the place of the ids in a text, where there are any.
func (n names) in(text string) string { return anID.ReplaceAllStringFunc(text, n.of) }

func (n names) of(id string) string {
	if name := n[strings.ToLower(id)]; name != "" {
		return name
	}
	if name := builtinrole.Name(id); name != "" {
		return name
	}
	return resourceName(id)
}

func resourceName(id string) string {
	name := map[string]string{
		mfa.MicrosoftGraph: "Microsoft Graph", mfa.ExchangeOnline: "Exchange Online", mfa.SharePointOnline: "SharePoint Online",
		mfa.AzureManagement: "Azure Resource Manager", mfa.AzurePortal: "Azure Portal", mfa.AzureCLI: "Azure CLI",
		mfa.AzurePowerShell: "Azure PowerShell", open.CommandLineTools: "Microsoft Graph Command Line Tools",
	}[strings.ToLower(id)]
	if name == "" {
		return id
	}
	return name
}

// mostNamed bounds how many accounts are read for their names; the others stay ids.
const mostNamed = 40

// names reads the names of the accounts that a plan lists. One that can't be read
// stays an id: the plan is the same.
func (p program) names(ctx context.Context, plan mfa.Plan) names {
	found := names{strings.ToLower(plan.Account.ID): plan.Account.UserPrincipalName}
	for _, id := range listedAccounts(plan) {
		if len(found) > mostNamed || ctx.Err() != nil {
			break
		}
		if _, known := found[id]; known {
			continue
		}
		user, _ := p.tenant.User(ctx, id)
		found[id] = user.UserPrincipalName
	}
	return found
}

// listedAccounts are the ids of the accounts that a plan names.
func listedAccounts(plan mfa.Plan) []string {
	ids := slices.Clone(plan.Others.Changed)
	for _, c := range plan.Changes {
		members := map[string]string{}
		flatten(members, "", c.Before)
		before := anID.FindAllString(members["conditions.users.excludeUsers"], -1)
		flatten(members, "", c.After)
		after := anID.FindAllString(members["conditions.users.excludeUsers"], -1)
		ids = slices.Concat(ids, before, after)
	}
	for i, id := range ids {
		ids[i] = strings.ToLower(id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// planText is the plan for a person, with names.
func (p program) planText(ctx context.Context, made proposal) string {
	made.names = p.names(ctx, made.Plan)
	return planText(made)
}

// earlier is how a change names what an earlier one creates.
var earlier = regexp.MustCompile(`"change:([^"]+)"`)

// withoutReferences says what a reference to an earlier change means.
func withoutReferences(member string) string {
	return earlier.ReplaceAllString(member, "what change $1 creates")
}
