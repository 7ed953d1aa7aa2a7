package mfa

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// AdminsReader is everything that ReadAdmins reads. It has no method that writes.
type AdminsReader interface {
	Reader
	policy.DirectoryReader
	policy.EligibilityReader
	// Users streams every account of the tenant. It needs User.Read.All.
	Users(ctx context.Context) iter.Seq2[User, error]
}

// AdminsOptions narrow or widen whom ReadAdmins asks about. The zero AdminsOptions and
// nil mean the same.
type AdminsOptions struct {
	// Roles lists template ids of the directory roles whose holders are administrators;
	// nil means every directory role, readers' and custom ones too, for the whole tenant
	// or a part of it. securitydefaults.Administrators lists the 17 that security
	// defaults look at.
	Roles []string
	// AllUsers asks about every enabled member and guest, whom the partner requirement
	// concerns, and about the administrators that are disabled.
	AllUsers bool
	// SignIns are the sign-ins that have to be covered; nil means every one to a
	// resource. What Microsoft itself demands at its admin portals doesn't count.
	SignIns *policy.SignIn
	// Parallel is how many times twenty accounts are read at once, 0 means 2: four
	// batches where a Batcher has one for each version of Graph.
	Parallel int
	// Progress is told after each account how many were judged, and of how many; all is
	// 0 while that isn't known. It is called by the goroutine that ranges over All.
	Progress func(done, all int)
}

func (o *AdminsOptions) withDefaults() AdminsOptions {
	var options AdminsOptions
	if o != nil {
		options = *o
	}
	if options.SignIns == nil {
		options.SignIns = &policy.SignIn{UserActions: []string{}}
	}
	if options.Parallel <= 0 {
		options.Parallel = 2
	}
	return options
}

// Admins are the administrators of a tenant, or all of its users, to be judged by All.
type Admins struct {
	reader  AdminsReader
	opts    AdminsOptions
	tenant  Facts // what is the same for every account
	holders *holders
	groups  *groupMembers
	judge   *adminJudge
	tally   tally
}

// few is up to how many holders are read from their own side: each with its user and
// its groups. For more the accounts of the tenant are listed, and the members of the
// groups that policies name or that hold roles.
const few = 200

// ReadAdmins reads the policies of a tenant, who holds a directory role, actively and
// eligibly, and which groups hold one. All then reads and judges the accounts.
//
// It fails where the role assignments can't be read, unless all users are asked about,
// or with a context's own error. Anything else that can't be read is named by Missing,
// and leaves those accounts unknown to which it matters. Service principals are no
// accounts. Who may join a group that holds a role through Privileged Identity
// Management may activate that role; who may join another group so isn't read.
//
// It takes a reader, so it can't change the tenant. It needs Policy.Read.All,
// User.Read.All, GroupMember.Read.All, RoleManagement.Read.Directory and
// UserAuthenticationMethod.Read.All; Directory.Read.All tells deleted groups, and
// PrivilegedEligibilitySchedule.Read.AzureADGroup who may join one that holds a role.
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept
// and https://learn.microsoft.com/partner-center/security/partner-security-requirements.
func ReadAdmins(ctx context.Context, reader AdminsReader, opts *AdminsOptions) (*Admins, error) {
	if reader == nil {
		return nil, errors.New("mfa: ReadAdmins needs a reader")
	}
	a := &Admins{reader: reader, opts: opts.withDefaults()}
	a.tenant = tenantFactsOf(ctx, reader)
	var err error
	if a.holders, err = readHolders(ctx, reader, a.opts); err != nil {
		return nil, fmt.Errorf("read the administrators: %w", err)
	}
	joiners, reads := a.holders.joinersOf(reader)
	together(ctx, reader, append(moreFacts(reader, &a.tenant.ConditionalAccess), reads...))
	a.judge = newAdminJudge(a.tenant.ConditionalAccess, *a.opts.SignIns)
	a.groups = newGroupMembers(a.tenant.ConditionalAccess.Objects)
	a.holders.nameGroups(a.groups.names)
	a.groups.read(ctx, reader, a.holders.groups, "which holds a role", true)
	a.holders.takeJoiners(ctx, reader, joiners, a.groups)
	a.holders.expand(a.groups)
	a.holders.expandJoiners(a.groups)
	if !a.opts.AllUsers {
		a.groups.only = a.holders.is
	}
	if !a.fromTheirSide() {
		a.groups.read(ctx, reader, a.judge.coverer.prepared.Groups(), "which policies name", false)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read the administrators: %w", err)
	}
	return a, nil
}

// fromTheirSide says that each account is read by itself.
func (a *Admins) fromTheirSide() bool { return !a.opts.AllUsers && len(a.holders.accounts) <= few }

// Len is how many accounts hold an administrator role, actively or eligibly.
func (a *Admins) Len() int { return len(a.holders.accounts) }

// Complete says that nothing was missing which could hide an administrator.
func (a *Admins) Complete() bool {
	hidden := func(group string) bool { return a.groups.unread[group] != nil }
	return len(a.holders.missing) == 0 && !slices.ContainsFunc(a.holders.groups, hidden)
}

// Missing names what could not be read of the tenant, so that there may be other
// administrators, or the answer for one is not known.
func (a *Admins) Missing() []string {
	missing := slices.Clone(a.holders.missing)
	list, _ := a.tenant.ConditionalAccess.Policies.Get()
	if list.Hidden != "" {
		missing = append(missing, "whether the list of policies is whole: "+list.Hidden)
	}
	for _, fact := range []struct {
		name string
		err  error
	}{
		{"the Conditional Access policies", a.tenant.ConditionalAccess.Policies.Err()},
		{"the named locations", a.tenant.ConditionalAccess.NamedLocations.Err()},
		{"the authentication strengths", a.tenant.ConditionalAccess.Strengths.Err()},
		{"the security defaults", a.tenant.SecurityDefaults.Err()},
	} {
		if fact.err != nil {
			missing = append(missing, fmt.Sprintf("%s: %v", fact.name, fact.err))
		}
	}
	return append(missing, a.groups.missing...)
}

// tenantFactsOf reads what is the same for every account.
func tenantFactsOf(ctx context.Context, r Reader) Facts {
	var f Facts
	rules := &f.ConditionalAccess
	together(ctx, r, []func(context.Context){
		func(ctx context.Context) { f.SecurityDefaults = entramfa.Result(r.SecurityDefaults(ctx)) },
		func(ctx context.Context) { f.SubscribedSKUs = entramfa.Result(r.SubscribedSKUs(ctx)) },
		func(ctx context.Context) { rules.Policies = entramfa.Result(r.Policies(ctx)) },
		func(ctx context.Context) { rules.NamedLocations = entramfa.Result(r.NamedLocations(ctx)) },
		func(ctx context.Context) { rules.Strengths = entramfa.Result(r.AuthenticationStrengths(ctx)) },
	})
	return f
}

// moreFacts are the reads that follow from the policies.
func moreFacts(r Reader, rules *policy.Tenant) []func(context.Context) {
	list, _ := rules.Policies.Get()
	var reads []func(context.Context)
	if list.Confirm != nil {
		reads = append(reads, func(ctx context.Context) { rules.Policies = entramfa.Result(list.Confirm(ctx)) })
	}
	if ids := namedIn(list); len(ids) > 0 {
		reads = append(reads, func(ctx context.Context) { rules.Objects = entramfa.Result(r.ObjectsByID(ctx, ids)) })
	}
	return reads
}

// administrative says whether a role makes its holder an administrator.
func (o AdminsOptions) administrative(role policy.RoleAssignment) bool {
	return o.Roles == nil || containsFold(o.Roles, role.TemplateID()) || containsFold(o.Roles, role.RoleDefinitionID)
}
